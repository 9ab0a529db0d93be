/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/template_file.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

#define VALUE_MAX	2048
#define KEYS_MAX	96

static void PRINTF_LIKE(3, 4)
problem(struct template_problems *p, unsigned line, const char *fmt, ...)
{
	va_list	ap;

	p->total++;
	if (p->n == TEMPLATE_PROBLEMS_MAX)
		return;
	p->list[p->n].line = line;
	va_start(ap, fmt);
	vsnprintf(p->list[p->n].text, sizeof(p->list[p->n].text), fmt, ap);
	va_end(ap);
	p->n++;
}

/* --- lines ---------------------------------------------------------------------------- */

static struct view
trim(struct view v)
{
	while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
		v = view_of(v.p + 1, v.n - 1);
	while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t' || v.p[v.n - 1] == '\r'))
		v.n--;
	return v;
}

static struct view
next_line(struct view *rest)
{
	const uint8_t	*end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	struct view	 line = view_of(rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n);

	*rest = view_of(rest->p + line.n + (end != NULL), rest->n - line.n - (end != NULL));
	return trim(line);
}

static bool
is_comment(struct view v)
{
	return v.n == 0 || v.p[0] == '#' || (v.n > 1 && v.p[0] == '/' && v.p[1] == '/');
}

/* What stands in quotes; *rest is what follows them. */
static const char *
quoted(struct view v, char *out, struct view *rest)
{
	uint8_t	quote = v.p[0];
	size_t	n = 0, i = 1;

	for (; i < v.n && v.p[i] != quote; i++) {
		if (quote == '"' && v.p[i] == '\\' && ++i == v.n)
			break;
		if (n == VALUE_MAX)
			return "a value that is too long";
		out[n++] = (char)v.p[i];
	}
	if (i >= v.n)
		return "a value without its closing quote";
	out[n] = '\0';
	*rest = trim(view_of(v.p + i + 1, v.n - i - 1));
	return NULL;
}

static const char *
bare(struct view v, char *out, struct view *rest)
{
	size_t	n = 0;

	while (n < v.n && v.p[n] != ' ' && v.p[n] != '\t' && v.p[n] != '#' && n < VALUE_MAX) {
		out[n] = (char)v.p[n];
		n++;
	}
	out[n] = '\0';
	*rest = trim(view_of(v.p + n, v.n - n));
	return NULL;
}

/* key = value; what is wrong with the line, or NULL. */
static const char *
split(struct view line, struct view *key, char value[VALUE_MAX + 1])
{
	const uint8_t	*eq = memchr(line.p, '=', line.n);
	struct view	 v, rest = VIEW_NONE;
	const char	*why;
	size_t		 at;

	if (eq == NULL)
		return "want key = \"value\"";
	*key = trim(view_of(line.p, (size_t)(eq - line.p)));
	v = trim(view_of(eq + 1, line.n - (size_t)(eq + 1 - line.p)));
	if (v.n == 0 || v.p[0] == '#')
		return "no value; want \"\" for an empty one";
	why = v.p[0] == '"' || v.p[0] == '\'' ? quoted(v, value, &rest) : bare(v, value, &rest);
	if (why != NULL)
		return why;
	if (!utf8_valid(view_str(value), &at))
		return "a value that is not UTF-8";
	return is_comment(rest) ? NULL : "something behind the value: put it in quotes";
}

/* --- keys ------------------------------------------------------------------------------ */

static size_t
near_count(const char *a, struct view b)
{
	size_t	n = 0;

	while (a[n] != '\0' && n < b.n && a[n] == (char)b.p[n])
		n++;
	return n;
}

/* The key that begins most like it, for a hint. */
static const char *
nearest(const struct template_key *keys, size_t n, struct view word)
{
	const char	*best = NULL;
	size_t		 most = 2;

	for (size_t i = 0; i < n; i++)
		if (near_count(keys[i].name, word) > most) {
			most = near_count(keys[i].name, word);
			best = keys[i].name;
		}
	return best;
}

static size_t
find(const struct template_key *keys, size_t n, struct view word)
{
	size_t	i = 0;

	while (i < n && !view_equal(view_str(keys[i].name), word))
		i++;
	return i;
}

struct reading {
	const struct template_key *keys;
	size_t			 n;
	unsigned		 seen[KEYS_MAX];	/* the line, or 0 */
	struct template		*t;
	struct template_problems *p;
};

static void
take_line(struct reading *r, struct view line, unsigned number)
{
	char		 value[VALUE_MAX + 1], shown[128];
	struct fault	 f = { 0 };
	struct view	 key = VIEW_NONE;
	const char	*why = split(line, &key, value), *hint;
	size_t		 i;

	if (why != NULL) {
		problem(r->p, number, "%s", why);
		return;
	}
	if ((i = find(r->keys, r->n, key)) == r->n) {
		text_escape(key, '"', shown, sizeof(shown));
		hint = nearest(r->keys, r->n, key);
		problem(r->p, number, "a template has no key \"%s\"%s%s%s", shown,
		    hint != NULL ? "; is \"" : "", hint != NULL ? hint : "",
		    hint != NULL ? "\" meant?" : "");
	} else if (r->seen[i] != 0) {
		problem(r->p, number, "%s stands in line %u already", r->keys[i].name, r->seen[i]);
	} else {
		r->seen[i] = number;
		if (!r->keys[i].set(&r->keys[i], r->t, value, &f))
			problem(r->p, number, "%s", f.text);
	}
}

static void
take_lines(struct reading *r, struct view text)
{
	for (unsigned number = 1; text.n > 0; number++) {
		struct view	line = next_line(&text);

		if (!is_comment(line))
			take_line(r, line, number);
	}
}

/* Whoever is shown such a certificate has to find what it needs to judge it. */
static bool
check_pointers(const struct template *t, struct fault *f)
{
	if (t->management)
		return true;
	if (!t->crl_pointer)
		return fault_set(f, FAULT_USAGE, "RFC 4809, 3.7.3",
		    "template %s: crl-pointer = \"no\": nobody could learn of a revocation", t->name);
	if (!t->issuer_pointer)
		return fault_set(f, FAULT_USAGE, "RFC 4809, 3.7.3",
		    "template %s: issuer-pointer = \"no\": authorityInfoAccess with caIssuers is a "
		    "must", t->name);
	return true;
}

/* What both operators agree on with the template: it stands there, or there is no agreement. */
static void
check_agreed(struct reading *r)
{
	static const char *const	agreed[] = { "renewal", "update" };

	for (size_t i = 0; i < sizeof(agreed) / sizeof(agreed[0]); i++)
		if (r->seen[find(r->keys, r->n, view_str(agreed[i]))] == 0)
			problem(r->p, 0, "the key %s is missing: want a line %s = \"yes\" or %s = \"no\", "
			    "RFC 4809, 3.2.4.2", agreed[i], agreed[i], agreed[i]);
}

static void
check_whole(struct reading *r, const char *name)
{
	struct fault	f = { 0 };
	size_t		at = find(r->keys, r->n, VIEW_LIT("name"));

	if (name == NULL && r->seen[at] == 0)
		problem(r->p, 0, "the key name is missing");
	if (name != NULL && strcmp(r->t->name, name) != 0)
		problem(r->p, r->seen[at], "name = \"%s\" is not the file's name", r->t->name);
	if (r->p->total == 0 && (!template_check(r->t, &f) || !check_pointers(r->t, &f)))
		problem(r->p, 0, "%s%s%s", f.text, f.rule[0] != '\0' ? ", " : "", f.rule);
}

/* A file is held to what it has to state; settings are what differs. */
static bool
read_lines(struct view text, const char *name, bool is_file, struct template *out,
    struct template_problems *p)
{
	struct template	t;
	struct fault	f = { 0 };
	struct reading	r = { .t = &t, .p = p };

	memset(p, 0, sizeof(*p));
	r.keys = template_keys(&r.n);
	if (r.n > KEYS_MAX || !template_start("s2s-gateway", "", &t, &f)) {
		problem(p, 0, "%s", f.text);
		return false;
	}
	if (text.n > TEMPLATE_FILE_MAX) {
		problem(p, 0, "more than %u octets", TEMPLATE_FILE_MAX);
		return false;
	}
	if (name != NULL)
		snprintf(t.name, sizeof(t.name), "%.*s", TEMPLATE_NAME_MAX, name);
	take_lines(&r, text);
	if (is_file)
		check_agreed(&r);
	check_whole(&r, name);
	if (p->total > 0)
		return false;
	*out = t;
	return true;
}

bool
template_read(struct view text, const char *name, struct template *out,
    struct template_problems *p)
{
	return read_lines(text, name, true, out, p);
}

bool
template_first_problem(const struct template_problems *p, const char *check, struct fault *f)
{
	const char	*more = p->total > 1 ? "; and more: " : "";

	if (p->total <= 1)
		check = "";
	return p->list[0].line > 0 ? fault_set(f, FAULT_USAGE, "", "line %u: %s%s%s",
	    p->list[0].line, p->list[0].text, more, check) :
	    fault_set(f, FAULT_USAGE, "", "%s%s%s", p->list[0].text, more, check);
}

/* --- settings ----------------------------------------------------------------------------- */

static bool
is_setting(const struct template_key *k)
{
	return strcmp(k->name, "name") != 0 && strcmp(k->name, "version") != 0;
}

/* Two values of a key as text, each ended by NUL; 2 * VALUE_MAX octets at most. */
static void
get_both(const struct template_key *k, const struct template *a, const struct template *b,
    struct buf out[2])
{
	buf_reset(&out[0]);
	buf_reset(&out[1]);
	k->get(k, a, &out[0]);
	k->get(k, b, &out[1]);
	buf_add_u8(&out[0], 0);
	buf_add_u8(&out[1], 0);
}

void
template_diff(const struct template *a, const struct template *b,
    void (*each)(void *ctx, const struct template_key *k, const char *a, const char *b),
    void *ctx)
{
	const struct template_key	*keys;
	struct buf			 v[2];
	size_t				 n;

	keys = template_keys(&n);
	buf_init(&v[0], VALUE_MAX);
	buf_init(&v[1], VALUE_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!is_setting(&keys[i]))
			continue;
		get_both(&keys[i], a, b, v);
		if (buf_ok(&v[0]) && buf_ok(&v[1]) && !view_equal(buf_view(&v[0]), buf_view(&v[1])))
			each(ctx, &keys[i], (const char *)v[0].p, (const char *)v[1].p);
	}
	buf_clear(&v[0]);
	buf_clear(&v[1]);
}

static void
put_setting(void *ctx, const struct template_key *k, const char *a, const char *b)
{
	struct buf	*out = ctx;

	(void)a;
	buf_addf(out, "%s = ", k->name);
	template_put_quoted(view_str(b), out);
	buf_add_u8(out, '\n');
}

void
template_settings(const struct template *t, struct buf *out)
{
	struct template	plain;

	if (template_start("s2s-gateway", "", &plain, NULL))
		template_diff(&plain, t, put_setting, out);
	else
		out->failed = true;
}

bool
template_of_settings(struct view settings, struct view name, uint64_t version,
    struct template *out, struct fault *f)
{
	struct template_problems	p;
	char				text[TEMPLATE_NAME_MAX + 1];

	if (name.n == 0 || name.n > TEMPLATE_NAME_MAX || version == 0 || version > UINT32_MAX)
		return fault_set(f, FAULT_MALFORMED, "", "a template whose name or version is "
		    "out of range");
	snprintf(text, sizeof(text), "%.*s", (int)name.n, (const char *)name.p);
	if (!read_lines(settings, text, false, out, &p))
		return fault_set(f, FAULT_MALFORMED, "", "template \"%s\": line %u: %s", text,
		    p.list[0].line, p.list[0].text);
	out->version = (uint32_t)version;
	return true;
}

struct first {
	bool	found;
	char	text[FAULT_TEXT_MAX / 2];
};

static void
note_first(void *ctx, const struct template_key *k, const char *a, const char *b)
{
	struct first	*d = ctx;

	if (!d->found)
		snprintf(d->text, sizeof(d->text), "%s is \"%s\" there and \"%s\" in what is signed",
		    k->name, b, a);
	d->found = true;
}

bool
template_same_text(const struct template *t, struct view text, struct fault *f)
{
	struct template_problems	p;
	struct template			there;
	struct first			d = { 0 };

	if (!template_read(text, t->name, &there, &p))
		return fault_set(f, FAULT_CONFLICT, "", "the readable part, line %u: %s",
		    p.list[0].line, p.list[0].text);
	template_diff(t, &there, note_first, &d);
	if (d.found || there.version != t->version)
		return fault_set(f, FAULT_CONFLICT, "", "the readable part was changed: %s",
		    d.found ? d.text : "another version");
	return true;
}
