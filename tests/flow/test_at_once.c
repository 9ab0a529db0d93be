/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_at_once.c - authorization and enrolment in one message (RFC 4809, 3.2.2,
 * scenario 2; profile, 7.4(8)): authzRequest, a request, and authzBind that
 * joins the two by the entry's number.
 *
 * R4809-3.2.2-4: identifier, token and certificate come of one message, each
 * half with a verdict of its own: whatever the request is refused for, the
 * authorization stays and its pair is delivered (decision 14).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "flow_raw.h"
#include "message/csr.h"
#include "profile/identity.h"

#define ENTRY	5u
#define ID_MAX	129
#define PERMIT	"generation = \"peer-key-admin-request, admin\"\n"

enum part { P_AUTHZ = 10, P_BIND, P_REQUEST = 20 };

static struct flow_pki	pki;
static struct device	admin_device, second_device;
static struct raw_cert	admin, second;

/* --- one message -------------------------------------------------------------------- */

struct order {
	const struct raw_cert	*by;		/* NULL: the first Admin */
	const char		*name, *batch;
	const char		*san;		/* in the request; NULL: none */
	uint32_t		 entry;		/* of authzBind; 0: ENTRY */
	const char		*id;		/* of authzBind instead */
	bool			 bad_pop, no_authz, two_entries;
	struct key		*key;
};

static void
put_san(const char *name, struct buf *out)
{
	struct identity		id;
	struct general_name	g;
	struct fault		f = { 0 };

	assert_true(identity_parse_tagged(view_str(name), &id, &f));
	identity_to_san(&id, &g);
	general_names_put(out, &g, 1);
}

static void
put_authz(const struct order *o, struct cmc_writer *w, struct buf *out)
{
	struct buf			 san;
	struct extension		 ext = { .oid = OID_SUBJECT_ALT_NAME };
	struct cvp_cert			 cert = { .extensions = &ext, .n_extensions = 1 };
	struct cvp_terms		 terms = { .cert = &cert,
		.key_gen = { true, GENERATION_PEER_ADMIN } };
	struct cvp_entry		 entries[2] = { { .entry_id = ENTRY, .terms = &terms },
		{ .entry_id = ENTRY + 1, .terms = &terms } };
	struct cvp_authz_request	 q = {
		.batch_id = view_str(o->batch), .template = { .name = VIEW_LIT("s2s-gateway") },
		.delivery = CVP_ENCRYPT_TO,
		.encrypt_to = buf_view(o->by != NULL ? &o->by->der : &admin.der),
		.entries = entries, .n_entries = o->two_entries ? 2 : 1,
	};
	struct cmc_mark			 m;

	buf_init(&san, 4096);
	put_san(o->name, &san);
	ext.value = buf_view(&san);
	m = cmc_control_begin(w, P_AUTHZ, CVP_AUTHZ_REQUEST);
	cvp_put_authz_request(out, &q);
	cmc_control_end(w, m);
	buf_clear(&san);
}

static void
put_bind(const struct order *o, struct cmc_writer *w, struct buf *out)
{
	struct cvp_bind	b = { .request = P_REQUEST };
	struct cmc_mark	m = cmc_control_begin(w, P_BIND, CVP_AUTHZ_BIND);

	if (o->id != NULL)
		b.target.id = view_str(o->id);
	else
		b.target.entry_id = o->entry != 0 ? o->entry : ENTRY;
	cvp_put_bind(out, &b);
	cmc_control_end(w, m);
}

static void
put_request(const struct order *o, struct cmc_writer *w)
{
	struct request_terms	terms = { 0 };
	struct buf		seq, csr, san;
	struct fault		f = { 0 };
	size_t			outer, tagged;

	buf_init(&seq, RAW_MAX);
	buf_init(&csr, RAW_MAX);
	buf_init(&san, 4096);
	if (o->san != NULL) {
		put_san(o->san, &san);
		terms.san = buf_view(&san);
	}
	assert_true(request_build(&terms, o->key, &csr, &f));
	if (o->bad_pop)
		csr.p[csr.n - 1] ^= 1;
	outer = der_begin(&seq, DER_SEQUENCE);
	tagged = der_begin(&seq, 0xa0);
	der_put_uint(&seq, P_REQUEST);
	buf_add_view(&seq, buf_view(&csr));
	der_close(&seq, tagged);
	der_close(&seq, outer);
	cmc_write_requests(w, buf_view(&seq));
	buf_clear(&seq);
	buf_clear(&csr);
	buf_clear(&san);
}

static void
make(const struct order *o, struct buf *out)
{
	const struct raw_cert	*by = o->by != NULL ? o->by : &admin;
	struct raw_signing	 s = { .key = by->key, .by = by };
	struct cmc_writer	 w;
	struct buf		 content;
	uint8_t			 nonce[16];

	buf_init(&content, RAW_MAX);
	rng_fill(rng_system(), nonce, sizeof(nonce));
	cmc_data_begin(&w, &content);
	cmc_control_integer(&w, RAW_TRANSACTION, CMC_TRANSACTION_ID, RAW_TID);
	cmc_control_octets(&w, RAW_NONCE, CMC_SENDER_NONCE, view_of(nonce, sizeof(nonce)));
	if (!o->no_authz)
		put_authz(o, &w, &content);
	put_bind(o, &w, &content);
	put_request(o, &w);
	cmc_finish(&w);
	assert_true(buf_ok(&content));
	raw_sign(&s, buf_view(&content), out);
	buf_clear(&content);
}

/* What came of both halves. */
struct outcome {
	struct raw_answer	a;
	bool			 granted, delivered, issued;
	char			 id[ID_MAX];
	enum cmc_status		 request;	/* about the request */
};

static void
send(const struct order *o, struct outcome *out)
{
	const struct cmc_control	*c;
	struct cvp_authz_response	 r;
	struct fault			 f = { 0 };
	struct buf			 m;
	const struct cmc_status_info	*s;

	memset(out, 0, sizeof(*out));
	buf_init(&m, RAW_MAX);
	make(o, &m);
	raw_send(&pki, buf_view(&m), &out->a);
	buf_clear(&m);
	assert_false(out->a.again);
	if ((c = cmc_find(&out->a.r.controls, CVP_AUTHZ_RESPONSE)) != NULL) {
		assert_true(cvp_authz_response_decode(c->value, out->a.a, &r, &f));
		out->granted = r.results[0].id.n > 0;
		out->delivered = r.secrets != 0 &&
		    cmc_content_by_id(&out->a.r.contents, r.secrets) != NULL;
		snprintf(out->id, ID_MAX, "%.*s", (int)r.results[0].id.n,
		    (const char *)r.results[0].id.p);
	}
	out->issued = raw_find_cert(&out->a, o->key).n > 0;
	s = cmc_status_of(&out->a.status, P_REQUEST);
	out->request = s != NULL ? s->status : CMC_SUCCESS;
}

static struct key *
fresh_key(void)
{
	struct fault	f = { 0 };
	struct key	*k = key_generate(KEY_EC_P256, &f);

	assert_non_null(k);
	return k;
}

static void
expect(const struct outcome *o, const char *label, bool granted, bool issued,
    enum store_authz_state state)
{
	struct flow_seen	s;

	if (o->granted != granted || o->delivered != granted || o->issued != issued)
		fail_msg("%s: granted %d, pair delivered %d, certificate %d (%s)", label, o->granted,
		    o->delivered, o->issued, o->a.failed ? cmc_fail_name(o->a.fail) : "");
	if (!granted)
		return;
	flow_look(&pki, o->id, &s);
	if (s.state != state || s.has_token != (state != STORE_AUTHZ_CONFIRMED))
		fail_msg("%s: state %d, token %d", label, s.state, s.has_token);
}

/* --- cases ------------------------------------------------------------------------------- */

static void
both(void **state)
{
	struct order	o = { .name = "fqdn:once1.example", .batch = "at once, both ok",
		.san = "fqdn:once1.example", .key = fresh_key() };
	struct outcome	first, again;
	struct raw_cert	c = { .key = o.key };
	struct raw_answer a;
	struct fault	f = { 0 };
	struct buf	m;

	(void)state;
	send(&o, &first);
	expect(&first, "both", true, true, STORE_AUTHZ_ISSUED);
	assert_int_equal(first.request, CMC_CONFIRM_REQUIRED);
	assert_false(first.a.failed);

	/* The answer was lost: the same authorization and the same certificate. */
	send(&o, &again);
	assert_true(again.issued);
	assert_string_equal(again.id, first.id);
	assert_true(view_equal(raw_find_cert(&first.a, o.key), raw_find_cert(&again.a, o.key)));

	buf_init(&c.der, CERT_OCTETS_MAX);
	buf_init(&m, RAW_MAX);
	buf_add_view(&c.der, raw_find_cert(&again.a, o.key));
	assert_true(cert_decode(buf_view(&c.der), &c.cert, &f));
	raw_confirm(&(struct raw_confirmation){ .by = &c, .of = &c.cert, .nonce = again.a.nonce },
	    &m);
	raw_send(&pki, buf_view(&m), &a);
	assert_false(a.failed);
	raw_answer_clear(&a);
	buf_clear(&m);
	raw_answer_clear(&first.a);
	raw_answer_clear(&again.a);
	raw_cert_clear(&c);
}

/* The half of the request fails: the authorization stays, and its pair comes. */
static void
only_authorized(void **state)
{
	static const struct {
		const char	*label, *batch, *name, *san;
		const char	*rights;
		enum cmc_fail	 fail;
		bool		 bad_pop;
	} cases[] = {
		{ "a request not signed by its key", "at once, no pop.", "fqdn:half3.example", NULL,
		    NULL, CMC_POP_FAILED, true },
		{ "other names in the request", "at once, names..", "fqdn:half1.example",
		    "fqdn:mallory.example", NULL, CMC_BAD_REQUEST, false },
		{ "an Admin who may authorize and not enrol", "at once, rights.",
		    "fqdn:half2.example", NULL, "s2s-gateway:authorize", CMC_BAD_IDENTITY, false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct order	o = { .by = cases[i].rights != NULL ? &second : NULL,
			.name = cases[i].name, .batch = cases[i].batch, .san = cases[i].san,
			.bad_pop = cases[i].bad_pop, .key = fresh_key() };
		struct outcome	r;

		send(&o, &r);
		expect(&r, cases[i].label, true, false, STORE_AUTHZ_OPEN);
		if (!r.a.failed || r.a.fail != cases[i].fail)
			fail_msg("%s: %s", cases[i].label, cmc_fail_name(r.a.fail));
		raw_answer_clear(&r.a);
		key_free(o.key);
	}
}

/* Nothing is authorized, or nothing is read at all: no certificate either. */
static void
nothing(void **state)
{
	static const struct {
		const char	*label;
		struct order	 o;
	} cases[] = {
		{ "a name that somebody has", { .name = "fqdn:once1.example",
		    .batch = "at once, taken.." } },
		{ "an entry that is not there", { .name = "fqdn:none1.example", .entry = 99,
		    .batch = "at once, entry.." } },
		{ "an entry of no authzRequest", { .name = "fqdn:none3.example", .no_authz = true,
		    .batch = "at once, nothing" } },
		{ "a known id beside an authzRequest", { .name = "fqdn:none4.example",
		    .id = "somebody's", .batch = "at once, by id.." } },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct order	o = cases[i].o;
		struct outcome	r;

		o.key = fresh_key();
		send(&o, &r);
		if (r.issued || !r.a.failed)
			fail_msg("%s: issued %d, failed %d", cases[i].label, r.issued, r.a.failed);
		raw_answer_clear(&r.a);
		key_free(o.key);
	}
}

/* The second entry cannot be had for the same name; the first one can. */
static void
among_others(void **state)
{
	struct order	o = { .name = "fqdn:among.example", .batch = "at once, twins..",
		.two_entries = true, .key = fresh_key() };
	struct outcome	r;

	(void)state;
	o.entry = ENTRY + 1;
	send(&o, &r);
	assert_false(r.issued);
	raw_answer_clear(&r.a);
	key_free(o.key);
}

/* --- set-up ---------------------------------------------------------------------------------- */

static void
permit(void *ctx)
{
	flow_write_template(ctx, PERMIT);
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
	if (!run(&second_device))
		return -1;
	raw_cert_load(&second_device, &second);
	flow_restart_with(&pki, permit, &pki);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&second);
	device_close(&second_device);
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(both),
		cmocka_unit_test(only_authorized),
		cmocka_unit_test(nothing),
		cmocka_unit_test(among_others),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
