/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/view.h"

static void
escapes_what_is_not_text(void **state)
{
	static const struct {
		const char	*label, *in, *want;
	} cases[] = {
		{ "plain", "no such peer \"gw7\"", "no such peer \"gw7\"" },
		{ "a new line", "a\nb", "a\\x0ab" },
		{ "an escape sequence", "\033[2J", "\\x1b[2J" },
		{ "valid UTF-8", "gr\303\274n", "gr\303\274n" },
		{ "a lone lead octet", "gr\303n", "gr\\xc3n" },
		{ "an overlong slash", "\300\257", "\\xc0\\xaf" },
		{ "text turned around", "a\342\200\256b", "a\\xe2\\x80\\xaeb" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault	f = { 0 };

		print_message("%s\n", cases[i].label);
		assert_false(fault_set(&f, FAULT_REFUSED, "RFC 4809, 3", "%s",
		    cases[i].in));
		assert_int_equal(f.kind, FAULT_REFUSED);
		assert_string_equal(f.rule, "RFC 4809, 3");
		assert_string_equal(f.text, cases[i].want);
	}
}

static void
first_fault_stays(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	assert_false(fault_set(&f, FAULT_IO, NULL, "first"));
	assert_false(fault_set(&f, FAULT_INTERNAL, "rule", "second"));
	assert_int_equal(f.kind, FAULT_IO);
	assert_string_equal(f.rule, "");
	assert_string_equal(f.text, "first");
	fault_clear(&f);
	assert_int_equal(f.kind, FAULT_NONE);
	assert_false(fault_set(&f, FAULT_BUSY, NULL, "third"));
	assert_string_equal(f.text, "third");
}

static void
within_puts_the_place_in_front(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	assert_false(fault_within(&f, "nothing yet"));
	assert_string_equal(f.text, "");
	assert_false(fault_set(&f, FAULT_USAGE, NULL, "bad value"));
	assert_false(fault_within(&f, "line %d", 7));
	assert_false(fault_within(&f, "file \"%s\"", "x.csv"));
	assert_string_equal(f.text, "file \"x.csv\": line 7: bad value");
}

static void
long_text_is_cut(void **state)
{
	struct fault	f = { 0 };
	char		big[2 * FAULT_TEXT_MAX];

	(void)state;
	memset(big, '\n', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_false(fault_set(&f, FAULT_USAGE, big, "%s", big));
	assert_int_equal(strlen(f.rule), FAULT_RULE_MAX - 1);
	/* Whole escapes only. */
	assert_int_equal(strlen(f.text), (FAULT_TEXT_MAX - 1) / 4 * 4);
	assert_false(fault_within(&f, "%s", big));
	assert_true(strlen(f.text) < FAULT_TEXT_MAX);
}

static void
no_fault_wanted(void **state)
{
	(void)state;
	assert_false(fault_set(NULL, FAULT_IO, NULL, "nobody listens"));
	assert_false(fault_within(NULL, "nobody"));
	fault_clear(NULL);
	assert_string_equal(fault_kind_name(FAULT_NOT_FOUND), "not-found");
	assert_string_equal(fault_kind_name((enum fault_kind)99), "unknown");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(escapes_what_is_not_text),
		cmocka_unit_test(first_fault_stays),
		cmocka_unit_test(within_puts_the_place_in_front),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(no_fault_wanted),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
