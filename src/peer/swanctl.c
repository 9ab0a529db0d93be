/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "peer/swanctl.h"
#include "peer/vici.h"

#define INDENT	"    "

/* ---- building ---- */

void
conf_init(struct conf_tree *t, struct arena *a)
{
	*t = (struct conf_tree){ .arena = a, .root = { .kind = CONF_SECTION } };
}

static struct conf *
add(struct conf_tree *t, struct conf *in, enum conf_kind kind,
    const char *name)
{
	struct conf	*c;

	if (in == NULL || name == NULL ||
	    (c = arena_alloc(t->arena, sizeof(*c))) == NULL) {
		t->failed = true;
		return NULL;
	}
	c->kind = kind;
	c->name = name;
	if (in->last == NULL)
		in->first = c;
	else
		in->last->next = c;
	in->last = c;
	return c;
}

struct conf *
conf_section(struct conf_tree *t, struct conf *in, const char *name)
{
	return add(t, in, CONF_SECTION, name);
}

static void
add_text(struct conf_tree *t, struct conf *in, enum conf_kind kind,
    const char *key, const char *text)
{
	struct conf	*c = add(t, in, kind, key);

	if (text == NULL)
		t->failed = true;
	else if (c != NULL)
		c->text = text;
}

void
conf_value(struct conf_tree *t, struct conf *in, const char *key,
    const char *text)
{
	add_text(t, in, CONF_VALUE, key, text);
}

/* Each item a value of its own: a comma in it is found when it is written. */
void
conf_list(struct conf_tree *t, struct conf *in, const char *key,
    const char *const *items, size_t n)
{
	struct conf	*c = add(t, in, CONF_LIST, key), *item;

	for (size_t i = 0; i < n && c != NULL; i++) {
		item = add(t, c, CONF_VALUE, key);
		if (item != NULL)
			item->text = items[i];
	}
}

void
conf_cert(struct conf_tree *t, struct conf *in, enum conf_kind kind,
    const char *key, const char *file, struct view der)
{
	struct conf	*c = add(t, in, kind, key);

	if (file == NULL)
		t->failed = true;
	else if (c != NULL) {
		c->text = file;
		c->der = der;
	}
}

void
conf_cert_more(struct conf_tree *t, struct conf *in, const char *file, struct view der)
{
	if (in == NULL || in->last == NULL || in->last->kind != CONF_CERTS)
		t->failed = true;
	else
		conf_cert(t, in->last, CONF_CERT, in->last->name, file, der);
}

/* ---- names ---- */

static bool
name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool
conf_name_ok(const char *name)
{
	const char	*p = name;

	while (name_char(*p))
		p++;
	return p > name && *p == '\0';
}

const char *
conf_name(struct conf_tree *t, const char *text)
{
	struct view	 v = view_str(text[0] == '\0' ? "-" : text);
	char		*name;

	if (v.n > CONF_NAME_MAX)
		v.n = CONF_NAME_MAX;
	name = arena_str(t->arena, v);
	if (name == NULL) {
		t->failed = true;
		return NULL;
	}
	for (char *p = name; *p != '\0'; p++)
		if (!name_char(*p))
			*p = '-';
	return name;
}

/* ---- text ---- */

static void
indent(struct buf *out, unsigned depth)
{
	while (depth-- > 0)
		buf_add_str(out, INDENT);
}

static bool
check_text(const struct conf *c, bool in_list, struct fault *f)
{
	struct view	v = view_str(c->text);
	size_t		at;

	if (!utf8_valid(v, &at))
		return fault_set(f, FAULT_REFUSED, "swanctl.conf",
		    "%s \"%s\" is not UTF-8 at octet %zu", c->name, c->text,
		    at);
	for (at = 0; at < v.n; at++)
		if (v.p[at] < 0x20 || v.p[at] == 0x7f)
			return fault_set(f, FAULT_REFUSED, "swanctl.conf",
			    "%s \"%s\" has a control character", c->name,
			    c->text);
	if (in_list && strchr(c->text, ',') != NULL)
		return fault_set(f, FAULT_REFUSED, "swanctl.conf",
		    "%s \"%s\" has a comma", c->name, c->text);
	return true;
}

/* Inside quotes only these two have a meaning. */
static bool
write_quoted(const struct conf *c, bool in_list, struct buf *out,
    struct fault *f)
{
	if (!check_text(c, in_list, f))
		return false;
	for (const char *p = c->text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_add_u8(out, '\\');
		buf_add_u8(out, (uint8_t)*p);
	}
	return true;
}

static bool
write_list(const struct conf *list, struct buf *out, struct fault *f)
{
	for (const struct conf *c = list->first; c != NULL; c = c->next) {
		if (!write_quoted(c, true, out, f))
			return false;
		if (c->next != NULL)
			buf_add_u8(out, ',');
	}
	return true;
}

static bool
write_entry(const struct conf *c, unsigned depth, struct buf *out,
    struct fault *f)
{
	bool	ok;

	indent(out, depth);
	buf_addf(out, "%s = \"", c->name);
	ok = c->kind == CONF_LIST || write_quoted(c, c->kind == CONF_CERTS, out, f);
	if (ok && c->kind == CONF_CERTS && c->first != NULL)
		buf_add_u8(out, ',');
	ok = ok && write_list(c, out, f);
	buf_add_str(out, "\"\n");
	return ok;
}

static bool
write_section(const struct conf *section, unsigned depth, struct buf *out,
    struct fault *f)
{
	for (const struct conf *c = section->first; c != NULL; c = c->next) {
		if (!conf_name_ok(c->name))
			return fault_set(f, FAULT_REFUSED, "swanctl.conf",
			    "\"%s\" cannot name a section", c->name);
		if (c->kind != CONF_SECTION) {
			if (!write_entry(c, depth, out, f))
				return false;
			continue;
		}
		indent(out, depth);
		buf_addf(out, "%s {\n", c->name);
		if (!write_section(c, depth + 1, out, f))
			return false;
		indent(out, depth);
		buf_add_str(out, "}\n");
	}
	return true;
}

static bool
check_tree(const struct conf_tree *t, struct fault *f)
{
	return !t->failed || arena_fault(f);
}

bool
conf_write_text(const struct conf_tree *t, struct buf *out, struct fault *f)
{
	return check_tree(t, f) && write_section(&t->root, 0, out, f) &&
	    buf_check(out, "swanctl configuration", f);
}

/* ---- message ---- */

static void
put_list(const struct conf *list, struct buf *out)
{
	vici_put_list(out, list->name);
	for (const struct conf *c = list->first; c != NULL; c = c->next)
		vici_put_item(out, view_str(c->text));
	vici_put_list_end(out);
}

static void
put_entry(const struct conf *c, struct buf *out)
{
	switch (c->kind) {
	case CONF_SECTION:
		vici_put_section(out, c->name);
		for (const struct conf *s = c->first; s != NULL; s = s->next)
			put_entry(s, out);
		vici_put_section_end(out);
		break;
	case CONF_VALUE:
		vici_put_value(out, c->name, view_str(c->text));
		break;
	case CONF_LIST:
		put_list(c, out);
		break;
	case CONF_CERT:
		vici_put_value(out, c->name, c->der);
		break;
	case CONF_CERTS:
		vici_put_list(out, c->name);
		vici_put_item(out, c->der);
		for (const struct conf *more = c->first; more != NULL; more = more->next)
			vici_put_item(out, more->der);
		vici_put_list_end(out);
		break;
	}
}

bool
conf_write_message(const struct conf_tree *t, const struct conf *section,
    struct buf *out, struct fault *f)
{
	if (!check_tree(t, f))
		return false;
	put_entry(section, out);
	return buf_check(out, section->name, f);
}
