/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device reports of its certificate after it has confirmed it: that its
 * daemon does not take it, or does again (docs/adr/0035); who is heard, how often,
 * and what becomes of the words.
 *
 * R4809-3.4.11-19: a failure on the device's side reaches the Admin, who was not on the
 *   path, in the device's words, test_heard
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "flow_raw.h"
#include "peer/tell.h"
#include "store/store_log.h"

#define WHOLE	CMC_WHOLE_MESSAGE

static struct flow_pki	pki;
static struct device	d;
static struct raw_cert	cert;

/* --- helpers ---------------------------------------------------------------------------- */

struct count {
	int	kind;
	size_t	n;
	char	detail[512];
};

static bool
count_one(void *ctx, const struct store_event *e, struct fault *f)
{
	struct count	*c = ctx;

	(void)f;
	if (e->kind != c->kind)
		return true;
	c->n++;
	snprintf(c->detail, sizeof(c->detail), "%s", e->detail);
	return true;
}

static struct count
events(int kind)
{
	struct count	c = { .kind = kind };
	struct fault	f = { 0 };

	assert_true(store_event_walk(pki.store, 0, 1u << 20, count_one, &c, &f));
	return c;
}

/* As the agent does it. */
static enum fault_kind
tell(const char *words)
{
	struct tell	t = { .failing = words != NULL };
	struct fault	f = { 0 };

	snprintf(t.words, sizeof(t.words), "%s", words != NULL ? words : "");
	flow_wire_again(&d.w);
	if (tell_send(&t, d.dir, flow_wire(&d.w), rng_system(), pki.now, &f) !=
	    (f.kind == FAULT_NONE) || t.told != (f.kind == FAULT_NONE && words != NULL))
		fail_msg("%s", f.text);
	return f.kind;
}

/* A report as a control of its own, with this status and these words. */
static void
report(const struct raw_cert *by, enum cmc_status status, struct view words,
    struct raw_answer *out)
{
	struct cmc_ref		ref = { .path = { WHOLE }, .n = 1 };
	struct cmc_status_info	s = { .status = status, .refs = &ref, .n_refs = 1,
		.text = words };
	struct buf		value;

	if (status == CMC_FAILED) {
		s.other = CMC_OTHER_FAIL;
		s.fail = CMC_BAD_REQUEST;
	}
	buf_init(&value, 8192);
	cmc_put_status(&value, &s);
	raw_ask(&pki, by, CMC_STATUS_INFO_V2, buf_view(&value), out);
	buf_clear(&value);
}

static void
expect_refused(const struct raw_cert *by, enum cmc_status status, enum cmc_fail fail,
    uint32_t about, const char *label)
{
	struct raw_answer	a;
	size_t			before = events(CVP_EVENT_DEVICE_FAILED).n;

	report(by, status, VIEW_LIT("why"), &a);
	if (!a.failed || a.fail != fail || a.about != about)
		fail_msg("%s: failed %d, %s about %u", label, a.failed, cmc_fail_name(a.fail),
		    a.about);
	assert_int_equal(events(CVP_EVENT_DEVICE_FAILED).n, before);
	raw_answer_clear(&a);
}

/* --- tests --------------------------------------------------------------------------------- */

/* The Admin hears it in the device's words; nothing else changes. */
static void
test_heard(void **state)
{
	struct flow_seen	before, after;

	(void)state;
	flow_look(&pki, d.t.id, &before);
	assert_int_equal(tell("charon: no private key found"), FAULT_NONE);
	assert_int_equal(events(CVP_EVENT_DEVICE_FAILED).n, 1);
	assert_string_equal(events(CVP_EVENT_DEVICE_FAILED).detail, "charon: no private key found");
	flow_look(&pki, d.t.id, &after);
	assert_int_equal(after.state, before.state);
	assert_int_equal(after.cert, STORE_CERT_CONFIRMED);
	assert_false(after.on_crl);
	flow_pass(&pki, 60);
	assert_int_equal(tell(NULL), FAULT_NONE);
	assert_int_equal(events(CVP_EVENT_DEVICE_MENDED).n, 1);
	flow_pass(&pki, 60);
}

/* One event in a minute, whatever is said; who comes too soon comes again. */
static void
test_often(void **state)
{
	size_t	before = events(CVP_EVENT_DEVICE_FAILED).n;

	(void)state;
	assert_int_equal(tell("first"), FAULT_NONE);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(tell(i % 2 == 0 ? "first" : NULL), FAULT_BUSY);
		flow_pass(&pki, 2);
	}
	assert_int_equal(events(CVP_EVENT_DEVICE_FAILED).n, before + 1);
	flow_pass(&pki, 20);
	assert_int_equal(tell("second"), FAULT_NONE);
	assert_int_equal(events(CVP_EVENT_DEVICE_FAILED).n, before + 2);
	flow_pass(&pki, 60);
}

/* What is no text for a terminal is none afterwards; what is long is cut. */
static void
test_words(void **state)
{
	char			many[2000];
	struct raw_answer	a;
	struct count		c;

	(void)state;
	report(&cert, CMC_FAILED, VIEW_LIT("\x1b[31mred\nline"), &a);
	assert_false(a.failed);
	raw_answer_clear(&a);
	assert_string_equal(events(CVP_EVENT_DEVICE_FAILED).detail, "\\x1b[31mred\\x0aline");
	flow_pass(&pki, 60);
	memset(many, 'x', sizeof(many));
	report(&cert, CMC_FAILED, view_of(many, sizeof(many)), &a);
	raw_answer_clear(&a);
	c = events(CVP_EVENT_DEVICE_FAILED);
	assert_in_range(strlen(c.detail), 0, TELL_WORDS_MAX);
	flow_pass(&pki, 60);
}

/* What a daemon says is cut between characters: half of one would be refused. */
static void
test_words_of_agent(void **state)
{
	struct agent_time	now = { pki.now, 0 };
	struct fault		f = { .kind = FAULT_REFUSED };
	struct tell		t = { 0 };
	struct agent		a;

	(void)state;
	agent_begin(&a, 60000, &now);
	for (size_t i = 0; i + 2 < sizeof(f.text); i += 2)
		memcpy(f.text + i, "\xc3\xa4", 3);
	tell_unused(&t, &a, &now, &f);
	assert_int_equal(tell(t.words), FAULT_NONE);
	flow_pass(&pki, 60);
}

/* By the head of its lineage alone, and about itself. */
static void
test_who(void **state)
{
	struct raw_issued	n;
	struct device		other;
	struct raw_cert		theirs;
	struct raw_answer	a;
	struct buf		revoke;
	struct cmc_revoke	r = { .reason = 5 };

	(void)state;
	raw_issue(&pki, &n);
	expect_refused(&n.c, CMC_FAILED, CMC_BAD_IDENTITY, RAW_EXTRA, "not confirmed");
	raw_issued_clear(&n);
	expect_refused(&cert, CMC_PENDING, CMC_BAD_REQUEST, RAW_EXTRA, "pending");

	gateway(&other, &pki);
	assert_true(run(&other));
	raw_cert_load(&other, &theirs);
	r.cert = (struct cmc_cert_id){ theirs.cert.issuer, theirs.cert.serial };
	buf_init(&revoke, 4096);
	cmc_put_revoke(&revoke, &r);
	raw_ask(&pki, &theirs, CMC_REVOKE_REQUEST, buf_view(&revoke), &a);
	assert_false(a.failed);
	raw_answer_clear(&a);
	expect_refused(&theirs, CMC_FAILED, CMC_BAD_IDENTITY, WHOLE, "revoked");
	buf_clear(&revoke);
	raw_cert_clear(&theirs);
	device_close(&other);
}

/* Unsigned, or by a signature that does not hold: nobody's words. */
static void
test_nobody(void **state)
{
	struct cmc_ref		 ref = { .path = { WHOLE }, .n = 1 };
	struct cmc_status_info	 s = { .status = CMC_FAILED, .refs = &ref, .n_refs = 1,
		.other = CMC_OTHER_FAIL, .fail = CMC_BAD_REQUEST, .text = VIEW_LIT("x") };
	struct raw_control	 one = { CMC_STATUS_INFO_V2, VIEW_NONE }, two[2];
	struct raw_signing	 broken = { .key = cert.key, .by = &cert, .with = &cert, .certs = 1,
		.broken = true }, good = broken;
	struct buf		 value, content, message;
	struct raw_answer	 a;
	size_t			 before = events(CVP_EVENT_DEVICE_FAILED).n;

	(void)state;
	good.broken = false;
	buf_init(&value, 4096);
	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	cmc_put_status(&value, &s);
	one.value = buf_view(&value);
	two[0] = two[1] = one;
	raw_controls(&one, 1, &content);
	raw_unsigned(buf_view(&content), &message);
	raw_send(&pki, buf_view(&message), &a);
	assert_true(a.failed);
	raw_answer_clear(&a);
	buf_reset(&message);
	raw_sign(&broken, buf_view(&content), &message);
	raw_send(&pki, buf_view(&message), &a);
	assert_true(a.failed && a.fail == CMC_BAD_MESSAGE_CHECK);
	raw_answer_clear(&a);
	buf_reset(&content);
	buf_reset(&message);
	raw_controls(two, 2, &content);
	raw_sign(&good, buf_view(&content), &message);
	raw_send(&pki, buf_view(&message), &a);
	assert_true(a.failed && a.fail == CMC_BAD_REQUEST);
	raw_answer_clear(&a);
	assert_int_equal(events(CVP_EVENT_DEVICE_FAILED).n, before);
	buf_clear(&value);
	buf_clear(&content);
	buf_clear(&message);
}

static int
start(void **state)
{
	(void)state;
	flow_start(&pki, KEY_EC_P256);
	gateway(&d, &pki);
	if (!run(&d))
		return -1;
	raw_cert_load(&d, &cert);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&cert);
	device_close(&d);
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_heard),
		cmocka_unit_test(test_often),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_of_agent),
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
