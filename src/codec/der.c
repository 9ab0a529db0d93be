/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/text.h"
#include "codec/der.h"
#include "codec/oid.h"

#define RULE		"X.690"
#define LENGTH_OCTETS_MAX	4	/* values up to 4 GiB; messages are far smaller */

static size_t
offset_of(const struct der *d)
{
	return d->p == NULL ? 0 : (size_t)(d->p - d->start);
}

static void
complain(const struct der *d, struct fault *f, const char *what)
{
	fault_set(f, FAULT_MALFORMED, RULE, "%s at offset %zu", what,
	    offset_of(d));
}
#define bad(d, f, what)		(complain(d, f, what), false)

static void
complain_tag(const struct der *d, uint8_t want, struct fault *f)
{
	if (d->n == 0)
		fault_set(f, FAULT_MALFORMED, RULE,
		    "expected tag %02x at offset %zu, found the end", want,
		    offset_of(d));
	else
		fault_set(f, FAULT_MALFORMED, RULE,
		    "expected tag %02x at offset %zu, found %02x", want,
		    offset_of(d), d->p[0]);
}
#define bad_tag(d, want, f)	(complain_tag(d, want, f), false)

/*
 * Octets of identifier and length of the value at d, and of its content.
 * Tags of 31 and above, indefinite and padded lengths, and lengths past the
 * end are refused.
 */
static bool
header(const struct der *d, size_t *head, size_t *content, struct fault *f)
{
	size_t	len, octets, i;

	if (d->n < 2)
		return bad(d, f, "a value is cut off");
	if ((d->p[0] & 0x1f) == 0x1f)
		return bad(d, f, "a tag number above 30");
	len = d->p[1];
	*head = 2;
	if (len >= 0x80) {
		octets = len & 0x7f;
		if (octets == 0)
			return bad(d, f, "an indefinite length");
		if (octets > LENGTH_OCTETS_MAX)
			return bad(d, f, "a length beyond all limits");
		if (d->n - 2 < octets)
			return bad(d, f, "a length is cut off");
		for (len = 0, i = 0; i < octets; i++)
			len = len << 8 | d->p[2 + i];
		if (d->p[2] == 0 || len < 0x80)
			return bad(d, f, "a length that is not minimal");
		*head += octets;
	}
	if (len > d->n - *head)
		return bad(d, f, "a length past the end");
	*content = len;
	return true;
}

static void
skip(struct der *d, size_t n)
{
	d->p += n;
	d->n -= n;
}

void
der_init(struct der *d, struct view v)
{
	static const uint8_t	nothing[1];

	d->p = d->start = v.p == NULL ? nothing : v.p;
	d->n = v.n;
}

uint8_t
der_peek(const struct der *d)
{
	return d->n == 0 ? 0 : d->p[0];
}

bool
der_at_end(const struct der *d)
{
	return d->n == 0;
}

bool
der_get(struct der *d, uint8_t tag, struct view *content, struct fault *f)
{
	size_t	head, len;

	if (der_peek(d) != tag || d->n == 0)
		return bad_tag(d, tag, f);
	if (!header(d, &head, &len, f))
		return false;
	*content = view_of(d->p + head, len);
	skip(d, head + len);
	return true;
}

bool
der_get_any(struct der *d, struct view *tlv, struct fault *f)
{
	size_t	head, len;

	if (!header(d, &head, &len, f))
		return false;
	if (d->p[0] == 0x00)
		return bad(d, f, "an end-of-contents");
	*tlv = view_of(d->p, head + len);
	skip(d, head + len);
	return true;
}

bool
der_get_tlv(struct der *d, uint8_t tag, struct view *tlv, struct fault *f)
{
	if (der_peek(d) != tag || d->n == 0)
		return bad_tag(d, tag, f);
	return der_get_any(d, tlv, f);
}

bool
der_open(struct der *d, uint8_t tag, struct der *inner, struct fault *f)
{
	struct view	content;
	const uint8_t	*start = d->start;

	if (!der_get(d, tag, &content, f))
		return false;
	inner->p = content.p;
	inner->n = content.n;
	inner->start = start;
	return true;
}

bool
der_open_optional(struct der *d, uint8_t tag, struct der *inner, bool *present,
    struct fault *f)
{
	*present = d->n > 0 && d->p[0] == tag;
	return !*present || der_open(d, tag, inner, f);
}

bool
der_end(const struct der *d, struct fault *f)
{
	return d->n == 0 || bad(d, f, "unexpected octets");
}

bool
der_bool(struct der *d, bool *out, struct fault *f)
{
	struct der	at = *d;
	struct view	v;

	if (!der_get(d, DER_BOOLEAN, &v, f))
		return false;
	if (v.n != 1 || (v.p[0] != 0x00 && v.p[0] != 0xff))
		return bad(&at, f, "a BOOLEAN that is neither 00 nor ff");
	*out = v.p[0] != 0;
	return true;
}

/* The shortest two's complement: no first octet that says nothing. */
static bool
is_minimal(struct view v)
{
	if (v.n == 0)
		return false;
	return v.n == 1 || !((v.p[0] == 0x00 && v.p[1] < 0x80) ||
	    (v.p[0] == 0xff && v.p[1] >= 0x80));
}

static bool
small_number(const struct der *at, struct view v, uint64_t *out,
    struct fault *f)
{
	uint64_t	x = 0;
	size_t		i;

	if (!is_minimal(v))
		return bad(at, f, "an INTEGER that is not minimal");
	if (v.p[0] >= 0x80)
		return bad(at, f, "a negative INTEGER");
	if (v.n > 9 || (v.n == 9 && v.p[0] != 0))
		return bad(at, f, "an INTEGER above 2^64-1");
	for (i = 0; i < v.n; i++)
		x = x << 8 | v.p[i];
	*out = x;
	return true;
}

bool
der_uint(struct der *d, uint64_t *out, struct fault *f)
{
	struct der	at = *d;
	struct view	v;

	return der_get(d, DER_INTEGER, &v, f) && small_number(&at, v, out, f);
}

bool
der_uint_in(struct der *d, const char *what, uint64_t min, uint64_t max,
    uint64_t *out, struct fault *f)
{
	uint64_t	x;

	if (!der_uint(d, &x, f))
		return fault_within(f, "%s", what);
	if (x < min || x > max)
		return fault_set(f, FAULT_MALFORMED, "",
		    "%s %" PRIu64 " is not between %" PRIu64 " and %" PRIu64,
		    what, x, min, max);
	*out = x;
	return true;
}

bool
der_integer(struct der *d, struct view *content, struct fault *f)
{
	struct der	at = *d;

	if (!der_get(d, DER_INTEGER, content, f))
		return false;
	return is_minimal(*content) ||
	    bad(&at, f, "an INTEGER that is not minimal");
}

bool
der_enum(struct der *d, uint64_t max, uint64_t *out, struct fault *f)
{
	struct der	at = *d;
	struct view	v;
	uint64_t	x;

	if (!der_get(d, DER_ENUMERATED, &v, f) || !small_number(&at, v, &x, f))
		return false;
	if (x > max)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "ENUMERATED %" PRIu64 " at offset %zu is above %" PRIu64, x,
		    offset_of(&at), max);
	*out = x;
	return true;
}

bool
der_null(struct der *d, struct fault *f)
{
	struct der	at = *d;
	struct view	v;

	if (!der_get(d, DER_NULL, &v, f))
		return false;
	return v.n == 0 || bad(&at, f, "a NULL with content");
}

bool
der_oid(struct der *d, struct view *oid, struct fault *f)
{
	struct der	at = *d;

	if (!der_get(d, DER_OID, oid, f))
		return false;
	return oid_is_valid(*oid) ||
	    bad(&at, f, "an OBJECT IDENTIFIER that is not well formed");
}

bool
der_octets(struct der *d, struct view *out, struct fault *f)
{
	return der_get(d, DER_OCTET_STRING, out, f);
}

bool
der_bits(struct der *d, struct view *out, struct fault *f)
{
	struct der	at = *d;
	struct view	v;

	if (!der_get(d, DER_BIT_STRING, &v, f))
		return false;
	if (v.n == 0 || v.p[0] != 0)
		return bad(&at, f, "a BIT STRING with unused bits");
	*out = view_of(v.p + 1, v.n - 1);
	return true;
}

bool
der_utf8(struct der *d, size_t min, size_t max, struct view *out,
    struct fault *f)
{
	struct der	at = *d;
	size_t		bad_at;

	if (!der_get(d, DER_UTF8_STRING, out, f))
		return false;
	if (out->n < min || out->n > max)
		return fault_set(f, FAULT_MALFORMED, "",
		    "UTF8String of %zu octets at offset %zu is not between "
		    "%zu and %zu", out->n, offset_of(&at), min, max);
	return utf8_valid(*out, &bad_at) ||
	    bad(&at, f, "a UTF8String that is not UTF-8");
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
static int64_t
days_before(int64_t year, unsigned month, unsigned day)
{
	int64_t		era, y = month <= 2 ? year - 1 : year;
	unsigned	of_year, of_era_year;

	era = (y >= 0 ? y : y - 399) / 400;
	of_era_year = (unsigned)(y - era * 400);
	of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + of_era_year * 365 + of_era_year / 4 -
	    of_era_year / 100 + of_year - 719468;
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
	static const uint8_t	days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
	    31, 30, 31 };
	bool	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* MMDDHHMMSSZ after the year; p has 11 octets. */
static bool
calendar(unsigned year, const uint8_t *p, int64_t *out)
{
	unsigned	v[5], i;

	for (i = 0; i < 5; i++)
		v[i] = (unsigned)(p[2 * i] - '0') * 10 + (unsigned)(p[2 * i + 1] - '0');
	if (v[0] < 1 || v[0] > 12 || v[1] < 1 || v[1] > days_in_month(year, v[0]) ||
	    v[2] > 23 || v[3] > 59 || v[4] > 59)
		return false;
	*out = days_before(year, v[0], v[1]) * 86400 + v[2] * 3600 + v[3] * 60 +
	    v[4];
	return true;
}

static bool
all_digits(const uint8_t *p, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

static unsigned
two(const uint8_t *p)
{
	return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

bool
der_generalized_content(struct view c, int64_t *unix_seconds, struct fault *f)
{
	if (c.n != 15 || c.p[14] != 'Z' || !all_digits(c.p, 14) ||
	    !calendar(two(c.p) * 100 + two(c.p + 2), c.p + 4, unix_seconds))
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.1.2.5.2",
		    "GeneralizedTime is not YYYYMMDDHHMMSSZ");
	return true;
}

static bool
utc_content(struct view c, int64_t *unix_seconds, struct fault *f)
{
	unsigned	year;

	if (c.n != 13 || c.p[12] != 'Z' || !all_digits(c.p, 12))
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.1.2.5.1",
		    "UTCTime is not YYMMDDHHMMSSZ");
	year = two(c.p);
	if (!calendar(year < 50 ? 2000 + year : 1900 + year, c.p + 2,
	    unix_seconds))
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.1.2.5.1",
		    "UTCTime is not a date");
	return true;
}

bool
der_time(struct der *d, int64_t *unix_seconds, struct fault *f)
{
	struct view	v;

	if (der_peek(d) == DER_GENERALIZED_TIME)
		return der_get(d, DER_GENERALIZED_TIME, &v, f) &&
		    der_generalized_content(v, unix_seconds, f);
	return der_get(d, DER_UTC_TIME, &v, f) &&
	    utc_content(v, unix_seconds, f);
}

/* What the content of a primitive value must look like, as far as its tag says. */
static bool
check_primitive(struct der *d, uint8_t tag, struct fault *f)
{
	struct view	v;
	bool		b;

	switch (tag) {
	case DER_BOOLEAN:
		return der_bool(d, &b, f);
	case DER_NULL:
		return der_null(d, f);
	case DER_OID:
		return der_oid(d, &v, f);
	case DER_INTEGER:
		return der_integer(d, &v, f);
	case DER_SEQUENCE & ~0x20:
	case DER_SET & ~0x20:
		return bad(d, f, "a SEQUENCE or SET that is primitive");
	default:
		return der_get_any(d, &v, f);
	}
}

static bool
check_level(struct der *d, unsigned depth, bool sorted, struct fault *f)
{
	struct view	tlv, last = VIEW_NONE;
	struct der	at, in;
	uint8_t		tag;

	for (; !der_at_end(d); last = tlv) {
		at = *d;
		tag = der_peek(d);
		if (!der_get_any(d, &tlv, f))
			return false;
		if (sorted && last.n > 0 && view_compare(last, tlv) > 0)
			return bad(&at, f, "a SET OF that is not sorted");
		in = at;
		if (!(tag & 0x20)) {
			if (!check_primitive(&in, tag, f))
				return false;
			continue;
		}
		if ((tag & 0xc0) == 0 && tag != DER_SEQUENCE && tag != DER_SET)
			return bad(&at, f, "a string in segments");
		if (depth == 0)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "values nested too deep at offset %zu", offset_of(&at));
		if (!der_open(&at, tag, &in, f) ||
		    !check_level(&in, depth - 1, tag == DER_SET, f))
			return false;
	}
	return true;
}

bool
der_check(struct view v, unsigned depth, struct fault *f)
{
	struct view	whole;
	struct der	d;

	der_init(&d, v);
	if (!der_get_any(&d, &whole, f) || !der_end(&d, f))
		return false;
	der_init(&d, v);
	return check_level(&d, depth, false, f);
}
