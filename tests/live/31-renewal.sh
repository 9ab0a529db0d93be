#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Renewal is invisible (R4809-3.5.2.2-1, R4809-3.5.2-10, R4809-3.5.2-15): two
# gateways with an agent each and 100 packets a second between them.  One
# renews with a new key, then with the same one, then the other does.  What
# the OTHER side was shown afterwards is the new certificate, and the one
# before, revoked as superseded, ends no tunnel.
#
# No packet is lost by the change itself.  One may be by charon: its responder
# sends in a new CHILD SA before its initiator can have it, a millisecond or
# two here; what falls into that is one packet at most, and is said.
#
# R4809-1.3-3: before its end, and without a gap
# R4809-3.1.6-3: one certificate for IKE and for its own renewal
# SEED-20: unattended
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need
live_binary
live_begin

LOST=0
SENT=0

serial_in_use() { cert_serial "$WORK/$1/peer/cert.pem" | tr A-F a-f; }
packets() { [ "$(ping_answers "$1")" -ge "$2" ]; }
handed_over() { [ "$(grep -c 'crl handed over' "$WORK/$1/agent.log")" -ge 2 ]; }

# in_use HOST SERIAL: its agent says that the daemon presents it, to all.
in_use() {
	grep -q "certificate in use by the daemon serial=$2" "$WORK/$1/agent.log"
}

# sas HOST: how many IKE SAs are established.
sas() { sw "$1" --list-sas | grep -c ESTABLISHED; }
one_sa() { [ "$(sas "$1")" = 1 ]; }

# knows HOST SERIAL: its daemon was shown that certificate; charon keeps it.
knows() {
	sw "$1" --list-certs --type x509 | tr -d ': ' | grep -qi "serial.*$2"
}

# renewed HOST OTHER KEY: under packets from gw1 to gw2.
renewed() {
	local host=$1 other=$2 key=$3 old new log out mark sent got t keys
	log=$WORK/$host-$key.log
	step "$host renews with $key key"
	old=$(serial_in_use "$host")
	keys=$(openssl pkey -in "$WORK/$host/peer/key.pem" -pubout)
	knows "$other" "$old" || fail "$other does not know the one before"
	mark=$(log_mark "$other")
	ping_start gw1 1 2 "$log"
	wait_for 10 "packets" packets "$log" 30
	t=$(ms)
	out=$(on "$host" "$PKI4IPSEC" peer renew --dir "$WORK/$host/peer" \
	    "--$key-key" 2>&1) || fail "peer renew: $out"
	new=$(serial_in_use "$host")
	[ "$new" != "$old" ] || fail "nothing was renewed: $out"
	kill -HUP "$(cat "$WORK/$host/agent.pid")"
	wait_for 30 "$host's agent to be done" in_use "$host" "$new"
	note "in use, and proved, $(($(ms) - t)) ms after the command began"
	wait_for 10 "more packets" packets "$log" $(($(ping_answers "$log") + 50))
	ping_stop "$PING_PID"
	sent=$(ping_sent "$log")
	got=$(ping_got "$log")
	note "$sent packets, $got answers"
	[ "$got" -ge $((sent - 1)) ] || fail "$((sent - got)) of $sent packets lost"
	LOST=$((LOST + sent - got))
	SENT=$((SENT + sent))
	pass "packets lost: $((sent - got)) of $sent"
	log_since "$other" "$mark" | grep -q "authentication of '$host.example' with" ||
		fail "$host has not authenticated itself to $other again"
	knows "$other" "$new" || fail "$other was not shown $new"
	pass "$other was shown the new certificate"
	wait_for 10 "one IKE SA on $host" one_sa "$host"
	wait_for 10 "one IKE SA on $other" one_sa "$other"
	pass "one IKE SA is left"
	[ "$(cert_serial "$WORK/$host/swanctl/x509/$host.pem" | tr A-F a-f)" = "$new" ] ||
		fail "swanctl's certificate is another"
	case $key in
	new) [ "$(openssl pkey -in "$WORK/$host/peer/key.pem" -pubout)" != "$keys" ] ;;
	same) [ "$(openssl pkey -in "$WORK/$host/peer/key.pem" -pubout)" = "$keys" ] ;;
	esac || fail "not $key key"
	[ "$(sw "$host" --list-certs --type x509 | grep -c "has private key")" -ge 1 ] ||
		fail "no certificate with a key"
	[ ! -e "$WORK/$host/peer/generation/$old" ] ||
		fail "the generation before is still there"
	pass "the generation before is destroyed"
	crl_has "$(cert_crl "$WORK/$host/peer/cert.pem")" "$old" ||
		fail "the certificate before is not on the CRL"
	wait_for 10 "$other to have that CRL" crl_reached "$other"
	one_sa "$other" && one_sa "$host" || fail "the tunnel was ended"
	pass "the certificate before is superseded, and the tunnel up"
}

# The number of the CRL that its agent has handed over last is the server's.
crl_reached() {
	local number
	number=$(openssl crl -inform DER -in "$WORK/crl.der" -noout -crlnumber |
	    sed 's/.*=\(0x\)\{0,1\}//' | tr A-F a-f)
	grep "crl handed over" "$WORK/$1/agent.log" | grep -qi "number=0*$number "
}

step "two gateways with an agent each"
for n in 1 2; do make_host gw$n $n; done
pki_start renewal-last-percent=100
authorize gw1 gw2
for n in 1 2; do
	gateway_start gw$n
	agent_start gw$n --crl-interval 2s
done
initiate gw1 gw1-gw2 >/dev/null || fail "no tunnel"
for n in 1 2; do
	wait_for 10 "gw$n: the CRLs of both CAs" handed_over gw$n
done
pass "tunnel up"

renewed gw1 gw2 new
renewed gw1 gw2 same
renewed gw2 gw1 new
renewed gw2 gw1 same
note "packets lost in four renewals: $LOST of $SENT"
