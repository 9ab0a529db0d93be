/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wrapped.c - messages of devices in a layer of an Admin's relay, which is
 * an RA (RFC 10002, 6.17; profile, 1.4, 4.14; C-2).
 *
 * What is inside is answered as if it had come alone, each by itself, under
 * its own id.  The layer gives no right: it carries batchRequests and nothing
 * that could vouch for or change what is inside (C-2; attacks on
 * lraPOPWitness, modCertTemplate, addExtensions, raIdentityWitness,
 * controlProcessed), its maker needs the right to enrol under each template,
 * and what an Admin may, no message inside may.
 *
 * R5272-10-1, R5274-5.2-24 (batchRequests), R5274-5.2-25 (batchResponses)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "flow_raw.h"
#include "pki/work.h"

#define LIST	RAW_EXTRA
#define BESIDE	(RAW_EXTRA + 1)
#define FIRST	1000u			/* body part of the first message inside */
#define INSIDE	12

static struct flow_pki	pki;
static struct device	admin_device, relay_device, peer_device;
static struct raw_cert	admin, relay, peer;

/* --- making a layer ------------------------------------------------------------------- */

struct layer {
	const struct raw_cert	*by;		/* NULL: the relay */
	const struct view	*inside;
	size_t			 n;
	const uint32_t		*ids;		/* in the list; NULL: those of inside */
	size_t			 n_ids;
	enum cmc_kind		 beside;	/* one control more... */
	struct view		 value;
	bool			 request;	/* and a request */
};

static void
put_list(const struct layer *l, struct cmc_writer *w, struct buf *out)
{
	struct cmc_mark	m = cmc_control_begin(w, LIST, CMC_BATCH_REQUESTS);
	uint32_t	*ids = calloc(l->n + 1, sizeof(*ids));

	assert_non_null(ids);
	for (size_t i = 0; i < l->n; i++)
		ids[i] = FIRST + (uint32_t)i;
	cmc_put_ids(out, l->ids != NULL ? l->ids : ids, l->ids != NULL ? l->n_ids : l->n);
	cmc_control_end(w, m);
	free(ids);
}

/* reqSequence with the request of an enrolment by hand. */
static void
put_request(struct cmc_writer *w)
{
	struct raw		 r = { .t = &peer_device.t, .key = peer.key };
	struct arena		*a = arena_new(1u << 20);
	struct cmc_request	 q;
	struct fault		 f = { 0 };
	struct buf		 content;

	buf_init(&content, RAW_MAX);
	raw_content(&r, &content);
	assert_true(cmc_request_decode(buf_view(&content), a, &cmc_limits_peer, &q, NULL, &f));
	cmc_write_requests(w, q.req_sequence);
	buf_clear(&content);
	arena_free(a);
}

static void
wrap(const struct layer *l, struct buf *out)
{
	const struct raw_cert	*by = l->by != NULL ? l->by : &relay;
	struct raw_signing	 s = { .key = by->key, .by = by };
	struct cmc_writer	 w;
	struct buf		 content;
	uint8_t			 nonce[16];

	buf_init(&content, 16u << 20);
	rng_fill(rng_system(), nonce, sizeof(nonce));
	cmc_data_begin(&w, &content);
	cmc_control_integer(&w, RAW_TRANSACTION, CMC_TRANSACTION_ID, RAW_TID);
	cmc_control_octets(&w, RAW_NONCE, CMC_SENDER_NONCE, view_of(nonce, sizeof(nonce)));
	put_list(l, &w, &content);
	if (l->beside != CMC_UNKNOWN)
		cmc_control_value(&w, BESIDE, l->beside, l->value);
	if (l->request)
		put_request(&w);
	for (size_t i = 0; i < l->n; i++)
		if (l->inside[i].n > 0)
			cmc_write_content(&w, FIRST + (uint32_t)i, l->inside[i]);
	cmc_finish(&w);
	assert_true(buf_ok(&content));
	raw_sign(&s, buf_view(&content), out);
	buf_clear(&content);
}

static void
send_layer(const struct layer *l, struct raw_answer *out)
{
	struct buf	m;

	buf_init(&m, 17u << 20);
	wrap(l, &m);
	raw_send(&pki, buf_view(&m), out);
	buf_clear(&m);
}

/* The answer to the i-th message inside. */
static void
inner(const struct raw_answer *a, size_t i, struct raw_answer *out)
{
	const struct cmc_content	*c = cmc_content_by_id(&a->r.contents,
	    FIRST + (uint32_t)i);

	assert_non_null(c);
	raw_read(c->contentinfo, out);
}

/* batchResponses names just these. */
static void
expect_list(const struct raw_answer *a, size_t n)
{
	const struct cmc_control	*c = cmc_find(&a->r.controls, CMC_BATCH_RESPONSES);
	struct cmc_ids			 ids;
	struct fault			 f = { 0 };

	assert_non_null(c);
	assert_true(cmc_body_list_decode(c->value, a->a, WORKS_MAX, &ids, &f));
	assert_int_equal(ids.n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ids.v[i], FIRST + i);
	assert_int_equal(a->r.contents.n, n);
	assert_int_equal(cmc_status_overall(&a->status), CMC_SUCCESS);
}

static enum store_authz_state
state_of(const struct device *d)
{
	struct flow_seen	s;

	flow_look(&pki, d->t.id, &s);
	return s.state;
}

/* --- one by one as if alone ------------------------------------------------------------- */

static void
enrolment(struct device *d, struct key **key, bool bad_token, struct buf *out)
{
	struct fault	f = { 0 };

	gateway(d, &pki);
	assert_non_null(*key = key_generate(KEY_EC_P256, &f));
	buf_init(out, RAW_MAX);
	raw_message(&(struct raw){ .t = &d->t, .key = *key, .bad_identity = bad_token }, out);
}

/*
 * Good and bad ones in one layer: each has the answer that it would have had
 * alone, and the bad ones spoil nothing.
 */
static void
good_and_bad(void **state)
{
	struct device		 d[3];
	struct key		*keys[3];
	struct buf		 m[8], x, y;
	struct view		 inside[8];
	struct raw_answer	 a, in, alone;
	struct raw_control	 query = { .kind = CVP_TEMPLATE_QUERY, .value = VIEW_LIT("\x30\x00") };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		enrolment(&d[i], &keys[i], i == 1, &m[i]);
	for (size_t i = 3; i < 8; i++)
		buf_init(&m[i], RAW_MAX);
	buf_add_view(&m[3], VIEW_LIT("\x30\x03\x02\x01\x05"));		/* no message */
	raw_cancel(&d[2].t, &m[4]);					/* unsigned */
	wrap(&(struct layer){ .inside = &(struct view){ m[0].p, m[0].n }, .n = 1 }, &m[5]);
	buf_init(&x, RAW_MAX);
	raw_controls(&query, 1, &x);
	inside[7] = VIEW_NONE;						/* not there */
	raw_sign(&(struct raw_signing){ .key = admin.key, .by = &admin }, buf_view(&x), &m[6]);
	buf_clear(&x);
	for (size_t i = 0; i < 7; i++)
		inside[i] = buf_view(&m[i]);
	send_layer(&(struct layer){ .inside = inside, .n = 8 }, &a);
	assert_false(a.failed);
	assert_true(a.refused_proof);
	expect_list(&a, 8);

	static const struct {
		bool		fails;
		uint32_t	fail, about;
	} want[] = {
		{ false, 0, 0 }, { true, CMC_BAD_IDENTITY, RAW_PROOF }, { false, 0, 0 },
		{ true, CMC_BAD_REQUEST, CMC_WHOLE_MESSAGE },
		{ true, CMC_BAD_MESSAGE_CHECK, CMC_WHOLE_MESSAGE },
		{ true, CMC_BAD_REQUEST, LIST },		/* a layer in a layer */
		{ true, CMC_BAD_REQUEST, RAW_EXTRA },	/* an Admin's rights end here */
		{ true, CMC_BAD_REQUEST, CMC_WHOLE_MESSAGE },
	};
	for (size_t i = 0; i < LEN(want); i++) {
		inner(&a, i, &in);
		if (in.failed != want[i].fails || (in.failed && (in.fail != want[i].fail ||
		    in.about != want[i].about)))
			fail_msg("message %zu: failed %d, %s about %u", i, in.failed,
			    cmc_fail_name(in.fail), in.about);
		assert_int_equal(raw_find_cert(&in, i < 3 ? keys[i] : keys[0]).n > 0,
		    i == 0 || i == 2);
		raw_answer_clear(&in);
	}
	assert_int_equal(state_of(&d[0]), STORE_AUTHZ_ISSUED);
	assert_int_equal(state_of(&d[1]), STORE_AUTHZ_OPEN);
	/* The cancellation inside had no effect. */
	assert_int_equal(state_of(&d[2]), STORE_AUTHZ_ISSUED);

	/* The same octets alone: the same words, and the same certificate. */
	for (size_t i = 0; i < 3; i++) {
		buf_init(&y, RAW_MAX);
		buf_init(&x, RAW_MAX);
		raw_send(&pki, inside[i], &alone);
		inner(&a, i, &in);
		raw_blank(&alone, &x);
		raw_blank(&in, &y);
		if (in.failed && !view_equal(buf_view(&x), buf_view(&y)))
			fail_msg("message %zu is answered otherwise alone", i);
		if (i == 0)
			assert_true(view_equal(raw_find_cert(&alone, keys[0]),
			    raw_find_cert(&in, keys[0])));
		raw_answer_clear(&alone);
		raw_answer_clear(&in);
		buf_clear(&x);
		buf_clear(&y);
	}
	raw_answer_clear(&a);
	for (size_t i = 0; i < 8; i++)
		buf_clear(&m[i]);
	for (size_t i = 0; i < 3; i++) {
		key_free(keys[i]);
		device_close(&d[i]);
	}
}

/* The wire of a device whose messages are wrapped, one in each layer. */
struct wrapped_wire {
	size_t	count;
};

static bool
wrapped_exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct wrapped_wire		*w = ctx;
	struct raw_answer		 a;
	const struct cmc_content	*c;
	bool				 ok;

	w->count++;
	send_layer(&(struct layer){ .inside = &message, .n = 1 }, &a);
	c = a.failed || a.again ? NULL : cmc_content_by_id(&a.r.contents, FIRST);
	ok = c != NULL;
	if (ok)
		buf_add_view(answer, c->contentinfo);
	raw_answer_clear(&a);
	return ok || fault_set(f, FAULT_BUSY, "", "no answer inside");
}

/* A whole life: the Peer's own code believes what comes out of a layer. */
static void
whole_life(void **state)
{
	struct wrapped_wire	wire = { 0 };
	struct device		d;
	struct raw_cert		c;
	struct buf		id, m, value;
	struct cmc_revoke	r = { .reason = 0 };
	struct raw_answer	a, in;
	struct enroll		e;
	struct flow_seen	seen;
	struct view		v;

	(void)state;
	gateway(&d, &pki);
	e = (struct enroll){ .ticket = &d.t, .dir = d.dir, .rng = rng_system(), .now = pki.now,
	    .transport = { wrapped_exchange, &wire } };
	if (!enroll_run(&e, &d.r, &d.f))
		fail_msg("%s", d.f.text);
	assert_int_equal(wire.count, 2);
	expect_done(&d, "wrapped");
	raw_cert_load(&d, &c);

	buf_init(&id, 1024);
	buf_init(&m, RAW_MAX);
	buf_init(&value, RAW_MAX);
	r.cert.issuer = c.cert.issuer;
	r.cert.serial = c.cert.serial;
	cmc_put_revoke(&value, &r);
	raw_controls(&(struct raw_control){ CMC_REVOKE_REQUEST, buf_view(&value) }, 1, &id);
	raw_sign(&(struct raw_signing){ .key = c.key, .by = &c }, buf_view(&id), &m);
	v = buf_view(&m);
	send_layer(&(struct layer){ .inside = &v, .n = 1 }, &a);
	inner(&a, 0, &in);
	assert_false(in.failed);
	flow_look(&pki, d.t.id, &seen);
	assert_true(seen.on_crl);
	raw_answer_clear(&in);
	raw_answer_clear(&a);
	buf_clear(&id);
	buf_clear(&m);
	buf_clear(&value);
	raw_cert_clear(&c);
	device_close(&d);
}

/* --- attacks: what the layer must not be able to do ------------------------------------- */

static const struct {
	const char	*label;
	enum cmc_kind	 kind;
	struct view	 value;
	enum cmc_fail	 fail;
	uint32_t	 about;
} besides[] = {
	{ "vouches for identity", CMC_RA_IDENTITY_WITNESS,
	    VIEW_LIT("\x30\x04\x02\x02\x03\xe8"), CMC_BAD_REQUEST, BESIDE },
	{ "vouches for possession", CMC_LRA_POP_WITNESS,
	    VIEW_LIT("\x30\x09\x02\x02\x03\xe8\x30\x03\x02\x01\x01"), CMC_BAD_REQUEST, BESIDE },
	{ "changes the template", CMC_MOD_CERT_TEMPLATE, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST,
	    BESIDE },
	{ "adds extensions", CMC_ADD_EXTENSIONS, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "says a control is dealt with", CMC_CONTROL_PROCESSED,
	    VIEW_LIT("\x30\x0b\x30\x09\x30\x07\x02\x02\x03\xe8\x02\x01\x06"), CMC_BAD_REQUEST,
	    BESIDE },
	{ "publishes", CMC_PUBLISH_CERT, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "reads", CMC_GET_CERT, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "revokes", CMC_REVOKE_REQUEST, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "confirms", CMC_CONFIRM_CERT_ACCEPTANCE, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "has data returned", CMC_DATA_RETURN, VIEW_LIT("\x04\x01x"), CMC_BAD_REQUEST, BESIDE },
	{ "authorizes", CVP_AUTHZ_REQUEST, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "asks for templates", CVP_TEMPLATE_QUERY, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "binds", CVP_AUTHZ_BIND, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "has a key made", CVP_KEY_GEN_REQUEST, VIEW_LIT("\x30\x00"), CMC_BAD_REQUEST, BESIDE },
	{ "shows a token", CMC_IDENTIFICATION, VIEW_LIT("\x0c\x01x"), CMC_BAD_MESSAGE_CHECK,
	    CMC_WHOLE_MESSAGE },
};

/* Refused as a whole: the message inside is not even looked at. */
static void
beside(void **state)
{
	struct device		 d;
	struct key		*key;
	struct buf		 m;
	struct view		 v;
	struct raw_answer	 a;

	(void)state;
	enrolment(&d, &key, false, &m);
	v = buf_view(&m);
	for (size_t i = 0; i < LEN(besides); i++) {
		send_layer(&(struct layer){ .inside = &v, .n = 1, .beside = besides[i].kind,
		    .value = besides[i].value }, &a);
		if (!a.failed || a.fail != besides[i].fail || a.about != besides[i].about ||
		    a.r.contents.n != 0)
			fail_msg("%s: failed %d, %s about %u", besides[i].label, a.failed,
			    cmc_fail_name(a.fail), a.about);
		assert_int_equal(state_of(&d), STORE_AUTHZ_OPEN);
		raw_answer_clear(&a);
	}
	send_layer(&(struct layer){ .inside = &v, .n = 1, .request = true }, &a);
	assert_true(a.failed && a.about == RAW_REQUEST);
	assert_int_equal(state_of(&d), STORE_AUTHZ_OPEN);
	raw_answer_clear(&a);
	buf_clear(&m);
	key_free(key);
	device_close(&d);
}

static void
set_rights(const char *rights)
{
	struct arena		*a = arena_new(1u << 20);
	struct store_admin	 ad;
	struct fault		 f = { 0 };
	bool			 done;

	if (!store_begin(pki.store, &f) || !store_admin_find(pki.store, "label", a, &ad, &f) ||
	    !store_admin_set_rights(pki.store, ad.n, rights, &done, &f) ||
	    !store_commit(pki.store, &f))
		fail_msg("%s", f.text);
	arena_free(a);
}

/* The right to enrol under the template of each message inside, and no other right. */
static void
rights(void **state)
{
	static const struct {
		const char	*rights;
		bool		 may;
	} cases[] = {
		{ "s2s-gateway:authorize", false },
		{ "s2s-gateway:query s2s-gateway:revoke", false },
		{ "ra-user:enroll", false },
		{ "s2s-gateway:enroll", true },
	};
	struct raw_issued	 confirms;
	struct buf		 m[2];
	struct view		 v[2];
	struct device		 d;
	struct key		*key;
	struct raw_answer	 a, in;

	(void)state;
	raw_issue(&pki, &confirms);
	enrolment(&d, &key, false, &m[0]);
	buf_init(&m[1], RAW_MAX);
	raw_confirm(&(struct raw_confirmation){ .by = &confirms.c, .of = &confirms.c.cert,
	    .nonce = buf_view(&confirms.nonce) }, &m[1]);
	v[0] = buf_view(&m[0]);
	v[1] = buf_view(&m[1]);
	for (size_t i = 0; i < LEN(cases); i++) {
		set_rights(cases[i].rights);
		send_layer(&(struct layer){ .inside = v, .n = 2 }, &a);
		expect_list(&a, 2);
		for (size_t k = 0; k < 2; k++) {
			inner(&a, k, &in);
			if (in.failed == cases[i].may ||
			    (in.failed && in.code != CVP_REQUESTER_MAY_NOT))
				fail_msg("%s, message %zu: failed %d, code %u", cases[i].rights, k,
				    in.failed, in.code);
			raw_answer_clear(&in);
		}
		assert_int_equal(state_of(&d), cases[i].may ? STORE_AUTHZ_ISSUED :
		    STORE_AUTHZ_OPEN);
		assert_int_equal(state_of(&confirms.d), cases[i].may ? STORE_AUTHZ_CONFIRMED :
		    STORE_AUTHZ_ISSUED);
		raw_answer_clear(&a);
	}
	raw_issued_clear(&confirms);
	buf_clear(&m[0]);
	buf_clear(&m[1]);
	key_free(key);
	device_close(&d);
}

/* Who has no right is told the same as anybody about a wrong token and no more. */
static void
no_oracle(void **state)
{
	struct device		 d;
	struct key		*key;
	struct buf		 m;
	struct view		 v;
	struct raw_answer	 a, in;

	(void)state;
	enrolment(&d, &key, true, &m);
	v = buf_view(&m);
	set_rights("s2s-gateway:authorize");
	send_layer(&(struct layer){ .inside = &v, .n = 1 }, &a);
	inner(&a, 0, &in);
	assert_true(in.failed && in.fail == CMC_BAD_IDENTITY && in.code == 0);
	raw_answer_clear(&in);
	raw_answer_clear(&a);
	set_rights("s2s-gateway:enroll");
	buf_clear(&m);
	key_free(key);
	device_close(&d);
}

/* A device's certificate wraps nothing. */
static void
not_an_admin(void **state)
{
	struct device		 d;
	struct key		*key;
	struct buf		 m;
	struct view		 v;
	struct raw_answer	 a;

	(void)state;
	enrolment(&d, &key, false, &m);
	v = buf_view(&m);
	send_layer(&(struct layer){ .by = &peer, .inside = &v, .n = 1 }, &a);
	assert_true(a.failed && a.fail == CMC_BAD_REQUEST && a.about == LIST);
	assert_int_equal(state_of(&d), STORE_AUTHZ_OPEN);
	raw_answer_clear(&a);
	buf_clear(&m);
	key_free(key);
	device_close(&d);
}

/* --- lists ------------------------------------------------------------------------------ */

static void
lists(void **state)
{
	static const uint32_t	twice[] = { FIRST, FIRST };
	static const uint32_t	strange[] = { FIRST, 7777 };
	struct view		v = VIEW_LIT("\x30\x03\x02\x01\x05");
	struct raw_answer	a, in;

	(void)state;
	send_layer(&(struct layer){ .inside = &v, .n = 1, .ids = twice, .n_ids = 2 }, &a);
	assert_true(a.failed && a.fail == CMC_BAD_REQUEST && a.about == LIST);
	raw_answer_clear(&a);
	send_layer(&(struct layer){ .inside = &v, .n = 1, .ids = strange, .n_ids = 2 }, &a);
	assert_false(a.failed);
	assert_int_equal(a.r.contents.n, 2);
	assert_non_null(cmc_content_by_id(&a.r.contents, 7777));
	raw_read(cmc_content_by_id(&a.r.contents, 7777)->contentinfo, &in);
	assert_true(in.failed && in.fail == CMC_BAD_REQUEST);
	raw_answer_clear(&in);
	raw_answer_clear(&a);
	/* What no list names is not looked at. */
	send_layer(&(struct layer){ .inside = (struct view[]){ v, v }, .n = 2, .ids = strange,
	    .n_ids = 1 }, &a);
	assert_int_equal(a.r.contents.n, 1);
	raw_answer_clear(&a);
}

/* As many as fit, one more, and several large layers at once: all are answered. */
static void
many(void **state)
{
	static struct view	v[WRAPPED_MAX + 1];
	static const size_t	counts[] = { 700, 700, 1, WRAPPED_MAX };
	struct buf		m[4];
	struct view		messages[4];
	struct raw_answer	a[4];

	(void)state;
	for (size_t i = 0; i < WRAPPED_MAX + 1; i++)
		v[i] = VIEW_LIT("\x30\x03\x02\x01\x05");
	send_layer(&(struct layer){ .inside = v, .n = WRAPPED_MAX + 1 }, &a[0]);
	assert_true(a[0].failed && a[0].code == CVP_BATCH_TOO_LARGE);
	raw_answer_clear(&a[0]);
	for (size_t i = 0; i < 4; i++) {
		buf_init(&m[i], 4u << 20);
		wrap(&(struct layer){ .inside = v, .n = counts[i] }, &m[i]);
		messages[i] = buf_view(&m[i]);
	}
	raw_send_all(&pki, messages, 4, a);
	for (size_t i = 0; i < 4; i++) {
		expect_list(&a[i], counts[i]);
		raw_answer_clear(&a[i]);
		buf_clear(&m[i]);
	}
}

/* --- set-up --------------------------------------------------------------------------------- */

static int
start(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	if (!engine_add_admin(pki.engine, "label", "s2s-gateway:enroll", pki.now, &f))
		return -1;
	device_open(&relay_device, &pki, "admin", "email:relay@admin.invalid", "ec-p256");
	gateway(&peer_device, &pki);
	if (!run(&relay_device) || !run(&peer_device))
		return -1;
	raw_cert_load(&relay_device, &relay);
	raw_cert_load(&peer_device, &peer);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&relay);
	raw_cert_clear(&peer);
	device_close(&relay_device);
	device_close(&peer_device);
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(good_and_bad),
		cmocka_unit_test(whole_life),
		cmocka_unit_test(beside),
		cmocka_unit_test(rights),
		cmocka_unit_test(no_oracle),
		cmocka_unit_test(not_an_admin),
		cmocka_unit_test(lists),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
