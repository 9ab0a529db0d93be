/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "admin/address.h"
#include "admin/fleet.h"
#include "base/text.h"
#include "message/ticket.h"
#include "profile/dns.h"
#include "profile/prepare.h"
#include "profile/template.h"

enum column {
	COLUMN_FQDN = 0, COLUMN_EMAIL, COLUMN_IPV4, COLUMN_IPV6, COLUMN_LABEL,
	COLUMN_TEMPLATE, COLUMN_GROUP, COLUMN_SITE, COLUMN_ADDRESS, COLUMN_SUBNETS,
	COLUMN_PEER, COLUMN_PLATFORM, COLUMN_APPROVAL,
	COLUMN_REPLACES, COLUMN_LOST_KEY,
	COLUMN_TERMS,			/* the first of those in entry_terms.h */
	COLUMNS = COLUMN_TERMS + TERMS
};

static const char *
column_name(unsigned c)
{
	static const char *const	names[COLUMN_TERMS] = {
		"fqdn", "email", "ipv4", "ipv6", "label", "template", "group", "site",
		"address", "subnets", "peer", "platform", "approval", "replaces",
		"lost-key",
	};

	return c < COLUMN_TERMS ? names[c] : entry_term_names[c - COLUMN_TERMS];
}

static const enum identity_kind column_kinds[] = {
	[COLUMN_FQDN] = IDENTITY_FQDN, [COLUMN_EMAIL] = IDENTITY_EMAIL,
	[COLUMN_IPV4] = IDENTITY_IPV4, [COLUMN_IPV6] = IDENTITY_IPV6,
};
#define IDENTITY_COLUMNS	4
#define SERIAL_MAX		20	/* octets */
#define NEAR_EDITS		2	/* a slip of the finger */

struct table {
	struct problems	*p;
	const char	*template;
	struct fleet	*out;
	struct fault	*f;
	bool		 has_header, memory;
	enum column	 columns[CSV_COLUMNS_MAX];	/* COLUMNS: not used */
	size_t		 n_columns;
};

enum fleet_role
fleet_role_of(const char *template)
{
	static const struct {
		const char	*start;
		enum fleet_role	 role;
	} roles[] = {
		{ "s2s-gateway", FLEET_S2S }, { "ra-gateway", FLEET_RA_GATEWAY },
		{ "ra-user", FLEET_RA_CLIENT }, { "ra-machine", FLEET_RA_CLIENT },
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strncmp(template, roles[i].start, strlen(roles[i].start)) == 0)
			return roles[i].role;
	return FLEET_OTHER;
}

/* --- header -------------------------------------------------------------------------- */

static size_t
edits(const char *a, const char *b)
{
	size_t	row[32], na = strlen(a), nb = strlen(b);

	if (na > 30 || nb > 30)
		return 99;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t	diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t	best = diagonal +
			    (ascii_lower((uint8_t)a[i - 1]) != (uint8_t)b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

static void
unknown_column(struct table *t, unsigned line, const char *name)
{
	size_t		 best = NEAR_EDITS + 1;
	const char	*near = NULL;

	for (size_t i = 0; i < COLUMNS; i++) {
		size_t	d = edits(name, column_name(i));

		if (d < best) {
			best = d;
			near = column_name(i);
		}
	}
	if (near != NULL)
		problem_add(t->p, line, name, "unknown column; did you mean \"%s\"?", near);
	else
		problem_add(t->p, line, name, "unknown column; known are fqdn, email, ipv4, ipv6, "
		    "label, template, group, site, address, subnets, peer, platform, approval, "
		    "replaces, lost-key, and those "
		    "for terms of single devices (pki4ipsec-csv, 5)");
}

static bool
read_header(struct table *t, const struct csv_row *r)
{
	unsigned	seen = 0;

	t->has_header = true;
	t->n_columns = r->n;
	if (r->n == 1 && (strchr(r->fields[0], ';') != NULL || strchr(r->fields[0], '\t') != NULL)) {
		problem_add(t->p, r->line, "", "columns are separated by %s; want commas (RFC 4180)",
		    strchr(r->fields[0], ';') != NULL ? "semicolons" : "tabs");
		return false;
	}
	for (size_t i = 0; i < r->n; i++) {
		enum column	c = 0;

		while (c < COLUMNS && !ascii_equal_fold(view_str(r->fields[i]),
		    view_str(column_name(c))))
			c++;
		t->columns[i] = c;
		if (c == COLUMNS)
			unknown_column(t, r->line, r->fields[i]);
		else if (seen & (1u << c))
			problem_add(t->p, r->line, column_name(c), "stands twice in the header");
		else
			seen |= 1u << c;
	}
	if ((seen & ((1u << IDENTITY_COLUMNS) - 1)) == 0)
		problem_add(t->p, r->line, "", "no identity column: one of fqdn, email, ipv4, ipv6 "
		    "is needed");
	if (t->template == NULL && (seen & (1u << COLUMN_TEMPLATE)) == 0)
		problem_add(t->p, r->line, "template", "no such column, and no --template");
	/* Without its columns no row can be understood. */
	return t->p->total == 0;
}

/* --- values --------------------------------------------------------------------------- */

/* The next of several values, without white space around it; empty ones count. */
static bool
next_value(const char **rest, struct view *out)
{
	const char	*from = *rest, *end;

	if (from == NULL)
		return false;
	end = from + strcspn(from, ";");
	*rest = *end == ';' ? end + 1 : NULL;
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*out = view_of(from, (size_t)(end - from));
	return true;
}

static void
bad_value(struct table *t, const struct device *d, enum column c, const struct fault *why)
{
	if (why->rule[0] != '\0')
		problem_add(t->p, d->line, column_name(c), "%s (%s)", why->text, why->rule);
	else
		problem_add(t->p, d->line, column_name(c), "%s", why->text);
}

static bool
has_identity(const struct identity *ids, size_t n, const struct identity *id)
{
	for (size_t i = 0; i < n; i++)
		if (identity_equal(&ids[i], id))
			return true;
	return false;
}

static void
read_identities(struct table *t, struct device *d, enum column c, const char *text,
    struct identity ids[IDENTITIES_MAX])
{
	struct view	v;
	struct fault	why;

	while (next_value(&text, &v)) {
		struct identity	id;

		fault_clear(&why);
		if (d->n_ids == IDENTITIES_MAX) {
			problem_add(t->p, d->line, column_name(c), "more than %d identities",
			    IDENTITIES_MAX);
			return;
		}
		if (v.n == 0)
			problem_add(t->p, d->line, column_name(c), "an empty value between "
			    "semicolons");
		else if (!identity_parse(column_kinds[c], v, &id, &why))
			bad_value(t, d, c, &why);
		else if (has_identity(ids, d->n_ids, &id))
			problem_add(t->p, d->line, column_name(c), "\"%s\" stands twice in this "
			    "row", id.text);
		else
			ids[d->n_ids++] = id;
	}
}

/* A label, group, site or peer: NFC text without controls. */
static const char *
read_text(struct table *t, struct device *d, enum column c, struct view v)
{
	struct fault	why = { 0 };
	struct buf	out;
	const char	*s = NULL;

	buf_init(&out, LABEL_OCTETS_MAX + 1);
	if (!prepare_label(v, &out, &why))
		bad_value(t, d, c, &why);
	else
		s = arena_str(t->p->a, buf_view(&out));
	buf_clear(&out);
	return s != NULL ? s : "";
}

static void
read_address(struct table *t, struct device *d, const char *text)
{
	struct fault	why = { 0 };

	if (!address_check(view_str(text), &why))
		bad_value(t, d, COLUMN_ADDRESS, &why);
	else
		d->address = text;
}

static void
read_subnets(struct table *t, struct device *d, const char *text)
{
	struct buf	out;
	struct view	v;
	struct fault	why;

	buf_init(&out, CSV_FIELD_MAX);
	while (next_value(&text, &v)) {
		fault_clear(&why);
		if (!subnet_check(v, &why))
			bad_value(t, d, COLUMN_SUBNETS, &why);
		if (out.n > 0)
			buf_add_u8(&out, ',');
		buf_add_view(&out, v);
	}
	if (out.n >= TICKET_SUBNETS_MAX)
		problem_add(t->p, d->line, "subnets", "%zu octets of subnets, a ticket takes %d",
		    out.n, TICKET_SUBNETS_MAX - 1);
	else
		d->subnets = arena_str(t->p->a, buf_view(&out));
	buf_clear(&out);
}

static void
read_peers(struct table *t, struct device *d, const char *text)
{
	const char	**list = arena_array(t->p->a, FLEET_PEERS_MAX, sizeof(*list));
	struct view	  v;

	if (list == NULL) {
		t->memory = true;
		return;
	}
	d->peers = list;
	while (next_value(&text, &v)) {
		if (d->n_peers == FLEET_PEERS_MAX) {
			problem_add(t->p, d->line, "peer", "more than %d peers: give them a group",
			    FLEET_PEERS_MAX);
			return;
		}
		list[d->n_peers] = read_text(t, d, COLUMN_PEER, v);
		d->n_peers += list[d->n_peers][0] != '\0';
	}
}

static void
read_template(struct table *t, struct device *d, const char *text)
{
	if (strlen(text) > TEMPLATE_NAME_MAX)
		problem_add(t->p, d->line, "template", "a name of %zu octets, up to %d are taken",
		    strlen(text), TEMPLATE_NAME_MAX);
	else
		d->template = read_text(t, d, COLUMN_TEMPLATE, view_str(text));
}

static void
read_platform(struct table *t, struct device *d, const char *text)
{
	struct view	bad;

	if (strchr(text, ',') != NULL || !lint_products_find(view_str(text), &d->platform, &bad))
		problem_add(t->p, d->line, "platform", "\"%s\" is none of strongswan, libreswan, "
		    "windows, apple, android, cisco", text);
}

/* Automatic is what the template says, and cannot be asked for against it. */
static void
read_approval(struct table *t, struct device *d, const char *text)
{
	d->approval = strcmp(text, "manual") == 0;
	if (!d->approval)
		problem_add(t->p, d->line, "approval", "\"%s\": want manual, or nothing for what "
		    "the template says", text);
}

static void
read_replaces(struct table *t, struct device *d, const char *text)
{
	uint8_t	serial[SERIAL_MAX];
	size_t	n = 0;

	if (!hex_decode(text, serial, sizeof(serial), &n) || n == 0)
		problem_add(t->p, d->line, "replaces", "\"%s\" is no serial number in hexadecimal: "
		    "pki4ipsec admin show says it", text);
	else
		d->replaces = text;
}

static void
read_lost_key(struct table *t, struct device *d, const char *text)
{
	d->key_lost = strcmp(text, "yes") == 0;
	if (!d->key_lost)
		problem_add(t->p, d->line, "lost-key", "\"%s\": want yes, or nothing", text);
}

static void
read_term(struct table *t, struct device *d, enum column c, const char *text)
{
	enum entry_term	term = (enum entry_term)(c - COLUMN_TERMS);
	struct fault	why = { 0 };

	if (!entry_term_check(term, text, &why))
		bad_value(t, d, c, &why);
	else
		d->terms.text[term] = text;
}

static void
read_field(struct table *t, struct device *d, enum column c, const char *text,
    struct identity ids[IDENTITIES_MAX])
{
	switch (c) {
	case COLUMN_FQDN:
	case COLUMN_EMAIL:
	case COLUMN_IPV4:
	case COLUMN_IPV6:
		read_identities(t, d, c, text, ids);
		break;
	case COLUMN_LABEL:
		d->label = read_text(t, d, c, view_str(text));
		break;
	case COLUMN_TEMPLATE:
		read_template(t, d, text);
		break;
	case COLUMN_GROUP:
		d->group = read_text(t, d, c, view_str(text));
		break;
	case COLUMN_SITE:
		d->site = read_text(t, d, c, view_str(text));
		break;
	case COLUMN_ADDRESS:
		read_address(t, d, text);
		break;
	case COLUMN_SUBNETS:
		read_subnets(t, d, text);
		break;
	case COLUMN_PEER:
		read_peers(t, d, text);
		break;
	case COLUMN_PLATFORM:
		read_platform(t, d, text);
		break;
	case COLUMN_APPROVAL:
		read_approval(t, d, text);
		break;
	case COLUMN_REPLACES:
		read_replaces(t, d, text);
		break;
	case COLUMN_LOST_KEY:
		read_lost_key(t, d, text);
		break;
	case COLUMN_TERMS:
	case COLUMNS:
	default:
		read_term(t, d, c, text);
		break;
	}
}

/* --- rows ------------------------------------------------------------------------------ */

static bool
is_blank(const struct csv_row *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->fields[i][0] != '\0')
			return false;
	return true;
}

static void
finish_row(struct table *t, struct device *d, const struct identity *ids)
{
	struct identity	*copy = arena_array(t->p->a, d->n_ids + 1, sizeof(*copy));

	if (copy == NULL || d->subnets == NULL) {
		t->memory = true;
		return;
	}
	memcpy(copy, ids, d->n_ids * sizeof(*copy));
	d->ids = copy;
	d->role = fleet_role_of(d->template);
	if (d->role == FLEET_OTHER && d->group[0] != '\0')
		problem_add(t->p, d->line, "group", "template \"%s\" has no tunnels to set up: "
		    "groups are for s2s-gateway, ra-gateway, ra-user and ra-machine", d->template);
}

static bool
read_row(void *ctx, const struct csv_row *r)
{
	struct table	*t = ctx;
	struct identity	 ids[IDENTITIES_MAX];
	struct device	*d = &t->out->v[t->out->n];
	size_t		 before = t->p->total;

	if (!t->has_header)
		return read_header(t, r);
	if (is_blank(r))
		return true;
	*d = (struct device){ .line = r->line, .entry_id = (uint32_t)t->out->n + 1, .label = "",
		.template = t->template != NULL ? t->template : "", .group = "", .site = "",
		.address = "", .subnets = "" };
	if (r->n != t->n_columns) {
		problem_add(t->p, r->line, "", "%zu fields, the header has %zu", r->n, t->n_columns);
		return true;
	}
	for (size_t i = 0; i < r->n; i++)
		if (r->fields[i][0] != '\0')
			read_field(t, d, t->columns[i], r->fields[i], ids);
	if (d->n_ids == 0 && t->p->total == before)
		problem_add(t->p, r->line, "", "no identity: fqdn, email, ipv4 and ipv6 are empty");
	if (d->key_lost && d->replaces == NULL)
		problem_add(t->p, r->line, "lost-key", "and no certificate whose key it was: its "
		    "serial number belongs into \"replaces\"");
	if (d->template[0] == '\0')
		problem_add(t->p, r->line, "template", "is empty, and no --template was given");
	finish_row(t, d, ids);
	t->out->n++;
	return !t->memory;
}

/* --- across rows ------------------------------------------------------------------------- */

struct same {
	const char	*text;
	const char	*column;
	unsigned	 line;
};

static int
same_order(const void *a, const void *b)
{
	const struct same	*x = a, *y = b;
	int			 c = strcmp(x->column, y->column);

	if (c == 0)
		c = strcmp(x->text, y->text);
	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

static size_t
list_values(const struct fleet *fl, struct same *out)
{
	size_t	n = 0;

	for (size_t i = 0; i < fl->n; i++) {
		const struct device	*d = &fl->v[i];

		for (size_t k = 0; k < d->n_ids; k++)
			out[n++] = (struct same){ d->ids[k].text,
				identity_kind_name(d->ids[k].kind), d->line };
		if (d->label[0] != '\0')
			out[n++] = (struct same){ d->label, "label", d->line };
	}
	return n;
}

/* Each identity and each label belongs to one row. */
static bool
find_duplicates(const struct fleet *fl, struct problems *p, struct fault *f)
{
	size_t		 n = 0;
	struct same	*all;

	for (size_t i = 0; i < fl->n; i++)
		n += fl->v[i].n_ids + 1;
	if ((all = arena_array(p->a, n + 1, sizeof(*all))) == NULL)
		return arena_fault(f);
	n = list_values(fl, all);
	qsort(all, n, sizeof(*all), same_order);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (strcmp(all[i].column, all[first].column) == 0 &&
		    strcmp(all[i].text, all[first].text) == 0)
			problem_add(p, all[i].line, all[i].column, "\"%s\" stands in line %u "
			    "too", all[i].text, all[first].line);
		else
			first = i;
	}
	return true;
}

/* --- names --------------------------------------------------------------------------------- */

static bool
is_name_char(uint8_t c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || strchr("._-@", c) != NULL;
}

void
fleet_name(const char *text, char out[FLEET_NAME_MAX])
{
	char	shown[FLEET_NAME_MAX - 8];	/* room for a number behind it */
	size_t	n = 0;

	/* Invisible code points come back as \xNN and lose their backslash. */
	text_escape(view_str(text), 0, shown, sizeof(shown));
	for (const char *s = shown; *s != '\0'; s++) {
		char	c = is_name_char((uint8_t)*s) ? *s : '-';

		if (n == 0 && (c == '.' || c == '-'))
			continue;
		if (c == '-' && n > 0 && out[n - 1] == '-')
			continue;
		out[n++] = c;
	}
	while (n > 0 && (out[n - 1] == '-' || out[n - 1] == '.'))
		n--;
	out[n] = '\0';
	if (n == 0)
		snprintf(out, FLEET_NAME_MAX, "device");
}

static int
name_order(const void *a, const void *b)
{
	const struct device	*x = *(const struct device *const *)a;
	const struct device	*y = *(const struct device *const *)b;
	int			 c = strcmp(x->name, y->name);

	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

/* Different labels may give one name: the later one gets its line number. */
static bool
set_names(struct fleet *fl, struct arena *a, struct fault *f)
{
	struct device	**order = arena_array(a, fl->n + 1, sizeof(struct device *));
	char		  name[FLEET_NAME_MAX];

	if (order == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < fl->n; i++) {
		struct device	*d = order[i] = &fl->v[i];

		fleet_name(d->label[0] != '\0' ? d->label : d->n_ids > 0 ? d->ids[0].text : "",
		    name);
		if ((d->name = arena_str(a, view_str(name))) == NULL)
			return arena_fault(f);
	}
	qsort(order, fl->n, sizeof(*order), name_order);
	for (size_t i = 1, first = 0; i < fl->n; i++) {
		if (strcmp(order[i]->name, order[first]->name) != 0)
			first = i;
		else if ((order[i]->name = arena_printf(a, "%s~%u", order[i]->name,
		    order[i]->line)) == NULL)
			return arena_fault(f);
	}
	return true;
}

bool
fleet_read(struct view file, const char *template, struct problems *p, struct fleet *out,
    struct fault *f)
{
	struct table	t = { .p = p, .template = template, .out = out, .f = f };

	*out = (struct fleet){ arena_array(p->a, CSV_ROWS_MAX, sizeof(struct device)), 0 };
	if (out->v == NULL)
		return arena_fault(f);
	if (!csv_read(file, p, read_row, &t, f))
		return false;
	if (t.memory)
		return fault_set(f, FAULT_LIMIT, "", "out of memory");
	if (p->total == 0 && !t.has_header)
		problem_add(p, 0, "", "the file is empty: want a header row and devices");
	else if (p->total == 0 && out->n == 0)
		problem_add(p, 0, "", "there is no device below the header");
	return find_duplicates(out, p, f) && set_names(out, p->a, f);
}
