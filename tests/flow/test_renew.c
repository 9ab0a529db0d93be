/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Successors (RFC 4809, 3.5.2; profile, 7.7): a certificate's life from both
 * ends, what the terms refuse, what gets lost, and attacks by those who have
 * a certificate or have none (C-6, C-7, C-8, C-15).
 *
 * R4809-1-2: a life from its authorization to the last revocation, in test_renewals,
 *   test_update, test_rekey, test_over
 * R4809-1.3-4: the old key speaks for the new request, test_attacks
 * R4809-1.3-5: an Admin's own certificate and its successor, test_admin
 * R4809-3.2.4.2-2: without renewal in the terms, test_terms
 * R4809-3.2.4.2-3: without update, and with it, test_update
 * R4809-3.2.4.2-4: the Admin's to ask, test_terms
 * R4809-3.2.4.2-5: before and at the first moment, test_window
 * R4809-3.2.4.2-6: names within the terms and beside them, test_update
 * R4809-3.2.4.2-9, R4809-3.2.4.2-10: a rekey by a fresh authorization and by its terms
 *   alone, not by the earlier ones, test_rekey
 * R4809-3.5.1-1, R4809-3.5.1-2: renewal, update and rekey are the enrolment's message,
 *   endpoint and confirmation, struct ask
 * R4809-3.5.2-13, R4809-3.5.2.2-5: the delay that was authorized is the one that
 *   passes, test_retire_later
 * R4809-3.5.2.2-7, R4809-3.5.2.3-13: the same exchange as the first enrolment, with the
 *   Peer's own code, must_renew
 * R4809-3.5.2.3-8: an update ends the old one at once, test_update
 * R5272-3.2-9: a key that may not be used again, test_terms
 * R4809-3.5.2.4-1: each refusal has its code, at the device and in the Admin's events,
 *   expect_refusal
 * R4809-3.5.3-12, R4809-3.5.3-15: the holder of what is to be retired does not revoke
 *   it, test_retire_later
 * R4809-3.5.3-13, R4809-3.5.3-14: revoked when the receipt of an update comes,
 *   test_update
 * SEED-12, SEED-36: renewal, rekey and update, test_renewals, test_rekey, test_update
 * R4809-3.5.2-7: left to itself a device makes a new key, test_renewals
 * SEED-81: the old key without an authorization, and an authorization without the old
 *   key, test_rekey
 * SEED-62, SEED-72: nothing but serial number and validity is new, test_renewals
 * SEED-63: names stay, the key is new, test_rekey
 * SEED-64: other names, with the same key and with a new one, test_update
 * SEED-65, SEED-71, SEED-76: a template that changed meanwhile, test_template_changed
 * SEED-73: by the first authorization or by a later one, test_update,
 *   test_update_by_grant
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/crl.h"
#include "flow_raw.h"
#include "peer/ask.h"
#include "peer/renew.h"
#include "store/store_log.h"

#define DAY	INT64_C(86400)
#define WHOLE	CMC_WHOLE_MESSAGE

static struct flow_pki	pki;
static struct device	admin_device;
static struct raw_cert	admin;

/* --- helpers ------------------------------------------------------------------------ */

static int64_t
number_of(const struct cert *c)
{
	int64_t	n = 0;

	for (size_t i = 1; i <= 5; i++)
		n = n << 8 | c->serial.p[i];
	return n;
}

static struct store_cert
row(int64_t n)
{
	struct arena		*a = arena_new(1u << 20);
	struct store_cert	 c;
	struct fault		 f = { 0 };

	if (!store_cert_find(pki.store, n, false, a, &c, &f))
		fail_msg("%s", f.text);
	arena_free(a);
	return c;
}

static void
expect_cert(int64_t n, enum store_cert_state want, const char *label)
{
	if (row(n).state != want)
		fail_msg("%s: certificate %d is %d, not %d", label, (int)n, row(n).state, want);
}

/* The certificate in use, and that its files belong together. */
static int64_t
in_use(const struct device *d, struct raw_cert *out)
{
	struct raw_cert	c;
	struct buf	first;
	int64_t		n;

	raw_cert_load(d, &c);
	assert_true(view_equal(c.cert.spki, key_spki(c.key)));
	buf_init(&first, CERT_OCTETS_MAX);
	read_pem(d, "chain.pem", "CERTIFICATE", &first);
	assert_true(view_equal(buf_view(&first), buf_view(&c.der)));
	buf_clear(&first);
	n = number_of(&c.cert);
	if (out != NULL)
		*out = c;
	else
		raw_cert_clear(&c);
	return n;
}

struct wish {
	enum renew_key			 key;
	const struct renew_names	*names;
	const struct ticket		*use;
};

static bool
renew(struct device *d, const struct wish *w, struct renew_report *r)
{
	struct renew	q = { .dir = d->dir, .transport = flow_wire(&d->w), .rng = rng_system(),
		.now = pki.now, .key = w->key, .names = w->names, .ticket = w->use };

	d->f = (struct fault){ 0 };
	return renew_run(&q, r, &d->f);
}

static void
must_renew(struct device *d, const struct wish *w, enum renew_kind kind, const char *label)
{
	struct renew_report	r;

	flow_wire_again(&d->w);
	if (!renew(d, w, &r))
		fail_msg("%s: %s", label, d->f.text);
	if (r.kind != kind)
		fail_msg("%s: %s", label, renew_kind_name(r.kind));
}

static unsigned
events_of(const struct device *d, int *failure)
{
	struct flow_seen	s;

	flow_look(&pki, d->t.id, &s);
	if (failure != NULL)
		*failure = s.failure;
	return s.events;
}

static bool
count_refused(void *ctx, const struct store_audit *e, struct fault *f)
{
	(void)f;
	*(size_t *)ctx += strcmp(e->action, "change refused") == 0;
	return true;
}

static size_t
refusals_in_audit(void)
{
	struct fault	f = { 0 };
	size_t		n = 0;

	if (!store_audit_walk(pki.store, 0, 1u << 20, count_refused, &n, &f))
		fail_msg("%s", f.text);
	return n;
}

/*
 * Refused with this code: event 12 for the Admin, a row in the audit trail, and
 * nothing has changed (R4809-3.5.2.2-6, R4809-3.5.2.3-9).
 */
static void
expect_refusal(struct device *d, const struct wish *w, int code, const char *label)
{
	struct renew_report	r;
	int64_t			before = in_use(d, NULL);
	size_t			audited = refusals_in_audit();
	int			failure;

	flow_wire_again(&d->w);
	if (renew(d, w, &r) || d->f.kind != FAULT_REFUSED)
		fail_msg("%s: %s %s", label, fault_kind_name(d->f.kind), d->f.text);
	if ((events_of(d, &failure) & FLOW_EVENT(CVP_EVENT_CHANGE_REFUSED)) == 0 ||
	    failure != code)
		fail_msg("%s: failure %d, not %d: %s", label, failure, code, d->f.text);
	if (refusals_in_audit() != audited + 1)
		fail_msg("%s: %zu audit rows, %zu before", label, refusals_in_audit(), audited);
	if (in_use(d, NULL) != before)
		fail_msg("%s: another certificate is in use", label);
}

static void
enrolled(struct device *d)
{
	gateway(d, &pki);
	if (!run(d))
		fail_msg("%s", d->f.text);
}

/* Into the time in which a certificate may be renewed. */
static void
into_window(const struct device *d)
{
	struct raw_cert	c;

	in_use(d, &c);
	pki.now = c.cert.not_after - (c.cert.not_after - c.cert.not_before) / 10;
	raw_cert_clear(&c);
	flow_pass(&pki, 1);
}

/* The template's file says something else from now on. */
static void
edit_template(void (*edit)(struct template *t))
{
	struct template	t;
	struct buf	text;
	struct fault	f = { 0 };
	char		path[CONFIG_PATH_MAX + 64];

	assert_true(template_start("s2s-gateway", pki.q.name, &t, &f));
	t.validity_seconds = 2 * DAY;
	if (edit != NULL)
		edit(&t);
	buf_init(&text, 1u << 16);
	template_text(&t, &text);
	snprintf(path, sizeof(path), "%s/templates/s2s-gateway.conf", pki.config.dir);
	if (!file_write(path, buf_view(&text), 0600, &f))
		fail_msg("%s", f.text);
	buf_clear(&text);
	flow_restart(&pki);
}

/* --- normal life ----------------------------------------------------------------------- */

static const struct wish	new_key = { .key = RENEW_KEY_NEW };
static const struct wish	same_key = { .key = RENEW_KEY_SAME };
static const struct wish	any_key = { .key = RENEW_KEY_AUTO };

/*
 * R4809-3.5.2-1, R4809-3.5.2-2, R4809-3.5.2-9, R4809-3.5.2.5-2, R4809-3.5.3-10,
 * R4809-3.5.3-11: names stay, the key is old or new, the old certificate is on
 * the CRL when the receipt comes (C-25: D-36, D-38).
 */
static void
test_renewals(void **state)
{
	static const struct {
		const struct wish	*w;
		enum renew_kind		 kind;
	} cases[] = {
		{ &new_key, RENEW_NEW_KEY }, { &same_key, RENEW_RENEWAL },
		{ &any_key, RENEW_NEW_KEY },
	};
	struct device	d;

	(void)state;
	enrolled(&d);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw_cert	old, now;
		bool		same = cases[i].kind == RENEW_RENEWAL;

		in_use(&d, &old);
		into_window(&d);
		must_renew(&d, cases[i].w, cases[i].kind, "renewal");
		in_use(&d, &now);
		assert_true(view_equal(old.cert.san_value, now.cert.san_value));
		assert_true(view_equal(old.cert.subject, now.cert.subject));
		assert_int_equal(view_equal(old.cert.spki, now.cert.spki), same);
		assert_true(now.cert.not_after > old.cert.not_after);
		expect_cert(number_of(&old.cert), STORE_CERT_REVOKED, "old one");
		assert_int_equal(row(number_of(&old.cert)).reason, CRL_SUPERSEDED);
		expect_cert(number_of(&now.cert), STORE_CERT_CONFIRMED, "new one");
		raw_cert_clear(&old);
		raw_cert_clear(&now);
	}
	device_close(&d);
}

/* R4809-3.5.2.2-4: too early is told with the date; R4809-3.5.2.2-6: and logged. */
static void
test_window(void **state)
{
	struct renew_due	due;
	struct device		d;
	struct fault		f = { 0 };

	(void)state;
	enrolled(&d);
	expect_refusal(&d, &new_key, CVP_TOO_EARLY, "too early");
	assert_non_null(strstr(d.f.text, "begins at"));
	assert_true(renew_due(d.dir, pki.now, 0, &due, &f));
	assert_false(due.due || due.under_way || due.expired);
	assert_true(due.at >= due.from && due.at < due.from + (due.not_after - due.from) / 2 + 1);
	pki.now = due.at;
	flow_pass(&pki, 1);
	assert_true(renew_due(d.dir, pki.now, 0, &due, &f));
	assert_true(due.due);
	must_renew(&d, &any_key, RENEW_NEW_KEY, "when it is due");
	device_close(&d);
}

static void
only_same_key(struct template *t)
{
	t->renewal.keys = CHANGE_SAME_KEY;
}

static void
only_new_key(struct template *t)
{
	t->renewal.keys = CHANGE_NEW_KEY;
	t->renewal.max_times = 1;
}

static void
by_admin(struct template *t)
{
	t->renewal.who = CHANGE_BY_ADMIN;
}

static void
no_renewal(struct template *t)
{
	t->renewal.allowed = false;
}

/* R4809-3.5.2-6, R4809-3.5.2.2-2, R4809-3.5.2.2-3: keys, requester and number are the terms'. */
static void
test_terms(void **state)
{
	struct device	same, new, other, none;

	(void)state;
	edit_template(only_same_key);
	enrolled(&same);
	edit_template(only_new_key);
	enrolled(&new);
	edit_template(by_admin);
	enrolled(&other);
	edit_template(no_renewal);
	enrolled(&none);
	into_window(&same);
	expect_refusal(&same, &new_key, CVP_KEY_REUSE, "a new key against the terms");
	must_renew(&same, &any_key, RENEW_RENEWAL, "the terms' choice");
	expect_refusal(&other, &new_key, CVP_REQUESTER_MAY_NOT, "the Admin's to ask");
	expect_refusal(&none, &new_key, CVP_RENEWAL_NOT_ALLOWED, "no renewal at all");
	expect_refusal(&new, &same_key, CVP_KEY_REUSE, "the same key against the terms");
	must_renew(&new, &new_key, RENEW_NEW_KEY, "the first time");
	into_window(&new);
	expect_refusal(&new, &new_key, CVP_RENEWAL_NOT_ALLOWED, "once too often");
	device_close(&same);
	device_close(&new);
	device_close(&other);
	device_close(&none);
	edit_template(NULL);
}

/* --- by hand --------------------------------------------------------------------------- */

/* A request that old signs; what is zero is as it should be. */
struct ask {
	const struct raw_cert	*old;
	struct key		*signer;	/* not old's */
	struct key		*key;		/* to be certified; NULL: old's */
	const struct renew_names *names;
	const struct ticket	*use;
	struct exchange		 x;
};

static void
change(struct ask *q, struct raw_answer *out)
{
	struct ask_change	c = { .old = &q->old->cert,
		.old_key = q->signer != NULL ? q->signer : q->old->key,
		.key = q->key != NULL ? q->key : q->old->key, .use = q->use };
	struct buf		message;
	struct fault		f = { 0 };

	buf_init(&message, RAW_MAX);
	assert_true(ask_change(&c, rng_system(), pki.now, &q->x, &message, &f));
	raw_send(&pki, buf_view(&message), out);
	buf_clear(&message);
	if (out->nonce.n > 0 && out->nonce.n <= sizeof(q->x.received)) {
		memcpy(q->x.received, out->nonce.p, out->nonce.n);
		q->x.n_received = out->nonce.n;
	}
}

static void
expect_code(struct raw_answer *a, uint32_t fail, uint32_t code, const char *label)
{
	if (a->again || !a->failed || a->fail != fail || a->code != code)
		fail_msg("%s: again %d, failed %d, %s, code %u", label, a->again, a->failed,
		    cmc_fail_name(a->fail), a->code);
	raw_answer_clear(a);
}

/* The successor in an answer; its key is the caller's. */
static void
take_cert(const struct raw_answer *a, struct key *key, struct raw_cert *out)
{
	struct fault	f = { 0 };

	if (a->again || a->failed)
		fail_msg("again %d, %s, code %u", a->again, cmc_fail_name(a->fail), a->code);
	out->key = key;
	buf_init(&out->der, CERT_OCTETS_MAX);
	buf_add_view(&out->der, raw_find_cert(a, key));
	assert_true(cert_decode(buf_view(&out->der), &out->cert, &f));
}

static void
confirm(const struct raw_cert *c, struct exchange *x, const char *reason,
    struct raw_answer *out)
{
	struct buf	message;
	struct fault	f = { 0 };

	buf_init(&message, RAW_MAX);
	assert_true(ask_confirm(&c->cert, c->key, reason, rng_system(), pki.now, x, &message,
	    &f));
	raw_send(&pki, buf_view(&message), out);
	buf_clear(&message);
}

static struct key *
fresh_key(void)
{
	struct fault	f = { 0 };
	struct key	*k = key_generate(KEY_EC_P256, &f);

	assert_non_null(k);
	return k;
}

/*
 * C-8: while a successor waits, the same request brings it again and
 * another key nothing; R4809-3.5.2-10: both are good until the confirmation.
 */
static void
test_pending(void **state)
{
	struct key		*first = fresh_key(), *second = fresh_key();
	struct raw_cert		 old, new, again;
	struct raw_answer	 a;
	struct device		 d;
	struct ask		 q = { .old = &old, .key = first };

	(void)state;
	enrolled(&d);
	into_window(&d);
	in_use(&d, &old);
	change(&q, &a);
	take_cert(&a, first, &new);
	raw_answer_clear(&a);
	change(&q, &a);
	take_cert(&a, first, &again);
	raw_answer_clear(&a);
	assert_true(view_equal(buf_view(&new.der), buf_view(&again.der)));
	expect_cert(number_of(&old.cert), STORE_CERT_CONFIRMED, "the old one");
	change(&(struct ask){ .old = &old, .key = second }, &a);
	expect_code(&a, CMC_BAD_REQUEST, CVP_KEY_REUSE, "another key");
	change(&(struct ask){ .old = &old }, &a);
	expect_code(&a, CMC_BAD_REQUEST, CVP_KEY_REUSE, "the old key");
	/* It may not ask for a successor itself. */
	change(&(struct ask){ .old = &new, .key = second }, &a);
	expect_code(&a, CMC_BAD_IDENTITY, CVP_RENEWAL_NOT_ALLOWED, "by an unconfirmed one");
	confirm(&new, &q.x, "not good enough", &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
	expect_cert(number_of(&new.cert), STORE_CERT_REVOKED, "rejected");
	expect_cert(number_of(&old.cert), STORE_CERT_CONFIRMED, "the old one");
	assert_true(events_of(&d, NULL) & FLOW_EVENT(CVP_EVENT_REJECTED));
	must_renew(&d, &new_key, RENEW_NEW_KEY, "after the rejection");
	again.key = NULL;
	raw_cert_clear(&again);
	raw_cert_clear(&old);
	raw_cert_clear(&new);
	key_free(second);
	device_close(&d);
}

/* --- what gets lost ----------------------------------------------------------------------- */

/* R4809-3.5.2.5-1: the rows of 3.4.11, for a renewal. */
static void
test_lost(void **state)
{
	(void)state;
	for (size_t message = 1; message <= 2; message++)
		for (unsigned how = 0; how < 4; how++) {
			struct renew_report	r;
			struct device		d;
			char			label[64];
			int64_t			old;

			snprintf(label, sizeof(label), "message %zu, %s lost%s", message,
			    how & 1 ? "answer" : "request", how & 2 ? ", restart" : "");
			enrolled(&d);
			into_window(&d);
			old = in_use(&d, NULL);
			flow_wire_again(&d.w);
			*(how & 1 ? &d.w.lose_answer : &d.w.lose_request) = message;
			if (renew(&d, &new_key, &r) || d.f.kind != FAULT_BUSY)
				fail_msg("%s: %s", label, d.f.text);
			assert_int_equal(in_use(&d, NULL), old);
			if (how & 2)
				flow_restart(&pki);
			flow_wire_again(&d.w);
			if (!renew(&d, &any_key, &r) || !r.resumed)
				fail_msg("%s: %s, resumed %d", label, d.f.text, r.resumed);
			expect_cert(old, STORE_CERT_REVOKED, label);
			expect_cert(in_use(&d, NULL), STORE_CERT_CONFIRMED, label);
			device_close(&d);
		}
}

/* The signer is gone between the two transactions, for good or until the repeat. */
static void
test_signer_gone(void **state)
{
	(void)state;
	for (unsigned question = 1; question <= 2; question++)
		for (int restart = 0; restart < 2; restart++) {
			struct renew_report	r;
			struct device		d;
			int64_t			old;

			enrolled(&d);
			into_window(&d);
			old = in_use(&d, NULL);
			flow_wire_again(&d.w);
			pki.signer_dies = question;
			assert_false(renew(&d, &new_key, &r));
			assert_int_equal(d.f.kind, FAULT_BUSY);
			pki.signer_dies = 0;
			assert_int_equal(in_use(&d, NULL), old);
			if (restart)
				flow_restart(&pki);
			must_renew(&d, &new_key, RENEW_NEW_KEY, "after the signer came back");
			expect_cert(old, STORE_CERT_REVOKED, "old one");
			device_close(&d);
		}
}

/* R4809-3.4.10: not confirmed in time it is revoked; the old one goes on. */
static void
test_not_confirmed(void **state)
{
	struct renew_report	r;
	struct raw_cert		old;
	struct device		d;

	(void)state;
	enrolled(&d);
	into_window(&d);
	in_use(&d, &old);
	flow_wire_again(&d.w);
	d.w.lose_request = 2;
	assert_false(renew(&d, &new_key, &r));
	flow_pass(&pki, 3700);
	assert_true(events_of(&d, NULL) & FLOW_EVENT(CVP_EVENT_NOT_CONFIRMED));
	expect_cert(number_of(&old.cert), STORE_CERT_CONFIRMED, "the old one");
	flow_wire_again(&d.w);
	assert_false(renew(&d, &new_key, &r));
	assert_int_equal(d.f.kind, FAULT_REFUSED);
	assert_int_equal(in_use(&d, NULL), number_of(&old.cert));
	must_renew(&d, &new_key, RENEW_NEW_KEY, "once more");
	raw_cert_clear(&old);
	device_close(&d);
}

/* --- the end of the old one ------------------------------------------------------------------ */

static void
later(struct template *t)
{
	t->retire_delay_seconds = 3600;
}

/*
 * R4809-3.5.2-12, R4809-3.5.2-14: with a delay the receipt names the time, and until then
 * the old one is good for connections and for nothing else.
 */
static void
test_retire_later(void **state)
{
	struct cmc_revoke	how = { .reason = CRL_SUPERSEDED };
	struct renew_report	r;
	struct raw_cert		old;
	struct raw_answer	a;
	struct device		d;
	struct buf		value;

	(void)state;
	edit_template(later);
	enrolled(&d);
	into_window(&d);
	in_use(&d, &old);
	flow_wire_again(&d.w);
	assert_true(renew(&d, &new_key, &r));
	assert_non_null(strstr(r.old_fate, "ends at"));
	expect_cert(number_of(&old.cert), STORE_CERT_SUPERSEDED, "during the delay");
	change(&(struct ask){ .old = &old }, &a);
	expect_code(&a, CMC_BAD_IDENTITY, CVP_OLD_REVOKED, "a renewal by the old one");
	/* Decision 48: the PKI retires it, its holder does not. */
	buf_init(&value, 4096);
	how.cert = (struct cmc_cert_id){ old.cert.issuer, old.cert.serial };
	cmc_put_revoke(&value, &how);
	raw_ask(&pki, &old, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	expect_code(&a, CMC_BAD_REQUEST, CVP_REQUESTER_MAY_NOT, "revoked by its holder");
	buf_clear(&value);
	flow_pass(&pki, 3500);
	expect_cert(number_of(&old.cert), STORE_CERT_SUPERSEDED, "shortly before");
	flow_restart(&pki);
	flow_pass(&pki, 200);
	expect_cert(number_of(&old.cert), STORE_CERT_REVOKED, "after the delay");
	assert_int_equal(row(number_of(&old.cert)).reason, CRL_SUPERSEDED);
	expect_cert(in_use(&d, NULL), STORE_CERT_CONFIRMED, "the new one");
	raw_cert_clear(&old);
	device_close(&d);
	edit_template(NULL);
}

/* Who is thrown out during the delay is out with both certificates. */
static void
test_revoked_during_delay(void **state)
{
	struct cmc_revoke	how = { .reason = CRL_KEY_COMPROMISE };
	struct renew_report	r;
	struct raw_cert		old, fresh;
	struct raw_answer	a;
	struct device		d;
	struct buf		value;

	(void)state;
	edit_template(later);
	enrolled(&d);
	into_window(&d);
	in_use(&d, &old);
	flow_wire_again(&d.w);
	assert_true(renew(&d, &new_key, &r));
	in_use(&d, &fresh);
	expect_cert(number_of(&old.cert), STORE_CERT_SUPERSEDED, "during the delay");
	buf_init(&value, 4096);
	how.cert = (struct cmc_cert_id){ fresh.cert.issuer, fresh.cert.serial };
	cmc_put_revoke(&value, &how);
	raw_ask(&pki, &admin, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	assert_false(a.again || a.failed);
	raw_answer_clear(&a);
	buf_clear(&value);
	expect_cert(number_of(&fresh.cert), STORE_CERT_REVOKED, "the one that was named");
	expect_cert(number_of(&old.cert), STORE_CERT_REVOKED, "the one before");
	assert_int_equal(row(number_of(&old.cert)).reason, CRL_KEY_COMPROMISE);
	raw_cert_clear(&fresh);
	raw_cert_clear(&old);
	device_close(&d);
	edit_template(NULL);
}

/* R4809-3.5.2-16, R4809-3.5.2-17: nothing after revocation, nothing after expiry. */
static void
test_over(void **state)
{
	struct cmc_revoke	how = { .reason = CRL_KEY_COMPROMISE };
	struct raw_cert		old;
	struct raw_answer	a;
	struct device		revoked, expired;
	struct buf		value;

	(void)state;
	enrolled(&revoked);
	enrolled(&expired);
	into_window(&expired);
	in_use(&revoked, &old);
	buf_init(&value, 4096);
	how.cert = (struct cmc_cert_id){ old.cert.issuer, old.cert.serial };
	cmc_put_revoke(&value, &how);
	/* R4809-3.5.3-1, R4809-3.5.3-2: by itself, with its own key. */
	raw_ask(&pki, &old, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
	expect_refusal(&revoked, &new_key, CVP_OLD_REVOKED, "revoked");
	pki.now = old.cert.not_after + 1000;
	flow_pass(&pki, 1);
	expect_refusal(&expired, &new_key, CVP_OLD_EXPIRED, "expired");
	buf_clear(&value);
	raw_cert_clear(&old);
	device_close(&revoked);
	device_close(&expired);
}

/* With the head its successor ends, if that is not confirmed yet. */
static void
test_revoked_meanwhile(void **state)
{
	struct cmc_revoke	how = { .reason = CRL_KEY_COMPROMISE };
	struct key		*key = fresh_key();
	struct raw_cert		 old, new;
	struct raw_answer	 a;
	struct device		 d;
	struct buf		 value;
	struct ask		 q = { .old = &old, .key = key };

	(void)state;
	enrolled(&d);
	into_window(&d);
	in_use(&d, &old);
	change(&q, &a);
	take_cert(&a, key, &new);
	raw_answer_clear(&a);
	buf_init(&value, 4096);
	how.cert = (struct cmc_cert_id){ old.cert.issuer, old.cert.serial };
	cmc_put_revoke(&value, &how);
	raw_ask(&pki, &admin, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
	expect_cert(number_of(&new.cert), STORE_CERT_REVOKED, "the successor");
	confirm(&new, &q.x, NULL, &a);
	expect_code(&a, CMC_BAD_CERT_ID, CVP_CONFIRMATION_LATE, "its confirmation");
	buf_clear(&value);
	raw_cert_clear(&old);
	raw_cert_clear(&new);
	device_close(&d);
}

/* --- attacks ------------------------------------------------------------------------------------ */

/*
 * R4809-3.5.2-5, R4809-3.5.2-8: signed by both keys, or refused.  R4809-3.5.2-4: a whole
 * request.  C-7, C-8, C-15.
 */
static void
test_attacks(void **state)
{
	const unsigned		bare_request = RAW_WITHOUT(RAW_IDENTIFICATION) |
	    RAW_WITHOUT(RAW_PROOF) | RAW_WITHOUT(RAW_RANDOM) | RAW_NO_WITNESS;
	struct key		*key = fresh_key(), *thief = fresh_key();
	struct raw_cert		 mine, theirs;
	struct raw_answer	 a;
	struct device		 d, other;
	struct buf		 content, message;

	(void)state;
	enrolled(&d);
	enrolled(&other);
	into_window(&d);
	in_use(&d, &mine);
	in_use(&other, &theirs);
	const struct {
		const char		*label;
		struct raw		 r;
		struct raw_signing	 s;
		uint32_t		 fail, code;
	} cases[] = {
		{ "signed by another key", { .subject = mine.cert.subject,
		    .san = mine.cert.san_value }, { .key = thief, .by = &mine },
		    CMC_BAD_MESSAGE_CHECK, 0 },
		{ "C-8: without signingCertificateV2", { .subject = mine.cert.subject,
		    .san = mine.cert.san_value }, { .bare = true }, CMC_BAD_MESSAGE_CHECK, 0 },
		{ "C-7: two signatures", { .subject = mine.cert.subject,
		    .san = mine.cert.san_value }, { .twice = true }, CMC_BAD_REQUEST, 0 },
		{ "without possession of the new key", { .subject = mine.cert.subject,
		    .san = mine.cert.san_value, .pop = thief }, { 0 }, CMC_POP_FAILED, 0 },
		{ "names of another", { .subject = theirs.cert.subject,
		    .san = theirs.cert.san_value }, { 0 }, CMC_BAD_REQUEST, CVP_NAMES_DIFFER },
		{ "a name more", { .subject = mine.cert.subject, .san = theirs.cert.san_value },
		    { 0 }, CMC_BAD_REQUEST, CVP_NAMES_DIFFER },
		{ "only what changes", { .subject = mine.cert.subject }, { 0 },
		    CMC_BAD_REQUEST, CVP_NAMES_DIFFER },
		{ "C-15: two requests", { .subject = mine.cert.subject,
		    .san = mine.cert.san_value, .two = true }, { 0 }, CMC_BAD_REQUEST, 0 },
		{ "C-7: a token beside the certificate", { .subject = mine.cert.subject,
		    .san = mine.cert.san_value, .without = RAW_WITHOUT(RAW_RANDOM) }, { 0 },
		    CMC_BAD_MESSAGE_CHECK, 0 },
	};

	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw		r = cases[i].r;
		struct raw_signing	s = cases[i].s;

		buf_reset(&content);
		buf_reset(&message);
		r.t = &d.t;
		r.key = key;
		r.without |= r.without != 0 ? 0 : bare_request;
		s.by = &mine;
		s.key = s.key != NULL ? s.key : mine.key;
		raw_content(&r, &content);
		raw_sign(&s, buf_view(&content), &message);
		raw_send(&pki, buf_view(&message), &a);
		expect_code(&a, cases[i].fail, cases[i].code, cases[i].label);
		expect_cert(number_of(&mine.cert), STORE_CERT_CONFIRMED, cases[i].label);
	}
	must_renew(&d, &new_key, RENEW_NEW_KEY, "and the right one");
	buf_clear(&content);
	buf_clear(&message);
	raw_cert_clear(&mine);
	raw_cert_clear(&theirs);
	key_free(key);
	key_free(thief);
	device_close(&d);
	device_close(&other);
}

/* C-25: what the template has changed is no renewal (D-22). */
static void
other_usage(struct template *t)
{
	t->eku = EKU_IPSEC_IKE;
}

static void
test_template_changed(void **state)
{
	struct device	d;

	(void)state;
	enrolled(&d);
	edit_template(other_usage);
	into_window(&d);
	expect_refusal(&d, &new_key, CVP_UPDATE_NEEDED, "another extendedKeyUsage");
	edit_template(NULL);
	must_renew(&d, &new_key, RENEW_NEW_KEY, "as it was");
	device_close(&d);
}

/* --- updates ------------------------------------------------------------------------------------- */

static void
with_space(struct template *t)
{
	t->update.allowed = true;
	t->update.who = CHANGE_BY_EITHER;
	strcpy(t->name_space, "vpn.example");
}

/*
 * R4809-3.5.2-3, R4809-3.5.2.3-1, R4809-3.5.2.3-2, R4809-3.5.2.3-3,
 * R4809-3.5.2.3-4, R4809-3.5.2.3-7: at any time, with or without
 * a new key, names as far as the terms allow; the old one describes its
 * subject wrongly and goes at once.
 */
static void
test_update(void **state)
{
	struct renew_names	moved = { .identities = { "fqdn:moved.vpn.example" }, .n = 1 };
	struct renew_names	out = { .identities = { "fqdn:moved.example" }, .n = 1 };
	struct renew_names	taken = { .n = 1 };
	struct device		d, other;
	struct raw_cert		old, now;

	(void)state;
	enrolled(&d);
	expect_refusal(&d, &(struct wish){ .names = &moved }, CVP_UPDATE_NOT_ALLOWED,
	    "no update in the terms");
	device_close(&d);
	edit_template(with_space);
	device_open(&d, &pki, "s2s-gateway", "fqdn:a.vpn.example", "ec-p256");
	device_open(&other, &pki, "s2s-gateway", "fqdn:b.vpn.example", "ec-p256");
	if (!run(&d) || !run(&other))
		fail_msg("%s%s", d.f.text, other.f.text);
	taken.identities[0] = other.t.identities[0];
	expect_refusal(&d, &(struct wish){ .names = &out }, CVP_UPDATE_NOT_ALLOWED,
	    "outside the name space");
	flow_pass(&pki, 4000);
	expect_refusal(&d, &(struct wish){ .names = &taken }, CVP_UPDATE_NOT_ALLOWED,
	    "C-6: a name of another");
	in_use(&d, &old);
	must_renew(&d, &(struct wish){ .names = &moved, .key = RENEW_KEY_SAME }, RENEW_UPDATE,
	    "update");
	in_use(&d, &now);
	assert_true(view_equal(now.cert.san.list[0].value, VIEW_LIT("moved.vpn.example")));
	assert_true(view_equal(old.cert.spki, now.cert.spki));
	expect_cert(number_of(&old.cert), STORE_CERT_REVOKED, "old one");
	assert_int_equal(row(number_of(&old.cert)).reason, CRL_AFFILIATION_CHANGED);
	expect_refusal(&other, &(struct wish){ .names = &moved }, CVP_UPDATE_NOT_ALLOWED,
	    "C-6: the new name");
	/* The name that was left is free; the lineage goes on with the new one. */
	taken.identities[0] = d.t.identities[0];
	must_renew(&other, &(struct wish){ .names = &taken, .key = RENEW_KEY_NEW }, RENEW_UPDATE,
	    "the name that was left");
	raw_cert_clear(&old);
	into_window(&d);
	must_renew(&d, &new_key, RENEW_NEW_KEY, "a renewal of the update");
	in_use(&d, &old);
	assert_true(view_equal(old.cert.san_value, now.cert.san_value));
	raw_cert_clear(&old);
	raw_cert_clear(&now);
	device_close(&d);
	device_close(&other);
	edit_template(NULL);
}

static void
update_by_admin(struct template *t)
{
	with_space(t);
	t->update.who = CHANGE_BY_ADMIN;
}

static void
update_same_key(struct template *t)
{
	with_space(t);
	t->update.keys = CHANGE_SAME_KEY;
}

static void
update_new_key(struct template *t)
{
	with_space(t);
	t->update.keys = CHANGE_NEW_KEY;
}

/* R4809-3.5.2.3-5, R4809-3.5.2.3-6, R4809-3.2.4.2-7: who, and with which key. */
static void
test_update_terms(void **state)
{
	static const struct {
		const char	*label, *from, *to;
		void		(*edit)(struct template *t);
		enum renew_key	 key;
		int		 code;		/* 0: done */
	} cases[] = {
		{ "the Admin's to ask", "fqdn:u1.vpn.example", "fqdn:v1.vpn.example",
		    update_by_admin, RENEW_KEY_SAME, CVP_REQUESTER_MAY_NOT },
		{ "a new key against the terms", "fqdn:u2.vpn.example", "fqdn:v2.vpn.example",
		    update_same_key, RENEW_KEY_NEW, CVP_KEY_REUSE },
		{ "the same against the terms", "fqdn:u3.vpn.example", "fqdn:v3.vpn.example",
		    update_new_key, RENEW_KEY_SAME, CVP_KEY_REUSE },
		{ "the terms' key", "fqdn:u4.vpn.example", "fqdn:v4.vpn.example",
		    update_new_key, RENEW_KEY_NEW, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct renew_names	names = { .n = 1 };
		struct wish		w = { .names = &names, .key = cases[i].key };
		struct device		d;

		names.identities[0] = cases[i].to;
		edit_template(cases[i].edit);
		device_open(&d, &pki, "s2s-gateway", cases[i].from, "ec-p256");
		if (!run(&d))
			fail_msg("%s: %s", cases[i].label, d.f.text);
		if (cases[i].code != 0)
			expect_refusal(&d, &w, cases[i].code, cases[i].label);
		else
			must_renew(&d, &w, RENEW_UPDATE, cases[i].label);
		device_close(&d);
	}
	edit_template(NULL);
}

static void
no_admin_revokes(struct template *t)
{
	t->admin_may_revoke = false;
}

/* R4809-3.5.3-7: the authorization says whether an Admin may revoke; its holder may. */
static void
test_admin_may_not_revoke(void **state)
{
	struct cmc_revoke	how = { .reason = CRL_KEY_COMPROMISE };
	struct raw_cert		held;
	struct raw_answer	a;
	struct device		d;
	struct buf		value;

	(void)state;
	edit_template(no_admin_revokes);
	enrolled(&d);
	in_use(&d, &held);
	buf_init(&value, 4096);
	how.cert = (struct cmc_cert_id){ held.cert.issuer, held.cert.serial };
	cmc_put_revoke(&value, &how);
	raw_ask(&pki, &admin, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	expect_code(&a, CMC_BAD_IDENTITY, CVP_ADMIN_MAY_NOT_REVOKE, "by the Admin");
	expect_cert(number_of(&held.cert), STORE_CERT_CONFIRMED, "by the Admin");
	raw_ask(&pki, &held, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
	expect_cert(number_of(&held.cert), STORE_CERT_REVOKED, "by its holder");
	buf_clear(&value);
	raw_cert_clear(&held);
	device_close(&d);
	edit_template(NULL);
}

/* --- rekeys -------------------------------------------------------------------------------------------- */

static void
expect_authz(const struct ticket *t, enum store_authz_state want, const char *label)
{
	struct flow_seen	s;

	flow_look(&pki, t->id, &s);
	if (s.state != want)
		fail_msg("%s: authorization %d, not %d", label, s.state, want);
}

/*
 * R4809-3.5-3, R4809-3.5.2-1, R4809-3.5.2.1-3: a rekey needs a fresh
 * authorization of the Admin, which replaces this very certificate, its token,
 * and the old key (C-15).
 */
static void
test_rekey(void **state)
{
	struct ticket		t, wrong;
	struct raw_cert		old, other_cert;
	struct raw_answer	a;
	struct device		d, other;
	struct buf		message;

	(void)state;
	edit_template(only_same_key);
	enrolled(&d);
	enrolled(&other);
	in_use(&d, &old);
	in_use(&other, &other_cert);
	raw_replace(&pki, &admin, &old.cert, d.t.identities[0], &d, &t);
	/* Without the old key: as if the id did not exist. */
	buf_init(&message, RAW_MAX);
	raw_message(&(struct raw){ .t = &t, .key = other_cert.key }, &message);
	raw_send(&pki, buf_view(&message), &a);
	expect_code(&a, CMC_BAD_IDENTITY, 0, "C-15: in a first enrolment");
	change(&(struct ask){ .old = &other_cert, .key = other_cert.key, .use = &t }, &a);
	expect_code(&a, CMC_BAD_IDENTITY, 0, "C-15: with another certificate");
	wrong = t;
	wrong.token[0] = wrong.token[0] == 'A' ? 'B' : 'A';
	change(&(struct ask){ .old = &old, .key = other_cert.key, .use = &wrong }, &a);
	expect_code(&a, CMC_BAD_IDENTITY, 0, "C-15: with a wrong token");
	change(&(struct ask){ .old = &old, .use = &t }, &a);
	expect_code(&a, CMC_NO_KEY_REUSE, CVP_KEY_REUSE, "a rekey without a new key");
	expect_authz(&t, STORE_AUTHZ_OPEN, "after refusals");
	/* Lost answers and the like are those of a renewal. */
	flow_wire_again(&d.w);
	d.w.lose_answer = 1;
	struct renew_report	r;
	assert_false(renew(&d, &(struct wish){ .use = &t }, &r));
	expect_authz(&t, STORE_AUTHZ_ISSUED, "the answer was lost");
	must_renew(&d, &(struct wish){ .use = &t }, RENEW_REKEY, "rekey");
	expect_authz(&t, STORE_AUTHZ_CONFIRMED, "confirmed");
	expect_authz(&d.t, STORE_AUTHZ_REVOKED, "the old authorization");
	expect_cert(number_of(&old.cert), STORE_CERT_REVOKED, "old one");
	change(&(struct ask){ .old = &old, .key = other_cert.key, .use = &t }, &a);
	expect_code(&a, CMC_BAD_IDENTITY, CVP_OLD_REVOKED, "once more");
	/* What it is now is renewed under its new terms. */
	into_window(&d);
	must_renew(&d, &same_key, RENEW_RENEWAL, "a renewal of the rekey");
	buf_clear(&message);
	raw_cert_clear(&old);
	raw_cert_clear(&other_cert);
	device_close(&d);
	device_close(&other);
	edit_template(NULL);
}

/* C-8: a rekey that comes to nothing: the old certificate and its authorization go on. */
static void
test_rekey_ends(void **state)
{
	struct cmc_revoke	how = { .reason = CRL_KEY_COMPROMISE };
	static const char *const ends[] = { "rejected", "not confirmed", "revoked" };
	static const enum store_authz_state states[] = { STORE_AUTHZ_REJECTED,
		STORE_AUTHZ_REVOKED, STORE_AUTHZ_REVOKED };

	(void)state;
	for (size_t i = 0; i < LEN(ends); i++) {
		struct key		*key = fresh_key();
		struct raw_cert		 old, new;
		struct raw_answer	 a;
		struct ticket		 t;
		struct device		 d;
		struct buf		 value;
		struct ask		 q = { .old = &old, .key = key, .use = &t };

		enrolled(&d);
		in_use(&d, &old);
		raw_replace(&pki, &admin, &old.cert, d.t.identities[0], &d, &t);
		change(&q, &a);
		take_cert(&a, key, &new);
		raw_answer_clear(&a);
		buf_init(&value, 4096);
		how.cert = (struct cmc_cert_id){ new.cert.issuer, new.cert.serial };
		cmc_put_revoke(&value, &how);
		switch (i) {
		case 0:
			confirm(&new, &q.x, "no", &a);
			raw_answer_clear(&a);
			confirm(&new, &q.x, "no", &a);	/* its first receipt was lost */
			assert_false(a.failed || a.again);
			raw_answer_clear(&a);
			break;
		case 1:
			flow_pass(&pki, 3700);
			break;
		default:
			raw_ask(&pki, &new, CMC_REVOKE_REQUEST, buf_view(&value), &a);
			raw_answer_clear(&a);
		}
		expect_authz(&t, states[i], ends[i]);
		expect_authz(&d.t, STORE_AUTHZ_CONFIRMED, ends[i]);
		expect_cert(number_of(&new.cert), STORE_CERT_REVOKED, ends[i]);
		expect_cert(number_of(&old.cert), STORE_CERT_CONFIRMED, ends[i]);
		into_window(&d);
		must_renew(&d, &new_key, RENEW_NEW_KEY, ends[i]);
		buf_clear(&value);
		raw_cert_clear(&old);
		raw_cert_clear(&new);
		device_close(&d);
	}
}

/* R4809-3.5.2.3-10, R4809-3.5.2.3-11: an update that is granted later, with its contents. */
static void
test_update_by_grant(void **state)
{
	struct renew_names	names = { .identities = { "fqdn:granted-later.example" }, .n = 1 };
	struct raw_cert		old;
	struct device		d;
	struct ticket		t;
	struct raw_answer	a;
	struct key		*key = fresh_key();

	(void)state;
	enrolled(&d);
	in_use(&d, &old);
	raw_replace(&pki, &admin, &old.cert, names.identities[0], &d, &t);
	change(&(struct ask){ .old = &old, .key = key, .use = &t }, &a);
	expect_code(&a, CMC_BAD_REQUEST, CVP_UPDATE_NEEDED, "C-25: a rekey with other names");
	must_renew(&d, &(struct wish){ .names = &names, .use = &t }, RENEW_UPDATE, "update");
	expect_cert(number_of(&old.cert), STORE_CERT_REVOKED, "old one");
	assert_int_equal(row(number_of(&old.cert)).reason, CRL_AFFILIATION_CHANGED);
	key_free(key);
	raw_cert_clear(&old);
	device_close(&d);
}

/* --- on the device ---------------------------------------------------------------------------------- */

/* Generations: back, forth, and the old key gone. */
static void
test_generations(void **state)
{
	struct device	d;
	struct fault	f = { 0 };
	int64_t		old, new;
	bool		done;

	(void)state;
	enrolled(&d);
	into_window(&d);
	old = in_use(&d, NULL);
	must_renew(&d, &new_key, RENEW_NEW_KEY, "renewal");
	new = in_use(&d, NULL);
	assert_true(renew_back(d.dir, &done, &f) && done);
	assert_int_equal(in_use(&d, NULL), old);
	assert_true(renew_back(d.dir, &done, &f) && done);
	assert_int_equal(in_use(&d, NULL), new);
	assert_true(renew_settle(d.dir, &done, &f) && done);
	assert_false(has(&d, "previous"));
	assert_true(renew_back(d.dir, &done, &f) && !done);
	assert_true(renew_settle(d.dir, &done, &f) && !done);
	assert_int_equal(in_use(&d, NULL), new);
	device_close(&d);
}

/*
 * An Admin renews like everybody else; its rights go over to the new certificate
 * and leave the old one (C-8).
 */
static void
test_admin(void **state)
{
	struct raw_answer	a;
	struct raw_cert		now;
	struct buf		all;

	(void)state;
	into_window(&admin_device);
	must_renew(&admin_device, &new_key, RENEW_NEW_KEY, "the Admin");
	in_use(&admin_device, &now);
	buf_init(&all, 64);
	cvp_put_template_query(&all, &(struct cvp_list){ 0 });
	raw_ask(&pki, &now, CVP_TEMPLATE_QUERY, buf_view(&all), &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
	raw_ask(&pki, &admin, CVP_TEMPLATE_QUERY, buf_view(&all), &a);
	expect_code(&a, CMC_BAD_IDENTITY, CVP_OLD_REVOKED, "the old certificate");
	buf_clear(&all);
	raw_cert_clear(&now);
}

/* --- all of them ---------------------------------------------------------------------------------------- */

static int
start(void **state)
{
	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	edit_template(NULL);
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
		cmocka_unit_test(test_renewals),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_signer_gone),
		cmocka_unit_test(test_not_confirmed),
		cmocka_unit_test(test_retire_later),
		cmocka_unit_test(test_revoked_during_delay),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_revoked_meanwhile),
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_template_changed),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_update_terms),
		cmocka_unit_test(test_admin_may_not_revoke),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_rekey_ends),
		cmocka_unit_test(test_update_by_grant),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_admin),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
