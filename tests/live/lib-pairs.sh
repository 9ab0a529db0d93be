# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# lib-pairs.sh - what "admin check" foretells of the pairs that pairs.py makes,
# and what strongSwan does with one of them.  After lib.sh.

PAIRS=			# folder of the pairs
PAIR_GOOD=0 PAIR_KNOWN=0 PAIR_BAD=0
PAIR_REFUSED=0 PAIR_NAMED=0

pairs_make() {
	PAIRS=$WORK/pairs
	/usr/bin/python3 "$LIVE_ROOT/tests/live/pairs.py" "$PAIRS" ||
		fail "no pairs"
}

# pairs_known DAEMON: "PAIR|WHAT HAPPENS|WHY" of docs/guide/differences.md.
pairs_known() {
	awk -F ' *[|] *' -v daemon="$1" '$2 == daemon {
		gsub("`", "", $3)
		print $3 "|" $5 "|" $6
	}' "$LIVE_ROOT/docs/guide/differences.md"
}

# foretell PAIR PLATFORM-OF-B PLATFORM-OF-A: "connects", or who refuses whom, and the rule.
# B judges A first; whoever is refused there learns nothing about B.  Of a message
# that is dropped nobody hears anything.  "a has none": it cannot use its own.
foretell() {
	local p=$PAIRS/$1 file words=()
	for file in "$p"/crl*.pem; do
		[ ! -e "$file" ] || words+=(--crl "$file")
	done
	"$PKI4IPSEC" admin check "$p/a/cert.pem" "$p/b/cert.pem" --trust "$p/trust.pem" \
	    --id-a "$(cat "$p/a/id")" --id-b "$(cat "$p/b/id")" --json \
	    --revocation "$(cat "$p/revocation")" --platform-b "$2" --platform-a "$3" \
	    "${words[@]}" |
	    /usr/bin/python3 -c '
import json, sys
bad = {"a": [], "b": []}
own = {"a": [], "b": []}
for p in json.load(sys.stdin)["problems"]:
    if p["severity"] == "error":
        (own if p["own"] else bad)[p["holder"].split("/")[-2]].append(p["rule"])
if own["a"] or own["b"]:
    who = "a" if own["a"] else "b"
    print(who, "has none", own[who][0])
    sys.exit()
for holder, judge in ("ab", "ba"):
    if bad[holder] == ["message-size"]:
        print("nothing message-size")
        break
    if bad[holder]:
        print(judge, "refuses", holder, bad[holder][0])
        break
else:
    print("connects")'
}

# pair_judge PAIR FORETOLD WHAT HAPPENED TABLE: TABLE has the known differences,
# "PAIR|WHAT HAPPENED|WHY".
pair_judge() {
	local name=$1 told=$2 came=$3 known
	known=$(grep "^$name|" <<<"$4" | cut -d '|' -f 2-)
	if [ -n "$known" ] && [ "${told% *_*}" = "$came" ]; then
		PAIR_BAD=$((PAIR_BAD + 1))
		printf 'FAIL %s: came true, but is listed: %s\n' "$name" "$known"
	elif [ "${told% [vew]_*}" = "$came" ] || [ "${told% message-size}" = "$came" ]; then
		PAIR_GOOD=$((PAIR_GOOD + 1))
		printf 'ok   %-26s %s\n' "$name" "$told"
	elif [ "${known%%|*}" = "$came" ]; then
		PAIR_KNOWN=$((PAIR_KNOWN + 1))
		printf 'but  %-26s %s; came: %s (%s)\n' "$name" "$told" "$came" "${known#*|}"
	else
		PAIR_BAD=$((PAIR_BAD + 1))
		printf 'FAIL %-26s %s; came: %s\n' "$name" "$told" "$came"
	fi
}

# pair_why PAIR SIDE: of the log on standard input, that side's certificate refused.
pair_why() {
	local p=$PAIRS/$1 file cause words=()
	for file in "$p"/crl*.pem; do
		[ ! -e "$file" ] || words+=(--crl "$file")
	done
	cause=$("$PKI4IPSEC" why - --cert "$p/$2/cert.pem" --trust "$p/trust.pem" \
	    --id "$(cat "$p/$2/id")" "${words[@]}" --json | /usr/bin/python3 -c '
import json, sys
print(*sorted({f["cause"] for f in json.load(sys.stdin)["findings"] if f["cause"]}))')
	PAIR_REFUSED=$((PAIR_REFUSED + 1))
	[ -z "$cause" ] || PAIR_NAMED=$((PAIR_NAMED + 1))
	printf '     %-26s why: %s\n' "" "${cause:-(no cause)}"
}

# pairs_end AT-LEAST NAMED: so many pairs, so many refusals whose cause is named.
pairs_end() {
	local all=$((PAIR_GOOD + PAIR_KNOWN + PAIR_BAD))
	printf '%d pairs: %d came as foretold, %d known to be otherwise, %d not\n' \
	    $all $PAIR_GOOD $PAIR_KNOWN $PAIR_BAD
	printf '%d refusals: why names the cause of %d\n' $PAIR_REFUSED $PAIR_NAMED
	LIVE_PASSED=$((PAIR_GOOD + PAIR_NAMED))
	[ $PAIR_NAMED -ge "$2" ] || fail "why names fewer than $2"
	[ $all -ge "$1" ] || fail "fewer than $1 pairs"
	[ $PAIR_BAD = 0 ] || fail "$PAIR_BAD pairs"
}

# strongSwan takes what follows "ipv4:" for the four octets themselves.
pair_id() { sed 's/^ipv4://' "$1/id"; }

# pair_charon HOST PAIR SIDE OTHER: the daemon of HOST becomes that side.  A list
# of CRLs makes it strict; only the first certificate of the file is its own.
pair_charon() {
	local host=$1 p=$PAIRS/$2 side=$3 other=$4 dir=$WORK/$1/swanctl n=1 m=2 file i=0
	[ "$side" = a ] || n=2 m=1
	rm -rf "$dir"
	mkdir -p "$dir"/{private,x509,x509ca,x509crl}
	awk -v d="$dir" '/BEGIN/ { n++ }
	    { print > (n == 1 ? d "/x509/me.pem" : d "/x509ca/ca" n ".pem") }' "$p/$side/cert.pem"
	cp "$p/$side/key.pem" "$dir/private/me.pem"
	cp "$p/trust.pem" "$dir/x509ca/root.pem"
	for file in "$p"/crl*.pem; do
		[ ! -e "$file" ] || cp "$file" "$dir/x509crl/$((i += 1)).pem"
	done
	cat >"$dir/swanctl.conf" <<-EOF
	connections { pair {
	    version = 2
	    childless = ${PAIR_CHILDLESS:-force}
	    local_addrs = 192.0.2.$n
	    remote_addrs = 192.0.2.$m
	    send_cert = always
	    local { auth = pubkey
	            certs = me.pem
	            id = "$(pair_id "$p/$side")" }
	    remote { auth = pubkey
	             revocation = $(sed 's/soft/relaxed/' "$p/revocation")
	             id = "$(pair_id "$p/$other")" }
	    children { net { local_ts = 198.51.100.$n/32
	                     remote_ts = 198.51.100.$m/32 } }
	} }
	EOF
	sw "$host" --flush-certs >/dev/null
	sw "$host" --load-all --clear >"$WORK/$host/load.out" 2>&1 ||
		fail "$host does not load $2: $(cat "$WORK/$host/load.out")"
}

pair_terminate() {
	sw "$1" --terminate --ike pair --timeout 3 --loglevel -1 >/dev/null 2>&1
}

# What A's side shows: "connects", "a refuses b" or "b refuses a", else nothing.
# A says AUTHENTICATION_FAILED itself, or gets it.
pair_came() {
	local host=$1 from=$2
	if sw "$host" --list-sas | grep -q ESTABLISHED; then
		echo connects
	elif log_since "$host" "$from" | grep -q 'generating INFORMATIONAL.*AUTH_FAILED'; then
		echo "a refuses b"
	elif log_since "$host" "$from" | grep -qE 'received AUTHENTICATION_FAILED'; then
		echo "b refuses a"
	else
		echo nothing
	fi
}
