/* SPDX-License-Identifier: Apache-2.0 */
/* test_source.c - who counts as one client, and how much it may. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/source.h"

static union {
	struct sockaddr		any;
	struct sockaddr_in	v4;
	struct sockaddr_in6	v6;
} address;

static const struct sockaddr *
at(const char *text)
{
	memset(&address, 0, sizeof(address));
	if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &address.v6.sin6_addr), 1);
		address.v6.sin6_family = AF_INET6;
	}
	return &address.any;
}

static void
test_same(void **state)
{
	static const struct {
		const char	*one;
		const char	*other;
		bool		 same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::ffff:1", true },		/* one /64 */
		{ "2001:db8::1", "2001:db8:0:1::1", false },
		{ "::", "0.0.0.0", false },
	};
	struct source_limits	limits = { .connections = 10 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sources	*t = sources_new(&limits, rng_system());
		struct source	*a, *b;

		assert_non_null(t);
		a = sources_enter(t, at(rows[i].one), 0);
		b = sources_enter(t, at(rows[i].other), 0);
		assert_non_null(a);
		assert_non_null(b);
		assert_int_equal(a == b, rows[i].same);
		sources_free(t);
	}
}

static void
test_connections(void **state)
{
	struct source_limits	limits = { .connections = 2 };
	struct sources		*t = sources_new(&limits, rng_system());
	struct source		*s;

	(void)state;
	s = sources_enter(t, at("192.0.2.1"), 0);
	assert_ptr_equal(sources_enter(t, at("192.0.2.1"), 0), s);
	assert_null(sources_enter(t, at("192.0.2.1"), 0));
	assert_non_null(sources_enter(t, at("192.0.2.2"), 0));
	sources_sweep(t, 1000);			/* nobody idle: all stay */
	assert_null(sources_enter(t, at("192.0.2.1"), 1000));
	sources_leave(t, s);
	assert_ptr_equal(sources_enter(t, at("192.0.2.1"), 1000), s);
	assert_true(source_allows(t, s, 1000));	/* no rate: any */
	sources_free(t);
}

/* A bucket of 3 that fills with 2 a second. */
static void
test_rate(void **state)
{
	static const struct {
		int64_t		now;
		bool		want;
	} rows[] = {
		{ 0, true }, { 0, true }, { 0, true }, { 0, false },
		{ 499, false }, { 500, true }, { 500, false },
		{ 1500, true }, { 1500, true }, { 1500, false },
		{ INT64_C(1) << 50, true }, { INT64_C(1) << 50, true },
		{ INT64_C(1) << 50, true }, { INT64_C(1) << 50, false },
	};
	struct source_limits	limits = { 1, 2, 3 };
	struct sources		*t = sources_new(&limits, rng_system());
	struct source		*s = sources_enter(t, at("192.0.2.1"), 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(source_allows(t, s, rows[i].now), rows[i].want);
	sources_free(t);
}

/* Who comes back after the sweep does not get a fresh bucket too early. */
static void
test_sweep(void **state)
{
	struct source_limits	limits = { 1, 1, 1 };
	struct sources		*t = sources_new(&limits, rng_system());
	struct source		*s = sources_enter(t, at("192.0.2.1"), 0);

	(void)state;
	assert_true(source_allows(t, s, 0));
	sources_leave(t, s);
	sources_sweep(t, 500);
	s = sources_enter(t, at("192.0.2.1"), 500);
	assert_false(source_allows(t, s, 500));
	sources_leave(t, s);
	sources_sweep(t, 5000);
	s = sources_enter(t, at("192.0.2.1"), 5000);
	assert_true(source_allows(t, s, 5000));
	sources_free(t);
}

/* The table does not grow without end, and the sweep makes room again. */
static void
test_many(void **state)
{
	struct source_limits	limits = { .connections = 1 };
	struct sources		*t = sources_new(&limits, rng_system());
	struct source		*first = NULL, *s;
	char			text[32];

	(void)state;
	for (unsigned i = 0; i < SOURCES_MAX; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255,
		    i & 255);
		s = sources_enter(t, at(text), 0);
		assert_non_null(s);
		if (first == NULL)
			first = s;
	}
	assert_null(sources_enter(t, at("192.0.2.1"), 0));
	sources_leave(t, first);
	sources_sweep(t, 1);
	assert_non_null(sources_enter(t, at("192.0.2.1"), 1));
	sources_free(t);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
