#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# renew - a device that is killed while it renews.
#
# At whatever moment peer renew is ended with SIGKILL, what is in use is a key
# with its own certificate, old or new, whole; the command run again finishes,
# and the PKI knows one confirmed certificate of the device, its newest.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${FAULT_ROUNDS:-40}
fault_need openssl
fault_begin
pki_init
conf_template() {
	sed -i -E "s|^($1) = .*|\1 = $2|" "$VPN/templates/s2s-gateway.conf"
}
conf_template renewal-last-percent 100
serve_start
authorize 1
enroll gw1 || fail "peer enroll"
DIR=$WORK/devices/gw1

serial() { openssl x509 -in "$DIR/cert.pem" -noout -serial | cut -d = -f 2; }
# Key, certificate and chain in use belong together.
whole() {
	local key cert chain
	key=$(openssl pkey -in "$DIR/key.pem" -pubout 2>/dev/null | sha256sum)
	cert=$(openssl x509 -in "$DIR/cert.pem" -noout -pubkey 2>/dev/null | sha256sum)
	chain=$(openssl x509 -in "$DIR/chain.pem" -noout -pubkey 2>/dev/null | sha256sum)
	[ "$key" = "$cert" ] && [ "$cert" = "$chain" ] &&
	    openssl verify -CAfile "$DIR/ca.pem" -untrusted "$DIR/chain.pem" \
	    "$DIR/cert.pem" >/dev/null 2>&1
}

step "how long a renewal takes"
begun=$(ms)
"$PKI4IPSEC" peer renew --dir "$DIR" >>"$WORK/renew.log" 2>&1 || fail "peer renew"
took=$(($(ms) - begun))
whole || fail "not whole after a quiet renewal"
pass "$took ms"

step "$ROUNDS times killed at another moment"
killed=0 switched=0
for i in $(seq "$ROUNDS"); do
	old=$(serial)
	"$PKI4IPSEC" peer renew --dir "$DIR" >>"$WORK/renew.log" 2>&1 &
	pid=$!
	sleep "$(awk -v t="$took" -v i="$i" -v n="$ROUNDS" \
	    'BEGIN { printf "%.4f", t * i / n / 1000 }')"
	if kill -9 "$pid" 2>/dev/null; then
		killed=$((killed + 1))
	fi
	wait "$pid" 2>/dev/null || true
	whole || fail "round $i: what is in use is not whole"
	[ "$(serial)" = "$old" ] || switched=$((switched + 1))
	if [ $((i % 5)) = 0 ]; then	# otherwise the next round goes on with it
		"$PKI4IPSEC" peer renew --dir "$DIR" >>"$WORK/renew.log" 2>&1 ||
		    fail "round $i: cannot be finished"
		whole || fail "round $i: not whole when finished"
	fi
done
[ "$killed" -gt 0 ] || fail "no round was killed in time"
pass "killed $killed times, $switched of them after the switch"

step "the end of it"
"$PKI4IPSEC" peer renew --dir "$DIR" >>"$WORK/renew.log" 2>&1 || fail "the last renewal"
"$PKI4IPSEC" peer renew --dir "$DIR" >>"$WORK/renew.log" 2>&1 || fail "one more"
whole || fail "not whole at the end"
curl -sf -o "$WORK/ike.crl" "$URL/crl/ike.crl" || fail "no CRL"
openssl crl -inform DER -in "$WORK/ike.crl" -noout -text >"$WORK/crl.txt"
if grep -qi "$(serial)" "$WORK/crl.txt"; then
	fail "the certificate in use is on the CRL"
fi
pass "the certificate in use is good"
is "generations left" "$(find "$DIR/generation" -mindepth 1 -maxdepth 1 | wc -l)" 1
is "keys left under way" "$(find "$DIR/renew" -name 'key.pem*' | wc -l)" 0
serve_stop
is "pki serve ended with" "$SERVE_RC" 0
