/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that a Peer must not believe: from another PKI, to another question,
 * or no answers at all (C-10, C-11, C-24).  Whatever comes, the key and
 * the request stay, nothing is installed, and the right PKI finishes the work.
 *
 * R4809-1.3-6, R4809-3.7.1-1: another root than the ticket's is not taken, test_anchor
 * R4809-2.2-2: answers of another community, test_impostor
 * R5272-4.1-4, R5272-4.2-2: a self-signed certificate in an answer is nobody to trust,
 *   test_impostor, test_anchor
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "flow_raw.h"

static struct flow_pki	pki, impostor;

/* Lets the PKI have each message, and gives the Peer another answer to one of them. */
struct liar {
	struct transport	 way;
	size_t			 count, lies_at;
	struct view		 answer;
};

static bool
lie(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct liar	*l = ctx;

	if (!l->way.exchange(l->way.ctx, message, answer, f))
		return false;
	if (++l->count != l->lies_at)
		return true;
	buf_reset(answer);
	buf_add_view(answer, l->answer);
	return true;
}

static bool
run_lying(struct device *d, size_t at, struct view answer)
{
	struct liar	l = { .lies_at = at, .answer = answer };
	struct enroll	q = {
		.dir = d->dir, .ticket = &d->t, .transport = { lie, &l },
		.rng = rng_system(), .now = d->p->now,
	};

	flow_wire_again(&d->w);
	l.way = flow_wire(&d->w);
	d->f = (struct fault){ 0 };
	return enroll_run(&q, &d->r, &d->f);
}

/* Nothing is lost: the same octets go out again, and end well. */
static void
expect_patience(struct device *d, enum enroll_step step, const char *label)
{
	struct buf	sent;

	if (step_of(d) != step || !has(d, ENROLL_KEY_FILE) || has(d, "cert.pem") ||
	    has(d, "ca.pem"))
		fail_msg("%s: step %s", label, enroll_step_name(step_of(d)));
	buf_init(&sent, 1u << 20);
	buf_add_view(&sent, buf_view(&d->w.sent[d->w.count - 1]));
	expect_finished(d, label);
	assert_true(view_equal(buf_view(&sent), buf_view(&d->w.sent[0])));
	buf_clear(&sent);
}

/*
 * Who answers in the PKI's place has no path to the anchor of the ticket: its
 * badIdentity does not cost the ticket, its certificate is not taken.
 */
static void
test_impostor(void **state)
{
	struct device	d;

	(void)state;
	gateway(&d, &pki);
	d.w.pki = &impostor;
	assert_false(run(&d));
	assert_int_equal(d.f.kind, FAULT_SIGNATURE);
	assert_non_null(strstr(d.f.text, "not from this PKI"));
	d.w.pki = &pki;
	expect_patience(&d, ENROLL_REQUEST, "impostor");
	device_close(&d);

	/* In the place of the receipt. */
	gateway(&d, &pki);
	d.w.lose_request = 2;
	assert_false(run(&d));
	flow_wire_again(&d.w);
	d.w.pki = &impostor;
	assert_false(run(&d));
	assert_int_equal(d.f.kind, FAULT_SIGNATURE);
	d.w.pki = &pki;
	expect_patience(&d, ENROLL_CONFIRM, "impostor's receipt");
	device_close(&d);
}

/* C-10: never trust on first use: an anchor of another digest ends it. */
static void
test_anchor(void **state)
{
	struct flow_seen	s;
	struct device		d;

	(void)state;
	gateway(&d, &pki);
	d.t.anchor[31] ^= 1;
	assert_false(run(&d));
	assert_int_equal(d.f.kind, FAULT_SIGNATURE);
	assert_false(has(&d, "cert.pem") || has(&d, "ca.pem"));
	d.t.anchor[31] ^= 1;
	/* The same key, so the same certificate. */
	expect_finished(&d, "anchor");
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.certs, 1);
	device_close(&d);
}

static void
test_lies(void **state)
{
	struct device	other, early;

	(void)state;
	gateway(&other, &pki);
	assert_true(run(&other));
	gateway(&early, &pki);
	early.w.lose_request = 2;
	assert_false(run(&early));
	const struct {
		const char	*label;
		size_t		 at;		/* message whose answer it is said to be */
		struct view	 answer;
		enum enroll_step step;
	} cases[] = {
		{ "nothing", 1, VIEW_NONE, ENROLL_REQUEST },
		{ "a page", 1, VIEW_LIT("<html>Please log in</html>"), ENROLL_REQUEST },
		{ "half an answer", 1, view_of(other.w.answers[0].p, other.w.answers[0].n / 2),
		    ENROLL_REQUEST },
		{ "another's certificate", 1, buf_view(&other.w.answers[0]), ENROLL_REQUEST },
		{ "another's receipt", 1, buf_view(&other.w.answers[1]), ENROLL_REQUEST },
		{ "no receipt", 2, VIEW_NONE, ENROLL_CONFIRM },
		{ "another's receipt for ours", 2, buf_view(&other.w.answers[1]), ENROLL_CONFIRM },
		{ "another's certificate for a receipt", 2, buf_view(&other.w.answers[0]),
		    ENROLL_CONFIRM },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct device	d;

		gateway(&d, &pki);
		if (run_lying(&d, cases[i].at, cases[i].answer))
			fail_msg("%s: believed", cases[i].label);
		if (d.f.kind != FAULT_SIGNATURE && d.f.kind != FAULT_MALFORMED)
			fail_msg("%s: kind %s, %s", cases[i].label, fault_kind_name(d.f.kind),
			    d.f.text);
		expect_patience(&d, cases[i].step, cases[i].label);
		device_close(&d);
	}
	/* Its own earlier answer does not pass for the receipt. */
	struct buf	first;
	buf_init(&first, 1u << 20);
	buf_add_view(&first, buf_view(&early.w.answers[0]));
	assert_false(run_lying(&early, 1, buf_view(&first)));
	assert_int_equal(early.f.kind, FAULT_SIGNATURE);
	expect_patience(&early, ENROLL_CONFIRM, "its own answer again");
	buf_clear(&first);
	device_close(&other);
	device_close(&early);
}

/* --- answers by the PKI's own key, and by another's under the same root -------------------- */

struct forged {
	bool		 by_peer;	/* signed by a device that is confirmed */
	bool		 other_transaction, other_nonce;
	bool		 no_cert;	/* of those it should bring */
	enum cmc_status	 status;
	uint32_t	 about;
};

static struct device	peer_device;
static struct raw_cert	peer;

static struct view
ca_of(const char *path)
{
	size_t			 n;
	const struct object	*o = engine_objects(pki.engine, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].path, path) == 0)
			return buf_view(&o[i].body);
	return VIEW_NONE;
}

/* Our signer signs whatever PKIResponse it is given. */
static void
sign_by_pki(struct view content, const struct view *certs, size_t n, struct buf *out)
{
	struct signer_link	 l = signer_local_link(&pki.local);
	struct respond_request	 r = { .content = content, .n_certs = n };
	struct buf		 question, answer;
	struct view		 v = VIEW_NONE;
	struct frame		 fr;
	struct fault		 f = { 0 };
	size_t			 used;

	memcpy(r.certs, certs, n * sizeof(*certs));
	buf_init(&question, RAW_MAX);
	buf_init(&answer, RAW_MAX);
	signer_put_respond(&question, &r);
	assert_true(l.exchange(l.ctx, buf_view(&question), 1, &answer, &f) &&
	    frame_take(buf_view(&answer), RAW_MAX, &fr, &used, &f) &&
	    signer_get_object(&fr, SIGNER_RESPOND, &v, &f));
	buf_add_view(out, v);
	buf_clear(&question);
	buf_clear(&answer);
}

static void
sign_by_peer(struct view content, const struct view *certs, size_t n, struct buf *out)
{
	struct message_signer	s;
	struct fault		f = { 0 };

	assert_true(message_signer_cert(&s, key_sigalg(peer.key), key_digest(peer.key),
	    buf_view(&peer.der), certs, n, &f) && message_sign(&s, peer.key,
	    OID_CT_PKI_RESPONSE, content, pki.now, out, &f));
	message_signer_clear(&s);
}

static void
put_response(const struct forged *g, const struct cmc_request *q, struct buf *out)
{
	struct cmc_writer	w;
	struct view		tid, nonce;

	assert_true(cmc_transaction_id(cmc_find(&q->controls, CMC_TRANSACTION_ID)->value, &tid,
	    NULL) && cmc_nonce(cmc_find(&q->controls, CMC_SENDER_NONCE)->value, &nonce, NULL));
	cmc_response_begin(&w, out);
	cmc_control_status_one(&w, 1, g->status, g->about, CMC_BAD_REQUEST, NULL);
	cmc_control_integer(&w, 2, CMC_TRANSACTION_ID, g->other_transaction ? RAW_TID : tid);
	cmc_control_octets(&w, 3, CMC_RECIPIENT_NONCE, g->other_nonce ?
	    VIEW_LIT("0123456789abcdef") : nonce);
	cmc_control_octets(&w, 4, CMC_SENDER_NONCE, VIEW_LIT("fedcba9876543210"));
	cmc_finish(&w);
}

struct forger {
	struct transport	 way;
	const struct forged	*g;
	struct view		 cert;		/* of the device */
	size_t			 count, at;
};

static void
forge(const struct forger *o, struct view message, struct buf *answer)
{
	struct arena		*a = arena_new(1u << 22);
	struct view		 certs[3] = { ca_of("/ca/root.cer"), ca_of("/ca/ike.cer"), o->cert };
	struct cms_signed	 m;
	struct cmc_request	 q;
	struct buf		 content;
	size_t			 n = o->g->no_cert || o->cert.n == 0 ? 2 : 3;

	buf_init(&content, RAW_MAX);
	assert_true(message_open(message, a, &m, NULL) &&
	    cmc_request_decode(m.content, a, &cmc_limits_peer, &q, NULL, NULL));
	put_response(o->g, &q, &content);
	buf_reset(answer);
	if (o->g->by_peer)
		sign_by_peer(buf_view(&content), certs, n, answer);
	else
		sign_by_pki(buf_view(&content), certs, n, answer);
	buf_clear(&content);
	arena_free(a);
}

/* The PKI does not even get the message whose answer is forged. */
static bool
answer_forged(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct forger		*o = ctx;
	struct arena		*a;
	struct cms_signed	 m;

	if (++o->count == o->at) {
		forge(o, message, answer);
		return true;
	}
	if (!o->way.exchange(o->way.ctx, message, answer, f))
		return false;
	/* The device's certificate is the one that is no CA's and no responder's. */
	a = arena_new(1u << 22);
	assert_true(message_open(buf_view(answer), a, &m, NULL));
	for (size_t i = 0; i < m.certificate_count; i++) {
		struct cert	c;

		if (cert_decode(m.certificates[i], &c, NULL) && !c.is_ca && !c.has_eku)
			o->cert = view_of(memcpy(malloc(c.der.n), c.der.p, c.der.n), c.der.n);
	}
	arena_free(a);
	return true;
}

/*
 * C-11: the receipt names the control of the confirmation, brings the
 * certificate, and is of this transaction and to this message; and another
 * device, whose certificate has the same root, does not answer for the PKI.
 */
static void
test_forged(void **state)
{
	static const struct {
		const char	*label;
		size_t		 at;
		struct forged	 g;
		enum fault_kind	 kind;
	} cases[] = {
		{ "a receipt by another device", 2, { .by_peer = true, .about = 1 },
		    FAULT_SIGNATURE },
		{ "a refusal by another device", 1, { .by_peer = true, .status = CMC_FAILED },
		    FAULT_SIGNATURE },
		{ "a receipt of another transaction", 2, { .other_transaction = true, .about = 1 },
		    FAULT_SIGNATURE },
		{ "a receipt for another message", 2, { .other_nonce = true, .about = 1 },
		    FAULT_SIGNATURE },
		{ "a receipt about something else", 2, { .about = 7 }, FAULT_SIGNATURE },
		{ "a receipt about everything", 2, { .about = 0 }, FAULT_SIGNATURE },
		{ "a receipt without the certificate", 2, { .no_cert = true, .about = 1 },
		    FAULT_SIGNATURE },
		{ "success without a certificate", 1, { .about = 1 }, FAULT_REFUSED },
		{ "not decided yet", 1, { .status = CMC_PENDING, .about = 1 }, FAULT_BUSY },
		{ "a receipt some other day", 2, { .status = CMC_PENDING, .about = 1 },
		    FAULT_BUSY },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct forger	o = { .g = &cases[i].g, .at = cases[i].at };
		struct device	d;
		struct enroll	q = { .dir = d.dir, .ticket = &d.t, .rng = rng_system(),
			.now = pki.now, .transport = { answer_forged, &o } };

		gateway(&d, &pki);
		o.way = flow_wire(&d.w);
		d.f = (struct fault){ 0 };
		if (enroll_run(&q, &d.r, &d.f) || d.f.kind != cases[i].kind)
			fail_msg("%s: %s, %s", cases[i].label, fault_kind_name(d.f.kind),
			    d.f.text);
		if (step_of(&d) != (cases[i].at == 1 ? ENROLL_REQUEST : ENROLL_CONFIRM) ||
		    has(&d, "cert.pem"))
			fail_msg("%s: step %s", cases[i].label, enroll_step_name(step_of(&d)));
		expect_finished(&d, cases[i].label);
		free((void *)(uintptr_t)o.cert.p);
		device_close(&d);
	}
}

/* C-24: a clock that is wrong is said to be, and costs nothing. */
static void
test_clock(void **state)
{
	static const struct {
		const char	*label;
		int64_t		 wrong;
		bool		 good;
	} cases[] = {
		{ "four minutes early", -240, true },
		{ "four minutes late", 240, true },
		{ "at the epoch", -FLOW_NOW, false },
		{ "thirty years on", INT64_C(30) * 365 * 86400, false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device	d;
		struct flow_pki	wrong;		/* only for its clock */

		gateway(&d, &pki);
		wrong = pki;
		wrong.now += cases[i].wrong;
		d.p = &wrong;
		if (run(&d) != cases[i].good)
			fail_msg("%s: %s", cases[i].label, d.f.text);
		d.p = &pki;
		if (cases[i].good) {
			expect_done(&d, cases[i].label);
		} else {
			if (strstr(d.f.text, "clock") == NULL)
				fail_msg("%s: %s", cases[i].label, d.f.text);
			expect_patience(&d, ENROLL_REQUEST, cases[i].label);
		}
		device_close(&d);
	}
}

/* --- all of them --------------------------------------------------------------------- */

static int
start(void **state)
{
	(void)state;
	flow_start(&pki, KEY_EC_P256);
	flow_start(&impostor, KEY_EC_P256);
	gateway(&peer_device, &pki);
	if (!run(&peer_device))
		return -1;
	raw_cert_load(&peer_device, &peer);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&peer);
	device_close(&peer_device);
	flow_stop(&pki);
	flow_stop(&impostor);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_impostor),
		cmocka_unit_test(test_anchor),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
