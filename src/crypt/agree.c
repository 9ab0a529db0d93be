/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "crypt/agree.h"
#include "crypt/kinds.h"

#define RSA_OCTETS_MAX	(RSA_BITS_MAX / 8)

static bool
derive(EVP_PKEY *own, EVP_PKEY *peer, struct secret *z, struct fault *f)
{
	EVP_PKEY_CTX	*c = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	struct secret	 s = { NULL, 0 };
	size_t		 n = 0;
	bool		 ok;

	ok = c != NULL && EVP_PKEY_derive_init(c) == 1 &&
	    EVP_PKEY_derive_set_peer(c, peer) == 1 &&
	    EVP_PKEY_derive(c, NULL, &n) == 1;
	if (!ok)
		ossl_fault(f, FAULT_INTERNAL, "", "could not agree on a secret");
	ok = ok && secret_init(&s, n, f);
	if (ok && EVP_PKEY_derive(c, s.p, &n) != 1)
		ok = ossl_fault(f, FAULT_INTERNAL, "", "could not agree on a secret");
	EVP_PKEY_CTX_free(c);
	if (!ok) {
		secret_clear(&s);
		return false;
	}
	s.n = n;
	*z = s;
	return true;
}

bool
agree_ephemeral(const struct pubkey *to, uint8_t point[EC_POINT_MAX], size_t *point_n,
    struct secret *z, struct fault *f)
{
	struct key	*own;
	struct view	 spki;
	size_t		 prefix = to->traits->spki_prefix.n;
	bool		 ok;

	if (!key_kind_is_ec(to->traits->kind))
		return fault_set(f, FAULT_ALGORITHM, "RFC 5753, 3.1",
		    "cannot agree on a secret with a %s key", to->traits->name);
	if ((own = key_generate(to->traits->kind, f)) == NULL)
		return false;
	spki = key_spki(own);
	*point_n = spki.n - prefix;
	memcpy(point, spki.p + prefix, *point_n);
	ok = derive(own->pkey, to->pkey, z, f);
	key_free(own);
	return ok;
}

bool
agree_static(const struct key *k, struct view point, struct secret *z, struct fault *f)
{
	struct view	 prefix = k->traits->spki_prefix;
	uint8_t		 spki[SPKI_MAX];
	struct pubkey	*peer;
	bool		 ok;

	if (point.n == 0 || point.n > EC_POINT_MAX)
		return fault_set(f, FAULT_MALFORMED, "RFC 5480, 2.2",
		    "an EC point of %zu octets", point.n);
	if (!key_kind_is_ec(k->traits->kind))
		return fault_set(f, FAULT_ALGORITHM, "RFC 5753, 3.1",
		    "cannot agree on a secret with a %s key", k->traits->name);
	memcpy(spki, prefix.p, prefix.n);
	memcpy(spki + prefix.n, point.p, point.n);
	if ((peer = pubkey_from_spki(view_of(spki, prefix.n + point.n), f)) == NULL)
		return false;
	ok = derive(k->pkey, peer->pkey, z, f);
	pubkey_free(peer);
	return ok;
}

static bool
set_oaep(EVP_PKEY_CTX *c, enum digest_kind digest)
{
	const EVP_MD	*md = ossl_md(digest);

	return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(c, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(c, md) == 1;
}

bool
rsa_oaep_encrypt(const struct pubkey *to, enum digest_kind digest, struct view plain,
    struct buf *out, struct fault *f)
{
	uint8_t		 enc[RSA_OCTETS_MAX];
	size_t		 n = sizeof(enc);
	EVP_PKEY_CTX	*c;
	bool		 ok;

	if (!key_kind_is_rsa(to->traits->kind))
		return fault_set(f, FAULT_ALGORITHM, "RFC 3560, 3",
		    "cannot encrypt to a %s key with RSA", to->traits->name);
	c = EVP_PKEY_CTX_new_from_pkey(NULL, to->pkey, NULL);
	ok = c != NULL && EVP_PKEY_encrypt_init(c) == 1 && set_oaep(c, digest) &&
	    EVP_PKEY_encrypt(c, enc, &n, plain.p, plain.n) == 1;
	EVP_PKEY_CTX_free(c);
	if (!ok)
		return ossl_fault(f, FAULT_INTERNAL, "", "could not encrypt with RSA");
	buf_add(out, enc, n);
	return buf_check(out, "encrypted octets", f);
}

bool
rsa_oaep_decrypt(const struct key *k, enum digest_kind digest, struct view cipher,
    struct secret *out, struct fault *f)
{
	uint8_t		 dec[RSA_OCTETS_MAX];
	size_t		 n = sizeof(dec);
	EVP_PKEY_CTX	*c = NULL;
	bool		 ok;

	ok = key_kind_is_rsa(k->traits->kind) &&
	    (c = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL)) != NULL &&
	    EVP_PKEY_decrypt_init(c) == 1 && set_oaep(c, digest) &&
	    EVP_PKEY_decrypt(c, dec, &n, cipher.p, cipher.n) == 1;
	EVP_PKEY_CTX_free(c);
	ERR_clear_error();
	if (!ok)
		return fault_set(f, FAULT_SIGNATURE, "", "encrypted octets cannot be opened");
	ok = secret_copy(out, view_of(dec, n), f);
	OPENSSL_cleanse(dec, sizeof(dec));
	return ok;
}

bool
rsa_v15_decrypt(const struct key *k, struct view cipher, size_t want, struct secret *out,
    struct fault *f)
{
	uint8_t		 dec[RSA_OCTETS_MAX] = { 0 }, mask;
	size_t		 n = sizeof(dec);
	EVP_PKEY_CTX	*c = NULL;
	bool		 ok;

	if (want > sizeof(dec))
		return fault_set(f, FAULT_LIMIT, "RFC 8017, 7.2", "a key of %zu octets", want);
	if (!secret_init(out, want, f))
		return false;
	if (RAND_bytes(out->p, (int)want) != 1) {
		secret_clear(out);
		return ossl_fault(f, FAULT_INTERNAL, "", "could not get random octets");
	}
	ok = key_kind_is_rsa(k->traits->kind) &&
	    (c = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL)) != NULL &&
	    EVP_PKEY_decrypt_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_decrypt(c, dec, &n, cipher.p, cipher.n) == 1;
	mask = (uint8_t)-(ok & (n == want));	/* no branch on what was inside */
	for (size_t i = 0; i < want; i++)
		out->p[i] = (uint8_t)((dec[i] & mask) | (out->p[i] & ~mask));
	EVP_PKEY_CTX_free(c);
	ERR_clear_error();
	OPENSSL_cleanse(dec, sizeof(dec));
	return true;
}
