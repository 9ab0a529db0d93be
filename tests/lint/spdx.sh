#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every source says its licence in its first line (second, after #!).
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0

while IFS= read -r file; do
	case $file in
	*.c | *.h | *.sh | *.py | */meson.build | meson.build | meson_options.txt | \
	check | quickstart | .ci/run | *.service) ;;
	*) continue ;;
	esac
	[ -f "$file" ] || continue
	first=$(head -n 1 "$file")
	case $first in '#!'*) first=$(sed -n 2p "$file") ;; esac
	case $first in
	*'SPDX-License-Identifier: Apache-2.0'*) ;;
	*)
		echo "$file: no SPDX line"
		failed=1
		;;
	esac
done < <(git ls-files --cached --others --exclude-standard)
exit $failed
