/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait for a person's word (RFC 4809, 3.4.4; docs/adr/0022):
 * they were checked and bound to their key, nothing is reserved for them, and
 * the message is kept.  A poll stands for that message: once its sender is
 * known it goes on as the message would, sent again.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "crypt/key.h"
#include "message/signed.h"
#include "pki/work.h"

#define TOKEN_MAX	64	/* octets of a pendToken that we look for */

/* --- when ------------------------------------------------------------------------- */

bool
approval_wanted(const struct work *w, const struct cvp_terms *terms,
    enum store_change_kind kind, bool token)
{
	const struct template	*t = &w->template->t;

	if (token && (t->approval == APPROVAL_MANUAL ||
	    (terms->approval.present && terms->approval.v == CVP_APPROVAL_MANUAL)))
		return true;
	switch (kind) {
	case STORE_CHANGE_RENEWAL:
	case STORE_CHANGE_NEW_KEY:
		return t->renewal_approval == APPROVAL_MANUAL;
	case STORE_CHANGE_UPDATE:
		return t->update_approval == APPROVAL_MANUAL;
	default:
		return false;
	}
}

/* --- waiting ------------------------------------------------------------------------ */

static bool
answer_waiting(struct work *w, const struct store_approval *q)
{
	uint8_t	*token = arena_alloc(w->a, sizeof(q->token));

	if (token == NULL)
		return arena_fault(&w->fault);
	memcpy(token, q->token, sizeof(q->token));
	/* The same with every answer: pendTime cannot be moved (RFC 10002, 6.13). */
	answer_pending(&w->answer, w->candidate.id, view_of(token, sizeof(q->token)),
	    q->pend_time);
	w->course = COURSE_HOLD;
	w->done = true;
	return true;
}

bool
approval_pending(struct work *w, struct store_authz *z, const struct store_approval *q)
{
	bool	done;

	return work_record_request(w, z, 0) &&
	    store_authz_update(w->e->p.store, z, z->state, &done, &w->fault) &&
	    answer_waiting(w, q);
}

static void
refuse_with(struct work *w, uint32_t code, const char *reason)
{
	fault_set(&w->fault, FAULT_REFUSED, "RFC 4809, 3.4.4", "%s", reason != NULL &&
	    reason[0] != '\0' ? reason : cvp_code_text(code));
	work_refuse_code(w, w->candidate.id, code);
	w->course = COURSE_REFUSE;
}

/*
 * A message whose answer was lost, and which was turned down meanwhile, is
 * told so once more; only a new one waits anew.
 */
static bool
is_answered(struct work *w, const struct store_authz *z, bool *yes)
{
	struct store_approval	q;

	*yes = w->polls;
	if (w->polls) {		/* it was approved, and came to nothing */
		fault_set(&w->fault, FAULT_REFUSED, "", "the request was approved, and its "
		    "certificate was given up");
		work_refuse(w, w->candidate.id, CMC_INTERNAL_CA_ERROR);
		return true;
	}
	if (!store_approval_find_digest(w->e->p.store, z->n, w->opened.digest, w->a, &q,
	    &w->fault))
		return false;
	*yes = q.n != 0 && q.code != 0;
	if (*yes)
		refuse_with(w, (uint32_t)q.code, q.reason);
	return true;
}

/* The certificate that is to have a successor, or 0. */
static int64_t
replaced_by(const struct store_approval *q)
{
	return q->kind == STORE_CHANGE_NONE ? 0 : q->cert;
}

static bool
note_held(struct work *w, const struct store_authz *z, const struct store_approval *q)
{
	char	actor[160], object[64], detail[96];

	work_actor(w, actor);
	snprintf(object, sizeof(object), "authz:%" PRId64, z->n);
	snprintf(detail, sizeof(detail), "%s, %" PRId64 " to approve", change_name(q->kind),
	    q->needed);
	return note_audit(w->e, w->now, actor, "request waits for approval", object, detail,
	    &w->fault) && note_event(w->e, w->now, CVP_EVENT_HELD, z, replaced_by(q), 0, &w->fault);
}

bool
approval_hold(struct work *w, struct store_authz *z, enum store_change_kind kind,
    const char *identity, bool *held)
{
	const struct template	*t = &w->template->t;
	struct store_approval	 q = {
		.authz = z->n, .cert = w->sender.by_cert ? w->sender.row.n : 0, .kind = kind,
		.needed = t->approvers, .created = w->now, .identity = identity, .reason = "",
		.pend_time = w->now + t->approval_poll_seconds,
		.deadline = w->now + t->approval_seconds,
		.transaction = w->verified.transaction, .request = w->message,
	};
	bool			 answered;

	if (w->verdict.only_admin) {
		q.layer = w->layer;
		q.layer_by = w->layer_cert;
	}
	*held = false;
	if (!is_answered(w, z, &answered))
		return false;
	if (answered)
		return true;
	rng_fill(w->e->p.rng, q.token, sizeof(q.token));
	memcpy(q.spki_hash, w->candidate.spki_hash, sizeof(q.spki_hash));
	memcpy(q.digest, w->opened.digest, sizeof(q.digest));
	z->held = *held = true;
	return store_approval_insert(w->e->p.store, &q, &w->fault) &&
	    work_record_request(w, z, 0) && note_held(w, z, &q) && answer_waiting(w, &q);
}

/* --- what became of it ------------------------------------------------------------------ */

/* Its token is good again while its window is open. */
static bool
free_token(struct engine *e, struct store_authz *z, int64_t now, struct fault *f)
{
	bool	done;

	if (!give_back_or_lock(e, z, now, f))
		return false;
	if (z->state != STORE_AUTHZ_OPEN || now <= z->window_to)
		return true;
	z->sealed = VIEW_NONE;
	return authz_move(e, z, STORE_AUTHZ_EXPIRED, "pki", now, &done, f);
}

bool
approval_end(struct engine *e, struct store_authz *z, struct store_approval *q,
    const struct approval_end *how, int64_t now, struct fault *f)
{
	enum store_approval_state	from = q->state;
	char				object[64];
	bool				done;

	q->state = how->state;
	q->code = how->code;
	q->reason = how->reason;
	q->closed = now;
	if (!store_approval_update(e->p.store, q, from, &done, f))
		return false;
	if (!done)
		return fault_set(f, FAULT_CONFLICT, "", "the request of authorization \"%s\" moved",
		    z->id);
	z->held = false;
	z->last_failure = how->code;
	snprintf(object, sizeof(object), "authz:%" PRId64, z->n);
	if (!note_audit(e, now, how->actor, how->action, object, how->reason, f) ||
	    !note_event(e, now, CVP_EVENT_NOT_APPROVED, z, replaced_by(q), (int)how->code,
	    f))
		return false;
	return z->state == STORE_AUTHZ_IN_PROGRESS ? free_token(e, z, now, f) :
	    store_authz_update(e->p.store, z, z->state, &done, f);
}

static bool
end_late(struct engine *e, struct store_authz *z, struct store_approval *q, int64_t now,
    struct fault *f)
{
	struct approval_end	how = {
		.state = STORE_APPROVAL_LATE, .code = CVP_NOT_DECIDED, .actor = "pki",
		.reason = q->state == STORE_APPROVAL_APPROVED ?
		    "the request was approved, and nobody came for its certificate in time" :
		    "nobody has decided on the request in time",
		.action = "request ended undecided",
	};

	if (q->state == STORE_APPROVAL_APPROVED)
		how.action = "approved request not fetched";
	return approval_end(e, z, q, &how, now, f);
}

bool
approval_end_due(struct engine *e, int64_t now, size_t max, size_t *n, struct fault *f)
{
	int64_t			rows[64];
	struct store_approval	q;
	struct store_authz	z;

	if (max > sizeof(rows) / sizeof(rows[0]))
		max = sizeof(rows) / sizeof(rows[0]);
	if (!store_approval_due(e->p.store, now, rows, max, n, f))
		return false;
	for (size_t i = 0; i < *n; i++)
		if (!store_authz_find_n(e->p.store, rows[i], e->scratch, &z, f) ||
		    !store_approval_find_open(e->p.store, rows[i], e->scratch, &q, f) ||
		    (q.n != 0 && !end_late(e, &z, &q, now, f)))
			return false;
	return true;
}

bool
approval_refused(struct work *w, struct store_authz *z, uint32_t code)
{
	struct fault		why = { 0 };
	struct approval_end	how = {
		.state = STORE_APPROVAL_REFUSED, .code = code, .actor = "pki",
		.action = "approved request refused",
		.reason = arena_printf(w->a, "%s", w->fault.text[0] != '\0' ? w->fault.text :
		    cvp_code_text(code)),
	};

	if (approval_end(w->e, z, &w->approval, &how, w->now, &why))
		return true;
	w->fault = why;
	return false;
}

bool
approval_used(struct work *w)
{
	enum store_approval_state	from = w->approval.state;
	bool				done;

	w->approval.state = STORE_APPROVAL_ISSUED;
	w->approval.closed = w->now;
	return store_approval_update(w->e->p.store, &w->approval, from, &done, &w->fault) &&
	    (done || fault_set(&w->fault, FAULT_CONFLICT, "", "the request of authorization "
	    "\"%s\" moved", w->authz.id));
}

bool
approval_look(struct work *w, struct store_authz *z, enum approval_word *word)
{
	struct store_approval	*q = &w->approval;

	*word = APPROVAL_NO;
	if (!store_approval_find_open(w->e->p.store, z->n, w->a, q, &w->fault))
		return false;
	if (q->n == 0) {
		fault_set(&w->fault, FAULT_INTERNAL, "", "authorization \"%s\" waits for approval "
		    "and its request is not there", z->id);
		return false;
	}
	/* A timer that has not run yet gives nobody more time. */
	if (w->now >= q->deadline) {
		if (!end_late(w->e, z, q, w->now, &w->fault))
			return false;
		refuse_with(w, CVP_NOT_DECIDED, q->reason);
		return true;
	}
	*word = q->state == STORE_APPROVAL_APPROVED ? APPROVAL_YES : APPROVAL_NOT_YET;
	return true;
}

/* --- an Admin's layer ------------------------------------------------------------------- */

/* Whose layer it was may still enrol (corrections, 2). */
static bool
may_wrap(struct work *w, int64_t cert, bool *may)
{
	struct store		*st = w->e->p.store;
	struct store_admin	 ad;
	struct store_template	 t;

	if (!store_admin_find_cert(st, cert, w->a, &ad, &w->fault) ||
	    !store_template_find_n(st, w->sender.row.template, w->a, &t, &w->fault))
		return false;
	*may = ad.n != 0 && t.n != 0 && admin_may(&ad, t.name, "enroll");
	return true;
}

static bool
take_layer(struct work *w, const struct store_approval *q)
{
	struct store_cert	by;
	bool			may;

	w->layer = VIEW_NONE;
	if (q->layer_by == 0 || q->layer.n == 0)
		return true;
	if (!may_wrap(w, q->layer_by, &may))
		return false;
	if (!may)
		return true;
	if (!store_cert_find(w->e->p.store, q->layer_by, true, w->a, &by, &w->fault))
		return false;
	w->layer = q->layer;
	w->layer_by = by.body;
	w->layer_cert = by.n;
	return true;
}

bool
approval_layer(struct work *w)
{
	struct store_approval	q;

	if (!w->authz.held || w->polls || w->layer.n > 0)
		return true;
	if (!store_approval_find_open(w->e->p.store, w->authz.n, w->a, &q, &w->fault))
		return false;
	return q.n == 0 || q.cert != w->sender.row.n || memcmp(q.spki_hash,
	    w->candidate.spki_hash, sizeof(q.spki_hash)) != 0 || take_layer(w, &q);
}

/* --- polls ---------------------------------------------------------------------------------- */

/* A key that the PKI is to make is asked for by a control. */
bool
approval_open(struct work *w, const struct store_approval *q, struct cmc_request *data,
    struct certreq *r, struct fault *f)
{
	struct cms_signed	m;

	*r = (struct certreq){ 0 };
	if (!message_open(q->request, w->a, &m, f) ||
	    !cmc_request_decode(m.content, w->a, &cmc_limits_admin, data, NULL, f))
		return false;
	if (data->n_requests == 0 && cmc_find(&data->controls, CVP_KEY_GEN_REQUEST) != NULL)
		return true;
	return (data->n_requests == 1 || fault_set(f, FAULT_INTERNAL, "", "a kept message with "
	    "%zu requests", data->n_requests)) &&
	    certreq_read(&data->requests[0], w->a, r, f);
}

static bool
find_row(struct work *w, const struct cmc_control *c, struct store_approval *q)
{
	struct view	token;

	if (!cmc_octets(c->value, 1, TOKEN_MAX, &token, &w->fault) ||
	    !store_approval_find_token(w->e->p.store, token, w->a, q, &w->fault))
		return false;
	return (q->n != 0 && q->request.n > 0) || fault_set(&w->fault, FAULT_NOT_FOUND,
	    "RFC 10002, 6.13", "queryPending with a token that nobody was given");
}

/* The certificate that signed the request, or its key: nobody else has the token. */
static bool
is_requester(struct work *w, const struct store_approval *q, const struct certreq *r)
{
	struct pubkey	*pub;
	bool		 ok;

	if (w->sender.by_cert)
		return (q->cert != 0 && q->cert == w->sender.row.n) || fault_set(&w->fault,
		    FAULT_REFUSED, "RFC 10002, 6.13", "queryPending of another's request");
	if (q->cert != 0)
		return fault_set(&w->fault, FAULT_REFUSED, "RFC 10002, 6.13",
		    "queryPending of another's request");
	if ((pub = pubkey_from_spki(r->spki, &w->fault)) == NULL)
		return false;
	ok = message_verify_ski(&w->opened.message, r->ski, pub, &w->fault);
	pubkey_free(pub);
	return ok;
}

/* Of this transaction, and behind an answer of ours in it. */
static bool
goes_on(struct work *w, const struct store_approval *q)
{
	struct store_request	r;
	struct store_authz	z;

	if (!view_equal(w->verified.transaction, q->transaction))
		return fault_set(&w->fault, FAULT_REFUSED, "RFC 10002, 6.6",
		    "a poll with another transactionId than its request");
	if (!store_authz_find_n(w->e->p.store, q->authz, w->a, &z, &w->fault) ||
	    !store_request_find_nonce(w->e->p.store, z.request, w->verified.recipient_nonce,
	    w->a, &r, &w->fault))
		return false;
	return (r.n != 0 && view_equal(r.transaction, q->transaction)) ||
	    fault_set(&w->fault, FAULT_REFUSED, "RFC 10002, 6.6",
	    "recipientNonce of a poll is of no answer in its transaction");
}

/* What the kept message was. */
static enum errand
errand_of(const struct work *w, const struct store_approval *q, const struct cmc_request *data)
{
	if (!w->sender.by_cert)
		return ERRAND_ENROLL;
	if (q->kind != STORE_CHANGE_NONE)
		return ERRAND_CHANGE;
	return data->n_requests > 0 ? ERRAND_BIND : ERRAND_GENERATE;
}

/* An entry beside it has its id by now. */
static bool
take_target(struct work *w, const struct store_approval *q)
{
	struct store_authz	z;

	if (!store_authz_find_n(w->e->p.store, q->authz, w->a, &z, &w->fault))
		return false;
	w->target.id = view_str(z.id);
	return true;
}

static void
stand_for(struct work *w, const struct store_approval *q, const struct cmc_request *data)
{
	uint32_t	about = CMC_WHOLE_MESSAGE;
	enum cmc_fail	fail = CMC_BAD_REQUEST;

	w->verified.data = *data;
	w->message = q->request;
	w->polls = true;
	w->errand = errand_of(w, q, data);
	if (!verify_take_request(w, &about, &fail, &w->fault))
		work_refuse(w, about, fail);
	else if (!take_layer(w, q) || !take_target(w, q))
		work_again(w);
	else if (q->code != 0)
		refuse_with(w, (uint32_t)q->code, q->reason);
	else if (q->state == STORE_APPROVAL_CANCELLED)
		refuse_with(w, CVP_CANCELLED, NULL);
}

/* Stage 4 of a poll; reads the store.  Unknown and foreign tokens are one answer. */
void
approval_poll(struct work *w)
{
	const struct cmc_control	*c = cmc_find(&w->verified.data.controls,
	    CMC_QUERY_PENDING);
	struct store_approval		 q;
	struct cmc_request		 data;
	struct certreq			 r;
	bool				 taken = false;

	if (w->sender.admin.n != 0 && !authorize_poll(w, c, &taken)) {
		work_again(w);
		return;
	}
	if (taken)
		return;
	if (find_row(w, c, &q) && approval_open(w, &q, &data, &r, &w->fault) &&
	    is_requester(w, &q, &r) && goes_on(w, &q))
		stand_for(w, &q, &data);
	else if (may_work_later(&w->fault))
		work_again(w);
	else
		work_refuse(w, c->id, CMC_BAD_REQUEST);
}
