#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# why - daemons' messages against certificates that OpenSSL makes: the cause is
# named when the certificates show it, and not when they do not.
#
# R4945-3.1-6: the identity that does not stand in the certificate.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
PKI4IPSEC=${PKI4IPSEC:-$TOP/build-asan/pki4ipsec}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
passed=0 failed=0

command -v openssl >/dev/null || { echo "no openssl command"; exit 77; }
[ -x "$PKI4IPSEC" ] || { echo "no program $PKI4IPSEC"; exit 1; }

# expect WHAT EXIT TEXT ARGUMENT...: exit code, and a text in the output.
expect() {
	local what=$1 code=$2 text=$3 rc
	shift 3
	"$PKI4IPSEC" why "$@" >out 2>&1
	rc=$?
	if [ $rc = "$code" ] && grep -qF -e "$text" out && ! grep -q $'\033' out; then
		passed=$((passed + 1))
		echo "ok   $what"
	else
		failed=$((failed + 1))
		echo "FAIL $what: exit $rc, want $code and \"$text\""
		sed 's/^/     | /' out
	fi
}

# ---- material ----

new_ca() {	# NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
	    -out "$1.pem" -days 3650 -subj "/CN=$1" -addext keyUsage=critical,keyCertSign,cRLSign
}
issue() {	# NAME EXTENSIONS OPTION...
	local name=$1 extensions=$2
	shift 2
	printf '%b\nbasicConstraints=critical,CA:false\n' "$extensions" >"$name.ext"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" \
	    -out "$name.csr" -subj "/C=CH/CN=$name" &&
	openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
	    -extfile "$name.ext" -out "$name.pem" "$@"
}
SAN=subjectAltName=DNS:gw1.example
KU=keyUsage=critical,digitalSignature
{
	new_ca ca && new_ca other &&
	issue gw "$SAN\n$KU" -days 90 && issue old "$SAN\n$KU" -days -1 &&
	issue usage "$SAN\nkeyUsage=critical,keyEncipherment" -days 90 &&
	issue web "$SAN\n$KU\nextendedKeyUsage=clientAuth" -days 90 &&
	issue cn "$KU" -days 90
	: >index.txt
	echo 01 >number.txt
	printf '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\ncrlnumber=number.txt\n' >c.conf
	printf 'default_md=sha256\ndefault_crl_days=7\n' >>c.conf
	openssl ca -config c.conf -cert ca.pem -keyfile ca.key -gencrl -out good.crl
	openssl ca -config c.conf -cert ca.pem -keyfile ca.key -revoke gw.pem
	openssl ca -config c.conf -cert ca.pem -keyfile ca.key -gencrl -out bad.crl
	ocsp() {	# NAME INDEX
		openssl ocsp -index "$2" -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem \
		    -cert gw.pem -nmin 600 -respout "$1" -noverify
	}
	serial=$(openssl x509 -in gw.pem -noout -serial)
	printf 'V\t360101000000Z\t\t%s\tunknown\t/C=CH/CN=gw\n' "${serial#*=}" >valid.txt
	ocsp bad.ocsp index.txt && ocsp good.ocsp valid.txt
} >make.log 2>&1 || { cat make.log; exit 1; }

# ---- the cause is in the certificates ----

key() { echo "[IKE] no trusted ECDSA public key found for '$1'"; }
expect "a slip in the name" 0 "the certificate has dns:gw1.example" "$(key gw1.exmaple)" \
    --cert gw.pem
expect "the name is in CN only" 0 "because the identity" "$(key gw1.example)" --cert cn.pem
expect "another CA" 0 "because the CA" "$(key gw1.example)" --cert gw.pem --trust other.pem
expect "expired" 0 "because a certificate of the path has expired" "$(key gw1.example)" \
    --cert old.pem --trust ca.pem
expect "revoked" 0 "because a certificate of the path is revoked" "$(key gw1.example)" \
    --cert gw.pem --trust ca.pem --crl bad.crl
expect "revoked, by OCSP" 0 "because a certificate of the path is revoked" "$(key gw1.example)" \
    --cert gw.pem --trust ca.pem --ocsp bad.ocsp
expect "good, by OCSP" 3 "show none" "$(key gw1.example)" --cert gw.pem --trust ca.pem \
    --ocsp good.ocsp
expect "as it was then" 0 "because a certificate of the path has expired" "$(key gw1.example)" \
    --cert gw.pem --trust ca.pem --at 2099-01-01
expect "no date" 2 "is no date like 2026-11-25" 13801 --cert gw.pem --at tomorrow
expect "keyUsage" 0 "because keyUsage forbids" "$(key gw1.example)" --cert usage.pem
expect "extendedKeyUsage" 0 "because extendedKeyUsage" \
    "received AUTHENTICATION_FAILED notify error" --cert web.pem --trust ca.pem
expect "Windows: purpose" 0 "e_interop_gw_no_serverauth" 13801 --cert web.pem
expect "Windows: the name dialled" 0 "because the identity" 13801 --cert gw.pem \
    --id fqdn:vpn.example
expect "a DN in the message" 3 "show none" "$(key 'C=CH, CN=gw')" --cert gw.pem --trust ca.pem
expect "the one that is meant, of two" 0 "has expired" \
    '[CFG] subject certificate invalid (valid from A to B)' --cert old.pem --cert ca.pem
expect "Libreswan" 0 "because the CA" "NSS: ERROR: IPsec certificate CN=gw,C=CH invalid: \
SEC_ERROR_UNKNOWN_ISSUER: x" --cert gw.pem --trust other.pem

# ---- it is not, or nothing is at hand ----

expect "nothing is wrong with them" 3 "show none" "$(key gw1.example)" --cert gw.pem \
    --trust ca.pem --crl good.crl
expect "in general" 3 "perhaps" 13801
expect "one cause only" 0 "because no algorithm" received NO_PROPOSAL_CHOSEN notify error
expect "not revoked after all" 3 "show none" "certificate was revoked on x, reason: y" \
    --cert gw.pem --trust ca.pem --crl good.crl
expect "nothing known" 1 "no known message" "IKE_SA gw[1] established"
expect "no message" 2 "want a message"
expect "message and file" 2 "want a message" 13801 --log c.conf
expect "no file" 1 "could not open" --log nowhere
expect "no certificate" 1 "neither certificate nor CRL" 13801 --cert c.conf
expect "too many" 2 "last" 13801 --last 65

# ---- logs ----

printf '%s\n' "x" "$(key a.example)" "received AUTHENTICATION_FAILED notify error" >log
expect "a file" 3 "(line 2)" --log log
expect "control characters are not echoed" 3 '\x1b[31m' "$(key $'\033[31m')"
"$PKI4IPSEC" why --json - --cert gw.pem <log >out 2>&1
if python3 - out <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1]))
assert set(d) == {"findings", "lines", "known"} and d["lines"] == 3 and d["known"] == 2, d
f = d["findings"][0]
assert set(f) == {"message", "product", "text", "line", "count", "id", "meaning", "cause",
                  "causes"}, f
assert f["cause"] == "id-mismatch" and f["id"] == "a.example"
assert set(f["causes"][0]) == {"cause", "found", "text", "repair", "section", "by", "value"}
PYTHON
then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL JSON"; cat out; fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
