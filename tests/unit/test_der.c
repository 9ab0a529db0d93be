/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/der.h"
#include "codec/oid.h"
#include "octets.h"

static bool
read_uint(struct der *d, struct fault *f)
{
	uint64_t	v;

	return der_uint(d, &v, f);
}

static bool
read_integer(struct der *d, struct fault *f)
{
	struct view	v;

	return der_integer(d, &v, f);
}

static bool
read_bool(struct der *d, struct fault *f)
{
	bool	v;

	return der_bool(d, &v, f);
}

static bool
read_enum(struct der *d, struct fault *f)
{
	uint64_t	v;

	return der_enum(d, 10, &v, f);
}

static bool
read_oid(struct der *d, struct fault *f)
{
	struct view	v;

	return der_oid(d, &v, f);
}

static bool
read_bits(struct der *d, struct fault *f)
{
	struct view	v;

	return der_bits(d, &v, f);
}

static bool
read_utf8(struct der *d, struct fault *f)
{
	struct view	v;

	return der_utf8(d, 1, 4, &v, f);
}

static bool
read_time(struct der *d, struct fault *f)
{
	int64_t	t;

	return der_time(d, &t, f);
}

static bool
read_any(struct der *d, struct fault *f)
{
	struct view	v;

	return der_get_any(d, &v, f);
}

static bool
read_sequence(struct der *d, struct fault *f)
{
	struct der	in;
	struct view	v;

	if (!der_open(d, DER_SEQUENCE, &in, f))
		return false;
	while (!der_at_end(&in))
		if (!der_get_any(&in, &v, f))
			return false;
	return true;
}

static const struct {
	const char	*label;
	bool		(*read)(struct der *d, struct fault *f);
	const char	*hex;
	bool		 ok;
} values[] = {
	{ "nothing", read_any, "", false },
	{ "an identifier alone", read_any, "30", false },
	{ "empty sequence", read_any, "3000", true },
	{ "length past the end", read_any, "300100", true },
	{ "length past the end by one", read_any, "300200", false },
	{ "indefinite length", read_any, "30800000", false },
	{ "long form for a short length", read_any, "3081020500", false },
	{ "length with a leading zero", read_any, "308200020500", false },
	{ "length cut off", read_any, "3082", false },
	{ "length of five octets", read_any, "30850000000000", false },
	{ "length of 127 octets", read_any, "30ff", false },
	{ "4 GiB in six octets", read_any, "3084ffffffff", false },
	{ "high tag number", read_any, "1f8100", false },
	{ "end-of-contents", read_any, "0000", false },
	{ "child longer than its parent", read_sequence, "3003040300", false },
	{ "child ends with its parent", read_sequence, "3003040100", true },

	{ "zero", read_uint, "020100", true },
	{ "empty INTEGER", read_uint, "0200", false },
	{ "INTEGER with a zero too many", read_uint, "02020001", false },
	{ "128", read_uint, "02020080", true },
	{ "minus 128", read_uint, "020180", false },
	{ "2^64-1", read_uint, "020900ffffffffffffffff", true },
	{ "2^64", read_uint, "0209010000000000000000", false },
	/* R5272-3.2.2-2: ids of four octets from 80 on are negative */
	{ "a negative body part id", read_uint, "0204ffffffff", false },
	{ "negative INTEGER of any size", read_integer, "0202ff7f", true },
	{ "sign octet too many", read_integer, "0202ff80", false },
	{ "INTEGER in a SEQUENCE's place", read_sequence, "020100", false },

	{ "TRUE", read_bool, "0101ff", true },
	{ "FALSE", read_bool, "010100", true },
	{ "BER's TRUE", read_bool, "010101", false },
	{ "BOOLEAN of two octets", read_bool, "0102ffff", false },

	{ "ENUMERATED 10", read_enum, "0a010a", true },
	{ "ENUMERATED 11", read_enum, "0a010b", false },
	{ "INTEGER for ENUMERATED", read_enum, "02010a", false },

	{ "OID", read_oid, "06032a0304", true },
	{ "empty OID", read_oid, "0600", false },
	{ "OID with padding", read_oid, "06042a800304", false },
	{ "OID cut in an arc", read_oid, "06022a83", false },

	{ "BIT STRING", read_bits, "030200ff", true },
	{ "BIT STRING without bits", read_bits, "030100", true },
	{ "BIT STRING without the first octet", read_bits, "0300", false },
	{ "BIT STRING with unused bits", read_bits, "030201fe", false },

	{ "UTF-8", read_utf8, "0c02c3a4", true },
	{ "UTF-8 too short", read_utf8, "0c00", false },
	{ "UTF-8 too long", read_utf8, "0c056161616161", false },
	{ "not UTF-8", read_utf8, "0c01c3", false },
	{ "UTF-8 overlong", read_utf8, "0c02c080", false },
	{ "UTF-8 surrogate", read_utf8, "0c03eda080", false },
	{ "NUL in a text", read_utf8, "0c036100" "61", false },

	{ "UTCTime", read_time, "170d3236313132343034313032375a", true },
	{ "UTCTime without seconds", read_time, "170b323631313234303431305a", false },
	{ "UTCTime with a zone", read_time,
	    "17113236313132343034313032372b30313030", false },
	{ "month 13", read_time, "170d3236313332343034313032375a", false },
	{ "29 February 2026", read_time, "170d3236303232393034313032375a", false },
	{ "29 February 2028", read_time, "170d3238303232393034313032375a", true },
	{ "second 60", read_time, "170d3236313132343034313036305a", false },
	{ "GeneralizedTime", read_time,
	    "180f32303530303130313030303030305a", true },
	{ "GeneralizedTime with a fraction", read_time,
	    "181132303530303130313030303030302e355a", false },
	{ "not a digit", read_time, "180f323035303031303130303030303a5a", false },
};

static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct octets	o;
		struct fault	f = { 0 };
		struct der	d;
		bool		ok;

		der_init(&d, from_hex(&o, values[i].hex));
		ok = values[i].read(&d, &f);
		if (ok != values[i].ok)
			fail_msg("%s: %s", values[i].label, f.text);
		if (!ok && f.kind != FAULT_MALFORMED)
			fail_msg("%s: a failure that does not say why",
			    values[i].label);
	}
}

static const struct {
	const char	*label;
	const char	*hex;
	unsigned	 depth;
	bool		 ok;
} wholes[] = {
	{ "four empty sequences", "300830003000" "30003000", 4, true },
	{ "a byte after the end", "30083000300030003000" "00", 4, false },
	{ "an indefinite length inside", "300430800000", 4, false },
	{ "depth exactly reached", "30023000", 2, true },
	{ "depth exceeded", "300430023000", 2, false },
	{ "SET OF sorted", "3106020101020102", 4, true },
	{ "SET OF unsorted", "3106020102020101", 4, false },
	{ "SET OF, short before long", "31080401000403000000", 4, true },
	{ "string in segments", "2403040100", 4, false },
	{ "INTEGER with padding inside", "300402020001", 4, false },
	{ "BER's TRUE inside", "3003010101", 4, false },
	{ "primitive SEQUENCE", "1000", 4, false },
	{ "two values", "05000500", 4, false },
	{ "nothing", "", 4, false },
};

/* Strict DER within an eContent, and no trailing data. */
static void
test_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
		struct octets	o;
		struct fault	f = { 0 };

		if (der_check(from_hex(&o, wholes[i].hex), wholes[i].depth, &f) !=
		    wholes[i].ok)
			fail_msg("%s: %s", wholes[i].label, f.text);
	}
}

static void
assert_hex(struct buf *b, const char *want)
{
	char	*hex = malloc(2 * b->n + 1);

	assert_non_null(hex);
	assert_true(buf_ok(b));
	hex_encode(buf_view(b), hex);
	assert_string_equal(hex, want);
	free(hex);
	buf_reset(b);
}

static void
test_write(void **state)
{
	static const uint8_t	serial[] = { 0x00, 0x00, 0x80, 0x01 };
	struct buf		b;
	struct view		set[3] = { VIEW_LIT("\x02\x01\x05"),
				    VIEW_LIT("\x02\x01\x01"), VIEW_LIT("\x01\x01\xff") };

	(void)state;
	buf_init(&b, 4096);
	der_put_uint(&b, 0);
	der_put_uint(&b, 127);
	der_put_uint(&b, 128);
	der_put_uint(&b, 4294967295u);
	assert_hex(&b, "020100" "02017f" "02020080" "020500ffffffff");
	der_put_uint(&b, UINT64_MAX);
	der_put_uint(&b, INT64_MAX);
	assert_hex(&b, "020900ffffffffffffffff" "02087fffffffffffffff");
	der_put_unsigned(&b, view_of(serial, sizeof(serial)));
	der_put_unsigned(&b, VIEW_NONE);
	assert_hex(&b, "0203008001" "020100");
	der_put_bits(&b, VIEW_LIT("\xff"));
	der_put_null(&b);
	der_put_bool(&b, true);
	der_put_enum(&b, 4);
	assert_hex(&b, "030200ff" "0500" "0101ff" "0a0104");
	der_put_set_of(&b, DER_SET, set, 3);
	assert_hex(&b, "31090101ff020101020105");
	buf_clear(&b);
}

static const struct {
	int64_t		 t;
	const char	*hex;
} times[] = {
	{ 0, "170d3730303130313030303030305a" },
	{ 1795493427, "170d3236313132343034313032375a" },
	{ 2524607999, "170d3439313233313233353935395a" },
	{ 2524608000, "180f32303530303130313030303030305a" },
	{ 253402300799, "180f39393939313233313233353935395a" },
	{ -631152000, "170d3530303130313030303030305a" },
	{ -631152001, "180f31393439313233313233353935395a" },
};

static void
test_times(void **state)
{
	struct buf	b;

	(void)state;
	buf_init(&b, 64);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct octets	o;
		struct fault	f = { 0 };
		struct der	d;
		int64_t		t = 1;

		der_put_time(&b, times[i].t);
		assert_hex(&b, times[i].hex);
		der_init(&d, from_hex(&o, times[i].hex));
		assert_true(der_time(&d, &t, &f));
		assert_int_equal(t, times[i].t);
	}
	der_put_time(&b, INT64_MAX);
	assert_false(buf_ok(&b));
	buf_reset(&b);
	der_put_generalized(&b, INT64_MIN);
	assert_false(buf_ok(&b));
	buf_clear(&b);
}

/* Lengths that change their own size where they are closed. */
static void
test_lengths(void **state)
{
	static const size_t	sizes[] = { 0, 1, 126, 127, 128, 129, 254, 255,
	    256, 257, 65534, 65535, 65536, 70000 };
	struct buf		b;

	(void)state;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct fault	f = { 0 };
		struct view	inner;
		struct der	d, in;
		size_t		outer = der_begin(&b, DER_SEQUENCE);
		size_t		mark = der_begin(&b, DER_OCTET_STRING);

		for (size_t k = 0; k < sizes[i]; k++)
			buf_add_u8(&b, (uint8_t)k);
		der_close(&b, mark);
		der_close(&b, outer);
		assert_true(buf_ok(&b));
		assert_true(der_check(buf_view(&b), 4, &f));
		der_init(&d, buf_view(&b));
		assert_true(der_open(&d, DER_SEQUENCE, &in, &f));
		assert_true(der_octets(&in, &inner, &f));
		assert_int_equal(inner.n, sizes[i]);
		if (inner.n > 200)
			assert_int_equal(inner.p[200], 200);
		buf_reset(&b);
	}
	buf_clear(&b);
}

static const struct {
	const char	*dotted;
	const char	*hex;		/* NULL: refused */
} oids[] = {
	{ "1.2.840.113549.1.7.2", "2a864886f70d010702" },
	{ "2.5.29.37.0", "551d2500" },
	{ "0.9.2342.19200300.100.1.25", "0992268993f22c640119" },
	{ "2.999.3", "883703" },
	{ "2.47", "7f" },
	{ "2.48", "8100" },
	{ "1.39.0", "4f00" },
	{ "2.4294967295", "908080804f" },
	{ "2.25.44982068254792435134144230064792724665.1.1",
	    "69c3d79dccaa8aaabab581ded3d5b090fbc9390101" },
	{ "2.25.340282366920938463463374607431768211455",
	    "6983ffffffffffffffffffffffffffffffffff7f" },
	{ "1.40", NULL }, { "3.1", NULL }, { "1", NULL }, { "", NULL },
	{ "1.2.", NULL }, { "1..2", NULL }, { "1.02", NULL }, { "1.2x", NULL },
	{ "-1.2", NULL }, { "1.2 ", NULL },
};

static void
test_oids(void **state)
{
	struct buf	b;
	char		text[OID_TEXT_MAX];

	(void)state;
	buf_init(&b, OID_OCTETS_MAX);
	for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
		struct fault	f = { 0 };
		bool		ok = oid_parse(oids[i].dotted, &b, &f);

		if (ok != (oids[i].hex != NULL))
			fail_msg("\"%s\": %s", oids[i].dotted, f.text);
		if (!ok)
			continue;
		assert_string_equal(oid_text(buf_view(&b), text), oids[i].dotted);
		assert_hex(&b, oids[i].hex);
	}
	assert_true(view_equal(OID_CVP_AUTHZ_REQUEST, VIEW_LIT(
	    "\x69\xc3\xd7\x9d\xcc\xaa\x8a\xaa\xba\xb5\x81\xde\xd3\xd5\xb0\x90"
	    "\xfb\xc9\x39\x01\x01")));
	assert_string_equal(oid_text(OID_CMC_STATUS_INFO_V2, text),
	    "1.3.6.1.5.5.7.7.25");
	assert_string_equal(oid_text(OID_CT_PKI_DATA, text), "1.3.6.1.5.5.7.12.2");
	assert_string_equal(oid_name(OID_KP_CMC_CA), "cmcCA");
	assert_null(oid_name(VIEW_LIT("\x2a\x03")));
	assert_string_equal(oid_show(VIEW_LIT("\x2a\x03"), text), "1.2.3");
	assert_string_equal(oid_text(VIEW_LIT("\x80"), text), "?");
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_oids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
