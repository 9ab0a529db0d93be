/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a crash: authorizations that are in progress have a serial number and
 * a TBSCertificate on disk, perhaps signed, certainly not answered.  They are
 * signed (again) and recorded, so that the Peer's repeat finds its certificate.
 */
#include <inttypes.h>

#include "base/log.h"
#include "crypt/digest.h"
#include "pki/work.h"

#define RECOVER_BATCH	64

static bool
ask_issue(struct engine *e, const struct store_authz *z, const struct store_cert *c,
    struct issue_answer *out, struct fault *f)
{
	struct template_since	since;
	struct issue_request	q = {
		.sealed = z->sealed, .terms = z->terms, .label = view_str(z->label),
		.tbs = c->body,
	};
	struct frame		fr;
	size_t			used;

	if (!catalogue_since(e, z->template, e->scratch, &since, f) ||
	    !seal_facts_of(e, z, e->scratch, &q.facts, f))
		return false;
	q.template = since.name;
	q.changed = since.changed;
	q.old = since.settings;
	buf_reset(&e->questions);
	signer_put_issue(&e->questions, &q);
	return engine_exchange(e, 1, f) &&
	    frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_issue(&fr, out, f);
}

static bool
finish(struct engine *e, struct store_authz *z, const struct store_cert *c, int64_t now,
    struct fault *f)
{
	struct issue_answer	i;
	uint8_t			digest[SHA1_OCTETS];
	bool			done;

	if (!ask_issue(e, z, c, &i, f))
		return false;
	sha1(i.cert, digest);
	z->sealed = i.sealed;
	z->confirm_by = now + z->confirm_within;
	return store_cert_finish(e->p.store, c->n, i.cert, i.deed, digest, &done, f) &&
	    authz_move(e, z, STORE_AUTHZ_ISSUED, "pki", now, &done, f);
}

bool
ask_release(struct engine *e, const struct store_authz *z, struct view *sealed, struct fault *f)
{
	struct release_request	q = { .sealed = z->sealed };
	struct frame		fr;
	size_t			used;

	if (!seal_facts_of(e, z, e->scratch, &q.facts, f))
		return false;
	buf_reset(&e->questions);
	signer_put_release(&e->questions, &q);
	if (!engine_exchange(e, 1, f) ||
	    !frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) ||
	    !signer_get_object(&fr, SIGNER_RELEASE, sealed, f))
		return false;
	*sealed = arena_copy(e->scratch, *sealed);
	return sealed->p != NULL || arena_fault(f);
}

bool
ask_note(struct engine *e, uint8_t kind, const struct store_authz *z, struct fault *f)
{
	struct frame	fr;
	size_t		used;

	buf_reset(&e->questions);
	signer_put_note(&e->questions, kind, view_str(z->id));
	return engine_exchange(e, 1, f) &&
	    frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_note(&fr, f);
}

/*
 * What the signer will not sign goes back to open, unbound, with its token;
 * the number is spent.
 */
bool
give_back(struct engine *e, struct store_authz *z, int64_t now, struct fault *f)
{
	struct view	sealed;
	int64_t		cert = z->cert;
	bool		done;

	if (!ask_release(e, z, &sealed, f))
		return false;
	if (cert != 0)
		log_line(LOG_LEVEL_ERROR, "reservation given up", "authz=%" PRId64 " cert=%" PRId64,
		    z->n, cert);
	z->sealed = sealed;
	z->cert = 0;
	z->bound = false;
	memset(z->spki_hash, 0, sizeof(z->spki_hash));
	return store_cert_move(e->p.store, cert, STORE_CERT_RESERVED, STORE_CERT_REJECTED, 0,
	    &done, f) && authz_move(e, z, STORE_AUTHZ_OPEN, "pki", now, &done, f);
}

static bool
recover_one(struct engine *e, int64_t n, int64_t now, struct fault *f)
{
	struct store_authz	z;
	struct store_cert	c;
	struct fault		why = { 0 };

	if (!store_authz_find_n(e->p.store, n, e->scratch, &z, f) ||
	    !store_cert_find(e->p.store, z.cert, true, e->scratch, &c, f))
		return false;
	if (z.held)			/* nothing is reserved: a person decides */
		return true;
	if (z.state != STORE_AUTHZ_IN_PROGRESS || c.state != STORE_CERT_RESERVED ||
	    c.prev != 0)		/* successors: below */
		return true;
	if (finish(e, &z, &c, now, &why)) {
		log_line(LOG_LEVEL_INFO, "certificate finished after a crash",
		    "authz=%" PRId64 " cert=%" PRId64, z.n, c.n);
		return true;
	}
	if (!may_work_later(&why)) {
		log_fault(LOG_LEVEL_ERROR, "could not finish a certificate", &why);
		fault_clear(&why);
		if (give_back(e, &z, now, &why))
			return true;
	}
	if (!may_work_later(&why)) {
		/* Signed once and not any more: only an operator can tell. */
		log_fault(LOG_LEVEL_ERROR, "could not give a reservation up", &why);
		return true;
	}
	*f = why;
	return false;
}

/* --- successors --------------------------------------------------------------------- */

static bool
ask_change(struct engine *e, const struct change_parts *p, struct issue_answer *out,
    struct fault *f)
{
	struct change_request	q;
	struct frame		fr;
	size_t			used;

	if (!change_question(e, p, e->scratch, &q, f))
		return false;
	buf_reset(&e->questions);
	signer_put_change(&e->questions, &q);
	return engine_exchange(e, 1, f) &&
	    frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_issue(&fr, out, f);
}

/* What an Admin had put around it, if a person approved it and so it was kept. */
static bool
kept_layer(struct engine *e, const struct store_change *change, struct change_parts *p,
    struct fault *f)
{
	struct store_approval	q;
	struct store_cert	by;
	uint8_t			digest[SHA256_OCTETS];

	sha256(change->request, digest);
	if (!store_approval_find_digest(e->p.store, p->authz->n, digest, e->scratch, &q, f))
		return false;
	if (q.n == 0 || q.layer_by == 0)
		return true;
	if (!store_cert_find(e->p.store, q.layer_by, true, e->scratch, &by, f))
		return false;
	p->layer = q.layer;
	p->layer_by = by.body;
	return true;
}

static bool
finish_change(struct engine *e, const struct store_cert *c, int64_t now, struct fault *f)
{
	struct store_authz	z;
	struct store_cert	old;
	struct store_change	change;
	struct store_template	t;
	struct issue_answer	i;
	struct change_parts	p = { .old = &old, .cert = c, .authz = &z, .change = &change };

	if (!store_authz_find_n(e->p.store, c->authz, e->scratch, &z, f) ||
	    !store_cert_find(e->p.store, c->prev, true, e->scratch, &old, f) ||
	    !store_change_find(e->p.store, c->n, e->scratch, &change, f) ||
	    !store_template_find_n(e->p.store, c->template, e->scratch, &t, f))
		return false;
	p.template = t.name;
	if (!kept_layer(e, &change, &p, f) || !ask_change(e, &p, &i, f))
		return false;
	struct change_issue	made = { c->n, i.cert, i.deed, i.sealed, change.kind };

	return change_issued(e, &made, &z, now, f);
}

static bool
recover_change(struct engine *e, int64_t n, int64_t now, struct fault *f)
{
	struct store_cert	c;
	struct fault		why = { 0 };

	if (!store_cert_find(e->p.store, n, true, e->scratch, &c, f))
		return false;
	if (c.state != STORE_CERT_RESERVED)
		return store_change_close(e->p.store, n, f);
	if (finish_change(e, &c, now, &why)) {
		log_line(LOG_LEVEL_INFO, "successor finished after a crash", "cert=%" PRId64, n);
		return true;
	}
	if (may_work_later(&why)) {
		*f = why;
		return false;
	}
	log_fault(LOG_LEVEL_ERROR, "could not finish a successor", &why);
	return change_give_up(e, &c, now, f);
}

static bool
recover_changes(struct engine *e, int64_t now, struct fault *f)
{
	int64_t	rows[RECOVER_BATCH], after = 0;
	size_t	n;

	do {
		if (!store_begin(e->p.store, f) ||
		    !store_change_open(e->p.store, after, rows, RECOVER_BATCH, &n, f))
			goto fail;
		for (size_t i = 0; i < n; i++)
			if (!recover_change(e, after = rows[i], now, f))
				goto fail;
		if (!store_commit(e->p.store, f))
			goto fail;
		arena_reset(e->scratch);
	} while (n == RECOVER_BATCH);
	return true;
fail:
	store_rollback(e->p.store);
	return false;
}

bool
engine_recover(struct engine *e, int64_t now, struct fault *f)
{
	int64_t	rows[RECOVER_BATCH], after = 0;
	size_t	n;

	do {
		if (!store_begin(e->p.store, f) ||
		    !store_authz_in_states(e->p.store, 1u << STORE_AUTHZ_IN_PROGRESS, after,
		    rows, RECOVER_BATCH, &n, f))
			goto fail;
		for (size_t i = 0; i < n; i++)
			if (!recover_one(e, after = rows[i], now, f))
				goto fail;
		if (!store_commit(e->p.store, f))
			goto fail;
		arena_reset(e->scratch);
	} while (n == RECOVER_BATCH);
	return recover_changes(e, now, f);
fail:
	store_rollback(e->p.store);
	return false;
}
