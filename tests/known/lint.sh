#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lint - text files, sources, exit codes and JSON of "pki4ipsec lint", and OCSP
# and CRLs of "pki4ipsec verify", with what OpenSSL makes.
#
# R4945-6-1, R4945-6-2, R4945-6-3, R4945-6-4, R4945-6-5, R4945-6.1-1,
# R4945-6.2-1, R4945-6.3-1, R4945-6.3-2, R4945-6.4-1: text formats.
# R4945-5.2-5, R4945-7.3-1: who switches revocation off is warned.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
lint() { "$PKI4IPSEC" lint "$@"; }
verify() { "$PKI4IPSEC" verify "$@"; }

# ---- material ----

cat >ca.conf <<'CONF'
[ ca ]
default_ca = it
[ it ]
database = index.txt
serial = serial.txt
crlnumber = number.txt
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 90
default_crl_days = 7
policy = any
rand_serial = yes
crl_extensions = crl
[ any ]
commonName = optional
[ crl ]
authorityKeyIdentifier = keyid
[ leaf ]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:gw.example.com
crlDistributionPoints = URI:http://crl.example.com/ca.crl
authorityInfoAccess = OCSP;URI:http://ocsp.example.com/
[ ocsp ]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
noCheck = ignored
CONF
make() {
	: >index.txt
	echo 01 >number.txt
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \
	    -out ca.pem -days 3650 -subj "/CN=Example CA G1" \
	    -addext keyUsage=critical,keyCertSign,cRLSign
	for name in gw ocsp; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		    -keyout $name.key -out $name.csr -subj "/CN=$name" || return 1
	done
	openssl ca -batch -config ca.conf -extensions leaf -in gw.csr -out gw.pem -notext &&
	openssl ca -batch -config ca.conf -extensions ocsp -in ocsp.csr -out ocsp.pem -notext &&
	openssl ca -config ca.conf -gencrl -out good.crl
}
make >make.log 2>&1 || { cat make.log; exit 1; }

# ---- what is clean ----

expect "a clean gateway" 0 "1 looked at: 0 errors, 0 warnings" lint --kind s2s-gateway gw.pem
expect "by its issuer" 0 "2 looked at: 0 errors" lint gw.pem ca.pem
expect "an OCSP signer is known as one" 0 "" lint ocsp.pem -v
expect "a CRL with its issuer" 0 "2 looked at" lint good.crl ca.pem
expect "a request" 0 "1 looked at" lint gw.csr

# ---- text ----

openssl x509 -in gw.pem -outform DER -out gw.der
expect "DER" 0 "1 looked at" lint gw.der
sed 's/^/  /; s/$/ \t/' gw.pem >blank.pem
expect "white space around lines" 0 "1 looked at" lint blank.pem
sed 's/$/\r/' gw.pem >crlf.pem
expect "CRLF" 0 "1 looked at" lint crlf.pem
tr '\n' '\r' <gw.pem >cr.pem
expect "CR alone" 0 "1 looked at" lint cr.pem
{ echo "-----BEGIN CERTIFICATE-----"; base64 -w 0 gw.der; echo
  echo "-----END CERTIFICATE-----"; } >long.pem
expect "one long line is read, and noted" 3 "w_ike_pem_line_length" lint long.pem
sed 's/X509 CRL/CRL/' good.crl >rfc.crl
expect "the label of RFC 4945, 6.2" 0 "!e_ike_pem_label" lint rfc.crl
sed 's/CERTIFICATE/X509 CRL/' gw.pem >wrong.pem
expect "a wrong label" 1 '"X509 CRL" around a certificate, in line 1' lint wrong.pem
openssl pkey -in gw.key -pubout -out gw.pub
expect "a public key" 0 "1 looked at" lint gw.pub -v --for windows
cat gw.key gw.pem ca.pem >all.pem
expect "a key among certificates is passed over" 0 "2 looked at" lint all.pem
expect "strongSwan reads the first only" 3 "w_interop_pem_chain_file" lint --for strongswan \
    gw.pem all.pem
openssl crl2pkcs7 -nocrl -certfile all.pem -out all.p7
expect "certificates in CMS" 0 "2 looked at" lint all.p7

# ---- what cannot be read ----

head -n 4 gw.pem >torn.pem
expect "a block without an end" 1 "does not end" lint torn.pem
echo hello >text
expect "no object at all" 1 "holds neither certificate nor CRL nor request" lint text
expect "others are still looked at" 1 "2 looked at" lint torn.pem gw.pem
expect "no such file" 1 "could not open" lint nowhere.pem
expect "nothing given" 2 "nothing to look at" lint
expect "no such kind" 2 'there is no kind "x"' lint --kind x gw.pem
expect "no such product" 2 'no rules for "beos"' lint --for windows,beos gw.pem
head -c 300 gw.der >torn.der
printf 'x' >>torn.der
expect "torn DER" 1 "" lint torn.der

# ---- sources ----

mkdir -p tree/a/b tree/c
cp gw.pem tree/a/b/
cp good.crl tree/c/
cp gw.key text tree/
ln -s . tree/loop
expect "a folder, links not followed" 0 "2 looked at" lint tree
expect "files of other kinds" 0 "2 files hold nothing of the kind" lint tree
expect "standard input" 0 "1 looked at" lint - <gw.pem
expect "an unreachable URL: try later" 75 "" lint --url http://127.0.0.1:1/x.crl
expect "quiet says nothing" 0 "!looked" lint -q gw.pem
[ ! -s out ] || bad "quiet spoke"

# ---- JSON ----

lint --json gw.pem wrong.pem >out 2>&1
if python3 - out <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1]))
assert set(d) == {"objects", "errors", "warnings", "notices", "passed_over"}, d.keys()
assert len(d["objects"]) == 2 and d["errors"] == 1
for o in d["objects"]:
    assert set(o) == {"source", "number", "kind", "profile", "name", "serial", "findings"}, o
    for f in o["findings"]:
        assert set(f) == {"severity", "id", "field", "offset", "value", "section", "rule",
                          "consequence", "repair"}, f
assert d["objects"][1]["findings"][0]["id"] == "e_ike_pem_label"
PYTHON
then ok "JSON has the fields of the manual"; else bad "JSON"; fi

# ---- OCSP and CRLs ----

answer() {	# OUT
	openssl ocsp -issuer ca.pem -cert gw.pem -reqout request.der -no_nonce >/dev/null 2>&1
	openssl ocsp -index index.txt -CA ca.pem -rsigner "$1" -rkey "$2" -reqin request.der \
	    -respout "$3" -ndays 2 >>make.log 2>&1
}
ID=(--id @gw.example.com --trust ca.pem)
answer ocsp.pem ocsp.key good.ocsp || { cat make.log; exit 1; }
answer gw.pem gw.key stranger.ocsp
expect "OCSP: good, by a delegate" 0 "OCSP says good" verify "${ID[@]}" --ocsp good.ocsp gw.pem
expect "OCSP: not by the issuer" 1 "revocation-unknown" verify "${ID[@]}" \
    --ocsp stranger.ocsp gw.pem
expect "OCSP: soft takes a stranger's for nothing" 0 "warn" verify "${ID[@]}" \
    --ocsp stranger.ocsp --revocation soft gw.pem
expect "OCSP: too old" 1 "was to be replaced" verify "${ID[@]}" --ocsp good.ocsp \
    --at "$(date -u -d '+5 days' +%Y-%m-%d)" gw.pem
expect "CRL: good" 0 "accepted: fqdn:gw.example.com" verify "${ID[@]}" --crl good.crl gw.pem
openssl ca -config ca.conf -revoke gw.pem -crl_reason keyCompromise >>make.log 2>&1
openssl ca -config ca.conf -gencrl -out bad.crl >>make.log 2>&1
answer ocsp.pem ocsp.key bad.ocsp
expect "OCSP: revoked" 1 "OCSP says revoked" verify "${ID[@]}" --ocsp bad.ocsp gw.pem
expect "CRL: revoked" 1 "keyCompromise" verify "${ID[@]}" --crl bad.crl gw.pem
expect "good by one, revoked by the other" 1 "refused: fqdn:gw.example.com: revoked" \
    verify "${ID[@]}" --crl good.crl --ocsp bad.ocsp gw.pem
expect "an older CRL does not hide it" 1 "revoked" verify "${ID[@]}" --crl good.crl \
    --crl bad.crl gw.pem
expect "not looked at, and said" 0 "a revoked peer passes" verify "${ID[@]}" --revocation off gw.pem
expect "looked at if nothing is said" 1 "revocation-unknown" verify "${ID[@]}" gw.pem
expect "no identity" 2 "--id and --trust are needed" verify --trust ca.pem gw.pem
expect "no date" 2 "no date like" verify "${ID[@]}" --at soon gw.pem
expect "no policy" 2 "no dotted OID" verify "${ID[@]}" --policy x gw.pem

echo "$passed passed, $failed failed"
[ $failed = 0 ]
