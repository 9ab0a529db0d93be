#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent is killed at a random point of renewal or change, twenty times.
# Each time the tunnel carries packets, key and certificate in the folder
# belong together, and the next agent goes on where the last one stopped
# (R4809-3.5.2.2-1); at the end all is as if none had died.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need
live_binary
live_begin
TIMES=${1:-20}
LONGEST_MS=2600		# a renewal with its change takes some two seconds
RANDOM=${SEED:=$$}

begins() { [ "$(grep -c 'agent begins' "$WORK/gw1/agent.log")" -ge "$1" ]; }
through() { on gw1 ping -c 1 -W 2 -I 198.51.100.1 198.51.100.2; }
public() { openssl pkey -in "$1" -pubout; }
serial_in_use() { cert_serial "$WORK/gw1/peer/cert.pem" | tr A-F a-f; }
settled() {
	grep -q "certificate in use by the daemon serial=$(serial_in_use)" \
	    "$WORK/gw1/agent.log" && [ "$(sw gw1 --list-sas | grep -c ESTABLISHED)" = 1 ]
}

whole() {
	local dir=$WORK/gw1/peer
	[ "$(public "$dir/key.pem")" = "$(openssl x509 -in "$dir/cert.pem" -noout -pubkey)" ] ||
		fail "key and certificate do not belong together"
	openssl verify -x509_strict -purpose any -CAfile "$dir/ca.pem" \
	    -untrusted "$dir/chain.pem" "$dir/cert.pem" >/dev/null ||
		fail "the chain is broken"
}

step "two gateways, a tunnel"
for n in 1 2; do make_host gw$n $n; done
pki_start renewal-last-percent=100
authorize gw1 gw2
for n in 1 2; do gateway_start gw$n; done
agent_start gw2 --crl-interval 2s
initiate gw1 gw1-gw2 >/dev/null || fail "no tunnel"
first=$(serial_in_use)

step "an agent that is killed $TIMES times (SEED=$SEED)"
for i in $(seq "$TIMES"); do
	agent_start gw1 --crl-interval 2s
	agent=$BACKGROUND
	wait_for 10 "agent $i" begins "$i"
	kill -USR1 "$agent"
	ms=$((RANDOM % LONGEST_MS))
	read -rt "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))" <> <(:)
	kill -9 "$agent" 2>/dev/null
	wait "$agent" 2>/dev/null
	through >/dev/null || fail "killed after $ms ms, time $i: no packet comes through"
	whole
	note "$(printf '%2d: after %4d ms, certificate %s' "$i" "$ms" "$(serial_in_use)")"
done
pass "$TIMES times killed: the tunnel is up, the credential whole"

step "the last one is left alone"
agent_start gw1 --crl-interval 2s
wait_for 10 "the last agent" begins $((TIMES + 1))
wait_for 60 "the last agent to settle" settled
through >/dev/null || fail "no packet comes through"
whole
last=$(serial_in_use)
[ "$last" != "$first" ] || fail "nothing was renewed"
[ "$(find "$WORK/gw1/peer/generation" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ] ||
	fail "generations are left over: $(ls "$WORK/gw1/peer/generation")"
pass "one certificate, one key, one IKE SA"
terminate gw1 gw1-gw2
initiate gw1 gw1-gw2 >/dev/null || fail "no new tunnel"
sw gw2 --list-certs --type x509 | tr -d ': ' | grep -qi "serial.*$last" ||
	fail "gw2 was shown another certificate"
pass "a new tunnel, and gw2 was shown $last"
