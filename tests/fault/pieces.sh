#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pieces - a list that the PKI answers in pieces (corrections, 20): whatever is
# lost on the way, or killed, each device is authorized once and has its ticket.
#
# C-13 (piece by piece), C-20, R4809-3.2.2-1, R4809-3.2.4.4-1
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

SIZE=5
fault_need sqlite3 openssl
fault_begin
pki_init
conf authorize 0s		# one device in a piece
serve_start
proxy_start "$WORK/way"
PROXIED=http://127.0.0.1:$(cat "$WORK/way/port")/cmc

list() {
	local i
	{
		echo fqdn,label
		for i in $(seq $SIZE); do
			echo "$1n$i.example,$1n$i"
		done
	} >"$WORK/$1.csv"
}
# authorizes NAME: the exit code
authorizes() {
	local rc=0
	"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template s2s-gateway \
	    --csv "$WORK/$1.csv" --out "$TICKETS" --url "$PROXIED" \
	    >"$WORK/out.log" 2>"$WORK/err.log" || rc=$?
	echo $rc
}
sent() { find "$WORK/way" -name '*.request' | wc -l; }
ends() {
	is "$1: authorizations" "$(db "select count(*) from authz where label glob '$1n*'")" $SIZE
	is "$1: of different devices" "$(db "select count(distinct label) from authz
	    where label glob '$1n*'")" $SIZE
	is "$1: tickets" "$(find "$TICKETS" -name "$1n*.ticket" | wc -l)" $SIZE
	is "$1: left of its message" "$(db "select count(*) from batch where message is not null")" 0
}

step "in pieces"
list a
is "exit code" "$(authorizes a)" 0
is "pieces" "$(grep -c 'authorized.*entries=1 ' "$WORK/serve.log")" $SIZE
ends a
enroll an3 || fail "a ticket of a piece in the middle"

step "each message in turn is lost"
messages=$(sent)
note "$messages messages"
for action in drop lose; do
	for n in $(seq 2 "$messages"); do
		name=$action$n
		list "$name"
		echo "$(($(sent) + n))=$action" >"$WORK/way/actions"
		rc=$(authorizes "$name")
		: >"$WORK/way/actions"
		[ "$rc" = 75 ] || [ "$rc" = 0 ] || fail "$name: exit $rc"
		[ "$rc" = 0 ] || [ "$(authorizes "$name")" = 0 ] || fail "$name: again"
		ends "$name" >"$WORK/ends.log"
		enroll "${name}n$SIZE" || fail "$name: the last ticket"
	done
	pass "$action: one of $messages in turn"
done

step "a device is faster than the next answer"
list early
echo "$(($(sent) + 5))=lose" >"$WORK/way/actions"
is "the second piece is lost" "$(authorizes early)" 75
: >"$WORK/way/actions"
enroll earlyn1 || fail "a ticket of the first piece"
is "its tokens are still there" "$(authorizes early)" 0
ends early

step "the server is killed between two"
for n in 3 5; do
	list "kill$n"
	echo "$(($(sent) + n))+=drop" >"$WORK/way/actions"
	is "exit code" "$(authorizes "kill$n")" 75
	: >"$WORK/way/actions"
	kill -9 "$SERVE_PID"
	wait "$SERVE_PID" 2>/dev/null || true
	serve_start
	is "again" "$(authorizes "kill$n")" 0
	ends "kill$n"
done
proxy_stop
audit_holds
