# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# lib.sh - a real server on loopback, for the tests that hurt it and for the
# strangers that talk to it.
#
# Conditions are waited for, with an end; only processes that were started
# here (and their children) are ended, by their number; what is needed and
# not there is said, with exit code 77.

set -eu
FAULT_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
FAULT_PYTHON=/usr/bin/python3		# the one that sees the system's packages
FAULT_PASSED=0
FAULT_PIDS=()
WORK=					# folder of the test
VPN=					# of the PKI
TICKETS=				# folder
URL= PORT= HEALTH=			# where it listens
SERVE_PID=

# ---- saying ----

step() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
pass() { FAULT_PASSED=$((FAULT_PASSED + 1)); printf 'ok   %s\n' "$*"; }
skip() { printf 'SKIP %s\n' "$*"; exit 77; }

# The reason, then the end of every log there is; also from inside wait_for.
exec {FAULT_SAY}>&2
fail() {
	local log
	exec >&"$FAULT_SAY" 2>&1
	printf 'FAIL %s\n' "$*"
	if [ -n "$WORK" ]; then
		for log in "$WORK"/*.log; do
			[ -s "$log" ] || continue
			printf -- '---- %s\n' "${log##*/}"
			tail -n "${FAULT_LOG_LINES:-20}" "$log"
		done
	fi
	exit 1
}

# is WHAT GOT WANT
is() {
	[ "$2" = "$3" ] || fail "$1: $2, not $3"
	pass "$1: $2"
}

ms() { echo $(($(date +%s%N) / 1000000)); }

# wait_for SECONDS WHAT COMMAND...: until the command succeeds, or fail.
wait_for() {
	local end=$(($(ms) + $1 * 1000)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$(ms)" -lt "$end" ] || fail "gave up waiting: $what"
		sleep 0.02
	done
}

# moment MS: up to so many milliseconds, by chance (RANDOM=seed): when to
# strike, not a wait for something.
moment() {
	local t=$((RANDOM % ($1 + 1)))
	sleep $((t / 1000)).$(printf %03d $((t % 1000)))
}

# ---- beginning and end ----

fault_need() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip "no command \"$tool\""
	done
}

fault_begin() {
	if [ -z "${PKI4IPSEC:-}" ]; then
		PKI4IPSEC=$FAULT_TOP/build-release/pki4ipsec
	fi
	[ -x "$PKI4IPSEC" ] || fail "no program at $PKI4IPSEC (set PKI4IPSEC)"
	PKI4IPSEC=$(readlink -f "$PKI4IPSEC")
	fault_need curl
	[ -x "$FAULT_PYTHON" ] || skip "no $FAULT_PYTHON"
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/pki4ipsec-fault.XXXXXX")
	VPN=$WORK/vpn
	TICKETS=$WORK/tickets
	trap fault_end EXIT
	trap 'exit 130' INT TERM
	find_ports
}

# Three ports that nobody has: HTTP, the next for health, HTTPS 363 up.
find_ports() {
	PORT=$("$FAULT_PYTHON" - <<-'EOF2'
	import random, socket
	def is_free(port):
	    with socket.socket() as s:
	        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	        try:
	            s.bind(("127.0.0.1", port))
	        except OSError:
	            return False
	    return True
	for _ in range(1000):
	    port = random.randrange(20000, 31000, 2)
	    if all(map(is_free, (port, port + 1, port + 363))):
	        print(port)
	        break
	EOF2
	)
	[ -n "$PORT" ] || fail "no free ports on loopback"
	HEALTH=http://127.0.0.1:$((PORT + 1))
	URL=http://127.0.0.1:$PORT
}

fault_end() {
	local rc=$? pid
	trap - EXIT
	set +e
	[ -z "$SERVE_PID" ] || serve_stop
	for pid in ${FAULT_PIDS[@]+"${FAULT_PIDS[@]}"}; do
		kill "$pid" 2>/dev/null
	done
	type fault_clean >/dev/null 2>&1 && fault_clean
	if [ -n "${FAULT_KEEP:-}" ]; then
		note "kept: $WORK"
	elif [ -n "$WORK" ]; then
		rm -rf "$WORK"
	fi
	[ $rc != 0 ] || printf '\n%d proved\n' "$FAULT_PASSED"
	exit $rc
}

# ---- the server ----

# pki_init [OPTION...]
pki_init() {
	"$PKI4IPSEC" pki init --dir "$VPN" --name "Example VPN" --url "$URL" "$@" \
	    >"$WORK/init.log" 2>&1 || fail "pki init"
}

# conf KEY VALUE [DIR]: change one line of the configuration.
conf() {
	local file=${3:-$VPN}/pki4ipsec.conf
	grep -qE "^[[:space:]]*$1 = " "$file" || fail "no \"$1\" in $file"
	sed -i -E "s|^([[:space:]]*$1) = .*|\1 = $2|" "$file"
}

serve_start() {
	"$PKI4IPSEC" pki serve --dir "$VPN" >>"$WORK/serve.log" 2>&1 </dev/null &
	SERVE_PID=$!
	wait_for 60 "pki serve" serve_ready
}

serve_ready() {
	kill -0 "$SERVE_PID" 2>/dev/null || fail "pki serve has ended"
	curl -sf -m 2 -o /dev/null "$HEALTH/readyz"
}

# The process is gone; what it said last is its exit code, in SERVE_RC.
serve_stop() {
	local i
	kill "$SERVE_PID" 2>/dev/null || true
	for i in $(seq 1000); do
		kill -0 "$SERVE_PID" 2>/dev/null || break
		sleep 0.02
	done
	[ "$i" -lt 1000 ] || kill -9 "$SERVE_PID" 2>/dev/null || true
	SERVE_RC=0
	wait "$SERVE_PID" 2>/dev/null || SERVE_RC=$?
	SERVE_PID=
}

# "PID ROLE" of each process of the server, by role.
children() {
	local pid
	for pid in $(cat /proc/"$SERVE_PID"/task/*/children 2>/dev/null); do
		printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" \
		    2>/dev/null | sed -n 's/.* --role \([a-z]*\) .*/\1/p')"
	done | sort -k 2 | grep ' [a-z]' || true
}

child() { children | awk -v role="$1" '$2 == role { print $1; exit }'; }

# anew ROLE PID: another process than this one has the role, and serves.
anew() {
	local now
	now=$(child "$1")
	[ -n "$now" ] && [ "$now" != "$2" ] && serve_ready
}

# ---- Admin and Peers ----

# authorize N [PREFIX]: PREFIX1.ticket ...
authorize() {
	local n=$1 name=${2:-gw} i
	{
		echo fqdn,label
		for i in $(seq "$n"); do
			echo "$name$i.example,$name$i"
		done
	} >"$WORK/$name.csv"
	"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template s2s-gateway \
	    --csv "$WORK/$name.csv" --out "$TICKETS" \
	    >>"$WORK/authorize.log" 2>&1 || fail "admin authorize"
}

ticket() { echo "$TICKETS/$1.ticket"; }

# enroll NAME: true when the device is done.
enroll() {
	"$PKI4IPSEC" peer enroll "$(ticket "$1")" --dir "$WORK/devices/$1" \
	    >"$WORK/devices.log" 2>&1
}

# ---- counting ----

# db SQL: read beside the running server.
db() { sqlite3 -readonly "$VPN/pki.db" "$1"; }

# status_of SECTION NAME, from pki status --json
status_of() {
	"$PKI4IPSEC" pki status --dir "$VPN" --json | "$FAULT_PYTHON" -c '
import json, sys
print(json.load(sys.stdin)[sys.argv[1]].get(sys.argv[2], 0))' "$1" "$2"
}

audit_holds() {
	local said
	said=$("$PKI4IPSEC" pki audit --dir "$VPN" --verify) ||
		fail "the audit trail: $said"
	pass "audit: $said"
}

# ---- what passes between a device and the server ----

# proxy_start DIR [N=ACTION...], see proxy.py
proxy_start() {
	local dir=$1
	shift
	mkdir -p "$dir"
	"$FAULT_PYTHON" "$FAULT_TOP/tests/fault/proxy.py" "$PORT" "$dir" "$@" \
	    >"$dir/proxy.out" 2>&1 </dev/null &
	PROXY_PID=$!
	FAULT_PIDS+=("$PROXY_PID")
	wait_for 10 "the proxy" test -s "$dir/port"
}

proxy_stop() {
	kill "$PROXY_PID" 2>/dev/null || true
	wait "$PROXY_PID" 2>/dev/null || true
}

# by_proxy DIR NAME: the ticket of NAME goes there instead.
by_proxy() {
	sed -i "s|^url:.*|url: http://127.0.0.1:$(cat "$1/port")/cmc|" "$(ticket "$2")"
}

# post FILE OUT: prints the HTTP status; 000 if there was no answer.
post() {
	curl -s -m 60 -o "$2" -w '%{http_code}' --data-binary "@$1" -H Expect: \
	    -H 'Content-Type: application/pkcs7-mime; smime-type=CMC-Request' \
	    "$URL/cmc" || true
}
