/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would one peer let the other in: each direction, and whole plans.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admin/check.h"
#include "codec/crl.h"
#include "made.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* nameConstraints, critical: permitted dNSName example.net */
#define WITHIN	"\x30\x1d\x06\x03\x55\x1d\x1e\x01\x01\xff\x04\x13\x30\x11\xa0\x0f\x30\x0d\x82\x0b" \
		"example.net"

static struct made	ca, narrow, stranger;

/* --- certificates there are ------------------------------------------------------------- */

struct wanted {
	enum key_kind	kind;
	const char	*dns;
	unsigned	 eku;		/* 0: none */
	unsigned	 key_usage;	/* 0: digitalSignature */
	int		 days;		/* 0: 90 */
};

/* By issuer, from yesterday on. */
static void
issue(struct made *m, const struct wanted *want, struct made *issuer, struct view more)
{
	struct general_name	san = { GENERAL_NAME_DNS, view_str(want->dns) };
	const uint8_t		serial[] = "\x41random12";
	struct fault		f = { 0 };
	struct buf		subject, tbs;
	struct cert_plan	p = { 0 };

	buf_init(&m->der, CERT_OCTETS_MAX);
	buf_init(&subject, NAME_OCTETS_MAX);
	buf_init(&tbs, CERT_OCTETS_MAX);
	must((m->key = key_generate(want->kind, &f)) != NULL, &f);
	must(name_parse(issuer == NULL ? "CN=narrow" : "CN=peer", &subject, &f) &&
	    request_ski(key_spki(m->key), m->ski, &f), &f);
	p.serial = view_of(serial, 9);
	p.sigalg = key_sigalg(issuer != NULL ? issuer->key : m->key);
	p.subject = buf_view(&subject);
	p.issuer = issuer != NULL ? issuer->cert.subject : p.subject;
	p.not_before = MADE_NOW - MADE_DAY;
	p.not_after = MADE_NOW + (want->days != 0 ? want->days : 90) * MADE_DAY;
	p.spki = key_spki(m->key);
	p.ski = view_of(m->ski, sizeof(m->ski));
	p.aki = issuer != NULL ? view_of(issuer->ski, sizeof(issuer->ski)) : p.ski;
	p.key_usage = want->key_usage != 0 ? want->key_usage : KU_DIGITAL_SIGNATURE;
	p.is_ca = issuer == NULL;
	p.eku = want->eku;
	p.san = &san;
	p.san_count = issuer != NULL;
	p.cdp_uri = view_str("http://pki.example.net/ca.crl");
	p.more = more;
	must(tbs_encode(&p, &tbs, &f) &&
	    certificate_sign(buf_view(&tbs), issuer != NULL ? issuer->key : m->key, &m->der, &f) &&
	    cert_decode(buf_view(&m->der), &m->cert, &f), &f);
	buf_clear(&tbs);
	buf_clear(&subject);
}

static void
revoke(const struct cert *c, bool listed, struct buf *out)
{
	const struct crl_plan	p = { .sigalg = key_sigalg(ca.key), .issuer = ca.cert.subject,
		.this_update = MADE_NOW - 60, .next_update = MADE_NOW + MADE_DAY,
		.aki = view_of(ca.ski, sizeof(ca.ski)), .number = 3 };
	struct fault		f = { 0 };
	struct crl_writer	w;
	struct buf		body;
	struct view		tbs;

	buf_init(&body, 10000);
	buf_init(out, 10000);
	crl_begin(&w, &p, &body);
	if (listed)
		crl_entry(&w, c->serial, MADE_NOW - 100, CRL_KEY_COMPROMISE);
	must(crl_finish(&w, &tbs, &f), &f);
	must(crl_sign(tbs, ca.key, out, &f), &f);
	buf_clear(&body);
}

/* The gravest problem, and whether the one that is looked for is there. */
struct seen {
	const char		*name;
	bool			 there, own;
	enum lint_severity	 severity, worst;
	char			 first[64], repair[256];
};

static void
note(void *ctx, const struct pair_problem *p)
{
	struct seen	*s = ctx;

	assert_true(p->repair[0] != '\0' && p->consequence[0] != '\0');
	if (p->severity > s->worst) {
		s->worst = p->severity;
		snprintf(s->first, sizeof(s->first), "%s", p->name);
	}
	/* What verify has said, lint need not say again. */
	assert_string_not_equal(p->name, "e_ike_ku_no_sig");
	if (s->name != NULL && strcmp(s->name, p->name) == 0) {
		s->there = true;
		s->own = p->own;
		s->severity = p->severity;
		snprintf(s->repair, sizeof(s->repair), "%s", p->repair);
	}
}

#define GW	"gw.example.net"
#define BOTH	(EKU_SERVER_AUTH | EKU_IPSEC_IKE)

static const struct {
	const char	*label;
	struct wanted	 want;
	unsigned	 on, seen_by;
	const char	*id;		/* NULL: fqdn:gw.example.net */
	enum lint_profile kind;		/* 0: s2s-gateway */
	bool		 narrow, revoked, strange, no_crl;
	int		 later;		/* days */
	size_t		 sent;
	const char	*name;		/* NULL: nothing but notices */
	enum lint_severity severity;
	bool		 own;
	const char	*repair;	/* begins or contains; NULL: any */
} cases[] = {
#define SS	LINT_STRONGSWAN
	{ .label = "both strongSwan", .want = { .dns = GW }, .on = SS, .seen_by = SS },
	{ .label = "seen by Libreswan", .want = { .dns = GW }, .on = SS, .seen_by = LINT_LIBRESWAN },
	{ .label = "serverAuth for Windows", .want = { .dns = GW, .eku = BOTH }, .on = SS,
	    .seen_by = LINT_WINDOWS, .kind = LINT_RA_GATEWAY },
	{ .label = "another identity", .want = { .dns = "other.example.net" }, .on = SS,
	    .seen_by = SS, .name = "v_id_field_match", .severity = LINT_ERROR, .repair = "identity" },
	{ .label = "an identity of another kind", .want = { .dns = GW }, .on = SS, .seen_by = SS,
	    .id = "192.0.2.1", .name = "v_id_field_match", .severity = LINT_ERROR,
	    .repair = "identity" },
	{ .label = "no serverAuth for Windows", .want = { .dns = GW }, .on = SS,
	    .seen_by = LINT_WINDOWS, .name = "e_interop_gw_no_serverauth",
	    .severity = LINT_ERROR, .repair = "serverAuth" },
	{ .label = "no serverAuth for Apple", .want = { .dns = GW }, .on = SS,
	    .seen_by = LINT_APPLE, .name = "e_interop_gw_no_serverauth", .severity = LINT_ERROR },
	{ .label = "a Windows machine without clientAuth",
	    .want = { .dns = GW, .eku = EKU_IPSEC_IKE }, .on = LINT_WINDOWS, .seen_by = SS,
	    .kind = LINT_RA_MACHINE, .name = "e_interop_client_no_clientauth",
	    .severity = LINT_ERROR, .own = true },
	{ .label = "the same on strongSwan", .want = { .dns = GW, .eku = EKU_IPSEC_IKE }, .on = SS,
	    .seen_by = LINT_LIBRESWAN, .name = "w_ike_eku_present", .severity = LINT_WARN },
	{ .label = "serverAuth alone, strongSwan", .want = { .dns = GW, .eku = EKU_SERVER_AUTH },
	    .on = SS, .seen_by = SS, .name = "v_eku", .severity = LINT_WARN },
	{ .label = "serverAuth alone, who conforms", .want = { .dns = GW, .eku = EKU_SERVER_AUTH },
	    .on = SS, .seen_by = LINT_CISCO, .name = "v_eku", .severity = LINT_ERROR,
	    .repair = "ipsecIKE" },
	{ .label = "codeSigning, Libreswan", .want = { .dns = GW, .eku = EKU_CODE_SIGNING },
	    .on = SS, .seen_by = LINT_LIBRESWAN, .name = "e_interop_libreswan_eku",
	    .severity = LINT_ERROR },
	{ .label = "Ed25519 before Windows", .want = { .kind = KEY_ED25519, .dns = GW, .eku = BOTH },
	    .on = SS, .seen_by = LINT_WINDOWS, .kind = LINT_RA_GATEWAY,
	    .name = "e_interop_windows_key", .severity = LINT_ERROR, .repair = "P-256" },
	{ .label = "Ed25519 on Windows", .want = { .kind = KEY_ED25519, .dns = GW },
	    .on = LINT_WINDOWS, .seen_by = SS, .name = "e_interop_windows_key",
	    .severity = LINT_ERROR, .own = true, .repair = "P-256" },
	{ .label = "Ed25519 between daemons", .want = { .kind = KEY_ED25519, .dns = GW }, .on = SS,
	    .seen_by = SS },
	{ .label = "keyEncipherment", .want = { .dns = GW, .key_usage = KU_KEY_ENCIPHERMENT },
	    .on = SS, .seen_by = SS, .name = "v_ku", .severity = LINT_ERROR },
	{ .label = "expired", .want = { .dns = GW, .days = 2 }, .later = 3, .on = SS, .seen_by = SS,
	    .no_crl = true, .name = "v_path", .severity = LINT_ERROR, .repair = "renew" },
	{ .label = "revoked", .want = { .dns = GW }, .revoked = true, .on = SS, .seen_by = SS,
	    .name = "v_revocation_conservative", .severity = LINT_ERROR, .repair = "new key" },
	{ .label = "no CRL", .want = { .dns = GW }, .no_crl = true, .on = SS, .seen_by = SS,
	    .name = "v_revocation_required", .severity = LINT_WARN },
	{ .label = "of a stranger", .want = { .dns = GW }, .strange = true, .on = SS, .seen_by = SS,
	    .no_crl = true, .name = "v_path", .severity = LINT_ERROR, .repair = "install the CA" },
	{ .label = "inside the constraints", .want = { .dns = GW }, .narrow = true, .no_crl = true,
	    .on = SS, .seen_by = SS, .name = "v_revocation_required", .severity = LINT_WARN },
	{ .label = "outside the constraints", .want = { .dns = "gw.example.org" },
	    .id = "gw.example.org", .narrow = true, .no_crl = true, .on = SS, .seen_by = SS,
	    .name = "v_path", .severity = LINT_ERROR, .repair = "constraints" },
	{ .label = "a chain of some size", .want = { .dns = GW }, .sent = 1200, .on = SS,
	    .seen_by = SS, .name = "message-size", .severity = LINT_INFO, .repair = "fragmentation" },
	{ .label = "a large chain", .want = { .dns = GW }, .sent = 5000, .on = SS, .seen_by = SS,
	    .name = "message-size", .severity = LINT_WARN, .repair = "hash-and-URL" },
	{ .label = "a large chain elsewhere", .want = { .dns = GW }, .sent = 5000, .on = SS,
	    .seen_by = LINT_LIBRESWAN, .name = "message-size", .severity = LINT_WARN,
	    .repair = "install the intermediates" },
	{ .label = "a chain that is dropped", .want = { .dns = GW }, .sent = 9500, .on = SS,
	    .seen_by = SS, .name = "message-size", .severity = LINT_ERROR,
	    .repair = "charon.max_packet" },
};

static void
check_case(size_t i)
{
	struct made		m;
	struct buf		crl;
	struct wanted		want = cases[i].want;
	struct ike_id		id;
	struct fault		f = { 0 };
	struct seen		s = { .name = cases[i].name };
	struct made		*by = cases[i].narrow ? &narrow : cases[i].strange ? &stranger : &ca;
	const struct view	anchor = buf_view(cases[i].narrow ? &narrow.der : &ca.der);
	struct view		crls[1];
	struct verify_terms	t = { .anchors = &anchor, .nanchors = 1, .id = &id, .crls = crls,
		.ncrls = !cases[i].no_crl, .revocation = VERIFY_SOFT,
		.at = MADE_NOW + cases[i].later * MADE_DAY };
	struct pair_view	v = { .cert = &m.cert, .terms = &t, .sent = cases[i].sent,
		.on = cases[i].on, .seen_by = cases[i].seen_by,
		.kind = cases[i].kind != 0 ? cases[i].kind : LINT_S2S_GATEWAY };

	want.kind = want.kind != 0 ? want.kind : KEY_EC_P256;
	issue(&m, &want, by, VIEW_NONE);
	revoke(&m.cert, cases[i].revoked, &crl);
	crls[0] = buf_view(&crl);
	t.leaf = buf_view(&m.der);
	must(ike_id_parse(cases[i].id != NULL ? cases[i].id : "fqdn:" GW, &id, &f), &f);
	must(pair_judge(&v, &(struct pair_report){ note, &s }, &f), &f);
	if (s.worst != cases[i].severity)
		fail_msg("%s: %s: %s", cases[i].label, lint_severity_name(s.worst), s.first);
	if (cases[i].name != NULL && (!s.there || s.severity != cases[i].severity ||
	    s.own != cases[i].own))
		fail_msg("%s: no %s, or another one: %s", cases[i].label, cases[i].name, s.first);
	if (cases[i].repair != NULL && strstr(s.repair, cases[i].repair) == NULL)
		fail_msg("%s: repair: %s", cases[i].label, s.repair);
	buf_clear(&crl);
	unmake(&m);
}

static void
directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_case(i);
}

/* --- plans -------------------------------------------------------------------------------- */

static const struct {
	const char	*label, *list;
	enum key_kind	 key;
	const char	*setting;
	bool		 narrow;
	size_t		 pairs, refused, warned;
	const char	*name;		/* of one class; NULL: there is none but notices */
	size_t		 counted;	/* pairs in it */
} plans[] = {
	{ .label = "a mesh", .list = "fqdn,group\na.example.net,g\nb.example.net,g\nc.example.net,g\n",
	    .pairs = 3 },
	{ .label = "named by both ends", .list = "fqdn,label,peer\na.example.net,a,b\n"
	    "b.example.net,b,a\n", .pairs = 1 },
	{ .label = "nobody meets", .list = "fqdn\na.example.net\nb.example.net\n" },
	{ .label = "Windows in a mesh", .list = "fqdn,group,platform\na.example.net,g,\n"
	    "b.example.net,g,libreswan\nc.example.net,g,windows\n", .pairs = 3, .refused = 2,
	    .name = "e_interop_gw_no_serverauth", .counted = 1 },
	{ .label = "one class for many", .list = "fqdn,group,platform\na.example.net,g,\n"
	    "b.example.net,g,\nc.example.net,g,\nd.example.net,g,windows\n", .pairs = 6, .refused = 3,
	    .name = "e_interop_gw_no_serverauth", .counted = 3 },
	{ .label = "remote access", .list = "fqdn,template,group,platform\n"
	    "gw.example.net,ra-gateway,g,\npc.example.net,ra-machine,g,windows\n", .pairs = 1 },
	{ .label = "Ed25519 on Windows", .list = "fqdn,group,platform\na.example.net,g,\n"
	    "b.example.net,g,windows\n", .key = KEY_ED25519, .pairs = 1, .refused = 1,
	    .name = "e_interop_windows_key", .counted = 1 },
	{ .label = "a key the template does not take", .list = "fqdn,group\na.example.net,g\n"
	    "b.example.net,g\n", .key = KEY_ED25519, .setting = "keys=ec-p256", .pairs = 1, .refused = 1,
	    .name = "template", .counted = 2 },
	{ .label = "outside the name space", .list = "fqdn,group\na.example.net,g\n"
	    "b.example.org,g\n", .setting = "name-space=example.net", .pairs = 1, .refused = 1,
	    .name = "template", .counted = 1 },
	{ .label = "inside the constraints", .list = "fqdn,group\na.example.net,g\n"
	    "b.example.net,g\n", .narrow = true, .pairs = 1 },
	{ .label = "outside the constraints", .list = "fqdn,group\na.example.net,g\n"
	    "b.example.org,g\n", .narrow = true, .pairs = 1, .refused = 1,
	    .name = "e_pkix_nc_violation", .counted = 1 },
	{ .label = "everybody minds, told once", .list = "fqdn,group,platform\na.example.net,g,\n"
	    "b.example.net,g,libreswan\nc.example.net,g,\n", .setting = "crl-pointer=no", .pairs = 3,
	    .warned = 3, .name = "w_ike_cdp_missing", .counted = 4 },
	{ .label = "no CRL pointer", .list = "fqdn,group\na.example.net,g\nb.example.net,g\n",
	    .setting = "crl-pointer=no", .pairs = 1, .warned = 1,
	    .name = "w_ike_cdp_missing", .counted = 2 },
};

static const struct check_class *
class_of(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (name == NULL ? c->v[i].severity > LINT_INFO : strcmp(c->v[i].name, name) == 0)
			return &c->v[i];
	return NULL;
}

static void
run_plan(const char *list, size_t i, struct check *c, struct arena *a)
{
	const struct fleet	none = { 0 };
	struct fleet		fl;
	struct problems		p = { .a = a };
	struct fault		f = { 0 };
	struct check_plan	plan = { .fleet = &fl, .known = &none, .platform = LINT_STRONGSWAN,
		.now = MADE_NOW };

	if (i < COUNT(plans)) {
		plan.key = plans[i].key;
		plan.settings[0] = plans[i].setting;
		plan.nsettings = plans[i].setting != NULL;
		plan.above[0] = &narrow.cert;
		plan.nabove = plans[i].narrow;
		must(plans[i].setting == NULL || check_setting(plans[i].setting, &f), &f);
	}
	must(check_init(c, a, &f) && fleet_read(view_str(list), "s2s-gateway", &p, &fl, &f), &f);
	must((plan.topology = topology_new(&fl, &none, &p, &f)) != NULL, &f);
	assert_int_equal(p.total, 0);
	must(check_plan(&plan, c, &f), &f);
}

static void
fleets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plans); i++) {
		struct arena			*a = arena_new(1u << 26);
		const struct check_class	*k;
		struct check			 c;

		run_plan(plans[i].list, i, &c, a);
		k = class_of(&c, plans[i].name);
		if (c.pairs != plans[i].pairs || c.refused != plans[i].refused ||
		    c.warned != plans[i].warned || (k == NULL) != (plans[i].name == NULL))
			fail_msg("%s: %zu pairs, %zu refused, %zu warned: %s", plans[i].label, c.pairs,
			    c.refused, c.warned, c.n > 0 ? c.v[0].name : "no class");
		if (k != NULL && k->pairs != plans[i].counted)
			fail_msg("%s: %s counted %zu", plans[i].label, k->name, k->pairs);
		arena_free(a);
	}
}

/* As many pairs as there may be: few classes, each with its number. */
static void
many(void **state)
{
	struct arena			*a = arena_new(1u << 28);
	const struct check_class	*k;
	struct check			 c;
	struct buf			 list;

	(void)state;
	buf_init(&list, 1u << 20);
	buf_add_str(&list, "fqdn,group,platform\n");
	for (int i = 0; i < TICKET_PEERS_MAX + 1; i++)
		buf_addf(&list, "gw%d.example.net,g,%s\n", i, i == 7 ? "windows" : "");
	buf_add_u8(&list, 0);
	run_plan((const char *)list.p, COUNT(plans), &c, a);
	assert_int_equal(c.pairs, (TICKET_PEERS_MAX + 1) * TICKET_PEERS_MAX / 2);
	assert_int_equal(c.refused, TICKET_PEERS_MAX);
	k = class_of(&c, "e_interop_gw_no_serverauth");
	assert_non_null(k);
	assert_int_equal(k->pairs, TICKET_PEERS_MAX);
	assert_true(c.n < 10);
	buf_clear(&list);
	arena_free(a);
}

static void
settings(void **state)
{
	static const struct {
		const char	*text;
		bool		 good;
	} texts[] = {
		{ "keys=ec-p256", true }, { "validity = 30d", true },
		{ "keys", false }, { "key=ec-p256", false }, { "validity=9O", false }, { "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct fault	f = { 0 };

		if (check_setting(texts[i].text, &f) != texts[i].good)
			fail_msg("\"%s\": %s", texts[i].text, f.text);
	}
}

static int
make_all(void **state)
{
	(void)state;
	make(&ca, KEY_EC_P256, "CN=ca", 2, NULL, true);
	make(&stranger, KEY_EC_P256, "CN=stranger", 4, NULL, true);
	issue(&narrow, &(struct wanted){ .kind = KEY_EC_P256, .dns = "",
	    .key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN, .days = 3650 }, NULL, VIEW_LIT(WITHIN));
	return 0;
}

static int
unmake_all(void **state)
{
	(void)state;
	unmake(&ca);
	unmake(&narrow);
	unmake(&stranger);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(directions),
		cmocka_unit_test(fleets),
		cmocka_unit_test(many),
		cmocka_unit_test(settings),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
