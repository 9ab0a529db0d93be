/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cert_ext.h"
#include "codec/crl.h"
#include "codec/name.h"

#define RULE	"RFC 5280, 5.1"
#define SERIAL_OCTETS_MAX	21

static const char *const reasons[] = { "unspecified", "keyCompromise",
    "cACompromise", "affiliationChanged", "superseded",
    "cessationOfOperation", "certificateHold", NULL, "removeFromCRL",
    "privilegeWithdrawn", "aACompromise" };
#define REASONS	(sizeof(reasons) / sizeof(reasons[0]))

const char *
crl_reason_name(unsigned reason)
{
	return reason < REASONS ? reasons[reason] : NULL;
}

bool
crl_reason_find(const char *name, unsigned *reason)
{
	unsigned	i;

	for (i = 0; i < REASONS; i++)
		if (reasons[i] != NULL && strcmp(reasons[i], name) == 0) {
			*reason = i;
			return true;
		}
	return false;
}

static bool
read_number(struct view value, struct view *number, struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	if (!der_integer(&d, number, f) || !der_end(&d, f))
		return false;
	return (number->n <= SERIAL_OCTETS_MAX && number->p[0] < 0x80) ||
	    fault_set(f, FAULT_MALFORMED, "RFC 5280, 5.2.3",
	    "a CRL number is negative or longer than 20 octets");
}

static bool
read_extension(struct crl *c, const struct extension *e, struct fault *f)
{
	struct view	base;

	if (view_equal(e->oid, OID_AUTHORITY_KEY_ID))
		return ext_read_aki(e->value, &c->aki, f);
	if (view_equal(e->oid, OID_CRL_NUMBER)) {
		c->has_number = true;
		return read_number(e->value, &c->number, f);
	}
	if (view_equal(e->oid, OID_DELTA_CRL)) {
		c->is_delta = true;
		return read_number(e->value, &base, f);
	}
	if (view_equal(e->oid, OID_ISSUING_DIST_POINT)) {
		c->has_issuing_dist_point = true;
		c->issuing_dist_point = e->value;
	}
	if (e->critical)
		c->unknown_critical = true;
	return true;
}

/* crlExtensions [0] EXPLICIT */
static bool
decode_extensions(struct der *tbs, struct crl *c, struct fault *f)
{
	struct der	in;
	struct view	list;
	size_t		i;
	bool		present;

	if (!der_open_optional(tbs, DER_CONTEXT_C(0), &in, &present, f))
		return false;
	if (!present)
		return true;
	if (!der_get_tlv(&in, DER_SEQUENCE, &list, f) || !der_end(&in, f) ||
	    !extensions_decode(list, &c->extensions, f))
		return false;
	for (i = 0; i < c->extensions.n; i++)
		if (!read_extension(c, &c->extensions.list[i], f))
			return false;
	return true;
}

static bool
decode_dates(struct der *tbs, struct crl *c, struct fault *f)
{
	uint8_t	tag;

	if (!der_time(tbs, &c->this_update, f))
		return false;
	tag = der_peek(tbs);
	c->has_next_update = tag == DER_UTC_TIME || tag == DER_GENERALIZED_TIME;
	return !c->has_next_update || der_time(tbs, &c->next_update, f);
}

/* TBSCertList of version 2 (the number 1) */
static bool
decode_tbs(struct crl *c, struct fault *f)
{
	struct algorithm	inner;
	struct der		d, tbs;
	uint64_t		version;

	der_init(&d, c->tbs);
	if (!der_open(&d, DER_SEQUENCE, &tbs, f) ||
	    !der_uint_in(&tbs, "CRL version", 1, 1, &version, f) ||
	    !algorithm_decode(&tbs, &inner, f) ||
	    !der_get_tlv(&tbs, DER_SEQUENCE, &c->issuer, f) ||
	    !name_check(c->issuer, f) || !decode_dates(&tbs, c, f))
		return false;
	if (!view_equal(inner.tlv, c->sigalg.tlv))
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 5.1.1.2",
		    "the two signature algorithms of a CRL differ");
	if (der_peek(&tbs) == DER_SEQUENCE) {
		if (!der_get(&tbs, DER_SEQUENCE, &c->entries, f))
			return false;
		if (c->entries.n == 0)
			return fault_set(f, FAULT_MALFORMED, "RFC 5280, 5.1.2.6",
			    "a list of revoked certificates is empty");
	}
	return decode_extensions(&tbs, c, f) && der_end(&tbs, f);
}

bool
crl_decode(struct view der, struct crl *out, struct fault *f)
{
	struct der	d, in;

	*out = (struct crl){ .der = der };
	if (der.n > CRL_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "a CRL of %zu octets",
		    der.n);
	der_init(&d, der);
	return der_open(&d, DER_SEQUENCE, &in, f) && der_end(&d, f) &&
	    der_get_tlv(&in, DER_SEQUENCE, &out->tbs, f) &&
	    algorithm_decode(&in, &out->sigalg, f) &&
	    der_bits(&in, &out->signature, f) && der_end(&in, f) &&
	    decode_tbs(out, f);
}

static bool
read_reason(struct view value, struct crl_revoked *out, struct fault *f)
{
	struct der	d;
	uint64_t	reason;

	der_init(&d, value);
	if (!der_enum(&d, CRL_AA_COMPROMISE, &reason, f) || !der_end(&d, f))
		return false;
	out->reason = (unsigned)reason;
	return crl_reason_name(out->reason) != NULL || fault_set(f, FAULT_MALFORMED,
	    "RFC 5280, 5.3.1", "reason %u is not one", out->reason);
}

/* It only informs: one that cannot be read is as if it were not there. */
static void
read_invalidity(struct view value, struct crl_revoked *out)
{
	struct der	d;
	struct view	v;

	der_init(&d, value);
	out->has_invalidity = der_get(&d, DER_GENERALIZED_TIME, &v, NULL) && der_end(&d, NULL) &&
	    der_generalized_content(v, &out->invalidity, NULL);
}

/* crlEntryExtensions */
static bool
read_entry_extensions(struct der *in, struct crl_revoked *out, struct fault *f)
{
	struct extensions		list;
	const struct extension		*e;
	struct view			tlv;

	if (!der_get_tlv(in, DER_SEQUENCE, &tlv, f) ||
	    !extensions_decode(tlv, &list, f))
		return false;
	for (size_t i = 0; i < list.n; i++) {
		e = &list.list[i];
		if (view_equal(e->oid, OID_REASON_CODE)) {
			if (!read_reason(e->value, out, f))
				return false;
		} else if (view_equal(e->oid, OID_INVALIDITY_DATE))
			read_invalidity(e->value, out);
		else if (e->critical)
			out->unknown_critical = true;
	}
	return true;
}

bool
crl_next(struct der *d, struct crl_revoked *out, struct fault *f)
{
	struct der	in;

	*out = (struct crl_revoked){ 0 };
	if (!der_open(d, DER_SEQUENCE, &in, f) ||
	    !der_integer(&in, &out->serial, f) ||
	    !der_time(&in, &out->revoked_at, f))
		return false;
	if (out->serial.n > SERIAL_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 5280, 5.1.2.6",
		    "a serial number of %zu octets", out->serial.n);
	return der_at_end(&in) ||
	    (read_entry_extensions(&in, out, f) && der_end(&in, f));
}

bool
crl_find(const struct crl *c, struct view serial, bool *found,
    struct crl_revoked *out, struct fault *f)
{
	struct der	d, in, at;
	struct view	is;

	*found = false;
	der_init(&d, c->entries);
	while (!der_at_end(&d)) {
		at = d;
		if (!der_open(&d, DER_SEQUENCE, &in, f) ||
		    !der_get(&in, DER_INTEGER, &is, f))
			return false;
		if (!view_equal(is, serial))
			continue;
		*found = true;
		return crl_next(&at, out, f);
	}
	return true;
}
