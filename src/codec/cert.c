/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cert.h"
#include "codec/cert_ext.h"
#include "codec/name.h"

#define RULE	"RFC 5280, 4.1"

/* INTEGER of any sign: what we find wrong with it, profile says. */
static bool
decode_serial(struct der *d, struct view *serial, struct fault *f)
{
	if (!der_integer(d, serial, f))
		return false;
	return serial->n <= CERT_SERIAL_OCTETS_MAX ||
	    fault_set(f, FAULT_LIMIT, "RFC 5280, 4.1.2.2",
	    "a serial number of %zu octets", serial->n);
}

/* version [0] EXPLICIT INTEGER DEFAULT v1 */
static bool
decode_version(struct der *tbs, unsigned *version, struct fault *f)
{
	struct der	in;
	uint64_t	v;
	bool		present;

	*version = 1;
	if (!der_open_optional(tbs, DER_CONTEXT_C(0), &in, &present, f))
		return false;
	if (!present)
		return true;
	if (!der_uint_in(&in, "certificate version", 1, 2, &v, f) ||
	    !der_end(&in, f))
		return false;
	*version = (unsigned)v + 1;
	return true;
}

static bool
decode_name(struct der *d, struct view *name, struct fault *f)
{
	return der_get_tlv(d, DER_SEQUENCE, name, f) && name_check(*name, f);
}

static bool
decode_validity(struct der *d, struct cert *c, struct fault *f)
{
	struct der	in;

	return der_open(d, DER_SEQUENCE, &in, f) &&
	    der_time(&in, &c->not_before, f) &&
	    der_time(&in, &c->not_after, f) && der_end(&in, f);
}

/* issuerUniqueID and subjectUniqueID, which nobody should use. */
static bool
skip_unique_ids(struct der *d, struct fault *f)
{
	struct view	skipped;
	uint8_t		tag;

	for (tag = DER_CONTEXT(1); tag <= DER_CONTEXT(2); tag++)
		if (der_peek(d) == tag && !der_get_any(d, &skipped, f))
			return false;
	return true;
}

/* extensions [3] EXPLICIT, version 3 only */
static bool
decode_extensions(struct der *tbs, struct cert *c, struct fault *f)
{
	struct der	in;
	struct view	list;
	bool		present;

	if (!der_open_optional(tbs, DER_CONTEXT_C(3), &in, &present, f))
		return false;
	if (!present)
		return true;
	if (c->version != 3)
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.1.2.9",
		    "extensions in a certificate of version %u", c->version);
	return der_get_tlv(&in, DER_SEQUENCE, &list, f) && der_end(&in, f) &&
	    extensions_decode(list, &c->extensions, f) &&
	    cert_read_extensions(c, f);
}

static bool
decode_tbs(struct cert *c, bool names_only, struct fault *f)
{
	struct der		whole, tbs;
	struct algorithm	inner;
	struct view		validity;

	der_init(&whole, c->tbs);
	if (!der_open(&whole, DER_SEQUENCE, &tbs, f) ||
	    !decode_version(&tbs, &c->version, f) ||
	    !decode_serial(&tbs, &c->serial, f) ||
	    !algorithm_decode(&tbs, &inner, f) ||
	    !decode_name(&tbs, &c->issuer, f))
		return false;
	if (names_only)
		return der_get_tlv(&tbs, DER_SEQUENCE, &validity, f) &&
		    decode_name(&tbs, &c->subject, f) &&
		    der_get_tlv(&tbs, DER_SEQUENCE, &c->spki, f);
	if (!view_equal(inner.tlv, c->sigalg.tlv))
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.1.1.2",
		    "the two signature algorithms of a certificate differ");
	return decode_validity(&tbs, c, f) &&
	    decode_name(&tbs, &c->subject, f) &&
	    der_get_tlv(&tbs, DER_SEQUENCE, &c->spki, f) &&
	    skip_unique_ids(&tbs, f) && decode_extensions(&tbs, c, f) &&
	    der_end(&tbs, f);
}

/* Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature } */
static bool
decode_shell(struct view der, struct cert *c, struct fault *f)
{
	struct der	d, in;

	if (der.n > CERT_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE,
		    "a certificate of %zu octets", der.n);
	c->der = der;
	der_init(&d, der);
	return der_open(&d, DER_SEQUENCE, &in, f) && der_end(&d, f) &&
	    der_get_tlv(&in, DER_SEQUENCE, &c->tbs, f) &&
	    algorithm_decode(&in, &c->sigalg, f) &&
	    der_bits(&in, &c->signature, f) && der_end(&in, f);
}

static bool
decode(struct view der, struct cert *out, bool names_only, struct fault *f)
{
	*out = (struct cert){ 0 };
	if (decode_shell(der, out, f) && decode_tbs(out, names_only, f))
		return true;
	*out = (struct cert){ 0 };
	return false;
}

bool
cert_decode(struct view der, struct cert *out, struct fault *f)
{
	return decode(der, out, false, f);
}

bool
cert_decode_names(struct view der, struct cert *out, struct fault *f)
{
	return decode(der, out, true, f);
}

bool
cert_is_self_issued(const struct cert *c)
{
	return view_equal(c->issuer, c->subject);
}

bool
cert_has_eku(const struct cert *c, struct view oid)
{
	size_t	i;

	for (i = 0; i < c->eku_count; i++)
		if (view_equal(c->eku_oids[i], oid))
			return true;
	return false;
}

bool
cert_has_policy(const struct cert *c, struct view oid)
{
	size_t	i;

	for (i = 0; i < c->policy_count; i++)
		if (view_equal(c->policies[i], oid))
			return true;
	return false;
}

struct view
serial_magnitude(struct view content)
{
	if (content.n > 1 && content.p[0] == 0)
		return view_of(content.p + 1, content.n - 1);
	return content;
}

bool
issuer_serial_decode(struct der *d, struct issuer_serial *out, struct fault *f)
{
	struct der	in;

	return der_open(d, DER_SEQUENCE, &in, f) &&
	    decode_name(&in, &out->issuer, f) &&
	    decode_serial(&in, &out->serial, f) && der_end(&in, f);
}

void
issuer_serial_put(struct buf *b, const struct issuer_serial *is)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	buf_add_view(b, is->issuer);
	der_put(b, DER_INTEGER, is->serial);
	der_close(b, mark);
}

bool
issuer_serial_names(const struct issuer_serial *is, const struct cert *c)
{
	return view_equal(is->serial, c->serial) &&
	    view_equal(is->issuer, c->issuer);
}
