#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# two-faults - more than 1000 chains with two faults each, before the same
# strangers as known/verify-strangers: where they differ, a rule of
# docs/guide/differences.md for one of the two faults says why.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
PKI4IPSEC=${PKI4IPSEC:-$TOP/build-release/pki4ipsec}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

command -v openssl >/dev/null || { echo "no openssl command"; exit 77; }
[ -x "$PKI4IPSEC" ] || { echo "no program $PKI4IPSEC"; exit 1; }
python3 "$TOP/tests/known/verify_strangers.py" "$(readlink -f "$PKI4IPSEC")" \
    "$TOP/docs/guide/differences.md" "$WORK" --two-faults
