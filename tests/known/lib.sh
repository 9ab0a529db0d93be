# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# lib.sh - a folder of its own, and counting, for the tests that run a command
# on made files and look at what it says.
set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PKI4IPSEC=${PKI4IPSEC:-$TOP/build-asan/pki4ipsec}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
passed=0 failed=0

command -v openssl >/dev/null || { echo "no openssl command"; exit 77; }
[ -x "$PKI4IPSEC" ] || { echo "no program $PKI4IPSEC"; exit 1; }

ok() { passed=$((passed + 1)); echo "ok   $1"; }
bad() {
	failed=$((failed + 1))
	echo "FAIL $1"
	sed 's/^/     | /' out
}

# expect WHAT EXIT TEXT COMMAND...: exit code, and a text in the output ("" any,
# "!text" must not stand there).
expect() {
	local what=$1 code=$2 text=$3 rc
	shift 3
	"$@" >out 2>&1
	rc=$?
	if [ $rc != "$code" ]; then
		bad "$what: exit $rc, not $code"
	elif [ "${text#!}" != "$text" ] && grep -qF -e "${text#!}" out; then
		bad "$what: \"${text#!}\" is there"
	elif [ "${text#!}" = "$text" ] && ! grep -qF -e "$text" out; then
		bad "$what: no \"$text\""
	else
		ok "$what"
	fi
}
