/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "crypt/digest.h"
#include "crypt/ossl.h"

#define HMAC_BLOCK_MAX	128
#define HMAC_PARTS_MAX	16

#define SHA2_ALGORITHM(n) \
	"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" n
#define SHA2_ALGORITHM_NULL(n) \
	"\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" n "\x05\x00"

/* In the order of enum digest_kind. */
static const struct {
	const char	*name;
	size_t		 octets, block;
	struct view	 algorithm, with_null;
} digests[] = {
	{ "none", 0, 0, { NULL, 0 }, { NULL, 0 } },
	{ "SHA-1", SHA1_OCTETS, 64,
	    VIEW_LIT("\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a"),
	    VIEW_LIT("\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00") },
	{ "SHA-256", SHA256_OCTETS, 64,
	    VIEW_LIT(SHA2_ALGORITHM("\x01")), VIEW_LIT(SHA2_ALGORITHM_NULL("\x01")) },
	{ "SHA-384", SHA384_OCTETS, 128,
	    VIEW_LIT(SHA2_ALGORITHM("\x02")), VIEW_LIT(SHA2_ALGORITHM_NULL("\x02")) },
	{ "SHA-512", SHA512_OCTETS, 128,
	    VIEW_LIT(SHA2_ALGORITHM("\x03")), VIEW_LIT(SHA2_ALGORITHM_NULL("\x03")) },
};
#define NDIGESTS	(sizeof(digests) / sizeof(digests[0]))

static const char *const fetch_names[NDIGESTS] = {
	NULL, "SHA1", "SHA2-256", "SHA2-384", "SHA2-512",
};

static pthread_once_t	 once = PTHREAD_ONCE_INIT;
static pthread_key_t	 context_key;
static EVP_MD		*fetched[NDIGESTS];

/* Without a hash nothing can be checked, so nothing may go on. */
static void
die(const char *what)
{
	fprintf(stderr, "pki4ipsec: libcrypto cannot %s\n", what);
	abort();
}

static void
context_drop(void *p)
{
	EVP_MD_CTX_free(p);
}

static void
fetched_drop(void)
{
	for (size_t i = 1; i < NDIGESTS; i++)
		EVP_MD_free(fetched[i]);
}

static void
fetch_all(void)
{
	if (pthread_key_create(&context_key, context_drop) != 0)
		die("keep a hash context");
	for (size_t i = 1; i < NDIGESTS; i++)
		if ((fetched[i] = EVP_MD_fetch(NULL, fetch_names[i], NULL)) == NULL)
			die(digests[i].name);
	OPENSSL_atexit(fetched_drop);
}

const EVP_MD *
ossl_md(enum digest_kind kind)
{
	pthread_once(&once, fetch_all);
	return fetched[kind];
}

static EVP_MD_CTX *
context(void)
{
	EVP_MD_CTX	*c;

	pthread_once(&once, fetch_all);
	c = pthread_getspecific(context_key);
	if (c == NULL) {
		c = EVP_MD_CTX_new();
		if (c == NULL || pthread_setspecific(context_key, c) != 0)
			die("make a hash context");
	}
	return c;
}

size_t
digest_octets(enum digest_kind kind)
{
	return digests[kind].octets;
}

const char *
digest_name(enum digest_kind kind)
{
	return digests[kind].name;
}

void
digest_parts(enum digest_kind kind, const struct view *parts, size_t n, uint8_t *out)
{
	EVP_MD_CTX	*c = context();

	if (kind == DIGEST_NONE || EVP_DigestInit_ex2(c, fetched[kind], NULL) != 1)
		die("start a hash");
	for (size_t i = 0; i < n; i++)
		if (parts[i].n > 0 && EVP_DigestUpdate(c, parts[i].p, parts[i].n) != 1)
			die("hash");
	if (EVP_DigestFinal_ex(c, out, NULL) != 1)
		die("finish a hash");
}

void
digest_of(enum digest_kind kind, struct view v, uint8_t *out)
{
	digest_parts(kind, &v, 1, out);
}

void
sha1(struct view v, uint8_t out[SHA1_OCTETS])
{
	digest_parts(DIGEST_SHA1, &v, 1, out);
}

void
sha256(struct view v, uint8_t out[SHA256_OCTETS])
{
	digest_parts(DIGEST_SHA256, &v, 1, out);
}

void
sha256_two(struct view a, struct view b, uint8_t out[SHA256_OCTETS])
{
	const struct view	parts[] = { a, b };

	digest_parts(DIGEST_SHA256, parts, 2, out);
}

/* RFC 2104: H(key ^ opad || H(key ^ ipad || message)). */
static void
hmac_parts(enum digest_kind kind, struct view key, const struct view *parts, size_t n,
    uint8_t *out)
{
	const size_t	block = digests[kind].block, len = digests[kind].octets;
	uint8_t		pad[HMAC_BLOCK_MAX] = { 0 }, inner[DIGEST_MAX];
	struct view	all[HMAC_PARTS_MAX + 1];

	if (n > HMAC_PARTS_MAX)
		die("take so many parts of one MAC");
	if (key.n > block)
		digest_of(kind, key, pad);
	else if (key.n > 0)
		memcpy(pad, key.p, key.n);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36;
	all[0] = view_of(pad, block);
	for (size_t i = 0; i < n; i++)
		all[i + 1] = parts[i];
	digest_parts(kind, all, n + 1, inner);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	all[1] = view_of(inner, len);
	digest_parts(kind, all, 2, out);
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(inner, sizeof(inner));
}

void
hmac_sha256_parts(struct view key, const struct view *parts, size_t n,
    uint8_t out[SHA256_OCTETS])
{
	hmac_parts(DIGEST_SHA256, key, parts, n, out);
}

void
hmac_sha256(struct view key, struct view message, uint8_t out[SHA256_OCTETS])
{
	hmac_parts(DIGEST_SHA256, key, &message, 1, out);
}

void
hmac_of(enum digest_kind kind, struct view key, struct view message, uint8_t *out)
{
	hmac_parts(kind, key, &message, 1, out);
}

struct view
digest_algorithm(enum digest_kind kind)
{
	return digests[kind].algorithm;
}

enum digest_kind
digest_from_algorithm(struct view algorithm)
{
	for (size_t i = 1; i < NDIGESTS; i++)
		if (view_equal(algorithm, digests[i].algorithm) ||
		    view_equal(algorithm, digests[i].with_null))
			return (enum digest_kind)i;
	return DIGEST_NONE;
}
