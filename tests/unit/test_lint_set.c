/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about CRLs, issuers, chains, requests, octets that do not decode, and
 * many certificates at once: a good case, then one change each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/crl.h"
#include "codec/pkcs10.h"
#include "made.h"
#include "profile/lint_set.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define CDP	VIEW_LIT("\x30\x19\x30\x17\xa0\x15\xa0\x13\x86\x11http://a.b/c.crl1")
#define IDP	VIEW_LIT("\x30\x17\xa0\x15\xa0\x13\x86\x11http://a.b/c.crl1")

static struct made	root, ca, leaf;

/* Collects the names of what fired. */
struct fired {
	char	names[4096];
	long	offset;		/* of the last */
	size_t	which;
};

static void
collect(void *ctx, const struct lint_finding *x)
{
	struct fired	*fd = ctx;
	size_t		 n = strlen(fd->names);

	snprintf(fd->names + n, sizeof(fd->names) - n, " %s ", x->rule->name);
	fd->offset = x->offset;
	assert_string_equal(x->advice->name, x->rule->name);
	assert_true(x->advice->field[0] != '\0' && x->advice->consequence[0] != '\0' &&
	    x->advice->repair[0] != '\0');
}

static bool
says(const struct fired *fd, const char *name)
{
	char	word[80];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(fd->names, word) != NULL;
}

/* Every rule that a table here makes fire. */
static char	seen[16384];

static void
must_say(const struct fired *fd, const char *name)
{
	size_t	n = strlen(seen);

	if (!says(fd, name))
		fail_msg("%s did not fire:%s", name, fd->names);
	snprintf(seen + n, sizeof(seen) - n, " %s ", name);
}

/* --- CRLs alone --------------------------------------------------------------- */

#define CRL_CHANGE(name)	static void name(struct crl *c)
CRL_CHANGE(crl_no_number) { c->has_number = false; }
CRL_CHANGE(crl_no_aki) { c->aki = VIEW_NONE; }
CRL_CHANGE(crl_no_next) { c->has_next_update = false; }
CRL_CHANGE(crl_year) { c->next_update += 365 * MADE_DAY; }
CRL_CHANGE(crl_sha1) { c->sigalg.oid = OID_SHA1_RSA; }
CRL_CHANGE(crl_null) { c->sigalg.params = DER_NULL_TLV; }
CRL_CHANGE(crl_broken) { c->entries = VIEW_LIT("\x30\x01"); }
CRL_CHANGE(crl_delta) { c->is_delta = true; }

static void
crl_add(struct crl *c, struct view oid, struct view value, bool critical)
{
	c->extensions.list[c->extensions.n++] = (struct extension){ oid, value, critical };
	if (view_equal(oid, OID_ISSUING_DIST_POINT)) {
		c->has_issuing_dist_point = true;
		c->issuing_dist_point = value;
	}
}
#define TIME	"\x17\x0d" "260101000000Z"
CRL_CHANGE(crl_unknown) { crl_add(c, OID_SHA256, VIEW_LIT("\x30\x00"), true); }
CRL_CHANGE(crl_fresh) { crl_add(c, OID_FRESHEST_CRL, VIEW_LIT("\x30\x00"), false); }
CRL_CHANGE(crl_ian) { crl_add(c, OID_ISSUER_ALT_NAME, VIEW_LIT("\x30\x00"), false); }
CRL_CHANGE(crl_idp) { crl_add(c, OID_ISSUING_DIST_POINT, VIEW_LIT("\x30\x00"), false); }
CRL_CHANGE(crl_idp_empty) { crl_add(c, OID_ISSUING_DIST_POINT, VIEW_LIT("\x30\x00"), true); }
CRL_CHANGE(crl_idp_two) { crl_add(c, OID_ISSUING_DIST_POINT, VIEW_LIT("\x30\x06\x81\x01\xff\x82\x01\xff"), true); }
CRL_CHANGE(crl_users) { crl_add(c, OID_ISSUING_DIST_POINT, VIEW_LIT("\x30\x03\x81\x01\xff"), true); }
CRL_CHANGE(crl_big) { c->der.n = 70000; }
CRL_CHANGE(crl_twice) { c->entries = VIEW_LIT("\x30\x12\x02\x01\x05" TIME "\x30\x12\x02\x01\x05" TIME); }
CRL_CHANGE(crl_unspecified) { c->entries = VIEW_LIT("\x30\x20\x02\x01\x05" TIME "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x00"); }
CRL_CHANGE(crl_remove) { c->entries = VIEW_LIT("\x30\x20\x02\x01\x05" TIME "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x08"); }
CRL_CHANGE(crl_indirect_entry) { c->entries = VIEW_LIT("\x30\x22\x02\x01\x05" TIME "\x30\x0e\x30\x0c\x06\x03\x55\x1d\x1d\x01\x01\xff\x04\x02\x30\x00"); }
CRL_CHANGE(crl_utc_invalidity) { c->entries = VIEW_LIT("\x30\x2c\x02\x01\x05" TIME "\x30\x18\x30\x16\x06\x03\x55\x1d\x18\x04\x0f" TIME); }

static const struct {
	const char	*rule;
	void		(*change)(struct crl *);
} crl_cases[] = {
	{ "e_ike_crl_no_number", crl_no_number },		/* R4945-5.2.2.3-1 */
	{ "e_pkix_crl_no_aki", crl_no_aki },
	{ "e_pkix_crl_no_next_update", crl_no_next },
	{ "w_rec_crl_validity_long", crl_year },
	{ "e_pkix_crl_unknown_critical", crl_unknown },
	{ "e_ike_crl_sig_hash_weak", crl_sha1 },
	{ "e_pkix_crl_sigalg_params", crl_null },
	{ "e_pkix_crl_entry_ext", crl_broken },
	{ "e_pkix_crl_entry_ext", crl_unspecified },
	{ "e_pkix_crl_entry_ext", crl_remove },
	{ "e_pkix_crl_entry_ext", crl_indirect_entry },
	{ "e_pkix_crl_entry_ext", crl_utc_invalidity },
	{ "e_pkix_crl_unsorted_empty", crl_twice },
	{ "w_ike_crl_delta", crl_delta },			/* R4945-5.2.2.4.2-1 */
	{ "e_pkix_crl_delta_critical", crl_delta },
	{ "w_ike_crl_freshest", crl_fresh },			/* R4945-5.2.2.6-1 */
	{ "e_pkix_idp_form", crl_idp },
	{ "e_pkix_idp_form", crl_idp_empty },
	{ "e_pkix_idp_form", crl_idp_two },
	{ "w_interop_crl_partitioned", crl_users },
	{ "i_ike_crl_ian", crl_ian },				/* R4945-5.2.2.2-1 */
	{ "i_ike_crl_over_64k", crl_big },			/* R4945-3.2.3-1, R4945-4.2.1-1 */
};

/* A CRL by by, into out, decoded into c. */
static void
make_crl(struct made *by, uint64_t number, int64_t at, struct buf *out, struct crl *c)
{
	struct crl_plan		p = { .sigalg = key_sigalg(by->key),
				    .issuer = by->cert.subject, .this_update = at,
				    .next_update = at + 7 * MADE_DAY,
				    .aki = view_of(by->ski, sizeof(by->ski)),
				    .number = number };
	struct fault		f = { 0 };
	struct crl_writer	w;
	struct buf		body;
	struct view		tbs;

	buf_init(&body, 10000);
	buf_init(out, 10000);
	crl_begin(&w, &p, &body);
	crl_entry(&w, VIEW_LIT("\x09"), at - 10, CRL_KEY_COMPROMISE);
	must(crl_finish(&w, &tbs, &f) && crl_sign(tbs, by->key, out, &f) &&
	    crl_decode(buf_view(out), c, &f), &f);
	buf_clear(&body);
}

static void
crl_rules_fire(void **state)
{
	struct buf	der;
	struct crl	good;

	(void)state;
	make_crl(&ca, 12, MADE_NOW, &der, &good);
	for (size_t i = 0; i <= COUNT(crl_cases); i++) {
		struct fired		fd = { .names = "" };
		struct lint_report	report = { collect, &fd };
		struct crl		c = good;

		if (i > 0)
			crl_cases[i - 1].change(&c);
		lint_crl(&c, &report);
		if (i == 0 && fd.names[0] != '\0')
			fail_msg("a good CRL: %s", fd.names);
		if (i > 0)
			must_say(&fd, crl_cases[i - 1].rule);
	}
	buf_clear(&der);
}

/* A critical issuingDistributionPoint is known, and alone no fault. */
static void
crl_with_scope(void **state)
{
	struct fired		fd = { .names = "" };
	struct lint_report	report = { collect, &fd };
	struct buf		der;
	struct crl		c;

	(void)state;
	make_crl(&ca, 12, MADE_NOW, &der, &c);
	crl_add(&c, OID_ISSUING_DIST_POINT, IDP, true);
	lint_crl(&c, &report);
	assert_string_equal(fd.names, "");
	buf_clear(&der);
}

/* --- with the issuer ------------------------------------------------------------ */

/* Changes to a leaf and its CA. */
#define PAIR_CHANGE(name)	static void name(struct cert *c, struct cert *by)
PAIR_CHANGE(other_name) { (void)by; c->issuer = root.cert.subject; }
PAIR_CHANGE(other_aki) { (void)by; c->aki = c->ski; }
PAIR_CHANGE(other_key) { (void)c; by->spki = root.cert.spki; }
PAIR_CHANGE(outlives) { c->not_after = by->not_after + 1; }
PAIR_CHANGE(no_ca) { (void)c; by->is_ca = false; }
PAIR_CHANGE(narrow) { c->eku = EKU_IPSEC_IKE; by->has_eku = true; by->eku = EKU_SERVER_AUTH; }
PAIR_CHANGE(responder) { (void)by; c->eku = EKU_CMC_CA; }

static const struct {
	const char	*rule;
	void		(*change)(struct cert *, struct cert *);
} issuer_cases[] = {
	{ "e_pkix_issuer_subject_bytes", other_name },		/* R4945-3.2.7.1-2 */
	{ "e_pkix_aki_ski_mismatch", other_aki },
	{ "e_pkix_signature_invalid", other_key },
	{ "w_rec_validity_beyond_issuer", outlives },
	{ "e_pkix_issuer_no_ca", no_ca },
	{ "w_rec_ca_eku_narrow", narrow },
	{ "w_pkix_cmc_ca_name", responder },
};

static void
issuer_rules_fire(void **state)
{
	(void)state;
	for (size_t i = 0; i <= COUNT(issuer_cases); i++) {
		struct fired		fd = { .names = "" };
		struct lint_report	report = { collect, &fd };
		struct cert		c = leaf.cert, by = ca.cert;

		if (i > 0)
			issuer_cases[i - 1].change(&c, &by);
		lint_issuer(&c, &by, &report);
		if (i == 0 && fd.names[0] != '\0')
			fail_msg("a good pair: %s", fd.names);
		if (i > 0)
			must_say(&fd, issuer_cases[i - 1].rule);
	}
}

static void
add(struct cert *c, struct view oid, struct view value)
{
	c->extensions.list[c->extensions.n++] = (struct extension){ oid, value, true };
}

static void
chain_rules_fire(void **state)
{
	static const struct {
		const char	*label;
		struct view	 constraints;	/* of the root */
		bool		 limit;		/* pathLenConstraint 0 in the root */
		const char	*want;
	} cases[] = {
		{ "nothing above says anything", VIEW_NONE, false, "" },
		{ "a CA under pathlen 0", VIEW_NONE, true, "e_pkix_path_length_exceeded" },
		{ "permitted: example", VIEW_LIT("\x30\x0f\xa0\x0d\x30\x0b\x82\x09" "x.example"),
		    false, "" },
		{ "permitted: elsewhere", VIEW_LIT("\x30\x09\xa0\x07\x30\x05\x82\x03" "org"),
		    false, "e_pkix_nc_violation" },
		{ "excluded: example", VIEW_LIT("\x30\x0d\xa1\x0b\x30\x09\x82\x07" "example"),
		    false, "e_pkix_nc_violation" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fired		 fd = { .names = "" };
		struct lint_report	 report = { collect, &fd };
		struct cert		 c = leaf.cert, up = ca.cert, top = root.cert;
		const struct cert	*above[] = { &up, &top };

		c.san.n = 1;
		c.san.list[0] = (struct general_name){ GENERAL_NAME_DNS,
		    VIEW_LIT("gw.x.example") };
		if (cases[i].constraints.n > 0)
			add(&top, OID_NAME_CONSTRAINTS, cases[i].constraints);
		top.has_path_length = cases[i].limit;
		lint_chain(&c, above, 2, &report);
		if (cases[i].want[0] == '\0')
			assert_string_equal(fd.names, "");
		else
			must_say(&fd, cases[i].want);
	}
}

static void
crl_issuer_rules_fire(void **state)
{
	struct buf	der;
	struct crl	crl;

	(void)state;
	make_crl(&ca, 12, MADE_NOW, &der, &crl);
	for (size_t i = 0; i < 4; i++) {
		struct fired		fd = { .names = "" };
		struct lint_report	report = { collect, &fd };
		struct cert		by = ca.cert;

		if (i == 1)
			by.key_usage = KU_KEY_CERT_SIGN;
		if (i == 2)
			by.spki = root.cert.spki;
		if (i == 3)
			by.subject = root.cert.subject;
		lint_crl_issuer(&crl, &by, &report);
		if (i == 0)
			assert_string_equal(fd.names, "");
		else
			must_say(&fd, i == 2 ? "e_pkix_crl_signature_invalid" :
			    "e_pkix_crl_issuer_rights");
	}
	buf_clear(&der);
}

/* R4945-5.2.2.5-1: the same octets on both sides. */
static void
crl_scope_and_pointer(void **state)
{
	static const struct {
		struct view	idp, cdp;
		bool		fires;
	} cases[] = {
		{ VIEW_LIT("\x30\x17\xa0\x15\xa0\x13\x86\x11http://a.b/c.crl1"), CDP, false },
		{ VIEW_LIT("\x30\x17\xa0\x15\xa0\x13\x86\x11http://a.b/c.crl2"), CDP, true },
		{ VIEW_LIT("\x30\x17\xa0\x15\xa0\x13\x86\x11http://a.b/c.crl1"), VIEW_NONE, true },
		{ VIEW_LIT("\x30\x03\x82\x01\xff"), VIEW_NONE, false },	/* CAs only */
	};
	struct buf	der;
	struct crl	good;

	(void)state;
	make_crl(&ca, 12, MADE_NOW, &der, &good);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fired		fd = { .names = "" };
		struct lint_report	report = { collect, &fd };
		struct crl		crl = good;
		struct cert		c = leaf.cert;

		crl_add(&crl, OID_ISSUING_DIST_POINT, cases[i].idp, true);
		if (cases[i].cdp.n > 0)
			add(&c, OID_CRL_DIST_POINTS, cases[i].cdp);
		lint_crl_cover(&crl, &c, &report);
		if (cases[i].fires)
			must_say(&fd, "e_ike_crl_idp_cdp_mismatch");
		else
			assert_string_equal(fd.names, "");
	}
	buf_clear(&der);
}

/* --- octets that do not decode ---------------------------------------------------- */

/* One more extension of a certificate, by OID's last octet and value. */
static const struct {
	const char	*rule;
	struct view	 extension[2];
} broken[] = {
	{ "e_pkix_dup_extension", { VIEW_LIT("\x30\x09\x06\x03\x55\x1d\x12\x04\x02\x30\x00"),
	    VIEW_LIT("\x30\x09\x06\x03\x55\x1d\x12\x04\x02\x30\x00") } },
	{ "e_pkix_eku_empty", { VIEW_LIT("\x30\x09\x06\x03\x55\x1d\x25\x04\x02\x30\x00"), VIEW_NONE } },
	{ "e_pkix_ku_empty", { VIEW_LIT("\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x00"), VIEW_NONE } },
	{ "w_rec_ee_bc_form", { VIEW_LIT("\x30\x0c\x06\x03\x55\x1d\x13\x04\x05\x30\x03\x01\x01\x00"), VIEW_NONE } },
	{ "e_pkix_der_not_canonical", { VIEW_LIT("\x30\x0c\x06\x03\x55\x1d\x13\x04\x05\x30\x03\x01\x01\x00"), VIEW_NONE } },
	{ "e_pkix_der_not_canonical", { VIEW_LIT("\x30\x0c\x06\x03\x55\x1d\x12\x01\x01\x00\x04\x02\x30\x00"), VIEW_NONE } },
	{ "e_pkix_san_empty", { VIEW_LIT("\x30\x09\x06\x03\x55\x1d\x11\x04\x02\x30\x00"), VIEW_NONE } },
	{ "e_pkix_san_dns_syntax", { VIEW_LIT("\x30\x0d\x06\x03\x55\x1d\x11\x04\x06\x30\x04\x82\x02" "a\0"), VIEW_NONE } },
	{ "e_pkix_san_email_nonascii", { VIEW_LIT("\x30\x0d\x06\x03\x55\x1d\x11\x04\x06\x30\x04\x81\x02" "\xc3\xa4"), VIEW_NONE } },
};

static void
encode_broken(const struct view extension[2], struct buf *der)
{
	struct fault		f = { 0 };
	struct cert_plan	p = { .serial = VIEW_LIT("\x05"),
				    .sigalg = ALGORITHM_ECDSA_SHA256,
				    .issuer = ca.cert.subject, .subject = leaf.cert.subject,
				    .not_before = MADE_NOW, .not_after = MADE_NOW + MADE_DAY,
				    .spki = leaf.cert.spki, .omit_basic_constraints = true };
	struct buf		tbs, more;

	buf_init(&tbs, 10000);
	buf_init(&more, 10000);
	buf_add_view(&more, extension[0]);
	buf_add_view(&more, extension[1]);
	p.more = buf_view(&more);
	must(tbs_encode(&p, &tbs, &f), &f);
	cert_assemble(buf_view(&tbs), p.sigalg, VIEW_LIT("\0"), der);
	buf_clear(&tbs);
	buf_clear(&more);
}

static void
undecoded(struct view der, bool crl, const char *rule)
{
	struct fired		fd = { .names = "" };
	struct lint_report	report = { collect, &fd };
	struct fault		f = { 0 };
	struct cert		c;
	struct crl		l;

	assert_false(crl ? crl_decode(der, &l, &f) : cert_decode(der, &c, &f));
	assert_true(lint_undecoded(der, &f, &report) > 0);
	must_say(&fd, rule);
}

static void
undecoded_are_named(void **state)
{
	struct buf	der;
	uint8_t		copy[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		buf_init(&der, 10000);
		encode_broken(broken[i].extension, &der);
		undecoded(buf_view(&der), false, broken[i].rule);
		buf_clear(&der);
	}
	/* the algorithm outside is the last OID: ecdsa-with-SHA384 there */
	memcpy(copy, ca.der.p, ca.der.n);
	copy[ca.cert.sigalg.oid.p - ca.der.p + ca.cert.sigalg.oid.n - 1] = 3;
	undecoded(view_of(copy, ca.der.n), false, "e_pkix_sigalg_mismatch");
	undecoded(view_of(ca.der.p, ca.der.n - 1), false, "e_pkix_der_not_canonical");
	undecoded(VIEW_LIT("\x30\x14\x30\x0b\x30\x05\x06\x03\x2b\x65\x70\x30\x00\x17\x00"
	    "\x30\x02\x05\x00\x03\x01\x00"), true, "e_pkix_crl_not_v2");
}

/* --- requests ------------------------------------------------------------------------ */

static void
requests(void **state)
{
	struct general_name	names[] = { { GENERAL_NAME_DNS, VIEW_LIT("*.example") },
				    { GENERAL_NAME_DNS, VIEW_LIT("gw.example") } };
	struct pkcs10_plan	p = { .subject = leaf.cert.subject, .spki = leaf.cert.spki };
	struct lint_terms	terms = { .profile = LINT_STRICT };
	struct fault		f = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fired		fd = { .names = "" };
		struct lint_report	report = { collect, &fd };
		struct pkcs10		q;
		struct buf		info, der;

		buf_init(&info, 4096);
		buf_init(&der, 4096);
		p.san = i == 1 ? names : names + 1;
		p.san_count = i > 0;
		must(pkcs10_info_encode(&p, &info, &f), &f);
		pkcs10_assemble(buf_view(&info), ALGORITHM_ECDSA_SHA256, VIEW_LIT("\0"), &der);
		must(pkcs10_decode(buf_view(&der), &q, &f), &f);
		lint_request(q.subject, q.spki, q.has_extensions ? &q.extensions : NULL,
		    q.der, &terms, &report);
		if (i == 1) {
			assert_true(says(&fd, "e_ike_san_dns_wildcard"));
			assert_in_range(fd.offset, 1, q.der.n);
			assert_memory_equal(q.der.p + fd.offset, "*.example", 9);
		} else {
			/* what the CA adds is not missed */
			assert_string_equal(fd.names, "");
		}
		buf_clear(&info);
		buf_clear(&der);
	}
}

/* --- many at once ---------------------------------------------------------------------- */

static void
collect_set(void *ctx, size_t which, const struct lint_finding *x)
{
	collect(ctx, x);
	((struct fired *)ctx)->which = which;
}

static void
run_set(const struct lint_member *list, size_t n, struct fired *fd)
{
	struct lint_set_report	report = { collect_set, fd };
	struct fault		f = { 0 };

	memset(fd, 0, sizeof(*fd));
	assert_true(lint_set(list, n, &report, &f));
}

/* A second certificate with the key and names that are given. */
static void
again(const struct made *key, const char *name, const char *mail, struct buf *der)
{
	struct general_name	g = { GENERAL_NAME_EMAIL, view_str(mail) };
	struct fault		f = { 0 };
	struct buf		subject, tbs;
	struct cert_plan	p = { .serial = VIEW_LIT("\x0b"), .sigalg = key_sigalg(ca.key),
				    .issuer = ca.cert.subject, .not_before = MADE_NOW,
				    .not_after = MADE_NOW + MADE_DAY, .spki = key->cert.spki,
				    .aki = view_of(ca.ski, sizeof(ca.ski)), .san = &g,
				    .san_count = 1, .key_usage = KU_DIGITAL_SIGNATURE };

	buf_init(der, 4096);
	buf_init(&subject, 4096);
	buf_init(&tbs, 4096);
	must(name_parse(name, &subject, &f), &f);
	p.subject = buf_view(&subject);
	must(tbs_encode(&p, &tbs, &f) && certificate_sign(buf_view(&tbs), ca.key, der, &f), &f);
	buf_clear(&subject);
	buf_clear(&tbs);
}

/* R4945-5.1.3.1-2, R4945-3.1.3-5 */
static void
set_rules_fire(void **state)
{
	struct made	twin, other;
	struct buf	a, b, crl[3];
	struct crl	c;
	struct fired	fd;

	(void)state;
	run_set((struct lint_member[]){ { buf_view(&leaf.der), false },
	    { buf_view(&ca.der), false }, { buf_view(&root.der), false } }, 3, &fd);
	assert_string_equal(fd.names, "");

	make(&twin, KEY_EC_P256, "CN=ca", 8, &root, true);
	run_set((struct lint_member[]){ { buf_view(&ca.der), false },
	    { buf_view(&twin.der), false } }, 2, &fd);
	must_say(&fd, "w_ike_ca_name_reuse");	/* R4945-5.2.2.1-1 */

	make(&other, KEY_EC_P256, "CN=other", 9, &ca, false);
	again(&leaf, "CN=somebody", "Alice@x.example", &a);
	again(&other, "CN=another", "alice@x.example", &b);
	run_set((struct lint_member[]){ { buf_view(&leaf.der), false },
	    { buf_view(&a), false } }, 2, &fd);
	must_say(&fd, "w_rec_key_reuse");
	run_set((struct lint_member[]){ { buf_view(&b), false }, { buf_view(&a), false } }, 2, &fd);
	must_say(&fd, "w_ike_san_case_only_dup");
	/* the same holder again is a renewal */
	run_set((struct lint_member[]){ { buf_view(&a), false }, { buf_view(&a), false } }, 2, &fd);
	assert_string_equal(fd.names, "");

	make_crl(&ca, 11, MADE_NOW, &crl[0], &c);
	make_crl(&ca, 12, MADE_NOW + 60, &crl[1], &c);
	make_crl(&ca, 12, MADE_NOW + 90, &crl[2], &c);
	run_set((struct lint_member[]){ { buf_view(&crl[1]), true }, { buf_view(&crl[0]), true },
	    { buf_view(&ca.der), false } }, 3, &fd);
	assert_string_equal(fd.names, "");
	run_set((struct lint_member[]){ { buf_view(&crl[2]), true }, { buf_view(&crl[1]), true } },
	    2, &fd);
	must_say(&fd, "e_pkix_crl_number_order");
	assert_int_equal(fd.which, 0);

	for (size_t i = 0; i < 3; i++)
		buf_clear(&crl[i]);
	buf_clear(&a);
	buf_clear(&b);
	unmake(&twin);
	unmake(&other);
}

/* The rest: what a file is judged by, whose cases are in tests/known/lint.sh. */
static void
each_rule_has_a_case(void **state)
{
	static const char *const	files[] = { "e_ike_pem_label", "w_ike_pem_line_length",
		"w_interop_pem_chain_file" };
	size_t				i = 0, k;

	(void)state;
	while (strcmp(lint_rule(i)->name, "e_pkix_issuer_subject_bytes") != 0)
		i++;
	for (; lint_rule(i) != NULL; i++) {
		for (k = 0; k < COUNT(files) && strcmp(files[k], lint_rule(i)->name) != 0;)
			k++;
		if (k == COUNT(files) && strstr(seen, lint_rule(i)->name) == NULL)
			fail_msg("%s has no case", lint_rule(i)->name);
	}
}

static int
make_all(void **state)
{
	(void)state;
	make(&root, KEY_EC_P256, "CN=root", 1, NULL, true);
	make(&ca, KEY_EC_P256, "CN=ca", 2, &root, true);
	make(&leaf, KEY_EC_P256, "CN=leaf", 3, &ca, false);
	return 0;
}

static int
unmake_all(void **state)
{
	(void)state;
	unmake(&root);
	unmake(&ca);
	unmake(&leaf);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(crl_rules_fire),
		cmocka_unit_test(crl_with_scope),
		cmocka_unit_test(issuer_rules_fire),
		cmocka_unit_test(chain_rules_fire),
		cmocka_unit_test(crl_issuer_rules_fire),
		cmocka_unit_test(crl_scope_and_pointer),
		cmocka_unit_test(undecoded_are_named),
		cmocka_unit_test(requests),
		cmocka_unit_test(set_rules_fire),
		cmocka_unit_test(each_rule_has_a_case),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
