/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cms_attr.h"
#include "codec/cms_env.h"

#define RULE	"RFC 5652, 6"
#define SALT_OCTETS_MAX		1024
#define NONCE_OCTETS_MAX	64

/* originatorInfo [0], certificates and CRLs that nobody here asks for. */
static bool
skip_tagged(struct der *d, uint8_t tag, struct fault *f)
{
	struct view	v;

	return der_peek(d) != tag || der_get_any(d, &v, f);
}

/* KeyTransRecipientInfo ::= SEQUENCE { version, rid, keyEncryptionAlgorithm, encryptedKey } */
static bool
decode_ktri(struct der *d, struct cms_recipient *r, struct fault *f)
{
	struct der	in;
	uint64_t	version;

	if (!der_open(d, DER_SEQUENCE, &in, f) ||
	    !der_uint_in(&in, "KeyTransRecipientInfo version", 0, 2, &version, f) ||
	    !cms_sid_decode(&in, &r->rid, f) ||
	    !algorithm_decode(&in, &r->key_alg, f) ||
	    !der_octets(&in, &r->encrypted_key, f) || !der_end(&in, f))
		return false;
	r->kind = CMS_RECIPIENT_KTRI;
	return true;
}

/* originator [0] EXPLICIT: of its CHOICE only originatorKey [1] is for us. */
static bool
decode_originator(struct der *d, struct cms_recipient *r, bool *is_key,
    struct fault *f)
{
	struct algorithm	alg;
	struct der		in, key;

	if (!der_open(d, DER_CONTEXT_C(0), &in, f))
		return false;
	*is_key = der_peek(&in) == DER_CONTEXT_C(1);
	if (!*is_key)
		return true;
	if (!der_open(&in, DER_CONTEXT_C(1), &key, f) ||
	    !algorithm_decode(&key, &alg, f) ||
	    !der_bits(&key, &r->originator_key, f) || !der_end(&key, f))
		return false;
	r->originator_alg = alg.tlv;
	return der_end(&in, f);
}

/* rid: IssuerAndSerialNumber, or rKeyId [0] { subjectKeyIdentifier, ... } */
static bool
decode_key_rid(struct der *d, struct cms_sid *rid, struct fault *f)
{
	struct der	in;

	*rid = (struct cms_sid){ 0 };
	if (der_peek(d) == DER_SEQUENCE)
		return issuer_serial_decode(d, &rid->is, f);
	rid->kind = CMS_SID_SKI;
	return der_open(d, DER_CONTEXT_C(0), &in, f) &&
	    der_octets(&in, &rid->ski, f);
}

/*
 * KeyAgreeRecipientInfo [1] ::= SEQUENCE { version, originator [0], ukm [1],
 * keyEncryptionAlgorithm, recipientEncryptedKeys }.  Each of ours has one
 * recipient; others than the first are not looked at.
 */
static bool
decode_kari(struct der *d, struct cms_recipient *r, struct fault *f)
{
	struct der	in, ukm, keys, one;
	uint64_t	version;
	bool		is_key, has_ukm;

	if (!der_open(d, DER_CONTEXT_C(1), &in, f) ||
	    !der_uint_in(&in, "KeyAgreeRecipientInfo version", 3, 3, &version, f) ||
	    !decode_originator(&in, r, &is_key, f) ||
	    !der_open_optional(&in, DER_CONTEXT_C(1), &ukm, &has_ukm, f) ||
	    (has_ukm && (!der_octets(&ukm, &r->ukm, f) || !der_end(&ukm, f))) ||
	    !algorithm_decode(&in, &r->key_alg, f) ||
	    !der_open(&in, DER_SEQUENCE, &keys, f) || !der_end(&in, f) ||
	    !der_open(&keys, DER_SEQUENCE, &one, f) ||
	    !decode_key_rid(&one, &r->rid, f) ||
	    !der_octets(&one, &r->encrypted_key, f) || !der_end(&one, f))
		return false;
	if (is_key)
		r->kind = CMS_RECIPIENT_KARI;
	return true;
}

/* PasswordRecipientInfo [3] ::= SEQUENCE { version, keyDerivation [0],
 * keyEncryptionAlgorithm, encryptedKey } */
static bool
decode_pwri(struct der *d, struct cms_recipient *r, struct fault *f)
{
	struct der	in;
	uint64_t	version;

	if (!der_open(d, DER_CONTEXT_C(3), &in, f) ||
	    !der_uint_in(&in, "PasswordRecipientInfo version", 0, 0, &version, f))
		return false;
	r->has_derivation = der_peek(&in) == DER_CONTEXT_C(0);
	if (r->has_derivation &&
	    !algorithm_decode_tagged(&in, DER_CONTEXT_C(0), &r->derivation, f))
		return false;
	if (!algorithm_decode(&in, &r->key_alg, f) ||
	    !der_octets(&in, &r->encrypted_key, f) || !der_end(&in, f))
		return false;
	r->kind = CMS_RECIPIENT_PWRI;
	return true;
}

static bool
decode_recipient(struct der *d, struct cms_recipient *r, struct fault *f)
{
	struct view	other;

	*r = (struct cms_recipient){ 0 };
	switch (der_peek(d)) {
	case DER_SEQUENCE:
		return decode_ktri(d, r, f);
	case DER_CONTEXT_C(1):
		return decode_kari(d, r, f);
	case DER_CONTEXT_C(3):
		return decode_pwri(d, r, f);
	default:
		return der_get_any(d, &other, f);
	}
}

static bool
decode_recipients(struct der *d, struct arena *a, struct cms_recipient **list,
    size_t *count, struct fault *f)
{
	struct cms_recipient	*r;
	struct der		 in;
	size_t			 n = 0;

	if (!der_open(d, DER_SET, &in, f))
		return false;
	if ((r = arena_array(a, CMS_RECIPIENTS_MAX, sizeof(*r))) == NULL)
		return arena_fault(f);
	while (!der_at_end(&in)) {
		if (n == CMS_RECIPIENTS_MAX)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "more than %d recipients", CMS_RECIPIENTS_MAX);
		if (!decode_recipient(&in, &r[n], f))
			return false;
		n++;
	}
	if (n == 0)
		return fault_set(f, FAULT_MALFORMED, RULE, "no recipient");
	*list = r;
	*count = n;
	return true;
}

/* encryptedContent [0] IMPLICIT OCTET STRING, in segments perhaps. */
static bool
decode_encrypted(struct der *d, struct arena *a, struct view *out,
    struct fault *f)
{
	struct der	in, at;
	struct view	v;
	uint8_t		*p;
	size_t		n = 0;

	if (der_peek(d) != DER_CONTEXT_C(0))
		return der_get(d, DER_CONTEXT(0), out, f);
	if (!der_open(d, DER_CONTEXT_C(0), &in, f))
		return false;
	for (at = in; !der_at_end(&at); n += v.n)
		if (!der_octets(&at, &v, f))
			return false;
	if ((p = arena_alloc(a, n + 1)) == NULL)
		return arena_fault(f);
	for (n = 0; !der_at_end(&in); n += v.n) {
		if (!der_octets(&in, &v, f))
			return false;
		if (v.n > 0)
			memcpy(p + n, v.p, v.n);
	}
	*out = view_of(p, n);
	return true;
}

/* EncryptedContentInfo ::= SEQUENCE { contentType, algorithm, encryptedContent [0] } */
static bool
decode_encrypted_info(struct der *d, struct arena *a, struct cms_enveloped *e,
    struct fault *f)
{
	struct der	in;

	return der_open(d, DER_SEQUENCE, &in, f) &&
	    der_oid(&in, &e->content_type, f) &&
	    algorithm_decode(&in, &e->content_alg, f) &&
	    decode_encrypted(&in, a, &e->encrypted, f) && der_end(&in, f);
}

/* A copy of a SET OF with tag 31 in place of its IMPLICIT tag. */
static bool
copy_set(struct der *d, uint8_t tag, struct arena *a, struct view *out,
    struct fault *f)
{
	struct view	tlv;
	uint8_t		*p;

	if (der_peek(d) != tag)
		return true;
	if (!der_get_tlv(d, tag, &tlv, f))
		return false;
	if ((p = arena_alloc(a, tlv.n)) == NULL)
		return arena_fault(f);
	memcpy(p, tlv.p, tlv.n);
	p[0] = DER_SET;
	*out = view_of(p, tlv.n);
	return true;
}

bool
cms_enveloped_decode(struct view der, struct arena *a,
    struct cms_enveloped *out, struct fault *f)
{
	struct cms_content	c;
	struct cms_enveloped	e = { 0 };
	struct der		in;
	uint64_t		version;

	*out = e;
	if (!cms_content_decode(der, &c, f))
		return false;
	e.is_auth = view_equal(c.type, OID_CT_AUTH_ENVELOPED_DATA);
	if (!cms_content_open(der, e.is_auth ? OID_CT_AUTH_ENVELOPED_DATA :
	    OID_CT_ENVELOPED_DATA, &in, f) ||
	    !der_uint_in(&in, "EnvelopedData version", 0, 4, &version, f) ||
	    !skip_tagged(&in, DER_CONTEXT_C(0), f) ||
	    !decode_recipients(&in, a, &e.recipients, &e.recipient_count, f) ||
	    !decode_encrypted_info(&in, a, &e, f))
		return false;
	if (e.is_auth && (!copy_set(&in, DER_CONTEXT_C(1), a, &e.auth_attrs, f) ||
	    !der_octets(&in, &e.mac, f)))
		return false;
	if (!skip_tagged(&in, e.is_auth ? DER_CONTEXT_C(2) : DER_CONTEXT_C(1), f) ||
	    !der_end(&in, f))
		return false;
	*out = e;
	return true;
}

bool
cms_authenticated_decode(struct view der, struct arena *a,
    struct cms_authenticated *out, struct fault *f)
{
	struct cms_authenticated	m = { 0 };
	struct cms_attrs		attrs;
	struct der			in;
	uint64_t			version;
	bool				has_content, has_attrs;

	*out = m;
	if (!cms_content_open(der, OID_CT_AUTH_DATA, &in, f) ||
	    !der_uint_in(&in, "AuthenticatedData version", 0, 3, &version, f) ||
	    !skip_tagged(&in, DER_CONTEXT_C(0), f) ||
	    !decode_recipients(&in, a, &m.recipients, &m.recipient_count, f) ||
	    !algorithm_decode(&in, &m.mac_alg, f))
		return false;
	m.has_digest_alg = der_peek(&in) == DER_CONTEXT_C(1);
	if (m.has_digest_alg &&
	    !algorithm_decode_tagged(&in, DER_CONTEXT_C(1), &m.digest_alg, f))
		return false;
	if (!cms_encap_decode(&in, &m.content_type, &has_content, &m.content, f) ||
	    !cms_attrs_decode(&in, DER_CONTEXT_C(2), a, &has_attrs,
	    &m.auth_attrs, &attrs, f) ||
	    !der_octets(&in, &m.mac, f) ||
	    !skip_tagged(&in, DER_CONTEXT_C(3), f) || !der_end(&in, f))
		return false;
	if (!has_content || has_attrs != m.has_digest_alg ||
	    (has_attrs && !view_equal(attrs.content_type, m.content_type)))
		return fault_set(f, FAULT_MALFORMED, "RFC 5652, 9.1",
		    "AuthenticatedData whose content, digest algorithm and "
		    "attributes do not go together");
	m.attr_content_type = attrs.content_type;
	m.attr_message_digest = attrs.message_digest;
	*out = m;
	return true;
}

/* PBKDF2-params ::= SEQUENCE { salt, iterationCount, keyLength OPTIONAL, prf } */
bool
pbkdf2_params_decode(struct view tlv, struct pbkdf2_params *out,
    struct fault *f)
{
	struct pbkdf2_params	p = { .prf = OID_HMAC_SHA1 };
	struct algorithm	prf;
	struct der		d, in;

	der_init(&d, tlv);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !der_end(&d, f) ||
	    !der_octets(&in, &p.salt, f) ||
	    !der_uint_in(&in, "PBKDF2 iterations", 1, UINT32_MAX, &p.iterations, f))
		return false;
	if (p.salt.n > SALT_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 8018, A.2",
		    "a salt of %zu octets", p.salt.n);
	if (der_peek(&in) == DER_INTEGER &&
	    !der_uint_in(&in, "PBKDF2 key length", 1, 1024, &p.key_length, f))
		return false;
	if (!der_at_end(&in)) {
		if (!algorithm_decode(&in, &prf, f))
			return false;
		p.prf = prf.oid;
	}
	if (!der_end(&in, f))
		return false;
	*out = p;
	return true;
}

/* GCMParameters ::= SEQUENCE { aes-nonce, aes-ICVlen DEFAULT 12 } */
bool
gcm_params_decode(struct view tlv, struct gcm_params *out, struct fault *f)
{
	struct gcm_params	p = { .tag_octets = 12 };
	struct der		d, in;
	uint64_t		n;

	der_init(&d, tlv);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !der_end(&d, f) ||
	    !der_octets(&in, &p.nonce, f))
		return false;
	if (p.nonce.n == 0 || p.nonce.n > NONCE_OCTETS_MAX)
		return fault_set(f, FAULT_MALFORMED, "RFC 5084, 3.2",
		    "a GCM nonce of %zu octets", p.nonce.n);
	if (!der_at_end(&in)) {
		if (!der_uint_in(&in, "GCM tag length", 12, 16, &n, f))
			return false;
		p.tag_octets = (unsigned)n;
	}
	if (!der_end(&in, f))
		return false;
	*out = p;
	return true;
}
