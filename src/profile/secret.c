/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alphabets, entropy and drawing of ids and tokens.
 */
#include "profile/prepare.h"

#include <math.h>
#include <unictype.h>
#include <unistr.h>

#include "profile/precis.h"

/* An alphabet taken apart. */
struct alphabet {
	ucs4_t	p[ALPHABET_POINTS_MAX];
	size_t	n;
};

static void
format_default(struct secret_format *out, uint32_t length, uint32_t group)
{
	*out = (struct secret_format){ .length = length, .group = group };
	memcpy(out->alphabet, SECRET_ALPHABET, sizeof(SECRET_ALPHABET));
}

void
secret_format_id(struct secret_format *out)
{
	format_default(out, SECRET_ID_LENGTH, 0);
}

void
secret_format_token(struct secret_format *out)
{
	format_default(out, SECRET_TOKEN_LENGTH, SECRET_GROUP);
}

static bool
holds_point(const struct alphabet *a, ucs4_t c)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->p[i] == c)
			return true;
	return false;
}

/* False when a code point comes twice, there are too many, or it is not UTF-8. */
static bool
alphabet_read(const char *text, struct alphabet *out)
{
	struct view	in = view_str(text);

	out->n = 0;
	while (in.n > 0) {
		ucs4_t	c;
		int	used = u8_mbtoucr(&c, in.p, in.n);

		if (used <= 0 || out->n == ALPHABET_POINTS_MAX || holds_point(out, c))
			return false;
		out->p[out->n++] = c;
		in.p += used;
		in.n -= (size_t)used;
	}
	return true;
}

/* Sixteen times the code point prepared is the same sixteen. */
static bool
point_stable(ucs4_t c, bool token)
{
	uint8_t		utf8[16 * 4];
	size_t		n = 0;
	struct buf	b;
	bool		ok;

	buf_init(&b, TOKEN_OCTETS_MAX);
	for (int i = 0; i < 16; i++)
		n += (size_t)u8_uctomb(utf8 + n, c, 4);
	ok = token ? prepare_token(view_of(utf8, n), &b, NULL) :
	    prepare_id(view_of(utf8, n), &b, NULL);
	ok = ok && view_equal(buf_view(&b), view_of(utf8, n));
	buf_clear(&b);
	return ok;
}

static bool
point_usable(const char *what, ucs4_t c, bool token, struct fault *f)
{
	const char	*why = NULL;

	if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M))
		why = "a combining mark";
	else if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Z |
	    UC_CATEGORY_MASK_C))
		why = "a space or control character";
	else if (token && c == '-')
		why = "the hyphen that separates groups";
	else if (!point_stable(c, token))
		why = "changed or refused by string preparation";
	if (why == NULL)
		return true;
	return fault_set(f, FAULT_REFUSED, "RFC 8265, 3.4 and 4.2",
	    "%s alphabet holds U+%04X, %s", what, (unsigned)c, why);
}

/* A string drawn from it must keep to the Bidi Rule whatever comes first. */
static bool
one_direction(const struct alphabet *a)
{
	size_t	rtl = 0;

	for (size_t i = 0; i < a->n; i++) {
		int	b = uc_bidi_category(a->p[i]);

		rtl += b == UC_BIDI_R || b == UC_BIDI_AL;
		if (b == UC_BIDI_AN)
			return false;
	}
	return rtl == 0 || rtl == a->n;
}

static bool
octets_fit(const char *what, const struct secret_format *sf, size_t min, size_t max,
    struct fault *f)
{
	struct view	in = view_str(sf->alphabet);
	size_t		widest = 1, narrowest = 4, prefix = strlen(sf->prefix);

	while (in.n > 0) {
		int	used = u8_mblen(in.p, in.n);

		if (used <= 0)
			break;
		widest = (size_t)used > widest ? (size_t)used : widest;
		narrowest = (size_t)used < narrowest ? (size_t)used : narrowest;
		in.p += used;
		in.n -= (size_t)used;
	}
	if (sf->length > max || prefix + sf->length * narrowest < min ||
	    prefix + sf->length * widest > max)
		return fault_set(f, FAULT_REFUSED, "",
		    "%s of %u code points does not fit %zu ... %zu octets", what,
		    sf->length, min, max);
	return true;
}

static bool
format_check(const char *what, const struct secret_format *sf, bool token,
    struct fault *f)
{
	struct alphabet	a;
	struct buf	b;
	bool		ok = true;

	if (!alphabet_read(sf->alphabet, &a) || a.n < 2)
		return fault_set(f, FAULT_REFUSED, "",
		    "%s alphabet is not 2 ... %d different code points", what,
		    ALPHABET_POINTS_MAX);
	for (size_t i = 0; i < a.n; i++)
		if (!point_usable(what, a.p[i], token, f))
			return false;
	if (!token && !one_direction(&a))
		return fault_set(f, FAULT_REFUSED, "RFC 5893, 2",
		    "%s alphabet mixes writing directions", what);
	if (sf->prefix[0] != '\0') {
		buf_init(&b, TOKEN_OCTETS_MAX);
		ok = prepare_id(view_str(sf->prefix), &b, f) &&
		    view_equal(buf_view(&b), view_str(sf->prefix));
		buf_clear(&b);
		if (!ok || (token && strchr(sf->prefix, '-') != NULL))
			return fault_set(f, FAULT_REFUSED, "",
			    "%s prefix \"%s\" does not prepare to itself", what,
			    sf->prefix);
	}
	return true;
}

bool
secret_format_check_id(const struct secret_format *sf, struct fault *f)
{
	return format_check("id", sf, false, f) &&
	    octets_fit("id", sf, 1, AUTHZ_ID_OCTETS_MAX, f);
}

bool
secret_format_check_token(const struct secret_format *sf, struct fault *f)
{
	uint32_t	bits;

	if (!format_check("token", sf, true, f) ||
	    !octets_fit("token", sf, TOKEN_OCTETS_MIN, TOKEN_OCTETS_MAX, f))
		return false;
	if ((bits = secret_format_entropy(sf)) < TOKEN_ENTROPY_BITS_MIN)
		return fault_set(f, FAULT_REFUSED, "",
		    "token of %u code points has %u bits of entropy, at least %d are asked",
		    sf->length, bits, TOKEN_ENTROPY_BITS_MIN);
	return true;
}

uint32_t
secret_format_entropy(const struct secret_format *sf)
{
	struct alphabet	a;

	if (!alphabet_read(sf->alphabet, &a) || a.n < 2)
		return 0;
	return (uint32_t)((double)sf->length * log2((double)a.n) + 1e-9);
}

/* Random octets, fetched some at a time. */
struct pool {
	const struct rng	*rng;
	uint8_t			 octets[64];
	size_t			 left;
};

static uint8_t
pool_octet(struct pool *p)
{
	if (p->left == 0) {
		rng_fill(p->rng, p->octets, sizeof(p->octets));
		p->left = sizeof(p->octets);
	}
	return p->octets[--p->left];
}

/* 0 ... n-1 (n up to 256) without bias. */
static size_t
draw(struct pool *p, size_t n)
{
	size_t	limit = 256 - 256 % n, octet;

	do
		octet = pool_octet(p);
	while (octet >= limit);
	return octet % n;
}

bool
secret_generate(const struct secret_format *sf, const struct rng *rng,
    struct buf *out, struct fault *f)
{
	struct pool	pool = { .rng = rng };
	struct alphabet	a;
	uint8_t		utf8[4];

	if (!alphabet_read(sf->alphabet, &a) || a.n < 2 ||
	    sf->length > TOKEN_OCTETS_MAX)
		return fault_set(f, FAULT_INTERNAL, "", "secret format was not checked");
	buf_add_str(out, sf->prefix);
	for (uint32_t i = 0; i < sf->length; i++) {
		int	n = u8_uctomb(utf8, a.p[draw(&pool, a.n)], 4);

		buf_add(out, utf8, (size_t)n);
	}
	secret_wipe(utf8, sizeof(utf8));
	secret_wipe(&pool, sizeof(pool));
	return buf_check(out, "secret", f);
}

void
token_display(struct view token, uint32_t group, struct buf *out)
{
	uint32_t	column = 0;

	for (size_t i = 0; i < token.n; i++) {
		if ((token.p[i] & 0xc0) != 0x80) {
			if (group > 0 && column > 0 && column % group == 0)
				buf_add_u8(out, '-');
			column++;
		}
		buf_add_u8(out, token.p[i]);
	}
}

bool
token_normalise(struct view text, struct buf *out, struct fault *f)
{
	uint8_t	bare[2 * TOKEN_OCTETS_MAX];
	size_t	n = 0;
	bool	ok;

	if (text.n > sizeof(bare))
		return fault_set(f, FAULT_LIMIT, "",
		    "token has %zu octets, at most %d are permitted", text.n,
		    TOKEN_OCTETS_MAX);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '-')
			bare[n++] = text.p[i];
	ok = prepare_token(view_of(bare, n), out, f);
	secret_wipe(bare, sizeof(bare));
	return ok;
}
