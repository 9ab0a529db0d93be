#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kill - each process of the server is ended by SIGKILL, again and again,
# while devices enrol, lists are authorized and certificates are revoked.
# Afterwards the books are held against what the devices have.
#
# R4809-3.4.11-6 (certificate made, never sent), R4809-3.4.11-7, R4809-3.4.11-11
# (answer or confirmation lost), R4809-3.4.11-18 (asked again, sent again)
#
#	KILLS=5		times each of main, engine, front, signer
#	SEED=N		order and moments
#
# R4809-2.2-4: enrolments, authorizations and revocations at one endpoint
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

KILLS=${KILLS:-5}
SEED=${SEED:-$RANDOM}
WORKERS=${WORKERS:-4}
FLEET=$FAULT_TOP/tests/fault/fleet.py

fault_need sqlite3
fault_begin
note "SEED=$SEED"
pki_init
serve_start
mkdir "$WORK/devices"
: >"$WORK/progress"
"$FAULT_PYTHON" "$FLEET" load "$WORK" "$PKI4IPSEC" "$URL" "$WORKERS" \
    >"$WORK/load.log" 2>&1 </dev/null &
LOAD=$!
FAULT_PIDS+=("$LOAD")

progress() { stat -c %s "$WORK/progress"; }
# The fleet goes on, or has said why not.
goes_on() {
	kill -0 "$LOAD" 2>/dev/null || fail "the fleet has stopped"
	[ "$(progress)" -ge "$1" ]
}
gone() { local pid; for pid in "$@"; do [ ! -e "/proc/$pid" ] || return 1; done; }

kill_main() {
	local pids
	mapfile -t pids < <(children | cut -d ' ' -f 1)
	kill -9 "$SERVE_PID"
	wait "$SERVE_PID" 2>/dev/null || true
	wait_for 20 "the end of main's children" gone "${pids[@]}"
	serve_start
}
kill_child() {	# kill_child ROLE
	local pid
	pid=$(child "$1")
	[ -n "$pid" ] || fail "no process $1"
	kill -9 "$pid"
	wait_for 60 "another $1" anew "$1" "$pid"
}

step "$((4 * KILLS)) kills"
seen=0
total=0
while read -r role moment; do
	# There is work, and the moment is anywhere in it.
	wait_for 60 "the fleet, before a kill of $role" goes_on $((seen + 3))
	"$FAULT_PYTHON" -c 'import sys, time; time.sleep(float(sys.argv[1]))' "$moment"
	if [ "$role" = main ]; then kill_main; else kill_child "$role"; fi
	total=$((total + 1))
	seen=$(progress)
	note "$total $role, $seen devices done"
done < <("$FAULT_PYTHON" - "$SEED" "$KILLS" <<-'EOF2'
	import random, sys
	random.seed(int(sys.argv[1]))
	roles = ["main", "engine", "front", "signer"] * int(sys.argv[2])
	random.shuffle(roles)
	for role in roles:
	    print(role, "%.3f" % random.uniform(0, 0.2))
	EOF2
)
pass "$total kills, the fleet went on; $(grep -c "finished after a crash" "$WORK/serve.log" || true) certificates finished after one"

step "the rest is finished"
wait_for 30 "the fleet, after the last kill" goes_on $((seen + 3))
touch "$WORK/stop"
ended() { ! kill -0 "$LOAD" 2>/dev/null; }
wait_for 120 "the end of the fleet" ended
wait "$LOAD" || fail "$(cat "$WORK/load.log")"
pass "$(tail -n 1 "$WORK/load.log")"

step "the books"
curl -sf -o "$WORK/last.crl" "$URL/crl/ike.crl" || fail "no CRL"
serve_stop
is "exit code" "$SERVE_RC" 0
"$FAULT_PYTHON" "$FLEET" count "$WORK" "$VPN/pki.db" >"$WORK/count.log" 2>&1 && rc=0 || rc=$?
cat "$WORK/count.log"
[ "$rc" = 0 ] || fail "the books do not hold (SEED=$SEED)"
FAULT_PASSED=$((FAULT_PASSED + $(grep -c ^ok "$WORK/count.log")))
audit_holds
