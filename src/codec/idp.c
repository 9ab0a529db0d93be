/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/idp.h"

#define RULE	"RFC 5280, 5.2.5"

/* DistributionPointName ::= CHOICE { fullName [0], nameRelativeToCRLIssuer [1] } */
static bool
decode_name(struct der *d, struct idp *p, struct fault *f)
{
	struct der	in;
	struct view	skipped;

	if (!der_open_optional(d, DER_CONTEXT_C(0), &in, &p->has_point, f))
		return false;
	if (!p->has_point)
		return true;
	p->relative = der_peek(&in) == DER_CONTEXT_C(1);
	if (p->relative)
		return der_get_any(&in, &skipped, f) && der_end(&in, f);
	return der_get(&in, DER_CONTEXT_C(0), &p->full, f) && der_end(&in, f);
}

/* [tag] IMPLICIT BOOLEAN DEFAULT FALSE */
static bool
decode_flag(struct der *d, unsigned tag, bool *out, struct fault *f)
{
	struct view	v;

	if (der_peek(d) != DER_CONTEXT(tag))
		return true;
	if (!der_get(d, (uint8_t)DER_CONTEXT(tag), &v, f))
		return false;
	if (v.n != 1 || v.p[0] != 0xff)
		return fault_set(f, FAULT_MALFORMED, RULE, "field [%u] is not TRUE", tag);
	*out = true;
	return true;
}

bool
idp_decode(struct view value, struct idp *out, struct fault *f)
{
	struct der	d, in;
	struct view	reasons;

	*out = (struct idp){ 0 };
	der_init(&d, value);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !decode_name(&in, out, f) ||
	    !decode_flag(&in, 1, &out->only_user, f) ||
	    !decode_flag(&in, 2, &out->only_ca, f))
		return false;
	out->some_reasons = der_peek(&in) == DER_CONTEXT(3);
	if (out->some_reasons && !der_get(&in, DER_CONTEXT(3), &reasons, f))
		return false;
	return decode_flag(&in, 4, &out->indirect, f) &&
	    decode_flag(&in, 5, &out->only_attribute, f) && der_end(&in, f) &&
	    der_end(&d, f);
}

/* Is the TLV of a name among those in list (content octets)? */
static bool
among(struct view name, struct view list)
{
	struct der	d;
	struct view	one;

	der_init(&d, list);
	while (!der_at_end(&d) && der_get_any(&d, &one, NULL))
		if (view_equal(one, name))
			return true;
	return false;
}

/* One name of the scope is a name of one of the points. */
static bool
shares_name(const struct idp *p, struct view points)
{
	struct der	d, list, point, name, names;
	struct view	full, one;
	bool		present;

	der_init(&d, points);
	if (!der_open(&d, DER_SEQUENCE, &list, NULL))
		return false;
	while (!der_at_end(&list)) {
		if (!der_open(&list, DER_SEQUENCE, &point, NULL) ||
		    !der_open_optional(&point, DER_CONTEXT_C(0), &name, &present, NULL))
			return false;
		if (!present || der_peek(&name) != DER_CONTEXT_C(0))
			continue;
		if (!der_get(&name, DER_CONTEXT_C(0), &full, NULL))
			return false;
		der_init(&names, full);
		while (!der_at_end(&names) && der_get_any(&names, &one, NULL))
			if (among(one, p->full))
				return true;
	}
	return false;
}

const char *
idp_excludes(const struct idp *p, const struct cert *c)
{
	const struct extension	*e = extensions_find(&c->extensions, OID_CRL_DIST_POINTS);

	if (p->only_attribute)
		return "it is for attribute certificates";
	if (p->only_user && c->is_ca)
		return "it is for end entities only";
	if (p->only_ca && !c->is_ca)
		return "it is for CAs only";
	if (p->some_reasons)
		return "it is for some reasons only";
	if (p->indirect)
		return "it is an indirect CRL";
	if (p->relative)
		return "its scope is a relative name";
	if (p->has_point && (e == NULL || !shares_name(p, e->value)))
		return "its distribution point is none of the certificate's";
	return NULL;
}
