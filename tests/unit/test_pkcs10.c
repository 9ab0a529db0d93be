/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R5274-5.2-32: changeSubjectName, test_change_subject_name
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/name.h"
#include "codec/pkcs10.h"
#include "codec/spki.h"
#include "fixture.h"
#include "octets.h"

#define WITNESS	VIEW_LIT("\x30\x03\x04\x01\x77")
#define SPKI	VIEW_LIT("\x30\x0a\x30\x05\x06\x03\x2a\x03\x04\x03\x01\x00")

/* R5272-3.2.1.2.1-1: a request may have a NULL subject, which is present. */
static void
test_strangers(void **state)
{
	struct buf	b;
	struct pkcs10	r;
	struct spki	key;
	struct fault	f = { 0 };
	char		text[64];

	(void)state;
	assert_true(pkcs10_decode(fixture(&b, "empty.p10"), &r, &f));
	assert_true(name_is_empty(r.subject));
	assert_true(view_equal(r.sigalg.tlv, ALGORITHM_ECDSA_SHA256));
	assert_int_equal(r.ski.n, 20);
	assert_true(r.has_san);
	assert_int_equal(r.san.n, 2);
	assert_string_equal(general_name_text(&r.san.list[0], text,
	    sizeof(text)), "dns:gw2.example");
	assert_string_equal(general_name_text(&r.san.list[1], text,
	    sizeof(text)), "ip:192.0.2.2");
	assert_true(r.info.n > 0 && r.info.p[0] == DER_SEQUENCE);
	assert_int_equal(r.unknown_attributes, 0);
	buf_clear(&b);
	assert_true(pkcs10_decode(fixture(&b, "ed.p10"), &r, &f));
	assert_true(spki_decode(r.spki, &key, &f));
	assert_int_equal(key.kind, SPKI_ED25519);
	assert_int_equal(r.signature.n, 64);
	buf_clear(&b);
	assert_true(pkcs10_decode(fixture(&b, "rsa.p10"), &r, &f));
	assert_false(r.has_extensions);
	assert_true(spki_decode(r.spki, &key, &f));
	assert_int_equal(key.kind, SPKI_RSA);
	buf_clear(&b);
}

static void
test_round_trip(void **state)
{
	const struct general_name	san[] = {
		{ GENERAL_NAME_DNS, VIEW_LIT("gw1.example") },
		{ GENERAL_NAME_EMAIL, VIEW_LIT("a@example.com") },
	};
	struct pkcs10_plan		p = {
		.spki = SPKI,
		.ski = VIEW_LIT("12345678901234567890"),
		.san = san,
		.san_count = 2,
		.pop_link_witness_v2 = WITNESS,
	};
	struct change_subject_name	change;
	struct buf			info, out, names;
	struct pkcs10			r;
	struct fault			f = { 0 };

	(void)state;
	buf_init(&info, 4096);
	buf_init(&out, 4096);
	buf_init(&names, 4096);
	change_subject_name_put(&names, NAME_EMPTY, san, 1);
	p.change_subject_name = buf_view(&names);
	assert_true(pkcs10_info_encode(&p, &info, &f));
	pkcs10_assemble(buf_view(&info), ALGORITHM_ED25519, VIEW_LIT("sig"),
	    &out);
	assert_true(der_check(buf_view(&out), 16, &f));
	if (!pkcs10_decode(buf_view(&out), &r, &f))
		fail_msg("%s", f.text);
	assert_true(view_equal(r.info, buf_view(&info)));
	assert_true(name_is_empty(r.subject));
	assert_true(view_equal(r.spki, p.spki));
	assert_true(view_equal(r.ski, p.ski));
	assert_int_equal(r.san.n, 2);
	assert_true(view_equal(r.pop_link_witness_v2, WITNESS));
	assert_true(view_equal(r.signature, VIEW_LIT("sig")));
	assert_true(change_subject_name_decode(r.change_subject_name, &change, &f));
	assert_true(name_is_empty(change.subject));
	assert_int_equal(change.san.n, 1);
	p = (struct pkcs10_plan){ .spki = SPKI };
	buf_reset(&info);
	buf_reset(&out);
	assert_true(pkcs10_info_encode(&p, &info, &f));
	pkcs10_assemble(buf_view(&info), ALGORITHM_ED25519, VIEW_LIT("s"), &out);
	assert_true(pkcs10_decode(buf_view(&out), &r, &f));
	assert_false(r.has_extensions);
	buf_clear(&info);
	buf_clear(&out);
	buf_clear(&names);
}

static const struct {
	const char	*label;
	const char	*attributes;	/* content of [0] */
	enum fault_kind	 want;
} cases[] = {
	{ "none", "", FAULT_NONE },
	{ "a witness", "301106082b06010505070721" "3105" "0403616263", FAULT_NONE },
	{ "a witness twice", "301106082b06010505070721" "3105" "0403616263"
	    "301106082b06010505070721" "3105" "0403616264", FAULT_MALFORMED },
	{ "two witnesses in one", "301206082b06010505070721" "3106"
	    "040161" "040162", FAULT_MALFORMED },
	{ "a witness without value", "300c06082b06010505070721" "3100",
	    FAULT_MALFORMED },
	{ "an unknown one", "300906032a0304" "3102" "0500", FAULT_NONE },
	{ "an unknown one twice", "300906032a0304" "3102" "0500"
	    "300906032a0304" "3102" "0500", FAULT_NONE },
	{ "extensions empty", "300f" "06092a864886f70d01090e" "3102" "3000",
	    FAULT_MALFORMED },
	{ "extensions", "301a" "06092a864886f70d01090e" "310d" "300b"
	    "300906032a0304" "04020500", FAULT_NONE },
	{ "extensions twice", "301a" "06092a864886f70d01090e" "310d" "300b"
	    "300906032a0304" "04020500" "301a" "06092a864886f70d01090e" "310d"
	    "300b" "300906032a0304" "04020500", FAULT_MALFORMED },
	{ "no SET", "3008" "06032a0304" "0500" "00", FAULT_MALFORMED },
	{ "something behind the SET", "300b06032a0304" "3102" "0500" "0500",
	    FAULT_MALFORMED },
};

/* C-6 and C-21: each attribute once, one value. */
static void
test_attributes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octets	o;
		struct buf	b;
		struct pkcs10	r;
		struct fault	f = { 0 };
		size_t		seq, info;

		buf_init(&b, 4096);
		seq = der_begin(&b, DER_SEQUENCE);
		info = der_begin(&b, DER_SEQUENCE);
		der_put_uint(&b, 0);
		buf_add_view(&b, NAME_EMPTY);
		buf_add_view(&b, SPKI);
		der_put(&b, DER_CONTEXT_C(0), from_hex(&o, cases[i].attributes));
		der_close(&b, info);
		buf_add_view(&b, ALGORITHM_ED25519);
		der_put_bits(&b, VIEW_LIT("s"));
		der_close(&b, seq);
		if (pkcs10_decode(buf_view(&b), &r, &f) !=
		    (cases[i].want == FAULT_NONE) || f.kind != cases[i].want)
			fail_msg("%s: %s", cases[i].label, f.text);
		buf_clear(&b);
	}
}

static void
test_damage(void **state)
{
	struct buf	b;
	struct pkcs10	r;
	struct view	v = fixture(&b, "empty.p10");

	(void)state;
	for (size_t n = 0; n < v.n; n++) {
		struct fault	f = { 0 };
		uint8_t		*p = malloc(n + 1);

		assert_non_null(p);
		memcpy(p, v.p, n);
		assert_false(pkcs10_decode(view_of(p, n), &r, &f));
		assert_int_equal(f.kind, FAULT_MALFORMED);
		free(p);
	}
	for (size_t i = 0; i < v.n; i++) {
		struct fault	f = { 0 };

		b.p[i] ^= 0x80;
		if (!pkcs10_decode(v, &r, &f))
			assert_int_not_equal(f.kind, FAULT_NONE);
		b.p[i] ^= 0x80;
	}
	buf_clear(&b);
}

/* R5272-7.1-2: at least one field. */
static void
test_change_subject_name(void **state)
{
	static const struct {
		const char	*hex;
		bool		 ok;
	} changes[] = {
		{ "3000", false },
		{ "30023000", true },
		{ "3009" "3000" "a105" "8203612e62", true },
		{ "3007" "a105" "8203612e62", true },
		{ "3002" "a100", false },
		{ "3009" "a105" "8203612e62" "3000", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct change_subject_name	c;
		struct octets			o;
		struct fault			f = { 0 };

		if (change_subject_name_decode(from_hex(&o, changes[i].hex), &c,
		    &f) != changes[i].ok)
			fail_msg("%s: %s", changes[i].hex, f.text);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_change_subject_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
