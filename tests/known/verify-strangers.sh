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
# R4945-5.2.1-1, R4945-5.2.2.4.1-1, R4945-5.3-1, R4945-5.3-2.
#
# Cases: ip* and host* R4945-3.1.1-2, R4945-3.1.1-8, R4945-3.1.2-4, R4945-3.1.3-4,
# R4945-5.1.3.6.2-1 (no option is given, and the names are compared); crl-* R4945-5.2-2,
# R4945-A-1; unknown-*, *-plain-*, nc-dns-plain, san-critical R4945-5.1.3-1,
# R4945-5.1.3-3, R4945-5.1.3-5, R4945-5.1.3-6; policy-not-asked R4945-5.1.3.4-2;
# ca-no-constraints R4945-5.1.3.9-2; purpose-ike-critical R4945-5.1.3.12-7; crl-good
# R4945-5.1.3.15-1; ignored-* R4945-5.1.3.3-2, R4945-5.1.3.8-1, R4945-5.1.3.17-1;
# anchor-is-intermediate R4945-3.3-4; order-* R4945-3.3.10.3-1, R4945-4.3.3-1;
# twice-* R4945-3.3.10.4-1; unrelated-intermediates, cross-* R4945-3.3.10.5-1,
# R4945-3.3.10.5-2.  Nothing is switched on for any of it: R4945-5.1-2.
# R4945-5-1: for the rest of a path, what validators of RFC 5280 say.
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
