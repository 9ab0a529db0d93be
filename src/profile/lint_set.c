/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/lint_set.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/cert.h"
#include "codec/crl.h"
#include "codec/name.h"
#include "profile/dns.h"

#define CHAIN_MAX	8	/* CAs above one certificate */

/* What is kept of a certificate, so that a hundred thousand of them fit. */
struct item {
	size_t		 which;
	struct view	 der, subject, issuer, spki, ski, aki, san;
	bool		 is_ca, self_issued;
};

struct list_item {
	size_t		 which;
	struct view	 der, issuer, scope, number;
	int64_t		 this_update;
	bool		 is_delta;
};

struct mailbox {
	struct view	 text, subject, spki;
	size_t		 which;
};

struct work {
	struct item		*certs;
	size_t			 ncerts;
	struct item		*cas;		/* sorted by subject */
	size_t			 ncas;
	struct list_item	*crls;		/* sorted by issuer, kind, scope, time */
	size_t			 ncrls;
	struct mailbox		*mail;
	size_t			 nmail, room_mail;
	const struct lint_set_report *report;
	size_t			 which;		/* of the member that is looked at */
};

static void
forward(void *ctx, const struct lint_finding *finding)
{
	struct work	*w = ctx;

	w->report->found(w->report->ctx, w->which, finding);
}

static void
by_name(struct work *w, size_t which, const char *rule, const char *detail)
{
	const struct lint_report	r = { forward, w };

	w->which = which;
	lint_by_name(rule, detail, LINT_NO_OFFSET, &r);
}

/* --- gathering ------------------------------------------------------------------- */

static bool
add_mail(struct work *w, const struct cert *c, size_t which)
{
	for (size_t i = 0; i < c->san.n; i++) {
		if (c->san.list[i].type != GENERAL_NAME_EMAIL)
			continue;
		if (w->nmail == w->room_mail) {
			size_t		 room = w->room_mail == 0 ? 256 : 2 * w->room_mail;
			struct mailbox	*more = realloc(w->mail, room * sizeof(*more));

			if (more == NULL)
				return false;
			w->mail = more;
			w->room_mail = room;
		}
		w->mail[w->nmail++] = (struct mailbox){ c->san.list[i].value, c->subject,
		    c->spki, which };
	}
	return true;
}

static bool
add_cert(struct work *w, const struct lint_member *m, size_t which)
{
	struct cert	c;
	struct item	it;

	if (!cert_decode(m->der, &c, NULL))
		return true;
	it = (struct item){ which, m->der, c.subject, c.issuer, c.spki, c.ski, c.aki,
	    c.san_value, c.is_ca, cert_is_self_issued(&c) };
	w->certs[w->ncerts++] = it;
	if (it.is_ca)
		w->cas[w->ncas++] = it;
	return add_mail(w, &c, which);
}

static void
add_crl(struct work *w, const struct lint_member *m, size_t which)
{
	struct crl	c;

	if (crl_decode(m->der, &c, NULL))
		w->crls[w->ncrls++] = (struct list_item){ which, m->der, c.issuer,
		    c.issuing_dist_point, serial_magnitude(c.number), c.this_update,
		    c.is_delta };
}

static int
by_subject(const void *a, const void *b)
{
	return view_compare(((const struct item *)a)->subject,
	    ((const struct item *)b)->subject);
}

static int
by_key(const void *a, const void *b)
{
	return view_compare(((const struct item *)a)->spki, ((const struct item *)b)->spki);
}

static int
by_crl(const void *a, const void *b)
{
	const struct list_item	*x = a, *y = b;
	int			 r = view_compare(x->issuer, y->issuer);

	if (r == 0)
		r = x->is_delta - y->is_delta;
	if (r == 0)
		r = view_compare(x->scope, y->scope);
	return r != 0 ? r : (x->this_update > y->this_update) - (x->this_update < y->this_update);
}

static int
by_folded(const void *a, const void *b)
{
	struct view	x = ((const struct mailbox *)a)->text, y = ((const struct mailbox *)b)->text;

	for (size_t i = 0; i < x.n && i < y.n; i++) {
		int	r = ascii_lower(x.p[i]) - ascii_lower(y.p[i]);

		if (r != 0)
			return r;
	}
	return (x.n > y.n) - (x.n < y.n);
}

/* --- issuers ---------------------------------------------------------------------- */

/* The CA of this name whose key identifier fits; NULL if none is here. */
static const struct item *
find_issuer(const struct work *w, struct view issuer, struct view aki)
{
	size_t	lo = 0, hi = w->ncas;

	while (lo < hi) {
		size_t	mid = lo + (hi - lo) / 2;

		if (view_compare(w->cas[mid].subject, issuer) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < w->ncas && view_equal(w->cas[lo].subject, issuer); lo++)
		if (aki.n == 0 || w->cas[lo].ski.n == 0 || view_equal(aki, w->cas[lo].ski))
			return &w->cas[lo];
	return NULL;
}

/* The CAs above, decoded; *n of them. */
static void
climb(const struct work *w, const struct item *from, struct cert *above,
    const struct cert **list, size_t *n)
{
	const struct item	*at = from, *up;

	for (*n = 0; *n < CHAIN_MAX; at = up) {
		up = find_issuer(w, at->issuer, at->aki);
		if (up == NULL || up->which == at->which ||
		    !cert_decode(up->der, &above[*n], NULL))
			return;
		list[*n] = &above[*n];
		(*n)++;
		if (up->self_issued && view_equal(up->spki, at->spki))
			return;
	}
}

static void
check_issuers(struct work *w, struct cert *above)
{
	const struct lint_report	 r = { forward, w };
	const struct cert		*list[CHAIN_MAX];
	struct cert			 c;
	size_t				 n;

	for (size_t i = 0; i < w->ncerts; i++) {
		w->which = w->certs[i].which;
		if (!cert_decode(w->certs[i].der, &c, NULL))
			continue;
		climb(w, &w->certs[i], above, list, &n);
		if (n > 0) {
			lint_issuer(&c, list[0], &r);
			lint_chain(&c, list, n, &r);
		} else if (c.is_ca && cert_is_self_issued(&c)) {
			lint_issuer(&c, &c, &r);
		}
	}
}

/* --- what meets twice -------------------------------------------------------------- */

static void
check_ca_names(struct work *w)
{
	for (size_t i = 1; i < w->ncas; i++) {
		char	name[NAME_TEXT_MAX / 4];

		if (!view_equal(w->cas[i].subject, w->cas[i - 1].subject) ||
		    view_equal(w->cas[i].spki, w->cas[i - 1].spki))
			continue;
		by_name(w, w->cas[i].which, "w_ike_ca_name_reuse",
		    name_text(w->cas[i].subject, name, sizeof(name)));
	}
}

/* One key again is a renewal, unless it is somebody else's. */
static bool
same_holder(const struct item *a, const struct item *b)
{
	if (name_is_empty(a->subject) && name_is_empty(b->subject))
		return view_equal(a->san, b->san);
	return view_equal(a->subject, b->subject);
}

static void
check_keys(struct work *w)
{
	qsort(w->certs, w->ncerts, sizeof(*w->certs), by_key);
	for (size_t i = 1; i < w->ncerts; i++) {
		char	name[NAME_TEXT_MAX / 4];

		if (!view_equal(w->certs[i].spki, w->certs[i - 1].spki) ||
		    same_holder(&w->certs[i], &w->certs[i - 1]))
			continue;
		by_name(w, w->certs[i].which, "w_rec_key_reuse",
		    name_text(w->certs[i - 1].subject, name, sizeof(name)));
	}
}

static void
check_mailboxes(struct work *w)
{
	if (w->nmail > 1)
		qsort(w->mail, w->nmail, sizeof(*w->mail), by_folded);
	for (size_t i = 1; i < w->nmail; i++) {
		const struct mailbox	*a = &w->mail[i - 1], *b = &w->mail[i];
		char			 text[LOCAL_PART_MAX + DNS_NAME_MAX + 2];

		if (by_folded(a, b) != 0 || view_equal(a->text, b->text) ||
		    view_equal(a->spki, b->spki))
			continue;
		snprintf(text, sizeof(text), "%.*s",
		    (int)(a->text.n > 254 ? 254 : a->text.n), (const char *)a->text.p);
		by_name(w, b->which, "w_ike_san_case_only_dup", text);
	}
}

/* --- CRLs --------------------------------------------------------------------------- */

static void
check_numbers(struct work *w)
{
	for (size_t i = 1; i < w->ncrls; i++) {
		const struct list_item	*a = &w->crls[i - 1], *b = &w->crls[i];
		char			 text[96];

		if (!view_equal(a->issuer, b->issuer) || a->is_delta != b->is_delta ||
		    !view_equal(a->scope, b->scope) || view_equal(a->der, b->der) ||
		    b->number.n > a->number.n || (b->number.n == a->number.n &&
		    view_compare(b->number, a->number) > 0))
			continue;
		snprintf(text, sizeof(text), "not above that of a CRL of %lld seconds before",
		    (long long)(b->this_update - a->this_update));
		by_name(w, b->which, "e_pkix_crl_number_order", text);
	}
}

/* The first certificate of this issuer that the CRL should cover and does not. */
static void
check_cover(struct work *w, const struct crl *crl)
{
	const struct lint_report	r = { forward, w };
	struct cert			c;

	for (size_t i = 0; i < w->ncerts; i++)
		if (view_equal(w->certs[i].issuer, crl->issuer) &&
		    !w->certs[i].self_issued && cert_decode(w->certs[i].der, &c, NULL) &&
		    lint_crl_cover(crl, &c, &r) > 0)
			return;
}

static void
check_crls(struct work *w)
{
	const struct lint_report	r = { forward, w };
	struct cert			ca;
	struct crl			crl;

	for (size_t i = 0; i < w->ncrls; i++) {
		const struct item	*by;

		if (!crl_decode(w->crls[i].der, &crl, NULL))
			continue;
		w->which = w->crls[i].which;
		by = find_issuer(w, crl.issuer, crl.aki);
		if (by != NULL && cert_decode(by->der, &ca, NULL))
			lint_crl_issuer(&crl, &ca, &r);
		if (crl.has_issuing_dist_point)
			check_cover(w, &crl);
	}
}

bool
lint_set(const struct lint_member *list, size_t n, const struct lint_set_report *report,
    struct fault *f)
{
	struct work	 w = { .report = report };
	struct cert	*above = calloc(CHAIN_MAX, sizeof(*above));
	bool		 ok;

	w.certs = calloc(n + 1, sizeof(*w.certs));
	w.cas = calloc(n + 1, sizeof(*w.cas));
	w.crls = calloc(n + 1, sizeof(*w.crls));
	ok = above != NULL && w.certs != NULL && w.cas != NULL && w.crls != NULL;
	for (size_t i = 0; ok && i < n; i++)
		if (list[i].is_crl)
			add_crl(&w, &list[i], i);
		else
			ok = add_cert(&w, &list[i], i);
	if (ok) {
		qsort(w.cas, w.ncas, sizeof(*w.cas), by_subject);
		qsort(w.crls, w.ncrls, sizeof(*w.crls), by_crl);
		check_issuers(&w, above);
		check_ca_names(&w);
		check_mailboxes(&w);
		check_numbers(&w);
		check_crls(&w);
		check_keys(&w);		/* last: it changes the order */
	}
	free(above);
	free(w.certs);
	free(w.cas);
	free(w.crls);
	free(w.mail);
	return ok || fault_set(f, FAULT_INTERNAL, "", "out of memory");
}
