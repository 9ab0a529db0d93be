#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# roll - a CA's new key beside a real server (docs/adr/0029): made by hand and
# by the server itself, in time; ended by SIGKILL anywhere; kept over a restored
# backup; and a folder of before, without any of it.
#
#	KILLS=12	SEED=N
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

KILLS=${KILLS:-12}
SEED=${SEED:-$RANDOM}
fault_need openssl faketime sqlite3 flock
fault_begin
note "SEED=$SEED"
RANDOM=$SEED
export FAKETIME_DONT_FAKE_MONOTONIC=1

pki() { local what=$1; shift; "$PKI4IPSEC" pki "$what" --dir "$VPN" "$@"; }
at() { local days=$1; shift; faketime -f "+${days}d" "$@"; }
# later DAYS: the server, so many days from now.
later() {
	at "$1" "$PKI4IPSEC" pki serve --dir "$VPN" >>"$WORK/serve.log" 2>&1 </dev/null &
	SERVE_PID=$!
	wait_for 60 "pki serve" serve_ready
	SERVE_PID=$(cat "$VPN/run/serve.lock")	# and not that of faketime
}
there() { curl -sf -o "$WORK/object" "$URL$1"; }
subject() { openssl x509 -in "$VPN/certs/$1.pem" -noout -subject; }
issuer() { openssl x509 -in "${2:-$VPN/certs/$1.pem}" -noout -issuer; }
spki() { openssl x509 -in "$VPN/certs/$1.pem" -noout -pubkey; }
key() { openssl pkey -in "$VPN/keys/$1.key.pem" -pubout; }
audited() { [ "$(db "select count(*) from audit where action = '$1' and object = 'ca:$2'")" = "$3" ]; }
listed() {	# listed CRL SERIAL
	there "/crl/$1.crl" && openssl crl -inform DER -in "$WORK/object" -noout -text |
	    grep -qi "Serial Number: *$2"
}
has() { grep -q -- "$2" <<<"$3" || fail "$1: no \"$2\" in: $3"; pass "$1"; }

step "a folder of before"
pki_init
sed -i '/^ca {/,/^}/d' "$VPN/pki4ipsec.conf"
sed -i 's/^renewal-last-percent = .*/renewal-last-percent = "100"/' \
    "$VPN/templates/s2s-gateway.conf"
serve_start
authorize 4
enroll gw1 || fail "enroll gw1"
[ ! -e "$VPN/certs/generations" ] || fail "generations without a roll-over"
is "one CA of each" "$(pki status --json | grep -o '"phase":"in use"' | wc -l)" 3

step "by hand, beside a server"
pki renew --ca ike --after 0 >"$WORK/out.log" || fail "$(cat "$WORK/out.log")"
has "says" "announced ike-2" "$(cat "$WORK/out.log")"
rc=0
pki renew --ca ike >"$WORK/out.log" 2>&1 || rc=$?
is "another one meanwhile" "$rc" 1
has "is refused" "is being rolled over" "$(cat "$WORK/out.log")"
rc=0
flock "$VPN/certs" "$PKI4IPSEC" pki renew --ca management --dir "$VPN" >"$WORK/out.log" 2>&1 || rc=$?
has "and beside another renew" "another pki renew is at work" "$(cat "$WORK/out.log")"
kill -HUP "$SERVE_PID"
wait_for 30 "the new CA" there /ca/ike-2.cer
wait_for 30 "the server" serve_ready
enroll gw2 || fail "enroll gw2"
has "gw2's certificate" "IKE CA G2" "$(issuer "" "$WORK/devices/gw2/cert.pem")"
"$PKI4IPSEC" peer renew --dir "$WORK/devices/gw1" >"$WORK/out.log" 2>&1 || fail "$(cat "$WORK/out.log")"
has "gw1's next one" "IKE CA G2" "$(issuer "" "$WORK/devices/gw1/cert.pem")"
has "answers are signed under" "IKE CA G2" "$(subject cmc)"
wait_for 10 "it announced" audited "ca announced" ike-2 1
wait_for 10 "it in use" audited "ca in use" ike-2 1
wait_for 10 "the other one replaced" audited "ca replaced" ike 1
pass "a row of the audit trail for each step"

step "reloaded by hand, while the CA before is there and nothing is due"
reloads=$(grep -c reloaded "$WORK/serve.log")
reloaded() { [ "$(grep -c reloaded "$WORK/serve.log")" -gt "$reloads" ]; }
kill -HUP "$SERVE_PID"
wait_for 30 "a reload" reloaded
wait_for 30 "the server" serve_ready
pass "SIGHUP is heard"

step "revoked, on the CRL of its CA, within two seconds"
for name in gw1 gw2; do
	serial=$(openssl x509 -in "$WORK/devices/$name/cert.pem" -noout -serial | cut -d= -f2)
	pki revoke $name.example >"$WORK/out.log" || fail "revoke"
	wait_for 2 "$name on ike-2.crl" listed ike-2 "$serial"
	! listed ike "$serial" || fail "$name on ike.crl"
	pass "$name"
done
serve_stop

step "killed $KILLS times, then left to end"
for i in $(seq "$KILLS"); do
	"$PKI4IPSEC" pki renew --ca management --dir "$VPN" >"$WORK/out.log" 2>&1 </dev/null &
	pid=$!
	moment 30
	kill -9 $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	pki status >"$WORK/status.log" || fail "kill $i: $(cat "$WORK/status.log")"
done
pki renew --ca management >"$WORK/out.log" 2>&1 || has "done before" "is being rolled over" \
    "$(cat "$WORK/out.log")"
is "generations of management" "$(grep -c '^management ' "$VPN/certs/generations")" 2
[ "$(key management-2)" = "$(spki management-2)" ] || fail "key and certificate differ"
is "mode of the key" "$(stat -c %a "$VPN/keys/management-2.key.pem")" 600
serve_start
pass "it serves"
serve_stop

step "a backup of before, beside newer keys"
"$PKI4IPSEC" pki backup --dir "$VPN" --out "$WORK/backup" >"$WORK/out.log" || fail "backup"
rm -f "$WORK/backup/certs/generations" "$WORK/backup/certs/ike-2.pem"
before=$(key ike-2)
"$PKI4IPSEC" pki restore --from "$WORK/backup" --keys "$VPN/keys" --dir "$WORK/restored" \
    >"$WORK/out.log" 2>&1 || fail "restore: $(cat "$WORK/out.log")"
mv "$WORK/restored/admin" "$WORK/restored/none" 2>/dev/null || true
cp -a "$VPN/admin" "$WORK/restored/admin"
mv "$VPN" "$WORK/lost" && mv "$WORK/restored" "$VPN"
pki renew --ca ike --after 0 >"$WORK/out.log" || fail "renew"
[ "$(spki ike-2)" = "$before" ] || fail "IKE CA G2 has a second key"
serve_start
enroll gw3 || fail "enroll gw3"
has "the same CA goes on" "IKE CA G2" "$(issuer "" "$WORK/devices/gw3/cert.pem")"
serve_stop

step "by itself"
rm -rf "$VPN" "$WORK/devices" "$TICKETS"
pki_init
conf announce 60s
out=$(at 1200 "$PKI4IPSEC" pki renew --dir "$VPN" --due)
[[ $out != *announced* ]] || fail "before it is time: $out"
mv "$VPN/keys/root.key.pem" "$WORK/root"
out=$(at 1230 "$PKI4IPSEC" pki renew --dir "$VPN" --due 2>&1)
has "without the root's key: the log" "a new CA is due" "$out"
out=$(at 1230 "$PKI4IPSEC" pki doctor --dir "$VPN" 2>&1) || true
has "and doctor" "try: pki4ipsec pki renew --ca ike --dir" "$out"
mv "$WORK/root" "$VPN/keys/root.key.pem"
later 1230
wait_for 60 "both new CAs" there /ca/management-2.cer
there /ca/ike-2.cer || fail "no ike-2"
has "status" "announced: issues from" "$(at 1230 "$PKI4IPSEC" pki status --dir "$VPN")"
serve_stop
later 1231
wait_for 60 "the certificate under the new CA" grep -q 'own certificate renewed name=https\|reloaded' "$WORK/serve.log"
https_is_new() {
	at 1231 openssl s_client -connect 127.0.0.1:$((PORT + 363)) -CAfile "$VPN/certs/root.pem" \
	    -verify_return_error </dev/null 2>/dev/null | grep -q "issuer=.*Management CA G2"
}
wait_for 60 "HTTPS under the new CA" https_is_new
pass "HTTPS is verified under the new CA"
wait_for 30 "the old CA's end: nothing of it lives" audited "ca retired" ike 1
[ -e "$VPN/keys/ike.key.pem" ] || fail "its key is gone at once, and a clock may be wrong"
touch -d '31 days ago' "$VPN/certs/generations"
at 1231 "$PKI4IPSEC" pki renew --due --dir "$VPN" >"$WORK/out.log" || fail "renew --due"
[ ! -e "$VPN/keys/ike.key.pem" ] || fail "its key is there"
[ -e "$VPN/certs/ike.pem" ] || fail "its certificate is gone"
pass "the CA before has retired, and a month later its key is destroyed"
serve_stop
is "audit" "$(pki audit --verify --json | grep -o '"bad":[0-9]*')" '"bad":0'
