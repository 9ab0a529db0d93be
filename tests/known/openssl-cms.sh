#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# openssl-cms - what we sign and seal, OpenSSL's cms command reads; what it
# signs and seals, we read.  R5274-5.1-1, R5274-5.1-2, R5274-5.1-3,
# R5274-5.1-4.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
TOOL=${CMS_TOOL:-${BUILD:-$TOP/build-asan}/tests/known/cms_tool}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
passed=0
failed=0

[ -x "$TOOL" ] || { echo "FAIL $TOOL is not built"; exit 1; }
command -v openssl >/dev/null || { echo "no openssl command"; exit 77; }

# expect NAME COMMAND...: it succeeds, and wrote the content back to "out".
expect() {
	local name=$1
	shift
	rm -f out
	if "$@" >log 2>&1 && cmp -s content out; then
		passed=$((passed + 1))
		echo "ok   $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		sed 's/^/     | /' log
	fi
}

# refuse NAME COMMAND...: it fails, and in an orderly way.
refuse() {
	local name=$1 rc
	shift
	"$@" >log 2>&1
	rc=$?
	if [ $rc = 1 ]; then
		passed=$((passed + 1))
		echo "ok   $name: $(tail -n 1 log)"
	else
		failed=$((failed + 1))
		echo "FAIL $name: exit $rc"
	fi
}

head -c 3000 /dev/urandom >content
for kind in ec-p256 ec-p384 rsa-3072 rsa-4096 ed25519; do
	"$TOOL" make $kind $kind || exit 1
	openssl x509 -inform DER -in $kind/cert.der -out $kind/cert.pem || exit 1
done

# ---- signatures: ours to OpenSSL ----

VERIFY=(openssl cms -verify -binary -inform DER -out out)
for kind in ec-p256 ec-p384 rsa-3072 rsa-4096; do
	"$TOOL" sign $kind content signed.der
	expect "openssl verifies ours, $kind" \
	    "${VERIFY[@]}" -in signed.der -CAfile $kind/cert.pem -purpose any
	expect "with signingCertificateV2, $kind" \
	    "${VERIFY[@]}" -in signed.der -CAfile $kind/cert.pem -purpose any -cades
	"$TOOL" sign-key $kind content signed.der
	expect "openssl verifies ours by key identifier, $kind" \
	    "${VERIFY[@]}" -in signed.der -certfile $kind/cert.pem -noverify
done

hex() { od -An -v -tx1 | tr -d ' \n'; }

# OpenSSL 3.0 cannot verify Ed25519 in CMS: take the message apart.
ed25519_by_hand() {
	local at length
	"$TOOL" sign ed25519 content signed.der || return 1
	openssl asn1parse -inform DER -in signed.der >parsed || return 1
	at=$(grep 'cont \[ 0 \]' parsed | tail -n 1 | sed 's/^ *\([0-9]*\):.*/\1/')
	length=$(grep "^ *$at:" parsed |
		sed 's/.*hl= *\([0-9]*\) l= *\([0-9]*\) .*/\1 + \2/')
	tail -c +$((at + 1)) signed.der | head -c $((length)) >attrs
	printf '\061' | dd of=attrs conv=notrunc bs=1 count=1 2>/dev/null
	tail -c 64 signed.der >signature
	openssl pkeyutl -verify -rawin -in attrs -sigfile signature -certin \
	    -inkey ed25519/cert.pem || return 1
	openssl dgst -sha512 -binary content | hex >digest
	hex <attrs | grep -q "0440$(cat digest)" || return 1
	cp content out
}
expect "Ed25519 with SHA-512 (RFC 8419), by hand" ed25519_by_hand

# ---- signatures: OpenSSL to us ----

SIGN=(openssl cms -sign -binary -nodetach -outform DER -in content
    -out signed.der)
for kind in ec-p256 ec-p384 rsa-3072 rsa-4096; do
	for how in "" "-md sha256" "-md sha384" "-md sha512" "-keyid" "-cades" \
	    "-stream -indef" "-econtent_type 1.3.6.1.5.5.7.12.2"; do
		# shellcheck disable=SC2086
		"${SIGN[@]}" $how -signer $kind/cert.pem -inkey $kind/key.pem || exit 1
		expect "we verify openssl's, $kind $how" \
		    "$TOOL" verify $kind signed.der out
	done
done
"${SIGN[@]}" -signer rsa-3072/cert.pem -inkey rsa-3072/key.pem \
    -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1 || exit 1
expect "we verify openssl's, RSA-PSS" "$TOOL" verify rsa-3072 signed.der out
"${SIGN[@]}" -signer ec-p256/cert.pem -inkey ec-p256/key.pem -md sha1 || exit 1
refuse "not with SHA-1" "$TOOL" verify ec-p256 signed.der out
"${SIGN[@]}" -signer ec-p256/cert.pem -inkey ec-p256/key.pem -noattr || exit 1
refuse "not without attributes" "$TOOL" verify ec-p256 signed.der out
"${SIGN[@]}" -signer ec-p256/cert.pem -inkey ec-p256/key.pem \
    -signer rsa-3072/cert.pem -inkey rsa-3072/key.pem || exit 1
refuse "not with two signers" "$TOOL" verify ec-p256 signed.der out

# ---- envelopes: ours to OpenSSL ----

for kind in ec-p256 ec-p384 rsa-3072 rsa-4096; do
	"$TOOL" seal $kind content sealed.der
	expect "openssl opens ours, $kind" openssl cms -decrypt -binary \
	    -inform DER -in sealed.der -out out -recip $kind/cert.pem \
	    -inkey $kind/key.pem
done

# ---- envelopes: OpenSSL to us ----

ENCRYPT=(openssl cms -encrypt -binary -outform DER -in content
    -out sealed.der)
for kind in ec-p256 ec-p384 rsa-3072; do
	for how in -aes128 -aes192 -aes256 -aes-128-gcm -aes-256-gcm \
	    "-aes256 -keyid" "-aes256 -stream -indef"; do
		# shellcheck disable=SC2086
		"${ENCRYPT[@]}" $how -recip $kind/cert.pem || exit 1
		expect "we open openssl's, $kind $how" \
		    "$TOOL" open $kind sealed.der out
	done
done
for md in sha256 sha384 sha512; do
	"${ENCRYPT[@]}" -aes256 -recip ec-p256/cert.pem -keyopt ecdh_kdf_md:$md || exit 1
	expect "we open openssl's, ECDH with $md" \
	    "$TOOL" open ec-p256 sealed.der out
	"${ENCRYPT[@]}" -aes256 -recip rsa-3072/cert.pem -keyopt rsa_padding_mode:oaep \
	    -keyopt rsa_oaep_md:$md || exit 1
	expect "we open openssl's, OAEP with $md" \
	    "$TOOL" open rsa-3072 sealed.der out
done
"${ENCRYPT[@]}" -aes256 -recip rsa-3072/cert.pem -keyopt rsa_padding_mode:oaep || exit 1
expect "we open openssl's, OAEP as it is by default" \
    "$TOOL" open rsa-3072 sealed.der out
"${ENCRYPT[@]}" -aes256 rsa-3072/cert.pem ec-p384/cert.pem ec-p256/cert.pem || exit 1
expect "we open openssl's, the third of three" "$TOOL" open ec-p256 sealed.der out
refuse "not what is for others" "$TOOL" open rsa-4096 sealed.der out
"${ENCRYPT[@]}" -des3 ec-p256/cert.pem || exit 1
refuse "not triple DES" "$TOOL" open ec-p256 sealed.der out

# ---- requests ----

for kind in ec-p256 ec-p384 rsa-3072 ed25519; do
	"$TOOL" request $kind - request.der
	if openssl req -verify -inform DER -in request.der -noout >log 2>&1; then
		passed=$((passed + 1))
		echo "ok   openssl verifies our request, $kind"
	else
		failed=$((failed + 1))
		echo "FAIL openssl verifies our request, $kind: $(cat log)"
	fi
done

echo "$passed passed, $failed failed"
[ $failed = 0 ]
