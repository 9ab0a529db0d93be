/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes the key (RFC 4809, 3.3.2 to 3.3.4, 3.4.7 to 3.4.9): a request
 * that an Admin binds to an authorization, and a key that the PKI makes;
 * allowed and not, by whom, again, with another key, after the confirmation
 * (C-5, C-7, C-11, C-12, C-22).
 *
 * R4809-3.3.3-3 R4809-3.3.3-4 R4809-3.3.4-1 R4809-3.3.4-2 R4809-3.3.5-1
 * R4809-3.3.5-2 R4809-3.4.7-2 R4809-3.4.8-2
 *
 * R4809-3.3-3: a request of the device's key by the Admin, one of the Admin, none:
 *   test_methods
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "crypt/digest.h"
#include "flow_raw.h"
#include "message/csr.h"
#include "message/envelope.h"
#include "message/key_package.h"
#include "pki/signer.h"
#include "profile/identity.h"
#include "profile/template.h"

static struct flow_pki	pki;
static struct device	admin_device, second_device, peer_device;
static struct raw_cert	admin, second, peer;

#define EVERYTHING	"generation = \"peer, peer-key-admin-request, admin, pki\"\n"
#define ID_MAX		129

enum act { ACT_TOKEN, ACT_BIND, ACT_GENERATE };

/* --- authorizing ---------------------------------------------------------------------- */

/* The ticket that the Admin's program would make of it. */
static void
take_ticket(const struct raw_answer *a, const char *name, struct ticket *t)
{
	struct cvp_secrets	s;
	struct secret		plain = { 0 };
	struct fault		f = { 0 };

	assert_int_equal(a->r.contents.n, 1);
	assert_true(envelope_open(a->r.contents.v[0].contentinfo, admin.key, &admin.cert, &plain,
	    &f) && cvp_secrets_decode(view_of(plain.p, plain.n), a->a, &s, &f));
	memset(t, 0, sizeof(*t));
	snprintf(t->id, sizeof(t->id), "%.*s", (int)s.v[0].id.n, (const char *)s.v[0].id.p);
	snprintf(t->token, sizeof(t->token), "%.*s", (int)s.v[0].token.n,
	    (const char *)s.v[0].token.p);
	snprintf(t->identities[0], sizeof(t->identities[0]), "%s", name);
	t->n_identities = 1;
	secret_clear(&plain);
}

static struct ticket	last_ticket;	/* of the authorization before */

static uint32_t
authorize(const char *template, const char *name, enum generation g,
    const struct cmc_cert_id *replaces, char id[ID_MAX])
{
	static unsigned		 n;
	char			 batch[32];
	struct general_name	 general;
	struct identity		 identity;
	struct extension	 ext = { .oid = OID_SUBJECT_ALT_NAME };
	struct cvp_cert		 cert = { .extensions = &ext, .n_extensions = 1 };
	struct cvp_terms	 terms = { .cert = &cert, .key_gen = { g != 0, g } };
	struct cvp_entry	 entry = { .entry_id = 1, .terms = &terms, .replaces = replaces };
	struct cvp_authz_request q = { .template = { .name = view_str(template) },
		.delivery = CVP_ENCRYPT_TO, .encrypt_to = buf_view(&admin.der),
		.entries = &entry, .n_entries = 1 };
	struct cvp_authz_response r;
	struct raw_answer	 a;
	struct buf		 san, value;
	struct fault		 f = { 0 };
	uint32_t		 code;

	snprintf(batch, sizeof(batch), "generation-%09u", n++);
	q.batch_id = view_str(batch);
	buf_init(&san, 4096);
	buf_init(&value, RAW_MAX);
	assert_true(identity_parse_tagged(view_str(name), &identity, &f));
	identity_to_san(&identity, &general);
	general_names_put(&san, &general, 1);
	ext.value = buf_view(&san);
	cvp_put_authz_request(&value, &q);
	raw_ask(&pki, &admin, CVP_AUTHZ_REQUEST, buf_view(&value), &a);
	assert_false(a.failed || a.again);
	assert_true(cvp_authz_response_decode(cmc_find(&a.r.controls, CVP_AUTHZ_RESPONSE)->value,
	    a.a, &r, &f));
	code = r.results[0].failure != NULL ? r.results[0].failure->code : 0;
	snprintf(id, ID_MAX, "%.*s", (int)r.results[0].id.n, (const char *)r.results[0].id.p);
	if (code == 0)
		take_ticket(&a, name, &last_ticket);
	raw_answer_clear(&a);
	buf_clear(&san);
	buf_clear(&value);
	return code;
}

/* A name of its own for every case. */
static const char *
fresh_name(void)
{
	static char	name[64];
	static unsigned	n;

	snprintf(name, sizeof(name), "fqdn:gen%u.example", n++);
	return name;
}

static void
open_one(enum generation g, char id[ID_MAX])
{
	assert_int_equal(authorize("s2s-gateway", fresh_name(), g, NULL, id), 0);
}

/* --- asking in the place of a Peer ----------------------------------------------------- */

struct wish {
	const struct raw_cert	*by;
	const char		*id;
	struct key		*key;		/* BIND: to be certified */
	struct key		*pop;		/* BIND: signs the request; NULL: key */
	const struct raw_cert	*for_whom;	/* GENERATE: NULL: by */
	const char		*kind;		/* GENERATE: NULL: P-256 */
	bool			 two, wrong_part, entry, both;
};

/* PKCS #10 by another key than the one in it: the signature does not hold. */
static void
put_csr(const struct wish *w, struct buf *out)
{
	struct request_terms	terms = { 0 };
	struct fault		f = { 0 };

	assert_true(request_build(&terms, w->key, out, &f));
	if (w->pop != NULL)
		out->p[out->n - 1] ^= 1;
}

static void
put_bind_control(const struct wish *w, struct cmc_writer *c, struct buf *out, uint32_t id)
{
	struct cvp_bind	b = { .request = w->wrong_part ? 77 : RAW_REQUEST,
		.target = { .entry_id = w->entry ? 1 : 0, .id = view_str(w->id) } };
	struct cmc_mark	m = cmc_control_begin(c, id, CVP_AUTHZ_BIND);

	cvp_put_bind(out, &b);
	cmc_control_end(c, m);
}

static void
put_generate(const struct wish *w, struct buf *out)
{
	const struct raw_cert		*to = w->for_whom != NULL ? w->for_whom : w->by;
	struct view			 der = buf_view(&to->der);
	struct cvp_key_gen_request	 r = {
		.target = { .id = view_str(w->id) }, .protect_for = { &der, 1 },
		.key = { .algorithm = { .oid = OID_EC_PUBLIC_KEY,
		    .params = VIEW_LIT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07") } },
	};

	if (w->kind != NULL && strcmp(w->kind, "p-521") == 0)
		r.key.algorithm.params = VIEW_LIT("\x06\x05\x2b\x81\x04\x00\x23");
	if (w->kind != NULL && strcmp(w->kind, "p-384") == 0)
		r.key.algorithm.params = VIEW_LIT("\x06\x05\x2b\x81\x04\x00\x22");
	cvp_put_key_gen_request(out, &r);
}

static void
put_wish(const struct wish *w, enum act act, struct buf *message)
{
	struct raw_signing	s = { .key = w->by->key, .by = w->by };
	uint8_t			nonce[16];
	struct buf		content, inner, requests;
	struct cmc_writer	c;
	size_t			mark;

	buf_init(&content, RAW_MAX);
	buf_init(&inner, RAW_MAX);
	buf_init(&requests, RAW_MAX);
	rng_fill(rng_system(), nonce, sizeof(nonce));
	cmc_data_begin(&c, &content);
	cmc_control_integer(&c, RAW_TRANSACTION, CMC_TRANSACTION_ID, RAW_TID);
	cmc_control_octets(&c, RAW_NONCE, CMC_SENDER_NONCE, view_of(nonce, sizeof(nonce)));
	if (act == ACT_GENERATE || w->both) {
		put_generate(w, &inner);
		cmc_control_value(&c, RAW_EXTRA, CVP_KEY_GEN_REQUEST, buf_view(&inner));
	}
	if (act == ACT_BIND) {
		put_bind_control(w, &c, &content, RAW_EXTRA + (w->both ? 5 : 0));
		if (w->two)
			put_bind_control(w, &c, &content, RAW_EXTRA + 1);
		buf_reset(&inner);
		put_csr(w, &inner);
		mark = cmc_requests_begin(&requests);
		cmc_put_tcr(&requests, RAW_REQUEST, buf_view(&inner));
		cmc_requests_end(&requests, mark);
		cmc_write_requests(&c, buf_view(&requests));
	}
	cmc_finish(&c);
	raw_sign(&s, buf_view(&content), message);
	buf_clear(&content);
	buf_clear(&inner);
	buf_clear(&requests);
}

static void
ask(const struct wish *w, enum act act, struct raw_answer *out)
{
	struct buf	message;

	buf_init(&message, RAW_MAX);
	if (act == ACT_TOKEN)
		raw_message(&(struct raw){ .t = &last_ticket, .key = w->key }, &message);
	else
		put_wish(w, act, &message);
	raw_send(&pki, buf_view(&message), out);
	buf_clear(&message);
}

static void
expect_code(const struct wish *w, enum act act, uint32_t fail, uint32_t code, const char *label)
{
	struct raw_answer	a;

	ask(w, act, &a);
	if (a.again || !a.failed || a.fail != fail || a.code != code)
		fail_msg("%s: again %d, failed %d, %s, code %u", label, a.again, a.failed,
		    cmc_fail_name(a.fail), a.code);
	raw_answer_clear(&a);
}

/* The certificate that came: of the key we know, or of the one that came along. */
static struct view
expect_cert(struct raw_answer *a, const struct key *key, const char *label)
{
	struct view	der = VIEW_NONE;

	if (a->again || a->failed || (der = raw_find_cert(a, key)).n == 0)
		fail_msg("%s: again %d, failed %d, %s, code %u", label, a->again, a->failed,
		    cmc_fail_name(a->fail), a->code);
	return der;
}

/* What was made for this Admin, opened as its program opens it. */
static struct key *
open_key(const struct raw_answer *a, const struct raw_cert *by)
{
	struct cvp_key_gen_response	 r;
	const struct cmc_control	*c = cmc_find(&a->r.controls, CVP_KEY_GEN_RESPONSE);
	struct key			*key = NULL;
	struct cert			 maker;
	struct fault			 f = { 0 };

	assert_non_null(c);
	assert_true(cvp_key_gen_response_decode(c->value, &r, &f));
	assert_int_equal(a->r.contents.n, 1);
	assert_int_equal(a->r.contents.v[0].id, r.key);
	assert_true(message_find_signer(&a->m, &maker, &f));
	if (!key_package_open(a->r.contents.v[0].contentinfo, by->key, &by->cert, &maker, &key, &f))
		fail_msg("%s", f.text);
	return key;
}

/* Signed by the new key, or by another. */
static void
confirm(const struct raw_answer *a, struct view der, struct key *key, struct key *by,
    bool reject, bool good, const char *label)
{
	struct raw_cert		c = { .key = by };
	struct raw_confirmation	q = { .by = &c, .of = &c.cert, .nonce = a->nonce,
		.reject = reject };
	struct raw_answer	r;
	struct buf		m;
	struct fault		f = { 0 };

	(void)key;
	buf_init(&c.der, CERT_OCTETS_MAX);
	buf_add_view(&c.der, der);
	assert_true(cert_decode(buf_view(&c.der), &c.cert, &f));
	buf_init(&m, RAW_MAX);
	raw_confirm(&q, &m);
	raw_send(&pki, buf_view(&m), &r);
	if (r.again || r.failed == good)
		fail_msg("%s: confirmation, again %d, failed %d, %s", label, r.again, r.failed,
		    cmc_fail_name(r.fail));
	raw_answer_clear(&r);
	buf_clear(&m);
	buf_clear(&c.der);
}

static enum store_authz_state
state_of(const char *id)
{
	struct flow_seen	s;

	flow_look(&pki, id, &s);
	return s.state;
}

/* Is an enveloped key kept for it? */
static bool
has_key(const char *id)
{
	struct arena		*a = arena_new(1u << 20);
	struct store_generated	 g;
	struct store_authz	 z;
	struct fault		 f = { 0 };

	assert_true(store_authz_find(pki.store, view_str(id), a, &z, &f) &&
	    store_generated_find(pki.store, z.n, a, &g, &f));
	arena_free(a);
	return g.authz != 0;
}

static struct key *
new_key(void)
{
	struct fault	f = { 0 };
	struct key	*k = key_generate(KEY_EC_P256, &f);

	assert_non_null(k);
	return k;
}

/* --- what may be authorized ------------------------------------------------------------ */

static void
test_templates(void **state)
{
	const struct cmc_cert_id	old = { peer.cert.issuer, peer.cert.serial };
	const struct {
		const char			*label, *template;
		enum generation			 g;
		const struct cmc_cert_id	*replaces;
		uint32_t			 code;
	} cases[] = {
		{ "unsaid", "ra-gateway", GENERATION_NONE, NULL, 0 },
		{ "peer", "ra-gateway", GENERATION_PEER, NULL, 0 },
		{ "method 2 is off", "ra-gateway", GENERATION_PEER_ADMIN, NULL,
		    CVP_TERMS_CONFLICT },
		{ "method 3 is off", "ra-gateway", GENERATION_ADMIN, NULL, CVP_TERMS_CONFLICT },
		{ "method 4 is off", "ra-gateway", GENERATION_PKI, NULL, CVP_NO_KEY_GENERATION },
		{ "method 2 is on", "s2s-gateway", GENERATION_PEER_ADMIN, NULL, 0 },
		{ "method 3 is on", "s2s-gateway", GENERATION_ADMIN, NULL, 0 },
		{ "method 4 is on", "s2s-gateway", GENERATION_PKI, NULL, 0 },
		{ "a successor signs with its old key", "s2s-gateway", GENERATION_PKI, &old,
		    CVP_TERMS_CONFLICT },
	};
	char	id[ID_MAX];

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		uint32_t	code = authorize(cases[i].template, fresh_name(), cases[i].g,
		    cases[i].replaces, id);

		if (code != cases[i].code)
			fail_msg("%s: code %u", cases[i].label, code);
	}
}

/* --- which method does what -------------------------------------------------------------- */

static void
test_methods(void **state)
{
	static const struct {
		enum generation	g;
		enum act	act;
		uint32_t	fail, code;	/* 0: done */
	} cases[] = {
		{ GENERATION_PEER, ACT_TOKEN, 0, 0 },
		{ GENERATION_PEER_ADMIN, ACT_TOKEN, 0, 0 },
		{ GENERATION_ADMIN, ACT_TOKEN, 0, 0 },
		{ GENERATION_PKI, ACT_TOKEN, CMC_BAD_REQUEST, CVP_REQUESTER_MAY_NOT },
		{ GENERATION_PEER, ACT_BIND, CMC_BAD_IDENTITY, CVP_REQUESTER_MAY_NOT },
		{ GENERATION_PEER, ACT_GENERATE, CMC_BAD_IDENTITY, CVP_REQUESTER_MAY_NOT },
		{ GENERATION_PEER_ADMIN, ACT_BIND, 0, 0 },
		{ GENERATION_PEER_ADMIN, ACT_GENERATE, CMC_BAD_IDENTITY, CVP_REQUESTER_MAY_NOT },
		{ GENERATION_ADMIN, ACT_BIND, 0, 0 },
		{ GENERATION_ADMIN, ACT_GENERATE, CMC_BAD_IDENTITY, CVP_REQUESTER_MAY_NOT },
		{ GENERATION_PKI, ACT_BIND, CMC_BAD_IDENTITY, CVP_REQUESTER_MAY_NOT },
		{ GENERATION_PKI, ACT_GENERATE, 0, 0 },
	};
	struct key	*key = new_key();

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		char			label[64], id[ID_MAX];
		struct wish		w = { .by = &admin, .id = id, .key = key };
		struct raw_answer	a;

		snprintf(label, sizeof(label), "%s by %d", generation_name(cases[i].g),
		    cases[i].act);
		open_one(cases[i].g, id);
		if (cases[i].fail != 0) {
			expect_code(&w, cases[i].act, cases[i].fail, cases[i].code, label);
			assert_int_equal(state_of(id), STORE_AUTHZ_OPEN);
			continue;
		}
		ask(&w, cases[i].act, &a);
		if (a.failed || a.again)
			fail_msg("%s: %s, code %u", label, cmc_fail_name(a.fail), a.code);
		assert_int_equal(state_of(id), STORE_AUTHZ_ISSUED);
		raw_answer_clear(&a);
	}
	key_free(key);
}

/* C-5, C-7, C-22: who, for whom, and in which form. */
static void
test_refused(void **state)
{
	struct key	*key = new_key(), *other = new_key();
	const struct {
		const char	*label;
		enum generation	 g;
		enum act	 act;
		struct wish	 w;
		uint32_t	 fail, code;
	} cases[] = {
		{ "an Admin of others", GENERATION_ADMIN, ACT_BIND, { .by = &second },
		    CMC_BAD_IDENTITY, CVP_ID_UNKNOWN },
		{ "an Admin of others", GENERATION_PKI, ACT_GENERATE, { .by = &second },
		    CMC_BAD_IDENTITY, CVP_ID_UNKNOWN },
		{ "an unknown id", GENERATION_ADMIN, ACT_BIND, { .id = "nobody" },
		    CMC_BAD_IDENTITY, CVP_ID_UNKNOWN },
		{ "an unknown id", GENERATION_PKI, ACT_GENERATE, { .id = "nobody" },
		    CMC_BAD_IDENTITY, CVP_ID_UNKNOWN },
		{ "a Peer", GENERATION_ADMIN, ACT_BIND, { .by = &peer }, CMC_BAD_REQUEST, 0 },
		{ "a Peer", GENERATION_PKI, ACT_GENERATE, { .by = &peer }, CMC_BAD_REQUEST, 0 },
		{ "for another Admin", GENERATION_PKI, ACT_GENERATE, { .for_whom = &second },
		    CMC_BAD_REQUEST, CVP_NO_DELIVERY },
		{ "for a Peer", GENERATION_PKI, ACT_GENERATE, { .for_whom = &peer },
		    CMC_BAD_REQUEST, CVP_NO_DELIVERY },
		{ "a key nobody makes", GENERATION_PKI, ACT_GENERATE, { .kind = "p-521" },
		    CMC_BAD_ALG, CVP_KEY_NOT_PERMITTED },
		{ "3.4.8: another key signed the request", GENERATION_ADMIN, ACT_BIND,
		    { .pop = other }, CMC_POP_FAILED, 0 },
		{ "3.4.7: another key signed the request", GENERATION_PEER_ADMIN, ACT_BIND,
		    { .pop = other }, CMC_POP_FAILED, 0 },
		{ "two authzBind", GENERATION_ADMIN, ACT_BIND, { .two = true },
		    CMC_BAD_REQUEST, 0 },
		{ "another body part", GENERATION_ADMIN, ACT_BIND, { .wrong_part = true },
		    CMC_BAD_REQUEST, 0 },
		{ "an entry of no authzRequest", GENERATION_ADMIN, ACT_BIND, { .entry = true },
		    CMC_BAD_REQUEST, 0 },
		{ "both at once", GENERATION_ADMIN, ACT_BIND, { .both = true },
		    CMC_BAD_REQUEST, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		char		id[ID_MAX];
		struct wish	w = cases[i].w;

		open_one(cases[i].g, id);
		w.by = w.by != NULL ? w.by : &admin;
		w.id = w.id != NULL ? w.id : id;
		w.key = key;
		expect_code(&w, cases[i].act, cases[i].fail, cases[i].code, cases[i].label);
		assert_int_equal(state_of(id), STORE_AUTHZ_OPEN);
		assert_false(has_key(id));
	}
	key_free(key);
	key_free(other);
}

/* C-5, C-18: another's id and one that there is not are one answer, words and all. */
static void
test_foreign_is_unknown(void **state)
{
	static const struct {
		enum generation	g;
		enum act	act;
	} cases[] = { { GENERATION_ADMIN, ACT_BIND }, { GENERATION_PKI, ACT_GENERATE } };
	struct key	*key = new_key();

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		char			id[ID_MAX];
		struct wish		w = { .by = &second, .id = id, .key = key };
		struct raw_answer	foreign, unknown;

		open_one(cases[i].g, id);
		ask(&w, cases[i].act, &foreign);
		w.id = "NOBODYHASTHISID1";
		ask(&w, cases[i].act, &unknown);
		assert_true(foreign.failed && unknown.failed);
		assert_int_equal(foreign.code, unknown.code);
		if (!view_equal(foreign.text, unknown.text))
			fail_msg("\"%.*s\" and \"%.*s\"", (int)foreign.text.n,
			    (const char *)foreign.text.p, (int)unknown.text.n,
			    (const char *)unknown.text.p);
		raw_answer_clear(&foreign);
		raw_answer_clear(&unknown);
	}
	key_free(key);
}

/* --- rights ----------------------------------------------------------------------------- */

static void
set_rights(const char *name, const char *rights)
{
	struct arena		*a = arena_new(1u << 20);
	struct store_admin	 ad;
	struct fault		 f = { 0 };
	bool			 done;

	if (!store_begin(pki.store, &f) || !store_admin_find(pki.store, name, a, &ad, &f) ||
	    !store_admin_set_rights(pki.store, ad.n, rights, &done, &f) ||
	    !store_commit(pki.store, &f))
		fail_msg("%s", f.text);
	arena_free(a);
}

/* R4809-3.3.3-3: who authorizes and who enrols may be two. */
static void
test_rights(void **state)
{
	static const struct {
		const char	*rights;
		bool		 may;
	} cases[] = {
		{ "s2s-gateway:authorize", false },
		{ "s2s-gateway:enroll", false },
		{ "s2s-gateway:foreign", false },
		{ "ra-gateway:enroll ra-gateway:foreign", false },
		{ "s2s-gateway:authorize s2s-gateway:foreign", false },
		{ "s2s-gateway:enroll s2s-gateway:foreign", true },
		{ "s2s-gateway:*", true },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		char			 id[ID_MAX];
		struct key		*key = new_key();
		struct wish		 w = { .by = &second, .id = id, .key = key };
		struct raw_answer	 a;

		open_one(GENERATION_ADMIN, id);
		set_rights("label", cases[i].rights);
		ask(&w, ACT_BIND, &a);
		if (a.again || a.failed == cases[i].may)
			fail_msg("%s: %s, code %u", cases[i].rights, cmc_fail_name(a.fail), a.code);
		raw_answer_clear(&a);
		key_free(key);
	}
	set_rights("label", "s2s-gateway:authorize");
}

/* --- again, with another key, after the end ------------------------------------------------ */

/* C-11, C-12: one certificate, by whatever is repeated. */
static void
test_bind_again(void **state)
{
	static const enum generation	methods[] = { GENERATION_PEER_ADMIN, GENERATION_ADMIN };

	(void)state;
	for (size_t i = 0; i < LEN(methods); i++) {
		const char		*label = generation_name(methods[i]);
		char			 id[ID_MAX];
		struct key		*key = new_key(), *other = new_key();
		struct wish		 w = { .by = &admin, .id = id, .key = key };
		struct raw_answer	 first, again, after;
		struct flow_seen	 seen;
		struct view		 der;

		open_one(methods[i], id);
		ask(&w, ACT_BIND, &first);
		der = expect_cert(&first, key, label);
		ask(&w, ACT_BIND, &again);
		assert_true(view_equal(der, expect_cert(&again, key, label)));
		w.key = other;
		expect_code(&w, ACT_BIND, CMC_BAD_IDENTITY, CVP_ALREADY_USED, label);
		confirm(&again, der, key, admin.key, false, false, "by the Admin's key");
		confirm(&again, der, key, other, false, false, "by another key");
		assert_int_equal(state_of(id), STORE_AUTHZ_ISSUED);
		confirm(&again, der, key, key, false, true, label);
		assert_int_equal(state_of(id), STORE_AUTHZ_CONFIRMED);
		w.key = key;	/* its receipt may have been lost */
		ask(&w, ACT_BIND, &after);
		assert_true(view_equal(der, expect_cert(&after, key, label)));
		flow_look(&pki, id, &seen);
		assert_int_equal(seen.certs, 1);
		assert_true(seen.published);
		raw_answer_clear(&first);
		raw_answer_clear(&again);
		raw_answer_clear(&after);
		key_free(key);
		key_free(other);
	}
}

/* C-22: the same octets again, and nothing after the confirmation. */
static void
test_generate_again(void **state)
{
	char			 id[ID_MAX];
	struct wish		 w = { .by = &admin, .id = id }, other = w;
	struct raw_answer	 first, again;
	struct flow_seen	 seen;
	struct view		 der;
	struct key		*key, *same;

	(void)state;
	open_one(GENERATION_PKI, id);
	ask(&w, ACT_GENERATE, &first);
	assert_false(first.failed || first.again);
	key = open_key(&first, &admin);
	der = expect_cert(&first, key, "generate");
	assert_true(has_key(id));
	flow_restart(&pki);
	ask(&w, ACT_GENERATE, &again);
	same = open_key(&again, &admin);
	assert_true(view_equal(first.r.contents.v[0].contentinfo,
	    again.r.contents.v[0].contentinfo));
	assert_true(view_equal(der, expect_cert(&again, key, "again")));
	other.kind = "p-384";
	expect_code(&other, ACT_GENERATE, CMC_BAD_REQUEST, CVP_REQUESTER_MAY_NOT,
	    "another kind of key");
	confirm(&again, der, key, admin.key, false, false, "by the Admin's key");
	assert_true(has_key(id));
	confirm(&again, der, key, key, false, true, "by the new key");
	assert_false(has_key(id));
	expect_code(&w, ACT_GENERATE, CMC_BAD_IDENTITY, CVP_ALREADY_USED, "after it");
	flow_look(&pki, id, &seen);
	assert_int_equal(seen.certs, 1);
	assert_true(seen.published);
	key_free(key);
	key_free(same);
	raw_answer_clear(&first);
	raw_answer_clear(&again);
}

/* Rejected, revoked, not confirmed in time: the enveloped key goes too. */
static void
test_generate_ends(void **state)
{
	enum { REJECTED, REVOKED, LATE, ENDS };

	(void)state;
	for (int end = 0; end < ENDS; end++) {
		char			 id[ID_MAX];
		struct wish		 w = { .by = &admin, .id = id };
		struct raw_answer	 a, r;
		struct cert		 c;
		struct cmc_revoke	 q = { .reason = 1 };
		struct buf		 value;
		struct key		*key;
		struct view		 der;

		open_one(GENERATION_PKI, id);
		ask(&w, ACT_GENERATE, &a);
		key = open_key(&a, &admin);
		der = expect_cert(&a, key, "generate");
		assert_true(cert_decode(der, &c, NULL));
		q.cert = (struct cmc_cert_id){ c.issuer, c.serial };
		buf_init(&value, 4096);
		cmc_put_revoke(&value, &q);
		if (end == REJECTED)
			confirm(&a, der, key, key, true, true, "rejected");
		else if (end == LATE)
			flow_pass(&pki, 3601);
		else {
			raw_ask(&pki, &admin, CMC_REVOKE_REQUEST, buf_view(&value), &r);
			assert_false(r.failed || r.again);
			raw_answer_clear(&r);
		}
		if (has_key(id))
			fail_msg("end %d: the key is still there", end);
		expect_code(&w, ACT_GENERATE, CMC_BAD_IDENTITY, CVP_ALREADY_USED, "after the end");
		buf_clear(&value);
		raw_answer_clear(&a);
		key_free(key);
	}
}

/* Two at once: one certificate, and no key that nobody has a certificate for. */
static void
test_together(void **state)
{
	char			 id[ID_MAX];
	struct wish		 w = { .by = &admin, .id = id };
	struct raw_answer	 a[2], again;
	struct flow_seen	 seen;
	struct view		 m[2];
	struct buf		 messages[2];
	struct key		*key;

	(void)state;
	open_one(GENERATION_PKI, id);
	for (int i = 0; i < 2; i++) {
		buf_init(&messages[i], RAW_MAX);
		put_wish(&w, ACT_GENERATE, &messages[i]);
		m[i] = buf_view(&messages[i]);
	}
	raw_send_all(&pki, m, 2, a);
	assert_false(a[0].again || a[0].failed);
	assert_true(a[1].again);	/* the second is to ask later... */
	ask(&w, ACT_GENERATE, &again);	/* ...and then gets the same */
	key = open_key(&again, &admin);
	assert_true(view_equal(expect_cert(&a[0], key, "first"),
	    expect_cert(&again, key, "again")));
	flow_look(&pki, id, &seen);
	assert_int_equal(seen.certs, 1);
	key_free(key);
	raw_answer_clear(&again);
	for (int i = 0; i < 2; i++) {
		raw_answer_clear(&a[i]);
		buf_clear(&messages[i]);
	}
}

/*
 * The signer dies at each question in turn: whatever was made until then, the
 * repeat brings one certificate and the key that belongs to it.
 */
static void
test_signer_dies(void **state)
{
	(void)state;
	for (unsigned at = 1; at <= 3; at++) {
		for (int restart = 0; restart < 2; restart++) {
			char			 id[ID_MAX];
			struct wish		 w = { .by = &admin, .id = id };
			struct raw_answer	 a;
			struct flow_seen	 seen;
			struct key		*key;

			open_one(GENERATION_PKI, id);
			pki.signer_dies = at;
			ask(&w, ACT_GENERATE, &a);
			assert_true(a.again);
			raw_answer_clear(&a);
			pki.signer_dies = 0;
			if (restart)
				flow_restart(&pki);
			ask(&w, ACT_GENERATE, &a);
			assert_false(a.again || a.failed);
			key = open_key(&a, &admin);
			(void)expect_cert(&a, key, "after a crash");
			flow_look(&pki, id, &seen);
			assert_int_equal(seen.certs, 1);
			key_free(key);
			raw_answer_clear(&a);
		}
	}
}

/* --- a captured engine ---------------------------------------------------------------------- */

/* What the template says, as the signer has read it. */
static const uint8_t *
content_of(const char *name)
{
	static uint8_t		out[SHA256_OCTETS];
	struct templates	all;
	struct fault		f = { 0 };

	if (!templates_load(&pki.config, &all, &f))
		fail_msg("%s", f.text);
	memcpy(out, templates_find(&all, view_str(name))->content, sizeof(out));
	templates_clear(&all);
	return out;
}

/* What an honest engine would ask about this authorization. */
static void
honest(const char *id, struct arena *a, struct admin_request *q)
{
	struct store_authz	z;
	struct fault		f = { 0 };
	int64_t			epoch = 0;

	assert_true(store_authz_find(pki.store, view_str(id), a, &z, &f) &&
	    store_counter_get(pki.store, STORE_COUNTER_EPOCH, &epoch, &f));
	*q = (struct admin_request){
		.facts = { .id = view_str(z.id), .template = VIEW_LIT("s2s-gateway"),
		    .admin = VIEW_LIT("admin"), .state = STORE_AUTHZ_OPEN, .epoch = epoch },
		.sealed = z.sealed, .terms = z.terms, .admin = buf_view(&admin.der),
		.next_state = STORE_AUTHZ_IN_PROGRESS,
	};
	sha256(z.terms, q->facts.terms_digest);
	sha256(view_str(z.label), q->facts.label_digest);
	memcpy(q->facts.content, content_of("s2s-gateway"), sizeof(q->facts.content));
}

static bool
signer_does(const struct admin_request *q, enum act act)
{
	struct generate_answer	g;
	struct prove_answer	p = { 0 };
	struct buf		question, answer;
	struct frame		fr;
	struct fault		f = { 0 };
	size_t			used;
	bool			yes;

	buf_init(&question, FRAME_BODY_MAX);
	buf_init(&answer, FRAME_BODY_MAX);
	(act == ACT_BIND ? signer_put_bind : signer_put_generate)(&question, q);
	assert_true(frame_take(buf_view(&question), FRAME_BODY_MAX, &fr, &used, &f));
	signer_handle(pki.local.signer, &fr, pki.now, &answer);
	assert_true(frame_take(buf_view(&answer), FRAME_BODY_MAX, &fr, &used, &f));
	yes = act == ACT_BIND ? signer_get_prove(&fr, &p, &f) && p.holds :
	    signer_get_generate(&fr, &g, &f);
	buf_clear(&question);
	buf_clear(&answer);
	return yes;
}

/* What the engine may lie about. */
enum lie { TRUTH, OTHER_ID, OTHER_TERMS, TERMS_AND_DIGEST, BY_PEER, OTHER_KEY, OTHER_STATE,
	REPLACES, OTHER_MESSAGE, FOR_ANOTHER, LIES };

static void
test_captured_engine(void **state)
{
	static const char *const labels[LIES] = { "truth", "another id", "other terms",
		"other terms and their digest", "signed by a Peer", "another key", "another state",
		"it replaces", "a message about another", "a key for another" };
	struct key		*key = new_key();

	(void)state;
	for (enum act act = ACT_BIND; act <= ACT_GENERATE; act++)
		for (enum lie lie = TRUTH; lie < LIES; lie++) {
			enum generation		 g = act == ACT_BIND ? GENERATION_ADMIN : GENERATION_PKI;
			char			 id[ID_MAX], other[ID_MAX];
			struct arena		*a;
			struct wish		 w = { .by = &admin, .id = id, .key = key };
			struct admin_request	 q, o;
			struct buf		 message;

			if (act == ACT_GENERATE && (lie == OTHER_KEY || lie == OTHER_STATE))
				continue;	/* it chooses neither */
			if (act == ACT_BIND && lie == FOR_ANOTHER)
				continue;
			a = arena_new(1u << 20);
			open_one(g, id);
			open_one(lie == TERMS_AND_DIGEST ? GENERATION_PEER : g, other);
			honest(id, a, &q);
			honest(other, a, &o);
			w.by = lie == BY_PEER ? &peer : &admin;
			w.id = lie == OTHER_MESSAGE ? other : id;
			w.for_whom = lie == FOR_ANOTHER ? &second : NULL;
			buf_init(&message, RAW_MAX);
			put_wish(&w, act, &message);
			q.message = buf_view(&message);
			sha256(key_spki(key), q.next_spki);
			if (lie == OTHER_ID)
				q.facts.id = o.facts.id;
			if (lie == OTHER_TERMS || lie == TERMS_AND_DIGEST)
				q.terms = o.terms;
			if (lie == TERMS_AND_DIGEST)
				memcpy(q.facts.terms_digest, o.facts.terms_digest, 32);
			if (lie == BY_PEER)
				q.admin = buf_view(&peer.der);
			q.next_spki[0] ^= lie == OTHER_KEY;
			if (lie == OTHER_STATE)
				q.next_state = STORE_AUTHZ_ISSUED;
			q.facts.replaces = lie == REPLACES;
			if (signer_does(&q, act) != (lie == TRUTH))
				fail_msg("%s: %s", act == ACT_BIND ? "bind" : "generate", labels[lie]);
			buf_clear(&message);
			arena_free(a);
		}
	key_free(key);
}

/* --- all of them ------------------------------------------------------------------------- */

/* The operator permits all four to one template. */
static void
permit(void *ctx)
{
	flow_write_template(ctx, EVERYTHING);
}

static int
start(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	if (!engine_add_admin(pki.engine, "label", "s2s-gateway:authorize", pki.now, &f))
		return -1;
	device_open(&second_device, &pki, "admin", "email:second@admin.invalid", "ec-p256");
	gateway(&peer_device, &pki);
	if (!run(&second_device) || !run(&peer_device))
		return -1;
	raw_cert_load(&second_device, &second);
	raw_cert_load(&peer_device, &peer);
	flow_restart_with(&pki, permit, &pki);
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
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_foreign_is_unknown),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_bind_again),
		cmocka_unit_test(test_generate_again),
		cmocka_unit_test(test_generate_ends),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_signer_dies),
		cmocka_unit_test(test_captured_engine),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
