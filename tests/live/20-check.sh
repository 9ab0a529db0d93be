#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What "admin check" foretells comes true in two strongSwan daemons: a pair
# that connects, an identity nobody proves, a revoked certificate.
#
# R4809-1-6: who is named by the list, and who is not
# SEED-19: each end takes the other that is named, and nobody else
# R4945-5.2-4: what the PKI issues says where its CRL is (fetch_crls).
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need curl
live_binary
live_begin
make_host gw1 1
make_host gw2 2

check() { "$PKI4IPSEC" admin check "$@" 2>&1; }

# foretell WHAT EXIT TEXT WORD...
foretell() {
	local what=$1 code=$2 text=$3 out rc
	shift 3
	out=$(check "$@")
	rc=$?
	[ $rc = "$code" ] || fail "$what: exit $rc, not $code: $out"
	expect "foretold: $what" "$text" "$out"
}

refused() {
	initiate gw1 gw1-gw2 >/dev/null && fail "$1: there is a tunnel"
	pass "came true: $1"
}

fetch_crls() {
	local name
	CRLS=()
	for name in "$WORK"/gw1/swanctl/x509/gw1.pem "$WORK"/gw1/swanctl/x509ca/gw1-ca.pem; do
		on gw1 curl -s -o "$WORK/${#CRLS[@]}.crl" "$(cert_crl "$name")" ||
			fail "no CRL of $name"
		CRLS+=(--crl "$WORK/${#CRLS[@]}.crl")
	done
}

step "a list, before there is anything"
cat >"$WORK/devices.csv" <<END
label,fqdn,group,address,subnets,platform
gw1,gw1.example,site,192.0.2.1,198.51.100.1/32,strongswan
gw2,gw2.example,site,192.0.2.2,198.51.100.2/32,strongswan
END
foretell "the list connects" 0 "1 pair: 1 would connect" --template s2s-gateway \
    --csv "$WORK/devices.csv"

out=$(on pki "$PKI4IPSEC" pki init --dir "$WORK/vpn" --name "Example VPN" \
    --url "http://$LIVE_SERVER:8080" 2>&1) || fail "pki init: $out"
serve_start "$WORK/vpn"
on pki "$PKI4IPSEC" admin authorize --dir "$WORK/vpn/admin" --template s2s-gateway \
    --csv "$WORK/devices.csv" --out "$WORK/tickets" -q || fail "admin authorize"
for h in gw1 gw2; do
	charon_start $h
	on $h "$PKI4IPSEC" peer enroll "$WORK/tickets/$h.ticket" --dir "$WORK/$h/peer" \
	    --install strongswan --swanctl-dir "$WORK/$h/swanctl" \
	    --vici "$(vici_uri $h)" -q || fail "peer enroll $h"
done
initiate gw1 gw1-gw2 >/dev/null || fail "the list: no tunnel"
terminate gw1 gw1-gw2
pass "came true: the list connects"

step "their certificates"
fetch_crls
PAIR=("$WORK/gw1/swanctl/x509/gw1.pem" "$WORK/gw2/swanctl/x509/gw2.pem" --revocation strict)
TRUST=(--trust "$WORK/gw1/swanctl/x509ca/gw1-ca.pem")
foretell "the certificates connect" 0 "1 pair: 1 would connect" "${PAIR[@]}" "${TRUST[@]}" \
    "${CRLS[@]}"

step "an identity nobody proves"
foretell "an identity nobody proves" 1 "id_field_match" "${PAIR[@]}" "${TRUST[@]}" \
    "${CRLS[@]}" --id-b @gw9.example
CONF=$(grep -rl 'gw2.example' "$WORK/gw1/swanctl/conf.d" | head -n 1)
cp "$CONF" "$WORK/conf"
sed -i 's/gw2\.example/gw9.example/' "$CONF"
sw gw1 --load-all >/dev/null || fail "gw1 does not load its files"
refused "an identity nobody proves"
cp "$WORK/conf" "$CONF"
sw gw1 --load-all >/dev/null || fail "gw1 does not load its files"
initiate gw1 gw1-gw2 >/dev/null || fail "and back: no tunnel"
terminate gw1 gw1-gw2

step "revoked"
on pki "$PKI4IPSEC" admin revoke --dir "$WORK/vpn/admin" gw2.example \
    --reason keyCompromise -q || fail "admin revoke"
url=$(cert_crl "${PAIR[1]}")
wait_for 5 "gw2 in $url" crl_has "$url" "$(cert_serial "${PAIR[1]}")"
fetch_crls
foretell "a revoked certificate" 1 "repair: authorize the device again" "${PAIR[@]}" \
    "${TRUST[@]}" "${CRLS[@]}"
sw gw1 --flush-certs --type x509_crl >/dev/null
refused "a revoked certificate"
