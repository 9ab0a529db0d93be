#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coverage.sh [REPORT-FOLDER] - how much of src/ the tests run, by folder.
#
# Builds with gcc's counters in build-coverage, runs the tests of the build
# (unit, flow and the corpora of the harnesses) and the scripts of tests/known
# against that build, and prints lines and branches for each folder of src/.
# With a folder, an HTML report per line goes there too.  Needs gcovr.
#
# Branches are counted without those that only a failed allocation or an
# abort takes: gcovr leaves out what cannot be thrown in C.
set -u
cd "$(dirname "$0")/.." || exit 1
TOP=$PWD
BUILD=$TOP/build-coverage
LOGS=$TOP/build-logs
JOBS=${JOBS:-$(nproc)}
REPORT=${1:-}

command -v gcovr >/dev/null || {
	echo "gcovr is not installed"
	exit 77
}
mkdir -p "$LOGS"
if [ ! -f "$BUILD/build.ninja" ]; then
	CC=gcc meson setup "$BUILD" -Db_coverage=true --buildtype=debug \
	    >"$LOGS/coverage.log" 2>&1 || exit 1
fi
ninja -C "$BUILD" -j "$JOBS" >>"$LOGS/coverage.log" 2>&1 || {
	tail -n 20 "$LOGS/coverage.log"
	exit 1
}
find "$BUILD" -name '*.gcda' -delete

meson test -C "$BUILD" --no-rebuild --num-processes "$JOBS" >>"$LOGS/coverage.log" 2>&1 ||
	echo "some tests of the build failed, see build-logs/coverage.log"

# A server that is told to end writes its counters; one that is killed does not.
export BUILD PKI4IPSEC=$BUILD/pki4ipsec
export BUILD_ASAN=$BUILD BUILD_RELEASE=$BUILD
export PKI4IPSEC_ASAN=$PKI4IPSEC PKI4IPSEC_RELEASE=$PKI4IPSEC
for script in tests/known/*.sh; do
	[ -x "$script" ] || continue
	case $(basename "$script") in lib*) continue ;; esac
	"$script" >>"$LOGS/coverage.log" 2>&1
	case $? in
	0) ;;
	77) echo "skipped: $script" ;;
	*) echo "failed: $script" ;;
	esac
done

gcovr --root "$TOP" --object-directory "$BUILD" --filter 'src/' \
    --gcov-ignore-parse-errors --json-summary "$LOGS/coverage.json" \
    ${REPORT:+--html-details "$REPORT/index.html"} >>"$LOGS/coverage.log" 2>&1 || {
	tail -n 20 "$LOGS/coverage.log"
	exit 1
}
/usr/bin/python3 - "$LOGS/coverage.json" <<'END'
import json, sys
rooms = {}
for f in json.load(open(sys.argv[1]))["files"]:
    room = rooms.setdefault(f["filename"].split("/")[1], [0, 0, 0, 0])
    for i, key in enumerate(("line_covered", "line_total",
            "branch_covered", "branch_total")):
        room[i] += f[key]
def row(name, r):
    print("%-10s %6d %6d %5.1f %%   %6d %6d %5.1f %%" % (name, r[0], r[1],
        100 * r[0] / max(r[1], 1), r[2], r[3], 100 * r[2] / max(r[3], 1)))
print("%-10s %6s %6s %7s   %6s %6s %7s" % ("folder", "lines", "of", "",
    "branch", "of", ""))
for name in ("base", "crypt", "codec", "profile", "store", "net", "message",
        "pki", "admin", "peer", "main"):
    if name in rooms:
        row("src/" + name, rooms[name])
row("all", [sum(r[i] for r in rooms.values()) for i in range(4)])
END
