/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin revoke: certificates of single devices end (RFC 4809, 3.5.3).
 *
 * When it returns, they are on the published CRL.
 */
#include <jansson.h>

#include "admin/commands.h"
#include "admin/session.h"
#include "admin/targets.h"
#include "base/text.h"
#include "codec/crl.h"

#define VALUE_OCTETS	8192

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "reason", "REASON", "unspecified", "keyCompromise, cessationOfOperation, superseded, ..." },
	{ "since", "DATE", NULL, "when the key is thought to have been compromised, 2026-11-24T04:10:27Z" },
	{ 0 },
};

struct wish {
	unsigned	reason;
	bool		has_since;
	int64_t		since;
};

enum revoked { REVOKED_NOW, REVOKED_BEFORE, NOT_REVOKED };

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

/* --- asking for it ------------------------------------------------------------------- */

static bool
ask(struct session *s, const struct target *t, const struct wish *w, struct fault *f)
{
	struct cmc_revoke	r = {
		.cert = { t->issuer, t->serial }, .reason = (uint8_t)w->reason,
		.has_date = w->has_since, .date = w->since,
	};
	struct view		none;
	struct buf		der;
	bool			ok;

	buf_init(&der, VALUE_OCTETS);
	cmc_put_revoke(&der, &r);
	ok = buf_check(&der, "revokeRequest", f) && admin_ask_one(&s->a, CMC_REVOKE_REQUEST,
	    buf_view(&der), CMC_UNKNOWN, s->arena, &none, f);
	buf_clear(&der);
	return ok || fault_within(f, "%s", t->name);
}

static json_t *
as_json(const struct target *t, enum revoked what)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "name", t->name, "id", t->id, "serial",
	    t->serial_text, "revoked_before", what == REVOKED_BEFORE);
}

static void
say(const struct session *s, const struct target *t, enum revoked what, json_t *list)
{
	char	name[FAULT_TEXT_MAX];

	if (s->in->json) {
		json_array_append_new(list, as_json(t, what));
		return;
	}
	text_escape(view_str(t->name), 0, name, sizeof(name));
	if (!s->in->quiet)
		printf("%s %s, certificate %s\n", what == REVOKED_BEFORE ? "was revoked before:" :
		    "revoked", name, t->serial_text);
}

/* Those before a failure are revoked, and noted. */
static bool
revoke_all(struct session *s, const struct targets *all, const struct wish *w, json_t *list,
    struct fault *f)
{
	bool	ok = true;
	size_t	changed = 0;

	for (size_t i = 0; ok && i < all->n; i++) {
		const struct target	*t = &all->v[i];
		enum revoked		 what = t->lives ? REVOKED_NOW : REVOKED_BEFORE;

		if (t->serial.n == 0 || !(ok = what == REVOKED_BEFORE || ask(s, t, w, f)))
			continue;
		if (t->known != NULL && t->known->end[0] == '\0') {
			t->known->end = "revoked";
			changed++;
		}
		say(s, t, what, list);
	}
	return (changed == 0 || inventory_save(s->a.dir, &s->inv, f)) && ok;
}

static bool
go(struct session *s, json_t *list, struct fault *f)
{
	struct targets	all;
	struct wish	w = { 0 };

	return read_wish(s->in, &w, f) && targets_find(&s->a, &s->inv, s->in->args,
	    s->in->nargs, s->arena, &all, f) && check_words(&all, s->in, f) &&
	    revoke_all(s, &all, &w, list, f);
}

static int
run(const struct invocation *in)
{
	struct session	s;
	struct fault	f = { 0 };
	json_t		*o, *list = json_array();

	if (session_open(&s, in, true, &f) && go(&s, list, &f) && in->json) {
		o = json_pack("{s:O}", "revoked", list);
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	}
	json_decref(list);
	return session_end(&s, &f, EXIT_DONE);
}

const struct command cmd_admin_revoke = {
	.group = "admin", .name = "revoke", .args = "DEVICE...", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "throw devices out: by label, identity, id or serial number",
	.options = options, .run = run,
};
