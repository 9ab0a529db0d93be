/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "peer/install_plan.h"

/*
 * Three CA certificates, made with the openssl command: a root without
 * policies; an issuing CA with anyPolicy that says where the root's CRL is;
 * the same with the policy 1.3.6.1.4.1.99999.1 and without a CRL address.
 */
static const char	root_hex[] =
    "3082014b3081f1a003020102020101300a06082a8648ce3d040302300c310a3008060355"
    "04030c01523020170d3236313132343034343231335a180f323132363130333130343432"
    "31335a300c310a300806035504030c01523059301306072a8648ce3d020106082a8648ce"
    "3d030107034200043b353f26d12fdf089d0bf56be33444ff80499db5d0e964411e57f4c4"
    "6d4c6c73a94a9cb3c7a0fe6db8d5e0142ac57a76a710b8dc030602cba7f6d22e6e4479b9"
    "a3423040300f0603551d130101ff040530030101ff300e0603551d0f0101ff0404030201"
    "06301d0603551d0e041604145e4b1d5e306c3d04ef32b78ddfb6479f6da6a365300a0608"
    "2a8648ce3d0403020349003046022100bedd8b0b9caec3c4af0877fb66f698d0b6dffc99"
    "07e5ba63b7feabc2b4d80b5d022100ce24f24bf2dcd7ac78d435d2d2d67c0116e1b6579d"
    "fae8763b18b060a004386c";
static const char	issuing_hex[] =
    "308201ae30820153a003020102020102300a06082a8648ce3d040302300c310a30080603"
    "5504030c01523020170d3236313132343034343231335a180f3231323631303331303434"
    "3231335a300c310a300806035504030c01493059301306072a8648ce3d020106082a8648"
    "ce3d030107034200047043d46d0197e85aec653df42c8322244554bfda04ce27ed074f79"
    "e05846dc67e2843b49d1647ceb96df11a2a2bc381571976f641ca4de104fcecd8d248e35"
    "46a381a33081a030120603551d130101ff040830060101ff020100300e0603551d0f0101"
    "ff04040302010630110603551d20040a300830060604551d200030270603551d1f042030"
    "1e301ca01aa0188616687474703a2f2f702e6578616d706c652f722e63726c301d060355"
    "1d0e04160414e620ebfa8797f245ef3f4f3a92eba1a47b5748d3301f0603551d23041830"
    "1680145e4b1d5e306c3d04ef32b78ddfb6479f6da6a365300a06082a8648ce3d04030203"
    "49003046022100840d4ca62156aa9381ef990eb2ec45fe1a9196703b5d879f7722d693d6"
    "a89a8a022100897ffa11f9022ebb5afc4f833f5046aa8120b243a96c559382ad54bb0baa"
    "4281";
static const char	policy_hex[] =
    "308201873082012da003020102020102300a06082a8648ce3d040302300c310a30080603"
    "5504030c01523020170d3236313132343034343231335a180f3231323631303331303434"
    "3231335a300c310a300806035504030c01493059301306072a8648ce3d020106082a8648"
    "ce3d030107034200047043d46d0197e85aec653df42c8322244554bfda04ce27ed074f79"
    "e05846dc67e2843b49d1647ceb96df11a2a2bc381571976f641ca4de104fcecd8d248e35"
    "46a37e307c30120603551d130101ff040830060101ff020100300e0603551d0f0101ff04"
    "040302010630160603551d20040f300d300b06092b06010401868d1f01301d0603551d0e"
    "04160414e620ebfa8797f245ef3f4f3a92eba1a47b5748d3301f0603551d230418301680"
    "145e4b1d5e306c3d04ef32b78ddfb6479f6da6a365300a06082a8648ce3d040302034800"
    "3045022016f4f554d431a9548e6609faa11139689d8a6fca9d033744319da98801730303"
    "022100c8c292592d10e518ce3f5ab9a1128c35fcab17341b53fbe54d3ab16713069f3a";

#define KEY	"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"

static uint8_t		root_der[512], issuing_der[512], policy_der[512];
static struct view	root, issuing, with_policy;
static const uint8_t	leaf_der[] = { 0x30, 0x03, 0x02, 0x01, 0x07 };

static struct view
unhex(const char *hex, uint8_t *out, size_t max)
{
	size_t	n = 0;

	assert_true(hex_decode(hex, out, max, &n));
	return view_of(out, n);
}

static int
make_fixtures(void **state)
{
	(void)state;
	root = unhex(root_hex, root_der, sizeof(root_der));
	issuing = unhex(issuing_hex, issuing_der, sizeof(issuing_der));
	with_policy = unhex(policy_hex, policy_der, sizeof(policy_der));
	return 0;
}

/* ---- a gateway with one peer, which the cases then change ---- */

static const char *const	own_net[] = { "198.51.100.1/32" };
static const char *const	peer_net[] = { "198.51.100.2/32",
	"2001:db8::/64" };
static const char *const	crls[] = { "http://p.example/i.crl" };

struct setting {
	struct install_request	req;
	struct install_peer	peers[3];
};

static void
setting_init(struct setting *s)
{
	*s = (struct setting){ 0 };
	s->peers[0] = (struct install_peer){ "gw2", "fqdn:gw2.example",
	    "192.0.2.2", peer_net, 2 };
	s->peers[1] = (struct install_peer){ "gw 3", "ipv4:192.0.2.3", NULL,
	    NULL, 0 };
	s->peers[2] = (struct install_peer){ "gw.3", "email:a@gw3.example",
	    "", NULL, 0 };
	s->req = (struct install_request){
		.name = "gw1",
		.identity = "fqdn:gw1.example",
		.role = INSTALL_SITE_TO_SITE,
		.key_pem = VIEW_LIT(KEY),
		.cert = view_of(leaf_der, sizeof(leaf_der)),
		.ca = { issuing, root },
		.nca = 2,
		.crl_uris = crls,
		.ncrl_uris = 1,
		.address = "192.0.2.1",
		.subnets = own_net,
		.nsubnets = 1,
		.peers = s->peers,
		.npeers = 1,
	};
}

/* The text of the plan into out; or the fault. */
static bool
plan_text(const struct install_request *req, struct buf *out, struct fault *f)
{
	struct install_plan	 plan;
	struct arena		*a = arena_new(INSTALL_ARENA_MAX);
	bool			 ok;

	assert_non_null(a);
	ok = install_plan(req, a, &plan, f) &&
	    install_plan_text(&plan, VIEW_NONE, out, f);
	arena_free(a);
	return ok;
}

/* ---- whole files ---- */

#define HEAD \
	"# Written by pki4ipsec at enrolment and renewal; changes are lost " \
	"then.\n"
#define AUTHORITY \
	"authorities {\n" \
	"    gw1-ca {\n" \
	"        cacert = \"gw1-ca.pem\"\n" \
	"        crl_uris = \"http://p.example/i.crl\"\n" \
	"    }\n" \
	"}\n"
#define LOCAL \
	"        local {\n" \
	"            auth = \"pubkey\"\n" \
	"            certs = \"gw1.pem\"\n" \
	"            id = \"fqdn:gw1.example\"\n" \
	"        }\n"
#define REMOTE(id, revocation) \
	"        remote {\n" \
	"            auth = \"pubkey-identity-sha256-sha384-sha512\"\n" \
	"            id = \"" id "\"\n" \
	"            cacerts = \"gw1-ca.pem\"\n" \
	"            revocation = \"" revocation "\"\n"
#define CONNECTION(name, addresses) \
	"    " name " {\n" \
	"        version = \"2\"\n" \
	addresses \
	"        send_cert = \"always\"\n" \
	"        fragmentation = \"yes\"\n" \
	"        dpd_delay = \"30s\"\n" \
	LOCAL
#define CHILD(name, rest) \
	"        children {\n" \
	"            " name " {\n" \
	rest \
	"            }\n" \
	"        }\n" \
	"    }\n"
#define OWN_ADDRESS	"        local_addrs = \"192.0.2.1\"\n"
#define OWN_NET		"                local_ts = \"198.51.100.1/32\"\n"

/*
 * R4945-3.1: FQDN, address and mailbox each by its type, never guessed.
 * R4945-3.1-13, R4945-3.1-18, R4945-3.1.8-2: ours is the certificate's FQDN, the
 * other's a whole name.  R4945-B-2, R4945-3.2.3-8: which certificate, which CA and
 * where its CRL is stand there for each.  R4945-3.2.3-10, R4945-5.2-6: strict, unless nothing is there.
 */
static const char	want_site[] =
    HEAD "# connections: gw1-gw2 gw1-gw-3 gw1-gw-3-3\n\n"
    "connections {\n"
    CONNECTION("gw1-gw2", OWN_ADDRESS
    "        remote_addrs = \"192.0.2.2\"\n")
    REMOTE("fqdn:gw2.example", "strict") "        }\n"
    CHILD("gw1-gw2", OWN_NET
    "                remote_ts = \"198.51.100.2/32,2001:db8::/64\"\n"
    "                start_action = \"trap\"\n")
    CONNECTION("gw1-gw-3", OWN_ADDRESS)
    REMOTE("192.0.2.3", "strict") "        }\n"
    CHILD("gw1-gw-3", OWN_NET)
    CONNECTION("gw1-gw-3-3", OWN_ADDRESS)
    REMOTE("rfc822:a@gw3.example", "strict") "        }\n"
    CHILD("gw1-gw-3-3", OWN_NET)
    "}\n" AUTHORITY;

/* R4945-5.2: revocation is checked even where the root offers no CRL. */
static const char	want_gateway[] =
    HEAD "# connections: gw1-clients\n\n"
    "connections {\n"
    CONNECTION("gw1-clients", "")
    REMOTE("%any", "ifuri")
    "            cert_policy = \"1.3.6.1.4.1.99999.1\"\n"
    "        }\n"
    CHILD("gw1-clients", OWN_NET)
    "}\n" AUTHORITY;

static const char	want_alone[] = HEAD "# connections:\n\n" AUTHORITY;

static void
check_text(const char *label, const struct install_request *req,
    const char *want)
{
	struct fault	f = { 0 };
	struct buf	b;

	buf_init(&b, INSTALL_CONF_MAX);
	if (!plan_text(req, &b, &f))
		fail_msg("%s: %s", label, f.text);
	if (!view_equal(buf_view(&b), view_str(want)))
		fail_msg("%s: got\n%.*s\nwant\n%s", label, (int)b.n,
		    (const char *)b.p, want);
	buf_clear(&b);
}

static void
test_text(void **state)
{
	struct setting	s;

	(void)state;
	setting_init(&s);
	s.req.npeers = 3;
	check_text("three peers", &s.req, want_site);
	setting_init(&s);
	s.req.role = INSTALL_RA_GATEWAY;
	s.req.npeers = 0;
	s.req.address = "";
	s.req.ca[0] = with_policy;
	s.req.policy = "1.3.6.1.4.1.99999.1";
	check_text("gateway for clients", &s.req, want_gateway);
	setting_init(&s);
	s.req.npeers = 0;
	check_text("no peer", &s.req, want_alone);
}

/* ---- what is refused ---- */

#define N40	"0123456789012345678901234567890123456789"
#define N120	N40 N40 N40

enum field {
	F_NAME, F_ID, F_ADDRESS, F_SUBNET, F_CRL, F_POLICY,
	F_PEER_NAME, F_PEER_ID, F_PEER_ADDRESS, F_PEER_SUBNET, F_KEY,
};

static const struct {
	const char	*label;
	enum field	 field;
	const char	*value;
	enum fault_kind	 want;
} strings[] = {
	{ "name",		F_NAME, "gw1",			FAULT_NONE },
	{ "name of words",	F_NAME, "Zürich, gate 1",	FAULT_NONE },
	{ "name like a path",	F_NAME, "../../etc/passwd",	FAULT_NONE },
	{ "no name",		F_NAME, "",			FAULT_REFUSED },
	{ "name of 131",	F_NAME, N120 "01234567890",	FAULT_NONE },
	{ "name of 132",	F_NAME, N120 "012345678901",	FAULT_REFUSED },
	{ "no identity",	F_ID, NULL,			FAULT_REFUSED },
	{ "pattern",		F_PEER_ID, "fqdn:*.example",	FAULT_REFUSED },
	{ "quote in identity",	F_PEER_ID, "fqdn:a\"b",		FAULT_REFUSED },
	/* R4945-3.1-11: what RFC 4945 forbids has no form here */
	{ "a key ID",		F_ID, "keyid:#0102",		FAULT_REFUSED },
	{ "a subnet",		F_ID, "ipv4:192.0.2.0/24",	FAULT_REFUSED },
	{ "a range",		F_ID, "ipv4:192.0.2.1-192.0.2.9", FAULT_REFUSED },
	{ "newline in identity", F_ID, "email:a@b.example\nid",	FAULT_REFUSED },
	{ "address",		F_ADDRESS, "2001:db8::1",	FAULT_NONE },
	{ "host name",		F_ADDRESS, "gw1.example",	FAULT_NONE },
	{ "address with brace",	F_ADDRESS, "192.0.2.1 }",	FAULT_REFUSED },
	{ "two addresses",	F_PEER_ADDRESS, "192.0.2.1,192.0.2.2",
	    FAULT_REFUSED },
	{ "option as address",	F_PEER_ADDRESS, "--help",	FAULT_REFUSED },
	{ "any",		F_PEER_ADDRESS, "%any",		FAULT_REFUSED },
	{ "subnet",		F_SUBNET, "10.0.0.0/8",		FAULT_NONE },
	{ "one address",	F_SUBNET, "10.0.0.1",		FAULT_NONE },
	{ "everything",		F_SUBNET, "::/0",		FAULT_NONE },
	{ "prefix 33",		F_SUBNET, "10.0.0.0/33",	FAULT_REFUSED },
	{ "prefix 129",		F_SUBNET, "::/129",		FAULT_REFUSED },
	{ "no prefix",		F_SUBNET, "10.0.0.0/",		FAULT_REFUSED },
	{ "port",		F_SUBNET, "10.0.0.0/8[tcp/80]",	FAULT_REFUSED },
	{ "three octets",	F_PEER_SUBNET, "10.0.0/24",	FAULT_REFUSED },
	{ "dynamic",		F_PEER_SUBNET, "dynamic",	FAULT_REFUSED },
	{ "ftp",		F_CRL, "ftp://p.example/c",	FAULT_REFUSED },
	{ "space in URI",	F_CRL, "http://p.example/a b",	FAULT_REFUSED },
	{ "comma in URI",	F_CRL, "http://p.example/a,b",	FAULT_REFUSED },
	{ "policy",		F_POLICY, "2.5.29.32.0",	FAULT_NONE },
	{ "policy's name",	F_POLICY, "anyPolicy",		FAULT_USAGE },
	{ "peer without name",	F_PEER_NAME, "",		FAULT_REFUSED },
	{ "encrypted key",	F_KEY, "-----BEGIN ENCRYPTED PRIVATE KEY-----",
	    FAULT_REFUSED },
	{ "no PEM",		F_KEY, "MIGHAgEAMBMGByqGSM49AgEG",
	    FAULT_MALFORMED },
};

static void
set_string(struct setting *s, enum field field, const char *const *value)
{
	switch (field) {
	case F_NAME: s->req.name = *value; break;
	case F_ID: s->req.identity = *value; break;
	case F_ADDRESS: s->req.address = *value; break;
	case F_SUBNET: s->req.subnets = value; break;
	case F_CRL: s->req.crl_uris = value; break;
	case F_POLICY: s->req.policy = *value; break;
	case F_PEER_NAME: s->peers[0].name = *value; break;
	case F_PEER_ID: s->peers[0].identity = *value; break;
	case F_PEER_ADDRESS: s->peers[0].address = *value; break;
	case F_PEER_SUBNET:
		s->peers[0].subnets = value;
		s->peers[0].nsubnets = 1;
		break;
	case F_KEY: s->req.key_pem = view_str(*value); break;
	}
}

static void
test_strings(void **state)
{
	struct setting	s;
	struct fault	f;
	struct buf	b;
	bool		ok;

	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		f = (struct fault){ 0 };
		buf_init(&b, INSTALL_CONF_MAX);
		setting_init(&s);
		set_string(&s, strings[i].field, &strings[i].value);
		ok = plan_text(&s.req, &b, &f);
		if (ok != (strings[i].want == FAULT_NONE) ||
		    (f.kind != strings[i].want &&
		    strings[i].field != F_ID && strings[i].field != F_PEER_ID))
			fail_msg("%s: %s: %s", strings[i].label,
			    fault_kind_name(f.kind), f.text);
		buf_clear(&b);
	}
}

/* ---- escaping ---- */

static const struct {
	const char	*label;
	const char	*value;
	const char	*want;		/* NULL: refused */
} values[] = {
	{ "plain",		"abc",		"k = \"abc\"\n" },
	{ "empty",		"",		"k = \"\"\n" },
	{ "braces and hash",	"a { b } # =",	"k = \"a { b } # =\"\n" },
	{ "quote",		"a\"b",		"k = \"a\\\"b\"\n" },
	{ "backslash",		"a\\",		"k = \"a\\\\\"\n" },
	{ "UTF-8",		"Zürich",	"k = \"Zürich\"\n" },
	{ "newline",		"a\nb",		NULL },
	{ "tab",		"a\tb",		NULL },
	{ "delete",		"a\x7f",	NULL },
	{ "Latin-1",		"Z\xfcrich",	NULL },
};

static void
test_values(void **state)
{
	struct conf_tree	 t;
	struct arena		*a = arena_new(1u << 16);
	struct buf		 b;
	bool			 ok;

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		buf_init(&b, 1024);
		conf_init(&t, a);
		conf_value(&t, &t.root, "k", values[i].value);
		ok = conf_write_text(&t, &b, NULL);
		if (ok != (values[i].want != NULL) || (ok &&
		    !view_equal(buf_view(&b), view_str(values[i].want))))
			fail_msg("%s: %.*s", values[i].label, (int)b.n,
			    (const char *)b.p);
		buf_clear(&b);
	}
	arena_free(a);
}

static void
test_names(void **state)
{
	static const char *const	good[] = { "a", "gw-1", "A_b9" };
	static const char *const	bad[] = { "", "a.b", "a b", "{", "ü" };
	struct conf_tree		t;
	struct arena			*a = arena_new(1u << 16);

	(void)state;
	assert_non_null(a);
	conf_init(&t, a);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(conf_name_ok(good[i]));
		assert_string_equal(conf_name(&t, good[i]), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(conf_name_ok(bad[i]));
		assert_true(conf_name_ok(conf_name(&t, bad[i])));
	}
	assert_string_equal(conf_name(&t, "../x.conf"), "---x-conf");
	assert_int_equal(strlen(conf_name(&t, N120)), CONF_NAME_MAX);
	arena_free(a);
}

/* Labels that come out the same, one of them like another's number. */
static void
test_same_names(void **state)
{
	static const char *const	labels[] = { "gw2-3", "gw2", "gw2", "gw 2", "gw-2" };
	static const char *const	want[] = { "gw1-gw2-3", "gw1-gw2", "gw1-gw2-4",
					    "gw1-gw-2", "gw1-gw-2-5" };
	struct install_peer		peers[5];
	struct install_plan		p;
	struct setting			s;
	struct fault			f = { 0 };
	const struct conf		*c;
	struct arena			*a = arena_new(1u << 20);

	(void)state;
	assert_non_null(a);
	setting_init(&s);
	for (size_t i = 0; i < 5; i++) {
		peers[i] = s.req.peers[0];
		peers[i].name = labels[i];
	}
	s.req.peers = peers;
	s.req.npeers = 5;
	assert_true(install_plan(&s.req, a, &p, &f));
	c = p.connections->first;
	for (size_t i = 0; i < 5; i++, c = c->next)
		assert_string_equal(c->name, want[i]);
	arena_free(a);
}

/* ---- names of an older file ---- */

static const struct {
	const char	*label;
	const char	*text;
	const char	*want;		/* each followed by "|" */
} olds[] = {
	{ "two",	"# x\n# connections: a-b a-c\n\n",	"a-b|a-c|" },
	{ "none",	"# x\n# connections:\n",		"" },
	{ "no line",	"connections { }\n",			"" },
	{ "no end",	"# x\n# connections: a",		"" },
	{ "empty",	"",					"" },
};

static void
test_old_names(void **state)
{
	char		got[64];
	struct view	name;
	size_t		at, n;

	(void)state;
	for (size_t i = 0; i < sizeof(olds) / sizeof(olds[0]); i++) {
		at = n = 0;
		got[0] = '\0';
		while (install_plan_old_name(view_str(olds[i].text), &at,
		    &name))
			n += (size_t)snprintf(got + n, sizeof(got) - n,
			    "%.*s|", (int)name.n, (const char *)name.p);
		if (strcmp(got, olds[i].want) != 0)
			fail_msg("%s: %s", olds[i].label, got);
	}
}

/* The file names whom the daemon may still hold, and nobody twice. */
static void
test_departed(void **state)
{
	static const char	old[] = "# x\n# connections: gw1-gw2 gw1-gone\n\n";
	struct install_plan	p;
	struct setting		s;
	struct fault		f = { 0 };
	struct buf		b;
	struct arena		*a = arena_new(1u << 20);

	(void)state;
	assert_non_null(a);
	setting_init(&s);
	buf_init(&b, 1u << 16);
	assert_true(install_plan(&s.req, a, &p, &f));
	assert_true(install_plan_has(&p, VIEW_LIT("gw1-gw2")));
	assert_false(install_plan_has(&p, VIEW_LIT("gw1-gone")));
	assert_true(install_plan_text(&p, view_str(old), &b, &f));
	assert_non_null(memmem(b.p, b.n, "\n# connections: gw1-gw2 gw1-gone\n", 33));
	assert_null(memmem(b.p, b.n, "gw1-gone {", 10));
	buf_clear(&b);
	arena_free(a);
}

/* ---- roles, policies ---- */

static void
test_roles(void **state)
{
	enum install_role	role;
	struct fault		f = { 0 };

	(void)state;
	assert_true(install_role_of("s2s-gateway", &role, &f));
	assert_int_equal(role, INSTALL_SITE_TO_SITE);
	assert_true(install_role_of("ra-gateway", &role, &f));
	assert_int_equal(role, INSTALL_RA_GATEWAY);
	assert_true(install_role_of("ra-user", &role, &f));
	assert_int_equal(role, INSTALL_RA_CLIENT);
	assert_true(install_role_of("ra-machine", &role, &f));
	assert_int_equal(role, INSTALL_RA_CLIENT);
	assert_false(install_role_of("tls-server", &role, &f));
	assert_int_equal(f.kind, FAULT_NOT_FOUND);
}

/* R4945-5.1.3.4: asked only where the whole chain carries it. */
static void
test_policies(void **state)
{
	struct view	chain[2];

	(void)state;
	chain[0] = issuing;
	assert_true(install_policy_ok(chain, 1, "1.2.3"));
	assert_false(install_policy_ok(chain, 1, "nonsense"));
	assert_false(install_policy_ok(chain, 0, "1.2.3"));
	chain[1] = root;
	assert_false(install_policy_ok(chain, 2, "1.2.3"));
	chain[0] = with_policy;
	assert_true(install_policy_ok(chain, 1, "1.3.6.1.4.1.99999.1"));
	assert_false(install_policy_ok(chain, 1, "1.3.6.1.4.1.99999.2"));
	chain[0] = view_of(leaf_der, sizeof(leaf_der));
	assert_false(install_policy_ok(chain, 1, "1.2.3"));
}

/* ---- files ---- */

static void
check_file(const char *dir, const char *name, mode_t mode, const char *begins)
{
	char		path[INSTALL_PATH_MAX];
	struct stat	st;
	struct buf	b;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	buf_init(&b, 1u << 16);
	assert_true(file_read(path, &b, NULL));
	assert_true(b.n >= strlen(begins));
	assert_memory_equal(b.p, begins, strlen(begins));
	buf_clear(&b);
}

static ino_t
inode_of(const char *dir, const char *name)
{
	char		path[256];
	struct stat	st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static bool
conf_has(const char *dir, const char *text)
{
	char		path[256];
	struct buf	b;
	struct fault	f = { 0 };
	bool		has;

	buf_init(&b, INSTALL_CONF_MAX);
	(void)snprintf(path, sizeof(path), "%s/conf.d/gw1.conf", dir);
	assert_true(file_read(path, &b, &f));
	has = memmem(b.p, b.n, text, strlen(text)) != NULL;
	buf_clear(&b);
	return has;
}

/* While a CA is rolled over peers of either are trusted; a retired one's file goes. */
static void
check_others(const struct install_request *req, const char *dir)
{
	struct install_request	two = *req;
	char			path[256];
	struct install_report	r;
	struct fault		f = { 0 };

	two.others[0] = req->ca[req->nca - 1];
	two.nothers = 1;
	assert_true(install_strongswan(&two, false, &r, &f));
	(void)snprintf(path, sizeof(path), "%s/x509ca/gw1-line1.pem", dir);
	assert_true(file_exists(path));
	assert_true(conf_has(dir, "cacerts = \"gw1-ca.pem,gw1-line1.pem\"\n"));
	assert_true(install_strongswan(req, false, &r, &f));
	assert_false(file_exists(path));
	assert_true(conf_has(dir, "cacerts = \"gw1-ca.pem\"\n"));
	two.nothers = INSTALL_OTHERS_MAX + 1;
	assert_false(install_strongswan(&two, false, &r, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
}

/* Once more changes nothing; a key that others may read is put right. */
static void
check_again(const struct install_request *req, const char *dir)
{
	char			path[256];
	struct install_report	r;
	struct fault		f = { 0 };
	ino_t			conf = inode_of(dir, "conf.d/gw1.conf");
	ino_t			key = inode_of(dir, "private/gw1.pem");

	assert_true(install_strongswan(req, false, &r, &f));
	assert_int_equal(inode_of(dir, "conf.d/gw1.conf"), conf);
	assert_int_equal(inode_of(dir, "private/gw1.pem"), key);
	(void)snprintf(path, sizeof(path), "%s/private/gw1.pem", dir);
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(install_strongswan(req, false, &r, &f));
	check_file(dir, "private/gw1.pem", 0600, KEY);
	assert_int_equal(inode_of(dir, "conf.d/gw1.conf"), conf);
}

/* Without a daemon everything is written, and the fault says "later". */
static void
test_no_daemon(void **state)
{
	char			dir[] = "/tmp/test_install.XXXXXX";
	char			uri[sizeof(dir) + 32];
	struct setting		s;
	struct install_report	r;
	struct fault		f = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(uri, sizeof(uri), "unix://%s/vici", dir);
	setting_init(&s);
	s.req.swanctl_dir = dir;
	s.req.vici_uri = uri;
	assert_true(install_strongswan(&s.req, false, &r, &f));
	assert_true(r.files_in_place);
	assert_false(install_strongswan(&s.req, true, &r, &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	assert_true(r.files_in_place);
	assert_false(r.loaded);
	assert_non_null(strstr(r.next, "--load-all"));
	assert_string_equal(r.connection, "gw1-gw2");
	check_file(dir, "private/gw1.pem", 0600, KEY);
	check_file(dir, "x509/gw1.pem", 0644, "-----BEGIN CERTIFICATE-----\n");
	check_file(dir, "x509ca/gw1-ca.pem", 0644, "-----BEGIN CERT");
	check_file(dir, "x509ca/gw1-root.pem", 0644, "-----BEGIN CERT");
	check_file(dir, "conf.d/gw1.conf", 0644, HEAD);
	check_again(&s.req, dir);
	check_others(&s.req, dir);
	assert_true(dir_remove(dir, &f));
}

static void
test_files(void **state)
{
	char			dir[] = "/tmp/test_install.XXXXXX";
	struct setting		s;
	struct install_report	r;
	struct fault		f = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	setting_init(&s);
	s.req.dir = dir;
	assert_true(install_files(&s.req, &r, &f));
	assert_true(r.files_in_place);
	check_file(dir, "key.pem", 0600, KEY);
	check_file(dir, "cert.pem", 0644, "-----BEGIN CERTIFICATE-----\n"
	    "MAMCAQc=\n-----END CERTIFICATE-----\n");
	check_file(dir, "chain.pem", 0644, "-----BEGIN CERTIFICATE-----\n"
	    "MAMCAQc=\n-----END CERTIFICATE-----\n-----BEGIN CERT");
	check_file(dir, "ca.pem", 0644, "-----BEGIN CERTIFICATE-----\n");
	assert_true(dir_remove(dir, &f));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_same_names),
		cmocka_unit_test(test_old_names),
		cmocka_unit_test(test_departed),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_no_daemon),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("install", tests, make_fixtures,
	    NULL);
}
