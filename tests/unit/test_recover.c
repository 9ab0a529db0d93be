/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crashes between the two transactions of a batch (C-12: finished with the
 * reserved serial number, or open again and unbound), and a database that is
 * put back to an older day (C-1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "pki_rig.h"

static struct rig	rig;

static int
set_up(void **state)
{
	(void)state;
	rig_start(&rig);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

/* The signer dies before it answers a question of this kind. */
static bool
dies_at(void *ctx, struct view questions)
{
	struct frame	q;
	struct fault	f = { 0 };
	size_t		used;

	return frame_take(questions, FRAME_BODY_MAX, &q, &used, &f) && used > 0 &&
	    q.type == *(const uint8_t *)ctx;
}

/* One request for a certificate; false: no answer. */
static bool
ask_once(const struct ticket *t, struct key *key)
{
	struct exchange	x;
	struct buf	m, answer;
	struct fault	f = { 0 };

	buf_init(&m, MESSAGE_MAX);
	rig_must(ask_enroll(t, key, rng_system(), rig.now, &x, &m, &f), &f);
	rig_send(&rig, buf_view(&m), &answer);
	buf_clear(&m);
	buf_clear(&answer);
	return !rig.again;
}

static void
restart(void)
{
	rig_close(&rig);
	rig_open(&rig);
}

static void
lose_the_issue(const struct ticket *t)
{
	static const uint8_t	issue = SIGNER_ISSUE;
	struct fault		f = { 0 };
	struct key		*key = key_generate(KEY_EC_P256, &f);

	assert_non_null(key);
	rig.lose = dies_at;
	rig.lose_ctx = (void *)(uintptr_t)&issue;
	assert_false(ask_once(t, key));
	rig.lose = NULL;
	assert_int_equal(rig_authz(&rig, t->id).state, STORE_AUTHZ_IN_PROGRESS);
	key_free(key);
}

static void
test_finished_at_once(void **state)
{
	struct ticket	t;

	(void)state;
	rig_authorize(&rig, "s2s-gateway", "fqdn:soon.example", "soon", &t);
	lose_the_issue(&t);
	restart();
	assert_int_equal(rig_authz(&rig, t.id).state, STORE_AUTHZ_ISSUED);
	ticket_clear(&t);
}

/* Hours later the reserved certificate is too old to be signed. */
static void
test_given_back(void **state)
{
	struct ticket		t;
	struct store_authz	z;
	struct rig_actor	gw;

	(void)state;
	rig_authorize(&rig, "s2s-gateway", "fqdn:late.example", "late", &t);
	lose_the_issue(&t);
	rig.now += 3 * 3600;
	restart();
	z = rig_authz(&rig, t.id);
	assert_int_equal(z.state, STORE_AUTHZ_OPEN);
	assert_false(z.bound);
	assert_int_equal(z.cert, 0);
	rig_enroll(&rig, &t, "late", &gw);	/* with a key of its own */
	rig_actor_clear(&gw);
	ticket_clear(&t);
}

static int64_t
clock_ahead(void *ctx)
{
	return ((struct rig *)ctx)->now + 3 * 3600;
}

/* Refused while it runs: the same, and the Peer hears of it. */
static void
test_given_back_alive(void **state)
{
	int64_t		(*clock)(void *ctx) = rig.local.clock;
	struct ticket	t;
	struct fault	f = { 0 };
	struct key	*key = key_generate(KEY_EC_P256, &f);

	(void)state;
	rig_authorize(&rig, "s2s-gateway", "fqdn:alive.example", "alive", &t);
	rig.local.clock = clock_ahead;
	assert_true(ask_once(&t, key));
	rig.local.clock = clock;
	assert_int_equal(rig_authz(&rig, t.id).state, STORE_AUTHZ_OPEN);
	assert_false(rig_authz(&rig, t.id).bound);
	assert_true(ask_once(&t, key));
	assert_int_equal(rig_authz(&rig, t.id).state, STORE_AUTHZ_ISSUED);
	ticket_clear(&t);
	key_free(key);
}

/* --- an older database ------------------------------------------------------------ */

static void
copy_database(const char *from, const char *to)
{
	char		a[RIG_PATH_MAX * 2], b[RIG_PATH_MAX * 2];
	struct buf	all;
	struct fault	f = { 0 };

	buf_init(&all, 64u << 20);
	rig_must(path_join(a, sizeof(a), rig.r.staging, from, &f) &&
	    path_join(b, sizeof(b), rig.r.staging, to, &f) && file_read(a, &all, &f) &&
	    file_write(b, buf_view(&all), 0600, &f), &f);
	buf_clear(&all);
}

static void
test_older_database(void **state)
{
	struct ticket		t, unused;
	struct rig_actor	gw, other;
	struct store_authz	z;
	int64_t			number;
	struct fault		f = { 0 };
	struct key		*key = key_generate(KEY_EC_P256, &f);

	(void)state;
	rig_authorize(&rig, "s2s-gateway", "fqdn:twice.example", "twice", &t);
	rig_authorize(&rig, "s2s-gateway", "fqdn:unused.example", "unused", &unused);
	rig_close(&rig);
	copy_database("pki.db", "yesterday.db");
	rig_open(&rig);
	assert_int_equal(rig_audits(&rig, "roll-back"), 0);
	rig_enroll(&rig, &t, "twice", &gw);
	number = rig_authz(&rig, t.id).cert;
	rig_close(&rig);
	copy_database("yesterday.db", "pki.db");
	rig_open(&rig);
	z = rig_authz(&rig, t.id);
	assert_int_equal(z.state, STORE_AUTHZ_LOCKED);
	assert_int_equal(rig_audits(&rig, "roll-back"), 1);
	assert_true(ask_once(&t, key));		/* answered, and refused */
	assert_int_equal(rig_authz(&rig, t.id).state, STORE_AUTHZ_LOCKED);
	rig_enroll(&rig, &unused, "unused", &other);	/* was not spent */
	assert_true(rig_authz(&rig, unused.id).cert > number);
	restart();				/* said once */
	assert_int_equal(rig_audits(&rig, "roll-back"), 1);
	rig_actor_clear(&gw);
	rig_actor_clear(&other);
	ticket_clear(&t);
	ticket_clear(&unused);
	key_free(key);
}

/* A forged state does not help either: the signer knows. */
static void
test_spent_for_the_signer(void **state)
{
	struct ticket		t;
	struct rig_actor	gw;
	struct store_authz	z, spent;
	struct fault		f = { 0 };
	struct key		*key = key_generate(KEY_EC_P256, &f);
	bool			done;

	(void)state;
	rig_authorize(&rig, "s2s-gateway", "fqdn:forged.example", "forged", &t);
	z = rig_authz(&rig, t.id);
	rig_enroll(&rig, &t, "forged", &gw);
	spent = rig_authz(&rig, t.id);
	rig_must(store_begin(rig.store, &f) &&
	    store_authz_update(rig.store, &z, spent.state, &done, &f) &&
	    store_commit(rig.store, &f), &f);
	assert_true(ask_once(&t, key));
	assert_true(rig.refused_proof);
	assert_int_equal(rig_authz(&rig, t.id).state, STORE_AUTHZ_OPEN);
	rig_actor_clear(&gw);
	ticket_clear(&t);
	key_free(key);
}

static void
test_lost_journal(void **state)
{
	struct ticket	t;
	char		path[RIG_PATH_MAX * 2];
	struct fault	f = { 0 };
	size_t		before = rig_audits(&rig, "roll-back");

	(void)state;
	rig_authorize(&rig, "s2s-gateway", "fqdn:open.example", "open", &t);
	rig_close(&rig);
	rig_must(path_join(path, sizeof(path), rig.r.staging, "keys/journal", &f), &f);
	assert_int_equal(unlink(path), 0);
	rig_open(&rig);
	assert_int_equal(rig_authz(&rig, t.id).state, STORE_AUTHZ_LOCKED);
	assert_int_equal(rig_audits(&rig, "roll-back"), before + 1);
	restart();
	assert_int_equal(rig_audits(&rig, "roll-back"), before + 1);
	ticket_clear(&t);
}

/* The signer has signed a CRL that the engine did not store before it died. */
static void
test_crl_number_after_a_crash(void **state)
{
	struct store_crl	before, after;
	struct store_ca		ca;
	struct fault		f = { 0 };

	(void)state;
	rig_must(store_ca_find(rig.store, "ike", rig.arena, &ca, &f) &&
	    store_crl_find(rig.store, ca.n, STORE_CRL_FULL, rig.arena, &before, &f), &f);
	rig_close(&rig);
	copy_database("pki.db", "yesterday.db");
	rig_open(&rig);
	rig.now += rig.config.crl_interval + 1;
	rig_must(engine_tick(rig.engine, rig.now, &f), &f);
	rig_close(&rig);
	copy_database("yesterday.db", "pki.db");
	rig_open(&rig);			/* ends the program if no CRL can be made */
	rig_must(engine_tick(rig.engine, rig.now, &f) &&
	    store_crl_find(rig.store, ca.n, STORE_CRL_FULL, rig.arena, &after, &f), &f);
	assert_true(after.number > before.number + 1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_finished_at_once),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_given_back_alive),
		cmocka_unit_test(test_older_database),
		cmocka_unit_test(test_spent_for_the_signer),
		cmocka_unit_test(test_crl_number_after_a_crash),
		cmocka_unit_test(test_lost_journal),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
