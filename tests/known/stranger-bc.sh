#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# stranger-bc - Bouncy Castle enrols at a running server, with nothing of
# ours on its side: PKCS #10 in BER with indefinite lengths (its default) and
# in DER, and CRMF.
#
# R5274-5-2, R5274-5-3, R5274-5-5: Full request, PKCS #10 and CRMF, over HTTP.
# R5272-3.2-3, R5272-3.2-5: sid is the SKI of the request, one SignerInfo.
# R5272-6.2-1, R5272-6.3-1: identity proof and link witness by a stranger hold.
# R5272-6.6-1, R5272-6.6-2: transactionId and nonces in every answer.
# R5272-6.14-1, R5272-6.14-3: confirmRequired, confirmation, Full response.
# R5273-6-2, R5273-6-5: 200, and neither authentication nor cookies.
# R4809-3.4.5-3, R4809-3.4.5-4, R4809-3.4.5-5, R4809-3.4.5-6: the four messages.
# R4809-3.4.10-3, R4809-3.4.10-9: published with the receipt, not before.
# R4809-3.4-2, R4809-3.4.6-2: whoever sends it, the answer is the same.
#
# R4809-1-9: a Peer of other hands, from the written protocol
# SEED-9, SEED-28: the profile's messages by another's encoder and decoder
# R5274-5.2-5, R5274-5.2-6, R5274-5.2-7, R5274-5.2-21: transactionId, both nonces,
#   statusInfoV2
# shellcheck source=../fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"
JARS=/usr/share/java

fault_need java javac sqlite3
for jar in bcprov bcpkix bcutil; do
	[ -e $JARS/$jar.jar ] || skip "no Bouncy Castle ($jar.jar)"
done
fault_begin
export CLASSPATH=$WORK:$JARS/bcprov.jar:$JARS/bcpkix.jar:$JARS/bcutil.jar
javac -nowarn -Xlint:none -d "$WORK" "$FAULT_TOP/tests/known/BcEnroll.java" \
    >"$WORK/javac.log" 2>&1 || fail "the stranger does not compile"

pki_init
serve_start
authorize 3 bc
java BcEnroll \
    "$(ticket bc1)" p10 BER "$WORK/bc1" \
    "$(ticket bc2)" p10 DER "$WORK/bc2" \
    "$(ticket bc3)" crmf BER "$WORK/bc3" >"$WORK/java.log" 2>&1 ||
	fail "Bouncy Castle was not enrolled"
pass "PKCS #10 in BER with indefinite lengths: $(wc -c <"$WORK/bc1/request.cmc") octets"
pass "PKCS #10 in DER: $(wc -c <"$WORK/bc2/request.cmc") octets"
pass "CRMF in BER: $(wc -c <"$WORK/bc3/request.cmc") octets"
is "checks of the stranger" "$(grep -c '^  ' "$WORK/java.log")" \
    "$(($(grep -c '^enrolled' "$WORK/java.log") * 35))"
is "confirmed certificates of the fleet" \
    "$(db "select count(*) from cert where state = 2 and identity like 'fqdn:bc%'")" 3

# The request again, octet for octet: the same certificate (R4809-3.4.11-18).
is "the repeat" "$(post "$WORK/bc1/request.cmc" "$WORK/again.cmc")" 200
"$FAULT_PYTHON" - "$WORK/bc1/cert.der" "$WORK/again.cmc" <<'EOF2' ||
import sys
cert, answer = (open(name, "rb").read() for name in sys.argv[1:3])
sys.exit(cert not in answer)
EOF2
	fail "the repeat does not bring the same certificate"
pass "a repeated request brings the same certificate"
is "certificates of the fleet" \
    "$(db "select count(*) from cert where identity like 'fqdn:bc%'")" 3

# One octet of the proof changed: a signature that fails (R5272-3.2.1.3.4-1).
"$FAULT_PYTHON" - "$WORK/bc2/request.cmc" "$WORK/bad.cmc" <<'EOF2'
import sys
octets = bytearray(open(sys.argv[1], "rb").read())
octets[-1] ^= 1
open(sys.argv[2], "wb").write(octets)
EOF2
is "a broken signature" "$(post "$WORK/bad.cmc" "$WORK/refused.cmc")" 200
openssl asn1parse -inform DER -in "$WORK/refused.cmc" >"$WORK/parsed" ||
	fail "the refusal does not parse"
[ "$(wc -c <"$WORK/refused.cmc")" -lt "$(wc -c <"$WORK/bc2/response.cmc")" ] ||
	fail "the refusal brings a certificate"
pass "a request with a broken signature is refused in a Full response"
audit_holds
