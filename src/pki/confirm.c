/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confirmation (RFC 4809, 3.4.10; RFC 10002, 6.14): the new key says that the
 * certificate works, or that it does not.  Only then is it published.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/crl.h"
#include "crypt/key.h"
#include "message/signed.h"
#include "pki/work.h"

/* The control names the very certificate that signs (corrections, 11). */
static bool
names_signer(struct work *w, const struct cmc_control *c, struct fault *f)
{
	struct cmc_cert_id	id;

	if (!cmc_cert_id_decode(c->value, &id, f))
		return false;
	if (!view_equal(id.issuer, w->sender.cert.issuer) ||
	    !view_equal(serial_magnitude(id.serial), serial_magnitude(w->sender.cert.serial)))
		return fault_set(f, FAULT_REFUSED, "corrections, 11",
		    "confirmation of another certificate than the one that signs");
	return true;
}

/* recipientNonce is the senderNonce of an answer that delivered it. */
static bool
answers_us(struct work *w, struct fault *f)
{
	struct store_request	r;

	if (w->verified.recipient_nonce.n == 0 || w->authz.request == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 6.6", "no recipientNonce");
	if (!store_request_find_nonce(w->e->p.store, w->authz.request,
	    w->verified.recipient_nonce, w->a, &r, f))
		return false;
	if (r.n == 0 || r.cert != w->sender.row.n)
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 6.6",
		    "recipientNonce is not of an answer with this certificate");
	if (!view_equal(r.transaction, w->verified.transaction))
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 6.6",
		    "another transactionId than in the enrolment");
	return true;
}

/* success, or nothing said: accepted; failed: rejected; else it makes no sense. */
static bool
read_verdict(struct work *w, bool *accept, struct fault *f)
{
	struct cmc_status_list	l;
	uint32_t		offender;
	enum cmc_status		said;

	if (!cmc_status_list(&w->verified.data.controls, w->a, &l, &offender, f))
		return false;
	said = cmc_status_overall(&l);
	*accept = said == CMC_SUCCESS;
	return said == CMC_SUCCESS || said == CMC_FAILED ||
	    fault_set(f, FAULT_REFUSED, "RFC 10002, 6.14", "a confirmation with status %s",
	    cmc_status_name(said));
}

/*
 * The certificate that is named is the requested key's, and this key signs: what
 * a device says that cannot use it (corrections, 11).  Public-key work comes
 * last; whatever does not fit is one answer.
 */
static bool
signed_by_key(struct work *w, const struct cmc_control *c, struct fault *f)
{
	struct sender		*s = &w->sender;
	struct cmc_cert_id	 id;
	struct pubkey		*pub;
	bool			 ok;

	if (!cmc_cert_id_decode(c->value, &id, f) || !cert_by_serial(w->e, id.issuer,
	    id.serial, true, w->a, &s->row, f))
		return false;
	if (s->row.n == 0 || s->row.state == STORE_CERT_RESERVED ||
	    s->row.state == STORE_CERT_REJECTED)
		return fault_set(f, FAULT_NOT_FOUND, "", "rejection of a certificate never issued");
	if (!cert_decode(s->row.body, &s->cert, f) ||
	    (pub = pubkey_from_spki(s->cert.spki, f)) == NULL)
		return false;
	ok = message_verify_ski(&w->opened.message, s->cert.ski, pub, f);
	pubkey_free(pub);
	return ok;
}

void
confirm_by_key(struct work *w)
{
	bool	accept;

	if (read_verdict(w, &accept, &w->fault) && (!accept || fault_set(&w->fault,
	    FAULT_REFUSED, "corrections, 11", "an acceptance that the certificate does not sign")) &&
	    signed_by_key(w, cmc_find(&w->verified.data.controls, CMC_CONFIRM_CERT_ACCEPTANCE),
	    &w->fault)) {
		w->errand = ERRAND_CONFIRM;
		return;
	}
	w->sender.row.n = 0;
	if (may_work_later(&w->fault))
		work_again(w);
	else
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_MESSAGE_CHECK);
}

/* With a delay the receipt names the time at which the old one ends. */
static bool
fate_of_old(struct work *w, const char **text, struct fault *f)
{
	struct store_cert	old;
	char			date[32];

	*text = NULL;
	if (w->sender.row.prev == 0)
		return true;
	if (!store_cert_find(w->e->p.store, w->sender.row.prev, false, w->a, &old, f))
		return false;
	if (old.state != STORE_CERT_SUPERSEDED)
		return true;
	date_format(old.retire_at, date);
	*text = old.retire_at == 0 ? "the old certificate stays valid" :
	    arena_printf(w->a, "the old certificate ends at %s", date);
	return true;
}

static bool
receipt(struct work *w, const struct cmc_control *c)
{
	const char	*fate;

	if (!fate_of_old(w, &fate, &w->fault))
		return false;
	answer_status(&w->answer, CMC_SUCCESS, c->id);
	w->answer.status[w->answer.n_status - 1].text = fate;
	answer_cert(&w->answer, w->sender.row.body);
	w->done = true;
	return true;
}

/* An Admin's certificate speaks for its logical Admin from now on. */
static bool
adopt_admin(struct work *w, const struct store_template *t, struct fault *f)
{
	struct engine			*e = w->e;
	const struct template_entry	*entry = templates_find(&e->templates, view_str(t->name));
	struct store_admin		 ad;

	if (entry == NULL || !template_makes_admins(&entry->t))
		return true;
	if (!store_admin_find(e->p.store, w->authz.label, w->a, &ad, f))
		return false;
	return ad.n == 0 || (store_admin_add_cert(e->p.store, ad.n, w->sender.row.n, f) &&
	    note_audit(e, w->now, "pki", "admin certificate added", ad.name, w->authz.id, f));
}

/* Of the authorization that its predecessor was issued under. */
static bool
is_successor(const struct work *w)
{
	return w->sender.row.prev != 0 && w->prior.n == w->authz.n;
}

static bool
accept_cert(struct work *w, struct fault *f)
{
	struct store_authz	*z = &w->authz;
	struct store_template	 t;
	bool			 done;
	char			 actor[160];

	snprintf(actor, sizeof(actor), "peer:%s", z->id);
	if (!store_cert_confirm(w->e->p.store, w->sender.row.n, w->now, &done, f))
		return false;
	if (!done)
		return fault_set(f, FAULT_CONFLICT, "", "certificate %" PRId64 " moved",
		    w->sender.row.n);
	search_confirmed(w->e, &w->sender.cert, w->sender.row.n);
	if (!is_successor(w)) {
		/* From here on the deadline is that of the grace: then K is erased. */
		z->confirm_by = w->now + CONFIRMED_GRACE_SECONDS;
		if (!authz_move(w->e, z, STORE_AUTHZ_CONFIRMED, actor, w->now, &done, f))
			return false;
		if (!done)
			return fault_set(f, FAULT_CONFLICT, "", "authorization \"%s\" moved",
			    z->id);
	}
	if (w->sender.row.prev != 0 && !change_confirm(w, f))
		return false;
	return store_template_find_n(w->e->p.store, z->template, w->a, &t, f) &&
	    adopt_admin(w, &t, f);
}

/* statusString of the failure that the Peer reports; empty: it gave none. */
static bool
read_reason(struct work *w, struct view *out, struct fault *f)
{
	struct cmc_status_list	l;
	uint32_t		offender;

	*out = VIEW_NONE;
	if (!cmc_status_list(&w->verified.data.controls, w->a, &l, &offender, f))
		return false;
	for (size_t i = 0; i < l.n && out->n == 0; i++)
		if (l.v[i].status == CMC_FAILED)
			*out = l.v[i].text;
	return true;
}

/* The Admin hears of it in the Peer's words (RFC 4809, 3.4.10, 3.4.11). */
static bool
reject_cert(struct work *w, struct fault *f)
{
	struct view	said;
	char		actor[160];
	bool		done;

	snprintf(actor, sizeof(actor), "peer:%s", w->authz.id);
	if (w->sender.row.prev != 0 && !change_reject(w, f))
		return false;
	w->authz.sealed = VIEW_NONE;
	w->authz.confirm_by = 0;
	return (is_successor(w) || authz_move(w->e, &w->authz, STORE_AUTHZ_REJECTED, actor,
	    w->now, &done, f)) && read_reason(w, &said, f) &&
	    note_event_said(w->e, w->now, CVP_EVENT_REJECTED, &w->authz, w->sender.row.n, said, f) &&
	    revoke_cert(w->e, &w->sender.row, NULL, CRL_CESSATION_OF_OPERATION, 0, actor, w->now,
	    &done, f);
}

bool
confirm_is_late(const struct store_authz *z, int64_t now)
{
	return (z->state == STORE_AUTHZ_ISSUED || z->successor != 0) && z->confirm_by != 0 &&
	    now > z->confirm_by;
}

/* A predecessor that was confirmed stays the head. */
static bool
successor_missed(struct engine *e, struct store_authz *z, int64_t now, struct fault *f)
{
	int64_t	n = z->successor;
	char	object[64];
	bool	done;

	snprintf(object, sizeof(object), "cert:%" PRId64, n);
	z->successor = 0;
	z->confirm_by = 0;
	return store_authz_update(e->p.store, z, z->state, &done, f) &&
	    note_audit(e, now, "pki", "successor not confirmed", object, z->id, f) &&
	    note_event(e, now, CVP_EVENT_NOT_CONFIRMED, z, n, 0, f) &&
	    change_end(e, n, "pki", now, f);
}

bool
confirm_missed(struct engine *e, struct store_authz *z, struct arena *a, int64_t now,
    struct fault *f)
{
	struct store_cert	c;
	bool			done;

	if (z->state == STORE_AUTHZ_CONFIRMED)
		return successor_missed(e, z, now, f);
	z->sealed = VIEW_NONE;
	z->confirm_by = 0;
	return authz_move(e, z, STORE_AUTHZ_REVOKED, "pki", now, &done, f) &&
	    note_event(e, now, CVP_EVENT_NOT_CONFIRMED, z, z->cert, 0, f) &&
	    store_cert_find(e->p.store, z->cert, false, a, &c, f) &&
	    revoke_cert(e, &c, NULL, CRL_CESSATION_OF_OPERATION, 0, "pki", now, &done, f);
}

/* One certificate and nothing else: what is passed over would count as done. */
static bool
is_alone(struct work *w)
{
	const struct cmc_request	*q = &w->verified.data;
	const struct cmc_control	*more;
	size_t				 at = 0;

	(void)cmc_next(&q->controls, CMC_CONFIRM_CERT_ACCEPTANCE, &at);
	more = cmc_next(&q->controls, CMC_CONFIRM_CERT_ACCEPTANCE, &at);
	if (more == NULL && q->n_requests == 0)
		return true;
	fault_set(&w->fault, FAULT_REFUSED, "corrections, 11",
	    "a confirmation, and something else in the same message");
	work_refuse(w, more != NULL ? more->id : q->requests[0].id, CMC_BAD_REQUEST);
	return false;
}

/*
 * The rows as they are now.  A timer that has not run yet, after a restart
 * say, gives nobody more time.
 */
static bool
read_rows(struct work *w, struct store_cert *row)
{
	struct store		*st = w->e->p.store;
	struct store_cert	 old = { 0 };

	if (!store_authz_find_n(st, w->sender.row.authz, w->a, &w->authz, &w->fault))
		return false;
	if (confirm_is_late(&w->authz, w->now) &&
	    !confirm_missed(w->e, &w->authz, w->a, w->now, &w->fault))
		return false;
	if (!store_cert_find(st, w->sender.row.n, false, w->a, row, &w->fault))
		return false;
	if (row->prev == 0)
		return true;
	return store_cert_find(st, row->prev, false, w->a, &old, &w->fault) &&
	    store_authz_find_n(st, old.authz, w->a, &w->prior, &w->fault) &&
	    store_change_find(st, row->n, w->a, &w->change, &w->fault);
}

/*
 * Accept, reject and the timer are serialised by the transaction: the state
 * is read here, inside it.  A repeated confirmation is answered alike.
 */
bool
confirm_run(struct work *w)
{
	const struct cmc_control	*c = cmc_find(&w->verified.data.controls,
	    CMC_CONFIRM_CERT_ACCEPTANCE);
	struct store_cert		 row;
	bool				 accept;

	if (!is_alone(w))
		return true;
	if (!names_signer(w, c, &w->fault)) {
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_MESSAGE_CHECK);
		return true;
	}
	if (!read_rows(w, &row))
		return false;
	if (w->authz.n == 0 || !answers_us(w, &w->fault) ||
	    !read_verdict(w, &accept, &w->fault)) {
		if (may_work_later(&w->fault))
			return false;
		w->note = w->authz.n != 0;
		w->note_kind = CVP_EVENT_ENROLLMENT_FAILED;
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_REQUEST);
		return true;
	}
	if (row.state == STORE_CERT_REVOKED) {
		/* Its first answer was lost; a lineage goes on after a rejection. */
		if (!accept && (w->authz.state == STORE_AUTHZ_REJECTED ||
		    (is_successor(w) && row.confirmed_at == 0)))
			return receipt(w, c);
		fault_set(&w->fault, FAULT_REFUSED, "RFC 4809, 3.4.10",
		    "confirmation of certificate %" PRId64 ", which is revoked", row.n);
		work_refuse_code(w, c->id, CVP_CONFIRMATION_LATE);
		return true;
	}
	if (row.state == STORE_CERT_ISSUED) {
		if (accept ? !accept_cert(w, &w->fault) : !reject_cert(w, &w->fault))
			return false;
	} else if (!accept) {
		fault_set(&w->fault, FAULT_REFUSED, "corrections, 11",
		    "a rejection after the acceptance");
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	return receipt(w, c);
}
