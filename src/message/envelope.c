/* SPDX-License-Identifier: Apache-2.0 */
/* Making envelopes, and what both directions share: envelope.h. */
#include "codec/cms_env.h"
#include "crypt/agree.h"
#include "crypt/aead.h"
#include "crypt/kdf.h"
#include "message/envelope_key.h"

#define SMALL_MAX	1024	/* an encrypted key, an algorithm, a SharedInfo */

#define WRAP_AES256	"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2d"
/* dhSinglePass-stdDH-sha256kdf with AES-256 key wrap. */
#define KARI_ALGORITHM	VIEW_LIT("\x30\x15\x06\x06\x2b\x81\x04\x01\x0b\x01" WRAP_AES256)
#define EC_ALGORITHM	VIEW_LIT("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02\x01")
/* RSAES-OAEP: SHA-256, MGF1 with SHA-256, empty label. */
#define SHA256_NULL	"\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00"
#define OAEP_ALGORITHM	VIEW_LIT("\x30\x3c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07" \
			"\x30\x2f\xa0\x0f" SHA256_NULL "\xa1\x1c\x30\x1a\x06\x09" \
			"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" SHA256_NULL)

/* One envelope under construction. */
struct sealing {
	uint8_t			 cek[AES256_KEY_OCTETS];
	struct buf		 encrypted_key, content_alg, encrypted;
	uint8_t			 point[EC_POINT_MAX];
	size_t			 npoint;
	uint8_t			 tag[GCM_TAG_OCTETS];
	struct cms_recipient_plan	 recipient;
};

/*
 * ECC-CMS-SharedInfo ::= SEQUENCE { keyInfo AlgorithmIdentifier, entityUInfo
 * [0] EXPLICIT OCTET STRING OPTIONAL, suppPubInfo [2] EXPLICIT OCTET STRING }
 * (RFC 5753, 7.2)
 */
static void
shared_info(struct view wrap, struct view ukm, size_t kek_octets, struct buf *out)
{
	size_t	seq = der_begin(out, DER_SEQUENCE), mark;
	uint8_t	bits[4] = { 0, 0, (uint8_t)(kek_octets * 8 >> 8), (uint8_t)(kek_octets * 8) };

	buf_add_view(out, wrap);
	if (ukm.n > 0) {
		mark = der_begin(out, DER_CONTEXT_C(0));
		der_put_octets(out, ukm);
		der_close(out, mark);
	}
	mark = der_begin(out, DER_CONTEXT_C(2));
	der_put_octets(out, view_of(bits, sizeof(bits)));
	der_close(out, mark);
	der_close(out, seq);
}

bool
envelope_kek(enum digest_kind digest, struct view z, struct view wrap, struct view ukm,
    uint8_t *kek, size_t n, struct fault *f)
{
	struct buf	info;
	bool		ok;

	buf_init(&info, SMALL_MAX);
	shared_info(wrap, ukm, n, &info);
	ok = buf_check(&info, "shared information", f) &&
	    kdf_x963(digest, z, buf_view(&info), kek, n, f);
	buf_clear(&info);
	return ok;
}

static bool
seal_key_ec(struct sealing *s, const struct pubkey *to, struct fault *f)
{
	struct secret	z = { NULL, 0 };
	uint8_t		kek[AES256_KEY_OCTETS];
	bool		ok;

	ok = agree_ephemeral(to, s->point, &s->npoint, &z, f) &&
	    envelope_kek(DIGEST_SHA256, view_of(z.p, z.n), VIEW_LIT(WRAP_AES256), VIEW_NONE,
	    kek, sizeof(kek), f) &&
	    key_wrap(view_of(kek, sizeof(kek)), view_of(s->cek, sizeof(s->cek)),
	    &s->encrypted_key, f);
	s->recipient.kind = CMS_RECIPIENT_KARI;
	s->recipient.key_alg = KARI_ALGORITHM;
	s->recipient.originator_alg = EC_ALGORITHM;
	s->recipient.originator_key = view_of(s->point, s->npoint);
	secret_wipe(kek, sizeof(kek));
	secret_clear(&z);
	return ok;
}

static bool
seal_key_rsa(struct sealing *s, const struct pubkey *to, struct fault *f)
{
	s->recipient.kind = CMS_RECIPIENT_KTRI;
	s->recipient.key_alg = OAEP_ALGORITHM;
	return rsa_oaep_encrypt(to, DIGEST_SHA256, view_of(s->cek, sizeof(s->cek)),
	    &s->encrypted_key, f);
}

static bool
seal_key(struct sealing *s, const struct cert *to, struct fault *f)
{
	struct pubkey	*pub = pubkey_from_spki(to->spki, f);
	enum key_kind	 kind;
	bool		 ok;

	if (pub == NULL)
		return fault_within(f, "recipient");
	kind = pubkey_kind(pub);
	if (key_kind_is_ec(kind))
		ok = seal_key_ec(s, pub, f);
	else if (key_kind_is_rsa(kind))
		ok = seal_key_rsa(s, pub, f);
	else
		ok = fault_set(f, FAULT_ALGORITHM, "RFC 5652, 6.2",
		    "cannot encrypt to a certificate with a %s key", key_kind_name(kind));
	pubkey_free(pub);
	s->recipient.encrypted_key = buf_view(&s->encrypted_key);
	s->recipient.rid = (struct cms_sid){ .kind = CMS_SID_ISSUER_SERIAL,
	    .is = { .issuer = to->issuer, .serial = to->serial } };
	return ok;
}

static bool
seal_content(struct sealing *s, struct view plain, const struct rng *rng, struct fault *f)
{
	uint8_t	nonce[GCM_NONCE_OCTETS];

	rng_fill(rng, nonce, sizeof(nonce));
	gcm_put(&s->content_alg, view_of(nonce, sizeof(nonce)), GCM_TAG_OCTETS);
	return buf_check(&s->content_alg, "algorithm", f) &&
	    gcm_encrypt(view_of(s->cek, sizeof(s->cek)), view_of(nonce, sizeof(nonce)),
	    VIEW_NONE, plain, &s->encrypted, s->tag, f);
}

/* AlgorithmIdentifier { id-aes256-CBC, IV } and what comes of it. */
static bool
seal_content_cbc(struct sealing *s, struct view plain, const struct rng *rng,
    struct fault *f)
{
	uint8_t	iv[AES_BLOCK_OCTETS];
	size_t	mark = der_begin(&s->content_alg, DER_SEQUENCE);

	rng_fill(rng, iv, sizeof(iv));
	der_put(&s->content_alg, DER_OID, OID_AES256_CBC);
	der_put_octets(&s->content_alg, view_of(iv, sizeof(iv)));
	der_close(&s->content_alg, mark);
	return buf_check(&s->content_alg, "algorithm", f) &&
	    cbc_encrypt(view_of(s->cek, sizeof(s->cek)), view_of(iv, sizeof(iv)), plain,
	    &s->encrypted, f);
}

static bool
put_envelope(const struct sealing *s, bool is_auth, struct buf *out, struct fault *f)
{
	const struct cms_enveloped_plan	p = {
		.is_auth = is_auth,
		.recipients = &s->recipient,
		.recipient_count = 1,
		.content_type = is_auth ? OID_CT_DATA : OID_CT_SIGNED_DATA,
		.content_alg = buf_view(&s->content_alg),
		.encrypted = buf_view(&s->encrypted),
		.mac = is_auth ? view_of(s->tag, sizeof(s->tag)) : VIEW_NONE,
	};

	return cms_enveloped_encode(&p, out, f) && buf_check(out, "envelope", f);
}

static bool
seal(struct view plain, const struct cert *to, bool is_auth, const struct rng *rng,
    struct buf *out, struct fault *f)
{
	struct sealing	s = { .npoint = 0 };
	bool		ok;

	buf_init(&s.encrypted_key, SMALL_MAX);
	buf_init(&s.content_alg, SMALL_MAX);
	buf_init(&s.encrypted, ENVELOPE_MAX);
	rng_fill(rng, s.cek, sizeof(s.cek));
	ok = seal_key(&s, to, f) &&
	    (is_auth ? seal_content : seal_content_cbc)(&s, plain, rng, f) &&
	    put_envelope(&s, is_auth, out, f);
	secret_wipe(s.cek, sizeof(s.cek));
	buf_clear(&s.encrypted);
	buf_clear(&s.content_alg);
	buf_clear(&s.encrypted_key);
	return ok;
}

bool
envelope_seal(struct view plain, const struct cert *to, const struct rng *rng,
    struct buf *out, struct fault *f)
{
	return seal(plain, to, true, rng, out, f);
}

bool
envelope_seal_signed(struct view content, const struct cert *to, const struct rng *rng,
    struct buf *out, struct fault *f)
{
	return seal(content, to, false, rng, out, f);
}
