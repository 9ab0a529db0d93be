/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

#define PEM_COLUMNS	64
#define PEM_LABEL_MAX	64
#define YEAR_MAX	9999	/* what GeneralizedTime and RFC 3339 can say */

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
hex_encode(struct view v, char *out)
{
	static const char	digits[] = "0123456789abcdef";

	for (size_t i = 0; i < v.n; i++) {
		*out++ = digits[v.p[i] >> 4];
		*out++ = digits[v.p[i] & 15];
	}
	*out = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_decode(const char *s, uint8_t *out, size_t max, size_t *n)
{
	size_t	digits = strlen(s);

	*n = 0;
	if (digits % 2 != 0 || digits / 2 > max)
		return false;
	for (size_t i = 0; i < digits; i += 2) {
		int	hi = hex_digit(s[i]), lo = hex_digit(s[i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		out[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	*n = digits / 2;
	return true;
}

/* Up to three octets as four characters. */
static void
base64_group(const uint8_t *p, size_t n, char out[4])
{
	uint32_t	v = (uint32_t)p[0] << 16 |
			    (n > 1 ? (uint32_t)p[1] << 8 : 0) |
			    (n > 2 ? p[2] : 0);

	out[0] = base64_alphabet[v >> 18];
	out[1] = base64_alphabet[v >> 12 & 63];
	out[2] = n > 1 ? base64_alphabet[v >> 6 & 63] : '=';
	out[3] = n > 2 ? base64_alphabet[v & 63] : '=';
}

void
base64_encode(struct view v, size_t line, struct buf *out)
{
	size_t	column = 0;
	char	group[4];

	for (size_t i = 0; i < v.n; i += 3) {
		base64_group(v.p + i, v.n - i, group);
		for (size_t j = 0; j < sizeof(group); j++) {
			buf_add_u8(out, (uint8_t)group[j]);
			if (line > 0 && ++column == line) {
				buf_add_u8(out, '\n');
				column = 0;
			}
		}
	}
	if (column > 0)
		buf_add_u8(out, '\n');
}

static int
base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
base64_decode(struct view text, struct buf *out)
{
	uint32_t	v = 0;
	size_t		digits = 0, padding = 0;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t	c = text.p[i];
		int	d = base64_digit(c);

		if (is_space(c))
			continue;
		if (c == '=') {
			if (++padding > 2)
				return false;
			continue;
		}
		if (d < 0 || padding > 0)
			return false;
		v = v << 6 | (uint32_t)d;
		if (++digits % 4 == 0) {
			buf_add_u8(out, (uint8_t)(v >> 16));
			buf_add_u8(out, (uint8_t)(v >> 8));
			buf_add_u8(out, (uint8_t)v);
			v = 0;
		}
	}
	/* The unused bits of a last group are zero (RFC 4648, 3.5). */
	switch (digits % 4) {
	case 0:
		return padding == 0 && buf_ok(out);
	case 2:
		if (padding != 2 || (v & 15) != 0)
			return false;
		buf_add_u8(out, (uint8_t)(v >> 4));
		return buf_ok(out);
	case 3:
		if (padding != 1 || (v & 3) != 0)
			return false;
		buf_add_u8(out, (uint8_t)(v >> 10));
		buf_add_u8(out, (uint8_t)(v >> 2));
		return buf_ok(out);
	default:
		return false;
	}
}

void
pem_encode(const char *label, struct view der, struct buf *out)
{
	buf_addf(out, "-----BEGIN %s-----\n", label);
	base64_encode(der, PEM_COLUMNS, out);
	buf_addf(out, "-----END %s-----\n", label);
}

/* One line without its end, which may be LF, CRLF or CR; shortens *text. */
static struct view
line_take(struct view *text)
{
	struct view	line = { text->p, 0 };
	size_t		i = 0;

	while (i < text->n && text->p[i] != '\n' && text->p[i] != '\r')
		i++;
	line.n = i;
	if (i < text->n)
		i += text->p[i] == '\r' && i + 1 < text->n &&
		    text->p[i + 1] == '\n' ? 2 : 1;
	*text = view_of(text->p + i, text->n - i);
	return line;
}

/* Is line "-----<what> <label>-----", but for white space behind it? */
static bool
is_boundary(struct view line, const char *what, const char *label)
{
	char	want[PEM_LABEL_MAX + 32];
	int	n;

	n = snprintf(want, sizeof(want), "-----%s %s-----", what, label);
	if (n < 0 || (size_t)n >= sizeof(want))
		return false;
	while (line.n > 0 && is_space(line.p[line.n - 1]))
		line.n--;
	return view_equal(line, view_of(want, (size_t)n));
}

/* The text up to the END line; *text then begins behind that. */
static bool
pem_body(struct view *text, const char *label, struct view *body)
{
	const uint8_t	*start = text->p;

	while (text->n > 0) {
		struct view	line = line_take(text);

		if (is_boundary(line, "END", label)) {
			*body = view_of(start, (size_t)(line.p - start));
			return true;
		}
	}
	return false;
}

bool
pem_decode(const char *label, struct view text, struct buf *out,
    struct view *rest, struct fault *f)
{
	struct view	body;
	size_t		before = out->n;
	bool		found = false;

	while (!found && text.n > 0)
		found = is_boundary(line_take(&text), "BEGIN", label);
	if (!found)
		return fault_set(f, FAULT_NOT_FOUND, "RFC 7468, 2",
		    "no PEM block \"%s\"", label);
	if (!pem_body(&text, label, &body))
		return fault_set(f, FAULT_MALFORMED, "RFC 7468, 2",
		    "PEM block \"%s\" does not end", label);
	if (!base64_decode(body, out)) {
		out->n = before;
		if (!buf_ok(out))
			return buf_check(out, "PEM block", f);
		return fault_set(f, FAULT_MALFORMED, "RFC 7468, 3",
		    "PEM block \"%s\" is not base64", label);
	}
	if (rest != NULL)
		*rest = text;
	return true;
}

/* Digits with an optional minus, nothing else, into *out. */
static bool
decimal(const char *s, size_t n, int64_t *out)
{
	bool	negative = n > 0 && s[0] == '-';
	size_t	i = negative ? 1 : 0;
	int64_t	v = 0;

	if (i == n)
		return false;
	for (; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' ||
		    __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, s[i] - '0', &v))
			return false;
	}
	/* Counted downwards, so that INT64_MIN is a number too. */
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return true;
}

bool
number_parse(const char *what, const char *s, int64_t min, int64_t max,
    int64_t *out, struct fault *f)
{
	int64_t	v;

	if (!decimal(s, strlen(s), &v) || v < min || v > max)
		return fault_set(f, FAULT_USAGE, NULL,
		    "%s is \"%s\", not a whole number from %" PRId64
		    " to %" PRId64, what, s, min, max);
	*out = v;
	return true;
}

static const struct {
	char	unit;
	int64_t	seconds;
} units[] = {
	{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 },
};

#define UNITS	(sizeof(units) / sizeof(units[0]))

/* In the largest unit up to days that fits: weeks are not what people count in. */
static const char *
duration_text(int64_t seconds, char out[32])
{
	size_t	i = UNITS - 2;

	while (i > 0 && (seconds == 0 || seconds % units[i].seconds != 0))
		i--;
	snprintf(out, 32, "%" PRId64 "%c", seconds / units[i].seconds, units[i].unit);
	return out;
}

bool
duration_parse(const char *what, const char *s, int64_t min, int64_t max,
    int64_t *seconds, struct fault *f)
{
	char	from[32], to[32];
	size_t	n = strlen(s);
	int64_t	v, unit = 1;

	for (size_t i = 0; n > 0 && i < UNITS; i++) {
		if (s[n - 1] == units[i].unit) {
			unit = units[i].seconds;
			n--;
			break;
		}
	}
	if (!decimal(s, n, &v) || v < 0 || __builtin_mul_overflow(v, unit, &v) ||
	    v < min || v > max)
		return fault_set(f, FAULT_USAGE, NULL,
		    "%s is \"%s\", not a duration from %s to %s (90s, 15m, 12h, 30d, 2w)", what, s,
		    duration_text(min, from), duration_text(max, to));
	*seconds = v;
	return true;
}

void
date_format(int64_t unix_seconds, char *out)
{
	time_t		t = (time_t)unix_seconds;
	struct tm	tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year + 1900 < 0 ||
	    tm.tm_year + 1900 > YEAR_MAX) {
		memcpy(out, "out-of-range", sizeof("out-of-range"));
		return;
	}
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* n digits at s as a number from min to max. */
static bool
date_part(const char *s, size_t n, int min, int max, int *out)
{
	int64_t	v;

	if (s[0] == '-' || !decimal(s, n, &v) || v < min || v > max)
		return false;
	*out = (int)v;
	return true;
}

bool
date_parse(const char *s, int64_t *unix_seconds)
{
	struct tm	tm = { 0 };
	time_t		t;
	int		day;

	if (strlen(s) != sizeof("2026-11-24T04:10:27Z") - 1 || s[4] != '-' ||
	    s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' ||
	    s[19] != 'Z' ||
	    !date_part(s, 4, 0, YEAR_MAX, &tm.tm_year) ||
	    !date_part(s + 5, 2, 1, 12, &tm.tm_mon) ||
	    !date_part(s + 8, 2, 1, 31, &tm.tm_mday) ||
	    !date_part(s + 11, 2, 0, 23, &tm.tm_hour) ||
	    !date_part(s + 14, 2, 0, 59, &tm.tm_min) ||
	    !date_part(s + 17, 2, 0, 59, &tm.tm_sec))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	day = tm.tm_mday;
	t = timegm(&tm);
	/* 31 June is not a day, and timegm makes it the first of July. */
	if (tm.tm_mday != day)
		return false;
	*unix_seconds = (int64_t)t;
	return true;
}

/* Octets of the well-formed character at p (RFC 3629, 4), 0 if there is none. */
static size_t
utf8_char(const uint8_t *p, size_t n, uint32_t *code)
{
	static const uint32_t	least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t			len;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 :
	    p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : 0;
	if (len == 0 || len > n)
		return 0;
	*code = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	if (*code < least[len] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

bool
utf8_valid(struct view v, size_t *at)
{
	uint32_t	code;

	for (size_t i = 0, len; i < v.n; i += len) {
		len = utf8_char(v.p + i, v.n - i, &code);
		if (len == 0 || code == 0) {
			if (at != NULL)
				*at = i;
			return false;
		}
	}
	return true;
}

/* Controls, and what turns the direction of the text around it. */
static bool
is_invisible(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c >= 0xe0000;
}

size_t
text_escape(struct view v, char quote, char *out, size_t n)
{
	size_t	used = 0, len, need;

	for (size_t i = 0; i < v.n && n > 0; i += len) {
		char		piece[8];
		uint32_t	code = 0;

		len = utf8_char(v.p + i, v.n - i, &code);
		if (len == 0 || is_invisible(code)) {
			len = 1;
			need = (size_t)snprintf(piece, sizeof(piece), "\\x%02x",
			    (unsigned)v.p[i]);
		} else if (quote != 0 && (code == '\\' || code == (uint8_t)quote)) {
			need = 2;
			piece[0] = '\\';
			piece[1] = (char)code;
		} else {
			need = len;
			memcpy(piece, v.p + i, len);
		}
		if (need > n - 1 - used)
			break;
		memcpy(out + used, piece, need);
		used += need;
	}
	if (n > 0)
		out[used] = '\0';
	return used;
}

const char *
error_text(int error)
{
	static _Thread_local char	text[128];

	snprintf(text, sizeof(text), "%s", strerror(error));
	/* "Permission denied", but "RPC version wrong" stays. */
	if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a')
		text[0] = (char)(text[0] - 'A' + 'a');
	return text;
}
