/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C-9: guessing becomes slow for one source, and for no other; what
 * was long ago is forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pki/guesses.h"

#define FLOOR_MS	50

static void
fixed(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	memset(out, 7, n);
}

static const struct rng	rng = { fixed, NULL };

static void
waits_grow(void **state)
{
	static const int64_t	want[] = { 50, 50, 50, 50, 100, 200, 400, 800, 1600, 3200, 6400,
		10000, 10000 };
	static struct guesses	g;

	(void)state;
	guesses_init(&g, &rng);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(guesses_wait(&g, "192.0.2.7", FLOOR_MS, 1000 + (int64_t)i), want[i]);
	assert_int_equal(guesses_wait(&g, "192.0.2.8", FLOOR_MS, 2000), FLOOR_MS);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(guesses_wait(&g, "192.0.2.7", FLOOR_MS, 3000), 10000);
}

/* At most 64 are remembered: seven minutes later the source is as new. */
static void
waits_are_forgotten(void **state)
{
	static struct guesses	g;

	(void)state;
	guesses_init(&g, &rng);
	for (int i = 0; i < 1000; i++)
		(void)guesses_wait(&g, "2001:db8::7", FLOOR_MS, 0);
	assert_int_equal(guesses_wait(&g, "2001:db8::7", FLOOR_MS, 59999), 10000);
	assert_int_equal(guesses_wait(&g, "2001:db8::7", FLOOR_MS, 7 * 60000), FLOOR_MS);
}

static void
floor_stands(void **state)
{
	static struct guesses	g;

	(void)state;
	guesses_init(&g, &rng);
	assert_int_equal(guesses_wait(&g, "x", 60000, 0), 60000);
	for (int i = 0; i < 20; i++)
		assert_int_equal(guesses_wait(&g, "x", 60000, 0), 60000);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(waits_grow),
		cmocka_unit_test(waits_are_forgotten),
		cmocka_unit_test(floor_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
