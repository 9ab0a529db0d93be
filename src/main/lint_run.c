/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/command.h"
#include "codec/cert.h"
#include "codec/crl.h"
#include "codec/crmf.h"
#include "codec/pkcs10.h"
#include "main/lint_run.h"
#include "profile/lint_set.h"

#define LINE_GOOD	76	/* RFC 4945, 6: shorter than this */
#define CRMF_ARENA	(1u << 16)

static void
keep(struct lint_run *r, size_t which, const struct lint_finding *x)
{
	struct lint_note	*more;
	char			*detail = arena_str(r->objects->a, view_str(x->detail));

	if (r->n == r->room) {
		r->room = r->room == 0 ? 1024 : 2 * r->room;
		if ((more = realloc(r->notes, r->room * sizeof(*more))) == NULL) {
			r->failed = true;
			r->room = r->n;
			return;
		}
		r->notes = more;
	}
	r->notes[r->n] = (struct lint_note){ which, *x };
	r->notes[r->n].finding.detail = detail == NULL ? "" : detail;
	r->n++;
	r->counts[x->severity]++;
}

static void
found(void *ctx, const struct lint_finding *x)
{
	struct lint_run	*r = ctx;

	keep(r, r->which, x);
}

static void
found_in_set(void *ctx, size_t which, const struct lint_finding *x)
{
	keep(ctx, which, x);
}

/* --- one object -------------------------------------------------------------------- */

static struct lint_terms
terms_for(const struct lint_run *r, const struct cert *c)
{
	struct lint_terms	t = r->terms;

	if (r->guess)
		t.profile = lint_profile_guess(c);
	return t;
}

static void
check_certificate(struct lint_run *r, const struct object *o, const struct lint_report *to)
{
	struct fault		f = { 0 };
	struct lint_terms	t;
	struct cert		c;

	if (!cert_decode(o->der, &c, &f)) {
		lint_undecoded(o->der, &f, to);
		return;
	}
	t = terms_for(r, &c);
	lint_certificate(&c, &t, to);
}

static void
check_crl(const struct object *o, const struct lint_report *to)
{
	struct fault	f = { 0 };
	struct crl	c;

	if (crl_decode(o->der, &c, &f))
		lint_crl(&c, to);
	else
		lint_undecoded(o->der, &f, to);
}

static void
check_pkcs10(struct lint_run *r, const struct object *o, const struct lint_report *to)
{
	struct fault	f = { 0 };
	struct pkcs10	q;

	if (pkcs10_decode(o->der, &q, &f))
		lint_request(q.subject, q.spki, q.has_extensions ? &q.extensions : NULL,
		    o->der, &r->terms, to);
	else
		lint_undecoded(o->der, &f, to);
}

/* CertReqMessages ::= SEQUENCE OF CertReqMsg */
static void
check_crmf(struct lint_run *r, const struct object *o, const struct lint_report *to)
{
	struct arena	*a = arena_new(CRMF_ARENA);
	struct fault	 f = { 0 };
	struct der	 d, list;
	struct view	 content;
	struct crmf	 q;
	bool		 ok = a != NULL || arena_fault(&f);

	der_init(&d, o->der);
	ok = ok && der_open(&d, DER_SEQUENCE, &list, &f) && der_end(&d, &f);
	while (ok && !der_at_end(&list)) {
		arena_reset(a);
		ok = der_get(&list, DER_SEQUENCE, &content, &f) &&
		    crmf_decode(content, a, &q, &f);
		if (ok)
			lint_request(q.template.subject, q.spki,
			    q.template.has_extensions ? &q.template.extensions : NULL,
			    o->der, &r->terms, to);
	}
	if (!ok)
		lint_undecoded(o->der, &f, to);
	arena_free(a);
}

static void
check_frame(struct lint_run *r, const struct object *o, const struct lint_report *to)
{
	char	text[160];

	if (o->label.p == NULL || o->from_message)
		return;
	if (!object_label_fits(o->kind, o->label)) {
		snprintf(text, sizeof(text), "\"%.*s\" around a %s, in line %zu",
		    (int)(o->label.n > 40 ? 40 : o->label.n), (const char *)o->label.p,
		    object_kind_name(o->kind), o->line);
		lint_by_name("e_ike_pem_label", text, LINT_NO_OFFSET, to);
	}
	if (o->longest >= LINE_GOOD) {
		snprintf(text, sizeof(text), "%zu characters, below line %zu", o->longest,
		    o->line);
		lint_by_name("w_ike_pem_line_length", text, LINT_NO_OFFSET, to);
	}
	if ((r->terms.products & LINT_STRONGSWAN) != 0 && o->number > 1 &&
	    o->kind == OBJECT_CERTIFICATE) {
		snprintf(text, sizeof(text), "certificate %zu of the file", o->number);
		lint_by_name("w_interop_pem_chain_file", text, LINT_NO_OFFSET, to);
	}
}

static void
check_one(struct lint_run *r, const struct object *o)
{
	const struct lint_report	to = { found, r };

	check_frame(r, o, &to);
	switch (o->kind) {
	case OBJECT_CERTIFICATE:
		check_certificate(r, o, &to);
		break;
	case OBJECT_CRL:
		check_crl(o, &to);
		break;
	case OBJECT_PKCS10:
		check_pkcs10(r, o, &to);
		break;
	case OBJECT_CRMF:
		check_crmf(r, o, &to);
		break;
	case OBJECT_PUBLIC_KEY:
		lint_request(VIEW_NONE, o->der, NULL, o->der, &r->terms, &to);
		break;
	default:
		lint_by_name("e_pkix_der_not_canonical", o->unreadable != NULL ?
		    o->unreadable : "neither certificate nor CRL nor request",
		    LINT_NO_OFFSET, &to);
		break;
	}
}

/* --- all of them ---------------------------------------------------------------------- */

static bool
check_set(struct lint_run *r, struct fault *f)
{
	const struct objects		*o = r->objects;
	const struct lint_set_report	 to = { found_in_set, r };
	struct lint_member		*list = calloc(o->n + 1, sizeof(*list));
	bool				 ok;

	if (list == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	for (size_t i = 0; i < o->n; i++)	/* others do not decode, and are passed over */
		list[i] = (struct lint_member){ o->list[i].der,
		    o->list[i].kind == OBJECT_CRL };
	ok = lint_set(list, o->n, &to, f);
	free(list);
	return ok;
}

/* Worst first within an object; equals stay in the order found. */
static int
by_object(const void *a, const void *b)
{
	const struct lint_note	*x = a, *y = b;

	if (x->which != y->which)
		return x->which < y->which ? -1 : 1;
	if (x->finding.severity != y->finding.severity)
		return (int)y->finding.severity - (int)x->finding.severity;
	return strcmp(x->finding.rule->name, y->finding.rule->name);
}

enum lint_profile
lint_run_profile(const struct lint_run *r, const struct object *o)
{
	struct cert	c;

	if (r->guess && o->kind == OBJECT_CERTIFICATE && cert_decode(o->der, &c, NULL))
		return lint_profile_guess(&c);
	return r->terms.profile;
}

bool
lint_run(struct lint_run *r, const struct invocation *in, struct fault *f)
{
	struct progress	p;

	progress_start(&p, in, "linting", r->objects->n);
	for (size_t i = 0; i < r->objects->n; i++) {
		r->which = i;
		check_one(r, &r->objects->list[i]);
		progress_step(&p, i);
	}
	progress_end(&p);
	if (!check_set(r, f))
		return false;
	if (r->failed)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory for findings");
	if (r->n > 0)
		qsort(r->notes, r->n, sizeof(*r->notes), by_object);
	return true;
}

void
lint_run_clear(struct lint_run *r)
{
	free(r->notes);
	r->notes = NULL;
	r->n = r->room = 0;
}
