/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypt/kinds.h"

/* An EVP_PKEY_CTX that signs digests, kept for the life of the key. */
static bool
prepare_signing(struct key *k, struct fault *f)
{
	enum key_family	family = key_family(k->traits->kind);

	if (family == FAMILY_ED25519)
		return true;
	k->sign = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	if (k->sign == NULL || EVP_PKEY_sign_init(k->sign) != 1)
		goto fail;
	if (family == FAMILY_RSA &&
	    (EVP_PKEY_CTX_set_rsa_padding(k->sign, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(k->sign, ossl_md(k->traits->digest)) != 1))
		goto fail;
	return true;
fail:
	return ossl_fault(f, FAULT_INTERNAL, "", "could not prepare a %s key for signing",
	    k->traits->name);
}

/* The SPKI as we want to see it everywhere: uncompressed, by namedCurve. */
static bool
encode_spki(struct key *k, struct fault *f)
{
	uint8_t	*der = NULL;
	int	 n;

	if (EVP_PKEY_is_a(k->pkey, "EC") &&
	    EVP_PKEY_set_utf8_string_param(k->pkey,
	    OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1)
		return ossl_fault(f, FAULT_ALGORITHM, "", "cannot use this EC key");
	n = i2d_PUBKEY(k->pkey, &der);
	if (n <= 0 || n > SPKI_MAX) {
		OPENSSL_free(der);
		return ossl_fault(f, FAULT_ALGORITHM, "", "cannot use this kind of key");
	}
	memcpy(k->spki, der, (size_t)n);
	k->nspki = (size_t)n;
	OPENSSL_free(der);
	return true;
}

/*
 * A file may hold a private key that does not belong to its public key.  One
 * signature, verified, tells.
 */
static bool
prove_pair(struct key *k, struct pubkey *p, struct fault *f)
{
	const struct view	text = VIEW_LIT("pki4ipsec key check");
	struct buf		sig;
	bool			ok;

	buf_init(&sig, SIGNATURE_MAX);
	ok = key_sign(k, text, &sig, f);
	if (ok && !pubkey_verify(p, k->traits->sigalg, text, buf_view(&sig), NULL))
		ok = fault_set(f, FAULT_REFUSED, "",
		    "private and public half of this key do not belong together");
	buf_clear(&sig);
	return ok;
}

/* Owns pkey from here on, also on failure. */
static struct key *
key_adopt(EVP_PKEY *pkey, struct fault *f)
{
	struct key	*k = calloc(1, sizeof(*k));
	struct pubkey	*p = NULL;

	if (k == NULL) {
		EVP_PKEY_free(pkey);
		fault_set(f, FAULT_INTERNAL, "", "out of memory for a key");
		return NULL;
	}
	k->pkey = pkey;
	k->traits = key_traits(KEY_NONE);
	if (!encode_spki(k, f) || (p = pubkey_from_spki(key_spki(k), f)) == NULL)
		goto fail;
	k->traits = p->traits;
	if (!prepare_signing(k, f) || !prove_pair(k, p, f))
		goto fail;
	pubkey_free(p);
	return k;
fail:
	pubkey_free(p);
	key_free(k);
	return NULL;
}

static EVP_PKEY_CTX *
generator(const struct key_traits *t)
{
	EVP_PKEY_CTX	*c;
	const char	*algorithm = t->kind == KEY_ED25519 ? "ED25519" :
			    t->group != NULL ? "EC" : "RSA";

	c = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
	if (c == NULL || EVP_PKEY_keygen_init(c) != 1 ||
	    (t->group != NULL && EVP_PKEY_CTX_set_group_name(c, t->group) != 1) ||
	    (key_kind_is_rsa(t->kind) &&
	    EVP_PKEY_CTX_set_rsa_keygen_bits(c, (int)t->bits) != 1)) {
		EVP_PKEY_CTX_free(c);
		return NULL;
	}
	return c;
}

struct key *
key_generate(enum key_kind kind, struct fault *f)
{
	const struct key_traits	*t = key_traits(kind);
	EVP_PKEY_CTX		*c;
	EVP_PKEY		*pkey = NULL;

	if (kind == KEY_NONE || kind == KEY_RSA_2048 || kind == KEY_RSA_OTHER) {
		fault_set(f, FAULT_ALGORITHM, "", "cannot generate a key of kind %s", t->name);
		return NULL;
	}
	c = generator(t);
	if (c == NULL || EVP_PKEY_generate(c, &pkey) != 1) {
		ossl_fault(f, FAULT_INTERNAL, "", "could not generate a %s key", t->name);
		EVP_PKEY_CTX_free(c);
		return NULL;
	}
	EVP_PKEY_CTX_free(c);
	return key_adopt(pkey, f);
}

/* No terminal prompt: an encrypted key is refused. */
static int
no_password(char *buf, int size, int writing, void *ctx)
{
	(void)buf, (void)size, (void)writing, (void)ctx;
	return -1;
}

struct key *
key_load_pem(struct view pem, struct fault *f)
{
	EVP_PKEY	*pkey;
	BIO		*b;

	if (pem.n == 0 || pem.n > KEY_PEM_MAX) {
		fault_set(f, FAULT_LIMIT, "", "a key file has 1 to %d octets, not %zu",
		    KEY_PEM_MAX, pem.n);
		return NULL;
	}
	b = BIO_new_mem_buf(pem.p, (int)pem.n);
	pkey = b == NULL ? NULL : PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
	BIO_free(b);
	if (pkey == NULL) {
		ossl_fault(f, FAULT_MALFORMED, "RFC 7468, 10",
		    "could not read an unencrypted private key in PEM");
		return NULL;
	}
	ERR_clear_error();
	return key_adopt(pkey, f);
}

struct key *
key_load_der(struct view der, struct fault *f)
{
	const unsigned char	*p = der.p;
	PKCS8_PRIV_KEY_INFO	*info;
	EVP_PKEY		*pkey = NULL;

	info = der.n > KEY_PEM_MAX ? NULL : d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
	if (info != NULL && p == der.p + der.n)
		pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (pkey == NULL) {
		ossl_fault(f, FAULT_MALFORMED, "RFC 5958, 2", "could not read a private key in DER");
		return NULL;
	}
	ERR_clear_error();
	return key_adopt(pkey, f);
}

struct key *
key_copy(const struct key *k, struct fault *f)
{
	struct key	*c = calloc(1, sizeof(*c));

	if (c == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory for a key");
		return NULL;
	}
	c->traits = k->traits;
	c->nspki = k->nspki;
	memcpy(c->spki, k->spki, k->nspki);
	if ((c->pkey = EVP_PKEY_dup(k->pkey)) == NULL) {
		ossl_fault(f, FAULT_INTERNAL, "", "could not copy a key");
		goto fail;
	}
	if (prepare_signing(c, f))
		return c;
fail:
	key_free(c);
	return NULL;
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_CTX_free(k->sign);
	EVP_PKEY_free(k->pkey);
	free(k);
}

static bool
take_bio(BIO *b, struct secret *out, struct fault *f)
{
	char	*p = NULL;
	long	 n = BIO_get_mem_data(b, &p);

	if (n <= 0)
		return fault_set(f, FAULT_INTERNAL, "", "could not write a private key");
	return secret_copy(out, view_of(p, (size_t)n), f);
}

/* BIO_s_secmem wipes what it frees. */
static bool
write_private(const struct key *k, bool pem, struct secret *out, struct fault *f)
{
	BIO	*b = BIO_new(BIO_s_secmem());
	bool	 ok;

	ok = b != NULL && (pem ?
	    PEM_write_bio_PKCS8PrivateKey(b, k->pkey, NULL, NULL, 0, NULL, NULL) :
	    i2d_PKCS8PrivateKey_bio(b, k->pkey, NULL, NULL, 0, NULL, NULL)) == 1;
	if (!ok)
		ossl_fault(f, FAULT_INTERNAL, "", "could not write a private key");
	else
		ok = take_bio(b, out, f);
	BIO_free(b);
	return ok;
}

bool
key_to_pem(const struct key *k, struct secret *out, struct fault *f)
{
	return write_private(k, true, out, f);
}

bool
key_to_der(const struct key *k, struct secret *out, struct fault *f)
{
	return write_private(k, false, out, f);
}

enum key_kind
key_kind_of(const struct key *k)
{
	return k->traits->kind;
}

struct view
key_spki(const struct key *k)
{
	return view_of(k->spki, k->nspki);
}

struct view
key_sigalg(const struct key *k)
{
	return k->traits->sigalg;
}

enum digest_kind
key_digest(const struct key *k)
{
	return k->traits->digest;
}

static bool
sign_digest(struct key *k, struct view tbs, uint8_t *out, size_t *n)
{
	uint8_t	md[DIGEST_MAX];

	digest_of(k->traits->digest, tbs, md);
	return EVP_PKEY_sign(k->sign, out, n, md, digest_octets(k->traits->digest)) == 1;
}

static bool
sign_whole(struct key *k, struct view tbs, uint8_t *out, size_t *n)
{
	EVP_MD_CTX	*c = EVP_MD_CTX_new();
	bool		 ok;

	ok = c != NULL && EVP_DigestSignInit(c, NULL, NULL, NULL, k->pkey) == 1 &&
	    EVP_DigestSign(c, out, n, tbs.p, tbs.n) == 1;
	EVP_MD_CTX_free(c);
	return ok;
}

bool
key_sign(struct key *k, struct view tbs, struct buf *sig, struct fault *f)
{
	uint8_t	out[SIGNATURE_MAX];
	size_t	n = sizeof(out);

	if (!(k->sign != NULL ? sign_digest : sign_whole)(k, tbs, out, &n))
		return ossl_fault(f, FAULT_INTERNAL, "", "could not sign with a %s key",
		    k->traits->name);
	buf_add(sig, out, n);
	return buf_check(sig, "signature", f);
}
