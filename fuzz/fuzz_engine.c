/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_engine.c - any octets as a message to the PKI, unsigned or behind a
 * signature that holds; the first octet says how far in they get, and whether
 * several arrive at once.  Whatever came in, the answer is one that a client
 * can read.
 */
#include <stdlib.h>

#include "codec/cvp.h"
#include "codec/oid.h"
#include "fuzz_pki.h"
#include "known_key.h"
#include "message/csr.h"
#include "message/exchange.h"
#include "message/proof.h"
#include "peer/ask.h"

#define ARENA_MAX	(64u << 20)
#define INPUT_MAX	(256u << 10)
#define MODES		9
#define TOGETHER	0x80	/* several inputs, one batch */
#define BATCH_MAX	16

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Controls that an Admin may send, and some that only others may. */
static const enum cmc_kind kinds[] = {
	CVP_AUTHZ_REQUEST, CVP_AUTHZ_ACK, CVP_AUTHZ_QUERY, CVP_AUTHZ_CANCEL,
	CVP_AUTHZ_CANCEL_ACK, CVP_EVENT_QUERY, CVP_TEMPLATE_QUERY, CMC_REVOKE_REQUEST,
	CMC_CONFIRM_CERT_ACCEPTANCE, CMC_STATUS_INFO_V2, CMC_DATA_RETURN,
	CMC_TRANSACTION_ID, CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE, CMC_QUERY_PENDING,
	CVP_AUTHZ_BIND, CVP_AUTHZ_USE,
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static struct key		*device;	/* of who has no certificate */
static struct message_signer	 by_key;

static void
prepare(void)
{
	uint8_t		ski[REQUEST_SKI_OCTETS];
	struct fault	f = { 0 };

	if (device != NULL)
		return;
	device = key_load_pem(view_str(known_key_pem), &f);
	fuzz_need(device != NULL && request_ski(key_spki(device), ski, &f) &&
	    message_signer_ski(&by_key, key_sigalg(device), key_digest(device),
	    view_of(ski, sizeof(ski)), &f), &f);
}

/* --- the answer ------------------------------------------------------------------- */

/* SignedData by the responder over a PKIResponse with at least one status. */
static void
check_answer(struct view answer)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct cms_signed	 m;
	struct cert		 signer;
	struct cmc_response	 r;
	struct cmc_status_list	 list;
	struct fault		 f = { 0 };

	if (a == NULL || !message_open(answer, a, &m, &f) ||
	    !view_equal(m.content_type, OID_CT_PKI_RESPONSE) ||
	    !message_find_signer(&m, &signer, &f) ||
	    !message_verify_cert(&m, &signer, NULL, SIGNING_CERTIFICATE_REQUIRED, &f) ||
	    !cmc_response_decode(m.content, a, &cmc_limits_client, &r, NULL, &f) ||
	    !cmc_response_rules(&r, NULL, &f) ||
	    !cmc_status_list(&r.controls, a, &list, NULL, &f))
		fuzz_need(false, &f);
	if (list.n == 0)
		abort();
	arena_free(a);
}

/* Messages on their way to one engine_run(); batch is NULL when each has its own. */
struct batch {
	struct job	jobs[BATCH_MAX];
	struct buf	messages[BATCH_MAX];
	size_t		n;
};
static struct batch	*batch;

static void
keep(struct view message)
{
	struct buf	*b = &batch->messages[batch->n];

	if (batch->n == BATCH_MAX)
		return;
	buf_init(b, MESSAGE_MAX);
	buf_add_view(b, message);
	batch->jobs[batch->n] = (struct job){ .message = buf_view(b), .source = "fuzz" };
	buf_init(&batch->jobs[batch->n++].answer, MESSAGE_MAX);
}

static void
send(struct fuzz_pki *p, struct view message)
{
	struct buf	answer;
	struct fault	f = { 0 };

	if (batch != NULL) {
		keep(message);
		return;
	}
	buf_init(&answer, MESSAGE_MAX);
	/* Nothing but the message is there that it could be busy with. */
	fuzz_need(fuzz_exchange(p, message, &answer, &f), &f);
	check_answer(buf_view(&answer));
	buf_clear(&answer);
}

/* Two that meet in one batch may be told to come again. */
static void
send_batch(struct fuzz_pki *p, struct batch *b)
{
	if (b->n > 0)
		engine_run(p->engine, b->jobs, b->n, FUZZ_NOW);
	for (size_t i = 0; i < b->n; i++) {
		if (!b->jobs[i].again)
			check_answer(buf_view(&b->jobs[i].answer));
		else if (b->n == 1)
			abort();
		buf_clear(&b->jobs[i].answer);
		buf_clear(&b->messages[i]);
	}
}

/* --- what is sent ------------------------------------------------------------------ */

static void
send_signed(struct fuzz_pki *p, const struct message_signer *s, struct key *key,
    struct view content)
{
	struct buf	message;
	struct fault	f = { 0 };

	buf_init(&message, MESSAGE_MAX);
	if (message_sign(s, key, OID_CT_PKI_DATA, content, FUZZ_NOW, &message, &f))
		send(p, buf_view(&message));
	buf_clear(&message);
}

static void
send_unsigned(struct fuzz_pki *p, struct view content)
{
	struct buf	message;
	struct fault	f = { 0 };

	buf_init(&message, MESSAGE_MAX);
	if (message_unsigned(OID_CT_PKI_DATA, content, NULL, 0, NULL, 0, &message, &f))
		send(p, buf_view(&message));
	buf_clear(&message);
}

/*
 * An authzRequest that wants its secrets for nobody wants them for the Admin:
 * no input can hold the certificate of a PKI that was made just now.
 */
static void
put_control(struct cmc_writer *w, enum cmc_kind kind, struct view value, struct view admin)
{
	struct arena			*a = arena_new(ARENA_MAX);
	struct cvp_authz_request	 q;
	struct cmc_mark			 mark;

	if (kind == CVP_AUTHZ_REQUEST && a != NULL &&
	    cvp_authz_request_decode(value, a, CVP_ENTRIES_MAX, &q, NULL) &&
	    q.delivery != CVP_ENCRYPT_TO) {
		q.delivery = CVP_ENCRYPT_TO;
		q.encrypt_to = admin;
		mark = cmc_control_begin(w, 2, kind);
		cvp_put_authz_request(w->out, &q);
		cmc_control_end(w, mark);
	} else {
		cmc_control_value(w, 2, kind, value);
	}
	arena_free(a);
}

/* One control, its value from outside; an octet in front says which. */
static void
send_control(struct fuzz_pki *p, const struct fuzz_actor *who, struct view in)
{
	static const uint8_t	tid[] = { 0x41, 0x42, 0x43 };
	struct cmc_writer	w;
	struct buf		content;

	if (in.n == 0)
		return;
	buf_init(&content, MESSAGE_MAX);
	cmc_data_begin(&w, &content);
	cmc_control_integer(&w, 1, CMC_TRANSACTION_ID, view_of(tid, sizeof(tid)));
	put_control(&w, kinds[in.p[0] % KINDS], view_of(in.p + 1, in.n - 1),
	    buf_view(&p->admin.cert));
	cmc_finish(&w);
	if (buf_ok(&content))
		send_signed(p, &who->signer, who->key, buf_view(&content));
	buf_clear(&content);
}

/*
 * An enrolment with the right token: the names asked for are from outside.
 * An octet in front says how many octets are the subject, the rest is SAN.
 */
static void
send_names(struct fuzz_pki *p, struct view in)
{
	struct request_terms	terms = { 0 };
	struct cmc_writer	w;
	struct cmc_mark		mark;
	struct buf		p10, requests, content;
	uint8_t			k[PROOF_OCTETS], random[LINK_RANDOM_MIN] = { 1 };
	uint8_t			link[PROOF_OCTETS], identity[PROOF_OCTETS];
	struct fault		f = { 0 };
	size_t			cut, at;

	if (in.n == 0)
		return;
	cut = in.p[0] < in.n ? in.p[0] : in.n - 1;
	terms.subject = view_of(in.p + 1, cut);
	terms.san = view_of(in.p + 1 + cut, in.n - 1 - cut);
	terms.link_witness = link;
	buf_init(&p10, MESSAGE_MAX);
	buf_init(&requests, MESSAGE_MAX);
	buf_init(&content, MESSAGE_MAX);
	proof_key(view_str(p->open.token), view_str(p->open.id), k);
	proof_link(k, view_of(random, sizeof(random)), link);
	if (request_build(&terms, device, &p10, &f)) {
		at = cmc_requests_begin(&requests);
		cmc_put_tcr(&requests, 1, buf_view(&p10));
		cmc_requests_end(&requests, at);
		proof_identity(k, buf_view(&requests), identity);
		cmc_data_begin(&w, &content);
		cmc_control_utf8(&w, 2, CMC_IDENTIFICATION, view_str(p->open.id));
		cmc_control_octets(&w, 3, CMC_POP_LINK_RANDOM,
		    view_of(random, sizeof(random)));
		mark = cmc_control_begin(&w, 4, CMC_IDENTITY_PROOF_V2);
		proof_put(&content, identity);
		cmc_control_end(&w, mark);
		cmc_write_requests(&w, buf_view(&requests));
		cmc_finish(&w);
		if (buf_ok(&content))
			send_signed(p, &by_key, device, buf_view(&content));
	}
	buf_clear(&p10);
	buf_clear(&requests);
	buf_clear(&content);
}

/* A good enrolment by a key of today, one octet of the PKIData other than it was. */
static void
send_edited(struct fuzz_pki *p, struct view in)
{
	static struct buf	 good;
	struct exchange		 x;
	struct arena		*a = arena_new(ARENA_MAX);
	struct cms_signed	 m;
	struct buf		 message;
	struct fault		 f = { 0 };

	buf_init(&message, MESSAGE_MAX);
	if (good.n == 0) {
		buf_init(&good, MESSAGE_MAX);
		fuzz_need(ask_enroll(&p->open, device, rng_system(), FUZZ_NOW, &x, &message,
		    &f) && message_open(buf_view(&message), a, &m, &f), &f);
		buf_add_view(&good, m.content);
		buf_reset(&message);
	}
	buf_add_view(&message, buf_view(&good));
	for (size_t i = 0; i + 2 < in.n; i += 3)
		message.p[(size_t)(in.p[i] << 8 | in.p[i + 1]) % message.n] ^= in.p[i + 2];
	send_signed(p, &by_key, device, buf_view(&message));
	buf_clear(&message);
	arena_free(a);
}

/* A renewal, or an update with a token, that the Peer signs: likewise. */
static void
send_changed(struct fuzz_pki *p, struct view in)
{
	static struct buf	 good[2];
	struct exchange		 x;
	struct arena		*a = arena_new(ARENA_MAX);
	struct cms_signed	 m;
	struct cert		 old;
	struct buf		 message;
	struct fault		 f = { 0 };
	size_t			 which = in.n > 0 && (in.p[0] & 1) != 0;
	struct ask_change	 q = { .old = &old, .old_key = p->peer.key,
		.key = which ? device : p->peer.key, .use = which ? &p->open : NULL,
		.names = which ? VIEW_LIT("\x30\x09\x30\x00\xa1\x05\x82\x03" "a.b") : VIEW_NONE };

	buf_init(&message, MESSAGE_MAX);
	if (good[which].n == 0) {
		buf_init(&good[which], MESSAGE_MAX);
		fuzz_need(cert_decode(buf_view(&p->peer.cert), &old, &f) &&
		    ask_change(&q, rng_system(), FUZZ_NOW, &x, &message, &f) &&
		    message_open(buf_view(&message), a, &m, &f), &f);
		buf_add_view(&good[which], m.content);
		buf_reset(&message);
	}
	buf_add_view(&message, buf_view(&good[which]));
	for (size_t i = 1; i + 2 < in.n; i += 3)
		message.p[(size_t)(in.p[i] << 8 | in.p[i + 1]) % message.n] ^= in.p[i + 2];
	send_signed(p, &p->peer.signer, p->peer.key, buf_view(&message));
	buf_clear(&message);
	arena_free(a);
}

static void
send_one(struct fuzz_pki *p, unsigned mode, struct view in)
{
	switch (mode % MODES) {
	case 0:
		send(p, in);
		break;
	case 1:
		send_signed(p, &by_key, device, in);
		break;
	case 2:
		send_signed(p, &p->admin.signer, p->admin.key, in);
		break;
	case 3:
		send_control(p, &p->admin, in);
		break;
	case 4:
		send_unsigned(p, in);
		break;
	case 5:
		send_control(p, &p->peer, in);
		break;
	case 6:
		send_names(p, in);
		break;
	case 7:
		send_edited(p, in);
		break;
	case 8:
		send_changed(p, in);
		break;
	}
}

/* Each with its length, two octets, and its mode in front. */
static void
send_together(struct fuzz_pki *p, struct view in)
{
	struct batch	b = { 0 };
	size_t		n;

	batch = &b;
	while (in.n > 3) {
		n = (size_t)(in.p[0] << 8 | in.p[1]);
		if (n > in.n - 3)
			n = in.n - 3;
		send_one(p, in.p[2], view_of(in.p + 3, n));
		in = view_of(in.p + 3 + n, in.n - 3 - n);
	}
	batch = NULL;
	send_batch(p, &b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
	struct fuzz_pki	*p = fuzz_pki();

	if (n == 0 || n > INPUT_MAX)
		return 0;
	prepare();
	if (octets[0] & TOGETHER)
		send_together(p, view_of(octets + 1, n - 1));
	else
		send_one(p, octets[0], view_of(octets + 1, n - 1));
	return 0;
}
