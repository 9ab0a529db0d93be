/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
hex(void **state)
{
	static const struct {
		const char	*text;
		bool		 ok;
	} cases[] = {
		{ "", true }, { "00ff7f", true }, { "00FF7f", true },
		{ "0", false }, { "0g", false }, { "0x00", false },
		{ "00 1", false }, { "0011223344", false },
	};
	uint8_t	out[4];
	char	back[9];
	size_t	n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].text);
		assert_int_equal(hex_decode(cases[i].text, out, sizeof(out), &n),
		    cases[i].ok);
	}
	hex_encode(view_of("\x00\xff\x7f\x80", 4), back);
	assert_string_equal(back, "00ff7f80");
}

static void
base64(void **state)
{
	static const struct {
		const char	*label, *text, *want;	/* want NULL: refused */
	} cases[] = {
		{ "empty", "", "" },
		{ "RFC 4648, 10: f", "Zg==", "f" },
		{ "fo", "Zm8=", "fo" },
		{ "foobar", "Zm9vYmFy", "foobar" },
		{ "lines", "Zm9v\r\nYmFy\n", "foobar" },
		{ "no padding", "Zg", NULL },
		{ "half the padding", "Zg=", NULL },
		{ "too much", "Zg===", NULL },
		{ "padding inside", "Zg==Zg==", NULL },
		{ "only padding", "====", NULL },
		{ "bits left over", "Zh==", NULL },
		{ "one character", "Z", NULL },
		{ "URL alphabet", "-_-_", NULL },
		{ "a NUL's neighbour", "Zm9v\x01", NULL },
	};
	struct buf	b, e;

	(void)state;
	buf_init(&b, 100);
	buf_init(&e, 100);
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].label);
		buf_reset(&b);
		assert_int_equal(base64_decode(view_str(cases[i].text), &b),
		    cases[i].want != NULL);
		if (cases[i].want == NULL)
			continue;
		assert_true(view_equal(buf_view(&b), view_str(cases[i].want)));
	}
	base64_encode(VIEW_LIT("foobar!"), 6, &e);
	assert_true(view_equal(buf_view(&e), VIEW_LIT("Zm9vYm\nFyIQ==\n")));
	buf_reset(&e);
	base64_encode(VIEW_LIT("foobar"), 0, &e);
	assert_true(view_equal(buf_view(&e), VIEW_LIT("Zm9vYmFy")));
	buf_clear(&b);
	buf_clear(&e);
}

static void
pem(void **state)
{
	static const struct {
		const char	*label, *text;
		enum fault_kind	 want;
	} cases[] = {
		{ "LF", "-----BEGIN X-----\nAQI=\n-----END X-----\n", 0 },
		{ "CRLF", "-----BEGIN X-----\r\nAQI=\r\n-----END X-----\r\n", 0 },
		{ "CR", "-----BEGIN X-----\rAQI=\r-----END X-----\r", 0 },
		{ "no last line end", "-----BEGIN X-----\nAQI=\n-----END X-----", 0 },
		{ "text around", "hello\n-----BEGIN X-----\nAQI=\n"
		    "-----END X-----\nbye", 0 },
		{ "another block first", "-----BEGIN Y-----\nAA==\n-----END Y-----\n"
		    "-----BEGIN X-----\nAQI=\n-----END X-----\n", 0 },
		{ "white space behind", "-----BEGIN X----- \nAQI=\n"
		    "-----END X-----\t\n", 0 },
		{ "nothing", "", FAULT_NOT_FOUND },
		{ "another label", "-----BEGIN XY-----\nAQI=\n-----END XY-----\n",
		    FAULT_NOT_FOUND },
		{ "no end", "-----BEGIN X-----\nAQI=\n", FAULT_MALFORMED },
		{ "headers", "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAQI=\n"
		    "-----END X-----\n", FAULT_MALFORMED },
		{ "not base64", "-----BEGIN X-----\nA!I=\n-----END X-----\n",
		    FAULT_MALFORMED },
	};
	struct view	rest;
	struct buf	b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault	f = { 0 };
		bool		ok;

		print_message("%s\n", cases[i].label);
		buf_reset(&b);
		ok = pem_decode("X", view_str(cases[i].text), &b, &rest, &f);
		assert_int_equal(f.kind, cases[i].want);
		assert_int_equal(ok, cases[i].want == FAULT_NONE);
		assert_true(view_equal(buf_view(&b), ok ?
		    VIEW_LIT("\x01\x02") : VIEW_NONE));
	}
	buf_clear(&b);
}

static void
pem_there_and_back(void **state)
{
	struct fault	f = { 0 };
	struct view	rest;
	struct buf	text, der;
	uint8_t		octets[200];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	buf_init(&text, 2000);
	buf_init(&der, 1000);
	pem_encode("CERTIFICATE", view_of(octets, 48), &text);
	pem_encode("CERTIFICATE", view_of(octets, 200), &text);
	assert_true(pem_decode("CERTIFICATE", buf_view(&text), &der, &rest, &f));
	assert_true(view_equal(buf_view(&der), view_of(octets, 48)));
	buf_reset(&der);
	assert_true(pem_decode("CERTIFICATE", rest, &der, &rest, &f));
	assert_true(view_equal(buf_view(&der), view_of(octets, 200)));
	assert_int_equal(rest.n, 0);
	buf_clear(&der);
	buf_init(&der, 10);
	assert_false(pem_decode("CERTIFICATE", buf_view(&text), &der, NULL, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&der);
	buf_clear(&text);
}

static void
numbers(void **state)
{
	static const struct {
		const char	*text;
		int64_t		 min, max, want;
		bool		 ok;
	} cases[] = {
		{ "0", 0, 9, 0, true },
		{ "007", 0, 9, 7, true },
		{ "-5", -9, 9, -5, true },
		{ "9223372036854775807", 0, INT64_MAX, INT64_MAX, true },
		{ "-9223372036854775808", INT64_MIN, 0, INT64_MIN, true },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, 0, false },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, 0, false },
		{ "10", 0, 9, 0, false },
		{ "9O", 0, 99, 0, false },
		{ "soon", 0, 99, 0, false },
		{ "", 0, 99, 0, false },
		{ "-", -9, 9, 0, false },
		{ "+1", 0, 99, 0, false },
		{ " 1", 0, 99, 0, false },
		{ "1 ", 0, 99, 0, false },
		{ "0x1", 0, 99, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault	f = { 0 };
		int64_t		v = 0;

		print_message("\"%s\"\n", cases[i].text);
		assert_int_equal(number_parse("limit", cases[i].text,
		    cases[i].min, cases[i].max, &v, &f), cases[i].ok);
		assert_int_equal(v, cases[i].want);
		assert_int_equal(f.kind, cases[i].ok ? FAULT_NONE : FAULT_USAGE);
	}
}

static void
durations(void **state)
{
	static const struct {
		const char	*text;
		int64_t		 want;	/* -1: refused */
	} cases[] = {
		{ "90", 90 }, { "90s", 90 }, { "15m", 900 }, { "12h", 43200 },
		{ "30d", 2592000 }, { "2w", 1209600 }, { "0s", 0 },
		{ "s", -1 }, { "", -1 }, { "1y", -1 }, { "-1d", -1 },
		{ "1d2h", -1 }, { "1 d", -1 }, { "99999999999999999w", -1 },
		{ "10000w", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault	f = { 0 };
		int64_t		v = -1;

		print_message("\"%s\"\n", cases[i].text);
		assert_int_equal(duration_parse("life", cases[i].text, 0,
		    400 * 86400, &v, &f), cases[i].want >= 0);
		assert_int_equal(v, cases[i].want);
	}
}

static void
dates(void **state)
{
	static const struct {
		const char	*text;
		bool		 ok;
		int64_t		 want;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", true, 0 },
		{ "2026-11-24T04:10:27Z", true, 1795493427 },
		{ "2000-02-29T23:59:59Z", true, 951868799 },
		{ "9999-12-31T23:59:59Z", true, 253402300799 },
		{ "1969-12-31T23:59:59Z", true, -1 },
		{ "2001-02-29T00:00:00Z", false, 0 },
		{ "2026-06-31T00:00:00Z", false, 0 },
		{ "2026-13-01T00:00:00Z", false, 0 },
		{ "2026-11-24T24:00:00Z", false, 0 },
		{ "2026-11-24T04:10:60Z", false, 0 },
		{ "2026-11-24T04:10:27", false, 0 },
		{ "2026-11-24 04:10:27Z", false, 0 },
		{ "2026-11-24T04:10:27+00:00", false, 0 },
		{ "-026-11-24T04:10:27Z", false, 0 },
		{ "", false, 0 },
	};
	char	back[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t	t = 0;

		print_message("\"%s\"\n", cases[i].text);
		assert_int_equal(date_parse(cases[i].text, &t), cases[i].ok);
		assert_int_equal(t, cases[i].want);
		if (cases[i].ok) {
			date_format(t, back);
			assert_string_equal(back, cases[i].text);
		}
	}
	date_format(INT64_MAX, back);
	assert_string_equal(back, "out-of-range");
}

static void
utf8(void **state)
{
	static const struct {
		const char	*label, *octets;
		size_t		 n, bad;	/* bad == n: valid */
	} cases[] = {
		{ "empty", "", 0, 0 },
		{ "two, three, four octets", "\303\274\342\202\254\360\237\230\200",
		    9, 9 },
		{ "the last code point", "\364\217\277\277", 4, 4 },
		{ "one past the last", "\364\220\200\200", 4, 0 },
		{ "U+0000", "a\0b", 3, 1 },
		{ "overlong U+0000", "a\300\200", 3, 1 },
		{ "overlong, three octets", "\340\200\257", 3, 0 },
		{ "overlong, four octets", "\360\200\200\257", 4, 0 },
		{ "a surrogate", "\355\240\200", 3, 0 },
		{ "cut", "ab\342\202", 4, 2 },
		{ "a lone continuation", "\200", 1, 0 },
		{ "0xff", "\377", 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t	at = cases[i].n;

		print_message("%s\n", cases[i].label);
		assert_int_equal(utf8_valid(view_of(cases[i].octets, cases[i].n),
		    &at), cases[i].bad == cases[i].n);
		assert_int_equal(at, cases[i].bad);
	}
}

static void
escape_cuts_between_characters(void **state)
{
	char	out[6];

	(void)state;
	assert_int_equal(text_escape(VIEW_LIT("abcd\303\274"), 0, out,
	    sizeof(out)), 4);
	assert_string_equal(out, "abcd");
	assert_int_equal(text_escape(VIEW_LIT("a\"\\"), '"', out, sizeof(out)), 5);
	assert_string_equal(out, "a\\\"\\\\");
	assert_int_equal(text_escape(VIEW_LIT("x"), 0, out, 1), 0);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(hex),
		cmocka_unit_test(base64),
		cmocka_unit_test(pem),
		cmocka_unit_test(pem_there_and_back),
		cmocka_unit_test(numbers),
		cmocka_unit_test(durations),
		cmocka_unit_test(dates),
		cmocka_unit_test(utf8),
		cmocka_unit_test(escape_cuts_between_characters),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
