/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_csv.c - any octets as an operator's list: its lines and fields, and
 * the devices they mean.  What is wrong is told with line and words; what is
 * right is canonical.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/fleet.h"
#include "admin/topology.h"
#include "base/text.h"

#define ARENA_MAX	(256u << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct count {
	unsigned	line;
	size_t		lines;		/* in the file */
};

/* Lines go up, and fields are text. */
static bool
row(void *ctx, const struct csv_row *r)
{
	struct count	*c = ctx;
	size_t		 at;

	if (r->line <= c->line || r->line > c->lines || r->n == 0 ||
	    r->n > CSV_COLUMNS_MAX)
		abort();
	c->line = r->line;
	for (size_t i = 0; i < r->n; i++)
		if (!utf8_valid(view_str(r->fields[i]), &at))
			abort();
	return true;
}

static void
check_problems(struct problems *p, size_t lines)
{
	problems_sort(p);
	if (p->n > PROBLEMS_MAX || p->total < p->n)
		abort();
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].line > lines || p->v[i].text[0] == '\0' ||
		    (i > 0 && p->v[i].line < p->v[i - 1].line))
			abort();
}

static void
check_device(const struct device *d)
{
	struct identity	again;
	struct fault	f = { 0 };
	char		text[IDENTITY_TICKET_MAX];

	if (d->n_ids == 0 || d->name[0] == '\0' || d->name[0] == '.' ||
	    strchr(d->name, '/') != NULL)
		abort();
	for (size_t i = 0; i < d->n_ids; i++) {
		identity_format(&d->ids[i], text);
		if (!identity_parse_tagged(view_str(text), &again, &f) ||
		    !identity_equal(&again, &d->ids[i]))
			abort();
	}
}

static void
try_fleet(struct view file, size_t lines)
{
	struct arena	*a = arena_new(ARENA_MAX);
	struct problems	*p = calloc(1, sizeof(*p));
	struct fleet	 fleet = { 0 };
	struct fault	 f = { 0 };

	if (a == NULL || p == NULL)
		abort();
	p->a = a;
	if (!fleet_read(file, "s2s-gateway", p, &fleet, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
	} else if (p->total == 0) {
		for (size_t i = 0; i < fleet.n; i++)
			check_device(&fleet.v[i]);
	}
	check_problems(p, lines);
	free(p);
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
	struct arena	*a = arena_new(ARENA_MAX);
	struct problems	*p = calloc(1, sizeof(*p));
	struct count	 c = { .lines = 1 };
	struct fault	 f = { 0 };

	if (a == NULL || p == NULL)
		abort();
	p->a = a;
	for (size_t i = 0; i < n; i++)
		c.lines += octets[i] == '\n' || octets[i] == '\r';
	if (!csv_read(view_of(octets, n), p, row, &c, &f) && f.kind == FAULT_NONE)
		abort();
	check_problems(p, c.lines);
	free(p);
	arena_free(a);
	try_fleet(view_of(octets, n), c.lines);
	return 0;
}
