#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Certificates of a stranger's CA go into two running strongSwan daemons by
# install_strongswan(): files, vici, read-back, replacement, putting back.
# No PKI of ours takes part; a fault here is one of the installation.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need python3

TOOL=${INSTALL_TOOL:-$LIVE_ROOT/build/tests/live/install_tool}
[ -x "$TOOL" ] || skip "no install_tool at $TOOL (set INSTALL_TOOL)"
ALGORITHM=${1:-ec}
POLICY=1.3.6.1.4.1.99999.1

# ---- a CA with the openssl command ----

CA=
openssl_conf() {
	cat >"$CA/ca.cnf" <<-EOF
	[ca]
	default_ca = d
	[d]
	database = $CA/index.txt
	serial = $CA/serial
	crlnumber = $CA/crlnumber
	new_certs_dir = $CA
	certificate = $CA/ca.crt
	private_key = $CA/ca.key
	default_md = ${MD:-sha256}
	default_days = 30
	default_crl_days = 7
	policy = p
	copy_extensions = copy
	unique_subject = no
	crl_extensions = crl
	[p]
	CN = supplied
	[crl]
	authorityKeyIdentifier = keyid
	[root]
	basicConstraints = critical,CA:true
	keyUsage = critical,keyCertSign,cRLSign
	certificatePolicies = 2.5.29.32.0
	subjectKeyIdentifier = hash
	[issuing]
	basicConstraints = critical,CA:true,pathlen:0
	keyUsage = critical,keyCertSign,cRLSign
	certificatePolicies = 2.5.29.32.0
	subjectKeyIdentifier = hash
	authorityKeyIdentifier = keyid
	crlDistributionPoints = URI:http://$LIVE_SERVER:8080/root.crl
	[issuing_nocrl]
	basicConstraints = critical,CA:true,pathlen:0
	keyUsage = critical,keyCertSign,cRLSign
	certificatePolicies = 2.5.29.32.0
	subjectKeyIdentifier = hash
	authorityKeyIdentifier = keyid
	[ee]
	basicConstraints = critical,CA:false
	keyUsage = critical,digitalSignature
	certificatePolicies = \${ENV::POLICY}
	subjectKeyIdentifier = hash
	authorityKeyIdentifier = keyid
	crlDistributionPoints = URI:http://$LIVE_SERVER:8080/ca.crl
	EOF
}

new_key() {
	case $ALGORITHM in
	ec) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 ;;
	rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 ;;
	*) openssl genpkey -algorithm "$ALGORITHM" ;;
	esac >"$1" 2>/dev/null
}

make_ca() {
	CA=$WORK/ca
	mkdir -p "$CA/www"
	: >"$CA/index.txt"
	echo 1000 >"$CA/serial"
	echo 01 >"$CA/crlnumber"
	export POLICY
	openssl_conf
	new_key "$CA/root.key"
	openssl req -x509 -new -key "$CA/root.key" -subj "/CN=Root" -days 60 \
	    -config <(cat "$CA/ca.cnf"; echo '[req]'; echo 'distinguished_name=p') \
	    -extensions root -out "$CA/root.crt" 2>/dev/null ||
		fail "no root"
	new_key "$CA/ca.key"
	issuing_ca ca issuing
	issuing_ca nocrl issuing_nocrl
	make_crl
	make_crl -cert "$CA/root.crt" -keyfile "$CA/root.key" root.crl
}

# issuing_ca FILE EXTENSIONS: one key, one name
issuing_ca() {
	openssl req -new -key "$CA/ca.key" -subj "/CN=Issuing CA" |
	    openssl x509 -req -CA "$CA/root.crt" -CAkey "$CA/root.key" \
	    -days 60 -extfile "$CA/ca.cnf" -extensions "$2" \
	    -out "$CA/$1.crt" 2>/dev/null || fail "no issuing CA"
}

# certificate FILE NAME: FILE.key, FILE.crt
certificate() {
	new_key "$CA/$1.key"
	openssl req -new -key "$CA/$1.key" -subj "/CN=$2" \
	    -addext "subjectAltName=DNS:$2" -out "$CA/$1.csr" &&
	openssl ca -batch -notext -config "$CA/ca.cnf" -extensions ee \
	    -in "$CA/$1.csr" -out "$CA/$1.crt" 2>>"$WORK/ca.log" ||
		fail "no certificate $1"
}

# make_crl [-cert C -keyfile K FILE]
make_crl() {
	local file=ca.crl
	[ $# -eq 5 ] && file=$5
	openssl ca -config "$CA/ca.cnf" -gencrl "${@:1:4}" \
	    2>>"$WORK/ca.log" |
	    openssl crl -outform DER -out "$CA/www/$file" || fail "no CRL"
}

# install HOST N PEER M CERT [WORD...]
install() {
	local host=$1 n=$2 peer=$3 m=$4 cert=$5
	shift 5
	"$TOOL" name="$host" identity="fqdn:$host.example" role=s2s-gateway \
	    address="192.0.2.$n" subnet="198.51.100.$n/32" \
	    peer="$peer fqdn:$peer.example 192.0.2.$m 198.51.100.$m/32" \
	    key="$CA/$cert.key" cert="$CA/$cert.crt" \
	    ca="$CA/${ISSUER:-ca}.crt" ca="$CA/root.crt" crl="http://$LIVE_SERVER:8080/ca.crl" \
	    swanctl="$WORK/$host/swanctl" vici="$(vici_uri "$host")" "$@"
}

# subject_hex CERTIFICATE: the DER of its subject
subject_hex() {
	local at
	openssl x509 -in "$1" -outform DER -out "$WORK/subject.der"
	at=$(openssl asn1parse -inform DER -in "$WORK/subject.der" |
	    grep ':d=2 .*SEQUENCE' | sed -n '4s/:d=.*//p' | tr -d ' ')
	openssl asn1parse -inform DER -in "$WORK/subject.der" -strparse "$at" \
	    -out "$WORK/subject.name" -noout
	od -An -v -tx1 "$WORK/subject.name" | tr -d ' \n'
}

# ---- what it proves ----

live_begin
make_host a 1
make_host b 2
make_ca
certificate a a.example
certificate b b.example
background "$WORK/httpd.log" pki python3 -u -m http.server \
    --bind $LIVE_SERVER --directory "$CA/www" 8080
wait_for 10 "the CRL's server" listens pki $LIVE_SERVER 8080

step "no daemon: files in place, try again later"
mkdir -p "$WORK/a/swanctl"
out=$(install a 1 b 2 a)
[ $? = 75 ] || fail "exit code is not 75: $out"
expect "busy, and what to do is said" "run swanctl --load-all" "$out"
[ "$(stat -c %a "$WORK/a/swanctl/private/a.pem")" = 600 ] ||
	fail "the key is not 0600"
pass "the key is for its owner alone"

step "swanctl understands the file that was written"
charon_start a
out=$(sw a --load-all --noprompt) || fail "swanctl --load-all: $out"
expect "loaded by swanctl" "loaded connection 'a-b'" "$out"

step "two daemons, installed by vici"
charon_start b
for h in "a 1 b 2" "b 2 a 1"; do
	set -- $h
	out=$(install "$1" "$2" "$3" "$4" "$1") || fail "$out"
	expect "$1: read back from the daemon" \
	    "has_cert=1 has_ca=1 has_key=1 connections=1/1" "$out"
done

step "a tunnel and a packet"
initiate a a-b >/dev/null || fail "no tunnel"
pass "tunnel up with strict revocation"
ping_through a 1 2 >/dev/null || fail "no ping"
pass "ping through it"
terminate a a-b

step "a new key and certificate in place of the old"
before=$(sw a --list-certs --type x509 | grep -c 'has private key')
certificate a-new a.example
out=$(install a 1 b 2 a-new) || fail "$out"
expect "replaced" "has_key=1" "$out"
after=$(sw a --list-certs --type x509 | grep -c 'has private key')
[ "$before" = 1 ] && [ "$after" = 1 ] ||
	fail "$before, then $after certificates have a key"
pass "the old key has left the daemon"
mark=$(log_mark b)
initiate a a-b >/dev/null || fail "no tunnel with the new certificate"
serial=$(openssl x509 -in "$CA/a-new.crt" -noout -serial | cut -d= -f2)
pass "tunnel with certificate $serial"
terminate a a-b

step "revoked"
openssl ca -config "$CA/ca.cnf" -revoke "$CA/a-new.crt" 2>>"$WORK/ca.log" ||
	fail "not revoked"
make_crl
sw b --flush-certs --type x509_crl >/dev/null
mark=$(log_mark b)
initiate a a-b >/dev/null && fail "a revoked peer was let in"
log_since b "$mark" | grep -q "certificate was revoked" ||
	fail "not refused for revocation"
pass "a revoked peer is refused"

step "revocation ends a tunnel"
certificate a5 a.example
install a 1 b 2 a5 >/dev/null || fail "a5"
initiate a a-b >/dev/null || fail "no tunnel"
out=$("$TOOL" vici="$(vici_uri b)" enforce="$CA/www/ca.crl") || fail "$out"
expect "a certificate revoked before, another in its place: cut off once" \
    "revoked=1 ended=1" "$out"
initiate a a-b >/dev/null || fail "no tunnel with the new certificate"
pass "and back at once"
cp "$CA/www/ca.crl" "$CA/before.crl"
out=$("$TOOL" vici="$(vici_uri b)" enforce="$CA/www/ca.crl" \
    before="$CA/before.crl") || fail "$out"
expect "once only" "revoked=0 ended=0" "$out"
openssl ca -config "$CA/ca.cnf" -revoke "$CA/a5.crt" 2>>"$WORK/ca.log" ||
	fail "not revoked"
make_crl
established b || fail "the tunnel ended by itself"
t=$(ms)
out=$("$TOOL" vici="$(vici_uri b)" enforce="$CA/www/ca.crl" \
    before="$CA/before.crl") || fail "$out"
expect "the new CRL is handed over" "crl_loaded=1" "$out"
wait_for 2 "the tunnel to end" not_established b
pass "the tunnel has ended $(($(ms) - t)) ms after the CRL was there"
initiate a a-b >/dev/null && fail "a revoked peer was let in"
pass "and stays out"

step "the policy of remote certificates"
certificate a2 a.example
POLICY=1.3.6.1.4.1.99999.2 certificate a3 a.example
install b 2 a 1 b policy=$POLICY >/dev/null || fail "policy"
install a 1 b 2 a2 >/dev/null || fail "a2"
initiate a a-b >/dev/null || fail "the right policy is refused"
pass "certificate with the policy: tunnel"
terminate a a-b
install a 1 b 2 a3 >/dev/null || fail "a3"
initiate a a-b >/dev/null && fail "the wrong policy is accepted"
pass "certificate with another policy: refused"

step "what the daemon does not take is put back"
cp -r "$WORK/a/swanctl" "$WORK/before"
out=$(install a 1 b 2 a key="$CA/b.key") && fail "a foreign key: $out"
expect "said what is missing" "the private key of the certificate" "$out"
expect "files put back" "restored=1" "$out"
diff -r "$WORK/before" "$WORK/a/swanctl" || fail "files differ"
pass "the files are those from before"
echo '-----BEGIN PRIVATE KEY-----' >"$WORK/bad.key"
out=$(install a 1 b 2 a key="$WORK/bad.key") && fail "a bad key: $out"
expect "the daemon's refusal is passed on" "refused load-key" "$out"
diff -r "$WORK/before" "$WORK/a/swanctl" || fail "files differ"

step "the subject as identity"
# R4945-3.1.5-2, R4945-3.1.5-3: to the bit what stands in the certificate, for a
# peer that knows it by those octets.
certificate dn "Gateway A"
install a 1 b 2 dn identity=dn >/dev/null || fail "dn"
install b 2 a 1 b >/dev/null || fail "b"
subject=$(openssl x509 -in "$CA/dn.crt" -noout -subject -nameopt RFC2253)
expect "the daemon has it for its own" "id: ${subject#subject=}" "$(sw a --list-conns)"
initiate a a-b >/dev/null && fail "b lets in who is not a.example"
pass "a peer that expects another identity refuses it"
sed -i "s/fqdn:a.example/asn1dn:#$(subject_hex "$CA/dn.crt")/" "$WORK/b/swanctl/conf.d/b.conf"
sw b --load-conns >/dev/null || fail "b: load-conns"
initiate a a-b >/dev/null || fail "no tunnel by subject"
pass "a peer that expects the subject lets it in"
terminate a a-b

step "a peer that has left"
certificate a4 a.example
# First as if the power had failed before the daemon heard of it.
for load in no yes; do
	out=$("$TOOL" name=a identity=fqdn:a.example role=s2s-gateway \
	    address=192.0.2.1 subnet=198.51.100.1/32 \
	    peer="c fqdn:c.example 192.0.2.3 198.51.100.3/32" \
	    key="$CA/a4.key" cert="$CA/a4.crt" ca="$CA/ca.crt" \
	    ca="$CA/root.crt" swanctl="$WORK/a/swanctl" \
	    vici="$(vici_uri a)" load=$load) || fail "$out"
done
expect "the file has forgotten it" "connections: a-c" \
    "$(sed -n 's/^# \(connections:.*\)/\1/p' "$WORK/a/swanctl/conf.d/a.conf" | grep -x 'connections: a-c')"
out=$(sw a --list-conns)
expect "the new connection is there" "a-c" "$out"
grep -q "a-b" <<<"$out" && fail "the old connection is still there"
pass "the old connection is gone"

step "remote access"
certificate user ann.example
out=$("$TOOL" name=b identity=fqdn:b.example role=ra-gateway \
    address=192.0.2.2 subnet=198.51.100.2/32 key="$CA/b.key" \
    cert="$CA/b.crt" ca="$CA/ca.crt" ca="$CA/root.crt" \
    swanctl="$WORK/b/swanctl" vici="$(vici_uri b)") || fail "$out"
out=$("$TOOL" name=a identity=fqdn:ann.example role=ra-user \
    peer="b fqdn:b.example 192.0.2.2 198.51.100.2/32" \
    key="$CA/user.key" cert="$CA/user.crt" ca="$CA/ca.crt" \
    ca="$CA/root.crt" swanctl="$WORK/a/swanctl" vici="$(vici_uri a)") ||
	fail "$out"
out=$(sw b --list-conns)
expect "the gateway waits for clients" "b-clients" "$out"
# Selectors that are the IKE addresses need ESP in the kernel; what counts
# here is that gateway and user have authenticated each other.
initiate a a-b >/dev/null
established a && established b || fail "gateway and user: no IKE SA"
pass "a user is authenticated by the gateway, and the gateway by the user"

step "a root that publishes no CRL"
# Fresh daemons: they would mix up the two certificates of one CA.
for h in a b; do
	charon_stop $h
	rm -r "$WORK/$h/swanctl"
	charon_start $h
done
for h in "a 1 b 2 a2" "b 2 a 1 b"; do
	set -- $h
	ISSUER=nocrl install "$@" >/dev/null || fail "install $1"
done
initiate a a-b >/dev/null || fail "no tunnel"
pass "tunnel, with the status of the peer known"
terminate a a-b
rm "$CA/www/ca.crl"
sw b --flush-certs --type x509_crl >/dev/null
initiate a a-b >/dev/null && fail "let in without the status"
pass "refused when the status of the peer is not to be had"
