/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that are made beside everything else: one for each order, taken once,
 * and no more of them than there is room for (C-22).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sched.h>

#include "pki/key_maker.h"

#define NOW	INT64_C(1795500000)

static struct key_maker	*maker;

static void
id_of(unsigned n, uint8_t id[SHA256_OCTETS])
{
	memset(id, 0, SHA256_OCTETS);
	memcpy(id, &n, sizeof(n));
}

static struct key *
ask(unsigned n, enum key_kind kind, int64_t now, const char **why)
{
	static struct fault	f;
	uint8_t			id[SHA256_OCTETS];
	struct key		*k;

	f = (struct fault){ 0 };
	id_of(n, id);
	k = key_maker_take(maker, id, kind, now, &f);
	*why = f.text;
	assert_int_equal(f.kind, k == NULL ? FAULT_BUSY : FAULT_NONE);
	return k;
}

static struct key *
await(unsigned n, enum key_kind kind)
{
	const char	*why;
	struct key	*k;

	while ((k = ask(n, kind, NOW, &why)) == NULL)
		sched_yield();
	return k;
}

static void
test_ordered_and_taken(void **state)
{
	struct key	*a, *b, *other;
	const char	*why;

	(void)state;
	assert_null(ask(1, KEY_RSA_3072, NOW, &why));
	assert_string_equal(why, "the key is being made");
	other = await(2, KEY_EC_P384);
	a = await(1, KEY_RSA_3072);
	assert_int_equal(key_kind_of(a), KEY_RSA_3072);
	assert_int_equal(key_kind_of(other), KEY_EC_P384);
	/* Taken is taken: what comes next is another one. */
	assert_null(ask(1, KEY_RSA_3072, NOW, &why));
	b = await(1, KEY_RSA_3072);
	assert_false(view_equal(key_spki(a), key_spki(b)));
	key_free(a);
	key_free(b);
	key_free(other);
}

static void
test_room(void **state)
{
	const char	*why;
	struct key	*k;

	(void)state;
	for (unsigned n = 0; n < KEY_ORDERS_MAX; n++) {
		assert_null(ask(1000 + n, KEY_EC_P256, NOW, &why));
		assert_string_equal(why, "the key is being made");
	}
	assert_null(ask(1, KEY_EC_P256, NOW, &why));
	assert_string_equal(why, "too many keys are being made");
	key_free(k = await(1000, KEY_EC_P256));
	assert_null(ask(1, KEY_EC_P256, NOW, &why));
	assert_string_equal(why, "the key is being made");
	/* All are made now, and nobody comes for them. */
	key_free(k = await(1, KEY_EC_P256));
	assert_null(ask(1, KEY_EC_P256, NOW, &why));
	assert_null(ask(2, KEY_EC_P256, NOW + KEY_ORDER_SECONDS, &why));
	assert_string_equal(why, "too many keys are being made");
	assert_null(ask(2, KEY_EC_P256, NOW + KEY_ORDER_SECONDS + 1, &why));
	assert_string_equal(why, "the key is being made");
}

/* What nobody comes for is wiped without another order. */
static void
test_tidy(void **state)
{
	const char	*why;

	(void)state;
	assert_null(ask(1, KEY_EC_P256, NOW, &why));
	key_free(await(2, KEY_EC_P256));	/* made after that one */
	assert_int_equal(key_maker_tidy(maker, NOW + KEY_ORDER_SECONDS), 1);
	assert_int_equal(key_maker_tidy(maker, NOW + KEY_ORDER_SECONDS + 1), 0);
}

static int
start(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	return (maker = key_maker_new(&f)) != NULL ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	key_maker_free(maker);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_ordered_and_taken, start, stop),
		cmocka_unit_test_setup_teardown(test_room, start, stop),
		cmocka_unit_test_setup_teardown(test_tidy, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
