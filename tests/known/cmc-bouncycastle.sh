#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cmc-bouncycastle - Bouncy Castle reads our PKIData and PKIResponse, element
# by element the same as we; we read what it makes.  R5272-6.1-3,
# R5272-4.2-1, R5274-5.2-1.
#
# Bouncy Castle 1.72 has extendedFailInfo as the modules before RFC 10002 had
# it, untagged: it does not read ours, which is tagged; we read both.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
TOOL=${CMCDUMP:-${BUILD:-$TOP/build-asan}/tests/known/cmcdump}
JARS=/usr/share/java
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
passed=0
failed=0

[ -x "$TOOL" ] || { echo "FAIL $TOOL is not built"; exit 1; }
command -v javac >/dev/null || { echo "no Java compiler"; exit 77; }
for jar in bcprov bcpkix bcutil; do
	[ -e $JARS/$jar.jar ] || { echo "no Bouncy Castle ($jar.jar)"; exit 77; }
done
export CLASSPATH=$WORK:$JARS/bcprov.jar:$JARS/bcpkix.jar:$JARS/bcutil.jar

result() {	# result NAME CODE
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
		echo "ok   $1"
	else
		failed=$((failed + 1))
		echo "FAIL $1"
		sed 's/^/     | /' log
	fi
}

agree() {
	local kind=response
	[ "${1##*.}" = req ] && kind=request
	"$TOOL" $kind "$1" >ours 2>log &&
	    java CmcStranger $kind "$1" >theirs 2>log &&
	    diff ours theirs >log && [ -s ours ]
}

openssl ecparam -name prime256v1 -genkey -noout -out key.pem &&
    openssl req -new -key key.pem -subj /CN=gw1.example \
	-addext subjectAltName=DNS:gw1.example -outform DER -out p10.der ||
    exit 1
javac -nowarn -d . "$TOP/tests/known/CmcStranger.java" 2>log ||
	{ cat log; exit 1; }
"$TOOL" make . p10.der || exit 1
java CmcStranger make . p10.der || exit 1

for file in enroll.req admin.req answer.rsp path.rsp; do
	agree $file
	result "Bouncy Castle reads our $file" $?
done
for file in bc.req bc.rsp; do
	agree $file
	result "we read Bouncy Castle's $file" $?
done
"$TOOL" response bc-extended.rsp >ours 2>log &&
    grep -q 'status 2 refs 6 ext 1.2.3 value 020102$' ours
result "we read Bouncy Castle's untagged extendedFailInfo" $?

echo "$passed passed, $failed failed"
[ $failed = 0 ]
