/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authzCancel and authzCancelAck (RFC 4809, 3.2.4.4; part 7.8 of the
 * profile): whoever holds id and token can end an authorization that has not
 * been used.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "codec/oid.h"
#include "pki/work.h"

#define RESULT_MAX	(4u << 20)
#define CANCELS_OF_A_PEER 16	/* each asks the signer, and anybody may send them */

/* May it be cancelled, by its state alone? */
static enum cvp_cancel_outcome
outcome_of(const struct store_authz *z)
{
	switch (z->state) {
	case STORE_AUTHZ_WAITING:
	case STORE_AUTHZ_OPEN:
		return CVP_CANCEL_DONE;
	case STORE_AUTHZ_CANCELLED:
		return CVP_CANCEL_ALREADY;
	case STORE_AUTHZ_IN_PROGRESS:
		return z->held ? CVP_CANCEL_DONE : CVP_CANCEL_REFUSED_ISSUED;
	case STORE_AUTHZ_ISSUED:
	case STORE_AUTHZ_CONFIRMED:
		return CVP_CANCEL_REFUSED_ISSUED;
	default:
		return CVP_CANCEL_REFUSED;
	}
}

/* What waits for approval is cancelled like what is open: nothing was signed for it. */
static bool
as_open(struct work *w, const struct store_authz *z, struct store_authz *out, struct fault *f)
{
	*out = *z;
	if (z->state != STORE_AUTHZ_IN_PROGRESS || !z->held)
		return true;
	out->state = STORE_AUTHZ_OPEN;
	out->bound = false;
	return ask_release(w->e, z, &out->sealed, f);
}

static bool
ask_signer(struct work *w, const struct store_authz *stored, const struct cvp_cancel *q,
    const struct cvp_cancel_item *item, struct prove_answer *out, struct fault *f)
{
	struct cancel_request	 r = { .witness = item->witness };
	struct store_authz	 open;
	const struct store_authz *z = &open;
	struct buf		 proof;
	struct frame		 fr;
	size_t			 used;
	bool			 ok;

	if (!as_open(w, stored, &open, f) ||
	    (z->n != 0 && !seal_facts_of(w->e, z, w->a, &r.facts, f)))
		return false;
	if (z->n == 0)
		r.facts.id = item->id;
	else
		r.sealed = z->state == STORE_AUTHZ_CANCELLED ? z->sealed_cancel : z->sealed;
	buf_init(&proof, 1024);
	cvp_put_cancel_proof(&proof, item->id, q->nonce);
	r.proof = buf_view(&proof);
	buf_reset(&w->e->questions);
	signer_put_cancel(&w->e->questions, &r);
	ok = engine_exchange(w->e, 1, f) &&
	    frame_take(buf_view(&w->e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_prove(&fr, out, f);
	buf_clear(&proof);
	return ok;
}

static bool
do_cancel(struct work *w, struct store_authz *z, struct view sealed, struct fault *f)
{
	bool	done;

	if (z->batch != 0 && !store_batch_drop_secrets(w->e->p.store, z->batch, z->n,
	    f))
		return false;
	z->sealed = VIEW_NONE;
	z->sealed_cancel = arena_copy(w->a, sealed);
	z->confirm_by = w->now + CANCEL_ACK_SECONDS;
	rng_fill(w->e->p.rng, z->receipt, sizeof(z->receipt));
	return authz_move(w->e, z, STORE_AUTHZ_CANCELLED, w->sender.admin.n != 0 ?
	    w->sender.admin.name : "holder", w->now, &done, f) &&
	    (done || fault_set(f, FAULT_BUSY, "", "authorization \"%s\" moved", z->id));
}

/* Unknown ids and wrong witnesses are one answer. */
static bool
cancel_one(struct work *w, const struct cvp_cancel *q, const struct cvp_cancel_item *item,
    struct cvp_cancel_answer *out, struct fault *f)
{
	struct store_authz	z;
	struct prove_answer	p = { 0 };
	uint8_t			*receipt;

	out->id = item->id;
	out->result = CVP_CANCEL_REFUSED;
	if (!store_authz_find(w->e->p.store, item->id, w->a, &z, f) ||
	    !ask_signer(w, &z, q, item, &p, f))
		return false;
	if (!p.holds) {
		w->job->refused_proof = true;
		return true;
	}
	out->result = outcome_of(&z);
	if (out->result == CVP_CANCEL_DONE && !do_cancel(w, &z, p.sealed, f))
		return false;
	if (out->result == CVP_CANCEL_DONE || out->result == CVP_CANCEL_ALREADY) {
		if ((receipt = arena_alloc(w->a, sizeof(z.receipt))) == NULL)
			return arena_fault(f);
		memcpy(receipt, z.receipt, sizeof(z.receipt));
		out->receipt = view_of(receipt, sizeof(z.receipt));
	}
	log_line(LOG_LEVEL_INFO, "authorization cancelled", "id=\"%s\" result=%s", z.id,
	    cvp_cancel_outcome_name(out->result));
	return true;
}

/* The same for all ids, so it tells nothing of any (corrections, 4 and 18). */
static bool
algorithms_fit(struct work *w, const struct cvp_cancel *q, const struct cmc_control *c)
{
	for (size_t i = 0; i < q->n_items; i++)
		if (!cmc_alg_is(&q->items[i].mac_alg, OID_HMAC_SHA256) ||
		    q->items[i].witness.n != PROOF_OCTETS) {
			fault_set(&w->fault, FAULT_ALGORITHM, "corrections, 4",
			    "a witness that is not of hmacWithSHA256");
			work_refuse(w, c->id, CMC_BAD_ALG);
			return false;
		}
	if (w->sender.admin.n == 0 && q->n_items > CANCELS_OF_A_PEER) {
		fault_set(&w->fault, FAULT_LIMIT, "corrections, 19", "%zu cancellations at once, "
		    "up to %d are taken from who is no Admin", q->n_items, CANCELS_OF_A_PEER);
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return false;
	}
	return true;
}

bool
cancel_run(struct work *w, const struct cmc_control *c)
{
	struct cvp_cancel		q;
	struct cvp_cancel_result	r = { 0 };
	struct buf			out;
	struct view			v = VIEW_NONE;

	if (!cvp_cancel_decode(c->value, w->a, &q, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	if (!algorithms_fit(w, &q, c))
		return true;
	r.nonce = q.nonce;
	r.n_items = q.n_items;
	if ((r.items = arena_array(w->a, q.n_items, sizeof(*r.items))) == NULL)
		return arena_fault(&w->fault);
	for (size_t i = 0; i < q.n_items; i++)
		if (!cancel_one(w, &q, &q.items[i], &r.items[i], &w->fault))
			return false;
	buf_init(&out, RESULT_MAX);
	cvp_put_cancel_result(&out, &r);
	if (buf_ok(&out))
		v = arena_copy(w->a, buf_view(&out));
	buf_clear(&out);
	if (v.p == NULL)
		return arena_fault(&w->fault);
	answer_status(&w->answer, CMC_SUCCESS, c->id);
	answer_control(&w->answer, CVP_AUTHZ_CANCEL_RESULT, v);
	return true;
}

/*
 * What it was about is forgotten; id, receipt and what a repeat is proved by
 * stay (RFC 4809, 3.2.4.4; decision 9).
 */
bool
cancel_end(struct engine *e, struct store_authz *z, int64_t now, struct fault *f)
{
	char	object[64];
	bool	done;

	z->confirm_by = 0;
	snprintf(object, sizeof(object), "authz:%" PRId64, z->n);
	return store_authz_update(e->p.store, z, STORE_AUTHZ_CANCELLED, &done, f) &&
	    store_authz_erase(e->p.store, z->n, f) &&
	    note_audit(e, now, "pki", "authz erased", object, z->id, f);
}

/* Known or unknown receipts: success (corrections, 4). */
bool
cancel_ack(struct work *w, const struct cmc_control *c)
{
	struct cvp_list		receipts;
	struct store_authz	z;

	if (!cvp_cancel_ack_decode(c->value, w->a, &receipts, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	for (size_t i = 0; i < receipts.n; i++)
		if (!store_authz_find_receipt(w->e->p.store, receipts.v[i], w->a, &z, &w->fault) ||
		    (z.n != 0 && z.confirm_by != 0 && !cancel_end(w->e, &z, w->now, &w->fault)))
			return false;
	answer_status(&w->answer, CMC_SUCCESS, c->id);
	return true;
}
