/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "admin/topology.h"

#define TICKET_REST	4096	/* a ticket without its peers */

/* A connection that the column `peer` asks for, once for each end. */
struct edge {
	const struct device	*from, *to;
};

struct topology {
	const struct device	**gateways;	/* by role, group and name */
	size_t			  n_gateways;
	const struct device	**labels;	/* everyone, by label */
	size_t			  n_labels;
	struct edge		*edges;		/* by from */
	size_t			  n_edges;
	const struct device	**peers;	/* scratch for the checks */
	size_t			  behind;
};

static int
gateway_order(const void *a, const void *b)
{
	const struct device	*x = *(const struct device *const *)a;
	const struct device	*y = *(const struct device *const *)b;
	int			 c = (x->role > y->role) - (x->role < y->role);

	if (c == 0)
		c = strcmp(x->group, y->group);
	return c != 0 ? c : strcmp(x->name, y->name);
}

static int
label_order(const void *a, const void *b)
{
	const struct device	*x = *(const struct device *const *)a;
	const struct device	*y = *(const struct device *const *)b;

	return strcmp(x->label, y->label);
}

static int
edge_order(const void *a, const void *b)
{
	const struct edge	*x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* --- who is there ------------------------------------------------------------------ */

static bool
is_same_device(const struct device *x, const struct device *y)
{
	if (x->label[0] != '\0' && strcmp(x->label, y->label) == 0)
		return true;
	return strcmp(x->name, y->name) == 0 ||
	    (x->n_ids > 0 && y->n_ids > 0 && identity_equal(&x->ids[0], &y->ids[0]));
}

/* Sorted lists of texts of the file, to leave out what was authorized anew. */
static int
text_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **
texts_of(const struct fleet *fl, struct arena *a, size_t *n)
{
	const char	**all = arena_array(a, 3 * fl->n + 1, sizeof(char *));

	*n = 0;
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < fl->n; i++) {
		all[(*n)++] = fl->v[i].name;
		if (fl->v[i].label[0] != '\0')
			all[(*n)++] = fl->v[i].label;
		if (fl->v[i].n_ids > 0)
			all[(*n)++] = fl->v[i].ids[0].text;
	}
	qsort(all, *n, sizeof(*all), text_order);
	return all;
}

static bool
stands_in(const char *const *texts, size_t n, const char *text)
{
	return text[0] != '\0' &&
	    bsearch(&text, texts, n, sizeof(*texts), text_order) != NULL;
}

static void
add_device(struct topology *t, const struct device *d)
{
	if (d->role == FLEET_S2S || d->role == FLEET_RA_GATEWAY)
		t->gateways[t->n_gateways++] = d;
	t->labels[t->n_labels++] = d;
}

static bool
list_devices(struct topology *t, const struct fleet *fl, const struct fleet *known,
    struct arena *a, struct fault *f)
{
	size_t		  n, all = fl->n + known->n + 1;
	const char	**texts = texts_of(fl, a, &n);

	t->gateways = arena_array(a, all, sizeof(*t->gateways));
	t->labels = arena_array(a, all, sizeof(*t->labels));
	t->peers = arena_array(a, all, sizeof(*t->peers));
	if (texts == NULL || t->gateways == NULL || t->labels == NULL || t->peers == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < fl->n; i++)
		add_device(t, &fl->v[i]);
	for (size_t i = 0; i < known->n; i++) {
		const struct device	*d = &known->v[i];

		if (!stands_in(texts, n, d->name) && !stands_in(texts, n, d->label) &&
		    (d->n_ids == 0 || !stands_in(texts, n, d->ids[0].text)))
			add_device(t, d);
	}
	qsort(t->gateways, t->n_gateways, sizeof(*t->gateways), gateway_order);
	qsort(t->labels, t->n_labels, sizeof(*t->labels), label_order);
	return true;
}

/* --- the column `peer` --------------------------------------------------------------- */

static const struct device *
find_label(const struct topology *t, const char *label)
{
	struct device			 want = { .label = label };
	const struct device		*key = &want;
	const struct device *const	*hit = bsearch(&key, t->labels, t->n_labels,
	    sizeof(*t->labels), label_order);

	return hit == NULL ? NULL : *hit;
}

/* Why these two cannot be connected; NULL if they can. */
static const char *
cannot_connect(const struct device *d, const struct device *to)
{
	if (d == to)
		return "is this very device";
	if (d->role == FLEET_S2S)
		return to->role == FLEET_S2S ? NULL : "is no s2s-gateway";
	if (d->role == FLEET_RA_CLIENT)
		return to->role == FLEET_RA_GATEWAY ? NULL : "is no ra-gateway";
	return d->role == FLEET_RA_GATEWAY ? "cannot be called: an ra-gateway waits for its users" :
	    "cannot be used: this template has no tunnels to set up";
}

static void
add_edges(struct topology *t, const struct device *d, struct problems *p)
{
	for (size_t i = 0; i < d->n_peers; i++) {
		const struct device	*to = find_label(t, d->peers[i]);
		const char		*why;

		if (to == NULL) {
			problem_add(p, d->line, "peer", "\"%s\" is the label of no device, neither in "
			    "this file nor authorized earlier", d->peers[i]);
			continue;
		}
		if ((why = cannot_connect(d, to)) != NULL) {
			problem_add(p, d->line, "peer", "\"%s\" %s", d->peers[i], why);
			continue;
		}
		t->edges[t->n_edges++] = (struct edge){ d, to };
		if (d->role == FLEET_S2S)
			t->edges[t->n_edges++] = (struct edge){ to, d };
	}
}

static bool
list_edges(struct topology *t, const struct fleet *fl, struct problems *p, struct fault *f)
{
	size_t	n = 0;

	for (size_t i = 0; i < fl->n; i++)
		n += 2 * fl->v[i].n_peers;
	if ((t->edges = arena_array(p->a, n + 1, sizeof(*t->edges))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < fl->n; i++)
		add_edges(t, &fl->v[i], p);
	qsort(t->edges, t->n_edges, sizeof(*t->edges), edge_order);
	return true;
}

/* --- the peers of one ------------------------------------------------------------------- */

static void
add_peer(const struct device *d, const struct device *to, const struct device **out,
    size_t max, size_t *n)
{
	if (to == d || (to->line == 0 && d->line != 0 && is_same_device(d, to)))
		return;
	for (size_t i = 0; i < *n && i < max; i++)
		if (out[i] == to)
			return;
	if (*n < max)
		out[*n] = to;
	(*n)++;
}

/* The first gateway of this role and group. */
static size_t
group_start(const struct topology *t, enum fleet_role role, const char *group)
{
	struct device		 want = { .role = role, .group = group, .name = "" };
	const struct device	*key = &want;
	size_t			 low = 0, high = t->n_gateways;

	while (low < high) {
		size_t	mid = (low + high) / 2;

		if (gateway_order(&t->gateways[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Counts beyond max too, so that a mesh too large is seen. */
static size_t
peers_of(const struct topology *t, const struct device *d, const struct device **out,
    size_t max)
{
	enum fleet_role	role = d->role == FLEET_S2S ? FLEET_S2S : FLEET_RA_GATEWAY;
	size_t		n = 0, low = 0, high = t->n_edges;

	if (d->group[0] != '\0' && (d->role == FLEET_S2S || d->role == FLEET_RA_CLIENT))
		for (size_t i = group_start(t, role, d->group); i < t->n_gateways &&
		    t->gateways[i]->role == role && strcmp(t->gateways[i]->group, d->group) == 0 &&
		    n <= max; i++)
			add_peer(d, t->gateways[i], out, max, &n);
	while (low < high) {
		size_t	mid = (low + high) / 2;

		if (t->edges[mid].from < d)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < t->n_edges && t->edges[low].from == d && n <= max; low++)
		add_peer(d, t->edges[low].to, out, max, &n);
	return n;
}

size_t
topology_peers(const struct topology *t, const struct device *d, const struct device **out)
{
	return peers_of(t, d, out, TICKET_PEERS_MAX);
}

size_t
topology_behind(const struct topology *t)
{
	return t->behind;
}

/* --- what cannot be ---------------------------------------------------------------------- */

static size_t
group_size(const struct topology *t, const struct device *d)
{
	size_t	i = group_start(t, d->role, d->group), n = 0;

	while (i < t->n_gateways && t->gateways[i]->role == d->role &&
	    strcmp(t->gateways[i]->group, d->group) == 0) {
		i++;
		n++;
	}
	return n;
}

/* One report for a group, at the first of its lines. */
static bool
is_first_of_group(const struct topology *t, const struct device *d)
{
	for (size_t i = group_start(t, d->role, d->group); i < t->n_gateways &&
	    t->gateways[i]->role == d->role && strcmp(t->gateways[i]->group, d->group) == 0; i++)
		if (t->gateways[i]->line != 0 && t->gateways[i]->line < d->line)
			return false;
	return true;
}

static void
too_many(const struct topology *t, const struct device *d, struct problems *p)
{
	if (d->role == FLEET_S2S && d->group[0] != '\0' &&
	    group_size(t, d) > TICKET_PEERS_MAX + 1 && !is_first_of_group(t, d))
		return;
	if (d->role == FLEET_S2S && d->group[0] != '\0')
		problem_add(p, d->line, "group", "the mesh \"%s\" has %zu gateways and a device up "
		    "to %d peers: split it into groups and join these by `peer`", d->group,
		    group_size(t, d), TICKET_PEERS_MAX);
	else
		problem_add(p, d->line, "peer", "more than %d peers", TICKET_PEERS_MAX);
}

static void
check_device(struct topology *t, const struct device *d, struct problems *p)
{
	size_t	n = peers_of(t, d, t->peers, TICKET_PEERS_MAX);
	size_t	octets = TICKET_REST;

	if (n > TICKET_PEERS_MAX) {
		too_many(t, d, p);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct device	*to = t->peers[i];

		octets += strlen(to->name) + strlen(to->address) + strlen(to->subnets) +
		    strlen(to->ids[0].text) + sizeof("peer: name= id=email: address= subnets=\n");
		t->behind += to->line == 0 && d->role == FLEET_S2S;
	}
	if (octets > TICKET_FILE_MAX)
		problem_add(p, d->line, "group", "its %zu peers make a ticket of %zu octets, up to "
		    "%u are taken: fewer or shorter subnets, or smaller groups", n, octets,
		    TICKET_FILE_MAX);
	if (d->role == FLEET_RA_CLIENT && d->group[0] != '\0' && n == 0)
		problem_add(p, d->line, "group", "\"%s\" has no ra-gateway, neither in this file nor "
		    "authorized earlier", d->group);
}

struct topology *
topology_new(const struct fleet *fl, const struct fleet *known, struct problems *p,
    struct fault *f)
{
	struct topology	*t = arena_alloc(p->a, sizeof(*t));

	if (t == NULL) {
		arena_fault(f);
		return NULL;
	}
	if (!list_devices(t, fl, known, p->a, f) || !list_edges(t, fl, p, f))
		return NULL;
	for (size_t i = 0; i < fl->n; i++)
		check_device(t, &fl->v[i], p);
	return t;
}
