/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/extension.h"
#include "codec/name.h"

#define RULE_EXTENSION	"RFC 5280, 4.2"
#define RULE_NAMES	"RFC 5280, 4.2.1.6"

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
static bool
decode_one(struct der *d, struct extension *out, struct fault *f)
{
	struct der	in;

	out->critical = false;
	if (!der_open(d, DER_SEQUENCE, &in, f) || !der_oid(&in, &out->oid, f))
		return false;
	if (der_peek(&in) == DER_BOOLEAN) {
		if (!der_bool(&in, &out->critical, f))
			return false;
		if (!out->critical)
			return fault_set(f, FAULT_MALFORMED, RULE_EXTENSION,
			    "an extension says critical FALSE, which is the default");
	}
	return der_octets(&in, &out->value, f) && der_end(&in, f);
}

bool
extensions_decode_content(struct view content, struct extensions *out,
    struct fault *f)
{
	struct extension	*e;
	struct der		d;
	char			text[OID_TEXT_MAX];

	out->n = 0;
	der_init(&d, content);
	if (der_at_end(&d))
		return fault_set(f, FAULT_MALFORMED, RULE_EXTENSION,
		    "a list of extensions is empty");
	while (!der_at_end(&d)) {
		if (out->n == EXTENSIONS_MAX)
			return fault_set(f, FAULT_LIMIT, RULE_EXTENSION,
			    "more than %d extensions", EXTENSIONS_MAX);
		e = &out->list[out->n];
		if (!decode_one(&d, e, f))
			return false;
		if (extensions_find(out, e->oid) != NULL)
			return fault_set(f, FAULT_MALFORMED, RULE_EXTENSION,
			    "extension %s stands twice", oid_show(e->oid, text));
		out->n++;
	}
	return true;
}

bool
extensions_decode(struct view tlv, struct extensions *out, struct fault *f)
{
	struct view	content;
	struct der	d;

	out->n = 0;
	der_init(&d, tlv);
	return der_get(&d, DER_SEQUENCE, &content, f) && der_end(&d, f) &&
	    extensions_decode_content(content, out, f);
}

const struct extension *
extensions_find(const struct extensions *e, struct view oid)
{
	size_t	i;

	for (i = 0; i < e->n; i++)
		if (view_equal(e->list[i].oid, oid))
			return &e->list[i];
	return NULL;
}

void
extension_put(struct buf *b, struct view oid, bool critical, struct view value)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_oid(b, oid);
	if (critical)
		der_put_bool(b, true);
	der_put_octets(b, value);
	der_close(b, mark);
}

static bool
is_ia5(struct view v)
{
	size_t	i;

	for (i = 0; i < v.n; i++)
		if (v.p[i] >= 0x80 || v.p[i] == 0)
			return false;
	return true;
}

/* directoryName: Name is a CHOICE, so that its tag is explicit. */
static bool
decode_directory(struct der *d, struct view *name, struct fault *f)
{
	struct der	in;

	return der_open(d, DER_CONTEXT_C(GENERAL_NAME_DIRECTORY), &in, f) &&
	    der_get_tlv(&in, DER_SEQUENCE, name, f) && der_end(&in, f) &&
	    name_check(*name, f);
}

bool
general_name_decode(struct der *d, struct general_name *out, struct fault *f)
{
	uint8_t	tag = der_peek(d), type = tag & 0x1f;
	bool	constructed = type == GENERAL_NAME_OTHER ||
		    type == GENERAL_NAME_X400 || type == GENERAL_NAME_DIRECTORY ||
		    type == GENERAL_NAME_EDI;

	if (type > GENERAL_NAME_RID ||
	    tag != (constructed ? DER_CONTEXT_C(type) : DER_CONTEXT(type)))
		return fault_set(f, FAULT_MALFORMED, RULE_NAMES,
		    "a general name cannot have tag %02x", tag);
	out->type = (enum general_name_type)type;
	if (type == GENERAL_NAME_DIRECTORY)
		return decode_directory(d, &out->value, f);
	if (!der_get(d, tag, &out->value, f))
		return false;
	if ((type == GENERAL_NAME_EMAIL || type == GENERAL_NAME_DNS ||
	    type == GENERAL_NAME_URI) && !is_ia5(out->value))
		return fault_set(f, FAULT_MALFORMED, RULE_NAMES,
		    "a general name of type %u is not IA5", type);
	return true;
}

bool
general_names_decode_content(struct view content, struct general_names *out,
    struct fault *f)
{
	struct der	d;

	out->n = 0;
	der_init(&d, content);
	if (der_at_end(&d))
		return fault_set(f, FAULT_MALFORMED, RULE_NAMES,
		    "a list of general names is empty");
	while (!der_at_end(&d)) {
		if (out->n == GENERAL_NAMES_MAX)
			return fault_set(f, FAULT_LIMIT, RULE_NAMES,
			    "more than %d general names", GENERAL_NAMES_MAX);
		if (!general_name_decode(&d, &out->list[out->n], f))
			return false;
		out->n++;
	}
	return true;
}

bool
general_names_decode(struct view tlv, struct general_names *out,
    struct fault *f)
{
	struct view	content;
	struct der	d;

	out->n = 0;
	der_init(&d, tlv);
	return der_get(&d, DER_SEQUENCE, &content, f) && der_end(&d, f) &&
	    general_names_decode_content(content, out, f);
}

void
general_name_put(struct buf *b, const struct general_name *g)
{
	uint8_t	type = (uint8_t)g->type;

	switch (g->type) {
	case GENERAL_NAME_OTHER:
	case GENERAL_NAME_X400:
	case GENERAL_NAME_DIRECTORY:
	case GENERAL_NAME_EDI:
		der_put(b, DER_CONTEXT_C(type), g->value);
		break;
	case GENERAL_NAME_EMAIL:
	case GENERAL_NAME_DNS:
	case GENERAL_NAME_URI:
	case GENERAL_NAME_IP:
	case GENERAL_NAME_RID:
		der_put(b, DER_CONTEXT(type), g->value);
		break;
	}
}

void
general_names_put(struct buf *b, const struct general_name *list, size_t n)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), i;

	for (i = 0; i < n; i++)
		general_name_put(b, &list[i]);
	der_close(b, mark);
}

/* Printable octets as they are, others as \xx. */
static void
show_text(const char *prefix, struct view v, char *out, size_t n)
{
	size_t	used = (size_t)snprintf(out, n, "%s", prefix), i;

	for (i = 0; i < v.n && used + 5 <= n; i++) {
		if (v.p[i] >= 0x20 && v.p[i] < 0x7f && v.p[i] != '\\')
			used += (size_t)snprintf(out + used, n - used, "%c", v.p[i]);
		else
			used += (size_t)snprintf(out + used, n - used, "\\%02x",
			    v.p[i]);
	}
}

static void
show_hex(const char *prefix, struct view v, char *out, size_t n)
{
	size_t	used = (size_t)snprintf(out, n, "%s", prefix), i;

	for (i = 0; i < v.n && used + 3 <= n; i++)
		used += (size_t)snprintf(out + used, n - used, "%02x", v.p[i]);
}

static void
show_ip(struct view v, char *out, size_t n)
{
	char	text[INET6_ADDRSTRLEN];

	if ((v.n == 4 && inet_ntop(AF_INET, v.p, text, sizeof(text)) != NULL) ||
	    (v.n == 16 && inet_ntop(AF_INET6, v.p, text, sizeof(text)) != NULL))
		snprintf(out, n, "ip:%s", text);
	else
		show_hex("ip:#", v, out, n);
}

const char *
general_name_text(const struct general_name *g, char *out, size_t n)
{
	char	oid[OID_TEXT_MAX];

	switch (g->type) {
	case GENERAL_NAME_EMAIL:
		show_text("email:", g->value, out, n);
		break;
	case GENERAL_NAME_DNS:
		show_text("dns:", g->value, out, n);
		break;
	case GENERAL_NAME_URI:
		show_text("uri:", g->value, out, n);
		break;
	case GENERAL_NAME_IP:
		show_ip(g->value, out, n);
		break;
	case GENERAL_NAME_DIRECTORY:
		if (n > 3) {
			memcpy(out, "dn:", 3);
			name_text(g->value, out + 3, n - 3);
		}
		break;
	case GENERAL_NAME_RID:
		snprintf(out, n, "rid:%s", oid_text(g->value, oid));
		break;
	case GENERAL_NAME_OTHER:
	case GENERAL_NAME_X400:
	case GENERAL_NAME_EDI:
		show_hex("other:", g->value, out, n);
		break;
	}
	return out;
}
