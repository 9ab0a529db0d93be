/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cms_attr.h"

#define RULE		"RFC 5652, 5.3"
#define HASH_OCTETS_MAX	64

static bool
once(bool *seen, const char *what, struct fault *f)
{
	if (*seen)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "signed attribute %s stands twice", what);
	*seen = true;
	return true;
}

static bool
read_content_type(struct cms_attrs *s, struct der *v, struct fault *f)
{
	return once(&s->has_content_type, "contentType", f) &&
	    der_oid(v, &s->content_type, f);
}

static bool
read_message_digest(struct cms_attrs *s, struct der *v, struct fault *f)
{
	if (!once(&s->has_message_digest, "messageDigest", f) ||
	    !der_octets(v, &s->message_digest, f))
		return false;
	return (s->message_digest.n > 0 &&
	    s->message_digest.n <= HASH_OCTETS_MAX) ||
	    fault_set(f, FAULT_MALFORMED, "RFC 5652, 11.2",
	    "a message digest of %zu octets", s->message_digest.n);
}

static bool
read_signing_time(struct cms_attrs *s, struct der *v, struct fault *f)
{
	return once(&s->has_signing_time, "signingTime", f) &&
	    der_time(v, &s->signing_time, f);
}

/*
 * SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies
 * OPTIONAL }; ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT sha256,
 * certHash, issuerSerial OPTIONAL }.  Only the first one names the signer.
 */
static bool
read_signing_certificate(struct cms_attrs *s, struct der *v, struct fault *f)
{
	struct algorithm	hash;
	struct der		in, list, id;
	struct view		rest;

	if (!once(&s->has_signing_certificate, "signingCertificateV2", f) ||
	    !der_open(v, DER_SEQUENCE, &in, f) ||
	    !der_open(&in, DER_SEQUENCE, &list, f) ||
	    !der_open(&list, DER_SEQUENCE, &id, f))
		return false;
	s->signing_certificate_hash_alg = OID_SHA256;
	if (der_peek(&id) == DER_SEQUENCE) {
		if (!algorithm_decode(&id, &hash, f))
			return false;
		s->signing_certificate_hash_alg = hash.oid;
	}
	if (!der_octets(&id, &s->signing_certificate_hash, f))
		return false;
	if (!der_at_end(&id) && !der_get_tlv(&id, DER_SEQUENCE, &rest, f))
		return false;
	if (!der_at_end(&in) && !der_get_tlv(&in, DER_SEQUENCE, &rest, f))
		return false;
	return der_end(&id, f) && der_end(&in, f);
}

static const struct {
	struct view	 type;
	bool		(*read)(struct cms_attrs *s, struct der *v,
			    struct fault *f);
} known[] = {
	{ OID_CONTENT_TYPE, read_content_type },
	{ OID_MESSAGE_DIGEST, read_message_digest },
	{ OID_SIGNING_TIME, read_signing_time },
	{ OID_SIGNING_CERTIFICATE_V2, read_signing_certificate },
};
#define KNOWN	(sizeof(known) / sizeof(known[0]))

static bool
is_new_type(const struct view *types, size_t n, struct view type,
    struct fault *f)
{
	char	text[OID_TEXT_MAX];
	size_t	i;

	for (i = 0; i < n; i++)
		if (view_equal(types[i], type))
			return fault_set(f, FAULT_MALFORMED, RULE,
			    "signed attribute %s stands twice",
			    oid_show(type, text));
	return true;
}

/* Attribute ::= SEQUENCE { attrType, attrValues SET OF ANY }; one value each. */
static bool
read_attribute(struct cms_attrs *s, struct der *set, struct view *type,
    struct fault *f)
{
	struct der	in, values, value;
	struct view	tlv;
	size_t		i;

	if (!der_open(set, DER_SEQUENCE, &in, f) || !der_oid(&in, type, f) ||
	    !der_open(&in, DER_SET, &values, f) || !der_end(&in, f))
		return false;
	value = values;
	if (!der_get_any(&values, &tlv, f) || !der_end(&values, f))
		return false;
	for (i = 0; i < KNOWN; i++)
		if (view_equal(known[i].type, *type))
			return known[i].read(s, &value, f) && der_end(&value, f);
	return true;
}

static bool
read_attributes(struct view set, struct cms_attrs *out, struct fault *f)
{
	struct view	types[CMS_ATTRIBUTES_MAX], last = VIEW_NONE, tlv;
	struct der	d, in, at;
	size_t		n;

	der_init(&d, set);
	if (!der_open(&d, DER_SET, &in, f))
		return false;
	for (n = 0; !der_at_end(&in); n++) {
		if (n == CMS_ATTRIBUTES_MAX)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "more than %d signed attributes",
			    CMS_ATTRIBUTES_MAX);
		at = in;
		if (!der_get_any(&at, &tlv, f) ||
		    !read_attribute(out, &in, &types[n], f) ||
		    !is_new_type(types, n, types[n], f))
			return false;
		if (last.n > 0 && view_compare(last, tlv) >= 0)
			return fault_set(f, FAULT_MALFORMED, RULE,
			    "signed attributes are not sorted as DER wants");
		last = tlv;
	}
	if (!out->has_content_type || !out->has_message_digest)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "signed attributes lack contentType or messageDigest");
	return true;
}

bool
cms_attrs_decode(struct der *d, uint8_t tag, struct arena *a, bool *present,
    struct view *set, struct cms_attrs *out, struct fault *f)
{
	struct view	tlv;
	uint8_t		*copy;

	*out = (struct cms_attrs){ 0 };
	*set = VIEW_NONE;
	*present = der_peek(d) == tag;
	if (!*present)
		return true;
	if (!der_get_tlv(d, tag, &tlv, f))
		return false;
	if ((copy = arena_alloc(a, tlv.n)) == NULL)
		return arena_fault(f);
	memcpy(copy, tlv.p, tlv.n);
	copy[0] = DER_SET;
	*set = view_of(copy, tlv.n);
	return read_attributes(*set, out, f);
}

bool
cms_signed_attrs_decode(struct der *d, struct arena *a, struct cms_signer *s,
    struct fault *f)
{
	struct cms_attrs	attrs;

	if (!cms_attrs_decode(d, DER_CONTEXT_C(0), a, &s->has_signed_attrs,
	    &s->signed_attrs, &attrs, f))
		return false;
	s->content_type = attrs.content_type;
	s->message_digest = attrs.message_digest;
	s->has_signing_time = attrs.has_signing_time;
	s->signing_time = attrs.signing_time;
	s->has_signing_certificate = attrs.has_signing_certificate;
	s->signing_certificate_hash_alg = attrs.signing_certificate_hash_alg;
	s->signing_certificate_hash = attrs.signing_certificate_hash;
	return true;
}

bool
cms_unsigned_attr(const struct cms_signer *s, struct view type, bool *found,
    struct view *values, struct fault *f)
{
	struct der	d, in;
	struct view	is, set;
	size_t		n = 0;

	*found = false;
	*values = VIEW_NONE;
	der_init(&d, s->unsigned_attrs);
	while (!der_at_end(&d)) {
		if (++n > CMS_ATTRIBUTES_MAX)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "more than %d unsigned attributes",
			    CMS_ATTRIBUTES_MAX);
		if (!der_open(&d, DER_SEQUENCE, &in, f) ||
		    !der_oid(&in, &is, f) || !der_get(&in, DER_SET, &set, f) ||
		    !der_end(&in, f))
			return false;
		if (!view_equal(is, type))
			continue;
		if (*found)
			return fault_set(f, FAULT_MALFORMED, "RFC 5652, 5.3",
			    "an unsigned attribute stands twice");
		*found = true;
		*values = set;
	}
	return true;
}
