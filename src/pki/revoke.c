/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation on request (RFC 4809, 3.5.3; RFC 10002, 6.11). */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "codec/crl.h"
#include "pki/work.h"

/* With its head a lineage ends, and a successor that was under way. */
static bool
end_lineage(struct engine *e, struct store_authz *z, const char *actor, int64_t now,
    struct fault *f)
{
	int64_t	successor = z->successor;
	bool	moved;

	z->sealed = VIEW_NONE;
	z->confirm_by = 0;
	z->successor = 0;
	return authz_move(e, z, STORE_AUTHZ_REVOKED, actor, now, &moved, f) &&
	    (successor == 0 || change_end(e, successor, actor, now, f));
}

/* What it came after and what still counts, for a delay or for good, goes with it. */
static bool
end_predecessors(struct engine *e, int64_t n, int reason, const char *actor, int64_t now,
    struct fault *f)
{
	struct store_cert	old;
	bool			done;

	for (; n != 0; n = old.prev) {
		if (!store_cert_find(e->p.store, n, false, e->scratch, &old, f))
			return false;
		if (old.state != STORE_CERT_SUPERSEDED)
			break;
		if (!revoke_cert(e, &old, NULL, reason, 0, actor, now, &done, f))
			return false;
	}
	return true;
}

/*
 * z may be NULL when its state was moved already.  *done false: it was revoked
 * before, and nothing is written.
 */
bool
revoke_cert(struct engine *e, struct store_cert *c, struct store_authz *z, int reason,
    int64_t invalidity, const char *actor, int64_t now, bool *done, struct fault *f)
{
	enum authority_id	ca = authority_of(e, c->ca);
	char			object[64];
	const char		*name = crl_reason_name((unsigned)reason);

	if (!store_cert_revoke(e->p.store, c->n, now, reason, invalidity, done, f))
		return false;
	if (!*done)
		return true;
	if (ca < AUTHORITY_CAS)
		e->crl_dirty[ca] = true;
	if (z != NULL && z->state == STORE_AUTHZ_CONFIRMED && z->cert == c->n &&
	    (!end_lineage(e, z, actor, now, f) ||
	    !end_predecessors(e, c->prev, reason, actor, now, f)))
		return false;
	if (c->prev != 0 && !change_forget(e, c, f))
		return false;
	snprintf(object, sizeof(object), "cert:%" PRId64, c->n);
	/* Without z, the step it took has said why. */
	return note_audit(e, now, actor, "cert revoked", object, name != NULL ? name : "", f) &&
	    (z == NULL || note_event(e, now, CVP_EVENT_REVOKED, z, c->n, 0, f));
}

/* Its own certificate, or an Admin with the right on its template. */
static bool
may_revoke(struct work *w, const struct store_cert *c, const struct store_authz *z,
    struct fault *f)
{
	struct store_template	t;
	struct granted_terms	g;

	if (w->sender.row.n == c->n)
		return true;
	if (w->sender.admin.n == 0 || c->template == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.5.3",
		    "certificate %" PRId64 " is not the sender's own", c->n);
	if (!store_template_find_n(w->e->p.store, c->template, w->a, &t, f))
		return false;
	if (t.n == 0 || !admin_may(&w->sender.admin, t.name, "revoke"))
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.5.3",
		    "Admin \"%s\" has no right to revoke under template \"%s\"",
		    w->sender.admin.name, t.name);
	if (z->n == 0 || z->terms.n == 0)
		return true;
	if (!granted_terms_read(z->terms, w->a, &g, f))
		return false;
	if (g.cvp.lifecycle != NULL && g.cvp.lifecycle->admin_may_revoke.present &&
	    !g.cvp.lifecycle->admin_may_revoke.v)
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.5.3",
		    "the terms of \"%s\" do not let an Admin revoke", z->id);
	return true;
}

static bool
reason_allowed(const struct cmc_revoke *r, int64_t now, struct fault *f)
{
	if (r->has_date && r->date > now)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.3.2",
		    "invalidityDate is still to come");
	if (r->reason == CRL_CERTIFICATE_HOLD || r->reason == CRL_REMOVE_FROM_CRL ||
	    crl_reason_name(r->reason) == NULL)
		return fault_set(f, FAULT_REFUSED, "corrections, 5",
		    "reason %u: a revocation here is for good", r->reason);
	if (r->has_passphrase)
		return fault_set(f, FAULT_REFUSED, "corrections, 25",
		    "revocation by passphrase is not offered");
	return true;
}

/*
 * After a renewal the PKI retires the old certificate, its holder does not;
 * but a key that is compromised ends at once (RFC 4809, 3.5.3; decision 48).
 */
static bool
is_retired_by_us(struct work *w, const struct store_cert *c, const struct cmc_revoke *r)
{
	if (w->sender.row.n != c->n || c->state != STORE_CERT_SUPERSEDED ||
	    r->reason == CRL_KEY_COMPROMISE)
		return false;
	return !fault_set(&w->fault, FAULT_REFUSED, "RFC 4809, 3.5.3", "the certificate has a "
	    "successor: the PKI retires it when its time has come");
}

bool
revoke_whole(struct engine *e, struct store_cert *c, struct store_authz *z, int reason,
    int64_t invalidity, const char *actor, int64_t now, bool *done, struct fault *f)
{
	if (c->state == STORE_CERT_ISSUED && z->state == STORE_AUTHZ_ISSUED) {
		z->sealed = VIEW_NONE;
		z->confirm_by = 0;
		if (!authz_move(e, z, STORE_AUTHZ_REVOKED, actor, now, done, f))
			return false;
	}
	if (!revoke_cert(e, c, z->n != 0 ? z : NULL, reason, invalidity, actor, now, done, f))
		return false;
	log_line(LOG_LEVEL_INFO, *done ? "certificate revoked" : "certificate was revoked before",
	    "cert=%" PRId64 " identity=\"%s\" by=\"%s\"", c->n,
	    c->identity != NULL ? c->identity : "", actor);
	return true;
}

bool
revoke_run(struct work *w, const struct cmc_control *c)
{
	struct cmc_revoke	r;
	struct store_cert	cert;
	struct store_authz	z = { 0 };
	char			actor[160];
	bool			done;

	if (!cmc_revoke_decode(c->value, &r, &w->fault) || !reason_allowed(&r, w->now, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	if (!cert_by_serial(w->e, r.cert.issuer, serial_magnitude(r.cert.serial), false, w->a,
	    &cert, &w->fault))
		return false;
	if (cert.n != 0 && cert.authz != 0 &&
	    !store_authz_find_n(w->e->p.store, cert.authz, w->a, &z, &w->fault))
		return false;
	/* Foreign and unknown are one answer, words and all (corrections, 5). */
	if (cert.n == 0 || !may_revoke(w, &cert, &z, &w->fault)) {
		fault_set(&w->fault, FAULT_NOT_FOUND, "", "revocation of an unknown certificate");
		if (may_work_later(&w->fault))
			return false;
		answer_fail_code(&w->answer, c->id, CVP_ADMIN_MAY_NOT_REVOKE, NULL);
		w->done = true;
		return true;
	}
	if (is_retired_by_us(w, &cert, &r)) {
		work_refuse_code(w, c->id, CVP_REQUESTER_MAY_NOT);
		return true;
	}
	snprintf(actor, sizeof(actor), "%s:%s", w->sender.admin.n != 0 ? "admin" : "peer",
	    w->sender.admin.n != 0 ? w->sender.admin.name : z.id != NULL ? z.id : "");
	if (!revoke_whole(w->e, &cert, &z, r.reason, r.has_date ? r.date : 0, actor, w->now, &done,
	    &w->fault))
		return false;
	answer_status(&w->answer, CMC_SUCCESS, c->id);
	return true;
}
