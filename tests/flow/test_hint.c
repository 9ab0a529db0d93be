/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints of the PKI for renewals (docs/adr/0027), from the operator's word to
 * the certificate: who follows one, who does not, and what a captured engine
 * or a stranger makes of it.
 *
 * R4809-3.2.4.2-5, R4809-3.5.2.2-4: the window that the terms say, but for a hint
 *   of the PKI itself, test_renew_now
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/oid.h"
#include "flow_raw.h"
#include "peer/hints.h"
#include "peer/renew.h"
#include "pki/console.h"
#include "pki/work.h"

#define HOUR	INT64_C(3600)
#define DAY	INT64_C(86400)

static struct flow_pki	pki;

/* --- helpers ------------------------------------------------------------------------- */

static enum fault_kind
operator(const char *const *words, size_t n)
{
	struct console_request	q = { .n = n };
	struct fault		f = { 0 };
	struct buf		out;

	for (size_t i = 0; i < n; i++)
		q.words[i] = view_str(words[i]);
	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (!console_run(pki.engine, &q, pki.now, &out, &f) && f.kind == FAULT_NONE)
		fail_msg("no fault");
	buf_clear(&out);
	return f.kind;
}

/* Devices of this template renew within so many seconds from now on. */
static enum fault_kind
hint_renew(const char *template, const char *seconds)
{
	const char	*words[] = { "hint-add", "renew", template, "", "", "", seconds, "why", "" };

	return operator(words, LEN(words));
}

static enum fault_kind
hint_wait(int64_t until)
{
	char		date[32];
	const char	*words[] = { "hint-add", "wait", "", "", "", "", date, "", "" };

	date_format(until, date);
	return operator(words, LEN(words));
}

static void
hint_clear(void)
{
	const char	*words[] = { "hint-clear", "all" };

	assert_int_equal(operator(words, LEN(words)), FAULT_NONE);
}

/* What everybody can fetch; NULL: nothing. */
static const struct object *
published(void)
{
	size_t			 n;
	const struct object	*o = engine_objects(pki.engine, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].path, HINT_PATH) == 0)
			return &o[i];
	return NULL;
}

static enum fault_kind
take(const struct device *d, struct view octets, bool *newer)
{
	struct fault	f = { 0 };

	if (hints_take(d->dir, octets, pki.now, newer, &f) != (f.kind == FAULT_NONE))
		fail_msg("%s", f.text);
	return f.kind;
}

static void
must_take(const struct device *d)
{
	bool	newer;

	assert_non_null(published());
	assert_int_equal(take(d, buf_view(&published()->body), &newer), FAULT_NONE);
	assert_true(newer);
}

static struct renew_due
due(const struct device *d)
{
	struct renew_due	out;
	struct fault		f = { 0 };

	if (!renew_due(d->dir, pki.now, 0, &out, &f))
		fail_msg("%s", f.text);
	return out;
}

static bool
renew(struct device *d)
{
	struct renew_report	r;
	struct renew		q = { .dir = d->dir, .transport = flow_wire(&d->w),
		.rng = rng_system(), .now = pki.now };

	flow_wire_again(&d->w);
	d->f = (struct fault){ 0 };
	return renew_run(&q, &r, &d->f);
}

static void
enrolled(struct device *d)
{
	gateway(d, &pki);
	if (!run(d))
		fail_msg("%s", d->f.text);
}

static void
expect_too_early(struct device *d)
{
	assert_false(renew(d));
	if (strstr(d->f.text, "too-early") == NULL)
		fail_msg("%s", d->f.text);
}

/* --- what is asked for ------------------------------------------------------------------ */

/* In the window, although the terms say much later; and once. */
static void
test_renew_now(void **state)
{
	struct renew_due	before, after;
	struct device		d, other;

	(void)state;
	enrolled(&d);
	enrolled(&other);
	before = due(&d);
	assert_false(before.hinted);
	expect_too_early(&d);
	flow_pass(&pki, 60);
	assert_int_equal(hint_renew("s2s-gateway", "7200"), FAULT_NONE);
	must_take(&d);
	after = due(&d);
	assert_true(after.hinted && !after.hint_waits);
	assert_string_equal(after.hint_reason, "why");
	assert_in_range(after.at, pki.now, pki.now + 2 * HOUR);
	assert_true(after.at < before.at);
	assert_int_equal(due(&d).at, after.at);		/* the same at each look */
	assert_false(due(&other).hinted);		/* it has not read it */

	flow_pass(&pki, after.at - pki.now);
	assert_true(due(&d).due);
	if (!renew(&d))
		fail_msg("%s", d.f.text);
	assert_false(due(&d).hinted);
	expect_too_early(&d);
	hint_clear();
	must_take(&d);
	expect_too_early(&other);			/* nobody asks for it any more */
	device_close(&d);
	device_close(&other);
}

/* A window that is to come is not open yet, at the engine and at the signer. */
static void
test_window_to_come(void **state)
{
	char		date[32];
	const char	*words[] = { "hint-add", "renew", "", "", "", date, "60", "", "" };
	struct device	d;

	(void)state;
	enrolled(&d);
	flow_pass(&pki, 60);
	date_format(pki.now + HOUR, date);
	assert_int_equal(operator(words, LEN(words)), FAULT_NONE);
	expect_too_early(&d);
	flow_pass(&pki, HOUR);
	if (!renew(&d))
		fail_msg("%s", d.f.text);
	hint_clear();
	device_close(&d);
}

/* A window that is over would call all at once; one of another century is a slip. */
static void
test_window_gone(void **state)
{
	char		date[32];
	const char	*words[] = { "hint-add", "renew", "", "", "", date, "60", "", "" };

	(void)state;
	date_format(pki.now - 61, date);
	assert_int_equal(operator(words, LEN(words)), FAULT_USAGE);
	snprintf(date, sizeof(date), "9999-12-31");
	assert_int_equal(operator(words, LEN(words)), FAULT_USAGE);
	date_format(pki.now - 60, date);
	assert_int_equal(operator(words, LEN(words)), FAULT_NONE);
	hint_clear();
}

/* Not before, but never into what keeps the certificate alive. */
static void
test_wait(void **state)
{
	struct renew_due	natural, waits;
	struct device		d;
	int64_t			safe, until;

	(void)state;
	enrolled(&d);
	natural = due(&d);
	safe = natural.not_after - (natural.not_after - natural.not_before) / HINT_SAFE_PART;
	if (safe < natural.at)		/* by its own moment in the window */
		safe = natural.at;
	until = natural.at + (safe - natural.at) / 2;
	assert_int_equal(hint_wait(until), FAULT_NONE);
	must_take(&d);
	waits = due(&d);
	assert_true(waits.hinted && waits.hint_waits);
	assert_in_range(waits.at, until, safe);
	assert_int_equal(hint_wait(natural.not_after + 5 * DAY), FAULT_NONE);
	must_take(&d);
	assert_in_range(due(&d).at, natural.at, safe);
	flow_pass(&pki, HINT_SECONDS + 60);		/* not fetched since: it says nothing any more */
	assert_false(due(&d).hinted);
	assert_int_equal(due(&d).at, natural.at);
	must_take(&d);				/* the PKI has made it anew meanwhile */
	assert_true(due(&d).hinted);
	hint_clear();
	device_close(&d);
}

/* Rules that name another template, another date of issue, or a template that is none. */
static void
test_others(void **state)
{
	static const char *const	before[] = { "hint-add", "renew", "s2s-gateway", "2026-01-01",
		"", "", "60", "", "" };
	static const char *const	later[] = { "hint-add", "renew", "", "2030-01-01", "", "", "60",
		"", "" };
	static const char *const	serial[] = { "hint-add", "renew", "", "", "00ff,12", "", "60", "",
		"" };
	struct device			d;

	(void)state;
	enrolled(&d);
	assert_int_equal(hint_renew("nothing", "60"), FAULT_NOT_FOUND);
	assert_int_equal(operator(later, LEN(later)), FAULT_USAGE);
	assert_int_equal(operator(serial, LEN(serial)), FAULT_USAGE);
	assert_int_equal(hint_wait(pki.now), FAULT_USAGE);
	assert_int_equal(hint_renew("admin", "60"), FAULT_NONE);
	assert_int_equal(operator(before, LEN(before)), FAULT_NONE);
	must_take(&d);
	assert_false(due(&d).hinted);
	expect_too_early(&d);
	hint_clear();
	device_close(&d);
}

/* As after a crash: the same rules, and a later date than any before. */
static void
test_restart(void **state)
{
	struct device	d;
	struct fault	f = { 0 };

	(void)state;
	enrolled(&d);
	assert_int_equal(hint_renew("", "0"), FAULT_NONE);
	must_take(&d);
	flow_restart(&pki);
	must_take(&d);
	flow_pass(&pki, 1);
	hint_clear();
	must_take(&d);
	assert_false(due(&d).hinted);
	flow_restart(&pki);
	/* As after a clock that ran ahead, and was set right. */
	assert_true(store_begin(pki.store, &f) && store_counter_add(pki.store, "hint", 9 * DAY, NULL,
	    &f) && store_commit(pki.store, &f));
	flow_pass(&pki, 60);
	hint_clear();
	assert_int_equal(hint_renew("", "0"), FAULT_NONE);
	must_take(&d);
	hint_clear();
	assert_non_null(published());	/* what was cleared cannot be told from an old one without */
	device_close(&d);
}

/* --- whom nobody believes ------------------------------------------------------------------- */

static void
keep(struct buf *out)
{
	buf_init(out, HINT_OCTETS_MAX);
	buf_add_view(out, buf_view(&published()->body));
}

/* A hint as a device could sign one. */
static void
forge(const struct device *d, struct buf *out)
{
	struct cvp_hint_rule	rule = { .act = CVP_HINT_RENEW, .from = pki.now - DAY,
		.to = pki.now - DAY };
	struct cvp_hint		h = { .this_update = pki.now + 60, .next_update = pki.now + DAY,
		.rules = &rule, .n_rules = 1 };
	struct message_signer	s;
	struct raw_cert		c;
	struct buf		content;
	struct fault		f = { 0 };

	raw_cert_load(d, &c);
	buf_init(&content, HINT_OCTETS_MAX);
	buf_init(out, HINT_OCTETS_MAX);
	hint_content(&h, &content);
	assert_true(message_signer_cert(&s, key_sigalg(c.key), key_digest(c.key), c.cert.der, NULL,
	    0, &f) && message_sign(&s, c.key, OID_CT_PKI_RESPONSE, buf_view(&content), pki.now, out,
	    &f));
	message_signer_clear(&s);
	buf_clear(&content);
	raw_cert_clear(&c);
}

/* Changed on the way, another's, or an old one: what is kept stays. */
static void
test_strangers(void **state)
{
	struct device	d;
	struct buf	old, forged;
	bool		newer;

	(void)state;
	enrolled(&d);
	assert_int_equal(hint_renew("", "0"), FAULT_NONE);
	must_take(&d);
	keep(&old);
	flow_pass(&pki, 60);
	hint_clear();
	must_take(&d);
	assert_int_equal(take(&d, buf_view(&old), &newer), FAULT_REFUSED);	/* replayed */
	forge(&d, &forged);
	assert_int_not_equal(take(&d, buf_view(&forged), &newer), FAULT_NONE);
	for (size_t at = 0; at < published()->body.n; at += 97) {
		struct buf	bad;

		keep(&bad);
		bad.p[at] ^= 0x10;
		(void)take(&d, buf_view(&bad), &newer);
		assert_false(newer);
		buf_clear(&bad);
	}
	assert_false(due(&d).hinted);
	buf_clear(&old);
	buf_clear(&forged);
	device_close(&d);
}

/* The octets' answer from the signer, asked as the engine would. */
static bool
signs(bool as_hint, const struct cvp_hint *h)
{
	struct respond_request	r = { 0 };
	struct buf		content, question, answer;
	struct frame		fr;
	struct view		out;
	struct fault		f = { 0 };
	size_t			used;
	struct signer_link	l = signer_local_link(&pki.local);
	bool			ok;

	buf_init(&content, HINT_OCTETS_MAX);
	buf_init(&question, HINT_OCTETS_MAX);
	buf_init(&answer, 1u << 20);
	hint_content(h, &content);
	r.content = buf_view(&content);
	if (as_hint)
		signer_put_hint(&question, r.content);
	else
		signer_put_respond(&question, &r);
	assert_true(l.exchange(l.ctx, buf_view(&question), 1, &answer, &f));
	assert_true(frame_take(buf_view(&answer), FRAME_BODY_MAX, &fr, &used, &f));
	ok = signer_get_object(&fr, as_hint ? SIGNER_HINT : SIGNER_RESPOND, &out, &f);
	buf_clear(&content);
	buf_clear(&question);
	buf_clear(&answer);
	return ok;
}

/* What a captured engine may have signed: of now, for two days, without end to nobody. */
static void
test_signer_limits(void **state)
{
	struct cvp_hint_rule	rule = { .act = CVP_HINT_WAIT, .from = pki.now, .to = pki.now + DAY };
	struct cvp_hint		good = { .this_update = pki.now, .next_update = pki.now + DAY,
		.rules = &rule, .n_rules = 1 }, h;

	(void)state;
	assert_true(signs(true, &good));
	assert_false(signs(false, &good));
	h = good;
	h.next_update += 2 * DAY;
	assert_false(signs(true, &h));
	h = good;
	h.this_update += 2 * HOUR;
	assert_false(signs(true, &h));
	rule.act = CVP_HINT_RENEW;
	assert_false(signs(true, &good));
}

/* Renew all, says the engine, and shows the signer this. */
static void
engine_lies(const struct buf *shown)
{
	static struct cvp_hint_rule	all = { .act = CVP_HINT_RENEW };

	pki.engine->hint = (struct cvp_hint){ .rules = &all, .n_rules = 1,
		.next_update = pki.now + DAY };
	buf_reset(&pki.engine->hint_octets);
	buf_add_view(&pki.engine->hint_octets, buf_view(shown));
}

/* An engine that has no hint signed opens no window: the signer looks itself. */
static void
test_captured_engine(void **state)
{
	struct device	d;
	struct buf	forged;

	(void)state;
	enrolled(&d);
	forge(&d, &forged);
	engine_lies(&forged);
	assert_false(renew(&d));
	if (strstr(d.f.text, "internalCAError") == NULL)
		fail_msg("%s", d.f.text);
	flow_restart(&pki);
	expect_too_early(&d);
	buf_clear(&forged);
	device_close(&d);
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

/* Nor one of the PKI's own that has ended: the signer looks at its date, too. */
static void
test_ended(void **state)
{
	struct device	d;
	struct buf	ended;

	(void)state;
	enrolled(&d);
	flow_pass(&pki, 6 * 60);		/* it was made before what a rule speaks of */
	assert_int_equal(hint_renew("", "60"), FAULT_NONE);
	buf_init(&ended, HINT_OCTETS_MAX);
	buf_add_view(&ended, buf_view(&pki.engine->hint_octets));
	hint_clear();
	flow_pass(&pki, HINT_SECONDS + CLOCK_SKEW_SECONDS + 60);
	expect_too_early(&d);
	engine_lies(&ended);
	assert_false(renew(&d));
	if (strstr(d.f.text, "internalCAError") == NULL)
		fail_msg("%s", d.f.text);
	flow_restart(&pki);
	buf_clear(&ended);
	device_close(&d);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_renew_now),
		cmocka_unit_test(test_window_to_come),
		cmocka_unit_test(test_window_gone),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_signer_limits),
		cmocka_unit_test(test_captured_engine),
		cmocka_unit_test(test_ended),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
