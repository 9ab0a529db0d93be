/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device itself decides of its tunnels, and keeps from one certificate
 * to the next: the name in the daemon's configuration, and which of the
 * certificate's identities IKE sends.
 *
 * R4945-3.1-2, R4945-3.1-12: it stands in the certificate, and its text is the
 *   certificate's, test_send_id
 * R4945-3.1.10-1: of several the one that was chosen, else the ticket's first
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "made.h"
#include "peer/install_plan.h"
#include "peer/tunnels.h"
#include "profile/identity.h"

#define LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define FIRST	"fqdn:gw1.example"

static const char *const	names[] = { FIRST, "fqdn:gw1-b.example", "email:gw1@example.org" };
static struct made		ca, own;
static char			dir[] = "/tmp/pki4ipsec-tunnels-XXXXXX";

/* What an enrolment leaves in a folder, as far as tunnels are concerned. */
static bool
plan(const char *send_id, struct install_request *req, struct arena *a, struct fault *f)
{
	struct ticket	t = { .n_identities = 1, .identities = { FIRST },
		.label = "gw1", .template = "s2s-gateway" };
	struct credential cred = { .certs = { own.der, ca.der }, .n_certs = 2 };

	return tunnels_plan(&t, &cred, a, req, f) &&
	    tunnels_local(dir, send_id, a, req, f);
}

static void
note(const char *name, const char *text)
{
	char		path[512];
	struct fault	f = { 0 };

	must(path_join(path, sizeof(path), dir, name, &f) &&
	    file_write(path, view_str(text), 0600, &f), &f);
}

/* One after the other: what the row before has noted holds. */
static const struct {
	const char	*label;
	const char	*noted;		/* written by another hand first; NULL: nothing is */
	const char	*send_id;
	const char	*want;		/* NULL: refused */
	const char	*says;
} rows[] = {
	{ "nothing said", NULL, NULL, FIRST, NULL },
	{ "the other one", NULL, "fqdn:GW1-b.Example", "fqdn:gw1-b.example", NULL },
	{ "kept", NULL, NULL, "fqdn:gw1-b.example", NULL },
	{ "its mailbox", NULL, "email:gw1@example.org", "email:gw1@example.org", NULL },
	{ "another's", NULL, "fqdn:gw2.example", NULL, "does not have fqdn:gw2.example" },
	{ "of another kind", NULL, "ipv4:192.0.2.1", NULL, "does not have ipv4:192.0.2.1" },
	{ "no identity", NULL, "gw1.example", NULL, "gw1.example" },
	{ "a pattern", NULL, "fqdn:*.example", NULL, "*.example" },
	{ "refused ones are not noted", NULL, NULL, "email:gw1@example.org", NULL },
	{ "subject", NULL, "dn", INSTALL_ID_DN, NULL },
	{ "subject, kept", NULL, NULL, INSTALL_ID_DN, NULL },
	{ "of a certificate before", "fqdn:gone.example", NULL, FIRST, NULL },
	{ "spoilt", "\x01\x02", NULL, FIRST, NULL },
	{ "empty", "", NULL, FIRST, NULL },
};

static void
test_send_id(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		struct install_request	req = { 0 };
		struct fault		f = { 0 };
		struct arena		*a = arena_new(1u << 20);
		bool			ok;

		if (rows[i].noted != NULL)
			note("send-id", rows[i].noted);
		ok = plan(rows[i].send_id, &req, a, &f);
		if (ok != (rows[i].want != NULL))
			fail_msg("%s: %s", rows[i].label, ok ? req.identity : f.text);
		if (ok && strcmp(req.identity, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].label, req.identity);
		if (!ok && (f.kind != FAULT_REFUSED && f.kind != FAULT_MALFORMED &&
		    f.kind != FAULT_USAGE))
			fail_msg("%s: %s: %s", rows[i].label, fault_kind_name(f.kind), f.text);
		if (!ok && strstr(f.text, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].label, f.text);
		arena_free(a);
	}
}

/* A later ticket names the device anew; files in the daemon keep their names. */
static void
test_name(void **state)
{
	struct install_request	req = { 0 };
	struct fault		f = { 0 };
	struct arena		*a = arena_new(1u << 20);

	(void)state;
	note("installed", "gate");
	assert_true(plan(NULL, &req, a, &f));
	assert_string_equal(req.name, "gate");
	arena_free(a);
}

/* --- the subject as identity -------------------------------------------------------- */

static const char *
local_id(const char *subject, struct buf *text, struct fault *f)
{
	static const char	key[] = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
	struct install_request	req = { .name = "gw1", .identity = INSTALL_ID_DN,
		.key_pem = view_str(key), .ca = { buf_view(&ca.der) }, .nca = 1 };
	struct install_peer	peer = { .name = "gw2", .identity = "fqdn:gw2.example" };
	struct identity		id;
	struct general_name	san;
	struct install_plan	p;
	struct arena		*a = arena_new(INSTALL_ARENA_MAX);
	struct made		m;
	const char		*at = NULL;

	must(identity_parse_tagged(view_str(FIRST), &id, f), f);
	identity_to_san(&id, &san);
	make_with_san(&m, KEY_EC_P256, subject, 3, &ca, false, &san, 1);
	req.cert = buf_view(&m.der);
	req.peers = &peer;
	req.npeers = 1;
	if (install_plan(&req, a, &p, f) && install_plan_text(&p, VIEW_NONE, text, f)) {
		buf_add_u8(text, 0);
		at = strstr((const char *)text->p, "id = \"asn1dn:");
	}
	unmake(&m);
	arena_free(a);
	return at;
}

/*
 * R4945-3.1-5, R4945-3.1-15, R4945-3.1.5-2, R4945-3.1.5-3: the whole subject, in
 * its own octets, which no daemon encodes anew.  R4945-3.1.5-6: not an empty one.
 */
static void
test_subject(void **state)
{
	static const char	*const subjects[] = { "CN=gw1", "C=DE, O=Z\xc3\xbcrich\\, AG, OU=a, CN=gw1", "" };

	(void)state;
	for (size_t i = 0; i < LEN(subjects); i++) {
		char		want[2 * NAME_OCTETS_MAX + 64] = "id = \"asn1dn:#";
		struct fault	f = { 0 };
		struct buf	text, der;
		const char	*got;

		buf_init(&text, INSTALL_CONF_MAX);
		buf_init(&der, NAME_OCTETS_MAX);
		got = local_id(subjects[i], &text, &f);
		if (subjects[i][0] == '\0') {
			assert_null(got);
			assert_int_equal(f.kind, FAULT_REFUSED);
			assert_non_null(strstr(f.text, "empty subject"));
		} else {
			must(name_parse(subjects[i], &der, &f), &f);
			hex_encode(buf_view(&der), want + strlen(want));
			if (got == NULL || strncmp(got, want, strlen(want)) != 0 ||
			    got[strlen(want)] != '"')
				fail_msg("%s: %s", subjects[i], got == NULL ? f.text : got);
		}
		buf_clear(&text);
		buf_clear(&der);
	}
}

static int
begin(void **state)
{
	struct identity		 id[LEN(names)];
	struct general_name	 san[LEN(names)];
	struct fault		 f = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(names); i++) {
		must(identity_parse_tagged(view_str(names[i]), &id[i], &f), &f);
		identity_to_san(&id[i], &san[i]);
	}
	make(&ca, KEY_EC_P256, "CN=ca", 1, NULL, true);
	make_with_san(&own, KEY_EC_P256, "CN=gw1", 2, &ca, false, san, LEN(names));
	return mkdtemp(dir) == NULL;
}

static int
end(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	unmake(&own);
	unmake(&ca);
	return !dir_remove(dir, &f);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_send_id),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_subject),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
