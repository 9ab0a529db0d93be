/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 3: the signature holds, and the controls may stand where they stand. */
#include "codec/oid.h"
#include "message/certreq.h"
#include "message/proof.h"
#include "message/signed.h"
#include "pki/work.h"

#define PEER_OCTETS_MAX		(64u << 10)
#define PEER_CERTIFICATES_MAX	8
#define CONTROLS_NAMED		16

/* Who may send much: an Admin.  Everybody else is small (corrections, 19). */
static const struct cmc_limits *
limits_of(const struct work *w)
{
	return w->sender.admin.n != 0 ? &cmc_limits_admin : &cmc_limits_peer;
}

static bool
within_octets(struct work *w, struct fault *f)
{
	return w->opened.message.content.n <= PEER_OCTETS_MAX || fault_set(f, FAULT_LIMIT,
	    "corrections, 19", "a PKIData of %zu octets, up to %u are taken from a Peer",
	    w->opened.message.content.n, PEER_OCTETS_MAX);
}

static bool
within_limits(struct work *w, struct fault *f)
{
	if (w->sender.admin.n != 0)
		return true;
	if (!within_octets(w, f))
		return false;
	if (w->opened.message.certificate_count > PEER_CERTIFICATES_MAX)
		return fault_set(f, FAULT_LIMIT, "corrections, 19",
		    "%zu certificates, up to %d are taken from a Peer",
		    w->opened.message.certificate_count, PEER_CERTIFICATES_MAX);
	return true;
}

/* transactionId and nonces, and dataReturn, which every answer carries back. */
static bool
read_frame(struct work *w, struct fault *f)
{
	const struct cmc_controls	*c = &w->verified.data.controls;
	struct verified			*v = &w->verified;
	const struct cmc_control	*one;

	if ((one = cmc_find(c, CMC_TRANSACTION_ID)) != NULL &&
	    !cmc_transaction_id(one->value, &v->transaction, f))
		return false;
	if ((one = cmc_find(c, CMC_SENDER_NONCE)) != NULL &&
	    !cmc_nonce(one->value, &v->sender_nonce, f))
		return false;
	if ((one = cmc_find(c, CMC_RECIPIENT_NONCE)) != NULL &&
	    !cmc_nonce(one->value, &v->recipient_nonce, f))
		return false;
	if ((one = cmc_find(c, CMC_DATA_RETURN)) != NULL) {
		if (!cmc_octets(one->value, 0, 4096, &w->answer.data_return, f))
			return false;
		w->answer.has_data_return = true;
	}
	w->answer.transaction = v->transaction;
	w->answer.recipient_nonce = v->sender_nonce;
	return true;
}

/* An unknown control fails the whole message and names all of them. */
static bool
refuse_unknown(struct work *w)
{
	uint32_t	ids[CONTROLS_NAMED];
	size_t		n = cmc_unknown(&w->verified.data.controls, ids, CONTROLS_NAMED);

	if (n == 0)
		return false;
	fault_set(&w->fault, FAULT_REFUSED, "RFC 10002, 3.2.1.1", "%zu unknown controls", n);
	for (size_t i = 0; i < n && i < CONTROLS_NAMED; i++)
		work_refuse(w, ids[i], CMC_BAD_REQUEST);
	return true;
}

/* The controls of this errand and no other (corrections, 4, 5 and 7). */
static const enum cmc_kind enroll_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CMC_IDENTIFICATION, CMC_IDENTITY_PROOF_V2, CMC_POP_LINK_RANDOM, 0
};
static const enum cmc_kind confirm_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CMC_CONFIRM_CERT_ACCEPTANCE, CMC_STATUS_INFO_V2, 0
};
static const enum cmc_kind change_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CVP_AUTHZ_USE, 0
};
static const enum cmc_kind bind_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CVP_AUTHZ_BIND, CVP_AUTHZ_REQUEST, 0
};
static const enum cmc_kind generate_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CVP_KEY_GEN_REQUEST, 0
};
static const enum cmc_kind peer_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CMC_REVOKE_REQUEST, CMC_STATUS_INFO_V2, CVP_AUTHZ_CANCEL, CVP_AUTHZ_CANCEL_ACK, 0
};
static const enum cmc_kind admin_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CMC_REVOKE_REQUEST, CVP_AUTHZ_REQUEST, CVP_AUTHZ_ACK, CVP_AUTHZ_QUERY,
	CVP_EVENT_QUERY, CVP_TEMPLATE_QUERY, CVP_AUTHZ_CANCEL, CVP_AUTHZ_CANCEL_ACK, 0
};
static const enum cmc_kind wrapper_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_BATCH_REQUESTS, 0
};
static const enum cmc_kind poll_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CMC_QUERY_PENDING, 0
};
static const enum cmc_kind unsigned_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE,
	CVP_AUTHZ_CANCEL, CVP_AUTHZ_CANCEL_ACK, 0
};

static const enum cmc_kind *
kinds_of(const struct work *w)
{
	switch (w->errand) {
	case ERRAND_ENROLL:
		return enroll_kinds;
	case ERRAND_CONFIRM:
	case ERRAND_REJECT:
		return confirm_kinds;
	case ERRAND_CHANGE:
		return change_kinds;
	case ERRAND_BIND:
		return bind_kinds;
	case ERRAND_GENERATE:
		return generate_kinds;
	case ERRAND_UNSIGNED:
		return unsigned_kinds;
	case ERRAND_WRAPPER:
		return wrapper_kinds;
	case ERRAND_POLL:
		return poll_kinds;
	default:
		return w->sender.admin.n != 0 ? admin_kinds : peer_kinds;
	}
}

static bool
only_these(struct work *w, const enum cmc_kind *allowed)
{
	const struct cmc_controls	*c = &w->verified.data.controls;

	if (w->errand == ERRAND_UNSIGNED && w->verified.data.n_requests > 0) {
		fault_set(&w->fault, FAULT_REFUSED, "corrections, 4", "an unsigned request");
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_MESSAGE_CHECK);
		return false;
	}
	for (size_t i = 0; i < c->n; i++) {
		size_t	k = 0;

		while (allowed[k] != 0 && allowed[k] != c->v[i].kind)
			k++;
		if (allowed[k] != 0)
			continue;
		fault_set(&w->fault, FAULT_REFUSED, "", "control %s from this sender",
		    cmc_kind_name(c->v[i].kind));
		/* Those of an enrolment stand behind the key's own signature (7). */
		if (c->v[i].kind == CVP_KEY_GEN_REQUEST && w->sender.admin.n != 0 &&
		    w->errand == ERRAND_OTHER)
			work_refuse_code(w, c->v[i].id, CVP_NO_KEY_GENERATION);
		else if (w->errand == ERRAND_ENROLL || w->errand == ERRAND_UNSIGNED ||
		    c->v[i].kind == CMC_IDENTIFICATION ||
		    c->v[i].kind == CMC_IDENTITY_PROOF_V2)
			work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_MESSAGE_CHECK);
		else
			work_refuse(w, c->v[i].id, CMC_BAD_REQUEST);
		return false;
	}
	return true;
}

/* About an authorization that there is already, not about an entry beside it. */
static bool
by_id(const struct work *w, enum cmc_kind kind)
{
	const struct cmc_controls	*c = &w->verified.data.controls;

	return cmc_find(c, kind) != NULL && cmc_find(c, CVP_AUTHZ_REQUEST) == NULL;
}

/* Without a template that lets the PKI make keys, all that is asked is refused alike. */
static bool
makes_keys(const struct templates *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].t.generation & GENERATION_BIT(GENERATION_PKI))
			return true;
	return false;
}

static enum errand
errand_of(const struct work *w)
{
	if (w->opened.signer == NULL)
		return ERRAND_UNSIGNED;
	if (w->verified.data.n_requests == 0 &&
	    cmc_find(&w->verified.data.controls, CMC_QUERY_PENDING) != NULL)
		return ERRAND_POLL;
	if (!w->sender.by_cert && w->verified.data.n_requests == 0 &&
	    cmc_find(&w->verified.data.controls, CMC_CONFIRM_CERT_ACCEPTANCE) != NULL)
		return ERRAND_REJECT;
	if (!w->sender.by_cert)
		return ERRAND_ENROLL;
	if (w->sender.admin.n != 0 &&
	    cmc_find(&w->verified.data.controls, CMC_BATCH_REQUESTS) != NULL)
		return ERRAND_WRAPPER;
	if (cmc_find(&w->verified.data.controls, CMC_CONFIRM_CERT_ACCEPTANCE) != NULL)
		return ERRAND_CONFIRM;
	if (w->sender.admin.n != 0 && w->verified.data.n_requests > 0 &&
	    cmc_find(&w->verified.data.controls, CVP_AUTHZ_BIND) != NULL)
		return ERRAND_BIND;
	if (w->sender.admin.n != 0 && by_id(w, CVP_KEY_GEN_REQUEST) &&
	    w->verified.data.n_requests == 0 && makes_keys(&w->e->templates))
		return ERRAND_GENERATE;
	return w->verified.data.n_requests > 0 ? ERRAND_CHANGE : ERRAND_OTHER;
}

/* --- the certification request -------------------------------------------------- */

static bool
read_candidate(struct work *w, struct certreq *r, uint32_t *about, struct fault *f)
{
	struct candidate	*c = &w->candidate;

	c->id = *about = w->verified.data.requests[0].id;
	if (!certreq_read(&w->verified.data.requests[0], w->a, r, f))
		return false;
	c->spki = r->spki;
	c->subject = r->subject;
	c->has_san = r->has_san;
	c->san = r->san;
	sha256(c->spki, c->spki_hash);
	return true;
}

static bool
verify_candidate(struct work *w, const struct certreq *r, struct pubkey *pub,
    enum cmc_fail *fail, uint32_t *about, struct fault *f)
{
	*fail = CMC_BAD_MESSAGE_CHECK;
	*about = CMC_WHOLE_MESSAGE;
	if (!message_verify_ski(&w->opened.message, r->ski, pub, f))
		return false;
	*fail = CMC_POP_FAILED;
	*about = w->candidate.id;
	return certreq_check_pop(r, pub, f);
}

static bool
proof_algorithms(const struct cmc_proof *p, struct fault *f)
{
	if (!cmc_alg_is(&p->key_alg, OID_SHA256) ||
	    !cmc_alg_is(&p->mac_alg, OID_HMAC_SHA256))
		return fault_set(f, FAULT_ALGORITHM, "corrections, 23",
		    "a proof with other algorithms than SHA-256 and HMAC-SHA-256");
	if (p->witness.n != PROOF_OCTETS)
		return fault_set(f, FAULT_MALFORMED, "corrections, 23",
		    "a witness of %zu octets", p->witness.n);
	return true;
}

/* identification, identityProofV2, popLinkRandom, and the witness inside. */
static bool
read_proofs(struct work *w, struct view witness, uint32_t *about, enum cmc_fail *fail,
    struct fault *f)
{
	const struct cmc_controls	*all = &w->verified.data.controls;
	const struct cmc_control	*who = cmc_find(all, CMC_IDENTIFICATION);
	const struct cmc_control	*proof = cmc_find(all, CMC_IDENTITY_PROOF_V2);
	const struct cmc_control	*random = cmc_find(all, CMC_POP_LINK_RANDOM);
	struct candidate		*c = &w->candidate;

	*about = CMC_WHOLE_MESSAGE;
	*fail = CMC_BAD_IDENTITY;
	if (who == NULL || proof == NULL)
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 6.2",
		    "no identification or no identityProofV2");
	c->proof_control = proof->id;
	*about = who->id;
	*fail = CMC_BAD_REQUEST;
	if (!cmc_identification(who->value, &c->identification, f))
		return false;
	*about = proof->id;
	if (!cmc_proof_decode(proof->value, &c->identity, f))
		return false;
	*fail = CMC_BAD_ALG;
	if (!proof_algorithms(&c->identity, f))
		return false;
	*fail = CMC_BAD_REQUEST;
	if (random == NULL) {
		*about = CMC_WHOLE_MESSAGE;
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 6.3.1.1", "no popLinkRandom");
	}
	*about = random->id;
	if (!cmc_octets(random->value, LINK_RANDOM_MIN, LINK_RANDOM_MAX, &c->link_random, f))
		return false;
	if (!proof_link_random_ok(c->link_random))
		return fault_set(f, FAULT_REFUSED, "corrections, 23",
		    "a popLinkRandom that could be a reqSequence");
	*about = c->id;
	if (witness.n == 0) {
		*fail = CMC_BAD_IDENTITY;
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 6.3.1", "no popLinkWitnessV2");
	}
	if (!cmc_proof_decode(witness, &c->link, f))
		return false;
	*fail = CMC_BAD_ALG;
	return proof_algorithms(&c->link, f);
}

/*
 * Checks that do not depend on the id come first, and are the same whether
 * the id exists or not (corrections, 18).
 */
static bool
verify_enrollment(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	struct candidate	*c = &w->candidate;
	struct pubkey		*pub;
	struct certreq		 r;
	bool			 ok;

	*about = CMC_WHOLE_MESSAGE;
	*fail = CMC_BAD_REQUEST;
	if (w->verified.data.n_requests != 1) {
		*fail = CMC_BAD_MESSAGE_CHECK;
		return fault_set(f, FAULT_REFUSED, "corrections, 7",
		    "%zu requests in one enrolment", w->verified.data.n_requests);
	}
	if (!read_candidate(w, &r, about, f))
		return false;
	if (r.changes_names)
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 7.1",
		    "changeSubjectName in a first enrolment");
	if (!read_proofs(w, r.link_witness, about, fail, f))
		return false;
	*about = c->id;
	*fail = CMC_BAD_ALG;
	if ((pub = pubkey_from_spki(c->spki, f)) == NULL)
		return false;
	ok = verify_candidate(w, &r, pub, fail, about, f);
	pubkey_free(pub);
	return ok;
}

/* Who has a certificate shows that, and no token beside it (corrections, 7). */
static bool
no_token(const struct work *w, struct fault *f)
{
	const struct cmc_controls	*c = &w->verified.data.controls;

	if (cmc_find(c, CMC_IDENTIFICATION) == NULL &&
	    cmc_find(c, CMC_IDENTITY_PROOF_V2) == NULL)
		return true;
	return fault_set(f, FAULT_REFUSED, "corrections, 7",
	    "proof of a token in a message that a certificate signed");
}

/* The certificate that signed is ours (from the store) and still good. */
static bool
verify_certificate(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	const struct store_cert	*row = &w->sender.row;

	*about = CMC_WHOLE_MESSAGE;
	*fail = CMC_BAD_MESSAGE_CHECK;
	if (w->sender.cert.der.n == 0)
		return fault_set(f, FAULT_REFUSED, "", "signed by a certificate never issued");
	if (!no_token(w, f) || !message_verify_cert(&w->opened.message, &w->sender.cert, NULL,
	    SIGNING_CERTIFICATE_REQUIRED, f))
		return false;
	*fail = CMC_BAD_IDENTITY;
	/* confirm.c says that it comes too late, or repeats a receipt. */
	if (row->state == STORE_CERT_REVOKED && w->errand != ERRAND_CONFIRM) {
		w->code = CVP_OLD_REVOKED;
		return fault_set(f, FAULT_REFUSED, "corrections, 7",
		    "signed by a certificate that is revoked");
	}
	if (w->now > row->not_after || row->state == STORE_CERT_EXPIRED) {
		w->code = CVP_OLD_EXPIRED;
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.5.2",
		    "signed by a certificate that has expired: a new enrolment is needed");
	}
	return true;
}

/* --- a request that a certificate signed ------------------------------------------- */

/* The token of a later authorization; its proof is the signer's to check. */
static bool
read_use(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	const struct cmc_controls	*all = &w->verified.data.controls;
	const struct cmc_control	*c, *more;
	size_t				 at = 0;

	if ((c = cmc_next(all, CVP_AUTHZ_USE, &at)) == NULL)
		return true;
	*about = c->id;
	*fail = CMC_BAD_REQUEST;
	if ((more = cmc_next(all, CVP_AUTHZ_USE, &at)) != NULL) {
		*about = more->id;
		return fault_set(f, FAULT_REFUSED, "corrections, 15", "two authzUse");
	}
	if (!cvp_use_decode(c->value, &w->use, f))
		return false;
	if (w->use.request != w->candidate.id)
		return fault_set(f, FAULT_REFUSED, "corrections, 15",
		    "authzUse for request %u, which is not there", w->use.request);
	w->has_use = true;
	w->use_control = c->id;
	*fail = CMC_BAD_ALG;
	return proof_algorithms(&w->use.proof, f);
}

/* Who signs shows the right to ask; the requested key, that it is held. */
static bool
verify_request(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	struct certreq	*r = arena_alloc(w->a, sizeof(*r));
	struct pubkey	*pub;
	bool		 ok;

	*fail = CMC_BAD_REQUEST;
	if (r == NULL)
		return arena_fault(f);
	if (w->verified.data.n_requests != 1) {
		*about = w->verified.data.requests[1].id;
		return fault_set(f, FAULT_REFUSED, "corrections, 15", "%zu requests in one message",
		    w->verified.data.n_requests);
	}
	if (!read_candidate(w, r, about, f))
		return false;
	w->request = r;
	*fail = CMC_BAD_ALG;
	if ((pub = pubkey_from_spki(r->spki, f)) == NULL)
		return false;
	*fail = CMC_POP_FAILED;
	ok = certreq_check_pop(r, pub, f);
	pubkey_free(pub);
	return ok;
}

static bool
verify_change(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	return verify_request(w, about, fail, f) && read_use(w, about, fail, f);
}

/* --- an Admin in the place of a Peer -------------------------------------------------- */

/* The one control of its kind; one message is about one authorization. */
static bool
only_control(struct work *w, enum cmc_kind kind, const struct cmc_control **c,
    uint32_t *about, struct fault *f)
{
	const struct cmc_controls	*all = &w->verified.data.controls;
	const struct cmc_control	*more;
	size_t				 at = 0;

	*c = cmc_next(all, kind, &at);
	w->target_control = *about = (*c)->id;
	if ((more = cmc_next(all, kind, &at)) == NULL)
		return within_octets(w, f);
	*about = more->id;
	return fault_set(f, FAULT_REFUSED, "corrections, 5", "two %s in one message",
	    cmc_kind_name(kind));
}

static bool
by_known_id(const struct cvp_target *t, struct fault *f)
{
	return t->entry_id == 0 || fault_set(f, FAULT_REFUSED, "corrections, 5",
	    "entry %u of no authzRequest in this message", t->entry_id);
}

/* An entry is one of the authzRequest in the same message, an id one of before. */
static bool
target_is_here(const struct work *w, const struct cvp_target *t, struct fault *f)
{
	if (cmc_find(&w->verified.data.controls, CVP_AUTHZ_REQUEST) == NULL)
		return by_known_id(t, f);
	return t->entry_id != 0 || fault_set(f, FAULT_REFUSED, "corrections, 5",
	    "authzBind of a known id beside an authzRequest");
}

static bool
verify_bound(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	if (!verify_request(w, about, fail, f))
		return false;
	*fail = CMC_BAD_REQUEST;
	return !w->request->changes_names || fault_set(f, FAULT_REFUSED, "RFC 10002, 7.1",
	    "changeSubjectName in a first enrolment");
}

static bool
verify_bind(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	const struct cmc_control	*c;
	struct cvp_bind			 bind;

	*fail = CMC_BAD_REQUEST;
	if (!only_control(w, CVP_AUTHZ_BIND, &c, about, f) ||
	    !cvp_bind_decode(c->value, &bind, f) || !target_is_here(w, &bind.target, f))
		return false;
	if (bind.request != w->verified.data.requests[0].id)
		return fault_set(f, FAULT_REFUSED, "corrections, 5",
		    "authzBind of request %u, which is not there", bind.request);
	w->target = bind.target;
	if (verify_bound(w, about, fail, f))
		return true;
	if (w->target.entry_id == 0)
		return false;
	/* The authorization beside it has its own verdict (decision 14). */
	w->request_fault = *f;
	w->request_about = *about;
	w->request_fail = *fail;
	fault_clear(f);
	return true;
}

static bool
verify_generate(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	const struct cmc_control	*c;

	*fail = CMC_BAD_REQUEST;
	if (!only_control(w, CVP_KEY_GEN_REQUEST, &c, about, f) ||
	    !cvp_key_gen_request_decode(c->value, w->a, &w->generate, f) ||
	    !by_known_id(&w->generate.target, f))
		return false;
	w->target = w->generate.target;
	w->candidate.id = c->id;
	sha256(c->value, w->generate_digest);
	return true;
}

bool
verify_take_request(struct work *w, uint32_t *about, enum cmc_fail *fail, struct fault *f)
{
	struct certreq	*r = arena_alloc(w->a, sizeof(*r));

	if (r == NULL)
		return arena_fault(f);
	if (w->errand == ERRAND_BIND)
		return verify_bind(w, about, fail, f);
	if (w->errand == ERRAND_GENERATE)
		return verify_generate(w, about, fail, f);
	w->request = r;
	return read_candidate(w, r, about, f) && (w->errand == ERRAND_CHANGE ?
	    read_use(w, about, fail, f) : read_proofs(w, r->link_witness, about, fail, f));
}

static bool
decode(struct work *w, uint32_t *about, struct fault *f)
{
	*about = CMC_WHOLE_MESSAGE;
	return within_limits(w, f) &&
	    cmc_request_decode(w->opened.message.content, w->a, limits_of(w),
	    &w->verified.data, about, f);
}

/* Who signs with a certificate that is over is told so, and its Admin too. */
static void
refuse_sender(struct work *w, uint32_t about, enum cmc_fail fail)
{
	if (w->code == 0) {
		work_refuse(w, about, fail);
		return;
	}
	if (w->errand == ERRAND_CHANGE) {
		about = w->verified.data.requests[0].id;
		w->note = true;
	}
	work_refuse_code(w, about, w->code);
}

void
work_verify(struct work *w)
{
	uint32_t	about = CMC_WHOLE_MESSAGE;
	enum cmc_fail	fail = CMC_BAD_REQUEST;
	bool		ok = true;

	/*
	 * Who only claims to be an Admin gets no Admin's limits: something large is
	 * read once its signature holds.
	 */
	if (w->sender.admin.n != 0 && w->opened.message.content.n > PEER_OCTETS_MAX &&
	    !verify_certificate(w, &about, &fail, &w->fault)) {
		work_refuse(w, about, fail);
		return;
	}
	fail = CMC_BAD_REQUEST;
	if (!decode(w, &about, &w->fault) || !read_frame(w, &w->fault)) {
		work_refuse(w, about, CMC_BAD_REQUEST);
		return;
	}
	if (w->e->clock_behind) {
		fault_set(&w->fault, FAULT_BUSY, "corrections, 24", "the clock is behind");
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_TRY_LATER);
		return;
	}
	w->errand = errand_of(w);
	if (w->outer != NULL && w->errand == ERRAND_UNSIGNED) {
		fault_set(&w->fault, FAULT_REFUSED, "corrections, 2",
		    "a message without signature, wrapped");
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_MESSAGE_CHECK);
		return;
	}
	for (size_t i = 0; i < w->verified.data.n_requests; i++)
		if (w->verified.data.requests[i].form == CMC_ORM) {
			/* noSupport, and no other request is processed (3.2.1). */
			fault_set(&w->fault, FAULT_REFUSED, "RFC 10002, 3.2.1", "an orm request");
			answer_status(&w->answer, CMC_NO_SUPPORT, w->verified.data.requests[i].id);
			w->done = true;
			return;
		}
	if (w->errand == ERRAND_ENROLL)
		ok = verify_enrollment(w, &about, &fail, &w->fault);
	else if (w->errand != ERRAND_UNSIGNED && w->sender.by_cert)
		ok = verify_certificate(w, &about, &fail, &w->fault) &&
		    (w->errand != ERRAND_CHANGE || verify_change(w, &about, &fail, &w->fault)) &&
		    (w->errand != ERRAND_BIND || verify_bind(w, &about, &fail, &w->fault)) &&
		    (w->errand != ERRAND_GENERATE || verify_generate(w, &about, &fail, &w->fault));
	if (!ok) {
		refuse_sender(w, about, fail);
		return;
	}
	if (refuse_unknown(w))
		return;
	if (!cmc_request_rules(&w->verified.data, &about, &w->fault)) {
		work_refuse(w, about, CMC_BAD_REQUEST);
		return;
	}
	(void)only_these(w, kinds_of(w));
}
