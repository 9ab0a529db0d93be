#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# complaints - each complaint of operators in docs/guide/complaints.md: lint,
# admin check or why names what is wrong in a made case of it.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
PKI4IPSEC=${PKI4IPSEC:-$TOP/build-asan/pki4ipsec}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

command -v openssl >/dev/null || { echo "no openssl command"; exit 77; }
[ -x "$PKI4IPSEC" ] || { echo "no program $PKI4IPSEC"; exit 1; }
python3 "$TOP/tests/known/complaints.py" "$(readlink -f "$PKI4IPSEC")" \
    "$TOP/docs/guide/complaints.md" "$WORK"
