/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every starting template's certificate, field by field, and what the signer
 * refuses when one of them is not as granted.
 *
 * R4809-2.1.2-2: the template's policy is the certificate's,
 *   templates_say_what_they_should
 * R4809-3.1.6-1, R4809-3.1.6-2: every field and extension, the pointers among them,
 *   templates_say_what_they_should
 * R4809-3.1.6.1-1: Peers and Admins by name, templates_say_what_they_should
 * R4809-3.1.6.2-1, R4809-3.1.6.2-2: digitalSignature, critical,
 *   templates_say_what_they_should
 * R4809-3.1.6.3-1, R4809-3.6.1-16: gateways without extendedKeyUsage, others with it,
 *   templates_say_what_they_should
 * R4809-3.1.6.4-1, R4809-3.6.1-5, R4809-3.7.3-6: CRL and issuer by http,
 *   templates_say_what_they_should
 * R4809-3.2.4.1-5: RFC 4945's profile by role, templates_say_what_they_should
 * R4809-3.6.1-3, R4809-3.6.1-4: the CRL's pointer and its method are the template's,
 *   templates_say_what_they_should
 * R4809-3.6.1-8: key identifiers and caIssuers, templates_say_what_they_should
 * R4809-3.7.2-4: whatever is missing or added is found by the signer, signer_refuses
 * R4809-3.7.2-7: authorityInfoAccess by the template, templates_say_what_they_should
 * SEED-1, SEED-27: the profile, and violations of it, templates_say_what_they_should,
 *   signer_refuses
 * R5272-9.1-1: the responder's certificate has the CA's name, own_certificates
 * R5272-9-1: the certificates of the PKI itself, field by field, own_certificates
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/name.h"
#include "profile/plan.h"

#define NOW	((int64_t)1795000000)	/* in November 2026 */
#define DAY	86400

/* AlgorithmIdentifier ecdsa-with-SHA256 */
#define SIGALG	ALGORITHM_ECDSA_SHA256
/* CN=Example VPN IKE CA G1, in a test only */
#define CA_NAME	VIEW_LIT("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "CA")
#define CA_SKI	VIEW_LIT("\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24")
#define SERIAL	VIEW_LIT("\x01\0\0\0\0\x07 0123456789")

static struct key	*keys[KEY_KINDS];

static struct view
spki(enum key_kind kind)
{
	struct fault	f = { 0 };

	if (keys[kind] == NULL)
		keys[kind] = key_generate(kind, &f);
	assert_non_null(keys[kind]);
	return key_spki(keys[kind]);
}

static int
drop_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEY_KINDS; i++)
		key_free(keys[i]);
	return 0;
}

static struct issuer_facts
issuer(void)
{
	return (struct issuer_facts){
		.name = CA_NAME, .ski = CA_SKI, .not_after = NOW + 2000 * (int64_t)DAY,
		.crl_uri = "http://pki.example/crl/ike.crl",
		.ocsp_uri = "http://pki.example/ocsp",
		.issuer_uri = "http://pki.example/ca/ike.cer",
		.cmc_uri = "http://pki.example/cmc",
	};
}

/* Encode the plan as a certificate with an empty signature and read it back. */
static struct cert
read_back(struct cert_plan *p, struct buf *der)
{
	struct cert	c;
	struct fault	f = { 0 };
	struct buf	tbs;

	if (p->sigalg.n == 0)
		p->sigalg = SIGALG;
	buf_init(&tbs, CERT_OCTETS_MAX);
	buf_reset(der);
	if (!tbs_encode(p, &tbs, &f))
		fail_msg("%s", f.text);
	cert_assemble(buf_view(&tbs), p->sigalg, VIEW_LIT("\0"), der);
	if (!cert_decode(buf_view(der), &c, &f))
		fail_msg("%s", f.text);
	buf_clear(&tbs);
	return c;
}

/* One holder under one template. */
struct scene {
	struct template		 t;
	struct identity		 ids[2];
	struct holder_terms	 h;
	struct issuer_facts	 ca;
	struct arena		*a;
	struct cert_plan	 plan;
	struct buf		 der;
};

static void
scene_open(struct scene *s, const char *template, const char *identity)
{
	struct fault	f = { 0 };

	memset(s, 0, sizeof(*s));
	if (!template_start(template, "Example VPN", &s->t, &f) ||
	    !identity_parse_tagged(view_str(identity), &s->ids[0], &f))
		fail_msg("%s", f.text);
	s->h.identities = s->ids;
	s->h.nidentities = 1;
	s->h.label = "gw1";
	s->ca = issuer();
	s->a = arena_new(1 << 16);
	buf_init(&s->der, CERT_OCTETS_MAX);
}

static void
scene_plan(struct scene *s, enum key_kind kind)
{
	struct fault	f = { 0 };

	if (!profile_plan(&s->t, &s->h, spki(kind), &s->ca, NOW, SERIAL, s->a,
	    &s->plan, &f))
		fail_msg("%s", f.text);
}

static void
scene_close(struct scene *s)
{
	arena_free(s->a);
	buf_clear(&s->der);
}

/*
 * RFC 4945's profile by role: what stands in each certificate and nothing else.
 * R4945-5.1.2-3: O, OU and CN as template and holder have them.
 */
static const struct {
	const char	*template, *identity;
	enum key_kind	 kind;
	const char	*subject;
	unsigned	 key_usage, eku;
	const char	*policy;	/* last arc */
	int64_t		 days;
	size_t		 extensions;
} rows[] = {
	/* R4945-5.1.2-1, R4945-5.1.3.6-1, R4945-5.1.3.12-1 */
	{ "s2s-gateway", "fqdn:gw1.example", KEY_EC_P256,
	    "O=Example VPN, OU=Gateways, CN=gw1.example",
	    KU_DIGITAL_SIGNATURE, 0, "\x01", 365, 8 },
	{ "s2s-gateway", "ipv4:192.0.2.1", KEY_ED25519,
	    "O=Example VPN, OU=Gateways, CN=192.0.2.1",
	    KU_DIGITAL_SIGNATURE, 0, "\x01", 365, 8 },
	/* R4945-5.1.3.12-5 */
	{ "ra-gateway", "fqdn:vpn.example", KEY_RSA_3072,
	    "O=Example VPN, OU=Gateways, CN=vpn.example",
	    KU_DIGITAL_SIGNATURE, EKU_SERVER_AUTH | EKU_IPSEC_IKE, "\x01", 398, 9 },
	/* R4945-5.1.2.3-1, R4945-5.1.3.6.3-1 */
	{ "ra-user", "email:alice@example.com", KEY_EC_P256,
	    "O=Example VPN, OU=Users, CN=alice@example.com",
	    KU_DIGITAL_SIGNATURE, EKU_CLIENT_AUTH | EKU_IPSEC_IKE, "\x02", 90, 9 },
	{ "ra-machine", "fqdn:pc7.example", KEY_EC_P384,
	    "O=Example VPN, OU=Machines, CN=pc7.example",
	    KU_DIGITAL_SIGNATURE, EKU_CLIENT_AUTH | EKU_IPSEC_IKE, "\x03", 90, 9 },
	{ "admin", "email:admin@example.com", KEY_EC_P256,
	    "O=Example VPN, OU=RA, CN=gw1",
	    KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT, EKU_CMC_RA, NULL, 365, 8 },
	{ "admin", "email:admin@example.com", KEY_RSA_3072,
	    "O=Example VPN, OU=RA, CN=gw1",
	    KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, EKU_CMC_RA, NULL, 365, 8 },
};

static void
templates_say_what_they_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene	s;
		struct cert	c;
		struct fault	f = { 0 };
		char		text[NAME_TEXT_MAX];

		scene_open(&s, rows[i].template, rows[i].identity);
		scene_plan(&s, rows[i].kind);
		c = read_back(&s.plan, &s.der);
		assert_int_equal(c.version, 3);			/* R4945-5.1.1-1 */
		assert_true(view_equal(c.serial, SERIAL));
		assert_true(view_equal(c.issuer, CA_NAME));
		assert_string_equal(name_text(c.subject, text, sizeof(text)), rows[i].subject);
		assert_int_equal(c.not_before, NOW - CLOCK_SKEW_SECONDS);
		assert_int_equal(c.not_after, NOW + rows[i].days * DAY);
		assert_true(view_equal(c.aki, CA_SKI));
		assert_int_equal(c.ski.n, SKI_OCTETS);
		assert_int_equal(c.key_usage, rows[i].key_usage);	/* R4945-5.1.3.2-1 */
		assert_int_equal(c.eku, rows[i].eku);
		assert_true(c.has_basic_constraints && !c.is_ca);
		assert_false(c.san_critical);
		assert_int_equal(c.san.n, 1);
		assert_true(identity_matches(&s.ids[0], &c));
		/* R4945-5.1.3.13-1, R4945-5.1.3.16-1 */
		assert_true(view_equal(c.cdp_uri, view_str(s.ca.crl_uri)));
		assert_true(view_equal(c.ocsp_uri, view_str(s.ca.ocsp_uri)));
		assert_true(view_equal(c.ca_issuers_uri, view_str(s.ca.issuer_uri)));
		assert_int_equal(c.policy_count, rows[i].policy != NULL);
		if (rows[i].policy != NULL)
			assert_int_equal(c.policies[0].p[c.policies[0].n - 1],
			    rows[i].policy[0]);
		assert_int_equal(c.extensions.n, rows[i].extensions);
		/* R4945-5.1.3.4-1, R4945-5.1.3.12-3: only these two are critical */
		for (size_t k = 0; k < c.extensions.n; k++)
			assert_int_equal(c.extensions.list[k].critical,
			    view_equal(c.extensions.list[k].oid, OID_KEY_USAGE) ||
			    view_equal(c.extensions.list[k].oid, OID_BASIC_CONSTRAINTS));
		if (!profile_check_cert(&s.t, &s.h, &s.ca, NOW, &c, &f))
			fail_msg("%s: %s", rows[i].template, f.text);
		scene_close(&s);
	}
}

/* Refused when planned: the term is outside the template. */
static const struct {
	const char	*label, *template, *identity;
	const char	*key, *value;
	enum key_kind	 kind;
	enum fault_kind	 want;
} refused[] = {
	{ "kind not allowed", "ra-user", "fqdn:gw.example", NULL, NULL, KEY_EC_P256, FAULT_REFUSED },
	{ "outside the name space", "s2s-gateway", "fqdn:gw.example", "name-space", "vpn.example", KEY_EC_P256, FAULT_REFUSED },
	{ "a suffix is not a domain", "s2s-gateway", "fqdn:gw.myvpn.example", "name-space", "vpn.example", KEY_EC_P256, FAULT_REFUSED },
	{ "e-mail outside", "ra-user", "email:vpn.example@other.example", "name-space", "vpn.example", KEY_EC_P256, FAULT_REFUSED },
	{ "key not taken", "ra-gateway", "fqdn:gw.example", NULL, NULL, KEY_ED25519, FAULT_ALGORITHM },
	{ "RSA too small", "s2s-gateway", "fqdn:gw.example", "keys", "rsa-4096", KEY_RSA_3072, FAULT_ALGORITHM },
	{ "no RSA at all", "s2s-gateway", "fqdn:gw.example", "keys", "ec-p256", KEY_RSA_3072, FAULT_ALGORITHM },
};

static void
refuses_terms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct scene	s;
		struct fault	f = { 0 };

		scene_open(&s, refused[i].template, refused[i].identity);
		if (refused[i].key != NULL)
			assert_true(template_set(&s.t, refused[i].key, refused[i].value, &f));
		if (profile_plan(&s.t, &s.h, spki(refused[i].kind), &s.ca, NOW, SERIAL,
		    s.a, &s.plan, &f) || f.kind != refused[i].want)
			fail_msg("%s: %s", refused[i].label, f.text);
		scene_close(&s);
	}
}

static void
keeps_to_limits_of_time(void **state)
{
	struct scene	s;
	struct fault	f = { 0 };

	(void)state;
	scene_open(&s, "s2s-gateway", "fqdn:gw.example");
	s.h.not_after = NOW + 10 * DAY;
	scene_plan(&s, KEY_EC_P256);
	assert_int_equal(s.plan.not_after, NOW + 10 * DAY);
	s.ca.not_after = NOW + 5 * DAY;
	scene_plan(&s, KEY_EC_P256);
	assert_int_equal(s.plan.not_after, NOW + 5 * DAY);
	s.ca.not_after = NOW - 1;
	assert_false(profile_plan(&s.t, &s.h, spki(KEY_EC_P256), &s.ca, NOW, SERIAL,
	    s.a, &s.plan, &f));
	scene_close(&s);
}

/* R4945-5.1.2.1-1: a subject may be empty, then the SAN is critical. */
static void
takes_an_empty_subject(void **state)
{
	struct scene	s;
	struct cert	c;
	struct fault	f = { 0 };

	(void)state;
	scene_open(&s, "s2s-gateway", "fqdn:gw.example");
	s.h.subject = NAME_EMPTY;
	scene_plan(&s, KEY_EC_P256);
	c = read_back(&s.plan, &s.der);
	assert_true(c.san_critical);
	assert_true(profile_check_cert(&s.t, &s.h, &s.ca, NOW, &c, &f));
	scene_close(&s);
}

/* What a captured engine might ask the signer for. */
static const struct view	code_signing = OID_KP_CODE_SIGNING;
static const struct general_name	other_san = { GENERAL_NAME_DNS, VIEW_LIT("gw2.example") };
static const struct view	any_policy = OID_ANY_POLICY;

static void evil_ca(struct cert_plan *p) { p->is_ca = true; p->key_usage |= KU_KEY_CERT_SIGN; }
static void evil_flag(struct cert_plan *p) { p->is_ca = true; }
static void evil_no_bc(struct cert_plan *p) { p->omit_basic_constraints = true; }
static void evil_issuer(struct cert_plan *p) { p->issuer = VIEW_LIT("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "CB"); }
static void evil_aki(struct cert_plan *p) { p->aki = p->ski; }
static void evil_ski(struct cert_plan *p) { p->ski = p->aki; }
static void evil_end(struct cert_plan *p) { p->not_after += DAY; }
static void evil_start(struct cert_plan *p) { p->not_before -= 2 * DAY; p->not_after -= 2 * DAY; }
static void evil_usage(struct cert_plan *p) { p->key_usage |= KU_CRL_SIGN; }
static void evil_eku(struct cert_plan *p) { p->eku = EKU_OCSP_SIGNING; }
static void evil_oid(struct cert_plan *p) { p->eku_oids = &code_signing; p->eku_oid_count = 1; }
static void evil_san(struct cert_plan *p) { p->san = &other_san; }
static void evil_no_san(struct cert_plan *p) { p->san_count = 0; }
static void evil_subject(struct cert_plan *p) { p->subject = p->issuer; }
static void evil_policy(struct cert_plan *p) { p->policies = &any_policy; }
static void evil_no_crl(struct cert_plan *p) { p->cdp_uri = VIEW_NONE; }
static void evil_crl(struct cert_plan *p) { p->cdp_uri = VIEW_LIT("http://evil.example/a.crl"); }
static void evil_ocsp(struct cert_plan *p) { p->ocsp_uri = VIEW_LIT("http://evil.example/"); }
static void evil_serial(struct cert_plan *p) { p->serial = VIEW_LIT("\x01"); }
static void evil_nocheck(struct cert_plan *p) { p->ocsp_nocheck = true; }
static void evil_sia(struct cert_plan *p) { p->cmc_uri = VIEW_LIT("http://evil.example/"); }
static void evil_key(struct cert_plan *p) { p->spki = spki(KEY_RSA_3072); }

static const struct {
	const char	*label;
	void		(*change)(struct cert_plan *);
} evils[] = {
	{ "a CA certificate", evil_ca }, { "cA alone", evil_flag },
	{ "no basicConstraints", evil_no_bc }, { "foreign issuer", evil_issuer },
	{ "foreign AKI", evil_aki }, { "foreign SKI", evil_ski },
	{ "a day longer", evil_end }, { "back-dated", evil_start },
	{ "cRLSign", evil_usage }, { "OCSPSigning", evil_eku },
	{ "codeSigning", evil_oid }, { "another name", evil_san },
	{ "no name", evil_no_san }, { "another subject", evil_subject },
	{ "anyPolicy", evil_policy }, { "no CRL", evil_no_crl },
	{ "another CRL", evil_crl }, { "another OCSP", evil_ocsp },
	{ "short serial", evil_serial }, { "OCSP nocheck", evil_nocheck },
	{ "subjectInfoAccess", evil_sia }, { "another key", evil_key },
};

static void
signer_refuses(void **state)
{
	struct scene	s;

	(void)state;
	for (size_t i = 0; i < sizeof(evils) / sizeof(evils[0]); i++) {
		struct fault	f = { 0 };
		struct cert	c;

		scene_open(&s, "s2s-gateway", "fqdn:gw1.example");
		scene_plan(&s, KEY_EC_P256);
		evils[i].change(&s.plan);
		c = read_back(&s.plan, &s.der);
		if (profile_check_cert(&s.t, &s.h, &s.ca, NOW, &c, &f) ||
		    f.kind != FAULT_REFUSED)
			fail_msg("%s: %s", evils[i].label, f.text);
		scene_close(&s);
	}
}

/* The PKI's own certificates. */
static const struct {
	enum ca_role	 role;
	const char	*subject;
	int64_t		 days;
	unsigned	 key_usage, eku;
	bool		 is_ca, path_length, crl, ocsp_nocheck, cmc, san;
} ca_rows[] = {
	{ CA_ROLE_ROOT, "C=CH, O=Example VPN, CN=Example VPN Root G1", 15 * 365,
	    KU_KEY_CERT_SIGN | KU_CRL_SIGN, 0, true, false, false, false, false, false },
	/* R4945-5.1.3.9-1 */
	{ CA_ROLE_IKE, "C=CH, O=Example VPN, CN=Example VPN IKE CA G1", 5 * 365,
	    KU_KEY_CERT_SIGN | KU_CRL_SIGN, 0, true, true, true, false, false, false },
	{ CA_ROLE_MANAGEMENT, "C=CH, O=Example VPN, CN=Example VPN Management CA G1", 5 * 365,
	    KU_KEY_CERT_SIGN | KU_CRL_SIGN, 0, true, true, true, false, false, false },
	{ CA_ROLE_CMC_RESPONDER, "CN=CA", 365,
	    KU_DIGITAL_SIGNATURE, EKU_CMC_CA, false, false, true, false, true, false },
	{ CA_ROLE_OCSP_SIGNER, "C=CH, O=Example VPN, CN=Example VPN OCSP G1", 90,
	    KU_DIGITAL_SIGNATURE, EKU_OCSP_SIGNING, false, false, false, true, false, false },
	{ CA_ROLE_HTTPS_SERVER, "C=CH, O=Example VPN, CN=pki.example", 398,
	    KU_DIGITAL_SIGNATURE, EKU_SERVER_AUTH, false, false, true, false, false, true },
};

static void
own_certificates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ca_rows) / sizeof(ca_rows[0]); i++) {
		struct ca_terms		terms = { .role = ca_rows[i].role,
			.name = "Example VPN", .country = "CH", .generation = 1,
			.host = "pki.example" };
		struct issuer_facts	ca = issuer();
		struct arena		*a = arena_new(1 << 16);
		struct cert_plan	p;
		struct cert		c;
		struct fault		f = { 0 };
		struct buf		der;
		char			text[NAME_TEXT_MAX];
		bool			root = terms.role == CA_ROLE_ROOT;

		buf_init(&der, CERT_OCTETS_MAX);
		if (!ca_plan(&terms, spki(KEY_EC_P256), root ? NULL : &ca, NOW, SERIAL,
		    a, &p, &f))
			fail_msg("%s: %s", ca_role_name(terms.role), f.text);
		c = read_back(&p, &der);
		assert_string_equal(name_text(c.subject, text, sizeof(text)),
		    ca_rows[i].subject);
		assert_true(view_equal(c.issuer, root ? c.subject : CA_NAME));
		assert_int_equal(c.not_after, NOW + ca_rows[i].days * DAY);
		assert_int_equal(c.key_usage, ca_rows[i].key_usage);
		assert_int_equal(c.eku, ca_rows[i].eku);
		assert_true(c.has_basic_constraints);
		assert_int_equal(c.is_ca, ca_rows[i].is_ca);
		assert_int_equal(c.has_path_length, ca_rows[i].path_length);
		assert_int_equal(c.path_length, 0);
		assert_int_equal(c.cdp_uri.n > 0, ca_rows[i].crl);
		assert_int_equal(c.ocsp_nocheck, ca_rows[i].ocsp_nocheck);
		assert_int_equal(c.cmc_uri.n > 0, ca_rows[i].cmc);
		assert_int_equal(c.has_san, ca_rows[i].san);
		assert_int_equal(c.aki.n > 0, !root);
		assert_int_equal(c.ski.n, SKI_OCTETS);
		arena_free(a);
		buf_clear(&der);
	}
}

/* A long name leaves room for what tells the CAs apart. */
static void
long_names_fit(void **state)
{
	struct ca_terms		terms = { .role = CA_ROLE_ROOT, .generation = 12,
		.name = "Z\xc3\xbcrcher Gesellschaft f\xc3\xbcr au\xc3\x9f" "ergew\xc3\xb6hnlich lange Namen GmbH" };
	struct arena		*a = arena_new(1 << 16);
	struct cert_plan	p;
	struct fault		f = { 0 };
	struct view		cn;

	(void)state;
	if (!ca_plan(&terms, spki(KEY_EC_P256), NULL, NOW, SERIAL, a, &p, &f))
		fail_msg("%s", f.text);
	assert_true(name_get_cn(p.subject, &cn));
	assert_true(cn.n <= 64 && memcmp(cn.p + cn.n - 9, " Root G12", 9) == 0);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(templates_say_what_they_should),
		cmocka_unit_test(refuses_terms),
		cmocka_unit_test(keeps_to_limits_of_time),
		cmocka_unit_test(takes_an_empty_subject),
		cmocka_unit_test(signer_refuses),
		cmocka_unit_test(own_certificates),
		cmocka_unit_test(long_names_fit),
	};

	return cmocka_run_group_tests(tests, NULL, drop_keys);
}
