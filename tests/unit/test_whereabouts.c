/* SPDX-License-Identifier: Apache-2.0 */
/* Hints: many hashes, many numbers of one hash, and what is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/whereabouts.h"

#define MANY	20000

static void
hash_of(uint32_t i, uint8_t out[8])
{
	uint64_t	h = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);

	memcpy(out, &h, sizeof(h));
}

static void
nothing_is_found_in_nothing(void **state)
{
	const struct whereabouts	none = { 0 };
	uint8_t			hash[8] = { 1 };
	size_t			at = 0;

	(void)state;
	assert_int_equal(whereabouts_next(&none, hash, &at), 0);
}

static void
each_is_found(void **state)
{
	struct whereabouts	t = { 0 };
	struct fault	f = { 0 };
	uint8_t		hash[8];

	(void)state;
	for (uint32_t i = 1; i <= MANY; i++) {
		hash_of(i, hash);
		assert_true(whereabouts_add(&t, hash, i, &f));
	}
	for (uint32_t i = 1; i <= 2 * MANY; i++) {
		size_t	at = 0;

		hash_of(i, hash);
		assert_int_equal(whereabouts_next(&t, hash, &at), i <= MANY ? i : 0);
		if (i <= MANY)
			assert_int_equal(whereabouts_next(&t, hash, &at), 0);
	}
	whereabouts_clear(&t);
	assert_int_equal(t.size, 0);
}

/* The newest first; others are found beside it as before. */
static void
many_of_one(void **state)
{
	struct whereabouts	t = { 0 };
	struct fault	f = { 0 };
	uint8_t		one[8], other[8];
	size_t		at = 0;

	(void)state;
	hash_of(1, one);
	hash_of(2, other);
	for (int64_t n = 1; n <= MANY; n++)
		assert_true(whereabouts_add(&t, one, n, &f));
	assert_true(whereabouts_add(&t, other, 7, &f));
	assert_int_equal(t.used, 2);	/* slots: no walk is longer for it */
	for (int64_t n = MANY; n >= 1; n--)
		assert_int_equal(whereabouts_next(&t, one, &at), n);
	assert_int_equal(whereabouts_next(&t, one, &at), 0);
	at = 0;
	assert_int_equal(whereabouts_next(&t, other, &at), 7);
	whereabouts_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(nothing_is_found_in_nothing),
		cmocka_unit_test(each_is_found),
		cmocka_unit_test(many_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
