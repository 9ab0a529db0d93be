/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two PRECIS profiles, by RFC 8264, 8 in the order of its algorithm.
 * Code points that need a rule about their neighbours (CONTEXTJ, CONTEXTO)
 * are refused, except the two sets of Arabic digits, whose rule is simple.
 */
#include "profile/prepare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/text.h"
#include "profile/precis.h"

#define PREPARE_OCTETS_MAX	1024	/* input before mapping; NFC may shrink it */

enum precis_class { IDENTIFIER_CLASS, FREEFORM_CLASS };

struct range {
	ucs4_t	first, last;
};

/* RFC 8264, 9.6: never valid, whatever their category. */
static const struct range exceptions_refused[] = {
	{ 0x0640, 0x0640 }, { 0x07fa, 0x07fa }, { 0x302e, 0x302f },
	{ 0x3031, 0x3035 }, { 0x303b, 0x303b },
	/* CONTEXTO, but for the Arabic digits */
	{ 0x00b7, 0x00b7 }, { 0x0375, 0x0375 }, { 0x05f3, 0x05f4 },
	{ 0x30fb, 0x30fb },
	/* CONTEXTJ */
	{ 0x200c, 0x200d },
	/* RFC 8264, 9.9: old Hangul jamo */
	{ 0x1100, 0x11ff }, { 0xa960, 0xa97c }, { 0xd7b0, 0xd7fb },
};

/* RFC 8264, 9.6: always valid. */
static const struct range exceptions_valid[] = {
	{ 0x00df, 0x00df }, { 0x03c2, 0x03c2 }, { 0x06fd, 0x06fe },
	{ 0x0f0b, 0x0f0b }, { 0x3007, 0x3007 },
};

static bool
in_ranges(ucs4_t c, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}
#define IN(c, table)	in_ranges(c, table, sizeof(table) / sizeof((table)[0]))

/* RFC 8264, 9.17: NFKC of the code point is something else. */
static bool
has_compat(ucs4_t c)
{
	uint32_t	 out[32];
	size_t		 n = sizeof(out) / sizeof(out[0]);
	uint32_t	*r = u32_normalize(UNINORM_NFKC, &c, 1, out, &n);
	bool		 differs = r == NULL || n != 1 || r[0] != c;

	if (r != out)
		free(r);
	return differs;
}

static bool
in_category(ucs4_t c, uint32_t mask)
{
	return uc_is_general_category_withtable(c, mask);
}

/* Why the code point may not stand in a string of the class; NULL if it may. */
static const char *
point_refused(ucs4_t c, enum precis_class class)
{
	if (IN(c, exceptions_valid))
		return NULL;
	if (IN(c, exceptions_refused))
		return "a code point that PRECIS refuses or allows only in context";
	if (in_category(c, UC_CATEGORY_MASK_Cn))
		return "an unassigned code point";
	if (c >= 0x21 && c <= 0x7e)
		return NULL;
	if (uc_is_property_default_ignorable_code_point(c) ||
	    uc_is_property_not_a_character(c))
		return "an invisible code point";
	if (in_category(c, UC_CATEGORY_MASK_Cc))
		return "a control character";
	if (has_compat(c))
		return class == FREEFORM_CLASS ? NULL : "a compatibility character";
	if (in_category(c, UC_CATEGORY_MASK_Lu | UC_CATEGORY_MASK_Ll |
	    UC_CATEGORY_MASK_Lo | UC_CATEGORY_MASK_Nd | UC_CATEGORY_MASK_Lm |
	    UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Mc))
		return NULL;
	if (in_category(c, UC_CATEGORY_MASK_Lt | UC_CATEGORY_MASK_Nl |
	    UC_CATEGORY_MASK_No | UC_CATEGORY_MASK_Me | UC_CATEGORY_MASK_Zs |
	    UC_CATEGORY_MASK_S | UC_CATEGORY_MASK_P))
		return class == FREEFORM_CLASS ? NULL :
		    "a space, symbol or punctuation mark";
	return "a code point outside the class";
}

/* The Arabic digits of both sets may not mix (RFC 8264, 9.6; RFC 5892, A.8, A.9). */
static bool
digits_mixed(const ucs4_t *s, size_t n)
{
	bool	arabic = false, extended = false;

	for (size_t i = 0; i < n; i++) {
		arabic |= s[i] >= 0x0660 && s[i] <= 0x0669;
		extended |= s[i] >= 0x06f0 && s[i] <= 0x06f9;
	}
	return arabic && extended;
}

bool
precis_is_rtl(ucs4_t c)
{
	int	b = uc_bidi_category(c);

	return b == UC_BIDI_R || b == UC_BIDI_AL || b == UC_BIDI_AN;
}

/* A code point that may stand in a right-to-left string (RFC 5893, 2, rule 2). */
static bool
fits_rtl(int b)
{
	return b == UC_BIDI_R || b == UC_BIDI_AL || b == UC_BIDI_AN ||
	    b == UC_BIDI_EN || b == UC_BIDI_ES || b == UC_BIDI_CS ||
	    b == UC_BIDI_ET || b == UC_BIDI_ON || b == UC_BIDI_BN ||
	    b == UC_BIDI_NSM;
}

/* The Bidi Rule, for strings that hold a right-to-left code point. */
static bool
bidi_holds(const ucs4_t *s, size_t n)
{
	bool	rtl = false, european = false, arabic = false;
	int	first, last;

	for (size_t i = 0; i < n; i++)
		rtl |= precis_is_rtl(s[i]);
	if (!rtl)
		return true;
	first = uc_bidi_category(s[0]);
	if (first != UC_BIDI_R && first != UC_BIDI_AL)
		return false;
	for (size_t i = 0; i < n; i++) {
		int	b = uc_bidi_category(s[i]);

		if (!fits_rtl(b))
			return false;
		european |= b == UC_BIDI_EN;
		arabic |= b == UC_BIDI_AN;
	}
	while (n > 1 && uc_bidi_category(s[n - 1]) == UC_BIDI_NSM)
		n--;
	last = uc_bidi_category(s[n - 1]);
	return (last == UC_BIDI_R || last == UC_BIDI_AL || last == UC_BIDI_EN ||
	    last == UC_BIDI_AN) && !(european && arabic);
}

/* RFC 8265, 3.4.2: fullwidth and halfwidth forms become what they stand for. */
static ucs4_t
width_mapped(ucs4_t c)
{
	ucs4_t	to[UC_DECOMPOSITION_MAX_LENGTH];
	int	tag;

	if (c < 0x80 || uc_decomposition(c, &tag, to) != 1 ||
	    (tag != UC_DECOMP_WIDE && tag != UC_DECOMP_NARROW))
		return c;
	return to[0];
}

static ucs4_t
space_mapped(ucs4_t c)
{
	return c >= 0x80 && in_category(c, UC_CATEGORY_MASK_Zs) ? 0x20 : c;
}

static bool
looks_utf16(struct view v)
{
	return v.n >= 2 && ((v.p[0] == 0xff && v.p[1] == 0xfe) ||
	    (v.p[0] == 0xfe && v.p[1] == 0xff));
}

/* One foreign octet between plain text: an accented letter of Latin-1. */
static bool
looks_latin1(struct view v, size_t at)
{
	return v.p[at] >= 0xa0 && (at + 1 == v.n || v.p[at + 1] < 0x80);
}

/* Code points before the octet at, counted from 1. */
static size_t
column_of(struct view v, size_t at)
{
	size_t	column = 1;

	for (size_t i = 0; i < at; i++)
		column += (v.p[i] & 0xc0) != 0x80;
	return column;
}

bool
text_check(const char *what, struct view *text, struct fault *f)
{
	size_t	at;

	if (looks_utf16(*text))
		return fault_set(f, FAULT_MALFORMED, "RFC 3629, 3",
		    "%s begins with a UTF-16 byte order mark: save it as UTF-8",
		    what);
	if (text->n >= 3 && memcmp(text->p, "\xef\xbb\xbf", 3) == 0) {
		text->p += 3;
		text->n -= 3;
	}
	if (utf8_valid(*text, &at))
		return true;
	if (text->p[at] == 0)
		return fault_set(f, FAULT_MALFORMED, "RFC 3629, 3",
		    "%s has a NUL octet at column %zu%s", what,
		    column_of(*text, at),
		    text->n > 3 && (at & 1) ? ": is it UTF-16?" : "");
	if (looks_latin1(*text, at))
		return fault_set(f, FAULT_MALFORMED, "RFC 3629, 3",
		    "%s looks like Latin-1: octet 0x%02X at column %zu is not UTF-8",
		    what, text->p[at], column_of(*text, at));
	return fault_set(f, FAULT_MALFORMED, "RFC 3629, 3",
	    "%s: octet 0x%02X at column %zu is not UTF-8", what, text->p[at],
	    column_of(*text, at));
}

static bool
is_plain(struct view v, uint8_t lowest)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < lowest || v.p[i] > 0x7e)
			return false;
	return v.n > 0;
}

/* A string on its way: code points, wiped when it was a token. */
struct points {
	ucs4_t	p[PREPARE_OCTETS_MAX];
	size_t	n;
};

/* To code points, mapped one by one, then NFC. */
static bool
points_read(const char *what, struct view in, ucs4_t (*map)(ucs4_t),
    struct points *out, struct fault *f)
{
	ucs4_t		 mapped[PREPARE_OCTETS_MAX / 4];
	uint32_t	*r;
	size_t		 n = 0;

	if (!text_check(what, &in, f))
		return false;
	if (in.n > PREPARE_OCTETS_MAX / 4)	/* NFC may triple a few */
		return fault_set(f, FAULT_LIMIT, "", "%s has %zu octets, at most %d are taken",
		    what, in.n, PREPARE_OCTETS_MAX / 4);
	while (in.n > 0) {
		int	used = u8_mbtouc(&mapped[n], in.p, in.n);

		in.p += used;
		in.n -= (size_t)used;
		if (map != NULL)
			mapped[n] = map(mapped[n]);
		n++;
	}
	out->n = PREPARE_OCTETS_MAX;
	r = u32_normalize(UNINORM_NFC, mapped, n, out->p, &out->n);
	secret_wipe(mapped, sizeof(mapped));
	if (r == out->p)
		return true;
	free(r);
	return fault_set(f, FAULT_LIMIT, "", "%s cannot be normalised", what);
}

static bool
points_write(const char *what, const struct points *s, size_t min, size_t max,
    struct buf *out, struct fault *f)
{
	uint8_t	utf8[4 * PREPARE_OCTETS_MAX];
	size_t	n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += (size_t)u8_uctomb(utf8 + n, s->p[i], 4);
	if (n >= min && n <= max)
		buf_add(out, utf8, n);
	secret_wipe(utf8, n);
	if (n < min || n > max)
		return fault_set(f, FAULT_LIMIT, "",
		    "%s has %zu octets, %zu ... %zu are permitted", what, n, min, max);
	return buf_check(out, what, f);
}

/* shown: the code point may be told; of a token only its column is. */
static bool
points_in_class(const char *what, const struct points *s, enum precis_class class,
    bool shown, struct fault *f)
{
	const char	*why;

	for (size_t i = 0; i < s->n; i++) {
		if ((why = point_refused(s->p[i], class)) == NULL)
			continue;
		if (!shown)
			return fault_set(f, FAULT_REFUSED, "RFC 8265, 4.2",
			    "%s holds %s in column %zu", what, why, i + 1);
		return fault_set(f, FAULT_REFUSED, "RFC 8265, 3.4",
		    "%s holds U+%04X, %s, in column %zu", what,
		    (unsigned)s->p[i], why, i + 1);
	}
	if (digits_mixed(s->p, s->n))
		return fault_set(f, FAULT_REFUSED, "RFC 8264, 9.6",
		    "%s mixes two sets of Arabic digits", what);
	return true;
}

/* ASCII needs no mapping: what most ids and tokens are. */
static bool
plain_write(const char *what, struct view in, size_t min, size_t max,
    struct buf *out, struct fault *f)
{
	if (in.n < min || in.n > max)
		return fault_set(f, FAULT_LIMIT, "",
		    "%s has %zu octets, %zu ... %zu are permitted", what, in.n,
		    min, max);
	buf_add_view(out, in);
	return buf_check(out, what, f);
}

bool
prepare_id(struct view in, struct buf *out, struct fault *f)
{
	struct points	s;

	if (is_plain(in, 0x21))
		return plain_write("id", in, 1, AUTHZ_ID_OCTETS_MAX, out, f);
	if (!points_read("id", in, width_mapped, &s, f) ||
	    !points_in_class("id", &s, IDENTIFIER_CLASS, true, f))
		return false;
	if (!bidi_holds(s.p, s.n))
		return fault_set(f, FAULT_REFUSED, "RFC 5893, 2",
		    "id mixes writing directions");
	return points_write("id", &s, 1, AUTHZ_ID_OCTETS_MAX, out, f);
}

bool
prepare_token(struct view in, struct buf *out, struct fault *f)
{
	struct points	s;
	bool		ok;

	if (is_plain(in, 0x20))
		return plain_write("token", in, TOKEN_OCTETS_MIN, TOKEN_OCTETS_MAX,
		    out, f);
	ok = points_read("token", in, space_mapped, &s, f) &&
	    points_in_class("token", &s, FREEFORM_CLASS, false, f) &&
	    points_write("token", &s, TOKEN_OCTETS_MIN, TOKEN_OCTETS_MAX, out, f);
	secret_wipe(&s, sizeof(s));
	return ok;
}

bool
prepare_label(struct view in, struct buf *out, struct fault *f)
{
	struct points	s;

	if (is_plain(in, 0x20))
		return plain_write("label", in, 1, LABEL_OCTETS_MAX, out, f);
	if (!points_read("label", in, NULL, &s, f))
		return false;
	for (size_t i = 0; i < s.n; i++)
		/* a byte order mark within: preparing again would drop it */
		if (s.p[i] == 0xfeff || in_category(s.p[i],
		    UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cn |
		    UC_CATEGORY_MASK_Co | UC_CATEGORY_MASK_Zl |
		    UC_CATEGORY_MASK_Zp))
			return fault_set(f, FAULT_REFUSED, "",
			    "label holds U+%04X, which is not text, in column %zu",
			    (unsigned)s.p[i], i + 1);
	return points_write("label", &s, 1, LABEL_OCTETS_MAX, out, f);
}

bool
prepare_name_key(struct view label, struct buf *out, struct fault *f)
{
	size_t	n = 0;
	uint8_t	*folded = u8_casefold(label.p, label.n, NULL, UNINORM_NFKC, NULL, &n);

	if (folded == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	for (size_t i = 0; i < n; i++)
		if (folded[i] != ' ' || (i > 0 && folded[i - 1] != ' '))
			buf_add_u8(out, folded[i]);
	if (out->n > 0 && out->p[out->n - 1] == ' ')
		out->n--;
	free(folded);
	return buf_check(out, "name", f);
}
