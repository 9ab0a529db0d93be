#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 41-i18n - names that are not ASCII on their whole way: CSV, wire, database,
# ticket, certificate, list, events, log.
#
# R4809-3.2.4.3-4: tokens and ids of other letters survive the whole path.
# R4809-3.2.4.3-5, SEED-34: composed and decomposed spellings are one token.
# R4809-3.2.4.3-6: of these letters and no others.
# SEED-31, SEED-32, SEED-42.
# shellcheck source=../fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

fault_need openssl sqlite3
export LC_ALL=C.UTF-8
fault_begin
pki_init
GREEK='αβγδεζηθικλμνξοπρστυφχψω'
ACCENTED='áéíóúýčďěňřšťůžàèìòùâêîôûäëïöü'
sed -i "s/^id-alphabet = .*/id-alphabet = \"$GREEK\"/
    s/^id-length = .*/id-length = \"24\"/
    s/^token-alphabet = .*/token-alphabet = \"$ACCENTED\"/
    s/^organization = .*/organization = \"Übersee AG 東京\"/
    s/^common-name = .*/common-name = \"label\"/
    s/^identities = .*/identities = \"fqdn, email\"/
    s/^required-identities = .*/required-identities = \"fqdn, email\"/" \
    "$VPN/templates/s2s-gateway.conf"
serve_start

LABEL='Zürich Büro 東京 Ⅷ'
MAKTAB='مكتب'
admin() { "$PKI4IPSEC" admin "$@" --dir "$VPN/admin"; }
# send CSV: authorize what it says; the exit code in RC
send() {
	printf '%b' "$1" >"$WORK/list.csv"
	RC=0
	admin authorize --template s2s-gateway --csv "$WORK/list.csv" --out "$TICKETS" \
	    >"$WORK/authorize.log" 2>&1 || RC=$?
}
in_ticket() { sed -n "s/^$2: //p" "$TICKETS/$1.ticket"; }
enrolled() {
	"$PKI4IPSEC" peer enroll "$TICKETS/$1.ticket" --dir "$WORK/devices/$1" \
	    >"$WORK/devices.log" 2>&1 || fail "peer enroll $1"
}
subject() {
	openssl x509 -in "$WORK/devices/$1/cert.pem" -noout -subject \
	    -nameopt utf8,sep_comma_plus | sed 's/^subject=//'
}
names() {
	openssl x509 -in "$WORK/devices/$1/cert.pem" -noout -ext subjectAltName |
	    tail -n 1 | tr -d ' '
}

step "from the list to the tickets"
send "fqdn,email,label,group\nBücher.example;xn--strae-oqa.example,,$LABEL,große Gruppe\n,ann@Bücher.example,$MAKTAB,\n"
is "admin authorize" "$RC" 0
T1='Zürich-Büro-東京-Ⅷ'
is "the label in the ticket" "$(in_ticket "$T1" label)" "$LABEL"
id=$(in_ticket "$T1" id) token=$(in_ticket "$T1" token)
is "an id of 24 Greek letters" "$(grep -c "^[$GREEK]\{24\}$" <<<"$id")" 1
is "a token of 32 accented ones" "$(tr -d - <<<"$token" | grep -c "^[$ACCENTED]\{32\}$")" 1
is "identities in the ticket" "$(in_ticket "$T1" identity | tr '\n' ' ')" \
    "fqdn:xn--bcher-kva.example fqdn:xn--strae-oqa.example "

step "typed by hand: no marks, and every letter with its accent apart"
decomposed=$("$FAULT_PYTHON" -c 'import sys, unicodedata
print(unicodedata.normalize("NFD", sys.argv[1].replace("-", "")))' "$token")
is "apart: letters and accents" "${#decomposed}" 64
sed -i "s/^token: .*/token: $decomposed/" "$TICKETS/$T1.ticket"
enrolled "$T1"
enrolled "$MAKTAB"
pass "both are enrolled"

step "in the certificates, the database, the lists and the log"
is "subject" "$(subject "$T1")" "O=Übersee AG 東京,OU=Gateways,CN=$LABEL"
is "names" "$(names "$T1")" "DNS:xn--bcher-kva.example,DNS:xn--strae-oqa.example"
is "subject" "$(subject "$MAKTAB")" "O=Übersee AG 東京,OU=Gateways,CN=$MAKTAB"
is "name" "$(names "$MAKTAB")" "email:ann@xn--bcher-kva.example"
is "label in the database" "$(db "select label from authz where id = '$id'")" "$LABEL"
is "admin list" "$(admin list --label 東京 --json | "$FAULT_PYTHON" -c 'import json, sys
for a in json.load(sys.stdin)["authorizations"]:
    print(a["id"], a["name"], a["group"], a["state"])')" "$id $LABEL große Gruppe confirmed"
is "admin events" "$(admin events --all | grep -c "confirmed.*$LABEL")" 1
admin revoke "$MAKTAB" >"$WORK/revoke.log" 2>&1 || fail "admin revoke $MAKTAB"
pass "revoked by its label: $MAKTAB"
is "audit rows about it" "$(db "select count(*) > 0 from audit where detail like '%$id%'")" 1
[ "$(LC_ALL=C grep -c '[^ -~]' "$WORK/serve.log")" = 0 ] ||
	is "the log is UTF-8" "$(iconv -f UTF-8 -t UTF-8 "$WORK/serve.log" >/dev/null && echo yes)" yes

step "what cannot be is named"
while IFS='|' read -r csv words; do
	send "$csv"
	is "admin authorize" "$RC" 1
	grep -q "list.csv:.*$words" "$WORK/authorize.log" || fail "no word of \"$words\""
	pass "$(head -n 1 "$WORK/authorize.log" | sed 's/.*list.csv/list.csv/')"
done <<-'EOF2'
fqdn,label\ngw1.example,\xff\xfe\n|octet 0xFF at column 13 is not UTF-8
fqdn,label\ngw1.example,\xed\xa0\x80\n|not UTF-8
fqdn,label\ngw1.example,\xc0\xaf\n|not UTF-8
email,label\nänn@example.org,x\n|email: .*non-ASCII characters before the @
fqdn,label\ngw\u200d1.example,x\n|fqdn: .*context-j
fqdn,label\nxn--zzzzzz99.example,x\n|not an A-label
fqdn,label\ngw9.example,Zu\u0308rich\ngw8.example,Zürich\n|label: .*line 2 too
EOF2
is "tickets" "$(find "$TICKETS" -name '*.ticket' | wc -l)" 2
audit_holds
