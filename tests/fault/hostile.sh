#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# hostile - bad input against a running server: each gets a proper CMC or
# HTTP answer or a clean cut, and the same processes go on.  Who has no valid
# proof learns nothing: unknown id, wrong token, cancelled, taken by another
# key are one answer.
#
# R5272-3.2-1, R5272-3.2.1.3.4-1, R5272-3.2.1.3.4-2, R5273-4-1, R5273-6-1,
# R5273-6-3, R5273-6.1-1, R5272-6.2.1-1, R4809-3.4.11-4, R4809-3.4.11-6,
# R4809-3.4.11-16 (see hostile.py, where each case is)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
HOSTILE=$FAULT_TOP/tests/fault/hostile.py

fault_need openssl sqlite3
fault_begin
pki_init
conf request 2s
serve_start
authorize 6 host
proxy_start "$WORK/way"
by_proxy "$WORK/way" host1
enroll host1 || fail "peer enroll host1"
children >"$WORK/children"
is "processes" "$(cut -d ' ' -f 2 "$WORK/children" | tr '\n' ' ')" "engine front signer "
certificates=$(db "select count(*) from cert")

step "bad input"
"$FAULT_PYTHON" "$HOSTILE" bear "$PORT" $((PORT + 363)) "$WORK/way/1.request" \
    >"$WORK/hostile.out" 2>&1 && rc=0 || rc=$?
cat "$WORK/hostile.out"
[ $rc = 0 ] || fail "not everything was borne"
FAULT_PASSED=$((FAULT_PASSED + $(grep -c ^ok "$WORK/hostile.out")))
is "no certificate was made" "$(db "select count(*) from cert")" "$certificates"
grep -qE 'refused|malformed' "$WORK/serve.log" ||
	fail "the log does not say why"
pass "the log says why: $(wc -l <"$WORK/serve.log") lines"
if grep -qP '[^\x20-\x7e\t]' "$WORK/serve.log"; then
	fail "octets from outside stand in the log as they are"
fi
pass "what came from outside is escaped in the log"

step "one answer for all who cannot prove"
# spoil NAME FIELD: another character in the middle of the ticket's value.
spoil() {
	"$FAULT_PYTHON" - "$(ticket "$1")" "$2" <<-'EOF2'
	import sys
	name, field = sys.argv[1:3]
	out = []
	for line in open(name):
	    if line.startswith(field + ":"):
	        key, value = line.rstrip("\n").split(": ")
	        used = sorted(set(value) - {"-"})
	        at = 2
	        while value[at] == "-":
	            at += 1
	        other = used[(used.index(value[at]) + 1) % len(used)]
	        line = key + ": " + value[:at] + other + value[at + 1:] + "\n"
	    out.append(line)
	open(name, "w").writelines(out)
	EOF2
}
# The request of a device that is refused.
refused() {
	by_proxy "$WORK/$2" "$1"
	if enroll "$1"; then
		fail "$1 ($2) was enrolled"
	fi
	[ -s "$WORK/$2/1.request" ] || fail "$1 ($2) has sent nothing"
	proxy_stop
}
way() {
	proxy_stop
	proxy_start "$WORK/$1"
}
id_of() { sed -n 's/^id: //p' "$(ticket "$1")"; }

way unknown
spoil host2 id
refused host2 unknown
way token
spoil host3 token
refused host3 token
way cancelled
# As `cancel` leaves it: no key, no way back.
sqlite3 "$VPN/pki.db" "pragma busy_timeout = 5000;
    update authz set state = 5, sealed = null where id = '$(id_of host4)'" >/dev/null
refused host4 cancelled
way taken
cp "$(ticket host5)" "$WORK/tickets/second.ticket"
enroll host5 || fail "peer enroll host5"
refused second taken
"$FAULT_PYTHON" "$HOSTILE" alike "$PORT" 50 "$WORK"/{unknown,token,cancelled,taken}/1.request \
    >"$WORK/alike.out" 2>&1 || fail "$(tail -n 1 "$WORK/alike.out")"
pass "unknown, wrong token, cancelled, taken: $(cat "$WORK/alike.out")"

step "afterwards"
enroll host6 || fail "a good device is not enrolled afterwards"
pass "a good device is enrolled"
is "the authorization with the wrong token is open" \
    "$(db "select state from authz where label = 'host3'")" 1
children | diff "$WORK/children" - || fail "a process was started again"
pass "the same processes: $(tr '\n' ',' <"$WORK/children")"
is "certificates of the fleet" \
    "$(db "select count(*) from cert where state = 2 and identity like 'fqdn:host%'")" 3
audit_holds
