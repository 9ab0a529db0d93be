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

#include "admin/authorize.h"
#include "admin/commands.h"
#include "admin/pins.h"
#include "admin/records.h"
#include "admin/targets.h"
#include "base/file.h"
#include "base/text.h"
#include "net/url.h"
#include "profile/dns.h"

#define ARENA_MAX		(1u << 30)	/* 10 000 rows, their answer, the inventory */
#define TEMPLATES_MAX		64		/* named in one list */
#define WINDOW_PRESET		"2w"
#define WINDOW_SECONDS_MAX	INT64_C(31622400)	/* a year */

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "csv", "FILE", NULL, "the list of devices; - is standard input" },
	{ "template", "NAME", NULL, "template of the rows that name none" },
	{ "out", "DIR", "tickets", "where the tickets go, one file per device" },
	{ "window", "TIME", WINDOW_PRESET, "how long a ticket is good; the template may say less" },
	{ "key", "KIND", NULL, "key a device shall make; by default the template's choice" },
	{ "generation", "METHOD", NULL, "who makes the keys: peer, peer-key-admin-request, admin or pki" },
	{ "relay", "URL", NULL, "where the devices send, if they cannot reach the PKI: an admin relay" },
	{ "exact", NULL, NULL, "rather no authorization than one that is less than asked for" },
	{ "all", NULL, NULL, "ask for rows whose authorization is alive, too" },
	{ "plan", NULL, NULL, "check the list, say what would happen, send nothing" },
	{ 0 },
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

	if (c->name != NULL)	/* the list is here */
		return buf_check(&c->file, "list", f);
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

/* The certificate that this row is to have a successor for. */
static bool
is_replaced(const struct device *d, const struct cvp_record *r)
{
	char	serial[RECORD_SERIAL_MAX];

	if (d->replaces == NULL)
		return false;
	record_serial(r, serial);
	return ascii_equal_fold(view_str(serial), view_str(d->replaces));
}

static bool
note_living(void *ctx, const struct cvp_record *r, struct fault *f)
{
	struct earlier	*e = ctx;

	(void)f;
	while (e->at < e->n && !view_equal(e->ids[e->at], r->id))
		e->at++;
	if (e->at < e->n && record_lives(r)) {
		if (!is_replaced(&e->c->fleet.v[e->device[e->at]], r))
			e->c->lives[e->device[e->at]] = true;
	} else if (e->at < e->n)
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

/* Under a template that was imported, that one is authorized and no other. */
static bool
find_pins(struct call *c, struct fault *f)
{
	for (size_t i = 0; i < c->n_shares; i++) {
		struct share		*s = &c->shares[i];
		struct template_seal	*held = arena_alloc(c->arena, sizeof(*held));
		bool			 found;

		if (held == NULL)
			return arena_fault(f);
		if (!pins_find(&c->a, s->template, c->arena, held, &found, f))
			return false;
		if (found)
			s->t = &held->t;
	}
	return true;
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

/* --- what is replaced --------------------------------------------------------------------- */

static bool
set_replaced(struct call *c, const struct device *d, const struct targets *all, struct fault *f)
{
	struct cmc_cert_id	*id = arena_alloc(c->arena, sizeof(*id));

	if (id == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < all->n; i++)
		if (ascii_equal_fold(view_str(all->v[i].serial_text), view_str(d->replaces)) &&
		    all->v[i].state == CVP_STATE_CONFIRMED) {
			*id = (struct cmc_cert_id){ all->v[i].issuer, all->v[i].serial };
			c->w.replaced[d->entry_id - 1] = id;
			return true;
		}
	problem_add(&c->p, d->line, "replaces", "%s is no certificate in use that the PKI shows "
	    "this Admin", d->replaces);
	return true;
}

/* Whether this Admin may have it replaced is the PKI's to say. */
static bool
find_replaced(struct call *c, struct fault *f)
{
	const char	**words = arena_array(c->arena, c->fleet.n + 1, sizeof(*words));
	struct targets	  all = { 0 };
	struct fault	  why = { 0 };
	size_t		  n = 0;

	c->w.replaced = arena_array(c->arena, c->fleet.n + 1, sizeof(*c->w.replaced));
	if (words == NULL || c->w.replaced == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < c->fleet.n; i++) {
		c->w.replaced[i] = NULL;
		if (c->fleet.v[i].replaces != NULL && !c->lives[i])
			words[n++] = c->fleet.v[i].replaces;
	}
	if (n > 0 && !targets_find(&c->a, &c->inv, words, n, c->arena, &all, &why) &&
	    why.kind != FAULT_NOT_FOUND) {
		*f = why;
		return false;
	}
	for (size_t i = 0; i < c->fleet.n; i++)
		if (c->fleet.v[i].replaces != NULL && !c->lives[i] &&
		    !set_replaced(c, &c->fleet.v[i], &all, f))
			return false;
	return true;
}

/* --- what an earlier run left ---------------------------------------------------------- */

/* Its tickets go where this call's go if its own --out is no place any more. */
static bool
find_place(struct call *c, struct authorization *z, struct fault *f)
{
	struct fault	why = { 0 };

	if (dir_make(z->b.out, 0700, &why) && access(z->b.out, W_OK | X_OK) == 0)
		return true;
	snprintf(z->b.out, sizeof(z->b.out), "%s", c->out);
	return batch_update(c->a.dir, &z->b, f);
}

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
	ok = z->b.state == BATCH_DELIVERED || (batch_list(c->a.dir, &z->b, &list, f) &&
	    find_place(c, z, f));
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

/* --- the command ---------------------------------------------------------------------------- */

static bool
read_out(struct call *c, const char *out, struct fault *f)
{
	char	here[PATH_MAX] = "";
	size_t	n = strlen(out);

	if (strchr(out, '\n') != NULL || n == 0)
		return fault_set(f, FAULT_USAGE, "", "--out is no name of a folder");
	while (n > 1 && out[n - 1] == '/')
		n--;
	if (out[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return fault_set(f, FAULT_IO, "", "where are we: %s", error_text(errno));
	if (snprintf(c->shown, sizeof(c->shown), "%.*s", (int)n, out) >= (int)sizeof(c->shown) ||
	    snprintf(c->out, sizeof(c->out), "%s%s%s", here, out[0] != '/' ? "/" : "", c->shown) >=
	    (int)sizeof(c->out))
		return fault_set(f, FAULT_LIMIT, "", "--out: the path is longer than %d octets",
		    BATCH_PATH_MAX - 1);
	return true;
}

/* Before anything is asked for: a ticket must find its place. */
static bool
check_out(const struct call *c, struct fault *f)
{
	if (!dir_make(c->out, 0700, f))
		return fault_within(f, "--out");
	return access(c->out, W_OK | X_OK) == 0 || fault_set(f, FAULT_IO, "", "--out: could not "
	    "write into \"%s\": %s", c->shown, error_text(errno));
}

/* "http://relay.example:8081" is enough: /cmc is where a relay takes messages. */
static bool
read_relay(struct call *c, struct fault *f)
{
	const char	*given = option_value(c->in, "relay");
	struct url	 u;
	size_t		 n;

	if (given == NULL)
		return true;
	if (!url_parse(view_str(given), &u, f))
		return fault_within(f, "--relay");
	n = strlen(given);
	n -= given[n - 1] == '/';
	if (snprintf(c->relay, sizeof(c->relay), "%.*s%s", (int)n, given,
	    strcmp(u.path, "/") == 0 ? "/cmc" : "") >= (int)sizeof(c->relay))
		return fault_set(f, FAULT_LIMIT, "", "--relay: the URL is longer than %zu octets",
		    sizeof(c->relay) - 1);
	c->w.relay = c->relay;
	return true;
}

static bool
read_options(struct call *c, struct fault *f)
{
	const char	*out = option_value(c->in, "out"), *key = option_value(c->in, "key");
	const char	*method = option_value(c->in, "generation");

	if (c->name == NULL && option_value(c->in, "csv") == NULL)
		return fault_set(f, FAULT_USAGE, "", "--csv FILE is missing: the list of devices");
	if (key != NULL && (key_kind_find(key) == KEY_NONE ||
	    key_kind_find(key) == KEY_RSA_2048 || key_kind_find(key) == KEY_RSA_OTHER))
		return fault_set(f, FAULT_USAGE, "", "--key %s: want ec-p256, ec-p384, ed25519, "
		    "rsa-3072 or rsa-4096", key);
	if (method != NULL && generation_find(view_str(method)) == GENERATION_NONE)
		return fault_set(f, FAULT_USAGE, "", "--generation %s: want peer, "
		    "peer-key-admin-request, admin or pki", method);
	if (!read_out(c, out, f))
		return false;
	c->w = (struct wishes){ .key = key, .out = c->out,
		.generation = method == NULL ? GENERATION_NONE : generation_find(view_str(method)),
		.exact = option_given(c->in, "exact"),
		.preset = option_given(c->in, "template") ? option_value(c->in, "template") : "" };
	return read_relay(c, f) && duration_parse("--window", option_value(c->in, "window"), 60,
	    WINDOW_SECONDS_MAX, &c->w.window_seconds, f);
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
	if (!find_living(c, true, f) || !find_replaced(c, f) || !split(c, f) || (c->n_shares > 0 && !ask_templates(c, f)))
		return false;
	return c->p.total > 0 || (find_pins(c, f) && send_shares(c, f));
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
		return find_living(c, false, f) && split(c, f) && authorize_plan(c, f) ? EXIT_DONE :
		    EXIT_FAILED;
	if (c->p.total == 0 && !check_out(c, f))
		return EXIT_FAILED;
	if (c->p.total == 0 && !go(c, f)) {
		/* Shares before the one that failed are done all the same. */
		if (!c->in->json && authorize_has_tickets(c))
			(void)!authorize_report(c);
		return EXIT_FAILED;
	}
	if (c->p.total == 0)
		return authorize_report(c);
	authorize_problems(c);
	return EXIT_FAILED;
}

int
authorize_list(const struct invocation *in, struct view list, const char *name)
{
	static struct call	c;
	struct fault		f = { 0 };
	int			code;

	memset(&c, 0, sizeof(c));
	c.in = in;
	c.name = name;
	buf_init(&c.file, CSV_FILE_MAX);
	buf_add_view(&c.file, list);
	if ((c.arena = arena_new(ARENA_MAX)) == NULL) {
		arena_fault(&f);
		return command_fail(in, &f, NULL);
	}
	c.p.a = c.inv.a = c.arena;
	code = do_it(&c, &f);
	if (f.kind != FAULT_NONE)
		code = command_fail(in, &f, admin_help(in, &f));
	buf_clear(&c.file);
	admin_close(&c.a);
	arena_free(c.arena);
	return code;
}

static int
run(const struct invocation *in)
{
	return authorize_list(in, VIEW_NONE, NULL);
}

const struct command cmd_admin_authorize = {
	.group = "admin", .name = "authorize", .args = "",
	.help = "let a list of devices enrol: one ticket for each",
	.options = options, .run = run,
};
