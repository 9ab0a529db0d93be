#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# verify-strangers - some 250 chains, good and broken in named ways: our verify
# says of each what "openssl verify" says, and strongSwan's "pki --verify"
# where there is one, but for what stands in the tables below with its reason.
# A difference that is not there fails, and so does a row without a difference.
#
# R4945-3.1.2-6, R4945-3.1.9-3, R4945-5.1.1-1, R4945-5.1.3-4, R4945-5.1.3.1-1,
# R4945-5.1.3.2-2, R4945-5.1.3.9-1, R4945-5.1.3.12-8, R4945-5.1.3.13-2,
# R4945-5.2.1-1, R4945-5.2.2.4.1-1, R4945-5.3-1.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
PKI4IPSEC=${PKI4IPSEC:-$TOP/build-asan/pki4ipsec}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
failed=0 agreed=0 explained=0

command -v openssl >/dev/null || { echo "no openssl command"; exit 77; }
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
[ -x "$PKI4IPSEC" ] || { echo "no program $PKI4IPSEC"; exit 1; }

# Cases (a pattern), our verdict against theirs, why.  The first that fits counts;
# "same" keeps a later, wider pattern away.
OPENSSL_TABLE='
sha1-*	reject	RFC 8247, 3.2: SHA-1 is out; openssl verify has no floor unless -auth_level asks
version-1-leaf-*	reject	RFC 4945, 5.1.1: a peer has version 3
leaf-is-ca	reject	a CA is no peer (Libreswan refuses it too)
*-rsa-1024	reject	RFC 8247, 3.1.1: RSA below 2048 bits
usage-keyEncipherment	reject	RFC 4945, 5.1.3.2; openssl has no purpose for IKE
usage-keyAgreement	reject	RFC 4945, 5.1.3.2; openssl has no purpose for IKE
purpose-server*	reject	RFC 4945, 5.1.3.12: neither ipsecIKE nor any; openssl has no purpose for IKE
purpose-client*	reject	the same
purpose-code*	reject	the same
purpose-intermediate*	reject	the same: the purpose from before the standard
purpose-tunnel*	reject	the same: obsolete
nc-dns-cn-only	accept	RFC 4945, 3.1.9: text in CN is no name; openssl holds it against dNSName constraints
delta-taken-for-a-whole	reject	without -extended_crl openssl takes a delta for the whole CRL
crl-good-and-revoked	reject	RFC 4945, 5.2.1: one CRL that lists it is enough; openssl takes the newest
id-host-dot-first	reject	a leading dot matches every host below for openssl
id-cn-only	reject	RFC 4945, 3.1.9: CN is never an identity
id-wildcard-in-certificate	reject	RFC 4945, 5.1.3.6.1: a wildcard is nobody
id-mail-case	accept	RFC 4945, 3.1.3: the local part is compared without case in IKE
'
# pki --verify builds a path and looks at dates; constraints, policies, purposes
# and algorithms are plugins and other places of the daemon.
STRONGSWAN_TABLE='
no-ski-ca-*	accept	it finds an issuer by the key identifier only (RFC 4945, 5.1.3.1: do not rely on them)
no-ski-upper-*	accept	the same
nc-ip-permitted-*	accept	address constraints are not read there: an unknown critical extension
nc-ip-not-excluded-*	accept	the same
nc-ip-*	same	the same, and we refuse too
nc-dn-permitted-2	reject	the constraints plugin: the CA in between is outside
nc-*-not-excluded-*	same	nothing to refuse
sha1-*	reject	algorithms are a matter of the connection (auth = pubkey-sha256)
version-1-leaf-*	reject	not asked there
ca-no-certsign-*	reject	keyCertSign is not asked there
pathlen-0-above-a-ca	reject	the constraints plugin
pathlen-0-in-the-root	reject	the constraints plugin
leaf-is-ca	reject	not asked there
anchor-rsa-1024	reject	strength is a matter of the connection
leaf-rsa-1024	reject	strength is a matter of the connection
usage-keyEncipherment	reject	asked when it authenticates, not here
usage-keyAgreement	reject	asked when it authenticates, not here
purpose-server*	reject	strongSwan does not look at extendedKeyUsage
purpose-client*	reject	the same
purpose-code*	reject	the same
purpose-intermediate*	reject	the same
purpose-tunnel*	reject	the same
nc-*-not-permitted-*	reject	the constraints plugin
nc-*-excluded-*	reject	the constraints plugin
nc-minimum	reject	the constraints plugin
policy-required-missing	reject	the constraints plugin
policy-required-other	reject	the constraints plugin
blocks-outside	reject	the addrblock plugin
blocks-without-the-ca	reject	the addrblock plugin
'

# row TABLE CASE: "verdict why" of the first row that fits; empty if none.
row() {
	local pattern verdict why
	while IFS=$'\t' read -r pattern verdict why; do
		[ -n "$pattern" ] || continue
		# shellcheck disable=SC2254
		case $2 in
		$pattern)
			[ "$verdict" != same ] || return
			printf '%s\t%s' "$verdict" "$pattern: $why"
			return
			;;
		esac
	done <<<"$1"
}

# judge WHO TABLE CASE OURS THEIRS
judge() {
	local who=$1 r
	r=$(row "$2" "$3")
	if [ "$4" = "$5" ]; then
		if [ -n "$r" ]; then
			echo "FAIL $3: no difference to $who, but a row says: ${r#*	}"
			failed=1
		fi
		agreed=$((agreed + 1))
	elif [ "${r%%	*}" = "$4" ]; then
		explained=$((explained + 1))
	else
		echo "FAIL $3: we $4, $who would $5"
		sed 's/^/     | /' ours.log theirs.log
		failed=1
	fi
}

verdict() { [ "$1" = 0 ] && echo accept || echo reject; }

ours() {
	local options files=(leaf.pem)
	read -ra options <<<"$1"
	[ -s chain.pem ] && files+=(chain.pem)
	# libcrypto 3.0 does not free policyConstraints beside which no policies stand.
	ASAN_OPTIONS=detect_leaks=0 "$PKI4IPSEC" verify "${options[@]}" --trust trust.pem "${files[@]}" >ours.log 2>&1
	local rc=$?
	if [ $rc -gt 1 ] || ! grep -qE '^(accepted|refused): |cannot read|pki4ipsec: ' ours.log; then
		echo "FAIL $name: exit $rc"
		failed=1
	fi
	verdict $rc
}

theirs() {
	local options command=(openssl verify -partial_chain -policy_check -trusted trust.pem)
	read -ra options <<<"$1"
	[ -s chain.pem ] && command+=(-untrusted chain.pem)
	[ -f crls.pem ] && command+=(-CRLfile crls.pem)
	"${command[@]}" "${options[@]}" leaf.pem >theirs.log 2>&1
	verdict $?
}

# One certificate per file: the first is all that is read.
strongswan() {
	local command=(pki --verify --in leaf.pem --cacert trust.pem) file
	awk '/BEGIN/ { n++ } { print > ("ca" n ".pem") }' chain.pem
	for file in ca[0-9]*.pem; do
		[ -s "$file" ] && command+=(--cacert "$file")
	done
	"${command[@]}" >theirs.log 2>&1
	verdict $?
}

python3 "$TOP/tests/known/verify_chains.py" "$WORK/chains" || exit 1
count=0
while IFS='|' read -r name our_options their_options; do
	cd "$WORK/chains/$name" || exit 1
	count=$((count + 1))
	we=$(ours "$our_options")
	judge openssl "$OPENSSL_TABLE" "$name" "$we" "$(theirs "$their_options")"
done <"$WORK/chains/list"
echo "openssl: $count chains, $agreed the same, $explained explained"
[ $count -ge 200 ] || { echo "FAIL fewer than 200 chains"; failed=1; }

if command -v pki >/dev/null && pki --help 2>&1 | grep -q strongSwan; then
	agreed=0 explained=0 count=0
	# Identities, demanded policies and intermediates as anchors it does not know.
	while IFS='|' read -r name our_options their_options; do
		case $name in id-* | policy-asked-* | crl-* | delta-* | anchor-is-*) continue ;; esac
		cd "$WORK/chains/$name" || exit 1
		count=$((count + 1))
		judge strongSwan "$STRONGSWAN_TABLE" "$name" "$(ours "$our_options")" "$(strongswan)"
	done <"$WORK/chains/list"
	echo "strongSwan: $count chains, $agreed the same, $explained explained"
else
	echo "no strongSwan pki here"
fi
exit $failed
