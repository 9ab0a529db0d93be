/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void
numbers_are_big_endian(void **state)
{
	static const uint8_t	want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
				    12, 13, 14, 15 };
	struct buf		b;

	(void)state;
	buf_init(&b, 64);
	buf_add_u8(&b, 1);
	buf_add_be16(&b, 0x0203);
	buf_add_be32(&b, 0x04050607);
	buf_add_be64(&b, 0x08090a0b0c0d0e0f);
	assert_true(buf_ok(&b));
	assert_int_equal(b.n, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	buf_clear(&b);
	assert_null(b.p);
	assert_int_equal(b.max, 64);
}

static void
ceiling_holds_and_stays(void **state)
{
	struct fault	f = { 0 };
	struct buf	b;

	(void)state;
	buf_init(&b, 8);
	buf_add_str(&b, "12345");
	buf_add_str(&b, "6789");
	assert_false(buf_ok(&b));
	buf_add_str(&b, "6");
	assert_false(buf_ok(&b));
	assert_int_equal(b.n, 5);
	assert_false(buf_check(&b, "list", &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_reset(&b);
	buf_add_str(&b, "12345678");
	assert_true(buf_ok(&b));
	assert_null(buf_extend(&b, SIZE_MAX));
	buf_clear(&b);
}

static void
formatted_text_may_fill_it(void **state)
{
	struct buf	b;

	(void)state;
	buf_init(&b, 8);
	buf_addf(&b, "%s", "");
	buf_addf(&b, "%d-%d", 1234, 567);
	assert_true(buf_ok(&b));
	assert_memory_equal(b.p, "1234-567", 8);
	buf_addf(&b, "%d", 9);
	assert_false(buf_ok(&b));
	assert_int_equal(b.n, 8);
	buf_clear(&b);
}

static void
grows_and_consumes(void **state)
{
	struct buf	b;
	uint8_t		*p;

	(void)state;
	buf_init(&b, 100000);
	assert_non_null(buf_extend(&b, 0));
	for (int i = 0; i < 99999; i++)
		buf_add_u8(&b, (uint8_t)i);
	assert_non_null(p = buf_extend(&b, 1));
	*p = 7;
	assert_true(buf_ok(&b));
	buf_consume(&b, 99998);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.p[0], 99998 & 255);
	assert_int_equal(b.p[1], 7);
	buf_consume(&b, 2);
	assert_int_equal(b.n, 0);
	buf_clear(&b);
}

static void
secrets(void **state)
{
	struct fault	f = { 0 };
	struct secret	s, empty;

	(void)state;
	assert_true(secret_copy(&s, VIEW_LIT("token"), &f));
	assert_true(secret_equal(view_of(s.p, s.n), VIEW_LIT("token")));
	assert_false(secret_equal(view_of(s.p, s.n), VIEW_LIT("tokeN")));
	assert_false(secret_equal(view_of(s.p, s.n), VIEW_LIT("toke")));
	secret_wipe(s.p, 3);
	assert_memory_equal(s.p, "\0\0\0en", 5);
	secret_clear(&s);
	assert_null(s.p);
	secret_clear(&s);
	assert_true(secret_copy(&empty, VIEW_NONE, &f));
	assert_true(secret_equal(view_of(empty.p, empty.n), VIEW_NONE));
	secret_clear(&empty);
}

/* What is written there does not move, and has a ceiling like all others. */
static void
test_secret_room(void **state)
{
	static const uint8_t	octets[100];
	struct buf		b;
	const uint8_t		*at;

	(void)state;
	buf_init_secret(&b, sizeof(octets));
	at = b.p;
	for (size_t i = 0; i < sizeof(octets); i++)
		buf_add(&b, octets, 1);
	assert_true(buf_ok(&b));
	assert_ptr_equal(at, b.p);
	buf_add_u8(&b, 1);
	assert_false(buf_ok(&b));
	buf_clear_secret(&b);
	assert_null(b.p);
	buf_clear_secret(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(ceiling_holds_and_stays),
		cmocka_unit_test(formatted_text_may_fill_it),
		cmocka_unit_test(grows_and_consumes),
		cmocka_unit_test(secrets),
		cmocka_unit_test(test_secret_room),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
