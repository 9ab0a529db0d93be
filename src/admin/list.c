/* SPDX-License-Identifier: Apache-2.0 */
/* admin list: every authorization the PKI shows this Admin, one line each. */
#include <jansson.h>

#include "admin/commands.h"
#include "admin/session.h"
#include "admin/table.h"
#include "admin/targets.h"
#include "base/text.h"


static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "state", "STATES", NULL, "only these, separated by commas: open, issued, confirmed, ..." },
	{ "template", "NAME", NULL, "only of this template" },
	{ "group", "NAME", NULL, "only of this group" },
	{ "label", "TEXT", NULL, "only labels and names that contain this" },
	{ "batch", "HEX", NULL, "only of this batch" },
	{ 0 },
};

struct list {
	struct session	*s;
	unsigned	 states;	/* bits; 0: all */
	const char	*template, *group, *label;
	struct table	 table;
	json_t		*rows;
	size_t		 counts[CVP_STATE_END];
	size_t		 n;
};

/* --- filters ------------------------------------------------------------------------ */

static bool
read_state(struct view word, unsigned *states, struct fault *f)
{
	for (int i = 0; i < CVP_STATE_END; i++)
		if (view_equal(word, view_str(cvp_state_name((enum cvp_state)i)))) {
			*states |= 1u << i;
			return true;
		}
	return fault_set(f, FAULT_USAGE, "", "--state %.*s: want waiting, open, inProgress, issued, "
	    "confirmed, cancelled, expired, locked, rejected or revoked", (int)word.n,
	    (const char *)word.p);
}

static bool
read_states(const char *text, unsigned *states, struct fault *f)
{
	*states = 0;
	while (text != NULL) {
		size_t	n = strcspn(text, ",");

		if (!read_state(view_of(text, n), states, f))
			return false;
		text = text[n] == ',' ? text + n + 1 : NULL;
	}
	return true;
}

static bool
read_batch(const char *hex, uint8_t id[CVP_BATCH_ID_MAX], struct view *out, struct fault *f)
{
	size_t	n = 0;

	*out = VIEW_NONE;
	if (hex == NULL)
		return true;
	if (!hex_decode(hex, id, CVP_BATCH_ID_MAX, &n) || n < CVP_BATCH_ID_MIN)
		return fault_set(f, FAULT_USAGE, "", "--batch %s: want 32 to 64 hexadecimal digits", hex);
	*out = view_of(id, n);
	return true;
}

static bool
is_wanted(const struct list *l, const struct target *t)
{
	const char	*group = t->known != NULL ? t->known->d.group : "";

	return (l->states == 0 || (l->states & (1u << t->state)) != 0) &&
	    (l->template == NULL || strcmp(l->template, t->template) == 0) &&
	    (l->group == NULL || strcmp(l->group, group) == 0) &&
	    (l->label == NULL || strstr(t->name, l->label) != NULL ||
	    (t->n_ids > 0 && strstr(t->ids[0].text, l->label) != NULL));
}

/* --- rows ------------------------------------------------------------------------------ */

static const char *
identity_of(const struct target *t, char out[IDENTITY_TICKET_MAX])
{
	out[0] = '\0';
	if (t->n_ids > 0)
		identity_format(&t->ids[0], out);
	return out;
}

static void
add_json(struct list *l, const struct target *t)
{
	char	until[32] = "", identity[IDENTITY_TICKET_MAX];
	json_t	*o;

	if (t->window_end != 0)
		date_format(t->window_end, until);
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", t->id, "state",
	    cvp_state_name(t->state), "name", t->name, "identity", identity_of(t, identity),
	    "template", t->template, "group", t->known != NULL ? t->known->d.group : "",
	    "serial", t->serial_text, "window_end", until);
	json_object_set_new(o, "failure", t->failure != 0 ?
	    json_string(cvp_code_name(t->failure)) : json_null());
	json_array_append_new(l->rows, o);
}

static void
add_row(struct list *l, const struct target *t)
{
	char		until[32] = "", identity[IDENTITY_TICKET_MAX];
	const char	*cells[] = { cvp_state_name(t->state), t->name, identity, t->template, until,
		t->failure != 0 ? cvp_code_name(t->failure) : "" };

	identity_of(t, identity);
	if (t->window_end != 0 && (t->state == CVP_STATE_OPEN || t->state == CVP_STATE_WAITING))
		date_format(t->window_end, until);
	table_add(&l->table, cells);
}

static bool
each(void *ctx, const struct cvp_record *r, struct fault *f)
{
	struct list	*l = ctx;
	struct target	 t = { 0 };

	if (!target_of(r, &l->s->inv, l->s->arena, &t, f))
		return false;
	if (!is_wanted(l, &t))
		return true;
	l->counts[t.state]++;
	l->n++;
	if (l->rows != NULL)
		add_json(l, &t);
	else
		add_row(l, &t);
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
	const char		*heads[] = { "state", "device", "identity", "template", "ticket until",
		"last failure" };
	struct record_reader	 to = { each, l };
	uint8_t			 id[CVP_BATCH_ID_MAX];
	struct view		 batch;

	if (!read_states(option_value(in, "state"), &l->states, f) ||
	    !read_batch(option_value(in, "batch"), id, &batch, f))
		return false;
	l->template = option_value(in, "template");
	l->group = option_value(in, "group");
	l->label = option_value(in, "label");
	if (in->json)
		l->rows = json_array();
	table_init(&l->table, l->s->arena, heads, 6);
	return records_walk(&l->s->a, batch, &to, f) && print(l, f);
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
