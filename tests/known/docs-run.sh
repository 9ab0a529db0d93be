#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands in README.md and docs/guide do what these pages say: each page
# marked "<!-- run -->" is run in a folder of its own, on loopback.
#
#	tests/known/docs-run.sh [PAGE...]
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
cd "$TOP" || exit 1
PKI4IPSEC=${PKI4IPSEC:-$TOP/build-asan/pki4ipsec}
# shellcheck source=tests/docs/lib.sh
. tests/docs/lib.sh

[ -x "$PKI4IPSEC" ] || { echo "no program $PKI4IPSEC"; exit 1; }
WORK=$(mktemp -d)
trap 'docs_end; rm -rf "$WORK"' EXIT
mkdir "$WORK/bin"
# The program may have another name where it was built.
ln -s "$PKI4IPSEC" "$WORK/bin/pki4ipsec"
PATH=$WORK/bin:$PATH
export PATH

pages=("$@")
[ $# -gt 0 ] || pages=(README.md docs/guide/*.md)
failed=0 ran=0
for page in "${pages[@]}"; do
	[ "$(head -n 1 "$page")" = '<!-- run -->' ] || continue
	name=$(basename "$page" .md)
	printf '== %s\n' "$page"
	docs_find_ports || exit 1
	mkdir -p "$WORK/$name" "$WORK/$name.out"
	cp -r examples "$WORK/$name/"
	export DOCS_OUT=$WORK/$name.out
	if ! (
		cd "$WORK/$name" || exit 1
		trap docs_end EXIT
		docs_page "$page" "$TOP/$page"
	); then
		failed=1
		for log in "$WORK/$name.out"/*; do
			printf -- '---- %s\n' "$(basename "$log")"
			tail -n 20 "$log"
		done
	fi
	ran=$((ran + 1))
done
[ $ran -gt 0 ] || { echo "no page is marked <!-- run -->"; exit 1; }
echo "$ran pages"
exit $failed
