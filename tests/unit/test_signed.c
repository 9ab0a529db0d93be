/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/pkcs10.h"
#include "made.h"
#include "message/signed.h"
#include "octets.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define CONTENT		VIEW_LIT("\x30\x08\x30\x00\x30\x00\x30\x00\x30\x00")
#define MESSAGE_ROOM	(1u << 20)

static const enum key_kind kinds[] = {
	KEY_EC_P256, KEY_EC_P384, KEY_ED25519, KEY_RSA_3072,
};
static struct made root, leaf[COUNT(kinds)];

static int
make_all(void **state)
{
	(void)state;
	make(&root, KEY_EC_P256, "CN=root", 1, NULL, true);
	for (size_t i = 0; i < COUNT(kinds); i++)
		make(&leaf[i], kinds[i], "CN=leaf", (uint8_t)(i + 2), &root, false);
	return 0;
}

static int
unmake_all(void **state)
{
	(void)state;
	unmake(&root);
	for (size_t i = 0; i < COUNT(kinds); i++)
		unmake(&leaf[i]);
	return 0;
}

static void
signer_for(struct message_signer *s, const struct made *m, bool by_cert)
{
	struct fault		f = { 0 };
	const struct view	extra = buf_view(&root.der);

	if (by_cert)
		assert_true(message_signer_cert(s, key_sigalg(m->key), key_digest(m->key),
		    buf_view(&m->der), &extra, 1, &f));
	else
		assert_true(message_signer_ski(s, key_sigalg(m->key), key_digest(m->key),
		    view_of(m->ski, sizeof(m->ski)), &f));
}

static void
sign_by(const struct made *m, bool by_cert, struct view content, struct buf *out)
{
	struct message_signer	s;
	struct fault		f = { 0 };

	signer_for(&s, m, by_cert);
	buf_init(out, MESSAGE_ROOM);
	must(message_sign(&s, m->key, OID_CT_PKI_DATA, content, MADE_NOW, out, &f), &f);
	message_signer_clear(&s);
}

static bool
verify_ski(const struct cms_signed *m, const struct made *by, struct fault *f)
{
	struct pubkey	*p = pubkey_from_spki(key_spki(by->key), f);
	bool		 ok = message_verify_ski(m, view_of(by->ski, sizeof(by->ski)), p, f);

	pubkey_free(p);
	return ok;
}

static bool
verify_cert(const struct cms_signed *m, const struct made *by, struct fault *f)
{
	return message_verify_cert(m, &by->cert, NULL, SIGNING_CERTIFICATE_REQUIRED, f);
}

/* R5272-3.2-3, R5272-3.2-4, R5272-3.2-5 */
static void
by_key_identifier(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct arena		*a = arena_new(MESSAGE_ROOM);
		struct fault		 f = { 0 };
		struct cms_signed	 m;
		struct buf		 out;
		const struct made	*other = &leaf[(i + 1) % COUNT(kinds)];

		print_message("%s\n", key_kind_name(kinds[i]));
		sign_by(&leaf[i], false, CONTENT, &out);
		must(message_open(buf_view(&out), a, &m, &f), &f);
		assert_true(view_equal(m.content, CONTENT));
		assert_true(view_equal(m.content_type, OID_CT_PKI_DATA));
		assert_int_equal(m.version, 3);
		assert_int_equal(m.certificate_count, 0);
		assert_int_equal(m.signers[0].version, 3);
		must(verify_ski(&m, &leaf[i], &f), &f);
		assert_false(verify_ski(&m, other, &f));
		assert_int_equal(f.kind, FAULT_SIGNATURE);
		fault_clear(&f);
		assert_false(verify_cert(&m, &leaf[i], &f));
		assert_int_equal(f.kind, FAULT_SIGNATURE);
		buf_clear(&out);
		arena_free(a);
	}
}

static void
by_certificate(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct arena		*a = arena_new(MESSAGE_ROOM);
		struct fault		 f = { 0 };
		struct cms_signed	 m;
		struct cert		 found;
		struct buf		 out;
		int64_t			 when;
		bool			 present;
		const struct made	*other = &leaf[(i + 1) % COUNT(kinds)];

		print_message("%s\n", key_kind_name(kinds[i]));
		sign_by(&leaf[i], true, CONTENT, &out);
		must(message_open(buf_view(&out), a, &m, &f), &f);
		assert_int_equal(m.signers[0].version, 1);
		assert_int_equal(m.certificate_count, 2);
		must(verify_cert(&m, &leaf[i], &f), &f);
		must(message_find_signer(&m, &found, &f), &f);
		assert_true(view_equal(found.der, buf_view(&leaf[i].der)));
		must(message_signing_time(&m, &when, &present, &f), &f);
		assert_true(present && when == MADE_NOW);
		assert_false(verify_cert(&m, other, &f));
		assert_int_equal(f.kind, FAULT_SIGNATURE);
		fault_clear(&f);
		assert_false(verify_ski(&m, &leaf[i], &f));
		assert_int_equal(f.kind, FAULT_SIGNATURE);
		buf_clear(&out);
		arena_free(a);
	}
}

/*
 * A certificate with the same issuer, serial number and key, but not the same
 * octets: signingCertificateV2 tells.
 */
static void
another_certificate_of_the_same_name(void **state)
{
	struct arena		*a = arena_new(MESSAGE_ROOM);
	struct made		 twin = leaf[0];
	struct fault		 f = { 0 };
	struct cms_signed	 m;
	struct buf		 out;

	(void)state;
	sign_by(&leaf[0], true, CONTENT, &out);
	must(message_open(buf_view(&out), a, &m, &f), &f);
	twin.cert.der = buf_view(&leaf[1].der);
	assert_false(verify_cert(&m, &twin, &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
	assert_string_equal(f.rule, "RFC 5035, 4");
	fault_clear(&f);
	m.signers[0].has_signing_certificate = false;
	assert_false(verify_cert(&m, &leaf[0], &f));
	assert_int_equal(f.kind, FAULT_REFUSED);
	must(message_verify_cert(&m, &leaf[0].cert, NULL, SIGNING_CERTIFICATE_IF_PRESENT, &f),
	    &f);
	buf_clear(&out);
	arena_free(a);
}

/* R5272-3.2.1.3.4-1: no octet of a signed message can change unseen. */
static void
every_octet_counts(void **state)
{
	struct buf	out;
	size_t		at, seen = 0;

	(void)state;
	sign_by(&leaf[0], false, CONTENT, &out);
	for (at = 0; at < out.n; at++) {
		struct arena		*a = arena_new(MESSAGE_ROOM);
		struct cms_signed	 m;

		out.p[at] ^= 0x04;
		if (!message_open(buf_view(&out), a, &m, NULL) ||
		    !view_equal(m.content_type, OID_CT_PKI_DATA) ||
		    !verify_ski(&m, &leaf[0], NULL))
			seen++;
		out.p[at] ^= 0x04;
		arena_free(a);
	}
	/* digestAlgorithms of SignedData repeats the signer's and is not signed */
	assert_true(out.n - seen <= digest_algorithm(DIGEST_SHA256).n);
	buf_clear(&out);
}

/* What a verifier must look at besides the signature itself. */
static void
spoil_count(struct cms_signed *m)
{
	m->signer_count = 0;
}

static void
spoil_attrs(struct cms_signed *m)
{
	m->signers[0].has_signed_attrs = false;
}

static void
spoil_content(struct cms_signed *m)
{
	m->has_content = false;
}

static void
spoil_type(struct cms_signed *m)
{
	m->content_type = OID_CT_DATA;
}

static void
spoil_octets(struct cms_signed *m)
{
	m->content = VIEW_LIT("another content");
}

static void
spoil_digest(struct cms_signed *m)
{
	m->signers[0].digest_alg.tlv = digest_algorithm(DIGEST_SHA1);
}

static void
spoil_pairing(struct cms_signed *m)
{
	static uint8_t	md[DIGEST_MAX];

	digest_of(DIGEST_SHA512, m->content, md);
	m->signers[0].digest_alg.tlv = digest_algorithm(DIGEST_SHA512);
	m->signers[0].message_digest = view_of(md, SHA512_OCTETS);
}

static void
spoil_sigalg(struct cms_signed *m)
{
	m->signers[0].sig_alg.tlv = VIEW_LIT("\x30\x0c\x06\x08\x2b\x06\x01\x05\x05\x07\x06\x02"
	    "\x05\x00");
}

static void
spoiled_messages(void **state)
{
	static const struct {
		const char	*label;
		void		(*spoil)(struct cms_signed *m);
		enum fault_kind	 want;
	} cases[] = {
		{ "no signer", spoil_count, FAULT_REFUSED },
		{ "no signed attributes", spoil_attrs, FAULT_REFUSED },	/* Res-19 */
		{ "no content", spoil_content, FAULT_REFUSED },
		{ "another content type", spoil_type, FAULT_SIGNATURE },
		{ "another content", spoil_octets, FAULT_SIGNATURE },
		{ "SHA-1", spoil_digest, FAULT_ALGORITHM },
		{ "SHA-512 with ecdsa-with-SHA256", spoil_pairing, FAULT_ALGORITHM },
		{ "id-alg-noSignature", spoil_sigalg, FAULT_ALGORITHM },
	};
	struct buf	out;

	(void)state;
	sign_by(&leaf[0], true, CONTENT, &out);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena		*a = arena_new(MESSAGE_ROOM);
		struct cms_signed	 m;
		struct fault		 f = { 0 };

		must(message_open(buf_view(&out), a, &m, &f), &f);
		cases[i].spoil(&m);
		assert_false(verify_cert(&m, &leaf[0], &f));
		print_message("%s: %s\n", cases[i].label, f.text);
		assert_int_equal(f.kind, cases[i].want);
		arena_free(a);
	}
	buf_clear(&out);
}

static void
in_two_halves(void **state)
{
	struct arena		*a = arena_new(MESSAGE_ROOM);
	const struct view	 more = buf_view(&leaf[3].der);
	struct message_signer	 s;
	struct message_draft	 d;
	struct cms_signed	 m;
	struct fault		 f = { 0 };
	struct buf		 sig, out;

	(void)state;
	buf_init(&sig, SIGNATURE_MAX);
	buf_init(&out, MESSAGE_ROOM);
	signer_for(&s, &leaf[1], true);
	must(message_prepare(&d, &s, OID_CT_PKI_DATA, CONTENT, MADE_NOW, &f), &f);
	assert_int_equal(d.tbs.p[0], DER_SET);
	must(key_sign(leaf[1].key, buf_view(&d.tbs), &sig, &f), &f);
	d.certs = &more;
	d.ncerts = 1;
	must(message_finish(&d, buf_view(&sig), &out, &f), &f);
	must(message_open(buf_view(&out), a, &m, &f), &f);
	assert_int_equal(m.certificate_count, 3);
	must(verify_cert(&m, &leaf[1], &f), &f);
	message_draft_clear(&d);
	message_signer_clear(&s);
	buf_clear(&out);
	buf_clear(&sig);
	arena_free(a);
}

static void
without_a_signer(void **state)
{
	struct arena		*a = arena_new(MESSAGE_ROOM);
	const struct view	 certs[] = { buf_view(&root.der), buf_view(&leaf[0].der) };
	struct cms_signed	 m;
	struct fault		 f = { 0 };
	struct buf		 out;

	(void)state;
	buf_init(&out, MESSAGE_ROOM);
	must(message_unsigned(OID_CT_PKI_DATA, CONTENT, NULL, 0, NULL, 0, &out, &f), &f);
	must(message_open(buf_view(&out), a, &m, &f), &f);
	assert_int_equal(m.signer_count, 0);
	assert_true(view_equal(m.content, CONTENT));
	assert_false(verify_cert(&m, &leaf[0], &f));
	assert_int_equal(f.kind, FAULT_REFUSED);
	fault_clear(&f);
	buf_reset(&out);
	must(message_unsigned(VIEW_NONE, VIEW_NONE, certs, 2, NULL, 0, &out, &f), &f);
	must(message_open(buf_view(&out), a, &m, &f), &f);
	assert_false(m.has_content);
	assert_int_equal(m.certificate_count, 2);
	buf_clear(&out);
	arena_free(a);
}

/* R5272-3.2-2: a request names its key, so that its key can sign the message. */
static void
requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const uint8_t		 witness[32] = { 1 };
		struct request_terms	 t = { .link_witness = witness };
		struct fault		 f = { 0 };
		struct pubkey		*p = pubkey_from_spki(key_spki(leaf[i].key), &f);
		struct pkcs10		 r;
		struct buf		 out;

		buf_init(&out, PKCS10_OCTETS_MAX);
		must(request_build(&t, leaf[i].key, &out, &f), &f);
		must(pkcs10_decode(buf_view(&out), &r, &f), &f);
		assert_true(view_equal(r.spki, key_spki(leaf[i].key)));
		assert_true(view_equal(r.ski, view_of(leaf[i].ski, sizeof(leaf[i].ski))));
		assert_true(view_equal(r.subject, NAME_EMPTY));
		assert_int_not_equal(r.pop_link_witness_v2.n, 0);
		assert_false(r.has_san);
		must(request_check_pop(&r, p, &f), &f);
		r.info.n--;
		assert_false(request_check_pop(&r, p, &f));
		assert_int_equal(f.kind, FAULT_SIGNATURE);
		buf_clear(&out);
		pubkey_free(p);
	}
}

static void
request_with_names(void **state)
{
	const struct general_name	 name = { GENERAL_NAME_DNS, VIEW_LIT("gw1.example") };
	struct request_terms		 t = { .subject = leaf[0].cert.subject };
	struct fault			 f = { 0 };
	struct pkcs10			 r;
	struct buf			 san, out;

	(void)state;
	buf_init(&san, 100);
	buf_init(&out, PKCS10_OCTETS_MAX);
	general_names_put(&san, &name, 1);
	t.san = buf_view(&san);
	must(request_build(&t, leaf[0].key, &out, &f), &f);
	must(pkcs10_decode(buf_view(&out), &r, &f), &f);
	assert_true(view_equal(r.subject, leaf[0].cert.subject));
	assert_true(r.has_san && view_equal(r.san_value, t.san));
	assert_int_equal(r.pop_link_witness_v2.n, 0);
	t.san = VIEW_LIT("\x30\x05");
	assert_false(request_build(&t, leaf[0].key, &out, &f));
	assert_int_equal(f.kind, FAULT_MALFORMED);
	buf_clear(&out);
	buf_clear(&san);
}

static void
issued_by(void **state)
{
	struct fault	f = { 0 };
	struct cert	c = leaf[0].cert;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		must(certificate_verify(&leaf[i].cert, &root.cert, &f), &f);
	assert_false(certificate_verify(&leaf[0].cert, &leaf[1].cert, &f));
	assert_int_equal(f.kind, FAULT_REFUSED);
	fault_clear(&f);
	c.tbs.n--;
	assert_false(certificate_verify(&c, &root.cert, &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(by_key_identifier),
		cmocka_unit_test(by_certificate),
		cmocka_unit_test(another_certificate_of_the_same_name),
		cmocka_unit_test(every_octet_counts),
		cmocka_unit_test(spoiled_messages),
		cmocka_unit_test(in_two_halves),
		cmocka_unit_test(without_a_signer),
		cmocka_unit_test(requests),
		cmocka_unit_test(request_with_names),
		cmocka_unit_test(issued_by),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
