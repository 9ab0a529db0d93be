/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "codec/der.h"

#define SET_OF_MAX	64

/* Identifier and length; at most 6 octets. */
static size_t
put_header(uint8_t *p, uint8_t tag, size_t n)
{
	size_t	octets = 0, i, v;

	p[0] = tag;
	if (n < 0x80) {
		p[1] = (uint8_t)n;
		return 2;
	}
	for (v = n; v > 0; v >>= 8)
		octets++;
	p[1] = (uint8_t)(0x80 | octets);
	for (i = 0; i < octets; i++)
		p[2 + i] = (uint8_t)(n >> (8 * (octets - 1 - i)));
	return 2 + octets;
}

void
der_put(struct buf *b, uint8_t tag, struct view content)
{
	uint8_t	head[2 + sizeof(size_t)];
	size_t	n = put_header(head, tag, content.n);
	uint8_t	*p = buf_extend(b, n + content.n);

	if (p == NULL)
		return;
	memcpy(p, head, n);
	if (content.n > 0)
		memcpy(p + n, content.p, content.n);
}

static size_t
number_octets(uint64_t v, uint8_t out[9])
{
	size_t	n = 1, i;

	while (n < 9 && (n == 8 ? v >> 63 : v >> (8 * n - 1)) != 0)
		n++;
	for (i = 0; i < n; i++)
		out[n - 1 - i] = i == 8 ? 0 : (uint8_t)(v >> (8 * i));
	return n;
}

void
der_put_uint(struct buf *b, uint64_t v)
{
	uint8_t	c[9];

	der_put(b, DER_INTEGER, view_of(c, number_octets(v, c)));
}

void
der_put_unsigned(struct buf *b, struct view v)
{
	bool	sign;
	uint8_t	head[2 + sizeof(size_t)], *p;
	size_t	n;

	while (v.n > 0 && v.p[0] == 0) {
		v.p++;
		v.n--;
	}
	sign = v.n == 0 || v.p[0] >= 0x80;
	n = put_header(head, DER_INTEGER, v.n + sign);
	if ((p = buf_extend(b, n + sign + v.n)) == NULL)
		return;
	memcpy(p, head, n);
	if (sign)
		p[n] = 0;
	if (v.n > 0)
		memcpy(p + n + sign, v.p, v.n);
}

void
der_put_enum(struct buf *b, uint8_t v)
{
	uint8_t	c[9];

	der_put(b, DER_ENUMERATED, view_of(c, number_octets(v, c)));
}

void
der_put_bool(struct buf *b, bool v)
{
	static const uint8_t	no = 0x00, yes = 0xff;

	der_put(b, DER_BOOLEAN, view_of(v ? &yes : &no, 1));
}

void
der_put_null(struct buf *b)
{
	der_put(b, DER_NULL, VIEW_NONE);
}

void
der_put_oid(struct buf *b, struct view oid)
{
	der_put(b, DER_OID, oid);
}

void
der_put_octets(struct buf *b, struct view v)
{
	der_put(b, DER_OCTET_STRING, v);
}

void
der_put_bits(struct buf *b, struct view v)
{
	uint8_t	head[2 + sizeof(size_t)];
	size_t	n = put_header(head, DER_BIT_STRING, v.n + 1);
	uint8_t	*p = buf_extend(b, n + 1 + v.n);

	if (p == NULL)
		return;
	memcpy(p, head, n);
	p[n] = 0;
	if (v.n > 0)
		memcpy(p + n + 1, v.p, v.n);
}

void
der_put_utf8(struct buf *b, struct view v)
{
	der_put(b, DER_UTF8_STRING, v);
}

/* Year, month, day of a day number (1970-01-01 is 0). */
static void
civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t		z = days + 719468;
	int64_t		era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned	doe = (unsigned)(z - era * 146097);
	unsigned	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned	mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (int64_t)yoe + era * 400 + (*month <= 2);
}

static uint8_t *
two_digits(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)('0' + v / 10 % 10);
	p[1] = (uint8_t)('0' + v % 10);
	return p + 2;
}

/* Years 0 to 9999 are what both types can say; others fail the buffer. */
static void
put_time(struct buf *b, int64_t t, bool may_be_utc)
{
	int64_t		days = t >= 0 ? t / 86400 : -((86399 - t) / 86400), year;
	unsigned	secs = (unsigned)(t - days * 86400), month, day;
	uint8_t		text[15], *p = text;
	bool		utc;

	if (t < -62167219200 || t > 253402300799) {
		b->failed = true;
		return;
	}
	civil(days, &year, &month, &day);
	utc = may_be_utc && year >= 1950 && year < 2050;
	if (!utc)
		p = two_digits(p, (unsigned)year / 100);
	p = two_digits(p, (unsigned)year % 100);
	p = two_digits(p, month);
	p = two_digits(p, day);
	p = two_digits(p, secs / 3600);
	p = two_digits(p, secs / 60 % 60);
	p = two_digits(p, secs % 60);
	*p++ = 'Z';
	der_put(b, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME,
	    view_of(text, (size_t)(p - text)));
}

void
der_put_generalized(struct buf *b, int64_t unix_seconds)
{
	put_time(b, unix_seconds, false);
}

void
der_put_time(struct buf *b, int64_t unix_seconds)
{
	put_time(b, unix_seconds, true);
}

/* One octet of length is kept; der_close makes room when it needs more. */
size_t
der_begin(struct buf *b, uint8_t tag)
{
	size_t	mark = b->n;
	uint8_t	*p = buf_extend(b, 2);

	if (p != NULL) {
		p[0] = tag;
		p[1] = 0;
	}
	return mark;
}

void
der_close(struct buf *b, size_t mark)
{
	uint8_t	head[2 + sizeof(size_t)];
	size_t	len, n;

	if (!buf_ok(b) || b->n < mark + 2)
		return;
	len = b->n - mark - 2;
	n = put_header(head, b->p[mark], len);
	if (n > 2) {
		if (buf_extend(b, n - 2) == NULL)
			return;
		memmove(b->p + mark + n, b->p + mark + 2, len);
	}
	memcpy(b->p + mark, head, n);
}

static int
by_octets(const void *a, const void *b)
{
	const struct view	*x = a, *y = b;

	return view_compare(*x, *y);
}

void
der_put_set_of(struct buf *b, uint8_t tag, struct view *tlvs, size_t n)
{
	size_t	mark, i;

	if (n > SET_OF_MAX) {
		b->failed = true;
		return;
	}
	qsort(tlvs, n, sizeof(*tlvs), by_octets);
	mark = der_begin(b, tag);
	for (i = 0; i < n; i++)
		buf_add_view(b, tlvs[i]);
	der_close(b, mark);
}
