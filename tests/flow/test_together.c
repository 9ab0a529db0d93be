/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about one authorization that arrive at once, in one batch of the
 * engine: the first durable one wins, and what is answered is what happened
 * (C-4, C-6, C-11, C-12).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "flow_raw.h"

static struct flow_pki	pki;

/* Both orders of two messages; order 1 is the other way round. */
static void
send_two(struct buf m[2], int order, struct raw_answer a[2])
{
	const struct view	views[2] = { buf_view(&m[order]), buf_view(&m[1 - order]) };
	struct raw_answer	got[2];

	raw_send_all(&pki, views, 2, got);
	a[order] = got[0];
	a[1 - order] = got[1];
}

static void
clear_two(struct buf m[2], struct raw_answer a[2])
{
	for (int i = 0; i < 2; i++) {
		raw_answer_clear(&a[i]);
		buf_clear(&m[i]);
	}
}

static void
init_two(struct buf m[2])
{
	buf_init(&m[0], RAW_MAX);
	buf_init(&m[1], RAW_MAX);
}

/* Enrolled or cancelled, never both. */
static void
test_enrol_and_cancel(void **state)
{
	struct fault	f = { 0 };
	struct key	*key = key_generate(KEY_EC_P256, &f);

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct raw_answer	a[2];
		struct flow_seen	s;
		struct device		d;
		struct buf		m[2];
		bool			issued, cancelled;

		init_two(m);
		gateway(&d, &pki);
		raw_message(&(struct raw){ .t = &d.t, .key = key }, &m[0]);
		raw_cancel(&d.t, &m[1]);
		send_two(m, order, a);
		issued = !a[0].again && !a[0].failed && raw_find_cert(&a[0], key).n > 0;
		cancelled = !a[1].again && raw_cancelled(&a[1]) == CVP_CANCEL_DONE;
		flow_look(&pki, d.t.id, &s);
		assert_true(issued != cancelled);
		assert_int_equal(s.state, issued ? STORE_AUTHZ_ISSUED : STORE_AUTHZ_CANCELLED);
		assert_int_equal(s.certs, issued);
		clear_two(m, a);
		device_close(&d);
	}
	key_free(key);
}

/* The same octets twice: the one certificate, or none now. */
static void
test_same_twice(void **state)
{
	struct fault		f = { 0 };
	struct key		*key = key_generate(KEY_EC_P256, &f);
	struct raw_answer	a[2];
	struct flow_seen	s;
	struct device		d;
	struct buf		m[2];

	(void)state;
	init_two(m);
	gateway(&d, &pki);
	raw_message(&(struct raw){ .t = &d.t, .key = key }, &m[0]);
	buf_add_view(&m[1], buf_view(&m[0]));
	send_two(m, 0, a);
	assert_true(raw_find_cert(&a[0], key).n > 0);
	assert_true(a[1].again || view_equal(raw_find_cert(&a[0], key),
	    raw_find_cert(&a[1], key)));
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.certs, 1);
	clear_two(m, a);
	device_close(&d);
	key_free(key);
}

/* Two keys: one gets the certificate, the other nothing, then or later. */
static void
test_two_keys(void **state)
{
	struct fault		f = { 0 };
	struct key		*keys[2];
	struct raw_answer	a[2], later;
	struct flow_seen	s;
	struct device		d;
	struct buf		m[2];

	(void)state;
	init_two(m);
	gateway(&d, &pki);
	for (int i = 0; i < 2; i++) {
		keys[i] = key_generate(KEY_EC_P256, &f);
		raw_message(&(struct raw){ .t = &d.t, .key = keys[i] }, &m[i]);
	}
	send_two(m, 0, a);
	assert_true(raw_find_cert(&a[0], keys[0]).n > 0);
	assert_int_equal(raw_find_cert(&a[1], keys[1]).n, 0);
	raw_send(&pki, buf_view(&m[1]), &later);
	assert_true(later.failed);
	assert_int_equal(later.fail, CMC_BAD_IDENTITY);
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.certs, 1);
	raw_answer_clear(&later);
	clear_two(m, a);
	for (int i = 0; i < 2; i++)
		key_free(keys[i]);
	device_close(&d);
}

/* Accepted or rejected: the first counts, the second hears so. */
static void
test_accept_and_reject(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct raw_confirmation	c;
		struct raw_issued	n;
		struct raw_answer	a[2];
		struct flow_seen	s;
		struct buf		m[2];
		bool			first = order == 0;

		init_two(m);
		raw_issue(&pki, &n);
		c = raw_good(&n);
		raw_confirm(&c, &m[0]);
		c.reject = true;
		raw_confirm(&c, &m[1]);
		send_two(m, order, a);
		flow_look(&pki, n.d.t.id, &s);
		assert_int_equal(s.state, first ? STORE_AUTHZ_CONFIRMED : STORE_AUTHZ_REJECTED);
		assert_int_equal(s.published, first);
		assert_int_equal(s.on_crl, !first);
		assert_int_equal(a[0].failed, !first);
		assert_int_equal(a[1].failed, first);
		clear_two(m, a);
		raw_issued_clear(&n);
	}
}

/* Revoked is revoked, whatever else is said at the same time. */
static void
test_confirm_and_revoke(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct raw_confirmation	c;
		struct raw_issued	n;
		struct raw_answer	a[2];
		struct flow_seen	s;
		struct buf		m[2], value, content;

		init_two(m);
		buf_init(&value, 4096);
		buf_init(&content, RAW_MAX);
		raw_issue(&pki, &n);
		c = raw_good(&n);
		raw_confirm(&c, &m[0]);
		cmc_put_revoke(&value, &(struct cmc_revoke){ .reason = 1,
		    .cert = { n.c.cert.issuer, n.c.cert.serial } });
		raw_controls(&(struct raw_control){ CMC_REVOKE_REQUEST, buf_view(&value) }, 1,
		    &content);
		raw_sign(&(struct raw_signing){ .key = n.c.key, .by = &n.c }, buf_view(&content),
		    &m[1]);
		send_two(m, order, a);
		flow_look(&pki, n.d.t.id, &s);
		assert_int_equal(s.state, STORE_AUTHZ_REVOKED);
		assert_int_equal(s.cert, STORE_CERT_REVOKED);
		assert_true(s.on_crl && !s.published && !s.has_token);
		assert_false(a[1].failed);
		assert_int_equal(a[0].failed, order == 1);
		buf_clear(&value);
		buf_clear(&content);
		clear_two(m, a);
		raw_issued_clear(&n);
	}
}

/* Many devices at once: each gets its own. */
static void
test_crowd(void **state)
{
	struct raw_answer	a[RAW_TOGETHER];
	struct device		d[RAW_TOGETHER];
	struct key		*keys[RAW_TOGETHER];
	struct buf		m[RAW_TOGETHER];
	struct view		views[RAW_TOGETHER];
	struct fault		f = { 0 };

	(void)state;
	for (size_t i = 0; i < RAW_TOGETHER; i++) {
		gateway(&d[i], &pki);
		keys[i] = key_generate(KEY_EC_P256, &f);
		buf_init(&m[i], RAW_MAX);
		raw_message(&(struct raw){ .t = &d[i].t, .key = keys[i] }, &m[i]);
		views[i] = buf_view(&m[i]);
	}
	raw_send_all(&pki, views, RAW_TOGETHER, a);
	for (size_t i = 0; i < RAW_TOGETHER; i++) {
		assert_false(a[i].again || a[i].failed);
		for (size_t k = 0; k < RAW_TOGETHER; k++)
			assert_int_equal(raw_find_cert(&a[i], keys[k]).n > 0, i == k);
	}
	for (size_t i = 0; i < RAW_TOGETHER; i++) {
		raw_answer_clear(&a[i]);
		buf_clear(&m[i]);
		key_free(keys[i]);
		device_close(&d[i]);
	}
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
		cmocka_unit_test(test_enrol_and_cancel),
		cmocka_unit_test(test_same_twice),
		cmocka_unit_test(test_two_keys),
		cmocka_unit_test(test_accept_and_reject),
		cmocka_unit_test(test_confirm_and_revoke),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
