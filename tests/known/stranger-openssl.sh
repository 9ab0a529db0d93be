#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# stranger-openssl - OpenSSL's command line verifies what a running server and
# a device of ours have said to each other; pyasn1-modules and asn1crypto parse
# it, and get the same octets when they encode it again.
#
# R5272-3.2-2, R5272-3.2-3, R5272-3.2-4, R5272-3.2-5: the request is signed by
# its own key, named by its SKI, once.
# R5272-6.1-2, R5272-6.1.1-1: statusInfoV2.
# R5273-6.1-1: the Content-Type of answers.
# R4809-2.2-5, R4809-2.2-6: certificate and CRL are fetched and verify.
# R4809-3.5.3-4: an Admin revokes; the CRL has it.
#
# R4809-1.3-7: the CRL, fetched by anybody, signed and dated
# R4809-3.3.1-2: the request's signature is its own key's
# R4809-3.6.1-1, R4809-3.6.1-9, R4809-3.7.3-5: CRL and certificates by one HTTP GET
#   each
# R4809-3.6.1-2: answered at that place: 200, and the whole object
# R4809-3.6.1-7, R4809-3.6.1-10: every certificate above the device's is fetched
# SEED-15, SEED-22: by whoever asks with HTTP
# R5272-6.11-1: a signed revocation by a command of ours
# R5272-4.1-3: the CA's certificate is in the answer
# shellcheck source=../fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

fault_need openssl sqlite3
fault_begin
for module in pyasn1_modules.rfc6402 asn1crypto.crl; do
	"$FAULT_PYTHON" -c "import $module" 2>/dev/null ||
		skip "no Python module $module"
done
parse() { "$FAULT_PYTHON" "$FAULT_TOP/tests/known/stranger_pki.py" "$@"; }

# verifies WHAT COMMAND...
verifies() {
	local what=$1
	shift
	"$@" >"$WORK/last.log" 2>&1 || fail "$what"
	pass "$what"
}

pki_init
serve_start
authorize 2 ssl
proxy_start "$WORK/way"
by_proxy "$WORK/way" ssl1
by_proxy "$WORK/way" ssl2
enroll ssl1 || fail "peer enroll ssl1"
enroll ssl2 || fail "peer enroll ssl2"
cd "$WORK/way"
is "messages of two enrolments" "$(ls ./*.request | wc -l)" 4
ROOT=$VPN/certs/root.pem
IKE=$VPN/certs/ike.pem
DEVICE=$WORK/devices/ssl1

step "openssl cms"
verifies "the request verifies under the key that was certified" \
    openssl cms -verify -inform DER -in 1.request -binary -noverify \
    -certfile "$DEVICE/cert.pem" -out request.der
for n in 1 2; do
	verifies "answer $n verifies up to the root" openssl cms -verify \
	    -inform DER -in $n.response -binary -CAfile "$ROOT" \
	    -purpose any -out response$n.der
done
cat "$ROOT" "$IKE" >cas.pem	# openssl cms takes no intermediates but those within
verifies "the confirmation verifies up to the root" openssl cms -verify \
    -inform DER -in 2.request -binary -CAfile cas.pem \
    -purpose any -out confirm.der
for name in request response1 response2 confirm; do
	verifies "openssl asn1parse: $name" \
	    openssl asn1parse -inform DER -in $name.der
done
# tear: answer 1 with one bit of its signed content turned over
python3 - 1.response response1.der torn.response <<'END'
import sys
answer, content = (open(name, "rb").read() for name in sys.argv[1:3])
at = answer.index(content) + len(content) // 2
open(sys.argv[3], "wb").write(
    answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1:])
END
if openssl cms -verify -inform DER -in torn.response -binary -CAfile "$ROOT" \
    -purpose any -out /dev/null 2>"$WORK/last.log"; then
	fail "openssl verifies a changed answer"
fi
pass "a changed answer does not verify"

step "openssl x509, crl, verify"
openssl x509 -in "$DEVICE/cert.pem" -noout -text >cert.txt
grep -q 'DNS:ssl1.example' cert.txt || fail "no DNS:ssl1.example in the certificate"
is "the key on the device is the certificate's" \
    "$(openssl pkey -in "$DEVICE/key.pem" -pubout | openssl sha256)" \
    "$(openssl x509 -in "$DEVICE/cert.pem" -noout -pubkey | openssl sha256)"
cdp=$(openssl x509 -in "$DEVICE/cert.pem" -noout -ext crlDistributionPoints |
	sed -n 's/.*URI:\(http:[^ ]*\).*/\1/p' | head -n 1)
curl -sf -D head.txt -o ike.crl "$cdp" || fail "no CRL at $cdp"
for header in 'Cache-Control: public, max-age=' 'ETag: "' 'Last-Modified: ' \
    'Content-Type: application/pkix-crl'; do
	grep -qi "^$header" head.txt || fail "the CRL comes without \"$header\""
done
pass "the CRL has headers for caches"
etag=$(sed -n 's/^ETag: *\(".*"\).*/\1/Ip' head.txt)
is "the same CRL again" "$(curl -s -o /dev/null -w '%{http_code}' \
    -H "If-None-Match: $etag" "$cdp")" 304
verifies "openssl crl -verify" openssl crl -inform DER -in ike.crl -CAfile "$IKE" -verify \
    -noout
openssl crl -inform DER -in ike.crl -out ike.crl.pem
verifies "openssl verify -crl_check" openssl verify -x509_strict -CAfile "$ROOT" \
    -untrusted "$IKE" -crl_check -CRLfile ike.crl.pem "$DEVICE/cert.pem"
for name in root ike management; do
	curl -sf -o $name.cer "$URL/ca/$name.cer" || fail "no /ca/$name.cer"
	is "/ca/$name.cer" "$(openssl x509 -inform DER -in $name.cer -outform PEM |
	    openssl sha256)" "$(openssl x509 -in "$VPN/certs/$name.pem" | openssl sha256)"
done

step "pyasn1-modules, asn1crypto"
parse request 1.request >request.txt || fail "pyasn1 does not read the request"
for line in 'type 1.3.6.1.5.5.7.12.2' 'control transactionId' \
    'control senderNonce' 'control identification' 'control identityProofV2' \
    'control popLinkRandom' 'request tcr' 'signers 1 subjectKeyIdentifier'; do
	grep -qx "$line" request.txt || fail "pyasn1 misses \"$line\" in the request"
done
pass "pyasn1 reads the PKIData: $(grep -c ^control request.txt) controls"
parse request 2.request >confirm.txt || fail "pyasn1 does not read the confirmation"
for line in 'control confirmCertAcceptance' 'control recipientNonce' 'status 0' \
    'signers 1 issuerAndSerialNumber'; do
	grep -qx "$line" confirm.txt || fail "pyasn1 misses \"$line\" in the confirmation"
done
pass "pyasn1 reads the confirmation"
for n in 1 2; do
	parse response $n.response >response$n.txt ||
		fail "pyasn1 does not read answer $n"
	for line in 'type 1.3.6.1.5.5.7.12.3' 'control statusInfoV2' \
	    'control transactionId' 'control recipientNonce' \
	    'control senderNonce' "status $((n == 1 ? 5 : 0))"; do
		grep -qx "$line" response$n.txt ||
			fail "pyasn1 misses \"$line\" in answer $n"
	done
	pass "pyasn1 reads the PKIResponse of answer $n"
done
parse extract 1.response from
count=0
for file in from-*.der; do
	parse cert "$file" >cert.txt || fail "asn1crypto does not read $file"
	count=$((count + 1))
	! grep -q '^san ssl1.example$' cert.txt || own=$(grep ^serial cert.txt)
done
pass "asn1crypto reads $count certificates of answer 1"
[ -n "${own:-}" ] || fail "none of them is for ssl1.example"
parse crl ike.crl >crl.txt || fail "asn1crypto does not read the CRL"
is "the CRL by asn1crypto" "$(grep entries crl.txt)" "entries 0"

step "revocation"
serial=$(openssl x509 -in "$WORK/devices/ssl2/cert.pem" -noout -serial | cut -d= -f2)
listed() {
	curl -sf -o "$WORK/way/now.crl" "$cdp" &&
	    openssl crl -inform DER -in "$WORK/way/now.crl" -noout -text |
	    grep -qi "Serial Number: *$serial"
}
"$PKI4IPSEC" admin revoke --dir "$VPN/admin" ssl2.example --reason keyCompromise \
    >"$WORK/revoke.log" 2>&1 || fail "admin revoke"
wait_for 2 "the serial number on the CRL" listed
pass "on the CRL within two seconds"
openssl crl -inform DER -in now.crl -out now.crl.pem
verifies "the new CRL verifies" openssl crl -in now.crl.pem -CAfile "$IKE" -verify -noout
openssl crl -in now.crl.pem -noout -text | grep -q 'Key Compromise' ||
	fail "the CRL does not say keyCompromise"
if openssl verify -CAfile "$ROOT" -untrusted "$IKE" -crl_check -CRLfile now.crl.pem \
    "$WORK/devices/ssl2/cert.pem" >"$WORK/last.log" 2>&1; then
	fail "openssl verify takes a revoked certificate"
fi
grep -q 'certificate revoked' "$WORK/last.log" || fail "another reason than \"revoked\""
pass "openssl verify: certificate revoked"
verifies "the other one is still good" openssl verify -CAfile "$ROOT" -untrusted "$IKE" \
    -crl_check -CRLfile now.crl.pem "$DEVICE/cert.pem"
parse crl now.crl >crl2.txt
is "the new CRL by asn1crypto" "$(grep entries crl2.txt)" "entries 1"
[ "$(sed -n 's/^number //p' crl2.txt)" -gt "$(sed -n 's/^number //p' crl.txt)" ] ||
	fail "the CRL number did not grow"
pass "the CRL number grew"
audit_holds
