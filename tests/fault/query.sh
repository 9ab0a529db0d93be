#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# query - many devices at once, by what they are: seen first, counted, then
# revoked or cancelled, and on the CRL when the command returns.
#
# R4809-3.5.3-4 (an Admin revokes), R4809-3.2.4.4-1 (an Admin
# cancels), R4809-3.2.4.4-8 (revocation is what is left after issue)
#
# SEED-80: an Admin begins
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl
fault_begin
pki_init
serve_start

MANY=${QUERY_MANY:-1000}

admin() { "$PKI4IPSEC" admin "$1" --dir "$VPN/admin" "${@:2}"; }
json() { "$FAULT_PYTHON" -c "import json, sys; o = json.load(sys.stdin); print($1)"; }
crl_text() { curl -sf "$URL/crl/ike.crl" | openssl crl -inform DER -noout -text; }
crl_count() { crl_text | grep -c 'Serial Number' || true; }

# refused CODE PHRASE COMMAND...
refused() {
	local want=$1 phrase=$2 out rc=0
	shift 2
	out=$("$@" 2>&1) || rc=$?
	[ $rc = "$want" ] || fail "exit $rc, not $want: $* ($out)"
	grep -qF -e "$phrase" <<<"$out" || fail "no \"$phrase\" in: $out"
	pass "refused: $phrase"
}

step "a fleet"
cat >"$WORK/fleet.csv" <<-'EOF2'
	fqdn,label,group
	a1.example,a1,alpha
	a2.example,a2,alpha
	a3.example,a3,alpha
	b1.example,b1,beta
	b2.example,b2,beta
EOF2
admin authorize --template s2s-gateway --csv "$WORK/fleet.csv" --out "$TICKETS" -q
for i in a1 a2 b1; do enroll $i || fail "enroll $i"; done

step "what is not done by mistake"
refused 2 'want names of devices, or conditions' admin revoke
refused 2 'want one of the two' admin revoke --group alpha a1
refused 2 '--dry-run shows how many' admin revoke --group alpha
refused 2 'want waiting, open' admin revoke --state great --dry-run
refused 2 'want a date' admin revoke --expires-before soon --dry-run
refused 2 'go with conditions' admin cancel --dry-run b2
refused 1 '2 authorizations are meant, --expect said 3' \
    admin revoke --group alpha --expect 3
is "nothing is revoked" "$(crl_count)" 0

step "seen first"
admin revoke --group alpha --dry-run >"$WORK/dry.log"
grep -q '^2 authorizations would be revoked; to do it: --expect 2$' "$WORK/dry.log" ||
	fail "no count in the dry run"
is "those with a certificate, and no others" \
    "$(awk '/^confirmed/ { print $2 }' "$WORK/dry.log" | sort | tr '\n' ' ')" "a1 a2 "
is "the same for a program" \
    "$(admin revoke --group alpha --dry-run --json | json 'o["count"]')" 2
is "certificates that end soon: none" \
    "$(admin revoke --expires-before 2020-01-01T00:00:00Z --dry-run --json |
    json 'o["count"]')" 0
is "and by the end of time: all" \
    "$(admin revoke --expires-before 2999-01-01T00:00:00Z --dry-run --json |
    json 'o["count"]')" 3
is "a dry run revokes nothing" "$(crl_count)" 0

step "then done"
admin revoke --group alpha --expect 2 --reason keyCompromise \
    --since 2026-01-02T03:04:05Z >"$WORK/out.log"
grep -q '^2 of 2 revoked$' "$WORK/out.log" || fail "no sum"
is "on the CRL when the command returns" "$(crl_count)" 2
is "with the time of the compromise" \
    "$(crl_text | grep -c 'Jan  2 03:04:05 2026 GMT')" 2
is "again: there is nothing left" \
    "$(admin revoke --group alpha --dry-run --json | json 'o["count"]')" 0
admin revoke --group alpha --expect 0 -q || fail "nothing expected, nothing done"
refused 1 'badRequest' admin revoke b1 --since 2999-01-01T00:00:00Z

step "some of them are refused"
printf 'email,label\nu1@example.org,u1\n' >"$WORK/users.csv"
admin authorize --template ra-user --csv "$WORK/users.csv" --out "$TICKETS" -q
enroll u1 || fail "enroll u1"
"$PKI4IPSEC" pki admin rights admin "s2s-gateway:* ra-user:query" --dir "$VPN" -q
refused 1 'admin-may-not-revoke' admin revoke u1
rc=0
admin revoke b1 u1 >"$WORK/out.log" 2>"$WORK/refused.log" || rc=$?
is "exit code when one of two is refused" "$rc" 3
grep -q '^pki4ipsec: u1: .*admin-may-not-revoke' "$WORK/refused.log" ||
	fail "which one was refused is not said"
is "the other one is revoked" "$(crl_count)" 3
"$PKI4IPSEC" pki admin rights admin "*" --dir "$VPN" -q

step "tickets that were not used"
admin cancel --state open --group beta --dry-run >"$WORK/dry.log"
grep -q '^1 authorization would be cancelled; to do it: --expect 1$' "$WORK/dry.log" ||
	fail "no count in the dry run"
admin cancel --state open --group beta --expect 1 >"$WORK/out.log"
is "cancelled" "$(cat "$WORK/out.log")" "b2 cancelled"
refused 1 'does not accept this ticket' "$PKI4IPSEC" peer enroll "$(ticket b2)" \
    --dir "$WORK/devices/b2"

step "$MANY at once"
"$PKI4IPSEC" bench enroll --dir "$VPN" --url "$URL" --peers "$MANY" --concurrency 16 \
    --work "$WORK" -q >"$WORK/bench.log" 2>&1 || fail "bench enroll"
before=$(crl_count)
began=$(ms)
admin revoke --state confirmed --label bench.example --expect "$MANY" --json >"$WORK/many.json" ||
	fail "admin revoke by query"
took=$(($(ms) - began))
is "all of them on the CRL" "$(crl_count)" $((before + MANY))
is "each with its verdict" \
    "$(json 'sum(r["failure"] is None for r in o["revoked"])' <"$WORK/many.json")" "$MANY"
pass "$MANY revoked and on the CRL in $took ms"
