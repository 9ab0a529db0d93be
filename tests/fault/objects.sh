#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# objects - what devices and caches fetch: the headers of CRLs and of
# certificates, conditional requests, HEAD, other spellings of a path, and the
# end of a TLS connection.
#
# A cache that goes on with a stale CRL would hide a revocation (RFC 9111,
# 4.2.4); a TLS connection that is cut cannot be told from one that was ended,
# if the server does not say so (RFC 8446, 6.1).
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl
fault_begin
pki_init
serve_start

# head_of PATH [OPTION...]: status and headers, without CR
head_of() {
	: >"$WORK/body"
	curl -s -D - -o "$WORK/body" "${@:2}" "$URL$1" | tr -d '\r'
}
# field NAME < headers
field() { sed -n "s/^$1: //Ip"; }
seconds() { date -u -d "$1" +%s; }
# has HEADERS TEXT
has() { grep -qiF -- "$2" <<<"$1" || fail "no \"$2\" in: $1"; }

step "the CRL, for caches"
head=$(head_of /crl/ike.crl)
has "$head" "HTTP/1.1 200"
has "$head" "Content-Type: application/pkix-crl"
has "$head" "must-revalidate"
is "max-age" "$(sed -n 's/.*max-age=\([0-9]*\).*/\1/p' <<<"$head")" 60
expires=$(seconds "$(field Expires <<<"$head")")
is "Expires, for caches of HTTP/1.0" \
    $((expires - $(seconds "$(field Date <<<"$head")"))) 60
openssl crl -inform DER -in "$WORK/body" -noout || fail "not a CRL"
etag=$(field ETag <<<"$head")
has "$(head_of /crl/ike.crl -H "If-None-Match: $etag")" "HTTP/1.1 304"
[ ! -s "$WORK/body" ] || fail "a 304 has a body"
has "$(head_of /crl/ike.crl -H "If-Modified-Since: $(field Last-Modified <<<"$head")")" \
    "HTTP/1.1 304"
has "$(head_of /crl/ike.crl -H 'If-None-Match: "other"')" "HTTP/1.1 200"
pass "asked for again only when it has changed"
has "$(head_of /crl/ike.crl -I)" "$(grep -i '^content-length' <<<"$head")"
pass "HEAD"

step "a certificate by its hash"
openssl x509 -in "$VPN/admin/cert.pem" -outform DER >"$WORK/admin.cer"
hash=$(sha1sum <"$WORK/admin.cer" | cut -d ' ' -f 1)
for name in "$hash" "${hash^^}"; do
	head=$(head_of "/certs/$name")
	has "$head" "HTTP/1.1 200"
	has "$head" "Content-Type: application/pkix-cert"
	cmp "$WORK/body" "$WORK/admin.cer" || fail "another certificate"
	is "ETag of $name" "$(field ETag <<<"$head")" "\"$hash\""
done
has "$(head_of "/certs/$hash" -H "If-None-Match: \"$hash\"")" "HTTP/1.1 304"
pass "304"

step "other spellings"
has "$(head_of "" --request-target "http://other.example/ca/root.cer")" "HTTP/1.1 200"
has "$(head_of "" --request-target "https://other.example/ca/root.cer")" "HTTP/1.1 200"
has "$(head_of "" --path-as-is --request-target "/crl/../ca/root.cer")" "HTTP/1.1 404"
pass "absolute forms, but no way up"

step "the end of a TLS connection"
"$FAULT_PYTHON" - $((PORT + 363)) <<'EOF2' || fail "the end is a cut"
import socket, ssl, sys
c = ssl.create_default_context()
c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
c.options &= ~0x80		# SSL_OP_IGNORE_UNEXPECTED_EOF: be strict
s = c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10),
    suppress_ragged_eofs=False)
s.sendall(b"GET /ca/root.cer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
answer = b""
while (octets := s.recv(65536)) != b"":		# an exception if it was cut
    answer += octets
assert answer.startswith(b"HTTP/1.1 200 "), answer
EOF2
pass "is said"
