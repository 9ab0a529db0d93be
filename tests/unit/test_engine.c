/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of the PKI, one attack or mishap each.  What a whole transaction
 * looks like is in tests/flow.
 *
 * R4809-3.2.4.3-10: what is not offered is refused with words,
 *   test_not_offered_is_refused
 * R5274-5.1-7, R5274-5.2-22, R5274-5.2-23, R5274-5.1-11: authData with trustedAnchors,
 *   by the token's key, test_anchors_for_the_token
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/cms_env.h"
#include "codec/crl.h"
#include "codec/oid.h"
#include "crypt/aead.h"
#include "message/authenticated.h"
#include "message/envelope.h"
#include "message/proof.h"
#include "pki_rig.h"
#include "profile/identity.h"

static struct rig	rig;

static int
set_up(void **state)
{
	(void)state;
	rig_start(&rig);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

/* --- enrolment by hand -------------------------------------------------------------- */

struct device {
	struct ticket	 t;
	struct key	*key;
	struct exchange	 x;
	struct cert	 cert;
};

static void
device_clear(struct device *d)
{
	key_free(d->key);
	ticket_clear(&d->t);
}

/* Ask for a certificate; what was answered. */
static void
device_ask(struct device *d, struct rig_answer *out)
{
	struct exchange_trust	trust = { .now = rig.now };
	struct exchange_answer	r;
	struct buf		m, answer;
	struct fault		f = { 0 };

	memcpy(trust.anchor_sha256, d->t.anchor, sizeof(trust.anchor_sha256));
	buf_init(&m, MESSAGE_MAX);
	rig_must(ask_enroll(&d->t, d->key, rng_system(), rig.now, &d->x, &m, &f), &f);
	rig_send(&rig, buf_view(&m), &answer);
	assert_false(rig.again);
	rig_read(&rig, buf_view(&answer), out);
	/* A refusal does not bring the root. */
	if (rig_fail(out, ASK_REQUEST_ID) < 0)
		rig_must(exchange_read(&d->x, arena_copy(rig.arena, buf_view(&answer)), &trust,
		    rig.arena, &r, &f), &f);
	buf_clear(&m);
	buf_clear(&answer);
}

/* A device with a certificate that it has not confirmed. */
static void
device_issue(struct device *d, const char *identity)
{
	struct rig_answer	a;
	struct store_authz	z;
	struct fault		f = { 0 };

	memset(d, 0, sizeof(*d));
	rig_authorize(&rig, "s2s-gateway", identity, "device", &d->t);
	d->key = key_generate(KEY_EC_P256, &f);
	device_ask(d, &a);
	z = rig_authz(&rig, d->t.id);
	assert_int_equal(z.state, STORE_AUTHZ_ISSUED);
	rig_must(cert_decode(rig_cert(&rig, z.cert).body, &d->cert, &f), &f);
}

/* reason NULL: accepted. */
static void
device_confirm(struct device *d, const char *reason, struct rig_answer *out)
{
	struct exchange	x = d->x;	/* each time as if for the first */
	struct buf	m, answer;
	struct fault	f = { 0 };

	buf_init(&m, MESSAGE_MAX);
	rig_must(ask_confirm(&d->cert, d->key, reason, rng_system(), rig.now, &x, &m, &f), &f);
	rig_send(&rig, buf_view(&m), &answer);
	assert_false(rig.again);
	rig_read(&rig, buf_view(&answer), out);
	buf_clear(&m);
	buf_clear(&answer);
}

/* C-12: what is not confirmed in time is over, whatever comes later. */
static void
test_confirmation_too_late(void **state)
{
	struct device		d;
	struct rig_answer	a;
	struct fault		f = { 0 };

	(void)state;
	device_issue(&d, "fqdn:late.example");
	rig.now += rig_authz(&rig, d.t.id).confirm_within + 2;
	rig_must(engine_tick(rig.engine, rig.now, &f), &f);
	assert_int_equal(rig_authz(&rig, d.t.id).state, STORE_AUTHZ_REVOKED);
	device_confirm(&d, NULL, &a);
	assert_int_equal(rig_fail(&a, ASK_CONFIRM_ID), CMC_BAD_CERT_ID);
	assert_int_equal(rig_code(&rig, &a, ASK_CONFIRM_ID), CVP_CONFIRMATION_LATE);
	device_clear(&d);
}

static void
test_rejection_repeated(void **state)
{
	struct device		d;
	struct rig_answer	a;

	(void)state;
	device_issue(&d, "fqdn:reject.example");
	device_confirm(&d, "does not fit", &a);
	assert_int_equal(rig_fail(&a, ASK_CONFIRM_ID), -1);
	assert_int_equal(rig_authz(&rig, d.t.id).state, STORE_AUTHZ_REJECTED);
	device_confirm(&d, "does not fit", &a);		/* the receipt was lost */
	assert_int_equal(rig_fail(&a, ASK_CONFIRM_ID), -1);
	device_confirm(&d, NULL, &a);
	assert_int_equal(rig_code(&rig, &a, ASK_CONFIRM_ID), CVP_CONFIRMATION_LATE);
	device_clear(&d);
}

/* C-11: two repeats meet in one batch: the nonce of either answer will do. */
static void
test_repeats_in_one_batch(void **state)
{
	struct device		d, e[2];
	struct rig_answer	a;
	struct exchange_trust	trust = { .now = rig.now };
	struct exchange_answer	r;
	struct job		jobs[2];
	struct buf		m[2];
	struct fault		f = { 0 };

	(void)state;
	device_issue(&d, "fqdn:repeat.example");
	memcpy(trust.anchor_sha256, d.t.anchor, sizeof(trust.anchor_sha256));
	for (int i = 0; i < 2; i++) {
		e[i] = d;
		buf_init(&m[i], MESSAGE_MAX);
		rig_must(ask_enroll(&d.t, d.key, rng_system(), rig.now, &e[i].x, &m[i], &f), &f);
		jobs[i] = (struct job){ .message = buf_view(&m[i]), .source = "unit" };
		buf_init(&jobs[i].answer, MESSAGE_MAX);
	}
	engine_run(rig.engine, jobs, 2, rig.now);
	for (int i = 0; i < 2; i++) {
		assert_false(jobs[i].again);
		rig_must(exchange_read(&e[i].x, arena_copy(rig.arena, buf_view(&jobs[i].answer)),
		    &trust, rig.arena, &r, &f), &f);
		buf_clear(&jobs[i].answer);
		buf_clear(&m[i]);
	}
	device_confirm(&e[0], NULL, &a);
	assert_int_equal(rig_fail(&a, ASK_CONFIRM_ID), -1);
	device_confirm(&e[1], NULL, &a);
	assert_int_equal(rig_fail(&a, ASK_CONFIRM_ID), -1);
	device_clear(&d);
}

/*
 * Whoever knows the token can tell the trust anchor in the answer from a
 * stranger's (C-10): read as a Peer without any anchor would.  C-20: a thousand
 * iterations, and a salt of its own for each id.
 */
static void
test_anchors_for_the_token(void **state)
{
	struct device			d = { 0 };
	struct rig_answer		a;
	struct fault			f = { 0 };
	const struct cmc_control	*c;
	const struct cmc_content	*in;
	struct cms_authenticated	m;
	struct pbkdf2_params		kdf;
	struct cmc_request		data;
	struct cmc_anchors		anchors;
	struct secret			key = { 0 };
	uint8_t				kek[KEK_OCTETS], digest[SHA256_OCTETS], mac[SHA256_OCTETS];
	struct view			nonce;
	uint32_t			id;

	(void)state;
	rig_authorize(&rig, "s2s-gateway", "fqdn:anchor.example", "anchor", &d.t);
	d.key = key_generate(KEY_EC_P256, &f);
	device_ask(&d, &a);
	c = cmc_find(&a.response.controls, CMC_AUTH_DATA);
	assert_non_null(c);
	rig_must(cmc_body_part_decode(c->value, &id, &f), &f);
	in = cmc_content_by_id(&a.response.contents, id);
	assert_non_null(in);
	rig_must(cms_authenticated_decode(in->contentinfo, rig.arena, &m, &f) &&
	    pbkdf2_params_decode(m.recipients[0].derivation.params, &kdf, &f), &f);
	assert_int_equal(kdf.iterations, KEK_ITERATIONS);
	assert_int_equal(kdf.salt.n, KEK_SALT_OCTETS);
	rig_must(kek_of_token(view_str(d.t.token), view_str(d.t.id), kdf.salt.p, kek, &f) &&
	    key_unwrap(view_of(kek, sizeof(kek)), m.recipients[0].encrypted_key, &key, &f), &f);
	sha256(m.content, digest);
	assert_true(view_equal(m.attr_message_digest, view_of(digest, sizeof(digest))));
	assert_true(view_equal(m.attr_content_type, OID_CT_PKI_DATA));
	hmac_sha256(view_of(key.p, key.n), m.auth_attrs, mac);
	assert_true(view_equal(m.mac, view_of(mac, sizeof(mac))));
	secret_clear(&key);

	rig_must(cmc_request_decode(m.content, rig.arena, &cmc_limits_peer, &data, NULL, &f), &f);
	assert_int_equal(data.controls.n, 3);
	rig_must(cmc_nonce(cmc_find(&data.controls, CMC_RECIPIENT_NONCE)->value, &nonce, &f) &&
	    cmc_anchors_decode(cmc_find(&data.controls, CMC_TRUSTED_ANCHORS)->value, rig.arena,
	    &anchors, &f), &f);
	assert_true(view_equal(nonce, view_of(d.x.sent, sizeof(d.x.sent))));
	assert_int_equal(anchors.n_hashes, 1);
	assert_true(view_equal(anchors.hashes[0], view_of(d.t.anchor, sizeof(d.t.anchor))));
	device_clear(&d);
}

/* --- authorizations ------------------------------------------------------------------ */

#define ENTRIES	4

struct wish {
	struct cvp_authz_request q;
	struct cvp_entry	 entries[ENTRIES];
	struct cvp_terms	 terms[ENTRIES];
	struct cvp_cert		 certs[ENTRIES];
	struct extension	 san[ENTRIES];
	uint8_t			 batch[16];
};

static void
wish_init(struct wish *w, const char *template)
{
	memset(w, 0, sizeof(*w));
	rng_fill(rng_system(), w->batch, sizeof(w->batch));
	w->q = (struct cvp_authz_request){
		.batch_id = view_of(w->batch, sizeof(w->batch)),
		.template = { .name = view_str(template) },
		.encrypt_to = buf_view(&rig.admin.cert), .entries = w->entries,
	};
}

static struct cvp_entry *
wish_add(struct wish *w, const char *identity)
{
	size_t			i = w->q.n_entries++;
	struct identity		id;
	struct general_name	name;
	struct buf		value;
	struct fault		f = { 0 };

	rig_must(identity_parse_tagged(view_str(identity), &id, &f), &f);
	identity_to_san(&id, &name);
	buf_init(&value, 1024);
	general_names_put(&value, &name, 1);
	w->san[i] = (struct extension){ .oid = OID_SUBJECT_ALT_NAME,
		.value = arena_copy(rig.arena, buf_view(&value)) };
	buf_clear(&value);
	w->certs[i] = (struct cvp_cert){ .extensions = &w->san[i], .n_extensions = 1 };
	w->terms[i].cert = &w->certs[i];
	w->entries[i] = (struct cvp_entry){ .entry_id = (uint32_t)i + 1, .terms = &w->terms[i] };
	return &w->entries[i];
}

static void
wish_send(const struct wish *w, struct rig_answer *a, struct cvp_authz_response *r)
{
	struct buf			value;
	const struct cmc_control	*c;
	struct fault			f = { 0 };

	buf_init(&value, MESSAGE_MAX);
	cvp_put_authz_request(&value, &w->q);
	rig_ask(&rig, &rig.admin, CVP_AUTHZ_REQUEST, buf_view(&value), a);
	buf_clear(&value);
	memset(r, 0, sizeof(*r));
	assert_false(rig.again);
	c = cmc_find(&a->response.controls, CVP_AUTHZ_RESPONSE);
	if (c != NULL)
		rig_must(cvp_authz_response_decode(c->value, rig.arena, r, &f), &f);
}

static uint32_t
result_code(const struct cvp_authz_response *r, size_t i)
{
	return r->results[i].failure != NULL ? r->results[i].failure->code : 0;
}

/* The ticket of entry i, from the envelope. */
static void
wish_ticket(const struct rig_answer *a, size_t i, const char *identity, struct ticket *t)
{
	struct secret		plain = { 0 };
	struct cvp_secrets	s;
	struct cert		c;
	struct fault		f = { 0 };

	memset(t, 0, sizeof(*t));
	rig_must(cert_decode(buf_view(&rig.admin.cert), &c, &f) &&
	    envelope_open(a->response.contents.v[0].contentinfo, rig.admin.key, &c, &plain, &f) &&
	    cvp_secrets_decode(view_of(plain.p, plain.n), rig.arena, &s, &f), &f);
	memcpy(t->id, s.v[i].id.p, s.v[i].id.n);
	memcpy(t->token, s.v[i].token.p, s.v[i].token.n);
	secret_clear(&plain);
	memcpy(t->anchor, rig.r.root_sha256, sizeof(t->anchor));
	snprintf(t->url, sizeof(t->url), "%s/cmc", rig.q.url);
	snprintf(t->identities[t->n_identities++], sizeof(t->identities[0]), "%s", identity);
	snprintf(t->template, sizeof(t->template), "s2s-gateway");
	snprintf(t->key, sizeof(t->key), "ec-p256");
}

static void
set_rights(const char *rights)
{
	struct store_admin	ad;
	struct fault		f = { 0 };
	bool			done = false;

	rig_must(store_begin(rig.store, &f) &&
	    store_admin_find(rig.store, "admin", rig.arena, &ad, &f) &&
	    store_admin_set_rights(rig.store, ad.n, rights, &done, &f) &&
	    store_commit(rig.store, &f), &f);
	assert_true(done);
}

/* C-3: a repeated answer is given to who still may ask. */
static void
test_repeat_asks_for_the_right_again(void **state)
{
	struct wish			w;
	struct rig_answer		a;
	struct cvp_authz_response	r;

	(void)state;
	wish_init(&w, "s2s-gateway");
	wish_add(&w, "fqdn:rights.example");
	wish_send(&w, &a, &r);
	assert_int_equal(r.n_results, 1);
	set_rights("ra-user:authorize *:query");
	wish_send(&w, &a, &r);
	assert_int_equal(a.response.contents.n, 0);
	assert_int_equal(rig_code(&rig, &a, RIG_CONTROL), CVP_TEMPLATE_UNKNOWN);
	assert_true(rig_audits(&rig, "refused") > 0);
	set_rights("*");
	wish_send(&w, &a, &r);
	assert_int_equal(a.response.contents.n, 1);
}

/* C-3: once a token is used the secrets of its batch are nobody's. */
static void
test_secrets_go_with_the_first_proof(void **state)
{
	struct wish			w;
	struct rig_answer		a, b;
	struct cvp_authz_response	r;
	struct device			d = { 0 };
	struct fault			f = { 0 };

	(void)state;
	wish_init(&w, "s2s-gateway");
	wish_add(&w, "fqdn:first.example");
	wish_add(&w, "fqdn:second.example");
	wish_send(&w, &a, &r);
	wish_ticket(&a, 0, "fqdn:first.example", &d.t);
	d.key = key_generate(KEY_EC_P256, &f);
	device_ask(&d, &b);
	assert_int_equal(rig_authz(&rig, d.t.id).state, STORE_AUTHZ_ISSUED);
	wish_send(&w, &a, &r);
	assert_int_equal(a.response.contents.n, 0);
	assert_int_equal(r.n_results, 2);
	assert_int_equal(r.secrets, 0);
	device_clear(&d);
}

/* C-3: nor are they when their window has ended. */
static void
test_secrets_go_with_the_window(void **state)
{
	struct wish			w;
	struct rig_answer		a;
	struct cvp_authz_response	r;
	struct store_batch		b;
	struct store_admin		ad;
	struct fault			f = { 0 };

	(void)state;
	wish_init(&w, "s2s-gateway");
	wish_add(&w, "fqdn:window.example");
	w.terms[0].has_window = true;
	w.terms[0].window_not_after = (struct cvp_time){ true, rig.now + 60 };
	wish_send(&w, &a, &r);
	rig.now += 62;
	rig_must(engine_tick(rig.engine, rig.now, &f) &&
	    store_admin_find(rig.store, "admin", rig.arena, &ad, &f) &&
	    store_batch_find(rig.store, ad.n, w.q.batch_id, rig.arena, &b, &f), &f);
	assert_int_not_equal(b.n, 0);
	assert_int_equal(b.secrets.n, 0);
}

static size_t	mints;

static bool
count_mints(void *ctx, struct view questions)
{
	struct frame	q;
	struct fault	f = { 0 };
	size_t		used;

	(void)ctx;
	mints += frame_take(questions, FRAME_BODY_MAX, &q, &used, &f) && used > 0 &&
	    q.type == SIGNER_MINT;
	return false;
}

/* C-20: rights, limits and duplicates come before the first key derivation. */
static void
test_no_work_for_who_is_refused(void **state)
{
	static const struct {
		const char	*label, *rights, *template, *identity;
		size_t		 mints;
	} cases[] = {
		{ "granted", "*", "s2s-gateway", "fqdn:work.example", 1 },
		{ "a name that is taken", "*", "s2s-gateway", "fqdn:work.example", 0 },
		{ "no such template", "*", "s2s-gatewaz", "fqdn:work2.example", 0 },
		{ "no right", "*:query", "s2s-gateway", "fqdn:work3.example", 0 },
		{ "no name of the template's kinds", "*", "s2s-gateway", "email:a@work.example", 0 },
	};
	struct wish			w;
	struct rig_answer		a;
	struct cvp_authz_response	r;

	(void)state;
	rig.lose = count_mints;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mints = 0;
		set_rights(cases[i].rights);
		wish_init(&w, cases[i].template);
		wish_add(&w, cases[i].identity);
		wish_send(&w, &a, &r);
		if (mints != cases[i].mints)
			fail_msg("%s: %zu times MINT", cases[i].label, mints);
	}
	rig.lose = NULL;
	set_rights("*");
}

static void
test_wanted_id_once(void **state)
{
	struct wish			w;
	struct rig_answer		a;
	struct cvp_authz_response	r;

	(void)state;
	wish_init(&w, "s2s-gateway");
	wish_add(&w, "fqdn:id1.example")->wanted_id = VIEW_LIT("one-and-only");
	wish_add(&w, "fqdn:id2.example")->wanted_id = VIEW_LIT("one-and-only");
	wish_send(&w, &a, &r);
	assert_int_equal(r.n_results, 2);
	assert_int_equal(result_code(&r, 0), 0);
	assert_int_equal(result_code(&r, 1), CVP_WANTED_ID);
}

static void
test_nobody_else_s_admin(void **state)
{
	struct wish			w;
	struct rig_answer		a;
	struct cvp_authz_response	r;
	struct fault			f = { 0 };

	(void)state;
	rig_must(engine_add_admin(rig.engine, "boss", "*", rig.now, &f), &f);
	set_rights("*:authorize *:query");
	wish_init(&w, "admin");
	wish_add(&w, "email:boss@admin.example")->label = VIEW_LIT("boss");
	wish_add(&w, "email:me@admin.example")->label = VIEW_LIT("newcomer");
	wish_send(&w, &a, &r);
	assert_int_equal(result_code(&r, 0), CVP_REQUESTER_MAY_NOT);
	assert_int_equal(result_code(&r, 1), 0);
	set_rights("*");
}

/* C-16: terms that we do not keep are refused, never left out in silence. */
static void
test_not_offered_is_refused(void **state)
{
	struct wish			w;
	struct rig_answer		a;
	struct cvp_authz_response	r;
	struct cvp_lifecycle		life = { .revocation_info = { true,
		CVP_REVOCATION_LDAP } };

	(void)state;
	wish_init(&w, "s2s-gateway");
	wish_add(&w, "fqdn:old.example");
	wish_add(&w, "fqdn:challenge.example");
	wish_add(&w, "fqdn:ldap.example");
	wish_add(&w, "fqdn:reject.example.net");
	w.terms[0].on_template_change = (struct cvp_uint){ true, CVP_CHANGE_USE_OLD };
	w.terms[1].pop_challenge = (struct cvp_bool){ true, true };
	w.terms[2].lifecycle = &life;
	w.terms[3].on_template_change = (struct cvp_uint){ true, CVP_CHANGE_REJECT };
	wish_send(&w, &a, &r);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(result_code(&r, i), CVP_TERMS_CONFLICT);
	assert_int_equal(result_code(&r, 3), 0);
}

static void
test_key_specs_hold(void **state)
{
	struct wish			w;
	struct rig_answer		a;
	struct cvp_authz_response	r;
	struct cvp_key_spec		p384 = { .algorithm = {
		.oid = VIEW_LIT("\x2a\x86\x48\xce\x3d\x02\x01"),
		.params = VIEW_LIT("\x06\x05\x2b\x81\x04\x00\x22") } };
	struct device			d = { 0 };
	struct fault			f = { 0 };
	size_t				before = rig_audits(&rig, "enrolment refused");

	(void)state;
	wish_init(&w, "s2s-gateway");
	wish_add(&w, "fqdn:p384.example");
	w.terms[0].key_specs = &p384;
	w.terms[0].n_key_specs = 1;
	wish_send(&w, &a, &r);
	wish_ticket(&a, 0, "fqdn:p384.example", &d.t);
	d.key = key_generate(KEY_EC_P256, &f);
	device_ask(&d, &a);
	assert_int_equal(rig_code(&rig, &a, ASK_REQUEST_ID), CVP_KEY_NOT_PERMITTED);
	assert_int_equal(rig_authz(&rig, d.t.id).last_failure, CVP_KEY_NOT_PERMITTED);
	assert_int_equal(rig_audits(&rig, "enrolment refused"), before + 1);
	key_free(d.key);
	d.key = key_generate(KEY_EC_P384, &f);
	device_ask(&d, &a);
	assert_int_equal(rig_authz(&rig, d.t.id).state, STORE_AUTHZ_ISSUED);
	device_clear(&d);
}

/* --- revocation and cancellation ------------------------------------------------------- */

static void
put_revoke(struct cmc_writer *w, uint32_t id, struct view issuer, struct view serial)
{
	struct cmc_revoke	r = { .cert = { issuer, serial }, .reason = CRL_SUPERSEDED };
	struct cmc_mark		m = cmc_control_begin(w, id, CMC_REVOKE_REQUEST);

	cmc_put_revoke(w->out, &r);
	cmc_control_end(w, m);
}

/* Of three, the second is unknown: each is told for itself, and each is done. */
static void
test_each_revocation_for_itself(void **state)
{
	struct device		d[2];
	struct cmc_writer	w;
	struct exchange		x;
	struct buf		content, m, answer;
	struct rig_answer	a;
	struct fault		f = { 0 };
	uint8_t			other[16];
	uint32_t		id = 1;

	(void)state;
	device_issue(&d[0], "fqdn:r1.example");
	device_issue(&d[1], "fqdn:r2.example");
	memcpy(other, d[0].cert.serial.p, sizeof(other));
	other[15] ^= 1;
	buf_init(&content, MESSAGE_MAX);
	buf_init(&m, MESSAGE_MAX);
	exchange_begin(&x, rng_system());
	cmc_data_begin(&w, &content);
	exchange_put(&x, rng_system(), &w, &id);
	put_revoke(&w, 11, d[0].cert.issuer, d[0].cert.serial);
	put_revoke(&w, 12, d[0].cert.issuer, view_of(other, sizeof(other)));
	put_revoke(&w, 13, d[1].cert.issuer, d[1].cert.serial);
	cmc_finish(&w);
	rig_must(message_sign(&rig.admin.signer, rig.admin.key, OID_CT_PKI_DATA,
	    buf_view(&content), rig.now, &m, &f), &f);
	rig_send(&rig, buf_view(&m), &answer);
	rig_read(&rig, buf_view(&answer), &a);
	assert_int_equal(rig_fail(&a, 11), -1);
	assert_int_equal(rig_code(&rig, &a, 12), CVP_ADMIN_MAY_NOT_REVOKE);
	assert_int_equal(rig_fail(&a, 13), -1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rig_cert(&rig, rig_authz(&rig, d[i].t.id).cert).state,
		    STORE_CERT_REVOKED);
		assert_int_equal(rig_authz(&rig, d[i].t.id).state, STORE_AUTHZ_REVOKED);
		device_clear(&d[i]);
	}
	buf_clear(&content);
	buf_clear(&m);
	buf_clear(&answer);
}

static void
ask_revoke(const struct rig_actor *who, struct view issuer, struct view serial,
    struct rig_answer *a)
{
	struct cmc_revoke	r = { .cert = { issuer, serial }, .reason = CRL_SUPERSEDED };
	struct buf		value;

	buf_init(&value, MESSAGE_MAX);
	cmc_put_revoke(&value, &r);
	rig_ask(&rig, who, CMC_REVOKE_REQUEST, buf_view(&value), a);
	buf_clear(&value);
}

/* Nobody learns whether a serial number that is not his exists. */
static void
test_foreign_is_unknown(void **state)
{
	struct device				d;
	struct ticket				t;
	struct rig_actor			gw;
	struct rig_answer			a, b;
	const struct cmc_status_info		*x, *y;
	uint8_t					other[16];

	(void)state;
	device_issue(&d, "fqdn:foreign.example");
	rig_authorize(&rig, "s2s-gateway", "fqdn:nosy.example", "nosy", &t);
	rig_enroll(&rig, &t, "nosy", &gw);
	memcpy(other, d.cert.serial.p, sizeof(other));
	other[15] ^= 1;
	ask_revoke(&gw, d.cert.issuer, d.cert.serial, &a);
	ask_revoke(&gw, d.cert.issuer, view_of(other, sizeof(other)), &b);
	assert_int_equal(rig_fail(&a, RIG_CONTROL), CMC_BAD_IDENTITY);
	x = cmc_status_with(&a.status, RIG_CONTROL, CMC_OTHER_FAIL);
	y = cmc_status_with(&b.status, RIG_CONTROL, CMC_OTHER_FAIL);
	assert_non_null(y);
	assert_true(view_equal(x->text, y->text));
	rig_actor_clear(&gw);
	ticket_clear(&t);
	device_clear(&d);
}

/* C-4, C-23: one algorithm, before anything of the id is looked at. */
static void
test_cancel_with_other_algorithm(void **state)
{
	static const uint8_t	witness[PROOF_OCTETS];
	struct cvp_cancel_item	item = { .id = VIEW_LIT("whatever"),
		.mac_alg = { .oid = OID_SHA256 }, .witness = view_of(witness, sizeof(witness)) };
	struct cvp_cancel	c = { .nonce = VIEW_LIT("0123456789abcdef"), .items = &item,
		.n_items = 1 };
	struct rig_answer	a;
	struct buf		value;

	(void)state;
	buf_init(&value, MESSAGE_MAX);
	cvp_put_cancel(&value, &c);
	rig_ask(&rig, NULL, CVP_AUTHZ_CANCEL, buf_view(&value), &a);
	assert_int_equal(rig_fail(&a, RIG_CONTROL), CMC_BAD_ALG);
	item.mac_alg.oid = OID_HMAC_SHA256;
	buf_reset(&value);
	cvp_put_cancel(&value, &c);
	rig_ask(&rig, NULL, CVP_AUTHZ_CANCEL, buf_view(&value), &a);
	assert_int_equal(rig_fail(&a, RIG_CONTROL), -1);
	buf_clear(&value);
}

/* --- time ------------------------------------------------------------------------------ */

/* C-24: time stands still, or nothing is decided. */
static void
test_clock_does_not_go_back(void **state)
{
	struct device		d;
	struct rig_answer	a;
	struct fault		f = { 0 };
	int64_t			right = rig.now;

	(void)state;
	device_issue(&d, "fqdn:clock.example");
	rig_must(engine_tick(rig.engine, rig.now, &f), &f);
	rig.now = right - 200;		/* an NTP step: time stands still */
	device_confirm(&d, NULL, &a);
	assert_int_equal(rig_fail(&a, ASK_CONFIRM_ID), -1);
	assert_int_equal(rig_cert(&rig, rig_authz(&rig, d.t.id).cert).confirmed_at, right);
	rig.now = right - 86400;
	device_confirm(&d, NULL, &a);
	assert_int_equal(rig_fail(&a, CMC_WHOLE_MESSAGE), CMC_TRY_LATER);
	rig_close(&rig);
	rig_open(&rig);			/* the mark is on disk */
	device_confirm(&d, NULL, &a);
	assert_int_equal(rig_fail(&a, CMC_WHOLE_MESSAGE), CMC_TRY_LATER);
	rig.now = right;
	device_confirm(&d, NULL, &a);
	assert_int_equal(rig_fail(&a, ASK_CONFIRM_ID), -1);
	device_clear(&d);
}

/* C-18: a refusal is answered at one of few moments. */
static void
test_refusal_floor(void **state)
{
	static const struct {
		int64_t	arrived, now, due;
	} cases[] = {
		{ 1000, 1000, 1050 }, { 1000, 1049, 1050 }, { 1000, 1050, 1100 },
		{ 1000, 1070, 1100 }, { 1000, 990, 1050 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(engine_refusal_due(cases[i].arrived, cases[i].now, 50),
		    cases[i].due);
}

/* --- what an Admin is told ---------------------------------------------------------------- */

static void
test_events_name_certificates(void **state)
{
	const struct cmc_control	*c;
	struct cvp_event_report		 r;
	struct rig_answer		 a;
	struct fault			 f = { 0 };
	size_t				 named = 0;
	struct cvp_event_query		 q = { 0 };
	struct buf			 value;

	(void)state;
	buf_init(&value, 1024);
	cvp_put_event_query(&value, &q);
	rig_ask(&rig, &rig.admin, CVP_EVENT_QUERY, buf_view(&value), &a);
	buf_clear(&value);
	c = cmc_find(&a.response.controls, CVP_EVENT_REPORT);
	assert_non_null(c);
	rig_must(cvp_event_report_decode(c->value, rig.arena, &r, &f), &f);
	for (size_t i = 0; i < r.n_events; i++)
		if (r.events[i].kind == CVP_EVENT_ISSUED) {
			assert_non_null(r.events[i].cert);
			named++;
		}
	assert_true(named > 0);
}

static void
test_no_key_generation(void **state)
{
	struct cvp_key_gen_request	q = { .target = { .entry_id = 1 },
		.key = { .algorithm = { .oid = VIEW_LIT("\x2b\x65\x70") } } };
	struct view			to = buf_view(&rig.admin.cert);
	struct rig_answer		a;
	struct buf			value;

	(void)state;
	q.protect_for = (struct cvp_list){ &to, 1 };
	buf_init(&value, MESSAGE_MAX);
	cvp_put_key_gen_request(&value, &q);
	rig_ask(&rig, &rig.admin, CVP_KEY_GEN_REQUEST, buf_view(&value), &a);
	buf_clear(&value);
	assert_int_equal(rig_fail(&a, RIG_CONTROL), CMC_BAD_REQUEST);
	assert_int_equal(rig_code(&rig, &a, RIG_CONTROL), CVP_NO_KEY_GENERATION);
}

static bool
on_crl(struct view serial)
{
	size_t			n;
	const struct object	*o = engine_objects(rig.engine, &n);
	struct crl		c;
	struct crl_revoked	r;
	struct fault		f = { 0 };
	bool			found = false;

	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].path, "/crl/ike.crl") == 0)
			rig_must(crl_decode(buf_view(&o[i].body), &c, &f) &&
			    crl_find(&c, serial, &found, &r, &f), &f);
	return found;
}

/* On one CRL behind its end, and then no more. */
static void
test_expired_entry_leaves_late(void **state)
{
	struct device		d;
	struct rig_answer	a;
	struct fault		f = { 0 };
	int64_t			end;

	(void)state;
	device_issue(&d, "fqdn:ends.example");
	end = d.cert.not_after;
	ask_revoke(&rig.admin, d.cert.issuer, d.cert.serial, &a);
	assert_true(on_crl(d.cert.serial));
	rig.now = end + 60;
	rig_must(engine_tick(rig.engine, rig.now, &f), &f);
	assert_true(on_crl(d.cert.serial));
	rig.now = end + 2 * rig.config.crl_lifetime;
	rig_must(engine_tick(rig.engine, rig.now, &f), &f);
	assert_false(on_crl(d.cert.serial));
	device_clear(&d);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_confirmation_too_late),
		cmocka_unit_test(test_rejection_repeated),
		cmocka_unit_test(test_repeats_in_one_batch),
		cmocka_unit_test(test_anchors_for_the_token),
		cmocka_unit_test(test_repeat_asks_for_the_right_again),
		cmocka_unit_test(test_secrets_go_with_the_first_proof),
		cmocka_unit_test(test_secrets_go_with_the_window),
		cmocka_unit_test(test_no_work_for_who_is_refused),
		cmocka_unit_test(test_wanted_id_once),
		cmocka_unit_test(test_nobody_else_s_admin),
		cmocka_unit_test(test_not_offered_is_refused),
		cmocka_unit_test(test_key_specs_hold),
		cmocka_unit_test(test_each_revocation_for_itself),
		cmocka_unit_test(test_foreign_is_unknown),
		cmocka_unit_test(test_cancel_with_other_algorithm),
		cmocka_unit_test(test_clock_does_not_go_back),
		cmocka_unit_test(test_refusal_floor),
		cmocka_unit_test(test_events_name_certificates),
		cmocka_unit_test(test_no_key_generation),
		cmocka_unit_test(test_expired_entry_leaves_late),	/* years later: last */
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
