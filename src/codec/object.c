/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/object.h"

#define TAGS_MAX	5	/* as many as tell one from another */

/* The first identifier octets inside of one SEQUENCE; 0 past the end. */
static bool
look(struct view tlv, uint8_t tags[TAGS_MAX], struct view values[TAGS_MAX])
{
	struct der	d, in;

	memset(tags, 0, TAGS_MAX);
	der_init(&d, tlv);
	if (!der_open(&d, DER_SEQUENCE, &in, NULL))
		return false;
	for (size_t i = 0; i < TAGS_MAX && !der_at_end(&in); i++) {
		tags[i] = der_peek(&in);
		if (!der_get_any(&in, &values[i], NULL)) {
			tags[i] = 0;
			return i > 0;
		}
	}
	return true;
}

static bool
is_time(uint8_t tag)
{
	return tag == DER_UTC_TIME || tag == DER_GENERALIZED_TIME;
}

/* SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING } */
static enum object_kind
signed_kind(struct view tbs)
{
	struct view	values[TAGS_MAX];
	uint8_t		t[TAGS_MAX];

	if (!look(tbs, t, values))
		return OBJECT_OTHER;
	if (t[0] == DER_CONTEXT_C(0))
		return OBJECT_CERTIFICATE;
	if (t[0] == DER_SEQUENCE)		/* no version: CRL v1 */
		return t[1] == DER_SEQUENCE && is_time(t[2]) ? OBJECT_CRL : OBJECT_OTHER;
	if (t[0] != DER_INTEGER)
		return OBJECT_OTHER;
	if (is_time(t[3]))
		return OBJECT_CRL;
	if (t[3] == DER_CONTEXT_C(0) || t[3] == 0)
		return OBJECT_PKCS10;
	return t[3] == DER_SEQUENCE ? OBJECT_CERTIFICATE : OBJECT_OTHER;
}

/* CertReqMsg ::= SEQUENCE { CertRequest { certReqId INTEGER, ... }, ... } */
static bool
is_crmf(struct view first)
{
	struct view	a[TAGS_MAX], b[TAGS_MAX];
	uint8_t		t[TAGS_MAX];

	return look(first, t, a) && t[0] == DER_SEQUENCE && look(a[0], t, b) &&
	    t[0] == DER_INTEGER && t[1] == DER_SEQUENCE;
}

enum object_kind
object_kind(struct view der)
{
	struct view	values[TAGS_MAX], inner[TAGS_MAX];
	uint8_t		t[TAGS_MAX], u[TAGS_MAX];

	if (!look(der, t, values))
		return OBJECT_OTHER;
	if (t[0] == DER_OID && t[1] == DER_CONTEXT_C(0))
		return OBJECT_CMS;
	if (t[0] == DER_ENUMERATED)
		return OBJECT_OCSP;
	if (t[0] != DER_SEQUENCE)
		return OBJECT_OTHER;
	if (t[1] == DER_SEQUENCE && t[2] == DER_BIT_STRING)
		return signed_kind(values[0]);
	if (t[1] == DER_BIT_STRING && t[2] == 0 && look(values[0], u, inner) &&
	    u[0] == DER_OID)
		return OBJECT_PUBLIC_KEY;
	return is_crmf(values[0]) ? OBJECT_CRMF : OBJECT_OTHER;
}

/* The first label of each kind is the one to write (RFC 7468). */
static const struct {
	enum object_kind	 kind;
	const char		*label;
	const char		*name;
} labels[] = {
	{ OBJECT_CERTIFICATE, "CERTIFICATE", "certificate" },
	{ OBJECT_CERTIFICATE, "X509 CERTIFICATE", "certificate" },
	{ OBJECT_CERTIFICATE, "TRUSTED CERTIFICATE", "certificate" },
	{ OBJECT_CRL, "X509 CRL", "CRL" },
	{ OBJECT_CRL, "CRL", "CRL" },		/* RFC 4945, 6.2 */
	{ OBJECT_PKCS10, "CERTIFICATE REQUEST", "request" },
	{ OBJECT_PKCS10, "NEW CERTIFICATE REQUEST", "request" },
	{ OBJECT_PUBLIC_KEY, "PUBLIC KEY", "public key" },
	{ OBJECT_CMS, "CMS", "message" },
	{ OBJECT_CMS, "PKCS7", "message" },
	{ OBJECT_CRMF, "CERTIFICATE REQUEST MESSAGES", "CRMF request" },
	{ OBJECT_OCSP, "OCSP RESPONSE", "OCSP response" },
};
#define LABELS	(sizeof(labels) / sizeof(labels[0]))

const char *
object_kind_name(enum object_kind k)
{
	for (size_t i = 0; i < LABELS; i++)
		if (labels[i].kind == k)
			return labels[i].name;
	return "other";
}

const char *
object_label(enum object_kind k)
{
	for (size_t i = 0; i < LABELS; i++)
		if (labels[i].kind == k)
			return labels[i].label;
	return "";
}

bool
object_label_fits(enum object_kind k, struct view label)
{
	for (size_t i = 0; i < LABELS; i++)
		if (labels[i].kind == k && view_equal(label, view_str(labels[i].label)))
			return true;
	return false;
}
