/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One certificate that says what it should, and for each rule one change
 * that makes it fire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/name.h"
#include "profile/lint.h"
#include "profile/plan.h"

#define NOW	((int64_t)1795000000)	/* in November 2026 */
#define DAY	86400

#define CA_NAME	VIEW_LIT("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "CA")
#define CA_SKI	VIEW_LIT("\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24")
#define SERIAL	VIEW_LIT("\x01\0\0\0\0\x07 0123456789")

/* A certificate by template or CA role, read back from its encoding. */
struct made {
	struct arena		*a;
	struct buf		 der;
	struct identity		 id;
	struct cert		 c;
};

static struct key	*key;

static void
encode(struct made *m, struct cert_plan *p)
{
	struct fault	f = { 0 };
	struct buf	tbs;

	p->sigalg = ALGORITHM_ECDSA_SHA256;
	buf_init(&tbs, CERT_OCTETS_MAX);
	if (!tbs_encode(p, &tbs, &f))
		fail_msg("%s", f.text);
	cert_assemble(buf_view(&tbs), p->sigalg, VIEW_LIT("\0"), &m->der);
	if (!cert_decode(buf_view(&m->der), &m->c, &f))
		fail_msg("%s", f.text);
	buf_clear(&tbs);
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

static void
make_open(struct made *m)
{
	struct fault	f = { 0 };

	if (key == NULL)
		key = key_generate(KEY_EC_P256, &f);
	assert_non_null(key);
	m->a = arena_new(1 << 16);
	buf_init(&m->der, CERT_OCTETS_MAX);
}

static void
make_holder(struct made *m, const char *name, const char *identity)
{
	struct issuer_facts	ca = issuer();
	struct holder_terms	h = { .identities = &m->id, .nidentities = 1, .label = "x" };
	struct cert_plan	p;
	struct template		t;
	struct fault		f = { 0 };

	make_open(m);
	if (!template_start(name, "Example VPN", &t, &f) ||
	    !identity_parse_tagged(view_str(identity), &m->id, &f) ||
	    !profile_plan(&t, &h, key_spki(key), &ca, NOW, SERIAL, m->a, &p, &f))
		fail_msg("%s", f.text);
	encode(m, &p);
}

static void
make_ca(struct made *m, enum ca_role role)
{
	struct ca_terms		terms = { .role = role, .name = "Example VPN",
		.generation = 1, .host = "pki.example" };
	struct issuer_facts	ca = issuer();
	struct cert_plan	p;
	struct fault		f = { 0 };

	make_open(m);
	if (!ca_plan(&terms, key_spki(key), role == CA_ROLE_ROOT ? NULL : &ca, NOW,
	    SERIAL, m->a, &p, &f))
		fail_msg("%s", f.text);
	encode(m, &p);
}

static void
make_close(struct made *m)
{
	arena_free(m->a);
	buf_clear(&m->der);
}

/* Collects the names of what fired. */
struct fired {
	char	names[4096];
	size_t	errors, warnings;
};

static void
collect(void *ctx, const struct lint_finding *x)
{
	struct fired	*fd = ctx;
	size_t		 n = strlen(fd->names);

	snprintf(fd->names + n, sizeof(fd->names) - n, " %s ", x->rule->name);
	fd->errors += x->severity == LINT_ERROR;
	fd->warnings += x->severity == LINT_WARN;
	assert_non_null(x->detail);
	assert_string_equal(x->advice->name, x->rule->name);
}

static struct fired
lint(const struct cert *c, enum lint_profile p, const struct identity *id)
{
	struct fired		fd = { .names = "" };
	struct lint_report	report = { collect, &fd };

	struct lint_terms	terms = { .profile = p, .intended = id };
	size_t			n = lint_certificate(c, &terms, &report);

	assert_int_equal(n, fd.errors);
	return fd;
}

static bool
says(const struct fired *fd, const char *name)
{
	char	word[80];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(fd->names, word) != NULL;
}

/* What our own templates make passes our own rules. */
static void
own_certificates_pass(void **state)
{
	static const struct {
		const char		*template, *identity;
		enum lint_profile	 profile;
		size_t			 warnings;
	} holders[] = {
		{ "s2s-gateway", "fqdn:gw1.example", LINT_S2S_GATEWAY, 0 },
		{ "s2s-gateway", "fqdn:gw1.example", LINT_STRICT, 0 },
		{ "s2s-gateway", "ipv4:192.0.2.1", LINT_S2S_GATEWAY, 1 },
		{ "ra-gateway", "fqdn:vpn.example", LINT_RA_GATEWAY, 0 },
		{ "ra-user", "email:alice@example.com", LINT_RA_USER, 0 },
		{ "ra-machine", "fqdn:pc7.example", LINT_RA_MACHINE, 0 },
		{ "admin", "email:a@example.com", LINT_CMC_SIGNER, 0 },
	};
	static const struct {
		enum ca_role		role;
		enum lint_profile	profile;
	} cas[] = {
		{ CA_ROLE_ROOT, LINT_ROOT_CA }, { CA_ROLE_IKE, LINT_ISSUING_CA },
		{ CA_ROLE_MANAGEMENT, LINT_ISSUING_CA },
		{ CA_ROLE_OCSP_SIGNER, LINT_OCSP_SIGNER },
		{ CA_ROLE_CMC_RESPONDER, LINT_CMC_SIGNER },
	};
	struct made	m;
	struct fired	fd;

	(void)state;
	for (size_t i = 0; i < sizeof(holders) / sizeof(holders[0]); i++) {
		make_holder(&m, holders[i].template, holders[i].identity);
		fd = lint(&m.c, holders[i].profile,
		    holders[i].profile == LINT_CMC_SIGNER ? NULL : &m.id);
		if (fd.errors != 0 || fd.warnings != holders[i].warnings)
			fail_msg("%s: %s", holders[i].template, fd.names);
		make_close(&m);
	}
	for (size_t i = 0; i < sizeof(cas) / sizeof(cas[0]); i++) {
		make_ca(&m, cas[i].role);
		fd = lint(&m.c, cas[i].profile, NULL);
		if (fd.errors != 0 || fd.warnings != 0)
			fail_msg("%s: %s", ca_role_name(cas[i].role), fd.names);
		make_close(&m);
	}
}

/* Changes to a gateway's decoded certificate. */
static void
add(struct cert *c, struct view oid, bool critical)
{
	for (size_t i = 0; i < c->extensions.n; i++)
		if (view_equal(c->extensions.list[i].oid, oid)) {
			c->extensions.list[i].critical = critical;
			return;
		}
	c->extensions.list[c->extensions.n++] = (struct extension){ oid,
	    VIEW_LIT("\x30\x00"), critical };
}

/* The extension with this value, in place of its own if there is one. */
static void
put(struct cert *c, struct view oid, struct view value)
{
	add(c, oid, false);
	for (size_t i = 0; i < c->extensions.n; i++)
		if (view_equal(c->extensions.list[i].oid, oid))
			c->extensions.list[i].value = value;
}

static void
drop(struct cert *c, struct view oid)
{
	for (size_t i = 0; i < c->extensions.n; i++)
		if (view_equal(c->extensions.list[i].oid, oid))
			c->extensions.list[i] = c->extensions.list[--c->extensions.n];
}

static void
san(struct cert *c, enum general_name_type type, struct view value)
{
	c->san.list[c->san.n++] = (struct general_name){ type, value };
}

#define CHANGE(name)	static void name(struct cert *c)
#define DNS(text)	san(c, GENERAL_NAME_DNS, VIEW_LIT(text))
#define MAIL(text)	san(c, GENERAL_NAME_EMAIL, VIEW_LIT(text))

/* A subject of one attribute: type arc 2.5.4.x, tag, text up to 99 octets. */
static uint8_t	one_name[128];

static void
subject(struct cert *c, struct view oid, uint8_t tag, const char *text)
{
	struct buf	b;
	size_t		seq, set, pair;

	buf_init(&b, sizeof(one_name));
	seq = der_begin(&b, DER_SEQUENCE);
	set = der_begin(&b, DER_SET);
	pair = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, oid);
	der_put(&b, tag, view_str(text));
	der_close(&b, pair);
	der_close(&b, set);
	der_close(&b, seq);
	memcpy(one_name, b.p, b.n);
	c->subject = view_of(one_name, b.n);
	buf_clear(&b);
}

CHANGE(v1) { c->version = 1; }
CHANGE(serial_zero) { c->serial = VIEW_LIT("\0"); }
CHANGE(serial_short) { c->serial = VIEW_LIT("\1"); }
CHANGE(serial_negative) { c->serial = VIEW_LIT("\x81\1\1\1\1\1\1\1\1"); }
CHANGE(sha1_rsa) { c->sigalg.oid = OID_SHA1_RSA; }
CHANGE(ecdsa_null) { c->sigalg.params = DER_NULL_TLV; }
CHANGE(dsa_key) { c->spki = VIEW_LIT("\x30\x10\x30\x09\x06\x07\x2a\x86\x48\xce\x38\x04\x01\x03\x03\x00\x00\x00"); }
CHANGE(broken_key) { c->spki = VIEW_LIT("\x30\x0f\x30\x07\x06\x03\x2b\x65\x70\x05\x00\x03\x04\x00\x00\x00\x00"); }
/* A SubjectPublicKeyInfo of an RSA or ML-DSA key, of which only the size is real. */
static uint8_t	one_key[4096];

static void
put_key(struct cert *c, struct view oid, bool null, struct view bits)
{
	struct buf	b;
	size_t		seq, alg;

	buf_init(&b, sizeof(one_key));
	seq = der_begin(&b, DER_SEQUENCE);
	alg = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, oid);
	if (null)
		der_put_null(&b);
	der_close(&b, alg);
	der_put_bits(&b, bits);
	der_close(&b, seq);
	assert_true(buf_ok(&b));
	memcpy(one_key, b.p, b.n);
	c->spki = view_of(one_key, b.n);
	buf_clear(&b);
}

static void
put_rsa(struct cert *c, struct view oid, bool null, size_t octets, uint64_t e)
{
	uint8_t		modulus[512];
	struct buf	b;
	size_t		seq;

	memset(modulus, 0xa5, sizeof(modulus));
	buf_init(&b, 1024);
	seq = der_begin(&b, DER_SEQUENCE);
	der_put_unsigned(&b, view_of(modulus, octets));
	der_put_uint(&b, e);
	der_close(&b, seq);
	put_key(c, oid, null, buf_view(&b));
	buf_clear(&b);
}

static void
put_ml_dsa(struct cert *c)
{
	static const uint8_t	octets[1952];

	put_key(c, OID_ML_DSA_65, false, view_of(octets, sizeof(octets)));
}

CHANGE(rsa_1024) { put_rsa(c, OID_RSA, true, 128, 65537); }
CHANGE(rsa_2048) { put_rsa(c, OID_RSA, true, 256, 65537); }
CHANGE(rsa_e3) { put_rsa(c, OID_RSA, true, 384, 3); }
CHANGE(rsa_pss) { put_rsa(c, OID_RSA_PSS, false, 384, 65537); }
CHANGE(ml_dsa) { put_ml_dsa(c); }
CHANGE(ed25519_key) { c->spki = VIEW_LIT("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00" "0123456789abcdef0123456789abcdef"); }
CHANGE(large) { c->der.n = 2000; }
CHANGE(reversed) { c->not_after = c->not_before - 1; }
CHANGE(five_years) { c->not_after = c->not_before + 1826 * (int64_t)DAY; }
CHANGE(no_issuer) { c->issuer = NAME_EMPTY; }
CHANGE(no_subject) { c->subject = NAME_EMPTY; }
CHANGE(email_attr) { subject(c, OID_AT_EMAIL, DER_IA5_STRING, "a@example.com"); }
CHANGE(cn_fqdn) { subject(c, OID_AT_CN, DER_UTF8_STRING, "vpn.example.com"); }
CHANGE(cn_mail) { subject(c, OID_AT_CN, DER_UTF8_STRING, "alice@example.com"); }
CHANGE(cn_address) { subject(c, OID_AT_CN, DER_UTF8_STRING, "192.0.2.7"); }
CHANGE(uid) { subject(c, OID_AT_UID, DER_UTF8_STRING, "u7"); }
CHANGE(bmp) { subject(c, OID_AT_O, DER_BMP_STRING, "\x20" "E"); }
CHANGE(country) { subject(c, OID_AT_C, DER_PRINTABLE_STRING, "Switzerland"); }
CHANGE(long_cn) { subject(c, OID_AT_CN, DER_UTF8_STRING, "0123456789012345678901234567890123456789012345678901234567890123456789"); }
CHANGE(multi_ava) { c->subject = VIEW_LIT("\x30\x14\x31\x12\x30\x07\x06\x03\x55\x04\x03\x0c\x00\x30\x07\x06\x03\x55\x04\x0a\x0c\x00"); }
CHANGE(only_mail) { c->san.n = 0; MAIL("a@example.com"); }
CHANGE(other_dns) { c->san.n = 0; DNS("www.example"); }
CHANGE(uri) { san(c, GENERAL_NAME_URI, VIEW_LIT("http://a.example")); }
CHANGE(empty_dns) { DNS(""); }
CHANGE(wildcard) { DNS("*.example.com"); }
CHANGE(single) { DNS("gw"); }
CHANGE(trailing) { DNS("gw.example.com."); }
CHANGE(leading) { DNS(".example.com"); }
CHANGE(nul) { DNS("gw.example\0.com"); }
CHANGE(bad_alabel) { DNS("xn--a.example"); }
CHANGE(dns_address) { DNS("192.0.2.1"); }
CHANGE(ip_masked) { san(c, GENERAL_NAME_IP, VIEW_LIT("\xc0\0\2\0\xff\xff\xff\0")); }
CHANGE(ip_loopback) { san(c, GENERAL_NAME_IP, VIEW_LIT("\x7f\0\0\1")); }
CHANGE(bad_mail) { MAIL("Alice <alice@example.com>"); }
CHANGE(utf8_mail) { MAIL("\xc3\xa4@example.com"); }
CHANGE(smtputf8) { san(c, GENERAL_NAME_OTHER, VIEW_LIT("\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x09\xa0\x04\x0c\x02" "ab")); }
CHANGE(upper) { DNS("GW.Example.com"); }
CHANGE(twice) { DNS("GW1.example"); }
CHANGE(no_bc) { c->has_basic_constraints = false; }
CHANGE(bc_plain) { add(c, OID_BASIC_CONSTRAINTS, false); }
CHANGE(sign_no_ca) { c->key_usage |= KU_KEY_CERT_SIGN; }
CHANGE(is_ca) { c->is_ca = true; }
CHANGE(pathlen) { c->has_path_length = true; }
CHANGE(no_pathlen) { c->has_path_length = false; }
CHANGE(ku_encipher) { c->key_usage = KU_KEY_ENCIPHERMENT; }
CHANGE(ku_none) { c->has_key_usage = false; c->key_usage = 0; }
CHANGE(ku_zero) { c->key_usage = 0; }
CHANGE(ku_nonrep) { c->key_usage = KU_NON_REPUDIATION; }
CHANGE(ku_plain) { add(c, OID_KEY_USAGE, false); }
CHANGE(ku_data) { c->key_usage |= KU_DATA_ENCIPHERMENT; }
static void eku(struct cert *c, unsigned bits) { c->has_eku = true; c->eku = bits; c->eku_count = 1; }
CHANGE(eku_server) { eku(c, EKU_SERVER_AUTH); }
CHANGE(eku_tunnel) { eku(c, EKU_IPSEC_IKE | EKU_IPSEC_TUNNEL); }
CHANGE(eku_any) { eku(c, EKU_ANY); }
CHANGE(eku_ike) { eku(c, EKU_IPSEC_IKE); }
CHANGE(eku_mid) { eku(c, EKU_IKE_INTERMEDIATE | EKU_IPSEC_IKE); }
CHANGE(eku_crit) { add(c, OID_EXT_KEY_USAGE, true); }
CHANGE(eku_zero) { c->has_eku = true; c->eku = 0; c->eku_count = 0; }
CHANGE(eku_mix) { eku(c, EKU_OCSP_SIGNING | EKU_IPSEC_IKE); }
CHANGE(unknown) { c->unknown_critical = true; c->unknown_critical_oid = OID_SHA256; }
CHANGE(cdp_critical) { add(c, OID_CRL_DIST_POINTS, true); }
CHANGE(no_ski) { c->ski = VIEW_NONE; }
CHANGE(no_aki) { c->aki = VIEW_NONE; }
CHANGE(aki_critical) { add(c, OID_AUTHORITY_KEY_ID, true); }
CHANGE(pkup) { add(c, OID_PRIVATE_KEY_USAGE_PERIOD, false); }
CHANGE(policies) { add(c, OID_CERT_POLICIES, true); }
CHANGE(mappings) { add(c, OID_POLICY_MAPPINGS, true); }
CHANGE(nc) { add(c, OID_NAME_CONSTRAINTS, true); }
CHANGE(pc) { add(c, OID_POLICY_CONSTRAINTS, true); }
CHANGE(iap) { add(c, OID_INHIBIT_ANY_POLICY, true); }
CHANGE(ian) { add(c, OID_ISSUER_ALT_NAME, false); }
CHANGE(sda) { add(c, OID_SUBJECT_DIRECTORY_ATTRIBUTES, false); }
CHANGE(sia) { add(c, OID_SUBJECT_INFO_ACCESS, false); }
CHANGE(blocks) { add(c, OID_IP_ADDR_BLOCKS, false); }
CHANGE(no_rev) { c->no_rev_avail = true; }
CHANGE(no_pointer) { drop(c, OID_CRL_DIST_POINTS); c->cdp_uri = c->ocsp_uri = VIEW_NONE; }
CHANGE(no_cdp) { drop(c, OID_CRL_DIST_POINTS); c->cdp_uri = VIEW_NONE; }
/* One distribution point with one URI of up to 100 octets. */
static uint8_t	one_point[128];

static void
cdp(struct cert *c, const char *uri)
{
	struct buf	b;
	size_t		list, point, name, full;

	buf_init(&b, sizeof(one_point));
	list = der_begin(&b, DER_SEQUENCE);
	point = der_begin(&b, DER_SEQUENCE);
	name = der_begin(&b, DER_CONTEXT_C(0));
	full = der_begin(&b, DER_CONTEXT_C(0));
	der_put(&b, DER_CONTEXT(GENERAL_NAME_URI), view_str(uri));
	der_close(&b, full);
	der_close(&b, name);
	der_close(&b, point);
	der_close(&b, list);
	memcpy(one_point, b.p, b.n);
	put(c, OID_CRL_DIST_POINTS, view_of(one_point, b.n));
	buf_clear(&b);
}

CHANGE(cdp_local) { cdp(c, "http://localhost/a.crl"); }
CHANGE(cdp_loopback) { cdp(c, "http://[::1]/a.crl"); }
CHANGE(cdp_single) { cdp(c, "http://crl/a.crl"); }
CHANGE(cdp_no_host) { cdp(c, "http:///a.crl"); }
CHANGE(cdp_file) { cdp(c, "file:///a.crl"); }
CHANGE(cdp_empty) { put(c, OID_CRL_DIST_POINTS, VIEW_LIT("\x30\x00")); }
CHANGE(cdp_reasons) { put(c, OID_CRL_DIST_POINTS, VIEW_LIT("\x30\x06\x30\x04\x81\x02\x01\x02")); }
CHANGE(cdp_relative) { put(c, OID_CRL_DIST_POINTS, VIEW_LIT("\x30\x11\x30\x0f\xa0\x0d\xa1\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "AB")); }
CHANGE(aia_empty) { put(c, OID_AUTHORITY_INFO_ACCESS, VIEW_LIT("\x30\x00")); }
CHANGE(aia_dns) { put(c, OID_AUTHORITY_INFO_ACCESS, VIEW_LIT("\x30\x0f\x30\x0d\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01\x82\x01" "a")); }
CHANGE(notice) { put(c, OID_CERT_POLICIES, VIEW_LIT("\x30\x19\x30\x17\x06\x03\x2a\x03\x04\x30\x10\x30\x0e\x06\x08\x2b\x06\x01\x05\x05\x07\x02\x02\x30\x02\x16\x00")); }
CHANGE(mapped_any) { put(c, OID_POLICY_MAPPINGS, VIEW_LIT("\x30\x0d\x30\x0b\x06\x04\x55\x1d\x20\x00\x06\x03\x2a\x03\x04")); }
CHANGE(mapped_in_ee) { put(c, OID_POLICY_MAPPINGS, VIEW_LIT("\x30\x0c\x30\x0a\x06\x03\x2a\x03\x05\x06\x03\x2a\x03\x04")); }
static void nc_value(struct cert *c, struct view v) { put(c, OID_NAME_CONSTRAINTS, v); add(c, OID_NAME_CONSTRAINTS, true); }
CHANGE(nc_empty) { nc_value(c, VIEW_LIT("\x30\x00")); }
CHANGE(nc_short_ip) { nc_value(c, VIEW_LIT("\x30\x0a\xa0\x08\x30\x06\x87\x04\x0a\0\0\1")); }
CHANGE(nc_minimum) { nc_value(c, VIEW_LIT("\x30\x0a\xa0\x08\x30\x06\x82\x01" "a" "\x80\x01\x01")); }
CHANGE(nc_address) { nc_value(c, VIEW_LIT("\x30\x0e\xa0\x0c\x30\x0a\x87\x08\x0a\0\0\0\xff\0\0\0")); }
CHANGE(nc_dn) { nc_value(c, VIEW_LIT("\x30\x08\xa1\x06\x30\x04\xa4\x02\x30\x00")); }
CHANGE(pc_empty) { put(c, OID_POLICY_CONSTRAINTS, VIEW_LIT("\x30\x00")); add(c, OID_POLICY_CONSTRAINTS, true); }
CHANGE(ou_only) { subject(c, OID_AT_OU, DER_UTF8_STRING, "Gateway Router"); }
CHANGE(utf8_ascii) { san(c, GENERAL_NAME_OTHER, VIEW_LIT("\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x09\xa0\x05\x0c\x03" "a@b")); }
CHANGE(generator) { c->spki = VIEW_LIT("\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04"
    "\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
    "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5"); }

/* A modulus that is a square: its two primes could not lie closer. */
static void
put_square(struct cert *c)
{
	static const uint8_t	root[] = { 0xc3, 0x01 };
	uint8_t			square[384] = { 0 };
	struct buf		b;
	size_t			seq;

	/* (root << 1520)^2 = root^2 << 3040, as 384 octets */
	uint32_t	r = (uint32_t)root[0] << 8 | root[1], q = r * r;

	for (size_t i = 0; i < 4; i++)
		square[i] = (uint8_t)(q >> (24 - 8 * i));
	buf_init(&b, 1024);
	seq = der_begin(&b, DER_SEQUENCE);
	der_put_unsigned(&b, view_of(square, sizeof(square)));
	der_put_uint(&b, 65537);
	der_close(&b, seq);
	put_key(c, OID_RSA, true, buf_view(&b));
	buf_clear(&b);
}
CHANGE(close_primes) { put_square(c); }

/* A TBSCertificate whose validity, or what follows the key, is not as it should be. */
static uint8_t	one_tbs[256];

static void
tbs(struct cert *c, const char *from, bool unique)
{
	struct buf	b;
	size_t		seq, validity;

	buf_init(&b, sizeof(one_tbs));
	seq = der_begin(&b, DER_SEQUENCE);
	der_put_uint(&b, 1);
	buf_add_view(&b, ALGORITHM_ED25519);
	buf_add_view(&b, NAME_EMPTY);
	validity = der_begin(&b, DER_SEQUENCE);
	der_put(&b, strlen(from) > 13 ? DER_GENERALIZED_TIME : DER_UTC_TIME, view_str(from));
	der_put(&b, DER_UTC_TIME, VIEW_LIT("280101000000Z"));
	der_close(&b, validity);
	buf_add_view(&b, NAME_EMPTY);
	buf_add_view(&b, NAME_EMPTY);		/* where the key stands */
	if (unique)
		der_put(&b, DER_CONTEXT(1), VIEW_LIT("\x00\x01"));
	der_close(&b, seq);
	memcpy(one_tbs, b.p, b.n);
	c->tbs = view_of(one_tbs, b.n);
	buf_clear(&b);
}
CHANGE(generalized) { tbs(c, "20270101000000Z", false); }
CHANGE(unique_id) { tbs(c, "270101000000Z", true); }
CHANGE(san_address) { san(c, GENERAL_NAME_IP, VIEW_LIT("\xc0\0\2\1")); }
CHANGE(no_san) { c->san.n = 0; c->has_san = false; }
CHANGE(eku_code) { eku(c, EKU_CODE_SIGNING); }
CHANGE(sda_critical) { add(c, OID_SUBJECT_DIRECTORY_ATTRIBUTES, true); }
CHANGE(cdp_https) { c->cdp_uri = VIEW_NONE; }
CHANGE(no_ocsp) { c->ocsp_uri = VIEW_NONE; }
CHANGE(aia_critical) { add(c, OID_AUTHORITY_INFO_ACCESS, true); }
CHANGE(fresh) { add(c, OID_FRESHEST_CRL, false); }
CHANGE(no_check) { c->ocsp_nocheck = false; c->cdp_uri = VIEW_NONE; }

static const struct {
	const char		*rule;
	enum lint_profile	 profile;
	void			(*change)(struct cert *);
} cases[] = {
	{ "e_ike_version_not_v3", LINT_STRICT, v1 },			/* R4945-5.1.1-1 */
	{ "e_pkix_serial_invalid", LINT_STRICT, serial_zero },
	{ "e_pkix_serial_invalid", LINT_STRICT, serial_negative },
	{ "w_rec_serial_predictable", LINT_STRICT, serial_short },
	{ "e_pkix_sigalg_params", LINT_STRICT, ecdsa_null },
	{ "e_ike_sig_hash_weak", LINT_STRICT, sha1_rsa },
	{ "e_ike_key_type", LINT_STRICT, dsa_key },
	{ "e_pkix_spki_params", LINT_STRICT, broken_key },
	{ "e_ike_rsa_short", LINT_STRICT, rsa_1024 },
	{ "w_rec_rsa_below_3072", LINT_STRICT, rsa_2048 },
	{ "e_pkix_rsa_exponent", LINT_STRICT, rsa_e3 },
	{ "w_rec_rsa_pss_spki", LINT_STRICT, rsa_pss },
	{ "i_interop_key_pqc", LINT_S2S_GATEWAY, ml_dsa },
	{ "i_interop_key_eddsa_p521", LINT_RA_GATEWAY, ed25519_key },
	{ "i_rec_cert_size", LINT_STRICT, large },
	{ "e_pkix_validity_order", LINT_STRICT, reversed },
	{ "w_interop_gw_validity_825", LINT_RA_GATEWAY, five_years },
	{ "e_pkix_issuer_empty", LINT_STRICT, no_issuer },
	{ "e_pkix_ca_subject_empty", LINT_ISSUING_CA, no_subject },
	{ "e_pkix_empty_subject_san", LINT_STRICT, no_subject },	/* R4945-5.1.2.1-1 */
	{ "e_ike_subject_email_attr", LINT_STRICT, email_attr },	/* R4945-5.1.2.3-1 */
	{ "e_ike_fqdn_only_in_subject", LINT_STRICT, cn_fqdn },		/* R4945-3.1.9-2, R4945-3.1.9-1 */
	{ "w_ike_subject_other_identity", LINT_STRICT, cn_mail },	/* R4945-3.1.9-3 */
	{ "w_ike_subject_other_identity", LINT_STRICT, cn_address },
	{ "i_ike_subject_extra_attrs", LINT_STRICT, uid },		/* R4945-5.1.2-2, R4945-3.1.5-9 */
	{ "i_interop_subject_multi_ava", LINT_S2S_GATEWAY, multi_ava },
	{ "w_pkix_dn_string_type", LINT_STRICT, bmp },
	{ "e_pkix_country_code", LINT_STRICT, country },
	{ "w_pkix_dn_length", LINT_STRICT, long_cn },
	{ "e_ike_san_type_missing", LINT_STRICT, only_mail },		/* R4945-5.1.3.6-1 */
	{ "e_ike_san_id_mismatch", LINT_STRICT, other_dns },		/* R4945-5.1.3.6.1-2 */
	{ "w_ike_san_other_choice", LINT_STRICT, uri },			/* R4945-5.1.3.6-2, R4945-5.1.3.6-4 */
	{ "e_pkix_san_empty", LINT_STRICT, empty_dns },
	{ "e_ike_san_dns_wildcard", LINT_STRICT, wildcard },		/* R4945-5.1.3.6.1-3 */
	{ "e_ike_san_dns_not_fqdn", LINT_STRICT, single },		/* R4945-5.1.3.6.1-1 */
	{ "e_ike_san_dns_not_fqdn", LINT_STRICT, trailing },
	{ "e_pkix_san_dns_syntax", LINT_STRICT, leading },
	{ "e_pkix_san_dns_syntax", LINT_STRICT, nul },
	{ "e_pkix_san_dns_idn", LINT_STRICT, bad_alabel },
	{ "w_interop_san_dns_ip_text", LINT_RA_GATEWAY, dns_address },
	{ "e_ike_san_ip_length", LINT_STRICT, ip_masked },		/* R4945-5.1.3.6.2-2, R4945-3.1.1-2 */
	{ "w_ike_san_ip_present", LINT_STRICT, ip_loopback },		/* R4945-3.1-14, R4945-3.1.1-5 */
	{ "w_rec_san_ip_special", LINT_STRICT, ip_loopback },
	{ "e_pkix_san_email_syntax", LINT_STRICT, bad_mail },
	{ "e_pkix_san_email_nonascii", LINT_STRICT, utf8_mail },
	{ "w_ike_san_smtputf8", LINT_STRICT, smtputf8 },
	{ "w_interop_san_uppercase", LINT_RA_GATEWAY, upper },
	{ "w_ike_san_duplicate", LINT_STRICT, twice },
	{ "i_ike_san_multiple_ids", LINT_STRICT, upper },		/* R4945-3.1.8-1 */
	{ "e_ike_ca_no_bc", LINT_ISSUING_CA, no_bc },			/* R4945-5.1.3.9-1 */
	{ "e_pkix_ca_bc_not_critical", LINT_ISSUING_CA, bc_plain },	/* R4945-5.1.3-2 */
	{ "e_pkix_ca_flag", LINT_STRICT, sign_no_ca },
	{ "e_rec_ee_is_ca", LINT_STRICT, is_ca },
	{ "e_pkix_pathlen_without_ca", LINT_STRICT, pathlen },
	{ "w_rec_issuing_ca_pathlen", LINT_ISSUING_CA, no_pathlen },
	{ "w_rec_ee_bc_form", LINT_STRICT, no_bc },
	{ "e_ike_ku_no_sig", LINT_STRICT, ku_encipher },		/* R4945-5.1.3.2-1 */
	{ "i_ike_ku_absent", LINT_STRICT, ku_none },			/* R4945-5.1.3.2-2 */
	{ "i_ike_ku_nonrep_only", LINT_STRICT, ku_nonrep },
	{ "e_pkix_ku_empty", LINT_STRICT, ku_zero },
	{ "w_pkix_ku_not_critical", LINT_STRICT, ku_plain },
	{ "e_pkix_ku_ca_missing", LINT_ISSUING_CA, ku_zero },
	{ "e_pkix_ku_alg_conflict", LINT_STRICT, ku_data },
	{ "w_rec_ku_extra_bits", LINT_STRICT, ku_data },
	{ "w_ike_eku_present", LINT_S2S_GATEWAY, eku_ike },		/* R4945-5.1.3.12-1 */
	{ "e_ike_eku_no_ipsec", LINT_STRICT, eku_server },		/* R4945-5.1.3.12-5 */
	{ "w_ike_eku_obsolete", LINT_STRICT, eku_tunnel },		/* R4945-5.1.3.12-2 */
	{ "w_ike_eku_critical", LINT_STRICT, eku_crit },		/* R4945-5.1.3.12-3 */
	{ "w_rec_eku_any", LINT_STRICT, eku_any },
	{ "i_ike_eku_ipsec_only", LINT_STRICT, eku_ike },		/* R4945-5.1.3.12-6, R4945-5.1.3.12-4 */
	{ "i_interop_eku_ike_intermediate", LINT_RA_GATEWAY, eku_mid },
	{ "e_interop_gw_no_serverauth", LINT_RA_GATEWAY, eku_ike },
	{ "e_interop_client_no_clientauth", LINT_RA_USER, eku_ike },
	{ "e_pkix_eku_empty", LINT_STRICT, eku_zero },
	{ "w_rec_ca_eku", LINT_ISSUING_CA, eku_server },
	{ "e_rec_eku_role_mix", LINT_STRICT, eku_mix },
	{ "e_pkix_ocsp_signer_eku", LINT_OCSP_SIGNER, eku_server },
	{ "w_rec_ocsp_nocheck", LINT_OCSP_SIGNER, no_check },
	{ "e_rec_cmc_ra_signer", LINT_CMC_SIGNER, eku_server },
	{ "e_pkix_unknown_critical", LINT_STRICT, unknown },		/* R4945-5.1.3-4 */
	{ "w_pkix_wrong_criticality", LINT_STRICT, cdp_critical },
	{ "e_pkix_ca_no_ski", LINT_ISSUING_CA, no_ski },
	{ "w_pkix_ee_no_ski", LINT_STRICT, no_ski },
	{ "e_pkix_no_aki", LINT_STRICT, no_aki },
	{ "e_pkix_keyid_critical", LINT_STRICT, aki_critical },
	{ "e_ike_private_key_usage_period", LINT_STRICT, pkup },	/* R4945-5.1.3.3-1 */
	{ "w_ike_policies_critical", LINT_STRICT, policies },		/* R4945-5.1.3.4-1 */
	{ "w_ike_policy_mappings_critical", LINT_ISSUING_CA, mappings },	/* R4945-5.1.3.5-1 */
	{ "w_ike_name_constraints", LINT_ISSUING_CA, nc },	/* R4945-5.1.3.10-1 */
	{ "e_pkix_nc_form", LINT_STRICT, nc },
	{ "w_ike_policy_constraints", LINT_ISSUING_CA, pc },	/* R4945-5.1.3.11-1 */
	{ "w_ike_inhibit_any_policy", LINT_ISSUING_CA, iap },	/* R4945-5.1.3.14-1 */
	{ "e_pkix_pc_iap_form", LINT_STRICT, pc },
	{ "i_ike_ian_present", LINT_STRICT, ian },	/* R4945-5.1.3.7-1 */
	{ "i_ike_sda_present", LINT_STRICT, sda },
	{ "i_ike_sia_present", LINT_STRICT, sia },
	{ "i_ike_ipaddrblocks", LINT_STRICT, blocks },			/* R4945-3.1.4-1 */
	{ "w_ike_no_rev_avail", LINT_STRICT, no_rev },
	{ "w_ike_no_revocation_pointer", LINT_STRICT, no_pointer },	/* R4945-3.2.3-6 */
	{ "w_ike_cdp_missing", LINT_STRICT, no_cdp },			/* R4945-5.1.3.13-1, R4945-5.2-3 */
	{ "w_ike_cdp_unresolvable", LINT_STRICT, cdp_local },		/* R4945-5.1.3.13-3 */
	{ "w_ike_cdp_unresolvable", LINT_STRICT, cdp_no_host },
	{ "w_ike_cdp_unresolvable", LINT_STRICT, cdp_loopback },
	{ "w_ike_cdp_unresolvable", LINT_STRICT, cdp_single },
	{ "w_ike_cdp_unresolvable", LINT_STRICT, cdp_file },
	{ "e_pkix_cdp_form", LINT_STRICT, cdp_empty },
	{ "e_pkix_cdp_form", LINT_STRICT, cdp_reasons },
	{ "w_pkix_cdp_relative_name", LINT_STRICT, cdp_relative },
	{ "e_pkix_aia_form", LINT_STRICT, aia_empty },
	{ "e_pkix_aia_form", LINT_STRICT, aia_dns },
	{ "w_pkix_policy_qualifiers", LINT_STRICT, notice },
	{ "e_pkix_policy_mappings_any", LINT_ISSUING_CA, mapped_any },
	{ "e_pkix_policy_mappings_any", LINT_STRICT, mapped_in_ee },
	{ "e_pkix_nc_form", LINT_ISSUING_CA, nc_empty },
	{ "e_pkix_nc_form", LINT_ISSUING_CA, nc_short_ip },
	{ "e_pkix_nc_form", LINT_ISSUING_CA, nc_minimum },
	{ "w_interop_nc_excluded_dn", LINT_ISSUING_CA, nc_dn },
	{ "e_pkix_pc_iap_form", LINT_ISSUING_CA, pc_empty },
	{ "i_ike_subject_host_not_cn", LINT_STRICT, ou_only },	/* R4945-5.1.2.2-1 */
	{ "e_pkix_san_email_nonascii", LINT_STRICT, utf8_ascii },
	{ "e_rec_key_known_weak", LINT_STRICT, generator },
	{ "e_rec_key_known_weak", LINT_STRICT, close_primes },
	{ "e_pkix_validity_encoding", LINT_STRICT, generalized },
	{ "e_pkix_unique_id", LINT_STRICT, unique_id },
	{ "w_rec_cdp_scheme", LINT_STRICT, cdp_https },
	{ "i_ike_aia_no_ocsp", LINT_STRICT, no_ocsp },			/* R4945-5.1.3.16-1 */
	{ "e_pkix_aia_form", LINT_STRICT, aia_critical },
	{ "w_ike_freshest_in_cert", LINT_STRICT, fresh },
};

/* Rules that wait until their product is named. */
static const struct {
	const char		*rule;
	unsigned		 product;
	enum lint_profile	 profile;
	void			(*change)(struct cert *);
} product_cases[] = {
	{ "e_interop_windows_key", LINT_WINDOWS, LINT_STRICT, ed25519_key },
	{ "w_interop_windows_gw_address", LINT_WINDOWS, LINT_RA_GATEWAY, san_address },
	{ "e_interop_apple_gw_san", LINT_APPLE, LINT_RA_GATEWAY, no_san },
	{ "w_interop_apple_gw_ec", LINT_APPLE, LINT_RA_GATEWAY, ed25519_key },
	{ "e_interop_android_no_san", LINT_ANDROID, LINT_STRICT, no_san },
	{ "w_interop_android_user_key", LINT_ANDROID, LINT_RA_USER, ed25519_key },
	{ "w_interop_cisco_eku", LINT_CISCO, LINT_RA_USER, eku_ike },
	{ "w_interop_strongswan_no_eku", LINT_STRONGSWAN, LINT_OCSP_SIGNER, NULL },
	{ "e_interop_strongswan_nc_address", LINT_STRONGSWAN, LINT_ISSUING_CA, nc_address },
	{ "e_interop_libreswan_key", LINT_LIBRESWAN, LINT_STRICT, ed25519_key },
	{ "e_interop_libreswan_eku", LINT_LIBRESWAN, LINT_STRICT, eku_code },
	{ "w_interop_san_uppercase", LINT_ANDROID, LINT_STRICT, upper },
};

static void
make_for(struct made *m, enum lint_profile p)
{
	switch (p) {
	case LINT_RA_GATEWAY:
		make_holder(m, "ra-gateway", "fqdn:gw1.example");
		break;
	case LINT_RA_USER:
		make_holder(m, "ra-user", "email:a@example.com");
		break;
	case LINT_ISSUING_CA:
		make_ca(m, CA_ROLE_IKE);
		break;
	case LINT_OCSP_SIGNER:
		make_ca(m, CA_ROLE_OCSP_SIGNER);
		break;
	case LINT_CMC_SIGNER:
		make_ca(m, CA_ROLE_CMC_RESPONDER);
		break;
	default:
		make_holder(m, "s2s-gateway", "fqdn:gw1.example");
		break;
	}
}

static void
each_rule_fires(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made	m;
		struct fired	before, after;
		bool		named;

		make_for(&m, cases[i].profile);
		named = cases[i].profile == LINT_STRICT;
		before = lint(&m.c, cases[i].profile, named ? &m.id : NULL);
		cases[i].change(&m.c);
		after = lint(&m.c, cases[i].profile, named ? &m.id : NULL);
		if (says(&before, cases[i].rule))
			fail_msg("%s without a reason", cases[i].rule);
		if (!says(&after, cases[i].rule))
			fail_msg("%s did not fire:%s", cases[i].rule, after.names);
		make_close(&m);
	}
}

static struct fired
lint_for(const struct cert *c, enum lint_profile p, unsigned products)
{
	struct fired		fd = { .names = "" };
	struct lint_report	report = { collect, &fd };
	struct lint_terms	terms = { .profile = p, .products = products };

	lint_certificate(c, &terms, &report);
	return fd;
}

static void
each_product_rule_fires(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(product_cases) / sizeof(product_cases[0]); i++) {
		enum lint_profile	p = product_cases[i].profile;
		unsigned		asked = product_cases[i].product;
		struct made		m;
		struct fired		fd;

		make_for(&m, p);
		if (product_cases[i].change != NULL)
			product_cases[i].change(&m.c);
		fd = lint_for(&m.c, p, asked);
		if (!says(&fd, product_cases[i].rule))
			fail_msg("%s did not fire:%s", product_cases[i].rule, fd.names);
		/* for another product, and for none, it is nobody's concern */
		fd = lint_for(&m.c, p, 63 & ~asked);
		assert_false(says(&fd, product_cases[i].rule));
		fd = lint_for(&m.c, p, 0);
		assert_false(says(&fd, product_cases[i].rule));
		make_close(&m);
	}
}

static void
products_are_found(void **state)
{
	unsigned	set;
	struct view	bad;

	(void)state;
	assert_true(lint_products_find(VIEW_LIT("windows,apple"), &set, &bad));
	assert_int_equal(set, LINT_WINDOWS | LINT_APPLE);
	assert_false(lint_products_find(VIEW_LIT("windows,beos"), &set, &bad));
	assert_true(view_equal(bad, VIEW_LIT("beos")));
	assert_false(lint_products_find(VIEW_LIT("windows,"), &set, &bad));
	assert_false(lint_products_find(VIEW_NONE, &set, &bad));
}

/* Where the octets are: inside of the certificate, or nowhere. */
static void
last_place(void *ctx, const struct lint_finding *x)
{
	if (strcmp(x->rule->name, "i_ike_subject_extra_attrs") == 0 ||
	    strcmp(x->rule->name, "i_ike_ku_absent") == 0)
		*(long *)ctx = x->offset;
}

static void
places(void **state)
{
	long			place = -7;
	struct lint_report	report = { last_place, &place };
	struct lint_terms	terms = { .profile = LINT_STRICT };
	struct made		m;

	(void)state;
	make_holder(&m, "s2s-gateway", "fqdn:gw1.example");
	drop(&m.c, OID_KEY_USAGE);
	ku_none(&m.c);
	lint_certificate(&m.c, &terms, &report);
	assert_int_equal(place, LINT_NO_OFFSET);
	make_close(&m);
}

/* What is grave in one certificate and a remark in another. */
static void
some_findings_are_graver(void **state)
{
	struct made	m;
	struct fired	before, after;

	(void)state;
	make_holder(&m, "s2s-gateway", "fqdn:gw1.example");
	sda(&m.c);
	before = lint(&m.c, LINT_STRICT, &m.id);
	sda_critical(&m.c);
	after = lint(&m.c, LINT_STRICT, &m.id);
	assert_int_equal(before.errors + 1, after.errors);
	assert_true(says(&before, "i_ike_sda_present") && says(&after, "i_ike_sda_present"));
	make_close(&m);
}

/* A rule without a case here would be a rule nobody has seen fire. */
static void
each_rule_has_a_case(void **state)
{
	(void)state;
	/* those about issuers and CRLs are walked in test_lint_set.c */
	for (size_t i = 0; strcmp(lint_rule(i)->name, "e_pkix_issuer_subject_bytes") != 0; i++) {
		bool	found = false;

		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
			found |= strcmp(cases[k].rule, lint_rule(i)->name) == 0;
		for (size_t k = 0; k < sizeof(product_cases) / sizeof(product_cases[0]); k++)
			found |= strcmp(product_cases[k].rule, lint_rule(i)->name) == 0;
		if (!found)
			fail_msg("%s has no case", lint_rule(i)->name);
	}
}

/* In remote access the platforms ask for an EKU, elsewhere it is a warning. */
static void
profiles_soften(void **state)
{
	struct made	m;
	struct fired	fd;

	(void)state;
	make_holder(&m, "ra-gateway", "fqdn:gw1.example");
	fd = lint(&m.c, LINT_RA_GATEWAY, NULL);
	assert_true(says(&fd, "w_ike_eku_present") && fd.warnings == 0);
	fd = lint(&m.c, LINT_S2S_GATEWAY, NULL);
	assert_true(says(&fd, "w_ike_eku_present") && fd.warnings == 1);
	make_close(&m);
}

/* What the signer does with its lints: errors refuse, warnings where they should. */
static void
the_signer_refuses(void **state)
{
	static const struct {
		const char	*template, *identity;
		void		(*change)(struct cert *);
		enum lint_warnings warnings;
		const char	*want;		/* in the fault; NULL: signed */
	} asked[] = {
		{ "s2s-gateway", "fqdn:gw1.example", NULL, LINT_WARNINGS_REFUSE, NULL },
		{ "ra-gateway", "fqdn:gw1.example", NULL, LINT_WARNINGS_REFUSE, NULL },
		{ "ra-user", "email:a@example.com", NULL, LINT_WARNINGS_REFUSE, NULL },
		{ "ra-machine", "fqdn:pc.example", NULL, LINT_WARNINGS_REFUSE, NULL },
		{ "admin", "email:a@example.com", NULL, LINT_WARNINGS_REFUSE, NULL },
		{ "s2s-gateway", "fqdn:gw1.example", wildcard, LINT_WARNINGS_ALLOW,
		    "e_ike_san_dns_wildcard" },
		{ "ra-gateway", "fqdn:gw1.example", eku_ike, LINT_WARNINGS_ALLOW,
		    "e_interop_gw_no_serverauth" },
		{ "s2s-gateway", "ipv4:192.0.2.1", NULL, LINT_WARNINGS_ALLOW, NULL },
		{ "s2s-gateway", "ipv4:192.0.2.1", NULL, LINT_WARNINGS_REFUSE,
		    "w_ike_san_ip_present" },
		{ "admin", "email:a@example.com", eku_server, LINT_WARNINGS_ALLOW,
		    "e_rec_cmc_ra_signer" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct template	t;
		struct fault	f = { 0 };
		struct made	m;

		assert_true(template_start(asked[i].template, "Example VPN", &t, &f));
		assert_int_equal(t.lint_warnings, LINT_WARNINGS_ALLOW);
		t.lint_warnings = asked[i].warnings;
		make_holder(&m, asked[i].template, asked[i].identity);
		if (asked[i].change != NULL)
			asked[i].change(&m.c);
		if (profile_lint_cert(&t, &m.c, NULL, 0, &f) != (asked[i].want == NULL))
			fail_msg("%zu: %s", i, f.text);
		if (asked[i].want != NULL) {
			assert_int_equal(f.kind, FAULT_REFUSED);
			assert_non_null(strstr(f.text, asked[i].want));
		}
		make_close(&m);
	}
}

/* Prefix and severity agree, no name twice. */
static void
rules_are_named_well(void **state)
{
	const struct lint	*a, *b;

	(void)state;
	for (size_t i = 0; (a = lint_rule(i)) != NULL; i++) {
		assert_int_equal(a->name[0], "iwe"[a->severity]);
		assert_int_equal(a->name[1], '_');
		for (size_t k = 0; k < i; k++) {
			b = lint_rule(k);
			if (strcmp(a->name, b->name) == 0)
				fail_msg("%s stands twice", a->name);
		}
	}
}

static int
drop_key(void **state)
{
	(void)state;
	key_free(key);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(own_certificates_pass),
		cmocka_unit_test(each_rule_fires),
		cmocka_unit_test(each_rule_has_a_case),
		cmocka_unit_test(profiles_soften),
		cmocka_unit_test(each_product_rule_fires),
		cmocka_unit_test(products_are_found),
		cmocka_unit_test(places),
		cmocka_unit_test(some_findings_are_graver),
		cmocka_unit_test(the_signer_refuses),
		cmocka_unit_test(rules_are_named_well),
	};

	return cmocka_run_group_tests(tests, NULL, drop_key);
}
