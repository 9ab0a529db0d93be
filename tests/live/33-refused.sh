#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A renewed certificate that the peer does not take (here: it cannot get a
# CRL, and is strict) ends no tunnel: the certificate before goes back into
# the daemon, the agent says so loudly, and brings the new one in when the
# peer takes it (RFC 4809, 3.5.2; R4809-3.5.2.2-1); its Admin
# hears of it (R4809-3.4.11-19).
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need
live_binary
live_begin

through() { on gw1 ping -c 1 -W 2 -I 198.51.100.1 198.51.100.2; }
serial_of() { cert_serial "$1" | tr A-F a-f; }
status() { "$PKI4IPSEC" peer status --dir "$WORK/gw1/peer" "$@"; }
well() { status -q; }
swanctl_holds() {
	[ "$(serial_of "$WORK/gw1/swanctl/x509/gw1.pem")" = "$1" ] &&
	[ "$(openssl pkey -in "$WORK/gw1/swanctl/private/gw1.pem" -pubout)" = \
	    "$(openssl x509 -in "$WORK/gw1/swanctl/x509/gw1.pem" -noout -pubkey)" ]
}

step "two gateways, a tunnel, an agent that knows what the daemon has"
for n in 1 2; do make_host gw$n $n; done
pki_start renewal-last-percent=100
authorize gw1 gw2
for n in 1 2; do gateway_start gw$n; done
agent_start gw1 --crl-interval 2s
initiate gw1 gw1-gw2 >/dev/null || fail "no tunnel"
wait_for 10 "the agent to be well" well
live_stop "$(cat "$WORK/gw1/agent.pid")"
status >"$WORK/status" && fail "well without an agent?"
expect "status says that the agent does not run" "not running" "$(cat "$WORK/status")"

step "renewed, and then the peer can get no CRL"
old=$(serial_of "$WORK/gw1/peer/cert.pem")
out=$(on gw1 "$PKI4IPSEC" peer renew --dir "$WORK/gw1/peer" 2>&1) ||
	fail "peer renew: $out"
new=$(serial_of "$WORK/gw1/peer/cert.pem")
[ "$old" != "$new" ] || fail "nothing was renewed"
live_stop "$SERVE_PID"
sw gw2 --flush-certs --type x509_crl >/dev/null
agent_start gw1 --crl-interval 2s
wait_for 30 "the refusal" agent_said gw1 "every peer refuses the new certificate"
pass "the refusal is said"
wait_for 5 "the certificate before to be back" swanctl_holds "$old"
sw gw1 --list-certs --type x509 | grep -B 20 "has private key" | tr -d ': ' |
    grep -qi "serial.*$old" || fail "the daemon has no key for it"
pass "the certificate before is in the daemon again, with its key"
through >/dev/null || fail "no packet comes through"
pass "the tunnel is up, and carries packets"
[ -d "$WORK/gw1/peer/generation/$old" ] || fail "the one before was destroyed"
[ "$(serial_of "$WORK/gw1/peer/cert.pem")" = "$new" ] || fail "the folder went back too"
rc=0
status >"$WORK/status" || rc=$?
[ $rc = 1 ] || fail "status ends with $rc"
expect "status says it" "daemon *refused" "$(cat "$WORK/status")"

step "the PKI is there again, and its Admin hears of it first"
serve_start "$WORK/vpn"
hears() {
	kill -HUP "$(cat "$WORK/gw1/agent.pid")"
	on pki "$PKI4IPSEC" admin events --all --dir "$WORK/vpn/admin" |
		grep -q 'device-failed .*every peer refuses'
}
wait_for 60 "the event" hears
pass "the Admin is told in the device's words"

step "the peer can get CRLs again"
kill -HUP "$(cat "$WORK/gw1/agent.pid")"
wait_for 30 "the new certificate" agent_said gw1 \
    "certificate in use by the daemon serial=$new"
swanctl_holds "$new" || fail "swanctl has another certificate"
through >/dev/null || fail "no packet comes through"
wait_for 10 "all to be well" well
[ ! -d "$WORK/gw1/peer/generation/$old" ] || fail "the one before is still there"
pass "the new certificate is in use, the one before destroyed"
