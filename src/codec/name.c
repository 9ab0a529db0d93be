/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/text.h"
#include "codec/name.h"
#include "codec/oid.h"

#define RULE	"RFC 5280, 4.1.2.4"

/* Attribute types with a string form and a bound of their own (appendix A.1). */
static const struct attribute {
	struct view	 oid;
	uint8_t		 tag;
	size_t		 max;		/* characters */
} attributes[] = {
	{ OID_AT_C, DER_PRINTABLE_STRING, 2 },
	{ OID_AT_SERIAL_NUMBER, DER_PRINTABLE_STRING, 64 },
	{ OID_AT_DC, DER_IA5_STRING, 63 },
	{ OID_AT_EMAIL, DER_IA5_STRING, 255 },
	{ OID_AT_CN, DER_UTF8_STRING, 64 },
	{ OID_AT_O, DER_UTF8_STRING, 64 },
	{ OID_AT_OU, DER_UTF8_STRING, 64 },
	{ OID_AT_TITLE, DER_UTF8_STRING, 64 },
	{ OID_AT_L, DER_UTF8_STRING, 128 },
	{ OID_AT_ST, DER_UTF8_STRING, 128 },
};
#define ATTRIBUTES	(sizeof(attributes) / sizeof(attributes[0]))
#define OTHER_MAX	256	/* characters of a type that is not above */

static struct attribute
attribute_of(struct view oid)
{
	struct attribute	other = { oid, DER_UTF8_STRING, OTHER_MAX };
	size_t			i;

	for (i = 0; i < ATTRIBUTES; i++)
		if (view_equal(attributes[i].oid, oid))
			return attributes[i];
	return other;
}

static size_t
characters(struct view utf8)
{
	size_t	i, n = 0;

	for (i = 0; i < utf8.n; i++)
		n += (utf8.p[i] & 0xc0) != 0x80;
	return n;
}

/* PrintableString's own characters (X.680, 41.4). */
static bool
is_printable(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || (c != 0 && strchr(" '()+,-./:=?", c) != NULL);
}

static bool
fits_tag(uint8_t tag, struct view text)
{
	size_t	i;

	for (i = 0; i < text.n; i++)
		if ((tag == DER_PRINTABLE_STRING && !is_printable(text.p[i])) ||
		    (tag == DER_IA5_STRING && text.p[i] >= 0x80))
			return false;
	return true;
}

static bool
put_part(struct buf *out, const struct name_part *part, struct fault *f)
{
	struct attribute	a = attribute_of(part->oid);
	char			text[OID_TEXT_MAX];
	size_t			at, set, seq;

	if (part->text.n == 0 || !utf8_valid(part->text, &at) ||
	    !fits_tag(a.tag, part->text) ||
	    characters(part->text) > a.max)
		return fault_set(f, FAULT_USAGE, "RFC 5280, A.1",
		    "\"%.*s\" cannot be the %s of a name (1 to %zu characters)",
		    (int)(part->text.n > 128 ? 128 : part->text.n),
		    (const char *)part->text.p, oid_show(part->oid, text), a.max);
	set = der_begin(out, DER_SET);
	seq = der_begin(out, DER_SEQUENCE);
	der_put_oid(out, part->oid);
	der_put(out, a.tag, part->text);
	der_close(out, seq);
	der_close(out, set);
	return true;
}

bool
name_encode(const struct name_part *parts, size_t n, struct buf *out,
    struct fault *f)
{
	size_t	mark, i;

	if (n > NAME_PARTS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE,
		    "a name of more than %d parts", NAME_PARTS_MAX);
	mark = der_begin(out, DER_SEQUENCE);
	for (i = 0; i < n; i++)
		if (!put_part(out, &parts[i], f))
			return false;
	der_close(out, mark);
	return buf_check(out, "name", f);
}

/* AttributeTypeAndValue ::= SEQUENCE { type, value }; value as TLV. */
static bool
next_value(struct der *set, struct view *oid, struct view *value,
    struct fault *f)
{
	struct der	in;

	return der_open(set, DER_SEQUENCE, &in, f) && der_oid(&in, oid, f) &&
	    der_get_any(&in, value, f) && der_end(&in, f);
}

static bool
check_relative(struct der *names, struct fault *f)
{
	struct der	set;
	struct view	oid, value;
	size_t		n = 0;

	if (!der_open(names, DER_SET, &set, f))
		return false;
	while (!der_at_end(&set)) {
		if (!next_value(&set, &oid, &value, f))
			return false;
		if (++n > NAME_VALUES_MAX)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "a relative name of more than %d values",
			    NAME_VALUES_MAX);
	}
	return n > 0 || fault_set(f, FAULT_MALFORMED, RULE,
	    "a relative name is empty");
}

bool
name_check(struct view tlv, struct fault *f)
{
	struct der	d, names;
	size_t		n = 0;

	if (tlv.n > NAME_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "a name of %zu octets",
		    tlv.n);
	der_init(&d, tlv);
	if (!der_open(&d, DER_SEQUENCE, &names, f) || !der_end(&d, f))
		return false;
	while (!der_at_end(&names)) {
		if (!check_relative(&names, f))
			return false;
		if (++n > NAME_PARTS_MAX)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "a name of more than %d parts", NAME_PARTS_MAX);
	}
	return true;
}

bool
name_find(struct view tlv, struct view wanted, struct view *value)
{
	struct der	d, names, set, content;
	struct view	oid, v;
	bool		found = false;

	der_init(&d, tlv);
	if (!der_open(&d, DER_SEQUENCE, &names, NULL))
		return false;
	while (!der_at_end(&names)) {
		if (!der_open(&names, DER_SET, &set, NULL))
			return false;
		while (!der_at_end(&set)) {
			if (!next_value(&set, &oid, &v, NULL))
				return false;
			if (!view_equal(oid, wanted))
				continue;
			der_init(&content, v);
			found = der_get(&content, v.p[0], value, NULL);
		}
	}
	return found;
}

bool
name_get_cn(struct view tlv, struct view *value)
{
	return name_find(tlv, OID_AT_CN, value);
}

bool
name_is_empty(struct view tlv)
{
	return view_equal(tlv, NAME_EMPTY);
}

/* A value with ASCII case folded and white space as RFC 4518 treats it. */
static void
put_folded(struct buf *out, struct view v)
{
	bool	space = false, any = false;
	size_t	i;
	uint8_t	c;

	for (i = 0; i < v.n; i++) {
		c = v.p[i];
		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			space = true;
			continue;
		}
		if (space && any)
			buf_add_u8(out, ' ');
		space = false;
		any = true;
		buf_add_u8(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c);
	}
}

/*
 * One value as type, kind of string, folded text, wrapped in a value of its
 * own so that no text can look like a boundary.  PrintableString, UTF8String
 * and IA5String are the same text; others are told apart.
 */
static void
put_value_key(struct buf *out, struct view oid, struct view value)
{
	struct der	d;
	struct view	content = VIEW_NONE;
	uint8_t		tag = value.p[0];
	size_t		mark = der_begin(out, DER_SEQUENCE), text;

	der_init(&d, value);
	if (!der_get(&d, tag, &content, NULL))
		out->failed = true;
	der_put_oid(out, oid);
	if (tag == DER_PRINTABLE_STRING || tag == DER_UTF8_STRING ||
	    tag == DER_IA5_STRING) {
		text = der_begin(out, DER_UTF8_STRING);
		put_folded(out, content);
		der_close(out, text);
	} else
		buf_add_view(out, value);
	der_close(out, mark);
}

static bool
put_relative_key(struct der *set, struct buf *out, struct fault *f)
{
	struct buf	tmp[NAME_VALUES_MAX];
	struct view	views[NAME_VALUES_MAX], oid, value;
	size_t		n = 0, i;
	bool		ok = true;

	while (ok && !der_at_end(set) && n < NAME_VALUES_MAX) {
		ok = next_value(set, &oid, &value, f);
		if (!ok)
			break;
		buf_init(&tmp[n], 2 * NAME_OCTETS_MAX);
		put_value_key(&tmp[n], oid, value);
		ok = buf_check(&tmp[n], "name", f);
		views[n] = buf_view(&tmp[n]);
		n++;
	}
	if (ok)
		der_put_set_of(out, DER_SET, views, n);
	for (i = 0; i < n; i++)
		buf_clear(&tmp[i]);
	return ok;
}

bool
name_key(struct view tlv, struct buf *out, struct fault *f)
{
	struct der	d, names, set;

	if (!name_check(tlv, f))
		return false;
	der_init(&d, tlv);
	if (!der_open(&d, DER_SEQUENCE, &names, f))
		return false;
	while (!der_at_end(&names))
		if (!der_open(&names, DER_SET, &set, f) ||
		    !put_relative_key(&set, out, f))
			return false;
	return buf_check(out, "name", f);
}
