#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# relay - devices that cannot reach the PKI, and an Admin's relay between.
#
# As root everything runs in two network namespaces: the PKI and the relay in
# one, the devices in another that reaches nothing but the relay.  They enrol,
# confirm, renew, fetch CRLs and revoke themselves through it with no hand
# moved; the PKI gets the octets that the device made, and the device the
# PKI's.  Whoever cannot prove the key is not passed on, nor is what is no
# CMC.  The relay killed, the PKI away or started anew: the devices come again
# and each ends with one confirmed certificate.
#
# Then the same wrapped: what comes together goes in one message of the Admin's;
# 200 devices at once, exact counts, and kills in the middle.
#
# R4809-1-3, R4809-3.3.1-4, R4809-3.4.6-1 (octets unchanged, no hand),
# R4809-3.4.6-2 (any source), R4809-3.4.6-3 (a wrong proof is not forwarded),
# R4809-3.4.6-4, R4809-3.4.6-5 (the eight messages in order)
#
# R4809-3.1.3-1: devices reach nothing but the relay, and come again when it was away
# R4809-3.4.10-8: the PKI's receipt, passed on, lets the device go on
# R4809-3.5-1, R4809-3.5-2: renewed and revoked through the relay; straight in
#   tests/flow
# R5274-5.2-24, R5274-5.2-25: batchRequests and batchResponses, "wrapped"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# ---- two namespaces ----

inner_address=127.0.0.1
IN_DEVICE=
if [ -n "${RELAY_DEVICES:-}" ]; then
	inner_address=192.0.2.1
	IN_DEVICE="ip netns exec $RELAY_DEVICES"
elif [ "$(id -u)" = 0 ] && ip netns add "p4rm$$" 2>/dev/null; then
	middle=p4rm$$ devices=p4rd$$
	ip netns add "$devices"
	# Both go when this script has gone, however it ends.
	trap 'ip netns del "$middle"; ip netns del "$devices"' EXIT
	ip -n "$middle" link add up0 type veth peer name up0 netns "$devices"
	ip -n "$middle" address add 192.0.2.1/30 dev up0
	ip -n "$devices" address add 192.0.2.2/30 dev up0
	for ns in "$middle" "$devices"; do
		ip -n "$ns" link set lo up
		ip -n "$ns" link set up0 up
	done
	rc=0
	RELAY_DEVICES=$devices ip netns exec "$middle" "$0" "$@" || rc=$?
	exit $rc
else
	note "no network namespaces here: all on loopback"
fi

# device COMMAND...: where only the relay can be reached
device() {
	# shellcheck disable=SC2086
	$IN_DEVICE "$@"
}

# ---- the relay ----

RELAY=			# its URL, the same for all of its lives
RELAY_PID=

# relay_start [OPTION...]
relay_start() {
	: >"$WORK/relay.start.log"
	"$PKI4IPSEC" admin relay --dir "$VPN/admin" --listen "${RELAY_AT:-$inner_address:0}" \
	    --health "127.0.0.1:${RELAY_HEALTH:-0}" "$@" >"$WORK/relay.start.log" 2>&1 </dev/null &
	RELAY_PID=$!
	FAULT_PIDS+=("$RELAY_PID")
	wait_for 20 "the relay" grep -q ' ready ' "$WORK/relay.start.log"
	RELAY_AT=$(sed -n 's/.*listening address=\([^ ]*\).*/\1/p' "$WORK/relay.start.log" | head -n 1)
	RELAY_HEALTH=$(sed -n 's/.*listening address=[^ ]*:\([0-9]*\) .*/\1/p' \
	    "$WORK/relay.start.log" | tail -n 1)
	RELAY=http://$RELAY_AT
}

# relay_stop [SIGNAL]: its exit code in RELAY_RC
relay_stop() {
	kill "-${1:-TERM}" "$RELAY_PID"
	RELAY_RC=0
	wait "$RELAY_PID" 2>/dev/null || RELAY_RC=$?
	cat "$WORK/relay.start.log" >>"$WORK/relay.log"
}

# by_relay N PREFIX: tickets that name the relay
by_relay() {
	local i
	{
		echo fqdn,label
		for i in $(seq "$1"); do echo "$2$i.example,$2$i"; done
	} >"$WORK/$2.csv"
	"$PKI4IPSEC" admin authorize --dir "$VPN/admin" --template s2s-gateway --csv "$WORK/$2.csv" \
	    --out "$TICKETS" --relay "$RELAY" >>"$WORK/authorize.log" 2>&1 || fail "admin authorize"
}

enroll_there() {
	device "$PKI4IPSEC" peer enroll "$(ticket "$1")" --dir "$WORK/devices/$1" \
	    >>"$WORK/devices.log" 2>&1
}

# ask FILE OUT [TYPE]: the relay's HTTP status
ask() {
	device curl -s -m 60 -o "$2" -D "$2.head" -w '%{http_code}' --data-binary "@$1" \
	    -H Expect: -H "Content-Type: ${3:-application/pkcs7-mime; smime-type=CMC-Request}" \
	    "$RELAY/cmc" || true
}

confirmed() {
	db "SELECT count(*) FROM cert c JOIN authz a ON a.cert = c.n
	    WHERE a.label LIKE '$1%' AND c.state = 2"
}

fault_need openssl sqlite3
fault_begin
pki_init
sed -i -E 's|^(renewal-last-percent) = .*|\1 = 100|' "$VPN/templates/s2s-gateway.conf"
serve_start

step "through the relay, unchanged"
mkdir -p "$WORK/seen"
proxy_start "$WORK/seen"
relay_start --url "http://127.0.0.1:$(cat "$WORK/seen/port")/cmc"
by_relay 3 gw
is "URL in the ticket" "$(sed -n 's/^url: //p' "$(ticket gw1)")" "$RELAY/cmc"
if [ -n "$IN_DEVICE" ]; then
	for host in 127.0.0.1 192.0.2.1; do
		device curl -s -m 5 -o /dev/null "http://$host:$PORT/ca/root.cer" &&
			fail "a device reaches the PKI at $host"
	done
	pass "devices do not reach the PKI"
fi
enroll_there gw1 || fail "peer enroll through the relay"
is "messages at the PKI" "$(find "$WORK/seen" -name '*.request' | wc -l)" 2
grep -q 'relayed from=.* what=enrolment' "$WORK/relay.start.log" || fail "no line in the log"
is "in order" "$(sed -n 's/.* relayed .* what=\([a-z]*\) .*/\1/p' "$WORK/relay.start.log" | xargs)" \
    "enrolment confirmation"
device "$PKI4IPSEC" peer enroll "$(ticket gw2)" --dir "$WORK/devices/gw2" --file "$WORK/carried" \
    >"$WORK/carried.log" 2>&1 && rc=0 || rc=$?
request=$WORK/carried/request.crq
[ -s "$request" ] || fail "no request in a file"
is "a request by hand" "$(ask "$request" "$WORK/answer")" 200
cmp "$request" "$WORK/seen/3.request" || fail "the request was changed"
cmp "$WORK/answer" "$WORK/seen/3.response" || fail "the answer was changed"
pass "octets of request and answer are the same on both sides"
grep -qi '^content-type: application/pkcs7-mime; smime-type=CMC-Response' "$WORK/answer.head" ||
	fail "the answer's type: $(cat "$WORK/answer.head")"
cp "$WORK/answer" "$WORK/carried/response.crp"
relay_stop
proxy_stop
is "exit code after SIGTERM" "$RELAY_RC" 0

step "renew, fetch CRLs, revoke"
relay_start
old=$(openssl x509 -in "$WORK/devices/gw1/cert.pem" -noout -serial)
device "$PKI4IPSEC" peer renew --dir "$WORK/devices/gw1" >>"$WORK/devices.log" 2>&1 ||
	fail "peer renew through the relay"
[ "$old" != "$(openssl x509 -in "$WORK/devices/gw1/cert.pem" -noout -serial)" ] ||
	fail "the certificate is the old one"
pass "renewed"
# shellcheck disable=SC2086
exec_agent() {	# the job is the agent itself, not a shell around it
	exec $IN_DEVICE "$PKI4IPSEC" peer run --dir "$WORK/devices/gw1" --crl-interval 1s
}
exec_agent >"$WORK/agent.log" 2>&1 </dev/null &
agent=$!
FAULT_PIDS+=("$agent")
crl_there() { compgen -G "$WORK/devices/gw1/crl/*.crl" || compgen -G "$WORK/devices/gw1/crl/*.new"; }
wait_for 30 "a CRL on the device" crl_there
pass "the agent has a CRL"
kill "$agent"
wait "$agent" || true
enroll_there gw3 || fail "peer enroll"
serial=$(openssl x509 -in "$WORK/devices/gw3/cert.pem" -noout -serial | cut -d = -f 2)
device "$PKI4IPSEC" peer revoke --dir "$WORK/devices/gw3" >>"$WORK/devices.log" 2>&1 ||
	fail "peer revoke through the relay"
on_crl() {
	device curl -sf "$RELAY/crl/ike.crl" | openssl crl -inform DER -noout -text |
	    grep -qi "$serial"
}
wait_for 30 "the revoked certificate on the relay's CRL" on_crl
pass "revoked, and on the CRL that the relay gives"
device curl -sf "$RELAY/ca/root.cer" | cmp - <(curl -sf "$URL/ca/root.cer") ||
	fail "the root is another one"
hash=$(openssl x509 -in "$WORK/devices/gw1/cert.pem" -outform DER | sha1sum | cut -d ' ' -f 1)
device curl -sf "$RELAY/certs/$hash" |
    cmp - <(openssl x509 -in "$WORK/devices/gw1/cert.pem" -outform DER) ||
	fail "hash-and-URL through the relay"
pass "CA certificates, and certificates by hash"
for path in /healthz /crl/../healthz /crl/%2e%2e/x /crl/ /crl/.x /crl/ike.crl?x=1 /store/x; do
	is "GET $path" "$(device curl -s --path-as-is -o /dev/null -w '%{http_code}' "$RELAY$path")" 404
done

step "what is not passed on"
before=$(wc -l <"$WORK/serve.log")
head -c 3000 /dev/urandom >"$WORK/noise"
: >"$WORK/nothing"
printf '0\200' >"$WORK/endless"
head -c 300000 /dev/zero >"$WORK/large"
openssl x509 -in "$VPN/certs/root.pem" -outform DER -out "$WORK/certificate"
# A good request, and one octet of it changed on its way.
cat >"$WORK/hurt.py" <<'EOF2'
import sys
octets = bytearray(open(sys.argv[1], "rb").read())
octets[int(len(octets) * float(sys.argv[3]))] ^= 1
open(sys.argv[2], "wb").write(octets)
EOF2
for at in 0.3 0.5 0.7 0.98; do
	"$FAULT_PYTHON" "$WORK/hurt.py" "$request" "$WORK/hurt$at" "$at"
done
while read -r file want; do
	is "$file" "$(ask "$WORK/$file" "$WORK/said")" "$want"
	[ -s "$WORK/said" ] || fail "no line that says why"
done <<'EOF2'
noise 400
nothing 400
endless 400
certificate 400
large 413
hurt0.3 400
hurt0.5 400
hurt0.7 400
hurt0.98 400
EOF2
is "another type" "$(ask "$request" "$WORK/said" text/plain)" 415
is "GET /cmc" "$(device curl -s -o /dev/null -w '%{http_code}' "$RELAY/cmc")" 405
is "lines in the PKI's log" "$(wc -l <"$WORK/serve.log")" "$before"
"$FAULT_PYTHON" - "$RELAY_AT" "$IN_DEVICE" <<'EOF2' || fail "a hostile sender"
import random, socket, sys
host, port = sys.argv[1].rsplit(":", 1)
rng = random.Random(4809)
for n in range(300):
    s = socket.create_connection((host, int(port)), timeout=20)
    body = rng.randbytes(rng.randrange(0, 400))
    head = rng.choice([b"", b"POST /cmc HTTP/1.1\r\n", b"POST /cmc HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/pkcs7-mime\r\nContent-Length: %d\r\n\r\n" % len(body)])
    s.sendall(head + body)
    s.close()
EOF2
curl -sf "http://127.0.0.1:$RELAY_HEALTH/healthz" >"$WORK/health" || fail "the relay is not well"
pass "$(cat "$WORK/health")"

step "the PKI is away"
serve_stop
is "a request meanwhile" "$(ask "$request" "$WORK/said")" 503
grep -qi '^retry-after: [1-9]' "$WORK/said.head" || fail "no Retry-After"
is "a CRL that is not at hand" \
    "$(device curl -s -o /dev/null -w '%{http_code}' "$RELAY/crl/management.crl")" 503
is "/readyz" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$RELAY_HEALTH/readyz")" 503
serve_start
by_relay 1 away
serve_stop
enroll_there away1 &
waiting=$!
wait_for 30 "a device that was told to come again" \
    sh -c "[ \$(grep -c 'not relayed' '$WORK/relay.start.log') -ge 3 ]"
serve_start
wait "$waiting" || fail "the device has given up"
is "confirmed after the PKI came back" "$(confirmed away)" 1

# killed_in_the_middle PREFIX [OPTION of the relay...]: 24 devices, and none is lost.
killed_in_the_middle() {
	local prefix=$1 pids=() pid i engine
	shift
	by_relay 24 "$prefix"
	for i in $(seq 24); do
		( until enroll_there "$prefix$i"; do
			[ $? = 75 ] || { echo "$prefix$i: $?" >>"$WORK/lost"; exit 1; }
		done ) &
		pids+=("$!")
		if [ "$i" = 8 ]; then
			relay_stop KILL
			relay_start "$@"
		elif [ "$i" = 16 ]; then
			engine=$(child engine)
			kill -9 "$engine"
			wait_for 60 "another engine" anew engine "$engine"
		fi
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "a device is lost: $(cat "$WORK/lost")"
	done
	is "confirmed" "$(confirmed "$prefix")" 24
	is "certificates for them" "$(db "SELECT count(*) FROM cert c JOIN authz a ON a.n = c.authz
	    WHERE a.label LIKE '$prefix%' AND c.state <> 0")" 24
}

step "the relay is killed, the PKI is killed, in the middle"
killed_in_the_middle mid
relay_stop
is "exit code" "$RELAY_RC" 0

step "wrapped"
relay_start --wrap
by_relay 3 wr
enroll_there wr1 || fail "peer enroll"
old=$(openssl x509 -in "$WORK/devices/wr1/cert.pem" -noout -serial)
device "$PKI4IPSEC" peer renew --dir "$WORK/devices/wr1" >>"$WORK/devices.log" 2>&1 ||
	fail "peer renew"
[ "$old" != "$(openssl x509 -in "$WORK/devices/wr1/cert.pem" -noout -serial)" ] ||
	fail "the certificate is the old one"
enroll_there wr2 || fail "peer enroll"
serial=$(openssl x509 -in "$WORK/devices/wr2/cert.pem" -noout -serial | cut -d = -f 2)
device "$PKI4IPSEC" peer revoke --dir "$WORK/devices/wr2" >>"$WORK/devices.log" 2>&1 ||
	fail "peer revoke"
wait_for 30 "the revoked certificate on the relay's CRL" on_crl
is "all of it wrapped" "$(sed -n 's/.* relayed .* what=\([a-z]*\) .*wrapped=yes.*/\1/p' \
    "$WORK/relay.start.log" | xargs)" \
    "enrolment confirmation renewal confirmation enrolment confirmation revocation"

step "200 devices at once"
before=$(db "SELECT count(*) FROM cert WHERE state = 2")
lines=$(wc -l <"$WORK/serve.log")
sum() { tail -n "+$((lines + 1))" "$WORK/serve.log" |
    sed -n "s/.*wrapped messages .* $1=\([0-9]*\).*/\1/p" | paste -sd + | bc; }
"$PKI4IPSEC" bench enroll --dir "$VPN" --url "$RELAY" --peers 200 --concurrency 200 \
    >"$WORK/bench.log" 2>&1 || fail "bench through the relay"
grep -q '200 enrolled and confirmed, 0 errors' "$WORK/bench.log" || fail "$(cat "$WORK/bench.log")"
pass "$(head -n 1 "$WORK/bench.log")"
is "confirmed certificates" "$(($(db "SELECT count(*) FROM cert WHERE state = 2") - before))" 200
is "messages inside" "$(sum messages)" 400
is "answered" "$(sum answered)" 400
layers=$(tail -n "+$((lines + 1))" "$WORK/serve.log" | grep -c 'wrapped messages')
[ "$layers" -le 100 ] || fail "$layers layers for 400 messages: nothing went together"
pass "in $layers messages of the Admin"

step "wrapped, and killed in the middle"
killed_in_the_middle mw --wrap

step "an Admin who may not wrap"
"$PKI4IPSEC" pki admin --dir "$VPN" rights admin "*:query" >>"$WORK/admin.log" 2>&1 ||
	fail "pki admin rights"
enroll_there wr3 || fail "its devices are lost"
grep -q 'relayed from=.* what=enrolment .* answer=[0-9]* ms=' "$WORK/relay.start.log" ||
	fail "not passed on by itself"
pass "what it wraps is passed on unchanged"
relay_stop
is "exit code" "$RELAY_RC" 0
audit_holds
