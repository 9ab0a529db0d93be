/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database put back to yesterday (C-1): what was spent since
 * stays spent, what was locked stays locked (C-9), and no number is given out
 * twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "codec/oid.h"
#include "crypt/digest.h"
#include "flow_raw.h"
#include "peer/renew.h"
#include "pki/console.h"
#include "store/store_log.h"

static struct flow_pki	pki;
static struct device	admin_device;
static struct raw_cert	admin;

static const char *
in_folder(const char *name, char out[CONFIG_PATH_MAX])
{
	struct fault	f = { 0 };

	assert_true(path_join(out, CONFIG_PATH_MAX, pki.r.staging, name, &f));
	return out;
}

/* The copy that an operator would make. */
static void
take_copy(const char *name)
{
	char		path[FLOW_PATH_MAX];
	struct fault	f = { 0 };

	if (!store_backup(pki.store, flow_path(&pki, name, path), &f))
		fail_msg("%s", f.text);
}

/* Put it in the place of the database, and start on it. */
static void
put_back(void *ctx)
{
	char	from[FLOW_PATH_MAX], to[CONFIG_PATH_MAX], extra[CONFIG_PATH_MAX + 8];

	if (rename(flow_path(&pki, ctx, from), in_folder("pki.db", to)) != 0)
		fail_msg("could not put the copy back");
	for (int i = 0; i < 2; i++) {
		snprintf(extra, sizeof(extra), "%s%s", to, i == 0 ? "-wal" : "-shm");
		(void)remove(extra);
	}
}

/* A thief has read the token, and waits for the rollback with a key of his own. */
static void
expect_spent(struct device *d, const char *label)
{
	struct flow_seen	s;
	struct device		thief = *d;
	static unsigned		n;
	char			name[32];

	snprintf(name, sizeof(name), "thief-%u", n++);
	flow_wire_init(&thief.w, &pki);
	flow_path(&pki, name, thief.dir);
	if (run(&thief))
		fail_msg("%s: the token bought a second certificate", label);
	flow_look(&pki, d->t.id, &s);
	if (s.certs > 1 || s.state == STORE_AUTHZ_OPEN || s.state == STORE_AUTHZ_WAITING)
		fail_msg("%s: state %d, %zu certificates", label, s.state, s.certs);
	flow_wire_clear(&thief.w);
}

static void
test_spent(void **state)
{
	static const struct {
		const char	*label;
		size_t		 lose_answer;	/* 1: issued, 2: confirmed, both unknown to the Peer */
	} cases[] = {
		{ "issued since", 1 }, { "confirmed since", 2 }, { "used since", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device	d;

		gateway(&d, &pki);
		take_copy(cases[i].label);
		d.w.lose_answer = cases[i].lose_answer;
		(void)run(&d);
		flow_restart_with(&pki, put_back, (void *)(uintptr_t)cases[i].label);
		expect_spent(&d, cases[i].label);
		device_close(&d);
	}
}

static void
operator_does(const char *verb, const struct device *d)
{
	struct console_request	q = { .n = 2, .words = { view_str(verb), view_str(d->t.id) } };
	struct fault		f = { 0 };
	struct buf		out;

	if (strcmp(verb, "lock") == 0)
		q.words[q.n++] = VIEW_LIT("the courier is late");
	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (!console_run(pki.engine, &q, pki.now, &out, &f))
		fail_msg("%s: %s", verb, f.text);
	buf_clear(&out);
}

/* The token proves it, and somebody has lost the answer. */
static void
holder_cancels(const struct device *d)
{
	struct raw_answer	a;
	struct buf		message;

	buf_init(&message, RAW_MAX);
	raw_cancel(&d->t, &message);
	raw_send(&pki, buf_view(&message), &a);
	assert_int_equal(raw_cancelled(&a), CVP_CANCEL_DONE);
	raw_answer_clear(&a);
	buf_clear(&message);
}

/*
 * What an operator has cancelled or locked stays so, too, though no token
 * proved it, and in every list; what he has unlocked since is as good as ever.
 */
static void
test_by_operator(void **state)
{
	static const struct {
		const char		*label, *before, *since[2];	/* NULL: the holder cancels */
		enum store_authz_state	 state;
	} cases[] = {
		{ "cancelled since", "", { "cancel", "" }, STORE_AUTHZ_CANCELLED },
		{ "locked, then cancelled", "lock", { "cancel", "" }, STORE_AUTHZ_CANCELLED },
		{ "by its holder", "", { NULL, "" }, STORE_AUTHZ_CANCELLED },
		{ "locked since", "", { "lock", "" }, STORE_AUTHZ_LOCKED },
		{ "locked and unlocked", "", { "lock", "unlock" }, STORE_AUTHZ_OPEN },
		{ "unlocked since", "lock", { "unlock", "" }, STORE_AUTHZ_OPEN },
		{ "unlocked and locked", "lock", { "unlock", "lock" }, STORE_AUTHZ_LOCKED },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct flow_seen	s;
		struct device		d;

		gateway(&d, &pki);
		if (cases[i].before[0] != '\0')
			operator_does(cases[i].before, &d);
		take_copy(cases[i].label);
		for (size_t k = 0; k < LEN(cases[i].since); k++)
			if (cases[i].since[k] == NULL)
				holder_cancels(&d);
			else if (cases[i].since[k][0] != '\0')
				operator_does(cases[i].since[k], &d);
		flow_restart_with(&pki, put_back, (void *)(uintptr_t)cases[i].label);
		flow_look(&pki, d.t.id, &s);
		if (s.state != cases[i].state)
			fail_msg("%s: state %d", cases[i].label, s.state);
		if (run(&d) != (cases[i].state == STORE_AUTHZ_OPEN))
			fail_msg("%s: its ticket", cases[i].label);
		device_close(&d);
	}
}

static bool
count_lock(void *ctx, const struct store_audit *a, struct fault *f)
{
	(void)f;
	*(size_t *)ctx += strcmp(a->action, "authz open>locked") == 0;
	return true;
}

/* As long as nothing was put back the journal says nothing new. */
static void
test_replayed_once(void **state)
{
	struct fault		f = { 0 };
	struct flow_seen	s;
	struct device		d;
	size_t			locks[2] = { 0 };

	(void)state;
	gateway(&d, &pki);
	operator_does("lock", &d);
	operator_does("unlock", &d);
	assert_true(store_audit_walk(pki.store, 0, 1u << 20, count_lock, &locks[0], &f));
	flow_restart(&pki);
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.state, STORE_AUTHZ_OPEN);
	assert_true(store_audit_walk(pki.store, 0, 1u << 20, count_lock, &locks[1], &f));
	assert_int_equal(locks[0], locks[1]);
	assert_true(run(&d));
	device_close(&d);
}

/* The serial numbers that come after are new. */
static void
test_numbers(void **state)
{
	struct device	before, after;

	(void)state;
	take_copy("numbers");
	gateway(&before, &pki);
	assert_true(run(&before));
	flow_restart_with(&pki, put_back, (void *)(uintptr_t)"numbers");
	gateway(&after, &pki);
	assert_true(run(&after));
	/* 01, five octets of counter */
	assert_true(strncmp(after.r.serial, before.r.serial, 12) > 0);
	device_close(&before);
	device_close(&after);
}

/* The Admin's order of a token for one device; secrets that came with the answer. */
static size_t
order(struct raw_answer *a)
{
	struct general_name	 g = { GENERAL_NAME_DNS, VIEW_LIT("ordered.example") };
	struct extension	 ext = { .oid = OID_SUBJECT_ALT_NAME };
	struct cvp_cert		 cert = { .extensions = &ext, .n_extensions = 1 };
	struct cvp_terms	 terms = { .cert = &cert };
	struct cvp_entry	 entry = { .entry_id = 1, .terms = &terms };
	struct cvp_authz_request q = { .batch_id = VIEW_LIT("order and answer"),
		.template = { .name = VIEW_LIT("s2s-gateway") }, .delivery = CVP_ENCRYPT_TO,
		.encrypt_to = buf_view(&admin.der), .entries = &entry, .n_entries = 1 };
	struct buf		 san, value;

	buf_init(&san, 4096);
	buf_init(&value, RAW_MAX);
	general_names_put(&san, &g, 1);
	ext.value = buf_view(&san);
	cvp_put_authz_request(&value, &q);
	raw_ask(&pki, &admin, CVP_AUTHZ_REQUEST, buf_view(&value), a);
	assert_false(a->failed || a->again);
	buf_clear(&san);
	buf_clear(&value);
	return a->r.contents.n;
}

/* A stored answer of yesterday is not given out any more: its token may be anybody's. */
static void
test_answers(void **state)
{
	struct raw_answer	a;
	struct device		d;

	(void)state;
	gateway(&d, &pki);
	for (int repeat = 0; repeat < 2; repeat++) {
		assert_int_equal(order(&a), 1);
		raw_answer_clear(&a);
	}
	take_copy("answers");
	assert_true(run(&d));
	flow_restart_with(&pki, put_back, (void *)(uintptr_t)"answers");
	assert_int_equal(order(&a), 0);
	raw_answer_clear(&a);
	device_close(&d);
}

/* --- successors ------------------------------------------------------------------ */

static bool
renew(struct device *d, const struct ticket *use, struct renew_report *r)
{
	struct renew	q = { .dir = d->dir, .transport = flow_wire(&d->w), .rng = rng_system(),
		.now = pki.now, .key = RENEW_KEY_NEW, .ticket = use };

	d->f = (struct fault){ 0 };
	return renew_run(&q, r, &d->f);
}

/* Whoever has the old key, too: all that is in the device's folder. */
static void
steal_folder(const struct device *d, struct device *thief)
{
	static unsigned	n;
	char		name[32], command[2 * FLOW_PATH_MAX + 32];

	*thief = *d;
	snprintf(name, sizeof(name), "copied-%u", n++);
	flow_wire_init(&thief->w, &pki);
	flow_path(&pki, name, thief->dir);
	snprintf(command, sizeof(command), "cp -R '%s' '%s'", d->dir, thief->dir);
	assert_int_equal(system(command), 0);
}

/* The token of an authorization that replaces a certificate is spent, too. */
static void
test_spent_rekey(void **state)
{
	static const struct {
		const char	*label;
		size_t		 lose_answer;
	} cases[] = {
		{ "rekey issued since", 1 }, { "rekey confirmed since", 2 },
		{ "rekey used since", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct renew_report	r;
		struct flow_seen	s;
		struct device		d, thief;
		struct raw_cert		old;
		struct ticket		t;

		gateway(&d, &pki);
		assert_true(run(&d));
		raw_cert_load(&d, &old);
		raw_replace(&pki, &admin, &old.cert, d.t.identities[0], &d, &t);
		steal_folder(&d, &thief);
		take_copy(cases[i].label);
		flow_wire_again(&d.w);
		d.w.lose_answer = cases[i].lose_answer;
		(void)renew(&d, &t, &r);
		flow_restart_with(&pki, put_back, (void *)(uintptr_t)cases[i].label);
		if (renew(&thief, &t, &r))
			fail_msg("%s: the token bought a second certificate", cases[i].label);
		flow_look(&pki, t.id, &s);
		if (s.certs != 0 || s.state != STORE_AUTHZ_LOCKED)
			fail_msg("%s: state %d, %zu certificates", cases[i].label, s.state,
			    s.certs);
		raw_cert_clear(&old);
		flow_wire_clear(&thief.w);
		device_close(&d);
	}
}

/* Of a renewal nothing is spent but its serial number, which stays spent. */
static void
test_renewal_number(void **state)
{
	struct renew_report	before, after;
	struct device		d, thief;
	struct raw_cert		old;

	(void)state;
	gateway(&d, &pki);
	assert_true(run(&d));
	raw_cert_load(&d, &old);
	pki.now = old.cert.not_after - 86400;
	flow_pass(&pki, 1);
	steal_folder(&d, &thief);
	take_copy("renewal");
	flow_wire_again(&d.w);
	if (!renew(&d, NULL, &before))
		fail_msg("%s", d.f.text);
	flow_restart_with(&pki, put_back, (void *)(uintptr_t)"renewal");
	if (!renew(&thief, NULL, &after))
		fail_msg("%s", thief.f.text);
	assert_true(strncmp(after.serial, before.serial, 12) > 0);
	/* The database has never heard of the first one. */
	assert_false(renew(&d, NULL, &before));
	raw_cert_clear(&old);
	flow_wire_clear(&thief.w);
	device_close(&d);
}

static int
start(void **state)
{
	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
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
		cmocka_unit_test(test_spent),
		cmocka_unit_test(test_by_operator),
		cmocka_unit_test(test_replayed_once),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_spent_rekey),
		cmocka_unit_test(test_renewal_number),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
