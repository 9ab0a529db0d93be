#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# clock - the server's clock is wrong (C-24).
#
# The server never goes by an earlier time than it has seen.  A few minutes
# behind is borne; more is answered "try later", loudly, and nothing is
# decided until the clock is right.  What has expired stays so.
#
# R4809-3.2.4.3-8 (outside its window nothing is issued)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need sqlite3 openssl faketime
FAKETIME_LIB=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$FAKETIME_LIB" ] || skip "no libfaketimeMT.so.1"
fault_begin
pki_init

# serve_at OFFSET: the server, by a clock that is wrong by so much.
serve_at() {
	[ -z "$SERVE_PID" ] || serve_stop
	LD_PRELOAD=$FAKETIME_LIB FAKETIME=$1 FAKETIME_DONT_FAKE_MONOTONIC=1 serve_start
	note "the server's clock: $1"
}
crl_number() { curl -sf "$URL/crl/ike.crl" | openssl crl -inform DER -noout -crlnumber | sed 's/.*=0x//; s/.*=//'; }
crl_from() {
	date -u +%s -d "$(curl -sf "$URL/crl/ike.crl" | openssl crl -inform DER -noout -lastupdate |
	    cut -d = -f 2)"
}
not_before() { date -u +%s -d "$(openssl x509 -in "$WORK/devices/$1/cert.pem" -noout -startdate | cut -d = -f 2)"; }
device() {	# device NAME: RC
	RC=0
	"$PKI4IPSEC" peer enroll "$(ticket "$1")" --dir "$WORK/devices/$1" --retry-for 0 \
	    >"$WORK/devices.log" 2>&1 </dev/null || RC=$?
}
revoke() { "$PKI4IPSEC" admin revoke --dir "$VPN/admin" "$1" >"$WORK/revoke.log" 2>&1; }
certs() { db "select count(*) from cert"; }

step "the clock is right"
serve_at +0
authorize 8 dev
device dev1
is "peer enroll" "$RC" 0
revoke dev1 || fail "admin revoke"
number=$(crl_number)
from=$(crl_from)
begun=$(date +%s)

step "two minutes behind"
serve_at -2m
device dev2
is "peer enroll" "$RC" 0
revoke dev2 || fail "admin revoke"
[ "$(db "select min(created >= $begun - 5) from cert where identity = 'fqdn:dev2.example'")" = 1 ] ||
	fail "the certificate was made in the past"
[ "$(crl_from)" -ge "$from" ] || fail "the CRL is of an earlier time than the one before"
[ $((16#$(crl_number))) -gt $((16#$number)) ] || fail "the CRL's number did not go on"
pass "borne: by the latest time that was seen"
number=$(crl_number)
from=$(crl_from)

step "ten minutes behind"
before=$(certs)
serve_at -10m
device dev3
is "peer enroll" "$RC" 75
RC=0
revoke dev2 || RC=$?
is "admin revoke" "$RC" 75
list=$WORK/dev.csv
"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template s2s-gateway --csv "$list" --all \
    --out "$WORK/other" >"$WORK/authorize.log" 2>&1 && RC=0 || RC=$?
is "admin authorize" "$RC" 75
is "certificates" "$(certs)" "$before"
is "CRL" "$(curl -s -o /dev/null -w '%{http_code}' "$URL/crl/ike.crl")" 200
is "its number" "$(crl_number)" "$number"
grep -qi 'error.*clock' "$WORK/serve.log" || fail "the log does not say that the clock is behind"
pass "the log: $(grep -i 'error.*clock' "$WORK/serve.log" | tail -n 1 | cut -d ' ' -f 2-)"

step "right again"
serve_at +0
device dev3
is "peer enroll, given again" "$RC" 0
[ "$(crl_from)" -ge "$from" ] || fail "the CRL is of an earlier time than the one before"

step "four minutes ahead, then right"
echo 'fqdn,label
short.example,short' >"$WORK/short.csv"
"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template s2s-gateway --csv "$WORK/short.csv" \
    --window 1m --out "$TICKETS" >>"$WORK/authorize.log" 2>&1 || fail "admin authorize --window 1m"
serve_at +4m
expired() { [ "$(db "select state from authz where label = 'short'")" = 6 ]; }
wait_for 20 "the end of the window" expired
device dev4
is "peer enroll" "$RC" 0
ahead=$(not_before dev4)
serve_at +0
device short
is "peer enroll after the window, by a clock that says it is open" "$RC" 1
is "certificates for it" "$(db "select count(*) from cert where identity = 'fqdn:short.example'")" 0
expired || fail "what was expired is not expired any more"
device dev5
is "peer enroll of another" "$RC" 0
[ "$(not_before dev5)" -ge "$ahead" ] || fail "a later certificate of an earlier time"
pass "what has expired stays so"

step "far ahead, then right: an operator says so"
serve_at +40d
ahead() { [ "$(db "select value from counter where name = 'clock'")" -gt $((begun + 86400)) ]; }
wait_for 20 "the mark" ahead
serve_at +0
device dev6
is "peer enroll" "$RC" 75
"$PKI4IPSEC" pki doctor --dir "$VPN" >"$WORK/doctor.log" 2>&1 && fail "doctor sees nothing"
grep -q 'try: pki4ipsec pki clock --dir' "$WORK/doctor.log" || fail "$(cat "$WORK/doctor.log")"
"$PKI4IPSEC" pki clock --dir "$VPN" | grep -q 'nothing is decided' || fail "pki clock"
"$PKI4IPSEC" pki clock --dir "$VPN" --accept | grep -q 'counts again' || fail "pki clock --accept"
authorize 2 far
device far1
is "peer enroll" "$RC" 0
serve_at +0
device far2
is "peer enroll after a restart" "$RC" 0

step "the books"
is "reserved and never finished" "$(db "select count(*) from cert where state = 0")" 0
serve_stop
is "exit code" "$SERVE_RC" 0
audit_holds
