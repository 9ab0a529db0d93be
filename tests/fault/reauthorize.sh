#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# reauthorize - a new ticket on the same terms, under a new id; and whatever is
# lost on the way, in the end one authorization lives, and its ticket opens it.
#
# R4809-3.2.4.4-1, R4809-3.2.4.4-3 (cancelled tickets are worth nothing),
# R4809-3.2.4.4-4 (the exchange is finished after each lost message),
# R4809-3.2.4.4-5 (the same contents under a new id), R4809-3.2.4.2-9 (a rekey
# by a fresh authorization)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need sqlite3 openssl
fault_begin
pki_init
serve_start

admin() { "$PKI4IPSEC" admin "$1" --dir "$VPN/admin" "${@:2}"; }
field() { sed -n "s/^$2: //p" "$(ticket "$1")"; }
alive() {
	db "select count(*) from authz where label = '$1' and state in (0, 1)"
}

# refused CODE PHRASE COMMAND...
refused() {
	local want=$1 phrase=$2 out rc=0
	shift 2
	out=$("$@" 2>&1) || rc=$?
	[ $rc = "$want" ] || fail "exit $rc, not $want: $* ($out)"
	grep -qF -e "$phrase" <<<"$out" || fail "no \"$phrase\" in: $out"
	pass "refused: $phrase"
}

# A day within the template's year, and as openssl writes it.
END=$(date -u -d '+150 days' +%FT00:00:00Z)
SHOWN=$(LC_ALL=C date -u -d "$END" '+notAfter=%b %e %H:%M:%S %Y GMT')

step "the same again"
cat >"$WORK/list.csv" <<-EOF2
	fqdn,ipv4,label,group,peer,address,subnets,site,key,valid-until,renewal,subject
	a1.example,192.0.2.7,a1,,a2,192.0.2.1,198.51.100.0/25,"Bern, hall 2",ec-p384,$END,no,"CN=Gate 1, O=Example"
	a2.example,,a2,mesh,,192.0.2.2,198.51.100.128/25,,,,,
	a3.example,,a3,mesh,,192.0.2.3,,,,,,
EOF2
admin authorize --template s2s-gateway --csv "$WORK/list.csv" --out "$TICKETS" --window 2d -q
cp "$(ticket a1)" "$WORK/old.ticket"
old=$(field a1 id)
refused 1 'has a certificate' bash -c "
	'$PKI4IPSEC' peer enroll '$(ticket a3)' --dir '$WORK/devices/a3' -q &&
	'$PKI4IPSEC' admin reauthorize --dir '$VPN/admin' a3"
admin reauthorize a1 --out "$TICKETS" --window 20d >"$WORK/out.log"
[ "$(field a1 id)" != "$old" ] || fail "the id is the old one"
pass "a new id"
grep -vE '^(id|token|not-after):' "$WORK/old.ticket" >"$WORK/old.rest"
grep -vE '^(id|token|not-after):' "$(ticket a1)" >"$WORK/new.rest"
diff "$WORK/old.rest" "$WORK/new.rest" >"$WORK/diff.log" || fail "the tickets differ in more"
pass "nothing else in the ticket is another"
[ "$(field a1 not-after | cut -c 1-10)" = "$(date -u -d '+20 days' +%F)" ] ||
	fail "its window is not the one asked for"
pass "its window is longer"
refused 1 'does not accept this ticket' "$PKI4IPSEC" peer enroll "$WORK/old.ticket" \
    --dir "$WORK/devices/old"
enroll a1 || fail "the new ticket"
is "terms of its own" "$(openssl x509 -in "$WORK/devices/a1/cert.pem" -noout -subject \
    -nameopt RFC2253) $(openssl x509 -in "$WORK/devices/a1/cert.pem" -noout -enddate)" \
    "subject=O=Example,CN=Gate 1 $SHOWN"

step "by condition"
admin reauthorize --state open --dry-run >"$WORK/dry.log"
grep -q '^1 authorization would be reauthorized; to do it: --expect 1$' "$WORK/dry.log" ||
	fail "no count in the dry run"
admin reauthorize --state open --expect 1 --out "$TICKETS" -q
is "one lives" "$(alive a2)" 1
admin cancel a2 -q
admin reauthorize a2 --out "$TICKETS" -q
is "what was cancelled lives again" "$(alive a2)" 1
[ ! -e "$VPN/admin/reauthorize" ] || fail "something is left behind"

step "a rekey, on terms of its own"
printf 'fqdn,label\nr1.example,r1\n' >"$WORK/r.csv"
admin authorize --template s2s-gateway --csv "$WORK/r.csv" --out "$TICKETS" -q
enroll r1 || fail "enroll r1"
serial=$(openssl x509 -in "$WORK/devices/r1/cert.pem" -noout -serial | cut -d= -f2)
{
	echo fqdn,label,replaces,valid-until
	echo "r1.example,r1,$serial,$END"
} >"$WORK/rekey.csv"
printf 'fqdn,label,replaces\nr2.example,r2,0123\n' >"$WORK/wrong.csv"
refused 1 'no certificate in use' admin authorize --template s2s-gateway \
    --csv "$WORK/wrong.csv" --out "$WORK/rekeys"
admin authorize --template s2s-gateway --csv "$WORK/rekey.csv" --out "$WORK/rekeys" -q
is "given again, it is passed over" "$(admin authorize --template s2s-gateway \
    --csv "$WORK/rekey.csv" --out "$WORK/rekeys" | head -n 1)" \
    "nothing to do: 1 authorized earlier, and alive"
refused 1 'does not accept this ticket' "$PKI4IPSEC" peer enroll "$WORK/rekeys/r1.ticket" \
    --dir "$WORK/devices/lost"
"$PKI4IPSEC" peer rekey "$WORK/rekeys/r1.ticket" --dir "$WORK/devices/r1" \
    >"$WORK/devices.log" 2>&1 || fail "peer rekey"
[ "$(openssl x509 -in "$WORK/devices/r1/cert.pem" -noout -serial | cut -d= -f2)" != "$serial" ] ||
	fail "the certificate is the old one"
is "the new one's end is its own" \
    "$(openssl x509 -in "$WORK/devices/r1/cert.pem" -noout -enddate)" "$SHOWN"
is "the old one is retired" "$(curl -sf "$URL/crl/ike.crl" |
    openssl crl -inform DER -noout -text | grep -ic "$serial")" 1
is "and it is passed over still" "$(admin authorize --template s2s-gateway \
    --csv "$WORK/rekey.csv" --out "$WORK/rekeys" | head -n 1)" \
    "nothing to do: 1 authorized earlier, and alive"

step "the key of a device is lost"
printf 'fqdn,label\nk1.example,k1\nk2.example,k2\n' >"$WORK/k.csv"
admin authorize --template s2s-gateway --csv "$WORK/k.csv" --out "$TICKETS" -q
refused 1 'no certificate of it is in use' admin reauthorize --lost-key k1 --out "$TICKETS"
enroll k1 || fail "enroll k1"
serial=$(openssl x509 -in "$WORK/devices/k1/cert.pem" -noout -serial | cut -d= -f2)
refused 1 'by --lost-key' admin reauthorize k1 --out "$TICKETS"
rm "$WORK/devices/k1/key.pem"
admin reauthorize --lost-key k1 --out "$WORK/lost" >"$WORK/next.log"
grep -q 'peer enroll .*k1.ticket' "$WORK/next.log" || fail "what comes next"
anew() {
	"$PKI4IPSEC" peer enroll "$WORK/lost/$1.ticket" --dir "$WORK/devices/$1" \
	    >"$WORK/devices.log" 2>&1
}
in_use() { db "select count(*) from authz where label = '$1' and state = 4"; }
listed() { curl -sf "$URL/crl/ike.crl" | openssl crl -inform DER -noout -text | grep -ic "$serial"; }
is "authorized, the old one is good" "$(listed)" 0
refused 1 'beside a certificate in use' admin reauthorize k1 --out "$WORK/lost"
is "nothing was cancelled" "$(alive k1)" 1
mv "$WORK/lost/k1.ticket" "$WORK/lost.ticket"
admin reauthorize --lost-key k1 --out "$WORK/lost" -q
is "its ticket is lost as well" "$(alive k1) $(find "$WORK/lost" -name 'k1*.ticket' | wc -l)" "1 1"
anew k1 || fail "the ticket of a device without a key"
is "enrolled, the old one is revoked" "$(listed)" 1
is "one is in use" "$(in_use k1)" 1
enroll k2 || fail "enroll k2"
serial=$(openssl x509 -in "$WORK/devices/k2/cert.pem" -noout -serial | cut -d= -f2)
printf 'fqdn,label,lost-key\nk2.example,k2,yes\n' >"$WORK/wrong.csv"
refused 1 'no certificate whose key it was' admin authorize --template s2s-gateway \
    --csv "$WORK/wrong.csv" --out "$TICKETS"
printf 'fqdn,label,replaces,lost-key\nk2.example,k2,%s,yes\n' "$serial" >"$WORK/k2.csv"
admin authorize --template s2s-gateway --csv "$WORK/k2.csv" --out "$WORK/lost" -q
anew k2 || fail "the ticket of a list"
is "by a list, the old one is revoked" "$(listed)" 1
is "one is in use" "$(in_use k2)" 1

step "lost on the way"
mkdir "$WORK/proxy"
proxy_start "$WORK/proxy"
proxied=http://127.0.0.1:$(cat "$WORK/proxy/port")/cmc
for action in drop lose; do
	for n in 1 2 3 4 5 6 7 8; do
		name=$action$n
		printf 'fqdn,label\n%s.example,%s\n' "$name" "$name" >"$WORK/one.csv"
		admin authorize --template s2s-gateway --csv "$WORK/one.csv" --out "$TICKETS" -q
		cp "$(ticket "$name")" "$WORK/old.ticket"
		sent=$(find "$WORK/proxy" -name '*.request' | wc -l)
		echo "$((sent + n))=$action" >"$WORK/proxy/actions"
		rc=0
		admin reauthorize "$name" --out "$TICKETS" --url "$proxied" \
		    >"$WORK/out.log" 2>&1 || rc=$?
		: >"$WORK/proxy/actions"
		[ $rc = 0 ] || [ $rc = 75 ] || fail "$name: exit $rc"
		if [ $rc = 75 ]; then
			admin reauthorize "$name" --out "$TICKETS" --url "$proxied" \
			    >"$WORK/out.log" 2>&1 || fail "$name: again"
		fi
		[ "$(alive "$name")" = 1 ] || fail "$name: $(alive "$name") live"
		# A device asks more than once before it believes a no: not each time.
		[ $((n % 4)) != 0 ] ||
		    ! "$PKI4IPSEC" peer enroll "$WORK/old.ticket" --dir "$WORK/devices/x$name" \
		    >/dev/null 2>&1 || fail "$name: the old ticket"
		enroll "$name" || fail "$name: the new ticket"
	done
	pass "$action: each message of the command in turn"
done
[ ! -e "$VPN/admin/reauthorize" ] || fail "something is left behind"
proxy_stop
audit_holds
