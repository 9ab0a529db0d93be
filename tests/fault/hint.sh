#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# hint - an operator asks devices to renew, or to wait (docs/adr/0027).
#
# A device whose certificate is a day old renews because of a hint, once, and
# says why; others are not spoken of; what comes of a wait can be seen; the
# audit trail has each word.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl sqlite3
fault_begin
pki_init
serve_start
authorize 2
enroll gw1 || fail "peer enroll"
enroll gw2 || fail "peer enroll"
DIR=$WORK/devices/gw1

serial() { openssl x509 -in "$WORK/devices/$1/cert.pem" -noout -serial | cut -d = -f 2; }
hint() { "$PKI4IPSEC" pki hint "$@" --dir "$VPN"; }
# shows DIR TEXT: peer status of the device there says so.
shows() { "$PKI4IPSEC" peer status --dir "$1" | grep -q "$2"; }
is_other() { [ "$(serial gw1)" != "$1" ]; }
agent() {
	"$PKI4IPSEC" peer run --dir "$WORK/devices/$1" --crl-interval 1s \
	    >"$WORK/run-$1.log" 2>&1 &
	FAULT_PIDS+=("$!")
	wait_for 20 "the agent of $1" grep -q '^ready$' "$WORK/run-$1.log"
}
agent gw1
agent gw2
was=$(serial gw1) other=$(serial gw2)
enrolled=$(date +%s)
later() { [ "$(date +%s)" -gt "$enrolled" ]; }
wait_for 5 "another second" later	# what is issued in that of the word is not meant

step "before any hint"
is "the object" "$(curl -s -o "$WORK/none" -w '%{http_code}' "$URL/crl/hint.p7m")" 404
"$PKI4IPSEC" peer renew --dir "$DIR" >"$WORK/early.log" 2>&1 && fail "renewed too early"
grep -q too-early "$WORK/early.log" || fail "another refusal"
pass "it is too early for a renewal"
hint renew --dry-run --template s2s-gateway | grep -q 'would speak of 2 certificates' ||
    fail "the dry run counts otherwise"
is "rules after a dry run" "$(hint list | grep -c '^no hints')" 1

step "renew now"
hint renew --serial "$(echo "$was" | tr A-F a-f)" --over 1s --reason "key ceremony" \
    >"$WORK/hint.log" || fail "pki hint renew"
grep -q 'speaks of 1 certificates' "$WORK/hint.log" || fail "it speaks of others"
curl -sf -D "$WORK/head" -o "$WORK/hint.p7m" "$URL/crl/hint.p7m" || fail "no object"
grep -qi '^cache-control: public, max-age=' "$WORK/head" || fail "no caching headers"
etag=$(tr -d '\r' <"$WORK/head" | sed -n 's/^[Ee][Tt][Aa][Gg]: //p')
is "asked again" "$(curl -s -o "$WORK/none" -w '%{http_code}' -H "If-None-Match: $etag" \
    "$URL/crl/hint.p7m")" 304
openssl cms -verify -binary -inform DER -in "$WORK/hint.p7m" -CAfile "$DIR/ca.pem" \
    -purpose any -out "$WORK/content" 2>"$WORK/cms.log" || fail "openssl does not believe it"
pass "signed under the root, says openssl"
wait_for 60 "the renewal" is_other "$was"
grep -q 'hint of the PKI act=renew' "$WORK/run-gw1.log" ||
    fail "the agent does not say why"
pass "renewed because of it"
wait_for 60 "the agent's report" shows "$DIR" "$(serial gw1 | tr A-F a-f)"
is "the other device has" "$(serial gw2)" "$other"
"$PKI4IPSEC" peer renew --dir "$DIR" >"$WORK/early.log" 2>&1 && fail "renewed once more"
pass "and is not to be renewed again"

step "without an agent, by a timer"
authorize 1 timer
enroll timer1 || fail "peer enroll"
due() { "$PKI4IPSEC" peer renew --if-due --dir "$WORK/devices/timer1" | grep -q "$1"; }
due 'nothing to do' || fail "it is not due"
hint renew --serial "$(serial timer1 | tr A-F a-f)" --over 1s >"$WORK/hint.log" ||
    fail "pki hint renew"
wait_for 20 "the renewal" due 'renewal with a new key'
pass "peer renew --if-due reads it, too"

step "wait"
until=$(date -u -d "+700 days" +%F)	# longer than the certificate lives
hint wait --until "$until" --reason maintenance >"$WORK/hint.log" || fail "pki hint wait"
wait_for 60 "the hint at the device" shows "$WORK/devices/gw2" \
    "hint .*asks to wait until ${until}T00:00:00Z: maintenance"
next=$("$PKI4IPSEC" peer status --dir "$WORK/devices/gw2" --json | "$FAULT_PYTHON" -c '
import json, sys
s = json.load(sys.stdin)
print(s["agent"]["renewal"]["next"] < s["certificate"]["not_after"])')
is "it still renews before its end" "$next" True
"$PKI4IPSEC" pki status --dir "$VPN" | grep -q "^hints .*wait, until $until" ||
    fail "pki status does not show it"
is "rules" "$("$PKI4IPSEC" pki status --dir "$VPN" --json | "$FAULT_PYTHON" -c '
import json, sys
print(len(json.load(sys.stdin)["hints"]))')" 3

step "what nobody signed, and what is no more"
printf 'no hint' >"$WORK/devices/gw2/hint"
hint clear >"$WORK/hint.log" || fail "pki hint clear"
gone() { ! shows "$WORK/devices/gw2" '^hint '; }
wait_for 60 "the hint to be gone" gone
is "words in the audit trail" "$(db "select count(*) from audit where action like 'hint%'")" 4
audit_holds
serve_stop
is "pki serve ended with" "$SERVE_RC" 0
