#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# operator - what is done at the PKI itself: revoke, CRLs, Admins with rights
# of their own; the same beside a running server and without one.
#
# C-9: an operator locks and unlocks, nobody else.
#
# R4809-3.5.1-4 (an operator enters a revocation, of one or of all that match), R4809-3.5.3-4 and
# R4809-3.5.3-6 (Admins with and without the authority), R4809-3.3.3-1 (and an Admin who may
# write a template: D-29)
#
# SEED-80: the PKI begins
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl sqlite3
fault_begin
pki_init
serve_start

pki() { "$PKI4IPSEC" pki "$1" --dir "$VPN" "${@:2}"; }
admin() { "$PKI4IPSEC" admin "$2" --dir "$1" "${@:3}"; }

# refused CODE PHRASE COMMAND...
refused() {
	local want=$1 phrase=$2 out rc=0
	shift 2
	out=$("$@" 2>&1) || rc=$?
	[ $rc = "$want" ] || fail "exit $rc, not $want: $* ($out)"
	grep -qF -e "$phrase" <<<"$out" || fail "no \"$phrase\" in: $out"
	pass "refused: $phrase"
}

crl_count() {
	curl -sf "$URL/crl/ike.crl" | openssl crl -inform DER -noout -text |
	    grep -c 'Serial Number' || true
}

crl_number() {
	curl -sf "$URL/crl/ike.crl" | openssl crl -inform DER -noout -crlnumber |
	    sed 's/.*=0x//' | tr -d '\n'
}

serial_of() {
	openssl x509 -in "$WORK/devices/$1/cert.pem" -noout -serial | cut -d= -f2
}

step "revocation"
authorize 4
for i in 1 2 3 4; do enroll gw$i || fail "enroll gw$i"; done
is "the socket is the owner's alone" "$(stat -c %a "$VPN/run/operator.sock")" 600
is "on the CRL before" "$(crl_count)" 0
pki revoke gw1 --reason keyCompromise >"$WORK/out.log"
is "on the CRL when the command returns" "$(crl_count)" 1
pki revoke gw2.example fqdn:gw3.example -q
is "by identity, two" "$(crl_count)" 3
refused 1 'no serial number, identity or label' pki revoke gw1
refused 2 'no reason' pki revoke gw4 --reason whim
refused 1 'no serial number' pki revoke gw9
is "what was refused changed nothing" "$(crl_count)" 3

step "revocation by condition"
sed 's/^name = .*/name = "branch"/' "$VPN/templates/s2s-gateway.conf" >"$VPN/templates/branch.conf"
serve_stop
serve_start
printf 'fqdn,label\nb1.east.example,b1\nb2.east.example,b2\nb3.west.example,b3\n' >"$WORK/b.csv"
admin "$VPN/admin" authorize --template branch --csv "$WORK/b.csv" --out "$TICKETS" \
    >"$WORK/authorize.log" 2>&1 || fail "admin authorize: branch"
for i in 1 2 3; do enroll b$i || fail "enroll b$i"; done
pki revoke --template branch --name east --dry-run >"$WORK/out.log"
is "a dry run shows" "$(grep -c 'east.example, certificate' "$WORK/out.log")" 2
is "and counts" "$(tail -n 1 "$WORK/out.log")" "2 certificates match; nothing was revoked: --expect 2"
refused 1 '2 certificates match, not 3: nothing was revoked' \
    pki revoke --template branch --name east --expect 3
refused 2 'conditions take the place of WHAT' pki revoke gw4 --name east --expect 1
refused 2 'either --dry-run' pki revoke --template branch
refused 2 'want a date in UTC' pki revoke --expires-before tomorrow --dry-run
is "nothing was revoked" "$(crl_count)" 3
begun=$(ms)
pki revoke --template branch --name east --expect 2 --reason cessationOfOperation --json \
    >"$WORK/out.log"
is "as many as was said, and only those are told" "$("$FAULT_PYTHON" -c 'import json, sys
o = json.load(sys.stdin)
print(*o, *(r["identity"] for r in o["revoked"]))' <"$WORK/out.log")" \
    "revoked fqdn:b1.east.example fqdn:b2.east.example"
is "on the CRL when the command returns" "$(crl_count)" 5
note "after $(($(ms) - begun)) ms"
is "no Admin among all" "$(pki revoke --expires-before 2099-01-01T00:00:00Z --dry-run |
    grep -c admin)" 0
is "the rest" "$(pki revoke --template branch --dry-run --json |
    "$FAULT_PYTHON" -c 'import json, sys
print(*(m["identity"] for m in json.load(sys.stdin)["matches"]))')" fqdn:b3.west.example

step "what was not used"
authorize 1 idle
id=$(sed -n 's/^id: //p' "$(ticket idle1)")
refused 1 'no authorization' pki cancel NOSUCHID
refused 1 'is revoked' pki cancel "$(sed -n 's/^id: //p' "$(ticket gw1)")"
pki cancel "$id" -q
refused 1 'does not accept this ticket' "$PKI4IPSEC" peer enroll "$(ticket idle1)" \
    --dir "$WORK/devices/idle1"

step "locked, and unlocked"
authorize 2 held
id=$(sed -n 's/^id: //p' "$(ticket held1)")
refused 1 'is open, not locked' pki unlock "$id"
pki lock "$id" --reason "the ticket is on its way" >"$WORK/out.log"
is "what the command says" "$(cat "$WORK/out.log")" "$id is locked"
refused 1 'only what was not used can be locked' pki lock "$id"
is "what its Admin sees" "$(admin "$VPN/admin" list --state locked |
    awk '/^locked/ { print $2 }')" held1
is "and is told" "$(admin "$VPN/admin" events --all --json | grep -c '"event":"locked"')" 1
refused 1 'does not accept this ticket' "$PKI4IPSEC" peer enroll "$(ticket held1)" \
    --dir "$WORK/devices/held1"
enroll held2 || fail "another ticket of the same list"
pki unlock "$id" >"$WORK/out.log"
is "unlocked" "$(cat "$WORK/out.log")" "$id is open"
enroll held1 || fail "the same ticket, unlocked"
refused 1 'only what was not used can be locked' pki lock "$id"
is "who, what and why" "$(db "select detail from audit where action = 'authz lock'")" \
    "the ticket is on its way"

step "CRLs"
before=$(crl_number)
pki crl -q
[ "$(crl_number)" != "$before" ] || fail "the CRL is the old one"
pass "a new number: $before, $(crl_number)"

step "Admins"
refused 2 'want TEMPLATE:RIGHT' pki admin add carol everything
refused 1 'no template "nope"' pki admin add carol nope:query
refused 2 'want up to 40' pki admin add 'Carol Smith' '*'
pki admin add carol "s2s-gateway:authorize s2s-gateway:query" -q
refused 1 'already' pki admin add carol '*'
printf 'email,label\ncarol@admin.invalid,carol\n' >"$WORK/carol.csv"
admin "$VPN/admin" authorize --template admin --csv "$WORK/carol.csv" \
    --out "$WORK/tickets" -q
admin "$WORK/carol" enroll "$(ticket carol)" -q
printf 'fqdn\nby-carol.example\n' >"$WORK/hers.csv"
admin "$WORK/carol" authorize --template s2s-gateway --csv "$WORK/hers.csv" \
    --out "$WORK/hers" -q || fail "carol may authorize"
pass "carol authorizes"
refused 1 'not a template that the PKI lets this Admin use' admin "$WORK/carol" \
    authorize --template ra-user --csv "$WORK/hers.csv" --out "$WORK/hers"
refused 1 'admin-may-not-revoke' admin "$WORK/carol" revoke gw4.example
is "gw4 is not revoked" "$(crl_count)" 5
pki admin rights carol "s2s-gateway:revoke s2s-gateway:query" -q
admin "$WORK/carol" revoke gw4.example -q || fail "carol may revoke now"
is "rights given at runtime" "$(crl_count)" 6
refused 1 'template-unknown' admin "$WORK/carol" authorize --all \
    --template s2s-gateway --csv "$WORK/hers.csv" --out "$WORK/hers"
sed -e 's/^name = .*/name = "branch"/' -e 's/^version = .*/version = "7"/' \
    "$VPN/templates/s2s-gateway.conf" >"$WORK/hers.conf"
admin "$WORK/carol" template sign "$WORK/hers.conf" --out "$WORK/hers.signed" >"$WORK/out.log"
digest=$(sed -n 's/.*version 7, sha256 //p' "$WORK/out.log")
refused 1 'Admin carol lacks the right branch:template' pki template import "$WORK/hers.signed"
pki admin rights carol "branch:template s2s-gateway:query" -q
pki template import "$WORK/hers.signed" >"$WORK/out.log"
grep -q "^branch imported: version 7, sha256 $digest, by Admin carol" "$WORK/out.log" ||
    fail "the import does not name its author"
kill -HUP "$SERVE_PID"
wait_for 20 "the author's version" eval "pki template list | grep -q 'branch  *version 7 .*in use.*by Admin carol'"
pki template show branch >"$WORK/shown.conf"
is "version, digest and author are shown" "$(head -n 1 "$WORK/shown.conf")" \
    "# version 7, sha256 $digest, by Admin carol"
pki admin remove carol -q
refused 1 'signed by certificate' pki template import "$WORK/hers.signed"
is "what was taken and refused is in the trail" "$(db "select action || ' ' || count(*) from audit
    where object = 'template:branch' and action in ('template import', 'template refused')
    group by action" | tr '\n' ' ')" "template import 1 template refused 2 "
refused 1 'badIdentity' admin "$WORK/carol" list
pass "withdrawn at runtime"

step "a template without the policy that operators agree on"
for key in renewal update; do
	sed -i "/^$key = /d" "$VPN/templates/branch.conf"
	refused 1 "the key $key is missing: want a line $key = \"yes\" or $key = \"no\"" \
	    "$PKI4IPSEC" pki template check "$VPN/templates/branch.conf"
	refused 2 "the key $key is missing" pki template import "$VPN/templates/branch.conf"
	seen=$(grep -c "reload refused" "$WORK"/serve*.log || true)
	kill -HUP "$SERVE_PID"
	wait_for 20 "a reload that is refused" eval \
	    "[ \$(grep -c 'reload refused' '$WORK'/serve*.log) -gt $seen ]"
	is "the version before stays" "$(pki template list | grep -c '^branch .*in use')" 1
	printf '%s = "no"\n' $key >>"$VPN/templates/branch.conf"
done
kill -HUP "$SERVE_PID"
wait_for 20 "the policy is stated" eval \
    "[ \$(pki template list | grep -c '^branch  *version 8 .*in use') = 1 ]"

step "without a server"
serve_stop
pki admin list >"$WORK/out.log"
grep -q '^carol *(removed)' "$WORK/out.log" || fail "no carol in the list"
pki admin rights carol '*:query' -q
refused 1 'no serial number' pki revoke by-carol.example
audit_holds
is "each act of the operator is in the trail" \
    "$(db "select count(*) from audit where actor = 'operator' and action like 'admin%'")" 6
serve_start
is "the CRL of before" "$(crl_count)" 6
