#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# generation - keys made by the Admin and by the PKI, with real processes: the
# program and the signer are ended by SIGKILL, answers are lost, and each device
# has exactly one certificate and the one key that belongs to it.  No key lies
# in the clear in database, journal or log, and none stays enveloped.  And a
# device with a key of its own, which has no program but OpenSSL.
#
# R4809-3.3.2-4 (every method but the first is off until a template permits it),
# R4809-3.3.3-1, R4809-3.3.4-1, R4809-3.3.4-2, R4809-3.3.4-3 (the PKI's copy is
# gone after the confirmation), R4809-3.4.7-4, R4809-3.4.8-3, R4809-3.4.9-3
#
#	SIZE=60 (devices of a list)  KILLS=8  SEED=N
#
# R4809-3.3-2, R4809-3.4-1: at the Admin, at the PKI, at the device: each ends with a
#   confirmed certificate
# R4809-3.4.7-1, R4809-3.4.7-4, R4809-3.4.7-5: the device's own key: request,
#   certificate, what the device signs, receipt
# R4809-3.4.10-7: signed by the device, forwarded by its Admin
# R4809-3.4.8-1, R4809-3.4.9-2: certificate and key in one bundle
# R4809-3.4.8-4, R4809-3.4.9-4: the device signs its confirmation with that key, its
#   Admin takes it to the PKI
# SEED-37, SEED-49: off until a template permits it; each method as the guide's table
#   has it
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

SIZE=${SIZE:-60}
KILLS=${KILLS:-8}
SEED=${SEED:-$RANDOM}
fault_need sqlite3 openssl
fault_begin
note "SEED=$SEED"
RANDOM=$SEED
ADMIN=$VPN/admin
cd "$WORK"

permit() {	# METHODS
	sed -i -E "s|^generation = .*|generation = \"$1\"|" "$VPN/templates/s2s-gateway.conf"
}
list() {	# NAME N
	local i
	echo fqdn,label >"$1.csv"
	for ((i = 1; i <= $2; i++)); do
		echo "$1n$i.example,$1n$i"
	done >>"$1.csv"
}
authorize_for() {	# METHOD NAME
	"$PKI4IPSEC" admin authorize --dir "$ADMIN" --template s2s-gateway --csv "$2.csv" \
	    --generation "$1" >>authorize.log 2>&1
}
# admin_enroll OPTION...: exit code in RC
admin_enroll() {
	RC=0
	"$PKI4IPSEC" admin enroll --dir "$ADMIN" "$@" >out.log 2>err.log || RC=$?
}
issued() { db "SELECT count(*) FROM cert c JOIN authz a ON c.authz = a.n WHERE a.label GLOB '$1n*'"; }
confirmed() { db "SELECT count(*) FROM authz WHERE label GLOB '$1n*' AND state = 4"; }
kept() { db "SELECT count(*) FROM generated"; }

# opens NAME: OpenSSL reads the bundle, and its key is the certificate's.
opens() {
	openssl pkcs12 -in "bundles/$1.p12" -passin "file:bundles/$1.passphrase" -nodes \
	    -out "$1.all" 2>/dev/null || fail "$1.p12 does not open"
	openssl pkey -in "$1.all" -pubout -out "$1.a" 2>/dev/null
	openssl x509 -in "$1.all" -noout -pubkey >"$1.b"
	cmp -s "$1.a" "$1.b" || fail "$1.p12: another key than the certificate's"
	[ "$(grep -c 'BEGIN CERTIFICATE' "$1.all")" = 3 ] || fail "$1.p12 lacks its chain"
}
# others_open NAME: so do GnuTLS and NSS.
others_open() {
	if command -v certtool >/dev/null; then
		certtool --p12-info --inder --infile "bundles/$1.p12" \
		    --password "$(cat "bundles/$1.passphrase")" >"$1.gnutls" 2>&1 ||
			fail "GnuTLS does not open $1.p12"
		pass "GnuTLS opens it"
	fi
	if command -v pk12util >/dev/null; then
		pk12util -l "bundles/$1.p12" -w "bundles/$1.passphrase" >"$1.nss" 2>&1 ||
			fail "NSS does not open $1.p12"
		pass "NSS opens it"
	fi
}
# absent NAME FILE...: its private key is in none of them, raw or in base64.
absent() {
	local name=$1
	shift
	openssl pkey -in "$name.all" -outform DER -out "$name.key"
	"$FAULT_PYTHON" - "$name.key" "$@" <<-'EOF2' || fail "the key of $name is in a file"
	import base64, re, subprocess, sys
	der = open(sys.argv[1], "rb").read()
	text = subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", sys.argv[1], "-noout",
	    "-text"], capture_output=True, text=True, check=True).stdout
	digits = re.search(r"priv:\s*([0-9a-f:\s]+)pub:", text).group(1)
	scalar = bytes.fromhex(re.sub(r"[^0-9a-f]", "", digits)).lstrip(b"\0")
	assert len(scalar) >= 28
	forms = [scalar[-24:], scalar[-24:].hex().encode(), base64.b64encode(der)[48:88]]
	bad = [f for f in sys.argv[2:] for form in forms if form in open(f, "rb").read()]
	sys.exit(bool(bad))
	EOF2
}
all_files() { find "$VPN" "$WORK"/*.log -type f; }

pki_init
serve_start

step "no template permits it"
list off 1
for method in peer-key-admin-request admin pki; do
	authorize_for $method off && fail "$method was authorized"
	grep -q "not one of the template's" authorize.log || fail "$method: another reason"
	: >authorize.log
done
pass "methods 2, 3 and 4 are refused"
serve_stop
permit "peer, peer-key-admin-request, admin, pki"
serve_start

step "a list of $SIZE, keys of the Admin"
list a "$SIZE"
authorize_for admin a || fail "authorize"
for ((k = 0; k < KILLS; k++)); do
	"$PKI4IPSEC" admin enroll --dir "$ADMIN" --generate --csv a.csv >>kill.log 2>&1 &
	pid=$!
	moment 700
	kill -9 $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	for f in "$ADMIN"/generated/*.p7m; do
		[ ! -e "$f" ] || ! grep -q "PRIVATE KEY" "$f" || fail "a key in the clear: $f"
	done
done
note "after $KILLS kills: $(confirmed a) of $SIZE"
admin_enroll --generate --csv a.csv
is "the last run" $RC 0
is "confirmed" "$(confirmed a)" "$SIZE"
is "certificates ever made" "$(issued a)" "$SIZE"
is "left in DIR/generated" "$(find "$ADMIN/generated" -type f | wc -l)" 0
is "bundles" "$(find bundles -name 'an*.p12' -perm 600 | wc -l)" "$SIZE"
for i in 1 2 "$SIZE"; do
	opens "an$i"
	mapfile -t files < <(all_files)
	absent "an$i" "${files[@]}"
done
pass "OpenSSL opens them; the keys are nowhere else"
others_open an1

step "answers that are lost"
list b 2
authorize_for admin b || fail "authorize"
proxy_start "$WORK/p1" 2=lose 5=lose	# each run asks for the state first
admin_enroll --generate bn1 --url "http://127.0.0.1:$(cat p1/port)/cmc"
is "the certificate is lost" $RC 75
admin_enroll --generate bn1 --url "http://127.0.0.1:$(cat p1/port)/cmc"
is "the receipt is lost" $RC 75
proxy_stop
admin_enroll --generate bn1 bn2 nobody
is "with a device there is not" $RC 1
admin_enroll --generate bn1 bn2
is "again" $RC 0
is "certificates ever made" "$(issued b)" 2
opens bn1
list f 3
authorize_for admin f || fail "authorize"
admin_enroll --generate fn1 fn1.example
is "one device by two words" "$RC $(cat out.log | tail -n 1)" "0 1 enrolled, 0 failed"
proxy_start "$WORK/p3" 2=drop
admin_enroll --generate fn2 fn3 --json --url "http://127.0.0.1:$(cat p3/port)/cmc"
proxy_stop
is "what a list that was stopped says" "$RC $(sed -n '1s/.*"enrolled"/"enrolled"/p' out.log)" \
    '75 "enrolled":0,"failed":0,"left":2}'
admin_enroll --generate fn2 fn3
is "again" $RC 0

step "a key that is lost"
serial=$(openssl x509 -in bn1.all -noout -serial | cut -d= -f2)
printf 'fqdn,label,replaces,lost-key\nbn1.example,bn1,%s,yes\n' "$serial" >b.csv
authorize_for admin b || fail "authorize"
admin_enroll --generate bn1
is "the bundle of the lost key is in the way" $RC 1
rm bundles/bn1.*
admin_enroll --generate bn1
is "without it" $RC 0
opens bn1
[ "$(openssl x509 -in bn1.all -noout -serial | cut -d= -f2)" != "$serial" ] ||
	fail "the certificate is the old one"
is "the old one is revoked" "$(db "SELECT count(*) FROM cert c JOIN authz a ON c.authz = a.n
    WHERE a.label = 'bn1' AND c.state = 4")" 1

step "keys of the PKI"
list c 1
authorize_for pki c || fail "authorize"
proxy_start "$WORK/p2" 3=drop
admin_enroll --pki-key cn1 --url "http://127.0.0.1:$(cat p2/port)/cmc"
is "no way to confirm" $RC 75
proxy_stop
is "kept by the PKI, enveloped" "$(kept)" 1
mkdir copies
cp "$VPN"/pki.db* "$VPN/keys/journal" copies/
admin_enroll --generate cn1
is "with another method" $RC 1
admin_enroll --pki-key cn1
is "again" $RC 0
is "kept by the PKI" "$(kept)" 0
opens cn1
mapfile -t files < <(all_files)
absent cn1 copies/* "${files[@]}"
pass "the key was never there in the clear"

step "RSA keys of the PKI, and everybody else"
list r 4
authorize_for pki r || fail "authorize"
authorize 1 beside
"$PKI4IPSEC" admin enroll --dir "$ADMIN" --pki-key --key rsa-4096 --csv r.csv >rsa.log 2>&1 &
pid=$!
enroll beside1 || fail "another device's enrolment"
RC=0
wait $pid || RC=$?
is "the list" "$RC $(tail -n 1 rsa.log)" "0 4 enrolled, 0 failed"
opens rn1
is "bits" "$(openssl x509 -in rn1.all -noout -text | grep -o '(4096 bit)')" "(4096 bit)"

step "the signer is killed"
list d 24
authorize_for pki d || fail "authorize"
for ((k = 0; k < KILLS; k++)); do
	"$PKI4IPSEC" admin enroll --dir "$ADMIN" --pki-key --csv d.csv >>kill.log 2>&1 &
	pid=$!
	moment 300
	signer=$(child signer)
	[ -z "$signer" ] || kill -9 "$signer" 2>/dev/null || true
	wait $pid 2>/dev/null || true
	wait_for 60 "another signer" anew signer "$signer"
done
note "after $KILLS kills: $(confirmed d) of 24"
admin_enroll --pki-key --csv d.csv
is "the last run" $RC 0
is "confirmed" "$(confirmed d)" 24
is "valid certificates" "$(db "SELECT count(*) FROM cert c JOIN authz a ON c.authz = a.n
    WHERE a.label GLOB 'dn*' AND c.state = 2")" 24
is "kept by the PKI" "$(kept)" 0
for i in 1 12 24; do
	opens "dn$i"
done
step "made by others, confirmed by the device"
sign_with() {	# NAME OUT: what the device does with its bundle
	openssl cms -sign -binary -nodetach -cades -md sha256 -outform DER \
	    -econtent_type 1.3.6.1.5.5.7.12.2 -inkey "$1.all" -signer "$1.all" \
	    -in "bundles/$1.confirm" -out "$2" 2>>err.log
}
for how in admin:x:--generate pki:y:--pki-key; do
	IFS=: read -r method name option <<<"$how"
	list "$name" 1
	authorize_for "$method" "$name" || fail "authorize"
	mkdir "bundles/${name}n1.confirm"
	admin_enroll "$option" --device-confirms "${name}n1"
	is "$method: what is to be signed cannot be written" "$RC" 1
	rmdir "bundles/${name}n1.confirm"
	admin_enroll "$option" --device-confirms "${name}n1"
	is "$method: handed over" "$RC $(confirmed "$name")" "0 0"
	opens "${name}n1"
	mapfile -t files < <(all_files)
	absent "${name}n1" "${files[@]}"
	admin_enroll "$option" "${name}n1"
	is "the Admin cannot confirm any more" "$RC" 1
	sign_with "${name}n1" signed
	admin_enroll --confirm signed "${name}n1"
	is "confirmed by the device" "$RC $(confirmed "$name")" "0 1"
	is "certificates ever made" "$(issued "$name")" 1
	is "kept by the PKI" "$(kept)" 0
	is "left in DIR/generated" "$(find "$ADMIN/generated" -type f | wc -l)" 0
done

step "the device's own key, and nothing there but OpenSSL"
list e 1
authorize_for peer-key-admin-request e || fail "authorize"
key_of() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
csr() { openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"; }	# NAME SUBJECT
sign() {	# KEY OUT: what the device does
	openssl cms -sign -binary -nodetach -cades -md sha256 -outform DER \
	    -econtent_type 1.3.6.1.5.5.7.12.2 -inkey "$1.key" -signer "${3:-bundles/en1.pem}" \
	    -in bundles/en1.confirm -out "$2" 2>>err.log
}
key_of own
key_of other
csr own /CN=somebody.example
admin_enroll --request own.csr en1
is "with a name that was not authorized" $RC 1
grep -q "not the one that was authorized" err.log || fail "another reason"
csr own /
csr other /
admin_enroll --confirm own.csr en1
is "a confirmation of nothing" $RC 1
admin_enroll --request own.csr en1
is "with its request" $RC 0
serial=$(openssl x509 -in bundles/en1.pem -noout -serial)
admin_enroll --request own.csr en1
is "again" $RC 0
is "certificate" "$(openssl x509 -in bundles/en1.pem -noout -serial)" "$serial"
[ ! -e bundles/en1.p12 ] && ! grep -q PRIVATE bundles/en1.pem || fail "a key from nowhere"
cmp -s <(openssl x509 -in bundles/en1.pem -noout -pubkey) \
    <(openssl pkey -in own.key -pubout) || fail "another key than the device's"
admin_enroll --request other.csr en1
is "with another key" $RC 1
openssl req -x509 -key other.key -subj /CN=other -days 1 -out other.pem 2>/dev/null
sign other forged other.pem
admin_enroll --confirm forged en1
is "confirmed by another key" $RC 1
is "confirmed" "$(confirmed e)" 0
sign own signed
admin_enroll --confirm signed en1
is "confirmed by its own" $RC 0
is "confirmed" "$(confirmed e)" 1
is "certificates ever made" "$(issued e)" 1
list g 1
authorize_for peer-key-admin-request g || fail "authorize"
admin_enroll --request own.csr gn1
waiting() { find "$ADMIN/generated" -type f | wc -l; }
is "one waits for its confirmation" "$RC $(waiting)" "0 1"
late() { [ "$(db "SELECT state FROM authz WHERE label = 'gn1'")" = 9 ]; }
sqlite3 -cmd '.timeout 5000' "$VPN/pki.db" "UPDATE authz SET confirm_by = 1 WHERE label = 'gn1'"
wait_for 30 "the end of the time to confirm" late
sign own signed bundles/gn1.pem
admin_enroll --confirm signed gn1
is "too late, and forgotten" "$RC $(waiting)" "1 0"

serve_stop
is "pki serve ends with" "$SERVE_RC" 0
audit_holds
