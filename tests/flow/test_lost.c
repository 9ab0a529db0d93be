/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that has lost its key (C-15): an Admin who may authorize and revoke
 * says so, and the new ticket alone brings a certificate; the old one ends
 * before that is made, and not before.
 *
 * R4809-3.5.2.1-3: a rekey by the scenario of a first enrolment, test_lost
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/crl.h"
#include "flow_raw.h"
#include "peer/renew.h"

static struct flow_pki	pki;
static struct device	admin_device;
static struct raw_cert	admin;

/* One that works, and a ticket in the place of its certificate. */
struct lost {
	struct device	d;
	struct ticket	before;		/* with which it was enrolled */
	struct raw_cert	old;
};

static void
lost_open(struct lost *l, bool said)
{
	struct ticket	t;

	gateway(&l->d, &pki);
	if (!run(&l->d))
		fail_msg("%s", l->d.f.text);
	raw_cert_load(&l->d, &l->old);
	raw_replace_lost(&pki, &admin, &l->old.cert, l->d.t.identities[0], &l->d, said, &t);
	l->before = l->d.t;
	l->d.t = t;
}

static void
lose_key(struct lost *l)
{
	char	path[2 * FLOW_PATH_MAX];

	snprintf(path, sizeof(path), "%s/key.pem", l->d.dir);
	assert_int_equal(unlink(path), 0);
}

static void
lost_clear(struct lost *l)
{
	raw_cert_clear(&l->old);
	device_close(&l->d);
}

static struct flow_seen
look(const struct ticket *t)
{
	struct flow_seen	s;

	flow_look(&pki, t->id, &s);
	return s;
}

static void
expect(const struct lost *l, enum store_authz_state now, enum store_authz_state before,
    enum store_cert_state old, const char *label)
{
	struct flow_seen	n = look(&l->d.t), b = look(&l->before);

	if (n.state != now || b.state != before || b.cert != old)
		fail_msg("%s: authorizations %d and %d, certificate %d, not %d, %d, %d", label,
		    n.state, b.state, b.cert, now, before, old);
}

/* The request in a message, and what came of it. */
static void
ask(const struct lost *l, struct key *key, struct raw_answer *a)
{
	struct buf	message;

	buf_init(&message, RAW_MAX);
	raw_message(&(struct raw){ .t = &l->d.t, .key = key }, &message);
	raw_send(&pki, buf_view(&message), a);
	buf_clear(&message);
}

/* C-15: without the Admin's word it is no first enrolment; with it, it is. */
static void
test_lost(void **state)
{
	(void)state;
	for (int said = 0; said < 2; said++) {
		struct lost	l;

		lost_open(&l, said == 1);
		lose_key(&l);
		assert_int_equal(run_again(&l.d), said == 1);
		if (said == 0) {
			expect(&l, STORE_AUTHZ_OPEN, STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED,
			    "the old key is needed");
			lost_clear(&l);
			continue;
		}
		expect(&l, STORE_AUTHZ_CONFIRMED, STORE_AUTHZ_REVOKED, STORE_CERT_REVOKED,
		    "the old key is lost");
		assert_true(look(&l.before).on_crl && look(&l.d.t).published);
		assert_true((look(&l.before).events & FLOW_EVENT(CVP_EVENT_REVOKED)) != 0);
		lost_clear(&l);
	}
}

/* C-15: revoked before the new one is issued, not at its confirmation. */
static void
test_revoked_before(void **state)
{
	struct fault		 f = { 0 };
	struct key		*key = key_generate(KEY_EC_P256, &f);
	struct raw_answer	 a;
	struct lost		 l;

	(void)state;
	lost_open(&l, true);
	expect(&l, STORE_AUTHZ_OPEN, STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED, "authorized");
	ask(&l, key, &a);
	assert_false(a.failed || a.again);
	expect(&l, STORE_AUTHZ_ISSUED, STORE_AUTHZ_REVOKED, STORE_CERT_REVOKED, "issued");
	raw_answer_clear(&a);
	key_free(key);
	lost_clear(&l);
}

/* C-12: what is refused, or what nobody has signed, ends nothing but itself. */
static void
test_refused(void **state)
{
	struct fault		 f = { 0 };
	struct key		*key = key_generate(KEY_ED25519, &f);
	struct raw_answer	 a;
	struct lost		 l;

	(void)state;
	lost_open(&l, true);
	ask(&l, key, &a);
	assert_int_equal(a.code, CVP_KEY_NOT_PERMITTED);
	expect(&l, STORE_AUTHZ_OPEN, STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED, "another key");
	raw_answer_clear(&a);
	key_free(key);
	lost_clear(&l);
}

/* C-8: who has renewed meanwhile has its key; a lineage has one head. */
static void
test_found_again(void **state)
{
	struct fault		 f = { 0 };
	struct key		*key = key_generate(KEY_EC_P256, &f);
	struct renew_report	 r;
	struct raw_answer	 a;
	struct lost		 l;
	struct renew		 q = { .rng = rng_system(), .key = RENEW_KEY_SAME };

	(void)state;
	lost_open(&l, true);
	q.dir = l.d.dir;
	q.now = pki.now;
	q.transport = flow_wire(&l.d.w);
	flow_wire_again(&l.d.w);
	if (!renew_run(&q, &r, &f))
		fail_msg("%s", f.text);
	ask(&l, key, &a);
	assert_int_equal(a.code, CVP_REQUESTER_MAY_NOT);
	expect(&l, STORE_AUTHZ_OPEN, STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED, "renewed");
	raw_answer_clear(&a);
	key_free(key);
	lost_clear(&l);
}

/* Revoked by somebody meanwhile: that is done already. */
static void
test_revoked_by_others(void **state)
{
	struct cmc_revoke	 how = { .reason = CRL_KEY_COMPROMISE };
	struct raw_answer	 a;
	struct buf		 value;
	struct lost		 l;

	(void)state;
	lost_open(&l, true);
	how.cert = (struct cmc_cert_id){ l.old.cert.issuer, l.old.cert.serial };
	buf_init(&value, 4096);
	cmc_put_revoke(&value, &how);
	raw_ask(&pki, &admin, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	assert_false(a.failed || a.again);
	lose_key(&l);
	if (!run_again(&l.d))
		fail_msg("%s", l.d.f.text);
	expect(&l, STORE_AUTHZ_CONFIRMED, STORE_AUTHZ_REVOKED, STORE_CERT_REVOKED, "revoked");
	raw_answer_clear(&a);
	buf_clear(&value);
	lost_clear(&l);
}

static int
start(void **state)
{
	(void)state;
	raw_start(&pki, &admin_device, &admin, "renewal-last-percent = 100\n"
	    "renewal-key = either\nkeys = ec-p256\ndefault-key = ec-p256\n");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_revoked_before),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_found_again),
		cmocka_unit_test(test_revoked_by_others),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
