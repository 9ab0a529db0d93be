#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# More than 30 pairs of peers: what "admin check" foretells, and what two
# strongSwan daemons do with the same certificates.  A difference that is not
# listed in docs/guide/differences.md fails, and so does one that is no more.
#
# R4945-3.1-6, R4945-3.1.1-7, R4945-3.1.2-3, R4945-3.1.3-3, R4945-3.1.5-4,
# R4945-3.1.9-3, R4945-3.1.1-1, R4945-3.1.2-1, R4945-3.1.3-1, R4945-3.1.1-11,
# R4945-3.1.2-7, R4945-3.1.3-7: of what we foretell, a daemon that was not written by us says
# the same.  And "why" names the cause from the log of who refused.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./lib-pairs.sh
live_need python3
live_binary
LIVE_PLUGINS="random nonce x509 constraints revocation pubkey pkcs1 pkcs7 pkcs8
    pem openssl kdf kernel-netlink socket-default vici"
SHORT="retransmit_tries = 2
    retransmit_timeout = 2.0
    retransmit_base = 1.5"
live_begin
make_host gw1 1
make_host gw2 2
pairs_make

KNOWN=$(pairs_known charon)

step "two daemons"
LIVE_CHARON_EXTRA=$SHORT charon_start gw1
# B is to send what it would not take: A is asked.
LIVE_CHARON_EXTRA="$SHORT
    x509 { enforce_critical = no }" charon_start gw2

step "pairs"
while read -r name; do
	told=$(foretell "$name" strongswan strongswan)
	pair_charon gw2 "$name" b a
	pair_charon gw1 "$name" a b
	mark=$(log_mark gw1)
	mark2=$(log_mark gw2)
	sw gw1 --initiate --ike pair --timeout 15 --loglevel -1 >/dev/null 2>&1
	came=$(pair_came gw1 "$mark")
	pair_judge "$name" "$told" "$came" "$KNOWN"
	case $came in
	"a refuses b") pair_why "$name" b < <(log_since gw1 "$mark") ;;
	"b refuses a") pair_why "$name" a < <(log_since gw2 "$mark2") ;;
	esac
	[ "$came" != connects ] || pair_terminate gw1
done <"$PAIRS/list"
pairs_end 50 25
