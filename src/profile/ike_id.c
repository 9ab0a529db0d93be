/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/ike_id.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/cert.h"
#include "codec/name.h"
#include "profile/dns.h"
#include "profile/identity.h"

#define TEXT_MAX	512

static const struct {
	enum ike_id_type	 type;
	const char		*name;		/* RFC 7296, 3.5 */
	const char		*tag;		/* ours, for lists */
	enum general_name_type	 san;
	const char		*field;
} types[] = {
	{ IKE_ID_IPV4, "ID_IPV4_ADDR", "ipv4", GENERAL_NAME_IP, "iPAddress" },
	{ IKE_ID_FQDN, "ID_FQDN", "fqdn", GENERAL_NAME_DNS, "dNSName" },
	{ IKE_ID_EMAIL, "ID_RFC822_ADDR", "email", GENERAL_NAME_EMAIL, "rfc822Name" },
	{ IKE_ID_IPV6, "ID_IPV6_ADDR", "ipv6", GENERAL_NAME_IP, "iPAddress" },
	{ IKE_ID_DN, "ID_DER_ASN1_DN", "dn", GENERAL_NAME_DIRECTORY, "subject" },
	{ IKE_ID_KEY_ID, "ID_KEY_ID", "keyid", GENERAL_NAME_OTHER, "none" },
};
#define TYPES	(sizeof(types) / sizeof(types[0]))

static size_t
row_of(enum ike_id_type t)
{
	size_t	i = 0;

	while (i + 1 < TYPES && types[i].type != t)
		i++;
	return i;
}

const char *
ike_id_type_name(enum ike_id_type t)
{
	return types[row_of(t)].name;
}

/* --- reading ----------------------------------------------------------------------- */

static bool
set_octets(struct ike_id *id, enum ike_id_type t, struct view v, struct fault *f)
{
	if (v.n == 0 || v.n > sizeof(id->octets))
		return fault_set(f, FAULT_USAGE, "RFC 7296, 3.5", "an identity of %zu octets", v.n);
	id->type = t;
	memcpy(id->octets, v.p, v.n);
	id->n = v.n;
	return true;
}

static bool
set_hex(struct ike_id *id, enum ike_id_type t, const char *hex, struct fault *f)
{
	size_t	n;

	if (!hex_decode(hex, id->octets, sizeof(id->octets), &n) || n == 0)
		return fault_set(f, FAULT_USAGE, "", "\"%s\" is not hexadecimal", hex);
	id->type = t;
	id->n = n;
	return true;
}

/* Whatever the case and the wildcard: what was written is what is compared. */
static bool
set_name(struct ike_id *id, enum ike_id_type t, const char *text, struct fault *f)
{
	struct identity	canonical;

	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)		/* U-labels go through IDNA2008 */
			return identity_parse(t == IKE_ID_FQDN ? IDENTITY_FQDN :
			    IDENTITY_EMAIL, view_str(text), &canonical, f) &&
			    set_octets(id, t, view_str(canonical.text), f);
	return set_octets(id, t, view_str(text), f);
}

static bool
set_address(struct ike_id *id, enum ike_id_type t, const char *text, struct fault *f)
{
	uint8_t	a[16];

	if (inet_pton(t == IKE_ID_IPV4 ? AF_INET : AF_INET6, text, a) != 1)
		return fault_set(f, FAULT_USAGE, "", "\"%s\" is no %s address", text,
		    t == IKE_ID_IPV4 ? "IPv4" : "IPv6");
	return set_octets(id, t, view_of(a, t == IKE_ID_IPV4 ? 4 : 16), f);
}

static bool
set_dn(struct ike_id *id, const char *text, struct fault *f)
{
	struct buf	der;
	bool		ok;

	if (text[0] == '#')
		return set_hex(id, IKE_ID_DN, text + 1, f);
	buf_init(&der, sizeof(id->octets));
	ok = name_parse(text, &der, f) && set_octets(id, IKE_ID_DN, buf_view(&der), f);
	id->dn_text = ok;
	buf_clear(&der);
	return ok;
}

static bool
set_key_id(struct ike_id *id, const char *text, struct fault *f)
{
	return text[0] == '#' ? set_hex(id, IKE_ID_KEY_ID, text + 1, f) :
	    set_octets(id, IKE_ID_KEY_ID, view_str(text), f);
}

static const struct {
	const char		*prefix;
	enum ike_id_type	 type;
} prefixes[] = {
	{ "fqdn:", IKE_ID_FQDN }, { "dns:", IKE_ID_FQDN }, { "email:", IKE_ID_EMAIL },
	{ "rfc822:", IKE_ID_EMAIL }, { "userfqdn:", IKE_ID_EMAIL },
	{ "ipv4:", IKE_ID_IPV4 }, { "ipv6:", IKE_ID_IPV6 }, { "dn:", IKE_ID_DN },
	{ "asn1dn:", IKE_ID_DN }, { "keyid:", IKE_ID_KEY_ID },
	{ "@#", IKE_ID_KEY_ID }, { "@", IKE_ID_FQDN },
};

static bool
set_by_type(struct ike_id *id, enum ike_id_type t, const char *text, struct fault *f)
{
	switch (t) {
	case IKE_ID_IPV4:
	case IKE_ID_IPV6:
		return set_address(id, t, text, f);
	case IKE_ID_DN:
		return set_dn(id, text, f);
	case IKE_ID_KEY_ID:
		return set_key_id(id, text, f);
	default:
		return set_name(id, t, text, f);
	}
}

/* As both daemons guess: an address, a DN, a mailbox, else a host name. */
static bool
set_bare(struct ike_id *id, const char *text, struct fault *f)
{
	if (text_is_address(view_str(text)))
		return set_address(id, strchr(text, ':') != NULL ? IKE_ID_IPV6 : IKE_ID_IPV4,
		    text, f);
	if (strchr(text, '=') != NULL)
		return set_dn(id, text, f);
	return set_name(id, strchr(text, '@') != NULL ? IKE_ID_EMAIL : IKE_ID_FQDN, text, f);
}

bool
ike_id_parse(const char *text, struct ike_id *out, struct fault *f)
{
	memset(out, 0, sizeof(*out));
	if (text[0] == '\0')
		return fault_set(f, FAULT_USAGE, "", "an empty identity");
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t	n = strlen(prefixes[i].prefix);

		if (strncmp(text, prefixes[i].prefix, n) != 0)
			continue;
		if (strcmp(prefixes[i].prefix, "@#") == 0)	/* "@#6b31" */
			return set_hex(out, IKE_ID_KEY_ID, text + n, f);
		return set_by_type(out, prefixes[i].type, text + n, f);
	}
	return set_bare(out, text, f);
}

/* --- showing ----------------------------------------------------------------------- */

static void
value_text(const struct ike_id *id, char *out, size_t n)
{
	struct view	v = view_of(id->octets, id->n);

	if (id->type == IKE_ID_IPV4 || id->type == IKE_ID_IPV6)
		inet_ntop(id->type == IKE_ID_IPV4 ? AF_INET : AF_INET6, id->octets, out,
		    (socklen_t)n);
	else if (id->type == IKE_ID_DN && name_check(v, NULL))
		name_text(v, out, n);
	else if (id->type == IKE_ID_FQDN || id->type == IKE_ID_EMAIL)
		text_escape(v, 0, out, n);
	else if (2 * id->n + 1 <= n)
		hex_encode(v, out);
	else
		snprintf(out, n, "%zu octets", id->n);
}

const char *
ike_id_text(const struct ike_id *id, char *out, size_t n)
{
	char	value[TEXT_MAX];

	value_text(id, value, sizeof(value));
	snprintf(out, n, "%s:%s", types[row_of(id->type)].tag, value);
	return out;
}

/* --- comparing --------------------------------------------------------------------- */

/* What the certificate has of this type, for whoever reads the refusal. */
static size_t
list_names(const struct cert *c, enum general_name_type t, char *out, size_t n)
{
	size_t	found = 0, at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < c->san.n && at + 1 < n; i++) {
		char	one[TEXT_MAX];

		if (c->san.list[i].type != t)
			continue;
		general_name_text(&c->san.list[i], one, sizeof(one));
		at += (size_t)snprintf(out + at, n - at, "%s%s", found > 0 ? " " : "", one);
		found++;
	}
	return found;
}

/* Refused before any comparison: what no certificate may bear. */
static const char *
syntax_of(const struct ike_id *id)
{
	if (id->type == IKE_ID_DN) {
		if (id->n == 2 && id->octets[0] == 0x30 && id->octets[1] == 0)
			return "id-dn-empty";
		return name_check(view_of(id->octets, id->n), NULL) ? NULL : "id-syntax";
	}
	if (id->type != IKE_ID_FQDN && id->type != IKE_ID_EMAIL)
		return NULL;
	if (id->n > 255 || id->octets[0] == '.')
		return "id-syntax";
	for (size_t i = 0; i < id->n; i++)
		if (id->octets[i] < 0x21 || id->octets[i] > 0x7e || id->octets[i] == '*')
			return "id-syntax";
	return NULL;
}

/* Octets differ; say so if the names mean the same. */
static bool
means_the_same(const struct ike_id *id, const struct cert *c)
{
	struct buf	a, b;
	bool		same;

	buf_init(&a, 4 * NAME_OCTETS_MAX);
	buf_init(&b, 4 * NAME_OCTETS_MAX);
	same = name_key(view_of(id->octets, id->n), &a, NULL) &&
	    name_key(c->subject, &b, NULL) && view_equal(buf_view(&a), buf_view(&b));
	buf_clear(&a);
	buf_clear(&b);
	return same;
}

static const char *
reject_dn(const struct ike_id *id, const struct cert *c, char *why, size_t n)
{
	char	subject[TEXT_MAX];

	if (name_is_empty(c->subject)) {
		snprintf(why, n, "the certificate's subject is empty");
		return "id-dn-empty";
	}
	if (means_the_same(id, c))
		snprintf(why, n, "the subject means the same and has other octets%s",
		    id->dn_text ? ": give it as asn1dn:#HEX" : "");
	else
		snprintf(why, n, "the subject is %s", name_text(c->subject, subject,
		    sizeof(subject)));
	return "id-mismatch";
}

const char *
ike_id_reject(const struct ike_id *id, const struct cert *c, char *why, size_t n)
{
	size_t		 row = row_of(id->type);
	const char	*bad = syntax_of(id);
	char		 names[TEXT_MAX];

	why[0] = '\0';
	if (id->type == IKE_ID_KEY_ID || types[row].type != id->type) {
		snprintf(why, n, "%s proves nothing with a certificate",
		    ike_id_type_name(id->type));
		return "id-type";
	}
	if (bad != NULL) {
		snprintf(why, n, strcmp(bad, "id-syntax") == 0 ? "no certificate may bear it: "
		    "a wildcard, a leading dot, or octets that are not visible ASCII" :
		    "the empty name is nobody");
		return bad;
	}
	if (identity_payload_matches((uint8_t)id->type, view_of(id->octets, id->n), c))
		return NULL;
	if (id->type == IKE_ID_DN)
		return reject_dn(id, c, why, n);
	if (list_names(c, types[row].san, names, sizeof(names)) == 0) {
		snprintf(why, n, "the certificate has no %s", types[row].field);
		return "id-no-san";
	}
	snprintf(why, n, "the certificate has %s", names);
	return "id-mismatch";
}
