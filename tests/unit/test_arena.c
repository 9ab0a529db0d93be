/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

static void
allocates_zeroed_and_aligned(void **state)
{
	struct arena	*a = arena_new(1 << 20);

	(void)state;
	assert_non_null(a);
	for (size_t n = 0; n < 300; n++) {
		uint8_t	*p = arena_alloc(a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xa5, n);
	}
	arena_reset(a);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(*(uint8_t *)arena_alloc(a, 1), 0);
	arena_free(a);
	arena_free(NULL);
}

static void
ceiling_holds(void **state)
{
	struct fault	 f = { 0 };
	struct arena	*a = arena_new(1000);

	(void)state;
	assert_non_null(arena_alloc(a, 600));
	assert_null(arena_alloc(a, 600));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_array(a, SIZE_MAX / 2, 3));
	assert_null(arena_str(a, view_of("", SIZE_MAX)));
	assert_non_null(arena_array(a, 10, 30));
	assert_null(arena_copy(a, view_of(&f, sizeof(f))).p);
	assert_null(arena_printf(a, "%*d", 500, 1));
	assert_false(arena_fault(&f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	arena_reset(a);
	assert_non_null(arena_alloc(a, 900));
	assert_null(arena_alloc(NULL, 1));
	arena_free(a);
}

static void
copies(void **state)
{
	struct arena	*a = arena_new(100000);
	struct view	 v = arena_copy(a, VIEW_LIT("abc"));

	(void)state;
	assert_true(view_equal(v, VIEW_LIT("abc")));
	assert_non_null(arena_copy(a, VIEW_NONE).p);
	assert_string_equal(arena_str(a, VIEW_LIT("abc")), "abc");
	assert_string_equal(arena_str(a, VIEW_NONE), "");
	assert_string_equal(arena_printf(a, "%s-%d", "gw", 7), "gw-7");
	assert_int_equal(strlen(arena_printf(a, "%50000d", 7)), 50000);
	assert_true(view_equal(v, VIEW_LIT("abc")));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(allocates_zeroed_and_aligned),
		cmocka_unit_test(ceiling_holds),
		cmocka_unit_test(copies),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
