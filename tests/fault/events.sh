#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# events - the Admin hears of everything at least once: the command that follows
# is killed, the server goes away and comes back, and nothing is missing.
#
#	KILLS=12	SEED=N
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

KILLS=${KILLS:-12}
SEED=${SEED:-$RANDOM}
fault_begin
note "SEED=$SEED"
RANDOM=$SEED
pki_init
serve_start

admin() { "$PKI4IPSEC" admin "$1" --dir "$VPN/admin" "${@:2}"; }
follow() {
	"$PKI4IPSEC" admin events --dir "$VPN/admin" --follow --json >"$WORK/heard.$1" 2>/dev/null &
	FOLLOW=$!
	FAULT_PIDS+=("$FOLLOW")
}
hears() { grep -q "\"event\":\"$2\".*\"name\":\"$3\"" "$WORK/heard.$1"; }

step "as it happens"
authorize 2
follow 0
enroll gw1 || fail "enroll gw1"
wait_for 20 "the event of a confirmation" hears 0 confirmed gw1
admin cancel gw2 -q
wait_for 20 "the event of a cancellation" hears 0 cancelled gw2
pass "a confirmation and a cancellation"

step "the server goes away and comes back"
serve_stop
serve_start
admin revoke gw1 -q
wait_for 40 "the event of a revocation" hears 0 revoked gw1
kill -9 "$FOLLOW"
wait "$FOLLOW" 2>/dev/null || true
pass "a revocation, by the same command"

step "killed $KILLS times"
authorize "$KILLS" k
for i in $(seq "$KILLS"); do
	follow "$i"
	admin cancel "k$i" -q
	moment 150
	kill -9 "$FOLLOW" 2>/dev/null || true
	wait "$FOLLOW" 2>/dev/null || true
done
admin events --json >"$WORK/heard.last"
is "afterwards there is nothing new" "$(admin events --json | wc -l)" 0
admin events --all --json | sort -u >"$WORK/all.txt"
# A line that was being written when the command was killed comes again.
cat "$WORK"/heard.* | grep '}$' | sort -u >"$WORK/heard.txt"
comm -23 "$WORK/all.txt" "$WORK/heard.txt" >"$WORK/missing.log"
is "not heard of, among $(wc -l <"$WORK/all.txt")" "$(wc -l <"$WORK/missing.log")" 0
