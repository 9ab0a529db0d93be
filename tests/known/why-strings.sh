#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Each message of strongSwan and of Libreswan that "why" explains stands in
# their programs: what nobody says need not be explained.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
cd "$TOP" || exit 1
LIBRESWAN=${LIBRESWAN:-$TOP/build-libreswan}
failed=0 missing=

look() { python3 tests/known/why_strings.py src/profile/why_table.c "$@" || failed=1; }

if [ -x /usr/sbin/charon-systemd ] && [ -x /usr/sbin/swanctl ]; then
	mapfile -t files < <(find /usr/lib/ipsec -name '*.so*' -type f)
	look strongswan /usr/sbin/{charon-systemd,swanctl} "${files[@]}"
else
	missing="no strongSwan"
fi
if [ -x "$LIBRESWAN/usr/libexec/ipsec/pluto" ]; then
	mapfile -t files < <(ldconfig -p | awk '/libnss(3|util3)\.so|libssl3\.so|libnspr4/ { print $NF }')
	look libreswan "$LIBRESWAN"/usr/libexec/ipsec/{pluto,addconn,_import_crl} "${files[@]}"
else
	missing="${missing:+$missing, }no Libreswan in $(basename "$LIBRESWAN")"
fi
[ $failed = 0 ] || exit 1
[ -z "$missing" ] || { echo "not every program was looked at: $missing"; exit 77; }
