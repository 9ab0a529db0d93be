/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may be a peer: identities in every spelling, name constraints,
 * revocation with and without a doubt, and all of it together.
 *
 * R4809-3.7.2-1, R4809-3.7.2-2: the identity by SAN or by DN, and others, identities
 * R4809-3.7.3-8, R4809-3.7.3-9: switched off it is not looked at, verdicts
 * R4809-3.7.4-1: each cause by its own name, verdicts
 * R4809-2.2-3: another anchor, given or not, verdicts
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/crl.h"
#include "codec/idp.h"
#include "made.h"
#include "profile/constraints.h"
#include "profile/verify.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define IDP1	"\x30\x17\xa0\x15\xa0\x13\x86\x11http://a.b/c.crl1"

static struct made	root, ca, leaf, other;

/* --- identities: R4945-3.1-6, R4945-3.1.2-5, R4945-3.1.2-6, R4945-3.1.3-5 ----------- */

static void
identities(void **state)
{
	static const struct {
		const char	*id;
		const char	*want;		/* NULL: proved */
	} cases[] = {
		{ "fqdn:gw.example.com", NULL }, { "@gw.example.com", NULL },
		{ "gw.example.com", NULL }, { "GW.Example.COM", NULL },
		{ "dns:gw.example.com", NULL },
		{ "fqdn:gw.example.com.", "id-mismatch" },
		{ "fqdn:.example.com", "id-syntax" }, { "fqdn:*.example.com", "id-syntax" },
		{ "fqdn:example.com", "id-mismatch" }, { "fqdn:leaf", "id-mismatch" },
		{ "email:alice@example.com", NULL }, { "rfc822:alice@example.com", NULL },
		{ "alice@example.com", NULL }, { "ALICE@example.com", NULL },
		{ "bob@example.com", "id-mismatch" },
		{ "fqdn:alice@example.com", "id-mismatch" },
		{ "192.0.2.1", NULL }, { "ipv4:192.0.2.1", NULL },
		{ "192.0.2.2", "id-mismatch" }, { "2001:db8::1", NULL },
		{ "ipv6:2001:0DB8:0::1", NULL }, { "2001:db8::2", "id-mismatch" },
		{ "::ffff:192.0.2.1", "id-mismatch" },	/* R4945-3.1.1-9 */
		{ "fqdn:192.0.2.1", "id-mismatch" },
		{ "CN=leaf", NULL }, { "dn:CN=leaf", NULL }, { "asn1dn:CN=leaf", NULL },
		{ "CN=LEAF", "id-mismatch" },		/* R4945-3.1.5-4 */
		{ "CN=leaf, OU=x", "id-mismatch" },
		{ "asn1dn:#300f310d300b06035504030c046c656166", NULL },
		/* PrintableString: means the same, is not the same */
		{ "asn1dn:#300f310d300b0603550403130" "46c656166", "id-mismatch" },
		{ "asn1dn:#3000", "id-dn-empty" },	/* R4945-3.1.5-6 */
		{ "asn1dn:#3001", "id-syntax" },
		{ "keyid:#6b31", "id-type" }, { "@#6b31", "id-type" },	/* R4945-3.1.7-1 */
		{ "keyid:box7", "id-type" },
	};
	struct cert	c = leaf.cert;
	char		why[600];

	(void)state;
	c.san.n = 4;
	c.san.list[0] = (struct general_name){ GENERAL_NAME_DNS, VIEW_LIT("gw.example.com") };
	c.san.list[1] = (struct general_name){ GENERAL_NAME_EMAIL, VIEW_LIT("alice@example.com") };
	c.san.list[2] = (struct general_name){ GENERAL_NAME_IP, VIEW_LIT("\xc0\0\2\1") };
	c.san.list[3] = (struct general_name){ GENERAL_NAME_IP,
	    VIEW_LIT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1") };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ike_id	id;
		struct fault	f = { 0 };
		const char	*got;

		if (!ike_id_parse(cases[i].id, &id, &f))
			fail_msg("%s: %s", cases[i].id, f.text);
		got = ike_id_reject(&id, &c, why, sizeof(why));
		if ((got == NULL) != (cases[i].want == NULL) ||
		    (got != NULL && strcmp(got, cases[i].want) != 0))
			fail_msg("%s: %s (%s)", cases[i].id, got == NULL ? "proved" : got, why);
	}
	/* a certificate without names: R4945-3.1.9-3, the CN is not asked */
	c.san.n = 0;
	for (size_t i = 0; i < 4; i++) {
		static const char *const	ids[] = { "leaf", "a@b.c", "192.0.2.1", "::1" };
		struct ike_id			id;

		assert_true(ike_id_parse(ids[i], &id, NULL));
		assert_string_equal(ike_id_reject(&id, &c, why, sizeof(why)), "id-no-san");
	}
}

static void
no_identities(void **state)
{
	static const char *const	bad[] = { "", "fqdn:", "ipv4:gw", "ipv6:192.0.2.1",
		"asn1dn:#xyz", "keyid:#", "@#zz" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct ike_id	id;
		struct fault	f = { 0 };

		if (ike_id_parse(bad[i], &id, &f))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_not_equal(f.kind, FAULT_NONE);
	}
}

/* --- name constraints ------------------------------------------------------------------ */

static void
constraints(void **state)
{
	static const struct {
		enum general_name_type	 type;
		struct view		 name, base;
		bool			 inside;
	} cases[] = {
		{ GENERAL_NAME_DNS, VIEW_LIT("gw.Example.com"), VIEW_LIT("example.com"), true },
		{ GENERAL_NAME_DNS, VIEW_LIT("example.com"), VIEW_LIT("example.com"), true },
		{ GENERAL_NAME_DNS, VIEW_LIT("badexample.com"), VIEW_LIT("example.com"), false },
		{ GENERAL_NAME_DNS, VIEW_LIT("example.com"), VIEW_LIT(".example.com"), false },
		{ GENERAL_NAME_DNS, VIEW_LIT("a.example.com"), VIEW_LIT(".example.com"), true },
		{ GENERAL_NAME_DNS, VIEW_LIT("any.thing"), VIEW_LIT(""), true },
		{ GENERAL_NAME_EMAIL, VIEW_LIT("a@example.com"), VIEW_LIT("example.com"), true },
		{ GENERAL_NAME_EMAIL, VIEW_LIT("a@x.example.com"), VIEW_LIT("example.com"), false },
		{ GENERAL_NAME_EMAIL, VIEW_LIT("a@x.example.com"), VIEW_LIT(".example.com"), true },
		{ GENERAL_NAME_EMAIL, VIEW_LIT("a@Example.com"), VIEW_LIT("a@example.com"), true },
		{ GENERAL_NAME_EMAIL, VIEW_LIT("A@example.com"), VIEW_LIT("a@example.com"), false },
		{ GENERAL_NAME_EMAIL, VIEW_LIT("no-at"), VIEW_LIT("example.com"), false },
		{ GENERAL_NAME_URI, VIEW_LIT("http://a.example.com/x"), VIEW_LIT(".example.com"), true },
		{ GENERAL_NAME_URI, VIEW_LIT("http://u@example.com:8080?q"), VIEW_LIT("example.com"), true },
		{ GENERAL_NAME_URI, VIEW_LIT("http://192.0.2.1/"), VIEW_LIT("example.com"), false },
		{ GENERAL_NAME_URI, VIEW_LIT("urn:x"), VIEW_LIT("example.com"), false },
		{ GENERAL_NAME_IP, VIEW_LIT("\x0a\1\2\3"), VIEW_LIT("\x0a\0\0\0\xff\0\0\0"), true },
		{ GENERAL_NAME_IP, VIEW_LIT("\x0b\1\2\3"), VIEW_LIT("\x0a\0\0\0\xff\0\0\0"), false },
		{ GENERAL_NAME_IP, VIEW_LIT("\x0a\1\2\3"), VIEW_LIT("\x0a\0\0\0"), false },
		{ GENERAL_NAME_RID, VIEW_LIT("\x2a"), VIEW_LIT("\x2a"), false },
		{ GENERAL_NAME_OTHER, VIEW_LIT("\x06\x01\x2a"), VIEW_LIT("\x06\x01\x2a"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct name_constraints	nc = { .n = 1 };
		struct cert		c = { .subject = NAME_EMPTY };
		struct fault		f = { 0 };

		nc.list[0].base = (struct general_name){ cases[i].type, cases[i].base };
		c.san.n = 1;
		c.san.list[0] = (struct general_name){ cases[i].type, cases[i].name };
		if (constraints_allow(&nc, &c, &f) != cases[i].inside)
			fail_msg("permitted %zu: %s", i, f.text);
		/* what cannot be compared is outside of both */
		nc.list[0].excluded = true;
		fault_clear(&f);
		if (constraints_allow(&nc, &c, &f) == (cases[i].inside ||
		    cases[i].type == GENERAL_NAME_RID || cases[i].type == GENERAL_NAME_OTHER))
			fail_msg("excluded %zu: %s", i, f.text);
		/* names of other kinds are not asked */
		nc.list[0].base.type = cases[i].type == GENERAL_NAME_DNS ?
		    GENERAL_NAME_EMAIL : GENERAL_NAME_DNS;
		assert_true(constraints_allow(&nc, &c, NULL));
	}
}

static void
constraints_on_subjects(void **state)
{
	struct name_constraints	nc = { .n = 1 };
	struct cert		c = { 0 };
	struct buf		base, name;
	struct fault		f = { 0 };

	(void)state;
	buf_init(&base, 4096);
	buf_init(&name, 4096);
	must(name_parse("O=Example", &base, &f), &f);
	must(name_parse("O=eXAMPLE, CN=gw", &name, &f), &f);
	nc.list[0].base = (struct general_name){ GENERAL_NAME_DIRECTORY, buf_view(&base) };
	c.subject = buf_view(&name);
	assert_true(constraints_allow(&nc, &c, NULL));
	c.subject = root.cert.subject;
	assert_false(constraints_allow(&nc, &c, NULL));
	/* a mailbox in the subject counts when no rfc822Name is there */
	buf_reset(&name);
	must(name_parse("emailAddress=a@x.org", &name, &f), &f);
	c.subject = buf_view(&name);
	nc.list[0].base = (struct general_name){ GENERAL_NAME_EMAIL, VIEW_LIT("example.com") };
	assert_false(constraints_allow(&nc, &c, NULL));
	buf_clear(&base);
	buf_clear(&name);
}

/* --- revocation: R4945-5.2-1, R4945-5.2.1-1, R4945-5.2.1-2, R4945-5.2.2.4.1-2 ---------- */

enum { FULL = 1, DELTA = 2, LISTED = 4, STALE = 8, FORGED = 16, OTHER_SCOPE = 32, REMOVED = 64,
    SCOPED = 128, FUTURE = 256, UNKNOWN_CRITICAL = 512 };

/* The plan's writer knows neither scopes nor removals: they are put in behind it. */
static void
put_more(struct buf *tbs, struct view extension)
{
	struct der	d;
	struct view	content, head, list, rest;
	struct buf	out;
	size_t		seq, exts, inner;

	der_init(&d, buf_view(tbs));
	must(der_get(&d, DER_SEQUENCE, &content, NULL), &(struct fault){ 0 });
	der_init(&d, content);
	while (der_peek(&d) != DER_CONTEXT_C(0))
		must(der_get_any(&d, &rest, NULL), &(struct fault){ 0 });
	head = view_of(content.p, content.n - d.n);
	must(der_get(&d, DER_CONTEXT_C(0), &list, NULL), &(struct fault){ 0 });
	der_init(&d, list);
	must(der_get(&d, DER_SEQUENCE, &list, NULL), &(struct fault){ 0 });
	buf_init(&out, 10000);
	seq = der_begin(&out, DER_SEQUENCE);
	buf_add_view(&out, head);
	exts = der_begin(&out, DER_CONTEXT_C(0));
	inner = der_begin(&out, DER_SEQUENCE);
	buf_add_view(&out, list);
	buf_add_view(&out, extension);
	der_close(&out, inner);
	der_close(&out, exts);
	der_close(&out, seq);
	buf_reset(tbs);
	buf_add_view(tbs, buf_view(&out));
	buf_clear(&out);
}

static void
make_crl(unsigned what, uint64_t number, struct buf *out)
{
	int64_t			at = (what & STALE) ? MADE_NOW - 30 * MADE_DAY :
				    (what & FUTURE) ? MADE_NOW + MADE_DAY : MADE_NOW - 60;
	struct crl_plan		p = { .sigalg = key_sigalg(ca.key), .issuer = ca.cert.subject,
				    .this_update = at, .next_update = at + 7 * MADE_DAY,
				    .aki = view_of(ca.ski, sizeof(ca.ski)), .number = number,
				    .is_delta = (what & DELTA) != 0, .base_number = 10 };
	struct fault		f = { 0 };
	struct crl_writer	w;
	struct buf		body;
	struct view		tbs;

	buf_init(&body, 10000);
	buf_init(out, 10000);
	crl_begin(&w, &p, &body);
	if (what & (LISTED | REMOVED))
		crl_entry(&w, leaf.cert.serial, at - 10, (what & REMOVED) ?
		    CRL_REMOVE_FROM_CRL : CRL_KEY_COMPROMISE);
	must(crl_finish(&w, &tbs, &f), &f);
	if (what & (SCOPED | OTHER_SCOPE))
		put_more(&body, VIEW_LIT("\x30\x23\x06\x03\x55\x1d\x1c\x01\x01\xff\x04\x19" IDP1));
	if (what & UNKNOWN_CRITICAL)
		put_more(&body, VIEW_LIT("\x30\x0c\x06\x03\x55\x1d\x63\x01\x01\xff\x04\x02\x30\x00"));
	must(crl_sign(buf_view(&body), (what & FORGED) ? other.key : ca.key, out, &f), &f);
	buf_clear(&body);
}

static void
revocations(void **state)
{
	static const struct {
		const char	*label;
		unsigned	 crls[3];
		enum revocation	 want;
	} cases[] = {
		{ "nothing", { 0 }, REVOCATION_UNKNOWN },
		{ "a fresh CRL", { FULL }, REVOCATION_GOOD },
		{ "listed", { FULL | LISTED }, REVOCATION_REVOKED },
		{ "an old CRL", { FULL | STALE }, REVOCATION_UNKNOWN },
		{ "listed in an old CRL", { FULL | LISTED | STALE }, REVOCATION_REVOKED },
		{ "good here, revoked there", { FULL, FULL | LISTED | STALE }, REVOCATION_REVOKED },
		{ "revoked here, good there", { FULL | LISTED, FULL }, REVOCATION_REVOKED },
		{ "forged", { FULL | FORGED }, REVOCATION_UNKNOWN },
		{ "forged and listed", { FULL | FORGED | LISTED }, REVOCATION_UNKNOWN },
		{ "from the future", { FULL | FUTURE }, REVOCATION_UNKNOWN },
		{ "an unknown critical extension", { FULL | UNKNOWN_CRITICAL }, REVOCATION_UNKNOWN },
		{ "of another scope", { FULL | OTHER_SCOPE }, REVOCATION_UNKNOWN },
		{ "a delta alone", { DELTA }, REVOCATION_UNKNOWN },	/* R4945-5.2.2.4.1-1 */
		{ "listed in a delta alone", { DELTA | LISTED }, REVOCATION_REVOKED },
		{ "base and delta", { FULL, DELTA }, REVOCATION_GOOD },
		{ "an old base, a fresh delta", { FULL | STALE, DELTA }, REVOCATION_GOOD },
		{ "listed in the delta", { FULL, DELTA | LISTED }, REVOCATION_REVOKED },
		{ "taken off the list", { FULL | LISTED, DELTA | REMOVED }, REVOCATION_GOOD },
		{ "an old delta", { FULL | STALE, DELTA | STALE }, REVOCATION_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf		made[3];
		struct view		crls[3];
		struct revocation_state	s;
		size_t			n = 0;

		for (; n < 3 && cases[i].crls[n] != 0; n++) {
			make_crl(cases[i].crls[n], 12 + ((cases[i].crls[n] & DELTA) != 0), &made[n]);
			crls[n] = buf_view(&made[n]);
		}
		revocation_find(&(struct revocation_sources){ crls, n, NULL, 0, MADE_NOW },
		    &leaf.cert, &ca.cert, &s);
		if (s.status != cases[i].want)
			fail_msg("%s: %d, %s", cases[i].label, (int)s.status, s.why);
		assert_int_equal(s.wrong_scope, (cases[i].crls[0] & OTHER_SCOPE) != 0);
		while (n > 0)
			buf_clear(&made[--n]);
	}
}

/* R4945-5.1.3.13-2: a clean CRL of another part does not stand in. */
static void
scopes(void **state)
{
	static const struct {
		struct view	 idp;
		bool		 ca, point;
		bool		 covers;
	} cases[] = {
		{ VIEW_LIT(IDP1), false, true, true },
		{ VIEW_LIT(IDP1), false, false, false },
		{ VIEW_LIT("\x30\x03\x81\x01\xff"), false, false, true },
		{ VIEW_LIT("\x30\x03\x81\x01\xff"), true, false, false },
		{ VIEW_LIT("\x30\x03\x82\x01\xff"), false, false, false },
		{ VIEW_LIT("\x30\x03\x82\x01\xff"), true, false, true },
		{ VIEW_LIT("\x30\x03\x84\x01\xff"), false, false, false },
		{ VIEW_LIT("\x30\x03\x85\x01\xff"), false, false, false },
		{ VIEW_LIT("\x30\x04\x83\x02\x01\x02"), false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cert	c = leaf.cert;
		struct idp	p;

		assert_true(idp_decode(cases[i].idp, &p, NULL));
		c.is_ca = cases[i].ca;
		if (cases[i].point)
			c.extensions.list[c.extensions.n++] = (struct extension){
			    OID_CRL_DIST_POINTS, VIEW_LIT("\x30\x19\x30\x17\xa0\x15\xa0\x13\x86"
			    "\x11http://a.b/c.crl1"), false };
		assert_int_equal(idp_excludes(&p, &c) == NULL, cases[i].covers);
	}
	for (size_t i = 0; i < 3; i++) {
		static const struct view	bad[] = { VIEW_LIT("\x30\x03\x81\x01\x01"),
			VIEW_LIT("\x30\x02\x81\x00"), VIEW_LIT("\x31\x00") };
		struct idp			p;

		assert_false(idp_decode(bad[i], &p, NULL));
	}
}

/* --- together ----------------------------------------------------------------------------- */

static void
verdicts(void **state)
{
	const struct view	intermediate = buf_view(&ca.der);
	const struct view	roots[] = { buf_view(&root.der) };
	const struct view	below[] = { buf_view(&ca.der) };
	const struct view	strangers[] = { buf_view(&other.der) };
	static const char *const policies[] = { "1.2.3.4" };
	struct {
		const char		*label, *id;
		const struct view	*anchors;
		bool			 send_ca;
		enum verify_revocation	 how;
		unsigned		 crl;		/* of the leaf's issuer; 0: none */
		int64_t			 later;
		size_t			 npolicies;
		const char		*want;		/* NULL: accepted */
	} cases[] = {
		{ "as it should be", "CN=leaf", below, true, VERIFY_STRICT, FULL, 0, 0, NULL },
		/* R4945-3.2.9.3-2: an anchor need not be self-signed */
		{ "no CRL, strict", "CN=leaf", below, false, VERIFY_STRICT, 0, 0, 0,
		    "revocation-unknown" },
		{ "no CRL, soft", "CN=leaf", below, false, VERIFY_SOFT, 0, 0, 0, NULL },
		{ "no CRL for the CA", "CN=leaf", roots, true, VERIFY_STRICT, FULL, 0, 0,
		    "revocation-unknown" },
		{ "revoked, soft", "CN=leaf", below, false, VERIFY_SOFT, FULL | LISTED, 0, 0,
		    "revoked" },
		{ "revoked, off", "CN=leaf", below, false, VERIFY_OFF, FULL | LISTED, 0, 0, NULL },
		{ "wrong scope", "CN=leaf", below, false, VERIFY_STRICT, FULL | OTHER_SCOPE, 0, 0,
		    "crl-scope" },
		{ "another identity", "CN=other", below, false, VERIFY_SOFT, 0, 0, 0, "id-mismatch" },
		{ "no name", "leaf", below, false, VERIFY_SOFT, 0, 0, 0, "id-no-san" },
		{ "intermediate missing", "CN=leaf", roots, false, VERIFY_OFF, 0, 0, 0, "no-path" },
		{ "a stranger's anchor", "CN=leaf", strangers, true, VERIFY_OFF, 0, 0, 0, "no-path" },
		{ "too late", "CN=leaf", below, false, VERIFY_OFF, 0, 400 * MADE_DAY, 0, "expired" },
		{ "too early", "CN=leaf", below, false, VERIFY_OFF, 0, -3 * MADE_DAY, 0,
		    "not-yet-valid" },
		{ "a policy nobody has", "CN=leaf", below, false, VERIFY_OFF, 0, 0, 1, "policy" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf		crl = { 0 };
		struct view		crls[1];
		struct ike_id		id;
		struct verify_result	r;
		struct fault		f = { 0 };
		struct verify_terms	t = { .leaf = buf_view(&leaf.der),
			.intermediates = &intermediate, .nintermediates = cases[i].send_ca,
			.anchors = cases[i].anchors, .nanchors = 1, .id = &id,
			.revocation = cases[i].how, .at = MADE_NOW + cases[i].later,
			.policies = policies, .npolicies = cases[i].npolicies };

		must(ike_id_parse(cases[i].id, &id, &f), &f);
		if (cases[i].crl != 0) {
			make_crl(cases[i].crl, 12, &crl);
			crls[0] = buf_view(&crl);
			t.crls = crls;
			t.ncrls = 1;
		}
		must(verify_peer(&t, &r, &f), &f);
		if (r.accepted != (cases[i].want == NULL) ||
		    (cases[i].want != NULL && strcmp(r.reason, cases[i].want) != 0))
			fail_msg("%s: %s", cases[i].label, r.accepted ? "accepted" : r.reason);
		verify_result_clear(&r);
		buf_clear(&crl);
	}
}

/* What a certificate is by itself. */
static void
holders(void **state)
{
	static const struct {
		const char	*label;
		unsigned	 key_usage, eku;
		bool		 ca, v1, weak, for_ike, good;
	} cases[] = {
		{ "as it is", KU_DIGITAL_SIGNATURE, 0, false, false, false, true, true },
		{ "nonRepudiation", KU_NON_REPUDIATION, 0, false, false, false, true, true },
		{ "keyEncipherment", KU_KEY_ENCIPHERMENT, 0, false, false, false, true, false },
		{ "ipsecIKE", KU_DIGITAL_SIGNATURE, EKU_IPSEC_IKE | EKU_SERVER_AUTH, false, false,
		    false, true, true },
		{ "any purpose", KU_DIGITAL_SIGNATURE, EKU_ANY, false, false, false, true, true },
		/* R4945-5.1.3.12-8 */
		{ "serverAuth", KU_DIGITAL_SIGNATURE, EKU_SERVER_AUTH, false, false, false, true, false },
		{ "cmcRA, not for IKE", KU_DIGITAL_SIGNATURE, EKU_CMC_RA, false, false, false, false, true },
		{ "a CA", KU_DIGITAL_SIGNATURE, 0, true, false, false, true, false },
		{ "version 1", KU_DIGITAL_SIGNATURE, 0, false, true, false, true, false },
		{ "SHA-1", KU_DIGITAL_SIGNATURE, 0, false, false, true, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cert	c = leaf.cert;
		struct fault	f = { 0 };

		c.has_key_usage = true;
		c.key_usage = cases[i].key_usage;
		c.has_eku = cases[i].eku != 0;
		c.eku = cases[i].eku;
		c.is_ca = cases[i].ca;
		c.version = cases[i].v1 ? 1 : 3;
		if (cases[i].weak)
			c.sigalg.oid = OID_SHA1_RSA;
		if (verify_holder(&c, cases[i].for_ike, &f) != cases[i].good)
			fail_msg("%s: %s", cases[i].label, f.text);
		assert_int_equal(f.kind, cases[i].good ? FAULT_NONE : FAULT_REFUSED);
	}
}

static int
make_all(void **state)
{
	(void)state;
	make(&root, KEY_EC_P256, "CN=root", 1, NULL, true);
	make(&ca, KEY_EC_P256, "CN=ca", 2, &root, true);
	make(&leaf, KEY_EC_P256, "CN=leaf", 3, &ca, false);
	make(&other, KEY_EC_P256, "CN=other", 4, NULL, true);
	return 0;
}

static int
unmake_all(void **state)
{
	(void)state;
	unmake(&root);
	unmake(&ca);
	unmake(&leaf);
	unmake(&other);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(identities),
		cmocka_unit_test(no_identities),
		cmocka_unit_test(constraints),
		cmocka_unit_test(constraints_on_subjects),
		cmocka_unit_test(revocations),
		cmocka_unit_test(scopes),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(holders),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
