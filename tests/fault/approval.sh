#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# approval - requests that wait for a person while engine, server, device and
# agent are killed: the device finishes by itself, and one certificate is made.
#
# R4809-3.4.4-1, R4809-3.4.11-1, C-16 (approval of a single entry)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need sqlite3 openssl
fault_begin
pki_init
sed -i -e 's/^approval = .*/approval = "manual"/' -e 's/^approval-poll = .*/approval-poll = "1s"/' \
    -e 's/^renewal-approval = .*/renewal-approval = "manual"/' \
    -e 's/^renewal-last-percent = .*/renewal-last-percent = 100/' \
    "$VPN/templates/s2s-gateway.conf"
serve_start
authorize 5

pki() { "$PKI4IPSEC" pki "$1" --dir "$VPN" "${@:2}"; }
dir() { echo "$WORK/devices/$1"; }
id_of() { sed -n 's/^id: //p' "$(ticket "$1")"; }
approve() { pki approve "$(id_of "$1")" --by ann --reason "known device" -q; }
issued() { db "select count(*) from cert where authz = (select n from authz where id = '$(id_of "$1")')"; }
state_of() { db "select state from authz where id = '$(id_of "$1")'"; }
step_of() { sed -n 's/.*"step": "\([a-z]*\)".*/\1/p' "$(dir "$1")/enroll/state.json"; }
is_at() { [ "$(step_of "$1")" = "$2" ]; }
# asks NAME OPTION...: the exit code
asks() {
	local rc=0
	"$PKI4IPSEC" peer enroll "$(ticket "$1")" --dir "$(dir "$1")" "${@:2}" \
	    >"$WORK/devices.log" 2>&1 || rc=$?
	echo $rc
}
# kill_role ROLE: and wait for another one
kill_role() {
	local pid
	pid=$(child "$1")
	kill -9 "$pid"
	wait_for 30 "another $1" anew "$1" "$pid"
}
# background LOG COMMAND...: its number in BACK
background() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null &
	BACK=$!
	FAULT_PIDS+=("$BACK")
}
kill_back() {
	kill -9 "$BACK" 2>/dev/null || true
	{ wait "$BACK" || true; } 2>/dev/null
}

step "it waits"
is "exit code" "$(asks gw1 --wait 0)" 75
is "step" "$(step_of gw1)" poll
is "certificates" "$(issued gw1)" 0
is "waiting" "$(status_of approvals waiting)" 1
pki status >"$WORK/out.log"
grep -q '1 wait: pki4ipsec pki queue' "$WORK/out.log" || fail "status does not name the queue"
rc=0
pki doctor >"$WORK/out.log" || rc=$?
is "doctor's exit code" "$rc" 3
grep -q 'try: pki4ipsec pki queue' "$WORK/out.log" || fail "doctor does not name the queue"
key=$(openssl pkey -in "$(dir gw1)/enroll/key.pem" -pubout)

step "engine, signer, server and device are killed"
kill_role engine
background "$WORK/peer.log" "$PKI4IPSEC" peer enroll "$(ticket gw1)" --dir "$(dir gw1)" \
    --wait 10m --retry-for 10m
sleep_until=$(db "select max(n) from request")
polled() { [ "$(db "select max(n) from request")" -gt "$sleep_until" ]; }
wait_for 60 "a poll" polled
kill_back
kill_role signer
is "a request of its own" "$(db 'select count(*) from approval')" 1
serve_stop
is "unreachable" "$(asks gw1 --wait 0 --retry-for 0)" 75
is "still at" "$(step_of gw1)" poll
serve_start
approve gw1
kill_role engine
is "then it has it" "$(asks gw1)" 0
is "certificates" "$(issued gw1)" 1
is "confirmed" "$(state_of gw1)" 4
[ "$(openssl x509 -in "$(dir gw1)/cert.pem" -noout -pubkey)" = "$key" ] ||
	fail "another key than at the beginning"
pass "the same key from beginning to end"

step "a renewal waits, and what is in use stays"
renews() {
	local rc=0
	"$PKI4IPSEC" peer renew --dir "$(dir gw1)" >"$WORK/devices.log" 2>&1 || rc=$?
	echo $rc
}
before=$(openssl x509 -in "$(dir gw1)/cert.pem" -noout -serial)
is "exit code" "$(renews)" 75
kill_role engine
is "in use" "$(openssl x509 -in "$(dir gw1)/cert.pem" -noout -serial)" "$before"
is "certificates" "$(issued gw1)" 1
approve gw1
renewed() { [ "$(renews)" = 0 ]; }
wait_for 60 "the renewal" renewed
[ "$(openssl x509 -in "$(dir gw1)/cert.pem" -noout -serial)" != "$before" ] ||
	fail "the same certificate"
is "certificates" "$(issued gw1)" 2

step "the agent finishes"
is "exit code" "$(asks gw2 --wait 0)" 75
agent() {
	background "$WORK/agent.log" "$PKI4IPSEC" peer run --dir "$(dir gw2)" --crl-interval 60s
}
agent
waits() { grep -q 'enrolment waits' "$WORK/agent.log"; }
wait_for 60 "the agent at work" waits
kill_back
kill_role engine
agent
wait_for 60 "the agent at work again" waits
approve gw2
ready() { grep -q '^ready$' "$WORK/agent.log"; }
wait_for 90 "the agent with its certificate" ready
is "certificates" "$(issued gw2)" 1
is "confirmed" "$(state_of gw2)" 4
"$PKI4IPSEC" peer status --dir "$(dir gw2)" >"$WORK/out.log" || fail "the agent has trouble"
pass "and does an agent's work"
kill "$BACK"
wait "$BACK" || fail "the agent does not end well"

step "told to stop while it waits"
is "exit code" "$(asks gw3 --wait 0)" 75
background "$WORK/agent.log" "$PKI4IPSEC" peer run --dir "$(dir gw3)"
wait_for 60 "the agent at work" waits
kill "$BACK"
rc=0
wait "$BACK" || rc=$?
is "exit code" "$rc" 0
pki reject "$(id_of gw3)" --by ann --reason "stolen" -q
is "the next one hears of it" "$(asks gw3)" 1
grep -q stolen "$WORK/devices.log" || fail "no reason"

step "carried by hand"
carry=$WORK/carry
is "written" "$(asks gw4 --file "$carry")" 75
is "posted" "$(post "$carry/request.crq" "$carry/response.crp")" 200
is "told to wait" "$(asks gw4 --file "$carry")" 75
grep -q 'poll.crq' "$WORK/devices.log" || fail "nothing to carry"
is "posted" "$(post "$carry/poll.crq" "$carry/poll-response.crp")" 200
cp "$carry/poll.crq" "$WORK/first.crq"
is "still waiting" "$(asks gw4 --file "$carry")" 75
cmp -s "$carry/poll.crq" "$WORK/first.crq" && fail "the same poll twice"
approve gw4
is "posted" "$(post "$carry/poll.crq" "$carry/poll-response.crp")" 200
is "to be confirmed" "$(asks gw4 --file "$carry")" 75
is "posted" "$(post "$carry/confirmation.crq" "$carry/receipt.crp")" 200
is "enrolled" "$(asks gw4 --file "$carry")" 0
is "certificates" "$(issued gw4)" 1

step "one device of a template without approval"
printf 'fqdn,label,approval\nm1.example,m1,\nm2.example,m2,manual\n' >"$WORK/m.csv"
"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template ra-machine --csv "$WORK/m.csv" \
    --out "$TICKETS" -q || fail "admin authorize"
is "not this one" "$(asks m1)" 0
is "but this one" "$(asks m2 --wait 0)" 75
"$PKI4IPSEC" admin list --dir "$VPN/admin" >"$WORK/out.log"
grep -q '^inProgress, held  *m2 ' "$WORK/out.log" || fail "the Admin does not see it"
printf 'fqdn,label,approval\nm3.example,m3,automatic\n' >"$WORK/m.csv"
rc=0
"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template s2s-gateway --csv "$WORK/m.csv" \
    --out "$TICKETS" -q 2>"$WORK/out.log" || rc=$?
is "never the other way round" "$rc" 1
"$PKI4IPSEC" admin cancel --dir "$VPN/admin" m2 -q || fail "the Admin cannot cancel it"
is "cancelled while it waited" "$(state_of m2)" 5
is "nothing waits" "$(status_of approvals waiting)" 0
audit_holds
