/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/constraints.h"

#include "codec/name.h"
#include "profile/dns.h"

#define RULE	"RFC 5280, 4.2.1.10"

/* GeneralSubtree ::= SEQUENCE { base, minimum [0] DEFAULT 0, maximum [1] } */
static bool
decode_subtree(struct der *d, bool excluded, struct subtree *out, struct fault *f)
{
	struct der	in;
	struct view	skipped;

	*out = (struct subtree){ .excluded = excluded };
	if (!der_open(d, DER_SEQUENCE, &in, f) ||
	    !general_name_decode(&in, &out->base, f))
		return false;
	while (der_peek(&in) == DER_CONTEXT(0) || der_peek(&in) == DER_CONTEXT(1)) {
		out->bounded = true;
		if (!der_get_any(&in, &skipped, f))
			return false;
	}
	return der_end(&in, f);
}

static bool
decode_subtrees(struct der *d, unsigned tag, struct name_constraints *out, struct fault *f)
{
	struct der	in;
	bool		present;

	if (!der_open_optional(d, (uint8_t)DER_CONTEXT_C(tag), &in, &present, f))
		return false;
	while (present && !der_at_end(&in)) {
		if (out->n == SUBTREES_MAX)
			return fault_set(f, FAULT_LIMIT, RULE, "more than %d subtrees",
			    SUBTREES_MAX);
		if (!decode_subtree(&in, tag == 1, &out->list[out->n], f))
			return false;
		out->n++;
	}
	return true;
}

bool
constraints_decode(struct view value, struct name_constraints *out, struct fault *f)
{
	struct der	d, in;

	out->n = 0;
	der_init(&d, value);
	return der_open(&d, DER_SEQUENCE, &in, f) && decode_subtrees(&in, 0, out, f) &&
	    decode_subtrees(&in, 1, out, f) && der_end(&in, f) && der_end(&d, f);
}

/* name ends with base, without regard to case */
static bool
has_suffix(struct view name, struct view base)
{
	return name.n >= base.n &&
	    ascii_equal_fold(view_of(name.p + (name.n - base.n), base.n), base);
}

/* A host is inside itself and everything above it; ".x" means below x only. */
static bool
dns_inside(struct view name, struct view base)
{
	if (base.n == 0)
		return true;
	if (!has_suffix(name, base))
		return false;
	return name.n == base.n || base.p[0] == '.' ||
	    name.p[name.n - base.n - 1] == '.';
}

/* A host against "host" or ".domain", as mailboxes and URIs have them. */
static bool
host_inside(struct view host, struct view base)
{
	if (base.n > 0 && base.p[0] == '.')
		return host.n > base.n && has_suffix(host, base);
	return ascii_equal_fold(host, base);
}

static struct view
after_at(struct view v)
{
	const uint8_t	*at = v.n == 0 ? NULL : memrchr(v.p, '@', v.n);

	return at == NULL ? VIEW_NONE : view_of(at + 1, v.n - (size_t)(at + 1 - v.p));
}

/* RFC 5280, 7.5: the local part with its case, the domain without. */
static bool
email_inside(struct view name, struct view base)
{
	struct view	host = after_at(name), want = after_at(base);

	if (host.p == NULL)
		return false;
	if (base.n == 0)
		return true;
	if (want.p == NULL)
		return host_inside(host, base);
	if (want.n + 1 == base.n)	/* "@host" */
		return ascii_equal_fold(host, want);
	return ascii_equal_fold(host, want) && view_equal(
	    view_of(name.p, name.n - host.n), view_of(base.p, base.n - want.n));
}

static struct view
uri_host(struct view uri)
{
	struct view	at;
	size_t		n = 0, i = 0;

	while (i + 1 < uri.n && !(uri.p[i] == '/' && uri.p[i + 1] == '/'))
		i++;
	if (i + 2 > uri.n)
		return VIEW_NONE;
	uri = view_of(uri.p + i + 2, uri.n - i - 2);
	while (n < uri.n && uri.p[n] != '/' && uri.p[n] != '?' && uri.p[n] != '#')
		n++;
	uri.n = n;
	at = after_at(uri);
	if (at.p != NULL)
		uri = at;
	for (n = 0; n < uri.n && uri.p[n] != ':';)
		n++;
	return view_of(uri.p, n);
}

/* A URI without a host by name is inside nothing. */
static bool
uri_inside(struct view name, struct view base)
{
	struct view	host = uri_host(name);

	return host.n > 0 && host.p[0] != '[' && !text_is_address(host) &&
	    (base.n == 0 || host_inside(host, base));
}

static bool
ip_inside(struct view name, struct view base)
{
	if (base.n != 2 * name.n)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (((name.p[i] ^ base.p[i]) & base.p[name.n + i]) != 0)
			return false;
	return true;
}

/* The first n relative names of a name, as a name; false if there are fewer. */
static bool
first_parts(struct view name, size_t n, struct buf *out)
{
	struct der	d, in;
	struct view	part;
	size_t		mark = der_begin(out, DER_SEQUENCE);

	der_init(&d, name);
	if (!der_open(&d, DER_SEQUENCE, &in, NULL))
		return false;
	for (; n > 0; n--) {
		if (!der_get_any(&in, &part, NULL))
			return false;
		buf_add_view(out, part);
	}
	der_close(out, mark);
	return buf_ok(out);
}

static size_t
count_parts(struct view name)
{
	struct der	d, in;
	struct view	part;
	size_t		n = 0;

	der_init(&d, name);
	if (!der_open(&d, DER_SEQUENCE, &in, NULL))
		return 0;
	while (!der_at_end(&in) && der_get_any(&in, &part, NULL))
		n++;
	return n;
}

/* base begins name, compared as RFC 5280, 7.1 has it */
static bool
directory_inside(struct view name, struct view base)
{
	struct buf	head, a, b;
	bool		inside;

	buf_init(&head, NAME_OCTETS_MAX);
	buf_init(&a, 4 * NAME_OCTETS_MAX);
	buf_init(&b, 4 * NAME_OCTETS_MAX);
	inside = first_parts(name, count_parts(base), &head) &&
	    name_key(buf_view(&head), &a, NULL) && name_key(base, &b, NULL) &&
	    view_equal(buf_view(&a), buf_view(&b));
	buf_clear(&head);
	buf_clear(&a);
	buf_clear(&b);
	return inside;
}

/* How each kind is compared; NULL: it cannot be. */
static bool (*const inside[])(struct view, struct view) = {
	[GENERAL_NAME_EMAIL] = email_inside,
	[GENERAL_NAME_DNS] = dns_inside,
	[GENERAL_NAME_DIRECTORY] = directory_inside,
	[GENERAL_NAME_URI] = uri_inside,
	[GENERAL_NAME_IP] = ip_inside,
	[GENERAL_NAME_RID] = NULL,
};

static const char *
base_text(const struct general_name *g, char *out, size_t n)
{
	if (g->type != GENERAL_NAME_IP)
		return general_name_text(g, out, n);
	return g->value.n == 8 || g->value.n == 32 ? "the address range" : "a range that is none";
}

static bool
outside(const struct general_name *g, const struct subtree *s, const char *how,
    struct fault *f)
{
	char	name[NAME_TEXT_MAX / 4], base[NAME_TEXT_MAX / 4];

	return fault_set(f, FAULT_REFUSED, RULE, "%s %s%s%s",
	    general_name_text(g, name, sizeof(name)), how, s == NULL ? "" : " ",
	    s == NULL ? "" : base_text(&s->base, base, sizeof(base)));
}

static bool
one_allowed(const struct name_constraints *nc, const struct general_name *g,
    struct fault *f)
{
	bool	permitted = false, wanted = false;

	for (size_t i = 0; i < nc->n; i++) {
		const struct subtree	*s = &nc->list[i];

		if (s->base.type != g->type)
			continue;
		if (inside[g->type] == NULL)
			return outside(g, s, "cannot be held against", f);
		if (s->excluded && inside[g->type](g->value, s->base.value))
			return outside(g, s, "is excluded by", f);
		wanted |= !s->excluded;
		permitted |= !s->excluded && inside[g->type](g->value, s->base.value);
	}
	return permitted || !wanted || outside(g, NULL, "is outside of what is permitted", f);
}

bool
constraints_allow(const struct name_constraints *nc, const struct cert *c, struct fault *f)
{
	const struct general_name	subject = { GENERAL_NAME_DIRECTORY, c->subject };
	struct general_name		mail = { GENERAL_NAME_EMAIL, VIEW_NONE };
	bool				has_mail = false;

	if (!name_is_empty(c->subject) && !one_allowed(nc, &subject, f))
		return false;
	for (size_t i = 0; i < c->san.n; i++) {
		has_mail |= c->san.list[i].type == GENERAL_NAME_EMAIL;
		if (!one_allowed(nc, &c->san.list[i], f))
			return false;
	}
	/* RFC 5280, 4.2.1.10: certificates from before subjectAltName */
	return has_mail || !name_find(c->subject, OID_AT_EMAIL, &mail.value) ||
	    one_allowed(nc, &mail, f);
}
