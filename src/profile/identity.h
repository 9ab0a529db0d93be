/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - who a device or a person is in IKE.
 *
 * The four identities that have a place in subjectAltName: FQDN (dNSName),
 * e-mail (rfc822Name), IPv4 and IPv6 address (iPAddress).  An identity made
 * here is canonical: lower case, A-labels, address octets.  Matching follows
 * RFC 4945, 3.1: one field by kind, no wildcard, never the CN.
 *
 * Does not resolve names and does not look at the certificate's path.
 */
#ifndef PROFILE_IDENTITY_H
#define PROFILE_IDENTITY_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/view.h"

struct cert;
struct general_name;

enum identity_kind {
	IDENTITY_NONE = 0,	/* zeroed memory is nobody */
	IDENTITY_FQDN,
	IDENTITY_EMAIL,
	IDENTITY_IPV4,
	IDENTITY_IPV6,
};

#define IDENTITY_TEXT_MAX	256	/* 253 of a DNS name, 254 of a mailbox, NUL */
#define IDENTITY_TICKET_MAX	(IDENTITY_TEXT_MAX + 8)	/* with "email:" in front */
#define IDENTITIES_MAX		16	/* names in one certificate */

struct identity {
	enum identity_kind	 kind;
	char			 text[IDENTITY_TEXT_MAX];	/* canonical */
	uint8_t			 address[16];	/* of IPV4 (4) and IPV6 (16) */
};

/* "fqdn", "email", "ipv4", "ipv6": ticket prefix and CSV column; "none". */
const char *identity_kind_name(enum identity_kind kind);
/* IDENTITY_NONE when there is no such kind. */
enum identity_kind identity_kind_find(struct view name);

/*
 * What an operator typed, as this kind.  A U-label becomes an A-label by
 * IDNA2008; white space around the text is not taken.  The fault names the
 * value and the rule it breaks.
 */
MUST_CHECK bool identity_parse(enum identity_kind kind, struct view text,
    struct identity *out, struct fault *f);

/* The ticket's form, "fqdn:gw1.example", and back. */
MUST_CHECK bool identity_parse_tagged(struct view text, struct identity *out,
    struct fault *f);
void	identity_format(const struct identity *id, char out[IDENTITY_TICKET_MAX]);

/* The octets that stand in the general name; they live in id. */
struct view identity_value(const struct identity *id);
bool	identity_equal(const struct identity *a, const struct identity *b);

/*
 * To a general name, whose value is lent by id; and from one that stands in
 * a request or certificate: FAULT_REFUSED for a kind without an IKE
 * identity, a wildcard, or a value that is not canonical but for its case.
 */
void	identity_to_san(const struct identity *id, struct general_name *out);
MUST_CHECK bool identity_from_san(const struct general_name *san,
    struct identity *out, struct fault *f);

/* Does the certificate bear this identity (RFC 4945, 3.1.1 to 3.1.3)? */
bool	identity_matches(const struct identity *id, const struct cert *cert);

/*
 * The octets of an IKE ID payload against the certificate: type is the IKEv2
 * ID type (1, 2, 3, 5, 9); every other type and every ill-formed value is a
 * mismatch.
 */
bool	identity_payload_matches(uint8_t type, struct view payload,
	    const struct cert *cert);

/* For swanctl.conf: fqdn:..., rfc822:..., bare address, asn1dn:#hex. */
void	identity_strongswan(const struct identity *id, struct buf *out);
void	identity_strongswan_dn(struct view name_der, struct buf *out);
/* For ipsec.conf: @fqdn, mailbox, bare address. */
void	identity_libreswan(const struct identity *id, struct buf *out);

#endif
