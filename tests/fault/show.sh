#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# show - one report of a certificate's whole life, for every serial number there
# ever was: in use, not confirmed, succeeded, revoked.
#
# R4809-1.3-1: status, template, authorization, confirmation, successor, of any serial
# SEED-75: the template's name and version, after it has changed and after it was retired
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl sqlite3
fault_begin
pki_init
sed -i -E 's|^renewal-last-percent = .*|renewal-last-percent = 100|;
    s|^update = .*|update = "yes"|; s|^name-space = .*|name-space = "vpn.example"|' \
    "$VPN/templates/s2s-gateway.conf"
serve_start

pki() { "$PKI4IPSEC" pki "$1" --dir "$VPN" "${@:2}"; }
serial() { openssl x509 -in "$WORK/devices/$1/cert.pem" -noout -serial | cut -d= -f2; }
id_of() { sed -n 's/^id: //p' "$(ticket "$1")"; }

# get WHAT N PATH...: a field of certificate N (from 0) in the report of WHAT.
get() {
	pki show "$1" --json | "$FAULT_PYTHON" -c '
import json, sys
o = json.load(sys.stdin)["certificates"][int(sys.argv[1])]
for key in sys.argv[2:]:
    o = o[int(key)] if isinstance(o, list) else o[key]
print(o)' "${@:2}"
}

# refused CODE PHRASE COMMAND...
refused() {
	local want=$1 phrase=$2 out rc=0
	shift 2
	out=$("$@" 2>&1) || rc=$?
	[ $rc = "$want" ] || fail "exit $rc, not $want: $* ($out)"
	grep -qF -e "$phrase" <<<"$out" || fail "no \"$phrase\" in: $out"
	pass "refused: $phrase"
}

step "in use"
printf 'fqdn,label\n' >"$WORK/list.csv"
for i in 1 2 3 4 5; do echo "gw$i.vpn.example,gw$i"; done >>"$WORK/list.csv"
"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template s2s-gateway --csv "$WORK/list.csv" \
    --out "$TICKETS" >"$WORK/authorize.log" 2>&1 || fail "admin authorize"
for i in 1 2 3; do enroll gw$i || fail "enroll gw$i"; done
first=$(serial gw1)
for what in "$first" "${first,,}" "$(sed 's/../&:/g; s/:$//' <<<"$first")" gw1 gw1.vpn.example \
    fqdn:gw1.vpn.example "$(id_of gw1)"; do
	is "by $what" "$(get "$what" 0 serial)" "${first,,}"
done
is "state" "$(get "$first" 0 state)" confirmed
is "template" "$(get "$first" 0 template name) $(get "$first" 0 template version)" "s2s-gateway 2"
is "authorization" "$(get "$first" 0 authorization id)" "$(id_of gw1)"
is "label" "$(get "$first" 0 authorization label)" gw1
is "Admin" "$(get "$first" 0 authorization admin)" admin
is "how it was made" "$(get "$first" 0 made_as)" first
is "confirmed" "$(get "$first" 0 confirmed | cut -c 1-2)" 20
is "successors" "$(get "$first" 0 successors)" "[]"

step "not confirmed"
proxy_start "$WORK/proxy" 2+=drop
by_proxy "$WORK/proxy" gw4
"$PKI4IPSEC" peer enroll "$(ticket gw4)" --dir "$WORK/devices/gw4" --retry-for 0 \
    >>"$WORK/devices.log" 2>&1 && fail "gw4 without its confirmation"
proxy_stop
is "state" "$(get gw4 0 state)" issued
is "confirmed" "$(get gw4 0 confirmed)" ""
is "its authorization" "$(get gw4 0 authorization state)" issued
pki show gw4 | grep -q '^  confirmed  *never$' || fail "never confirmed, in words"

step "renewed, then updated, under a template that has changed"
"$PKI4IPSEC" peer renew --dir "$WORK/devices/gw1" >>"$WORK/renew.log" 2>&1 || fail "peer renew"
second=$(serial gw1)
sed -i -E 's|^validity = .*|validity = "77d"|' "$VPN/templates/s2s-gateway.conf"
kill -HUP "$SERVE_PID"
wait_for 20 "version 3" eval "pki template list | grep -q 's2s-gateway  *version 3 .*in use'"
"$PKI4IPSEC" peer update --dir "$WORK/devices/gw1" --fqdn new1.vpn.example \
    >>"$WORK/renew.log" 2>&1 || fail "peer update"
third=$(serial gw1)
is "all of them, the newest first" "$(pki show gw1 --json | "$FAULT_PYTHON" -c '
import json, sys
print(*(c["serial"].upper() for c in json.load(sys.stdin)["certificates"]))')" \
    "$third $second $first"
is "by the name of before" "$(get fqdn:gw1.vpn.example 0 serial)" "${third,,}"
is "the first's successor" "$(get "$first" 0 successors 0 serial)" "${second,,}"
is "the first's end" "$(get "$first" 0 state) $(get "$first" 0 reason)" "revoked superseded"
is "the second's predecessor" "$(get "$second" 0 predecessor serial)" "${first,,}"
is "the second's successor" "$(get "$second" 0 successors 0 serial)" "${third,,}"
is "the second's end" "$(get "$second" 0 reason)" affiliationChanged
is "how they were made" "$(get "$second" 0 made_as), $(get "$third" 0 made_as)" "renewal with a new key, update"
is "versions" "$(for s in "$first" "$second" "$third"; do get "$s" 0 template version; done |
    tr '\n' ' ')" "2 2 3 "
[ -n "$(get "$first" 0 template until)" ] || fail "version 2 is not in use any more"
is "version 3" "$(get "$third" 0 template until)" ""

step "revoked, and what never was"
pki revoke gw2 --reason keyCompromise -q
is "state" "$(get gw2 0 state) $(get gw2 0 reason)" "revoked keyCompromise"
is "when" "$(get gw2 0 revoked | cut -c 1-2)" 20
refused 1 "authorization \"$(id_of gw5)\" is open and has no certificate" pki show "$(id_of gw5)"
refused 1 '"nobody" is no serial number, identity, label' pki show nobody
refused 1 'is no serial number' pki show "01${first:2:18}0000000000"
is "and which command helps" "$(pki show nobody 2>&1 | tail -n 1)" "try: pki4ipsec pki audit --dir $VPN"

step "every serial number there ever was, with the template retired, without a server"
mv "$VPN/templates/s2s-gateway.conf" "$WORK/retired.conf"
kill -HUP "$SERVE_PID"
wait_for 20 "retired" eval "! pki template list | grep 's2s-gateway' | grep -q 'in use since'"
serve_stop
count=0
while read -r s; do
	pki show "$s" --json | "$FAULT_PYTHON" -c '
import json, sys
c, = json.load(sys.stdin)["certificates"]
assert c["serial"] == sys.argv[1].lower()
assert c["state"] and c["made"] and c["issuer"] and c["not_after"]
assert c["template"]["name"] and c["template"]["version"] > 0
assert c["authorization"]["id"] and c["authorization"]["state"]
assert "confirmed" in c and "successors" in c
assert (c["state"] == "revoked") == bool(c["revoked"] and c["reason"])' "$s" ||
		fail "$s: $(pki show "$s")"
	count=$((count + 1))
done < <(db "select hex(serial) from cert where authz is not null")
is "certificates" "$count" "$(db "select count(*) from cert where authz is not null")"
is "in words" "$(pki show "$first" | grep -c .)" "$(pki show "$first" | grep -cE '^(01|  )')"
