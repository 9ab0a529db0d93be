# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# lib.sh - take the commands out of a page of documentation and run them.
#
# A page whose first line is "<!-- run -->" promises that its ```sh blocks, in
# order, in one folder that holds examples/, do what they say.  In a block:
#
#	# prints: TEXT	stands in the output of the command above
#	# exits: N	the command above ends with N instead of 0
#
# A command with "&" at its end is waited for until it prints "ready", and is
# ended when the page is done.  The ports of the text become free ones.

DOCS_PIDS=()
DOCS_BASE=		# stands for 8080

docs_fail() {
	printf 'FAIL %s\n' "$*" >&2
	return 1
}

# The ```sh blocks of a page, with "#line N" in front of each block.
docs_blocks() {
	awk '
	/^```sh[ \t]*$/ { inside = 1; print "#line " NR + 1; next }
	/^```/ { inside = 0; next }
	inside { print }
	' "$1"
}

docs_port_free() {
	! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Three that belong together: plain, health (one above), TLS (363 above); and
# 1000 above each of them the same for a second server.
docs_find_ports() {
	local p n=0
	while [ $n -lt 200 ]; do
		p=$((20000 + (RANDOM % 11000)))	# below those of outgoing connections
		if docs_port_free $p && docs_port_free $((p + 1)) &&
		    docs_port_free $((p + 363)) && docs_port_free $((p + 1000)) &&
		    docs_port_free $((p + 1001)) && docs_port_free $((p + 1363)); then
			DOCS_BASE=$p
			return 0
		fi
		n=$((n + 1))
	done
	docs_fail "no free ports"
}

docs_ports() {
	sed -e "s/\\b8080\\b/$DOCS_BASE/g" -e "s/\\b8081\\b/$((DOCS_BASE + 1))/g" \
	    -e "s/\\b8443\\b/$((DOCS_BASE + 363))/g" \
	    -e "s/\\b9080\\b/$((DOCS_BASE + 1000))/g" \
	    -e "s/\\b9443\\b/$((DOCS_BASE + 1363))/g"
}

# Is this a whole command?  bash says nothing about it then.
docs_whole() {
	case $1 in *\\) return 1 ;; esac
	[ -z "$(bash -n <<<"$1" 2>&1)" ]
}

# docs_background OUT COMMAND: up to its "ready".
docs_background() {
	local out=$1 command=$2 end
	eval "$command" >"$out" 2>&1 </dev/null &
	DOCS_PIDS+=($!)
	end=$((SECONDS + 60))
	until grep -q '^ready' "$out" 2>/dev/null; do
		kill -0 $! 2>/dev/null || return 1
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

docs_end() {
	local pid
	for pid in "${DOCS_PIDS[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${DOCS_PIDS[@]}"; do
		wait "$pid" 2>/dev/null
	done
	DOCS_PIDS=()
}

# A command is run when the lines behind it are known; these say what to expect.
DOCS_COMMAND='' DOCS_WANT=0 DOCS_TEXTS=() DOCS_COUNT=0

# DOCS_OUT is the caller's: a folder for what the commands say.
# shellcheck disable=SC2153
docs_flush() {
	local out=$DOCS_OUT/command.$DOCS_COUNT rc text
	[ -n "$DOCS_COMMAND" ] || return 0
	printf '+ %s\n' "$DOCS_COMMAND"
	DOCS_COUNT=$((DOCS_COUNT + 1))
	if [[ $DOCS_COMMAND == *'&' && $DOCS_COMMAND != *'&&' ]]; then
		docs_background "$out" "exec ${DOCS_COMMAND%&}"
	else
		eval "$DOCS_COMMAND" >"$out" 2>&1 </dev/null
	fi
	rc=$?
	sed -n '1,40s/^/    /p' "$out"
	[ $rc = "$DOCS_WANT" ] ||
		docs_fail "$DOCS_PAGE: exit $rc, not $DOCS_WANT: $DOCS_COMMAND" ||
		return 1
	for text in "${DOCS_TEXTS[@]}"; do
		grep -qF -e "$text" "$out" ||
			docs_fail "$DOCS_PAGE: \"$text\" is not in the output of: $DOCS_COMMAND" ||
			return 1
	done
	DOCS_COMMAND='' DOCS_WANT=0 DOCS_TEXTS=()
}

docs_line() {
	local line=$1
	case $line in
	'# prints: '*) DOCS_TEXTS+=("${line#\# prints: }") ;;
	'# exits: '*) DOCS_WANT=${line#\# exits: } ;;
	'#'*) ;;
	'') ;;
	*)
		docs_flush || return 1
		DOCS_PART=$line
		return 0
		;;
	esac
}

# docs_page PAGE: in the present folder.
docs_page() {
	local line
	DOCS_PAGE=$1 DOCS_PART=''
	DOCS_COMMAND='' DOCS_WANT=0 DOCS_TEXTS=() DOCS_COUNT=0
	while IFS= read -r line; do
		if [ -n "$DOCS_PART" ]; then
			DOCS_PART=$DOCS_PART$'\n'$line
		else
			docs_line "$line" || return 1
			[ -n "$DOCS_PART" ] || continue
		fi
		if docs_whole "$DOCS_PART"; then
			DOCS_COMMAND=$DOCS_PART
			DOCS_PART=''
		fi
	done < <(docs_blocks "$2" | docs_ports)
	[ -z "$DOCS_PART" ] || docs_fail "$1: a command without an end: $DOCS_PART" || return 1
	docs_flush || return 1
	[ $DOCS_COUNT -gt 0 ] || docs_fail "$1: marked to be run, and holds no command"
}
