#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What must not stand in the tree: a machine's own paths, open ends, files
# of more than one topic, white space at the end of a line, spaces where
# tabs belong.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0

# found WHAT: reads grep's lines; none is good.
found() {
	local lines
	lines=$(head -n 20)
	[ -n "$lines" ] || return 0
	printf '%s:\n%s\n' "$1" "$lines"
	failed=1
}

# In pieces, so that this file does not find itself.
open="\\b(TO""DO|FIX""ME|X""XX|HA""CK)\\b|not (yet )?imple""mented|for n""ow\\b"
paths="(^|[^a-zA-Z0-9._\$})])/(wo""rk|ro""ot|ho""me)/"

# grep over the files of the tree, committed or about to be; pathspecs behind.
tree() {
	local pattern=$1
	shift
	git ls-files -z --cached --others --exclude-standard -- "$@" |
		xargs -0 -r grep -nIE -e "$pattern" -- /dev/null
}

found "open ends" < <(tree "$open" src tests fuzz bench check .ci packaging \
    '*.build' ':!fuzz/corpus' 2>/dev/null)
found "absolute paths of a machine" < <(tree "$paths" . ':!*.md' \
    ':!fuzz/corpus' ':!tests/fixtures' 2>/dev/null)
found "white space at the end of a line" < <(tree '[[:blank:]]$' '*.c' '*.h' \
    '*.sh' 'meson.build' '*/meson.build' check 2>/dev/null)
found "indented by spaces" < <(tree '^( {8}| {1,3}[^ *])' 'src/*.c' 'src/*.h' \
    2>/dev/null)
found "files above 800 lines" < <(git ls-files -z --cached --others \
    --exclude-standard -- 'src/*.[ch]' | xargs -0 -r wc -l |
	awk '$2 != "total" && $1 > 800')
exit $failed
