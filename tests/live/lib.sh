# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# lib.sh - real daemons in network namespaces, for the live tests.
#
# Nothing here touches /etc, /run or the machine's own network: every daemon
# has its own namespace, folder and control socket.  Three things hold
# everywhere: conditions are waited for, never slept for; only processes
# that were started here are ended, by their number; what a test needs and
# does not find is said, with exit code 77.
#
#	net 192.0.2.0/24 on a bridge inside the namespace "pki" (.254);
#	host NAME N has 192.0.2.N, and 198.51.100.N behind it.

set -u
LIVE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LIVE_SERVER=192.0.2.254
LIVE_PLUGINS="random nonce x509 constraints revocation pubkey pkcs1 pkcs7
    pkcs8 pkcs12 pem openssl kdf curl kernel-libipsec kernel-netlink
    socket-default vici"
LIVE_PIDS=()
LIVE_NAMESPACES=()
LIVE_PASSED=0
WORK=			# folder of the test
SOCKETS=		# short path: a socket's may have 107 octets

# ---- saying ----

step() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
pass() { LIVE_PASSED=$((LIVE_PASSED + 1)); printf 'ok   %s\n' "$*"; }
skip() { printf 'SKIP %s\n' "$*"; exit 77; }

# The reason, then the end of every log there is.
fail() {
	local log
	printf 'FAIL %s\n' "$*" >&2
	if [ -n "$WORK" ]; then
		for log in "$WORK"/*.log "$WORK"/*/agent.log "$WORK"/*/charon.log; do
			[ -s "$log" ] || continue
			printf -- '---- %s\n' "$log" >&2
			tail -n "${LIVE_LOG_LINES:-25}" "$log" >&2
		done
	fi
	exit 1
}

ms() { echo $(($(date +%s%N) / 1000000)); }

# wait_for SECONDS WHAT COMMAND...: until the command succeeds, or fail.
wait_for() {
	local end=$(($(ms) + $1 * 1000)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$(ms)" -lt "$end" ] || fail "gave up waiting: $what"
		sleep 0.05
	done
}

# expect WHAT PATTERN TEXT
expect() {
	grep -q -e "$2" <<<"$3" || fail "$1: no \"$2\" in: $3"
	pass "$1"
}

# ---- beginning and end ----

live_need() {
	[ "$(id -u)" = 0 ] || skip "network namespaces need root"
	local tool
	for tool in ip swanctl openssl ping "$@"; do
		command -v "$tool" >/dev/null || skip "no command \"$tool\""
	done
	[ -x /usr/sbin/charon-systemd ] || skip "no charon-systemd"
	[ -c /dev/net/tun ] || skip "no /dev/net/tun"
	[ -e /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so ] ||
		skip "no kernel-libipsec plugin (libcharon-extra-plugins)"
}

# The program under test.
live_binary() {
	if [ -z "${PKI4IPSEC:-}" ]; then
		PKI4IPSEC=$LIVE_ROOT/build/pki4ipsec
	fi
	[ -x "$PKI4IPSEC" ] ||
		skip "no program at $PKI4IPSEC (set PKI4IPSEC)"
	PKI4IPSEC=$(readlink -f "$PKI4IPSEC")
}

live_begin() {
	WORK=${LIVE_WORK:-$(mktemp -d "${TMPDIR:-/tmp}/pki4ipsec-live.XXXXXX")}
	SOCKETS=$(mktemp -d /tmp/p4i.XXXXXX)
	LIVE_PREFIX=p4i$$
	trap live_end EXIT
	trap 'exit 130' INT TERM
	ip netns add "$LIVE_PREFIX-try" 2>"$WORK/netns" ||
		skip "cannot make a network namespace: $(cat "$WORK/netns")"
	ip netns del "$LIVE_PREFIX-try"
	rm -f "$WORK/netns"
	make_pki_namespace
}

live_stop() {
	local pid=$1 i
	kill "$pid" 2>/dev/null || return 0
	for i in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.05
	done
	kill -9 "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

live_end() {
	local rc=$? pid ns
	for pid in ${LIVE_PIDS[@]+"${LIVE_PIDS[@]}"}; do
		live_stop "$pid"
	done
	for ns in ${LIVE_NAMESPACES[@]+"${LIVE_NAMESPACES[@]}"}; do
		ip netns del "$ns" 2>/dev/null
	done
	[ -z "$SOCKETS" ] || rm -rf "$SOCKETS"
	if [ -n "${LIVE_KEEP:-}" ]; then
		note "kept: $WORK"
	elif [ -z "${LIVE_WORK:-}" ] && [ -n "$WORK" ]; then
		rm -rf "$WORK"
	fi
	if [ $rc = 0 ] && [ -z "${LIVE_QUIET:-}" ]; then
		printf '\n%d proved\n' "$LIVE_PASSED"
	fi
	exit $rc
}

# ---- the PKI ----

# serve_start DIR: wait until it answers at 192.0.2.254:8080.
serve_start() {
	background "$WORK/serve.log" pki "$PKI4IPSEC" pki serve --dir "$1"
	SERVE_PID=$BACKGROUND
	wait_for 20 "pki serve" serve_answers
}

serve_answers() {
	kill -0 "$SERVE_PID" 2>/dev/null ||
		fail "pki serve has ended: $(tail -n 3 "$WORK/serve.log")"
	# Ports are open before there is anybody to answer.
	listens pki $LIVE_SERVER 8080 && grep -q '^ready' "$WORK/serve.log"
}

cert_serial() { openssl x509 -in "$1" -noout -serial | cut -d= -f2; }

# The CRL's address in a certificate.
cert_crl() {
	openssl x509 -in "$1" -noout -ext crlDistributionPoints |
	    sed -n 's/.*URI:\(http:[^ ]*\).*/\1/p' | head -n 1
}

# crl_has URL SERIAL, as seen from the namespace of the PKI
crl_has() {
	on pki curl -sf "$1" -o "$WORK/crl.der" &&
	openssl crl -inform DER -in "$WORK/crl.der" -noout -text |
	    grep -q -i "Serial Number: *$2"
}

# ---- devices ----

# pki_start [KEY=VALUE...]: a PKI with its server, and what its gateways' template
# says instead.
pki_start() {
	local out word
	out=$(on pki "$PKI4IPSEC" pki init --dir "$WORK/vpn" --name "Example VPN" \
	    --url "http://$LIVE_SERVER:8080" 2>&1) || fail "pki init: $out"
	for word; do
		sed -i "s/^${word%%=*} = .*/${word%%=*} = \"${word#*=}\"/" \
		    "$WORK/vpn/templates/s2s-gateway.conf"
	done
	serve_start "$WORK/vpn"
}

# authorize HOST...: gwN at 192.0.2.N, each the others' peer; a ticket for each.
authorize() {
	local h n out
	echo label,fqdn,group,address,subnets >"$WORK/devices.csv"
	for h; do
		n=${h#gw}
		echo "$h,$h.example,site,192.0.2.$n,198.51.100.$n/32" \
		    >>"$WORK/devices.csv"
	done
	out=$(on pki "$PKI4IPSEC" admin authorize --dir "$WORK/vpn/admin" \
	    --template s2s-gateway --csv "$WORK/devices.csv" \
	    --out "$WORK/tickets" 2>&1) || fail "admin authorize: $out"
}

# gateway_start HOST: a daemon, enrolled and installed.
gateway_start() {
	local out
	charon_start "$1"
	out=$(on "$1" "$PKI4IPSEC" peer enroll "$WORK/tickets/$1.ticket" \
	    --dir "$WORK/$1/peer" --install strongswan \
	    --swanctl-dir "$WORK/$1/swanctl" --vici "$(vici_uri "$1")" 2>&1) ||
		fail "peer enroll $1: $out"
}

# agent_start HOST [WORD...]: its number is in agent.pid, its words in agent.log.
agent_start() {
	local host=$1
	shift
	background "$WORK/$host/agent.log" "$host" "$PKI4IPSEC" peer run \
	    --dir "$WORK/$host/peer" --install strongswan \
	    --swanctl-dir "$WORK/$host/swanctl" --vici "$(vici_uri "$host")" "$@"
	printf '%s\n' "$BACKGROUND" >"$WORK/$host/agent.pid"
}

agent_said() { grep -q -e "$2" "$WORK/$1/agent.log"; }

# ping_start HOST N M LOG: 100 packets a second, each answer with its time.
ping_start() {
	background "$4" "$1" ping -D -n -i 0.01 -W 2 -I "198.51.100.$2" \
	    "198.51.100.$3"
	PING_PID=$BACKGROUND
}

# ping_stop PID: let it say how many it sent and got.
ping_stop() {
	kill -INT "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# What was sent up to the last that was answered; the one under way at the
# end is nobody's loss.
ping_sent() { ping_numbers "$1" | sort -n | tail -n 1; }
ping_got() { ping_numbers "$1" | sort -u | wc -l; }
ping_numbers() { sed -n 's/.*bytes from.*icmp_seq=\([0-9]*\) .*/\1/p' "$1"; }
# When the last answer came, in milliseconds of the calendar.
ping_last() {
	sed -n 's/^\[\([0-9]*\)\.\([0-9][0-9][0-9]\).*bytes from.*/\1\2/p' "$1" |
	    tail -n 1
}
ping_answers() { grep -c "bytes from" "$1"; }

# ---- namespaces ----

# Run a command on a host.
on() {
	local host=$1
	shift
	ip netns exec "$LIVE_PREFIX-$host" "$@"
}

# background LOG HOST COMMAND...: its number is in BACKGROUND afterwards.
background() {
	local log=$1 host=$2
	shift 2
	ip netns exec "$LIVE_PREFIX-$host" "$@" >>"$log" 2>&1 </dev/null &
	BACKGROUND=$!
	LIVE_PIDS+=("$BACKGROUND")
}

# IPv6 off: an address that becomes ready a second later makes charon roam.
make_namespace() {
	local ns=$LIVE_PREFIX-$1 which
	ip netns add "$ns" || fail "could not make namespace $ns"
	LIVE_NAMESPACES+=("$ns")
	for which in all default; do
		ip netns exec "$ns" sh -c \
		    "echo 1 >/proc/sys/net/ipv6/conf/$which/disable_ipv6" \
		    2>/dev/null
	done
	ip -n "$ns" link set lo up
}

make_pki_namespace() {
	make_namespace pki
	ip -n "$LIVE_PREFIX-pki" link add br0 type bridge ||
		skip "this kernel has no bridge"
	ip -n "$LIVE_PREFIX-pki" addr add $LIVE_SERVER/24 dev br0
	ip -n "$LIVE_PREFIX-pki" link set br0 up
}

make_host() {
	local name=$1 n=$2
	make_namespace "$name"
	ip -n "$LIVE_PREFIX-pki" link add "v$n" type veth \
	    peer name eth0 netns "$LIVE_PREFIX-$name" || skip "no veth"
	ip -n "$LIVE_PREFIX-pki" link set "v$n" master br0 up
	ip -n "$LIVE_PREFIX-$name" addr add "192.0.2.$n/24" dev eth0
	ip -n "$LIVE_PREFIX-$name" link set eth0 up
	ip -n "$LIVE_PREFIX-$name" addr add "198.51.100.$n/32" dev lo
}

listens() { on "$1" bash -c "exec 3<>/dev/tcp/$2/$3"; }

# ---- strongSwan ----

# charon_start HOST: in userspace (kernel-libipsec), so any kernel will do.
charon_start() {
	local host=$1 dir=$WORK/$1
	mkdir -p "$dir"/swanctl/{conf.d,private,x509,x509ca,x509crl}
	cat >"$dir/swanctl/swanctl.conf" <<-EOF
	include conf.d/*.conf
	EOF
	cat >"$dir/strongswan.conf" <<-EOF
	charon-systemd {
	    load_modular = no
	    load = $(echo $LIVE_PLUGINS)
	    journal { default = -1 }
	    filelog {
	        log {
	            path = $dir/charon.log
	            time_format = %H:%M:%S
	            time_add_ms = yes
	            default = 1
	            flush_line = yes
	        }
	    }
	    plugins {
	        vici { socket = $(vici_uri "$host") }
	        kernel-libipsec { load = yes }
	    }
	    ${LIVE_CHARON_EXTRA:-}
	}
	swanctl { load = random x509 pubkey pkcs1 pkcs8 pem openssl }
	EOF
	STRONGSWAN_CONF=$dir/strongswan.conf \
	    background "$dir/charon.out" "$host" /usr/sbin/charon-systemd
	printf '%s\n' "$BACKGROUND" >"$dir/charon.pid"
	wait_for 15 "charon on $host" sw "$host" --stats
}

charon_stop() {
	live_stop "$(cat "$WORK/$1/charon.pid")"
	wait "$(cat "$WORK/$1/charon.pid")" 2>/dev/null
	rm -f "$SOCKETS/$1"
}

# swanctl of one host's daemon.
sw() {
	local dir=$WORK/$1 uri
	uri=$(vici_uri "$1")
	shift
	STRONGSWAN_CONF=$dir/strongswan.conf SWANCTL_DIR=$dir/swanctl \
	    swanctl "$@" --uri "$uri" 2>/dev/null
}

vici_uri() { echo "unix://$SOCKETS/$1"; }

log_mark() { wc -l <"$WORK/$1/charon.log"; }
log_since() { tail -n +$(($2 + 1)) "$WORK/$1/charon.log"; }

# initiate HOST CHILD: true when the tunnel is up.
initiate() {
	sw "$1" --initiate --child "$2" --timeout 15 --loglevel -1
}

terminate() {
	sw "$1" --terminate --ike "$2" --timeout 5 --loglevel -1 >/dev/null
}

established() { sw "$1" --list-sas | grep -q ESTABLISHED; }
not_established() { ! established "$1"; }

# ping_through FROM-HOST N M: from behind one gateway to behind another.
ping_through() {
	on "$1" ping -c 3 -i 0.2 -W 2 -I "198.51.100.$2" "198.51.100.$3"
}
