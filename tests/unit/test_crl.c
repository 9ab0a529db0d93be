/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/crl.h"
#include "codec/name.h"
#include "fixture.h"
#include "octets.h"

#define THIS_UPDATE	1795493427
#define SERIAL_OCTETS	16

static void
test_stranger(void **state)
{
	struct buf		b;
	struct crl		c;
	struct crl_revoked	r;
	struct fault		f = { 0 };
	struct der		d;
	char			text[64];
	bool			found;

	(void)state;
	if (!crl_decode(fixture(&b, "ca.crl"), &c, &f))
		fail_msg("%s", f.text);
	assert_string_equal(name_text(c.issuer, text, sizeof(text)),
	    "C=DE, O=Example, CN=Root G1");
	assert_true(c.has_next_update);
	assert_int_equal(c.next_update - c.this_update, 7 * 86400);
	assert_int_equal(c.aki.n, 20);
	assert_true(c.has_number);
	assert_true(view_equal(c.number, VIEW_LIT("\x0f\xa0")));
	assert_false(c.is_delta || c.unknown_critical);
	der_init(&d, c.entries);
	assert_true(crl_next(&d, &r, &f));
	assert_true(view_equal(r.serial, VIEW_LIT("\x10\x01")));
	assert_int_equal(r.reason, CRL_KEY_COMPROMISE);
	assert_true(crl_next(&d, &r, &f));
	assert_int_equal(r.reason, CRL_UNSPECIFIED);
	assert_true(der_at_end(&d));
	assert_true(crl_find(&c, VIEW_LIT("\x10\x02"), &found, &r, &f));
	assert_true(found);
	assert_true(crl_find(&c, VIEW_LIT("\x10\x00"), &found, &r, &f));
	assert_false(found);
	buf_clear(&b);
}

static void
serial_of(size_t i, uint8_t out[SERIAL_OCTETS])
{
	memset(out, 0xaa, SERIAL_OCTETS);
	out[0] = 1;
	for (size_t k = 0; k < 5; k++)
		out[5 - k] = (uint8_t)(i >> (8 * k));
}

/* A CRL of n entries: every third without a reason. */
static void
build(size_t n, bool delta, struct buf *out)
{
	struct crl_plan		p = {
		.sigalg = ALGORITHM_ECDSA_SHA256,
		.issuer = NAME_EMPTY,
		.this_update = THIS_UPDATE,
		.next_update = THIS_UPDATE + 7 * 86400,
		.aki = VIEW_LIT("12345678901234567890"),
		.number = 4711,
		.is_delta = delta,
		.base_number = 4000,
	};
	struct crl_writer	w;
	struct fault		f = { 0 };
	struct buf		tbs;
	struct view		v;
	uint8_t			serial[SERIAL_OCTETS];

	buf_init(&tbs, CRL_OCTETS_MAX);
	buf_init(out, CRL_OCTETS_MAX);
	crl_begin(&w, &p, &tbs);
	for (size_t i = 0; i < n; i++) {
		serial_of(i, serial);
		crl_entry(&w, view_of(serial, SERIAL_OCTETS),
		    THIS_UPDATE - (int64_t)(i / 100), i % 3);
	}
	if (!crl_finish(&w, &v, &f))
		fail_msg("%s", f.text);
	crl_assemble(v, p.sigalg, VIEW_LIT("signature"), out);
	assert_true(buf_ok(out));
	buf_clear(&tbs);
}

static void
check(size_t n, bool delta)
{
	struct buf		b;
	struct crl		c;
	struct crl_revoked	r;
	struct fault		f = { 0 };
	struct der		d;
	uint8_t			serial[SERIAL_OCTETS];
	size_t			i;
	bool			found;

	build(n, delta, &b);
	assert_true(der_check(buf_view(&b), 12, &f));
	if (!crl_decode(buf_view(&b), &c, &f))
		fail_msg("%zu entries: %s", n, f.text);
	/* R4945-5.2.2.3-1 */
	assert_true(view_equal(c.number, VIEW_LIT("\x12\x67")));
	assert_int_equal(c.is_delta, delta);
	assert_false(c.unknown_critical);
	der_init(&d, c.entries);
	for (i = 0; !der_at_end(&d); i++) {
		assert_true(crl_next(&d, &r, &f));
		serial_of(i, serial);
		assert_true(view_equal(r.serial, view_of(serial, SERIAL_OCTETS)));
		assert_int_equal(r.reason, i % 3);
		assert_int_equal(r.revoked_at, THIS_UPDATE - (int64_t)(i / 100));
	}
	assert_int_equal(i, n);
	serial_of(n, serial);
	assert_true(crl_find(&c, view_of(serial, SERIAL_OCTETS), &found, &r, &f));
	assert_false(found);
	if (n > 0) {
		serial_of(n - 1, serial);
		assert_true(crl_find(&c, view_of(serial, SERIAL_OCTETS), &found,
		    &r, &f));
		assert_true(found);
	}
	buf_clear(&b);
}

static void
test_sizes(void **state)
{
	static const size_t	sizes[] = { 0, 1, 2, 3, 4, 10, 1000, 20000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check(sizes[i], false);
	check(5, true);
}

static const struct {
	const char	*label;
	struct view	 serial;
	int64_t		 at;
	unsigned	 reason;
	int64_t		 invalidity;
	bool		 ok;
} entries[] = {
	{ "a top bit", VIEW_LIT("\x81"), 1795493427, 0, 0, true },
	{ "leading zeros", VIEW_LIT("\x00\x00\x81"), 1795493427, 4, 0, true },
	{ "after 2050", VIEW_LIT("\x01"), 2524608000, 1, 0, true },
	{ "no serial", VIEW_NONE, 1795493427, 0, 0, false },
	{ "21 octets", VIEW_LIT("\x01" "12345678901234567890"), 1795493427, 0, 0,
	    false },
	{ "a reason that does not exist", VIEW_LIT("\x01"), 1795493427, 11, 0,
	    false },
	{ "the reason that was never given out", VIEW_LIT("\x01"), 1795493427,
	    7, 0, false },
	{ "a date that does not exist", VIEW_LIT("\x01"), INT64_MAX, 1, 0, false },
	{ "a time of compromise", VIEW_LIT("\x01"), 1795493427, 1, 1795400000, true },
	{ "the longest entry", VIEW_LIT("\x81" "1234567890123456789"), 2524608000, 1,
	    2524600000, true },
	{ "a time, and no reason", VIEW_LIT("\x01"), 1795493427, 0, 1795400000, true },
	{ "a time that does not exist", VIEW_LIT("\x01"), 1795493427, 1, INT64_MAX, false },
};

/* What was written is read back. */
static void
expect_entry(size_t i, struct view tbs)
{
	struct crl		c;
	struct crl_revoked	r;
	struct buf		der;
	struct der		d;
	struct fault		f = { 0 };

	buf_init(&der, 4096);
	crl_assemble(tbs, ALGORITHM_ECDSA_SHA256, VIEW_LIT("signature"), &der);
	assert_true(crl_decode(buf_view(&der), &c, &f));
	der_init(&d, c.entries);
	if (!crl_next(&d, &r, &f) || r.reason != entries[i].reason ||
	    r.has_invalidity != (entries[i].invalidity != 0) ||
	    r.invalidity != entries[i].invalidity || r.unknown_critical)
		fail_msg("%s: reason %u, invalidity %lld %s", entries[i].label, r.reason,
		    (long long)r.invalidity, f.text);
	buf_clear(&der);
}


static void
test_entries(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct crl_plan		p = {
			.sigalg = ALGORITHM_ECDSA_SHA256,
			.issuer = NAME_EMPTY,
			.this_update = THIS_UPDATE,
			.next_update = THIS_UPDATE + 1,
			.number = 1,
		};
		struct crl_writer	w;
		struct buf		b;
		struct fault		f = { 0 };
		struct view		tbs;

		buf_init(&b, 4096);
		crl_begin(&w, &p, &b);
		crl_put(&w, &(struct crl_item){ .serial = entries[i].serial,
		    .revoked_at = entries[i].at, .reason = entries[i].reason,
		    .invalidity = entries[i].invalidity });
		if (crl_finish(&w, &tbs, &f) != entries[i].ok)
			fail_msg("%s: %s", entries[i].label, f.text);
		if (entries[i].ok && !der_check(tbs, 12, &f))
			fail_msg("%s: %s", entries[i].label, f.text);
		if (entries[i].ok)
			expect_entry(i, tbs);
		buf_clear(&b);
	}
}

static void
test_reasons(void **state)
{
	unsigned	n;

	(void)state;
	assert_string_equal(crl_reason_name(1), "keyCompromise");
	assert_null(crl_reason_name(7));
	assert_null(crl_reason_name(99));
	assert_true(crl_reason_find("superseded", &n));
	assert_int_equal(n, CRL_SUPERSEDED);
	assert_false(crl_reason_find("Superseded", &n));
	assert_false(crl_reason_find("", &n));
}

static void
test_damage(void **state)
{
	struct buf	b;
	struct crl	c;
	struct view	v = fixture(&b, "ca.crl");

	(void)state;
	for (size_t n = 0; n < v.n; n++) {
		struct fault	f = { 0 };
		uint8_t		*p = malloc(n + 1);

		assert_non_null(p);
		memcpy(p, v.p, n);
		assert_false(crl_decode(view_of(p, n), &c, &f));
		assert_int_equal(f.kind, FAULT_MALFORMED);
		free(p);
	}
	for (size_t i = 0; i < v.n; i++) {
		struct crl_revoked	r;
		struct fault		f = { 0 };
		struct der		d;

		b.p[i] ^= 0x04;
		if (crl_decode(v, &c, &f)) {
			der_init(&d, c.entries);
			while (!der_at_end(&d) && crl_next(&d, &r, &f))
				;
		} else
			assert_int_not_equal(f.kind, FAULT_NONE);
		b.p[i] ^= 0x04;
	}
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
