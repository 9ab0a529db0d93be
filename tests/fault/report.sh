#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# report - a daemon that does not take the certificate which its device has
# confirmed.
#
# The Admin hears of it, in the daemon's words, although all was well when the
# certificate was confirmed; once, however often it is tried; also if the PKI
# is not there at first (docs/adr/0035).
#
# R4809-3.4.11-19 (errors on the device's side reach the Admin)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl sqlite3
fault_begin
pki_init
sed -i -E 's|^(renewal-last-percent) = .*|\1 = 100|' "$VPN/templates/s2s-gateway.conf"
serve_start
authorize 2
VICI=$WORK/vici.sock
"$FAULT_PYTHON" "$FAULT_TOP/tests/fault/vici.py" "$VICI" >"$WORK/vici.log" 2>&1 &
FAULT_PIDS+=("$!")
wait_for 20 "the daemon that takes nothing" test -S "$VICI"

# Enrolled, installed, with an agent; then renewed: the daemon has to be brought over.
device() {
	local dir=$WORK/devices/$1
	"$PKI4IPSEC" peer enroll "$(ticket "$1")" --dir "$dir" --install strongswan \
	    --swanctl-dir "$WORK/swanctl/$1" --no-load >"$WORK/devices.log" 2>&1 ||
		fail "peer enroll"
	"$PKI4IPSEC" peer run --dir "$dir" --install strongswan --vici "unix://$2" \
	    --swanctl-dir "$WORK/swanctl/$1" --crl-interval 5s >"$WORK/run-$1.log" 2>&1 &
	FAULT_PIDS+=("$!")
	AGENT=$!
	wait_for 20 "the agent of $1" grep -q '^ready$' "$WORK/run-$1.log"
}
renewed() {
	"$PKI4IPSEC" peer renew --dir "$WORK/devices/$1" >"$WORK/devices.log" 2>&1 ||
		fail "peer renew"
}
events() { "$PKI4IPSEC" admin events --all --dir "$VPN/admin"; }
said() { events | grep -q "device-failed .*$1.*$2"; }
tried() { [ "$(grep -c 'change kind=' "$WORK/run-$1.log")" -ge "$2" ]; }

step "the daemon refuses what it is to load"
device gw1 "$VICI"
renewed gw1
kill -HUP "$AGENT"
wait_for 60 "the event" said gw1 'no room left in'
pass "$(events | grep -o 'device-failed.*' | cut -c 1-110)"
kill -HUP "$AGENT"
wait_for 60 "another try" tried gw1 2
is "events of it" "$(db "select count(*) from event where kind = 16")" 1
is "certificates in use" "$(status_of certificates confirmed)" 2

step "no daemon at all, and no PKI either"
device gw2 "$WORK/nothing.sock"
renewed gw2
serve_stop
kill -HUP "$AGENT"
wait_for 60 "the third failure" tried gw2 3
serve_start
told() {
	kill -HUP "$AGENT"
	said gw2 .
}
wait_for 90 "the event" told
pass "$(events | grep -o 'device-failed  *gw2.*' | cut -c 1-110)"
is "in the audit trail" "$(db "select count(*) from audit where action like 'device cannot%'")" 2
audit_holds
