/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/identity.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>

#include "codec/cert.h"
#include "profile/dns.h"
#include "profile/prepare.h"

#define ID_PAYLOAD_MAX	255	/* RFC 4945, 3.1.2 and 3.1.3, as read in IKE */

/* IKEv2 ID types (RFC 7296, 3.5). */
enum id_type {
	ID_IPV4_ADDR = 1,
	ID_FQDN = 2,
	ID_RFC822_ADDR = 3,
	ID_IPV6_ADDR = 5,
	ID_DER_ASN1_DN = 9,
};

static const struct {
	const char			*name;
	const char			*rule;
	enum general_name_type		 san;
	const char			*strongswan;
	const char			*libreswan;
} kinds[] = {
	[IDENTITY_NONE] = { "none", "", GENERAL_NAME_OTHER, "", "" },
	[IDENTITY_FQDN] = { "fqdn", "RFC 4945, 5.1.3.6.1", GENERAL_NAME_DNS,
	    "fqdn:", "@" },
	[IDENTITY_EMAIL] = { "email", "RFC 4945, 5.1.3.6.3", GENERAL_NAME_EMAIL,
	    "rfc822:", "" },
	/* strongSwan's own ipv4: prefix does not turn the text into octets */
	[IDENTITY_IPV4] = { "ipv4", "RFC 4945, 5.1.3.6.2", GENERAL_NAME_IP, "", "" },
	[IDENTITY_IPV6] = { "ipv6", "RFC 4945, 5.1.3.6.2", GENERAL_NAME_IP, "", "" },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

const char *
identity_kind_name(enum identity_kind kind)
{
	return (size_t)kind < KINDS ? kinds[kind].name : "none";
}

enum identity_kind
identity_kind_find(struct view name)
{
	for (size_t i = IDENTITY_FQDN; i < KINDS; i++)
		if (view_equal(name, view_str(kinds[i].name)))
			return (enum identity_kind)i;
	return IDENTITY_NONE;
}

static bool
refuse(enum identity_kind kind, struct view text, const char *why, struct fault *f)
{
	return fault_set(f, FAULT_REFUSED, kinds[kind].rule,
	    "cannot use \"%.*s\" as %s: %s", (int)(text.n > 300 ? 300 : text.n),
	    (const char *)text.p, kinds[kind].name, why);
}

static bool
is_ascii(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] >= 0x80)
			return false;
	return true;
}

/*
 * A host name as typed into lower-case A-labels.  UTS 46 mapping, not
 * transitional, stands for what an operator means by an upper-case U-label;
 * what it yields is checked by IDNA2008.
 */
static const char *
host_to_ascii(struct view text, char *out, size_t size)
{
	uint8_t	 utf8[4 * DNS_NAME_MAX + 1], *ascii = NULL;
	int	 r;

	if (is_ascii(text)) {
		if (text.n >= size)
			return "more than 253 octets";
		for (size_t i = 0; i < text.n; i++)
			out[i] = (char)ascii_lower(text.p[i]);
		out[text.n] = '\0';
		return NULL;
	}
	if (text.n >= sizeof(utf8))
		return "more than 253 octets";
	memcpy(utf8, text.p, text.n);
	utf8[text.n] = '\0';
	r = idn2_lookup_u8(utf8, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (r != IDN2_OK)
		return idn2_strerror(r);
	r = snprintf(out, size, "%s", (const char *)ascii);
	idn2_free(ascii);
	return r < 0 || (size_t)r >= size ? "more than 253 octets" : NULL;
}

static const char *
host_error(struct view host)
{
	const char	*why;

	if (text_is_address(host))
		return "it is an address, give it as ipv4 or ipv6";
	if ((why = dns_syntax_error(host)) != NULL ||
	    (why = dns_fqdn_error(host)) != NULL)
		return why;
	return dns_alabel_error(host);
}

static const char *
parse_fqdn(struct view text, struct identity *id)
{
	const char	*why;

	if (text.n > 0 && memchr(text.p, '*', text.n) != NULL)
		return "a wildcard";
	if ((why = host_to_ascii(text, id->text, sizeof(id->text))) != NULL)
		return why;
	return host_error(view_str(id->text));
}

static const char *
parse_email(struct view text, struct identity *id)
{
	const uint8_t	*at = text.n == 0 ? NULL : memrchr(text.p, '@', text.n);
	const char	*why;
	size_t		 n;

	if (at == NULL)
		return "no @";
	n = (size_t)(at - text.p) + 1;
	if (n > LOCAL_PART_MAX + 1)
		return "more than 64 octets before the @";
	if (memchr(text.p, '*', text.n) != NULL)
		return "a wildcard";
	for (size_t i = 0; i < n; i++)
		id->text[i] = (char)ascii_lower(text.p[i]);
	if ((why = host_to_ascii(view_of(at + 1, text.n - n), id->text + n,
	    sizeof(id->text) - n)) != NULL ||
	    (why = mailbox_syntax_error(view_str(id->text))) != NULL)
		return why;
	return host_error(view_str(id->text + n));
}

static bool
all_octets(const uint8_t *p, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* Addresses that no single device has for its own. */
static const char *
address_error(const uint8_t *a, size_t n)
{
	if (all_octets(a, n, 0))
		return "the unspecified address";
	if (n == 4 && all_octets(a, n, 0xff))
		return "the broadcast address";
	if ((n == 4 && a[0] >= 224 && a[0] < 240) || (n == 16 && a[0] == 0xff))
		return "a multicast address";
	if (n == 16 && all_octets(a, 10, 0) && all_octets(a + 10, 2, 0xff))
		return "an IPv4-mapped address, give it as ipv4";
	return NULL;
}

static const char *
set_address(struct identity *id, const uint8_t *octets)
{
	bool	v4 = id->kind == IDENTITY_IPV4;

	memcpy(id->address, octets, v4 ? 4 : 16);
	inet_ntop(v4 ? AF_INET : AF_INET6, octets, id->text, sizeof(id->text));
	return address_error(octets, v4 ? 4 : 16);
}

static const char *
parse_address(struct view text, struct identity *id)
{
	char	copy[INET6_ADDRSTRLEN];
	uint8_t	octets[16];
	bool	v4 = id->kind == IDENTITY_IPV4;

	if (text.n == 0 || text.n >= sizeof(copy) || memchr(text.p, 0, text.n) != NULL)
		return "not an address";
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (strchr(copy, '/') != NULL || strchr(copy, '%') != NULL)
		return "a prefix or zone, where one plain address is wanted";
	if (inet_pton(v4 ? AF_INET : AF_INET6, copy, octets) != 1)
		return v4 ? "not an IPv4 address" : "not an IPv6 address";
	return set_address(id, octets);
}

bool
identity_parse(enum identity_kind kind, struct view text, struct identity *out,
    struct fault *f)
{
	struct identity	 id = { .kind = kind };
	const char	*why;

	if (kind <= IDENTITY_NONE || (size_t)kind >= KINDS)
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.1.3.6",
		    "no identity of this kind");
	if (!text_check(kinds[kind].name, &text, f))
		return false;
	if (kind == IDENTITY_FQDN)
		why = parse_fqdn(text, &id);
	else if (kind == IDENTITY_EMAIL)
		why = parse_email(text, &id);
	else
		why = parse_address(text, &id);
	if (why != NULL)
		return refuse(kind, text, why, f);
	*out = id;
	return true;
}

bool
identity_parse_tagged(struct view text, struct identity *out, struct fault *f)
{
	const uint8_t		*colon = text.n == 0 ? NULL :
				    memchr(text.p, ':', text.n);
	enum identity_kind	 kind = IDENTITY_NONE;
	size_t			 n;

	if (colon != NULL)
		kind = identity_kind_find(view_of(text.p, (size_t)(colon - text.p)));
	if (kind == IDENTITY_NONE)
		return fault_set(f, FAULT_MALFORMED, "",
		    "identity \"%.*s\" does not begin with fqdn:, email:, ipv4: or ipv6:",
		    (int)(text.n > 300 ? 300 : text.n), (const char *)text.p);
	n = (size_t)(colon - text.p) + 1;
	return identity_parse(kind, view_of(text.p + n, text.n - n), out, f);
}

void
identity_format(const struct identity *id, char out[IDENTITY_TICKET_MAX])
{
	snprintf(out, IDENTITY_TICKET_MAX, "%s:%s", identity_kind_name(id->kind),
	    id->text);
}

struct view
identity_value(const struct identity *id)
{
	switch (id->kind) {
	case IDENTITY_FQDN:
	case IDENTITY_EMAIL:
		return view_str(id->text);
	case IDENTITY_IPV4:
		return view_of(id->address, 4);
	case IDENTITY_IPV6:
		return view_of(id->address, 16);
	case IDENTITY_NONE:
		break;
	}
	return VIEW_NONE;
}

bool
identity_equal(const struct identity *a, const struct identity *b)
{
	return a->kind != IDENTITY_NONE && a->kind == b->kind &&
	    view_equal(identity_value(a), identity_value(b));
}

void
identity_to_san(const struct identity *id, struct general_name *out)
{
	out->type = kinds[id->kind].san;
	out->value = identity_value(id);
}

static bool
address_from_san(struct view value, struct identity *out, struct fault *f)
{
	struct identity	 id = { .kind = value.n == 4 ? IDENTITY_IPV4 : IDENTITY_IPV6 };
	const char	*why;

	/* RFC 4945, 3.1.1: an address, never one with a mask */
	if (value.n != 4 && value.n != 16)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 4.2.1.6",
		    "iPAddress of %zu octets, 4 or 16 are permitted", value.n);
	if ((why = set_address(&id, value.p)) != NULL)
		return refuse(id.kind, view_str(id.text), why, f);
	*out = id;
	return true;
}

bool
identity_from_san(const struct general_name *san, struct identity *out,
    struct fault *f)
{
	enum identity_kind	kind;

	switch (san->type) {
	case GENERAL_NAME_IP:
		return address_from_san(san->value, out, f);
	case GENERAL_NAME_DNS:
		kind = IDENTITY_FQDN;
		break;
	case GENERAL_NAME_EMAIL:
		kind = IDENTITY_EMAIL;
		break;
	default:
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.1.3.6",
		    "a subjectAltName of type [%d] has no IKE identity",
		    (int)san->type);
	}
	/* no mapping of what stands in a certificate: IA5 only */
	if (!is_ascii(san->value) || (san->value.n > 0 &&
	    memchr(san->value.p, 0, san->value.n) != NULL))
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 4.2.1.6",
		    "a subjectAltName of type [%d] is not ASCII", (int)san->type);
	return identity_parse(kind, san->value, out, f);
}

static bool
holds_name(const struct cert *cert, enum general_name_type type, struct view value)
{
	bool	text = type != GENERAL_NAME_IP;

	for (size_t i = 0; i < cert->san.n; i++) {
		const struct general_name	*g = &cert->san.list[i];

		if (g->type != type)
			continue;
		if (text ? ascii_equal_fold(g->value, value) :
		    view_equal(g->value, value))
			return true;
	}
	return false;
}

bool
identity_matches(const struct identity *id, const struct cert *cert)
{
	if (id->kind == IDENTITY_NONE)
		return false;
	return holds_name(cert, kinds[id->kind].san, identity_value(id));
}

/* Refused before any comparison: an ID that no certificate may bear. */
static bool
payload_is_text(struct view v)
{
	if (v.n == 0 || v.n > ID_PAYLOAD_MAX || v.p[0] == '.')
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x21 || v.p[i] > 0x7e || v.p[i] == '*')
			return false;
	return true;
}

bool
identity_payload_matches(uint8_t type, struct view payload, const struct cert *cert)
{
	switch (type) {
	case ID_IPV4_ADDR:
		return payload.n == 4 && holds_name(cert, GENERAL_NAME_IP, payload);
	case ID_IPV6_ADDR:
		return payload.n == 16 && holds_name(cert, GENERAL_NAME_IP, payload);
	case ID_FQDN:
		return payload_is_text(payload) &&
		    holds_name(cert, GENERAL_NAME_DNS, payload);
	case ID_RFC822_ADDR:
		return payload_is_text(payload) &&
		    holds_name(cert, GENERAL_NAME_EMAIL, payload);
	case ID_DER_ASN1_DN:
		/* octets, not directory comparison: the text has no say */
		return payload.n > 2 && view_equal(payload, cert->subject);
	default:
		return false;
	}
}

void
identity_strongswan(const struct identity *id, struct buf *out)
{
	buf_add_str(out, kinds[id->kind].strongswan);
	buf_add_str(out, id->text);
}

void
identity_strongswan_dn(struct view name_der, struct buf *out)
{
	buf_add_str(out, "asn1dn:#");
	for (size_t i = 0; i < name_der.n; i++)
		buf_addf(out, "%02x", name_der.p[i]);
}

void
identity_libreswan(const struct identity *id, struct buf *out)
{
	buf_add_str(out, kinds[id->kind].libreswan);
	buf_add_str(out, id->text);
}
