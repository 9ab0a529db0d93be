/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/ber.h"
#include "codec/der.h"
#include "fixture.h"
#include "octets.h"

static const struct {
	const char	*label;
	const char	*ber;
	const char	*der;		/* NULL: refused */
} cases[] = {
	{ "DER stays", "300302010a", "300302010a" },
	{ "indefinite length", "308002010a0000", "300302010a" },
	{ "padded length", "30840000000302010a", "300302010a" },
	{ "indefinite in definite", "300730800201050000", "30053003020105" },
	{ "two in one", "3080020101" "3080020102" "0000" "0000",
	    "3008020101" "3003020102" },
	{ "OCTET STRING in segments", "24800401aa0402bbcc0000", "0403aabbcc" },
	{ "segments of definite length", "24070401aa0402bbcc", "0403aabbcc" },
	{ "segments in segments", "24800401aa24030401bb0401cc0000",
	    "0403aabbcc" },
	{ "no segment at all", "24800000", "0400" },
	{ "BIT STRING in segments", "23800302000a030204f00000", "0303040af0" },
	{ "unused bits before the last segment", "23800302040a030200f00000", NULL },
	{ "explicit tag around segments", "a08024800401aa0401bb00000000",
	    "a0040402aabb" },
	{ "context tag with segments keeps them", "a0800401aa0401bb0000",
	    "a0060401aa0401bb" },
	{ "order of a SET OF is kept", "31800201020201010000",
	    "3106020102020101" },
	{ "content is kept, even a padded INTEGER", "308002020001" "0000",
	    "300402020001" },
	{ "octets inside a string are not looked at", "3080040430800000" "0000",
	    "3006040430800000" },
	{ "UTF8String in segments", "2c800401610000", NULL },
	{ "a segment of another type", "248002010a0000", NULL },
	{ "no end-of-contents", "308002010a", NULL },
	{ "half an end-of-contents", "308002010a00", NULL },
	{ "end-of-contents with a length", "308002010a000100", NULL },
	{ "end-of-contents in a definite value", "30020000", NULL },
	{ "primitive of indefinite length", "04800000", NULL },
	{ "length past the end", "3005020100", NULL },
	{ "child past its parent", "3003020500", NULL },
	{ "octets after the message", "30800000" "00", NULL },
	{ "high tag number", "1f810100", NULL },
	{ "length of nine octets", "3089000000000000000001", NULL },
	{ "length of 2^40", "30850100000000", NULL },
	{ "nothing", "", NULL },
	{ "segments too deep", "2480248024802480248024800401aa"
	    "000000000000000000000000", NULL },
};

/* Whatever comes, either DER or a reason. */
static void
test_convert(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octets	o, want;
		struct fault	f = { 0 };
		struct buf	b;
		struct view	in = from_hex(&o, cases[i].ber);
		bool		ok;

		buf_init(&b, 4096);
		ok = ber_to_der(in, &b, &f);
		if (ok != (cases[i].der != NULL))
			fail_msg("%s: %s", cases[i].label, f.text);
		if (!ok && f.kind == FAULT_NONE)
			fail_msg("%s: no reason", cases[i].label);
		if (ok && !view_equal(buf_view(&b), from_hex(&want, cases[i].der)))
			fail_msg("%s: other octets", cases[i].label);
		if (ok)
			assert_true(ber_is_definite(buf_view(&b)));
		buf_clear(&b);
	}
}

static void
test_is_definite(void **state)
{
	static const struct {
		const char	*hex;
		bool		 yes;
	} is[] = {
		{ "3000", true }, { "300302010a", true }, { "30800000", false },
		{ "308103" "02010a", false }, { "3000" "00", false },
		{ "24030401aa", false }, { "3005a00324800000", false },
		{ "30820003" "02010a", false }, { "", false }, { "30", false },
		{ "a00530030401aa", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		struct octets	o;

		if (ber_is_definite(from_hex(&o, is[i].hex)) != is[i].yes)
			fail_msg("%s", is[i].hex);
	}
}

static void
test_depth(void **state)
{
	uint8_t		deep[4 * BER_DEPTH_MAX + 8];
	struct fault	f = { 0 };
	struct buf	b;
	size_t		n = 0, levels = BER_DEPTH_MAX;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < levels; i++) {
		deep[n++] = 0x30;
		deep[n++] = 0x80;
	}
	memset(deep + n, 0, 2 * levels);
	assert_true(ber_to_der(view_of(deep, n + 2 * levels), &b, &f));
	memmove(deep + 2, deep, n);
	memset(deep + n + 2, 0, 2 * levels + 2);
	buf_reset(&b);
	assert_false(ber_to_der(view_of(deep, n + 2 * levels + 4), &b, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&b);
}

static void
test_ceiling(void **state)
{
	struct octets	o;
	struct fault	f = { 0 };
	struct buf	b;

	(void)state;
	buf_init(&b, 4);
	assert_false(ber_to_der(from_hex(&o, "24800401aa0402bbcc0000"), &b, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&b);
}

static void
test_length(void **state)
{
	static const struct {
		const char	*hex;
		bool		 ok;
		size_t		 n;
	} lengths[] = {
		{ "", true, 0 }, { "30", true, 0 }, { "3003", true, 0 },
		{ "300302010a", true, 5 }, { "300302010aff", true, 5 },
		{ "308002010a0000ff", true, 7 }, { "308002010a00", true, 0 },
		{ "3080" "3080" "0000", true, 0 }, { "3080" "3080" "00000000", true, 8 },
		{ "3080" "3005", true, 0 }, { "1f", true, 0 }, { "1f00", false, 0 },
		{ "0480", false, 0 }, { "308a", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct octets	o;
		struct fault	f = { 0 };
		size_t		n = 99;

		if (ber_length(from_hex(&o, lengths[i].hex), &n, &f) !=
		    lengths[i].ok || n != lengths[i].n)
			fail_msg("%s: %zu %s", lengths[i].hex, n, f.text);
	}
}

/* Messages as OpenSSL streams them: segments and indefinite lengths. */
static void
test_strangers(void **state)
{
	static const char *const	names[] = { "indefinite.p7s", "oaep.p7m" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf	in, out;
		struct fault	f = { 0 };
		struct view	v = fixture(&in, names[i]);
		size_t		n;

		buf_init(&out, 1 << 16);
		assert_false(ber_is_definite(v));
		assert_true(ber_length(v, &n, &f));
		assert_int_equal(n, v.n);
		for (size_t cut = 0; cut < v.n; cut++) {
			assert_true(ber_length(view_of(v.p, cut), &n, &f));
			assert_int_equal(n, 0);
			buf_reset(&out);
			assert_false(ber_to_der(view_of(v.p, cut), &out, NULL));
		}
		buf_reset(&out);
		assert_true(ber_to_der(v, &out, &f));
		assert_true(ber_is_definite(buf_view(&out)));
		buf_clear(&in);
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_convert),
		cmocka_unit_test(test_is_definite),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
