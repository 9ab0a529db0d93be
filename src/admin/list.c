/* SPDX-License-Identifier: Apache-2.0 */
/* admin list: every authorization the PKI shows this Admin, one line each. */
#include <jansson.h>

#include "admin/commands.h"
#include "admin/selection.h"

static const struct option options[] = {
	ADMIN_OPTIONS,
	SELECTION_OPTIONS,
	{ 0 },
};

struct list {
	struct session	*s;
	struct selection q;
	struct table	 table;
	json_t		*rows;
	size_t		 counts[CVP_STATE_END];
	size_t		 n;
};

static bool
each(void *ctx, const struct cvp_record *r, struct fault *f)
{
	struct list	*l = ctx;
	struct target	 t = { 0 };

	if (!target_of(r, &l->s->inv, l->s->arena, &t, f))
		return false;
	if (!selection_fits(&l->q, &t))
		return true;
	l->counts[t.state]++;
	l->n++;
	if (l->rows != NULL)
		json_array_append_new(l->rows, selection_json(&t));
	else
		selection_row(&l->table, &t);
	return true;
}

static void
print_sum(const struct list *l)
{
	const char	*comma = " (";

	printf("%zu authorization%s", l->n, l->n == 1 ? "" : "s");
	for (int i = 0; i < CVP_STATE_END; i++)
		if (l->counts[i] > 0) {
			printf("%s%zu %s", comma, l->counts[i], cvp_state_name((enum cvp_state)i));
			comma = ", ";
		}
	printf("%s\n", l->n > 0 ? ")" : "");
}

static bool
print(struct list *l, struct fault *f)
{
	json_t	*o;

	if (l->rows == NULL) {
		if (l->n > 0 && !table_print(&l->table, stdout, f))
			return false;
		if (!l->s->in->quiet)
			print_sum(l);
		return true;
	}
	o = json_pack("{s:O}", "authorizations", l->rows);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
	return true;
}

static bool
do_list(struct list *l, const struct invocation *in, struct fault *f)
{
	struct record_reader	to = { each, l };

	if (!selection_read(in, &l->q, f))
		return false;
	if (in->json)
		l->rows = json_array();
	selection_table(&l->table, l->s->arena);
	return records_walk(&l->s->a, l->q.batch, &to, f) && print(l, f);
}

static int
run(const struct invocation *in)
{
	struct session	s;
	struct list	l = { .s = &s };
	struct fault	f = { 0 };

	if (session_open(&s, in, false, &f))
		(void)!do_list(&l, in, &f);
	json_decref(l.rows);
	return session_end(&s, &f, EXIT_DONE);
}

const struct command cmd_admin_list = {
	.group = "admin", .name = "list", .args = "",
	.help = "every authorization and its state",
	.options = options, .run = run,
};
