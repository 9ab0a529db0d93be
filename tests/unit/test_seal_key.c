/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing keys and their successors (C-1): what an older one sealed opens as
 * long as it counts, and the key goes when nothing of its time does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "pki/seal_key.h"

#define DAY	INT64_C(86400)
#define FIRST	(INT64_C(20000) * DAY)

static char	path[] = "/tmp/pki4ipsec-seal-XXXXXX";

static void
rotate(int64_t day, int64_t needed)
{
	struct fault	f = { 0 };

	if (!seal_keys_rotate(path, rng_system(), FIRST + day * DAY,
	    needed < 0 ? 0 : FIRST + needed * DAY, &f))
		fail_msg("%s", f.text);
}

static void
load(struct seal_keys *k)
{
	struct fault	f = { 0 };

	assert_true(seal_keys_load(path, k, &f));
}

static void
test_successors(void **state)
{
	static const struct {
		const char	*label;
		int64_t		 needed;	/* day; -1: not known */
		size_t		 left;
	} cases[] = {
		{ "not known", -1, 4 },
		{ "of the first key's time", 50, 4 },
		{ "just when it was replaced", 90, 4 },
		{ "a day later", 91, 4 },
		{ "of the second's time", 92, 3 },
		{ "of the third's", 182, 2 },
		{ "nothing but of now", 270, 2 },
	};
	struct fault	f = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct seal_keys	k[3];
		struct secret		content = { 0 };
		struct buf		sealed;

		(void)unlink(path);
		buf_init(&sealed, 256);
		rotate(0, -1);
		rotate(90, -1);
		load(&k[0]);
		assert_true(seal_keys_seal(&k[0], rng_system(), VIEW_LIT("aad"), VIEW_LIT("K"), &sealed,
		    &f));
		rotate(180, -1);
		load(&k[1]);
		rotate(270, cases[i].needed);
		load(&k[2]);
		if (k[2].n != cases[i].left)
			fail_msg("%s: %zu keys are left", cases[i].label, k[2].n);
		assert_int_equal(k[2].made[0], FIRST + 270 * DAY);
		assert_memory_equal(k[2].key[1], k[1].key[0], sizeof(k[1].key[0]));
		/* Sealed on day 90, with the second key. */
		assert_int_equal(seal_keys_open(&k[2], VIEW_LIT("aad"), buf_view(&sealed), &content,
		    NULL), cases[i].left >= 3);
		secret_clear(&content);
		buf_clear(&sealed);
	}
}

/* A clock that ran ahead: no 90 days until it is reached, and no record goes by it. */
static void
test_ahead(void **state)
{
	static struct seal_keys	k;
	struct fault		f = { 0 };
	bool			due;

	(void)state;
	(void)unlink(path);
	rotate(3650, -1);
	load(&k);
	assert_true(seal_keys_since(&k, FIRST) == 0);
	assert_true(seal_keys_since(&k, FIRST + 3650 * DAY) == FIRST + 3650 * DAY);
	assert_true(seal_keys_due(path, FIRST, &due, &f) && due);
	assert_true(seal_keys_due(path, FIRST + 3649 * DAY, &due, &f) && !due);
	rotate(0, 0);
	assert_true(seal_keys_due(path, FIRST + 1, &due, &f) && !due);
	assert_true(seal_keys_due(path, FIRST + 91 * DAY, &due, &f) && due);
}

static int
start(void **state)
{
	int	fd = mkstemp(path);

	(void)state;
	return close(fd);
}

static int
stop(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_successors),
		cmocka_unit_test(test_ahead),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
