/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_relay.c - an Admin between devices and the PKI (RFC 4809, 3.4.6).
 *
 * What a relay lets through: messages whose maker proves the key of the
 * request, and nothing that is no message (R4809-3.4.6-3).  A wrong token or an
 * unknown id is the PKI's to refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "admin/relay_check.h"
#include "flow_raw.h"

static struct flow_pki	pki;
static struct device	dev;
static struct key	*own, *other;

static int
set_up(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	flow_start(&pki, KEY_EC_P256);
	gateway(&dev, &pki);
	own = key_generate(KEY_EC_P256, &f);
	other = key_generate(KEY_EC_P256, &f);
	assert_non_null(own);
	assert_non_null(other);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	key_free(own);
	key_free(other);
	device_close(&dev);
	flow_stop(&pki);
	return 0;
}

enum hurt { AS_IT_IS = 0, OTHER_POP, BROKEN, TWO_SIGNERS, CUT, LONGER };

static const struct {
	const char	*label;
	enum hurt	 hurt;
	struct raw	 r;
	bool		 passes;
	enum fault_kind	 why;
} passing[] = {
	{ "a good enrolment", AS_IT_IS, { 0 }, true, FAULT_NONE },
	{ "the same with CRMF", AS_IT_IS, { .crmf = true }, true, FAULT_NONE },
	{ "a wrong token", AS_IT_IS, { .bad_identity = true }, true, FAULT_NONE },
	{ "no witness in the request", AS_IT_IS, { .without = RAW_NO_WITNESS }, true, FAULT_NONE },
	{ "two requests", AS_IT_IS, { .two = true }, false, FAULT_LIMIT },
	{ "signed with another key than the request's", OTHER_POP, { 0 }, false, FAULT_SIGNATURE },
	{ "the same with CRMF", OTHER_POP, { .crmf = true }, false, FAULT_SIGNATURE },
	{ "a signature that does not hold", BROKEN, { 0 }, false, FAULT_SIGNATURE },
	{ "a request without the SKI that signs: the PKI says so", AS_IT_IS,
	    { .without = RAW_NO_SKI }, true, FAULT_NONE },
	{ "two signatures", TWO_SIGNERS, { 0 }, false, FAULT_REFUSED },
	{ "an octet less", CUT, { 0 }, false, FAULT_MALFORMED },
	{ "an octet more", LONGER, { 0 }, false, FAULT_MALFORMED },
};

static void
make(const struct raw *r, enum hurt hurt, struct buf *out)
{
	struct raw		 one = *r;
	struct raw_signing	 s = { .key = own, .broken = hurt == BROKEN,
		.twice = hurt == TWO_SIGNERS };
	struct buf		 content;

	one.t = &dev.t;
	one.key = own;
	one.pop = hurt == OTHER_POP ? other : NULL;
	buf_init(&content, RAW_MAX);
	raw_content(&one, &content);
	raw_sign(&s, buf_view(&content), out);
	buf_clear(&content);
	if (hurt == CUT)
		out->n--;
	if (hurt == LONGER)
		buf_add_u8(out, 0);
}

static void
what_passes(void **state)
{
	struct arena	*a = arena_new(8u << 20);

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < LEN(passing); i++) {
		struct relay_claim	claim;
		struct fault		f = { 0 };
		struct buf		m;
		bool			ok;

		buf_init(&m, RAW_MAX);
		make(&passing[i].r, passing[i].hurt, &m);
		ok = relay_check(buf_view(&m), a, &claim, &f);
		if (ok != passing[i].passes || (!ok && f.kind != passing[i].why))
			fail_msg("%s: %s, %s: %s", passing[i].label, ok ? "passes" : "refused",
			    fault_kind_name(f.kind), f.text);
		if (ok) {
			assert_string_equal(claim.what, "enrolment");
			assert_true(claim.is_signed);
			assert_true(claim.transaction.n > 0 && claim.nonce.n > 0);
		}
		buf_clear(&m);
		arena_reset(a);
	}
	arena_free(a);
}

/* Whoever holds id and token may cancel, and signs nothing. */
static void
unsigned_passes(void **state)
{
	struct arena		*a = arena_new(8u << 20);
	struct relay_claim	 claim;
	struct fault		 f = { 0 };
	struct buf		 m;

	(void)state;
	assert_non_null(a);
	buf_init(&m, RAW_MAX);
	raw_cancel(&dev.t, &m);
	assert_true(relay_check(buf_view(&m), a, &claim, &f));
	assert_string_equal(claim.what, "unsigned");
	assert_false(claim.is_signed);
	buf_clear(&m);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(what_passes),
		cmocka_unit_test(unsigned_passes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
