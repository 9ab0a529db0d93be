#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `meson install` below DESTDIR: these files and no others, readable pages, a
# unit and a user that systemd takes, a program that runs from there; and of a
# Peer-only build nothing of the server's.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
cd "$TOP" || exit 1
BUILD=${BUILD:-$TOP/build-asan}
failed=0

bad() { printf 'FAIL %s\n' "$*"; failed=1; }

command -v meson >/dev/null || { echo "no meson"; exit 77; }
[ -x "$BUILD/pki4ipsec" ] || { echo "no program in $BUILD"; exit 1; }
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

EVERYTHING='bin/pki4ipsec
lib/systemd/system/pki4ipsec-peer.service
lib/systemd/system/pki4ipsec-relay.service
lib/systemd/system/pki4ipsec.service
lib/sysusers.d/pki4ipsec.conf
share/man/man1/pki4ipsec-admin.1
share/man/man1/pki4ipsec-bench.1
share/man/man1/pki4ipsec-lint.1
share/man/man1/pki4ipsec-peer.1
share/man/man1/pki4ipsec-pki.1
share/man/man1/pki4ipsec-verify.1
share/man/man1/pki4ipsec-why.1
share/man/man1/pki4ipsec.1
share/man/man5/pki4ipsec-csv.5
share/man/man5/pki4ipsec-template.5
share/man/man5/pki4ipsec-ticket.5
share/man/man5/pki4ipsec.conf.5'
PEER='bin/pki4ipsec
lib/systemd/system/pki4ipsec-peer.service
share/man/man1/pki4ipsec-lint.1
share/man/man1/pki4ipsec-peer.1
share/man/man1/pki4ipsec-verify.1
share/man/man1/pki4ipsec-why.1
share/man/man1/pki4ipsec.1
share/man/man5/pki4ipsec-ticket.5'

same() {	# WHAT WANTED FOUND
	[ "$2" = "$3" ] && return 0
	bad "$1 (< wanted, > installed)"
	diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")
}

# What would be installed from a build folder, below the prefix.
planned() {
	meson introspect --installed "$1" | /usr/bin/python3 -c '
import json, sys
for path in json.load(sys.stdin).values():
    print(path[len(sys.argv[1]) + 1:])' "$2" | LC_ALL=C sort
}

prefix_of() {
	meson introspect --buildoptions "$1" | /usr/bin/python3 -c '
import json, sys
print([o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"][0])'
}

# ---- everything ----

PREFIX=$(prefix_of "$BUILD")
DESTDIR=$WORK/root meson install -C "$BUILD" --no-rebuild >"$WORK/log" 2>&1 ||
	{ cat "$WORK/log"; bad "meson install"; exit 1; }
ROOT=$WORK/root$PREFIX
same "installed files" "$EVERYTHING" \
    "$(cd "$ROOT" && find . ! -type d | sed 's#^\./##' | LC_ALL=C sort)"
same "outside the prefix" "" \
    "$(find "$WORK/root" ! -type d ! -path "$ROOT/*")"
same "modes" "644 755" "$(find "$ROOT" -type f -printf '%m\n' | sort -u | xargs)"
[ -x "$ROOT/bin/pki4ipsec" ] || bad "the program may not be run"
"$ROOT/bin/pki4ipsec" pki init --dir "$WORK/vpn" --name Install -q >"$WORK/log" 2>&1 ||
	{ cat "$WORK/log"; bad "the installed program"; }

# Each page has its name, and is in the mansection it says.
if command -v mandoc >/dev/null; then
	for page in "$ROOT"/share/man/man?/*; do
		name=$(basename "$page") section=${page##*.}
		mandoc -T utf8 "$page" 2>"$WORK/log" | sed 's/.\x08//g' >"$WORK/text"
		[ ! -s "$WORK/log" ] || { cat "$WORK/log"; bad "$name"; }
		head -n 1 "$WORK/text" | grep -qi "^${name%.*}($section)" ||
			bad "$name: its first line is $(head -n 1 "$WORK/text")"
		grep -qE "^ +${name%.*} . " "$WORK/text" || bad "$name: no NAME"
	done
else
	echo "no mandoc: pages not read"
fi

unit=$ROOT/lib/systemd/system/pki4ipsec.service
same "program in the unit" "ExecStart=$PREFIX/bin/pki4ipsec" \
    "$(grep ^ExecStart= "$unit" | cut -d ' ' -f 1)"
if command -v systemd-analyze >/dev/null; then
	sed "s#^ExecStart=$PREFIX#ExecStart=$ROOT#" "$unit" >"$WORK/pki4ipsec.service"
	systemd-analyze verify --man=no "$WORK/pki4ipsec.service" 2>&1 |
		grep -F pki4ipsec.service >"$WORK/log"
	[ ! -s "$WORK/log" ] || { cat "$WORK/log"; bad "the unit"; }
else
	echo "no systemd-analyze: unit not read"
fi
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers --root="$WORK/root" --dry-run \
	    "$ROOT/lib/sysusers.d/pki4ipsec.conf" >"$WORK/log" 2>&1 ||
		{ cat "$WORK/log"; bad "the user"; }
fi

# ---- for devices ----

env CC="${CC:-gcc}" meson setup "$WORK/peer" -Dpki=false -Dadmin=false -Dtests=false \
    >"$WORK/log" 2>&1 || { cat "$WORK/log"; bad "meson setup for devices"; }
same "files for devices" "$PEER" "$(planned "$WORK/peer" "$(prefix_of "$WORK/peer")")"
if [ -x build-peer/pki4ipsec ]; then
	same "commands for devices" "lint peer verify why" \
	    "$(build-peer/pki4ipsec --help | awk '/^  [a-z]/ { print $1 }' |
	    sort -u | xargs)"
fi
exit $failed
