#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# verify-strangers - more than 600 chains, good and broken in named ways: our
# verify says of each what "openssl verify", strongSwan's "pki --verify", NSS
# and GnuTLS say, but for the classes of differences in docs/guide/differences.md.
# A difference that is not there fails, and so does a row without a difference.
#
# R4945-3.1.2-6, R4945-3.1.9-3, R4945-5.1.1-1, R4945-5.1.3-4, R4945-5.1.3.1-1,
# R4945-5.1.3.2-2, R4945-5.1.3.9-1, R4945-5.1.3.12-8, R4945-5.1.3.13-2,
# R4945-5.2.1-1, R4945-5.2.2.4.1-1, R4945-5.3-1.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
PKI4IPSEC=${PKI4IPSEC:-$TOP/build-asan/pki4ipsec}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

command -v openssl >/dev/null || { echo "no openssl command"; exit 77; }
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
[ -x "$PKI4IPSEC" ] || { echo "no program $PKI4IPSEC"; exit 1; }

python3 "$TOP/tests/known/verify_strangers.py" "$(readlink -f "$PKI4IPSEC")" \
    "$TOP/docs/guide/differences.md" "$WORK" || exit 1
for tool in pki vfychain certtool; do
	command -v $tool >/dev/null || { echo "not everybody was asked: no $tool"; exit 77; }
done
