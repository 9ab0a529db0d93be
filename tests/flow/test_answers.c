/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that a Peer must not believe: from another PKI, to another question,
 * or no answers at all (corrections 10, 11, 24).  Whatever comes, the key and
 * the request stay, nothing is installed, and the right PKI finishes the work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "flow_device.h"

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

/* Never trust on first use: an anchor of another digest ends it. */
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

/* Correction 24: a clock that is wrong is said to be, and costs nothing. */
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
	return 0;
}

static int
stop(void **state)
{
	(void)state;
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
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
