/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks by and on those who have a certificate: confirmations of others,
 * certificates that are not confirmed, revocations (C-5, C-7, C-8, C-11,
 * C-12 and C-25).
 *
 * R4809-1-8: the CRL that is there when the answer comes has it, expect_state
 * R4809-3.5.1-3, R4809-3.5.3-8: Peer and Admin revoke by one control at the endpoint of
 *   enrolments, revoke
 * R4809-3.5.3-2: by its own key, and no other Peer's, test_unconfirmed, test_foreign
 * R4809-3.5.2-11: on the CRL, and not to be fetched any more, expect_state
 * R4809-3.5.3-5: an Admin's signature; the signature of a revoked certificate is
 *   refused, test_after_revocation
 * SEED-80: a Peer begins, test_unconfirmed
 * SEED-13: revocations by Peer and Admin, test_unconfirmed, test_after_revocation
 * SEED-21: on the CRL that is there when the answer comes, expect_state
 * SEED-38: confirmations, test_confirmations
 * SEED-53: published when it is confirmed, and no longer than that, expect_state
 * R5272-6.11-5: a Full response with a status, test_after_revocation
 * R5274-5.2-14: revokeRequest
 * R5274-5.2-20: confirmCertAcceptance
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/crl.h"
#include "codec/oid.h"
#include "flow_raw.h"

static struct flow_pki	pki;
static struct device	admin_device, peer_device;
static struct raw_cert	admin, peer;	/* both confirmed */

#define WHOLE	CMC_WHOLE_MESSAGE
#define NOTHING	VIEW_LIT("\x30\x00")

static void
expect_state(const struct raw_issued *n, enum store_authz_state z, enum store_cert_state c,
    const char *label)
{
	struct flow_seen	s;

	flow_look(&pki, n->d.t.id, &s);
	if (s.state != z || s.cert != c || s.certs != 1)
		fail_msg("%s: state %d, certificate %d", label, s.state, s.cert);
	assert_int_equal(s.published, c == STORE_CERT_CONFIRMED);
	assert_int_equal(s.on_crl, c == STORE_CERT_REVOKED);
}

static void
expect_refused(struct raw_answer *a, uint32_t fail, uint32_t about, const char *label)
{
	if (a->again || !a->failed || a->fail != fail || a->about != about)
		fail_msg("%s: again %d, failed %d, %s about %u", label, a->again, a->failed,
		    cmc_fail_name(a->fail), a->about);
	raw_answer_clear(a);
}

static void
expect_success(struct raw_answer *a, const char *label)
{
	if (a->again || a->failed)
		fail_msg("%s: again %d, %s about %u", label, a->again, cmc_fail_name(a->fail),
		    a->about);
	raw_answer_clear(a);
}

/* --- confirming: C-11 ------------------------------------------------------------ */

static void
confirm(const struct raw_confirmation *c, struct raw_answer *out)
{
	struct buf	message;

	buf_init(&message, RAW_MAX);
	raw_confirm(c, &message);
	raw_send(&pki, buf_view(&message), out);
	buf_clear(&message);
}

/*
 * R4809-3.4.10-5: proof by the new key alone counts; R4809-3.4.11-12: what
 * cannot be processed leaves the certificate as it was, and a corrected
 * confirmation is taken.
 */
static void
test_confirmations(void **state)
{
	struct raw_issued	mine, theirs;

	(void)state;
	raw_issue(&pki, &mine);
	raw_issue(&pki, &theirs);
	const struct cert	*of = &mine.c.cert;
	const struct view	 nonce = buf_view(&mine.nonce);
	const struct {
		const char		*label;
		struct raw_confirmation	 c;
		uint32_t		 fail, about;
	} cases[] = {
		{ "by another Peer", { .by = &peer, .of = of, .nonce = nonce },
		    CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "by the Admin", { .by = &admin, .of = of, .nonce = nonce },
		    CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "by one who is not confirmed", { .by = &theirs.c, .of = of, .nonce = nonce },
		    CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "by the key without its certificate", { .by = &mine.c, .by_ski = true, .of = of,
		    .nonce = nonce }, CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "C-8: without signingCertificateV2", { .by = &mine.c, .bare = true, .of = of,
		    .nonce = nonce }, CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "of another certificate", { .by = &mine.c, .of = &theirs.c.cert, .nonce = nonce },
		    CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "of two certificates", { .by = &mine.c, .of = of, .also = &theirs.c.cert,
		    .nonce = nonce }, CMC_BAD_REQUEST, RAW_EXTRA + 1 },
		{ "without recipientNonce", { .by = &mine.c, .of = of }, CMC_BAD_REQUEST, WHOLE },
		{ "with a nonce of nobody", { .by = &mine.c, .of = of,
		    .nonce = VIEW_LIT("0123456789abcdef") }, CMC_BAD_REQUEST, WHOLE },
		{ "with the nonce of another answer", { .by = &mine.c, .of = of,
		    .nonce = buf_view(&theirs.nonce) }, CMC_BAD_REQUEST, WHOLE },
		{ "in another transaction", { .by = &mine.c, .of = of, .nonce = nonce,
		    .transaction = VIEW_LIT("\x42") }, CMC_BAD_REQUEST, WHOLE },
		{ "a rejection by another Peer", { .by = &peer, .of = of, .nonce = nonce,
		    .reject = true }, CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "a rejection by another key", { .by = &theirs.c, .by_ski = true, .of = of,
		    .nonce = nonce, .reject = true }, CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "a rejection by the key, of another", { .by = &mine.c, .by_ski = true,
		    .of = &theirs.c.cert, .nonce = nonce, .reject = true },
		    CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "a rejection by the key, of two", { .by = &mine.c, .by_ski = true, .of = of,
		    .also = &theirs.c.cert, .nonce = nonce, .reject = true },
		    CMC_BAD_REQUEST, RAW_EXTRA + 1 },
		{ "a rejection by the key, without nonce", { .by = &mine.c, .by_ski = true,
		    .of = of, .reject = true }, CMC_BAD_REQUEST, WHOLE },
		{ "a rejection by the key, to another answer", { .by = &mine.c, .by_ski = true,
		    .of = of, .nonce = buf_view(&theirs.nonce), .reject = true },
		    CMC_BAD_REQUEST, WHOLE },
		{ "a rejection by the Admin's key", { .by = &admin, .by_ski = true, .of = of,
		    .nonce = nonce, .reject = true }, CMC_BAD_MESSAGE_CHECK, WHOLE },
		{ "a rejection without nonce", { .by = &mine.c, .of = of, .reject = true },
		    CMC_BAD_REQUEST, WHOLE },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw_answer	a;

		confirm(&cases[i].c, &a);
		expect_refused(&a, cases[i].fail, cases[i].about, cases[i].label);
		expect_state(&mine, STORE_AUTHZ_ISSUED, STORE_CERT_ISSUED, cases[i].label);
		expect_state(&theirs, STORE_AUTHZ_ISSUED, STORE_CERT_ISSUED, cases[i].label);
	}
	raw_issued_clear(&mine);
	raw_issued_clear(&theirs);
}

/* C-11: once accepted it is accepted: repeats are answered alike, a rejection is too late. */
static void
test_accept_then_reject(void **state)
{
	struct raw_confirmation	c;
	struct raw_answer	a;
	struct raw_issued	n;

	(void)state;
	raw_issue(&pki, &n);
	c = raw_good(&n);
	for (int i = 0; i < 2; i++) {
		confirm(&c, &a);
		assert_int_equal(raw_find_cert(&a, n.c.key).n, n.c.der.n);
		expect_success(&a, "acceptance");
		expect_state(&n, STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED, "acceptance");
	}
	c.reject = true;
	confirm(&c, &a);
	expect_refused(&a, CMC_BAD_REQUEST, RAW_EXTRA, "rejection after acceptance");
	expect_state(&n, STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED, "rejection");
	raw_issued_clear(&n);

	raw_issue(&pki, &n);
	c = raw_good(&n);
	c.reject = true;
	confirm(&c, &a);
	expect_success(&a, "rejection");
	expect_state(&n, STORE_AUTHZ_REJECTED, STORE_CERT_REVOKED, "rejection");
	c.reject = false;
	confirm(&c, &a);
	expect_refused(&a, CMC_BAD_CERT_ID, RAW_EXTRA, "acceptance after rejection");
	expect_state(&n, STORE_AUTHZ_REJECTED, STORE_CERT_REVOKED, "acceptance");
	raw_issued_clear(&n);
}

/*
 * C-11: a device that cannot use the certificate says so with the key that it
 * asked for, which the certificate's SKI names; once, and a repeat is answered alike.
 */
static void
test_reject_by_key(void **state)
{
	struct raw_confirmation	c;
	struct raw_answer	a;
	struct raw_issued	n;
	struct flow_seen	s;

	(void)state;
	raw_issue(&pki, &n);
	c = raw_good(&n);
	c.reject = c.by_ski = true;
	for (int i = 0; i < 2; i++) {
		confirm(&c, &a);
		expect_success(&a, "rejection by the key");
		expect_state(&n, STORE_AUTHZ_REJECTED, STORE_CERT_REVOKED, "rejection by the key");
	}
	flow_look(&pki, n.d.t.id, &s);
	assert_true(s.events & FLOW_EVENT(CVP_EVENT_REJECTED));
	raw_issued_clear(&n);

	raw_issue(&pki, &n);
	c = raw_good(&n);
	confirm(&c, &a);
	expect_success(&a, "acceptance");
	c.reject = c.by_ski = true;
	confirm(&c, &a);
	expect_refused(&a, CMC_BAD_REQUEST, RAW_EXTRA, "rejection by the key after acceptance");
	expect_state(&n, STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED, "rejection by the key");
	raw_issued_clear(&n);
}

/* A request that comes along with a confirmation is not passed over in silence. */
static void
test_confirm_with_request(void **state)
{
	struct raw_answer	a;
	struct raw_signing	s;
	struct raw_issued	n;
	struct buf		value, content, message;

	(void)state;
	raw_issue(&pki, &n);
	buf_init(&value, 4096);
	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	raw_cert_id(&n.c.cert, &value);
	raw_content(&(struct raw){ .t = &n.d.t, .key = peer.key, .without =
	    RAW_WITHOUT(RAW_IDENTIFICATION) | RAW_WITHOUT(RAW_PROOF) | RAW_WITHOUT(RAW_RANDOM),
	    .recipient = buf_view(&n.nonce), .extra = CMC_CONFIRM_CERT_ACCEPTANCE,
	    .value = buf_view(&value) }, &content);
	s = (struct raw_signing){ .key = n.c.key, .by = &n.c };
	raw_sign(&s, buf_view(&content), &message);
	raw_send(&pki, buf_view(&message), &a);
	expect_refused(&a, CMC_BAD_REQUEST, RAW_REQUEST, "confirmation with a request");
	expect_state(&n, STORE_AUTHZ_ISSUED, STORE_CERT_ISSUED, "confirmation with a request");
	buf_clear(&value);
	buf_clear(&content);
	buf_clear(&message);
	raw_issued_clear(&n);
}

/* --- before the confirmation: C-8 --------------------------------------------------- */

static void
revoke(const struct raw_cert *by, const struct cert *of, const struct cmc_revoke *how,
    struct raw_answer *out)
{
	struct cmc_revoke	r = *how;
	struct buf		value;

	r.cert = (struct cmc_cert_id){ of->issuer, of->serial };
	buf_init(&value, 4096);
	cmc_put_revoke(&value, &r);
	raw_ask(&pki, by, CMC_REVOKE_REQUEST, buf_view(&value), out);
	buf_clear(&value);
}

static void
test_unconfirmed(void **state)
{
	static const enum cmc_kind	kinds[] = {
		CVP_AUTHZ_REQUEST, CVP_AUTHZ_QUERY, CVP_AUTHZ_BIND, CVP_AUTHZ_USE,
		CVP_EVENT_QUERY, CVP_TEMPLATE_QUERY, CVP_AUTHZ_ACK, CVP_KEY_GEN_REQUEST,
	};
	struct cmc_revoke	how = { .reason = CRL_KEY_COMPROMISE };
	struct raw_answer	a;
	struct raw_issued	n;

	(void)state;
	raw_issue(&pki, &n);
	for (size_t i = 0; i < LEN(kinds); i++) {
		raw_ask(&pki, &n.c, kinds[i], NOTHING, &a);
		expect_refused(&a, CMC_BAD_REQUEST, RAW_EXTRA, cmc_kind_name(kinds[i]));
	}
	raw_ask(&pki, &n.c, CVP_AUTHZ_CANCEL, NOTHING, &a);
	expect_refused(&a, CMC_BAD_IDENTITY, WHOLE, "authzCancel");
	expect_state(&n, STORE_AUTHZ_ISSUED, STORE_CERT_ISSUED, "asking");
	revoke(&n.c, &peer.cert, &how, &a);
	assert_int_equal(a.code, CVP_ADMIN_MAY_NOT_REVOKE);
	expect_refused(&a, CMC_BAD_IDENTITY, RAW_EXTRA, "revoking another");
	revoke(&n.c, &n.c.cert, &how, &a);
	expect_success(&a, "revoking itself");
	expect_state(&n, STORE_AUTHZ_REVOKED, STORE_CERT_REVOKED, "revoking itself");
	raw_issued_clear(&n);
}

/* C-12: a repeat of the request does not bring it back. */
static void
test_repeat_of_revoked(void **state)
{
	struct cmc_revoke	how = { .reason = CRL_KEY_COMPROMISE };
	struct raw_answer	a;
	struct buf		message;
	struct raw_issued	n;

	(void)state;
	buf_init(&message, RAW_MAX);
	for (int confirmed = 0; confirmed < 2; confirmed++) {
		raw_issue(&pki, &n);
		if (confirmed) {
			struct raw_confirmation	c = raw_good(&n);

			confirm(&c, &a);
			expect_success(&a, "confirmation");
		}
		revoke(&n.c, &n.c.cert, &how, &a);
		expect_success(&a, "revocation");
		buf_reset(&message);
		raw_message(&(struct raw){ .t = &n.d.t, .key = n.c.key }, &message);
		raw_send(&pki, buf_view(&message), &a);
		assert_int_equal(raw_find_cert(&a, n.c.key).n, 0);
		expect_refused(&a, CMC_BAD_IDENTITY, RAW_PROOF, "repeat");
		expect_state(&n, STORE_AUTHZ_REVOKED, STORE_CERT_REVOKED, "repeat");
		raw_issued_clear(&n);
	}
	buf_clear(&message);
}

/* C-12: the same request again brings the same octets, and the grace ends. */
static void
test_repeat_of_confirmed(void **state)
{
	struct raw_confirmation	c;
	struct raw_answer	a;
	struct buf		message;
	struct raw_issued	n;

	(void)state;
	raw_issue(&pki, &n);
	c = raw_good(&n);
	confirm(&c, &a);
	expect_success(&a, "confirmation");
	buf_init(&message, RAW_MAX);
	raw_message(&(struct raw){ .t = &n.d.t, .key = n.c.key }, &message);
	raw_send(&pki, buf_view(&message), &a);
	assert_true(view_equal(raw_find_cert(&a, n.c.key), buf_view(&n.c.der)));
	expect_success(&a, "repeat within the grace");
	for (int tick = 0; tick < 2; tick++) {
		if (tick)
			flow_pass(&pki, 2);
		else
			pki.now += 3600;
		raw_send(&pki, buf_view(&message), &a);
		assert_int_equal(raw_find_cert(&a, n.c.key).n, 0);
		expect_refused(&a, CMC_BAD_IDENTITY, RAW_PROOF, "repeat after the grace");
	}
	struct flow_seen	s;
	flow_look(&pki, n.d.t.id, &s);
	assert_false(s.has_token);
	expect_state(&n, STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED, "repeat");
	buf_clear(&message);
	raw_issued_clear(&n);
}

/* --- revoking: C-5, C-25 --------------------------------------------------------------- */

static void
test_revocations(void **state)
{
	const struct {
		const char		*label;
		struct cmc_revoke	 how;
	} cases[] = {
		{ "C-5: certificateHold", { .reason = CRL_CERTIFICATE_HOLD } },
		{ "C-5: removeFromCRL", { .reason = CRL_REMOVE_FROM_CRL } },
		{ "a reason that is none", { .reason = 7 } },
		{ "C-25: by passphrase", { .has_passphrase = true, .passphrase = VIEW_LIT("secret") } },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct raw_answer	a;

		revoke(&peer, &peer.cert, &cases[i].how, &a);
		expect_refused(&a, CMC_BAD_REQUEST, RAW_EXTRA, cases[i].label);
		revoke(&admin, &peer.cert, &cases[i].how, &a);
		expect_refused(&a, CMC_BAD_REQUEST, RAW_EXTRA, cases[i].label);
	}
}

/* C-5: foreign and unknown certificates are one answer, octet for octet. */
static void
test_foreign(void **state)
{
	static const uint8_t	no_serial[16] = { 1, 0, 0, 0, 99, 99 };
	struct cmc_revoke	how = { .reason = CRL_KEY_COMPROMISE };
	struct cert		unknown = peer.cert, other_serial = peer.cert;
	uint8_t			serial[16];
	struct buf		first, now;
	struct raw_issued	n;

	(void)state;
	raw_issue(&pki, &n);
	unknown.serial = view_of(no_serial, sizeof(no_serial));
	/* The number is right, the random part is guessed. */
	memcpy(serial, n.c.cert.serial.p, sizeof(serial));
	serial[15] ^= 1;
	other_serial.serial = view_of(serial, sizeof(serial));
	const struct cert *const of[] = { &admin.cert, &n.c.cert, &unknown, &other_serial };

	buf_init(&first, RAW_MAX);
	buf_init(&now, RAW_MAX);
	for (size_t i = 0; i < LEN(of); i++) {
		struct raw_answer	a;

		revoke(&peer, of[i], &how, &a);
		assert_int_equal(a.code, CVP_ADMIN_MAY_NOT_REVOKE);
		buf_reset(&now);
		raw_blank(&a, i == 0 ? &first : &now);
		if (i > 0 && !view_equal(buf_view(&first), buf_view(&now)))
			fail_msg("case %zu: another answer", i);
		expect_refused(&a, CMC_BAD_IDENTITY, RAW_EXTRA, "revocation of another's");
	}
	expect_state(&n, STORE_AUTHZ_ISSUED, STORE_CERT_ISSUED, "foreign");
	buf_clear(&first);
	buf_clear(&now);
	raw_issued_clear(&n);
}

/* Who is revoked has nothing to say any more. */
static void
test_after_revocation(void **state)
{
	struct cmc_revoke	how = { .reason = CRL_SUPERSEDED };
	struct raw_confirmation	c;
	struct raw_answer	a;
	struct raw_issued	n;

	(void)state;
	raw_issue(&pki, &n);
	c = raw_good(&n);
	confirm(&c, &a);
	expect_success(&a, "confirmation");
	revoke(&admin, &n.c.cert, &how, &a);
	expect_success(&a, "revocation by the Admin");
	expect_state(&n, STORE_AUTHZ_REVOKED, STORE_CERT_REVOKED, "revocation");
	revoke(&admin, &n.c.cert, &how, &a);
	expect_success(&a, "the same again");
	revoke(&n.c, &n.c.cert, &how, &a);
	expect_refused(&a, CMC_BAD_IDENTITY, WHOLE, "by what is revoked");
	confirm(&c, &a);
	expect_refused(&a, CMC_BAD_CERT_ID, RAW_EXTRA, "confirmation");
	expect_state(&n, STORE_AUTHZ_REVOKED, STORE_CERT_REVOKED, "confirmation");
	raw_issued_clear(&n);
}

/* --- all of them ---------------------------------------------------------------------------------- */

static int
start(void **state)
{
	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	gateway(&peer_device, &pki);
	if (!run(&peer_device))
		return -1;
	raw_cert_load(&peer_device, &peer);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&peer);
	device_close(&peer_device);
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_confirmations),
		cmocka_unit_test(test_accept_then_reject),
		cmocka_unit_test(test_reject_by_key),
		cmocka_unit_test(test_confirm_with_request),
		cmocka_unit_test(test_unconfirmed),
		cmocka_unit_test(test_repeat_of_revoked),
		cmocka_unit_test(test_repeat_of_confirmed),
		cmocka_unit_test(test_revocations),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_after_revocation),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
