#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# processes - main and its children under signals, reloads that cannot be, and
# a server that was killed.
#
# A reload that cannot listen changes nothing; what a terminal sends to all of
# its processes is main's to decide; a child that cannot be started costs main
# no descriptors; who ends main does not wait for a child that hangs; two
# engines never work on one store.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need find
fault_begin
pki_init
serve_start

descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
said() { grep -c "$1" "$WORK/serve.log" || true; }
said_since() { [ "$(said "$1")" -gt "$2" ]; }
# ends_within SECONDS: main is gone by then, with its exit code in SERVE_RC.
ends_within() {
	local pid=$SERVE_PID begun
	begun=$(ms)
	wait_for "$1" "the end of main" sh -c "! kill -0 $pid 2>/dev/null ||
	    grep -q '^State:.Z' /proc/$pid/status"
	SERVE_RC=0
	wait "$pid" || SERVE_RC=$?
	SERVE_PID=
	pass "main ended after $(($(ms) - begun)) ms"
}

step "what a terminal sends to all"
before=$(children)
for sig in INT HUP; do
	for pid in $(children | cut -d ' ' -f 1); do
		kill -$sig "$pid"
	done
done
curl -sf -o /dev/null "$URL/ca/root.cer" || fail "the front has gone"
serve_ready || fail "not ready"
is "SIGINT and SIGHUP to the children" "$(children)" "$before"

step "a reload to an address that is taken"
"$FAULT_PYTHON" -c 'import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
print("taken", flush=True)
time.sleep(600)' $((PORT + 2)) >"$WORK/taken" </dev/null &
FAULT_PIDS+=("$!")
wait_for 10 "the address to be taken" grep -q taken "$WORK/taken"
cp "$VPN/pki4ipsec.conf" "$WORK/good.conf"
conf http "{ \"127.0.0.1:$PORT\", \"127.0.0.1:$((PORT + 2))\" }"
kill -HUP "$SERVE_PID"
wait_for 20 "a word about the reload" said_since "reload" 0
serve_ready || fail "not ready"
is "processes" "$(children)" "$before"
grep -q "reload refused.*127.0.0.1:$((PORT + 2))" "$WORK/serve.log" ||
	fail "the log does not name the address"
curl -sf -m 5 -o /dev/null "$URL/ca/root.cer" || fail "the old address is gone"
pass "refused, and the old address goes on"
kill "${FAULT_PIDS[-1]}"
wait "${FAULT_PIDS[-1]}" 2>/dev/null || true
kill -HUP "$SERVE_PID"
wait_for 20 "the reload" said_since "main: reloaded" 0
wait_for 20 "the reloaded server" serve_ready
curl -sf -m 5 -o /dev/null "http://127.0.0.1:$((PORT + 2))/ca/root.cer" ||
	fail "no second address"
pass "taken over once it is free"
cp "$WORK/good.conf" "$VPN/pki4ipsec.conf"

step "a reload turns nobody away"
cat >"$WORK/steady.py" <<'EOF2'
import os, signal, socket, sys, time
port, pid = int(sys.argv[1]), int(sys.argv[2])
def link():
    return socket.create_connection(("127.0.0.1", port), 20)
def ask(s):
    s.sendall(b"GET /ca/root.cer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = b""
    while (octets := s.recv(65536)) != b"":
        answer += octets
    assert answer.startswith(b"HTTP/1.1 200 "), answer
for n in range(3):
    # Connections on which the request comes only when the reload has begun.
    early = [link() for _ in range(20)]
    ask(link())					# who is answered came after those
    os.kill(pid, signal.SIGHUP)
    time.sleep(0.1)				# so long is its request on the way
    for s in early:
        ask(s)
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        ask(link())
EOF2
"$FAULT_PYTHON" "$WORK/steady.py" "$PORT" "$SERVE_PID" || fail "a request was lost"
wait_for 20 "the reloads" said_since "main: reloaded" 3
wait_for 20 "the reloaded server" serve_ready
pass "three reloads, and each request is answered"

step "as many addresses as the configuration takes"
many=
for i in $(seq 2 8); do
	many="$many, \"127.0.0.$i:$PORT\""
done
conf http "{ \"127.0.0.1:$PORT\"$many }"
conf https "{ \"127.0.0.1:$((PORT + 363))\"${many//:$PORT/:$((PORT + 363))} }"
n=$(said "main: reloaded")
kill -HUP "$SERVE_PID"
wait_for 20 "the reload" said_since "main: reloaded" "$n"
wait_for 20 "the reloaded server" serve_ready
for i in $(seq 8); do
	curl -sf -m 5 -o /dev/null "http://127.0.0.$i:$PORT/ca/root.cer" ||
		fail "nobody listens on 127.0.0.$i:$PORT"
	curl -skf -m 5 -o /dev/null "https://127.0.0.$i:$((PORT + 363))/ca/root.cer" ||
		fail "nobody listens on 127.0.0.$i:$((PORT + 363))"
done
pass "8 for http, 8 for https"
cp "$WORK/good.conf" "$VPN/pki4ipsec.conf"
kill -HUP "$SERVE_PID"
wait_for 20 "the reload" said_since "main: reloaded" $((n + 1))
wait_for 20 "the reloaded server" serve_ready

step "a child that cannot be started"
before=$(descriptors "$SERVE_PID")
mv "$VPN/keys/https.key.pem" "$WORK/https.key.pem"
kill -9 "$(child front)"
wait_for 30 "three attempts" said_since "could not start a process" 2
[ "$(descriptors "$SERVE_PID")" -le "$before" ] ||
	fail "main has $(descriptors "$SERVE_PID") descriptors, $before before"
pass "costs no descriptors"
mv "$WORK/https.key.pem" "$VPN/keys/https.key.pem"
wait_for 30 "the front" serve_ready
is "processes" "$(children | cut -d ' ' -f 2 | tr '\n' ' ')" "engine front signer "

step "a child that hangs"
conf hang 5s
n=$(said "main: reloaded")
kill -HUP "$SERVE_PID"
wait_for 20 "the reload" said_since "main: reloaded" "$n"
for role in signer engine front; do
	wait_for 20 "the server" serve_ready
	pid=$(child $role)
	kill -STOP "$pid"
	wait_for 30 "another $role" anew $role "$pid"
	grep -q "process hangs: ending it.*process=$role" "$WORK/serve.log" ||
		fail "the log does not say that $role hangs"
done
pass "is ended after $(grep -c "process hangs" "$WORK/serve.log") silences, and another serves"

step "not ready without a signer"
ready_says() { curl -s -m 2 "$HEALTH/readyz" | grep -q "$1"; }
mv "$VPN/keys/ike.key.pem" "$WORK/ike.key.pem"
kill -9 "$(child signer)"
wait_for 20 "/readyz to say so" ready_says "no signer"
mv "$WORK/ike.key.pem" "$VPN/keys/ike.key.pem"
wait_for 30 "the signer" serve_ready
cp "$WORK/good.conf" "$VPN/pki4ipsec.conf"
pass "/readyz: no signer"

step "SIGTERM while a child hangs"
engine=$(child engine)
template=$VPN/templates/s2s-gateway.conf
mv "$template" "$WORK/template.conf"
mkfifo "$template"		# opening it waits for somebody who writes
kill -9 "$engine"
another() { [ -n "$(child engine)" ] && [ "$(child engine)" != "$engine" ]; }
wait_for 10 "another engine" another
kill "$SERVE_PID"
ends_within 3
is "exit code" "$SERVE_RC" 0
mv "$WORK/template.conf" "$template"

step "main is killed while its engine is busy"
serve_start
engine=$(child engine)
kill -STOP "$engine"
kill -9 "$SERVE_PID"
wait "$SERVE_PID" 2>/dev/null || true
SERVE_PID=
"$PKI4IPSEC" pki serve --dir "$VPN" >"$WORK/second.log" 2>&1 && rc=0 || rc=$?
is "a server beside the old engine" "$rc" 75
pass "$(head -n 1 "$WORK/second.log")"
kill -CONT "$engine"
serve_start
wait_for 5 "the end of the old engine" sh -c "[ ! -e /proc/$engine ] ||
    grep -q '^State:.Z' /proc/$engine/status"
pass "and starts when the engine has ended"
serve_stop
is "exit code" "$SERVE_RC" 0
audit_holds
