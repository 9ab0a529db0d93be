#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# serve - how a PKI is made, started, reloaded and stopped.
#
# `pki init` overwrites nothing and is whole or absent, also when it is killed;
# private keys are nobody else's.  `pki serve` tells its manager when it is
# ready, is alone in its folder, finishes what is in flight, and keeps its
# configuration when the new one is wrong.
#
# R4809-2.2-6 (the CA key is where the CA is), R5272-3.2-1 (each request in
# flight is answered)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need stat find openssl
fault_begin
pki_init

step "pki init"
is "private keys" "$(find "$VPN" -name '*key*' -type f | wc -l)" 8
is "private keys and tickets that others may read" \
    "$(find "$VPN" \( -name '*key*' -o -name '*.ticket' -o -name 'pki.db*' \) \
    -type f -perm /077 | wc -l)" 0
is "the folder" "$(stat -c %a "$VPN")" 700
fingerprint=$(openssl x509 -in "$VPN/certs/root.pem" -outform DER | sha256sum | cut -d ' ' -f 1)
grep -q "$fingerprint" "$WORK/init.log" || fail "init does not print the root's SHA-256"
grep -q 'pki4ipsec pki serve' "$WORK/init.log" || fail "init does not say what comes next"
while read -r file; do
	[ -f "$file" ] || fail "init names $file, which is not there"
done < <(sed -n 's/^made //p' "$WORK/init.log")
while read -r file; do
	grep -qx "made $file" "$WORK/init.log" || fail "init does not name $file"
done < <(find "$VPN" -type f ! -path '*/enroll/*' ! -path '*/admin/ticket')
pass "each file is named: $(grep -c ^made "$WORK/init.log")"

state_of() { (cd "$VPN" && find . -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum); }
before=$(state_of)
if "$PKI4IPSEC" pki init --dir "$VPN" --name Other --url "$URL" >"$WORK/again.log" 2>&1; then
	fail "init overwrites"
fi
grep -q 'nothing is overwritten\|not empty' "$WORK/again.log" || fail "init does not say why"
is "after a refused init" "$(state_of)" "$before"
for bad in "--key rsa-512" "--url ftp://x" "--key"; do
	# shellcheck disable=SC2086
	"$PKI4IPSEC" pki init --dir "$WORK/bad" --name X $bad >"$WORK/bad.log" 2>&1 && rc=0 || rc=$?
	[ "$rc" != 0 ] || fail "init takes $bad"
	[ -z "$(ls -d "$WORK"/bad* | grep -v log)" ] || fail "init $bad leaves something"
done
pass "what cannot be is refused, and leaves nothing"

step "pki init, killed"
begun=$(ms)
"$PKI4IPSEC" pki init --dir "$WORK/timed" --name Timed --url "$URL" >/dev/null 2>&1
took=$(($(ms) - begun))
absent=0
whole=0
for i in $(seq 20); do
	dir=$WORK/killed$i
	"$PKI4IPSEC" pki init --dir "$dir" --name Killed --url "$URL" >/dev/null 2>&1 &
	pid=$!
	# Anywhere in its life: this is the moment, not a wait.
	"$FAULT_PYTHON" -c 'import random, sys, time
time.sleep(random.uniform(0, float(sys.argv[1]) / 1000))' "$took"
	kill -9 $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	if [ -e "$dir" ]; then
		"$PKI4IPSEC" pki status --dir "$dir" >/dev/null 2>&1 &&
		    [ -s "$dir/admin/cert.pem" ] ||
			fail "a killed init left half a PKI in $dir"
		whole=$((whole + 1))
	else
		absent=$((absent + 1))
		"$PKI4IPSEC" pki init --dir "$dir" --name Killed --url "$URL" \
		    >/dev/null 2>"$WORK/second.log" ||
			fail "init does not work after one that was killed"
	fi
	left=$(find "$WORK" -maxdepth 1 -name "killed$i*" ! -name "killed$i" ! -name "killed$i.new-$pid")
	[ -z "$left" ] || fail "a killed init left $left"
	rm -rf "$dir" "$dir.new-$pid"
done
pass "killed 20 times within $took ms: $absent times nothing, $whole times all of it"

step "ready, alone"
cat >"$WORK/listen.py" <<'EOF2'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode(), end="", flush=True)
EOF2
"$FAULT_PYTHON" "$WORK/listen.py" "$WORK/notify" >"$WORK/notified" 2>&1 </dev/null &
FAULT_PIDS+=("$!")
wait_for 10 "the listener" grep -q listening "$WORK/notified"
conf refusal 1000
conf stop 20s
NOTIFY_SOCKET=$WORK/notify serve_start
wait_for 10 "READY=1" grep -qx READY=1 "$WORK/notified"
pass "systemd is told READY=1"
is "processes" "$(children | cut -d ' ' -f 2 | tr '\n' ' ')" "engine front signer "
"$PKI4IPSEC" pki serve --dir "$VPN" >"$WORK/second.log" 2>&1 && rc=0 || rc=$?
[ "$rc" != 0 ] || fail "two servers in one folder"
grep -q "\\b$SERVE_PID\\b" "$WORK/second.log" || fail "the second does not name $SERVE_PID"
pass "a second one is refused: $(grep -m 1 "$SERVE_PID" "$WORK/second.log")"
curl -sf -o /dev/null "$URL/ca/root.cer" || fail "the first one is disturbed"

step "reload"
max_age() { curl -s -D - -o /dev/null "$URL/crl/ike.crl" | tr -d '\r' |
	sed -n 's/.*max-age=\([0-9]*\).*/\1/p'; }
is "max-age before" "$(max_age)" 60
first=$(children)
conf max_age 61s
kill -HUP "$SERVE_PID"
wait_for 20 "the new configuration" grep -q 'reloaded' "$WORK/serve.log"
wait_for 20 "the reloaded server" serve_ready
is "max-age after" "$(max_age)" 61
grep -qx 'RELOADING=1' "$WORK/notified" || fail "systemd is not told RELOADING=1"
[ "$first" != "$(children)" ] || fail "the processes are the old ones"
second=$(children)
n=0
line_of() { grep -nE "^[[:space:]]*$1 = " "$VPN/pki4ipsec.conf" | cut -d : -f 1; }
while read -r key value range; do
	cp "$VPN/pki4ipsec.conf" "$WORK/good.conf"
	conf "$key" "$value"
	kill -HUP "$SERVE_PID"
	n=$((n + 1))
	wait_for 10 "a refusal of $key = $value" \
	    sh -c "[ \$(grep -c 'reload refused' '$WORK/serve.log') -ge $n ]"
	said=$(grep 'reload refused' "$WORK/serve.log" | tail -n 1)
	for word in "pki4ipsec.conf:$(line_of "$key")" "$key" "${value//\"/}" "$range"; do
		grep -qF -- "$word" <<<"$said" || fail "no \"$word\" in: $said"
	done
	cp "$WORK/good.conf" "$VPN/pki4ipsec.conf"
	pass "$key = $value is refused, with file, line, value and range"
done <<'EOF2'
front 99 16
threads zwei 64
request 0s 3600
url "ftp://x" http
health "here" ADDRESS:PORT
EOF2
is "processes after refused reloads" "$(children)" "$second"
is "max-age as before" "$(max_age)" 61
kill -0 "$SERVE_PID"

step "SIGTERM with requests in flight"
# A request of a device that nobody has authorized: held back for a second.
sed "s/^id: .*/id: $(sed -n 's/^id: //p' "$VPN/admin/ticket" | rev)/
    s/^token: .*/token: $(openssl rand -hex 32)/" "$VPN/admin/ticket" >"$WORK/nobody.ticket"
"$PKI4IPSEC" peer enroll "$WORK/nobody.ticket" --dir "$WORK/nobody" \
    --file "$WORK/files" >"$WORK/nobody.log" 2>&1 && rc=0 || rc=$?
is "peer enroll --file without an answer" "$rc" 75
request=$(find "$WORK/files" -type f -name '*request*' | head -n 1)
[ -n "$request" ] || fail "no request in a file"
kids=$(children | cut -d ' ' -f 1)
answered=$("$FAULT_PYTHON" "$FAULT_TOP/tests/fault/inflight.py" "$PORT" $((PORT + 1)) \
    "$request" "$SERVE_PID" 50 2>"$WORK/inflight.log") || fail "SIGTERM loses requests"
is "answered of 100 in flight" "$answered" 100
serve_stop
is "exit code" "$SERVE_RC" 0
for pid in $kids; do
	[ ! -e "/proc/$pid" ] || fail "process $pid is still there"
done
pass "no process is left"
wait_for 5 "STOPPING=1" grep -qx STOPPING=1 "$WORK/notified"
"$PKI4IPSEC" pki status --dir "$VPN" >/dev/null || fail "the store is not whole"

step "a bad configuration at the start"
conf front 17
"$PKI4IPSEC" pki serve --dir "$VPN" >"$WORK/start.log" 2>&1 && rc=0 || rc=$?
[ "$rc" != 0 ] || fail "starts with a bad configuration"
grep -q "pki4ipsec.conf:$(line_of front)" "$WORK/start.log" ||
	fail "does not name file and line: $(cat "$WORK/start.log")"
pass "$(head -n 1 "$WORK/start.log")"
conf front 1

step "main is killed"
serve_start
kids=$(children | cut -d ' ' -f 1)
kill -9 "$SERVE_PID"
wait "$SERVE_PID" 2>/dev/null || true
gone() { for pid in $kids; do [ ! -e "/proc/$pid" ] || return 1; done; }
wait_for 10 "the end of its children" gone
pass "its children end with it"
serve_start
pass "and it starts again"
audit_holds
