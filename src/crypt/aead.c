/* SPDX-License-Identifier: Apache-2.0 */
#include "crypt/aead.h"
#include "crypt/ossl.h"

enum mode { MODE_GCM, MODE_CBC, MODE_WRAP };

static const char *
cipher_name(enum mode mode, size_t key_octets)
{
	static const char *const	names[][3] = {
		[MODE_GCM] = { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" },
		[MODE_CBC] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" },
		[MODE_WRAP] = { "AES-128-WRAP", "AES-192-WRAP", "AES-256-WRAP" },
	};

	if (key_octets != 16 && key_octets != 24 && key_octets != 32)
		return NULL;
	return names[mode][key_octets / 8 - 2];
}

static bool
fault_open(struct fault *f)
{
	ERR_clear_error();
	return fault_set(f, FAULT_SIGNATURE, "", "encrypted octets cannot be opened");
}

static bool
fault_seal(struct fault *f)
{
	return ossl_fault(f, FAULT_INTERNAL, "", "could not encrypt");
}

/* A context with cipher, key and nonce set; NULL if one of them is unfit. */
static EVP_CIPHER_CTX *
start(enum mode mode, bool encrypt, struct view key, struct view nonce)
{
	const char	*name = cipher_name(mode, key.n);
	EVP_CIPHER	*cipher = name == NULL ? NULL : EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX	*c = EVP_CIPHER_CTX_new();
	bool		 ok;

	ok = c != NULL && cipher != NULL;
	if (ok && mode == MODE_WRAP)
		EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = ok && EVP_CipherInit_ex2(c, cipher, NULL, NULL, encrypt, NULL) == 1;
	if (ok && mode == MODE_GCM)
		ok = nonce.n == GCM_NONCE_OCTETS;	/* libcrypto's own default */
	if (ok && mode == MODE_CBC)
		ok = nonce.n == AES_BLOCK_OCTETS;
	ok = ok && EVP_CipherInit_ex2(c, NULL, key.p, nonce.p, encrypt, NULL) == 1;
	EVP_CIPHER_free(cipher);
	if (ok)
		return c;
	EVP_CIPHER_CTX_free(c);
	return NULL;
}

/* All of in through the context; out has room for in.n and a block. */
static bool
run(EVP_CIPHER_CTX *c, struct view in, uint8_t *out, size_t *n)
{
	int	first = 0, last = 0;

	if (in.n > INT32_MAX - AES_BLOCK_OCTETS)
		return false;
	if (in.n > 0 && EVP_CipherUpdate(c, out, &first, in.p, (int)in.n) != 1)
		return false;
	if (EVP_CipherFinal_ex(c, out + first, &last) != 1)
		return false;
	*n = (size_t)first + (size_t)last;
	return true;
}

static bool
add_aad(EVP_CIPHER_CTX *c, struct view aad)
{
	int	n = 0;

	return aad.n <= INT32_MAX &&
	    (aad.n == 0 || EVP_CipherUpdate(c, NULL, &n, aad.p, (int)aad.n) == 1);
}

/* Encrypt onto the end of out, which grows by exactly what is written. */
static bool
run_into(EVP_CIPHER_CTX *c, struct view plain, struct buf *out, struct fault *f)
{
	size_t	 n = 0, before = out->n;
	uint8_t	*p = buf_extend(out, plain.n + AES_BLOCK_OCTETS);

	if (p == NULL)
		return buf_check(out, "encrypted octets", f);
	if (!run(c, plain, p, &n))
		return fault_seal(f);
	out->n = before + n;
	return true;
}

/* Decrypt into a secret cut to size. */
static bool
run_secret(EVP_CIPHER_CTX *c, struct view cipher, struct secret *out, struct fault *f)
{
	struct secret	s = { NULL, 0 };
	size_t		n = 0;

	if (!secret_init(&s, cipher.n + AES_BLOCK_OCTETS, f))
		return false;
	if (!run(c, cipher, s.p, &n)) {
		secret_clear(&s);
		return fault_open(f);
	}
	s.n = n;
	*out = s;
	return true;
}

bool
gcm_encrypt(struct view key, struct view nonce, struct view aad, struct view plain,
    struct buf *out, uint8_t tag[GCM_TAG_OCTETS], struct fault *f)
{
	EVP_CIPHER_CTX	*c = start(MODE_GCM, true, key, nonce);
	bool		 ok;

	ok = c != NULL && add_aad(c, aad);
	if (!ok)
		fault_seal(f);
	ok = ok && run_into(c, plain, out, f);
	if (ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_OCTETS, tag) != 1)
		ok = fault_seal(f);
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool
gcm_decrypt(struct view key, struct view nonce, struct view aad, struct view cipher,
    struct view tag, struct secret *out, struct fault *f)
{
	EVP_CIPHER_CTX	*c;
	uint8_t		 copy[GCM_TAG_OCTETS];
	bool		 ok;

	if (tag.n < GCM_TAG_MIN || tag.n > GCM_TAG_OCTETS)
		return fault_open(f);
	memcpy(copy, tag.p, tag.n);
	c = start(MODE_GCM, false, key, nonce);
	ok = c != NULL && add_aad(c, aad) &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, (int)tag.n, copy) == 1;
	if (!ok)
		fault_open(f);
	ok = ok && run_secret(c, cipher, out, f);
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool
aead_seal(const uint8_t key[AES256_KEY_OCTETS], const struct rng *rng, struct view aad,
    struct view plain, struct buf *out, struct fault *f)
{
	uint8_t	nonce[GCM_NONCE_OCTETS], tag[GCM_TAG_OCTETS];

	rng_fill(rng, nonce, sizeof(nonce));
	buf_add(out, nonce, sizeof(nonce));
	if (!gcm_encrypt(view_of(key, AES256_KEY_OCTETS), view_of(nonce, sizeof(nonce)), aad,
	    plain, out, tag, f))
		return false;
	buf_add(out, tag, sizeof(tag));
	return buf_check(out, "sealed octets", f);
}

bool
aead_open(const uint8_t key[AES256_KEY_OCTETS], struct view aad, struct view sealed,
    struct secret *out, struct fault *f)
{
	const uint8_t	*p = sealed.p;

	if (sealed.n < SEAL_OVERHEAD)
		return fault_open(f);
	return gcm_decrypt(view_of(key, AES256_KEY_OCTETS), view_of(p, GCM_NONCE_OCTETS), aad,
	    view_of(p + GCM_NONCE_OCTETS, sealed.n - SEAL_OVERHEAD),
	    view_of(p + sealed.n - GCM_TAG_OCTETS, GCM_TAG_OCTETS), out, f);
}

bool
cbc_encrypt(struct view key, struct view iv, struct view plain, struct buf *out,
    struct fault *f)
{
	EVP_CIPHER_CTX	*c = start(MODE_CBC, true, key, iv);
	bool		 ok;

	ok = c != NULL ? run_into(c, plain, out, f) : fault_seal(f);
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool
cbc_decrypt(struct view key, struct view iv, struct view cipher, struct secret *out,
    struct fault *f)
{
	EVP_CIPHER_CTX	*c = start(MODE_CBC, false, key, iv);
	bool		 ok;

	ok = c != NULL ? run_secret(c, cipher, out, f) : fault_open(f);
	EVP_CIPHER_CTX_free(c);
	return ok;
}

static bool
wrap_octets_ok(size_t n)
{
	return n >= 16 && n <= KEY_WRAP_MAX && n % 8 == 0;
}

bool
key_wrap(struct view kek, struct view plain, struct buf *out, struct fault *f)
{
	EVP_CIPHER_CTX	*c;
	bool		 ok;

	if (!wrap_octets_ok(plain.n))
		return fault_set(f, FAULT_LIMIT, "RFC 3394, 2", "cannot wrap %zu octets",
		    plain.n);
	c = start(MODE_WRAP, true, kek, VIEW_NONE);
	ok = c != NULL ? run_into(c, plain, out, f) : fault_seal(f);
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool
key_unwrap(struct view kek, struct view wrapped, struct secret *out, struct fault *f)
{
	EVP_CIPHER_CTX	*c;
	bool		 ok;

	if (wrapped.n < KEY_WRAP_OVERHEAD || !wrap_octets_ok(wrapped.n - KEY_WRAP_OVERHEAD))
		return fault_open(f);
	c = start(MODE_WRAP, false, kek, VIEW_NONE);
	ok = c != NULL ? run_secret(c, wrapped, out, f) : fault_open(f);
	EVP_CIPHER_CTX_free(c);
	return ok;
}
