#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# at-once - authorization and enrolment in one message (RFC 4809, 3.2.2,
# scenario 2), with nothing on the device but OpenSSL.
#
# One message brings identifier, token and certificate.  Each half has its own
# verdict: a refused request leaves an authorization and its ticket, which
# serve for the next try; a refused authorization leaves nothing.
#
# R4809-3.2.2-4
#
# R4809-1-4: authorized together with the enrolment; ahead of it in every other test
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl sqlite3
fault_begin
pki_init
sed -i -E 's|^generation = .*|generation = "peer, peer-key-admin-request"|' \
    "$VPN/templates/s2s-gateway.conf"
serve_start
mkdir "$WORK/seen"
proxy_start "$WORK/seen"
BY="http://127.0.0.1:$(cat "$WORK/seen/port")/cmc"

# at_once NAME REQUEST: its exit code in RC
at_once() {
	printf 'fqdn,label\n%s.example,%s\n' "$1" "$1" >"$WORK/$1.csv"
	RC=0
	"$PKI4IPSEC" admin enroll --csv "$WORK/$1.csv" --request "$2" --template s2s-gateway \
	    --dir "$VPN/admin" --url "$BY" --out "$WORK/out" >"$WORK/$1.log" 2>&1 || RC=$?
}
request() {	# NAME [OPTION...]: a key and a request of its own
	local name=$1
	shift
	openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/$name.key"
	openssl req -new -key "$WORK/$name.key" -subj / -out "$WORK/$name.csr" "$@"
}
confirm() {	# NAME
	openssl cms -sign -binary -nodetach -cades -md sha256 -outform DER \
	    -econtent_type 1.3.6.1.5.5.7.12.2 -inkey "$WORK/$1.key" -signer "$WORK/out/$1.pem" \
	    -in "$WORK/out/$1.confirm" -out "$WORK/$1.signed" 2>>"$WORK/openssl.log"
	"$PKI4IPSEC" admin enroll --confirm "$WORK/$1.signed" "$1" --dir "$VPN/admin" \
	    >>"$WORK/$1.log" 2>&1 || fail "confirmation of $1"
}
confirmed() { db "SELECT count(*) FROM cert c JOIN authz a ON a.cert = c.n
    WHERE a.label = '$1' AND c.state = 2"; }
# Messages that carry an authzRequest (id-cvp.1.1) and a request both.
carrying() {
	"$FAULT_PYTHON" - "$WORK/seen" <<'EOF2'
import glob, sys
arc = bytes.fromhex("69c3d79dccaa8aaabab581ded3d5b090fbc93901")
found = 0
for name in glob.glob(sys.argv[1] + "/*.request"):
    octets = open(name, "rb").read()
    found += arc + b"\x01" in octets and arc + b"\x09" in octets
print(found)
EOF2
}

step "both"
request one
at_once one "$WORK/one.csr"
is "exit code" "$RC" 0
is "messages with both" "$(carrying)" 1
[ -s "$WORK/out/one.ticket" ] || fail "no ticket"
confirm one
is "confirmed" "$(confirmed one)" 1
openssl x509 -in "$WORK/out/one.pem" -noout -ext subjectAltName | grep -q one.example ||
	fail "another name in the certificate"

step "a request that is refused"
request two -addext subjectAltName=DNS:mallory.example
at_once two "$WORK/two.csr"
is "exit code" "$RC" 3
grep -q 'authorized, but not enrolled' "$WORK/two.log" || fail "$(cat "$WORK/two.log")"
[ -s "$WORK/out/two.ticket" ] && [ ! -e "$WORK/out/two.pem" ] || fail "not just a ticket"
is "certificates" "$(db "SELECT count(*) FROM cert c JOIN authz a ON a.n = c.authz
    WHERE a.label = 'two'")" 0
request two
"$PKI4IPSEC" admin enroll --request "$WORK/two.csr" two --dir "$VPN/admin" --out "$WORK/out" \
    >>"$WORK/two.log" 2>&1 || fail "another request for the same authorization"
confirm two
is "confirmed by another request" "$(confirmed two)" 1

step "an authorization that is refused"
request three
printf 'fqdn\none.example\n' >"$WORK/three.csv"
"$PKI4IPSEC" admin cancel one --dir "$VPN/admin" >>"$WORK/three.log" 2>&1 && fail "cancelled"
cp -r "$VPN/admin" "$WORK/other"	# a folder that does not know of it
rm -f "$WORK/other/inventory.tsv"
RC=0
"$PKI4IPSEC" admin enroll --csv "$WORK/three.csv" --request "$WORK/three.csr" \
    --template s2s-gateway --dir "$WORK/other" --out "$WORK/out3" >>"$WORK/three.log" 2>&1 ||
	RC=$?
is "a name that another device has" "$RC" 1
grep -q 'not authorized' "$WORK/three.log" || fail "$(cat "$WORK/three.log")"
is "files" "$(find "$WORK/out3" -type f | wc -l)" 0
is "certificates" "$(db "SELECT count(*) FROM cert WHERE state = 2 AND identity = 'fqdn:one.example'")" 1

step "wrong calls"
printf 'fqdn\na.example\nb.example\n' >"$WORK/two-rows.csv"
for call in "--csv $WORK/two-rows.csv --request $WORK/three.csr --template s2s-gateway" \
    "--request $WORK/three.csr --template s2s-gateway one"; do
	RC=0
	# shellcheck disable=SC2086
	"$PKI4IPSEC" admin enroll $call --dir "$VPN/admin" --out "$WORK/out" \
	    >"$WORK/wrong.log" 2>&1 || RC=$?
	is "exit code of a wrong call" "$RC" 2
done
proxy_stop
audit_holds
