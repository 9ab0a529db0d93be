#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Two devices with nothing of ours on them: one gets a PKCS #12 with a key that
# its Admin made, the other a PEM bundle with a key that the PKI made.  Both
# go into strongSwan by its own means, and a packet goes through the tunnel.
#
# R4809-3.4.8-1, R4809-3.4.9-2 (the Peer ends with certificate and matching key,
# and did nothing before)
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need curl
live_binary
live_begin
make_host gw1 1
make_host gw2 2

# authorize_for METHOD HOST N
authorize_for() {
	printf 'label,fqdn\n%s,%s.example\n' "$2" "$2" >"$WORK/$2.csv"
	on pki "$PKI4IPSEC" admin authorize --dir "$WORK/vpn/admin" --template s2s-gateway \
	    --csv "$WORK/$2.csv" --generation "$1" --out "$WORK/tickets" \
	    >>"$WORK/admin.log" 2>&1 || fail "authorize $2"
}
admin_enroll() {
	on pki "$PKI4IPSEC" admin enroll --dir "$WORK/vpn/admin" --out "$WORK/bundles" "$@" \
	    >>"$WORK/admin.log" 2>&1 || fail "admin enroll $*"
}
# configure HOST N OTHER M: what an operator writes by hand.
configure() {
	cat >"$WORK/$1/swanctl/conf.d/hand.conf" <<-EOF
	connections {
	    $3 {
	        version = 2
	        local_addrs = 192.0.2.$2
	        remote_addrs = 192.0.2.$4
	        local { auth = pubkey
	                id = fqdn:$1.example }
	        remote { auth = pubkey
	                 id = fqdn:$3.example
	                 revocation = strict }
	        children { $3 { local_ts = 198.51.100.$2/32
	                        remote_ts = 198.51.100.$4/32 } }
	    }
	}
	EOF
}

step "keys made by the Admin and by the PKI"
pki_start "generation=peer, admin, pki"
authorize_for admin gw1
authorize_for pki gw2
admin_enroll --generate gw1
admin_enroll --pki-key gw2 --format pem
[ "$(stat -c %a "$WORK/bundles/gw1.p12" "$WORK/bundles/gw2.pem" | sort -u)" = 600 ] ||
	fail "others may read the bundles"
pass "two bundles, for their owner alone"

step "into strongSwan, by hand"
charon_start gw1
charon_start gw2
configure gw1 1 gw2 2
configure gw2 2 gw1 1
mkdir -p "$WORK/gw1/swanctl/pkcs12"
cp "$WORK/bundles/gw1.p12" "$WORK/gw1/swanctl/pkcs12/"
cat >"$WORK/gw1/swanctl/conf.d/secret.conf" <<EOF
secrets { pkcs12-gw1 { file = gw1.p12
                       secret = "$(cat "$WORK/bundles/gw1.passphrase")" } }
EOF
openssl pkey -in "$WORK/bundles/gw2.pem" -out "$WORK/gw2/swanctl/private/gw2.pem"
awk -v dir="$WORK/gw2/swanctl" '/BEGIN CERT/ { n++ }
    n { print >(n == 1 ? dir "/x509/gw2.pem" : dir "/x509ca/" n ".pem") }' \
    "$WORK/bundles/gw2.pem"
for h in gw1 gw2; do
	sw $h --load-all >"$WORK/$h.load.log" || fail "$h: swanctl --load-all"
	expect "$h: the daemon has the certificate and its key" "has private key" \
	    "$(sw $h --list-certs --type x509)"
done

step "a tunnel"
out=$(initiate gw1 gw2) || fail "no tunnel: $out"
ping_through gw1 1 2 >"$WORK/ping.log" || fail "no ping"
pass "ping through it: $(grep received "$WORK/ping.log")"
