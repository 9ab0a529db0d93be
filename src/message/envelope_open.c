/* SPDX-License-Identifier: Apache-2.0 */
/* Opening envelopes: envelope.h. */
#include "codec/ber.h"
#include "codec/cms_env.h"
#include "crypt/aead.h"
#include "crypt/agree.h"
#include "crypt/kdf.h"
#include "message/envelope_key.h"

#define ARENA_MAX	(2 * ENVELOPE_MAX)
#define WRAP_KEY_MAX	32
#define OID_AES192_WRAP	VIEW_LIT(ARC_NIST "\x01\x19")
#define OID_AES192_CBC	VIEW_LIT(ARC_NIST "\x01\x16")
#define OID_AES192_GCM	VIEW_LIT(ARC_NIST "\x01\x1a")

/* How the content may be encrypted. */
static const struct content_kind {
	struct view	 oid;
	size_t		 key_octets;
	bool		 gcm;
} content_kinds[] = {
	{ OID_AES256_GCM, 32, true },
	{ OID_AES192_GCM, 24, true },
	{ OID_AES128_GCM, 16, true },
	{ OID_AES256_CBC, 32, false },
	{ OID_AES192_CBC, 24, false },
	{ OID_AES128_CBC, 16, false },
};

/* ECDH schemes of RFC 5753, 7.1.4; the first is what older programs default to. */
static const struct {
	struct view		 oid;
	enum digest_kind	 digest;
} agreements[] = {
	{ VIEW_LIT("\x2b\x81\x05\x10\x86\x48\x3f\x00\x02"), DIGEST_SHA1 },
	{ VIEW_LIT("\x2b\x81\x04\x01\x0b\x01"), DIGEST_SHA256 },
	{ VIEW_LIT("\x2b\x81\x04\x01\x0b\x02"), DIGEST_SHA384 },
	{ VIEW_LIT("\x2b\x81\x04\x01\x0b\x03"), DIGEST_SHA512 },
};

static const struct {
	struct view	 oid;
	size_t		 key_octets;
} wraps[] = {
	{ OID_AES256_WRAP, 32 }, { OID_AES192_WRAP, 24 }, { OID_AES128_WRAP, 16 },
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* One text for all that can go wrong once keys are involved. */
static bool
fault_closed(struct fault *f)
{
	return fault_set(f, FAULT_SIGNATURE, "", "the envelope cannot be opened");
}

static const struct content_kind *
find_content_kind(const struct cms_enveloped *e)
{
	for (size_t i = 0; i < COUNT(content_kinds); i++)
		if (view_equal(e->content_alg.oid, content_kinds[i].oid) &&
		    content_kinds[i].gcm == e->is_auth)
			return &content_kinds[i];
	return NULL;
}

static enum digest_kind
agreement_digest(struct view oid)
{
	for (size_t i = 0; i < COUNT(agreements); i++)
		if (view_equal(oid, agreements[i].oid))
			return agreements[i].digest;
	return DIGEST_NONE;
}

static size_t
wrap_octets(struct view oid)
{
	for (size_t i = 0; i < COUNT(wraps); i++)
		if (view_equal(oid, wraps[i].oid))
			return wraps[i].key_octets;
	return 0;
}

/* id-ecPublicKey; its parameters, if any, can only repeat our own curve. */
static bool
is_ec_originator(struct view tlv)
{
	struct algorithm	a;

	return algorithm_parse(tlv, &a, NULL) && view_equal(a.oid, OID_EC_PUBLIC_KEY);
}

static bool
open_kari(const struct cms_recipient *r, const struct key *key, struct secret *cek)
{
	enum digest_kind	 digest = agreement_digest(r->key_alg.oid);
	struct algorithm	 wrap;
	struct secret		 z = { NULL, 0 };
	uint8_t			 kek[WRAP_KEY_MAX];
	size_t			 n;
	bool			 ok;

	if (digest == DIGEST_NONE || !is_ec_originator(r->originator_alg) ||
	    !algorithm_parse(r->key_alg.params, &wrap, NULL) ||
	    (n = wrap_octets(wrap.oid)) == 0)
		return false;
	ok = agree_static(key, r->originator_key, &z, NULL) &&
	    envelope_kek(digest, view_of(z.p, z.n), wrap.tlv, r->ukm, kek, n, NULL) &&
	    key_unwrap(view_of(kek, n), r->encrypted_key, cek, NULL);
	secret_wipe(kek, sizeof(kek));
	secret_clear(&z);
	return ok;
}

/* [n] EXPLICIT AlgorithmIdentifier OPTIONAL */
static bool
optional_algorithm(struct der *d, unsigned n, struct algorithm *out, bool *present)
{
	struct der	in;

	return der_open_optional(d, (uint8_t)DER_CONTEXT_C(n), &in, present, NULL) &&
	    (!*present || (algorithm_decode(&in, out, NULL) && der_end(&in, NULL)));
}

/*
 * RSAES-OAEP-params ::= SEQUENCE { [0] hash DEFAULT SHA-1, [1] MGF DEFAULT
 * MGF1 with SHA-1, [2] label DEFAULT empty } (RFC 4055, 4.1).  One hash for
 * both, no label.
 */
static enum digest_kind
oaep_digest(struct view params)
{
	struct algorithm	hash, mgf;
	bool			has_hash, has_mgf;
	enum digest_kind	digest = DIGEST_SHA1, mgf_digest = DIGEST_SHA1;
	struct der		d, seq;

	if (params.n == 0)
		return DIGEST_SHA1;
	der_init(&d, params);
	if (!der_open(&d, DER_SEQUENCE, &seq, NULL) || !der_end(&d, NULL) ||
	    !optional_algorithm(&seq, 0, &hash, &has_hash) ||
	    !optional_algorithm(&seq, 1, &mgf, &has_mgf) || !der_end(&seq, NULL))
		return DIGEST_NONE;
	if (has_hash)
		digest = digest_from_algorithm(hash.tlv);
	if (has_mgf)
		mgf_digest = view_equal(mgf.oid, OID_MGF1) ?
		    digest_from_algorithm(mgf.params) : DIGEST_NONE;
	return digest == mgf_digest ? digest : DIGEST_NONE;
}

static bool
open_ktri(const struct cms_recipient *r, const struct key *key, size_t want,
    struct secret *cek)
{
	enum digest_kind	digest;

	if (view_equal(r->key_alg.oid, OID_RSA))
		return rsa_v15_decrypt(key, r->encrypted_key, want, cek, NULL);
	if (!view_equal(r->key_alg.oid, OID_RSA_OAEP) ||
	    (digest = oaep_digest(r->key_alg.params)) == DIGEST_NONE)
		return false;
	return rsa_oaep_decrypt(key, digest, r->encrypted_key, cek, NULL);
}

static bool
open_content(const struct cms_enveloped *e, const struct content_kind *kind,
    struct view cek, struct secret *out)
{
	struct gcm_params	p;
	struct der		d;
	struct view		iv;

	if (cek.n != kind->key_octets)
		return false;
	if (kind->gcm)
		return gcm_params_decode(e->content_alg.params, &p, NULL) &&
		    e->mac.n == p.tag_octets &&
		    gcm_decrypt(cek, p.nonce, e->auth_attrs, e->encrypted, e->mac, out, NULL);
	der_init(&d, e->content_alg.params);
	return der_octets(&d, &iv, NULL) && der_end(&d, NULL) &&
	    cbc_decrypt(cek, iv, e->encrypted, out, NULL);
}

static const struct cms_recipient *
find_recipient(const struct cms_enveloped *e, const struct cert *cert)
{
	for (size_t i = 0; i < e->recipient_count; i++) {
		const struct cms_recipient	*r = &e->recipients[i];

		if ((r->kind == CMS_RECIPIENT_KTRI || r->kind == CMS_RECIPIENT_KARI) &&
		    cms_sid_names(&r->rid, cert))
			return r;
	}
	return NULL;
}

static bool
open_decoded(const struct cms_enveloped *e, const struct key *key,
    const struct cert *cert, struct view type, struct secret *out, struct fault *f)
{
	const struct content_kind	*kind = find_content_kind(e);
	const struct cms_recipient	*r = find_recipient(e, cert);
	struct secret			 cek = { NULL, 0 };
	bool				 ok;

	if (!view_equal(e->content_type, type))
		return fault_set(f, FAULT_REFUSED, "RFC 5652, 6.1",
		    "the envelope holds something else than what is looked for");
	if (kind == NULL)
		return fault_set(f, FAULT_ALGORITHM, "RFC 5652, 6.1",
		    "cannot use this content encryption");
	if (r == NULL)
		return fault_set(f, FAULT_NOT_FOUND, "RFC 5652, 6.2",
		    "the envelope is for somebody else");
	ok = (r->kind == CMS_RECIPIENT_KARI ? open_kari(r, key, &cek) :
	    open_ktri(r, key, kind->key_octets, &cek)) &&
	    open_content(e, kind, view_of(cek.p, cek.n), out);
	secret_clear(&cek);
	return ok || fault_closed(f);
}

static bool
open_type(struct view bytes, const struct key *key, const struct cert *cert,
    struct view type, struct secret *out, struct fault *f)
{
	struct cms_enveloped	 e;
	struct arena		*a;
	struct buf		 der;
	bool			 ok;

	if (bytes.n > ENVELOPE_MAX)
		return fault_set(f, FAULT_LIMIT, "", "an envelope of %zu octets, %u are taken",
		    bytes.n, ENVELOPE_MAX);
	if ((a = arena_new(ARENA_MAX)) == NULL)
		return arena_fault(f);
	buf_init(&der, ENVELOPE_MAX);
	ok = ber_is_definite(bytes);
	if (!ok) {
		ok = ber_to_der(bytes, &der, f) && buf_check(&der, "envelope", f);
		bytes = buf_view(&der);
	}
	ok = ok && cms_enveloped_decode(bytes, a, &e, f) && open_decoded(&e, key, cert, type, out, f);
	buf_clear(&der);
	arena_free(a);
	return ok;
}

bool
envelope_open(struct view bytes, const struct key *key, const struct cert *cert,
    struct secret *out, struct fault *f)
{
	return open_type(bytes, key, cert, OID_CT_DATA, out, f);
}

bool
envelope_open_signed(struct view bytes, const struct key *key, const struct cert *cert,
    struct secret *out, struct fault *f)
{
	return open_type(bytes, key, cert, OID_CT_SIGNED_DATA, out, f);
}
