#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# peer - a device that is killed, fills its disk, or has a wrong clock.
#
# The device dies at each call in turn that changes a file, moves a name or
# speaks to the PKI.  Whenever that is: the same command again goes on, one
# certificate is made, and the files that are in use belong together.
#
# R4809-3.4.11-1 (an interrupted enrolment can be finished)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

DEATHS_MAX=80		# calls that may matter, and room
fault_need cc openssl sqlite3
fault_begin
pki_init
conf burst 100000
serve_start

cat >"$WORK/dying.c" <<'EOF2'
/* Die before the call number DIE_AT of those below. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void
count(void)
{
	static int	n;
	const char	*at = getenv("DIE_AT");

	if (at != NULL && ++n == atoi(at))
		kill(getpid(), SIGKILL);
}

#define DYING(type, name, params, args) \
type \
name params \
{ \
	type (*real) params = (type (*) params)dlsym(RTLD_NEXT, #name); \
	count(); \
	return real args; \
}
DYING(int, rename, (const char *a, const char *b), (a, b))
DYING(int, fsync, (int fd), (fd))
DYING(int, unlink, (const char *a), (a))
DYING(int, mkostemp, (char *a, int flags), (a, flags))
DYING(ssize_t, send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
DYING(ssize_t, recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
EOF2
cc -shared -fPIC -o "$WORK/dying.so" "$WORK/dying.c" -ldl || fail "no dying.so"
authorize $((DEATHS_MAX + 6))

device() { echo "$WORK/devices/$1"; }
install_of() {
	"$PKI4IPSEC" peer enroll "$(ticket "$1")" --dir "$(device "$1")" \
	    --install strongswan --swanctl-dir "$WORK/swanctl/$1" --no-load \
	    --retry-for 0 >"$WORK/devices.log" 2>&1
}
# dying N NAME: killed before its call number N, without the shell saying so.
dying() {
	{ DIE_AT=$1 LD_PRELOAD=$WORK/dying.so install_of "$2"; } 2>/dev/null
}
# The key, the certificate and the chain of one device belong together.
is_whole() {
	local dir
	dir=$(device "$1")
	[ "$(openssl pkey -in "$dir/key.pem" -pubout 2>&1)" = \
	    "$(openssl x509 -in "$dir/cert.pem" -noout -pubkey)" ] || fail "$1: another key"
	openssl verify -purpose any -CAfile "$dir/ca.pem" -untrusted "$dir/chain.pem" \
	    "$dir/cert.pem" >"$WORK/verify.log" 2>&1 || fail "$1: no chain"
	cmp "$dir/key.pem" "$WORK/swanctl/$1/private/$1.pem" || fail "$1: another key in use"
	[ ! -e "$dir/enroll/key.pem" ] || fail "$1: a key is left over"
	grep -q '^token: used$' "$dir/ticket" || fail "$1: the token is left over"
}
certificates() { db "select count(*) from cert"; }

step "killed at each call in turn"
before=$(certificates)
n=0
while :; do
	n=$((n + 1))
	[ "$n" -le "$DEATHS_MAX" ] || fail "no end after $DEATHS_MAX deaths"
	rc=0
	dying "$n" "gw$n" || rc=$?
	[ "$rc" = 0 ] || [ "$rc" = 137 ] || fail "gw$n: exit code $rc"
	install_of "gw$n" || fail "gw$n, killed at call $n, does not go on"
	is_whole "gw$n"
	[ "$rc" != 0 ] || break
done
is "certificates after $((n - 1)) deaths" $(($(certificates) - before)) "$n"
is "confirmed" "$(status_of authorizations confirmed)" $((n + 1))

step "killed twice in a row, everywhere"
name=gw$((n + 1))
for at in $(seq 1 $n); do
	dying "$at" "$name" && break
done
install_of "$name" || fail "$name does not go on"
is_whole "$name"
pass "$name is enrolled"

step "a wrong clock"
faketime=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
if [ -n "$faketime" ]; then
	name=gw$((n + 2))
	for clock in "1970-01-02 00:00:00" "2100-01-01 00:00:00"; do
		LD_PRELOAD=$faketime FAKETIME="@$clock" install_of "$name" && rc=0 || rc=$?
		[ "$rc" != 0 ] || fail "$name believes a PKI of another time"
		grep -q "${clock%% *}" "$WORK/devices.log" || fail "does not name its clock"
	done
	install_of "$name" || fail "$name does not go on when its clock is right"
	is_whole "$name"
	pass "is named, and nothing is lost"
else
	note "no libfaketime.so.1: the clock is as it is"
fi

step "no room"
name=gw$((n + 3))
mkdir -p "$(device "$name")"
cat >"$WORK/full.sh" <<'EOF2'
# full.sh DIR LOG COMMAND...: with so much room, a page more each time
dir=$1 log=$2
shift 2
mount -t tmpfs -o mode=0700,size=128k tmpfs "$dir" || exit 77
for pages in $(seq 0 32); do
	head -c $((131072 - 4096 * pages)) /dev/zero >"$dir/filler" 2>/dev/null
	"$@" >"$log" 2>&1 && rc=0 || rc=$?
	rm -f "$dir/filler"
	[ $rc != 0 ] || break
	[ $rc = 1 ] && grep -q 'no space left' "$log" || exit 1
done
echo "$pages"
mount -o remount,ro "$dir" || exit 1
"$@" >"$log" 2>&1 && exit 1
grep -q 'read-only' "$log" || exit 1
mount -o remount,rw "$dir" && "$@" >"$log" 2>&1
EOF2
before=$(certificates)
pages=$(unshare -m sh "$WORK/full.sh" "$(device "$name")" "$WORK/devices.log" "$PKI4IPSEC" \
    peer enroll "$(ticket "$name")" --dir "$(device "$name")" --retry-for 0 2>/dev/null) &&
    rc=0 || rc=$?
case $rc in
0)
	is "certificates" "$(certificates)" $((before + 1))
	pass "refused $pages times for want of room, then enrolled with the same key"
	;;
77) note "no file system of our own without root: its room is as it is" ;;
*) fail "no room, exit code $rc" ;;
esac
audit_holds
