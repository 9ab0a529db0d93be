/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/cert.h"
#include "codec/name.h"
#include "codec/spki.h"
#include "fixture.h"
#include "octets.h"

static void
assert_view(struct view v, const char *want)
{
	if (!view_equal(v, view_str(want)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)v.n, v.p, want);
}

/* A gateway's certificate with everything our profile puts into one. */
static void
test_gateway(void **state)
{
	struct buf		b, rb;
	struct cert		c, root;
	struct spki		key;
	struct fault		f = { 0 };
	struct issuer_serial	is;
	char			text[256];
	static const char *const	names[] = { "dns:gw1.example",
	    "email:gw1@example.com", "ip:192.0.2.1", "ip:2001:db8::1",
	    "dn:O=Example" };

	(void)state;
	assert_true(cert_decode(fixture(&b, "gw.cer"), &c, &f));
	assert_true(cert_decode(fixture(&rb, "root.cer"), &root, &f));
	assert_int_equal(c.version, 3);
	assert_true(view_equal(c.serial, VIEW_LIT("\x10\x00")));
	assert_true(view_equal(c.sigalg.tlv, ALGORITHM_ECDSA_SHA256));
	assert_string_equal(name_text(c.subject, text, sizeof(text)),
	    "C=DE, O=Example, CN=gw1.example");
	assert_string_equal(name_text(c.issuer, text, sizeof(text)),
	    "C=DE, O=Example, CN=Root G1");
	/* dates on both sides of 2050 */
	assert_int_equal(c.not_before, 1767225600);
	assert_int_equal(c.not_after, 2524608000);
	assert_true(spki_decode(c.spki, &key, &f));
	assert_int_equal(key.kind, SPKI_EC_P256);
	assert_int_equal(key.bits, 256);
	assert_int_equal(c.extensions.n, 9);
	assert_int_equal(c.ski.n, 20);
	assert_true(view_equal(c.aki, root.ski));
	assert_true(c.has_key_usage);
	assert_int_equal(c.key_usage, KU_DIGITAL_SIGNATURE);
	assert_int_equal(c.eku, EKU_SERVER_AUTH | EKU_IPSEC_IKE);
	assert_true(cert_has_eku(&c, OID_KP_IPSEC_IKE));
	assert_false(cert_has_eku(&c, OID_KP_CMC_RA));
	assert_true(c.has_basic_constraints && !c.is_ca && !c.has_path_length);
	assert_true(c.has_san && !c.san_critical);
	assert_int_equal(c.san.n, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(general_name_text(&c.san.list[i], text,
		    sizeof(text)), names[i]);
	/* the http one, though another stands before it */
	assert_view(c.cdp_uri, "http://crl.example/ca.crl");
	assert_view(c.ocsp_uri, "http://ocsp.example/");
	assert_view(c.ca_issuers_uri, "http://ca.example/ca.cer");
	assert_int_equal(c.policy_count, 2);
	assert_true(cert_has_policy(&c,
	    VIEW_LIT("\x2b\x06\x01\x04\x01\x86\x8d\x1f\x02")));
	assert_false(c.unknown_critical);
	assert_false(cert_is_self_issued(&c));
	assert_true(cert_is_self_issued(&root));
	is = (struct issuer_serial){ root.subject, c.serial };
	assert_true(issuer_serial_names(&is, &c));
	assert_false(issuer_serial_names(&is, &root));
	buf_clear(&b);
	buf_clear(&rb);
}

static void
test_root_and_others(void **state)
{
	struct buf	b;
	struct cert	c;
	struct spki	key;
	struct fault	f = { 0 };
	char		text[128];

	(void)state;
	assert_true(cert_decode(fixture(&b, "root.cer"), &c, &f));
	assert_true(c.is_ca && c.has_path_length);
	assert_int_equal(c.path_length, 1);
	assert_int_equal(c.key_usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_string_equal(key_usage_text(c.key_usage, text, sizeof(text)),
	    "keyCertSign, cRLSign");
	buf_clear(&b);

	assert_true(cert_decode(fixture(&b, "rsa.cer"), &c, &f));
	assert_true(spki_decode(c.spki, &key, &f));
	assert_int_equal(key.kind, SPKI_RSA);
	assert_int_equal(key.bits, 2048);
	assert_int_equal(key.rsa_modulus.n, 257);
	assert_true(view_equal(key.rsa_exponent, VIEW_LIT("\x01\x00\x01")));
	buf_clear(&b);

	/* R4945-5.1.3-4: what is critical and unknown is not overlooked */
	assert_true(cert_decode(fixture(&b, "odd.cer"), &c, &f));
	assert_true(c.unknown_critical);
	assert_string_equal(oid_text(c.unknown_critical_oid, text),
	    "1.3.6.1.4.1.99999.7");
	assert_true(c.has_name_constraints);
	assert_true(spki_decode(c.spki, &key, &f));
	assert_int_equal(key.kind, SPKI_ED25519);
	assert_true(cert_decode_names(buf_view(&b), &c, &f));
	assert_int_equal(c.extensions.n, 0);
	assert_true(c.spki.n > 0 && c.subject.n > 0);
	buf_clear(&b);
}

/* Cut or damaged anywhere: a fault or a certificate, never a read beyond. */
static void
test_damage(void **state)
{
	struct buf	b;
	struct cert	c;
	uint8_t		*p;
	struct view	v = fixture(&b, "gw.cer");

	(void)state;
	for (size_t n = 0; n < v.n; n++) {
		struct fault	f = { 0 };

		p = malloc(n == 0 ? 1 : n);
		assert_non_null(p);
		memcpy(p, v.p, n);
		assert_false(cert_decode(view_of(p, n), &c, &f));
		assert_int_equal(f.kind, FAULT_MALFORMED);
		free(p);
	}
	for (size_t i = 0; i < v.n; i++) {
		struct fault	f = { 0 };

		b.p[i] ^= 0x80;
		if (!cert_decode(v, &c, &f))
			assert_int_not_equal(f.kind, FAULT_NONE);
		b.p[i] ^= 0x80;
	}
	buf_clear(&b);
}

static const uint8_t	ed25519_spki[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
    0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    32 };

static void
plan_init(struct cert_plan *p, struct buf *names)
{
	const struct name_part	root[] = {
		{ OID_AT_O, VIEW_LIT("Example") }, { OID_AT_CN, VIEW_LIT("Root") },
	};

	*p = (struct cert_plan){
		.serial = VIEW_LIT("\x00\x81\x02"),
		.sigalg = ALGORITHM_ED25519,
		.subject = NAME_EMPTY,
		.not_before = 1795493427,
		.not_after = 2524608000,
		.spki = view_of(ed25519_spki, sizeof(ed25519_spki)),
	};
	buf_init(names, NAME_OCTETS_MAX);
	assert_true(name_encode(root, 2, names, NULL));
	p->issuer = buf_view(names);
}

/* Encode a plan, wrap it, read it back. */
static bool
round_trip(const struct cert_plan *p, struct buf *out, struct cert *c,
    struct fault *f)
{
	struct buf	tbs;
	bool		ok;

	buf_init(&tbs, CERT_OCTETS_MAX);
	buf_init(out, CERT_OCTETS_MAX);
	ok = tbs_encode(p, &tbs, f);
	if (ok) {
		cert_assemble(buf_view(&tbs), p->sigalg, VIEW_LIT("signature"),
		    out);
		ok = buf_ok(out) && der_check(buf_view(out), 16, f) &&
		    cert_decode(buf_view(out), c, f);
	}
	buf_clear(&tbs);
	return ok;
}

static void
test_plan(void **state)
{
	const struct general_name	san[] = {
		{ GENERAL_NAME_DNS, VIEW_LIT("gw1.example") },
		{ GENERAL_NAME_IP, VIEW_LIT("\xc0\x00\x02\x01") },
	};
	const struct view	policies[] = { VIEW_LIT("\x2a\x03\x04") };
	struct cert_plan	p;
	struct cert		c;
	struct fault		f = { 0 };
	struct buf		names, out;

	(void)state;
	plan_init(&p, &names);
	p.ski = VIEW_LIT("12345678901234567890");
	p.aki = VIEW_LIT("abcdefghijklmnopqrst");
	p.key_usage = KU_DIGITAL_SIGNATURE;
	p.eku = EKU_IPSEC_IKE | EKU_CLIENT_AUTH;
	p.san = san;
	p.san_count = 2;
	p.cdp_uri = VIEW_LIT("http://crl.example/ca.crl");
	p.ocsp_uri = VIEW_LIT("http://ocsp.example/");
	p.ca_issuers_uri = VIEW_LIT("http://ca.example/ca.cer");
	p.cmc_uri = VIEW_LIT("http://ca.example/cmc");
	p.policies = policies;
	p.policy_count = 1;
	p.ocsp_nocheck = true;
	if (!round_trip(&p, &out, &c, &f))
		fail_msg("%s", f.text);
	assert_true(view_equal(c.serial, VIEW_LIT("\x00\x81\x02")));
	assert_true(view_equal(serial_magnitude(c.serial), VIEW_LIT("\x81\x02")));
	assert_true(view_equal(c.issuer, p.issuer));
	assert_true(name_is_empty(c.subject));
	assert_int_equal(c.not_before, p.not_before);
	assert_int_equal(c.not_after, p.not_after);
	assert_true(view_equal(c.spki, p.spki));
	assert_true(view_equal(c.ski, p.ski));
	assert_true(view_equal(c.aki, p.aki));
	assert_int_equal(c.key_usage, p.key_usage);
	assert_int_equal(c.eku, p.eku);
	/* RFC 5280, 4.1.2.6: critical beside an empty subject */
	assert_true(c.san_critical);
	assert_int_equal(c.san.n, 2);
	assert_view(c.san.list[0].value, "gw1.example");
	assert_true(view_equal(c.cdp_uri, p.cdp_uri));
	assert_true(view_equal(c.ocsp_uri, p.ocsp_uri));
	assert_true(view_equal(c.ca_issuers_uri, p.ca_issuers_uri));
	assert_true(view_equal(c.cmc_uri, p.cmc_uri));
	assert_true(cert_has_policy(&c, policies[0]));
	assert_true(c.ocsp_nocheck && c.has_basic_constraints && !c.is_ca);
	assert_false(c.unknown_critical);
	assert_view(c.signature, "signature");
	buf_clear(&out);
	buf_clear(&names);
}

static void
test_plan_variants(void **state)
{
	struct cert_plan	p;
	struct cert		c;
	struct fault		f = { 0 };
	struct buf		names, out;

	(void)state;
	plan_init(&p, &names);
	p.omit_basic_constraints = true;
	assert_true(round_trip(&p, &out, &c, &f));
	assert_int_equal(c.extensions.n, 0);
	buf_clear(&out);
	p.omit_basic_constraints = false;
	p.is_ca = p.has_path_length = true;
	p.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN | KU_DECIPHER_ONLY;
	assert_true(round_trip(&p, &out, &c, &f));
	assert_true(c.is_ca && c.has_path_length && c.path_length == 0);
	assert_int_equal(c.key_usage, p.key_usage);
	buf_clear(&out);
	for (unsigned bit = 0; bit <= 8; bit++) {
		p.key_usage = 1u << bit;
		assert_true(round_trip(&p, &out, &c, &f));
		assert_int_equal(c.key_usage, p.key_usage);
		buf_clear(&out);
	}
	p.is_ca = false;
	assert_false(round_trip(&p, &out, &c, &f));
	buf_clear(&out);
	p.has_path_length = false;
	p.serial = VIEW_LIT("\x00");
	assert_false(round_trip(&p, &out, &c, NULL));
	buf_clear(&out);
	p.serial = VIEW_LIT("\x81" "1234567890123456789");
	assert_false(round_trip(&p, &out, &c, NULL));
	buf_clear(&out);
	p.serial = VIEW_LIT("\x7f" "1234567890123456789");
	assert_true(round_trip(&p, &out, &c, NULL));
	buf_clear(&out);
	p.not_after = p.not_before - 1;
	assert_false(round_trip(&p, &out, &c, NULL));
	buf_clear(&out);
	buf_clear(&names);
}

static const struct {
	const char	*label;
	const char	*more;		/* Extension TLVs */
	bool		 ok;
} extensions[] = {
	{ "an unknown one", "30080603" "2a0304" "040100", true },
	{ "twice the same", "30080603" "2a0304" "040100"
	    "30080603" "2a0304" "040100", false },
	{ "twice, once by us", "300c0603" "551d13" "0101ff" "04023000", false },
	{ "critical FALSE spelled out", "300b0603" "2a0304" "010100" "040100", false },
	{ "key usage empty", "300b0603551d0f" "040403020000", false },
	{ "key usage with a zero bit too many", "300b0603551d0f" "040403020080",
	    false },
	{ "key usage, one bit", "300b0603551d0f" "040403020780", true },
	{ "eku empty", "30090603551d25" "04023000", false },
	{ "eku", "300f0603551d25" "0408" "3006" "06042b060105", true },
	{ "san empty", "30090603551d11" "04023000", false },
	{ "san with a NUL", "300e0603551d11" "04073005" "82036100" "62", false },
	{ "san with an octet above 7f", "300e0603551d11" "04073005" "8203" "61c362",
	    false },
	{ "san with tag 9", "300c0603551d11" "04053003" "890161", false },
	{ "ski empty", "30090603551d0e" "04020400", false },
	{ "ski with a tail", "300c0603551d0e" "0405040101" "0500", false },
	{ "policies twice the same",
	    "30150603551d20" "040e300c" "300406022a03" "300406022a03", false },
	{ "no-check with content", "30100609" "2b0601050507300105" "0403050100",
	    false },
};

static void
test_extensions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		struct cert_plan	p;
		struct cert		c;
		struct fault		f = { 0 };
		struct buf		names, out;
		struct octets		o;

		plan_init(&p, &names);
		p.more = from_hex(&o, extensions[i].more);
		if (round_trip(&p, &out, &c, &f) != extensions[i].ok)
			fail_msg("%s: %s", extensions[i].label, f.text);
		buf_clear(&out);
		buf_clear(&names);
	}
}

static const struct {
	const char	*label;
	const char	*hex;
	enum spki_kind	 kind;
	bool		 ok;
} keys[] = {
	{ "Ed25519, short", "300a3005" "06032b6570" "030100", SPKI_OTHER, false },
	{ "Ed25519 with NULL", "300c3007" "06032b6570" "0500" "030100",
	    SPKI_OTHER, false },
	{ "an algorithm we do not know", "300a3005" "06032a0304" "030100",
	    SPKI_OTHER, true },
	{ "an unknown curve", "301530100607" "2a8648ce3d0201" "0605" "2b8104000a"
	    "030100", SPKI_OTHER, true },
	{ "EC without a curve", "300e3009" "06072a8648ce3d0201" "030100",
	    SPKI_OTHER, true },
	{ "RSA without NULL",
	    "3018300b" "06092a864886f70d010101" "030900" "3006020103" "020103",
	    SPKI_OTHER, false },
	{ "RSA", "301a300d" "06092a864886f70d010101" "0500" "030900"
	    "3006020107" "020103", SPKI_RSA, true },
	{ "RSA with a negative modulus", "301a300d" "06092a864886f70d010101" "0500"
	    "030900" "3006020187" "020103", SPKI_RSA, false },
	{ "unused bits", "300a3005" "06032a0304" "030101", SPKI_OTHER, false },
	{ "a tail", "300c3005" "06032a0304" "030100" "0500", SPKI_OTHER, false },
};

static void
test_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct octets	o;
		struct fault	f = { 0 };
		struct spki	s;
		bool		ok = spki_decode(from_hex(&o, keys[i].hex), &s, &f);

		if (ok != keys[i].ok || (ok && s.kind != keys[i].kind))
			fail_msg("%s: %s", keys[i].label, f.text);
	}
}

static const struct {
	const char	*label;
	const char	*text;
	const char	*shown;		/* NULL: refused */
} names[] = {
	{ "nothing", "", "" },
	{ "three parts", "C=DE, O=Example, CN=gw1", "C=DE, O=Example, CN=gw1" },
	{ "no spaces", "C=DE,O=Example,CN=gw1", "C=DE, O=Example, CN=gw1" },
	{ "lower case types", "c=DE, cn=x", "C=DE, CN=x" },
	{ "escapes", "CN=a\\, b\\+c\\\\", "CN=a\\, b\\+c\\\\" },
	{ "hex escapes", "CN=\\c3\\a4", "CN=\xc3\xa4" },
	{ "dotted type", "1.2.3=x", "1.2.3=x" },
	{ "a hash first", "CN=\\#1", "CN=\\#1" },
	{ "country of three letters", "C=DEU", NULL },
	{ "no value", "CN=", NULL },
	{ "no type", "=x", NULL },
	{ "no equals sign", "gw1", NULL },
	{ "unknown type", "XX=y", NULL },
	{ "a comma at the end", "CN=x,", NULL },
	{ "not UTF-8", "CN=\xc3", NULL },
	{ "NUL", "CN=\\00", NULL },
	{ "65 characters", "CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaa", NULL },
};

/* R4945-5.1.2-1: CN, C, O and OU can be put into a subject. */
static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fault	f = { 0 };
		struct buf	b;
		char		text[256];
		bool		ok;

		buf_init(&b, NAME_OCTETS_MAX);
		ok = name_parse(names[i].text, &b, &f);
		if (ok != (names[i].shown != NULL))
			fail_msg("%s: %s", names[i].label, f.text);
		if (ok) {
			assert_true(name_check(buf_view(&b), &f));
			assert_true(der_check(buf_view(&b), 4, &f));
			name_text(buf_view(&b), text, sizeof(text));
			if (strcmp(text, names[i].shown) != 0)
				fail_msg("%s: %s", names[i].label, text);
		}
		buf_clear(&b);
	}
}

static const struct {
	const char	*a, *b;
	bool		 same;
} same_names[] = {
	{ "CN=gw1", "CN=GW1", true },
	{ "CN=Root  G1", "CN=root g1", true },
	{ "CN=Root G1", "CN=RootG1", false },
	{ "CN=\\ x\\ ", "CN=x", true },
	{ "C=de, CN=x", "C=DE, CN=x", true },
	{ "O=a, CN=x", "CN=x, O=a", false },
	{ "O=x", "CN=x", false },
	{ "", "CN=x", false },
};

static void
test_name_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(same_names) / sizeof(same_names[0]); i++) {
		struct buf	a, b, ka, kb;

		buf_init(&a, NAME_OCTETS_MAX);
		buf_init(&b, NAME_OCTETS_MAX);
		buf_init(&ka, NAME_OCTETS_MAX);
		buf_init(&kb, NAME_OCTETS_MAX);
		assert_true(name_parse(same_names[i].a, &a, NULL));
		assert_true(name_parse(same_names[i].b, &b, NULL));
		assert_true(name_key(buf_view(&a), &ka, NULL));
		assert_true(name_key(buf_view(&b), &kb, NULL));
		if (view_equal(buf_view(&ka), buf_view(&kb)) != same_names[i].same)
			fail_msg("%s / %s", same_names[i].a, same_names[i].b);
		buf_clear(&a);
		buf_clear(&b);
		buf_clear(&ka);
		buf_clear(&kb);
	}
}

/* Values of one relative name are a set; a text that is cut stays UTF-8. */
static void
test_name_details(void **state)
{
	struct octets	x, y;
	struct view	a = from_hex(&x, "3019" "3117" "300806035504030c0161"
			    "300b060355040b0c0462207a7a"),
			b = from_hex(&y, "3019" "3117" "300b060355040b0c0442205a5a"
			    "300806035504030c0141"), cn;
	struct buf	ka, kb;
	struct fault	f = { 0 };
	char		text[8];

	(void)state;
	buf_init(&ka, NAME_OCTETS_MAX);
	buf_init(&kb, NAME_OCTETS_MAX);
	assert_true(name_key(a, &ka, &f));
	assert_true(name_key(b, &kb, &f));
	assert_true(view_equal(buf_view(&ka), buf_view(&kb)));
	assert_true(name_get_cn(a, &cn));
	assert_view(cn, "a");
	buf_reset(&ka);
	assert_true(name_parse("CN=\xc3\xa4\xc3\xa4\xc3\xa4", &ka, &f));
	assert_string_equal(name_text(buf_view(&ka), text, sizeof(text)),
	    "CN=\xc3\xa4\xc3\xa4");
	assert_false(name_check(from_hex(&x, "30023100"), &f));
	assert_false(name_get_cn(NAME_EMPTY, &cn));
	buf_clear(&ka);
	buf_clear(&kb);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_root_and_others),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_plan_variants),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_name_keys),
		cmocka_unit_test(test_name_details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
