#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 40-failures - the failure cases of RFC 4809, 3.4.11, each provoked between
# a real device and a real server.  For each: what the Peer does, what the
# Admin sees, what the PKI has done, and whether the authorization counts as
# used.  Afterwards the cause is mended, and what must be possible is done.
#
# R4809-3.4.11-2, R4809-3.4.11-3, R4809-3.4.11-4, R4809-3.4.11-5,
# R4809-3.4.11-6, R4809-3.4.11-7, R4809-3.4.11-8, R4809-3.4.11-9,
# R4809-3.4.11-10, R4809-3.4.11-11, R4809-3.4.11-12: case 1 ... 11.
# R4809-3.4.11-13, R4809-3.4.11-14, R4809-3.4.11-15, R4809-3.4.11-16: the four
# answers of each.
# R4809-3.4.11-17, R4809-3.4.11-18: the same pair again, the same certificate.
# R4809-3.4.10-10: no use before the receipt.
# R4809-3.4.11-19: the Admin hears of it, whoever asked.
# R4809-3.4.10-4: what is not confirmed in time is revoked.
# shellcheck source=../fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

fault_need openssl sqlite3 faketime
FAKETIME_LIB=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$FAKETIME_LIB" ] || skip "no libfaketimeMT.so.1"
fault_begin

# ---- the Peer ----

dir_of() { echo "$WORK/devices/$1"; }
# peer NAME WANT: enrols once, without waiting; WANT is the exit code.
peer() {
	local rc=0
	"$PKI4IPSEC" peer enroll "$(ticket "$1")" --dir "$(dir_of "$1")" \
	    --retry-for 0 >"$WORK/$1.log" 2>&1 </dev/null || rc=$?
	[ "$rc" = "$2" ] || fail "$1: peer enroll ended with $rc, not $2"
}
says() { grep -q "$2" "$WORK/$1.log" || fail "$1 does not say \"$2\""; }
key_under_way() { sha256sum <"$(dir_of "$1")/enroll/key.pem"; }
key_in_use() { sha256sum <"$(dir_of "$1")/key.pem"; }
uses_nothing() { [ ! -e "$(dir_of "$1")/cert.pem" ] || fail "$1 uses a certificate"; }

# ---- the Admin ----

state() {
	"$PKI4IPSEC" admin list --dir "$VPN/admin" --label "$1.example" --json |
	    sed -n 's/.*"state": *"\([a-zA-Z]*\)".*/\1/p' | head -n 1
}
# sees NAME EVENT [FAILURE]
sees() {
	LD_PRELOAD=${CLOCK:+$FAKETIME_LIB} FAKETIME=$CLOCK "$PKI4IPSEC" admin events --dir "$VPN/admin" --all --json >"$WORK/events.json"
	"$FAULT_PYTHON" - "$WORK/events.json" "$1" "$2" "${3-}" <<-'EOF2' ||
	import json, sys
	for line in open(sys.argv[1]):
	    e = json.loads(line)
	    if e["name"] == sys.argv[2] and e["event"] == sys.argv[3] and (
	            sys.argv[4] in e["failure"]):
	        sys.exit(0)
	sys.exit(1)
	EOF2
		fail "the Admin has no event \"$2\" ${3-} of $1"
}

# ---- the PKI ----

certificates() { db "select count(*) from cert where identity = 'fqdn:$1.example'"; }
has_certificate() { [ "$(certificates "$1")" = 1 ]; }
cert_state() { db "select state from cert where identity = 'fqdn:$1.example'"; }
is_in() { [ "$(cert_state "$1")" = "$2" ]; }
serial() {
	db "select lower(hex(serial)) from cert where identity = 'fqdn:$1.example'" |
	    sed 's/^00*//'
}
serial_in_use() {
	openssl x509 -in "$(dir_of "$1")/cert.pem" -noout -serial |
	    cut -d = -f 2 | tr A-F a-f | sed 's/^00*//'
}
CONFIRMED=2 REVOKED=4		# store_cert.h

# answers CASE NAME CERTIFICATES STATE: PKI, and is the authorization used?
answers() {
	is "case $1: certificates" "$(certificates "$2")" "$3"
	is "case $1: the authorization is" "$(state "$2")" "$4"
}
# ends CASE NAME: one certificate, confirmed, and the one in use
ends() {
	answers "$1" "$2" 1 confirmed
	is "case $1: in use" "$(serial_in_use "$2")" "$(serial "$2")"
	is "case $1: state of the certificate" "$(cert_state "$2")" $CONFIRMED
}

# way NAME [N=ACTION...]: its messages go this way.
way() {
	proxy_start "$WORK/way-$1" "${@:2}"
	by_proxy "$WORK/way-$1" "$1"
}
# clear_way NAME: from now on all pass.
clear_way() { echo "1+=pass" >"$WORK/way-$1/actions"; }
sent() { find "$WORK/way-$1" -name '*.request' | wc -l; }
same_octets() {
	cmp -s "$WORK/way-$1/$2.request" "$WORK/way-$1/$3.request" ||
		fail "$1: message $3 is not message $2 again"
}

CLOCK=			# of the server, and of who must agree with it
serve_at() {
	CLOCK=$1
	LD_PRELOAD=$FAKETIME_LIB FAKETIME=$1 FAKETIME_DONT_FAKE_MONOTONIC=1 serve_start
}

pki_init
sed -i 's/^renewal-last-percent = .*/renewal-last-percent = "100"/
    s/^keys = .*/keys = "ec-p256"/' "$VPN/templates/s2s-gateway.conf"
serve_at +0
authorize 12 case
authorize 1 renewed
mv "$TICKETS/renewed1.ticket" "$(ticket renewed)"

case_1() {
	step "1: the request cannot be sent"
	serve_stop
	peer case1 75
	says case1 "$URL"
	local key
	key=$(key_under_way case1)
	uses_nothing case1
	serve_at +0
	answers 1 case1 0 open
	peer case1 0
	[ "$(key_in_use case1)" = "$key" ] || fail "case 1: another key"
	ends 1 case1
}

case_2() {
	step "2: sent, and never received"
	way case2 1=drop
	peer case2 75
	answers 2 case2 0 open
	peer case2 0
	same_octets case2 1 2
	ends 2 case2
}

case_3() {
	step "3: received, unreadable"
	way case3 1=tear 2=spoil 3=spoil
	peer case3 75
	says case3 "cannot read the message (badRequest)"
	peer case3 1
	is "case 3: messages: repeated, and made anew once" "$(sent case3)" 3
	says case3 badMessageCheck
	uses_nothing case3
	answers 3 case3 0 open
	grep -q "refused.*from=127.0.0.1" "$WORK/serve.log" || fail "the PKI's log has nothing"
	peer case3 0
	ends 3 case3
}

case_4() {
	step "4: readable, against policy"
	sed -i 's/^key: .*/key: ec-p384/' "$(ticket case4)"
	peer case4 1
	says case4 "key"
	uses_nothing case4
	answers 4 case4 0 open
	sees case4 enrollment-failed key-not-permitted
	sed -i 's/^key: .*/key: ec-p256/' "$(ticket case4)"
	peer case4 0
	ends 4 case4
}

case_5() {
	step "5: made, and cannot be sent"
	way case5 1=leave
	peer case5 75
	wait_for 10 "the certificate of case 5" has_certificate case5
	answers 5 case5 1 issued
	uses_nothing case5
	peer case5 0
	same_octets case5 1 2
	ends 5 case5
}

case_6() {
	step "6: sent, and never received"
	way case6 1=lose
	peer case6 75
	answers 6 case6 1 issued
	uses_nothing case6
	peer case6 0
	same_octets case6 1 2
	ends 6 case6
}

# wrongly_made NAME: the certificate that waits for NAME at the PKI loses its
# names, as if the CA had made it so.
wrongly_made() {
	local n
	n=$(db "select n from cert where identity = 'fqdn:$1.example'")
	db "select writefile('$WORK/good.der', body) from cert_body where n = $n" >/dev/null
	openssl x509 -inform DER -in "$WORK/good.der" -noout -pubkey >"$WORK/pub.pem"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$WORK/any.pem" -subj /CN=nobody -out "$WORK/any.csr" 2>"$WORK/openssl.log"
	printf 'keyUsage = critical, digitalSignature\n' >"$WORK/any.ext"
	openssl x509 -req -in "$WORK/any.csr" -force_pubkey "$WORK/pub.pem" -days 30 \
	    -set_serial "0x$(db "select hex(serial) from cert where n = $n")" \
	    -CA "$VPN/certs/ike.pem" -CAkey "$VPN/keys/ike.key.pem" \
	    -extfile "$WORK/any.ext" -outform DER -out "$WORK/bad.der" 2>>"$WORK/openssl.log" ||
		fail "openssl x509 -req"
	sqlite3 "$VPN/pki.db" "pragma busy_timeout = 5000;
	    update cert_body set body = readfile('$WORK/bad.der') where n = $n" >/dev/null
}

case_7() {
	step "7: received, of no use"
	way case7 1=lose
	peer case7 75
	wrongly_made case7
	peer case7 1
	says case7 "rejected the certificate"
	uses_nothing case7
	answers 7 case7 1 rejected
	is "case 7: the certificate is revoked" "$(cert_state case7)" $REVOKED
	sees case7 rejected
	peer case7 1
	answers 7 case7 1 rejected
}

case_8() {
	step "8: the confirmation cannot be made"
	way case8 2+=drop
	peer case8 75
	rm "$(dir_of case8)/enroll/key.pem"
	clear_way case8
	peer case8 1
	says case8 "key"
	uses_nothing case8
	answers 8 case8 1 issued
}

case_9() {
	step "9: the confirmation cannot be sent"
	way case9 2+=drop
	peer case9 75
	peer case9 75
	uses_nothing case9
	answers 9 case9 1 issued
	same_octets case9 2 3
}

case_10() {
	step "10: the confirmation never arrives"
	way case10 2=drop
	peer case10 75
	uses_nothing case10
	answers 10 case10 1 issued
	peer case10 0
	same_octets case10 2 3
	ends 10 case10
	is "case 10: confirmations" "$(db "select count(*) from audit where
	    action = 'authz issued>confirmed' and object = (select 'authz:' || n from authz
	    where label = 'case10')")" 1
}

case_11() {
	step "11: the confirmation arrives, unreadable"
	way case11 2=tear 3=spoil
	peer case11 75
	says case11 "cannot read the message (badRequest)"
	answers 11 case11 1 issued
	peer case11 0
	is "case 11: messages: repeated, and made anew once" "$(sent case11)" 4
	ends 11 case11
}

case_12() {
	step "12 (added): the receipt is lost"
	way case12 2=lose
	peer case12 75
	uses_nothing case12
	is "case 12: the authorization is" "$(state case12)" confirmed
	peer case12 0
	same_octets case12 2 3
	ends 12 case12
}

# The end of 8 and 9: two hours on, a certificate that nobody confirmed is
# revoked, the Admin knows, and the device is told.
out_of_time() {
	step "8, 9: the time to confirm is over"
	serve_stop
	serve_at +2h
	for name in case8 case9; do
		wait_for 30 "$name revoked" is_in "$name" $REVOKED
		sees "$name" not-confirmed
		uses_nothing "$name"
	done
	clear_way case9
	LD_PRELOAD=$FAKETIME_LIB FAKETIME=+2h peer case9 1
	says case9 "not confirmed in time"
	uses_nothing case9
	is "case 9: certificates" "$(certificates case9)" 1
}

# The same for a renewal: whatever fails, what is in use stays in use and
# good; then the same command again ends it.
renew() {
	local rc=0
	"$PKI4IPSEC" peer renew --dir "$(dir_of renewed)" --retry-for 0 \
	    >"$WORK/renew.log" 2>&1 </dev/null || rc=$?
	[ "$rc" = "$1" ] || fail "peer renew ended with $rc, not $1"
}
state_of_serial() {
	db "select state from cert where lower(ltrim(hex(serial), '0')) = '$1'"
}
in_renewals() {
	local message action rc old want
	way renewed
	peer renewed 0
	while read -r message action rc want; do
		old=$(serial_in_use renewed)
		echo "$(($(sent renewed) + message))=$action" >"$WORK/way-renewed/actions"
		renew "$rc"
		[ "$(serial_in_use renewed)" = "$old" ] || fail "$message=$action: another in use"
		is "renewal, message $message, $action: state of the one in use" \
		    "$(state_of_serial "$old")" "$want"
		renew 0
		[ "$(serial_in_use renewed)" != "$old" ] || fail "$message=$action: not renewed"
		is "then: of the new one" "$(state_of_serial "$(serial_in_use renewed)")" $CONFIRMED
		is "then: of the old one" "$(state_of_serial "$old")" $REVOKED
	done <<-EOF2
	1 drop 75 $CONFIRMED
	1 tear 75 $CONFIRMED
	1 leave 75 $CONFIRMED
	1 lose 75 $CONFIRMED
	1 garble 1 $CONFIRMED
	2 drop 75 $CONFIRMED
	2 tear 75 $CONFIRMED
	2 lose 75 $REVOKED
	EOF2
}

for i in $(seq 12); do
	"case_$i"
done
step "the same in a renewal"
in_renewals
out_of_time
audit_holds
