/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolments by an attacker: messages that no program of ours makes.  Each
 * case shows an attack that fails, and that nothing of the authorization is
 * spent; C-7 is the seventh correction to the profile, which it belongs to.
 *
 * R4809-1.3-2, R4809-3.4.5-2: possession of another key, test_requests
 * R4809-3.1.2-3: who has not signed or not what arrived, test_signers, test_encodings
 * R4809-3.2.4.1-4: what was authorized and no more, test_good, test_requests
 * R4809-3.2.4.4-2: with the wrong token or none, test_cancel
 * R4809-3.2.4.4-7: what is used is not cancelled, test_cancel
 * SEED-10: without an authorization, test_oracle
 * SEED-45: the token of a cancelled one stays dead, test_cancel_handshake
 * SEED-58: the three messages of a cancellation, test_cancel_handshake
 * SEED-70: an unknown control is named, and nothing is done, test_requests
 * R5272-3.1-4: an extension is as meant, or refused: "C-6: keyUsage"
 * R5272-3.2.1.1-1: an unknown control fails all of it, test_requests
 * R5272-6.3.1.1-2: popLinkRandom left out, test_requests
 * R5272-10-1: the controls of an RA, by who is none, test_foreign_controls
 * R5274-10-3: no certificate without proof of possession, test_requests
 * R5274-5.2-2, R5274-5.2-18, R5274-5.2-29, R5274-5.2-30: identification, popLinkRandom,
 *   popLinkWitnessV2, identityProofV2: with them, and with each left out or wrong,
 *   test_good, test_requests
 * R5274-5.2-4: dataReturn, test_data_return
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "flow_raw.h"
#include "message/authenticated.h"
#include "message/csr.h"

static struct flow_pki	pki;
static struct device	admin_device, peer_device;
static struct raw_cert	admin, peer;
static struct key	*mine, *other;

#define WHOLE	CMC_WHOLE_MESSAGE

static void
expect_untouched(const struct device *d, const char *label)
{
	struct flow_seen	s;

	flow_look(&pki, d->t.id, &s);
	if (s.state != STORE_AUTHZ_OPEN || s.certs != 0 || !s.has_token)
		fail_msg("%s: state %d, %zu certificates", label, s.state, s.certs);
}

static void
expect_refused(struct raw_answer *a, uint32_t fail, uint32_t about, const char *label)
{
	if (a->again || !a->failed || a->fail != fail || a->about != about)
		fail_msg("%s: again %d, failed %d, %s about %u", label, a->again, a->failed,
		    cmc_fail_name(a->fail), a->about);
	for (size_t i = 0; i < 2; i++)
		if (raw_find_cert(a, i == 0 ? mine : other).n > 0)
			fail_msg("%s: a certificate with the refusal", label);
	raw_answer_clear(a);
}

static void
send_raw(const struct raw *r, struct raw_answer *out)
{
	struct buf	message;

	buf_init(&message, RAW_MAX);
	raw_message(r, &message);
	raw_send(&pki, buf_view(&message), out);
	buf_clear(&message);
}

/* A good one, by hand, gets its certificate: the builder can do it right. */
static void
expect_issued(const struct device *d, const struct raw *r, const char *label)
{
	struct raw_answer	a;
	struct flow_seen	s;

	send_raw(r, &a);
	if (a.again || a.failed || raw_find_cert(&a, r->key).n == 0)
		fail_msg("%s: %s about %u", label, cmc_fail_name(a.fail), a.about);
	flow_look(&pki, d->t.id, &s);
	assert_int_equal(s.state, STORE_AUTHZ_ISSUED);
	assert_int_equal(s.certs, 1);
	raw_answer_clear(&a);
}

static void
test_good(void **state)
{
	struct device	d;

	(void)state;
	for (int crmf = 0; crmf < 2; crmf++) {
		gateway(&d, &pki);
		expect_issued(&d, &(struct raw){ .t = &d.t, .key = mine, .crmf = crmf }, "good");
		device_close(&d);
	}
}

/* --- proofs and requests: C-6, C-7, C-19, C-23 ------------------------------------- */

#define BASIC	VIEW_LIT("\x30\x0c\x06\x03\x55\x1d\x13\x04\x05\x30\x03\x01\x01\xff")
#define USAGE	VIEW_LIT("\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x01\x06")
#define EKU	VIEW_LIT("\x30\x13\x06\x03\x55\x1d\x25\x04\x0c\x30\x0a\x06\x08\x2b\x06\x01" \
		    "\x05\x05\x07\x03\x1b")
#define WITNESS_V1 VIEW_LIT("\x30\x24\x06\x08\x2b\x06\x01\x05\x05\x07\x07\x17\x31\x18\x04\x16" \
		    "0123456789012345678901")
#define OCTETS20 VIEW_LIT("\x04\x14" "01234567890123456789")
#define NOTHING	VIEW_LIT("\x30\x00")
#define OID_OF_NOBODY VIEW_LIT("\x2b\x06\x01\x04\x01\x00")
#define SUBJECT	VIEW_LIT("\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04" "evil")
#define EVIL	VIEW_LIT("\x30\x0e\x82\x0c" "evil.example")

static uint8_t	octets[200];	/* 1, 2, 3, ... */
static uint8_t	large[4 + 4097] = { 0x04, 0x82, 0x10, 0x01 };	/* OCTET STRING */

/* Checks that do not depend on the id: nothing is counted against it. */
static void
test_requests(void **state)
{
	const struct {
		const char	*label;
		struct raw	 r;
		uint32_t	 fail, about;
	} cases[] = {
		{ "C-7: no identification", { .without = RAW_WITHOUT(RAW_IDENTIFICATION) },
		    CMC_BAD_IDENTITY, WHOLE },
		{ "C-7: no identityProofV2", { .without = RAW_WITHOUT(RAW_PROOF) },
		    CMC_BAD_IDENTITY, WHOLE },
		{ "C-7: two requests", { .two = true }, CMC_BAD_REQUEST, WHOLE },
		{ "4.2: a proof over no request", { .empty = true }, CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "C-7: a request without SKI", { .without = RAW_NO_SKI, .san = EVIL },
		    CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "C-7: possession of another key", { .pop = other }, CMC_POP_FAILED, RAW_REQUEST },
		{ "C-7: the same in CRMF", { .pop = other, .crmf = true }, CMC_POP_FAILED,
		    RAW_REQUEST },
		{ "C-23: no popLinkRandom", { .without = RAW_WITHOUT(RAW_RANDOM) },
		    CMC_BAD_REQUEST, WHOLE },
		{ "C-23: popLinkRandom of 63 octets", { .random = view_of(octets, 63) },
		    CMC_BAD_REQUEST, RAW_RANDOM },
		{ "C-23: popLinkRandom of 129 octets", { .random = view_of(octets, 129) },
		    CMC_BAD_REQUEST, RAW_RANDOM },
		{ "C-23: popLinkRandom is a SEQUENCE", { .random = view_of(octets + 0x2f, 64) },
		    CMC_BAD_REQUEST, RAW_RANDOM },
		{ "C-23: no popLinkWitnessV2", { .without = RAW_NO_WITNESS },
		    CMC_BAD_IDENTITY, RAW_REQUEST },
		{ "C-23: SHA-1", { .digest = OID_SHA1 }, CMC_BAD_ALG, RAW_PROOF },
		{ "C-23: HMAC with SHA-1", { .mac = OID_HMAC_SHA1 }, CMC_BAD_ALG, RAW_PROOF },
		{ "C-23: HMAC with SHA-512", { .mac = OID_HMAC_SHA512 }, CMC_BAD_ALG, RAW_PROOF },
		{ "C-23: a witness cut short", { .cut = 1 }, CMC_BAD_ALG, RAW_PROOF },
		{ "C-23: identityProof of version 1", { .extra = CMC_IDENTITY_PROOF,
		    .value = OCTETS20 }, CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "C-23: popLinkWitness of version 1", { .attribute = WITNESS_V1 },
		    CMC_BAD_REQUEST, RAW_REQUEST },
		{ "C-6: basicConstraints", { .extension = BASIC }, CMC_BAD_REQUEST, RAW_REQUEST },
		{ "C-6: keyUsage", { .extension = USAGE }, CMC_BAD_REQUEST, RAW_REQUEST },
		{ "C-6: extKeyUsage", { .extension = EKU }, CMC_BAD_REQUEST, RAW_REQUEST },
		{ "C-6: basicConstraints in CRMF", { .extension = BASIC, .crmf = true },
		    CMC_BAD_REQUEST, RAW_REQUEST },
		{ "C-6: validity in CRMF", { .has_validity = true, .crmf = true },
		    CMC_BAD_REQUEST, RAW_REQUEST },
		{ "C-6: another subject", { .subject = SUBJECT }, CMC_BAD_REQUEST, RAW_REQUEST },
		{ "C-6: another name", { .san = EVIL }, CMC_BAD_REQUEST, RAW_REQUEST },
		{ "C-6: another name in CRMF", { .san = EVIL, .crmf = true }, CMC_BAD_REQUEST,
		    RAW_REQUEST },
		{ "an unknown control", { .extra_oid = OID_OF_NOBODY, .value = NOTHING },
		    CMC_BAD_REQUEST, RAW_EXTRA },
		{ "C-19: 17 controls", { .extra = CMC_DATA_RETURN, .value = OCTETS20, .extras = 12 },
		    CMC_BAD_REQUEST, WHOLE },
		{ "C-19: dataReturn of 4097 octets", { .extra = CMC_DATA_RETURN, .value = VIEW_NONE },
		    CMC_BAD_REQUEST, WHOLE },
		{ "two dataReturn", { .extra = CMC_DATA_RETURN, .value = OCTETS20, .extras = 2 },
		    CMC_BAD_REQUEST, RAW_EXTRA + 1 },
	};
	struct device	d;

	(void)state;
	gateway(&d, &pki);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw		r = cases[i].r;
		struct raw_answer	a;

		r.t = &d.t;
		r.key = mine;
		if (r.extra == CMC_DATA_RETURN && r.value.n == 0)
			r.value = view_of(large, sizeof(large));
		send_raw(&r, &a);
		expect_refused(&a, cases[i].fail, cases[i].about, cases[i].label);
		expect_untouched(&d, cases[i].label);
	}
	expect_issued(&d, &(struct raw){ .t = &d.t, .key = mine }, "after all");
	device_close(&d);
}

/*
 * C-18, C-23: both proofs must hold: random value and link witness can be copied from a
 * message that was seen on its way, the identity proof covers the request.
 */
static void
test_half_proofs(void **state)
{
	const struct {
		const char	*label;
		struct raw	 r;
	} cases[] = {
		{ "link alone", { .bad_identity = true } },
		{ "identity alone", { .bad_link = true } },
		{ "link alone in CRMF", { .bad_identity = true, .crmf = true } },
		{ "identity alone in CRMF", { .bad_link = true, .crmf = true } },
	};
	struct device	d;

	(void)state;
	gateway(&d, &pki);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw		r = cases[i].r;
		struct raw_answer	a;

		r.t = &d.t;
		r.key = other;
		send_raw(&r, &a);
		expect_refused(&a, CMC_BAD_IDENTITY, RAW_PROOF, cases[i].label);
		expect_untouched(&d, cases[i].label);
	}
	expect_issued(&d, &(struct raw){ .t = &d.t, .key = mine }, "both");
	device_close(&d);
}

/* C-2, C-4, C-7, C-15: controls of others in an enrolment. */
static void
test_foreign_controls(void **state)
{
	static const enum cmc_kind	kinds[] = {
		CMC_ADD_EXTENSIONS, CMC_MOD_CERT_TEMPLATE, CMC_LRA_POP_WITNESS,
		CMC_RA_IDENTITY_WITNESS, CMC_CONTROL_PROCESSED, CMC_BATCH_REQUESTS,
		CMC_DECRYPTED_POP, CMC_QUERY_PENDING, CMC_REG_INFO, CMC_PUBLISH_CERT,
		CMC_REVOKE_REQUEST, CMC_CONFIRM_CERT_ACCEPTANCE, CMC_GET_CERT,
		CVP_AUTHZ_REQUEST, CVP_AUTHZ_QUERY, CVP_AUTHZ_CANCEL, CVP_AUTHZ_BIND,
		CVP_AUTHZ_USE, CVP_KEY_GEN_REQUEST, CVP_EVENT_QUERY, CVP_TEMPLATE_QUERY,
	};
	struct device	d;

	(void)state;
	gateway(&d, &pki);
	for (size_t i = 0; i < LEN(kinds); i++) {
		struct raw_answer	a;

		send_raw(&(struct raw){ .t = &d.t, .key = mine, .extra = kinds[i],
		    .value = NOTHING }, &a);
		expect_refused(&a, CMC_BAD_MESSAGE_CHECK, WHOLE, cmc_kind_name(kinds[i]));
		expect_untouched(&d, cmc_kind_name(kinds[i]));
	}
	device_close(&d);
}

/* --- signatures: C-7 --------------------------------------------------------------- */

static void
test_signers(void **state)
{
	const struct {
		const char		*label;
		struct raw_signing	 s;
		bool			 without;	/* any SignerInfo */
		uint32_t		 fail;
	} cases[] = {
		{ "by another key", { .key = other }, false, CMC_BAD_MESSAGE_CHECK },
		{ "a signature over other octets", { .key = mine, .broken = true }, false,
		    CMC_BAD_MESSAGE_CHECK },
		{ "by a Peer's certificate", { .key = peer.key, .by = &peer }, false,
		    CMC_BAD_MESSAGE_CHECK },
		{ "by the Admin's certificate", { .key = admin.key, .by = &admin }, false,
		    CMC_BAD_MESSAGE_CHECK },
		{ "named by a certificate that is another's", { .key = mine, .by = &peer }, false,
		    CMC_BAD_MESSAGE_CHECK },
		{ "two SignerInfos", { .key = mine, .twice = true }, false, CMC_BAD_REQUEST },
		{ "none", { .key = mine }, true, CMC_BAD_MESSAGE_CHECK },
		{ "C-19: nine certificates", { .key = mine, .with = &peer, .certs = 9 }, false, CMC_BAD_REQUEST },
	};
	struct device	d;
	struct buf	content, message;

	(void)state;
	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	gateway(&d, &pki);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw_answer	a;

		buf_reset(&content);
		buf_reset(&message);
		raw_content(&(struct raw){ .t = &d.t, .key = mine }, &content);
		if (cases[i].without)
			raw_unsigned(buf_view(&content), &message);
		else
			raw_sign(&cases[i].s, buf_view(&content), &message);
		raw_send(&pki, buf_view(&message), &a);
		expect_refused(&a, cases[i].fail, WHOLE, cases[i].label);
		expect_untouched(&d, cases[i].label);
	}
	buf_clear(&content);
	buf_clear(&message);
	device_close(&d);
}

/* --- encodings: C-19, C-21 ------------------------------------------------------------ */

static void
add_octet(struct view der, struct buf *out)
{
	buf_add_view(out, der);
	buf_add_u8(out, 0);
}

/* The content octets of the outermost SEQUENCE. */
static struct view
inside(struct view der)
{
	struct view	content = VIEW_NONE;
	struct der	d;

	der_init(&d, der);
	assert_true(der_get(&d, DER_SEQUENCE, &content, NULL));
	return content;
}

static void
long_length(struct view der, struct buf *out)
{
	struct view	v = inside(der);

	buf_add(out, "\x30\x84\x00\x00", 4);
	buf_add_u8(out, (uint8_t)(v.n >> 8));
	buf_add_u8(out, (uint8_t)v.n);
	buf_add_view(out, v);
}

static void
indefinite(struct view der, struct buf *out)
{
	buf_add(out, "\x30\x80", 2);
	buf_add_view(out, inside(der));
	buf_add(out, "\x00\x00", 2);
}

static void
huge(struct view der, struct buf *out)
{
	static uint8_t	zeros[70u << 10];
	size_t		mark = der_begin(out, DER_SEQUENCE);

	buf_add_view(out, inside(der));
	der_put_octets(out, view_of(zeros, sizeof(zeros)));
	der_close(out, mark);
}

static void
half(struct view der, struct buf *out)
{
	buf_add(out, der.p, der.n / 2);
}

static void
test_encodings(void **state)
{
	static const struct {
		const char	*label;
		void		(*change)(struct view der, struct buf *out);
	} cases[] = {
		{ "C-21: an octet behind", add_octet }, { "C-21: a long length", long_length },
		{ "C-21: indefinite length", indefinite }, { "half of it", half },
		{ "C-19: 70 KiB", huge },
	};
	struct raw_signing	s = { .key = mine };
	struct device		d;
	struct buf		content, changed, message;

	(void)state;
	buf_init(&content, RAW_MAX);
	buf_init(&changed, RAW_MAX);
	buf_init(&message, RAW_MAX);
	gateway(&d, &pki);
	raw_content(&(struct raw){ .t = &d.t, .key = mine }, &content);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw_answer	a;

		buf_reset(&changed);
		buf_reset(&message);
		cases[i].change(buf_view(&content), &changed);
		raw_sign(&s, buf_view(&changed), &message);
		raw_send(&pki, buf_view(&message), &a);
		expect_refused(&a, CMC_BAD_REQUEST, WHOLE, cases[i].label);
		expect_untouched(&d, cases[i].label);
	}
	buf_clear(&content);
	buf_clear(&changed);
	buf_clear(&message);
	device_close(&d);
}

/*
 * C-21: control values are DER too; the CMS around the PKIData may be BER, and
 * both proofs are computed over the octets as they came.
 */
static void
test_outer_ber(void **state)
{
	struct raw_answer	a;
	struct device		d;
	struct buf		message, ber;

	(void)state;
	gateway(&d, &pki);
	send_raw(&(struct raw){ .t = &d.t, .key = mine, .extra = CMC_DATA_RETURN,
	    .value = VIEW_LIT("\x04\x81\x01\x00") }, &a);
	expect_refused(&a, CMC_BAD_REQUEST, WHOLE, "a value that is not DER");
	buf_init(&message, RAW_MAX);
	buf_init(&ber, RAW_MAX);
	raw_message(&(struct raw){ .t = &d.t, .key = mine }, &message);
	indefinite(buf_view(&message), &ber);
	raw_send(&pki, buf_view(&ber), &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
	buf_clear(&message);
	buf_clear(&ber);
	device_close(&d);
}

/* R5272-3.2.1-1: a request of an unknown form: noSupport, and nothing is done. */
static void
test_other_request(void **state)
{
	struct raw_answer	a;
	struct device		d;

	(void)state;
	gateway(&d, &pki);
	send_raw(&(struct raw){ .t = &d.t, .key = mine, .orm = true }, &a);
	assert_false(a.again);
	assert_int_equal(a.status.n, 1);
	assert_int_equal(a.status.v[0].status, CMC_NO_SUPPORT);
	assert_int_equal(raw_find_cert(&a, mine).n, 0);
	raw_answer_clear(&a);
	expect_untouched(&d, "another request");
	device_close(&d);
}

/* R5272-6.4-1: what came in dataReturn goes back, octet for octet. */
static void
test_data_return(void **state)
{
	struct raw_answer		a;
	struct device			d;
	const struct cmc_control	*c;

	(void)state;
	gateway(&d, &pki);
	send_raw(&(struct raw){ .t = &d.t, .key = mine, .extra = CMC_DATA_RETURN,
	    .value = OCTETS20 }, &a);
	c = cmc_find(&a.r.controls, CMC_DATA_RETURN);
	assert_non_null(c);
	assert_true(view_equal(c->value, OCTETS20));
	raw_answer_clear(&a);
	device_close(&d);
}

/* R4809-3.4.11-4: octets that are no message at all get an answer too. */
static void
test_garbage(void **state)
{
	struct raw_answer	a;

	(void)state;
	raw_send(&pki, VIEW_LIT("GET / HTTP/1.0\r\n"), &a);
	expect_refused(&a, CMC_BAD_REQUEST, WHOLE, "text");
	raw_send(&pki, VIEW_NONE, &a);
	expect_refused(&a, CMC_BAD_REQUEST, WHOLE, "nothing");
}

/*
 * C-7: what is CMC elsewhere and not here: a request alone, and one under a MAC,
 * whoever knows the token.
 */
static void
test_other_messages(void **state)
{
	struct request_terms	terms = { .san = EVIL };
	struct raw_answer	a;
	struct device		d;
	struct buf		content, message;
	struct fault		f = { 0 };
	static const uint8_t	salt[KEK_SALT_OCTETS], kek[KEK_OCTETS];

	(void)state;
	gateway(&d, &pki);
	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	assert_true(request_build(&terms, mine, &message, &f));
	raw_send(&pki, buf_view(&message), &a);
	expect_refused(&a, CMC_BAD_REQUEST, WHOLE, "a Simple request");
	buf_reset(&message);
	raw_content(&(struct raw){ .t = &d.t, .key = mine }, &content);
	assert_true(authenticated_put(kek, salt, OID_CT_PKI_DATA, buf_view(&content),
	    rng_system(), &message, &f));
	raw_send(&pki, buf_view(&message), &a);
	expect_refused(&a, CMC_BAD_REQUEST, WHOLE, "AuthenticatedData");
	expect_untouched(&d, "other messages");
	buf_clear(&content);
	buf_clear(&message);
	device_close(&d);
}

/* --- guessing: C-9, C-18 ---------------------------------------------------------------- */

static enum cvp_cancel_outcome
cancel(const struct ticket *t)
{
	struct raw_answer	a;
	struct buf		message;
	enum cvp_cancel_outcome	outcome;

	buf_init(&message, RAW_MAX);
	raw_cancel(t, &message);
	raw_send(&pki, buf_view(&message), &a);
	outcome = raw_cancelled(&a);
	raw_answer_clear(&a);
	buf_clear(&message);
	return outcome;
}

static void
do_nothing(struct device *d)
{
	(void)d;
}

static void
spoil_token(struct device *d)
{
	d->t.token[0] = d->t.token[0] == 'A' ? 'B' : 'A';
}

static void
spoil_id(struct device *d)
{
	d->t.id[0] = d->t.id[0] == 'A' ? 'B' : 'A';
}

static void
do_cancel(struct device *d)
{
	assert_int_equal(cancel(&d->t), CVP_CANCEL_DONE);
}

static void
cancel_and_spoil(struct device *d)
{
	do_cancel(d);
	spoil_token(d);
}

static void
use_up(struct device *d)
{
	assert_true(run(d));
}

static void
let_expire(struct device *d)
{
	flow_pass(&pki, d->t.not_after - pki.now + 2);
}

/*
 * C-18: every cause of a refusal gets one answer, octet for octet,
 * and one that is held back to the same moment (R4809-3.4.11-16).
 */
static void
test_oracle(void **state)
{
	static const struct {
		const char	*label;
		void		(*prepare)(struct device *d);
	} cases[] = {
		{ "wrong token", spoil_token }, { "unknown id", spoil_id },
		{ "cancelled", do_cancel }, { "cancelled, wrong token", cancel_and_spoil },
		{ "used", use_up }, { "expired", let_expire },
	};
	struct buf	first, now;
	int64_t		before = pki.now;

	(void)state;
	buf_init(&first, RAW_MAX);
	buf_init(&now, RAW_MAX);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw_answer	a;
		struct device		d;

		gateway(&d, &pki);
		cases[i].prepare(&d);
		send_raw(&(struct raw){ .t = &d.t, .key = other }, &a);
		if (!a.failed || a.fail != CMC_BAD_IDENTITY || a.about != RAW_PROOF ||
		    a.code != 0 || !a.refused_proof)
			fail_msg("%s: %s about %u, held %d", cases[i].label,
			    cmc_fail_name(a.fail), a.about, a.refused_proof);
		assert_int_equal(a.m.certificate_count, 3);
		buf_reset(&now);
		raw_blank(&a, i == 0 ? &first : &now);
		if (i > 0 && !view_equal(buf_view(&first), buf_view(&now)))
			fail_msg("%s: another answer", cases[i].label);
		raw_answer_clear(&a);
		device_close(&d);
	}
	flow_turn(&pki, before);
	buf_clear(&first);
	buf_clear(&now);
}

/* C-9: a stranger's guesses lock nobody out, and tell the Admin once. */
static void
test_no_lock(void **state)
{
	struct device		d;
	struct ticket		good;
	struct flow_seen	s;

	(void)state;
	gateway(&d, &pki);
	good = d.t;
	spoil_token(&d);
	for (size_t i = 1; i <= 12; i++) {
		struct raw_answer	a;

		send_raw(&(struct raw){ .t = &d.t, .key = other }, &a);
		expect_refused(&a, CMC_BAD_IDENTITY, RAW_PROOF, "a guess");
		flow_look(&pki, d.t.id, &s);
		assert_int_equal(s.failed_proofs, i < 10 ? i : 10);
		assert_int_equal((s.events & FLOW_EVENT(CVP_EVENT_LOCKED)) != 0, i >= 10);
		assert_int_equal(s.state, STORE_AUTHZ_OPEN);
	}
	d.t = good;
	expect_issued(&d, &(struct raw){ .t = &d.t, .key = mine }, "after twelve guesses");
	flow_look(&pki, d.t.id, &s);
	assert_int_equal(s.failed_proofs, 0);
	device_close(&d);
}

/* C-4: cancelling takes the token, and does not undo a certificate. */
static void
test_cancel(void **state)
{
	static const struct {
		const char		*label;
		void			(*prepare)(struct device *d);
		enum cvp_cancel_outcome	 first, again;
	} cases[] = {
		{ "open", do_nothing, CVP_CANCEL_DONE, CVP_CANCEL_ALREADY },
		{ "wrong token", spoil_token, CVP_CANCEL_REFUSED, CVP_CANCEL_REFUSED },
		{ "unknown id", spoil_id, CVP_CANCEL_REFUSED, CVP_CANCEL_REFUSED },
		{ "used", use_up, CVP_CANCEL_REFUSED_ISSUED, CVP_CANCEL_REFUSED_ISSUED },
		{ "cancelled, then guessed", cancel_and_spoil, CVP_CANCEL_REFUSED,
		    CVP_CANCEL_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device	d;

		gateway(&d, &pki);
		cases[i].prepare(&d);
		if (cancel(&d.t) != cases[i].first || cancel(&d.t) != cases[i].again)
			fail_msg("%s", cases[i].label);
		device_close(&d);
	}
}

/* What a cancellation says; receipt: of one that was, octets of the arena in a. */
static enum cvp_cancel_outcome
cancel_with_receipt(const struct ticket *t, uint8_t *receipt, size_t *n)
{
	struct cvp_cancel_result	r;
	struct raw_answer		a;
	struct buf			message;
	enum cvp_cancel_outcome		outcome;

	buf_init(&message, RAW_MAX);
	raw_cancel(t, &message);
	raw_send(&pki, buf_view(&message), &a);
	outcome = raw_cancelled(&a);
	assert_true(cvp_cancel_result_decode(cmc_find(&a.r.controls,
	    CVP_AUTHZ_CANCEL_RESULT)->value, a.a, &r, NULL));
	*n = r.items[0].receipt.n;
	assert_true(*n <= 64);
	memcpy(receipt, r.items[0].receipt.p, *n);
	raw_answer_clear(&a);
	buf_clear(&message);
	return outcome;
}

static void
acknowledge(struct view receipt, struct raw_answer *a)
{
	struct buf	value, content, message;
	size_t		mark;

	buf_init(&value, 4096);
	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	mark = der_begin(&value, DER_SEQUENCE);
	der_put_octets(&value, receipt);
	der_close(&value, mark);
	raw_controls(&(struct raw_control){ CVP_AUTHZ_CANCEL_ACK, buf_view(&value) }, 1,
	    &content);
	raw_unsigned(buf_view(&content), &message);
	raw_send(&pki, buf_view(&message), a);
	buf_clear(&value);
	buf_clear(&content);
	buf_clear(&message);
}

/*
 * C-4: three messages, each of which may get lost: the same receipt as often as
 * asked, before the acknowledgement and after it, and an acknowledgement of
 * nothing tells nothing (R4809-3.2.4.4-4).  The token is dead from the first on.
 */
static void
test_cancel_handshake(void **state)
{
	uint8_t			first[64], again[64];
	size_t			n, m;
	struct device		d;
	struct raw_answer	a;
	struct flow_seen	s;

	(void)state;
	gateway(&d, &pki);
	assert_int_equal(cancel_with_receipt(&d.t, first, &n), CVP_CANCEL_DONE);
	assert_true(n >= 16);
	for (int acked = 0; acked < 3; acked++) {
		assert_int_equal(cancel_with_receipt(&d.t, again, &m), CVP_CANCEL_ALREADY);
		assert_true(view_equal(view_of(first, n), view_of(again, m)));
		acknowledge(acked == 1 ? VIEW_LIT("0123456789abcdef") : view_of(first, n), &a);
		assert_false(a.failed || a.again);
		raw_answer_clear(&a);
		flow_look(&pki, d.t.id, &s);
		assert_int_equal(s.state, STORE_AUTHZ_CANCELLED);
		assert_false(s.has_token);
		send_raw(&(struct raw){ .t = &d.t, .key = mine }, &a);
		expect_refused(&a, CMC_BAD_IDENTITY, RAW_PROOF, "cancelled");
	}
	device_close(&d);
}

/* Is anything left of what a cancelled authorization was about?  All, or nothing. */
static bool
is_remembered(const struct ticket *t)
{
	struct arena		*arena = arena_new(1u << 20);
	struct store_authz	 z;
	struct fault		 f = { 0 };
	bool			 terms, rest;

	assert_true(store_authz_find(pki.store, view_str(t->id), arena, &z, &f));
	assert_int_equal(z.state, STORE_AUTHZ_CANCELLED);
	terms = z.terms.n > 0;
	rest = z.sans[0] != '\0' && z.label[0] != '\0' && z.subject.n > 0;
	if (terms != rest || (!rest && (z.sans[0] != '\0' || z.label[0] != '\0' ||
	    z.subject.n > 0)))
		fail_msg("half of \"%s\" is left", t->id);
	arena_free(arena);
	return terms;
}

static void
cancel_again(const struct ticket *t, const uint8_t *receipt, bool remembered)
{
	uint8_t	again[64];
	size_t	n;

	assert_int_equal(cancel_with_receipt(t, again, &n), CVP_CANCEL_ALREADY);
	assert_int_equal(n, 16);
	assert_memory_equal(again, receipt, n);
	assert_int_equal(is_remembered(t), remembered);
}

/*
 * R4809-3.2.4.4-3, C-4: erased at the third message, or ten minutes after the
 * first; repeats are answered alike for ever.
 */
static void
test_cancel_ends(void **state)
{
	static const uint8_t	nobodys[16] = { 1, 2, 3 };
	uint8_t			receipt[64];
	size_t			n;
	struct raw_answer	a;
	struct device		acked, silent;

	(void)state;
	gateway(&acked, &pki);
	gateway(&silent, &pki);
	assert_int_equal(cancel_with_receipt(&acked.t, receipt, &n), CVP_CANCEL_DONE);
	acknowledge(view_of(nobodys, sizeof(nobodys)), &a);
	raw_answer_clear(&a);
	cancel_again(&acked.t, receipt, true);
	for (size_t i = 0; i < 2; i++) {
		acknowledge(view_of(receipt, n), &a);
		raw_answer_clear(&a);
		cancel_again(&acked.t, receipt, false);
	}
	assert_int_equal(cancel_with_receipt(&silent.t, receipt, &n), CVP_CANCEL_DONE);
	flow_pass(&pki, 590);
	cancel_again(&silent.t, receipt, true);
	flow_pass(&pki, 30);
	cancel_again(&silent.t, receipt, false);
	flow_restart(&pki);
	cancel_again(&silent.t, receipt, false);
	device_close(&acked);
	device_close(&silent);
}

/* C-4: what may stand in a message without a signature. */
static void
test_unsigned(void **state)
{
	static const enum cmc_kind	kinds[] = {
		CMC_REVOKE_REQUEST, CMC_CONFIRM_CERT_ACCEPTANCE, CVP_AUTHZ_REQUEST,
		CVP_AUTHZ_ACK, CVP_AUTHZ_QUERY, CVP_EVENT_QUERY, CVP_TEMPLATE_QUERY,
		CMC_DATA_RETURN, CMC_QUERY_PENDING, CMC_GET_CERT,
	};
	struct buf	content, message;

	(void)state;
	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	for (size_t i = 0; i < LEN(kinds); i++) {
		struct raw_answer	a;

		buf_reset(&content);
		buf_reset(&message);
		raw_controls(&(struct raw_control){ kinds[i],
		    kinds[i] == CMC_DATA_RETURN ? OCTETS20 : NOTHING }, 1, &content);
		raw_unsigned(buf_view(&content), &message);
		raw_send(&pki, buf_view(&message), &a);
		expect_refused(&a, CMC_BAD_MESSAGE_CHECK, WHOLE, cmc_kind_name(kinds[i]));
	}
	buf_clear(&content);
	buf_clear(&message);
}

/* --- all of them -------------------------------------------------------------------------------- */

static int
start(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i + 1);
	flow_start(&pki, KEY_EC_P256);
	mine = key_generate(KEY_EC_P256, &f);
	other = key_generate(KEY_EC_P256, &f);
	gateway(&admin_device, &pki);
	ticket_clear(&admin_device.t);
	if (mine == NULL || other == NULL ||
	    !ticket_read(buf_view(&pki.r.ticket), &admin_device.t, &f) ||
	    !run(&admin_device))
		return -1;
	gateway(&peer_device, &pki);
	if (!run(&peer_device))
		return -1;
	raw_cert_load(&admin_device, &admin);
	raw_cert_load(&peer_device, &peer);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&admin);
	raw_cert_clear(&peer);
	device_close(&admin_device);
	device_close(&peer_device);
	key_free(mine);
	key_free(other);
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_half_proofs),
		cmocka_unit_test(test_foreign_controls),
		cmocka_unit_test(test_signers),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_outer_ber),
		cmocka_unit_test(test_other_request),
		cmocka_unit_test(test_data_return),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_no_lock),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_ends),
		cmocka_unit_test(test_cancel_handshake),
		cmocka_unit_test(test_unsigned),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
