#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# admin-waits - requests of an Admin in the place of its devices, under a template
# whose requests a person approves: they queue like a device's, survive restarts
# of the server and of the Admin's program, and end with one certificate each.
#
# R4809-3.4.4-1, R4809-3.4.11-1, C-22 (the key that the PKI made is the one that
# waits, and goes with a rejection)
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fault_need sqlite3 openssl
fault_begin
ADMIN=$VPN/admin
cd "$WORK"
pki_init
sed -i -E 's/^generation = .*/generation = "peer, peer-key-admin-request, admin, pki"/
    s/^approval = .*/approval = "manual"/; s/^approval-poll = .*/approval-poll = "1s"/' \
    "$VPN/templates/s2s-gateway.conf"
serve_start

# method, option of admin enroll
METHODS=(admin:--generate pki:--pki-key peer-key-admin-request:--request)
{
	echo fqdn,label
	for m in "${METHODS[@]}"; do
		for n in 1 2 3; do
			echo "${m%%:*}$n.example,${m%%:*}$n"
		done
	done
} >all.csv
for m in "${METHODS[@]}"; do
	{ head -n 1 all.csv; grep "^${m%%:*}[0-9]" all.csv; } >"${m%%:*}.csv"
	"$PKI4IPSEC" admin authorize --dir "$ADMIN" --template s2s-gateway \
	    --csv "${m%%:*}.csv" --generation "${m%%:*}" -q >authorize.log 2>&1 ||
		fail "admin authorize"
done
openssl ecparam -name prime256v1 -genkey -noout -out own.key
openssl req -new -key own.key -subj / -out own.csr

# asks NAME OPTION...: the exit code, of the method that NAME begins with
asks() {
	local name=$1 m rc=0 how=()
	shift
	for m in "${METHODS[@]}"; do
		[ "${name%[0-9]}" != "${m%%:*}" ] || how=("${m#*:}")
	done
	[ "${how[0]}" != --request ] || how+=(own.csr)
	"$PKI4IPSEC" admin enroll --dir "$ADMIN" "${how[@]}" "$name" "$@" >out.log 2>err.log || rc=$?
	echo $rc
}
id_of() { db "select id from authz where label = '$1' order by n desc limit 1"; }
word() { "$PKI4IPSEC" pki "$1" "$(id_of "$2")" --by ann --reason "$3" --dir "$VPN" -q; }
issued() { db "select count(*) from cert where authz = (select n from authz where id = '$(id_of "$1")')"; }
held() { db "select count(*) from approval where state in (0, 1)"; }
kept() { db "select count(*) from generated"; }
# ends NAME: has its certificate; the device itself confirms where it has the key
ends() {
	is "$1: certificates" "$(issued "$1")" 1
	case $1 in
	peer*) [ -s "bundles/$1.confirm" ] || fail "$1: nothing to sign" ;;
	*) [ -s "bundles/$1.p12" ] || fail "$1: no bundle" ;;
	esac
}

for m in "${METHODS[@]}"; do
	name=${m%%:*}
	step "$name"
	is "it waits" "$(asks "${name}1")" 75
	grep -q "waits for a person's approval" err.log || fail "it does not say so"
	is "in the queue" "$(held)" 1
	serve_stop
	is "no server" "$(asks "${name}1")" 75
	serve_start
	is "it waits still" "$(asks "${name}1")" 75
	is "asked for once" "$(db "select count(*) from approval
	    where identity like '%:${name}1.example'")" 1
	word approve "${name}1" "known"
	is "it waits until it is time, and ends" "$(asks "${name}1" --wait 10m)" 0
	ends "${name}1"

	is "another waits" "$(asks "${name}2")" 75
	word reject "${name}2" "not in the plan"
	is "and is rejected" "$(asks "${name}2" --wait 10m)" 1
	grep -q "not in the plan" err.log || fail "no reason"
	is "keys that the PKI keeps" "$(kept)" 0
	is "it may ask anew" "$(asks "${name}2")" 75
	word approve "${name}2" "now it is"
	is "and ends" "$(asks "${name}2" --wait 10m)" 0
	ends "${name}2"
done

step "a list: those that wait keep nobody back"
is "none yet" "$(asks admin3)" 75
word approve admin3 "known"
rc=0
"$PKI4IPSEC" admin enroll --dir "$ADMIN" --generate admin1 admin3 --wait 10m >out.log 2>err.log ||
	rc=$?
is "all of it" "$rc" 0
grep -q '^2 enrolled, 0 failed$' out.log || fail "another count"
ends admin3
is "and for the PKI's" "$(asks pki3)" 75
is "by its Admin's word it ends, too" "$("$PKI4IPSEC" admin cancel pki3 --dir "$ADMIN" -q; echo $?)" 0
is "keys that the PKI keeps" "$(kept)" 0
is "nothing waits" "$(held)" 0

step "authorized by the same message"
printf 'fqdn,label\nonce.example,once\n' >once.csv
rc=0
"$PKI4IPSEC" admin enroll --dir "$ADMIN" --request own.csr --csv once.csv --template s2s-gateway \
    >out.log 2>err.log || rc=$?
is "authorized, and not yet enrolled" "$rc" 3
grep -q "waits for a person's approval" err.log || fail "it does not say so"
word approve once "known"
rc=0
"$PKI4IPSEC" admin enroll --dir "$ADMIN" --request own.csr once --wait 10m >out.log 2>err.log || rc=$?
is "enrolled" "$rc" 0
[ -s bundles/once.confirm ] || fail "nothing to sign"

serve_stop
is "pki serve ends with" "$SERVE_RC" 0
audit_holds
