#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# search - a stranger with curl finds certificates by what stands in them, as
# RFC 4387 has it, and cannot find out which there are.
#
# R4809-3.6.1-13: by subject, by issuer and serial number, by key identifier and by
#   subjectAltName, the right certificate or a clean "not found"
# R4809-3.6.1-7: every certificate of the chain, by the same search
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl
fault_begin
pki_init
sed -i -E 's|^renewal-last-percent = .*|renewal-last-percent = 100|' "$VPN/templates/s2s-gateway.conf"
serve_start
printf 'fqdn,ipv4,label\ngw1.example,192.0.2.1,gw1\n' >"$WORK/list.csv"
printf 'fqdn,label\ngw2.example,gw2\ngw3.example,gw3\n' >"$WORK/more.csv"
printf 'email,label\nann@example.org,ann\n' >"$WORK/users.csv"
for list in list more users; do
	template=s2s-gateway
	[ $list = users ] && template=ra-user
	"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template $template --csv "$WORK/$list.csv" \
	    --out "$TICKETS" >>"$WORK/authorize.log" 2>&1 || fail "admin authorize: $list"
done
for i in gw1 gw2 ann; do enroll $i || fail "enroll $i"; done

cert() { echo "$WORK/devices/$1/cert.pem"; }
store() { echo "$URL/certificates/search.cgi"; }

# The status; the body is in $WORK/body, the head in $WORK/head.
ask() {
	curl -s -o "$WORK/body" -D "$WORK/head" -w '%{http_code}' -G --data-urlencode "$1" \
	    "${2:-$(store)}"
}

type_of() { sed -n 's/^[Cc]ontent-[Tt]ype: *//p' "$WORK/head" | tr -d '\r'; }

# The four hashes as a stranger makes them, from the octets of the certificate.
cat >"$WORK/keys.py" <<'E2'
import base64, hashlib, sys
from asn1crypto import cms, pem, x509
with open(sys.argv[1], "rb") as f:
    octets = f.read()
c = x509.Certificate.load(pem.unarmor(octets)[2] if pem.detect(octets) else octets)
tbs = c["tbs_certificate"]
what = {
    "certHash": c.dump(),
    "iHash": c.issuer.dump(),
    "iAndSHash": cms.IssuerAndSerialNumber(
        {"issuer": c.issuer, "serial_number": c.serial_number}).dump(),
    "sHash": c.subject.dump(),
    "sKIDHash": c.key_identifier,
}[sys.argv[2]]
print(base64.b64encode(hashlib.sha1(what).digest()).decode().rstrip("="))
E2
"$FAULT_PYTHON" -c 'import asn1crypto' 2>/dev/null || skip "no asn1crypto"
key() { "$FAULT_PYTHON" "$WORK/keys.py" "$1" "$2"; }

# finds WHAT VALUE CERTIFICATE
finds() {
	is "$1: status" "$(ask "$1=$2")" 200
	is "$1: type" "$(type_of)" application/pkix-cert
	openssl x509 -in "$3" -outform DER -out "$WORK/want.der" 2>/dev/null || cp "$3" "$WORK/want.der"
	cmp -s "$WORK/body" "$WORK/want.der" || fail "$1=$2: another certificate"
	pass "$1: the right certificate, to the bit"
}

step "as the configuration is: who knows the certificate finds it"
for attribute in certHash iAndSHash sKIDHash; do
	finds $attribute "$(key "$(cert gw1)" $attribute)" "$(cert gw1)"
done
is "an answer is not kept" "$(grep -ci '^cache-control: no-cache' "$WORK/head")" 1
for attribute in sHash iHash; do
	is "$attribute, which can be guessed" "$(ask "$attribute=$(key "$(cert gw1)" $attribute)")" 403
done
for pair in uri=gw1.example name=gw1.example uri=192.0.2.1 email=ann@example.org; do
	is "$pair, which can be guessed" "$(ask "$pair")" 403
	is "and one that there is not, alike" "$(ask "${pair%%=*}=nobody.example")" 403
done
is "not there" "$(ask "certHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA")" 404

step "what is not asked well"
for pair in certHash=short "certHash=AAAAAAAAAAAAAAAAAAAAAAAAAA=" "certHash=AAAAAAAAAAAAAAAAAAAAAAAAAA;" \
    "uri=" "serial=1" "certhash=AAAAAAAAAAAAAAAAAAAAAAAAAAA"; do
	is "$pair" "$(ask "$pair")" 400
done
is "nothing" "$(curl -s -o /dev/null -w '%{http_code}' "$(store)")" 400
is "two attributes" "$(curl -s -o /dev/null -w '%{http_code}' -G -d certHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA \
    -d sKIDHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA "$(store)")" 400
is "a broken escape" "$(curl -s -o /dev/null -w '%{http_code}' "$(store)?certHash=%zz")" 400
is "too long" "$(ask "uri=$(printf '%600s' '' | tr ' ' a)")" 400
is "not by POST" "$(curl -s -o /dev/null -w '%{http_code}' -d certHash=x "$(store)")" 405
value=$(key "$(cert gw1)" certHash)
is "another attribute beside it" "$(curl -s -o /dev/null -w '%{http_code}' -G -d x-trace=1 \
    --data-urlencode "certHash=$value" "$(store)")" 200

step "every name, where the operator wants it so"
sed -i 's/^search = .*/search = "names"/' "$VPN/pki4ipsec.conf"
kill -HUP "$SERVE_PID"
searched() { [ "$(ask "uri=$1")" = 200 ]; }
wait_for 20 "searches by name" searched gw1.example
for attribute in sHash iAndSHash sKIDHash certHash; do
	finds $attribute "$(key "$(cert gw1)" $attribute)" "$(cert gw1)"
done
finds uri gw1.example "$(cert gw1)"
finds uri 192.0.2.1 "$(cert gw1)"
finds email ann@example.org "$(cert ann)"
finds name gw2.example "$(cert gw2)"
for pair in uri=gw9.example uri=GW1.EXAMPLE uri=gw1 uri=192.0.2.9 name=nobody \
    "sHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA"; do
	is "$pair" "$(ask "$pair")" 404
done
hash=$(key "$(cert gw2)" sKIDHash)
is "a plus sign that was not escaped" "$(curl -s -o /dev/null -w '%{http_code}' \
    "$(store)?sKIDHash=$(sed 's|/|%2F|g' <<<"$hash")")" 200

step "several"
is "all of an issuer" "$(ask "iHash=$(key "$(cert gw1)" iHash)")" 200
boundary=$(type_of | sed -n 's|^multipart/mixed; boundary=||p')
[ -n "$boundary" ] || fail "type $(type_of)"
"$FAULT_PYTHON" - "$WORK" "$boundary" "$(cert gw1)" "$(cert gw2)" "$(cert ann)" <<'E2' || fail "the parts"
import sys
from email import message_from_bytes
from asn1crypto import pem
work, boundary = sys.argv[1:3]
with open(work + "/body", "rb") as f:
    body = f.read()
parts = body.split(b"--" + boundary.encode())
assert parts[0] == b"" and parts[-1] == b"--\r\n", parts[-1]
got = set()
for part in parts[1:-1]:
    head, der = part.split(b"\r\n\r\n", 1)
    assert b"Content-Type: application/pkix-cert" in head
    got.add(der[:-2])
want = set(pem.unarmor(open(p, "rb").read())[2] for p in sys.argv[3:])
assert got == want, (len(got), len(want))
E2
pass "a part for each certificate"

step "the chain"
curl -sf -o "$WORK/ike.cer" "$URL/ca/ike.cer"
curl -sf -o "$WORK/root.cer" "$URL/ca/root.cer"
finds sKIDHash "$(key "$WORK/ike.cer" sKIDHash)" "$WORK/ike.cer"
finds sHash "$(key "$(cert gw1)" iHash)" "$WORK/ike.cer"
finds certHash "$(key "$WORK/root.cer" certHash)" "$WORK/root.cer"
crls="$URL/crls/search.cgi"
is "a CRL by its issuer" "$(ask "iHash=$(key "$(cert gw1)" iHash)" "$crls")" 200
is "type" "$(type_of)" application/pkix-crl
curl -sf -o "$WORK/ike.crl" "$URL/crl/ike.crl"
cmp -s "$WORK/body" "$WORK/ike.crl" || fail "another CRL"
is "by its issuer's key" "$(ask "sKIDHash=$(key "$WORK/ike.cer" sKIDHash)" "$crls")" 200
is "of nobody" "$(ask "iHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA" "$crls")" 404
is "not by a name" "$(ask "uri=gw1.example" "$crls")" 400

step "only what is published"
proxy_start "$WORK/proxy" 2+=drop
by_proxy "$WORK/proxy" gw3
"$PKI4IPSEC" peer enroll "$(ticket gw3)" --dir "$WORK/devices/gw3" --retry-for 0 \
    >>"$WORK/devices.log" 2>&1 && fail "gw3 without its confirmation"
proxy_stop
is "not confirmed" "$(ask uri=gw3.example)" 404
sed -i "s|^url:.*|url: $URL/cmc|" "$(ticket gw3)"
"$PKI4IPSEC" peer enroll "$(ticket gw3)" --dir "$WORK/devices/gw3" >>"$WORK/devices.log" 2>&1 ||
    fail "gw3, once more"
finds uri gw3.example "$(cert gw3)"
cp "$(cert gw2)" "$WORK/old.pem"
"$PKI4IPSEC" peer renew --dir "$WORK/devices/gw2" >>"$WORK/devices.log" 2>&1 || fail "peer renew"
finds uri gw2.example "$(cert gw2)"
is "the one before" "$(ask "certHash=$(key "$WORK/old.pem" certHash)")" 404
"$PKI4IPSEC" pki revoke gw1 --dir "$VPN" -q
is "revoked" "$(ask uri=gw1.example)" 404

step "many"
authorize 60 many
begun=$(ms)
for i in $(seq 60); do enroll many$i || fail "enroll many$i"; done
note "60 devices in $(($(ms) - begun)) ms"
is "more than is brought at one time" "$(ask "iHash=$(key "$(cert gw2)" iHash)")" 413
finds uri many60.example "$(cert many60)"

step "after a restart, and where it is off"
serve_stop
sed -i 's/^search = .*/search = "off"/' "$VPN/pki4ipsec.conf"
serve_start
is "off" "$(ask "certHash=$(key "$(cert gw2)" certHash)")" 403
is "the CRL, too" "$(ask "iHash=$(key "$(cert gw2)" iHash)" "$crls")" 403
is "by its hash, as IKE does" "$(curl -s -o /dev/null -w '%{http_code}' \
    "$URL/certs/$(openssl x509 -in "$(cert gw2)" -outform DER | sha1sum | cut -d ' ' -f 1)")" 200
serve_stop
sed -i 's/^search = .*/search = "names"/' "$VPN/pki4ipsec.conf"
serve_start
finds uri many1.example "$(cert many1)"
sed -i 's/^search = .*/search = "all"/' "$VPN/pki4ipsec.conf"
"$PKI4IPSEC" pki status --dir "$VPN" >"$WORK/out.log" 2>&1 && fail "search = all"
grep -q 'search = "all" is not permitted: off, known or names' "$WORK/out.log" || fail "which value"
pass "another word is refused"
