#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# peer-crash - `peer enroll` is ended by SIGKILL anywhere in its life, and
# given again until it is done.  Each device has exactly one certificate, for
# the key of its first request, and a folder in which nothing is left over.
#
# R4809-3.4.11-7, R4809-3.4.11-11, R4809-3.4.11-16, R4809-3.4.11-17,
# R4809-3.4.11-18
#
#	KILLS=36	in all
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

KILLS=${KILLS:-36}
DEVICES=$((2 * KILLS))	# there are; all are needed if half the kills come too late
SEED=${SEED:-$RANDOM}

fault_need sqlite3 openssl
fault_begin
note "SEED=$SEED"
RANDOM=$SEED
pki_init
serve_start
authorize "$DEVICES" dev
mkdir "$WORK/devices"

# The public key of a private key, as hex.
public() { openssl pkey -in "$1" -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64; }

options() {	# by turns: what else the device is told
	case $(($1 % 3)) in
	0) echo "--install files" ;;
	1) echo "--retry-for 0" ;;
	2) echo ;;
	esac
}
# start N: the command in the background, as PID
start() {
	# shellcheck disable=SC2046
	"$PKI4IPSEC" peer enroll "$(ticket "dev$1")" --dir "$WORK/devices/dev$1" \
	    $(options "$1") >"$WORK/devices.log" 2>&1 </dev/null &
	PID=$!
}

step "how long does it take?"
begun=$(ms)
enroll dev1 || fail "peer enroll"
took=$(($(ms) - begun))
note "$took ms"

step "killed"
killed=0
finished=0
last=1
while [ "$killed" -lt "$KILLS" ] && [ "$last" -lt "$DEVICES" ]; do
	last=$((last + 1))
	n=$last
	dir=$WORK/devices/dev$n
	key=
	for _ in 1 2 3 4 5; do
		start "$n"
		moment $((took * 2 / 3))
		kill -9 "$PID" 2>/dev/null || true
		rc=0
		wait "$PID" 2>/dev/null || rc=$?
		case $rc in
		137) killed=$((killed + 1)) ;;
		0) finished=$((finished + 1)) ;;
		*) fail "dev$n: exit $rc: $(cat "$WORK/devices.log")" ;;
		esac
		# Once a request is on disk it may have been sent: its key stays.
		if [ -z "$key" ] && [ -s "$dir/enroll/key.pem" ] && grep -qsE \
		    '"step": "(request|confirm|install)"' "$dir/enroll/state.json"; then
			key=$(public "$dir/enroll/key.pem")
		fi
		[ "$rc" != 0 ] || break
	done
	start "$n"
	rc=0
	wait "$PID" || rc=$?
	[ "$rc" = 0 ] ||
		fail "dev$n is not done when the command is repeated: exit $rc: $(cat "$WORK/devices.log")"
	[ -z "$key" ] || [ "$(public "$dir/key.pem")" = "$key" ] || fail "dev$n: another key"
	[ "$(openssl x509 -in "$dir/cert.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
	    sha256sum | cut -c 1-64)" = "$(public "$dir/key.pem")" ] ||
		fail "dev$n: key and certificate do not belong together"
done
pass "$killed kills, $finished times too late, $((last - 1)) devices finish with one key each"
[ "$killed" -ge $((KILLS * 5 / 6)) ] || fail "too few of them hit"

step "what is left"
files=$(find "$WORK/devices" -mindepth 2 -type f -printf '%P\n' | cut -d / -f 2- | sort | uniq -c |
	awk -v n="$last" '$1 != n { print $2 " is in " $1 " folders" }')
[ -z "$files" ] || fail "leftovers: $files"
pass "each folder holds: $(cd "$WORK/devices/dev1" && find . -type f -printf '%P ' | tr ' ' '\n' | sort | tr '\n' ' ')"
for kind in 'd 700' 'f 600'; do
	bad=$(find "$WORK/devices" -mindepth 1 -type "${kind% *}" ! -perm "${kind#* }" -printf '%m %P\n')
	if [ "${kind% *}" = f ]; then
		# Certificates are no secret.
		bad=$(grep -vE '^644 [^/]*/(cert|chain|ca)\.pem$' <<<"$bad" || true)
	fi
	[ -z "$bad" ] || fail "modes: $bad"
done
pass "modes"
token=$(sed -n 's/^token: //p' "$(ticket dev1)")
if grep -rqF -- "$token" "$WORK/devices"; then fail "a token is still in a folder"; fi
pass "no token is kept"

step "what the PKI knows"
is "certificates" "$(db "select count(*) from cert where identity like 'fqdn:dev%'")" "$last"
is "confirmed" "$(db "select count(*) from cert where state = 2 and identity like 'fqdn:dev%'")" \
    "$last"
is "authorizations that are spent" \
    "$(db "select count(*) from authz where state = 4 and label like 'dev%'")" "$last"
same=0
for n in $(seq "$last"); do
	known=$(db "select lower(hex(body)) from cert_body join cert using (n)
	    where identity = 'fqdn:dev$n.example'")
	[ "$known" = "$(openssl x509 -in "$WORK/devices/dev$n/cert.pem" -outform DER | od -An -v -tx1 |
	    tr -d ' \n')" ] || fail "dev$n holds another certificate than the PKI knows"
	same=$((same + 1))
done
pass "$same devices hold what the PKI has for them"

# A full disk (R4809-3.4.11-8: what cannot be installed is not lost).
step "a full disk at the device"
if ! mkdir "$WORK/small" || ! mount -t tmpfs -o size=128k,mode=700 pki4ipsec-fault "$WORK/small" 2>/dev/null; then
	note "no right to mount: not tried"
	audit_holds
	exit 0
fi
fault_clean() { umount "$WORK/small" 2>/dev/null; }
authorize 8 full
full=0
for n in $(seq 8); do
	# Room for more and more, so that each of its files is the first to fail.
	find "$WORK/small" -mindepth 1 -delete
	cat /dev/zero >"$WORK/small/ballast" 2>/dev/null || true
	truncate -s -$((n * 4096)) "$WORK/small/ballast"
	rc=0
	"$PKI4IPSEC" peer enroll "$(ticket "full$n")" --dir "$WORK/small/full$n" --retry-for 0 \
	    >"$WORK/devices.log" 2>&1 || rc=$?
	[ $rc = 0 ] && continue
	full=$((full + 1))
	[ $rc = 1 ] || fail "exit $rc with a full disk"
	grep -qi 'no space left' "$WORK/devices.log" || fail "does not say why: $(cat "$WORK/devices.log")"
	rm -f "$WORK/small/ballast"
	"$PKI4IPSEC" peer enroll "$(ticket "full$n")" --dir "$WORK/small/full$n" --retry-for 0 \
	    >"$WORK/devices.log" 2>&1 || fail "does not go on when there is room: $(cat "$WORK/devices.log")"
	[ -z "$(find "$WORK/small/full$n" -name '*.new')" ] || fail "leftovers after a full disk"
done
[ "$full" -ge 4 ] || fail "the disk was full $full times only"
pass "full at $full places, exit 1 with the reason, done when there is room"
is "certificates" "$(db "select count(*) from cert where identity like 'fqdn:full%'")" 8

step "a folder that cannot be written"
authorize 1 ro
mkdir "$WORK/ro"
mount -t tmpfs -o ro,mode=700 pki4ipsec-fault "$WORK/ro"
fault_clean() { umount "$WORK/small" "$WORK/ro" 2>/dev/null; }
rc=0
"$PKI4IPSEC" peer enroll "$(ticket ro1)" --dir "$WORK/ro/d" >"$WORK/devices.log" 2>&1 || rc=$?
is "exit code" $rc 1
grep -qi 'read-only' "$WORK/devices.log" || fail "does not say why: $(cat "$WORK/devices.log")"
is "the authorization is not spent" "$(db "select state from authz where label = 'ro1'")" 1
audit_holds
