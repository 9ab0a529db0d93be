#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Includes go down: no room uses a room above it or beside it, and a foreign
# library shows in one room only.
set -u
cd "$(dirname "$0")/../.." || exit 1

find src -name '*.[ch]' | LC_ALL=C sort | xargs -r awk '
BEGIN {
	n = split("base 0 crypt 1 codec 1 profile 2 store 2 net 2 message 2 " \
	    "pki 3 admin 3 peer 3 main 4", w, " ")
	for (i = 1; i < n; i += 2)
		floor[w[i]] = w[i + 1]
	# header (a prefix), then where it may stand (a prefix of the path)
	n = split("openssl/ src/crypt/ event2/ src/net/ evhttp.h src/net/ " \
	    "curl/ src/net/ sqlite3.h src/store/ libpq-fe.h src/store/ " \
	    "confuse.h src/pki/config.c seccomp.h src/base/sandbox.c " \
	    "csv.h src/admin/ uni src/profile/ idn2.h src/profile/ " \
	    "ldap.h src/pki/", w, " ")
	for (i = 1; i < n; i += 2) {
		header[++foreign] = w[i]
		place[foreign] = w[i + 1]
	}
}
function bad(why) {
	printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0
	failed = 1
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split(FILENAME, path, "/")
	split($0, quoted, "\"")
	slash = index(quoted[2], "/")
	to = slash ? substr(quoted[2], 1, slash - 1) : ""
	here = path[2]
	if (!(here in floor))
		bad("unknown room \"" here "\"")
	else if (!(to in floor))
		bad("names no room")
	else if (to != here && floor[to] >= floor[here])
		bad(floor[to] > floor[here] ? "goes up" : "goes across")
	else if ((getline line < ("src/" quoted[2])) < 0)
		bad("no such header")
	close("src/" quoted[2])
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	name = $0
	sub(/^[^<]*</, "", name)
	sub(/>.*$/, "", name)
	if (name == "unistd.h")
		next
	split(FILENAME, path, "/")
	for (i = 1; i <= foreign; i++) {
		if (index(name, header[i]) == 1 && index(FILENAME, place[i]) != 1)
			bad("only " place[i] " may see it")
	}
	if (name == "jansson.h" && floor[path[2]] < 3)
		bad("only the third floor may see it")
}
END { exit failed }
'
