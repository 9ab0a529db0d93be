#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fuzz.sh [HARNESS...] - let libFuzzer look for inputs that break a harness.
#
# Runs each harness of ./check's clang build (all of them, or those named:
# "cms", "engine") for FUZZ_SECONDS, starting from its corpus in fuzz/corpus
# and from what earlier runs found, and prints executions, edges covered and
# findings as a table.  An input that breaks a harness is kept in build-logs
# and makes the script fail; run the harness with that file to see it again.
#
#	FUZZ_SECONDS	for each harness; 60
#	FUZZ_BUILD	folder of a build with -Dfuzz=true; build-clang
set -u
cd "$(dirname "$0")/../.." || exit 1
SECONDS_EACH=${FUZZ_SECONDS:-60}
BUILD=${FUZZ_BUILD:-$PWD/build-clang}
LOGS=$PWD/build-logs
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
failed=0

if ! ls "$BUILD"/fuzz/fuzz_* >/dev/null 2>&1; then
	if [ -n "${FUZZ_BUILD:-}" ] || ! command -v clang >/dev/null; then
		echo "no libFuzzer programs in $BUILD/fuzz (clang makes them)"
		exit 77
	fi
	./check T=build/clang || exit 1
fi

# The number after a word of libFuzzer's last line that has it.
last_number() {
	grep -oE "$1 [0-9]+" "$2" | tail -n 1 | grep -oE '[0-9]+$'
}

# How often it ran: the final count, or the line before it broke.
executions() {
	local n
	n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1")
	[ -n "$n" ] || n=$(grep -oE '^#[0-9]+' "$1" | tail -n 1 | tr -d '#')
	echo "${n:-0}"
}

fuzz_one() {
	local name=$1 log=$LOGS/fuzz_$1.log grown=$LOGS/fuzz_$1.corpus rc n
	local found
	mkdir -p "$grown"
	find "$LOGS" -maxdepth 1 -name "fuzz_$name-*" -delete
	"$BUILD/fuzz/fuzz_$name" -timeout=20 -rss_limit_mb=3072 \
	    -max_total_time="$SECONDS_EACH" -print_final_stats=1 \
	    -artifact_prefix="$LOGS/fuzz_$name-" "$grown" \
	    "fuzz/corpus/$name" >"$log" 2>&1 </dev/null
	rc=$?
	n=$(executions "$log")
	found=$(find "$LOGS" -maxdepth 1 -name "fuzz_$name-*" | wc -l)
	[ $rc = 0 ] || [ "$found" != 0 ] || found=1
	printf '%-16s %12d %10d %8d %8d\n' "$name" "$n" \
	    $((n / (SECONDS_EACH > 0 ? SECONDS_EACH : 1))) \
	    "$(last_number 'cov:' "$log" || echo 0)" "$found"
	[ "$found" = 0 ] && return 0
	grep -E 'ERROR:|SUMMARY:|runtime error|deadly signal' "$log" |
		head -n 3 | sed 's/^/  | /'
	find "$LOGS" -maxdepth 1 -name "fuzz_$name-*" | sed 's/^/  | /'
	return 1
}

mkdir -p "$LOGS"
if [ $# = 0 ]; then
	for program in "$BUILD"/fuzz/fuzz_*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		program=$(basename "$program")
		set -- "$@" "${program#fuzz_}"
	done
fi
printf '%-16s %12s %10s %8s %8s\n' harness executions 'a second' edges findings
for name in "$@"; do
	fuzz_one "$name" || failed=1
done
exit $failed
