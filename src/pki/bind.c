/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Admin enrols in the place of a Peer (RFC 4809, 3.3.2 to 3.3.4; profile,
 * 7.6; docs/adr/0024): authzBind joins a request to an authorization,
 * keyGenRequest has the signer make its key.  The Admin's signature stands
 * for the token; what follows is enroll.c's, as for every first certificate.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "codec/spki.h"
#include "crypt/digest.h"
#include "pki/work.h"

/* The reason is in w->fault; it stands in the audit trail too. */
static bool
refuse(struct work *w, uint32_t code)
{
	work_refuse_code(w, w->target_control, code);
	w->course = COURSE_REFUSE;
	w->note = true;
	return false;
}

static bool
refuse_why(struct work *w, uint32_t code, const char *rule, const char *why)
{
	fault_set(&w->fault, FAULT_REFUSED, rule, "authorization \"%.*s\": %s",
	    (int)w->target.id.n, (const char *)w->target.id.p, why);
	return refuse(w, code);
}

/*
 * What is another's is as if it were not there, words and all (corrections, 5);
 * the audit trail has which it was.
 */
static bool
refuse_unknown(struct work *w, const char *why)
{
	fault_clear(&w->fault);
	(void)refuse(w, CVP_ID_UNKNOWN);
	return fault_set(&w->fault, FAULT_REFUSED, "corrections, 5", "authorization \"%.*s\": %s",
	    (int)w->target.id.n, (const char *)w->target.id.p, why);
}

bool
bind_note(struct work *w)
{
	struct fault	f = { 0 };
	char		actor[160];

	work_actor(w, actor);
	if (note_audit(w->e, w->now, actor, "refused", w->errand == ERRAND_BIND ? "authzBind" :
	    "keyGenRequest", w->fault.text, &f))
		return true;
	w->fault = f;
	return false;
}

/* --- may this Admin, and is it the method? ------------------------------------------- */

/*
 * Its creator, or one configured for the authorizations of others; either
 * with the right to enrol (corrections, 5; RFC 4809, 3.3.3).
 */
static bool
may_enroll(const struct work *w, const char *template)
{
	const struct store_admin	*ad = &w->sender.admin;

	return admin_may(ad, template, "enroll") &&
	    (w->authz.admin == ad->n || admin_may(ad, template, "foreign"));
}

static bool
check_right(struct work *w)
{
	struct store_template	t;

	if (w->authz.n == 0)
		return refuse_unknown(w, "there is none");
	if (!store_template_find_n(w->e->p.store, w->authz.template, w->a, &t, &w->fault))
		return work_again(w), false;
	return (t.n != 0 && may_enroll(w, t.name)) ||
	    refuse_unknown(w, "this Admin may not enrol for it");
}

static bool
check_method(struct work *w)
{
	struct granted_terms	g;
	enum generation		method;
	bool			fits;

	if (!granted_terms_read(w->authz.terms, w->a, &g, &w->fault))
		return refuse(w, CVP_TERMS_CONFLICT);
	method = terms_generation(&g.cvp);
	fits = w->errand == ERRAND_GENERATE ? method == GENERATION_PKI :
	    method == GENERATION_PEER_ADMIN || method == GENERATION_ADMIN;
	if (fits)
		return true;
	fault_set(&w->fault, FAULT_REFUSED, "corrections, 5", "authorization \"%s\" is for "
	    "generation \"%s\"", w->authz.id, generation_name(method));
	(void)refuse(w, CVP_REQUESTER_MAY_NOT);
	w->answer.status[w->answer.n_status - 1].fail = CMC_BAD_IDENTITY;
	return false;
}

static bool
check_state(struct work *w)
{
	static const uint32_t	codes[STORE_AUTHZ_STATES] = {
		[STORE_AUTHZ_WAITING] = CVP_NOT_IN_WINDOW, [STORE_AUTHZ_OPEN] = CVP_NOT_IN_WINDOW,
		[STORE_AUTHZ_IN_PROGRESS] = CVP_ALREADY_USED,
		[STORE_AUTHZ_ISSUED] = CVP_ALREADY_USED,
		[STORE_AUTHZ_CONFIRMED] = CVP_ALREADY_USED,
		[STORE_AUTHZ_CANCELLED] = CVP_CANCELLED, [STORE_AUTHZ_EXPIRED] = CVP_NOT_IN_WINDOW,
		[STORE_AUTHZ_LOCKED] = CVP_LOCKED, [STORE_AUTHZ_REJECTED] = CVP_ALREADY_USED,
		[STORE_AUTHZ_REVOKED] = CVP_ALREADY_USED,
	};

	w->eligible = enroll_is_eligible(w);
	return w->eligible || refuse_why(w, codes[w->authz.state], "RFC 4809, 3.4.11",
	    cvp_state_name((enum cvp_state)w->authz.state));
}

/* --- keyGenRequest ------------------------------------------------------------------ */

/* For the certificate that signs; the signer looks again (corrections, 22). */
static bool
check_wish(struct work *w)
{
	struct spki	key;

	if (w->generate.protect_for.n != 1 ||
	    !view_equal(w->generate.protect_for.v[0], w->sender.cert.der))
		return refuse_why(w, CVP_NO_DELIVERY, "corrections, 22", "the key is enveloped for "
		    "the certificate that signs, and for no other");
	if (!spki_decode(w->sender.cert.spki, &key, &w->fault) || key.kind == SPKI_ED25519)
		return refuse_why(w, CVP_NO_DELIVERY, "corrections, 22", "nobody can encrypt to "
		    "the Admin's key");
	return key_spec_kind(&w->generate.key) != KEY_NONE || refuse_why(w,
	    CVP_KEY_NOT_PERMITTED, "RFC 4809, 3.3.4", "no such key can be made here");
}

/* The same request again brings the same key; any other is refused. */
static bool
take_kept(struct work *w)
{
	struct store_generated	kept;

	if (!store_generated_find(w->e->p.store, w->authz.n, w->a, &kept, &w->fault))
		return work_again(w), false;
	if (kept.authz == 0)
		return true;
	if (memcmp(kept.digest, w->generate_digest, sizeof(kept.digest)) != 0)
		return refuse_why(w, CVP_REQUESTER_MAY_NOT, "corrections, 22",
		    "its key was made for another request");
	w->candidate.spki = kept.spki;
	sha256(kept.spki, w->candidate.spki_hash);
	w->key_package = kept.key;
	w->sealed = w->authz.sealed;
	w->proven = true;
	return true;
}

/* --- authorized in the same message --------------------------------------------------- */

/* What became of its entry; *id is empty if it was not authorized. */
static bool
read_result(struct work *w, struct view *id)
{
	struct cvp_authz_response	r;
	struct view			response = VIEW_NONE;

	*id = VIEW_NONE;
	for (size_t i = 0; i < w->answer.n_controls; i++)
		if (w->answer.controls[i].kind == CVP_AUTHZ_RESPONSE)
			response = w->answer.controls[i].value;
	if (!cvp_authz_response_decode(response, w->a, &r, &w->fault))
		return false;
	for (size_t i = 0; i < r.n_results; i++)
		if (r.results[i].entry_id == w->target.entry_id)
			*id = r.results[i].id;
	return true;
}

/*
 * For good, whatever comes of the request: each half has its own verdict, and
 * the pair is delivered in any case (decision 14).
 */
bool
bind_grant(struct work *w)
{
	const struct cmc_control	*c = cmc_find(&w->verified.data.controls,
	    CVP_AUTHZ_REQUEST);

	if (!authorize_run(w, c))
		return false;
	if (w->done || w->job->again)
		return true;
	if (!read_result(w, &w->target.id))
		return false;
	if (w->target.id.n > 0 && w->request_fault.kind == FAULT_NONE)
		return true;
	w->course = COURSE_REFUSE;
	if (w->target.id.n > 0) {
		w->fault = w->request_fault;
		work_refuse(w, w->request_about, w->request_fail);
		return true;
	}
	fault_set(&w->fault, FAULT_REFUSED, "RFC 4809, 3.2.2",
	    "entry %u was not authorized, so nothing is issued for it", w->target.entry_id);
	work_refuse(w, w->verified.data.requests[0].id, CMC_BAD_REQUEST);
	return true;
}

/* --- stages ------------------------------------------------------------------------ */

void
bind_find(struct work *w)
{
	if (!store_authz_find(w->e->p.store, w->target.id, w->a, &w->authz, &w->fault)) {
		work_again(w);
		return;
	}
	if (!check_right(w) || !check_method(w))
		return;
	if (w->errand == ERRAND_GENERATE && (!check_wish(w) || !take_kept(w)))
		return;
	(void)check_state(w);
}

void
bind_ask(struct work *w, struct buf *questions, size_t *count)
{
	struct admin_request	q = {
		.sealed = w->authz.sealed, .terms = w->authz.terms,
		.admin = w->sender.cert.der, .message = w->message,
		.asked_at = w->authz.created,
	};

	if (w->proven)		/* a key that is kept */
		return;
	if (!seal_facts_of(w->e, &w->authz, w->a, &q.facts, &w->fault)) {
		work_again(w);
		return;
	}
	q.next_state = q.facts.state;
	memcpy(q.next_spki, q.facts.spki_hash, sizeof(q.next_spki));
	if (q.facts.state == STORE_AUTHZ_OPEN) {
		q.next_state = STORE_AUTHZ_IN_PROGRESS;
		memcpy(q.next_spki, w->candidate.spki_hash, sizeof(q.next_spki));
	}
	(w->errand == ERRAND_GENERATE ? signer_put_generate : signer_put_bind)(questions, &q);
	(*count)++;
}

static bool
take_generated(struct work *w, const struct frame *answer)
{
	struct generate_answer	g;

	if (!signer_get_generate(answer, &g, &w->fault))
		return false;
	w->candidate.spki = arena_copy(w->a, g.spki);
	sha256(w->candidate.spki, w->candidate.spki_hash);
	w->key_package = arena_copy(w->a, g.key);
	w->sealed = arena_copy(w->a, g.sealed);
	return w->candidate.spki.p != NULL && w->key_package.p != NULL && w->sealed.p != NULL;
}

static bool
take_bound(struct work *w, const struct frame *answer)
{
	struct prove_answer	p = { 0 };

	if (!signer_get_prove(answer, &p, &w->fault))
		return false;
	w->sealed = arena_copy(w->a, p.sealed);
	return p.holds || fault_set(&w->fault, FAULT_REFUSED, "corrections, 1",
	    "authorization \"%s\" has been used", w->authz.id);
}

void
bind_take(struct work *w, const struct frame *answer)
{
	w->proven = (w->errand == ERRAND_GENERATE ? take_generated : take_bound)(w, answer);
	if (w->proven)
		return;
	w->job->later = w->fault.kind == FAULT_BUSY;
	if (!w->job->later)
		log_fault(LOG_LEVEL_ERROR, "signer refused an Admin's request", &w->fault);
	if (may_work_later(&w->fault))
		work_again(w);
	else
		(void)refuse(w, w->fault.kind == FAULT_ALGORITHM ? CVP_KEY_NOT_PERMITTED :
		    w->errand == ERRAND_GENERATE ? CVP_NO_KEY_GENERATION : CVP_REQUESTER_MAY_NOT);
}

/*
 * With the reservation, or with what a person is to approve, in one transaction:
 * a key that is not kept is lost.
 */
bool
generate_decide(struct work *w)
{
	struct store_generated	g = { .authz = w->authz.n, .spki = w->candidate.spki,
		.key = w->key_package };
	bool			fresh = w->authz.state == STORE_AUTHZ_OPEN ||
		w->authz.state == STORE_AUTHZ_WAITING;

	if (!enroll_decide(w))
		return false;
	if (!fresh || (w->course != COURSE_ISSUE && w->course != COURSE_HOLD))
		return true;
	memcpy(g.digest, w->generate_digest, sizeof(g.digest));
	return store_generated_insert(w->e->p.store, &g, &w->fault);
}

static bool
put_response(struct work *w)
{
	struct cvp_key_gen_response	r = { .target = w->target, .key = ANSWER_CONTENT_ID };
	struct cert			c;
	struct buf			out;
	struct view			der;

	if (!cert_decode(w->cert.body, &c, &w->fault))
		return false;
	r.cert = (struct cmc_cert_id){ .issuer = c.issuer, .serial = c.serial };
	buf_init(&out, 8192);
	cvp_put_key_gen_response(&out, &r);
	der = buf_ok(&out) ? arena_copy(w->a, buf_view(&out)) : VIEW_NONE;
	buf_clear(&out);
	answer_control(&w->answer, CVP_KEY_GEN_RESPONSE, der);
	w->answer.content = w->key_package;
	return der.p != NULL || arena_fault(&w->fault);
}

bool
generate_finish(struct work *w)
{
	return enroll_finish(w) && (w->course == COURSE_GIVE_BACK || put_response(w));
}
