#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The key of the CA for devices is rolled over under three tunnels between
# gateways with agents (docs/adr/0029).  A certificate of the old CA and one of
# the new CA let one another in, whoever starts, with revocation "strict" on
# both; then both are new.  No tunnel is dropped on the way, and who is revoked
# is out, whichever CA's certificate he has.
#
# R4809-3.6.1-15: old leaf and new leaf both validate, at the daemon
# R4809-3.7.3-7: and each finds the other's issuer
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need
live_binary
live_begin

issuer_of() { openssl x509 -in "$WORK/$1/peer/cert.pem" -noout -issuer; }
serial_in_use() { cert_serial "$WORK/$1/peer/cert.pem" | tr A-F a-f; }
in_use() { grep -q "certificate in use by the daemon serial=$2" "$WORK/$1/agent.log"; }
audited() { on pki "$PKI4IPSEC" pki audit --dir "$WORK/vpn" | grep -q "$1"; }
packets() { [ "$(ping_answers "$1")" -ge "$2" ]; }
up() { sw "$1" --list-sas | grep -q "$1-$2:.*ESTABLISHED"; }
not_up() { ! up "$1" "$2"; }

# knows_next HOST: its daemon has the new CA, and trusts peers of it.
knows_next() {
	sw "$1" --list-certs --type x509 --flag ca | grep -q "IKE CA G2" &&
	grep -q 'cacerts = ".*,.*"' "$WORK/$1/swanctl/conf.d/$1.conf"
}

# again FROM TO: a new IKE SA, made by FROM, each side's certificate judged anew.
again() {
	local mark out
	sw "$1" --terminate --ike "$1-$2" >/dev/null 2>&1
	wait_for 10 "$1 and $2 to part" not_up "$2" "$1"
	wait_for 10 "$1 and $2 to part" not_up "$1" "$2"
	sw "$1" --flush-certs >/dev/null
	sw "$2" --flush-certs >/dev/null
	mark=$(log_mark "$2")
	out=$(initiate "$1" "$1-$2" 2>&1) || fail "$1 to $2: $out"
	log_since "$2" "$mark" | grep -q "authentication of '$1.example' with" ||
		fail "$2 has not authenticated $1"
	log_since "$2" "$mark" | grep -q "certificate status is good" ||
		fail "$2 has not looked at a CRL"
	pass "$1 ($(issuer_of "$1" | sed 's/.* //')) starts, $2 ($(issuer_of "$2" |
	    sed 's/.* //')) lets it in"
}

# renewed HOST: under packets, without a tunnel ended.
renewed() {
	local host=$1 log=$WORK/$1.log mark new sent got
	ping_start gw1 1 2 "$log"
	wait_for 10 "packets" packets "$log" 30
	mark=$(log_mark "$host")
	on "$host" "$PKI4IPSEC" peer renew --dir "$WORK/$host/peer" >"$WORK/$host.out" 2>&1 ||
		fail "peer renew $host: $(cat "$WORK/$host.out")"
	new=$(serial_in_use "$host")
	kill -HUP "$(cat "$WORK/$host/agent.pid")"
	wait_for 30 "$host's agent to be done" in_use "$host" "$new"
	wait_for 10 "more packets" packets "$log" $(($(ping_answers "$log") + 50))
	ping_stop "$PING_PID"
	sent=$(ping_sent "$log")
	got=$(ping_got "$log")
	# Each of its two tunnels is made anew once; charon may lose one packet then.
	[ "$got" -ge $((sent - 1)) ] || fail "$((sent - got)) of $sent packets lost"
	expect "$host's certificate" "IKE CA G2" "$(issuer_of "$host")"
	pass "$host renewed: packets lost: $((sent - got)) of $sent"
}

step "three gateways, one CA"
for n in 1 2 3; do make_host gw$n $n; done
pki_start renewal-last-percent=100
authorize gw1 gw2 gw3
for n in 1 2 3; do
	gateway_start gw$n
	agent_start gw$n --crl-interval 1s
done
initiate gw1 gw1-gw2 >/dev/null || fail "no tunnel"
initiate gw2 gw2-gw3 >/dev/null || fail "no tunnel"
expect "gw1's certificate" "IKE CA G1" "$(issuer_of gw1)"

step "the new CA is announced"
on pki "$PKI4IPSEC" pki renew --ca ike --after 15s --dir "$WORK/vpn" >"$WORK/renew.log" 2>&1 ||
    fail "pki renew: $(cat "$WORK/renew.log")"
kill -HUP "$(cat "$WORK/vpn/run/serve.lock")"
for n in 1 2 3; do
	wait_for 60 "gw$n to know the new CA" knows_next gw$n
	pass "gw$n trusts either CA"
done
up gw1 gw2 && up gw2 gw3 || fail "a tunnel was ended"
wait_for 60 "the new CA to be in use" audited "ca in use"
pass "in use, the tunnels are up"

step "gw1 new, gw2 and gw3 old"
renewed gw1
up gw2 gw3 || fail "a tunnel was ended"
expect "gw2's certificate" "IKE CA G1" "$(issuer_of gw2)"
again gw1 gw2
again gw2 gw1

step "gw1 and gw2 new, gw3 old"
renewed gw2
again gw1 gw2
again gw2 gw3
again gw3 gw2

step "revoked, whichever CA it is of"
on pki "$PKI4IPSEC" pki revoke gw3.example --dir "$WORK/vpn" >"$WORK/revoke.log" 2>&1 ||
    fail "pki revoke"
wait_for 20 "gw3 (old) to be out at gw2 (new)" not_up gw2 gw3
pass "gw3, old, is out"
on pki "$PKI4IPSEC" pki revoke gw1.example --dir "$WORK/vpn" >"$WORK/revoke.log" 2>&1 ||
    fail "pki revoke"
wait_for 20 "gw1 (new) to be out at gw2 (new)" not_up gw2 gw1
pass "gw1, new, is out"
