#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cmc-strangers - pyasn1 and OpenSSL read our PKIData and PKIResponse, element
# by element the same as we; we read what pyasn1 makes.  R5272-6.1-2,
# R5272-6.1-3, R5274-5.2-1.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
HERE=$TOP/tests/known
TOOL=${CMCDUMP:-${BUILD:-$TOP/build-asan}/tests/known/cmcdump}
PYTHON=/usr/bin/python3		# the one that sees the system's packages
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
passed=0
failed=0

[ -x "$TOOL" ] || { echo "FAIL $TOOL is not built"; exit 1; }
command -v openssl >/dev/null || { echo "no openssl command"; exit 77; }
"$PYTHON" -c 'from pyasn1_modules import rfc6402' 2>/dev/null ||
	{ echo "no python3-pyasn1-modules"; exit 77; }

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

kind_of() { [ "${1##*.}" = req ] && echo request || echo response; }

# Both print a line for each element; the lines must be the same.
agree() {
	local kind
	kind=$(kind_of "$1")
	"$TOOL" "$kind" "$1" >ours 2>log &&
	    "$PYTHON" "$HERE/cmc_strangers.py" "$kind" "$1" >theirs 2>log &&
	    diff ours theirs >log && [ -s ours ]
}

# OpenSSL finds as many objects at the depth of controls as we do controls.
parses() {
	local kind
	kind=$(kind_of "$1")
	openssl asn1parse -inform DER -in "$1" >parsed 2>log || return 1
	"$TOOL" "$kind" "$1" >ours 2>log || return 1
	grep -c 'd=3 .*OBJECT *:\(id-cmc\|1\.3\.6\.1\.5\.5\.7\.7\.\|2\.25\.\)' \
	    parsed >theirs
	grep -c '^control' ours >ours.count
	diff ours.count theirs >log
}

openssl ecparam -name prime256v1 -genkey -noout -out key.pem &&
    openssl req -new -key key.pem -subj /CN=gw1.example \
	-addext subjectAltName=DNS:gw1.example -outform DER -out p10.der ||
    exit 1
"$TOOL" make . p10.der || exit 1
"$PYTHON" "$HERE/cmc_strangers.py" make . p10.der || exit 1

for file in enroll.req admin.req answer.rsp path.rsp extended.rsp; do
	agree $file
	result "pyasn1 reads our $file" $?
	parses $file
	result "openssl asn1parse reads our $file" $?
done
agree pyasn1.req
result "we read pyasn1's request" $?

# Cut anywhere, a message is refused in an orderly way.
bad=0
size=$(stat -c %s pyasn1.req)
for n in 0 1 2 7 40 $((size - 1)); do
	head -c "$n" pyasn1.req >cut.der
	"$TOOL" request cut.der >/dev/null 2>log
	[ $? = 1 ] || bad=1
done
result "cut messages are refused" $bad

echo "$passed passed, $failed failed"
[ $failed = 0 ]
