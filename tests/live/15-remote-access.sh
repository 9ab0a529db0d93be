#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Remote access from the list to the SA: a gateway, a user and a machine, by
# an e-mail address and by names, under labels that would break a file
# name, a shell or swanctl.conf; a new ticket for the same device; a user who
# is revoked.
#
# R4809-1-5: users and machines from one list
# R4809-1.1-1: remote access, from the list to the SA
# SEED-3: a gateway, a user and a machine, each by its own profile
# SEED-17: users' names and machines' names
# SEED-18: whom the gateway admits
cd "$(dirname "$0")" || exit 1
. ./lib.sh
live_need curl
live_binary
live_begin
make_host hub 1
make_host user 2
make_host box 3

# authorize FILE: tickets of this list
authorize() {
	on pki "$PKI4IPSEC" admin authorize --dir "$WORK/vpn/admin" --csv "$1" \
	    --out "$2" 2>&1
}

# enroll HOST TICKET
enroll() {
	on "$1" "$PKI4IPSEC" peer enroll "$2" --dir "$WORK/$1/peer" \
	    --install strongswan --swanctl-dir "$WORK/$1/swanctl" \
	    --vici "$(vici_uri "$1")" 2>&1
}

# The one ticket that says this.
ticket_with() { grep -lF -- "$1" "$2"/*.ticket; }
connection_of() { sed -n 's/^# connections: //p' "$WORK/$1"/swanctl/conf.d/*.conf; }
drop_all() { sw hub --terminate --ike hub-clients --force >/dev/null; }

step "a PKI, and three devices"
out=$(on pki "$PKI4IPSEC" pki init --dir "$WORK/vpn" --name 'Example "VPN"' \
    --url "http://$LIVE_SERVER:8080" 2>&1) || fail "pki init: $out"
serve_start "$WORK/vpn"
cat >"$WORK/devices.csv" <<'EOF2'
label,template,fqdn,email,ipv4,group,address,subnets
hub,ra-gateway,hub.example,,,ra,192.0.2.1,198.51.100.1/32
"Ann ""A"", $(reboot) ../../../x { } # ü",ra-user,,Ann.O'Neil@example.org,,ra,,
peer: name=x,ra-machine,box.example,,,ra,,
EOF2
out=$(authorize "$WORK/devices.csv" "$WORK/tickets") || fail "authorize: $out"
[ "$(ls -A "$WORK" | grep -c '^x')" = 0 ] || fail "a label is a path"
pass "authorized"

step "enrolled and installed"
for h in hub user box; do
	charon_start $h
done
for h in "hub fqdn:hub.example" "user email:" "box fqdn:box.example"; do
	set -- $h
	out=$(enroll "$1" "$(ticket_with "identity: $2" "$WORK/tickets")") ||
		fail "enroll $1: $out"
	before=$(find "$WORK/$1/swanctl" -type f -exec ls -i {} + | sort)
	enroll "$1" "$(ticket_with "identity: $2" "$WORK/tickets")" >/dev/null ||
		fail "enroll $1 again"
	[ "$before" = "$(find "$WORK/$1/swanctl" -type f -exec ls -i {} + | sort)" ] ||
		fail "$1: enrolling again changes files"
	out=$(sw "$1" --load-all --noprompt) || fail "$1: swanctl: $out"
	expect "$1: vici and swanctl agree" "loaded connection '$(connection_of "$1")'" "$out"
done

step "who is who"
# Selectors that are the IKE addresses need ESP in the kernel; what counts
# here is that both sides have authenticated each other.
for h in "user ann.o'neil@example.org" "box box.example"; do
	set -- $h
	initiate "$1" "$(connection_of "$1")" >/dev/null
	established "$1" && established hub || fail "$1 and hub: no IKE SA"
	expect "hub knows the $1" "'$2'" "$(sw hub --list-sas)"
	expect "the $1 knows hub" "'hub.example'" "$(sw "$1" --list-sas)"
	drop_all
	wait_for 5 "the end of it" not_established "$1"
done

step "a new ticket, and another name, for the same device"
old=$(cert_serial "$WORK/box/swanctl/x509/"*.pem)
out=$(on pki "$PKI4IPSEC" admin revoke --dir "$WORK/vpn/admin" box.example \
    --reason superseded 2>&1) || fail "admin revoke: $out"
cat >"$WORK/again.csv" <<'EOF2'
label,template,fqdn,group
renamed,ra-machine,box.example,ra
EOF2
out=$(authorize "$WORK/again.csv" "$WORK/again") || fail "authorize: $out"
files=$(find "$WORK/box/swanctl" -type f | sort)
connections=$(sw box --list-conns | grep -c ': IKEv2')
out=$(enroll box "$WORK/again/renamed.ticket") || fail "enroll box: $out"
[ "$files" = "$(find "$WORK/box/swanctl" -type f | sort)" ] ||
	fail "files are left over"
[ "$connections" = "$(sw box --list-conns | grep -c ': IKEv2')" ] ||
	fail "a connection is left over"
[ "$(sw box --list-certs --type x509 | grep -c 'has private key')" = 1 ] ||
	fail "a key is left over"
[ "$old" != "$(cert_serial "$WORK/box/swanctl/x509/"*.pem)" ] || fail "the old certificate"
initiate box "$(connection_of box)" >/dev/null
established box || fail "no IKE SA with the new certificate"
pass "takes the place of the old one, in files and daemon"
sw box --terminate --ike "$(connection_of box)" --force >/dev/null
wait_for 5 "the end of it" not_established box

step "revoked"
out=$(on pki "$PKI4IPSEC" admin revoke --dir "$WORK/vpn/admin" \
    "Ann.O'Neil@example.org" --reason keyCompromise 2>&1) ||
	fail "admin revoke: $out"
sw hub --flush-certs --type x509_crl >/dev/null
mark=$(log_mark hub)
initiate user "$(connection_of user)" >/dev/null
established user && fail "a revoked user was let in"
log_since hub "$mark" | grep -q "certificate was revoked" ||
	fail "refused, but not for revocation"
pass "a revoked user is refused"
initiate box "$(connection_of box)" >/dev/null
established box || fail "the machine is refused, too"
pass "the machine is not"
