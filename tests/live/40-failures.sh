#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 40-failures - the failure cases of RFC 4809, 3.4.11, each provoked between
# a real device and a real server: in an enrolment, a renewal, a rekey and an
# update.  For each: what the Peer does, what the Admin sees, what the PKI has
# done, and whether the authorization counts as used.  Afterwards the cause is
# mended, and what must be possible is done.  A successor's failure leaves the
# certificate before it in use and good.
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
# R4809-3.5.2.4-1, R4809-3.5.2.5-1: the same for rekey, renewal and update.
# R4809-3.5.2-10: until the receipt the old certificate is good.
# shellcheck source=../fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

fault_need openssl sqlite3 faketime
FAKETIME_LIB=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$FAKETIME_LIB" ] || skip "no libfaketimeMT.so.1"
fault_begin

CASES=12
KINDS="enroll renew rekey update"
CONFIRMED=2 REVOKED=4		# store_cert.h

# ---- the Peer: NAME is KIND and CASE ----

kind_of() { echo "${1%%[0-9]*}"; }
is_enrolment() { [ "$(kind_of "$1")" = enroll ]; }
dir_of() { echo "$WORK/devices/$1"; }
# where the ticket is that tells the device what to do
ticket_of() {
	case $(kind_of "$1") in
	enroll) ticket "$1-first" ;;
	rekey) ticket "$1-new" ;;
	*) echo "$(dir_of "$1")/ticket" ;;
	esac
}
# where the device reads who to ask
address_of() { if is_enrolment "$1"; then ticket "$1-first"; else echo "$(dir_of "$1")/ticket"; fi; }
under_way() { if is_enrolment "$1"; then echo enroll; else echo renew; fi; }

# peer NAME WANT: does it once, without waiting; WANT is the exit code.
peer() {
	local rc=0 what
	case $(kind_of "$1") in
	enroll) what=(enroll "$(ticket_of "$1")") ;;
	renew) what=(renew) ;;
	rekey) what=(rekey "$(ticket_of "$1")") ;;
	update) what=(update --fqdn "${NEW_NAME:-$1.new.vpn.example}") ;;
	esac
	"$PKI4IPSEC" peer "${what[@]}" --dir "$(dir_of "$1")" \
	    --retry-for 0 >"$WORK/$1.log" 2>&1 </dev/null || rc=$?
	[ "$rc" = "$2" ] || fail "$1: peer ${what[0]} ended with $rc, not $2"
}
says() { grep -q "$2" "$WORK/$1.log" || fail "$1 does not say \"$2\""; }
key_under_way() { sha256sum <"$(dir_of "$1")/$(under_way "$1")/key.pem"; }
key_in_use() { sha256sum <"$(dir_of "$1")/key.pem"; }
serial_in_use() {
	openssl x509 -in "$(dir_of "$1")/cert.pem" -noout -serial |
	    cut -d = -f 2 | tr A-F a-f | sed 's/^00*//'
}
# uses_old NAME [STATE]: nothing, or what it had, which is still good.
declare -A OLD=()
uses_old() {
	if is_enrolment "$1"; then
		[ ! -e "$(dir_of "$1")/cert.pem" ] || fail "$1 uses a certificate"
		return
	fi
	[ "$(serial_in_use "$1")" = "${OLD[$1]}" ] || fail "$1 uses another certificate"
	is "$1: state of the one in use" "$(state_of_serial "${OLD[$1]}")" "${2:-$CONFIRMED}"
}

# ---- the Admin ----

state() {
	local label=$1-first
	[ "$(kind_of "$1")" != rekey ] || label=$1-new
	"$PKI4IPSEC" admin list --dir "$VPN/admin" --label "$label" --json |
	    sed -n 's/.*"state": *"\([a-zA-Z]*\)".*/\1/p' | head -n 1
}
# sees NAME EVENT [FAILURE]
sees() {
	LD_PRELOAD=${CLOCK:+$FAKETIME_LIB} FAKETIME=$CLOCK "$PKI4IPSEC" admin events --dir "$VPN/admin" --all --json >"$WORK/events.json"
	"$FAULT_PYTHON" - "$WORK/events.json" "$1" "$2" "${3-}" <<-'EOF2' ||
	import json, sys
	for line in open(sys.argv[1]):
	    e = json.loads(line)
	    if (e["name"] in (sys.argv[2] + "-first", sys.argv[2] + "-new") and
	            e["event"] == sys.argv[3] and sys.argv[4] in e["failure"]):
	        sys.exit(0)
	sys.exit(1)
	EOF2
		fail "the Admin has no event \"$2\" ${3-} of $1"
}

# ---- the PKI ----

state_of_serial() {
	db "select state from cert where lower(ltrim(hex(serial), '0')) = '$1'"
}
# Certificates of NAME, the newest first, and of them what SQL says.
of_newest() { db "select $2 from cert where identity like 'fqdn:$1.%' order by n desc limit 1"; }
certificates() { db "select count(*) from cert where identity like 'fqdn:$1.%'"; }
has_certificates() { [ "$(certificates "$1")" = "$2" ]; }
cert_state() { of_newest "$1" state; }
is_in() { [ "$(cert_state "$1")" = "$2" ]; }
serial() { of_newest "$1" "lower(ltrim(hex(serial), '0'))"; }

# before NAME: how many certificates it had.
before() { if is_enrolment "$1"; then echo 0; else echo 1; fi; }
# answers NAME MADE STATE: what the PKI has made, and is the authorization used?
# That of a renewal or an update was, long before.
answers() {
	local want=$3
	case $(kind_of "$1") in renew|update) want=confirmed ;; esac
	is "$1: certificates" "$(certificates "$1")" $(($(before "$1") + $2))
	is "$1: the authorization is" "$(state "$1")" "$want"
}
# ends NAME: one more certificate, confirmed, and the one in use
ends() {
	answers "$1" 1 confirmed
	is "$1: in use" "$(serial_in_use "$1")" "$(serial "$1")"
	is "$1: state of the certificate" "$(cert_state "$1")" $CONFIRMED
	is_enrolment "$1" ||
		is "$1: and of the old one" "$(state_of_serial "${OLD[$1]}")" $REVOKED
}

# ---- the way between them: one proxy, messages counted from the case's first ----

FIRST=0
sent_in_all() { find "$WORK/way" -name '*.request' | wc -l; }
sent() { echo $(($(sent_in_all) - FIRST)); }
# way [N=ACTION...]: the next messages go this way.
way() {
	local word
	FIRST=$(sent_in_all)
	for word in "$@"; do
		echo "$((FIRST + ${word%%[+=]*}))${word#"${word%%[+=]*}"}"
	done >"$WORK/way/actions"
}
clear_way() { : >"$WORK/way/actions"; }
same_octets() {
	cmp -s "$WORK/way/$((FIRST + $2)).request" "$WORK/way/$((FIRST + $3)).request" ||
		fail "$1: message $3 is not message $2 again"
}
# goes_to NAME URL
goes_to() { sed -i "s|^url:.*|url: $2/cmc|" "$(address_of "$1")"; }
by_way() { goes_to "$1" "http://127.0.0.1:$(cat "$WORK/way/port")"; }

CLOCK=			# of the server, and of who must agree with it
serve_at() {
	CLOCK=$1
	LD_PRELOAD=$FAKETIME_LIB FAKETIME=$1 FAKETIME_DONT_FAKE_MONOTONIC=1 serve_start
}

# ---- fifty devices: for each kind one for each case ----

authorize_all() {
	local kind i
	{
		echo fqdn,label
		for kind in $KINDS; do
			for i in $(seq $CASES); do
				echo "$kind$i.vpn.example,$kind$i-first"
			done
		done
	} >"$WORK/all.csv"
	admin_authorize all
}
admin_authorize() {
	"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template s2s-gateway \
	    --csv "$WORK/$1.csv" --out "$TICKETS" >>"$WORK/authorize.log" 2>&1 ||
		fail "admin authorize"
}
# Those that are to have a successor have something to lose.
enroll_those_before() {
	local kind i
	for kind in renew rekey update; do
		for i in $(seq $CASES); do
			"$PKI4IPSEC" peer enroll "$(ticket "$kind$i-first")" \
			    --dir "$(dir_of "$kind$i")" >"$WORK/devices.log" 2>&1 ||
				fail "$kind$i cannot enrol"
			OLD[$kind$i]=$(serial_in_use "$kind$i")
		done
	done
}
authorize_rekeys() {
	local i
	{
		echo fqdn,label,replaces
		for i in $(seq $CASES); do
			echo "rekey$i.vpn.example,rekey$i-new,0${OLD[rekey$i]}"
		done
	} >"$WORK/rekeys.csv"
	admin_authorize rekeys
}

pki_init
sed -i 's/^renewal-last-percent = .*/renewal-last-percent = "100"/
    s/^name-space = .*/name-space = "vpn.example"/
    s/^update = .*/update = "yes"/
    s/^keys = .*/keys = "ec-p256"/' "$VPN/templates/s2s-gateway.conf"
serve_at +0
proxy_start "$WORK/way"
authorize_all
enroll_those_before
authorize_rekeys

case_1() {
	goes_to "$1" http://127.0.0.1:1
	peer "$1" 75
	says "$1" http://127.0.0.1:1
	local key
	key=$(key_under_way "$1")
	uses_old "$1"
	answers "$1" 0 open
	by_way "$1"
	peer "$1" 0
	[ "$(key_in_use "$1")" = "$key" ] || fail "$1: another key"
	ends "$1"
}

case_2() {
	way 1=drop
	peer "$1" 75
	answers "$1" 0 open
	uses_old "$1"
	peer "$1" 0
	same_octets "$1" 1 2
	ends "$1"
}

case_3() {
	way 1=spoil 2=spoil 3=tear
	peer "$1" 1
	is "$1: messages: made anew once" "$(sent)" 2
	says "$1" badMessageCheck
	peer "$1" 75
	says "$1" "cannot read the message (badRequest)"
	uses_old "$1"
	answers "$1" 0 open
	grep -q "refused.*from=127.0.0.1" "$WORK/serve.log" || fail "the PKI's log has nothing"
	peer "$1" 0
	ends "$1"
}

# A key, and in an update a name, that the template does not permit.
case_4() {
	sed -i 's/^key: .*/key: ec-p384/' "$(ticket_of "$1")"
	NEW_NAME=$1.invalid peer "$1" 1
	says "$1" "$REFUSAL"
	uses_old "$1"
	answers "$1" 0 open
	sees "$1" "$REFUSED" "$REFUSAL"
	sed -i 's/^key: .*/key: ec-p256/' "$(ticket_of "$1")"
	peer "$1" 0
	ends "$1"
}

# made_and_lost NAME ACTION: the PKI has made it, the device has not got it.
made_and_lost() {
	way "1=$2"
	peer "$1" 75
	wait_for 10 "the certificate of $1" has_certificates "$1" $(($(before "$1") + 1))
	answers "$1" 1 issued
	uses_old "$1"
	peer "$1" 0
	same_octets "$1" 1 2
	ends "$1"
}
case_5() { made_and_lost "$1" leave; }
case_6() { made_and_lost "$1" lose; }

# wrongly_made NAME: the certificate that waits for NAME at the PKI is not for
# signing, as if the CA had made it so.
wrongly_made() {
	local n
	n=$(of_newest "$1" n)
	db "select writefile('$WORK/good.der', body) from cert_body where n = $n" >/dev/null
	openssl x509 -inform DER -in "$WORK/good.der" -noout -pubkey >"$WORK/pub.pem"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj "$(openssl x509 -inform DER -in "$WORK/good.der" -noout -subject \
	        -nameopt compat | sed 's/^subject=//')" \
	    -keyout "$WORK/any.pem" -out "$WORK/any.csr" 2>"$WORK/openssl.log"
	printf 'keyUsage = critical, keyEncipherment\nsubjectAltName = %s\n' \
	    "$(of_newest "$1" "'DNS:' || substr(identity, 6)")" >"$WORK/bad.ext"
	openssl x509 -req -in "$WORK/any.csr" -force_pubkey "$WORK/pub.pem" -days 30 \
	    -set_serial "0x$(db "select hex(serial) from cert where n = $n")" \
	    -CA "$VPN/certs/ike.pem" -CAkey "$VPN/keys/ike.key.pem" \
	    -extfile "$WORK/bad.ext" -outform DER -out "$WORK/bad.der" \
	    2>>"$WORK/openssl.log" || fail "openssl x509 -req"
	sqlite3 "$VPN/pki.db" "pragma busy_timeout = 5000;
	    update cert_body set body = readfile('$WORK/bad.der') where n = $n" >/dev/null
}

case_7() {
	way 1=lose
	peer "$1" 75
	wrongly_made "$1"
	peer "$1" 1
	says "$1" "rejected the"
	uses_old "$1"
	answers "$1" 1 rejected
	is "$1: the certificate is revoked" "$(cert_state "$1")" $REVOKED
	sees "$1" rejected
	case $(kind_of "$1") in
	enroll|rekey)
		peer "$1" 1
		uses_old "$1"
		answers "$1" 1 rejected
		;;
	*)
		peer "$1" 0
		answers "$1" 2 confirmed
		;;
	esac
}

case_8() {
	way 2+=drop
	peer "$1" 75
	rm "$(dir_of "$1")/$(under_way "$1")/key.pem"
	clear_way
	peer "$1" 1
	says "$1" "key\|badIdentity"
	uses_old "$1"
	answers "$1" 1 issued
}

case_9() {
	way 2+=drop
	peer "$1" 75
	peer "$1" 75
	uses_old "$1"
	answers "$1" 1 issued
	same_octets "$1" 2 3
}

case_10() {
	way 2=drop
	peer "$1" 75
	uses_old "$1"
	answers "$1" 1 issued
	peer "$1" 0
	same_octets "$1" 2 3
	ends "$1"
	is "$1: confirmations" "$(db "select count(*) from event
	    where kind = 2 and cert = $(of_newest "$1" n)")" 1
}

case_11() {
	way 2=tear 3=spoil
	peer "$1" 75
	says "$1" "cannot read the message (badRequest)"
	answers "$1" 1 issued
	uses_old "$1"
	peer "$1" 0
	is "$1: messages: repeated, and made anew once" "$(sent)" 4
	ends "$1"
}

case_12() {
	way 2=lose
	peer "$1" 75
	uses_old "$1" $REVOKED
	is "$1: the authorization is" "$(state "$1")" confirmed
	peer "$1" 0
	same_octets "$1" 2 3
	ends "$1"
}

# The end of 8 and 9: two hours on, a certificate that nobody confirmed is
# revoked, the Admin knows, and the device is told.
out_of_time() {
	local kind name
	step "8, 9: the time to confirm is over"
	serve_stop
	serve_at +2h
	for kind in $KINDS; do
		for name in "${kind}8" "${kind}9"; do
			wait_for 30 "$name revoked" is_in "$name" $REVOKED
			sees "$name" not-confirmed
			uses_old "$name"
		done
	done
	clear_way
	export LD_PRELOAD=$FAKETIME_LIB FAKETIME=+2h
	for kind in $KINDS; do
		peer "${kind}9" 1
		says "${kind}9" "not confirmed in time"
		uses_old "${kind}9"
		is "${kind}9: certificates" "$(certificates "${kind}9")" $(($(before "${kind}9") + 1))
	done
	for name in renew8 renew9 update8 update9; do
		peer "$name" 0
		answers "$name" 2 confirmed
	done
	unset LD_PRELOAD FAKETIME
}

while read -r kind REFUSED REFUSAL; do
	for i in $(seq $CASES); do
		step "$i: $kind"
		clear_way
		by_way "$kind$i"
		"case_$i" "$kind$i"
	done
done <<-EOF2
	enroll enrollment-failed key-not-permitted
	renew change-refused key-not-permitted
	rekey change-refused key-not-permitted
	update change-refused update-not-allowed
EOF2
out_of_time
audit_holds
