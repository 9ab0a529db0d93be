/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The causes of a message, held against certificates by verify and lint.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "codec/cert.h"
#include "codec/name.h"
#include "profile/lint.h"
#include "profile/why.h"

struct judging {
	const struct why_match	*m;
	const struct why_hand	*h;
	struct why_verdict	*out;
	struct ike_id		 id;		/* of the message */
	const struct ike_id	*asked;		/* NULL: nobody in particular */
};

static bool
lists(const char *shown_by, const char *word)
{
	struct view	list = view_str(shown_by), one;

	while ((one = why_next_word(&list)).n > 0)
		if (view_equal(one, view_str(word)))
			return true;
	return false;
}

/* The first to show a cause is kept: verify is asked before lint. */
static void
show(struct judging *j, const char *word, const char *section, const char *text)
{
	struct why_verdict	*v = j->out;

	for (size_t i = 0; i < v->n; i++) {
		if (v->causes[i].found || !lists(v->causes[i].cause->shown_by, word))
			continue;
		v->causes[i].found = true;
		v->causes[i].by = word;
		v->causes[i].section = section;
		snprintf(v->causes[i].text, sizeof(v->causes[i].text), "%s", text);
	}
}

/* --- whose certificate -------------------------------------------------------------- */

/* A name as a daemon writes it: the string types behind it are lost. */
static bool
is_subject(struct view text, const struct cert *c)
{
	char	name[NAME_TEXT_MAX];

	name_text(c->subject, name, sizeof(name));
	return text.n > 0 && strlen(name) == text.n &&
	    strncasecmp(name, (const char *)text.p, text.n) == 0;
}

static void
read_id(struct judging *j)
{
	char	text[WHY_LINE_MAX + 1];

	j->asked = j->h->id;
	if (j->asked != NULL || j->m->id.n == 0 || j->m->id.n > WHY_LINE_MAX)
		return;
	memcpy(text, j->m->id.p, j->m->id.n);
	text[j->m->id.n] = '\0';
	if (ike_id_parse(text, &j->id, NULL))
		j->asked = &j->id;
}

/* How well does this certificate fit the message? */
static unsigned
fit(const struct judging *j, const struct cert *c)
{
	char	why[VERIFY_TEXT_MAX];

	if (is_subject(j->m->subject, c))
		return 3;
	if (is_subject(j->m->id, c) ||
	    (j->asked != NULL && ike_id_reject(j->asked, c, why, sizeof(why)) == NULL))
		return 2;
	return c->is_ca ? 0 : 1;
}

static bool
choose(const struct judging *j, size_t *which, struct cert *out, struct fault *f)
{
	unsigned	best = 0, now;
	struct cert	c;

	for (size_t i = 0; i < j->h->ncerts; i++) {
		if (!cert_decode(j->h->certs[i], &c, f))
			return fault_within(f, "certificate %zu", i + 1);
		now = fit(j, &c);
		if (i == 0 || now > best) {
			best = now;
			*which = i;
			*out = c;
		}
	}
	return true;
}

/* --- the judges --------------------------------------------------------------------- */

static void
ask_verify_steps(struct judging *j, const struct verify_result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct verify_step	*s = &r->steps[i];

		if (s->mark == VERIFY_FAILED)
			show(j, s->reason, s->rule, s->text);
	}
}

/* Without a trusted CA the certificates stand for themselves: no path is missed. */
static bool
ask_verify(struct judging *j, size_t which, const struct cert *c, struct fault *f)
{
	const struct why_hand	*h = j->h;
	struct verify_result	*r = calloc(1, sizeof(*r));
	struct verify_terms	 t = { .leaf = h->certs[which], .intermediates = h->certs,
		.nintermediates = h->ncerts, .anchors = h->nanchors > 0 ? h->anchors : h->certs,
		.nanchors = h->nanchors > 0 ? h->nanchors : h->ncerts, .crls = h->crls,
		.ncrls = h->ncrls, .ocsp = h->ocsp, .nocsp = h->nocsp,
		.id = is_subject(j->m->id, c) ? NULL : j->asked,
		.revocation = h->ncrls + h->nocsp > 0 ? VERIFY_STRICT : VERIFY_OFF, .at = h->at };
	bool			 ok;

	if (r == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	ok = verify_peer(&t, r, f);
	if (ok)
		ask_verify_steps(j, r);
	verify_result_clear(r);
	free(r);
	return ok;
}

static void
found(void *ctx, const struct lint_finding *x)
{
	struct judging	*j = ctx;
	char		 text[VERIFY_TEXT_MAX];

	if (x->severity == LINT_INFO && (x->advice->products & j->m->row->products) == 0)
		return;
	snprintf(text, sizeof(text), "%s%s%s: %s", x->advice->field,
	    x->detail[0] == '\0' ? "" : ": ", x->detail, x->rule->summary);
	show(j, x->rule->name, x->rule->source, text);
}

/* What remote access clients report is about their gateway. */
static void
ask_lint(struct judging *j, const struct cert *c)
{
	const unsigned			 clients = LINT_WINDOWS | LINT_APPLE | LINT_ANDROID;
	const struct lint_report	 to = { found, j };
	struct lint_terms		 t = { .profile = lint_profile_guess(c),
		.products = j->m->row->products };

	if ((t.products & clients) != 0 && t.profile == LINT_STRICT)
		t.profile = LINT_RA_GATEWAY;
	lint_certificate(c, &t, &to);
}

static void
name_one(struct why_verdict *v, bool judged)
{
	for (size_t i = 0; i < v->n && v->named == NULL; i++)
		if (v->causes[i].found)
			v->named = v->causes[i].cause;
	v->contradicted = judged && v->named == NULL;
	if (v->named == NULL && v->n == 1)
		v->named = v->causes[0].cause;
	/* "expired" cannot be the only cause of what is not expired */
	if (v->contradicted && v->named != NULL && v->named->shown_by[0] != '\0')
		v->named = NULL;
}

bool
why_judge(const struct why_match *m, const struct why_hand *h, struct why_verdict *out,
    struct fault *f)
{
	struct judging	j = { .m = m, .h = h, .out = out };
	struct view	list = view_str(m->row->causes), word;
	struct cert	c;
	size_t		which = 0;

	memset(out, 0, sizeof(*out));
	while (out->n < WHY_CAUSES_MAX && (word = why_next_word(&list)).n > 0)
		out->causes[out->n++].cause = why_cause_find(why_causes, word);
	read_id(&j);
	if (h->ncerts > 0) {
		if (!choose(&j, &which, &c, f) || !ask_verify(&j, which, &c, f))
			return false;
		ask_lint(&j, &c);
	}
	name_one(out, h->ncerts > 0);
	return true;
}
