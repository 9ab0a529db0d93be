/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A renewal that the terms leave to the Admin, under a template whose renewals
 * a person approves: the layer that the Admin put around the request counts
 * when the device asks what became of it, as long as that Admin may enrol.
 *
 * R4809-3.5.2.2-3: the Admin's to ask; R4809-3.4.4-1; C-2: whose rights are gone has
 * wrapped nothing
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "flow_raw.h"
#include "peer/renew.h"
#include "pki/console.h"

#define PAUSE	7200		/* longer than any pause of a Peer */

static struct flow_pki	pki;
static struct device	admin_device, relay_device;
static struct raw_cert	admin, relay;

/* --- the ways ------------------------------------------------------------------------- */

static bool
through_admin(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	const struct cmc_content	*c;
	struct raw_answer		 a;
	struct buf			 m;
	bool				 ok;

	(void)ctx;
	buf_init(&m, RAW_MAX);
	raw_layer(&relay, message, &m);
	raw_send(&pki, buf_view(&m), &a);
	c = a.failed || a.again ? NULL : cmc_content_by_id(&a.r.contents, RAW_INSIDE);
	ok = c != NULL;
	if (ok)
		buf_add_view(answer, c->contentinfo);
	raw_answer_clear(&a);
	buf_clear(&m);
	return ok || fault_set(f, FAULT_BUSY, "", "no answer inside");
}

enum way { STRAIGHT, THROUGH_ADMIN };

static bool
renew(struct device *d, enum way way, struct renew_report *r)
{
	struct renew	q = { .dir = d->dir, .rng = rng_system(), .now = pki.now,
		.transport = way == STRAIGHT ? flow_wire(&d->w) :
		    (struct transport){ through_admin, NULL } };

	flow_wire_again(&d->w);
	d->f = (struct fault){ 0 };
	return renew_run(&q, r, &d->f);
}

static void
operator(const char *verb, const char *id, const char *by, const char *reason)
{
	struct console_request	q = { .words = { view_str(verb), view_str(id), view_str(by),
		view_str(reason) }, .n = strcmp(verb, "admin-rights") == 0 ? 3 : 4 };
	struct fault		f = { 0 };
	struct buf		out;

	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (!console_run(pki.engine, &q, pki.now, &out, &f))
		fail_msg("%s: %s", verb, f.text);
	buf_clear(&out);
}

/* --- what becomes of it ------------------------------------------------------------------ */

static void
held(struct device *d)
{
	struct renew_report	r;

	gateway(d, &pki);
	if (!run(d))
		fail_msg("%s", d->f.text);
	flow_pass(&pki, PAUSE);
	if (renew(d, THROUGH_ADMIN, &r) || d->f.kind != FAULT_BUSY || r.poll_at <= pki.now)
		fail_msg("not held: %s", d->f.text);
	flow_pass(&pki, PAUSE);
}

/* Without the Admin it does not even wait. */
static void
test_straight(void **state)
{
	struct renew_report	r;
	struct device		d;

	(void)state;
	gateway(&d, &pki);
	assert_true(run(&d));
	assert_false(renew(&d, STRAIGHT, &r));
	assert_int_equal(d.f.kind, FAULT_REFUSED);
	assert_non_null(strstr(d.f.text, "requester-may-not"));
	device_close(&d);
}

static void
test_approved(void **state)
{
	static const enum way	ways[] = { STRAIGHT, THROUGH_ADMIN };

	(void)state;
	for (size_t i = 0; i < LEN(ways); i++)
		for (size_t k = 0; k < LEN(ways); k++) {
			struct renew_report	r;
			struct device		d;

			held(&d);
			assert_false(renew(&d, ways[i], &r));
			assert_int_equal(d.f.kind, FAULT_BUSY);
			operator("approve", d.t.id, "Ann", "planned");
			flow_pass(&pki, PAUSE);
			if (!renew(&d, ways[k], &r))
				fail_msg("%zu, %zu: %s", i, k, d.f.text);
			assert_int_equal(r.kind, RENEW_NEW_KEY);
			device_close(&d);
		}
}

/* C-2: rights are those of the moment at which something is issued. */
static void
test_rights_gone(void **state)
{
	static const enum way	ways[] = { STRAIGHT, THROUGH_ADMIN };

	(void)state;
	for (size_t i = 0; i < LEN(ways); i++) {
		struct renew_report	r;
		struct device		d;

		held(&d);
		operator("approve", d.t.id, "Ann", "planned");
		operator("admin-rights", "label", "s2s-gateway:query", "");
		flow_pass(&pki, PAUSE);
		assert_false(renew(&d, ways[i], &r));
		assert_int_equal(d.f.kind, FAULT_REFUSED);
		operator("admin-rights", "label", "s2s-gateway:enroll", "");
		device_close(&d);
	}
}

static void
test_rejected(void **state)
{
	struct renew_report	r;
	struct device		d;

	(void)state;
	held(&d);
	operator("reject", d.t.id, "Ann", "not planned");
	assert_false(renew(&d, STRAIGHT, &r));
	assert_non_null(strstr(d.f.text, "not planned"));
	device_close(&d);
}

/* The signer goes away before it has signed: the next question brings it. */
static void
test_signer_dies(void **state)
{
	(void)state;
	for (unsigned at = 1; at <= 2; at++) {
		struct renew_report	r;
		struct device		d;

		held(&d);
		operator("approve", d.t.id, "Ann", "planned");
		pki.signer_dies = at;
		assert_false(renew(&d, STRAIGHT, &r));
		pki.signer_dies = 0;
		flow_restart(&pki);
		flow_pass(&pki, 60);
		if (!renew(&d, STRAIGHT, &r))
			fail_msg("%u: %s", at, d.f.text);
		device_close(&d);
	}
}

/* --- set-up -------------------------------------------------------------------------------- */

static int
start(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	raw_start(&pki, &admin_device, &admin, "renewal-by = admin\nrenewal-approval = manual\n"
	    "approval-poll = 60s\nrenewal-last-percent = 100\n");
	if (!engine_add_admin(pki.engine, "label", "s2s-gateway:enroll", pki.now, &f))
		fail_msg("%s", f.text);
	device_open(&relay_device, &pki, "admin", "email:relay@admin.invalid", "ec-p256");
	if (!run(&relay_device))
		fail_msg("%s", relay_device.f.text);
	raw_cert_load(&relay_device, &relay);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&relay);
	device_close(&relay_device);
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_straight),
		cmocka_unit_test(test_approved),
		cmocka_unit_test(test_rights_gone),
		cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_signer_dies),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
