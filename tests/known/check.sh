#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# check - "pki4ipsec admin check" on files that OpenSSL makes and on lists:
# exit codes, JSON, what it refuses to read.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
check() { "$PKI4IPSEC" admin check "$@"; }

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
copy_extensions = copy
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
crlDistributionPoints = URI:http://crl.example.com/ca.crl
CONF
: >index.txt
echo 01 >number.txt
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \
	-out ca.pem -days 3650 -subj /CN=ca -addext keyUsage=critical,keyCertSign,cRLSign \
	2>/dev/null
issue() {	# NAME KEY OPTION...
	local name=$1 key=$2
	shift 2
	case $key in
	ec) openssl ecparam -name prime256v1 -genkey -noout -out "$name.key" ;;
	*) openssl genpkey -algorithm "$key" -out "$name.key" ;;
	esac
	openssl req -new -key "$name.key" -subj "/CN=$name" \
	    -addext "subjectAltName=DNS:$name.example.com" -out "$name.csr" &&
	    openssl ca -config ca.conf -batch -notext -extensions leaf "$@" -in "$name.csr" \
		-out "$name.pem" 2>ca.log || { cat ca.log; exit 1; }
}
issue a ec -days 90
issue b ec -days 90
issue gone ec -days 90
issue ed ED25519 -days 90
issue old ec -startdate 20250101000000Z -enddate 20250201000000Z
openssl ca -config ca.conf -revoke gone.pem 2>/dev/null
openssl ca -config ca.conf -gencrl -out ca.crl 2>/dev/null
ocsp() {	# NAME
	openssl ocsp -index index.txt -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem \
	    -cert "$1.pem" -nmin 600 -respout "$1.ocsp" -noverify >/dev/null 2>&1
}
ocsp a && ocsp b && ocsp gone || { echo "no OCSP responses"; exit 1; }
openssl genrsa -out x.key 4096 2>/dev/null
{
	cat a.pem
	for i in 1 2 3 4 5 6 7; do
		openssl req -x509 -key x.key -out x.pem -subj "/CN=x$i"
		openssl x509 -in x.pem -CA ca.pem -CAkey ca.key -out y.pem 2>/dev/null
		cat y.pem
	done
} >big.pem
WITH=(--trust ca.pem --crl ca.crl)

# ---- two certificates ----

expect "two that connect" 0 "1 pair: 1 would connect, 0 of these with a warning" \
	check a.pem b.pem "${WITH[@]}"
expect "another identity" 1 "dns:a.example.com" check a.pem b.pem "${WITH[@]}" \
	--id-a @x.example.com
expect "the identity of B is B's" 1 "a.pem (strongswan) refuses b.pem" check a.pem b.pem \
	"${WITH[@]}" --id-b @x.example.com
expect "expired" 1 "repair: renew it" check old.pem b.pem "${WITH[@]}"
expect "revoked" 1 "repair: authorize the device again" check a.pem gone.pem "${WITH[@]}"
expect "OCSP instead of a CRL" 0 "1 pair: 1 would connect, 0 of these with a warning" \
	check a.pem b.pem --trust ca.pem --ocsp a.ocsp --ocsp b.ocsp --revocation strict
expect "revoked, by OCSP" 1 "repair: authorize the device again" check a.pem gone.pem \
	--trust ca.pem --ocsp a.ocsp --ocsp gone.ocsp
expect "in a year" 1 "repair: renew it" check a.pem b.pem "${WITH[@]}" --at 2099-01-01
expect "no date" 2 "is no date like 2026-11-25" check a.pem b.pem "${WITH[@]}" --at soon
expect "a date for a list" 2 "--at is for two files" check --template s2s-gateway --csv x \
	--at 2026-11-25
expect "no CRL" 3 "v_revocation_required" check a.pem b.pem --trust ca.pem
expect "no CRL, strict" 1 "v_revocation_required" check a.pem b.pem --trust ca.pem \
	--revocation strict
expect "nothing trusted" 3 "say which CAs it trusts" check a.pem b.pem
expect "Ed25519 before Windows" 1 "e_interop_windows_key" check ed.pem b.pem "${WITH[@]}" \
	--platform-b windows
expect "Windows wants serverAuth" 1 "Windows: error 13801" check a.pem b.pem "${WITH[@]}" \
	--platform-b windows
expect "a large chain" 3 "hash_and_url = yes" check big.pem b.pem "${WITH[@]}"
expect "JSON" 1 '"rule":"e_interop_gw_no_serverauth"' check a.pem b.pem "${WITH[@]}" \
	--platform-b apple --json

# ---- lists ----

cat >site.csv <<'CSV'
label,fqdn,group,platform
gw1,gw1.example.com,site,
gw2,gw2.example.com,site,libreswan
CSV
sed 's/libreswan/windows/' site.csv >mixed.csv
sed 's/libreswan/beos/' site.csv >odd.csv
LIST=(--template s2s-gateway --csv)
expect "a list" 0 "1 pair: 1 would connect" check "${LIST[@]}" site.csv
expect "Windows among them" 1 "gw2 (windows) refuses gw1 (strongswan)" check \
	"${LIST[@]}" mixed.csv
expect "all are Windows" 1 "e_interop_gw_no_serverauth" check "${LIST[@]}" site.csv \
	--platform windows
expect "on standard input" 0 "1 pair" check "${LIST[@]}" - <site.csv
expect "a key that Windows cannot" 1 "P-256, P-384 or RSA-3072" check "${LIST[@]}" mixed.csv \
	--key ed25519
expect "a term of the template" 1 "is outside example.org" check "${LIST[@]}" site.csv \
	--set name-space=example.org
expect "the CA that issues" 0 "1 pair" check "${LIST[@]}" site.csv --trust ca.pem
expect "a URL nobody reaches" 3 "w_ike_cdp_unresolvable" check "${LIST[@]}" site.csv \
	--url http://localhost:8080

# ---- bad input ----

expect "no such platform" 1 'odd.csv:3: platform: "beos" is none of' check "${LIST[@]}" odd.csv
expect "no template" 1 "no --template" check --csv site.csv
expect "nothing" 2 "want --csv FILE, or two files" check
expect "one file" 2 "want --csv FILE, or two files" check a.pem
expect "both forms" 2 "want --csv FILE, or two files" check a.pem b.pem --csv site.csv
expect "an option of the other form" 2 "--id-a is for two files" check "${LIST[@]}" site.csv \
	--id-a @x
expect "no key in the terms" 2 '"keyz"' check "${LIST[@]}" site.csv --set keyz=1
expect "no platform" 2 '"beos" is none of' check a.pem b.pem --platform-a beos
expect "no kind" 2 '"admin" is none of' check a.pem b.pem --kind-a admin
expect "no certificate" 2 'no certificate in "ca.crl"' check ca.crl b.pem
expect "a leaf as CA" 2 "is none of a CA" check "${LIST[@]}" site.csv --trust a.pem

echo "$passed passed, $failed failed"
[ $failed = 0 ]
