#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The manual pages are well formed, and name the commands, options,
# configuration keys and template keys that the program has: not one less,
# not one more.
set -u
cd "$(dirname "$0")/../.." || exit 1
PKI4IPSEC=${PKI4IPSEC:-$PWD/build-asan/pki4ipsec}
MAN=docs/man
failed=0
# shellcheck source=tests/docs/lib.sh
. tests/docs/lib.sh
trap docs_end EXIT

bad() { printf 'FAIL %s\n' "$*"; failed=1; }

# ---- form ----

lint() {
	local out
	command -v mandoc >/dev/null || { echo "no mandoc"; exit 77; }
	# What pages refer to need not be installed here.
	out=$(mandoc -T lint -W style "$MAN"/*.[15] 2>&1 |
		grep -v 'referenced manual not found')
	[ -z "$out" ] || { printf '%s\n' "$out"; bad "mandoc -T lint"; }
}

# ---- commands ----

# "GROUP NAME" or "NAME", as the help lists them.
commands() {
	"$PKI4IPSEC" --help | awk -F '  +' '/^  [a-z]/ { print $2 }'
}

# The page a command stands in: its group's, or its own.
page_of() {
	echo "$MAN/pki4ipsec-${1%% *}.1"
}

# "dir DIR" per option of the help, without those that all commands have.
help_options() {
	# shellcheck disable=SC2086
	"$PKI4IPSEC" $1 --help | sed -n 's/^  --\([a-z0-9-]*\)\( [^ ]\{1,\}\)\{0,1\} .*$/\1\2/p' |
		sed 's/ *$//' | grep -vxE 'json|quiet|verbose|help' | LC_ALL=C sort
}

# "dir DIR" per ".It Fl -dir Ar DIR" below ".Ss NAME" of a page.
man_options() {
	awk -v name="$2" '
	/^\.S[sh] / { inside = $0 == ".Ss " name; next }
	inside && /^\.It Fl -/ {
		sub(/^-/, "", $3)
		print $3 ($4 == "Ar" ? " " $5 : "")
	}' "$1" | LC_ALL=C sort
}

compare() {	# WHAT PROGRAM MANUAL
	[ "$2" = "$3" ] && return 0
	bad "$1 (< program, > manual)"
	diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")
}

check_commands() {
	local command page name
	while IFS= read -r command; do
		page=$(page_of "$command") name=${command##* }
		[ -f "$page" ] || { bad "no $page for \"$command\""; continue; }
		grep -qx "\.Ss $name" "$page" ||
			{ bad "$page: no \".Ss $name\" for \"$command\""; continue; }
		compare "options of \"$command\" in $page" \
		    "$(help_options "$command")" "$(man_options "$page" "$name")"
	done < <(commands)
}

# A heading for which there is no command.
check_headings() {
	local page group name
	for page in "$MAN"/pki4ipsec-*.1; do
		group=${page#"$MAN"/pki4ipsec-} group=${group%.1}
		sed -n '/^\.Sh COMMANDS/,/^\.Sh /s/^\.Ss //p' "$page" |
		while IFS= read -r name; do
			commands | grep -qx "$group $name" || echo "$page: $name"
		done
	done | { ! grep .; } || bad "described, but not in the program"
}

# ---- files ----

# Keys of a file of ours: "section.key" per "key = value" line.
file_keys() {
	awk '
	$2 == "{" { section = $1 "."; next }
	$1 == "}" { section = ""; next }
	$2 == "=" { print section $1 }' "$1" | LC_ALL=C sort
}

# ".It Ic key" below ".Ss section" or ".Sh" of a page.
page_keys() {
	awk '
	/^\.Sh / { section = "" }
	/^\.Ss / { section = $2 == "top" ? "" : $2 "." }
	/^\.It Ic / { print section $3 }' "$1" | LC_ALL=C sort
}

# The keys of a ticket that has them all: the page's must be these.
check_ticket() {
	docs_find_ports || { bad "no port"; return; }
	cat >"$dir/two.csv" <<-END
	label,fqdn,peer,address,subnets
	gw1,gw1.example,gw2,192.0.2.1,198.51.100.0/25
	gw2,gw2.example,,192.0.2.2,198.51.100.128/25
	END
	"$PKI4IPSEC" pki init --dir "$dir/run" --name Manual -q \
	    --url "http://127.0.0.1:$DOCS_BASE" >"$dir/out" 2>&1 &&
		docs_background "$dir/serve" "exec $PKI4IPSEC pki serve --dir $dir/run" &&
		"$PKI4IPSEC" admin authorize --dir "$dir/run/admin" -q --csv "$dir/two.csv" \
		    --template s2s-gateway --out "$dir/tickets" >"$dir/out" 2>&1
	compare "keys of a ticket" \
	    "$(sed -n '2,$s/:.*//p' "$dir/tickets/gw1.ticket" | LC_ALL=C sort)" \
	    "$(page_keys $MAN/pki4ipsec-ticket.5)"
	docs_end
}

check_files() {
	local dir
	dir=$(mktemp -d)
	if "$PKI4IPSEC" pki init --dir "$dir/vpn" --name Manual -q >"$dir/out" 2>&1; then
		compare "keys of pki4ipsec.conf" \
		    "$(file_keys "$dir/vpn/pki4ipsec.conf")" \
		    "$(page_keys $MAN/pki4ipsec.conf.5)"
		compare "keys of a template" \
		    "$(file_keys "$dir/vpn/templates/s2s-gateway.conf")" \
		    "$(page_keys $MAN/pki4ipsec-template.5)"
		check_ticket
	else
		cat "$dir/out"
		bad "pki init"
	fi
	rm -rf "$dir"
}

lint
check_commands
check_headings
check_files
exit $failed
