/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait for a person (RFC 4809, 3.4.4): approved, rejected,
 * cancelled, forgotten, by one person or two, and with a restart of the PKI
 * between any two steps (R4809-3.4.4-1).  What the Peer has on
 * disk, what the PKI has, and how often something was signed.
 *
 * R5272-6.13-1 (pendInfo stays as it was), R5272-6.1.2-1, R5272-6.6-1 (a poll in
 * another transaction), C-12 (what is refused is open and unbound, or expired;
 * the window counts at the first good arrival), C-4 (what waits is cancelled
 * like what is open).
 *
 * SEED-67, SEED-69: not at once: asked for again, across restarts, until a person has
 *   said yes or no, or time is over, test_scripts
 * R5274-5.2-17: queryPending, with its own token and others, test_pend_info,
 *   test_foreign_polls
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "flow_raw.h"
#include "peer/ask.h"
#include "peer/renew.h"
#include "pki/console.h"
#include "store/store_approval.h"
#include "store/store_log.h"

#define POLL		60		/* approval-poll of the templates here */
#define WITHIN		(3 * 86400)	/* approval-within */
#define PAUSE		7200		/* longer than any pause of a Peer */
#define STEPS_MAX	10

static struct flow_pki	pki;

/* --- a PKI with templates that want approval ------------------------------------------- */

static void
write_template(const char *name, const char *text)
{
	char		sub[64], path[FLOW_PATH_MAX];
	struct fault	f = { 0 };

	snprintf(sub, sizeof(sub), "templates/%s.conf", name);
	if (!path_join(path, sizeof(path), pki.r.staging, sub, &f) ||
	    !file_write(path, view_str(text), 0644, &f))
		fail_msg("%s", f.text);
}

#define MANUAL	"approval-poll = 60s\napproval-within = 3d\nwindow = 1d\nconfirm-within = 4h\n" \
		"renewal = yes\nrenewal-last-percent = 100\n"
#define NO_UPDATE "update = no\n"

static int
set_up(void **state)
{
	(void)state;
	flow_start(&pki, KEY_EC_P256);
	write_template("one", "approval = manual\n" MANUAL NO_UPDATE);
	write_template("two", "approval = manual\napprovers = 2\n" MANUAL NO_UPDATE);
	write_template("changes", "renewal-approval = manual\nupdate = yes\n"
	    "update-approval = manual\n" MANUAL);
	flow_restart(&pki);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	flow_stop(&pki);
	return 0;
}

/* The operator's word; the kind of fault it met. */
static enum fault_kind
operator(const char *verb, const char *id, const char *by, const char *reason)
{
	struct console_request	q = { .words = { view_str(verb), view_str(id), view_str(by),
		view_str(reason) }, .n = by[0] == '\0' ? 2 : 4 };
	struct fault		f = { 0 };
	struct buf		out;

	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (!console_run(pki.engine, &q, pki.now, &out, &f) && f.kind == FAULT_NONE)
		fail_msg("%s %s: no reason", verb, id);
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

/* --- scripts ------------------------------------------------------------------------------ */

enum op {
	END = 0,
	ASK_WAITS,		/* the device runs, and is told to wait */
	ASK_DONE,
	ASK_REFUSED,		/* and its key and state are as for another try */
	ASK_LOST,		/* the answer does not arrive */
	ANN,			/* approves */
	ANN_AGAIN,		/* is refused */
	BOB,
	REJECT,
	OPERATOR_CANCELS,
	HOLDER_CANCELS,
	TIME_ENDS,		/* nobody decides, or nobody comes */
	WINDOW_ENDS,
	TEMPLATE_CHANGES,
	NOBODY_WAITS,		/* there is nothing to approve */
};

static const struct script {
	const char	*label;
	const char	*template;
	enum op		 ops[STEPS_MAX];
	enum store_authz_state state;
	size_t		 certs;
	unsigned	 events;	/* besides HELD */
} scripts[] = {
	{ "approved", "one", { ASK_WAITS, ANN, ASK_DONE }, STORE_AUTHZ_CONFIRMED, 1,
	    FLOW_EVENT(CVP_EVENT_APPROVED) | FLOW_EVENT(CVP_EVENT_ISSUED) |
	    FLOW_EVENT(CVP_EVENT_CONFIRMED) },
	{ "asked often", "one", { ASK_WAITS, ASK_WAITS, ASK_WAITS, ANN, ASK_DONE },
	    STORE_AUTHZ_CONFIRMED, 1, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_ISSUED) | FLOW_EVENT(CVP_EVENT_CONFIRMED) },
	{ "pending lost, then approved", "one", { ASK_LOST, ANN, ASK_DONE },
	    STORE_AUTHZ_CONFIRMED, 1, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_ISSUED) | FLOW_EVENT(CVP_EVENT_CONFIRMED) },
	{ "certificate lost", "one", { ASK_WAITS, ANN, ASK_LOST, ASK_DONE },
	    STORE_AUTHZ_CONFIRMED, 1, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_ISSUED) | FLOW_EVENT(CVP_EVENT_CONFIRMED) },
	{ "two persons", "two", { ASK_WAITS, ANN, ASK_WAITS, BOB, ASK_DONE },
	    STORE_AUTHZ_CONFIRMED, 1, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_ISSUED) | FLOW_EVENT(CVP_EVENT_CONFIRMED) },
	{ "one person twice", "two", { ASK_WAITS, ANN, ANN_AGAIN, ASK_WAITS },
	    STORE_AUTHZ_IN_PROGRESS, 0, 0 },
	{ "approved twice", "one", { ASK_WAITS, ANN, ANN_AGAIN, ASK_DONE },
	    STORE_AUTHZ_CONFIRMED, 1, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_ISSUED) | FLOW_EVENT(CVP_EVENT_CONFIRMED) },
	{ "rejected", "one", { ASK_WAITS, REJECT, ASK_REFUSED }, STORE_AUTHZ_OPEN, 0,
	    FLOW_EVENT(CVP_EVENT_NOT_APPROVED) },
	{ "rejected after one of two", "two", { ASK_WAITS, ANN, REJECT, ASK_REFUSED },
	    STORE_AUTHZ_OPEN, 0, FLOW_EVENT(CVP_EVENT_NOT_APPROVED) },
	{ "rejected after the approval", "one", { ASK_WAITS, ANN, REJECT, ASK_REFUSED },
	    STORE_AUTHZ_OPEN, 0, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_NOT_APPROVED) },
	{ "pending lost, then rejected", "one", { ASK_LOST, REJECT, ASK_REFUSED },
	    STORE_AUTHZ_OPEN, 0, FLOW_EVENT(CVP_EVENT_NOT_APPROVED) },
	/* The token is good again, and the device may ask anew. */
	{ "rejected, then approved", "one", { ASK_WAITS, REJECT, ASK_REFUSED, ASK_WAITS, ANN,
	    ASK_DONE }, STORE_AUTHZ_CONFIRMED, 1, FLOW_EVENT(CVP_EVENT_NOT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_APPROVED) | FLOW_EVENT(CVP_EVENT_ISSUED) |
	    FLOW_EVENT(CVP_EVENT_CONFIRMED) },
	{ "cancelled by an operator", "one", { ASK_WAITS, OPERATOR_CANCELS, NOBODY_WAITS,
	    ASK_REFUSED }, STORE_AUTHZ_CANCELLED, 0, FLOW_EVENT(CVP_EVENT_CANCELLED) },
	{ "cancelled by its holder", "one", { ASK_WAITS, HOLDER_CANCELS, NOBODY_WAITS,
	    ASK_REFUSED }, STORE_AUTHZ_CANCELLED, 0, FLOW_EVENT(CVP_EVENT_CANCELLED) },
	{ "cancelled after the approval", "one", { ASK_WAITS, ANN, HOLDER_CANCELS,
	    NOBODY_WAITS, ASK_REFUSED }, STORE_AUTHZ_CANCELLED, 0,
	    FLOW_EVENT(CVP_EVENT_APPROVED) | FLOW_EVENT(CVP_EVENT_CANCELLED) },
	/* Its window has closed meanwhile: the token ends with the request. */
	{ "nobody decides", "one", { ASK_WAITS, TIME_ENDS, NOBODY_WAITS, ASK_REFUSED },
	    STORE_AUTHZ_EXPIRED, 0, FLOW_EVENT(CVP_EVENT_NOT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_EXPIRED) },
	{ "nobody comes", "one", { ASK_WAITS, ANN, TIME_ENDS, NOBODY_WAITS, ASK_REFUSED },
	    STORE_AUTHZ_EXPIRED, 0, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_NOT_APPROVED) | FLOW_EVENT(CVP_EVENT_EXPIRED) },
	/* Judged at the first good arrival. */
	{ "approved after the window", "one", { ASK_WAITS, WINDOW_ENDS, ASK_WAITS, ANN,
	    ASK_DONE }, STORE_AUTHZ_CONFIRMED, 1, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_ISSUED) | FLOW_EVENT(CVP_EVENT_CONFIRMED) },
	{ "rejected after the window", "one", { ASK_WAITS, WINDOW_ENDS, REJECT, ASK_REFUSED },
	    STORE_AUTHZ_EXPIRED, 0, FLOW_EVENT(CVP_EVENT_NOT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_EXPIRED) },
	{ "its template changes", "moves", { ASK_WAITS, ANN, TEMPLATE_CHANGES, ASK_REFUSED },
	    STORE_AUTHZ_OPEN, 0, FLOW_EVENT(CVP_EVENT_APPROVED) |
	    FLOW_EVENT(CVP_EVENT_NOT_APPROVED) },
};

static bool
ask_again(struct device *d)
{
	flow_pass(&pki, PAUSE);
	return run_again(d);
}

static void
expect_waits(struct device *d, const char *label)
{
	struct flow_seen	s;

	if (ask_again(d) || d->f.kind != FAULT_BUSY || step_of(d) != ENROLL_POLL)
		fail_msg("%s: %s, step %s", label, d->f.text, enroll_step_name(step_of(d)));
	flow_look(&pki, d->t.id, &s);
	if (s.state != STORE_AUTHZ_IN_PROGRESS || s.certs != 0 || !s.has_token || s.published ||
	    d->r.poll_at <= pki.now)
		fail_msg("%s: state %d, %zu certificates, next %lld", label, s.state, s.certs,
		    (long long)(d->r.poll_at - pki.now));
	assert_false(has(d, "key.pem") || has(d, "cert.pem"));
	assert_true(has(d, ENROLL_KEY_FILE) && has(d, ENROLL_TICKET_FILE));
}

static void
expect_refused(struct device *d, const char *label)
{
	if (ask_again(d) || d->f.kind != FAULT_REFUSED || step_of(d) != ENROLL_NONE)
		fail_msg("%s: %s, step %s", label, d->f.text, enroll_step_name(step_of(d)));
	assert_true(has(d, ENROLL_KEY_FILE));
	assert_false(has(d, ENROLL_TICKET_FILE));
}

static void
lose_answer(struct device *d, const char *label)
{
	flow_pass(&pki, PAUSE);
	flow_wire_again(&d->w);
	d->w.lose_answer = 1;
	if (run(d) || d->f.kind != FAULT_BUSY)
		fail_msg("%s: %s", label, d->f.text);
}

static void
holder_cancels(struct device *d)
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

static void
change_template(void)
{
	write_template("moves", "approval = manual\nmax-identities = 2\nvalidity = 7d\n" MANUAL NO_UPDATE
	    "max-entries = 17\n");
	flow_restart(&pki);
}

static void
do_op(struct device *d, enum op op, const char *label)
{
	switch (op) {
	case ASK_WAITS:
		expect_waits(d, label);
		break;
	case ASK_DONE:
		flow_pass(&pki, PAUSE);
		expect_finished(d, label);
		assert_false(has(d, ENROLL_TICKET_FILE));
		break;
	case ASK_REFUSED:
		expect_refused(d, label);
		break;
	case ASK_LOST:
		lose_answer(d, label);
		break;
	case ANN:
		assert_int_equal(operator("approve", d->t.id, "Ann", "known device"), FAULT_NONE);
		break;
	case ANN_AGAIN:
		assert_int_equal(operator("approve", d->t.id, "ANN", "again"), FAULT_CONFLICT);
		break;
	case BOB:
		assert_int_equal(operator("approve", d->t.id, "Bob", "so do I"), FAULT_NONE);
		break;
	case REJECT:
		assert_int_equal(operator("reject", d->t.id, "Ann", "stolen \"gw\""), FAULT_NONE);
		break;
	case OPERATOR_CANCELS:
		assert_int_equal(operator("cancel", d->t.id, "", ""), FAULT_NONE);
		break;
	case HOLDER_CANCELS:
		holder_cancels(d);
		break;
	case TIME_ENDS:
		flow_pass(&pki, WITHIN + 1);
		break;
	case WINDOW_ENDS:
		flow_pass(&pki, 86400 + 1);
		break;
	case TEMPLATE_CHANGES:
		change_template();
		break;
	case NOBODY_WAITS:
		assert_int_equal(waiting(), 0);
		assert_int_equal(operator("approve", d->t.id, "Ann", "late"), FAULT_NOT_FOUND);
		assert_int_equal(operator("reject", d->t.id, "Ann", "late"), FAULT_NOT_FOUND);
		break;
	default:
		fail();
	}
}

/* Nothing of these runs is left in the queue for the next. */
static void
clear_queue(struct device *d)
{
	if (waiting() > 0)
		assert_int_equal(operator("reject", d->t.id, "Ann", "the test is over"),
		    FAULT_NONE);
}

static void
run_script(const struct script *s, bool restarts)
{
	static unsigned		n;
	char			identity[64];
	struct device		d;
	struct flow_seen	seen;

	if (strcmp(s->template, "moves") == 0) {
		write_template("moves", "approval = manual\n" MANUAL NO_UPDATE);
		flow_restart(&pki);
	}
	snprintf(identity, sizeof(identity), "fqdn:hold%u.example", n++);
	device_open(&d, &pki, s->template, identity, "ec-p256");
	for (size_t i = 0; i < STEPS_MAX && s->ops[i] != END; i++) {
		do_op(&d, s->ops[i], s->label);
		if (restarts)
			flow_restart(&pki);
	}
	flow_look(&pki, d.t.id, &seen);
	if (seen.state != s->state || seen.certs != s->certs ||
	    seen.events != (s->events | FLOW_EVENT(CVP_EVENT_HELD)))
		fail_msg("%s: state %d, %zu certificates, events %x", s->label, seen.state,
		    seen.certs, seen.events);
	clear_queue(&d);
	device_close(&d);
}

static void
test_scripts(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * LEN(scripts); i++)
		run_script(&scripts[i / 2], i % 2 == 1);
}

/* --- what is said ----------------------------------------------------------------------------- */

/* The reason of the approver reaches the device; who said it stays here. */
static void
test_reason(void **state)
{
	struct flow_seen	s;
	struct device		d;

	(void)state;
	device_open(&d, &pki, "one", "fqdn:reason.example", "ec-p256");
	expect_waits(&d, "reason");
	assert_int_equal(operator("reject", d.t.id, "Ann", "stolen last week"), FAULT_NONE);
	expect_refused(&d, "reason");
	assert_non_null(strstr(d.f.text, "stolen last week"));
	assert_non_null(strstr(d.f.text, "not-approved"));
	assert_null(strstr(d.f.text, "Ann"));
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.failure, CVP_NOT_APPROVED);
	device_close(&d);
}

struct trail {
	const char	*actor, *detail;
	size_t		 n;
};

static bool
count_row(void *ctx, const struct store_audit *a, struct fault *f)
{
	struct trail	*t = ctx;

	(void)f;
	t->n += strcmp(a->actor, t->actor) == 0 && strcmp(a->detail, t->detail) == 0;
	return true;
}

/* Who, why and when are in the chain, and in the queue while it waits. */
static void
test_trail(void **state)
{
	struct console_request	q = { .words = { VIEW_LIT("queue") }, .n = 1 };
	struct trail		t = { "operator:Zoe", "seen it on the roof", 0 };
	struct fault		f = { 0 };
	struct device		d;
	struct buf		out;
	int64_t			rows, bad;
	const char		*why;

	(void)state;
	device_open(&d, &pki, "two", "fqdn:trail.example", "ec-p256");
	expect_waits(&d, "trail");
	assert_int_equal(operator("approve", d.t.id, "Zoe", "seen it on the roof"), FAULT_NONE);
	assert_true(store_audit_walk(pki.store, 0, 1u << 20, count_row, &t, &f));
	assert_int_equal(t.n, 1);
	assert_true(store_audit_verify(pki.store, &rows, &bad, &why, &f) && bad == 0);
	buf_init(&out, CONSOLE_ANSWER_MAX);
	assert_true(console_run(pki.engine, &q, pki.now, &out, &f));
	buf_add_u8(&out, 0);
	for (size_t i = 0; i < 4; i++) {
		static const char *const want[] = { "\"by\":\"Zoe\"", "seen it on the roof",
			"\"needed\":2", "trail.example" };

		if (strstr((const char *)out.p, want[i]) == NULL)
			fail_msg("no %s in %s", want[i], out.p);
	}
	buf_clear(&out);
	assert_int_equal(operator("approve", d.t.id, "", ""), FAULT_USAGE);
	assert_int_equal(operator("approve", d.t.id, " ", "no name"), FAULT_USAGE);
	assert_int_equal(operator("approve", d.t.id, "Bob", ""), FAULT_USAGE);
	assert_int_equal(operator("reject", d.t.id, "Bob", "one\ntwo"), FAULT_USAGE);
	assert_int_equal(operator("approve", d.t.id, "Bob", "\x1b[31m"), FAULT_USAGE);
	assert_int_equal(operator("approve", "NOSUCHID", "Bob", "x"), FAULT_NOT_FOUND);
	clear_queue(&d);
	device_close(&d);
}

/* --- pending on the wire --------------------------------------------------------------------------- */

/* The pendInfo in an answer; its token is copied out. */
static int64_t
pend_of(const struct raw_answer *a, struct buf *token)
{
	const struct cmc_status_info	*s = cmc_status_with(&a->status, ASK_REQUEST_ID,
	    CMC_OTHER_PEND);

	if (s == NULL)
		return 0;
	assert_int_equal(s->status, CMC_PENDING);
	buf_reset(token);
	buf_add_view(token, s->pend_token);
	return s->pend_time;
}

struct asker {
	struct ticket	 t;
	struct key	*key;
	struct exchange	 x;
	struct buf	 message, token;
	int64_t		 pend_time;
};

static void
asker_open(struct asker *a, const char *template, const char *identity)
{
	struct fault	f = { 0 };

	memset(a, 0, sizeof(*a));
	flow_authorize(&pki, template, identity, &a->t);
	assert_non_null(a->key = key_generate(KEY_EC_P256, &f));
	buf_init(&a->message, RAW_MAX);
	buf_init(&a->token, 64);
}

static void
asker_close(struct asker *a)
{
	key_free(a->key);
	buf_clear(&a->message);
	buf_clear(&a->token);
	ticket_clear(&a->t);
}

static void
keep_nonce(struct asker *a, const struct raw_answer *r)
{
	memcpy(a->x.received, r->nonce.p, r->nonce.n);
	a->x.n_received = r->nonce.n;
}

/* Ask, and be told to wait. */
static void
begin_waiting(struct asker *a)
{
	struct raw_answer	r;
	struct fault		f = { 0 };

	assert_true(ask_enroll(&a->t, a->key, rng_system(), pki.now, &a->x, &a->message, &f));
	raw_send(&pki, buf_view(&a->message), &r);
	assert_int_not_equal(a->pend_time = pend_of(&r, &a->token), 0);
	assert_true(a->token.n >= 16);
	keep_nonce(a, &r);
	raw_answer_clear(&r);
}

static void
poll(const struct asker *a, struct view token, struct key *key, const struct exchange *x,
    struct raw_answer *r)
{
	struct exchange	own = *x;
	struct fault	f = { 0 };
	struct buf	m;

	buf_init(&m, RAW_MAX);
	assert_true(ask_poll(token, NULL, key, rng_system(), pki.now, &own, &m, &f));
	raw_send(&pki, buf_view(&m), r);
	buf_clear(&m);
	(void)a;
}

/* The time is honest, and stays what it was; a repeat is as good as a poll. */
static void
test_pend_info(void **state)
{
	struct raw_answer	r;
	struct buf		token;
	struct asker		a;

	(void)state;
	buf_init(&token, 64);
	asker_open(&a, "one", "fqdn:pend.example");
	begin_waiting(&a);
	assert_int_equal(a.pend_time, pki.now + POLL);
	for (int i = 0; i < 4; i++) {
		flow_pass(&pki, 1000);
		if (i % 2 == 0)
			poll(&a, buf_view(&a.token), a.key, &a.x, &r);
		else
			raw_send(&pki, buf_view(&a.message), &r);
		assert_int_equal(pend_of(&r, &token), a.pend_time);
		assert_true(view_equal(buf_view(&token), buf_view(&a.token)));
		assert_int_equal(r.status.n, 1);
		assert_int_equal(r.m.certificate_count > 0, true);
		keep_nonce(&a, &r);
		raw_answer_clear(&r);
	}
	assert_int_equal(waiting(), 1);
	assert_int_equal(operator("reject", a.t.id, "Ann", "x"), FAULT_NONE);
	buf_clear(&token);
	asker_close(&a);
}

/* Everything a stranger can try: one answer, and nothing changes. */
static void
test_foreign_polls(void **state)
{
	struct asker		a, b;
	struct exchange		x;
	struct raw_answer	r;
	struct buf		bent;

	(void)state;
	asker_open(&a, "one", "fqdn:mine.example");
	asker_open(&b, "one", "fqdn:theirs.example");
	begin_waiting(&a);
	begin_waiting(&b);
	buf_init(&bent, 64);
	buf_add_view(&bent, buf_view(&a.token));
	bent.p[0] ^= 1;
	for (int i = 0; i < 5; i++) {
		static const char *const label[] = { "unknown token", "another's token",
			"another key", "another transaction", "another nonce" };

		x = a.x;
		x.id[3] ^= i == 3;
		x.received[0] ^= i == 4;
		poll(&a, i == 0 ? buf_view(&bent) : i == 1 ? buf_view(&b.token) :
		    buf_view(&a.token), i == 2 ? b.key : a.key, &x, &r);
		if (!r.failed || r.fail != CMC_BAD_REQUEST || r.about != ASK_POLL_ID ||
		    r.code != 0 || r.m.certificate_count == 0)
			fail_msg("%s: failed %d, fail %u about %u", label[i], r.failed, r.fail,
			    r.about);
		raw_answer_clear(&r);
	}
	assert_int_equal(waiting(), 2);
	assert_int_equal(operator("reject", a.t.id, "Ann", "x"), FAULT_NONE);
	assert_int_equal(operator("reject", b.t.id, "Ann", "x"), FAULT_NONE);
	buf_clear(&bent);
	asker_close(&a);
	asker_close(&b);
}

/* Another key cannot have it, neither while it waits nor once it is approved. */
static void
test_another_key(void **state)
{
	struct fault		f = { 0 };
	struct key		*mine;
	struct raw_answer	r;
	struct asker		a;

	(void)state;
	asker_open(&a, "one", "fqdn:other.example");
	begin_waiting(&a);
	for (int i = 0; i < 2; i++) {
		mine = a.key;
		assert_non_null(a.key = key_generate(KEY_EC_P256, &f));
		buf_reset(&a.message);
		assert_true(ask_enroll(&a.t, a.key, rng_system(), pki.now, &a.x, &a.message,
		    &f));
		raw_send(&pki, buf_view(&a.message), &r);
		assert_true(r.failed && r.fail == CMC_BAD_IDENTITY && r.refused_proof);
		raw_answer_clear(&r);
		key_free(a.key);
		a.key = mine;
		if (i == 0)
			assert_int_equal(operator("approve", a.t.id, "Ann", "ok"), FAULT_NONE);
	}
	assert_int_equal(operator("reject", a.t.id, "Ann", "x"), FAULT_NONE);
	asker_close(&a);
}

/* Many polls at once after the approval: one certificate. */
static void
test_together(void **state)
{
	struct raw_answer	r[4];
	struct buf		m[4];
	struct view		v[4];
	struct flow_seen	s;
	struct fault		f = { 0 };
	struct asker		a;
	size_t			got = 0;

	(void)state;
	asker_open(&a, "one", "fqdn:many.example");
	begin_waiting(&a);
	assert_int_equal(operator("approve", a.t.id, "Ann", "ok"), FAULT_NONE);
	for (size_t i = 0; i < 4; i++) {
		struct exchange	x = a.x;

		buf_init(&m[i], RAW_MAX);
		assert_true(ask_poll(buf_view(&a.token), NULL, a.key, rng_system(), pki.now, &x,
		    &m[i], &f));
		v[i] = buf_view(&m[i]);
	}
	raw_send_all(&pki, v, 4, r);
	for (size_t i = 0; i < 4; i++) {
		got += !r[i].again && raw_find_cert(&r[i], a.key).n > 0;
		raw_answer_clear(&r[i]);
		buf_clear(&m[i]);
	}
	assert_true(got >= 1);
	flow_look(&pki, a.t.id, &s);
	assert_int_equal(s.certs, 1);
	asker_close(&a);
}

/* confirmWithin begins when the Peer can have it, not when it was asked for. */
static void
test_confirm_begins_late(void **state)
{
	struct raw_answer	r;
	struct flow_seen	s;
	struct asker		a;

	(void)state;
	asker_open(&a, "one", "fqdn:late.example");
	begin_waiting(&a);
	flow_pass(&pki, 18000);		/* confirm-within is 4h */
	assert_int_equal(operator("approve", a.t.id, "Ann", "ok"), FAULT_NONE);
	flow_pass(&pki, 7200);
	poll(&a, buf_view(&a.token), a.key, &a.x, &r);
	assert_true(raw_find_cert(&r, a.key).n > 0);
	raw_answer_clear(&r);
	flow_pass(&pki, 14300);
	flow_look(&pki, a.t.id, &s);
	assert_int_equal(s.state, STORE_AUTHZ_ISSUED);
	flow_pass(&pki, 200);
	flow_look(&pki, a.t.id, &s);
	assert_int_equal(s.state, STORE_AUTHZ_REVOKED);
	asker_close(&a);
}

/* The time is over, whether the timer has run or not: nobody gets it, and nobody approves. */
static void
test_timer_is_late(void **state)
{
	struct flow_seen	s;
	struct raw_answer	r;
	struct asker		a;

	(void)state;
	for (int approved = 0; approved < 2; approved++) {
		char	identity[64];

		snprintf(identity, sizeof(identity), "fqdn:timer%d.example", approved);
		asker_open(&a, "one", identity);
		begin_waiting(&a);
		if (approved == 1)
			assert_int_equal(operator("approve", a.t.id, "Ann", "ok"), FAULT_NONE);
		pki.now += WITHIN;
		assert_int_equal(operator("approve", a.t.id, "Bob", "late"), FAULT_NOT_FOUND);
		poll(&a, buf_view(&a.token), a.key, &a.x, &r);
		assert_true(r.failed && r.code == CVP_NOT_DECIDED);
		assert_int_equal(raw_find_cert(&r, a.key).n, 0);
		raw_answer_clear(&r);
		flow_look(&pki, a.t.id, &s);
		assert_int_equal(s.state, STORE_AUTHZ_EXPIRED);
		asker_close(&a);
	}
}

/* The signer is gone when it is approved and asked for: nothing is lost, one is made. */
static void
test_signer_dies(void **state)
{
	struct device	d;

	(void)state;
	for (unsigned at = 1; at <= 4; at++) {
		char	identity[64];

		snprintf(identity, sizeof(identity), "fqdn:dies%u.example", at);
		device_open(&d, &pki, "one", identity, "ec-p256");
		expect_waits(&d, "dies");
		assert_int_equal(operator("approve", d.t.id, "Ann", "ok"), FAULT_NONE);
		flow_pass(&pki, PAUSE);
		pki.signer_dies = at;
		flow_wire_again(&d.w);
		(void)!run(&d);
		flow_restart(&pki);
		flow_pass(&pki, 60);
		expect_finished(&d, identity);
		device_close(&d);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_trail),
		cmocka_unit_test(test_pend_info),
		cmocka_unit_test(test_foreign_polls),
		cmocka_unit_test(test_another_key),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_confirm_begins_late),
		cmocka_unit_test(test_timer_is_late),
		cmocka_unit_test(test_signer_dies),
	};

	return cmocka_run_group_tests_name("approval", tests, set_up, tear_down);
}
