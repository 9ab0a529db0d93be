/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment (method 1): a verified candidate, the authorization it names, the
 * proof of its token, one certificate (RFC 4809, 3.4; RFC 10002, 6.2, 6.3).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "codec/crl.h"
#include "codec/name.h"
#include "crypt/digest.h"
#include "pki/work.h"

/* --- which authorization, and would it do? --------------------------------------- */

static bool
in_window(const struct store_authz *z, int64_t now)
{
	return now >= z->window_from && now <= z->window_to;
}

/* Who replaces a certificate signs with its key, unless the Admin says that it is lost. */
static bool
needs_old_key(const struct work *w)
{
	struct granted_terms	g;

	return w->authz.replaces != 0 && (!granted_terms_read(w->authz.terms, w->a, &g, NULL) ||
	    !terms_key_lost(&g.cvp));
}

/*
 * Open: in its window.  Later: only for the key that it is bound to, and after
 * the confirmation only for a while.
 */
bool
enroll_is_eligible(const struct work *w)
{
	const struct store_authz	*z = &w->authz;
	bool				 same = z->bound && memcmp(z->spki_hash,
	    w->candidate.spki_hash, sizeof(z->spki_hash)) == 0;

	if (needs_old_key(w))		/* corrections, 15 */
		return false;
	switch (z->state) {
	case STORE_AUTHZ_WAITING:
	case STORE_AUTHZ_OPEN:
		return in_window(z, w->now);
	case STORE_AUTHZ_IN_PROGRESS:
		return same;
	case STORE_AUTHZ_ISSUED:
		return same && !confirm_is_late(z, w->now);
	case STORE_AUTHZ_CONFIRMED:
		return same && w->now < z->changed + CONFIRMED_GRACE_SECONDS;
	default:
		return false;
	}
}

/* Stage 4: reads the record; an unknown id leaves an empty one. */
void
enroll_find(struct work *w)
{
	if (!store_authz_find(w->e->p.store, w->candidate.identification, w->a, &w->authz,
	    &w->fault)) {
		work_again(w);
		return;
	}
	w->eligible = w->authz.n != 0 && enroll_is_eligible(w);
}

static bool
is_open(const struct work *w)
{
	return w->authz.state == STORE_AUTHZ_OPEN || w->authz.state == STORE_AUTHZ_WAITING;
}

void
enroll_ask_proof(struct work *w, struct buf *questions, size_t *count)
{
	struct candidate	*c = &w->candidate;
	struct prove_request	 q = {
		.requests = w->verified.data.req_sequence,
		.link_random = c->link_random,
		.identity_witness = c->identity.witness,
		.link_witness = c->link.witness,
	};

	if (w->authz.n != 0) {
		if (!seal_facts_of(w->e, &w->authz, w->a, &q.facts, &w->fault)) {
			work_again(w);
			return;
		}
		q.sealed = w->authz.sealed;
	} else {
		q.facts.id = c->identification;
	}
	q.next_state = q.facts.state;
	memcpy(q.next_spki, q.facts.spki_hash, sizeof(q.next_spki));
	if (w->eligible && is_open(w)) {
		q.next_state = STORE_AUTHZ_IN_PROGRESS;
		memcpy(q.next_spki, c->spki_hash, sizeof(q.next_spki));
	}
	signer_put_prove(questions, &q);
	w->asked = true;
	(*count)++;
}

/*
 * Unknown, wrong token, cancelled, expired, outside its window, another key:
 * one answer, after the same work (corrections, 18).
 */
static void
refuse_identity(struct work *w)
{
	w->job->refused_proof = true;
	work_refuse(w, w->candidate.proof_control, CMC_BAD_IDENTITY);
	w->course = COURSE_REFUSE;
}

static void
explain_refusal(struct work *w, bool holds)
{
	const struct store_authz	*z = &w->authz;
	bool				 outside = is_open(w) && !in_window(z, w->now);

	w->note = z->n != 0;
	w->note_kind = !holds ? 0 : outside ? CVP_EVENT_OUTSIDE_WINDOW :
	    CVP_EVENT_ENROLLMENT_FAILED;
	if (z->n == 0)
		fault_set(&w->fault, FAULT_SIGNATURE, "", "unknown authorization id");
	else if (!holds)
		fault_set(&w->fault, FAULT_SIGNATURE, "", "wrong token for authorization \"%s\"",
		    z->id);
	else if (outside)
		fault_set(&w->fault, FAULT_REFUSED, "RFC 4809, 3.2.4.3",
		    "authorization \"%s\" is outside its window", z->id);
	else if (is_open(w))
		fault_set(&w->fault, FAULT_REFUSED, "corrections, 15", "authorization \"%s\" "
		    "replaces a certificate, and was shown without its key", z->id);
	else
		fault_set(&w->fault, FAULT_REFUSED, "RFC 4809, 3.4.11",
		    "authorization \"%s\" is %s%s", z->id,
		    cvp_state_name((enum cvp_state)z->state),
		    z->bound ? " and bound to another key, or used up" : "");
}

void
enroll_take_proof(struct work *w, const struct frame *answer)
{
	struct prove_answer	p = { 0 };

	if (!signer_get_prove(answer, &p, &w->fault)) {
		/* A seal that does not fit is an alarm, but no oracle. */
		log_fault(LOG_LEVEL_ERROR, "sealed key refused", &w->fault);
		refuse_identity(w);
		return;
	}
	w->proven = p.holds && w->eligible;
	if (!w->proven) {
		explain_refusal(w, p.holds);
		refuse_identity(w);
		return;
	}
	w->sealed = arena_copy(w->a, p.sealed);
}

/* --- decide -------------------------------------------------------------------------- */

/* Names in the request are those granted, or left to us (failure 12). */
static bool
names_fit(const struct work *w, const struct granted_terms *g, struct fault *f)
{
	const struct candidate	*c = &w->candidate;
	struct identity		 id;

	if (c->subject.n > 0 && !name_is_empty(c->subject)) {
		struct buf	a, b;
		bool		same;

		buf_init(&a, NAME_OCTETS_MAX * 2);
		buf_init(&b, NAME_OCTETS_MAX * 2);
		same = g->holder.subject.n > 0 && name_key(c->subject, &a, f) &&
		    name_key(g->holder.subject, &b, f) &&
		    view_equal(buf_view(&a), buf_view(&b));
		buf_clear(&a);
		buf_clear(&b);
		if (!same)
			return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.4.3",
			    "the subject is not the one that was authorized");
	}
	for (size_t i = 0; c->has_san && i < c->san.n; i++) {
		bool	granted = false;

		if (!identity_from_san(&c->san.list[i], &id, f))
			return false;
		for (size_t k = 0; k < g->holder.nidentities; k++)
			granted |= identity_equal(&id, &g->holder.identities[k]);
		if (!granted)
			return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.4.3",
			    "the name \"%s\" was not authorized", id.text);
	}
	return true;
}

/* A certificate that was renewed meanwhile has its key. */
static bool
check_replaced(struct work *w, struct fault *f)
{
	struct store_cert	old;
	struct store_authz	z;

	if (w->authz.replaces == 0)
		return true;
	if (!store_cert_find(w->e->p.store, w->authz.replaces, false, w->a, &old, f) ||
	    !store_authz_find_n(w->e->p.store, old.authz, w->a, &z, f))
		return false;
	return z.state != STORE_AUTHZ_CONFIRMED || z.cert == old.n || fault_set(f, FAULT_REFUSED,
	    "corrections, 15", "certificate %" PRId64 ", whose key was said to be lost, has been "
	    "renewed", old.n);
}

/* It ends before the next one is made (corrections, 15). */
static bool
end_replaced(struct work *w)
{
	struct store		*st = w->e->p.store;
	struct store_cert	 old;
	struct store_authz	 z;
	char			 actor[160];
	bool			 done;

	if (w->authz.replaces == 0)
		return true;
	work_actor(w, actor);
	return store_cert_find(st, w->authz.replaces, false, w->a, &old, &w->fault) &&
	    (old.state != STORE_CERT_CONFIRMED ||
	    (store_authz_find_n(st, old.authz, w->a, &z, &w->fault) &&
	    revoke_cert(w->e, &old, &z, CRL_SUPERSEDED, 0, actor, w->now, &done, &w->fault)));
}

/* The proof held; now the request itself.  A refusal spends nothing. */
static bool
check_request(struct work *w, struct granted_terms *g, uint32_t *code)
{
	struct fault	*f = &w->fault;

	*code = CVP_TERMS_CONFLICT;
	if (!granted_terms_read(w->authz.terms, w->a, g, f))
		return false;
	g->holder.label = w->authz.label;
	*code = CVP_REQUESTER_MAY_NOT;
	if (w->errand == ERRAND_ENROLL && terms_generation(&g->cvp) == GENERATION_PKI)
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.3.4", "the key of this device is "
		    "made by the PKI");
	*code = CVP_TEMPLATE_CHANGED;	/* default: reject, event 10 */
	if (!remade_look(w, w->authz.template, f) || !remade_for_grant(w, &g->cvp, f) ||
	    !remade_takes_key(w, code, f))
		return false;
	*code = CVP_KEY_NOT_PERMITTED;
	if (!terms_take_key(&g->cvp, w->candidate.spki, f))
		return false;
	*code = CVP_REQUESTER_MAY_NOT;
	if (!check_replaced(w, f))
		return false;
	*code = CVP_NAMES_DIFFER;
	return names_fit(w, g, f);
}

static void
make_serial(const struct engine *e, int64_t n, uint8_t out[STORE_SERIAL_OCTETS])
{
	out[0] = 0x01;
	for (int i = 0; i < 5; i++)
		out[1 + i] = (uint8_t)(n >> (8 * (4 - i)));
	rng_fill(e->p.rng, out + 6, STORE_SERIAL_OCTETS - 6);
}

enum authority_id
issuing_ca(const struct work *w)
{
	return authority_in_use(&w->e->authorities, w->made->management ? AUTHORITY_MANAGEMENT :
	    AUTHORITY_IKE, w->now);
}

/* The TBSCertificate, and the row that reserves its serial number. */
bool
cert_plan_reserved(struct work *w, const struct holder_terms *h, struct fault *f)
{
	struct engine		*e = w->e;
	enum authority_id	 ca = issuing_ca(w);
	struct cert_plan	 plan;
	struct buf		 tbs;
	char			*text = arena_alloc(w->a, NAME_TEXT_MAX);
	char			*id = arena_alloc(w->a, IDENTITY_TICKET_MAX);
	bool			 ok;

	if (text == NULL || id == NULL)
		return arena_fault(f);
	memset(&w->cert, 0, sizeof(w->cert));
	if (!store_cert_number(e->p.store, &w->cert.n, f))
		return false;
	make_serial(e, w->cert.n, w->cert.serial);
	if (!profile_plan(w->made, h, w->candidate.spki,
	    &e->authorities.list[ca].facts, w->now,
	    view_of(w->cert.serial, sizeof(w->cert.serial)), w->a, &plan, f))
		return false;
	plan.sigalg = e->authorities.list[ca].sigalg;
	buf_init(&tbs, CERT_OCTETS_MAX);
	ok = tbs_encode(&plan, &tbs, f);
	w->cert.ca = e->ca[ca];
	w->cert.authz = w->authz.n;
	w->cert.template = w->template->n;
	w->cert.state = STORE_CERT_RESERVED;
	w->cert.body = ok ? arena_copy(w->a, buf_view(&tbs)) : VIEW_NONE;
	w->cert.subject = name_text(plan.subject, text, NAME_TEXT_MAX);
	if (h->nidentities > 0)
		identity_format(&h->identities[0], id);
	w->cert.identity = id;
	memcpy(w->cert.spki_hash, w->candidate.spki_hash, sizeof(w->cert.spki_hash));
	w->cert.not_before = plan.not_before;
	w->cert.not_after = plan.not_after;
	w->cert.created = w->now;
	buf_clear(&tbs);
	return ok && (w->cert.body.p != NULL || arena_fault(f));
}

void
work_actor(const struct work *w, char out[160])
{
	if (w->errand == ERRAND_BIND || w->errand == ERRAND_GENERATE)
		snprintf(out, 160, "admin:%s", w->sender.admin.name);
	else
		snprintf(out, 160, "peer:%s", w->authz.id);
}

/* The Admin learns of it; the authorization stays open. */
static bool
refuse_request(struct work *w, uint32_t code)
{
	struct store_authz	*z = &w->authz;
	struct fault		 f = { 0 };
	char			 actor[160], object[64];
	bool			 done;

	work_refuse_code(w, w->candidate.id, code);
	work_actor(w, actor);
	snprintf(object, sizeof(object), "authz:%" PRId64, z->n);
	z->last_failure = (int)code;
	if (store_authz_update(w->e->p.store, z, z->state, &done, &f) &&
	    note_audit(w->e, w->now, actor, "enrolment refused", object, w->fault.text, &f) &&
	    note_event(w->e, w->now, code == CVP_TEMPLATE_CHANGED ?
	    CVP_EVENT_TEMPLATE_CHANGED : CVP_EVENT_ENROLLMENT_FAILED, z, 0, (int)code, &f))
		return true;
	w->fault = f;
	return false;
}

/* In progress, for this key and no other. */
bool
enroll_bind(struct work *w, int64_t cert)
{
	struct store_authz	*z = &w->authz;
	char			 actor[160];
	bool			 done = true;

	/* Whoever has this token had it from that envelope (corrections, 3). */
	if (z->batch != 0 && !store_batch_drop_secrets(w->e->p.store, z->batch, z->n,
	    &w->fault))
		return false;
	if (z->state == STORE_AUTHZ_WAITING &&
	    !authz_move(w->e, z, STORE_AUTHZ_OPEN, "pki", w->now, &done, &w->fault))
		return false;
	z->bound = true;
	memcpy(z->spki_hash, w->candidate.spki_hash, sizeof(z->spki_hash));
	z->sealed = w->sealed;
	z->cert = cert;
	z->failed_proofs = 0;
	work_actor(w, actor);
	if (done && z->state == STORE_AUTHZ_IN_PROGRESS) {	/* it was held */
		if (!store_authz_update(w->e->p.store, z, z->state, &done, &w->fault))
			return false;
	} else if (done && !authz_move(w->e, z, STORE_AUTHZ_IN_PROGRESS, actor, w->now, &done,
	    &w->fault)) {
		return false;
	}
	if (!done)	/* another request of this batch was faster */
		return work_again(w), false;
	return true;
}

/* Before a person's word, or after it. */
static bool
say_no(struct work *w, uint32_t code, bool approved)
{
	if (!approved)
		return refuse_request(w, code);
	work_refuse_code(w, w->candidate.id, code);
	return approval_refused(w, &w->authz, code);
}

/* *done: the template of now does not take what was granted, and that was said. */
static bool
plan_request(struct work *w, struct granted_terms *g, bool approved, bool *done)
{
	*done = false;
	if (cert_plan_reserved(w, &g->holder, &w->fault)) {
		w->cert.template = remade_row(w, w->authz.template);
		return true;
	}
	*done = w->fate == TEMPLATE_AS_NEW && w->fault.kind == FAULT_REFUSED;
	return *done && say_no(w, CVP_TEMPLATE_CHANGED, approved);
}

/* What it would be is tried now: nobody is to approve what cannot be issued. */
static bool
hold_request(struct work *w, struct granted_terms *g)
{
	bool	held, done;

	if (!plan_request(w, g, false, &done))
		return false;
	if (done)
		return true;
	if (!approval_hold(w, &w->authz, STORE_CHANGE_NONE, w->cert.identity, &held))
		return false;
	return !held || enroll_bind(w, 0);
}

static bool
decide_issue(struct work *w, bool approved)
{
	struct granted_terms	g;
	uint32_t		code;
	bool			done;

	if (!check_request(w, &g, &code))
		return !may_work_later(&w->fault) && say_no(w, code, approved);
	if (!approved && approval_wanted(w, &g.cvp, STORE_CHANGE_NONE, true))
		return hold_request(w, &g);
	if (!plan_request(w, &g, approved, &done))
		return false;
	if (done)
		return true;
	if (!end_replaced(w) || !store_cert_insert(w->e->p.store, &w->cert, &w->fault) ||
	    !remade_note(w, &w->authz, &w->fault))
		return false;
	w->authz.held = false;
	if (!enroll_bind(w, w->cert.n))
		return false;
	w->course = COURSE_ISSUE;
	return !approved || approval_used(w);
}

/* A request that waited; what approves it is in the database, or it waits on. */
static bool
decide_held(struct work *w)
{
	enum approval_word	word;

	if (!approval_look(w, &w->authz, &word))
		return false;
	switch (word) {
	case APPROVAL_YES:
		return decide_issue(w, true);
	case APPROVAL_NOT_YET:
		return approval_pending(w, &w->authz, &w->approval);
	default:
		return true;
	}
}

/* The same id, proof and key: the same certificate (RFC 4809, 3.4.11). */
static bool
decide_repeat(struct work *w)
{
	struct fault	why = { 0 };

	if (!store_cert_find(w->e->p.store, w->authz.cert, true, w->a, &w->cert, &w->fault))
		return false;
	/* Its template may be gone by now; what was issued stays issued. */
	if (!remade_look(w, w->authz.template, &why) &&
	    (w->cert.state == STORE_CERT_RESERVED || why.kind != FAULT_NOT_FOUND)) {
		w->fault = why;
		return false;
	}
	if (w->cert.state == STORE_CERT_RESERVED)
		w->course = COURSE_ISSUE;	/* a crash came between */
	else if (w->cert.state == STORE_CERT_ISSUED || w->cert.state == STORE_CERT_CONFIRMED)
		w->course = COURSE_REPEAT;
	else {
		fault_set(&w->fault, FAULT_REFUSED, "", "certificate %" PRId64
		    " of authorization \"%s\" is not valid any more", w->cert.n, w->authz.id);
		refuse_identity(w);
	}
	return true;
}

/*
 * Stage 5, in the first transaction.  The record is read again: another
 * request of this batch may have moved it.
 */
bool
enroll_decide(struct work *w)
{
	struct store_authz	now;

	if (!store_authz_find_n(w->e->p.store, w->authz.n, w->a, &now, &w->fault))
		return false;
	if (now.state != w->authz.state || now.held != w->authz.held) {
		work_again(w);
		return true;
	}
	if (now.held)
		return decide_held(w);
	return is_open(w) ? decide_issue(w, false) : decide_repeat(w);
}

/* --- issue --------------------------------------------------------------------------- */

void
enroll_ask_issue(struct work *w, struct buf *questions, size_t *count)
{
	struct issue_request	q = {
		.sealed = w->authz.sealed,
		.template = view_str(w->template->t.name),
		.changed = w->since.changed, .old = w->since.settings,
		.terms = w->authz.terms,
		.label = view_str(w->authz.label),
		.tbs = w->cert.body,
	};

	if (!seal_facts_of(w->e, &w->authz, w->a, &q.facts, &w->fault)) {
		work_again(w);
		return;
	}
	signer_put_issue(questions, &q);
	(*count)++;
}

void
enroll_take_issue(struct work *w, const struct frame *answer)
{
	struct issue_answer	i;

	if (!signer_get_issue(answer, &i, &w->fault)) {
		log_fault(LOG_LEVEL_ERROR, "signer refused a certificate", &w->fault);
		w->course = COURSE_GIVE_BACK;
		return;
	}
	w->cert.body = arena_copy(w->a, i.cert);
	w->sealed = arena_copy(w->a, i.sealed);
	w->deed = arena_copy(w->a, i.deed);
}

static void
fill_answer(struct work *w)
{
	struct engine		*e = w->e;
	enum authority_id	 ca = authority_of(e, w->cert.ca);

	answer_status(&w->answer, CMC_CONFIRM_REQUIRED, w->candidate.id);
	answer_cert(&w->answer, w->cert.body);
	if (authority_line(ca) == AUTHORITY_MANAGEMENT)
		answer_cert(&w->answer, buf_view(&e->authorities.list[ca].der));
	w->done = true;
}

static bool
store_issued(struct work *w, struct fault *f)
{
	struct store_authz	*z = &w->authz;
	uint8_t			 digest[SHA1_OCTETS];
	bool			 done = false;
	char			 actor[160];

	sha1(w->cert.body, digest);
	if (!store_cert_finish(w->e->p.store, w->cert.n, w->cert.body, w->deed, digest, &done, f))
		return false;
	if (!done)
		return fault_set(f, FAULT_CONFLICT, "", "certificate %" PRId64
		    " was finished by another request", w->cert.n);
	z->sealed = w->sealed;
	z->confirm_by = w->now + z->confirm_within;
	work_actor(w, actor);
	/* With its nonces, so that the confirmation can be tied to it. */
	if (!work_record_request(w, z, w->cert.n) ||
	    !authz_move(w->e, z, STORE_AUTHZ_ISSUED, actor, w->now, &done, f))
		return false;
	return done || fault_set(f, FAULT_CONFLICT, "", "authorization \"%s\" moved", z->id);
}

/* Open again, unbound (corrections, 12); what was signed once stays reserved. */
static bool
give_back_refused(struct work *w)
{
	struct fault	why = { 0 };

	if (!give_back(w->e, &w->authz, w->now, &why)) {
		log_fault(LOG_LEVEL_ERROR, "could not give a reservation up", &why);
		if (why.kind != FAULT_REFUSED)
			return false;
	}
	work_refuse(w, w->candidate.id, CMC_INTERNAL_CA_ERROR);
	return true;
}

/*
 * Others of this batch may have repeated too, confirmed or revoked: their
 * share of the record stays, and each answer's nonce in the chain.
 */
static bool
repeat_current(struct work *w)
{
	struct store_authz	now;
	bool			done;

	if (!store_authz_find_n(w->e->p.store, w->authz.n, w->a, &now, &w->fault))
		return false;
	if (now.state != w->authz.state)
		return fault_set(&w->fault, FAULT_CONFLICT, "", "authorization \"%s\" moved",
		    now.id);
	w->authz = now;
	w->authz.failed_proofs = 0;
	return work_record_request(w, &w->authz, w->cert.n) &&
	    store_authz_update(w->e->p.store, &w->authz, w->authz.state, &done, &w->fault);
}

/* Stage 7, in the second transaction. */
bool
enroll_finish(struct work *w)
{
	if (w->course == COURSE_GIVE_BACK)
		return give_back_refused(w);
	if (w->course == COURSE_ISSUE) {
		if (!store_issued(w, &w->fault))
			return false;
	} else if (!repeat_current(w)) {
		return false;
	}
	fill_answer(w);
	return true;
}

/* --- the trust anchor ------------------------------------------------------------------ */

/* With every certificate: a Peer may hold no anchor yet (corrections, 10). */
void
enroll_ask_anchors(struct work *w, struct buf *questions, size_t *count)
{
	struct anchors_request	q = {
		.sealed = w->authz.sealed, .transaction = w->verified.transaction,
		.nonce = w->verified.sender_nonce,
	};

	if (!seal_facts_of(w->e, &w->authz, w->a, &q.facts, &w->fault)) {
		work_again(w);
		return;
	}
	signer_put_anchors(questions, &q);
	(*count)++;
}

void
enroll_take_anchors(struct work *w, const struct frame *answer)
{
	struct view	message;
	struct buf	id;

	if (!signer_get_object(answer, SIGNER_ANCHORS, &message, &w->fault)) {
		log_fault(LOG_LEVEL_ERROR, "signer refused trust anchors", &w->fault);
		work_again(w);
		return;
	}
	buf_init(&id, 16);
	der_put_uint(&id, ANSWER_CONTENT_ID);
	w->answer.content = arena_copy(w->a, message);
	answer_control(&w->answer, CMC_AUTH_DATA, arena_copy(w->a, buf_view(&id)));
	buf_clear(&id);
}

/*
 * What a refused proof leaves behind.  Whoever holds no token may cause a few
 * rows an hour on one id and no more; nothing is locked (corrections, 9, 19).
 */
bool
enroll_note(struct work *w)
{
	struct store_authz	z;
	bool			quiet, done;

	if (!store_authz_find_n(w->e->p.store, w->authz.n, w->a, &z, &w->fault))
		return false;
	quiet = w->now < z.event_at + FAILURES_SECONDS;
	if (quiet && z.failed_proofs >= FAILURES_NOTED)
		return true;
	if (!quiet && z.failed_proofs >= FAILURES_NOTED)
		z.failed_proofs = 0;
	z.failed_proofs += w->note_kind == 0;
	if (w->note_kind == 0 && z.failed_proofs == FAILURES_NOTED)
		w->note_kind = CVP_EVENT_LOCKED;
	if (w->note_kind != 0 && (!quiet || w->note_kind == CVP_EVENT_LOCKED)) {
		z.event_at = w->now;
		if (!note_event(w->e, w->now, w->note_kind, &z, 0, 0, &w->fault))
			return false;
	}
	return store_authz_update(w->e->p.store, &z, z.state, &done, &w->fault);
}
