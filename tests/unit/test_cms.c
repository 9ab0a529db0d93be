/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/ber.h"
#include "codec/cms.h"
#include "codec/cms_env.h"
#include "codec/name.h"
#include "fixture.h"
#include "octets.h"

#define ARENA_OCTETS	(1 << 20)
#define CONTENT_BEGINS	"the content of a message"

static struct arena *
new_arena(void)
{
	struct arena	*a = arena_new(ARENA_OCTETS);

	assert_non_null(a);
	return a;
}

static void
assert_content(struct view v)
{
	assert_int_equal(v.n, 219);
	assert_memory_equal(v.p, CONTENT_BEGINS, strlen(CONTENT_BEGINS));
}

/* Signed by name, with chain and signingCertificateV2, content PKIData. */
static void
test_signed_by_name(void **state)
{
	struct arena		*a = new_arena();
	struct buf		b, cb;
	struct cert		c;
	struct cms_signed	s;
	struct fault		f = { 0 };
	const struct cms_signer	*si;

	(void)state;
	assert_true(cert_decode(fixture(&cb, "gw.cer"), &c, &f));
	if (!cms_signed_decode(fixture(&b, "signed.p7s"), a, &s, &f))
		fail_msg("%s", f.text);
	assert_int_equal(s.version, 3);
	assert_true(view_equal(s.content_type, OID_CT_PKI_DATA));
	assert_true(s.has_content);
	assert_content(s.content);
	assert_int_equal(s.certificate_count, 2);
	assert_int_equal(s.crl_count, 0);
	assert_int_equal(s.signer_count, 1);
	si = &s.signers[0];
	assert_int_equal(si->sid.kind, CMS_SID_ISSUER_SERIAL);
	assert_true(cms_sid_names(&si->sid, &c));
	assert_true(view_equal(si->digest_alg.oid, OID_SHA256));
	assert_true(view_equal(si->sig_alg.oid, OID_ECDSA_SHA256));
	assert_true(si->has_signed_attrs && si->signed_attrs.p[0] == DER_SET);
	assert_true(view_equal(si->content_type, OID_CT_PKI_DATA));
	assert_int_equal(si->message_digest.n, 32);
	assert_true(si->has_signing_time && si->signing_time > 1700000000);
	assert_true(si->has_signing_certificate);
	assert_true(view_equal(si->signing_certificate_hash_alg, OID_SHA256));
	assert_int_equal(si->signing_certificate_hash.n, 32);
	assert_true(si->signature.n > 60);
	assert_int_equal(si->unsigned_attrs.n, 0);
	buf_clear(&b);
	buf_clear(&cb);
	arena_free(a);
}

/* R5272-3.2-3: the sid is the key identifier; no certificate comes along. */
static void
test_signed_by_key(void **state)
{
	struct arena		*a = new_arena();
	struct buf		b, cb;
	struct cert		c;
	struct cms_signed	s;
	struct fault		f = { 0 };

	(void)state;
	assert_true(cert_decode(fixture(&cb, "gw.cer"), &c, &f));
	assert_true(cms_signed_decode(fixture(&b, "keyid.p7s"), a, &s, &f));
	assert_int_equal(s.certificate_count, 0);
	assert_int_equal(s.signers[0].version, 3);
	assert_int_equal(s.signers[0].sid.kind, CMS_SID_SKI);
	assert_true(cms_sid_names(&s.signers[0].sid, &c));
	assert_false(s.signers[0].has_signing_certificate);
	buf_clear(&b);
	buf_clear(&cb);
	arena_free(a);
}

static void
test_streamed(void **state)
{
	struct arena		*a = new_arena();
	struct buf		b, der;
	struct cms_signed	s;
	struct fault		f = { 0 };

	(void)state;
	buf_init(&der, 1 << 16);
	assert_false(cms_signed_decode(fixture(&b, "indefinite.p7s"), a, &s, &f));
	fault_clear(&f);
	assert_true(ber_to_der(buf_view(&b), &der, &f));
	assert_true(cms_signed_decode(buf_view(&der), a, &s, &f));
	assert_content(s.content);
	assert_int_equal(s.certificate_count, 1);
	buf_clear(&b);
	buf_clear(&der);
	arena_free(a);
}

/* R5272-4.1-1: a Simple response is a bag of certificates and CRLs. */
static void
test_certs_only(void **state)
{
	struct arena		*a = new_arena();
	struct buf		b, again;
	struct cms_signed	s, t;
	struct fault		f = { 0 };

	(void)state;
	assert_true(cms_signed_decode(fixture(&b, "certs-only.p7c"), a, &s, &f));
	assert_false(s.has_content);
	assert_int_equal(s.certificate_count, 2);
	assert_int_equal(s.crl_count, 1);
	assert_int_equal(s.signer_count, 0);
	buf_init(&again, 1 << 16);
	assert_true(cms_certs_only_encode(s.certificates, 2, &again, &f));
	assert_true(der_check(buf_view(&again), 20, &f));
	assert_true(cms_signed_decode(buf_view(&again), a, &t, &f));
	assert_int_equal(t.certificate_count, 2);
	assert_int_equal(t.version, 1);
	buf_clear(&b);
	buf_clear(&again);
	arena_free(a);
}

static void
put_signer(struct buf *out, struct view attrs, bool by_ski)
{
	struct cms_signer_plan	p = {
		.digest_alg = ALGORITHM_SHA256,
		.signed_attrs = attrs,
		.sig_alg = ALGORITHM_ED25519,
		.signature = VIEW_LIT("signature"),
	};

	if (by_ski) {
		p.sid.kind = CMS_SID_SKI;
		p.sid.ski = VIEW_LIT("12345678901234567890");
	} else
		p.sid.is = (struct issuer_serial){ NAME_EMPTY, VIEW_LIT("\x05") };
	cms_signer_encode(&p, out);
}

static bool
sign_with(struct view attrs, bool by_ski, struct buf *out, struct fault *f)
{
	struct cms_signed_plan	p = {
		.content_type = OID_CT_PKI_DATA,
		.has_content = true,
		.content = VIEW_LIT("\x30\x08\x30\x00\x30\x00\x30\x00\x30\x00"),
		.signer_count = 1,
		.digest_alg = ALGORITHM_SHA256,
		.signer_by_ski = by_ski,
	};
	struct buf		signer;
	struct view		one;
	bool			ok;

	buf_init(&signer, 4096);
	put_signer(&signer, attrs, by_ski);
	one = buf_view(&signer);
	p.signers = &one;
	ok = cms_signed_encode(&p, out, f);
	buf_clear(&signer);
	return ok;
}

/* What we write is DER, and reads back as what was meant. */
static void
test_round_trip(void **state)
{
	struct cms_attrs_plan	attrs = {
		.content_type = OID_CT_PKI_DATA,
		.message_digest = VIEW_LIT("12345678901234567890123456789012"),
		.has_signing_time = true,
		.signing_time = 1795493427,
		.signing_certificate_sha256 =
		    VIEW_LIT("abcdefghijklmnopqrstuvwxyz012345"),
	};

	(void)state;
	for (int by_ski = 0; by_ski < 2; by_ski++) {
		struct arena		*a = new_arena();
		struct fault		f = { 0 };
		struct cms_signed	s;
		struct buf		set, out;

		buf_init(&set, 4096);
		buf_init(&out, 1 << 16);
		cms_signed_attrs_encode(&attrs, &set);
		assert_true(der_check(buf_view(&set), 8, &f));
		assert_true(sign_with(buf_view(&set), by_ski, &out, &f));
		assert_true(der_check(buf_view(&out), 20, &f));
		if (!cms_signed_decode(buf_view(&out), a, &s, &f))
			fail_msg("%s", f.text);
		assert_int_equal(s.version, 3);
		assert_int_equal(s.signers[0].version, by_ski ? 3 : 1);
		assert_true(view_equal(s.signers[0].signed_attrs,
		    buf_view(&set)));
		assert_true(view_equal(s.signers[0].message_digest,
		    attrs.message_digest));
		assert_int_equal(s.signers[0].signing_time, attrs.signing_time);
		assert_true(view_equal(s.signers[0].signing_certificate_hash,
		    attrs.signing_certificate_sha256));
		buf_clear(&set);
		buf_clear(&out);
		arena_free(a);
	}
}

#define TYPE	"301706092a864886f70d010903310a" "06082b060105050" "70c02"
#define DIGEST	"300f06092a864886f70d0109043102" "0400"
#define MD	"301106092a864886f70d0109043104" "04021122"
#define TIME	"301c06092a864886f70d010905310f" "170d3236313132343034313032375a"

static const struct {
	const char	*label;
	const char	*attrs;		/* the content of the SET */
	bool		 ok;
} attributes[] = {
	{ "what must be there", MD TYPE, true },
	{ "with a time", MD TYPE TIME, true },
	{ "nothing", "", false },
	{ "no digest", TYPE, false },
	{ "no content type", MD, false },
	{ "not sorted", TYPE MD, false },
	{ "the digest twice", MD MD TYPE, false },
	{ "two digests in one attribute",
	    "301506092a864886f70d0109043108" "04021122" "04021123" TYPE, false },
	{ "a digest without value", "300d06092a864886f70d0109043100" TYPE, false },
	{ "an empty digest", DIGEST TYPE, false },
	{ "another content type", MD
	    "301806092a864886f70d010903310b06092a864886f70d010701", false },
	{ "an unknown one", "300906032a03043102" "0500" MD TYPE, true },
	{ "an unknown one twice", "300906032a03043102" "0500"
	    "300a06032a030431030401" "11" MD TYPE, false },
	{ "a time that is none", MD TYPE
	    "301c06092a864886f70d010905310f170d3236313332343034313032375a", false },
};

/* C-21: signed attributes, each type once, one value. */
static void
test_attributes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		struct arena		*a = new_arena();
		struct octets		o;
		struct fault		f = { 0 };
		struct cms_signed	s;
		struct buf		set, out;
		bool			ok;

		buf_init(&set, 4096);
		buf_init(&out, 1 << 16);
		der_put(&set, DER_SET, from_hex(&o, attributes[i].attrs));
		assert_true(sign_with(buf_view(&set), true, &out, &f));
		ok = cms_signed_decode(buf_view(&out), a, &s, &f);
		if (ok != attributes[i].ok)
			fail_msg("%s: %s", attributes[i].label, f.text);
		buf_clear(&set);
		buf_clear(&out);
		arena_free(a);
	}
}

static void
test_without_attributes(void **state)
{
	struct arena		*a = new_arena();
	struct fault		f = { 0 };
	struct cms_signed	s;
	struct buf		out;

	(void)state;
	buf_init(&out, 4096);
	assert_true(sign_with(VIEW_NONE, true, &out, &f));
	assert_true(cms_signed_decode(buf_view(&out), a, &s, &f));
	assert_false(s.signers[0].has_signed_attrs);
	buf_clear(&out);
	arena_free(a);
}

static void
test_unsigned_attributes(void **state)
{
	struct cms_signer	s = { 0 };
	struct octets		o;
	struct fault		f = { 0 };
	struct view		values;
	bool			found;

	(void)state;
	s.unsigned_attrs = from_hex(&o, "300906032a03043102" "0500"
	    "300906032a03053102" "0500");
	assert_true(cms_unsigned_attr(&s, VIEW_LIT("\x2a\x03\x04"), &found,
	    &values, &f));
	assert_true(found && view_equal(values, DER_NULL_TLV));
	assert_true(cms_unsigned_attr(&s, VIEW_LIT("\x2a\x03\x06"), &found,
	    &values, &f));
	assert_false(found);
	/* R5272-3.2.3-1: at most one such attribute */
	s.unsigned_attrs = from_hex(&o, "300906032a03043102" "0500"
	    "300906032a03043102" "0500");
	assert_false(cms_unsigned_attr(&s, VIEW_LIT("\x2a\x03\x04"), &found,
	    &values, &f));
}

static void
test_damage(void **state)
{
	static const char *const	names[] = { "signed.p7s", "keyid.p7s",
	    "certs-only.p7c" };

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct arena		*a = new_arena();
		struct buf		b;
		struct cms_signed	s;
		struct view		v = fixture(&b, names[k]);

		for (size_t n = 0; n < v.n; n++) {
			struct fault	f = { 0 };
			uint8_t		*p = malloc(n + 1);

			assert_non_null(p);
			memcpy(p, v.p, n);
			assert_false(cms_signed_decode(view_of(p, n), a, &s, &f));
			assert_int_equal(f.kind, FAULT_MALFORMED);
			free(p);
			arena_reset(a);
		}
		for (size_t i = 0; i < v.n; i++) {
			struct fault	f = { 0 };

			b.p[i] ^= 0x20;
			if (!cms_signed_decode(v, a, &s, &f))
				assert_int_not_equal(f.kind, FAULT_NONE);
			b.p[i] ^= 0x20;
			arena_reset(a);
		}
		buf_clear(&b);
		arena_free(a);
	}
}

static void
enveloped_fixture(const char *name, struct arena *a, struct buf *der,
    struct cms_enveloped *out)
{
	struct buf	b;
	struct fault	f = { 0 };

	buf_init(der, 1 << 16);
	assert_true(ber_to_der(fixture(&b, name), der, &f));
	if (!cms_enveloped_decode(buf_view(der), a, out, &f))
		fail_msg("%s: %s", name, f.text);
	buf_clear(&b);
}

static void
test_enveloped(void **state)
{
	struct arena		*a = new_arena();
	struct buf		der;
	struct cms_enveloped	e;
	struct gcm_params	gcm;
	struct pbkdf2_params	kdf;
	struct fault		f = { 0 };

	(void)state;
	enveloped_fixture("kari.p7m", a, &der, &e);
	assert_false(e.is_auth);
	assert_int_equal(e.recipient_count, 1);
	assert_int_equal(e.recipients[0].kind, CMS_RECIPIENT_KARI);
	assert_int_equal(e.recipients[0].originator_key.n, 65);
	assert_true(view_equal(e.recipients[0].rid.is.serial,
	    VIEW_LIT("\x10\x00")));
	assert_true(view_equal(e.content_alg.oid, OID_AES256_CBC));
	assert_int_equal(e.encrypted.n, 224);
	buf_clear(&der);
	enveloped_fixture("gcm.p7m", a, &der, &e);
	assert_true(e.is_auth);
	assert_int_equal(e.mac.n, 16);
	assert_true(gcm_params_decode(e.content_alg.params, &gcm, &f));
	assert_int_equal(gcm.nonce.n, 12);
	assert_int_equal(gcm.tag_octets, 16);
	buf_clear(&der);
	/* encrypted content in segments under its tag */
	enveloped_fixture("oaep.p7m", a, &der, &e);
	assert_int_equal(e.recipients[0].kind, CMS_RECIPIENT_KTRI);
	assert_true(view_equal(e.recipients[0].key_alg.oid, OID_RSA_OAEP));
	assert_int_equal(e.recipients[0].encrypted_key.n, 256);
	assert_int_equal(e.encrypted.n, 224);
	buf_clear(&der);
	enveloped_fixture("pwri.p7m", a, &der, &e);
	assert_int_equal(e.recipients[0].kind, CMS_RECIPIENT_PWRI);
	assert_true(e.recipients[0].has_derivation);
	assert_true(view_equal(e.recipients[0].derivation.oid, OID_PBKDF2));
	assert_true(pbkdf2_params_decode(e.recipients[0].derivation.params, &kdf,
	    &f));
	assert_int_equal(kdf.iterations, 2048);
	assert_true(view_equal(e.recipients[0].key_alg.oid, OID_PWRI_KEK));
	buf_clear(&der);
	arena_free(a);
}

static void
test_enveloped_round_trip(void **state)
{
	struct arena			*a = new_arena();
	struct fault			 f = { 0 };
	struct cms_recipient_plan	 r[2] = {
		{
			.kind = CMS_RECIPIENT_KARI,
			.rid = { .kind = CMS_SID_SKI, .ski = VIEW_LIT("ski") },
			.key_alg = ALGORITHM_SHA256,
			.encrypted_key = VIEW_LIT("wrapped"),
			.originator_alg = ALGORITHM_ED25519,
			.originator_key = VIEW_LIT("point"),
			.ukm = VIEW_LIT("ukm"),
		}, {
			.kind = CMS_RECIPIENT_KTRI,
			.rid = { .is = { NAME_EMPTY, VIEW_LIT("\x05") } },
			.key_alg = ALGORITHM_SHA256_RSA,
			.encrypted_key = VIEW_LIT("transported"),
		},
	};
	struct cms_enveloped_plan	 p = {
		.is_auth = true,
		.recipients = r,
		.recipient_count = 2,
		.content_type = OID_CT_DATA,
		.encrypted = VIEW_LIT("secret"),
		.mac = VIEW_LIT("1234567890123456"),
	};
	struct cms_enveloped		 e;
	struct buf			 out, alg;

	(void)state;
	buf_init(&out, 4096);
	buf_init(&alg, 128);
	gcm_put(&alg, VIEW_LIT("123456789012"), 16);
	p.content_alg = buf_view(&alg);
	for (int auth = 0; auth < 2; auth++) {
		buf_reset(&out);
		p.is_auth = auth;
		assert_true(cms_enveloped_encode(&p, &out, &f));
		assert_true(der_check(buf_view(&out), 16, &f));
		if (!cms_enveloped_decode(buf_view(&out), a, &e, &f))
			fail_msg("%s", f.text);
		assert_int_equal(e.is_auth, auth);
		assert_int_equal(e.recipient_count, 2);
		/* a SET OF is sorted: 30 before a1 */
		assert_int_equal(e.recipients[0].kind, CMS_RECIPIENT_KTRI);
		assert_int_equal(e.recipients[1].kind, CMS_RECIPIENT_KARI);
		assert_true(view_equal(e.recipients[1].ukm, r[0].ukm));
		assert_true(view_equal(e.recipients[1].rid.ski, r[0].rid.ski));
		assert_true(view_equal(e.recipients[1].originator_key,
		    r[0].originator_key));
		assert_true(view_equal(e.encrypted, p.encrypted));
	}
	buf_clear(&out);
	buf_clear(&alg);
	arena_free(a);
}

/* R5272-3.2-6: AuthenticatedData has a password recipient. */
static void
test_authenticated(void **state)
{
	struct arena			*a = new_arena();
	struct fault			 f = { 0 };
	struct buf			 kdf, attrs, out;
	struct cms_attrs_plan		 ap = {
		.content_type = OID_CT_PKI_DATA,
		.message_digest = VIEW_LIT("12345678901234567890123456789012"),
	};
	struct cms_authenticated_plan	 p = {
		.mac_alg = ALGORITHM_HMAC_SHA256,
		.digest_alg = ALGORITHM_SHA256,
		.content_type = OID_CT_PKI_DATA,
		.content = VIEW_LIT("\x30\x00"),
		.mac = VIEW_LIT("mac"),
	};
	struct cms_authenticated	 m;
	struct pbkdf2_params		 params;

	(void)state;
	buf_init(&kdf, 256);
	buf_init(&attrs, 512);
	buf_init(&out, 4096);
	pbkdf2_put(&kdf, VIEW_LIT("0123456789abcdef"), 1000, 32);
	cms_signed_attrs_encode(&ap, &attrs);
	p.recipient = (struct cms_recipient_plan){
		.kind = CMS_RECIPIENT_PWRI,
		.key_alg = VIEW_LIT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2d"),
		.encrypted_key = VIEW_LIT("wrapped"),
		.derivation = buf_view(&kdf),
	};
	p.auth_attrs = buf_view(&attrs);
	assert_true(cms_authenticated_encode(&p, &out, &f));
	assert_true(der_check(buf_view(&out), 16, &f));
	if (!cms_authenticated_decode(buf_view(&out), a, &m, &f))
		fail_msg("%s", f.text);
	assert_int_equal(m.recipients[0].kind, CMS_RECIPIENT_PWRI);
	assert_true(view_equal(m.recipients[0].key_alg.oid, OID_AES256_WRAP));
	assert_true(pbkdf2_params_decode(m.recipients[0].derivation.params,
	    &params, &f));
	assert_int_equal(params.iterations, 1000);
	assert_int_equal(params.key_length, 32);
	assert_true(view_equal(params.prf, OID_HMAC_SHA256));
	assert_true(view_equal(m.auth_attrs, p.auth_attrs));
	assert_true(view_equal(m.attr_message_digest, ap.message_digest));
	assert_true(view_equal(m.content, p.content));
	assert_true(view_equal(m.mac, p.mac));
	buf_reset(&out);
	p.auth_attrs = VIEW_NONE;
	assert_true(cms_authenticated_encode(&p, &out, &f));
	assert_true(cms_authenticated_decode(buf_view(&out), a, &m, &f));
	assert_int_equal(m.auth_attrs.n, 0);
	buf_clear(&kdf);
	buf_clear(&attrs);
	buf_clear(&out);
	arena_free(a);
}

static void
test_limits(void **state)
{
	struct view	many[CMS_CERTIFICATES_MAX + 1];
	struct fault	f = { 0 };
	struct buf	out;

	(void)state;
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i <= CMS_CERTIFICATES_MAX; i++)
		many[i] = VIEW_LIT("\x30\x00");
	assert_true(cms_certs_only_encode(many, CMS_CERTIFICATES_MAX, &out, &f));
	assert_false(cms_certs_only_encode(many, CMS_CERTIFICATES_MAX + 1, &out,
	    &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_signed_by_name),
		cmocka_unit_test(test_signed_by_key),
		cmocka_unit_test(test_streamed),
		cmocka_unit_test(test_certs_only),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_without_attributes),
		cmocka_unit_test(test_unsigned_attributes),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_enveloped),
		cmocka_unit_test(test_enveloped_round_trip),
		cmocka_unit_test(test_authenticated),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
