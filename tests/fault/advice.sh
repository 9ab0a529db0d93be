#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# advice - a renewal, rekey or update that the PKI refuses with a code ends with
# the operation that is the right one, and the device that follows has its certificate.
#
# SEED-43: the device is told which operation applies, and follows without knowing the policy
# R4809-3.2.5-7: of a template that has changed, too
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl
fault_begin
pki_init
mkdir -p "$WORK/devices"

# template NAME KEY=VALUE...: one of the gateways', named so, under NAME.example.
template() {
	local name=$1 pair
	sed -e "s/^name = .*/name = \"$name\"/" -e "s/^name-space = .*/name-space = \"$name.example\"/" \
	    -e 's/^renewal-last-percent = .*/renewal-last-percent = 100/' \
	    "$VPN/templates/s2s-gateway.conf" >"$VPN/templates/$name.conf"
	for pair in "${@:2}"; do
		sed -i "s|^${pair%%=*} = .*|${pair%%=*} = \"${pair#*=}\"|" "$VPN/templates/$name.conf"
	done
}
template plain renewal=no
template fixed update=no
template moves update=yes changed-renewal=update-needed
template anew changed-renewal=new-authorization
template fresh renewal-key=new
template late renewal-last-percent=1
serve_start

# device NAME TEMPLATE: NAME.TEMPLATE.example has its certificate.
device() {
	printf 'fqdn,label\n%s.%s.example,%s\n' "$1" "$2" "$1" >"$WORK/$1.csv"
	"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template "$2" --csv "$WORK/$1.csv" \
	    --out "$TICKETS" >>"$WORK/authorize.log" 2>&1 || fail "admin authorize: $1"
	enroll "$1" || fail "enroll $1"
}
peer() { "$PKI4IPSEC" peer "$1" --dir "$WORK/devices/$2" --retry-for 0 "${@:3}"; }

# refused CODE ADVICE COMMAND DEVICE...: what the last line says goes to $advice
refused() {
	local code=$1 want=$2 rc=0
	shift 2
	peer "$@" >"$WORK/out.log" 2>&1 || rc=$?
	[ $rc = 1 ] || fail "$*: exit $rc: $(cat "$WORK/out.log")"
	grep -q ", $code: " "$WORK/out.log" || fail "$*: no $code: $(cat "$WORK/out.log")"
	advice=$(sed -n 's/^try: //p' "$WORK/out.log")
	[ "$advice" = "$want" ] || fail "$*: advice \"$advice\", not \"$want\""
	pass "$code: $advice"
}

# The command of the advice, up to what it says of it.
follow() {
	local words
	read -ra words <<<"${advice%%:*}"
	[ "${words[0]}" = pki4ipsec ] || fail "no command: $advice"
	"$PKI4IPSEC" "${words[@]:1}" "$@" >"$WORK/out.log" 2>&1 ||
	    fail "$advice: $(cat "$WORK/out.log")"
}

reload() {
	kill -HUP "$SERVE_PID"
	wait_for 20 "version 2 of $1" eval \
	    "'$PKI4IPSEC' pki template list --dir '$VPN' | grep -q '^$1  *version 2 .*in use'"
}

step "no renewal: a rekey"
device a plain
refused renewal-not-allowed "pki4ipsec peer rekey TICKET --dir $WORK/devices/a: a rekey, by a \
ticket of the Admin that replaces this certificate" renew a
serial=$(openssl x509 -in "$WORK/devices/a/cert.pem" -noout -serial | cut -d= -f2)
printf 'fqdn,label,replaces\na.plain.example,a,%s\n' "$serial" >"$WORK/rekey.csv"
"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template plain --csv "$WORK/rekey.csv" \
    --out "$WORK/rekeys" >>"$WORK/authorize.log" 2>&1 || fail "admin authorize: a rekey"
advice=${advice/TICKET/$WORK/rekeys/a.ticket}
[ -e "$WORK/rekeys/a.ticket" ] || advice=${advice/a.ticket/$(basename "$WORK"/rekeys/*.ticket)}
follow
is "what it was" "$(head -n 1 "$WORK/out.log")" "rekey: fqdn:a.plain.example"

step "no update: a new enrolment"
device b fixed
refused update-not-allowed "pki4ipsec peer enroll TICKET: a new enrolment, by a ticket of the Admin \
for these names; pki4ipsec peer renew keeps the old ones" update b --fqdn new.fixed.example

step "the template has changed: an update"
device c moves
sed -i 's|^policy = .*|policy = ""|' "$VPN/templates/moves.conf"
reload moves
refused update-needed "pki4ipsec peer update --dir $WORK/devices/c: an update" renew c
follow
is "what it was" "$(head -n 1 "$WORK/out.log")" "update: fqdn:c.moves.example"
openssl x509 -in "$WORK/devices/c/cert.pem" -noout -text >"$WORK/cert.txt"
is "as the template is now" "$(grep -c 'Certificate Policies' "$WORK/cert.txt")" 0

step "the template has changed: a new authorization"
device d anew
sed -i 's|^policy = .*|policy = ""|' "$VPN/templates/anew.conf"
reload anew
refused template-changed "pki4ipsec peer rekey TICKET --dir $WORK/devices/d: a rekey, by a new \
ticket of the Admin that replaces this certificate" renew d

step "the other key"
device e fresh
refused key-reuse "pki4ipsec peer renew --dir $WORK/devices/e without --new-key and --same-key: a \
renewal with the key that the terms want; else a rekey, by a ticket of the Admin" renew e --same-key
advice=${advice/ without --new-key and --same-key/}
follow
is "what it was" "$(head -n 1 "$WORK/out.log")" "renewal with a new key: fqdn:e.fresh.example"

step "too early"
device f late
refused too-early "pki4ipsec peer renew --if-due --dir $WORK/devices/f, later" renew f
advice=${advice/, later/}
follow
grep -q 'nothing to do: renewal is due at' "$WORK/out.log" || fail "when: $(cat "$WORK/out.log")"
pass "and it says when"

step "revoked: a new enrolment"
device g fixed
"$PKI4IPSEC" pki revoke g --dir "$VPN" -q
refused old-revoked "pki4ipsec peer enroll TICKET: a new enrolment, by a new ticket of the Admin" \
    renew g
peer renew g --json >"$WORK/out.json" 2>/dev/null && fail "a revoked one is renewed"
is "as JSON, too" "$("$FAULT_PYTHON" -c 'import json, sys
o = json.load(sys.stdin)
print("peer enroll TICKET" in json.dumps(o))' <"$WORK/out.json")" True
