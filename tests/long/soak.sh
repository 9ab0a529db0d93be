#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# soak - a fleet on certificates that live for minutes, for half an hour:
# every device renews by its own command, again and again, while the server's
# processes and the devices' commands are killed.  In the midst of it the
# issuing CA gets a new key.
#
# R4809-3.6.1-15 (a CA's new key, and not a device without a certificate)
# R4809-3.4.11-17, R4809-3.4.11-18 (after a failure the same again)
# R4809-3.5.2-2 (renewals without an Admin)
#
#	PEERS=2000 MINUTES=30 LIFE=8m KILL_EVERY=15 (seconds) KILL_ONE_IN=50 SEED=N
# shellcheck source=../fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

PEERS=${PEERS:-2000}
MINUTES=${MINUTES:-30}
LIFE=${LIFE:-8m}
KILL_EVERY=${KILL_EVERY:-15}
WORKERS=${WORKERS:-4}
KILL_ONE_IN=${KILL_ONE_IN:-50}
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
SOAK=$FAULT_TOP/tests/long/soak.py

fault_need sqlite3 openssl
fault_begin
note "SEED=$SEED"
pki_init
sed -i "s/^validity = .*/validity = \"$LIFE\"/
    s/^confirm-within = .*/confirm-within = \"3m\"/
    s/^renewal-last-percent = .*/renewal-last-percent = \"60\"/" \
    "$VPN/templates/s2s-gateway.conf"
conf burst 1000000
serve_start

step "$PEERS devices"
authorize "$PEERS" s
mkdir -p "$WORK/devices"
seq "$PEERS" | xargs -P "$WORKERS" -I {} "$PKI4IPSEC" peer enroll "$TICKETS/s{}.ticket" \
    --dir "$WORK/devices/s{}" -q >"$WORK/devices.log" 2>&1 || fail "peer enroll"
is "enrolled" "$(status_of authorizations confirmed)" $((PEERS + 1))

memory() {	# of all processes of the server, in kB
	{ echo "$SERVE_PID"; children; } | while read -r pid _; do
		cat "/proc/$pid/status"
	done | awk '/^VmRSS/ { n += $2 } END { print n }'
}

step "$MINUTES minutes of renewals, a process killed every $KILL_EVERY s or so"
begun=$(memory)
"$FAULT_PYTHON" "$SOAK" run "$WORK" "$PKI4IPSEC" $((MINUTES * 60)) "$WORKERS" "$KILL_ONE_IN" \
    >"$WORK/soak.out" 2>"$WORK/soak.log" </dev/null &
LOAD=$!
FAULT_PIDS+=("$LOAD")
running() { kill -0 "$LOAD" 2>/dev/null; }
ended() { ! running; }
pause() {	# or less, when the fleet has ended
	local end=$(($(ms) + $1))
	while running && [ "$(ms)" -lt "$end" ]; do sleep 0.1; done
}
gone() { local pid; for pid in "$@"; do [ ! -e "/proc/$pid" ] || return 1; done; }

kills=0
strike() {
	local role=$1 pid pids
	if [ "$role" = main ]; then
		mapfile -t pids < <(children | cut -d ' ' -f 1)
		kill -9 "$SERVE_PID"
		wait "$SERVE_PID" 2>/dev/null || true
		wait_for 20 "the end of main's children" gone "${pids[@]}"
		serve_start
	else
		pid=$(child "$role")
		[ -n "$pid" ] || fail "no process $role"
		kill -9 "$pid"
		wait_for 60 "another $role" anew "$role" "$pid"
	fi
	kills=$((kills + 1))
}
roll_over() {
	"$PKI4IPSEC" pki renew --ca ike --after 30s --dir "$VPN" >"$WORK/roll.log" || fail "roll-over"
	kill -HUP "$SERVE_PID"
	wait_for 60 "the server" serve_ready
	note "$(cat "$WORK/roll.log")"
}

roles=(main engine front signer)
rolled=
middle=$(($(ms) + MINUTES * 20000))
while running; do
	pause $((RANDOM % (2000 * KILL_EVERY)))
	running || break
	if [ -z "$rolled" ] && [ "$(ms)" -gt "$middle" ]; then
		roll_over
		rolled=1
	fi
	strike "${roles[RANDOM % 4]}"
done
wait "$LOAD" || fail "$(cat "$WORK/soak.out" "$WORK/soak.log")"
cat "$WORK/soak.out"
pass "$kills processes of the server killed"
note "memory of the server: $begun kB at the start, $(memory) kB at the end"

step "the books"
[ -n "$rolled" ] || fail "no roll-over in $MINUTES minutes"
for ca in ike ike-2; do
	curl -sf -o "$WORK/$ca.crl" "$URL/crl/$ca.crl" || fail "no CRL of $ca"
done
"$FAULT_PYTHON" "$SOAK" books "$WORK" "$VPN/pki.db" "IKE CA G2" "$WORK"/ike*.crl \
    >"$WORK/books.log" 2>&1 &&
    rc=0 || rc=$?
cat "$WORK/books.log"
[ "$rc" = 0 ] || fail "the books do not hold (SEED=$SEED)"
FAULT_PASSED=$((FAULT_PASSED + $(grep -c ^ok "$WORK/books.log")))
audit_holds
