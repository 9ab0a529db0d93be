#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Revocation ends tunnels (R4809-3.7.3-1, R4809-3.7.3-2): three gateways with
# an agent each, a tunnel between every two, and packets in them.  One is
# revoked: how long after the command does its last packet come through?  The
# others keep their tunnel and lose nothing.
#
# R4945-3.2.3-7: the agent fetches the CRL from where the certificate points to.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need
live_binary
live_begin
INTERVAL_MS=2000

# agent_handed_over HOST N: so many CRLs are with its daemon.
agent_handed_over() {
	[ "$(grep -c 'crl handed over' "$WORK/$1/agent.log")" -ge "$2" ]
}
packets() { [ "$(ping_answers "$1")" -ge "$2" ]; }
# asked HOST N: its agent has asked so often.
asked() { [ "$(grep -c 'crls asked' "$WORK/$1/agent.log")" -ge "$2" ]; }
unwell() {
	local rc=0
	"$PKI4IPSEC" peer status --dir "$WORK/$1/peer" >"$WORK/$1.status" || rc=$?
	[ $rc = 1 ]
}
no_tunnel() { ! sw "$1" --list-sas | grep -q "^$2: .*ESTABLISHED"; }

step "three gateways, tunnels between all of them, an agent on each"
for n in 1 2 3; do make_host gw$n $n; done
pki_start
authorize gw1 gw2 gw3
for n in 1 2 3; do
	gateway_start gw$n
	agent_start gw$n --crl-interval 2s -v
done
initiate gw1 gw1-gw2 >/dev/null || fail "no tunnel gw1-gw2"
initiate gw1 gw1-gw3 >/dev/null || fail "no tunnel gw1-gw3"
initiate gw2 gw2-gw3 >/dev/null || fail "no tunnel gw2-gw3"
for n in 1 2 3; do
	wait_for 10 "gw$n: the CRLs of both CAs" agent_handed_over gw$n 2
done
pass "every agent has given both CAs' CRLs to its daemon"
out=$("$PKI4IPSEC" peer status --dir "$WORK/gw1/peer") || fail "status: $out"
expect "status says that all is well" "agent *good" "$out"

step "revoked, under packets"
# On gw3 charon has forgotten whom it has met, as it does after 32 others: its
# agent has not.
wait_for 10 "gw3's agent to have met gw2" asked gw3 \
    $(($(grep -c 'crls asked' "$WORK/gw3/agent.log") + 2))
sw gw3 --flush-certs --type x509 >/dev/null
sw gw3 --list-certs --type x509 | grep -q gw2.example && fail "gw3 has not forgotten"
ping_start gw1 1 2 "$WORK/revoked.log"
revoked=$PING_PID
ping_start gw1 1 3 "$WORK/other.log"
other=$PING_PID
wait_for 10 "packets" packets "$WORK/revoked.log" 50
wait_for 10 "packets" packets "$WORK/other.log" 50
serial=$(cert_serial "$WORK/gw2/swanctl/x509/gw2.pem")
t=$(ms)
out=$(on pki "$PKI4IPSEC" admin revoke --dir "$WORK/vpn/admin" gw2.example \
    --reason keyCompromise 2>&1) || fail "admin revoke: $out"
note "admin revoke took $(($(ms) - t)) ms"
wait_for 10 "gw1 to end its tunnel" no_tunnel gw1 gw1-gw2
wait_for 10 "gw3 to end its tunnel" no_tunnel gw3 gw3-gw2
ping_stop "$revoked"
last=$(($(ping_last "$WORK/revoked.log") - t))
note "from the command to the last packet: $last ms, asking every $INTERVAL_MS ms"
[ "$last" -lt $((2 * INTERVAL_MS)) ] || fail "$last ms is too long"
pass "the last packet came $last ms after the command"

step "the revoked one stays out"
initiate gw2 gw2-gw1 >/dev/null && fail "gw2 came back to gw1"
initiate gw1 gw1-gw2 >/dev/null && fail "gw1 took gw2 back"
initiate gw2 gw2-gw3 >/dev/null && fail "gw2 came back to gw3"
pass "neither side brings it back"
wait_for 10 "gw2's agent to notice" agent_said gw2 "this device is revoked"
wait_for 10 "gw2's status" unwell gw2
expect "the revoked device says so itself" "revoked" "$(cat "$WORK/gw2.status")"

step "the others go on"
wait_for 20 "more packets" packets "$WORK/other.log" \
    $(($(ping_answers "$WORK/other.log") + 100))
ping_stop "$other"
sent=$(ping_sent "$WORK/other.log")
got=$(ping_got "$WORK/other.log")
[ "$sent" -gt 100 ] && [ "$got" = "$sent" ] ||
	fail "$sent packets to gw3, $got answers"
pass "gw1 to gw3: $got answers to $sent packets"
