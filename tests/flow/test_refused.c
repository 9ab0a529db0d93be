/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolments that must not succeed: strangers, the wrong time, against policy,
 * no confirmation, and a certificate that the Peer cannot use.  For each case
 * what is on the Peer's disk and in the PKI's store, and whether the
 * authorization is used up (R4809-3.4.11-13, R4809-3.4.11-15, R4809-3.4.11-16).
 *
 * R4809-3.2.4.3-7: a window, and both sides of it, test_window_ends
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/cvp.h"
#include "flow_device.h"

static struct flow_pki	pki;		/* one for all cases */

/* --- refusals that spend nothing ----------------------------------------------------- */

static void
wrong_token(struct ticket *t)
{
	t->token[0] = t->token[0] == 'A' ? 'B' : 'A';
}

static void
unknown_id(struct ticket *t)
{
	t->id[0] = t->id[0] == 'A' ? 'B' : 'A';
}

static const struct {
	const char	*label;
	void		(*spoil)(struct ticket *t);
	int64_t		 clock;		/* when the Peer asks, after authorization */
	bool		 known;		/* the PKI has a record that it can note this in */
	unsigned	 events;
} strangers[] = {
	{ "wrong token", wrong_token, 0, true, 0 },
	{ "unknown id", unknown_id, 0, false, 0 },
	/* R4809-3.2.4.3-6: outside its period a request is not processed */
	{ "window not begun", NULL, -3600, true, FLOW_EVENT(CVP_EVENT_OUTSIDE_WINDOW) },
};

/* C-18: one answer for all; afterwards the right ticket at the right time works. */
static void
test_strangers(void **state)
{
	(void)state;
	flow_pass(&pki, 86400);
	for (size_t i = 0; i < LEN(strangers); i++) {
		struct device		d;
		struct ticket		good;
		struct flow_seen	s;

		gateway(&d, &pki);
		good = d.t;
		if (strangers[i].spoil != NULL)
			strangers[i].spoil(&d.t);
		flow_turn(&pki, pki.now + strangers[i].clock);
		if (run(&d) || d.f.kind != FAULT_REFUSED ||
		    strstr(d.f.text, "does not accept this ticket") == NULL)
			fail_msg("%s: %s", strangers[i].label, d.f.text);
		assert_int_equal(d.w.count, 1);
		flow_turn(&pki, pki.now - strangers[i].clock);
		d.t = good;
		flow_look(&pki, d.t.id, &s);
		if (s.state != STORE_AUTHZ_OPEN || s.certs != 0 || !s.has_token ||
		    s.events != strangers[i].events)
			fail_msg("%s: state %d, events %x", strangers[i].label, s.state, s.events);
		assert_int_equal(s.failed_proofs, strangers[i].spoil != NULL && strangers[i].known);
		expect_finished(&d, strangers[i].label);
		device_close(&d);
	}
}

/* Before and after the timer has noticed; the last second still counts. */
static void
test_window_ends(void **state)
{
	static const struct {
		const char		*label;
		int64_t			 late;
		bool			 tick, good;
		enum store_authz_state	 state;
	} cases[] = {
		{ "the last second", 0, false, true, STORE_AUTHZ_CONFIRMED },
		{ "a second later", 1, false, false, STORE_AUTHZ_OPEN },
		{ "a second later, after the timer", 2, true, false, STORE_AUTHZ_EXPIRED },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		int64_t			now = pki.now;
		struct device		d;
		struct flow_seen	s;

		gateway(&d, &pki);
		pki.now = d.t.not_after + cases[i].late;
		if (cases[i].tick)
			flow_pass(&pki, 0);
		if (run(&d) != cases[i].good)
			fail_msg("%s: %s", cases[i].label, d.f.text);
		flow_look(&pki, d.t.id, &s);
		if (s.state != cases[i].state || s.certs != cases[i].good)
			fail_msg("%s: state %d", cases[i].label, s.state);
		if (cases[i].tick && s.has_token)
			fail_msg("%s: the token's key is kept", cases[i].label);
		/* Expired stays expired, whatever the clock says later (C-24). */
		flow_turn(&pki, now);
		if (cases[i].tick && run_again(&d))
			fail_msg("%s: came back to life", cases[i].label);
		device_close(&d);
	}
}

/* Readable, against policy: nothing is spent, the Admin hears why (R4809-3.4.11-5). */
static void
test_policy(void **state)
{
	struct device		d;
	struct flow_seen	s;
	char			name[264];

	(void)state;
	gateway(&d, &pki);
	strcpy(name, d.t.identities[0]);
	strcpy(d.t.identities[0], "fqdn:somebody.else.example");
	assert_false(run(&d));
	assert_int_equal(d.f.kind, FAULT_REFUSED);
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.state, STORE_AUTHZ_OPEN);
	assert_int_equal(s.certs, 0);
	assert_int_equal(s.failed_proofs, 0);
	/* R4809-3.4.11-19: enrollment errors go to the Admin. */
	assert_int_equal(s.events, FLOW_EVENT(CVP_EVENT_ENROLLMENT_FAILED));
	assert_int_equal(s.failure, CVP_NAMES_DIFFER);
	assert_true(has(&d, ENROLL_KEY_FILE));
	strcpy(d.t.identities[0], name);
	expect_finished(&d, "policy");
	device_close(&d);

	device_open(&d, &pki, "ra-gateway", "fqdn:ed.example", "ed25519");
	assert_false(run(&d));
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.failure, CVP_KEY_NOT_PERMITTED);
	strcpy(d.t.key, "ec-p384");
	expect_finished(&d, "key kind");
	device_close(&d);
}

/* --- no confirmation, or a bad one ------------------------------------------------------- */

/*
 * R4809-3.4.10-4, R4809-3.4.11-9: what is not confirmed in time is revoked, and
 * the Admin hears of it; the window is judged whether the timer ran or not.
 */
static void
test_too_late(void **state)
{
	static const struct {
		const char	*label;
		int64_t		 after;
		bool		 tick, good;
	} cases[] = {
		{ "the last second", 3600, false, true },
		{ "after the timer", 3602, true, false },
		{ "before the timer", 3602, false, false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device		d;
		struct flow_seen	s;

		gateway(&d, &pki);
		d.w.lose_request = 2;
		assert_false(run(&d));
		pki.now += cases[i].after;
		if (cases[i].tick)
			flow_pass(&pki, 0);
		if (run_again(&d) != cases[i].good)
			fail_msg("%s: %s", cases[i].label, d.f.text);
		flow_look(&pki, d.t.id, &s);
		assert_int_equal(s.certs, 1);
		if (cases[i].good) {
			expect_done(&d, cases[i].label);
			device_close(&d);
			continue;
		}
		if (s.state != STORE_AUTHZ_REVOKED || s.cert != STORE_CERT_REVOKED ||
		    !s.on_crl || s.published || s.has_token ||
		    (s.events & FLOW_EVENT(CVP_EVENT_NOT_CONFIRMED)) == 0)
			fail_msg("%s: state %d, certificate %d", cases[i].label, s.state, s.cert);
		if (d.f.kind != FAULT_REFUSED || strstr(d.f.text, "not confirmed in time") == NULL)
			fail_msg("%s: %s", cases[i].label, d.f.text);
		assert_false(has(&d, "cert.pem") || has(&d, ENROLL_KEY_FILE));
		/* The same ticket never works again. */
		assert_false(run_again(&d));
		device_close(&d);
	}
}

/* A repeat of the request does not bring a certificate back whose time is over. */
static void
test_repeat_too_late(void **state)
{
	struct device		d;
	struct flow_seen	s;

	(void)state;
	gateway(&d, &pki);
	d.w.lose_answer = 1;
	assert_false(run(&d));
	pki.now += 3602;
	assert_false(run_again(&d));
	assert_int_equal(d.w.count, 1);
	flow_pass(&pki, 0);
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.cert, STORE_CERT_REVOKED);
	assert_false(run_again(&d));
	device_close(&d);
}

/* The ticket is another one by the time the certificate comes: it does not fit. */
static void
change_mind(void *ctx, size_t count)
{
	struct device	*d = ctx;

	if (count == 1)
		strcpy(d->t.identities[0], "fqdn:not.me.example");
}

/*
 * R4809-3.4.10-2, R4809-3.4.11-8: the Peer cannot use it, says so, the PKI
 * revokes it, and its Admin hears why, in the Peer's words.
 */
static void
test_rejected(void **state)
{
	static const struct {
		const char	*label;
		size_t		 lose_request, lose_answer;
	} cases[] = {
		{ "rejection arrives", 0, 0 },
		{ "rejection lost", 2, 0 },
		{ "receipt of the rejection lost", 0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device		d;
		struct flow_seen	s;

		gateway(&d, &pki);
		d.w.before = change_mind;
		d.w.ctx = &d;
		d.w.lose_request = cases[i].lose_request;
		d.w.lose_answer = cases[i].lose_answer;
		if (run(&d) || (i > 0 && run_again(&d)))
			fail_msg("%s: used", cases[i].label);
		if (d.f.kind != FAULT_REFUSED || strstr(d.f.text, "not.me.example") == NULL)
			fail_msg("%s: %s", cases[i].label, d.f.text);
		flow_look(&pki, d.t.id, &s);
		if (s.state != STORE_AUTHZ_REJECTED || s.cert != STORE_CERT_REVOKED ||
		    !s.on_crl || s.published || s.has_token ||
		    (s.events & FLOW_EVENT(CVP_EVENT_REJECTED)) == 0)
			fail_msg("%s: state %d, certificate %d", cases[i].label, s.state, s.cert);
		if (strstr(s.detail, "not.me.example") == NULL)
			fail_msg("%s: the Admin hears \"%s\"", cases[i].label, s.detail);
		assert_int_equal(s.certs, 1);
		assert_false(has(&d, "cert.pem") || has(&d, ENROLL_KEY_FILE));
		assert_false(run_again(&d));
		device_close(&d);
	}
}

/* --- all of them ----------------------------------------------------------------------- */

static int
start(void **state)
{
	(void)state;
	flow_start(&pki, KEY_EC_P256);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_window_ends),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_too_late),
		cmocka_unit_test(test_repeat_too_late),
		cmocka_unit_test(test_rejected),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
