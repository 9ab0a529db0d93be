/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cvp.h"
#include "codec/extension.h"
#include "codec/oid.h"
#include "message/csr.h"
#include "message/proof.h"
#include "peer/ask.h"
#include "profile/identity.h"
#include "profile/prepare.h"

#define REQUESTS_MAX	(32u << 10)
#define CONTENT_MAX	(48u << 10)	/* all of a PKIData */
#define SAN_MAX		(8u << 10)	/* sixteen names of 255 octets, and room */
#define PROOF_MAX	128	/* IdentityProofV2 as we write it has 61 octets */
#define TAG_SEQUENCE	0x30

/* What is known while a request is made.  Holds K: wiped at the end. */
struct making {
	struct buf	id;		/* prepared */
	uint8_t		k[PROOF_OCTETS];
	uint8_t		random[LINK_RANDOM_MIN];	/* popLinkRandom */
	struct buf	san;
	struct buf	p10;
	struct buf	requests;	/* the whole reqSequence */
	struct buf	content;	/* PKIData */
};

static void
making_init(struct making *m)
{
	memset(m, 0, sizeof(*m));
	buf_init(&m->id, AUTHZ_ID_OCTETS_MAX);
	buf_init(&m->san, SAN_MAX);
	buf_init(&m->p10, REQUESTS_MAX);
	buf_init(&m->requests, REQUESTS_MAX);
	buf_init(&m->content, CONTENT_MAX);
}

static void
making_clear(struct making *m)
{
	buf_clear(&m->id);
	buf_clear(&m->san);
	buf_clear(&m->p10);
	buf_clear(&m->requests);
	buf_clear(&m->content);
	secret_wipe(m, sizeof(*m));
}

/* K = SHA-256(token || id), both prepared. */
static bool
derive_key(const struct ticket *t, struct making *m, struct fault *f)
{
	struct buf	token;
	bool		ok;

	buf_init(&token, TOKEN_OCTETS_MAX);
	ok = prepare_id(view_str(t->id), &m->id, f) &&
	    token_normalise(view_str(t->token), &token, f);
	if (ok)
		proof_key(buf_view(&token), buf_view(&m->id), m->k);
	if (token.p != NULL)
		secret_wipe(token.p, token.n);
	buf_clear(&token);
	return ok || fault_within(f, "ticket");
}

/* The names we were told; the PKI knows them, and compares. */
static bool
write_names(const struct ticket *t, struct buf *out, struct fault *f)
{
	struct identity		ids[TICKET_IDENTITIES_MAX];
	struct general_name	names[TICKET_IDENTITIES_MAX];

	for (size_t i = 0; i < t->n_identities; i++) {
		if (!identity_parse_tagged(view_str(t->identities[i]), &ids[i], f))
			return fault_within(f, "ticket");
		identity_to_san(&ids[i], &names[i]);
	}
	if (t->n_identities > 0)
		general_names_put(out, names, t->n_identities);
	return buf_check(out, "subjectAltName", f);
}

/* reqSequence: the random value, its witness, and the request around it. */
static bool
write_requests(const struct ticket *t, struct key *key, const struct rng *rng,
    struct making *m, struct fault *f)
{
	struct request_terms	terms = { 0 };
	uint8_t			witness[PROOF_OCTETS];
	size_t			mark;

	rng_fill(rng, m->random, sizeof(m->random));
	if (m->random[0] == TAG_SEQUENCE)	/* could pass for a reqSequence */
		m->random[0] ^= 0xff;
	proof_link(m->k, view_of(m->random, sizeof(m->random)), witness);
	if (!write_names(t, &m->san, f))
		return false;
	terms.san = buf_view(&m->san);
	terms.link_witness = witness;
	if (!request_build(&terms, key, &m->p10, f))
		return false;
	mark = cmc_requests_begin(&m->requests);
	cmc_put_tcr(&m->requests, ASK_REQUEST_ID, buf_view(&m->p10));
	cmc_requests_end(&m->requests, mark);
	return buf_check(&m->requests, "request", f);
}

static bool
write_data(const struct rng *rng, struct exchange *x, struct making *m, struct fault *f)
{
	struct cmc_writer	w;
	struct cmc_mark		mark;
	uint8_t			witness[PROOF_OCTETS];
	uint32_t		id = ASK_REQUEST_ID + 1;

	proof_identity(m->k, buf_view(&m->requests), witness);
	cmc_data_begin(&w, &m->content);
	exchange_put(x, rng, &w, &id);
	cmc_control_utf8(&w, id++, CMC_IDENTIFICATION, buf_view(&m->id));
	cmc_control_octets(&w, id++, CMC_POP_LINK_RANDOM,
	    view_of(m->random, sizeof(m->random)));
	mark = cmc_control_begin(&w, id++, CMC_IDENTITY_PROOF_V2);
	proof_put(&m->content, witness);
	cmc_control_end(&w, mark);
	cmc_write_requests(&w, buf_view(&m->requests));
	cmc_finish(&w);
	return buf_check(&m->content, "request", f);
}

/* Signed by the key that is to be certified, named by its identifier. */
static bool
sign_by_key(struct key *key, struct view content, int64_t now, struct buf *out,
    struct fault *f)
{
	struct message_signer	s;
	uint8_t			ski[REQUEST_SKI_OCTETS];
	bool			ok;

	if (!request_ski(key_spki(key), ski, f) ||
	    !message_signer_ski(&s, key_sigalg(key), key_digest(key),
	    view_of(ski, sizeof(ski)), f))
		return false;
	ok = message_sign(&s, key, OID_CT_PKI_DATA, content, now, out, f);
	message_signer_clear(&s);
	return ok;
}

bool
ask_enroll(const struct ticket *t, struct key *key, const struct rng *rng, int64_t now,
    struct exchange *x, struct buf *out, struct fault *f)
{
	struct making	m;
	bool		ok;

	making_init(&m);
	exchange_begin(x, rng);
	ok = derive_key(t, &m, f) && write_requests(t, key, rng, &m, f) &&
	    write_data(rng, x, &m, f) && sign_by_key(key, buf_view(&m.content), now, out, f);
	making_clear(&m);
	return ok;
}

/* --- a successor ------------------------------------------------------------------- */

/* By a certificate, which travels along. */
static bool
sign_by_cert(const struct cert *cert, struct key *key, struct view content, int64_t now,
    struct buf *out, struct fault *f)
{
	struct message_signer	s;
	bool			ok;

	if (!message_signer_cert(&s, key_sigalg(key), key_digest(key), cert->der, NULL, 0, f))
		return false;
	ok = message_sign(&s, key, OID_CT_PKI_DATA, content, now, out, f);
	message_signer_clear(&s);
	return ok;
}

/* The whole request, also what stays as it is (RFC 4809, 3.5.2). */
static bool
write_change_requests(const struct ask_change *q, struct making *m, struct fault *f)
{
	struct request_terms	terms = {
		.subject = q->old->subject, .san = q->old->san_value, .change_names = q->names,
	};
	size_t			mark;

	if (!request_build(&terms, q->key, &m->p10, f))
		return false;
	mark = cmc_requests_begin(&m->requests);
	cmc_put_tcr(&m->requests, ASK_REQUEST_ID, buf_view(&m->p10));
	cmc_requests_end(&m->requests, mark);
	return buf_check(&m->requests, "request", f);
}

/* The token of the authorization, shown over the requests. */
static bool
write_use(const struct ask_change *q, struct cmc_writer *w, struct making *m, struct fault *f)
{
	struct cvp_use	use = { .request = ASK_REQUEST_ID };
	struct cmc_mark	mark;
	struct buf	proof;
	uint8_t		witness[PROOF_OCTETS];
	bool		ok;

	if (!derive_key(q->use, m, f))
		return false;
	proof_identity(m->k, buf_view(&m->requests), witness);
	buf_init(&proof, PROOF_MAX);
	proof_put(&proof, witness);
	use.id = buf_view(&m->id);
	ok = cmc_proof_decode(buf_view(&proof), &use.proof, f);
	mark = cmc_control_begin(w, ASK_USE_ID, CVP_AUTHZ_USE);
	cvp_put_use(&m->content, &use);
	cmc_control_end(w, mark);
	buf_clear(&proof);
	return ok;
}

bool
ask_change(const struct ask_change *q, const struct rng *rng, int64_t now,
    struct exchange *x, struct buf *out, struct fault *f)
{
	struct cmc_writer	w;
	struct making		m;
	uint32_t		id = ASK_USE_ID + 1;
	bool			ok;

	making_init(&m);
	exchange_begin(x, rng);
	ok = write_change_requests(q, &m, f);
	cmc_data_begin(&w, &m.content);
	exchange_put(x, rng, &w, &id);
	ok = ok && (q->use == NULL || write_use(q, &w, &m, f));
	cmc_write_requests(&w, buf_view(&m.requests));
	cmc_finish(&w);
	ok = ok && buf_check(&m.content, "request", f) &&
	    sign_by_cert(q->old, q->old_key, buf_view(&m.content), now, out, f);
	making_clear(&m);
	return ok;
}

bool
ask_poll(struct view token, const struct cert *cert, struct key *key, const struct rng *rng,
    int64_t now, struct exchange *x, struct buf *out, struct fault *f)
{
	struct cmc_writer	w;
	struct buf		content;
	uint32_t		id = ASK_POLL_ID + 1;
	bool			ok;

	buf_init(&content, CONTENT_MAX);
	cmc_data_begin(&w, &content);
	cmc_control_octets(&w, ASK_POLL_ID, CMC_QUERY_PENDING, token);
	exchange_put(x, rng, &w, &id);
	cmc_finish(&w);
	ok = buf_check(&content, "poll", f) && (cert != NULL ?
	    sign_by_cert(cert, key, buf_view(&content), now, out, f) :
	    sign_by_key(key, buf_view(&content), now, out, f));
	buf_clear(&content);
	return ok;
}

bool
ask_revocation(const struct cert *cert, struct key *key, unsigned reason,
    const struct rng *rng, int64_t now, struct exchange *x, struct buf *out,
    struct fault *f)
{
	struct cmc_revoke	r = { .cert = { cert->issuer, cert->serial },
		.reason = (uint8_t)reason };
	struct cmc_writer	w;
	struct cmc_mark		mark;
	struct buf		content;
	uint32_t		id = ASK_REVOKE_ID + 1;
	bool			ok;

	buf_init(&content, CONTENT_MAX);
	exchange_begin(x, rng);
	cmc_data_begin(&w, &content);
	mark = cmc_control_begin(&w, ASK_REVOKE_ID, CMC_REVOKE_REQUEST);
	cmc_put_revoke(&content, &r);
	cmc_control_end(&w, mark);
	exchange_put(x, rng, &w, &id);
	cmc_finish(&w);
	ok = buf_check(&content, "revocation", f) &&
	    sign_by_cert(cert, key, buf_view(&content), now, out, f);
	buf_clear(&content);
	return ok;
}

bool
ask_report(const struct cert *cert, struct key *key, const char *words, const struct rng *rng,
    int64_t now, struct exchange *x, struct buf *out, struct fault *f)
{
	struct cmc_writer	w;
	struct buf		content;
	uint32_t		id = ASK_REPORT_ID + 1;
	bool			ok;

	buf_init(&content, CONTENT_MAX);
	exchange_begin(x, rng);
	cmc_data_begin(&w, &content);
	cmc_control_status_one(&w, ASK_REPORT_ID, words != NULL ? CMC_FAILED : CMC_SUCCESS,
	    CMC_WHOLE_MESSAGE, CMC_BAD_REQUEST, words);
	exchange_put(x, rng, &w, &id);
	cmc_finish(&w);
	ok = buf_check(&content, "report", f) &&
	    sign_by_cert(cert, key, buf_view(&content), now, out, f);
	buf_clear(&content);
	return ok;
}

/* --- confirmation ------------------------------------------------------------------ */

bool
ask_confirm_content(const struct cert *cert, const char *reason, const struct rng *rng,
    struct exchange *x, struct buf *out, struct fault *f)
{
	struct cmc_cert_id	which = { .issuer = cert->issuer, .serial = cert->serial };
	struct cmc_writer	w;
	struct cmc_mark		mark;
	uint32_t		id = ASK_CONFIRM_ID + 1;

	cmc_data_begin(&w, out);
	mark = cmc_control_begin(&w, ASK_CONFIRM_ID, CMC_CONFIRM_CERT_ACCEPTANCE);
	cmc_put_cert_id(out, DER_SEQUENCE, &which);
	cmc_control_end(&w, mark);
	cmc_control_status_one(&w, id++, reason == NULL ? CMC_SUCCESS : CMC_FAILED,
	    ASK_REQUEST_ID, CMC_BAD_REQUEST, reason);
	exchange_put(x, rng, &w, &id);
	cmc_finish(&w);
	return buf_check(out, "confirmation", f);
}

bool
ask_confirm(const struct cert *cert, struct key *key, const char *reason,
    const struct rng *rng, int64_t now, struct exchange *x, struct buf *out,
    struct fault *f)
{
	struct buf		content;
	bool			ok;

	buf_init(&content, CONTENT_MAX);
	ok = ask_confirm_content(cert, reason, rng, x, &content, f) &&
	    sign_by_cert(cert, key, buf_view(&content), now, out, f);
	buf_clear(&content);
	return ok;
}
