/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole enrolment by the Peer's own code, and everything that RFC 4809,
 * 3.4.11 says can go wrong in it: for each case what the Peer has on its disk,
 * what the PKI has in its store, and whether the authorization is used up
 * (R4809-3.4.11-13, R4809-3.4.11-15, R4809-3.4.11-16).
 *
 * R4809-3.3-1, R4809-3.4.1-1: granted, keys made, requested, confirmed, in two
 *   exchanges of one form, test_life
 * R4809-3.4.10-6: what the new key has signed goes to the PKI, test_life
 * R5272-6.14-2: nothing is in use before the receipt, test_life
 * SEED-54, SEED-60: the messages in their order and what comes back, test_life
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "codec/cvp.h"
#include "flow_device.h"
#include "profile/identity.h"

static struct flow_pki	pki;		/* one for all cases */

/* --- normal life ------------------------------------------------------------------- */

static const struct {
	const char	*label;
	const char	*template, *identity, *key;
	enum key_kind	 kind;
	bool		 has_eku;
} lives[] = {
	{ "P-256, FQDN", "s2s-gateway", "fqdn:life1.example", "ec-p256", KEY_EC_P256, false },
	{ "P-384, IPv4", "s2s-gateway", "ipv4:192.0.2.7", "ec-p384", KEY_EC_P384, false },
	{ "Ed25519, IPv6", "s2s-gateway", "ipv6:2001:db8::7", "ed25519", KEY_ED25519, false },
	{ "RSA-3072, FQDN", "ra-gateway", "fqdn:life4.example", "rsa-3072", KEY_RSA_3072, true },
	{ "P-256, e-mail", "ra-user", "email:ann@life.example", "ec-p256", KEY_EC_P256, true },
};

/* What was authorized, and nothing that the Peer could have chosen. */
static void
expect_content(const struct device *d, size_t i)
{
	struct identity	 id;
	struct buf	 der, root, pem;
	struct key	*key;
	struct cert	 c, ca;
	struct fault	 f = { 0 };
	char		 path[2 * FLOW_PATH_MAX];

	buf_init(&der, CERT_OCTETS_MAX);
	buf_init(&root, CERT_OCTETS_MAX);
	buf_init(&pem, KEY_PEM_MAX);
	read_pem(d, "cert.pem", "CERTIFICATE", &der);
	read_pem(d, "ca.pem", "CERTIFICATE", &root);
	snprintf(path, sizeof(path), "%s/key.pem", d->dir);
	assert_true(file_read(path, &pem, &f));
	assert_non_null(key = key_load_pem(buf_view(&pem), &f));
	if (!cert_decode(buf_view(&der), &c, &f) || !cert_decode(buf_view(&root), &ca, &f) ||
	    !identity_parse_tagged(view_str(lives[i].identity), &id, &f))
		fail_msg("%s: %s", lives[i].label, f.text);
	if (!view_equal(c.spki, key_spki(key)) || key_kind_of(key) != lives[i].kind)
		fail_msg("%s: not the key of key.pem", lives[i].label);
	if (!identity_matches(&id, &c) || c.san.n != 1)
		fail_msg("%s: not the identity of the ticket", lives[i].label);
	if (c.is_ca || !c.has_key_usage || (c.key_usage & KU_DIGITAL_SIGNATURE) == 0 ||
	    c.has_eku != lives[i].has_eku || c.cdp_uri.n == 0 || c.unknown_critical)
		fail_msg("%s: usage or pointers", lives[i].label);
	if (c.not_before > d->p->now || c.not_after <= d->p->now || !ca.is_ca ||
	    !cert_is_self_issued(&ca))
		fail_msg("%s: dates or anchor", lives[i].label);
	key_free(key);
	buf_clear(&der);
	buf_clear(&root);
	buf_clear(&pem);
}

/* The token is not on the disk any more, and what is there is the owner's alone. */
static void
expect_private(const struct device *d, const char *label)
{
	static const char *const files[] = { "key.pem", "ticket", ENROLL_STATE_FILE };

	for (size_t i = 0; i < LEN(files); i++) {
		char		path[2 * FLOW_PATH_MAX];
		struct stat	st;
		struct buf	text;
		struct fault	f = { 0 };

		snprintf(path, sizeof(path), "%s/%s", d->dir, files[i]);
		if (stat(path, &st) != 0 || (st.st_mode & 0777) != 0600)
			fail_msg("%s: mode of %s", label, files[i]);
		buf_init(&text, 1u << 20);
		if (!file_read(path, &text, &f))
			fail_msg("%s: %s", label, f.text);
		buf_add_u8(&text, 0);
		if (strstr((const char *)text.p, d->t.token) != NULL)
			fail_msg("%s: the token stands in %s", label, files[i]);
		buf_clear(&text);
	}
}

/*
 * Nothing is in use, and nobody else can fetch the certificate, while the
 * confirmation is under way (R4809-3.4.10-3, R4809-3.4.10-10).
 */
static void
not_yet(void *ctx, size_t count)
{
	struct device		*d = ctx;
	struct flow_seen	 s;

	flow_look(d->p, d->t.id, &s);
	assert_int_equal(s.state, count == 1 ? STORE_AUTHZ_OPEN : STORE_AUTHZ_ISSUED);
	assert_int_equal(s.certs, count - 1);
	assert_false(s.published);
	assert_int_equal(step_of(d), count == 1 ? ENROLL_REQUEST : ENROLL_CONFIRM);
	assert_false(has(d, "key.pem") || has(d, "cert.pem") || has(d, "ca.pem"));
}

/*
 * R4809-3.4.5-3, R4809-3.4.5-4, R4809-3.4.5-5, R4809-3.4.5-6, R4809-3.4.10-1,
 * R4809-3.4.10-5, R4809-3.4.10-9: request, certificate, confirmation, receipt;
 * two messages each way.
 */
static void
test_life(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(lives); i++) {
		struct device		d;
		struct flow_seen	s;

		device_open(&d, &pki, lives[i].template, lives[i].identity, lives[i].key);
		d.w.before = not_yet;
		d.w.ctx = &d;
		if (!run(&d))
			fail_msg("%s: %s", lives[i].label, d.f.text);
		assert_int_equal(d.w.count, 2);
		assert_false(d.r.already);
		expect_done(&d, lives[i].label);
		expect_content(&d, i);
		expect_private(&d, lives[i].label);
		flow_look(&pki, d.t.id, &s);
		assert_int_equal(s.events, FLOW_EVENT(CVP_EVENT_ISSUED) |
		    FLOW_EVENT(CVP_EVENT_CONFIRMED));
		/* Once more: it is all there, and nobody is asked. */
		assert_true(run_again(&d) && d.r.already);
		assert_int_equal(d.w.count, 0);
		device_close(&d);
	}
}

/* Keys of the PKI itself, of every kind. */
static void
test_authorities(void **state)
{
	static const enum key_kind	kinds[] = { KEY_EC_P384, KEY_ED25519, KEY_RSA_3072 };

	(void)state;
	for (size_t i = 0; i < LEN(kinds); i++) {
		struct flow_pki	p;
		struct device	d;

		flow_start(&p, kinds[i]);
		device_open(&d, &p, "s2s-gateway", "fqdn:gw.example", "ec-p256");
		expect_finished(&d, key_kind_name(kinds[i]));
		device_close(&d);
		flow_stop(&p);
	}
}

/* --- what is lost ------------------------------------------------------------------ */

static const struct {
	const char		*label;
	size_t			 lose_request, lose_answer;
	unsigned		 signer_dies;	/* at this question of that message... */
	size_t			 dies_at;	/* ...which is this one */
	enum store_authz_state	 state;		/* after the first run */
	size_t			 certs;
	enum enroll_step	 step;
	size_t			 messages;	/* of the second run */
} losses[] = {
	/* R4809-3.4.11-2, R4809-3.4.11-3 */
	{ "request lost", 1, 0, 0, 0, STORE_AUTHZ_OPEN, 0, ENROLL_REQUEST, 2 },
	/* R4809-3.4.11-7 */
	{ "certificate lost", 0, 1, 0, 0, STORE_AUTHZ_ISSUED, 1, ENROLL_REQUEST, 2 },
	/* R4809-3.4.11-10, R4809-3.4.11-11 */
	{ "confirmation lost", 2, 0, 0, 0, STORE_AUTHZ_ISSUED, 1, ENROLL_CONFIRM, 1 },
	{ "receipt lost", 0, 2, 0, 0, STORE_AUTHZ_CONFIRMED, 1, ENROLL_CONFIRM, 1 },
	{ "signer dies before the proof", 0, 0, 1, 1, STORE_AUTHZ_OPEN, 0, ENROLL_REQUEST, 2 },
	{ "signer dies before the signature", 0, 0, 2, 1, STORE_AUTHZ_IN_PROGRESS, 1,
	    ENROLL_REQUEST, 2 },
	/* R4809-3.4.11-6 */
	{ "signer dies before the answer", 0, 0, 3, 1, STORE_AUTHZ_ISSUED, 1, ENROLL_REQUEST, 2 },
	{ "signer dies before the receipt", 0, 0, 1, 2, STORE_AUTHZ_CONFIRMED, 1,
	    ENROLL_CONFIRM, 1 },
};

struct death {
	struct flow_pki	*p;
	size_t		 at;
	unsigned	 question;
};

static void
kill_signer(void *ctx, size_t count)
{
	struct death	*k = ctx;

	if (count == k->at)
		k->p->signer_dies = k->question;
}

/* The first run, up to the loss; *cert is the certificate made by then, 0: none. */
static void
lose(struct device *d, size_t i, int64_t *cert)
{
	struct death		 k = { &pki, losses[i].dies_at, losses[i].signer_dies };
	struct flow_seen	 s;

	d->w.lose_request = losses[i].lose_request;
	d->w.lose_answer = losses[i].lose_answer;
	d->w.before = kill_signer;
	d->w.ctx = &k;
	if (run(d) || d->f.kind != FAULT_BUSY)
		fail_msg("%s: %s", losses[i].label, d->f.text);
	flow_look(&pki, d->t.id, &s);
	if (s.state != losses[i].state || s.certs != losses[i].certs ||
	    step_of(d) != losses[i].step)
		fail_msg("%s: state %d, %zu certificates, step %s", losses[i].label, s.state,
		    s.certs, enroll_step_name(step_of(d)));
	assert_false(has(d, "key.pem") || has(d, "cert.pem"));
	*cert = s.cert_n;
}

/*
 * The Peer asks again with the same octets, and gets the same certificate
 * (R4809-3.4.11-17, R4809-3.4.11-18); a restart of the PKI in between changes
 * nothing of that.
 */
static void
test_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * LEN(losses); i++) {
		const char		*label = losses[i / 2].label;
		struct device		 d;
		struct flow_seen	 s;
		struct buf		 sent;
		int64_t			 cert;

		gateway(&d, &pki);
		lose(&d, i / 2, &cert);
		buf_init(&sent, ENROLL_MESSAGE_MAX);
		buf_add_view(&sent, buf_view(&d.w.sent[d.w.count - 1]));
		if (i % 2 == 1)
			flow_restart(&pki);
		pki.signer_dies = 0;
		flow_pass(&pki, 60);
		expect_finished(&d, label);
		flow_look(&pki, d.t.id, &s);
		if (cert != 0 && s.cert_n != cert)
			fail_msg("%s: another certificate", label);
		if (d.w.count != losses[i / 2].messages)
			fail_msg("%s: %zu messages", label, d.w.count);
		if (!view_equal(buf_view(&sent), buf_view(&d.w.sent[0])))
			fail_msg("%s: repeated in other octets", label);
		buf_clear(&sent);
		device_close(&d);
	}
}

static void
restart_now(void *ctx, size_t count)
{
	(void)count;
	flow_restart(ctx);
}

/* The PKI restarts before every message. */
static void
test_restarts(void **state)
{
	struct device	d;

	(void)state;
	gateway(&d, &pki);
	d.w.before = restart_now;
	d.w.ctx = &pki;
	assert_true(run(&d));
	assert_int_equal(d.w.count, 2);
	expect_done(&d, "restarts");
	device_close(&d);
}

/* --- damage ------------------------------------------------------------------------- */

#define FLIPS	48	/* positions in each answer */

/*
 * One bit of an answer is another one.  Whatever the Peer makes of it, it
 * installs nothing that is not good, and ends well once the wire is.
 */
static void
flip(size_t answer, size_t at)
{
	struct device	d;
	char		label[64];
	bool		ok;

	snprintf(label, sizeof(label), "answer %zu, bit %zu", answer, at);
	gateway(&d, &pki);
	d.w.flip_answer = answer;
	d.w.flip_at = at;
	ok = run(&d);
	if (!ok && (has(&d, "cert.pem") || has(&d, "key.pem")))
		fail_msg("%s: installed although %s", label, d.f.text);
	/* Twice: a damaged refusal may have cost one. */
	if (!ok && !run_again(&d) && !run_again(&d))
		fail_msg("%s: %s", label, d.f.text);
	expect_done(&d, label);
	device_close(&d);
}

static void
test_flipped(void **state)
{
	struct device	d;

	(void)state;
	gateway(&d, &pki);
	assert_true(run(&d));
	for (size_t answer = 1; answer <= 2; answer++) {
		size_t	bits = d.w.answers[answer - 1].n * 8;

		for (size_t i = 0; i < FLIPS; i++)
			flip(answer, i * bits / FLIPS + i % 8);
	}
	device_close(&d);
}

/* --- one token, one certificate --------------------------------------------------------- */

/* Another device with the same ticket, at each point of the first one's way. */
static void
test_second_device(void **state)
{
	static const struct {
		const char	*label;
		size_t		 lose_request, lose_answer;
	} cases[] = {
		{ "first has its certificate not yet", 0, 1 },
		{ "first has not confirmed", 2, 0 },
		{ "first has no receipt yet", 0, 2 },
		{ "first is done", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device		d, other;
		struct flow_seen	s;

		gateway(&d, &pki);
		d.w.lose_request = cases[i].lose_request;
		d.w.lose_answer = cases[i].lose_answer;
		(void)run(&d);
		other = d;
		flow_wire_init(&other.w, &pki);
		flow_path(&pki, cases[i].label, other.dir);
		if (run(&other) || other.f.kind != FAULT_REFUSED)
			fail_msg("%s: %s", cases[i].label, other.f.text);
		flow_look(&pki, d.t.id, &s);
		assert_int_equal(s.certs, 1);
		/* R4809-3.4.11-19 */
		assert_true((s.events & FLOW_EVENT(CVP_EVENT_ENROLLMENT_FAILED)) != 0);
		expect_finished(&d, cases[i].label);
		flow_wire_clear(&other.w);
		device_close(&d);
	}
}

/* Both requests in one batch of the engine: one wins, the other gets nothing. */
static void
test_race(void **state)
{
	struct device		a, b;
	struct flow_seen	s;
	struct job		jobs[2];

	(void)state;
	gateway(&a, &pki);
	b = a;
	flow_wire_init(&b.w, &pki);
	flow_path(&pki, "race", b.dir);
	a.w.lose_request = b.w.lose_request = 1;
	assert_false(run(&a) || run(&b));
	for (size_t i = 0; i < 2; i++) {
		jobs[i] = (struct job){ .source = "flow",
		    .message = buf_view(i == 0 ? &a.w.sent[0] : &b.w.sent[0]) };
		buf_init(&jobs[i].answer, 1u << 20);
	}
	engine_run(pki.engine, jobs, 2, pki.now);
	flow_look(&pki, a.t.id, &s);
	assert_int_equal(s.certs, 1);
	assert_false(jobs[0].again);
	assert_true(jobs[1].again);
	assert_false(run_again(&b));
	expect_finished(&a, "race");
	for (size_t i = 0; i < 2; i++)
		buf_clear(&jobs[i].answer);
	flow_wire_clear(&b.w);
	device_close(&a);
}

/* --- all of them ----------------------------------------------------------------------- */

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
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_authorities),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_second_device),
		cmocka_unit_test(test_race),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
