/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cms.h"
#include "codec/cms_attr.h"

#define RULE		"RFC 5652, 5"
#define KEY_ID_OCTETS_MAX	64

bool
cms_content_decode(struct view der, struct cms_content *out, struct fault *f)
{
	struct der	d, in, content;

	der_init(&d, der);
	return der_open(&d, DER_SEQUENCE, &in, f) && der_end(&d, f) &&
	    der_oid(&in, &out->type, f) &&
	    der_open(&in, DER_CONTEXT_C(0), &content, f) && der_end(&in, f) &&
	    der_get_any(&content, &out->content, f) && der_end(&content, f);
}

bool
cms_content_open(struct view der, struct view type, struct der *out,
    struct fault *f)
{
	struct cms_content	c;
	struct der		d;
	char			is[OID_TEXT_MAX], want[OID_TEXT_MAX];

	if (!cms_content_decode(der, &c, f))
		return false;
	if (!view_equal(c.type, type))
		return fault_set(f, FAULT_MALFORMED, "RFC 5652, 3",
		    "a message of type %s where %s is expected",
		    oid_show(c.type, is), oid_show(type, want));
	der_init(&d, c.content);
	return der_open(&d, DER_SEQUENCE, out, f);
}

bool
cms_sid_decode(struct der *d, struct cms_sid *out, struct fault *f)
{
	*out = (struct cms_sid){ 0 };
	if (der_peek(d) == DER_SEQUENCE) {
		out->kind = CMS_SID_ISSUER_SERIAL;
		return issuer_serial_decode(d, &out->is, f);
	}
	out->kind = CMS_SID_SKI;
	if (!der_get(d, DER_CONTEXT(0), &out->ski, f))
		return false;
	return (out->ski.n > 0 && out->ski.n <= KEY_ID_OCTETS_MAX) ||
	    fault_set(f, FAULT_MALFORMED, "RFC 5652, 5.3",
	    "a subject key identifier of %zu octets", out->ski.n);
}

bool
cms_sid_names(const struct cms_sid *sid, const struct cert *c)
{
	if (sid->kind == CMS_SID_ISSUER_SERIAL)
		return issuer_serial_names(&sid->is, c);
	return sid->ski.n > 0 && view_equal(sid->ski, c->ski);
}

/* EncapsulatedContentInfo ::= SEQUENCE { eContentType, eContent [0] OPTIONAL } */
bool
cms_encap_decode(struct der *d, struct view *type, bool *present,
    struct view *content, struct fault *f)
{
	struct der	in, explicit_tag;

	*content = VIEW_NONE;
	return der_open(d, DER_SEQUENCE, &in, f) && der_oid(&in, type, f) &&
	    der_open_optional(&in, DER_CONTEXT_C(0), &explicit_tag, present, f) &&
	    (!*present || (der_octets(&explicit_tag, content, f) &&
	    der_end(&explicit_tag, f))) && der_end(&in, f);
}

/* How many values d holds; FAULT_LIMIT above max. */
static bool
count_values(const struct der *d, const char *what, size_t max, size_t *n,
    struct fault *f)
{
	struct der	at = *d;
	struct view	v;

	for (*n = 0; !der_at_end(&at); (*n)++) {
		if (*n == max)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "more than %zu %s", max, what);
		if (!der_get_any(&at, &v, f))
			return false;
	}
	return true;
}

/*
 * certificates [0] and crls [1]: CHOICEs of which only the plain ones, tag 30,
 * are kept; attribute certificates and other formats are passed over.
 */
static bool
decode_list(struct der *d, uint8_t tag, const char *what, size_t max,
    struct arena *a, struct view **list, size_t *count, struct fault *f)
{
	struct der	in;
	struct view	v;
	size_t		n;
	bool		present;

	*list = NULL;
	*count = 0;
	if (!der_open_optional(d, tag, &in, &present, f))
		return false;
	if (!present)
		return true;
	if (!count_values(&in, what, max, &n, f))
		return false;
	if (n > 0 && (*list = arena_array(a, n, sizeof(**list))) == NULL)
		return arena_fault(f);
	while (!der_at_end(&in)) {
		if (!der_get_any(&in, &v, f))
			return false;
		if (v.p[0] == DER_SEQUENCE)
			(*list)[(*count)++] = v;
	}
	return true;
}

/* SignerInfo ::= SEQUENCE { version, sid, digestAlgorithm, signedAttrs [0],
 * signatureAlgorithm, signature, unsignedAttrs [1] } */
static bool
decode_signer(struct der *d, struct arena *a, struct cms_signer *s,
    struct fault *f)
{
	struct der	in;
	uint64_t	version;

	if (!der_open(d, DER_SEQUENCE, &in, f) ||
	    !der_uint_in(&in, "SignerInfo version", 1, 3, &version, f) ||
	    !cms_sid_decode(&in, &s->sid, f) ||
	    !algorithm_decode(&in, &s->digest_alg, f) ||
	    !cms_signed_attrs_decode(&in, a, s, f) ||
	    !algorithm_decode(&in, &s->sig_alg, f) ||
	    !der_octets(&in, &s->signature, f))
		return false;
	s->version = (unsigned)version;
	if (version != (s->sid.kind == CMS_SID_SKI ? 3 : 1))
		return fault_set(f, FAULT_MALFORMED, "RFC 5652, 5.3",
		    "SignerInfo version %u does not go with its sid",
		    s->version);
	if (der_peek(&in) == DER_CONTEXT_C(1) &&
	    !der_get(&in, DER_CONTEXT_C(1), &s->unsigned_attrs, f))
		return false;
	return der_end(&in, f);
}

static bool
decode_signers(struct der *d, struct arena *a, struct cms_signed *out,
    struct fault *f)
{
	struct der	in;
	size_t		n, i;

	if (!der_open(d, DER_SET, &in, f) ||
	    !count_values(&in, "signers", CMS_SIGNERS_MAX, &n, f))
		return false;
	if (n > 0 &&
	    (out->signers = arena_array(a, n, sizeof(*out->signers))) == NULL)
		return arena_fault(f);
	for (i = 0; i < n; i++) {
		if (!decode_signer(&in, a, &out->signers[i], f))
			return false;
		if (out->signers[i].has_signed_attrs &&
		    !view_equal(out->signers[i].content_type, out->content_type))
			return fault_set(f, FAULT_MALFORMED, "RFC 5652, 11.1",
			    "the signed content type is not that of the content");
	}
	out->signer_count = n;
	return true;
}

/* SignedData ::= SEQUENCE { version, digestAlgorithms, encapContentInfo,
 * certificates [0], crls [1], signerInfos } */
bool
cms_signed_decode(struct view der, struct arena *a, struct cms_signed *out,
    struct fault *f)
{
	struct cms_signed	s = { 0 };
	struct der		in;
	struct view		digests;
	uint64_t		version;

	*out = s;
	if (!cms_content_open(der, OID_CT_SIGNED_DATA, &in, f) ||
	    !der_uint_in(&in, "SignedData version", 1, 5, &version, f) ||
	    !der_get_tlv(&in, DER_SET, &digests, f) ||
	    !cms_encap_decode(&in, &s.content_type, &s.has_content, &s.content, f) ||
	    !decode_list(&in, DER_CONTEXT_C(0), "certificates",
	    CMS_CERTIFICATES_MAX, a, &s.certificates, &s.certificate_count, f) ||
	    !decode_list(&in, DER_CONTEXT_C(1), "CRLs", CMS_CRLS_MAX, a,
	    &s.crls, &s.crl_count, f) ||
	    !decode_signers(&in, a, &s, f) || !der_end(&in, f))
		return false;
	s.version = (unsigned)version;
	*out = s;
	return true;
}
