/* SPDX-License-Identifier: Apache-2.0 */
/* What admin authorize says: problems of a list, a plan, what became of it. */
#include <stdio.h>

#include <jansson.h>

#include "admin/authorize.h"
#include "admin/table.h"
#include "base/text.h"

#define FAILURES_SHOWN		20
#define BEHIND_SHOWN		10

/* --- problems -------------------------------------------------------------------------- */

static json_t *
problems_json(const struct call *c)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < c->p.n; i++)
		json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "line",
		    (int)c->p.v[i].line, "column", c->p.v[i].column, "text", c->p.v[i].text));
	return list;
}

void
authorize_problems(const struct call *c)
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

bool
authorize_plan(struct call *c, struct fault *f)
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
	printf("nothing was sent; without --plan the tickets go to %s\n", c->shown);
	return true;
}

/* What an operator does about a refusal. */
static const char *
repair_of(uint32_t code)
{
	static const struct {
		enum cvp_code	 code;
		const char	*text;
	} repairs[] = {
		{ CVP_TEMPLATE_CHANGED, "give the list again: the template is another one by now" },
		{ CVP_NOT_DISTINGUISHABLE, "give it an identity of its own" },
		{ CVP_DUPLICATE, "cancel or revoke its owner first: pki4ipsec admin show IDENTITY" },
		{ CVP_TERMS_CONFLICT, "ask for what the template permits, or leave the column empty" },
		{ CVP_KEY_NOT_PERMITTED, "a kind of key that the template takes: pki4ipsec admin "
		    "template" },
		{ CVP_REQUESTER_MAY_NOT, "the PKI's operator gives rights: pki4ipsec pki admin rights" },
		{ CVP_ADMIN_MAY_NOT_REVOKE, "name a certificate in use that you may revoke: pki4ipsec "
		    "admin list --state confirmed" },
		{ CVP_SECRET_FORMAT, "a longer token, or more different characters: 112 bits at least" },
		{ CVP_WANTED_ID, "let the PKI choose the id" },
	};

	for (size_t i = 0; i < sizeof(repairs) / sizeof(repairs[0]); i++)
		if (repairs[i].code == code)
			return repairs[i].text;
	return "pki4ipsec admin events";
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
		json_object_set_new(j, "reduced", json_string(o->reduced));
	} else {
		json_object_set_new(j, "code", json_integer(o->code));
		json_object_set_new(j, "code_name", json_string(cvp_code_name(o->code)));
		json_object_set_new(j, "why", json_string(o->why));
		json_object_set_new(j, "repair", json_string(repair_of(o->code)));
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
		fprintf(stderr, "%s:%u: %s: %s (%s); %s\n", c->name, o->d->line, o->d->name,
		    o->why, cvp_code_name(o->code), repair_of(o->code));
	}
}

/* Once for several in a row that say the same. */
static void
tell_reduced(const struct call *c, const struct authorization *z, size_t *shown)
{
	const char	*last = "";

	for (size_t i = 0; i < z->n; i++) {
		const struct outcome	*o = &z->v[i];

		if (o->reduced[0] == '\0' || strcmp(o->reduced, last) == 0 ||
		    (*shown)++ >= FAILURES_SHOWN)
			continue;
		last = o->reduced;
		fprintf(stderr, "%s:%u: %s: less than asked for: %s\n", c->name, o->d->line,
		    o->d->name, o->reduced);
	}
}

static void
tell_finished(const struct authorization *z)
{
	printf("finished   what an earlier run left: %zu device%s, tickets in %s\n", z->b.granted,
	    z->b.granted == 1 ? "" : "s", z->b.out);
}

/* s: of this run's own shares. */
static void
report_text(const struct call *c, const struct sums *s)
{
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
	shown = 0;
	for (size_t i = 0; i < c->n_shares; i++)
		tell_reduced(c, &c->shares[i].z, &shown);
	if (shown > FAILURES_SHOWN)
		fprintf(stderr, "%s: and %zu more\n", c->name, shown - FAILURES_SHOWN);
	for (size_t i = 0; i < c->n_finished; i++)
		tell_finished(&c->finished[i]);
	if (c->n_finished == 0 && s->granted == 0 && s->failed == 0)
		printf("nothing to do: ");
	if (c->skipped > 0)
		printf("%zu authorized earlier%s\n", c->skipped, s->granted + s->failed > 0 ? "" :
		    ", and alive");
	date_format(s->until, until);
	if (s->granted > 0)
		printf("authorized %zu device%s, tickets in %s, good until %s%s\n", s->granted,
		    s->granted == 1 ? "" : "s", c->shown, until, s->modified > 0 ?
		    " (less than asked for: the template's limit)" : "");
	if (s->failed > 0)
		printf("refused    %zu device%s, see above\n", s->failed, s->failed == 1 ? "" : "s");
	if (s->unacknowledged > 0)
		printf("the PKI does not know yet that the tickets arrived: the next "
		    "\"admin authorize\" tells it\n");
}

static const struct outcome *
first_ticket(const struct authorization *z)
{
	for (size_t i = 0; i < z->n; i++)
		if (z->v[i].ticket != NULL)
			return &z->v[i];
	return NULL;
}

/* The one device whose ticket can be shown as the next command. */
static const struct outcome *
an_example(const struct call *c)
{
	const struct outcome	*o = NULL;

	for (size_t i = 0; i < c->n_shares && o == NULL; i++)
		o = first_ticket(&c->shares[i].z);
	for (size_t i = 0; i < c->n_finished && o == NULL; i++)
		o = first_ticket(&c->finished[i]);
	return o;
}

bool
authorize_has_tickets(const struct call *c)
{
	return an_example(c) != NULL;
}

/* In --out as it was given; elsewhere it is absolute. */
static void
tell_next(const struct call *c, const struct outcome *o)
{
	static const char *const options[GENERATION_PKI + 1] = {
		[GENERATION_PEER_ADMIN] = "request FILE", [GENERATION_ADMIN] = "generate",
		[GENERATION_PKI] = "pki-key",
	};
	size_t	n = strlen(c->out);
	bool	here = strncmp(o->ticket, c->out, n) == 0;

	bool	admin = strcmp(o->d->template, "admin") == 0;
	bool	rekey = o->d->replaces != NULL && !o->d->key_lost;

	if (options[c->w.generation] != NULL) {
		printf("next:\n  pki4ipsec admin enroll --%s %s --dir %s\n",
		    options[c->w.generation], o->d->name, c->a.dir);
		if (c->w.generation != GENERATION_PEER_ADMIN)
			printf("their keys pass through other hands than the devices': "
			    "--generation peer where that can be\n");
		return;
	}
	printf("next, on the %s:\n  pki4ipsec %s %s %s%s --dir %s\n",
	    admin ? "Admin's machine" : "device", admin ? "admin" : "peer",
	    rekey ? "rekey" : "enroll", here ? c->shown : "", here ? o->ticket + n : o->ticket,
	    o->d->name);
}

/* Does d, authorized earlier, have a peer that was not? */
static bool
is_behind(const struct call *c, const struct device *d)
{
	const struct device	*peers[TICKET_PEERS_MAX];
	size_t			 n;

	if (d->role != FLEET_S2S || !c->lives[d->entry_id - 1])
		return false;
	n = topology_peers(c->topology, d, peers);
	for (size_t i = 0; i < n; i++)
		if (peers[i]->line != 0 && !c->lives[peers[i]->entry_id - 1])
			return true;
	return false;
}

/* Gateways whose tickets were made before their new peers were known. */
static void
tell_behind(const struct call *c)
{
	size_t	n = topology_behind(c->topology);
	char	name[FAULT_TEXT_MAX];

	for (size_t i = 0; i < c->fleet.n; i++) {
		if (!is_behind(c, &c->fleet.v[i]))
			continue;
		text_escape(view_str(c->fleet.v[i].name), 0, name, sizeof(name));
		if (n++ < BEHIND_SHOWN)
			fprintf(stderr, "note: %s does not know its new peers\n", name);
	}
	if (n > 0)
		fprintf(stderr, "note: devices authorized earlier learn of new peers with a new ticket: "
		    "revoke, authorize, enrol\n");
}

int
authorize_report(const struct call *c)
{
	const struct outcome	*o = an_example(c);
	struct sums		 s = { 0 };

	for (size_t i = 0; i < c->n_shares; i++)
		add_sums(&c->shares[i].z, &s);
	if (!c->in->json)
		report_text(c, &s);
	for (size_t i = 0; i < c->n_finished; i++)
		add_sums(&c->finished[i], &s);
	if (c->in->json)
		report_json(c, &s);
	if (o != NULL && !c->in->json && !c->in->quiet)
		tell_next(c, o);
	if (!c->in->json && !c->in->quiet && c->topology != NULL && s.granted > 0)
		tell_behind(c);
	return s.failed == 0 ? EXIT_DONE : s.granted > 0 ? EXIT_PARTIAL : EXIT_FAILED;
}
