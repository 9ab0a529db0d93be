#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a first user meets: each situation ends with the right exit code, says
# what and which value, and names what helps; with --json it is one object on
# standard output, and nothing else.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
cd "$TOP" || exit 1
PKI4IPSEC=${PKI4IPSEC:-$TOP/build-asan/pki4ipsec}
# shellcheck source=tests/docs/lib.sh
. tests/docs/lib.sh

[ -x "$PKI4IPSEC" ] || { echo "no program $PKI4IPSEC"; exit 1; }
WORK=$(mktemp -d)
chmod 755 "$WORK"
trap 'docs_end; rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
failed=0 cases=0

bad() { printf 'FAIL %s\n' "$*"; failed=1; }

one_object() {
	/usr/bin/python3 -c '
import json, sys
o = json.load(sys.stdin)
sys.exit(not isinstance(o, dict))' <"$1" 2>/dev/null
}

# want LABEL CODE TEXT HELP COMMAND...: in words and as JSON.  HELP may be "".
# As somebody else if AS is set.
AS=()
want() {
	local label=$1 code=$2 text=$3 help=$4 rc
	shift 4
	cases=$((cases + 1))
	"${AS[@]}" "$PKI4IPSEC" "$@" >out 2>&1 </dev/null
	rc=$?
	[ $rc = "$code" ] || bad "$label: exit $rc, not $code: $(cat out)"
	grep -qF -e "$text" out || bad "$label: no \"$text\" in: $(cat out)"
	[ -z "$help" ] || grep -qE -e "^try: .*$help" out ||
		bad "$label: no \"try: $help\" in: $(cat out)"
	"${AS[@]}" "$PKI4IPSEC" "$@" --json >out 2>err </dev/null
	rc=$?
	[ $rc = "$code" ] || bad "$label --json: exit $rc, not $code: $(cat out err)"
	one_object out || bad "$label --json: no single object: $(cat out)"
}

make() { "$PKI4IPSEC" "$@" >out 2>&1 || { cat out; exit 1; }; }

docs_find_ports || exit 1
URL=http://127.0.0.1:$DOCS_BASE
printf 'label,fqdn\ngw1,gw1.example\n' >devices.csv
printf 'label,fqdn\ngw2,gw2.example\n' >more.csv
make pki init --dir vpn --name Errors --url "$URL" -q
make pki init --dir twin --name Twin --url "$URL" -q

# ---- the command line ----

want "no such command" 2 'did you mean "authorize"?' 'pki4ipsec admin --help' admin autorize
want "no such option" 2 'did you mean "--dir"?' 'pki4ipsec pki init --help' pki init --dri vpn
want "an option twice" 2 'option given twice: "--dir"' 'list --help' \
    admin list --dir vpn/admin --dir vpn/admin
want "no ticket named" 2 'argument missing: "TICKET"' 'peer enroll --help' peer enroll
want "no list named" 2 '--csv FILE is missing' 'authorize --help' admin authorize
want "no such reason" 2 '--reason stolen: want' 'revoke --help' \
    admin revoke --dir vpn/admin gw1 --reason stolen
want "no such duration" 2 '--window is "soon"' 'authorize --help' \
    admin authorize --dir vpn/admin --csv devices.csv --window soon
want "no such state" 2 '--state lost: want' 'list --help' \
    admin list --dir vpn/admin --state lost
want "no such daemon" 2 '--install libreswan: want strongswan or files' 'enroll --help' \
    peer enroll x.ticket --install libreswan

# ---- making a PKI ----

want "a URL without a scheme" 2 '--url "pki.example" is not permitted: http://HOST' \
    'init --help' pki init --dir new --url pki.example
want "a port above all" 2 'ports end with 65535' 'init --help' \
    pki init --dir new --url http://127.0.0.1:99999
want "no name" 2 '--name "" is not permitted: UTF-8 text of 1 to' 'init --help' \
    pki init --dir new --name ''
want "a folder that there is" 1 'vpn exists and is not empty: nothing is overwritten' \
    'another --dir' pki init --dir vpn
[ ! -e new ] || bad "a refused init left a folder"

# ---- wrong folders ----

want "serve without a PKI" 1 'could not open "none/pki4ipsec.conf"' \
    'pki4ipsec pki init --dir none' pki serve --dir none
want "status without a PKI" 1 'could not open "none/pki4ipsec.conf"' \
    'pki4ipsec pki init --dir none' pki status --dir none
want "audit without a PKI" 1 'could not open "none/pki4ipsec.conf"' \
    'pki4ipsec pki init --dir none' pki audit --dir none
want "the PKI's folder for the Admin's" 1 '"vpn/admin" is' '--dir vpn/admin' \
    admin list --dir vpn
want "no Admin's folder" 1 '"none" is not the folder of an Admin: it has no key.pem' \
    'admin enroll TICKET' admin list --dir none
want "an empty device" 1 'nothing is enrolled in "none"' 'peer enroll TICKET' \
    peer status --dir none

# ---- no server ----

want "the server does not run" 75 "$URL/cmc: " 'pki4ipsec pki serve' \
    admin list --dir vpn/admin
want "the server does not run, for a list" 75 "$URL/cmc: " 'pki4ipsec pki serve' \
    admin authorize --dir vpn/admin --csv devices.csv --template s2s-gateway

DOCS_OUT=$WORK
docs_background "$WORK/serve" "exec $PKI4IPSEC pki serve --dir vpn" ||
	{ cat serve; exit 1; }

want "a second server" 75 '"vpn/run/serve.lock" is locked by the process with pid' \
    'a server runs on vpn' pki serve --dir vpn
want "a port in use" 1 "cannot listen on \"127.0.0.1:$DOCS_BASE\": Address already in use" \
    'twin/pki4ipsec.conf' pki serve --dir twin
want "something that is not the PKI" 1 'from something that does not speak CMC' \
    'vpn/admin/admin.url' admin list --dir vpn/admin --url "http://127.0.0.1:$((DOCS_BASE + 1))/cmc"

# ---- lists ----

authorize() {	# LABEL TEXT CONTENT
	printf '%b' "$3" >list.csv
	want "$1" 1 "$2" '' admin authorize --dir vpn/admin --template s2s-gateway --csv list.csv
}
authorize "an unknown column" 'list.csv:1: name: unknown column; known are fqdn' \
    'name,fqdn\ngw1,gw1.example\n'
authorize "a slip in the header" 'did you mean "fqdn"?' 'label,fqnd\ngw1,gw1.example\n'
authorize "semicolons" 'columns are separated by semicolons; want commas' \
    'label;fqdn\ngw1;gw1.example\n'
authorize "no header" 'no identity column: one of fqdn, email, ipv4, ipv6 is needed' \
    'gw1,gw1.example\n'
authorize "nothing" 'the file is empty: want a header row and devices' ''
authorize "a header alone" 'there is no device below the header' 'label,fqdn\n'
authorize "Latin-1" 'UTF-8' 'label,fqdn,site\ngw1,gw1.example,Z\xfcrich\n'
authorize "a host in a subnet" '198.51.100.0/25 is the subnet' \
    'label,fqdn,subnets\ngw1,gw1.example,198.51.100.7/25\n'
want "no list" 1 'could not open "none.csv"' '' \
    admin authorize --dir vpn/admin --template s2s-gateway --csv none.csv
want "no template" 1 'devices.csv:1: template: no such column, and no --template' '' \
    admin authorize --dir vpn/admin --csv devices.csv
want "no such template" 1 '"s2s" is not a template that the PKI lets this Admin use' '' \
    admin authorize --dir vpn/admin --csv devices.csv --template s2s
want "tickets into a file" 1 'devices.csv" exists and is not a folder' '' \
    admin authorize --dir vpn/admin --csv devices.csv --template s2s-gateway --out devices.csv
want "tickets into nowhere" 1 '--out: could not make folder "/proc/tickets"' '' \
    admin authorize --dir vpn/admin --csv devices.csv --template s2s-gateway --out /proc/tickets
want "nothing was sent until here" 1 'is no authorization id' 'pki4ipsec admin list --dir vpn/admin' \
    admin show --dir vpn/admin gw1

make admin authorize --dir vpn/admin --csv devices.csv --template s2s-gateway --out tickets
want "a living name once more" 1 'fqdn "gw1.example" belongs to a living authorization' '' \
    admin authorize --dir vpn/admin --csv devices.csv --template s2s-gateway --all
want "revoke what has no certificate" 1 '"gw1" has no certificate yet' \
    'admin cancel --dir vpn/admin' admin revoke --dir vpn/admin gw1

# A ticket that could not be written is not lost: the next run brings it.
mkdir -p later/.gw2.ticket.new
want "a ticket that cannot be written" 1 'could not remove' '' \
    admin authorize --dir vpn/admin --csv more.csv --template s2s-gateway --out later
rm -r later && : >later
make admin authorize --dir vpn/admin --csv more.csv --template s2s-gateway --out elsewhere
[ -s elsewhere/gw2.ticket ] || bad "the ticket that could not be written is lost"

# ---- operators ----

LONG=$(printf '%5000s' '' | tr ' ' a)
want "a reason that is not UTF-8" 2 '"\xff": want UTF-8' '' \
    pki reject --dir vpn --by ann --reason $'\xff' nobody
want "a name that is not UTF-8" 2 '"\xe9mile": want UTF-8' '' \
    pki approve --dir vpn --by $'\xe9mile' --reason y nobody
want "a reason too long for anybody" 2 'want UTF-8 of up to 4096 octets' '' \
    pki reject --dir vpn --by ann --reason "$LONG" nobody
want "a reason of two lines" 2 'want one line without control characters' '' \
    pki reject --dir vpn --by ann --reason $'a\nb' nobody
want "nothing of that id waits" 1 'there is no authorization "nobody"' '' \
    pki approve --dir vpn --by ann --reason y nobody

# ---- templates ----

LIST='pki4ipsec pki template list --dir vpn'
want "no such template to retire" 1 'no template "none" is in use' "$LIST" \
    pki template retire none --dir vpn
want "no name of a template to retire" 2 '"a/b" is no name of a template' "$LIST" \
    pki template retire a/b --dir vpn
want "no such template to show" 1 'no template "none" is in use' "$LIST" \
    pki template show none --dir vpn
want "no such template to export" 1 'no template "none" is in use' "$LIST" \
    pki template export none --dir vpn
want "no such version" 1 'template "s2s-gateway" has no such version' "$LIST" \
    pki template show s2s-gateway --version 99 --dir vpn
want "a version that is no number" 2 'version is "two"' 'pki template --help' \
    pki template show s2s-gateway --version two --dir vpn
want "no word of it" 2 'want list, show NAME, check FILE' 'pki template --help' \
    pki template frob --dir vpn
want "show what" 2 'want list, show NAME, check FILE' 'pki template --help' \
    pki template show --dir vpn
want "check what" 2 'check which files?' 'pki template --help' pki template check
want "the Admin checks what" 2 'check which files?' 'admin template --help' admin template check
want "a template that is not there" 1 'could not open "none.conf"' 'pki template --help' \
    pki template import none.conf --dir vpn
printf 'name = "mine"\nvalidity = "6y"\n' >mine.conf
want "a template with mistakes" 2 'mine.conf: line 2: validity = "6y"' \
    'pki template check FILE' pki template import mine.conf --dir vpn
want "its mistakes" 1 'mine.conf: the key renewal is missing: want a line renewal = "yes"' '' \
    pki template check mine.conf
HOLD='pki4ipsec admin template import FILE --dir vpn/admin'
want "a difference to nothing" 1 'no template "s2s-gateway" has been imported here' "$HOLD" \
    admin template diff s2s-gateway --dir vpn/admin
want "a template that the Admin may not use" 1 \
    '"none" is not a template that the PKI lets this Admin use' \
    'pki4ipsec admin template --dir vpn/admin' admin template show none --dir vpn/admin
want "a readable file to hold" 1 'mine.conf: there is no signed part' \
    'pki4ipsec pki template export NAME' admin template import mine.conf --dir vpn/admin
want "no file to hold" 1 'could not open "none.template"' 'admin template --help' \
    admin template import none.template --dir vpn/admin
want "sign what" 2 'sign which?' 'admin template --help' admin template sign --dir vpn/admin
want "sign with mistakes" 2 'mine.conf: line 2: validity = "6y"' 'admin template --help' \
    admin template sign mine.conf --dir vpn/admin
make pki template export s2s-gateway --dir vpn
make admin template import s2s-gateway.template --dir vpn/admin
make pki template show s2s-gateway --dir vpn
cp out same.conf
want "sign what is held" 1 'version 1, and 1 is held here: want version = "2"' \
    'pki4ipsec admin template diff NAME --dir vpn/admin' \
    admin template sign same.conf --dir vpn/admin
sed -i 's/^version = .*/version = "3"/' same.conf
make admin template sign same.conf --dir vpn/admin
make pki admin rights admin '*:query' --dir vpn
want "an author without the right" 1 'lacks the right s2s-gateway:template and has "*:query"' \
    'pki4ipsec pki admin rights NAME RIGHTS --dir vpn' \
    pki template import s2s-gateway.signed --dir vpn
make pki admin rights admin '*' --dir vpn
sed -i 's/^version = .*/version = "9"/' s2s-gateway.signed
want "a file that was changed" 1 'the readable part was changed: another version' '' \
    pki template import s2s-gateway.signed --dir vpn
want "what an Admin signed is not what Admins hold" 1 'is not for CMC answers' \
    'pki4ipsec pki template import FILE' \
    admin template import s2s-gateway.signed --dir vpn/admin

want "a template as JSON" 0 'name = "s2s-gateway"' '' \
    admin template show s2s-gateway --dir vpn/admin
want "a device named twice" 0 'gw1' '' admin show gw1 gw1 --dir vpn/admin
printf 'label,fqdn\ngw1,not a name\n' >list.csv
want "keys for a list with a mistake" 1 'list.csv: line 2: cannot use "not a name"' '' \
    admin enroll --generate --csv list.csv --dir vpn/admin

# One of several that is refused does not keep the others from it.
printf 'label,fqdn\ngw3,gw3.example\ngw4,gw4.example\n' >list.csv
make admin authorize --dir vpn/admin --csv list.csv --template s2s-gateway --out ends
id3=$(sed -n 's/^id: //p' ends/gw3.ticket) id4=$(sed -n 's/^id: //p' ends/gw4.ticket)
"$PKI4IPSEC" pki cancel "$id3" nobody "$id4" --dir vpn >out 2>&1
rc=$?
[ $rc = 3 ] || bad "two of three cancelled: exit $rc: $(cat out)"
[ "$(grep -c '^cancelled' out)" = 2 ] || bad "two of three: $(cat out)"

# ---- devices ----

want "no ticket" 1 'ticket: could not open "none.ticket"' 'pki4ipsec admin authorize' \
    peer enroll none.ticket --dir gw1
want "not a ticket" 1 'not a ticket' 'pki4ipsec admin authorize' \
    peer enroll vpn/pki4ipsec.conf --dir gw1
want "a folder as a ticket" 1 'is a directory' '' peer enroll vpn --dir gw1
want "no daemon" 75 'no strongSwan daemon answers at unix:///none' 'swanctl --load-all' \
    peer enroll tickets/gw1.ticket --dir gw1 --install strongswan --swanctl-dir swanctl \
    --vici unix:///none
want "a ticket that was used" 1 'the PKI does not accept this ticket' 'pki4ipsec admin events' \
    peer enroll tickets/gw1.ticket --dir thief
want "cancel what was used" 1 'revoke it instead' '' admin cancel --dir vpn/admin gw1
sed 's/^token: .*/token: AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA/' \
    elsewhere/gw2.ticket >wrong.ticket
want "a wrong token" 1 'the PKI does not accept this ticket' 'pki4ipsec admin events' \
    peer enroll wrong.ticket --dir gw2
want "an Admin with a device's ticket" 1 'not for an Admin' '' \
    admin enroll elsewhere/gw2.ticket --dir other
sed "s|^url: .*|url: http://127.0.0.1:$((DOCS_BASE + 1))/cmc|" elsewhere/gw2.ticket >wrong.ticket
want "a ticket for another server" 1 'HTTP status 404' 'that of another server' \
    peer enroll wrong.ticket --dir gw2
docs_end
want "no server for a device" 75 "$URL/cmc" 'the same command again' \
    peer enroll elsewhere/gw2.ticket --dir gw2 --retry-for 0
want "messages to carry" 75 'carry "box/request.crq" to the PKI' 'when the answer is there' \
    peer enroll elsewhere/gw2.ticket --dir gw2 --file box

# ---- what is on disk ----

# What was said is shown as one row, whatever is in it.
/usr/bin/python3 - <<'END' || bad "no row to change"
import sqlite3
db = sqlite3.connect("vpn/pki.db")
db.execute("UPDATE audit SET detail = 'x' || char(10) || 'forged' || char(27) WHERE n = 1")
db.commit()
END
"$PKI4IPSEC" pki audit --dir vpn >out 2>&1
grep -qF 'x\x0aforged\x1b' out || bad "an audit trail with a line in a line: $(cat out)"

# ---- no permission ----

if [ "$(id -u)" = 0 ]; then
	AS=(setpriv --reuid 65534 --regid 65534 --clear-groups)
else
	chmod 000 vpn/pki4ipsec.conf vpn/admin/key.pem gw1 tickets/gw1.ticket
fi
chmod 644 elsewhere/gw2.ticket
chmod 755 elsewhere
if "${AS[@]}" "$PKI4IPSEC" --version >/dev/null 2>&1; then
	want "another's PKI" 1 'permission denied' 'as the user whom vpn belongs to' \
	    pki status --dir vpn
	want "another's Admin" 1 'permission denied' 'as the user whom vpn/admin belongs to' \
	    admin list --dir vpn/admin
	want "another's device" 1 'permission denied' 'as the user' peer status --dir gw1
	if [ "$(id -u)" = 0 ]; then
		want "init where one may not" 1 'could not make folder' 'may make folders' \
		    pki init --dir "$WORK/mine"
		want "enrol where one may not" 1 'permission denied' 'as root, or --dir' \
		    peer enroll elsewhere/gw2.ticket --dir "$WORK/mine" --retry-for 0
	fi
else
	echo "nobody cannot run $PKI4IPSEC: no cases without permission"
fi
[ "$(id -u)" = 0 ] || chmod 700 gw1

echo "$cases situations"
exit $failed
