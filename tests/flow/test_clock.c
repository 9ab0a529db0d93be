/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server whose clock ran far ahead (C-24): nothing is decided by an earlier
 * time, whatever is sent, until an operator says that it is right.
 *
 * R4809-3.2.4.3-8: what has expired stays so, test_accept
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/crl.h"
#include "crypt/digest.h"
#include "flow_device.h"
#include "pki/console.h"
#include "store/store_log.h"

#define AHEAD	(40 * 86400)

static struct flow_pki	pki;

/* What is said, as JSON text; FAULT_NONE: done. */
static enum fault_kind
operator_does(const char *verb, char *said, size_t n)
{
	struct console_request	q = { .n = 1, .words = { view_str(verb) } };
	struct fault		f = { 0 };
	struct buf		out;

	buf_init(&out, CONSOLE_ANSWER_MAX);
	(void)!console_run(pki.engine, &q, pki.now, &out, &f);
	snprintf(said, n, "%.*s", (int)out.n, (const char *)out.p);
	buf_clear(&out);
	return f.kind;
}

static int64_t
crl_begins(void)
{
	const struct object	*o;
	struct fault		 f = { 0 };
	struct crl		 c;
	size_t			 n;

	o = engine_objects(pki.engine, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].path, "/crl/ike.crl") == 0) {
			assert_true(crl_decode(buf_view(&o[i].body), &c, &f));
			return c.this_update;
		}
	fail_msg("no CRL");
	return 0;
}

static bool
count_row(void *ctx, const struct store_audit *a, struct fault *f)
{
	(void)f;
	*(size_t *)ctx += strcmp(a->action, "clock accepted") == 0;
	return true;
}

static void
expect_state(const struct device *d, enum store_authz_state want, const char *label)
{
	struct flow_seen	s;

	flow_look(&pki, d->t.id, &s);
	if (s.state != want)
		fail_msg("%s: state %d", label, s.state);
}

static void
test_accept(void **state)
{
	struct device	expired, later, last;
	struct fault	f = { 0 };
	char		said[512];
	size_t		rows = 0;

	(void)state;
	assert_int_equal(operator_does("clock-accept", said, sizeof(said)), FAULT_CONFLICT);
	gateway(&expired, &pki);
	flow_pass(&pki, AHEAD);
	expect_state(&expired, STORE_AUTHZ_EXPIRED, "40 days ahead");
	gateway(&later, &pki);
	pki.now -= AHEAD;		/* corrected */
	for (int restart = 0; restart < 2; restart++) {
		if (restart)
			flow_restart(&pki);
		assert_true(engine_tick(pki.engine, pki.now, &f));
		assert_false(run_again(&later));
		expect_state(&later, STORE_AUTHZ_OPEN, "right, and behind");
		assert_int_equal(operator_does("clock", said, sizeof(said)), FAULT_NONE);
		if (strstr(said, "\"behind\":3456000,\"decides\":false") == NULL)
			fail_msg("%s", said);
	}
	assert_int_equal(operator_does("clock-accept", said, sizeof(said)), FAULT_NONE);
	for (int restart = 0; restart < 2; restart++) {
		if (restart)
			flow_restart(&pki);
		assert_true(engine_tick(pki.engine, pki.now, &f));
		assert_true(crl_begins() <= pki.now);
		assert_int_equal(operator_does("clock", said, sizeof(said)), FAULT_NONE);
		assert_non_null(strstr(said, "\"behind\":0,\"decides\":true"));
		gateway(&last, &pki);
		expect_finished(&last, "accepted");
		device_close(&last);
	}
	expect_state(&expired, STORE_AUTHZ_EXPIRED, "accepted");
	assert_true(store_audit_walk(pki.store, 0, 1u << 20, count_row, &rows, &f));
	assert_int_equal(rows, 1);
	device_close(&expired);
	device_close(&later);
}

static int
start(void **state)
{
	(void)state;
	flow_start(&pki, KEY_EC_P256);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_accept),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
