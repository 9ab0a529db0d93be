/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/relay_check.h"

#include "codec/oid.h"
#include "message/certreq.h"
#include "message/signed.h"

#define CONTENT_DEPTH_MAX	40	/* as the PKI takes it */
#define MESSAGE_DEPTH_MAX	32	/* the same, inside a layer */

static bool
open_message(struct view message, struct arena *a, struct cms_signed *m,
    struct cmc_request *q, struct fault *f)
{
	uint32_t	about;

	if (!message_open(message, a, m, f))
		return false;
	if (!view_equal(m->content_type, OID_CT_PKI_DATA) || !m->has_content)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2",
		    "the signed content is not a PKIData");
	if (m->signer_count > 1)
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 3.2", "%zu signatures on one layer",
		    m->signer_count);
	return der_check(m->content, CONTENT_DEPTH_MAX, f) &&
	    cmc_request_decode(m->content, a, &cmc_limits_peer, q, &about, f);
}

static bool
check_proofs(const struct cms_signed *m, const struct certreq *r, struct pubkey *pub,
    struct fault *f)
{
	bool	own = m->signer_count == 1 && m->signers[0].sid.kind == CMS_SID_SKI;

	return (!own || message_verify_ski(m, r->ski, pub, f)) &&
	    (certreq_check_pop(r, pub, f) || fault_within(f, "proof of possession"));
}

/*
 * A request that is read differently here, or a kind of key that is not known
 * here, is for the PKI to refuse, in words that the Peer understands.
 */
static bool
check_possession(const struct cms_signed *m, const struct cmc_request *q, struct arena *a,
    struct fault *f)
{
	struct certreq	*r = arena_alloc(a, sizeof(*r));
	struct pubkey	*pub;
	bool		 ok;

	if (r == NULL)
		return arena_fault(f);
	if (q->n_requests != 1 || !certreq_read(&q->requests[0], a, r, NULL) ||
	    (pub = pubkey_from_spki(r->spki, NULL)) == NULL)
		return true;
	ok = check_proofs(m, r, pub, f);
	pubkey_free(pub);
	return ok;
}

static const char *
what_of(const struct cms_signed *m, const struct cmc_request *q)
{
	if (m->signer_count == 0)
		return "unsigned";
	if (cmc_find(&q->controls, CMC_CONFIRM_CERT_ACCEPTANCE) != NULL)
		return "confirmation";
	if (q->n_requests > 0)
		return m->signers[0].sid.kind == CMS_SID_SKI ? "enrolment" : "renewal";
	return cmc_find(&q->controls, CMC_REVOKE_REQUEST) != NULL ? "revocation" : "controls";
}

/* What a Peer says; an Admin's rights do not reach through another's layer. */
static const enum cmc_kind peer_kinds[] = {
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_DATA_RETURN,
	CMC_IDENTIFICATION, CMC_IDENTITY_PROOF_V2, CMC_POP_LINK_RANDOM,
	CMC_CONFIRM_CERT_ACCEPTANCE, CMC_STATUS_INFO_V2, CMC_REVOKE_REQUEST, CVP_AUTHZ_USE, 0
};

/* BER inside would make the whole layer no DER. */
static bool
may_be_wrapped(struct view message, const struct cms_signed *m, const struct cmc_request *q)
{
	if (m->signer_count != 1 || !der_check(message, MESSAGE_DEPTH_MAX, NULL))
		return false;
	for (size_t i = 0; i < q->controls.n; i++) {
		size_t	k = 0;

		while (peer_kinds[k] != 0 && peer_kinds[k] != q->controls.v[i].kind)
			k++;
		if (peer_kinds[k] == 0)
			return false;
	}
	return true;
}

bool
relay_check(struct view message, struct arena *a, struct relay_claim *out, struct fault *f)
{
	const struct cmc_control	*c;
	struct cms_signed		 m;
	struct cmc_request		 q;

	*out = (struct relay_claim){ .what = "message" };
	if (!open_message(message, a, &m, &q, f))
		return false;
	out->what = what_of(&m, &q);
	out->is_signed = m.signer_count == 1;
	out->wraps = may_be_wrapped(message, &m, &q);
	if ((c = cmc_find(&q.controls, CMC_TRANSACTION_ID)) != NULL &&
	    !cmc_transaction_id(c->value, &out->transaction, f))
		return false;
	if ((c = cmc_find(&q.controls, CMC_SENDER_NONCE)) != NULL &&
	    !cmc_nonce(c->value, &out->nonce, f))
		return false;
	return check_possession(&m, &q, a, f);
}
