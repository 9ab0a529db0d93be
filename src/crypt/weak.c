/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/bn.h>

#include "crypt/ossl.h"
#include "crypt/weak.h"

#define MODULUS_OCTETS_MAX	1024
#define FERMAT_STEPS		32	/* primes that differ in their lower half at most */
#define NEWTON_STEPS		64

/* Keys printed in standards: the octets behind the form octet, their begin. */
static const struct {
	struct view	 head;
	const char	*what;
} printed[] = {
	{ VIEW_LIT("\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"),
	    "the generator of P-256: the private key is 1" },
	{ VIEW_LIT("\x04\xaa\x87\xca\x22\xbe\x8b\x05\x37\x8e\xb1\xc7\x1e\xf3\x20\xad\x74"),
	    "the generator of P-384: the private key is 1" },
	{ VIEW_LIT("\x04\x60\xfe\xd4\xba\x25\x5a\x9d\x31\xc9\x61\xeb\x74\xc6\x35\x6d\x68"),
	    "the P-256 key printed in RFC 6979" },
	{ VIEW_LIT("\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a"),
	    "the Ed25519 key printed in RFC 8032" },
	{ VIEW_LIT("\x3d\x40\x17\xc3\xe8\x43\x89\x5a\x92\xb7\x0a\xa7\x4d\x1b\x7e\xbc"),
	    "the Ed25519 key printed in RFC 8032" },
};

/* Moduli of the broken generator are powers of 65537 modulo these primes. */
static const unsigned primes[] = { 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107,
    109, 127, 151, 157 };

static unsigned
remainder_of(struct view v, unsigned p)
{
	unsigned	r = 0;

	for (size_t i = 0; i < v.n; i++)
		r = (r << 8 | v.p[i]) % p;
	return r;
}

static bool
is_power(unsigned r, unsigned p)
{
	unsigned	x = 1;

	for (unsigned i = 0; i < p; i++) {
		if (x == r)
			return true;
		x = x * (65537 % p) % p;
	}
	return false;
}

static bool
has_roca_print(struct view modulus)
{
	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++)
		if (!is_power(remainder_of(modulus, primes[i]), primes[i]))
			return false;
	return true;
}

/* x = floor(sqrt(n)) by Newton's method from above. */
static bool
square_root(BIGNUM *x, const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM	*y = BN_CTX_get(ctx);
	bool	 ok = y != NULL && BN_set_word(x, 1) &&
		    BN_lshift(x, x, (BN_num_bits(n) + 1) / 2);

	for (int i = 0; ok && i < NEWTON_STEPS; i++) {
		ok = BN_div(y, NULL, n, x, ctx) && BN_add(y, y, x) && BN_rshift1(y, y);
		if (ok && BN_cmp(y, x) >= 0)
			return true;
		ok = ok && BN_copy(x, y) != NULL;
	}
	return false;
}

/* A square leaves few remainders modulo 16 and 9: spares most roots. */
static bool
may_be_square(const BIGNUM *b)
{
	BN_ULONG	r = BN_mod_word(b, 16), q = BN_mod_word(b, 9);

	return (r == 0 || r == 1 || r == 4 || r == 9) && (q == 0 || q == 1 || q == 4 || q == 7);
}

/* Fermat: n = a^2 - b^2 with a near the root. */
static bool
fermat(const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM	*a = BN_CTX_get(ctx), *b = BN_CTX_get(ctx), *r = BN_CTX_get(ctx);

	if (r == NULL || !square_root(a, n, ctx))
		return false;
	for (int i = 0; i < FERMAT_STEPS; i++) {
		if (!BN_sqr(b, a, ctx) || !BN_sub(b, b, n))
			return false;
		if (!BN_is_negative(b)) {
			if (BN_is_zero(b))
				return true;
			if (may_be_square(b) && square_root(r, b, ctx) &&
			    BN_sqr(r, r, ctx) && BN_cmp(r, b) == 0)
				return true;
		}
		if (!BN_add_word(a, 1))
			return false;
	}
	return false;
}

static bool
primes_are_close(struct view modulus)
{
	BN_CTX	*ctx = BN_CTX_new();
	BIGNUM	*n = BN_bin2bn(modulus.p, (int)modulus.n, NULL);
	bool	 close = false;

	if (ctx != NULL && n != NULL) {
		BN_CTX_start(ctx);
		close = fermat(n, ctx);
		BN_CTX_end(ctx);
	}
	BN_free(n);
	BN_CTX_free(ctx);
	ERR_clear_error();
	return close;
}

const char *
weak_key(struct view modulus, struct view key)
{
	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++)
		if (key.n > printed[i].head.n &&
		    memcmp(key.p, printed[i].head.p, printed[i].head.n) == 0)
			return printed[i].what;
	if (modulus.n == 0 || modulus.n > MODULUS_OCTETS_MAX)
		return NULL;
	if (has_roca_print(modulus))
		return "made by the generator of CVE-2017-15361 (ROCA)";
	return primes_are_close(modulus) ? "its two primes lie close together" : NULL;
}
