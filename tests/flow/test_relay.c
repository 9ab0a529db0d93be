/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_relay.c - an Admin between devices and the PKI (RFC 4809, 3.4.6).
 *
 * What a relay lets through: messages whose maker proves the key of the
 * request, and nothing that is no message (R4809-3.4.6-3).  A wrong token or an
 * unknown id is the PKI's to refuse.
 *
 * And what it wraps: each device's own octets go in, and the PKI's own come out
 * for it (R4809-3.4.6-1, R5272-8-1: a request is not altered), whoever changes
 * or mixes up what is on the way.
 *
 * R5272-8.2-1: signatures of devices stay as they are, wrapped too
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "admin/relay_batch.h"
#include "admin/relay_check.h"
#include "flow_raw.h"

static struct flow_pki	pki;
static struct device	dev;
static struct key	*own, *other;
static struct device	admin_device;
static struct admin	admin, nobody;

static bool
no_way(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	(void)ctx;
	(void)message;
	(void)answer;
	return fault_set(f, FAULT_INTERNAL, "", "asked");
}

/* The first Admin, and a device whose certificate is none of an Admin. */
static int
open_admins(void)
{
	const struct transport	way = { no_way, NULL };
	struct device		d;
	struct fault		f = { 0 };

	gateway(&admin_device, &pki);
	ticket_clear(&admin_device.t);
	if (!ticket_read(buf_view(&pki.r.ticket), &admin_device.t, &f) || !run(&admin_device) ||
	    !admin_open(admin_device.dir, "http://pki.example/cmc", &way, rng_system(), pki.now,
	    &admin, &f))
		fail_msg("%s", f.text);
	gateway(&d, &pki);
	if (!run(&d) || !admin_open(d.dir, "http://pki.example/cmc", &way, rng_system(), pki.now,
	    &nobody, &f))
		fail_msg("%s", f.text);
	device_close(&d);
	return 0;
}

static int
set_up(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	flow_start(&pki, KEY_EC_P256);
	gateway(&dev, &pki);
	own = key_generate(KEY_EC_P256, &f);
	other = key_generate(KEY_EC_P256, &f);
	assert_non_null(own);
	assert_non_null(other);
	return open_admins();
}

static int
tear_down(void **state)
{
	(void)state;
	admin_close(&admin);
	admin_close(&nobody);
	device_close(&admin_device);
	key_free(own);
	key_free(other);
	device_close(&dev);
	flow_stop(&pki);
	return 0;
}

enum hurt { AS_IT_IS = 0, OTHER_POP, BROKEN, TWO_SIGNERS, CUT, LONGER };

static const struct {
	const char	*label;
	enum hurt	 hurt;
	struct raw	 r;
	bool		 passes;
	enum fault_kind	 why;
} passing[] = {
	{ "a good enrolment", AS_IT_IS, { 0 }, true, FAULT_NONE },
	{ "the same with CRMF", AS_IT_IS, { .crmf = true }, true, FAULT_NONE },
	{ "a wrong token", AS_IT_IS, { .bad_identity = true }, true, FAULT_NONE },
	{ "no witness in the request", AS_IT_IS, { .without = RAW_NO_WITNESS }, true, FAULT_NONE },
	{ "two requests", AS_IT_IS, { .two = true }, false, FAULT_LIMIT },
	{ "signed with another key than the request's", OTHER_POP, { 0 }, false, FAULT_SIGNATURE },
	{ "the same with CRMF", OTHER_POP, { .crmf = true }, false, FAULT_SIGNATURE },
	{ "a signature that does not hold", BROKEN, { 0 }, false, FAULT_SIGNATURE },
	{ "a request without the SKI that signs: the PKI says so", AS_IT_IS,
	    { .without = RAW_NO_SKI }, true, FAULT_NONE },
	{ "two signatures", TWO_SIGNERS, { 0 }, false, FAULT_REFUSED },
	{ "an octet less", CUT, { 0 }, false, FAULT_MALFORMED },
	{ "an octet more", LONGER, { 0 }, false, FAULT_MALFORMED },
};

static void
make(const struct raw *r, enum hurt hurt, struct buf *out)
{
	struct raw		 one = *r;
	struct raw_signing	 s = { .key = own, .broken = hurt == BROKEN,
		.twice = hurt == TWO_SIGNERS };
	struct buf		 content;

	one.t = &dev.t;
	one.key = own;
	one.pop = hurt == OTHER_POP ? other : NULL;
	buf_init(&content, RAW_MAX);
	raw_content(&one, &content);
	raw_sign(&s, buf_view(&content), out);
	buf_clear(&content);
	if (hurt == CUT)
		out->n--;
	if (hurt == LONGER)
		buf_add_u8(out, 0);
}

static void
what_passes(void **state)
{
	struct arena	*a = arena_new(8u << 20);

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < LEN(passing); i++) {
		struct relay_claim	claim;
		struct fault		f = { 0 };
		struct buf		m;
		bool			ok;

		buf_init(&m, RAW_MAX);
		make(&passing[i].r, passing[i].hurt, &m);
		ok = relay_check(buf_view(&m), a, &claim, &f);
		if (ok != passing[i].passes || (!ok && f.kind != passing[i].why))
			fail_msg("%s: %s, %s: %s", passing[i].label, ok ? "passes" : "refused",
			    fault_kind_name(f.kind), f.text);
		if (ok) {
			assert_string_equal(claim.what, "enrolment");
			assert_true(claim.is_signed);
			assert_true(claim.transaction.n > 0 && claim.nonce.n > 0);
		}
		buf_clear(&m);
		arena_reset(a);
	}
	arena_free(a);
}

/* Whoever holds id and token may cancel, and signs nothing. */
static void
unsigned_passes(void **state)
{
	struct arena		*a = arena_new(8u << 20);
	struct relay_claim	 claim;
	struct fault		 f = { 0 };
	struct buf		 m;

	(void)state;
	assert_non_null(a);
	buf_init(&m, RAW_MAX);
	raw_cancel(&dev.t, &m);
	assert_true(relay_check(buf_view(&m), a, &claim, &f));
	assert_string_equal(claim.what, "unsigned");
	assert_false(claim.is_signed);
	buf_clear(&m);
	arena_free(a);
}

/* --- wrapped -------------------------------------------------------------------------------- */

#define MEMBERS	3

struct together {
	struct device		 d[MEMBERS];
	struct key		*keys[MEMBERS];
	struct buf		 m[MEMBERS], sent, answer;
	struct relay_claim	 claims[MEMBERS];
	struct relay_member	 v[MEMBERS];
	struct exchange		 x;
	struct arena		*a;
};

/* MEMBERS devices enrol; the second one's token is wrong. */
static void
begin(struct together *t, struct admin *by)
{
	struct fault	f = { 0 };

	memset(t, 0, sizeof(*t));
	assert_non_null(t->a = arena_new(64u << 20));
	buf_init(&t->sent, MESSAGE_MAX);
	buf_init(&t->answer, MESSAGE_MAX);
	for (size_t i = 0; i < MEMBERS; i++) {
		struct raw	r = { .bad_identity = i == 1 };

		gateway(&t->d[i], &pki);
		assert_non_null(t->keys[i] = key_generate(KEY_EC_P256, &f));
		buf_init(&t->m[i], RAW_MAX);
		r.t = &t->d[i].t;
		r.key = t->keys[i];
		raw_message(&r, &t->m[i]);
		assert_true(relay_check(buf_view(&t->m[i]), t->a, &t->claims[i], &f));
		assert_true(t->claims[i].wraps);
		t->v[i] = (struct relay_member){ .message = buf_view(&t->m[i]),
			.transaction = t->claims[i].transaction, .nonce = t->claims[i].nonce };
	}
	assert_true(relay_batch_write(by, t->v, MEMBERS, pki.now, &t->x, &t->sent, &f));
}

static void
ask(struct together *t)
{
	struct job	job = { .message = buf_view(&t->sent), .source = "relay" };

	buf_init(&job.answer, MESSAGE_MAX);
	engine_run(pki.engine, &job, 1, pki.now);
	assert_false(job.again);
	buf_reset(&t->answer);
	buf_add_view(&t->answer, buf_view(&job.answer));
	buf_clear(&job.answer);
}

static void
end(struct together *t)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		buf_clear(&t->m[i]);
		key_free(t->keys[i]);
		device_close(&t->d[i]);
	}
	buf_clear(&t->sent);
	buf_clear(&t->answer);
	arena_free(t->a);
}

/* The devices' own octets are in what is sent; each has its own answer. */
static void
each_its_own(void **state)
{
	struct together		t;
	struct raw_answer	a;
	struct fault		f = { 0 };

	(void)state;
	begin(&t, &admin);
	for (size_t i = 0; i < MEMBERS; i++)
		assert_non_null(memmem(t.sent.p, t.sent.n, t.m[i].p, t.m[i].n));
	ask(&t);
	if (!relay_batch_read(&admin, &t.x, buf_view(&t.answer), pki.now, t.a, t.v, MEMBERS, &f))
		fail_msg("%s", f.text);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_true(t.v[i].answer.n > 0 && !t.v[i].alone);
		assert_non_null(memmem(t.answer.p, t.answer.n, t.v[i].answer.p, t.v[i].answer.n));
		raw_read(t.v[i].answer, &a);
		assert_int_equal(a.failed, i == 1);
		for (size_t k = 0; k < MEMBERS; k++)
			assert_int_equal(raw_find_cert(&a, t.keys[k]).n > 0, k == i && i != 1);
		raw_answer_clear(&a);
	}
	end(&t);
}

/* Answers that are not the devices' own, or not the PKI's, reach nobody. */
static void
mixed_up(void **state)
{
	struct together		t;
	struct relay_member	v;
	struct exchange		x;
	struct fault		f = { 0 };

	(void)state;
	begin(&t, &admin);
	ask(&t);
	x = t.x;
	for (size_t at = 0; at < t.answer.n; at += t.answer.n / 37 + 1) {
		t.answer.p[at] ^= 1;
		t.x = x;
		fault_clear(&f);
		if (relay_batch_read(&admin, &t.x, buf_view(&t.answer), pki.now, t.a, t.v, MEMBERS,
		    &f) || f.kind != FAULT_BUSY)
			fail_msg("octet %zu changed: %s", at, f.text);
		for (size_t i = 0; i < MEMBERS; i++)
			assert_int_equal(t.v[i].answer.n, 0);
		t.answer.p[at] ^= 1;
	}
	v = t.v[0];
	t.v[0].transaction = VIEW_LIT("another");
	t.v[1].nonce = t.v[2].nonce;
	t.x = x;
	fault_clear(&f);
	assert_true(relay_batch_read(&admin, &t.x, buf_view(&t.answer), pki.now, t.a, t.v, MEMBERS,
	    &f));
	assert_int_equal(t.v[0].answer.n, 0);
	assert_int_equal(t.v[1].answer.n, 0);
	assert_true(t.v[2].answer.n > 0);
	/* An answer to another layer. */
	t.v[0] = v;
	t.x = x;
	t.x.sent[0] ^= 1;
	assert_false(relay_batch_read(&admin, &t.x, buf_view(&t.answer), pki.now, t.a, t.v, 1, &f));
	end(&t);
}

static void
set_rights(const char *rights)
{
	struct arena		*a = arena_new(1u << 20);
	struct store_admin	 ad;
	struct fault		 f = { 0 };
	bool			 done;

	if (!store_begin(pki.store, &f) || !store_admin_find(pki.store, "admin", a, &ad, &f) ||
	    ad.n == 0 || !store_admin_set_rights(pki.store, ad.n, rights, &done, &f) ||
	    !store_commit(pki.store, &f))
		fail_msg("no rights: %s", f.text);
	arena_free(a);
}

/* Who may not wrap is told so; the devices' messages may go alone. */
static void
without_right(void **state)
{
	struct together	t;
	struct fault	f = { 0 };

	(void)state;
	begin(&t, &nobody);
	ask(&t);
	assert_false(relay_batch_read(&nobody, &t.x, buf_view(&t.answer), pki.now, t.a, t.v,
	    MEMBERS, &f));
	assert_int_equal(f.kind, FAULT_REFUSED);
	end(&t);

	fault_clear(&f);
	begin(&t, &admin);
	set_rights("*:query");
	ask(&t);
	set_rights("*");
	if (!relay_batch_read(&admin, &t.x, buf_view(&t.answer), pki.now, t.a, t.v, MEMBERS, &f))
		fail_msg("%s", f.text);
	assert_true(t.v[0].alone && t.v[2].alone);
	assert_false(t.v[1].alone);	/* a wrong token is a wrong token */
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(what_passes),
		cmocka_unit_test(unsigned_passes),
		cmocka_unit_test(each_its_own),
		cmocka_unit_test(mixed_up),
		cmocka_unit_test(without_right),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
