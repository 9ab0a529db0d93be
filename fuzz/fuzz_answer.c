/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_answer.c - what a server, or somebody on the way, may say to a Peer
 * that enrols: any octets, any PKIResponse behind the responder's signature,
 * and a good answer with octets changed.  Whatever is not signed for this
 * request is not believed, and each refusal has words.
 */
#include <stdlib.h>

#include "fuzz_pki.h"
#include "known_key.h"
#include "peer/accept.h"
#include "peer/ask.h"

#define ARENA_MAX	(64u << 20)
#define INPUT_MAX	(64u << 10)
#define MODES		4

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct key	*device;
static struct exchange	 asked;		/* the request has been sent */
static struct buf	 good;		/* its answer... */
static struct cms_signed answered;	/* ...and what it holds */
static struct arena	*kept;

static void
stop(void)
{
	key_free(device);
	buf_clear(&good);
	arena_free(kept);
}

static void
prepare(struct fuzz_pki *p)
{
	struct buf	message;
	struct fault	f = { 0 };

	if (device != NULL)
		return;
	atexit(stop);
	kept = arena_new(ARENA_MAX);
	buf_init(&message, MESSAGE_MAX);
	buf_init(&good, MESSAGE_MAX);
	device = key_load_pem(view_str(known_key_pem), &f);
	fuzz_need(device != NULL && ask_enroll(&p->open, device, rng_system(), FUZZ_NOW,
	    &asked, &message, &f) && fuzz_exchange(p, buf_view(&message), &good, &f) &&
	    message_open(buf_view(&good), kept, &answered, &f), &f);
	buf_clear(&message);
}

/* --- reading ------------------------------------------------------------------------- */

static void
expect(bool ok, struct fault *f)
{
	if (!ok && f->kind == FAULT_NONE)
		abort();	/* a failure must say why */
	fault_clear(f);
}

/* Certificates are outside of the signature: every one may be somebody's. */
static void
judge(struct fuzz_pki *p, const struct exchange_answer *r)
{
	struct accept_terms	t = {
		.ticket = &p->open, .key = device, .certs = r->message.certificates,
		.n_certs = r->message.certificate_count, .anchor = r->anchor,
		.now = FUZZ_NOW,
	};
	struct cert		c;
	struct fault		f = { 0 };
	bool			ok;

	ok = accept_find(t.certs, t.n_certs, device, &c, &f);
	expect(ok, &f);
	if (!ok)
		return;
	if (accept_judge(&c, &t, &f) != ACCEPT_GOOD)
		expect(false, &f);
	else if (c.is_ca || !view_equal(c.spki, key_spki(device)))
		abort();
}

static void
read_answer(struct fuzz_pki *p, struct view octets)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct exchange		 x = asked;
	struct exchange_trust	 trust = { .now = FUZZ_NOW };
	struct exchange_answer	 r;
	struct exchange_failure	 why;
	struct fault		 f = { 0 };

	memcpy(trust.anchor_sha256, p->r.root_sha256, sizeof(trust.anchor_sha256));
	if (!exchange_read(&x, octets, &trust, a, &r, &f)) {
		expect(false, &f);
		if (memcmp(&x, &asked, sizeof(x)) != 0)
			abort();	/* such octets change nothing */
	} else {
		for (uint32_t about = CMC_WHOLE_MESSAGE; about <= ASK_REQUEST_ID; about++) {
			exchange_failure(&r, about, &why);
			expect(exchange_check(&r, about, &f), &f);
		}
		judge(p, &r);
	}
	arena_free(a);
}

/* --- what is said ---------------------------------------------------------------------- */

/* Signed by the responder; what it signs is for the engine to know. */
static void
read_signed(struct fuzz_pki *p, struct view response)
{
	struct respond_request	 q = { .content = response };
	struct buf		 question, answer;
	struct frame		 fr;
	struct view		 message;
	size_t			 used;
	struct fault		 f = { 0 };

	for (; q.n_certs < answered.certificate_count && q.n_certs < RESPOND_CERTS_MAX;
	    q.n_certs++)
		q.certs[q.n_certs] = answered.certificates[q.n_certs];
	buf_init(&question, MESSAGE_MAX);
	buf_init(&answer, MESSAGE_MAX);
	signer_put_respond(&question, &q);
	fuzz_need(buf_ok(&question) &&
	    frame_take(buf_view(&question), FRAME_BODY_MAX, &fr, &used, &f), &f);
	signer_handle(p->local.signer, &fr, FUZZ_NOW, &answer);
	fuzz_need(frame_take(buf_view(&answer), FRAME_BODY_MAX, &fr, &used, &f), &f);
	if (signer_get_object(&fr, SIGNER_RESPOND, &message, &f))
		read_answer(p, message);
	buf_clear(&question);
	buf_clear(&answer);
}

/* Triplets: where, two octets, and what to change there. */
static void
edit(struct view from, struct view in, struct buf *out)
{
	buf_init(out, MESSAGE_MAX);
	buf_add_view(out, from);
	for (size_t i = 0; i + 2 < in.n; i += 3)
		out->p[(size_t)(in.p[i] << 8 | in.p[i + 1]) % out->n] ^= in.p[i + 2];
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
	struct fuzz_pki	*p = fuzz_pki();
	struct view	 in;
	struct buf	 edited;

	prepare(p);
	if (n == 0 || n > INPUT_MAX)
		return 0;
	in = view_of(octets + 1, n - 1);
	switch (octets[0] % MODES) {
	case 0:
		read_answer(p, in);
		break;
	case 1:
		read_signed(p, in);
		break;
	case 2:
		edit(answered.content, in, &edited);
		read_signed(p, buf_view(&edited));
		buf_clear(&edited);
		break;
	case 3:
		edit(buf_view(&good), in, &edited);
		read_answer(p, buf_view(&edited));
		buf_clear(&edited);
		break;
	}
	return 0;
}
