#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pairs of Libreswan (A, who calls) and strongSwan (B): what "admin check"
# foretells, and what pluto does with the same certificates.  A difference that
# is not listed in docs/guide/differences.md fails, and so does one that is no more.
#
# Libreswan is not installed, its package and strongSwan's exclude each other:
# ./check unpacks it into build-libreswan.  pluto finds its helpers at fixed
# places, so it gets a mount namespace of its own.
#
# R4945-3.1-6, R4945-5.2.1-2: of what we foretell, a daemon that was not written
# by us says the same.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./lib-pairs.sh
LSW=$(readlink -f "${LIBRESWAN:-$LIVE_ROOT/build-libreswan}")
live_need python3 pk12util certutil crlutil unshare
[ -x "$LSW/usr/libexec/ipsec/pluto" ] || skip "no Libreswan in $LSW"
ldd "$LSW/usr/libexec/ipsec/pluto" | grep -q 'not found' && skip "Libreswan lacks a library"
live_binary
LIVE_PLUGINS="random nonce x509 constraints revocation pubkey pkcs1 pkcs7 pkcs8
    pem openssl kdf kernel-netlink socket-default vici"
live_begin
make_host gw1 1
make_host gw2 2
PAIR_CHILDLESS=allow
pairs_make

KNOWN=$(pairs_known pluto)

# ---- Libreswan ----

nss() { certutil -d "sql:$NSS" "$@" >>"$WORK/nss.log" 2>&1; }

# The store of A: its key and certificate, what it trusts, CRLs.
nss_make() {
	local p=$PAIRS/$1 file
	rm -rf "$NSS"
	cp -r "$WORK/nss-empty" "$NSS"
	openssl pkcs12 -export -in "$p/a/cert.pem" -inkey "$p/a/key.pem" -name me \
	    -passout pass:x -out "$WORK/me.p12" || fail "no PKCS #12 of $1"
	pk12util -i "$WORK/me.p12" -d "sql:$NSS" -W x >>"$WORK/nss.log" 2>&1
	nss -A -n root -t CT,, -a -i "$p/trust.pem" || fail "NSS does not take the CA of $1"
	for file in "$p"/crl*.pem; do
		[ -e "$file" ] || continue
		openssl crl -in "$file" -outform DER -out "$WORK/crl.der"
		crlutil -I -B -d "sql:$NSS" -i "$WORK/crl.der" >>"$WORK/nss.log" 2>&1
	done
}

lsw_conf() {
	local p=$PAIRS/$1
	cat >"$WORK/ipsec.conf" <<-EOF
	config setup
	    nssdir=$NSS
	    ipsecdir=$WORK/ipsec.d
	    dumpdir=$WORK/run
	    secretsfile=$WORK/ipsec.secrets
	    logfile=$WORK/pluto.log

	conn pair
	    left=192.0.2.1
	    leftid=$(cat "$p/a/leftid")
	    leftcert=me
	    leftsendcert=always
	    leftsubnet=198.51.100.1/32
	    right=192.0.2.2
	    rightid=$(cat "$p/b/leftid")
	    rightca=%any
	    rightsubnet=198.51.100.2/32
	    authby=$(lsw_authby "$p")
	    ikev2=insist
	    auto=ignore
	    retransmit-timeout=4s
	EOF
}

lsw_authby() {
	case $1 in
	*/rsa*) echo rsa-sha2 ;;
	*) echo ecdsa ;;
	esac
}

pluto_start() {
	local strict=()
	[ "$(cat "$PAIRS/$1/revocation")" = soft ] || strict=(--crl-strict)
	mkdir -p "$WORK/run" "$WORK/ipsec.d"
	: >"$WORK/ipsec.secrets"
	: >"$WORK/pluto.log"
	background "$WORK/pluto.out" gw1 unshare -m --propagation private sh -c '
	    mount --bind "$1/usr/libexec" /usr/libexec && shift && exec "$@"' sh "$LSW" \
	    env "PATH=$LSW/usr/sbin:$PATH" "IPSEC_EXECDIR=$LSW/usr/libexec/ipsec" \
	    "IPSEC_SBINDIR=$LSW/usr/sbin" "IPSEC_NSSDIR=$NSS" "IPSEC_CONF=$WORK/ipsec.conf" \
	    "$LSW/usr/libexec/ipsec/pluto" --config "$WORK/ipsec.conf" --rundir "$WORK/run" \
	    --nssdir "$NSS" --ipsecdir "$WORK/ipsec.d" --secretsfile "$WORK/ipsec.secrets" \
	    --logfile "$WORK/pluto.log" --nofork --no-dnssec "${strict[@]}"
	PLUTO=$BACKGROUND
	wait_for 20 "pluto" test -S "$WORK/run/pluto.ctl"
	wait_for 20 "pluto listens" whack --listen
	on gw1 env "IPSEC_NSSDIR=$NSS" "$LSW/usr/libexec/ipsec/addconn" --ctlsocket "$WORK/run/pluto.ctl" \
	    --config "$WORK/ipsec.conf" pair >"$WORK/addconn.log" 2>&1
	grep -q 'added IKEv2 connection' "$WORK/pluto.log"
}

whack() { on gw1 "$LSW/usr/libexec/ipsec/whack" --ctlsocket "$WORK/run/pluto.ctl" "$@"; }

pluto_stop() {
	live_stop "$PLUTO"
	wait "$PLUTO" 2>/dev/null
	rm -f "$WORK/run/pluto.ctl"
}

# What pluto's log shows.  It says nothing to B of whom it refuses.
lsw_came() {
	if grep -q 'established IKE SA' "$WORK/pluto.log"; then
		echo connects
	elif grep -q 'authentication request rejected by peer: AUTHENTICATION_FAILED' \
	    "$WORK/pluto.log"; then
		echo "b refuses a"
	elif grep -q 'fatal error in state STATE_V2_PARENT_I2\|authentication failed' \
	    "$WORK/pluto.log"; then
		echo "a refuses b"
	else
		echo nothing
	fi
}

# ---- pairs ----

mkdir "$WORK/nss-empty"
NSS=$WORK/nss-empty
nss -N --empty-password || fail "no NSS store"
NSS=$WORK/nss
# B is to send what it would not take: A is asked.  NSS signs with PSS.
LIVE_CHARON_EXTRA="rsa_pss = yes
    x509 { enforce_critical = no }" charon_start gw2
# What comes of PAIR, in came.
lsw_try() {
	pair_charon gw2 "$1" b a
	nss_make "$1"
	lsw_conf "$1"
	came="a has none"
	if pluto_start "$1"; then
		timeout 20 ip netns exec "$LIVE_PREFIX-gw1" "$LSW/usr/libexec/ipsec/whack" \
		    --ctlsocket "$WORK/run/pluto.ctl" --initiate --name pair >"$WORK/whack.log" 2>&1
		came=$(lsw_came)
	fi
	cp "$WORK/pluto.log" "$WORK/judged.log"
	pluto_stop
}

step "pairs"
while read -r name; do
	[[ $name == ${1:-*} ]] || continue
	told=$(foretell "$name" strongswan libreswan)
	lsw_try "$name"
	# pluto 4.10 now and then falls over while it ends; it may do so earlier.
	[ "$came" != nothing ] || lsw_try "$name"
	pair_judge "$name" "$told" "$came" "$KNOWN"
	[ "$came" != "a refuses b" ] || pair_why "$name" b <"$WORK/judged.log"
done <"$PAIRS/list"
[ -n "${1:-}" ] || pairs_end 50 22
