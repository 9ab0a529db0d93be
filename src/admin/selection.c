/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/selection.h"
#include "base/text.h"

#define EXPECT_MAX	1000000

/* --- conditions --------------------------------------------------------------------- */

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
read_batch(const char *hex, struct selection *out, struct fault *f)
{
	size_t	n = 0;

	if (hex == NULL)
		return true;
	if (!hex_decode(hex, out->octets, sizeof(out->octets), &n) || n < CVP_BATCH_ID_MIN)
		return fault_set(f, FAULT_USAGE, "", "--batch %s: want 32 to 64 hexadecimal digits", hex);
	out->batch = view_of(out->octets, n);
	return true;
}

static bool
read_end(const char *text, struct selection *out, struct fault *f)
{
	out->has_end = text != NULL;
	return text == NULL || date_parse(text, &out->end) || fault_set(f, FAULT_USAGE, "RFC 3339",
	    "--expires-before %s: want a date in UTC like 2026-11-24T04:10:27Z", text);
}

bool
selection_read(const struct invocation *in, struct selection *out, struct fault *f)
{
	*out = (struct selection){
		.template = option_value(in, "template"), .group = option_value(in, "group"),
		.label = option_value(in, "label"),
	};
	if (!read_states(option_value(in, "state"), &out->states, f) ||
	    !read_batch(option_value(in, "batch"), out, f) ||
	    !read_end(option_value(in, "expires-before"), out, f))
		return false;
	out->any = out->template != NULL || out->group != NULL || out->label != NULL ||
	    out->states != 0 || out->batch.n > 0 || out->has_end;
	return true;
}

/* The batch is the PKI's to know. */
bool
selection_fits(const struct selection *q, const struct target *t)
{
	const char	*group = t->known != NULL ? t->known->d.group : "";

	return (q->states == 0 || (q->states & (1u << t->state)) != 0) &&
	    (q->template == NULL || strcmp(q->template, t->template) == 0) &&
	    (q->group == NULL || strcmp(q->group, group) == 0) &&
	    (q->label == NULL || strstr(t->name, q->label) != NULL ||
	    (t->n_ids > 0 && strstr(t->ids[0].text, q->label) != NULL)) &&
	    (!q->has_end || (t->cert_end != 0 && t->cert_end < q->end));
}

/* --- looking -------------------------------------------------------------------------- */

struct search {
	struct session		*s;
	const struct selection	*q;
	bool			(*takes)(const struct target *t);
	struct targets		*out;
	size_t			 room;
};

static bool
make_room(struct search *s, struct fault *f)
{
	size_t		 room = s->room == 0 ? 64 : 2 * s->room;
	struct target	*v;

	if (s->out->n < s->room)
		return true;
	if ((v = arena_array(s->s->arena, room, sizeof(*v))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < s->out->n; i++)
		v[i] = s->out->v[i];
	s->out->v = v;
	s->room = room;
	return true;
}

/* The branch one sits on. */
static bool
is_own(const struct session *s, const struct target *t)
{
	return view_equal(t->serial, s->a.cert.serial) && view_equal(t->issuer, s->a.cert.issuer);
}

static bool
take(void *ctx, const struct cvp_record *r, struct fault *f)
{
	struct search	*s = ctx;
	struct target	 t = { 0 };

	if (!target_of(r, &s->s->inv, s->s->arena, &t, f))
		return false;
	if (!selection_fits(s->q, &t) || !s->takes(&t) || is_own(s->s, &t))
		return true;
	if (!make_room(s, f))
		return false;
	s->out->v[s->out->n++] = t;
	return true;
}

bool
selection_find(struct session *s, const struct selection *q,
    bool (*takes)(const struct target *t), struct targets *out, struct fault *f)
{
	const struct invocation	*in = s->in;
	struct search		 search = { .s = s, .q = q, .takes = takes, .out = out };
	struct record_reader	 to = { take, &search };

	*out = (struct targets){ 0 };
	if (q->any == (in->nargs > 0))
		return fault_set(f, FAULT_USAGE, "", q->any ? "names of devices and conditions: want "
		    "one of the two" : "want names of devices, or conditions such as --group NAME");
	if (!q->any)
		return targets_find(&s->a, &s->inv, in->args, in->nargs, s->arena, out, f);
	if (!option_given(in, "dry-run") && !option_given(in, "expect"))
		return fault_set(f, FAULT_USAGE, "", "with conditions, --dry-run shows how many are "
		    "meant, and --expect N goes on if it is so many");
	return records_walk(&s->a, q->batch, &to, f);
}

static bool
take_all(const struct target *t)
{
	(void)t;
	return true;
}

bool
selection_by_ids(struct session *s, const struct view *ids, size_t n, struct targets *out,
    struct fault *f)
{
	static const struct selection	all;
	struct search			search = { .s = s, .q = &all, .takes = take_all, .out = out };
	struct record_reader		to = { take, &search };

	*out = (struct targets){ 0 };
	return records_by_ids(&s->a, ids, n, &to, f);
}

/* --- showing ---------------------------------------------------------------------------- */

static const char *
identity_of(const struct target *t, char out[IDENTITY_TICKET_MAX])
{
	out[0] = '\0';
	if (t->n_ids > 0)
		identity_format(&t->ids[0], out);
	return out;
}

static const char *
date_of(int64_t t, char out[32])
{
	out[0] = '\0';
	if (t != 0)
		date_format(t, out);
	return out;
}

json_t *
selection_json(const struct target *t)
{
	char	window[32], end[32], identity[IDENTITY_TICKET_MAX];
	json_t	*o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", t->id, "state",
	    cvp_state_name(t->state), "name", t->name, "identity", identity_of(t, identity),
	    "template", t->template, "group", t->known != NULL ? t->known->d.group : "",
	    "serial", t->serial_text, "window_end", date_of(t->window_end, window), "not_after",
	    date_of(t->cert_end, end));

	json_object_set_new(o, "held", json_boolean(t->held));
	json_object_set_new(o, "failure", t->failure != 0 ?
	    json_string(cvp_code_name(t->failure)) : json_null());
	return o;
}

void
selection_table(struct table *t, struct arena *a)
{
	static const char *const	heads[] = { "state", "device", "identity", "template",
		"good until", "last failure" };

	table_init(t, a, heads, sizeof(heads) / sizeof(heads[0]));
}

/* The end of what counts: of the ticket, then of the certificate. */
void
selection_row(struct table *table, const struct target *t)
{
	char		until[32] = "", identity[IDENTITY_TICKET_MAX];
	const char	*cells[] = { t->held ? "inProgress, held" : cvp_state_name(t->state), t->name,
		identity, t->template, until,
		t->failure != 0 ? cvp_code_name(t->failure) : "" };

	identity_of(t, identity);
	if (t->state == CVP_STATE_OPEN || t->state == CVP_STATE_WAITING)
		date_of(t->window_end, until);
	else if (t->state == CVP_STATE_ISSUED || t->state == CVP_STATE_CONFIRMED)
		date_of(t->cert_end, until);
	table_add(table, cells);
}

static bool
show(const struct session *s, const struct targets *all, const char *done, struct fault *f)
{
	struct table	 table;
	json_t		*list, *o;

	if (s->in->json) {
		list = json_array();
		for (size_t i = 0; i < all->n; i++)
			json_array_append_new(list, selection_json(&all->v[i]));
		o = json_pack("{s:I, s:o}", "count", (json_int_t)all->n, "authorizations", list);
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
		return true;
	}
	selection_table(&table, s->arena);
	for (size_t i = 0; i < all->n; i++)
		selection_row(&table, &all->v[i]);
	if (!s->in->quiet && all->n > 0 && !table_print(&table, stdout, f))
		return false;
	printf("%zu authorization%s would be %s; to do it: --expect %zu\n", all->n,
	    all->n == 1 ? "" : "s", done, all->n);
	return true;
}

bool
selection_confirm(const struct session *s, const struct targets *all, const char *done,
    bool *go, struct fault *f)
{
	const char	*expect = option_value(s->in, "expect");
	int64_t		 n = 0;

	*go = !option_given(s->in, "dry-run");
	if (expect != NULL && !number_parse("--expect", expect, 0, EXPECT_MAX, &n, f))
		return false;
	if (expect != NULL && (size_t)n != all->n)
		return fault_set(f, FAULT_CONFLICT, "", "%zu authorizations are meant, --expect said "
		    "%s: nothing was %s", all->n, expect, done);
	return *go || show(s, all, done, f);
}
