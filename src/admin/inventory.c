/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "admin/inventory.h"
#include "base/file.h"
#include "profile/prepare.h"

#define FILE_NAME	"inventory.tsv"
#define FIRST_LINE	"# pki4ipsec inventory 1"
#define FIELDS		13
#define FIELDS_MIN	12		/* peers came later */

/* --- reading ----------------------------------------------------------------------- */

static bool
read_identities(struct known *k, struct view list, struct arena *a, struct fault *f)
{
	struct identity	*ids = arena_array(a, IDENTITIES_MAX, sizeof(*ids));

	if (ids == NULL)
		return arena_fault(f);
	k->d.ids = ids;
	while (list.n > 0 && k->d.n_ids < IDENTITIES_MAX) {
		const uint8_t	*comma = memchr(list.p, ',', list.n);
		size_t		 n = comma == NULL ? list.n : (size_t)(comma - list.p);

		if (!identity_parse_tagged(view_of(list.p, n), &ids[k->d.n_ids++], f))
			return false;
		n += comma != NULL;
		list = view_of(list.p + n, list.n - n);
	}
	return k->d.n_ids > 0 || fault_set(f, FAULT_MALFORMED, "", "no identity");
}

static bool
read_line(struct known *k, struct view line, struct arena *a, struct fault *f)
{
	struct view	fields[FIELDS];
	const char	**to[FIELDS] = {
		&k->id, &k->d.label, &k->d.name, &k->d.template, &k->d.group, &k->d.site,
		&k->d.address, &k->d.subnets, NULL, &k->batch, &k->end, &k->cancel,
		&k->peers,
	};
	size_t		n = 0;

	*k = (struct known){ .peers = "" };
	for (size_t i = 0, from = 0; i <= line.n && n < FIELDS; i++)
		if (i == line.n || line.p[i] == '\t') {
			fields[n++] = view_of(line.p + from, i - from);
			from = i + 1;
		}
	if (n < FIELDS_MIN)
		return fault_set(f, FAULT_MALFORMED, "", "%zu fields, want %d", n, FIELDS);
	for (size_t i = 0; i < n; i++)
		if (to[i] != NULL && (*to[i] = arena_str(a, fields[i])) == NULL)
			return arena_fault(f);
	k->d.role = fleet_role_of(k->d.template);
	return read_identities(k, fields[8], a, f);
}

static bool
read_lines(struct view text, struct inventory *inv, struct fault *f)
{
	size_t	lines = 1;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	if ((inv->v = arena_array(inv->a, lines, sizeof(*inv->v))) == NULL)
		return arena_fault(f);
	for (size_t i = 0, number = 1; i < text.n; number++) {
		const uint8_t	*nl = memchr(text.p + i, '\n', text.n - i);
		size_t		 end = nl == NULL ? text.n : (size_t)(nl - text.p);
		struct view	 line = view_of(text.p + i, end - i);

		if (number == 1 && !view_equal(line, VIEW_LIT(FIRST_LINE)))
			return fault_set(f, FAULT_MALFORMED, "", FILE_NAME ": line 1 is not \""
			    FIRST_LINE "\"");
		if (number > 1 && line.n > 0 &&
		    !read_line(&inv->v[inv->n++], line, inv->a, f))
			return fault_within(f, FILE_NAME ": line %zu", number);
		i = end + 1;
	}
	return true;
}

bool
inventory_load(const char *dir, struct arena *a, struct inventory *out, struct fault *f)
{
	char		path[4096];
	struct buf	text;
	bool		ok;

	*out = (struct inventory){ .a = a };
	if (!path_join(path, sizeof(path), dir, FILE_NAME, f))
		return false;
	if (!file_exists(path))
		return true;
	buf_init(&text, INVENTORY_FILE_MAX);
	ok = file_read(path, &text, f) && read_lines(buf_view(&text), out, f);
	if (text.p != NULL)
		secret_wipe(text.p, text.n);
	buf_clear(&text);
	return ok;
}

/* --- changing ------------------------------------------------------------------------- */

static int
id_order(const void *a, const void *b)
{
	return strcmp((*(struct known *const *)a)->id, (*(struct known *const *)b)->id);
}

static struct known **
sorted(const struct inventory *inv)
{
	struct known	**order = arena_array(inv->a, inv->n + 1, sizeof(struct known *));

	for (size_t i = 0; order != NULL && i < inv->n; i++)
		order[i] = &inv->v[i];
	if (order != NULL)
		qsort(order, inv->n, sizeof(*order), id_order);
	return order;
}

bool
inventory_merge(struct inventory *inv, const struct known *list, size_t n, struct fault *f)
{
	struct known	*all = arena_array(inv->a, inv->n + n + 1, sizeof(*all));
	struct known	**order;
	size_t		 old = inv->n;

	if (all == NULL)
		return arena_fault(f);
	if (old > 0)
		memcpy(all, inv->v, old * sizeof(*all));
	inv->v = all;
	inv->by_id = NULL;
	if ((order = sorted(inv)) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < n; i++) {
		const struct known	*key = &list[i];
		struct known		**hit = bsearch(&key, order, old, sizeof(*order), id_order);

		if (hit != NULL)
			**hit = list[i];
		else
			all[inv->n++] = list[i];
	}
	return true;
}

const char *
identities_text(const struct device *d, struct arena *a)
{
	struct buf	 out;
	char		 one[IDENTITY_TICKET_MAX];
	const char	*s;

	buf_init(&out, IDENTITIES_MAX * (IDENTITY_TICKET_MAX + 1));
	for (size_t i = 0; i < d->n_ids; i++) {
		identity_format(&d->ids[i], one);
		buf_addf(&out, "%s%s", i > 0 ? "," : "", one);
	}
	s = arena_str(a, buf_view(&out));
	buf_clear(&out);
	return s != NULL ? s : "";
}

static void
put_line(const struct known *k, struct buf *out)
{
	char	one[IDENTITY_TICKET_MAX];

	buf_addf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", k->id, k->d.label, k->d.name,
	    k->d.template, k->d.group, k->d.site, k->d.address, k->d.subnets);
	for (size_t i = 0; i < k->d.n_ids; i++) {
		identity_format(&k->d.ids[i], one);
		buf_addf(out, "%s%s", i > 0 ? "," : "", one);
	}
	buf_addf(out, "\t%s\t%s\t%s\t%s\n", k->batch, k->end, k->cancel,
	    k->peers != NULL ? k->peers : "");
}

bool
inventory_save(const char *dir, const struct inventory *inv, struct fault *f)
{
	char		path[4096];
	struct buf	text;
	bool		ok;

	buf_init(&text, INVENTORY_FILE_MAX);
	buf_add_str(&text, FIRST_LINE "\n");
	for (size_t i = 0; i < inv->n; i++)
		put_line(&inv->v[i], &text);
	ok = buf_check(&text, "inventory", f) &&
	    path_join(path, sizeof(path), dir, FILE_NAME, f) &&
	    file_write(path, buf_view(&text), 0600, f);
	if (text.p != NULL)
		secret_wipe(text.p, text.n);
	buf_clear(&text);
	return ok;
}

/* --- finding ---------------------------------------------------------------------------- */

static bool
bears(const struct device *d, const struct identity *ids, size_t n)
{
	for (size_t i = 0; i < d->n_ids; i++)
		for (size_t k = 0; k < n; k++)
			if (identity_equal(&d->ids[i], &ids[k]))
				return true;
	return false;
}

/* What the words may mean as an identity, of each kind they are one of. */
static size_t
as_identities(const char *what, struct identity out[4])
{
	struct fault	why;
	size_t		n = 0;

	fault_clear(&why);
	if (identity_parse_tagged(view_str(what), &out[0], &why))
		return 1;
	for (enum identity_kind k = IDENTITY_FQDN; k <= IDENTITY_IPV6; k++) {
		fault_clear(&why);
		n += identity_parse(k, view_str(what), &out[n], &why);
	}
	return n;
}

enum by { BY_ID, BY_LABEL, BY_NAME, BY_IDENTITY, BY_END };

static bool
is_meant(const struct known *k, enum by by, const char *what, const char *label,
    const struct identity *ids, size_t n_ids)
{
	switch (by) {
	case BY_ID:
		return strcmp(k->id, what) == 0;
	case BY_LABEL:
		return label[0] != '\0' && strcmp(k->d.label, label) == 0;
	case BY_NAME:
		return strcmp(k->d.name, what) == 0;
	case BY_IDENTITY:
		return bears(&k->d, ids, n_ids);
	case BY_END:
		break;
	}
	return false;
}

size_t
inventory_find(const struct inventory *inv, const char *what, struct known **out, size_t max)
{
	struct identity	ids[4];
	size_t		n_ids = as_identities(what, ids), n = 0;
	struct fault	why = { 0 };
	struct buf	label;

	buf_init(&label, LABEL_OCTETS_MAX + 1);
	if (!prepare_label(view_str(what), &label, &why))
		buf_reset(&label);
	buf_add_u8(&label, '\0');
	for (enum by by = BY_ID; by < BY_END && n == 0 && buf_ok(&label); by++)
		for (size_t i = 0; i < inv->n && n < max; i++)
			if (is_meant(&inv->v[i], by, what, (const char *)label.p, ids, n_ids))
				out[n++] = &inv->v[i];
	buf_clear(&label);
	return n;
}

struct known *
inventory_by_id(struct inventory *inv, struct view id)
{
	size_t	low = 0, high = inv->n;

	if (inv->by_id == NULL && (inv->by_id = sorted(inv)) == NULL)
		return NULL;
	while (low < high) {
		size_t		 mid = (low + high) / 2;
		const char	*s = inv->by_id[mid]->id;
		size_t		 n = strlen(s);
		int		 c = memcmp(s, id.p, n < id.n ? n : id.n);

		if (c == 0 && n == id.n)
			return inv->by_id[mid];
		if (c < 0 || (c == 0 && n < id.n))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool
inventory_fleet(const struct inventory *inv, struct fleet *out, struct fault *f)
{
	*out = (struct fleet){ arena_array(inv->a, inv->n + 1, sizeof(struct device)), 0 };
	if (out->v == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < inv->n; i++)
		if (inv->v[i].end[0] == '\0')
			out->v[out->n++] = inv->v[i].d;
	return true;
}
