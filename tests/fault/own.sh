#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# own - the PKI's own certificates are made anew before they end, by the server
# itself, and nobody notices.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl faketime
fault_begin
pki_init
sed -i 's/^renewal-last-percent = .*/renewal-last-percent = "100"/' \
    "$VPN/templates/s2s-gateway.conf"

end_of() { openssl x509 -in "$VPN/certs/$1.pem" -noout -enddate | cut -d= -f2; }
key_of() { openssl x509 -in "$VPN/certs/$1.pem" -noout -pubkey | sha256sum; }
good_in() { openssl x509 -in "$VPN/certs/$1.pem" -noout -checkend "$2" >/dev/null; }

print_of() { openssl x509 -in "$VPN/certs/$1.pem" -noout -fingerprint -sha256; }

# The server shows its present certificate on HTTPS.
https_is_new() {
	[ "$(print_of https)" = "$(openssl s_client -connect 127.0.0.1:$((PORT + 363)) \
	    </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256)" ]
}

step "not before it is time"
before=$(print_of cmc)
"$PKI4IPSEC" pki renew --dir "$VPN" --due >"$WORK/out.log"
is "pki renew --due" "$(cat "$WORK/out.log")" "nothing to do"
is "certificate of the signer of answers" "$(print_of cmc)" "$before"

step "by hand, beside a server"
serve_start
authorize 3
key=$(key_of cmc)
"$PKI4IPSEC" pki renew --dir "$VPN" >"$WORK/out.log"
grep -q '^renewed cmc' "$WORK/out.log" || fail "not renewed"
[ "$(print_of cmc)" != "$before" ] || fail "the old certificate"
is "its key stays" "$(key_of cmc)" "$key"
kill -HUP "$SERVE_PID"
wait_for 20 "the new certificate on HTTPS" https_is_new
pass "HTTPS shows the new one"
wait_for 20 "the server" serve_ready
enroll gw1 || fail "enroll gw1 after the renewal"
enroll gw3 || fail "enroll gw3"
pass "a device believes the new signer"

step "by another user than the server's"
if [ "$(id -u)" = 0 ]; then
	chown 65534 "$VPN/run/serve.lock"
	for what in --due --sealing-key "--ca ike"; do
		# shellcheck disable=SC2086 # an option and its value
		if "$PKI4IPSEC" pki renew --dir "$VPN" $what >"$WORK/out.log" 2>&1; then
			fail "pki renew $what makes keys that the server cannot read"
		fi
		grep -q "user with number 65534" "$WORK/out.log" || fail "pki renew $what: unclear"
	done
	chown 0 "$VPN/run/serve.lock"
	[ ! -e "$VPN/keys/ike-2.key.pem" ] || fail "a key was made"
	pass "no key is made that the server cannot read"
else
	note "not as root: left out"
fi

step "another sealing key"
# Correction 1: what was sealed under the one before is good.
keys() { wc -l <"$VPN/keys/seal.key"; }
"$PKI4IPSEC" pki renew --dir "$VPN" --sealing-key >"$WORK/out.log"
is "says" "$(head -n 1 "$WORK/out.log")" "renewed sealing key"
is "keys" "$(keys)" 2
is "mode" "$(stat -c %a "$VPN/keys/seal.key")" 600
n=$(grep -c reloaded "$WORK/serve.log")
reloaded() { [ "$(grep -c reloaded "$WORK/serve.log")" -gt "$n" ]; }
kill -HUP "$SERVE_PID"
wait_for 20 "the reload" reloaded
wait_for 20 "the server" serve_ready
enroll gw2 || fail "a token from before the new key"
"$PKI4IPSEC" peer renew --dir "$WORK/devices/gw1" >"$WORK/renew.log" 2>&1 ||
    fail "a certificate from before the new key is not renewed"
authorize 1 late
enroll late1 || fail "a token under the new key"
serve_stop
cp "$VPN/keys/seal.key" "$WORK/seal.key"
head -n 1 "$WORK/seal.key" >"$VPN/keys/seal.key"
serve_start
if "$PKI4IPSEC" peer renew --dir "$WORK/devices/gw3" >"$WORK/renew.log" 2>&1; then
	fail "renewed without the key that its deed is sealed under"
fi
serve_stop
cp -p "$WORK/seal.key" "$VPN/keys/seal.key"
pass "a token and a certificate of the one before are good, as long as it is there"

step "by itself, ten months later"
before=$(print_of https) ca=$(print_of ike)
export FAKETIME_DONT_FAKE_MONOTONIC=1
faketime -f '+300d' "$PKI4IPSEC" pki serve --dir "$VPN" >>"$WORK/later.log" 2>&1 \
    </dev/null &
SERVE_PID=$!
wait_for 60 "the reload" grep -q reloaded "$WORK/later.log"
wait_for 60 "pki serve" serve_ready
for name in cmc ocsp https; do
	good_in $name $((300 * 86400 + 80 * 86400)) || fail "$name ends too soon"
	pass "$name is good for 80 days more: $(end_of $name)"
done
[ "$(print_of https)" != "$before" ] || fail "HTTPS has the old certificate"
is "reloads" "$(grep -c reloaded "$WORK/later.log")" 1
is "the CA stays" "$(print_of ike)" "$ca"
is "sealing keys" "$(keys)" 3
SERVE_PID=$(cat "$VPN/run/serve.lock")
