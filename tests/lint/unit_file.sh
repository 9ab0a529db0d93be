#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# systemd reads our unit without a complaint and calls it well confined.
set -u
cd "$(dirname "$0")/../.." || exit 1
EXPOSURE_MAX=20		# tenths: "OK" ends at 4.9, a hardened daemon is near 1

command -v systemd-analyze >/dev/null || {
	echo "no systemd-analyze"
	exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
for unit in packaging/*.service; do
	# The program need not be installed to read the unit.
	copy=$dir/$(basename "$unit")
	sed 's#^\(Exec[A-Za-z]*=[-+!@]*\)/usr/bin/pki4ipsec#\1/bin/true#' \
	    "$unit" >"$copy"
	out=$(systemd-analyze verify --man=no "$copy" 2>&1 |
		grep -F "$(basename "$unit")")
	if [ -n "$out" ]; then
		printf '%s\n' "$out"
		failed=1
	fi
	systemd-analyze security --offline=true --no-pager \
	    --threshold=$EXPOSURE_MAX "$copy" >"$dir/security" 2>&1 || {
		tail -n 3 "$dir/security"
		failed=1
	}
done
exit $failed
