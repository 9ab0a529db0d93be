/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "pki/change_rule.h"

const char *
change_name(enum store_change_kind kind)
{
	static const char *const names[] = {
		[STORE_CHANGE_NONE] = "none",
		[STORE_CHANGE_RENEWAL] = "renewal",
		[STORE_CHANGE_NEW_KEY] = "renewal with a new key",
		[STORE_CHANGE_REKEY] = "rekey",
		[STORE_CHANGE_UPDATE] = "update",
	};

	return kind <= STORE_CHANGE_UPDATE ? names[kind] : "none";
}

static bool
no(struct change_verdict *v, uint32_t code, struct fault *f, const char *rule,
    const char *text)
{
	v->code = code;
	v->fail = cvp_code_fail(code);
	return fault_set(f, FAULT_REFUSED, rule, "%s", text);
}

/* --- names ------------------------------------------------------------------------ */

static bool
same_name(struct view x, struct view y)
{
	struct buf	a, b;
	bool		same;

	if (x.n == 0 || y.n == 0)
		return name_is_empty(x.n == 0 ? NAME_EMPTY : x) &&
		    name_is_empty(y.n == 0 ? NAME_EMPTY : y);
	buf_init(&a, NAME_OCTETS_MAX * 2);
	buf_init(&b, NAME_OCTETS_MAX * 2);
	same = name_key(x, &a, NULL) && name_key(y, &b, NULL) &&
	    view_equal(buf_view(&a), buf_view(&b));
	buf_clear(&a);
	buf_clear(&b);
	return same;
}

static bool
holds(const struct identity *list, size_t n, const struct identity *id)
{
	for (size_t i = 0; i < n; i++)
		if (identity_equal(&list[i], id))
			return true;
	return false;
}

/* The names of a SAN, in their order; they live in the arena. */
static bool
read_identities(const struct general_names *san, struct arena *a,
    struct identity **out, struct fault *f)
{
	if (san->n > IDENTITIES_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 4945, 5.1.3.6", "%zu names in one "
		    "certificate, up to %d are taken", san->n, IDENTITIES_MAX);
	if ((*out = arena_array(a, san->n, sizeof(**out))) == NULL && san->n > 0)
		return arena_fault(f);
	for (size_t i = 0; i < san->n; i++)
		if (!identity_from_san(&san->list[i], &(*out)[i], f))
			return false;
	return true;
}

struct names {
	struct view	 subject;
	struct identity	*list;
	size_t		 n;
};

static bool
names_of(struct view subject, bool has_san, const struct general_names *san,
    struct arena *a, struct names *out, struct fault *f)
{
	*out = (struct names){ .subject = subject, .n = has_san ? san->n : 0 };
	return !has_san || read_identities(san, a, &out->list, f);
}

static bool
same_set(const struct names *x, const struct names *y)
{
	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!holds(y->list, y->n, &x->list[i]) || !holds(x->list, x->n, &y->list[i]))
			return false;
	return true;
}

/* A whole request, not a difference (RFC 4809, 3.5.2). */
static bool
is_whole(const struct names *old, const struct names *asked, struct change_verdict *v,
    struct fault *f)
{
	if (!same_name(old->subject, asked->subject))
		return no(v, CVP_NAMES_DIFFER, f, "RFC 4809, 3.5.2",
		    "the subject in the request is not that of the certificate that signs");
	if (!same_set(old, asked))
		return no(v, CVP_NAMES_DIFFER, f, "RFC 4809, 3.5.2", "the names in the request "
		    "are not those of the certificate that signs");
	return true;
}

/* --- what it is -------------------------------------------------------------------- */

static enum store_change_kind
derive(const struct change_ask *q, bool same_key)
{
	if (q->request->changes_names)
		return STORE_CHANGE_UPDATE;
	if (q->use != NULL)
		return STORE_CHANGE_REKEY;
	return same_key ? STORE_CHANGE_RENEWAL : STORE_CHANGE_NEW_KEY;
}

/* NULL: nothing in the terms allows it, and out has the code. */
static const struct cvp_change_terms *
terms_for(const struct change_ask *q, struct change_verdict *v, struct fault *f)
{
	const struct cvp_lifecycle	*life = q->terms->cvp.lifecycle;

	if (v->kind == STORE_CHANGE_UPDATE) {
		if (life != NULL && life->update != NULL)
			return &life->update->terms;
		no(v, CVP_UPDATE_NOT_ALLOWED, f, "RFC 4809, 3.5.2.3",
		    "the terms allow no update of names");
		return NULL;
	}
	if (life != NULL && life->renewal != NULL)
		return life->renewal;
	no(v, CVP_RENEWAL_NOT_ALLOWED, f, "RFC 4809, 3.5.2.2", "the terms allow no renewal");
	return NULL;
}

int64_t
change_from(const struct cvp_change_terms *t, const struct cert *old)
{
	int64_t	life = old->not_after - old->not_before;

	/* Rounded so that the window is never longer than stated. */
	return t->last_percent == 0 ? t->from_time :
	    old->not_after - life * t->last_percent / 100;
}

static bool
key_fits(enum cvp_keys rule, bool same_key, struct change_verdict *v, struct fault *f)
{
	if (rule == CVP_KEYS_EITHER || (rule == CVP_KEYS_SAME) == same_key)
		return true;
	no(v, CVP_KEY_REUSE, f, "RFC 4809, 3.5.2.2", same_key ?
	    "the terms ask for a new key" : "the terms ask for the same key");
	v->fail = same_key ? CMC_NO_KEY_REUSE : CMC_BAD_REQUEST;
	return false;
}

static bool
on_time(const struct cvp_change_terms *t, const struct change_ask *q,
    struct change_verdict *v, struct fault *f)
{
	int64_t	from = change_from(t, q->old);
	char	date[32], text[128];

	if (q->now >= from || (q->hinted && v->kind != STORE_CHANGE_UPDATE))
		return true;
	date_format(from, date);
	snprintf(text, sizeof(text), "too early for a %s: it begins at %s",
	    v->kind == STORE_CHANGE_UPDATE ? "update" : "renewal", date);
	return no(v, CVP_TOO_EARLY, f, "RFC 4809, 3.5.2.2", text);
}

static bool
terms_allow(const struct change_ask *q, bool same_key, struct change_verdict *v,
    struct fault *f)
{
	const struct cvp_change_terms	*t = terms_for(q, v, f);

	if (t == NULL)
		return false;
	v->only_admin = t->who == CVP_WHO_ADMIN;
	if (v->only_admin && !q->by_admin)	/* relayed bytes are still the Peer's own */
		return no(v, CVP_REQUESTER_MAY_NOT, f, "corrections, 15",
		    "the terms leave this to the Admin: it wants a layer of one around it");
	if (!key_fits(t->keys, same_key, v, f) || !on_time(t, q, v, f))
		return false;
	v->max_times = t->max_times;
	return true;
}

/* --- updates ------------------------------------------------------------------------- */

/* Types say what may go; types alone let nothing come (corrections, 6). */
static bool
type_listed(const struct cvp_update *u, const struct identity *id)
{
	struct general_name	g;

	if (u->n_san_types == 0)	/* nothing said: all that the template takes */
		return u->new_san.n == 0 && u->new_subject.n == 0 && u->n_rdn_types == 0;
	identity_to_san(id, &g);
	for (size_t i = 0; i < u->n_san_types; i++)
		if (u->san_types[i] == (uint8_t)g.type)
			return true;
	return false;
}

/* profile_check_terms() then holds it against the name space. */
static bool
in_some_space(const struct template *t, const struct identity *id)
{
	return id->kind == IDENTITY_FQDN || id->kind == IDENTITY_EMAIL ?
	    t->name_space[0] != '\0' : t->address_space[0] != '\0';
}

static bool
exact_names(const struct cvp_update *u, struct arena *a, struct names *out, struct fault *f)
{
	struct general_names	san = { 0 };
	struct buf		tlv;
	struct view		copy;

	*out = (struct names){ .subject = u->new_subject };
	if (u->new_san.n == 0)
		return true;
	buf_init(&tlv, u->new_san.n + 16);
	der_put(&tlv, DER_SEQUENCE, u->new_san);
	copy = arena_copy(a, buf_view(&tlv));
	buf_clear(&tlv);
	if (copy.p == NULL)
		return arena_fault(f);
	return general_names_decode(copy, &san, f) && names_of(u->new_subject, true, &san, a,
	    out, f);
}

static bool
identities_allowed(const struct change_ask *q, const struct cvp_update *u,
    const struct names *old, const struct names *new, const struct names *exact,
    struct change_verdict *v, struct fault *f)
{
	char	text[IDENTITY_TEXT_MAX + 64];

	for (size_t i = 0; i < new->n; i++) {
		const struct identity	*id = &new->list[i];

		if (holds(old->list, old->n, id) || holds(exact->list, exact->n, id) ||
		    (type_listed(u, id) && in_some_space(q->template, id)))
			continue;
		snprintf(text, sizeof(text), "the terms do not let \"%s\" come in", id->text);
		return no(v, CVP_UPDATE_NOT_ALLOWED, f, "RFC 4809, 3.5.2.3", text);
	}
	for (size_t i = 0; i < old->n; i++) {
		const struct identity	*id = &old->list[i];

		if (holds(new->list, new->n, id) || type_listed(u, id) ||
		    (u->new_san.n > 0 && !holds(exact->list, exact->n, id)))
			continue;
		snprintf(text, sizeof(text), "the terms do not let \"%s\" go", id->text);
		return no(v, CVP_UPDATE_NOT_ALLOWED, f, "RFC 4809, 3.5.2.3", text);
	}
	return true;
}

/* All attributes of this part of a name are of types that may go. */
static bool
part_listed(const struct cvp_update *u, struct view part)
{
	struct der	d, set, pair;
	struct view	type;

	der_init(&d, part);
	if (!der_open(&d, DER_SET, &set, NULL))
		return false;
	while (!der_at_end(&set)) {
		bool	listed = false;

		if (!der_open(&set, DER_SEQUENCE, &pair, NULL) || !der_oid(&pair, &type, NULL))
			return false;
		for (size_t i = 0; i < u->n_rdn_types; i++)
			listed |= view_equal(u->rdn_types[i], type);
		if (!listed)
			return false;
	}
	return true;
}

/* new is old without some parts of types that may go; nothing comes in. */
static bool
only_parts_gone(const struct cvp_update *u, struct view old, struct view new)
{
	struct der	o, n, from, to;
	struct view	part, next = VIEW_NONE;

	der_init(&o, old);
	der_init(&n, new);
	if (!der_open(&o, DER_SEQUENCE, &from, NULL) || !der_open(&n, DER_SEQUENCE, &to, NULL))
		return false;
	while (!der_at_end(&from)) {
		if (next.n == 0 && !der_at_end(&to) && !der_get_tlv(&to, DER_SET, &next, NULL))
			return false;
		if (!der_get_tlv(&from, DER_SET, &part, NULL))
			return false;
		if (next.n > 0 && view_equal(part, next))
			next = VIEW_NONE;
		else if (!part_listed(u, part))
			return false;
	}
	return next.n == 0 && der_at_end(&to);
}

/* As it was, as stated, less than it was, or as the template makes it of the new names. */
static bool
subject_allowed(const struct change_ask *q, const struct cvp_update *u,
    const struct names *old,
    const struct names *new, const struct names *exact, struct arena *a,
    struct change_verdict *v, struct fault *f)
{
	struct holder_terms	h = { .identities = new->list, .nidentities = new->n,
		.label = q->label };
	struct view		ruled = VIEW_NONE;

	if (same_name(new->subject, old->subject))
		v->holder.subject = old->subject;
	else if (exact->subject.n > 0 && same_name(new->subject, exact->subject))
		v->holder.subject = exact->subject;
	else if (u->n_rdn_types > 0 && only_parts_gone(u, old->subject, new->subject))
		v->holder.subject = new->subject;
	else if (profile_subject(q->template, &h, a, &ruled, NULL) &&
	    same_name(new->subject, ruled))
		v->holder.subject = ruled;
	else
		return no(v, CVP_UPDATE_NOT_ALLOWED, f, "RFC 4809, 3.5.2.3",
		    "the terms do not allow this subject");
	return true;
}

static bool
judge_update(const struct change_ask *q, const struct names *old, struct arena *a,
    struct change_verdict *v, struct fault *f)
{
	const struct change_subject_name	*c = &q->request->names;
	const struct cvp_update			*u;
	struct names				 new, exact;

	if (!names_of(c->subject.n > 0 ? c->subject : NAME_EMPTY, c->has_san, &c->san, a, &new,
	    f))
		return no(v, CVP_UPDATE_NOT_ALLOWED, f, "RFC 4945, 5.1.3.6",
		    "a name that is no identity in IKE");
	v->holder.identities = new.list;
	v->holder.nidentities = new.n;
	if (q->use != NULL) {
		const struct holder_terms	*h = &q->use->holder;
		struct names			 granted = { h->subject,
			(struct identity *)h->identities, h->nidentities };

		v->holder = *h;		/* in the order of the grant */
		v->holder.label = q->label;
		return (same_set(&new, &granted) && same_name(new.subject, h->subject)) ||
		    no(v, CVP_UPDATE_NOT_ALLOWED, f, "RFC 4809, 3.5.2.3",
		    "the names are not those of the authorization");
	}
	u = q->terms->cvp.lifecycle->update;
	return exact_names(u, a, &exact, f) &&
	    identities_allowed(q, u, old, &new, &exact, v, f) &&
	    subject_allowed(q, u, old, &new, &exact, a, v, f);
}

/* --- by a later authorization ------------------------------------------------------------ */

/* The grant itself allows it: its window is its own, its names are stated. */
static bool
use_allows(const struct change_ask *q, const struct names *old, bool same_key,
    struct change_verdict *v, struct fault *f)
{
	const struct holder_terms	*h = &q->use->holder;
	const struct cvp_lifecycle	*life = q->use->cvp.lifecycle;
	struct names			 granted = { h->subject,
		(struct identity *)h->identities, h->nidentities };
	enum cvp_keys			 rule = CVP_KEYS_NEW;	/* a rekey is one */

	if (v->kind == STORE_CHANGE_UPDATE)
		rule = life != NULL && life->update != NULL ? life->update->terms.keys :
		    CVP_KEYS_EITHER;
	if (!key_fits(rule, same_key, v, f))
		return false;
	if (v->kind == STORE_CHANGE_REKEY &&
	    (!same_set(old, &granted) || !same_name(old->subject, h->subject)))
		return no(v, CVP_UPDATE_NEEDED, f, "RFC 4809, 3.5.2.1",
		    "the authorization has other names: ask for them in an update");
	return true;
}

static bool
check_dates(const struct change_ask *q, struct change_verdict *v, struct fault *f)
{
	v->holder.not_before = 0;	/* now, whatever the first one had */
	if (q->now > q->old->not_after)
		return no(v, CVP_OLD_EXPIRED, f, "RFC 4809, 3.5.2",
		    "the certificate has expired: a new enrolment is needed");
	/* A new authorization stands for itself (RFC 4809, 3.2.4.2). */
	if (q->use == NULL && v->holder.not_after != 0 &&
	    v->holder.not_after <= q->old->not_after)
		return no(v, CVP_RENEWAL_NOT_ALLOWED, f, "RFC 4809, 3.5.2.2",
		    "the terms end with this certificate");
	return true;
}

bool
change_judge(const struct change_ask *q, struct arena *a, struct change_verdict *v,
    struct fault *f)
{
	bool		same_key = view_equal(q->old->spki, q->request->spki);
	struct names	old, asked;

	memset(v, 0, sizeof(*v));
	v->kind = derive(q, same_key);
	if (!names_of(q->old->subject, q->old->has_san, &q->old->san, a, &old, f))
		return false;
	v->holder = (struct holder_terms){ .subject = old.subject, .identities = old.list,
		.nidentities = old.n, .label = q->label,
		.not_after = (q->use != NULL ? q->use : q->terms)->holder.not_after };
	if (!check_dates(q, v, f))
		return false;
	if (!names_of(q->request->subject, q->request->has_san, &q->request->san, a, &asked, f))
		return no(v, CVP_NAMES_DIFFER, f, "RFC 4945, 5.1.3.6",
		    "a name that is no identity in IKE");
	if (!is_whole(&old, &asked, v, f))
		return false;
	if (q->use != NULL ? !use_allows(q, &old, same_key, v, f) :
	    !terms_allow(q, same_key, v, f))
		return false;
	if (v->kind != STORE_CHANGE_UPDATE)
		return true;
	if (!judge_update(q, &old, a, v, f))
		return false;
	v->holder.not_before = 0;
	/* What came in lies in the template's name space. */
	if (profile_check_terms(q->template, &v->holder, f))
		return true;
	v->code = CVP_UPDATE_NOT_ALLOWED;
	v->fail = cvp_code_fail(v->code);
	return false;
}

/* Is this what such a request asked for?  Names are compared for updates only. */
bool
change_is(const struct certreq *r, enum store_change_kind kind, const struct cert *c,
    struct arena *a)
{
	struct names	asked, there;

	if (!view_equal(r->spki, c->spki))
		return false;
	if (kind != STORE_CHANGE_UPDATE)
		return true;
	return names_of(r->names.subject, r->names.has_san, &r->names.san, a, &asked, NULL) &&
	    names_of(c->subject, c->has_san, &c->san, a, &there, NULL) &&
	    same_name(asked.subject, there.subject) && same_set(&asked, &there);
}

/* --- template changes, and the old one's end ------------------------------------------------ */

static bool
same_extension(const struct cert *x, const struct cert *y, struct view oid)
{
	const struct extension	*a = extensions_find(&x->extensions, oid);
	const struct extension	*b = extensions_find(&y->extensions, oid);

	return (a == NULL) == (b == NULL) && (a == NULL || (a->critical == b->critical &&
	    view_equal(a->value, b->value)));
}

bool
change_differs(const struct cert *old, const struct cert *new)
{
	/* What keyUsage follows from is the kind of key, and that may be new. */
	return (view_equal(old->spki, new->spki) && old->key_usage != new->key_usage) ||
	    !same_extension(old, new, OID_EXT_KEY_USAGE) ||
	    !same_extension(old, new, OID_CERT_POLICIES) ||
	    !same_extension(old, new, OID_BASIC_CONSTRAINTS);
}

struct cvp_retire
change_retire(const struct granted_terms *t, const struct template *tp)
{
	const struct cvp_lifecycle	*life = t->cvp.lifecycle;

	if (life != NULL && life->retire_old.present)
		return life->retire_old;
	return (struct cvp_retire){ true, true, (uint32_t)tp->retire_delay_seconds };
}
