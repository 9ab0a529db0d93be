/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin revoke: certificates end (RFC 4809, 3.5.3): of devices by name, or of
 * all that a selection means.
 *
 * When it returns, they are on the published CRL.  Many go in few messages,
 * each with a verdict for every certificate: what is refused is told, and the
 * others are done.
 */
#include <jansson.h>

#include "admin/commands.h"
#include "admin/selection.h"
#include "base/text.h"
#include "codec/crl.h"

#define VALUE_OCTETS	8192
#define MESSAGE_ITEMS	60	/* the PKI answers for so many controls at a time */

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "reason", "REASON", "unspecified", "keyCompromise, cessationOfOperation, superseded, ..." },
	{ "since", "DATE", NULL, "when the key is thought to have been compromised, 2026-11-24T04:10:27Z" },
	SELECTION_OPTIONS,
	SELECTION_SAFETY,
	{ 0 },
};

struct wish {
	unsigned	reason;
	bool		has_since;
	int64_t		since;
};

enum verdict {
	NOT_ASKED = 0,
	REVOKED_NOW,
	REVOKED_BEFORE,
	REFUSED,
};

struct item {
	const struct target	*t;
	enum verdict		 verdict;
	const char		*why;		/* REFUSED */
};

struct revocation {
	struct session	*s;
	struct wish	 w;
	struct targets	 all;
	struct item	*v;
	size_t		 n, refused;
};

/* --- what is wanted ---------------------------------------------------------------- */

static bool
read_wish(const struct invocation *in, struct wish *w, struct fault *f)
{
	const char	*reason = option_value(in, "reason"), *since = option_value(in, "since");

	if (!crl_reason_find(reason, &w->reason) || w->reason == CRL_CERTIFICATE_HOLD ||
	    w->reason == CRL_REMOVE_FROM_CRL)
		return fault_set(f, FAULT_USAGE, "RFC 5280, 5.3.1", "--reason %s: want unspecified, "
		    "keyCompromise, affiliationChanged, superseded, cessationOfOperation or "
		    "privilegeWithdrawn", reason);
	w->has_since = since != NULL;
	if (since != NULL && !date_parse(since, &w->since))
		return fault_set(f, FAULT_USAGE, "RFC 3339", "--since %s: want a date in UTC like "
		    "2026-11-24T04:10:27Z", since);
	return true;
}

/* Has any authorization of this word a certificate to revoke? */
static bool
has_certificate(const struct targets *all, const char *word)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].word == word && all->v[i].serial.n > 0)
			return true;
	return false;
}

static bool
check_words(const struct targets *all, const struct invocation *in, struct fault *f)
{
	for (size_t w = 0; w < in->nargs; w++)
		if (!has_certificate(all, in->args[w]))
			return fault_set(f, FAULT_CONFLICT, "", "\"%s\" has no certificate yet: cancel "
			    "its authorization instead", in->args[w]);
	return true;
}

/* What selection_find() takes: a certificate that counts. */
static bool
counts(const struct target *t)
{
	return t->serial.n > 0 && (t->state == CVP_STATE_ISSUED || t->state == CVP_STATE_CONFIRMED);
}

static bool
list_items(struct revocation *r, struct fault *f)
{
	if ((r->v = arena_array(r->s->arena, r->all.n + 1, sizeof(*r->v))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < r->all.n; i++) {
		const struct target	*t = &r->all.v[i];

		if (t->serial.n > 0)
			r->v[r->n++] = (struct item){ .t = t,
			    .verdict = t->lives ? NOT_ASKED : REVOKED_BEFORE };
	}
	return true;
}

/* --- asking for it ------------------------------------------------------------------- */

static bool
put_ask(struct revocation *r, const struct target *t, struct ask *out, struct fault *f)
{
	struct cmc_revoke	q = {
		.cert = { t->issuer, t->serial }, .reason = (uint8_t)r->w.reason,
		.has_date = r->w.has_since, .date = r->w.since,
	};
	struct buf		der;
	bool			ok;

	buf_init(&der, VALUE_OCTETS);
	cmc_put_revoke(&der, &q);
	*out = (struct ask){ .kind = CMC_REVOKE_REQUEST };
	ok = buf_check(&der, "revokeRequest", f);
	if (ok)
		out->value = arena_copy(r->s->arena, buf_view(&der));
	buf_clear(&der);
	return ok && (out->value.p != NULL || arena_fault(f));
}

/* False: there was no verdict, and the rest is not asked for. */
static bool
take_verdict(struct revocation *r, const struct exchange_answer *answer, uint32_t id,
    struct item *item, struct fault *f)
{
	struct fault	why = { 0 };

	if (exchange_check(answer, id, &why)) {
		item->verdict = REVOKED_NOW;
		return true;
	}
	if (why.kind == FAULT_BUSY) {
		*f = why;
		return false;
	}
	item->verdict = REFUSED;
	item->why = arena_str(r->s->arena, view_str(why.text));
	r->refused++;
	return item->why != NULL || arena_fault(f);
}

/* Up to MESSAGE_ITEMS of those from *at on; *at moves behind them. */
static bool
ask_some(struct revocation *r, size_t *at, struct fault *f)
{
	struct ask		asks[MESSAGE_ITEMS];
	struct item		*items[MESSAGE_ITEMS];
	struct exchange_answer	 answer;
	size_t			 n = 0;
	bool			 ok = true;

	for (; *at < r->n && n < MESSAGE_ITEMS; ++*at) {
		if (r->v[*at].verdict != NOT_ASKED)
			continue;
		items[n] = &r->v[*at];
		if (!put_ask(r, items[n]->t, &asks[n], f))
			return false;
		n++;
	}
	if (n == 0)
		return true;
	if (!admin_ask(&r->s->a, asks, n, r->s->arena, &answer, f))
		return false;
	for (size_t i = 0; ok && i < n; i++)
		ok = take_verdict(r, &answer, asks[i].id, items[i], f);
	return ok;
}

static bool
note(struct revocation *r, struct fault *f)
{
	struct fault	why = { 0 };
	size_t		changed = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct known	*k = r->v[i].t->known;

		if (k == NULL || k->end[0] != '\0' || (r->v[i].verdict != REVOKED_NOW &&
		    r->v[i].verdict != REVOKED_BEFORE))
			continue;
		k->end = "revoked";
		changed++;
	}
	if (changed == 0 || inventory_save(r->s->a.dir, &r->s->inv, &why))
		return true;
	if (f->kind == FAULT_NONE)
		*f = why;
	return false;
}

/* Those before a failure are revoked, and noted. */
static bool
revoke_all(struct revocation *r, struct fault *f)
{
	struct progress	bar;
	size_t		at = 0;
	bool		ok = true;

	progress_start(&bar, r->s->in, "revoking", r->n);
	while (ok && at < r->n) {
		ok = ask_some(r, &at, f);
		progress_step(&bar, at);
	}
	progress_end(&bar);
	return note(r, f) && ok;
}

/* --- saying so ------------------------------------------------------------------------- */

static void
say_one(const struct revocation *r, const struct item *i)
{
	char	name[FAULT_TEXT_MAX];

	text_escape(view_str(i->t->name), 0, name, sizeof(name));
	if (i->verdict == REFUSED)
		fprintf(stderr, "pki4ipsec: %s: %s\n", name, i->why);
	else if (!r->s->in->quiet)
		printf("%s %s, certificate %s\n", i->verdict == REVOKED_BEFORE ?
		    "was revoked before:" : "revoked", name, i->t->serial_text);
}

static void
say_json(const struct revocation *r)
{
	json_t	*list = json_array(), *o;

	for (size_t i = 0; i < r->n; i++) {
		const struct item	*item = &r->v[i];

		if (item->verdict == NOT_ASKED)
			continue;
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:s?}", "name",
		    item->t->name, "id", item->t->id, "serial", item->t->serial_text,
		    "revoked_before", item->verdict == REVOKED_BEFORE, "failure", item->why));
	}
	o = json_pack("{s:o}", "revoked", list);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int
report(const struct revocation *r)
{
	size_t	done = 0;

	if (r->s->in->json)
		say_json(r);
	for (size_t i = 0; i < r->n; i++) {
		done += r->v[i].verdict == REVOKED_NOW;
		if (!r->s->in->json && r->v[i].verdict != NOT_ASKED)
			say_one(r, &r->v[i]);
	}
	if (r->n > 1 && !r->s->in->json && !r->s->in->quiet)
		printf("%zu of %zu revoked\n", done, r->n);
	return r->refused == 0 ? EXIT_DONE : r->refused == r->n ? EXIT_FAILED : EXIT_PARTIAL;
}

/* --- the command ------------------------------------------------------------------------- */

/* What was done is told, whatever became of the rest. */
static bool
carry_out(struct revocation *r, int *code, struct fault *f)
{
	bool	ok = list_items(r, f) && revoke_all(r, f);

	if (ok && r->n == 1 && r->refused == 1)
		return fault_set(f, FAULT_REFUSED, "", "%s: %s", r->v[0].t->name, r->v[0].why);
	if (ok || !r->s->in->json)
		*code = report(r);
	return ok;
}

static bool
go(struct revocation *r, int *code, struct fault *f)
{
	struct selection	q;
	bool			wanted;

	if (!read_wish(r->s->in, &r->w, f) || !selection_read(r->s->in, &q, f) ||
	    !selection_find(r->s, &q, counts, &r->all, f) || !check_words(&r->all, r->s->in, f) ||
	    !selection_confirm(r->s, &r->all, "revoked", &wanted, f))
		return false;
	return !wanted || carry_out(r, code, f);
}

static int
run(const struct invocation *in)
{
	struct session		s;
	struct revocation	r = { .s = &s };
	struct fault		f = { 0 };
	int			code = EXIT_DONE;

	if (session_open(&s, in, !option_given(in, "dry-run"), &f))
		(void)!go(&r, &code, &f);
	return session_end(&s, &f, code);
}

const struct command cmd_admin_revoke = {
	.group = "admin", .name = "revoke", .args = "[DEVICE...]",
	.max_args = ARGUMENTS_MAX,
	.help = "throw devices out: by label, identity, id or serial number, or by condition",
	.options = options, .run = run,
};
