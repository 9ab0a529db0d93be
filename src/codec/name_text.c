/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "codec/name.h"
#include "codec/oid.h"

#define VALUE_TEXT_MAX	512	/* octets of one value as somebody types it */

/* The names of RFC 4514, section 3, and those everybody else uses. */
static const struct {
	const char	*name;
	struct view	 oid;
} types[] = {
	{ "CN", OID_AT_CN }, { "C", OID_AT_C }, { "O", OID_AT_O },
	{ "OU", OID_AT_OU }, { "L", OID_AT_L }, { "ST", OID_AT_ST },
	{ "STREET", OID_AT_STREET }, { "DC", OID_AT_DC }, { "UID", OID_AT_UID },
	{ "serialNumber", OID_AT_SERIAL_NUMBER }, { "SN", OID_AT_SURNAME },
	{ "GN", OID_AT_GIVEN_NAME }, { "title", OID_AT_TITLE },
	{ "emailAddress", OID_AT_EMAIL },
};
#define TYPES	(sizeof(types) / sizeof(types[0]))

struct text {
	char	*p;
	size_t	 n, used;
};

static void
add(struct text *t, const char *s)
{
	while (*s != '\0' && t->used + 1 < t->n)
		t->p[t->used++] = *s++;
}

static void
add_type(struct text *t, struct view oid)
{
	char	dotted[OID_TEXT_MAX];
	size_t	i;

	for (i = 0; i < TYPES; i++)
		if (view_equal(types[i].oid, oid)) {
			add(t, types[i].name);
			return;
		}
	add(t, oid_text(oid, dotted));
}

static void
add_hex(struct text *t, struct view v)
{
	char	octet[3];
	size_t	i;

	add(t, "#");
	for (i = 0; i < v.n; i++) {
		snprintf(octet, sizeof(octet), "%02x", v.p[i]);
		add(t, octet);
	}
}

static void
add_escaped(struct text *t, struct view v)
{
	char	one[4];
	size_t	i;
	bool	edge;

	for (i = 0; i < v.n; i++) {
		edge = i == 0 || i + 1 == v.n;
		if (v.p[i] < 0x20 || v.p[i] == 0x7f)
			snprintf(one, sizeof(one), "\\%02x", v.p[i]);
		else if (strchr(",+\"\\<>;", v.p[i]) != NULL ||
		    (edge && v.p[i] == ' ') || (i == 0 && v.p[i] == '#'))
			snprintf(one, sizeof(one), "\\%c", v.p[i]);
		else
			snprintf(one, sizeof(one), "%c", v.p[i]);
		add(t, one);
	}
}

static void
add_value(struct text *t, struct view tlv)
{
	struct der	d;
	struct view	v;
	uint8_t		tag = tlv.p[0];
	size_t		at;
	bool		text = tag == DER_UTF8_STRING ||
			    tag == DER_PRINTABLE_STRING || tag == DER_IA5_STRING;

	der_init(&d, tlv);
	if (text && der_get(&d, tag, &v, NULL) && utf8_valid(v, &at))
		add_escaped(t, v);
	else
		add_hex(t, tlv);
}

static bool
add_relative(struct text *t, struct der *set)
{
	struct der	in;
	struct view	oid, value;
	bool		first = true;

	while (!der_at_end(set)) {
		if (!der_open(set, DER_SEQUENCE, &in, NULL) ||
		    !der_oid(&in, &oid, NULL) || !der_get_any(&in, &value, NULL))
			return false;
		if (!first)
			add(t, "+");
		first = false;
		add_type(t, oid);
		add(t, "=");
		add_value(t, value);
	}
	return true;
}

/* Do not leave half a character at the end of a text that was cut. */
static void
end_text(struct text *t)
{
	size_t	at;

	if (t->used + 1 == t->n &&
	    !utf8_valid(view_of(t->p, t->used), &at))
		t->used = at;
	t->p[t->used] = '\0';
}

const char *
name_text(struct view tlv, char *out, size_t n)
{
	struct text	t = { out, n, 0 };
	struct der	d, names, set;
	bool		first = true;

	if (n == 0)
		return out;
	der_init(&d, tlv);
	if (der_open(&d, DER_SEQUENCE, &names, NULL)) {
		while (!der_at_end(&names)) {
			if (!der_open(&names, DER_SET, &set, NULL))
				break;
			if (!first)
				add(&t, ", ");
			first = false;
			if (!add_relative(&t, &set))
				break;
		}
	}
	end_text(&t);
	return out;
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

/* "CN=", into the OID; *s moves behind the equals sign. */
static bool
read_type(const char **s, struct buf *oid)
{
	const char	*eq = strchr(*s, '=');
	char		 word[OID_TEXT_MAX];
	size_t		 n, i;

	if (eq == NULL || (n = (size_t)(eq - *s)) == 0 || n >= sizeof(word))
		return false;
	memcpy(word, *s, n);
	word[n] = '\0';
	*s = eq + 1;
	for (i = 0; i < TYPES; i++)
		if (strcasecmp(types[i].name, word) == 0) {
			buf_add_view(oid, types[i].oid);
			return buf_ok(oid);
		}
	return oid_parse(word, oid, NULL);
}

/* Up to an unescaped comma; white space at the end does not count. */
static bool
read_value(const char **s, char *out, size_t *n)
{
	const char	*p = *s;
	size_t		 used = 0, keep = 0;

	for (; *p != '\0' && *p != ','; p++) {
		if (used == VALUE_TEXT_MAX || *p == '+' || *p == ';')
			return false;
		if (*p != '\\') {
			out[used++] = *p;
			if (*p != ' ')
				keep = used;
			continue;
		}
		p++;
		if (hex_digit(p[0]) >= 0 && hex_digit(p[1]) >= 0) {
			out[used++] = (char)(hex_digit(p[0]) * 16 + hex_digit(p[1]));
			p++;
		} else if (*p != '\0')
			out[used++] = *p;
		else
			return false;
		keep = used;
	}
	*n = keep;
	*s = p;
	return keep > 0;
}

static bool
read_part(const char **s, struct buf *out, struct fault *f)
{
	char		 value[VALUE_TEXT_MAX];
	struct buf	 oid;
	struct name_part part;
	struct view	 content;
	struct buf	 one;
	struct der	 d;
	size_t		 n;
	bool		 ok;

	while (**s == ' ')
		(*s)++;
	buf_init(&oid, OID_OCTETS_MAX);
	buf_init(&one, NAME_OCTETS_MAX);
	ok = read_type(s, &oid) && read_value(s, value, &n);
	if (!ok)
		fault_set(f, FAULT_USAGE, "RFC 4514, 3",
		    "a name is written like \"C=DE, O=Example, CN=gw1\"");
	if (ok) {
		part.oid = buf_view(&oid);
		part.text = view_of(value, n);
		ok = name_encode(&part, 1, &one, f);
	}
	if (ok) {
		der_init(&d, buf_view(&one));
		ok = der_get(&d, DER_SEQUENCE, &content, f);
		if (ok)
			buf_add_view(out, content);
	}
	buf_clear(&oid);
	buf_clear(&one);
	return ok;
}

bool
name_parse(const char *text, struct buf *out, struct fault *f)
{
	size_t	mark = der_begin(out, DER_SEQUENCE), n = 0;

	while (*text == ' ')
		text++;
	while (*text != '\0') {
		if (++n > NAME_PARTS_MAX)
			return fault_set(f, FAULT_LIMIT, "RFC 5280, 4.1.2.4",
			    "a name of more than %d parts", NAME_PARTS_MAX);
		if (!read_part(&text, out, f))
			return false;
		if (*text == ',' && *++text == '\0')
			return fault_set(f, FAULT_USAGE, "RFC 4514, 3",
			    "a name ends with a comma");
	}
	der_close(out, mark);
	return buf_check(out, "name", f);
}
