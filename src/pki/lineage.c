/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lineage: certificates that succeed one another, from the one that was
 * enrolled to the head.  How a successor comes to be the head, and how it
 * comes to nothing (RFC 4809, 3.5.2; corrections, 8).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "codec/crl.h"
#include "codec/name.h"
#include "crypt/digest.h"
#include "pki/work.h"

/* --- asking the signer, and its answer ---------------------------------------------- */

bool
change_question(struct engine *e, const struct change_parts *p, struct arena *a,
    struct change_request *q, struct fault *f)
{
	struct template_since	since;

	if (!catalogue_since(e, p->authz->n != p->old->authz ? p->authz->template :
	    p->old->template, a, &since, f))
		return false;
	*q = (struct change_request){
		.changed = since.changed, .old_settings = since.settings,
		.old = p->old->body, .message = p->change->request, .tbs = p->cert->body,
		.template = view_str(p->template),
	};
	if (p->layer.n > 0) {
		q->admin = p->layer_by;
		q->layer = p->layer;
	}
	if (p->authz->n != p->old->authz) {
		q->use = true;
		q->sealed = p->authz->sealed;
		q->use_terms = p->authz->terms;
		q->use_label = view_str(p->authz->label);
		return seal_facts_of(e, p->authz, a, &q->facts, f);
	}
	q->hint = hint_for_signer(e, p->old, q->template);
	q->id = view_str(p->authz->id);
	q->terms = p->authz->terms;
	q->label = view_str(p->authz->label);
	q->deed = p->old->deed;
	return true;
}

bool
change_issued(struct engine *e, const struct change_issue *i, struct store_authz *z,
    int64_t now, struct fault *f)
{
	uint8_t	digest[SHA1_OCTETS];
	char	actor[160], object[64];
	bool	done;

	sha1(i->der, digest);
	if (!store_cert_finish(e->p.store, i->cert, i->der, i->deed, digest, &done, f))
		return false;
	if (!done)
		return fault_set(f, FAULT_CONFLICT, "", "certificate %" PRId64
		    " was finished by another request", i->cert);
	snprintf(actor, sizeof(actor), "peer:%s", z->id);
	snprintf(object, sizeof(object), "cert:%" PRId64, i->cert);
	z->confirm_by = now + z->confirm_within;
	if (!store_change_close(e->p.store, i->cert, f) ||
	    !note_audit(e, now, actor, "successor issued", object, change_name(i->kind), f))
		return false;
	if (z->state == STORE_AUTHZ_IN_PROGRESS) {
		z->sealed = i->sealed;
		return authz_move(e, z, STORE_AUTHZ_ISSUED, actor, now, &done, f) && done;
	}
	return note_event(e, now, CVP_EVENT_ISSUED, z, i->cert, 0, f) &&
	    store_authz_update(e->p.store, z, z->state, &done, f) && done;
}

/* --- names ---------------------------------------------------------------------------- */

const char *
change_subject_key(struct arena *a, struct view subject)
{
	struct buf	 key;
	const char	*text = "";

	if (subject.n == 0 || name_is_empty(subject))
		return "";
	buf_init(&key, NAME_OCTETS_MAX * 2);
	if (name_key(subject, &key, NULL))
		text = arena_str(a, buf_view(&key));
	buf_clear(&key);
	return text != NULL ? text : "";
}

bool
change_own_names(struct engine *e, struct arena *a, const struct holder_terms *h,
    int64_t authz, int64_t cert, struct fault *f)
{
	const char	*key = change_subject_key(a, h->subject);

	for (size_t i = 0; i < h->nidentities; i++)
		if (!store_name_insert(e->p.store, h->identities[i].text,
		    name_kind_of(&h->identities[i]), authz, cert, f))
			return false;
	return key[0] == '\0' ||
	    store_name_insert(e->p.store, key, STORE_NAME_SUBJECT, authz, cert, f);
}

/* The names the successor was issued with are the lineage's from now on. */
static bool
move_names(struct work *w, struct fault *f)
{
	struct identity		 list[IDENTITIES_MAX];
	struct holder_terms	 h = { .subject = w->sender.cert.subject, .identities = list };
	const struct cert	*c = &w->sender.cert;

	for (size_t i = 0; c->has_san && i < c->san.n && h.nidentities < IDENTITIES_MAX; i++)
		if (!identity_from_san(&c->san.list[i], &list[h.nidentities++], f))
			return false;
	return store_names_leave(w->e->p.store, w->authz.n, w->sender.row.prev, f) &&
	    change_own_names(w->e, w->a, &h, w->authz.n, 0, f);
}

/* --- the old certificate ---------------------------------------------------------------- */

/* What it is revoked for (corrections, 25). */
static int
reason_of(enum store_change_kind kind)
{
	return kind == STORE_CHANGE_UPDATE ? CRL_AFFILIATION_CHANGED : CRL_SUPERSEDED;
}

/* Now, later, or never; its right to ask for anything ends now. */
static bool
retire(struct work *w, struct store_cert *old, struct store_authz *lineage, int reason,
    const struct cvp_retire *how, struct fault *f)
{
	int64_t	at = how->unusable ? w->now + how->delay_seconds : 0;
	char	object[64], date[32] = "never";
	bool	done;

	if (how->unusable && how->delay_seconds == 0)
		return revoke_cert(w->e, old, lineage, reason, 0, "pki", w->now, &done, f);
	if (!store_cert_supersede(w->e->p.store, old->n, at, reason, &done, f))
		return false;
	if (at != 0)
		date_format(at, date);
	snprintf(object, sizeof(object), "cert:%" PRId64, old->n);
	return note_audit(w->e, w->now, "pki", "cert superseded, ends", object, date, f);
}

static bool
retire_terms(struct work *w, struct cvp_retire *how, struct fault *f)
{
	struct store_template	 t;
	struct template_entry	*e;
	struct granted_terms	 g;

	if (!store_template_find_n(w->e->p.store, w->authz.template, w->a, &t, f) ||
	    !granted_terms_read(w->authz.terms, w->a, &g, f))
		return false;
	e = t.n == 0 ? NULL : templates_find(&w->e->templates, view_str(t.name));
	*how = e != NULL ? change_retire(&g, &e->t) : (struct cvp_retire){ true, true, 0 };
	return true;
}

bool
change_retire_due(struct engine *e, int64_t now, size_t max, size_t *n, struct fault *f)
{
	int64_t			rows[256];
	struct store_cert	c;
	struct store_authz	z;
	bool			done;

	if (max > sizeof(rows) / sizeof(rows[0]))
		max = sizeof(rows) / sizeof(rows[0]);
	if (!store_cert_retiring(e->p.store, now, rows, max, n, f))
		return false;
	for (size_t i = 0; i < *n; i++)
		if (!store_cert_find(e->p.store, rows[i], false, e->scratch, &c, f) ||
		    !store_authz_find_n(e->p.store, c.authz, e->scratch, &z, f) ||
		    !revoke_cert(e, &c, z.n != 0 ? &z : NULL, c.reason, 0, "pki", now, &done, f))
			return false;
	return true;
}

/* --- confirmed, rejected ------------------------------------------------------------------ */

static bool
note_step(struct work *w, const char *action, int event, struct fault *f)
{
	char	actor[160], object[64];

	snprintf(actor, sizeof(actor), "peer:%s", w->authz.id);
	snprintf(object, sizeof(object), "cert:%" PRId64, w->sender.row.n);
	return note_audit(w->e, w->now, actor, action, object, change_name(w->change.kind), f) &&
	    (event == 0 || note_event(w->e, w->now, event, &w->authz, w->sender.row.n, 0, f));
}

/* The lineage's own authorization goes on with another head. */
static bool
move_head(struct work *w, struct fault *f)
{
	struct store_authz	*z = &w->authz;
	bool			 done, update = w->change.kind == STORE_CHANGE_UPDATE;

	z->cert = w->sender.row.n;
	z->successor = 0;
	z->confirm_by = 0;
	z->renewals += !update;
	z->updates += update;
	z->last_failure = 0;
	z->changed = w->now;
	if (!store_authz_update(w->e->p.store, z, STORE_AUTHZ_CONFIRMED, &done, f))
		return false;
	if (!done)
		return fault_set(f, FAULT_CONFLICT, "", "authorization \"%s\" moved", z->id);
	return note_step(w, "successor confirmed", CVP_EVENT_CONFIRMED, f) &&
	    (!update || move_names(w, f));
}

/* Another one, which replaced it, has moved to confirmed already. */
static bool
leave_lineage(struct work *w, struct fault *f)
{
	bool	done;

	w->prior.successor = 0;
	w->prior.confirm_by = 0;
	return store_authz_update(w->e->p.store, &w->prior, w->prior.state, &done, f) &&
	    note_step(w, "successor confirmed", 0, f);
}

bool
change_confirm(struct work *w, struct fault *f)
{
	struct store_cert	old;
	struct cvp_retire	how;
	bool			own = w->prior.n == w->authz.n;

	if (!(own ? move_head(w, f) : leave_lineage(w, f)) ||
	    !store_cert_find(w->e->p.store, w->sender.row.prev, false, w->a, &old, f) ||
	    !retire_terms(w, &how, f))
		return false;
	return retire(w, &old, own ? &w->authz : &w->prior, reason_of(w->change.kind), &how, f);
}

/* Of the lineage's own authorization; another one's state is the caller's. */
bool
change_reject(struct work *w, struct fault *f)
{
	struct store_authz	*z = &w->prior;
	bool			 done, own = z->n == w->authz.n;

	z->successor = 0;
	z->confirm_by = 0;
	if (own)
		w->authz = *z;
	return store_authz_update(w->e->p.store, z, z->state, &done, f) &&
	    note_step(w, "successor rejected", 0, f);
}

/* --- coming to nothing ----------------------------------------------------------------------- */

bool
change_forget(struct engine *e, const struct store_cert *c, struct fault *f)
{
	struct store_cert	old;
	struct store_authz	z;
	bool			done;

	if (!store_cert_find(e->p.store, c->prev, false, e->scratch, &old, f) ||
	    !store_authz_find_n(e->p.store, old.authz, e->scratch, &z, f))
		return false;
	if (z.n == 0 || z.successor != c->n)
		return true;
	z.successor = 0;
	z.confirm_by = 0;
	return store_authz_update(e->p.store, &z, z.state, &done, f);
}

/*
 * Its token is good again; or, if the signer has signed for it, never: without
 * its certificate it would wait for ever (corrections, 1).
 */
bool
give_back_or_lock(struct engine *e, struct store_authz *z, int64_t now, struct fault *f)
{
	struct fault	why = { 0 };
	bool		done;

	if (give_back(e, z, now, &why))
		return true;
	if (may_work_later(&why)) {
		*f = why;
		return false;
	}
	log_fault(LOG_LEVEL_ERROR, "could not give a reservation up", &why);
	return authz_move(e, z, STORE_AUTHZ_LOCKED, "pki", now, &done, f);
}

bool
change_give_up(struct engine *e, const struct store_cert *c, int64_t now, struct fault *f)
{
	struct store_authz	z;
	bool			done;

	if (!store_authz_find_n(e->p.store, c->authz, e->scratch, &z, f) ||
	    (z.state == STORE_AUTHZ_IN_PROGRESS && z.cert == c->n &&
	    !give_back_or_lock(e, &z, now, f)))
		return false;
	return store_cert_move(e->p.store, c->n, STORE_CERT_RESERVED, STORE_CERT_REJECTED, 0,
	    &done, f) && store_change_close(e->p.store, c->n, f) && change_forget(e, c, f);
}

bool
change_end(struct engine *e, int64_t n, const char *actor, int64_t now, struct fault *f)
{
	struct store_cert	c;
	struct store_authz	z;
	bool			done;

	if (!store_cert_find(e->p.store, n, false, e->scratch, &c, f))
		return false;
	if (c.state == STORE_CERT_RESERVED)
		return change_give_up(e, &c, now, f);
	if (c.state != STORE_CERT_ISSUED)
		return true;
	if (!store_authz_find_n(e->p.store, c.authz, e->scratch, &z, f))
		return false;
	if (z.state == STORE_AUTHZ_ISSUED && z.cert == n) {
		z.sealed = VIEW_NONE;
		z.confirm_by = 0;
		if (!authz_move(e, &z, STORE_AUTHZ_REVOKED, actor, now, &done, f))
			return false;
	}
	return revoke_cert(e, &c, NULL, CRL_CESSATION_OF_OPERATION, 0, actor, now, &done, f);
}
