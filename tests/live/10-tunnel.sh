#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job, from nothing: a PKI, two gateways authorized from a list,
# enrolled and installed into two strongSwan daemons, a packet through the
# tunnel; then one gateway is revoked and refused.
#
# R4809-1.1-1: between gateways, from the list to the packet
# R4809-2.1.1-1: IKE with the key and certificate of the PKI
# R4809-3.4.2-1: nobody does anything between ticket and certificate
# SEED-2, SEED-4: a stranger's daemon takes and uses it
# SEED-78: one template, one list, three commands
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need curl
live_binary
live_begin
make_host gw1 1
make_host gw2 2

# enroll HOST TICKET DIR [WORD...]
enroll() {
	local host=$1 ticket=$2 dir=$3
	shift 3
	on "$host" "$PKI4IPSEC" peer enroll "$ticket" --dir "$dir" "$@" 2>&1
}

step "a PKI, and its server"
out=$(on pki "$PKI4IPSEC" pki init --dir "$WORK/vpn" --name "Example VPN" \
    --url "http://$LIVE_SERVER:8080" 2>&1) || fail "pki init: $out"
pass "pki init"
serve_start "$WORK/vpn"
pass "pki serve listens"

step "two gateways, authorized from a list"
cat >"$WORK/devices.csv" <<EOF
label,fqdn,group,address,subnets
gw1,gw1.example,site,192.0.2.1,198.51.100.1/32
gw2,gw2.example,site,192.0.2.2,198.51.100.2/32
EOF
out=$(on pki "$PKI4IPSEC" admin authorize --dir "$WORK/vpn/admin" \
    --template s2s-gateway --csv "$WORK/devices.csv" \
    --out "$WORK/tickets" 2>&1) || fail "admin authorize: $out"
for h in gw1 gw2; do
	[ -s "$WORK/tickets/$h.ticket" ] || fail "no ticket for $h: $out"
	[ "$(stat -c %a "$WORK/tickets/$h.ticket")" = 600 ] ||
		fail "the ticket of $h can be read by others"
done
pass "a ticket for each, for its owner alone"
grep -q '^peer: name=gw2 id=fqdn:gw2.example' "$WORK/tickets/gw1.ticket" ||
	fail "gw1's ticket does not name gw2"
pass "each is the other's peer"

step "enrolled, and installed into running daemons"
for h in gw1 gw2; do
	charon_start $h
	t=$(ms)
	out=$(enroll $h "$WORK/tickets/$h.ticket" "$WORK/$h/peer" \
	    --install strongswan --swanctl-dir "$WORK/$h/swanctl" \
	    --vici "$(vici_uri $h)") || fail "peer enroll $h: $out"
	pass "$h enrolled in $(($(ms) - t)) ms"
	[ "$(stat -c %a "$WORK/$h/swanctl/private/$h.pem")" = 600 ] ||
		fail "$h: the key can be read by others"
	out=$(sw $h --list-certs --type x509)
	expect "$h: the daemon has the certificate and its key" \
	    "has private key" "$out"
done
openssl verify -x509_strict -purpose any \
    -CAfile "$WORK/gw1/swanctl/x509ca/gw1-root.pem" \
    -untrusted "$WORK/gw1/swanctl/x509ca/gw1-ca.pem" \
    "$WORK/gw1/swanctl/x509/gw1.pem" >/dev/null ||
	fail "openssl does not verify gw1's certificate"
pass "openssl verifies the chain"

step "a ticket is used once"
mkdir "$WORK/thief"
out=$(enroll gw2 "$WORK/tickets/gw1.ticket" "$WORK/thief/peer") &&
	fail "gw1's ticket was taken twice: $out"
pass "a second enrolment with gw1's ticket is refused"

step "a tunnel"
t=$(ms)
out=$(initiate gw1 gw1-gw2) || fail "no tunnel: $out"
pass "tunnel up after $(($(ms) - t)) ms, with strict revocation"
ping_through gw1 1 2 >"$WORK/ping.log" || fail "no ping"
pass "ping through it: $(grep received "$WORK/ping.log")"
terminate gw1 gw1-gw2
initiate gw2 gw2-gw1 >/dev/null || fail "no tunnel the other way"
pass "tunnel begun by the other side"
terminate gw2 gw2-gw1

step "revoked"
cert=$WORK/gw1/swanctl/x509/gw1.pem
serial=$(cert_serial "$cert")
url=$(cert_crl "$cert")
crl_has "$url" "$serial" && fail "revoked before it was"
t=$(ms)
out=$(on pki "$PKI4IPSEC" admin revoke --dir "$WORK/vpn/admin" gw1.example \
    --reason keyCompromise 2>&1) || fail "admin revoke: $out"
wait_for 2 "serial $serial in $url" crl_has "$url" "$serial"
pass "in the CRL $(($(ms) - t)) ms after the command"
sw gw2 --flush-certs --type x509_crl >/dev/null
mark=$(log_mark gw2)
initiate gw1 gw1-gw2 >/dev/null && fail "a revoked gateway was let in"
log_since gw2 "$mark" | grep -q "certificate was revoked" ||
	fail "refused, but not for revocation"
pass "gw2 refuses gw1: certificate was revoked"
initiate gw2 gw2-gw1 >/dev/null && fail "the revoked gateway's answer was taken"
pass "nor does gw2 reach it"
