#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Which requirement does which test prove?  Collects the IDs that tests and
# fuzz harnesses cite and holds them against docs/spec/requirements.txt.
#
#	coverage.sh		print the table
#	coverage.sh --write	put it into docs/spec/coverage.md
#	coverage.sh --check	fail when that file is stale, or an ID unknown
set -u
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
OUT=docs/spec/coverage.md
KNOWN=docs/spec/requirements.txt
ID='R(4809|4945|5272|5273|5274)-[A-Za-z0-9]+(\.[A-Za-z0-9]+)*(-[0-9]+[a-z]?)'

# "ID FILE", sorted, each pair once.
cited() {
	git ls-files -z --cached --others --exclude-standard -- tests fuzz |
		xargs -0 -r grep -oHIE "$ID" 2>/dev/null |
		awk -F: '{ print $2, $1 }' | sort -u -V
}

table() {
	cat <<-'TEXT'
	# Requirements and the tests that prove them

	Written by `tests/spec/coverage.sh --write`; not by hand. A row is here
	because a test cites the requirement; the test's comment says where.

	TEXT
	cited | awk -v known="$KNOWN" '
	BEGIN {
		while ((getline id < known) > 0) {
			split(id, part, "-")
			total[part[1]]++
			if (!(part[1] in seen)) {
				seen[part[1]] = 1
				docs[++ndocs] = part[1]
			}
			all[id] = 1
		}
	}
	{
		if (!($1 in files)) {
			order[++n] = $1
			split($1, part, "-")
			if ($1 in all)
				count[part[1]]++
		}
		files[$1] = files[$1] (files[$1] == "" ? "" : ", ") "`" $2 "`"
	}
	END {
		print "| document | requirements | cited by a test |"
		print "| --- | ---: | ---: |"
		for (i = 1; i <= ndocs; i++)
			printf "| %s | %d | %d |\n", docs[i], total[docs[i]],
			    count[docs[i]]
		print "\n| requirement | tests |\n| --- | --- |"
		for (i = 1; i <= n; i++)
			printf "| %s | %s |\n", order[i], files[order[i]]
	}'
}

unknown() {
	cited | cut -d ' ' -f 1 | sort -u | comm -23 - <(sort -u "$KNOWN")
}

case ${1:-} in
'')
	table
	;;
--write)
	table >"$OUT.new" && mv "$OUT.new" "$OUT"
	;;
--check)
	failed=0
	bad=$(unknown)
	if [ -n "$bad" ]; then
		for id in $bad; do
			cited | awk -v id="$id" \
			    '$1 == id { print $2 ": no requirement " id }'
		done
		failed=1
	fi
	if ! table | cmp -s - "$OUT"; then
		echo "$OUT is stale: run tests/spec/coverage.sh --write"
		failed=1
	fi
	exit $failed
	;;
*)
	echo "usage: coverage.sh [--write | --check]" >&2
	exit 2
	;;
esac
