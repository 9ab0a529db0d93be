/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cms.h"
#include "codec/oid.h"
#include "main/bench_peer.h"
#include "message/csr.h"
#include "message/proof.h"
#include "profile/prepare.h"

#define MESSAGE_SMALL	(64u << 10)
#define ARENA_MAX	(4u << 20)
#define REQUEST_ID	1000u		/* body part of the certification request */
#define CONFIRM_ID	1001u

static void
put_proof_control(struct cmc_writer *w, uint32_t id, const uint8_t witness[PROOF_OCTETS])
{
	struct cmc_mark	m = cmc_control_begin(w, id, CMC_IDENTITY_PROOF_V2);

	proof_put(w->out, witness);
	cmc_control_end(w, m);
}

/* The request, its link witness inside, as one reqSequence. */
static bool
put_requests(struct bench_peer *p, const uint8_t k[PROOF_OCTETS], struct view random,
    struct buf *out, struct fault *f)
{
	uint8_t			link[PROOF_OCTETS];
	struct request_terms	terms = { .link_witness = link };
	struct buf		p10;
	size_t			mark;
	bool			ok;

	proof_link(k, random, link);
	buf_init(&p10, MESSAGE_SMALL);
	ok = request_build(&terms, p->key, &p10, f);
	mark = cmc_requests_begin(out);
	cmc_put_tcr(out, REQUEST_ID, buf_view(&p10));
	cmc_requests_end(out, mark);
	buf_clear(&p10);
	return ok && buf_check(out, "requests", f);
}

static bool
put_data(struct bench_peer *p, struct view id, const uint8_t k[PROOF_OCTETS],
    const struct rng *rng, struct buf *out, struct fault *f)
{
	uint8_t			random[LINK_RANDOM_MIN], witness[PROOF_OCTETS];
	struct buf		requests;
	struct cmc_writer	w;
	uint32_t		next = 1;
	bool			ok;

	rng_fill(rng, random, sizeof(random));
	random[0] &= 0x0f;		/* never a SEQUENCE */
	buf_init(&requests, MESSAGE_SMALL);
	ok = put_requests(p, k, view_of(random, sizeof(random)), &requests, f);
	proof_identity(k, buf_view(&requests), witness);
	cmc_data_begin(&w, out);
	exchange_put(&p->exchange, rng, &w, &next);
	cmc_control_utf8(&w, next++, CMC_IDENTIFICATION, id);
	cmc_control_octets(&w, next++, CMC_POP_LINK_RANDOM, view_of(random, sizeof(random)));
	put_proof_control(&w, next++, witness);
	cmc_write_requests(&w, buf_view(&requests));
	cmc_finish(&w);
	buf_clear(&requests);
	return ok && buf_check(out, "PKIData", f);
}

static bool
sign_first(struct bench_peer *p, struct view data, struct fault *f)
{
	struct message_signer	s;
	uint8_t			ski[REQUEST_SKI_OCTETS];
	bool			ok;

	if (!request_ski(key_spki(p->key), ski, f) ||
	    !message_signer_ski(&s, key_sigalg(p->key), key_digest(p->key),
	    view_of(ski, sizeof(ski)), f))
		return false;
	/* signingTime is not judged in a first enrolment. */
	ok = message_sign(&s, p->key, OID_CT_PKI_DATA, data, 1, &p->message, f);
	message_signer_clear(&s);
	return ok;
}

bool
bench_peer_open(struct bench_peer *p, struct view text, enum key_kind kind,
    const struct rng *rng, struct fault *f)
{
	struct ticket	t;
	struct buf	token, data;
	uint8_t		k[PROOF_OCTETS];
	bool		ok;

	if (!ticket_read(text, &t, f))
		return false;
	buf_init(&token, TOKEN_OCTETS_MAX * 4);
	buf_init(&data, MESSAGE_SMALL);
	buf_init(&p->message, MESSAGE_SMALL);
	exchange_begin(&p->exchange, rng);
	ok = token_normalise(view_str(t.token), &token, f) &&
	    (p->key = key_generate(kind, f)) != NULL;
	if (ok) {
		proof_key(buf_view(&token), view_str(t.id), k);
		ok = put_data(p, view_str(t.id), k, rng, &data, f) &&
		    sign_first(p, buf_view(&data), f);
	}
	secret_wipe(k, sizeof(k));
	buf_clear(&token);
	buf_clear(&data);
	ticket_clear(&t);
	return ok;
}

/* --- answers -------------------------------------------------------------------- */

/* The certificate that holds our key. */
static bool
find_own(const struct bench_peer *p, const struct cms_signed *m, struct cert *out,
    struct fault *f)
{
	for (size_t i = 0; i < m->certificate_count; i++)
		if (cert_decode_names(m->certificates[i], out, f) &&
		    view_equal(out->spki, key_spki(p->key)))
			return true;
	return fault_set(f, FAULT_NOT_FOUND, "", "no certificate for our key in the answer");
}

static bool
read_answer(struct bench_peer *p, struct view octets, struct arena *a,
    struct cms_signed *m, enum cmc_status *status, struct fault *f)
{
	struct cmc_response	r;
	struct cmc_status_list	l;
	const struct cmc_control *nonce;
	struct view		v;
	uint32_t		offender;

	if (!message_open(octets, a, m, f) ||
	    !cmc_response_decode(m->content, a, &cmc_limits_client, &r, &offender, f) ||
	    !cmc_status_list(&r.controls, a, &l, &offender, f))
		return false;
	*status = cmc_status_overall(&l);
	if ((nonce = cmc_find(&r.controls, CMC_SENDER_NONCE)) == NULL ||
	    !cmc_nonce(nonce->value, &v, f))
		return fault_set(f, FAULT_MALFORMED, "", "an answer without senderNonce");
	memcpy(p->exchange.received, v.p, v.n);
	p->exchange.n_received = v.n;
	return true;
}

static bool
make_confirmation(struct bench_peer *p, const struct cert *own, struct fault *f)
{
	struct message_signer	s;
	struct cmc_writer	w;
	struct cmc_cert_id	id = { own->issuer, own->serial };
	struct cmc_mark		m;
	struct buf		data;
	uint32_t		next = 1;
	bool			ok;

	buf_init(&data, MESSAGE_SMALL);
	cmc_data_begin(&w, &data);
	exchange_put(&p->exchange, rng_system(), &w, &next);
	m = cmc_control_begin(&w, CONFIRM_ID, CMC_CONFIRM_CERT_ACCEPTANCE);
	cmc_put_cert_id(&data, DER_SEQUENCE, &id);
	cmc_control_end(&w, m);
	cmc_control_status_one(&w, next++, CMC_SUCCESS, REQUEST_ID, 0, NULL);
	cmc_finish(&w);
	buf_reset(&p->message);
	ok = buf_check(&data, "PKIData", f) &&
	    message_signer_cert(&s, key_sigalg(p->key), key_digest(p->key), own->der, NULL, 0, f);
	if (ok) {
		ok = message_sign(&s, p->key, OID_CT_PKI_DATA, buf_view(&data), 1, &p->message, f);
		message_signer_clear(&s);
	}
	buf_clear(&data);
	return ok;
}

bool
bench_peer_step(struct bench_peer *p, struct view answer, struct fault *f)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct cms_signed	 m;
	struct cert		 own;
	enum cmc_status		 status;
	bool			 ok;

	if (a == NULL)
		return arena_fault(f);
	ok = read_answer(p, answer, a, &m, &status, f);
	if (ok && status != (p->asked ? CMC_SUCCESS : CMC_CONFIRM_REQUIRED))
		ok = fault_set(f, FAULT_REFUSED, "", "status %s", cmc_status_name(status));
	if (ok && p->asked)
		p->confirmed = true;
	else if (ok)
		ok = find_own(p, &m, &own, f) && make_confirmation(p, &own, f);
	p->asked = true;
	arena_free(a);
	return ok;
}

void
bench_peer_clear(struct bench_peer *p)
{
	key_free(p->key);
	buf_clear(&p->message);
}
