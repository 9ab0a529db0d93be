#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# backup - a copy taken while the server runs is whole, a damaged one makes no
# PKI, and a ticket used since the backup is worth nothing in what is made of it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need sqlite3
fault_begin
pki_init
serve_start
authorize 3

pki() { "$PKI4IPSEC" pki "$@"; }
refused() {	# refused TEXT COMMAND...: it fails, says TEXT and leaves nothing
	local text=$1
	shift
	if "$@" >"$WORK/out.log" 2>"$WORK/err.log"; then
		fail "went through: $*"
	elif ! grep -qF -- "$text" "$WORK/err.log"; then
		fail "says: $(cat "$WORK/err.log"), not: $text"
	else
		pass "refused: $(head -c 120 "$WORK/err.log")"
	fi
	is "left behind" "$(find "$WORK" -maxdepth 1 -name '*.new-*' -o -maxdepth 1 \
	    -name none | wc -l)" 0
}

step "while the server enrols"
enroll gw1 || fail "enroll gw1"
pki backup --dir "$VPN" --out "$WORK/bare" >"$WORK/out.log" || fail "pki backup"
pki backup --dir "$VPN" --out "$WORK/whole" --with-keys >"$WORK/out.log" || fail "pki backup"
is "keys without --with-keys" "$(find "$WORK/bare" -name 'keys' | wc -l)" 0
is "journals in a backup" "$(find "$WORK/whole" -name journal | wc -l)" 0
is "readable by others" "$(find "$WORK/bare" "$WORK/whole" -type f -perm /077 \
    -not -path '*/certs/*' | wc -l)" 0
refused "nothing is overwritten" pki backup --dir "$VPN" --out "$WORK/bare"
enroll gw2 || fail "enroll gw2"
pki doctor --dir "$VPN" >"$WORK/out.log" || fail "doctor: $(cat "$WORK/out.log")"
serve_stop

step "what cannot serve gets no name"
refused "there are no keys" pki restore --from "$WORK/bare" --dir "$WORK/none"
cp -a "$WORK/whole" "$WORK/bad"
printf 'rubbish' | dd of="$WORK/bad/pki.db" bs=1 seek=4096 conv=notrunc status=none
refused "pki4ipsec:" pki restore --from "$WORK/bad" --dir "$WORK/none"
cp "$WORK/whole/pki.db" "$WORK/bad/pki.db"
cp "$VPN/keys/cmc.key.pem" "$WORK/bad/keys/ike.key.pem"
refused "rehearsal" pki restore --from "$WORK/bad" --dir "$WORK/none"
cp "$WORK/whole/keys/ike.key.pem" "$WORK/bad/keys/ike.key.pem"
sqlite3 "$WORK/bad/pki.db" "UPDATE audit SET actor = 'nobody' WHERE n = 3"
refused "row 3 of the audit trail" pki restore --from "$WORK/bad" --dir "$WORK/none"

# R4809-2.1.2-4: the token is for one time, whatever was lost.
used_ticket_is_locked() {
	local rc
	VPN=$1
	pki status --dir "$VPN" | grep -q "$2 locked" || fail "$(pki status --dir "$VPN")"
	rm -rf "$WORK/devices/gw2"
	rc=0
	pki doctor --dir "$VPN" >"$WORK/out.log" || rc=$?
	is "doctor" "$rc $(grep -c 'locked: by an operator' "$WORK/out.log")" "3 1"
	serve_start
	if enroll gw2; then
		fail "gw2's ticket worked twice"
	else
		pass "gw2: $(tail -1 "$WORK/devices.log")"
	fi
}

step "without the journal everything that was open is locked"
pki restore --from "$WORK/whole" --dir "$WORK/a" >"$WORK/out.log" 2>&1 || fail "pki restore"
used_ticket_is_locked "$WORK/a" 2
serve_stop

step "with it, what was used is locked, and the rest works"
VPN=$WORK/vpn
pki restore --from "$WORK/bare" --keys "$VPN/keys" --dir "$WORK/b" >"$WORK/out.log" 2>&1 ||
    fail "pki restore"
used_ticket_is_locked "$WORK/b" 1
enroll gw3 || fail "gw3's ticket, never used"
pass "gw3 enrols"
