#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Shell scripts parse, and shellcheck (where there is one) finds no errors.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0

mapfile -t scripts < <(git ls-files --cached --others --exclude-standard -- \
    '*.sh' check quickstart .ci/run | LC_ALL=C sort)
for script in "${scripts[@]}"; do
	[ -f "$script" ] || continue
	bash -n "$script" || failed=1
done
if command -v shellcheck >/dev/null; then
	for script in "${scripts[@]}"; do
		[ -f "$script" ] || continue
		shellcheck -x -S error "$script" || failed=1
	done
fi
exit $failed
