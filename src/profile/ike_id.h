/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_id.h - an IKE identity as its payload has it (RFC 7296, 3.5), from what
 * operators write.
 *
 * Takes the tagged form ("fqdn:gw1.example", "email:", "ipv4:", "ipv6:",
 * "dn:"), strongSwan's ("fqdn:", "rfc822:", "asn1dn:#hex", "asn1dn:C=..",
 * "keyid:#hex", bare text) and Libreswan's ("@gw1.example", "alice@example",
 * "@#hex", "C=.., CN=..").  Compares by RFC 4945, 3.1: one field by type,
 * whole, no wildcard, never the CN.
 */
#ifndef PROFILE_IKE_ID_H
#define PROFILE_IKE_ID_H

#include "base/fault.h"
#include "base/view.h"

struct cert;

#define IKE_ID_MAX	4096	/* a Name as large as we read one */

enum ike_id_type {
	IKE_ID_NONE = 0,
	IKE_ID_IPV4 = 1,
	IKE_ID_FQDN = 2,
	IKE_ID_EMAIL = 3,
	IKE_ID_IPV6 = 5,
	IKE_ID_DN = 9,
	IKE_ID_KEY_ID = 11,
};

struct ike_id {
	enum ike_id_type type;
	uint8_t		 octets[IKE_ID_MAX];
	size_t		 n;
	bool		 dn_text;	/* encoded here from text: other octets mean the same */
};

/* "ID_FQDN" and so on. */
const char *ike_id_type_name(enum ike_id_type t);

/* FAULT_USAGE for what is no identity in any of the forms. */
MUST_CHECK bool ike_id_parse(const char *text, struct ike_id *out, struct fault *f);

/* "fqdn:gw1.example", "dn:CN=..", "keyid:6b31": escaped, for lists.  Returns out. */
const char *ike_id_text(const struct ike_id *id, char *out, size_t n);

/*
 * Does the certificate prove it?  NULL if so; else a stable word ("id-type",
 * "id-syntax", "id-no-san", "id-mismatch", "id-dn-empty"), and why names the
 * values.
 */
const char *ike_id_reject(const struct ike_id *id, const struct cert *c, char *why, size_t n);

#endif
