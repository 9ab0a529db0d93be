/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin authorize: a list of devices goes in, one ticket for each comes out.
 *
 * The whole list is checked before anything is sent.  Rows whose
 * authorization lives are passed over, so that the same command may be run
 * again: after a crash, after a lost answer, with a longer list.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "admin/authorization.h"
#include "admin/commands.h"
#include "admin/records.h"
#include "admin/table.h"
#include "base/file.h"
#include "base/text.h"

#define ARENA_MAX		(1u << 30)	/* 10 000 rows, their answer, the inventory */
#define TEMPLATES_MAX		64		/* named in one list */
#define WINDOW_PRESET		"2w"
#define WINDOW_SECONDS_MAX	INT64_C(31622400)	/* a year */
#define FAILURES_SHOWN		20

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "csv", "FILE", NULL, "the list of devices; - is standard input" },
	{ "template", "NAME", NULL, "template of the rows that name none" },
	{ "out", "DIR", "tickets", "where the tickets go, one file per device" },
	{ "window", "TIME", WINDOW_PRESET, "how long a ticket is good; the template may say less" },
	{ "key", "KIND", NULL, "key a device shall make; by default the template's choice" },
	{ "all", NULL, NULL, "also rows that were authorized before and still are" },
	{ "plan", NULL, NULL, "check the list, say what would happen, send nothing" },
	{ 0 },
};

/* One template's share of the list. */
struct share {
	const char			*template;
	const struct device		**devices;
	size_t				 n;
	const struct cvp_template	*t;	/* what the PKI says of it */
	struct authorization		 z;
};

struct call {
	const struct invocation	*in;
	struct admin		 a;
	struct arena		*arena;
	struct inventory	 inv;
	struct buf		 file;
	const char		*name;		/* of the list, for messages */
	struct problems		 p;
	struct fleet		 fleet, known;
	struct topology		*topology;
	bool			*lives;		/* by device: authorized already */
	size_t			 skipped;
	struct share		*shares;
	size_t			 n_shares;
	struct authorization	*finished;	/* from an earlier, unfinished run */
	size_t			 n_finished;
	struct wishes		 w;
	char			 out[BATCH_PATH_MAX];	/* --out, absolute */
};

/* --- the list -------------------------------------------------------------------------- */

static bool
read_stdin(struct buf *out, struct fault *f)
{
	uint8_t	part[65536];
	ssize_t	n;

	while ((n = read(STDIN_FILENO, part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)n);
	if (n < 0)
		return fault_set(f, FAULT_IO, "", "could not read standard input: %s",
		    error_text(errno));
	return buf_check(out, "list", f);
}

static bool
read_list(struct call *c, struct fault *f)
{
	const char	*csv = option_value(c->in, "csv");

	if (csv == NULL)
		return fault_set(f, FAULT_USAGE, "", "--csv FILE is missing");
	c->name = strcmp(csv, "-") == 0 ? "standard input" : csv;
	return strcmp(csv, "-") == 0 ? read_stdin(&c->file, f) : file_read(csv, &c->file, f);
}

/* What is wrong goes to c->p. */
static bool
understand(struct call *c, struct view list, const char *preset, struct fleet *fleet,
    struct topology **topology, struct fault *f)
{
	c->p.n = c->p.total = 0;
	*topology = NULL;
	if (!fleet_read(list, preset, &c->p, fleet, f) ||
	    !inventory_fleet(&c->inv, &c->known, f))
		return false;
	if (c->p.total == 0 &&
	    (*topology = topology_new(fleet, &c->known, &c->p, f)) == NULL)
		return false;
	problems_sort(&c->p);
	return true;
}

static json_t *
problems_json(const struct call *c)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < c->p.n; i++)
		json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "line",
		    (int)c->p.v[i].line, "column", c->p.v[i].column, "text", c->p.v[i].text));
	return list;
}

static void
print_problems(const struct call *c)
{
	if (c->in->json) {
		json_t	*o = json_pack("{s:o, s:i}", "problems", problems_json(c), "total",
			    (int)c->p.total);

		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
		return;
	}
	for (size_t i = 0; i < c->p.n; i++) {
		const struct problem	*p = &c->p.v[i];

		fprintf(stderr, "%s", c->name);
		if (p->line > 0)
			fprintf(stderr, ":%u", p->line);
		fprintf(stderr, ": %s%s%s\n", p->column, p->column[0] != '\0' ? ": " : "", p->text);
	}
	if (c->p.total > c->p.n)
		fprintf(stderr, "%s: and %zu more\n", c->name, c->p.total - c->p.n);
	fprintf(stderr, "pki4ipsec: %zu error%s in %s; nothing was sent\n", c->p.total,
	    c->p.total == 1 ? "" : "s", c->name);
}

/* --- what was authorized earlier ------------------------------------------------------- */

static bool
same_row(const struct device *d, const struct known *k)
{
	if (k->end[0] != '\0' || d->n_ids != k->d.n_ids || strcmp(d->label, k->d.label) != 0 ||
	    strcmp(d->template, k->d.template) != 0)
		return false;
	for (size_t i = 0; i < d->n_ids; i++)
		if (!identity_equal(&d->ids[i], &k->d.ids[i]))
			return false;
	return true;
}

static int
first_identity_order(const void *a, const void *b)
{
	const struct known	*x = *(const struct known *const *)a;
	const struct known	*y = *(const struct known *const *)b;

	return strcmp(x->d.ids[0].text, y->d.ids[0].text);
}

/* The inventory's lines by their first identity. */
static struct known **
by_identity(struct call *c)
{
	struct known	**list = arena_array(c->arena, c->inv.n + 1, sizeof(*list));

	for (size_t i = 0; list != NULL && i < c->inv.n; i++)
		list[i] = &c->inv.v[i];
	if (list != NULL)
		qsort(list, c->inv.n, sizeof(*list), first_identity_order);
	return list;
}

static size_t
first_at(struct known *const *list, size_t n, const char *text)
{
	size_t	low = 0, high = n;

	while (low < high) {
		size_t	mid = (low + high) / 2;

		if (strcmp(list[mid]->d.ids[0].text, text) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct earlier {
	struct call	*c;
	struct view	*ids;
	struct known	**known;
	size_t		*device;	/* index in the list, for each id */
	size_t		 n;
	size_t		 at;		/* answers come in the order of the ids */
};

/* Ids of this folder that stand for rows of the list. */
static bool
list_earlier(struct call *c, struct earlier *e, struct fault *f)
{
	struct known	**list = by_identity(c);

	*e = (struct earlier){
		.c = c, .ids = arena_array(c->arena, c->inv.n + 1, sizeof(struct view)),
		.known = arena_array(c->arena, c->inv.n + 1, sizeof(struct known *)),
		.device = arena_array(c->arena, c->inv.n + 1, sizeof(size_t)),
	};
	c->lives = arena_array(c->arena, c->fleet.n + 1, sizeof(bool));
	if (list == NULL || e->ids == NULL || e->known == NULL || e->device == NULL ||
	    c->lives == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < c->fleet.n; i++) {
		const char	*text = c->fleet.v[i].ids[0].text;

		for (size_t k = first_at(list, c->inv.n, text); k < c->inv.n &&
		    strcmp(list[k]->d.ids[0].text, text) == 0; k++)
			if (same_row(&c->fleet.v[i], list[k])) {
				e->ids[e->n] = view_str(list[k]->id);
				e->known[e->n] = list[k];
				e->device[e->n++] = i;
			}
	}
	return true;
}

static bool
note_living(void *ctx, const struct cvp_record *r, struct fault *f)
{
	struct earlier	*e = ctx;

	(void)f;
	while (e->at < e->n && !view_equal(e->ids[e->at], r->id))
		e->at++;
	if (e->at < e->n && record_lives(r))
		e->c->lives[e->device[e->at]] = true;
	else if (e->at < e->n)
		e->known[e->at]->end = cvp_state_name(r->state);
	return true;
}

/* The PKI says which of them still live; a plan takes the folder's word. */
static bool
find_living(struct call *c, bool ask, struct fault *f)
{
	struct earlier		e;
	struct record_reader	to = { note_living, &e };

	if (!list_earlier(c, &e, f))
		return false;
	if (option_given(c->in, "all"))
		return true;
	if (ask && !records_by_ids(&c->a, e.ids, e.n, &to, f))
		return false;
	for (size_t i = 0; !ask && i < e.n; i++)
		c->lives[e.device[i]] = true;
	for (size_t i = 0; i < c->fleet.n; i++)
		c->skipped += c->lives[i];
	return true;
}

/* --- shares ------------------------------------------------------------------------------ */

static struct share *
share_of(struct call *c, const char *template)
{
	struct share	*s;

	for (size_t i = 0; i < c->n_shares; i++)
		if (strcmp(c->shares[i].template, template) == 0)
			return &c->shares[i];
	if (c->n_shares == TEMPLATES_MAX)
		return NULL;
	s = &c->shares[c->n_shares++];
	*s = (struct share){ .template = template,
		.devices = arena_array(c->arena, c->fleet.n + 1, sizeof(*s->devices)) };
	return s;
}

static bool
split(struct call *c, struct fault *f)
{
	c->shares = arena_array(c->arena, TEMPLATES_MAX, sizeof(*c->shares));
	if (c->shares == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < c->fleet.n; i++) {
		struct share	*s;

		if (c->lives[i])
			continue;
		if ((s = share_of(c, c->fleet.v[i].template)) == NULL)
			return fault_set(f, FAULT_LIMIT, "", "more than %d templates in one list",
			    TEMPLATES_MAX);
		if (s->devices == NULL)
			return arena_fault(f);
		s->devices[s->n++] = &c->fleet.v[i];
	}
	return true;
}

static const struct cvp_template *
find_template(const struct cvp_template_info *info, const char *name)
{
	for (size_t i = 0; i < info->n; i++)
		if (view_equal(info->v[i].name, view_str(name)))
			return &info->v[i];
	return NULL;
}

static const char *
names_of(const struct call *c, const struct cvp_template_info *info)
{
	struct buf	out;
	const char	*s;

	buf_init(&out, 4096);
	for (size_t i = 0; i < info->n; i++) {
		buf_add_str(&out, i > 0 ? ", " : "");
		buf_add_view(&out, info->v[i].name);
	}
	s = arena_str(c->arena, buf_view(&out));
	buf_clear(&out);
	return s != NULL ? s : "";
}

/* Each template of the list is one the PKI lets this Admin use for so many. */
static bool
ask_templates(struct call *c, struct fault *f)
{
	struct cvp_template_info	 info;
	struct cvp_list			 all = { 0 };
	struct view			 value;
	struct buf			 der;
	bool				 ok;

	buf_init(&der, 64);
	cvp_put_template_query(&der, &all);
	ok = admin_ask_one(&c->a, CVP_TEMPLATE_QUERY, buf_view(&der), CVP_TEMPLATE_INFO,
	    c->arena, &value, f) && cvp_template_info_decode(value, c->arena, &info, f);
	buf_clear(&der);
	if (!ok)
		return false;
	for (size_t i = 0; i < c->n_shares; i++) {
		struct share	*s = &c->shares[i];
		unsigned	 line = s->devices[0]->line;

		if ((s->t = find_template(&info, s->template)) == NULL)
			problem_add(&c->p, line, "template", "\"%s\" is not a template that the PKI "
			    "lets this Admin use; these are: %s", s->template, names_of(c, &info));
		else if (s->t->max_entries.present && s->n > s->t->max_entries.v)
			problem_add(&c->p, line, "template", "%zu devices under \"%s\", which takes "
			    "%llu at a time: split the list", s->n, s->template,
			    (unsigned long long)s->t->max_entries.v);
	}
	return true;
}

/* --- what an earlier run left ---------------------------------------------------------- */

/* The list is the one it was made from; what is authorized by now is known. */
static bool
finish(struct call *c, struct authorization *z, struct fault *f)
{
	struct fleet	*fleet = arena_alloc(c->arena, sizeof(*fleet));
	struct topology	*topology;
	struct buf	 list;
	struct view	 copy;
	bool		 ok;

	if (fleet == NULL)
		return arena_fault(f);
	buf_init(&list, CSV_FILE_MAX);
	ok = z->b.state == BATCH_DELIVERED || batch_list(c->a.dir, &z->b, &list, f);
	copy = arena_copy(c->arena, buf_view(&list));
	buf_clear(&list);
	if (ok && z->b.state == BATCH_SENT) {
		ok = understand(c, copy, z->b.preset[0] != '\0' ? z->b.preset : NULL, fleet,
		    &topology, f);
		if (ok && c->p.total > 0)
			ok = fault_set(f, FAULT_CONFLICT, "", "line %u of its list: %s", c->p.v[0].line,
			    c->p.v[0].text);
		z->fleet = fleet;
		z->topology = topology;
	}
	return (ok && authorization_run(z, f)) ||
	    fault_within(f, "batch %s, left unfinished by an earlier run", z->b.hex);
}

static bool
finish_earlier(struct call *c, struct fault *f)
{
	struct batch	*list = arena_array(c->arena, BATCHES_MAX, sizeof(*list));
	size_t		 n;

	if (list == NULL)
		return arena_fault(f);
	if (!batches_unfinished(c->a.dir, list, &n, f))
		return false;
	if ((c->finished = arena_array(c->arena, n + 1, sizeof(*c->finished))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < n; i++) {
		struct fault		 why = { 0 };
		struct authorization	*z = &c->finished[c->n_finished];

		*z = (struct authorization){
			.a = &c->a, .inv = &c->inv, .arena = c->arena, .b = list[i],
		};
		if (finish(c, z, &why))
			c->n_finished++;
		else if (why.kind == FAULT_BUSY || why.kind == FAULT_IO) {
			*f = why;
			return false;
		} else if (!c->in->quiet)
			fprintf(stderr, "pki4ipsec: %s\n", why.text);
	}
	return true;
}

/* --- planning ----------------------------------------------------------------------------- */

static size_t
tunnels_of(const struct call *c, const struct share *s)
{
	const struct device	*peers[TICKET_PEERS_MAX];
	size_t			 n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += topology_peers(c->topology, s->devices[i], peers);
	return n;
}

static void
plan_json(const struct call *c)
{
	const struct device	*peers[TICKET_PEERS_MAX];
	json_t			*list = json_array(), *o;

	for (size_t i = 0; i < c->fleet.n; i++) {
		const struct device	*d = &c->fleet.v[i];
		size_t			 n = topology_peers(c->topology, d, peers);
		json_t			*to = json_array();

		for (size_t k = 0; k < n; k++)
			json_array_append_new(to, json_string(peers[k]->name));
		json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, s:s, s:b, s:o}",
		    "line", (int)d->line, "name", d->name, "label", d->label, "identities",
		    identities_text(d, c->arena), "template", d->template, "authorized",
		    c->lives[i], "peers", to));
	}
	o = json_pack("{s:o, s:i}", "devices", list, "authorized_earlier", (int)c->skipped);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static bool
plan(struct call *c, struct fault *f)
{
	const char	*heads[] = { "template", "to authorize", "connections" };
	struct table	 t;
	char		 devices[24], tunnels[24];

	if (c->in->json) {
		plan_json(c);
		return true;
	}
	printf("%s: %zu devices, nothing wrong with them\n", c->name, c->fleet.n);
	table_init(&t, c->arena, heads, 3);
	for (size_t i = 0; i < c->n_shares; i++) {
		const char	*cells[] = { c->shares[i].template, devices, tunnels };

		snprintf(devices, sizeof(devices), "%zu", c->shares[i].n);
		snprintf(tunnels, sizeof(tunnels), "%zu", tunnels_of(c, &c->shares[i]));
		table_add(&t, cells);
	}
	if (c->n_shares > 0 && !table_print(&t, stdout, f))
		return false;
	if (c->skipped > 0)
		printf("%zu authorized earlier\n", c->skipped);
	printf("nothing was sent; without --plan the tickets go to %s\n",
	    option_value(c->in, "out"));
	return true;
}

/* --- saying what became of it --------------------------------------------------------- */

static json_t *
outcome_json(const struct authorization *z, const struct outcome *o)
{
	static const char *const	words[] = { "granted", "grantedModified", "failed",
		"pending", "failedRetry" };
	char				until[32];
	json_t				*j = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}",
	    "line", (int)o->d->line, "name", o->d->name, "label", o->d->label, "template",
	    z->b.template, "status", words[o->status], "batch", z->b.hex);

	date_format(o->not_after, until);
	if (outcome_granted(o)) {
		json_object_set_new(j, "id", json_string(o->id));
		json_object_set_new(j, "ticket", json_string(o->ticket));
		json_object_set_new(j, "not_after", json_string(until));
	} else {
		json_object_set_new(j, "code", json_integer(o->code));
		json_object_set_new(j, "code_name", json_string(cvp_code_name(o->code)));
		json_object_set_new(j, "why", json_string(o->why));
	}
	return j;
}

struct sums {
	size_t	granted, failed, modified, unacknowledged;
	int64_t	until;		/* the earliest end of a window */
};

static void
add_sums(const struct authorization *z, struct sums *s)
{
	for (size_t i = 0; i < z->n; i++) {
		const struct outcome	*o = &z->v[i];

		s->granted += outcome_granted(o);
		s->failed += !outcome_granted(o);
		s->modified += o->status == CVP_GRANTED_MODIFIED;
		if (outcome_granted(o) && (s->until == 0 || o->not_after < s->until))
			s->until = o->not_after;
	}
	s->unacknowledged += !z->acknowledged;
}

static void
report_json(const struct call *c, const struct sums *s)
{
	json_t	*list = json_array(), *o;

	for (size_t i = 0; i < c->n_finished; i++)
		for (size_t k = 0; k < c->finished[i].n; k++)
			json_array_append_new(list, outcome_json(&c->finished[i],
			    &c->finished[i].v[k]));
	for (size_t i = 0; i < c->n_shares; i++)
		for (size_t k = 0; k < c->shares[i].z.n; k++)
			json_array_append_new(list, outcome_json(&c->shares[i].z,
			    &c->shares[i].z.v[k]));
	o = json_pack("{s:i, s:i, s:i, s:s, s:o}", "authorized", (int)s->granted, "failed",
	    (int)s->failed, "authorized_earlier", (int)c->skipped, "out", c->out, "results", list);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void
tell_failures(const struct call *c, const struct authorization *z, size_t *shown)
{
	for (size_t i = 0; i < z->n; i++) {
		const struct outcome	*o = &z->v[i];

		if (outcome_granted(o) || (*shown)++ >= FAILURES_SHOWN)
			continue;
		fprintf(stderr, "%s:%u: %s: %s (%s)\n", c->name, o->d->line, o->d->name, o->why,
		    cvp_code_name(o->code));
	}
}

static void
report_text(const struct call *c, const struct sums *s)
{
	const char	*dir = option_value(c->in, "out");
	size_t		 shown = 0;
	char		 until[32];

	for (size_t i = 0; i < c->n_finished; i++)
		tell_failures(c, &c->finished[i], &shown);
	for (size_t i = 0; i < c->n_shares; i++)
		tell_failures(c, &c->shares[i].z, &shown);
	if (shown > FAILURES_SHOWN)
		fprintf(stderr, "%s: and %zu more\n", c->name, shown - FAILURES_SHOWN);
	if (c->in->quiet)
		return;
	if (s->granted == 0 && s->failed == 0)
		printf("nothing to do: ");
	if (c->skipped > 0)
		printf("%zu authorized earlier%s\n", c->skipped, s->granted > 0 ? "" :
		    "; --all would ask for them again");
	date_format(s->until, until);
	if (s->granted > 0)
		printf("authorized %zu device%s, tickets in %s, good until %s%s\n", s->granted,
		    s->granted == 1 ? "" : "s", dir, until, s->modified > 0 ?
		    " (less than asked for: the template's limit)" : "");
	if (s->failed > 0)
		printf("refused    %zu device%s, see above\n", s->failed, s->failed == 1 ? "" : "s");
	if (s->unacknowledged > 0)
		printf("the PKI does not know yet that the tickets arrived: the next "
		    "\"admin authorize\" tells it\n");
}

/* The one device whose ticket can be shown as the next command. */
static const struct outcome *
an_example(const struct call *c)
{
	for (size_t i = 0; i < c->n_shares; i++)
		for (size_t k = 0; k < c->shares[i].z.n; k++)
			if (outcome_granted(&c->shares[i].z.v[k]))
				return &c->shares[i].z.v[k];
	return NULL;
}

static int
report(const struct call *c)
{
	const struct outcome	*o = an_example(c);
	struct sums		 s = { 0 };

	for (size_t i = 0; i < c->n_finished; i++)
		add_sums(&c->finished[i], &s);
	for (size_t i = 0; i < c->n_shares; i++)
		add_sums(&c->shares[i].z, &s);
	if (c->in->json)
		report_json(c, &s);
	else
		report_text(c, &s);
	if (o != NULL && !c->in->json && !c->in->quiet)
		printf("next, on the device:\n  pki4ipsec peer enroll %s/%s --dir %s\n",
		    option_value(c->in, "out"), strrchr(o->ticket, '/') + 1, o->d->name);
	if (!c->in->json && !c->in->quiet && c->topology != NULL &&
	    topology_behind(c->topology) > 0 && s.granted > 0)
		fprintf(stderr, "note: devices authorized earlier do not know their new peers; they "
		    "learn of them with a new ticket\n");
	return s.failed == 0 ? EXIT_DONE : s.granted > 0 ? EXIT_PARTIAL : EXIT_FAILED;
}

/* --- the command ---------------------------------------------------------------------------- */

static bool
read_options(struct call *c, struct fault *f)
{
	const char	*out = option_value(c->in, "out"), *key = option_value(c->in, "key");
	char		 here[PATH_MAX];

	if (key != NULL && (key_kind_find(key) == KEY_NONE ||
	    key_kind_find(key) == KEY_RSA_2048 || key_kind_find(key) == KEY_RSA_OTHER))
		return fault_set(f, FAULT_USAGE, "", "--key %s: want ec-p256, ec-p384, ed25519, "
		    "rsa-3072 or rsa-4096", key);
	if (strchr(out, '\n') != NULL || out[0] == '\0')
		return fault_set(f, FAULT_USAGE, "", "--out is no name of a folder");
	here[0] = '\0';
	if (out[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return fault_set(f, FAULT_IO, "", "where are we: %s", error_text(errno));
	if (snprintf(c->out, sizeof(c->out), "%s%s%s", here, out[0] != '/' ? "/" : "", out) >=
	    (int)sizeof(c->out))
		return fault_set(f, FAULT_LIMIT, "", "--out: the path is longer than %d octets",
		    BATCH_PATH_MAX - 1);
	c->w = (struct wishes){ .key = key, .out = c->out,
		.preset = option_given(c->in, "template") ? option_value(c->in, "template") : "" };
	return duration_parse("--window", option_value(c->in, "window"), 60, WINDOW_SECONDS_MAX,
	    &c->w.window_seconds, f);
}

static bool
send_shares(struct call *c, struct fault *f)
{
	struct progress	bar;
	size_t		done = 0;
	bool		ok = true;

	progress_start(&bar, c->in, "authorizing", c->fleet.n - c->skipped);
	for (size_t i = 0; ok && i < c->n_shares; i++) {
		struct share	*s = &c->shares[i];

		s->z = (struct authorization){
			.a = &c->a, .inv = &c->inv, .fleet = &c->fleet, .topology = c->topology,
			.arena = c->arena,
		};
		ok = authorization_prepare(&s->z, s->devices, s->n, s->t, &c->w,
		    buf_view(&c->file), f) && authorization_run(&s->z, f);
		done += s->n;
		progress_step(&bar, done);
	}
	progress_end(&bar);
	return ok;
}

/* What is on the list, before the PKI is asked. */
static bool
prepare(struct call *c, struct fault *f)
{
	const char	*preset = c->w.preset[0] != '\0' ? c->w.preset : NULL;

	return read_list(c, f) && inventory_load(c->a.dir, c->arena, &c->inv, f) &&
	    understand(c, buf_view(&c->file), preset, &c->fleet, &c->topology, f);
}

/* Earlier runs may have authorized what this list holds: it is read once more. */
static bool
go(struct call *c, struct fault *f)
{
	const char	*preset = c->w.preset[0] != '\0' ? c->w.preset : NULL;

	if (!finish_earlier(c, f) ||
	    !understand(c, buf_view(&c->file), preset, &c->fleet, &c->topology, f))
		return false;
	if (c->p.total > 0)
		return true;
	if (!find_living(c, true, f) || !split(c, f) || (c->n_shares > 0 && !ask_templates(c, f)))
		return false;
	return c->p.total > 0 || send_shares(c, f);
}

static int
do_it(struct call *c, struct fault *f)
{
	bool	planning = option_given(c->in, "plan");

	if (!read_options(c, f) || !admin_start(c->in, &c->a, f))
		return EXIT_FAILED;
	if ((!planning && !admin_lock(&c->a, f)) || !prepare(c, f))
		return EXIT_FAILED;
	if (c->p.total == 0 && planning)
		return find_living(c, false, f) && split(c, f) && plan(c, f) ? EXIT_DONE :
		    EXIT_FAILED;
	if (c->p.total == 0 && !go(c, f)) {
		/* Shares before the one that failed are done all the same. */
		if (!c->in->json && an_example(c) != NULL)
			(void)!report(c);
		return EXIT_FAILED;
	}
	if (c->p.total == 0)
		return report(c);
	print_problems(c);
	return EXIT_FAILED;
}

static int
run(const struct invocation *in)
{
	static struct call	c;
	struct fault		f = { 0 };
	int			code;

	memset(&c, 0, sizeof(c));
	c.in = in;
	buf_init(&c.file, CSV_FILE_MAX);
	if ((c.arena = arena_new(ARENA_MAX)) == NULL) {
		arena_fault(&f);
		return command_fail(in, &f, NULL);
	}
	c.p.a = c.inv.a = c.arena;
	code = do_it(&c, &f);
	if (f.kind != FAULT_NONE)
		code = command_fail(in, &f, f.kind == FAULT_USAGE ?
		    "pki4ipsec admin authorize --help" : admin_help(&f));
	buf_clear(&c.file);
	admin_close(&c.a);
	arena_free(c.arena);
	return code;
}

const struct command cmd_admin_authorize = {
	.group = "admin", .name = "authorize", .args = "",
	.help = "let a list of devices enrol: one ticket for each",
	.options = options, .run = run,
};
