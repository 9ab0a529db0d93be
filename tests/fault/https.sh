#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# https - whom a device talks to. The first time it knows nobody and believes
# only what is signed; afterwards the server must be certified under its root,
# or under an anchor of the system.
#
# R4809-3.1.2-2: a renewal is hidden from whoever stands in between.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need openssl
fault_begin
HTTPS=https://127.0.0.1:$((PORT + 363))
pki_init
conf url "$HTTPS"
sed -i 's/^renewal-last-percent = .*/renewal-last-percent = "100"/' \
    "$VPN/templates/s2s-gateway.conf"
serve_start
authorize 2
sed -i "s|^url:.*|url: $HTTPS/cmc|" "$(ticket gw1)" "$(ticket gw2)"
renew() {	# renew NAME WANT
	local rc=0
	"$PKI4IPSEC" peer renew --dir "$WORK/devices/$1" --retry-for 0 \
	    >"$WORK/renew.log" 2>&1 </dev/null || rc=$?
	[ "$rc" = "$2" ] || fail "peer renew ended with $rc, not $2"
}

cat >"$WORK/stranger.py" <<'EOF2'
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        n = int(self.headers["Content-Length"])
        open(sys.argv[1] + "/heard", "wb").write(self.rfile.read(n))
        self.send_error(503)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/cert.pem", sys.argv[1] + "/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
open(sys.argv[1] + "/port", "w").write(str(server.server_port))
server.serve_forever()
EOF2
# stranger DIR: a server of somebody else, with a certificate for this address.
stranger() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	    -subj /CN=stranger -addext "subjectAltName=IP:127.0.0.1" \
	    -keyout "$1/key.pem" -out "$1/cert.pem" 2>"$WORK/openssl.log"
	"$FAULT_PYTHON" "$WORK/stranger.py" "$1" >"$1/out" 2>&1 </dev/null &
	FAULT_PIDS+=("$!")
	wait_for 10 "the stranger" test -s "$1/port"
}

step "the PKI's own certificate"
enroll gw1 || fail "peer enroll"
pass "a first contact needs no anchor"
renew gw1 0
pass "a renewal by HTTPS"

step "a stranger's"
mkdir "$WORK/stranger"
stranger "$WORK/stranger"
sed -i "s|^url:.*|url: https://127.0.0.1:$(cat "$WORK/stranger/port")/cmc|" \
    "$WORK/devices/gw1/ticket"
before=$(openssl x509 -in "$WORK/devices/gw1/cert.pem" -noout -serial)
renew gw1 1
grep -q "neither under this device's ca.pem nor" "$WORK/renew.log" || fail "does not say whom it believes"
grep -q "127.0.0.1:$(cat "$WORK/stranger/port").*certificate" "$WORK/renew.log" ||
	fail "does not say what is wrong: $(cat "$WORK/renew.log")"
pass "$(head -n 1 "$WORK/renew.log")"
[ ! -e "$WORK/stranger/heard" ] || fail "the stranger has heard the request"
is "in use" "$(openssl x509 -in "$WORK/devices/gw1/cert.pem" -noout -serial)" "$before"

step "a proxy that the system knows"
cp "$WORK/stranger/cert.pem" "$WORK/stranger/$(openssl x509 -in "$WORK/stranger/cert.pem" \
    -noout -hash).0"
if unshare -m true 2>/dev/null; then
	rc=0
	unshare -m sh -c 'mount --bind "$1" /etc/ssl/certs && shift && exec "$@"' sh \
	    "$WORK/stranger" "$PKI4IPSEC" peer renew --dir "$WORK/devices/gw1" --retry-for 0 \
	    >"$WORK/renew.log" 2>&1 || rc=$?
	is "peer renew ended with" "$rc" 75
	[ -s "$WORK/stranger/heard" ] || fail "the proxy was not asked"
	pass "is asked"
else
	note "no mount namespace without root: the system's anchors are as they are"
fi

step "back to the PKI"
sed -i "s|^url:.*|url: $HTTPS/cmc|" "$WORK/devices/gw1/ticket"
renew gw1 0
audit_holds
