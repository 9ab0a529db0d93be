/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admins, and what they must not be able to do: rights of others, names of
 * others, batches again, weak tokens, the controls of RAs (C-2, C-3,
 * C-5, C-6, C-13, C-15, C-16, C-17, C-22).
 *
 * R4809-2.1.2-3: an Admin's message, and nobody else's, test_grant,
 *   test_peer_is_no_admin
 * R4809-2.1.2-6: a template that there is not, test_orders
 * R4809-3.1.2-2: template, names and key of the order are the certificate's,
 *   test_grant, test_fixed_key
 * R4809-3.1.2-4: who is no Admin, or has no right any more, test_peer_is_no_admin,
 *   test_repeat_without_rights
 * R4809-3.2.1-1: orders, acknowledgements, queries and revocations by one message form,
 *   raw_ask
 * R4809-3.2.1-2: an Admin without rights, secrets in the clear, test_orders
 * R4809-3.2.2-2: two of one name, test_twins
 * R4809-3.2.4.1-1: a template that both know, or none, test_orders
 * R4809-3.2.4.1-3: what the Admin states is what the certificate has, test_fixed_key
 * R4809-3.2.5.1-1: each refusal with its code, test_orders, test_names
 * SEED-39: pairs for one and for several, test_grant, test_twins
 * SEED-61: codes of refusals, test_orders
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "crypt/digest.h"
#include "flow_raw.h"
#include "message/envelope.h"
#include "pki/console.h"
#include "profile/identity.h"

static struct flow_pki	pki;
static struct device	admin_device, second_device, peer_device;
static struct raw_cert	admin, second, peer;	/* second may do little */

#define SECOND_RIGHTS	"s2s-gateway:query s2s-gateway:authorize"
#define WHOLE		CMC_WHOLE_MESSAGE
#define NOTHING		VIEW_LIT("\x30\x00")

/* One authzRequest with one entry, or two. */
struct order {
	const struct raw_cert	*by;
	const char		*template;	/* NULL: s2s-gateway */
	const char		*name;		/* "fqdn:..." */
	const char		*other;		/* of a second entry */
	struct view		 san;		/* instead of name, as GeneralNames */
	const char		*batch;		/* NULL: a new one */
	uint64_t		 version;
	bool			 channel;
	const struct raw_cert	*to;		/* NULL: by */
	const struct cvp_secret_format *token;
	const char		*wanted;
	const struct cmc_cert_id *replaces;
	struct view		 public_key;
	unsigned		 key_gen;
	bool			 key_lost;
};

struct reply {
	struct raw_answer	 a;
	struct cvp_authz_response r;	/* when it has not failed */
};

static void
san_of(const struct order *o, const char *name, struct buf *out)
{
	struct general_name	n;
	struct identity		id;
	struct fault		f = { 0 };

	if (o->san.n > 0) {
		buf_add_view(out, o->san);
		return;
	}
	assert_true(identity_parse_tagged(view_str(name), &id, &f));
	identity_to_san(&id, &n);
	general_names_put(out, &n, 1);
}

static void
put_order(const struct order *o, struct buf *out)
{
	static unsigned		 n;
	char			 batch[32];
	const char		*names[2] = { o->name, o->other };
	struct buf		 sans[2];
	struct extension	 ext[2];
	struct cvp_cert		 cert[2];
	struct cvp_terms	 terms[2];
	struct cvp_entry	 entries[2];
	struct cvp_authz_request q = {
		.template = { .name = view_str(o->template != NULL ? o->template : "s2s-gateway"),
		    .version = { o->version != 0, o->version } },
		.terms = { .token_format = o->token },
		.delivery = o->channel ? CVP_CHANNEL_ONLY : CVP_ENCRYPT_TO,
		.encrypt_to = o->channel ? VIEW_NONE :
		    buf_view(o->to != NULL ? &o->to->der : &o->by->der),
		.entries = entries, .n_entries = o->other != NULL ? 2 : 1,
	};

	snprintf(batch, sizeof(batch), "batch-%011u", n++);
	q.batch_id = view_str(o->batch != NULL ? o->batch : batch);
	for (size_t i = 0; i < 2; i++) {
		buf_init(&sans[i], 4096);
		if (names[i] != NULL || (i == 0 && o->san.n > 0))
			san_of(o, names[i], &sans[i]);
		ext[i] = (struct extension){ .oid = OID_SUBJECT_ALT_NAME,
		    .value = buf_view(&sans[i]) };
		cert[i] = (struct cvp_cert){ .extensions = &ext[i], .n_extensions = 1,
		    .public_key = o->public_key };
		terms[i] = (struct cvp_terms){ .cert = &cert[i],
		    .key_gen = { o->key_gen != 0, o->key_gen },
		    .key_lost = { o->key_lost, o->key_lost } };
		entries[i] = (struct cvp_entry){ .entry_id = (uint32_t)i + 1, .terms = &terms[i],
		    .wanted_id = view_str(o->wanted), .replaces = o->replaces };
	}
	cvp_put_authz_request(out, &q);
	buf_clear(&sans[0]);
	buf_clear(&sans[1]);
}

static void
send_order(const struct order *o, struct reply *out)
{
	struct buf	value;
	struct fault	f = { 0 };

	memset(&out->r, 0, sizeof(out->r));
	buf_init(&value, RAW_MAX);
	put_order(o, &value);
	raw_ask(&pki, o->by, CVP_AUTHZ_REQUEST, buf_view(&value), &out->a);
	if (!out->a.again && !out->a.failed)
		assert_true(cvp_authz_response_decode(cmc_find(&out->a.r.controls,
		    CVP_AUTHZ_RESPONSE)->value, out->a.a, &out->r, &f));
	buf_clear(&value);
}

static void
expect_refused(struct raw_answer *a, uint32_t fail, uint32_t code, const char *label)
{
	if (a->again || !a->failed || a->fail != fail || a->code != code ||
	    a->about != RAW_EXTRA)
		fail_msg("%s: again %d, failed %d, %s, code %u, about %u", label, a->again,
		    a->failed, cmc_fail_name(a->fail), a->code, a->about);
	raw_answer_clear(a);
}

/* Code of the entry, 0: granted. */
static uint32_t
code_of(const struct reply *r, size_t i)
{
	if (r->a.again || r->a.failed)
		fail_msg("again %d, failed %d, %s, code %u", r->a.again, r->a.failed,
		    cmc_fail_name(r->a.fail), r->a.code);
	assert_true(i < r->r.n_results);
	return r->r.results[i].failure != NULL ? r->r.results[i].failure->code : 0;
}

static void
expect_entry(const struct order *o, uint32_t code, const char *label)
{
	struct reply	r;

	send_order(o, &r);
	if (code_of(&r, 0) != code)
		fail_msg("%s: code %u", label, code_of(&r, 0));
	raw_answer_clear(&r.a);
}

/* What the Admin's program does with a grant: a ticket. */
static void
take_ticket(const struct reply *r, const struct order *o, struct device *d)
{
	struct cvp_secrets	s;
	struct secret		plain = { 0 };
	struct fault		f = { 0 };

	assert_int_equal(r->a.r.contents.n, 1);
	assert_int_equal(r->a.r.contents.v[0].id, r->r.secrets);
	assert_true(envelope_open(r->a.r.contents.v[0].contentinfo, o->by->key, &o->by->cert,
	    &plain, &f));
	assert_true(cvp_secrets_decode(view_of(plain.p, plain.n), r->a.a, &s, &f));
	assert_int_equal(s.n, 1);
	assert_true(view_equal(s.v[0].id, r->r.results[0].id));
	snprintf(d->t.id, sizeof(d->t.id), "%.*s", (int)s.v[0].id.n, (const char *)s.v[0].id.p);
	snprintf(d->t.token, sizeof(d->t.token), "%.*s", (int)s.v[0].token.n,
	    (const char *)s.v[0].token.p);
	snprintf(d->t.identities[0], sizeof(d->t.identities[0]), "%s", o->name);
	secret_clear(&plain);
}

/* --- a grant that is used -------------------------------------------------------------- */

/* R4809-3.2.4.3-1: what the Admin was given works at the device it is for. */
static void
test_grant(void **state)
{
	struct order	o = { .by = &admin, .name = "fqdn:granted.example" };
	struct device	d;
	struct reply	r;

	(void)state;
	gateway(&d, &pki);
	send_order(&o, &r);
	assert_int_equal(code_of(&r, 0), 0);
	take_ticket(&r, &o, &d);
	expect_finished(&d, "grant");
	raw_answer_clear(&r.a);
	device_close(&d);
}

/* C-16: a public key that is in the terms is the only one that will do. */
static void
test_fixed_key(void **state)
{
	struct fault		f = { 0 };
	struct key		*right = key_generate(KEY_EC_P256, &f);
	struct key		*wrong = key_generate(KEY_EC_P256, &f);
	struct order		 o = { .by = &admin, .name = "fqdn:fixed.example" };
	struct raw_answer	 a;
	struct device		 d;
	struct buf		 message;
	struct reply		 r;

	(void)state;
	o.public_key = key_spki(right);
	gateway(&d, &pki);
	send_order(&o, &r);
	assert_int_equal(code_of(&r, 0), 0);
	take_ticket(&r, &o, &d);
	buf_init(&message, RAW_MAX);
	for (int good = 0; good < 2; good++) {
		buf_reset(&message);
		raw_message(&(struct raw){ .t = &d.t, .key = good ? right : wrong }, &message);
		raw_send(&pki, buf_view(&message), &a);
		assert_int_equal(a.failed, !good);
		assert_int_equal(a.code, good ? 0 : CVP_KEY_NOT_PERMITTED);
		raw_answer_clear(&a);
	}
	raw_answer_clear(&r.a);
	buf_clear(&message);
	key_free(right);
	key_free(wrong);
	device_close(&d);
}

/* --- what is refused as a whole ---------------------------------------------------------- */

static void
test_orders(void **state)
{
	/* C-17: below 112 bits, or an alphabet that is not what it seems. */
	const struct cvp_secret_format	digits = { .length = 32, .alphabet = VIEW_LIT("0123456789") };
	const struct cvp_secret_format	twice = { .length = 64,
		.alphabet = VIEW_LIT("0000000000000000") };
	const struct cvp_secret_format	space = { .length = 128, .alphabet = VIEW_LIT("01 ") };
	const struct cvp_secret_format	control = { .length = 128, .alphabet = VIEW_LIT("01\t") };
	const struct cvp_secret_format	prefix = { .length = 16, .alphabet = VIEW_LIT("0123456789"),
		.prefix = VIEW_LIT("ABCDEFGHIJKLMNOPQRSTUVWXYZ") };
	const struct {
		const char	*label;
		struct order	 o;
		uint32_t	 code;
	} cases[] = {
		{ "C-5: a template there is not", { .template = "s2s-gatewaz" },
		    CVP_TEMPLATE_UNKNOWN },
		{ "C-5: a template of others", { .by = &second, .template = "ra-gateway" },
		    CVP_TEMPLATE_UNKNOWN },
		{ "C-5: the template of Admins", { .by = &second, .template = "admin" },
		    CVP_TEMPLATE_UNKNOWN },
		{ "another version", { .version = 7 }, CVP_TEMPLATE_CHANGED },
		{ "C-3: secrets for a Peer", { .to = &peer }, CVP_NO_DELIVERY },
		{ "C-3: secrets for another Admin", { .to = &second }, CVP_NO_DELIVERY },
		{ "C-3: secrets in the clear", { .channel = true }, CVP_NO_DELIVERY },
		{ "C-17: 106 bits", { .token = &digits }, CVP_SECRET_FORMAT },
		{ "C-17: one character many times", { .token = &twice }, CVP_SECRET_FORMAT },
		{ "C-17: a space", { .token = &space }, CVP_SECRET_FORMAT },
		{ "C-17: a control character", { .token = &control }, CVP_SECRET_FORMAT },
		{ "C-17: a prefix is no entropy", { .token = &prefix }, CVP_SECRET_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct order	o = cases[i].o;
		struct reply	r;

		o.by = o.by != NULL ? o.by : &admin;
		o.name = "fqdn:order.example";
		send_order(&o, &r);
		expect_refused(&r.a, cvp_code_fail(cases[i].code), cases[i].code, cases[i].label);
	}
	expect_entry(&(struct order){ .by = &admin, .name = "fqdn:order.example" }, 0, "good");
}

/* --- names: C-6 ------------------------------------------------------------------- */

#define WILDCARD	VIEW_LIT("\x30\x0b\x82\x09" "*.example")
#define TRAILING	VIEW_LIT("\x30\x0c\x82\x0a" "a.example.")
#define NUL		VIEW_LIT("\x30\x0b\x82\x09" "a\0example")
#define URI		VIEW_LIT("\x30\x0b\x86\x09" "http://a/")
#define MASK		VIEW_LIT("\x30\x0a\x87\x08\xc0\x00\x02\x00\xff\xff\xff\x00")

static void
test_names(void **state)
{
	const struct cmc_cert_id	old = { peer.cert.issuer, peer.cert.serial };
	const struct {
		const char	*label;
		struct order	 o;
		uint32_t	 code;
	} cases[] = {
		{ "first", { .name = "fqdn:name.example" }, 0 },
		{ "the same", { .name = "fqdn:name.example" }, CVP_DUPLICATE },
		{ "by another Admin", { .by = &second, .name = "fqdn:name.example" },
		    CVP_DUPLICATE },
		{ "under another template", { .template = "ra-gateway",
		    .name = "fqdn:name.example" }, CVP_DUPLICATE },
		{ "of a certificate", { .name = peer_device.t.identities[0] }, CVP_DUPLICATE },
		{ "a wildcard", { .san = WILDCARD }, CVP_TERMS_CONFLICT },
		{ "a dot at the end", { .san = TRAILING }, CVP_TERMS_CONFLICT },
		{ "a NUL", { .san = NUL }, CVP_TERMS_CONFLICT },
		{ "a URI", { .san = URI }, CVP_TERMS_CONFLICT },
		{ "an address with a mask", { .san = MASK }, CVP_TERMS_CONFLICT },
		{ "a kind the template has not", { .name = "email:a@b.example" },
		    CVP_TERMS_CONFLICT },
		{ "C-5: an id that is taken", { .name = "fqdn:wanted.example",
		    .wanted = peer_device.t.id }, CVP_WANTED_ID },
		{ "C-5: replacing without the right to revoke", { .by = &second,
		    .name = "fqdn:replace.example", .replaces = &old }, CVP_ADMIN_MAY_NOT_REVOKE },
		{ "C-15: in the place of another", { .name = "fqdn:replace.example",
		    .replaces = &old }, 0 },
		{ "C-15: a lost key of nobody", { .name = "fqdn:lost.example", .key_lost = true },
		    CVP_TERMS_CONFLICT },
		{ "C-15: a lost key, without the right to revoke", { .by = &second,
		    .name = "fqdn:lost.example", .replaces = &old, .key_lost = true },
		    CVP_ADMIN_MAY_NOT_REVOKE },
		{ "C-22: a key made by the PKI", { .name = "fqdn:keygen.example",
		    .key_gen = CVP_KEYGEN_PKI }, CVP_NO_KEY_GENERATION },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct order	o = cases[i].o;

		o.by = o.by != NULL ? o.by : &admin;
		expect_entry(&o, cases[i].code, cases[i].label);
	}
}

/* C-6: two entries with one name: a batch is no way around. */
static void
test_twins(void **state)
{
	struct reply	r;

	(void)state;
	send_order(&(struct order){ .by = &admin, .name = "fqdn:twin.example",
	    .other = "fqdn:twin.example" }, &r);
	assert_int_equal(code_of(&r, 0), 0);
	assert_int_equal(code_of(&r, 1), CVP_DUPLICATE);
	raw_answer_clear(&r.a);
}

/* --- batches: C-3, C-13 ------------------------------------------------------------- */

static void
acknowledge(const struct raw_cert *by, const char *batch, struct view digest,
    struct raw_answer *out)
{
	struct cvp_ack	ack = { .batch_id = view_str(batch), .digests = &digest,
		.n_digests = 1 };
	struct buf	value;

	buf_init(&value, 4096);
	cvp_put_ack(&value, &ack);
	raw_ask(&pki, by, CVP_AUTHZ_ACK, buf_view(&value), out);
	buf_clear(&value);
}

/* SHA-256 over what was answered and the secrets that came with it. */
static void
piece_digest(const struct reply *r, uint8_t out[SHA256_OCTETS])
{
	struct view	parts[2] = {
		cmc_find(&r->a.r.controls, CVP_AUTHZ_RESPONSE)->value,
		r->a.r.contents.v[0].contentinfo,
	};

	digest_parts(DIGEST_SHA256, parts, 2, out);
}

static void
set_rights(const char *name, const char *rights)
{
	struct arena		*a = arena_new(1u << 20);
	struct store_admin	 ad;
	struct fault		 f = { 0 };
	bool			 done;

	if (!store_begin(pki.store, &f) ||
	    !store_admin_find(pki.store, name, a, &ad, &f) ||
	    !store_admin_set_rights(pki.store, ad.n, rights, &done, &f) ||
	    !store_commit(pki.store, &f))
		fail_msg("%s", f.text);
	arena_free(a);
}

/* C-3, C-13: the same value and secrets, fresh nonces; nothing is granted twice. */
static void
test_repeat(void **state)
{
	const struct order	o = { .by = &admin, .name = "fqdn:repeat.example",
		.batch = "batch that is repeated" };
	struct order		other = o;
	struct reply		first, again;
	struct view		nonce;

	(void)state;
	send_order(&o, &first);
	send_order(&o, &again);
	assert_int_equal(code_of(&first, 0), 0);
	assert_true(view_equal(cmc_find(&first.a.r.controls, CVP_AUTHZ_RESPONSE)->value,
	    cmc_find(&again.a.r.controls, CVP_AUTHZ_RESPONSE)->value));
	assert_true(view_equal(first.a.r.contents.v[0].contentinfo,
	    again.a.r.contents.v[0].contentinfo));
	nonce = cmc_find(&first.a.r.controls, CMC_SENDER_NONCE)->value;
	assert_false(view_equal(nonce, cmc_find(&again.a.r.controls, CMC_SENDER_NONCE)->value));
	raw_answer_clear(&first.a);
	raw_answer_clear(&again.a);

	/* Another request under this batchId. */
	other.name = "fqdn:repeat2.example";
	send_order(&other, &again);
	expect_refused(&again.a, CMC_BAD_REQUEST, 0, "another request");
	/* The same batchId is another batch at another Admin. */
	other.by = &second;
	expect_entry(&other, 0, "another Admin");
}

/* C-3: rights that were taken away are not there for a repeat either. */
static void
test_repeat_without_rights(void **state)
{
	const struct order	o = { .by = &second, .name = "fqdn:rights.example",
		.batch = "batch and rights" };
	struct reply		r;

	(void)state;
	expect_entry(&o, 0, "with rights");
	set_rights("label", "s2s-gateway:query");
	send_order(&o, &r);
	assert_int_equal(r.a.r.contents.n, 0);
	expect_refused(&r.a, CMC_BAD_REQUEST, CVP_TEMPLATE_UNKNOWN, "without rights");
	set_rights("label", SECOND_RIGHTS);
	expect_entry(&o, 0, "with rights again");
}

/* C-3, C-4: a cancelled token is in no stored answer any more. */
static void
test_cancelled_secrets(void **state)
{
	const struct order	o = { .by = &admin, .name = "fqdn:cancelled.example",
		.batch = "batch that is cancelled" };
	struct raw_answer	a;
	struct device		d;
	struct buf		message;
	struct reply		r;

	(void)state;
	gateway(&d, &pki);
	send_order(&o, &r);
	take_ticket(&r, &o, &d);
	raw_answer_clear(&r.a);
	buf_init(&message, RAW_MAX);
	raw_cancel(&d.t, &message);
	raw_send(&pki, buf_view(&message), &a);
	assert_int_equal(raw_cancelled(&a), CVP_CANCEL_DONE);
	raw_answer_clear(&a);
	send_order(&o, &r);
	assert_int_equal(code_of(&r, 0), 0);
	assert_int_equal(r.a.r.contents.n, 0);
	assert_int_equal(r.r.secrets, 0);
	raw_answer_clear(&r.a);
	buf_clear(&message);
	device_close(&d);
}

/* C-13: the digest of the piece, by who made the batch: then the secrets are gone. */
static void
test_acknowledge(void **state)
{
	const struct order	o = { .by = &admin, .name = "fqdn:ack.example",
		.batch = "batch to acknowledge" };
	uint8_t			digest[SHA256_OCTETS], wrong[SHA256_OCTETS] = { 0 };
	struct raw_answer	a;
	struct reply		r;

	(void)state;
	send_order(&o, &r);
	piece_digest(&r, digest);
	raw_answer_clear(&r.a);
	acknowledge(&second, o.batch, view_of(digest, sizeof(digest)), &a);
	expect_refused(&a, CMC_BAD_REQUEST, 0, "by another Admin");
	acknowledge(&admin, o.batch, view_of(wrong, sizeof(wrong)), &a);
	expect_refused(&a, CMC_BAD_REQUEST, 0, "another digest");
	send_order(&o, &r);
	assert_int_equal(r.a.r.contents.n, 1);
	raw_answer_clear(&r.a);
	for (int i = 0; i < 2; i++) {
		acknowledge(&admin, o.batch, view_of(digest, sizeof(digest)), &a);
		assert_false(a.failed || a.again);
		raw_answer_clear(&a);
	}
	send_order(&o, &r);
	assert_int_equal(code_of(&r, 0), 0);
	assert_int_equal(r.a.r.contents.n, 0);
	assert_int_equal(r.r.secrets, 0);	/* and none is promised */
	raw_answer_clear(&r.a);
}

/* --- controls and records of others: C-2, C-5 ---------------------------------------- */

static void
test_foreign_controls(void **state)
{
	static const enum cmc_kind	kinds[] = {
		CMC_ADD_EXTENSIONS, CMC_MOD_CERT_TEMPLATE, CMC_LRA_POP_WITNESS,
		CMC_RA_IDENTITY_WITNESS, CMC_CONTROL_PROCESSED, CMC_BATCH_REQUESTS,
		CMC_DECRYPTED_POP, CMC_PUBLISH_CERT, CMC_QUERY_PENDING, CMC_GET_CERT,
		CVP_AUTHZ_BIND, CVP_AUTHZ_USE, CVP_KEY_GEN_REQUEST,
	};

	(void)state;
	for (size_t i = 0; i < LEN(kinds); i++) {
		struct raw_answer	a;

		raw_ask(&pki, &admin, kinds[i], NOTHING, &a);
		/* 7.9: who asks for a key to be made is told why not. */
		expect_refused(&a, CMC_BAD_REQUEST, kinds[i] == CVP_KEY_GEN_REQUEST ?
		    CVP_NO_KEY_GENERATION : 0, cmc_kind_name(kinds[i]));
	}
}

/* C-5, C-7: a Peer, confirmed as it is, is no Admin. */
static void
test_peer_is_no_admin(void **state)
{
	static const enum cmc_kind	kinds[] = {
		CVP_AUTHZ_REQUEST, CVP_AUTHZ_ACK, CVP_AUTHZ_QUERY, CVP_EVENT_QUERY,
		CVP_TEMPLATE_QUERY, CVP_AUTHZ_BIND, CVP_AUTHZ_USE, CVP_KEY_GEN_REQUEST,
	};

	(void)state;
	for (size_t i = 0; i < LEN(kinds); i++) {
		struct raw_answer	a;

		raw_ask(&pki, &peer, kinds[i], NOTHING, &a);
		expect_refused(&a, CMC_BAD_REQUEST, 0, cmc_kind_name(kinds[i]));
	}
}

static void
query(const struct raw_cert *by, const char *id, struct raw_answer *out)
{
	struct view		v = view_str(id);
	struct cvp_query	q = { .has_ids = true, .ids = { &v, 1 } };
	struct buf		value;

	buf_init(&value, 4096);
	cvp_put_query(&value, &q);
	raw_ask(&pki, by, CVP_AUTHZ_QUERY, buf_view(&value), out);
	assert_false(out->failed || out->again);
	buf_clear(&value);
}

/* C-5: records, events and templates of others do not exist for this Admin. */
static void
test_queries(void **state)
{
	const struct {
		const char	*label;
		const char	*id;
		bool		 seen;
	} cases[] = {
		{ "of its template", peer_device.t.id, true },
		{ "of another template", second_device.t.id, false },
		{ "of nobody", "0000000000000000", false },
	};
	struct buf	none, now;

	(void)state;
	buf_init(&none, RAW_MAX);
	buf_init(&now, RAW_MAX);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct cvp_info		info;
		struct raw_answer	a;
		struct fault		f = { 0 };

		query(&second, cases[i].id, &a);
		assert_true(cvp_info_decode(cmc_find(&a.r.controls, CVP_AUTHZ_INFO)->value, a.a,
		    &info, &f));
		if (info.n_records != cases[i].seen)
			fail_msg("%s: %zu records", cases[i].label, info.n_records);
		buf_reset(&now);
		raw_blank(&a, none.n == 0 && i > 0 ? &none : &now);
		if (i == 2 && !view_equal(buf_view(&none), buf_view(&now)))
			fail_msg("foreign and unknown are told apart");
		raw_answer_clear(&a);
	}
	buf_clear(&none);
	buf_clear(&now);
}

/*
 * C-14: secrets come with the answer to the request that they were made for, or
 * a repeat of it, and with no query; the batches of another Admin are unknown.
 */
static void
test_query_brings_no_secrets(void **state)
{
	const struct order	o = { .by = &admin, .name = "fqdn:late.example",
		.batch = "batch asked about" };
	const struct {
		const char		*label;
		const struct raw_cert	*by;
		size_t			 records;
	} cases[] = {
		{ "by its Admin", &admin, 1 },
		{ "by another who sees the template", &second, 0 },
	};
	struct cvp_query	q = { .batch_id = view_str(o.batch) };
	struct buf		value;

	(void)state;
	expect_entry(&o, 0, "the batch");
	buf_init(&value, 4096);
	cvp_put_query(&value, &q);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct cvp_info		info;
		struct raw_answer	a;
		struct fault		f = { 0 };

		raw_ask(&pki, cases[i].by, CVP_AUTHZ_QUERY, buf_view(&value), &a);
		assert_false(a.failed || a.again);
		assert_true(cvp_info_decode(cmc_find(&a.r.controls, CVP_AUTHZ_INFO)->value, a.a,
		    &info, &f));
		if (info.n_records != cases[i].records || a.r.contents.n != 0 ||
		    cmc_find(&a.r.controls, CVP_AUTHZ_RESPONSE) != NULL)
			fail_msg("%s: %zu records, %zu contents", cases[i].label,
			    info.n_records, a.r.contents.n);
		raw_answer_clear(&a);
	}
	buf_clear(&value);
}

/* C-5: an Admin without the right to revoke, and one that has it. */
static void
test_revoke(void **state)
{
	const struct cmc_revoke	r = { .cert = { peer.cert.issuer, peer.cert.serial },
		.reason = 1 };
	struct raw_answer	a;
	struct buf		value;

	(void)state;
	buf_init(&value, 4096);
	cmc_put_revoke(&value, &r);
	raw_ask(&pki, &second, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	expect_refused(&a, CMC_BAD_IDENTITY, CVP_ADMIN_MAY_NOT_REVOKE, "without the right");
	raw_ask(&pki, &admin, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
	buf_clear(&value);
	/* Its name is free again (C-6). */
	expect_entry(&(struct order){ .by = &admin, .name = peer_device.t.identities[0] }, 0,
	    "the name of a revoked certificate");
}

/* --- rights, one by one, while the PKI runs ------------------------------------------------------ */

/* What an operator says at the PKI (pki admin rights). */
static void
operator_says(const char *verb, const char *name, const char *rights)
{
	struct console_request	q = { .words = { view_str(verb), view_str(name), view_str(rights) },
		.n = rights != NULL ? 3 : 2 };
	struct fault		f = { 0 };
	struct buf		out;

	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (!console_run(pki.engine, &q, pki.now, &out, &f))
		fail_msg("%s %s: %s", verb, name, f.text);
	buf_clear(&out);
}

static bool
may_authorize(const char *template, const char *name)
{
	struct order	o = { .by = &second, .template = template, .name = name };
	struct reply	r;
	bool		may;

	send_order(&o, &r);
	may = !r.a.failed;
	if (!may)
		assert_int_equal(r.a.code, CVP_TEMPLATE_UNKNOWN);
	else
		assert_int_equal(code_of(&r, 0), 0);
	raw_answer_clear(&r.a);
	return may;
}

static bool
may_query(const char *id)
{
	struct cvp_info		info;
	struct raw_answer	a;
	struct fault		f = { 0 };
	size_t			n;

	query(&second, id, &a);
	assert_true(cvp_info_decode(cmc_find(&a.r.controls, CVP_AUTHZ_INFO)->value, a.a, &info, &f));
	n = info.n_records;
	raw_answer_clear(&a);
	return n == 1;
}

/* Foreign and unknown are one answer: without the right, the same as for no certificate. */
static bool
may_revoke(const struct cert *c)
{
	struct cmc_revoke	r = { .cert = { c->issuer, c->serial }, .reason = 4 };
	struct cmc_revoke	nobodys = { .cert = { c->issuer, VIEW_LIT("\x01\x02\x03") },
		.reason = 4 };
	struct raw_answer	a, unknown;
	struct buf		value, said, same;
	bool			may;

	buf_init(&value, 4096);
	buf_init(&said, RAW_MAX);
	buf_init(&same, RAW_MAX);
	cmc_put_revoke(&value, &r);
	raw_ask(&pki, &second, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	may = !a.failed;
	buf_reset(&value);
	cmc_put_revoke(&value, &nobodys);
	raw_ask(&pki, &second, CMC_REVOKE_REQUEST, buf_view(&value), &unknown);
	raw_blank(&a, &said);
	raw_blank(&unknown, &same);
	if (!may && !view_equal(buf_view(&said), buf_view(&same)))
		fail_msg("a foreign certificate and an unknown one are told apart");
	raw_answer_clear(&a);
	raw_answer_clear(&unknown);
	buf_clear(&value);
	buf_clear(&said);
	buf_clear(&same);
	return may;
}

/*
 * R4809-3.2.1-2, R4809-3.5.3-4, R4809-3.5.3-6, C-5: each right holds
 * for its act and its template, from the next request on; enroll is
 * test_generation.c's.
 */
static void
test_rights(void **state)
{
	static const struct {
		const char	*rights;
		bool		 authorize, query, revoke, elsewhere;
	} cases[] = {
		{ "s2s-gateway:authorize", true, false, false, false },
		{ "s2s-gateway:query", false, true, false, false },
		{ "s2s-gateway:revoke", false, false, true, false },
		{ "s2s-gateway:enroll", false, false, false, false },
		{ "ra-gateway:*", false, false, false, true },
		{ "*:authorize", true, false, false, true },
		{ "s2s-gateway:authorize s2s-gateway:revoke", true, false, true, false },
		{ "s2s-gateway:*", true, true, true, false },
		{ "*", true, true, true, true },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device	d;
		struct raw_cert	c;
		char		here[64], there[64];

		gateway(&d, &pki);
		assert_true(run(&d));
		raw_cert_load(&d, &c);
		snprintf(here, sizeof(here), "fqdn:here%zu.example", i);
		snprintf(there, sizeof(there), "fqdn:there%zu.example", i);
		operator_says("admin-rights", "label", cases[i].rights);
		if (may_authorize("s2s-gateway", here) != cases[i].authorize ||
		    may_authorize("ra-gateway", there) != cases[i].elsewhere ||
		    may_query(d.t.id) != cases[i].query || may_revoke(&c.cert) != cases[i].revoke)
			fail_msg("\"%s\" is too much or too little", cases[i].rights);
		raw_cert_clear(&c);
		device_close(&d);
	}
}

/* Who is removed is nobody from the next request on, and others go on. */
static void
test_removed(void **state)
{
	struct raw_answer	a;

	(void)state;
	operator_says("admin-remove", "label", NULL);
	raw_ask(&pki, &second, CVP_TEMPLATE_QUERY, NOTHING, &a);
	assert_true(a.failed && a.fail == CMC_BAD_IDENTITY);
	raw_answer_clear(&a);
	query(&admin, peer_device.t.id, &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
}

/* --- all of them ------------------------------------------------------------------------------- */

static int
start(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	/* Whoever is authorized here has the label "label". */
	if (!engine_add_admin(pki.engine, "label", SECOND_RIGHTS, pki.now, &f))
		return -1;
	device_open(&second_device, &pki, "admin", "email:second@admin.invalid", "ec-p256");
	gateway(&peer_device, &pki);
	if (!run(&second_device) || !run(&peer_device))
		return -1;
	raw_cert_load(&second_device, &second);
	raw_cert_load(&peer_device, &peer);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&second);
	raw_cert_clear(&peer);
	device_close(&second_device);
	device_close(&peer_device);
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_grant),
		cmocka_unit_test(test_fixed_key),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_repeat_without_rights),
		cmocka_unit_test(test_cancelled_secrets),
		cmocka_unit_test(test_acknowledge),
		cmocka_unit_test(test_foreign_controls),
		cmocka_unit_test(test_peer_is_no_admin),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_query_brings_no_secrets),
		cmocka_unit_test(test_revoke),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_removed),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
