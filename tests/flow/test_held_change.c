/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Successors that wait for a person: renewal, new key, rekey, update; what is
 * in use stays in use until the word is given, and one request at a time.
 * And a database that is put back while something waits.
 *
 * R4809-3.4.4-1, C-8 (one successor at a time), C-1 (an older database)
 *
 * SEED-74: an update waits for a person under the old key's signature, without a new
 *   token
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "codec/crl.h"
#include "flow_raw.h"
#include "peer/renew.h"
#include "pki/console.h"
#include "store/store_approval.h"

#define PAUSE	7200		/* longer than any pause of a Peer */
#define WITHIN	(3 * 86400)	/* approval-within */

static struct flow_pki	pki;
static struct device	admin_device;
static struct raw_cert	admin;

static void
write_template(const char *name, const char *text)
{
	char		sub[64], path[CONFIG_PATH_MAX];
	struct fault	f = { 0 };

	snprintf(sub, sizeof(sub), "templates/%s.conf", name);
	if (!path_join(path, sizeof(path), pki.r.staging, sub, &f) ||
	    !file_write(path, view_str(text), 0644, &f))
		fail_msg("%s", f.text);
}

static enum fault_kind
operator(const char *verb, const char *id, const char *by, const char *reason)
{
	struct console_request	q = { .words = { view_str(verb), view_str(id), view_str(by),
		view_str(reason) }, .n = strcmp(verb, "revoke") == 0 ? 3 : 4 };
	struct fault		f = { 0 };
	struct buf		out;

	buf_init(&out, CONSOLE_ANSWER_MAX);
	(void)!console_run(pki.engine, &q, pki.now, &out, &f);
	buf_clear(&out);
	return f.kind;
}

static int64_t
waiting(void)
{
	int64_t		counts[STORE_APPROVAL_STATES];
	struct fault	f = { 0 };

	assert_true(store_approval_count(pki.store, counts, &f));
	return counts[STORE_APPROVAL_WAITING] + counts[STORE_APPROVAL_APPROVED];
}

static struct store_authz
authz(const char *id, struct arena *a)
{
	struct store_authz	z;
	struct fault		f = { 0 };

	if (!store_authz_find(pki.store, view_str(id), a, &z, &f) || z.n == 0)
		fail_msg("%s: %s", id, f.text);
	return z;
}

/* --- one successor ------------------------------------------------------------------- */

enum kind { SAME, NEW, UPDATE, REKEY, KINDS };

static const struct {
	const char	*label;
	enum renew_kind	 kind;
} kinds[KINDS] = {
	[SAME] = { "renewal", RENEW_RENEWAL },
	[NEW] = { "new key", RENEW_NEW_KEY },
	[UPDATE] = { "update", RENEW_UPDATE },
	[REKEY] = { "rekey", RENEW_REKEY },
};

struct subject {
	struct device		 d;
	enum kind		 kind;
	struct ticket		 use;
	struct renew_names	 names;
	char			 name[64];
	const char		*id;		/* what an operator names */
	struct renew_report	 r;
	char			 serial[ENROLL_SERIAL_MAX];	/* before */
};

static bool
renew(struct subject *s)
{
	struct renew	q = { .dir = s->d.dir, .transport = flow_wire(&s->d.w),
		.rng = rng_system(), .now = pki.now,
		.key = s->kind == SAME ? RENEW_KEY_SAME : RENEW_KEY_NEW,
		.names = s->kind == UPDATE ? &s->names : NULL,
		.ticket = s->kind == REKEY ? &s->use : NULL };

	flow_wire_again(&s->d.w);
	s->d.f = (struct fault){ 0 };
	return renew_run(&q, &s->r, &s->d.f);
}

static bool
renew_later(struct subject *s)
{
	flow_pass(&pki, PAUSE);
	return renew(s);
}

static void
open_gateway(struct device *d)
{
	static unsigned	n;
	char		identity[64];

	snprintf(identity, sizeof(identity), "fqdn:gw%u.vpn.example", n++);
	device_open(d, &pki, "s2s-gateway", identity, "ec-p256");
}

/* Enrolled, and by a person's word if the template wants one. */
static void
subject_open(struct subject *s, enum kind kind)
{
	static unsigned	n;
	struct raw_cert	old;

	memset(s, 0, sizeof(*s));
	s->kind = kind;
	open_gateway(&s->d);
	assert_false(run(&s->d));
	assert_int_equal(operator("approve", s->d.t.id, "Ann", "known"), FAULT_NONE);
	flow_pass(&pki, PAUSE);
	if (!run_again(&s->d))
		fail_msg("%s", s->d.f.text);
	snprintf(s->serial, sizeof(s->serial), "%s", s->d.r.serial);
	snprintf(s->name, sizeof(s->name), "fqdn:new%u.vpn.example", n++);
	s->names = (struct renew_names){ .identities = { s->name }, .n = 1 };
	s->id = s->d.t.id;
	if (kind == REKEY) {
		raw_cert_load(&s->d, &old);
		raw_replace(&pki, &admin, &old.cert, s->d.t.identities[0], &s->d, &s->use);
		raw_cert_clear(&old);
		s->id = s->use.id;
	}
}

static void
subject_close(struct subject *s)
{
	if (s->kind == REKEY)
		ticket_clear(&s->use);
	device_close(&s->d);
}

static void
expect_old_in_use(const struct subject *s, const char *label)
{
	struct raw_cert	c;
	char		serial[ENROLL_SERIAL_MAX];

	raw_cert_load(&s->d, &c);
	snprintf(serial, sizeof(serial), "%s", s->serial);
	for (size_t i = 0; i < c.cert.serial.n; i++) {
		char	hex[3];

		snprintf(hex, sizeof(hex), "%02x", c.cert.serial.p[i]);
		if (strncasecmp(hex, serial + 2 * i, 2) != 0)
			fail_msg("%s: another certificate is in use", label);
	}
	raw_cert_clear(&c);
}

static void
expect_waits(struct subject *s, const char *label)
{
	if (renew_later(s) || s->d.f.kind != FAULT_BUSY || s->r.poll_at <= pki.now)
		fail_msg("%s: %s", label, s->d.f.text);
	assert_int_equal(waiting(), 1);
	expect_old_in_use(s, label);
}

/* --- outcomes -------------------------------------------------------------------------- */

enum outcome { APPROVED, REJECTED, FORGOTTEN, REVOKED, OUTCOMES };

static void
expect_new(struct subject *s, const char *label)
{
	if (!renew_later(s) || s->r.kind != kinds[s->kind].kind)
		fail_msg("%s: %s", label, s->d.f.text);
	assert_string_not_equal(s->r.serial, s->serial);
	assert_string_equal(s->r.old_serial, s->serial);
}

static void
expect_no(struct subject *s, const char *label)
{
	if (renew_later(s) || s->d.f.kind != FAULT_REFUSED)
		fail_msg("%s: %s", label, s->d.f.text);
	expect_old_in_use(s, label);
}

static void
come_to(struct subject *s, enum outcome how, const char *label)
{
	switch (how) {
	case APPROVED:
		assert_int_equal(operator("approve", s->id, "Ann", "planned"), FAULT_NONE);
		expect_new(s, label);
		break;
	case REJECTED:
		assert_int_equal(operator("reject", s->id, "Ann", "not planned"), FAULT_NONE);
		expect_no(s, label);
		assert_non_null(strstr(s->d.f.text, "not planned"));
		break;
	case FORGOTTEN:
		flow_pass(&pki, WITHIN + 1);
		expect_no(s, label);
		assert_non_null(strstr(s->d.f.text, "not-decided"));
		break;
	default:
		assert_int_equal(operator("revoke", s->d.t.identities[0], "keyCompromise", ""),
		    FAULT_NONE);
		expect_no(s, label);
	}
}

static void
test_outcomes(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * KINDS * OUTCOMES; i++) {
		enum kind	kind = (enum kind)(i % KINDS);
		enum outcome	how = (enum outcome)(i / KINDS % OUTCOMES);
		struct subject	s;

		subject_open(&s, kind);
		expect_waits(&s, kinds[kind].label);
		if (i >= KINDS * OUTCOMES)
			flow_restart(&pki);
		expect_waits(&s, kinds[kind].label);
		come_to(&s, how, kinds[kind].label);
		/* A token that was shown and waits outlives its lineage, until its time. */
		if (how == REVOKED && kind == REKEY)
			flow_pass(&pki, WITHIN + 1);
		assert_int_equal(waiting(), 0);
		subject_close(&s);
	}
}

/* While one waits another one is refused, and it waits on. */
static void
test_one_at_a_time(void **state)
{
	struct subject	s, other;
	char		path[2 * FLOW_PATH_MAX];
	struct fault	f = { 0 };

	(void)state;
	subject_open(&s, UPDATE);
	expect_waits(&s, "first");
	other = s;
	other.kind = NEW;
	/* The device has forgotten what it asked for. */
	snprintf(path, sizeof(path), "%s/renew", s.d.dir);
	assert_true(dir_remove(path, &f));
	if (renew_later(&other) || other.d.f.kind != FAULT_REFUSED ||
	    strstr(other.d.f.text, "key-reuse") == NULL)
		fail_msg("%s", other.d.f.text);
	assert_int_equal(waiting(), 1);
	assert_int_equal(operator("reject", s.id, "Ann", "forgotten"), FAULT_NONE);
	other.d.f = (struct fault){ 0 };
	assert_false(renew_later(&other));
	assert_int_equal(operator("approve", s.id, "Ann", "so be it"), FAULT_NONE);
	expect_new(&other, "after the rejection");
	subject_close(&s);
}

/* --- an older database -------------------------------------------------------------------- */

static void
put_back(void *ctx)
{
	char		from[FLOW_PATH_MAX], to[CONFIG_PATH_MAX], extra[CONFIG_PATH_MAX + 8];
	struct fault	f = { 0 };

	assert_true(path_join(to, sizeof(to), pki.r.staging, "pki.db", &f));
	assert_int_equal(rename(flow_path(&pki, ctx, from), to), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(extra, sizeof(extra), "%s%s", to, i == 0 ? "-wal" : "-shm");
		(void)remove(extra);
	}
}

/* What waits there was issued since, or cancelled: it is locked, or cancelled again. */
static void
test_rollback(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		const char		*name = i == 0 ? "issued-since" : "cancelled-since";
		struct arena		*a = arena_new(1u << 20);
		char			 path[FLOW_PATH_MAX];
		struct raw_answer	 answer;
		struct buf		 message;
		struct fault		 f = { 0 };
		struct device		 d;

		open_gateway(&d);
		assert_false(run(&d));
		assert_int_equal(operator("approve", d.t.id, "Ann", "known"), FAULT_NONE);
		assert_true(store_backup(pki.store, flow_path(&pki, name, path), &f));
		flow_pass(&pki, PAUSE);
		if (i == 0) {
			flow_wire_again(&d.w);
			d.w.lose_answer = 1;
			assert_false(run(&d));
		} else {
			buf_init(&message, RAW_MAX);
			raw_cancel(&d.t, &message);
			raw_send(&pki, buf_view(&message), &answer);
			assert_int_equal(raw_cancelled(&answer), CVP_CANCEL_DONE);
			raw_answer_clear(&answer);
			buf_clear(&message);
		}
		flow_restart_with(&pki, put_back, (void *)(uintptr_t)name);
		assert_int_equal(authz(d.t.id, a).state, i == 0 ? STORE_AUTHZ_LOCKED :
		    STORE_AUTHZ_CANCELLED);
		assert_int_equal(waiting(), 0);
		flow_pass(&pki, PAUSE);
		assert_false(run_again(&d));
		device_close(&d);
		arena_free(a);
	}
}

static int
set_up(void **state)
{
	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	write_template("s2s-gateway", "approval = manual\nrenewal = yes\nrenewal-approval = manual\n"
	    "name-space = \"vpn.example\"\nupdate = yes\nupdate-approval = manual\napproval-poll = 60s\n"
	    "approval-within = 3d\nrenewal-last-percent = 100\nconfirm-within = 4h\n");
	flow_restart(&pki);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_rollback),
	};

	return cmocka_run_group_tests_name("held-change", tests, set_up, tear_down);
}
