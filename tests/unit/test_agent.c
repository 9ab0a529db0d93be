/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_agent.c - what the agent does next: tables over two clocks.
 *
 * R4809-1-7: renewal when it is due, without a word, test_next
 * R4809-3.1.4-2: pauses while the PKI cannot be reached, test_renewal_pauses
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "peer/agent.h"
#include "peer/agent_report.h"

#define WALL		INT64_C(1795500000)
#define MS		INT64_C(5000000)
#define INTERVAL	INT64_C(60000)
#define DAY		INT64_C(86400)

static const struct agent_time	now = { WALL, MS };

/* --- what comes next ------------------------------------------------------------------ */

static const struct {
	const char	*label;
	int64_t		 crls, change, renewal;	/* ms from now; NEVER */
	bool		 has_cert, under_way, asked;
	int64_t		 renew_in, ends_in;	/* seconds from now */
	enum agent_act	 want;
	int64_t		 wait;
} next[] = {
	{ "all is due: the CRLs, which revoke",
	    0, 0, 0, true, false, false, 0, DAY, AGENT_CRLS, 0 },
	{ "the change has been due longer",
	    -1, -2, 0, true, false, false, 0, DAY, AGENT_CHANGE, 0 },
	{ "the renewal has been due longest",
	    -1, -2, -9000, true, false, false, -8, DAY, AGENT_RENEW, 0 },
	{ "nothing is due: until the CRLs are",
	    1500, AGENT_NEVER, 0, true, false, false, 20 * DAY, 30 * DAY, AGENT_WAIT, 1500 },
	{ "until the change is",
	    50000, 700, 0, true, false, false, 20 * DAY, 30 * DAY, AGENT_WAIT, 700 },
	{ "until the calendar says renewal",
	    50000, AGENT_NEVER, 0, true, false, false, 3, 30 * DAY, AGENT_WAIT, 3000 },
	{ "the calendar says renewal, but it was refused just now",
	    50000, AGENT_NEVER, 4000, true, false, false, -100, DAY, AGENT_WAIT, 4000 },
	{ "never longer than the calendar may jump",
	    AGENT_NEVER / 2, AGENT_NEVER, 0, true, false, false, 20 * DAY, 30 * DAY,
	    AGENT_WAIT, AGENT_WAIT_MAX_MS },
	{ "a renewal that was begun goes on, whatever the calendar says",
	    50000, AGENT_NEVER, 0, true, true, false, 20 * DAY, 30 * DAY, AGENT_RENEW, 0 },
	{ "somebody wants it now",
	    50000, AGENT_NEVER, 0, true, false, true, 20 * DAY, 30 * DAY, AGENT_RENEW, 0 },
	{ "R4809-3.5.2-17: an expired certificate is not renewed",
	    50000, AGENT_NEVER, 0, true, false, true, -DAY, -1, AGENT_WAIT, 50000 },
	{ "nor one that there is not",
	    50000, AGENT_NEVER, 0, false, false, true, 0, 0, AGENT_WAIT, 50000 },
	{ "CRLs go on without any",
	    0, AGENT_NEVER, 0, false, false, false, 0, 0, AGENT_CRLS, 0 },
};

static void
test_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
		struct agent		a;
		struct agent_step	s;

		print_message("  %s\n", next[i].label);
		agent_begin(&a, INTERVAL, &now);
		a.crls.at = MS + next[i].crls;
		a.change.at = next[i].change == AGENT_NEVER ? AGENT_NEVER : MS + next[i].change;
		a.renewal.at = MS + next[i].renewal;
		a.has_cert = next[i].has_cert;
		a.under_way = next[i].under_way;
		a.asked = next[i].asked;
		a.renew_at = WALL + next[i].renew_in;
		a.not_after = WALL + next[i].ends_in;
		s = agent_next(&a, &now);
		assert_int_equal(s.act, next[i].want);
		assert_int_equal(s.wait_ms, next[i].wait);
	}
}

/* --- pauses --------------------------------------------------------------------------- */

/* Every pause lies between these, with the least and the greatest chance. */
static const struct {
	const char	*label;
	enum fault_kind	 kind;
	unsigned	 failures;	/* with this one */
	unsigned	 retry_after;
	int64_t		 left;		/* seconds of the certificate */
	int64_t		 least, most;	/* milliseconds */
} pauses[] = {
	{ "busy, once",		FAULT_BUSY, 1, 0, 90 * DAY,	30000, 60000 },
	{ "busy, twice",	FAULT_BUSY, 2, 0, 90 * DAY,	60000, 120000 },
	{ "busy, for long",	FAULT_BUSY, 40, 0, 90 * DAY,	1800000, 3600000 },
	{ "the server's wish",	FAULT_BUSY, 1, 300, 90 * DAY,	300000, 360000 },
	{ "a wish too large",	FAULT_BUSY, 1, 86400, 90 * DAY,	3600000, 4100000 },
	{ "refused, once",	FAULT_REFUSED, 1, 0, 90 * DAY,	300000, 600000 },
	{ "refused, often",	FAULT_REFUSED, 40, 0, 90 * DAY,	10800000, 21600000 },
	{ "not from the PKI",	FAULT_SIGNATURE, 1, 0, 90 * DAY, 300000, 600000 },
	{ "an hour is left",	FAULT_REFUSED, 9, 0, 3600,	450000, 450000 },
	{ "a minute is left",	FAULT_BUSY, 9, 0, 60,		7500, 7500 },
	{ "nothing is left",	FAULT_BUSY, 9, 0, 0,		1000, 1000 },
};

static void
test_renewal_pauses(void **state)
{
	static const uint32_t	chances[] = { 0, 1, 12345, UINT32_MAX / 2, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++)
		for (size_t k = 0; k < sizeof(chances) / sizeof(chances[0]); k++) {
			struct agent	a;
			int64_t		ms;

			agent_begin(&a, INTERVAL, &now);
			a.has_cert = true;
			a.not_after = WALL + pauses[i].left;
			a.renewal.failures = pauses[i].failures - 1;
			agent_renewal_failed(&a, &now, pauses[i].kind, pauses[i].retry_after,
			    chances[k]);
			ms = a.renewal.at - MS;
			if (ms < pauses[i].least || ms > pauses[i].most)
				fail_msg("%s: %lld ms", pauses[i].label, (long long)ms);
			assert_int_equal(a.renewal.failures, pauses[i].failures);
		}
}

/* To wait for a person is no failure, and has its own time. */
static void
test_waits(void **state)
{
	struct agent	a;

	(void)state;
	agent_begin(&a, INTERVAL, &now);
	a.has_cert = true;
	a.renewal.failures = 3;
	agent_renewal_waits(&a, &now, WALL + 300);
	assert_int_equal(a.renewal.at - MS, 300000);
	assert_int_equal(a.renewal.failures, 0);
	agent_renewal_waits(&a, &now, WALL - 5);
	assert_int_equal(a.renewal.at - MS, AGENT_PAUSE_MIN_MS);
}

/* A no is an answer to who wanted it now; a busy PKI is asked again. */
static void
test_asked(void **state)
{
	struct agent	a;

	(void)state;
	agent_begin(&a, INTERVAL, &now);
	a.not_after = WALL + DAY;
	a.asked = true;
	agent_renewal_failed(&a, &now, FAULT_BUSY, 0, 0);
	assert_true(a.asked);
	agent_renewal_failed(&a, &now, FAULT_REFUSED, 0, 0);
	assert_false(a.asked);
	a.asked = a.under_way = true;
	agent_renewed(&a, &now);
	assert_false(a.asked || a.under_way);
	assert_int_equal(a.renewal.failures, 0);
}

/* CRLs: near the interval when all is well, and never slower than five minutes. */
static void
test_crl_pauses(void **state)
{
	struct agent	a;

	(void)state;
	agent_begin(&a, INTERVAL, &now);
	agent_crls_done(&a, &now, true, 0, 0);
	assert_int_equal(a.crls.at - MS, INTERVAL - INTERVAL / 10);
	for (uint32_t chance = 0; chance < 100000; chance += 977) {
		agent_crls_done(&a, &now, true, 0, chance);
		assert_in_range(a.crls.at - MS, INTERVAL * 9 / 10, INTERVAL * 11 / 10);
	}
	for (int i = 0; i < 20; i++) {
		agent_crls_done(&a, &now, false, 0, UINT32_MAX);
		assert_in_range(a.crls.at - MS, INTERVAL / 2, AGENT_CRL_PAUSE_MAX_MS);
	}
	assert_int_equal(a.crls.failures, 20);
	agent_crls_done(&a, &now, false, 400, 0);
	assert_in_range(a.crls.at - MS, 400000, 460000);
	agent_crls_done(&a, &now, true, 0, 7);
	assert_int_equal(a.crls.failures, 0);
	/* An interval of two seconds stays below what two intervals promise. */
	agent_begin(&a, 2000, &now);
	agent_crls_done(&a, &now, true, 0, UINT32_MAX);
	assert_in_range(a.crls.at - MS, 1800, 2200);
}

static void
test_change_pauses(void **state)
{
	struct agent	a;

	(void)state;
	agent_begin(&a, INTERVAL, &now);
	agent_change_failed(&a, &now, false, 0);
	assert_int_equal(a.change.at - MS, AGENT_CHANGE_MS / 2);
	for (int i = 0; i < 40; i++)
		agent_change_failed(&a, &now, false, UINT32_MAX);
	assert_in_range(a.change.at - MS, AGENT_CHANGE_MAX_MS / 2, AGENT_CHANGE_MAX_MS);
	agent_change_failed(&a, &now, true, 0);
	assert_in_range(a.change.at - MS, AGENT_REFUSED_MAX_MS / 2, AGENT_REFUSED_MAX_MS);
	agent_changed(&a, &now, 500);
	assert_int_equal(a.change.at - MS, 500);
	agent_changed(&a, &now, AGENT_NEVER);
	assert_int_equal(a.change.at, AGENT_NEVER);
}

/* SIGHUP ends every pause, and begins nothing that there is not. */
static void
test_hurry(void **state)
{
	struct agent		a;
	struct agent_step	s;

	(void)state;
	agent_begin(&a, INTERVAL, &now);
	agent_crls_done(&a, &now, false, 3600, 0);
	agent_hurry(&a, &now);
	s = agent_next(&a, &now);
	assert_int_equal(s.act, AGENT_CRLS);
	assert_int_equal(a.change.at, AGENT_NEVER);
	agent_change_failed(&a, &now, true, 0);
	agent_hurry(&a, &now);
	assert_int_equal(a.change.at, MS);
}

/* --- health --------------------------------------------------------------------------- */

static const struct {
	const char		*label;
	int64_t			 ends_in;	/* of 100 days */
	bool			 revoked;
	unsigned		 failures;
	enum agent_daemon	 daemon;
	bool			 trouble;
	int64_t			 crl_ends_in;	/* of an hour; 0: there is none */
	enum agent_health	 want;
} healths[] = {
	{ "all is well", 50 * DAY, false, 0, AGENT_IN_USE, false, 3000, AGENT_GOOD },
	{ "on its way", 50 * DAY, false, 0, AGENT_COMING, false, 3000, AGENT_GOOD },
	{ "a renewal failed", 30 * DAY, false, 1, AGENT_IN_USE, false, 3000, AGENT_WARNING },
	{ "and little is left", 9 * DAY, false, 9, AGENT_IN_USE, false, 3000, AGENT_BAD },
	{ "expired", -1, false, 0, AGENT_IN_USE, false, 3000, AGENT_BAD },
	{ "revoked", 50 * DAY, true, 0, AGENT_IN_USE, false, 3000, AGENT_BAD },
	{ "peers refuse", 50 * DAY, false, 0, AGENT_REFUSED, false, 3000, AGENT_BAD },
	{ "no daemon", 50 * DAY, false, 0, AGENT_UNREACHABLE, false, 3000, AGENT_BAD },
	{ "a CRL near its end", 50 * DAY, false, 0, AGENT_IN_USE, false, 600, AGENT_WARNING },
	{ "a CRL that has ended", 50 * DAY, false, 0, AGENT_IN_USE, false, -1, AGENT_BAD },
	{ "no CRL", 50 * DAY, false, 0, AGENT_IN_USE, false, 0, AGENT_BAD },
	{ "some trouble", 50 * DAY, false, 0, AGENT_IN_USE, true, 3000, AGENT_WARNING },
};

static void
test_health(void **state)
{
	static struct crls	crls = { .n = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(healths) / sizeof(healths[0]); i++) {
		struct agent_report	r = {
			.now = WALL, .has_cert = true, .crls = &crls,
			.not_before = WALL + healths[i].ends_in - 100 * DAY,
			.not_after = WALL + healths[i].ends_in,
			.revoked = healths[i].revoked, .renewal_failures = healths[i].failures,
			.daemon = healths[i].daemon, .error = { .at = healths[i].trouble },
		};

		print_message("  %s\n", healths[i].label);
		crls.at[0].held = healths[i].crl_ends_in != 0;
		crls.at[0].next_update = WALL + healths[i].crl_ends_in;
		crls.at[0].this_update = crls.at[0].next_update - 3600;
		assert_int_equal(agent_report_health(&r), healths[i].want);
	}
}

/* --- telling the Admin ------------------------------------------------------------------- */

static struct agent_time
later(int64_t ms)
{
	return (struct agent_time){ WALL + ms / 1000, MS + ms };
}

static int64_t
tell_at(const struct agent *a)
{
	return a->tell.at == AGENT_NEVER ? AGENT_NEVER : a->tell.at - MS;
}

/* At once, then hours apart; the same words a day; before another change is tried. */
static void
test_tell(void **state)
{
	struct agent_time	then;
	struct agent		a;

	(void)state;
	agent_begin(&a, INTERVAL, &now);
	a.crls.at = MS + 50000;
	assert_int_equal(tell_at(&a), AGENT_NEVER);
	agent_tell(&a, &now, false);
	assert_int_equal(tell_at(&a), 0);
	a.change.at = MS;
	assert_int_equal(agent_next(&a, &now).act, AGENT_TELL);
	agent_told(&a, &now, FAULT_BUSY, 0, 0);
	assert_int_equal(tell_at(&a), AGENT_BUSY_MS / 2);
	agent_tell(&a, &now, false);		/* waits already */
	assert_int_equal(tell_at(&a), AGENT_BUSY_MS / 2);
	agent_hurry(&a, &now);
	assert_int_equal(tell_at(&a), 0);
	agent_told(&a, &now, FAULT_NONE, 0, 0);
	assert_int_equal(tell_at(&a), AGENT_NEVER);
	then = later(1000);
	agent_tell(&a, &then, false);
	assert_int_equal(tell_at(&a), AGENT_TELL_PAUSE_MS);
	agent_hurry(&a, &then);
	assert_int_equal(tell_at(&a), AGENT_TELL_PAUSE_MS);
	agent_tell_nothing(&a);
	assert_int_equal(tell_at(&a), AGENT_NEVER);
	agent_tell(&a, &then, true);
	assert_int_equal(tell_at(&a), AGENT_TELL_AGAIN_MS);
	agent_told(&a, &then, FAULT_REFUSED, 0, 0);	/* a no is an answer */
	assert_int_equal(tell_at(&a), AGENT_NEVER);
	then = later(2 * AGENT_TELL_AGAIN_MS);
	agent_tell(&a, &then, true);
	assert_int_equal(tell_at(&a), 2 * AGENT_TELL_AGAIN_MS);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_renewal_pauses),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_crl_pauses),
		cmocka_unit_test(test_change_pauses),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
