/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_signer.c - any octets as a question to the signer, and the questions
 * of an honest enrolment with octets changed.  One question has one answer;
 * and however the engine asks, a proof holds only for what was proved, and
 * what is signed is a certificate for that key and these names, and no CA's.
 */
#include <stdlib.h>

#include "codec/crl.h"
#include "fuzz_pki.h"

#define ARENA_MAX	(64u << 20)
#define ANSWER_MAX	(64u << 20)
#define INPUT_MAX	(64u << 10)
#define RAW		0		/* else: an op of the signer, edited */
#define PROVE_TAIL	(1 + 4 + 32)	/* next state and key: the engine's choice */

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The last question of each op that making the PKI took; empty: none did. */
static struct frame	good[SIGNER_CANCEL + 1];
static struct cert	issued;		/* by the good ISSUE */

static void
ask(struct fuzz_pki *p, const struct frame *q, struct buf *answer, struct frame *fr)
{
	size_t		used;
	struct fault	f = { 0 };

	buf_reset(answer);
	signer_handle(p->local.signer, q, FUZZ_NOW, answer);
	if (!buf_ok(answer) ||
	    !frame_take(buf_view(answer), FRAME_BODY_MAX, fr, &used, &f) ||
	    used != answer->n || fr->type != q->type || fr->tag != q->tag)
		abort();
}

/* --- what an answer may be ------------------------------------------------------------ */

static void
expect(bool ok, const struct fault *f)
{
	if (!ok && f->kind == FAULT_NONE)
		abort();	/* a failure must say why */
}

static void
check_prove(const struct frame *q, const struct frame *fr)
{
	const struct frame	*g = &good[SIGNER_PROVE];
	struct prove_answer	 a;
	struct fault		 f = { 0 };
	bool			 ok = signer_get_prove(fr, &a, &f);

	expect(ok, &f);
	if (ok && a.holds && (q->body.n != g->body.n ||
	    memcmp(q->body.p, g->body.p, g->body.n - PROVE_TAIL) != 0))
		abort();
}

static void
check_issue(const struct frame *fr)
{
	struct issue_answer	a;
	struct cert		c;
	struct fault		f = { 0 };
	bool			ok = signer_get_issue(fr, &a, &f);

	expect(ok, &f);
	if (!ok)
		return;
	if (!cert_decode(a.cert, &c, &f) || c.is_ca || c.eku != issued.eku ||
	    c.not_after > issued.not_after || c.san.n != issued.san.n ||
	    !view_equal(c.spki, issued.spki) || !view_equal(c.subject, issued.subject) ||
	    !view_equal(c.issuer, issued.issuer))
		abort();
	for (size_t i = 0; i < c.san.n; i++)
		if (!view_equal(c.san.list[i].value, issued.san.list[i].value))
			abort();
}

static void
check_mint(const struct frame *fr)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct mint_answer	 m;
	struct fault		 f = { 0 };

	if (a != NULL)
		expect(signer_get_mint(fr, a, &m, &f), &f);
	arena_free(a);
}

static void
check_crl(const struct frame *fr)
{
	struct view	der;
	struct crl	c;
	struct fault	f = { 0 };
	bool		ok = signer_get_object(fr, SIGNER_CRL, &der, &f);

	expect(ok, &f);
	if (ok && (!crl_decode(der, &c, &f) || !c.has_number || !c.has_next_update))
		abort();
}

static void
check(const struct frame *q, const struct frame *fr)
{
	struct prove_answer	a;
	struct view		object;
	struct fault		f = { 0 };

	switch (q->type) {
	case SIGNER_MINT:
		check_mint(fr);
		break;
	case SIGNER_PROVE:
		check_prove(q, fr);
		break;
	case SIGNER_ISSUE:
		check_issue(fr);
		break;
	case SIGNER_CRL:
		check_crl(fr);
		break;
	case SIGNER_CANCEL:
		expect(signer_get_prove(fr, &a, &f), &f);
		break;
	default:
		expect(signer_get_object(fr, q->type, &object, &f), &f);
		break;
	}
}

/* --- questions -------------------------------------------------------------------------- */

static void
prepare(struct fuzz_pki *p)
{
	static struct buf	answer;
	struct issue_answer	a;
	struct frame		q, fr;
	struct fault		f = { 0 };
	size_t			used;

	if (issued.der.n > 0)
		return;
	for (size_t i = 0; i < p->n_questions; i++) {
		fuzz_need(frame_take(buf_view(&p->questions[i]), FRAME_BODY_MAX, &q, &used,
		    &f), &f);
		/* An ISSUE of a gateway, and the PROVE that goes with it. */
		if (q.type <= SIGNER_CANCEL)
			good[q.type] = q;
	}
	buf_init(&answer, ANSWER_MAX);
	ask(p, &good[SIGNER_ISSUE], &answer, &fr);
	fuzz_need(signer_get_issue(&fr, &a, &f) && cert_decode(a.cert, &issued, &f), &f);
}

/* Triplets: where, two octets, and what to change there. */
static void
edit(uint8_t *to, size_t n, struct view in)
{
	for (size_t i = 0; n > 0 && i + 2 < in.n; i += 3)
		to[(size_t)(in.p[i] << 8 | in.p[i + 1]) % n] ^= in.p[i + 2];
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
	struct fuzz_pki	*p = fuzz_pki();
	struct frame	 q = { 0 }, fr;
	struct buf	 body, answer;
	uint8_t		 op;

	prepare(p);
	if (n < 2 || n > INPUT_MAX)
		return 0;
	buf_init(&body, FRAME_BODY_MAX);
	buf_init(&answer, ANSWER_MAX);
	op = octets[0] % (SIGNER_CANCEL + 1);
	if (op == RAW || good[op].type == 0) {
		q.type = octets[1];
		buf_add(&body, octets + 2, n - 2);
	} else {
		q = good[op];
		buf_add_view(&body, q.body);
		edit(body.p, body.n, view_of(octets + 1, n - 1));
	}
	q.tag = n;
	q.body = buf_view(&body);
	ask(p, &q, &answer, &fr);
	check(&q, &fr);
	buf_clear(&body);
	buf_clear(&answer);
	return 0;
}
