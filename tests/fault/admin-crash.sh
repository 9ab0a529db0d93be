#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# admin-crash - `admin authorize` is ended by SIGKILL, loses its server, its
# answer, its disk, and is given again: each device of a list has exactly one
# authorization and one ticket that opens it.  What is no list is refused
# before anything is sent; 10 000 rows are one command.
#
# R4809-3.2.2-1, R4809-3.2.2-6 (a thousand, and more), R4809-3.2.4.4-6 (a
# repeated request is not processed again)
#
#	KILLS=36 ROWS=10000	SEED=N
#
# R4809-2.1.1-2: thousands of devices
# R4809-3.1.3-3, R4809-3.1.4-1: an Admin that begins again, a PKI that is not there
# SEED-24: one command for ten thousand
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

KILLS=${KILLS:-36}
ROWS=${ROWS:-10000}
SEED=${SEED:-$RANDOM}
SIZE=20			# rows of a small list

fault_need sqlite3
fault_begin
note "SEED=$SEED"
RANDOM=$SEED
MOUNTED=()
fault_clean() {
	local at
	for at in ${MOUNTED[@]+"${MOUNTED[@]}"}; do
		umount "$at" 2>/dev/null
	done
}
# small SIZE DIR [OPTION]: a disk of its own, or false.
small() {
	mkdir -p "$2"
	mount -t tmpfs -o "size=$1,mode=700${3:+,$3}" pki4ipsec-fault "$2" 2>/dev/null || return 1
	MOUNTED+=("$2")
}
# fill DIR PAGES: leave room for so many pages.
fill() {
	rm -f "$1/ballast"
	cat /dev/zero >"$1/ballast" 2>/dev/null || true
	truncate -s -$(($2 * 4096)) "$1/ballast"
}

pki_init
serve_start
mkdir "$WORK/devices"

# list NAME N: NAME.csv with NAME1 ... NAMEn
list() {
	local i
	echo fqdn,label >"$WORK/$1.csv"
	for ((i = 1; i <= $2; i++)); do
		echo "$1n$i.example,$1n$i"
	done >>"$WORK/$1.csv"
}
# start NAME [OPTION...]: the command in the background, as PID
start() {
	local name=$1
	shift
	"$PKI4IPSEC" admin authorize --dir "$ADMIN" --template s2s-gateway \
	    --csv "$WORK/$name.csv" --out "$TICKETS" "$@" >"$WORK/authorize.log" 2>&1 </dev/null &
	PID=$!
}
# run NAME [OPTION...]: RC
run() {
	start "$@"
	RC=0
	wait "$PID" || RC=$?
}
ADMIN=$VPN/admin

# holds NAME N: N authorizations, N tickets, the same ids; one of them is used.
holds() {
	local name=$1 n=$2 known held
	known=$(db "select label || ' ' || id from authz where label like '${name}n%' order by label")
	held=$(awk '$1 == "label:" { label[FILENAME] = $2 } $1 == "id:" { id[FILENAME] = $2 }
	    END { for (f in id) print label[f], id[f] }' "$TICKETS/${name}n"*.ticket | LC_ALL=C sort)
	[ "$(wc -l <<<"$known")" = "$n" ] ||
		fail "$name: $(wc -l <<<"$known") authorizations for $n devices"
	[ "$known" = "$held" ] || fail "$name: tickets and authorizations differ: $(diff <(echo "$known") <(echo "$held") | head -n 4)"
	[ "$(db "select count(*) from authz where label like '${name}n%' and state != 1")" = 0 ] ||
		fail "$name: not all are open"
	enroll "${name}n$((RANDOM % n + 1))" || fail "$name: a ticket does not work"
}
# again NAME: until it is done; 75 says that this helps.
again() {
	local i
	for i in $(seq 20); do
		run "$@"
		[ "$RC" != 0 ] || return 0
		[ "$RC" = 75 ] || fail "$1: exit $RC: $(cat "$WORK/authorize.log")"
	done
	fail "$1: still 75"
}
no_leftovers() {
	local left
	left=$(find "$TICKETS" "$ADMIN" \( -name '*.new' -o -name new \) -printf '%P ')
	[ -z "$left" ] || fail "left over: $left"
	left=$(find "$TICKETS" -name '*.ticket' | sed -nE '/n[0-9]+-[^/]*\.ticket$/p')
	[ -z "$left" ] || fail "a second ticket: $left"
}

step "killed"
list timed $SIZE
begun=$(ms)
run timed
took=$(($(ms) - begun))
is "exit code" "$RC" 0
note "$took ms"
killed=0
late=0
round=0
while [ "$killed" -lt "$KILLS" ] && [ "$round" -lt $((3 * KILLS)) ]; do
	round=$((round + 1))
	list "r$round" $SIZE
	for _ in 1 2 3 4; do
		start "r$round"
		moment "$took"
		kill -9 "$PID" 2>/dev/null || true
		RC=0
		wait "$PID" 2>/dev/null || RC=$?
		case $RC in
		137) killed=$((killed + 1)) ;;
		0) late=$((late + 1)); break ;;
		*) fail "r$round: exit $RC: $(cat "$WORK/authorize.log")" ;;
		esac
	done
	run "r$round"
	[ "$RC" = 0 ] || fail "r$round: given again, exit $RC: $(cat "$WORK/authorize.log")"
	holds "r$round" $SIZE
done
[ "$killed" -ge $((KILLS * 5 / 6)) ] || fail "only $killed kills"
pass "$killed kills in $round lists of $SIZE, $late times too late: one authorization, one ticket each"
run r1
is "exit code when there is nothing to do" "$RC" 0
grep -q '^nothing to do' "$WORK/authorize.log" || fail "does not say that there was nothing to do"
no_leftovers
pass "nothing is left over"

step "the server is killed"
busy=0
for i in $(seq 8); do
	list "s$i" $SIZE
	start "s$i"
	moment "$took"
	role=$([ $((i % 2)) = 0 ] && echo engine || echo signer)
	victim=$(child "$role")
	[ -n "$victim" ] || fail "no process $role"
	kill -9 "$victim"
	RC=0
	wait "$PID" || RC=$?
	case $RC in
	0) ;;
	75) busy=$((busy + 1)) ;;
	*) fail "s$i: exit $RC: $(cat "$WORK/authorize.log")" ;;
	esac
	wait_for 60 "another $role" anew "$role" "$victim"
	again "s$i"
	holds "s$i" $SIZE
done
pass "8 times, $busy of them told to try again: one authorization, one ticket each"

step "an answer is lost"
for i in 1 2 3; do
	list "l$i" $SIZE
	proxy_start "$WORK/way$i" "$i=lose"
	run "l$i" --url "http://127.0.0.1:$(cat "$WORK/way$i/port")/cmc"
	# The last one only tells the PKI that the tickets are here.
	case $i:$RC in
	[12]:75 | 3:0) ;;
	*) fail "answer $i lost: exit $RC: $(cat "$WORK/authorize.log")" ;;
	esac
	proxy_stop
	again "l$i"
	# Through the proxy, the tickets name it.
	sed -i "s|^url:.*|url: $URL/cmc|" "$TICKETS/l${i}n"*.ticket
	holds "l$i" $SIZE
done
pass "the first, the second, the third: one authorization, one ticket each"

step "two at once"
list a $SIZE
list b $SIZE
start a
one=$PID
start b
two=$PID
rc1=0 rc2=0
wait "$one" || rc1=$?
wait "$two" || rc2=$?
case $rc1:$rc2 in
0:0 | 0:75 | 75:0) pass "exit codes $rc1 and $rc2" ;;
*) fail "exit codes $rc1 and $rc2: $(cat "$WORK/authorize.log")" ;;
esac
again a
again b
holds a $SIZE
holds b $SIZE
pass "one authorization, one ticket each"
no_leftovers

step "what is no list"
rows=$(db "select count(*) from authz")
refused() {	# refused WHAT WORD: exit 1, says so, sends nothing
	[ "$RC" = 1 ] || fail "$1: exit $RC: $(cat "$WORK/authorize.log")"
	grep -qi -- "$2" "$WORK/authorize.log" || fail "$1: no \"$2\" in: $(cat "$WORK/authorize.log")"
	[ "$(db "select count(*) from authz")" = "$rows" ] || fail "$1: something was sent"
	pass "$1: $(head -n 1 "$WORK/authorize.log" | sed "s|$WORK/||g")"
}
run missing
refused "no such file" "no such file"
mkdir "$WORK/folder.csv"
run folder
refused "a folder" "is a directory"
list latin 2
printf 'm\374nchen.example,M\374nchen\n' >>"$WORK/latin.csv"
run latin
refused "Latin-1" "latin.csv:4"
list wide 2
iconv -f UTF-8 -t UTF-16 "$WORK/wide.csv" >"$WORK/wide.new" && mv "$WORK/wide.new" "$WORK/wide.csv"
run wide
refused "UTF-16" "UTF-16"
list many 10001
run many
refused "10001 rows" "10000 rows"

step "$ROWS rows"
peak() { awk '/^VmHWM/ { printf "%d\n", $2 / 1024 }' "/proc/$1/status"; }
list big "$ROWS"
"$FAULT_PYTHON" - "$PKI4IPSEC" "$ADMIN" "$WORK/big.csv" "$TICKETS" >"$WORK/big.log" 2>&1 <<-'EOF2' || fail "$ROWS rows: $(cat "$WORK/big.log")"
	import resource, subprocess, sys, time
	program, admin, csv, out = sys.argv[1:]
	begun = time.monotonic()
	subprocess.run([program, "admin", "authorize", "--dir", admin, "--template",
	    "s2s-gateway", "--csv", csv, "--out", out, "-q"], check=True)
	print("%.2f s, Admin %.2f s of CPU, peak %d MB" % (time.monotonic() - begun,
	    sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]),
	    resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))
EOF2
figures=$(cat "$WORK/big.log")
holds big "$ROWS"
pass "$ROWS rows: $figures; engine $(peak "$(child engine)") MB, signer $(peak "$(child signer)") MB, front $(peak "$(child front)") MB"
serve_stop
audit_holds

step "a full disk at the Admin"
if ! small 256k "$WORK/small"; then
	note "no right to mount: not tried"
	exit 0
fi
serve_start
ADMIN=$WORK/small/admin
TICKETS=$WORK/small/tickets
mkdir -m 700 "$ADMIN"
cp -p "$VPN/admin"/*.pem "$VPN/admin/admin.url" "$ADMIN"
full=0
for i in 0 1 2 4 6 9 13 18 22; do
	list "f$i" $SIZE
	rm -rf "$TICKETS"
	fill "$WORK/small" "$i"
	run "f$i"
	rm -f "$WORK/small/ballast"
	if [ "$RC" != 0 ]; then
		full=$((full + 1))
		[ "$RC" = 1 ] || fail "room for $i pages: exit $RC: $(cat "$WORK/authorize.log")"
		grep -qi 'no space left' "$WORK/authorize.log" ||
			fail "does not say why: $(cat "$WORK/authorize.log")"
	fi
	again "f$i"
	holds "f$i" $SIZE
	no_leftovers
done
[ "$full" -ge 4 ] || fail "the disk was full $full times only"
pass "full at $full places: exit 1 with the reason, whole when there is room"

step "a folder that cannot be written"
list ro 3
rows=$(db "select count(*) from authz")
mount -o remount,ro "$WORK/small"
run ro
refused "read-only" "read-only"
mount -o remount,rw "$WORK/small"
again ro
holds ro 3
serve_stop
audit_holds

step "a full disk at the PKI"
VPN=$WORK/disk/vpn
TICKETS=$WORK/tickets
small 16m "$WORK/disk" || fail "no second disk"
find_ports
pki_init
serve_start
authorize 30 before
ADMIN=$WORK/admin		# has another disk
mv "$VPN/admin" "$ADMIN"
list p $SIZE
request() { curl -s -m 30 -o /dev/null -w '%{http_code}' --data-binary "@$1" -H Expect: \
    -H 'Content-Type: application/pkcs7-mime; smime-type=CMC-Request' "$URL/cmc" || true; }
proxy_start "$WORK/wayp"
by_proxy "$WORK/wayp" before1
processes=$(children)
fill "$WORK/disk" 0
# What still fits into the log that is there is served; then there is no room.
later=0
for i in $(seq 30); do
	rc=0
	"$PKI4IPSEC" peer enroll "$(ticket "before$i")" --dir "$WORK/devices/before$i" --retry-for 0 \
	    >"$WORK/devices.log" 2>&1 || rc=$?
	case $rc in
	0) ;;
	75) later=$((later + 1)) ;;
	*) fail "before$i: exit $rc: $(cat "$WORK/devices.log")" ;;
	esac
done
run p
is "admin authorize with a full disk at the PKI" "$RC" 75
[ "$later" -ge 20 ] || fail "only $later devices were told to try again"
pass "$later of 30 devices are told to try again"
is "CRLs are served on" "$(curl -s -o /dev/null -w '%{http_code}' "$URL/crl/ike.crl")" 200
is "the request as it is" "$(request "$WORK/wayp/1.request")" 503
[ "$(children)" = "$processes" ] || fail "a process has ended"
pass "the same processes"
rm -f "$WORK/disk/ballast"
for i in $(seq 30); do
	enroll "before$i" || fail "before$i, when there is room: $(cat "$WORK/devices.log")"
done
run p
is "admin authorize when there is room" "$RC" 0
holds p $SIZE
is "certificates" "$(db "select count(*) from cert where state = 2 and identity like 'fqdn:before%'")" 30
is "reserved and never finished" "$(db "select count(*) from cert where state in (0, 1)")" 0
serve_stop
is "exit code" "$SERVE_RC" 0
audit_holds
