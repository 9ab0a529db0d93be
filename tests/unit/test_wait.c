/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that waits for a person: when the Peer asks again, and that all of
 * it is on disk (R5272-6.13-1 as the Peer sees it: pendTime once, then its own
 * pauses).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "peer/wait.h"

#define NOW	INT64_C(1795500000)
#define TOKEN	VIEW_LIT("0123456789abcdef")

/* All zeros, or all ones: the least and the greatest chance. */
static void
fill(void *ctx, uint8_t *out, size_t n)
{
	memset(out, *(const int *)ctx, n);
}

static struct exchange_failure
pending(int64_t pend_time)
{
	return (struct exchange_failure){ .status = CMC_PENDING, .has_pend = true,
		.pend_token = TOKEN, .pend_time = pend_time };
}

static void
note(struct enroll_state *st, int64_t pend_time, int octet, int64_t now)
{
	struct exchange_failure	why = pending(pend_time);
	struct rng		rng = { fill, &octet };
	struct fault		f = { 0 };

	if (!wait_note(st, &why, &rng, now, &f))
		fail_msg("%s", f.text);
}

/* After so many answers, with pendTime so far away: between these. */
static const struct {
	const char	*label;
	unsigned	 polls;
	int64_t		 pend_in, least, most;
} pauses[] = {
	{ "first answer",		0, 300, 300, 300 },
	{ "first answer, at once",	0, 0, 1, 2 },
	{ "second",			1, 0, 31, 61 },
	{ "third",			2, 0, 61, 121 },
	{ "seventh",			6, 0, 961, 1921 },
	{ "hundredth",			99, 0, 1801, 3601 },
	{ "pendTime is later",		3, 900, 900, 900 },
	{ "pendTime is absurd",		0, 400 * 86400, WAIT_PEND_MAX_SECONDS,
	    WAIT_PEND_MAX_SECONDS },
};

static void
test_pauses(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(pauses) / sizeof(pauses[0]); i++) {
		struct enroll_state	st;
		int64_t			got;

		enroll_state_init(&st);
		st.step = pauses[i / 2].polls == 0 ? ENROLL_REQUEST : ENROLL_POLL;
		st.wait.polls = pauses[i / 2].polls == 0 ? 0 : pauses[i / 2].polls - 1;
		buf_add_view(&st.message, VIEW_LIT("request"));
		note(&st, NOW + pauses[i / 2].pend_in, i % 2 == 0 ? 0 : 0xff, NOW);
		got = st.wait.poll_at - NOW;
		if (got < pauses[i / 2].least || got > pauses[i / 2].most)
			fail_msg("%s: %lld", pauses[i / 2].label, (long long)got);
		assert_int_equal(st.step, ENROLL_POLL);
		enroll_state_clear(&st);
	}
}

/* Not before its time, unless somebody hurries; and never before the PKI's. */
static void
test_is_over(void **state)
{
	struct enroll_state	st;
	struct fault		f = { 0 };

	(void)state;
	enroll_state_init(&st);
	st.wait.since = NOW;
	st.wait.pend_at = NOW + 10;
	st.wait.poll_at = NOW + 100;
	assert_false(wait_is_over(&st, true, NOW + 9, &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	fault_clear(&f);
	assert_true(wait_is_over(&st, true, NOW + 10, &f));
	assert_false(wait_is_over(&st, false, NOW + 99, &f));
	fault_clear(&f);
	assert_true(wait_is_over(&st, false, NOW + 100, &f));
	/* A clock that went back would wait for ever. */
	assert_true(wait_is_over(&st, false, NOW - 1, &f));
	enroll_state_clear(&st);
}

/* The request is kept beside the poll, and comes back if the PKI forgot the poll. */
static void
test_on_disk(void **state)
{
	char			dir[] = "/tmp/pki4ipsec-wait-XXXXXX";
	struct enroll_state	st, got;
	struct fault		f = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	enroll_state_init(&st);
	enroll_state_init(&got);
	st.step = ENROLL_REQUEST;
	st.x.n_received = 16;
	buf_add_view(&st.message, VIEW_LIT("request"));
	note(&st, NOW + 300, 0, NOW);
	buf_reset(&st.message);
	buf_add_view(&st.message, VIEW_LIT("poll"));
	assert_true(enroll_folder(dir, ENROLL_FOLDER, &f) && enroll_state_save(dir, &st, &f) &&
	    enroll_state_load(dir, &got, &f));
	assert_int_equal(got.step, ENROLL_POLL);
	assert_int_equal(got.wait.since, NOW);
	assert_int_equal(got.wait.pend_at, NOW + 300);
	assert_int_equal(got.wait.poll_at, NOW + 300);
	assert_true(view_equal(view_of(got.wait.token, got.wait.n_token), TOKEN));
	assert_true(view_equal(buf_view(&got.message), VIEW_LIT("poll")));
	wait_back(&got);
	assert_int_equal(got.step, ENROLL_REQUEST);
	assert_true(view_equal(buf_view(&got.message), VIEW_LIT("request")));
	assert_int_equal(got.wait.polls, 1);
	wait_forget(&got);
	assert_int_equal(got.wait.n_token, 0);
	assert_int_equal(got.wait.since, 0);
	enroll_state_clear(&got);
	enroll_state_clear(&st);
	assert_true(dir_remove(dir, &f));
}

/* Without a token there is nothing to poll with: the request is sent again. */
static void
test_no_token(void **state)
{
	struct exchange_failure	why = { .status = CMC_PENDING };
	struct enroll_state	st;
	struct fault		f = { 0 };

	(void)state;
	enroll_state_init(&st);
	st.step = ENROLL_REQUEST;
	assert_false(wait_note(&st, &why, rng_system(), NOW, &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	assert_int_equal(st.step, ENROLL_REQUEST);
	fault_clear(&f);
	/* Later ones may leave it out (RFC 10002, 6.13). */
	st.step = ENROLL_POLL;
	st.wait.n_token = 16;
	st.wait.pend_at = NOW - 5;
	assert_true(wait_note(&st, &why, rng_system(), NOW, &f));
	assert_true(st.wait.poll_at > NOW);
	enroll_state_clear(&st);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_is_over),
		cmocka_unit_test(test_on_disk),
		cmocka_unit_test(test_no_token),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
