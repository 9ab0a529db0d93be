#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Which requirement does which test prove?  Collects the IDs that tests and
# fuzz harnesses cite and holds them, and docs/spec/reasons.txt, against
# docs/spec/requirements.txt.  A requirement is cited, or has a stated reason
# why no test of this project can prove it, or is not done ("not done: ..."),
# or is open.  The corrections of the CMC profile, docs/spec/corrections.txt, are
# cited as C-1 to C-25, and each has to be.
#
#	coverage.sh		print the table
#	coverage.sh --write	put it into docs/spec/coverage.md
#	coverage.sh --check	fail when that file is stale, an ID unknown, a
#				reason missing, given twice, or for a cited ID,
#				or a correction without a test
set -u
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
OUT=docs/spec/coverage.md
KNOWN=docs/spec/requirements.txt	# ID STRENGTH
REASONS=docs/spec/reasons.txt		# ID REASON
RULES=docs/spec/corrections.txt		# C-N WHAT
ID='R(4809|4945|5272|5273|5274)-[A-Za-z0-9]+(\.[A-Za-z0-9]+)*(-[0-9]+[a-z]?)|SEED-[0-9]+'

# "ID FILE", sorted, each pair once.
cited() {
	git ls-files -z --cached --others --exclude-standard -- tests fuzz |
		xargs -0 -r grep -oHIE "$ID" 2>/dev/null |
		awk -F: '{ print $2, $1 }' | sort -u -V
}

# "C-N FILE", the same for corrections.
attacks() {
	git ls-files -z --cached --others --exclude-standard -- tests fuzz ':!tests/spec' |
		xargs -0 -r grep -oHIE '(^|[^A-Za-z0-9_-])C-[0-9]+' 2>/dev/null |
		sed -E 's/^([^:]*):.*(C-[0-9]+)$/\2 \1/' | sort -u -V
}

# "ID REASON", without comments and empty lines.
reasons() { grep -vE '^[[:space:]]*(#|$)' "$REASONS"; }

table() {
	cat <<-'TEXT'
	# Requirements and the tests that prove them

	Written by `tests/spec/coverage.sh --write`; not by hand. Cited: a test
	names the requirement, and its comment says where. Reason: no test of this
	project can prove it, and `reasons.txt` says why. Not done: the product does
	not do it, and `reasons.txt` says what instead. Open: none of these. Rows of
	the working group's charter and minutes are SEED.

	TEXT
	awk '
	FILENAME == ARGV[1] {
		split($1, part, "-")
		if (!(part[1] in seen)) {
			seen[part[1]] = 1
			docs[++ndocs] = part[1]
		}
		class[$1] = part[1] SUBSEP $2
		order[++n] = $1
		total[class[$1]]++
		next
	}
	FILENAME == ARGV[2] {
		if (!($1 in files))
			named[++nnamed] = $1
		files[$1] = files[$1] (files[$1] == "" ? "" : ", ") "`" $2 "`"
		next
	}
	{
		id = $1
		sub(/^[^ \t]+[ \t]*/, "")
		reason[id] = $0
	}
	function row(d, s, k, c) {
		c = d SUBSEP s
		if (total[c] == 0)
			return
		printf "| %s | %s | %d | %d | %d | %d | %d |\n", d, s, total[c],
		    cites[c], stated[c], undone[c],
		    total[c] - cites[c] - stated[c] - undone[c]
	}
	END {
		for (i = 1; i <= n; i++) {
			id = order[i]
			split(class[id], part, SUBSEP)
			all = part[1] SUBSEP "all"
			total[all]++
			if (id in files) {
				cites[class[id]]++
				cites[all]++
			} else if (id in reason && reason[id] ~ /^not done: /) {
				undone[class[id]]++
				undone[all]++
			} else if (id in reason) {
				stated[class[id]]++
				stated[all]++
			} else
				open[class[id]] = open[class[id]] " " id
		}
		print "| document | strength | requirements | cited | reason | not done | open |"
		print "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
		nk = split("all MUST SHOULD MAY other", kinds, " ")
		for (i = 1; i <= ndocs; i++)
			for (k = 1; k <= nk; k++)
				row(docs[i], kinds[k])
		print "\n## Cited\n\n| requirement | tests |\n| --- | --- |"
		for (i = 1; i <= nnamed; i++)
			printf "| %s | %s |\n", named[i], files[named[i]]
		print "\n## Not done\n\n| requirement | what instead |\n| --- | --- |"
		for (i = 1; i <= n; i++)
			if (!(order[i] in files) && order[i] in reason &&
			    reason[order[i]] ~ /^not done: /)
				printf "| %s | %s |\n", order[i],
				    substr(reason[order[i]], length("not done: ") + 1)
		print "\n## Stated reasons\n\n| requirement | reason |\n| --- | --- |"
		for (i = 1; i <= n; i++)
			if (!(order[i] in files) && order[i] in reason &&
			    reason[order[i]] !~ /^not done: /)
				printf "| %s | %s |\n", order[i], reason[order[i]]
		print "\n## Open\n"
		for (i = 1; i <= ndocs; i++)
			for (k = 2; k <= nk; k++)
				if ((docs[i] SUBSEP kinds[k]) in open)
					printf "%s %s:%s\n\n", docs[i], kinds[k],
					    open[docs[i] SUBSEP kinds[k]]
	}' "$KNOWN" <(cited) <(reasons)
}

# The corrections and the tests that show each attack failing.
rules() {
	printf '\n## Corrections: rule, tests\n\n| rule | what it forbids or demands | tests |\n'
	printf '| --- | --- | --- |\n'
	awk '
	FILENAME == ARGV[1] {
		files[$1] = files[$1] (files[$1] == "" ? "" : ", ") "`" $2 "`"
		next
	}
	{
		id = $1
		sub(/^[^ ]+ /, "")
		printf "| %s | %s | %s |\n", id, $0, files[id]
	}' <(attacks) "$RULES"
}

document() {
	table
	rules
}

# What is wrong with the rules' citations, a line each.
wrong_rules() {
	awk -v rules="$RULES" '
	FILENAME == ARGV[1] { known[$1] = 1; order[++n] = $1; next }
	!($1 in known) { print $2 ": no correction " $1 }
	{ cited[$1] = 1 }
	END {
		for (i = 1; i <= n; i++)
			if (!(order[i] in cited))
				print rules ": no test for " order[i]
	}' "$RULES" <(attacks)
}

# What is wrong with citations and reasons, a line each.
wrong() {
	awk -v reasons="$REASONS" '
	FILENAME == ARGV[1] { known[$1] = 1; next }
	FILENAME == ARGV[2] {
		if (!($1 in known))
			print $2 ": no requirement " $1
		files[$1] = $2
		next
	}
	{
		if (!($1 in known))
			print reasons ": no requirement " $1
		if (NF < 2)
			print reasons ": no reason for " $1
		if ($1 in files)
			print reasons ": " $1 " is excused, but cited by " files[$1]
		if ($1 in twice)
			print reasons ": " $1 " has two reasons"
		twice[$1] = 1
	}' "$KNOWN" <(cited) <(reasons)
}

case ${1:-} in
'')
	document
	;;
--write)
	document >"$OUT.new" && mv "$OUT.new" "$OUT"
	;;
--check)
	bad=$(wrong; wrong_rules)
	[ -z "$bad" ] || printf '%s\n' "$bad"
	if ! document | cmp -s - "$OUT"; then
		echo "$OUT is stale: run tests/spec/coverage.sh --write"
		bad=stale
	fi
	[ -z "$bad" ]
	;;
*)
	echo "usage: coverage.sh [--write | --check]" >&2
	exit 2
	;;
esac
