/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ticket: what is taken, what is refused and in which words.
 *
 * R4809-3.1.3-2: as a file and as one line to type or scan
 * R4809-3.3.1-1: id, token, kind of key and all that a request needs
 *
 * SEED-52: what an Admin tells a Peer, and what a Peer does not take
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "message/ticket.h"

#define HEX64	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEAD	"pki4ipsec-ticket: 1\n"
#define MUST	"url: http://127.0.0.1:8080/cmc\nid: 0123456789ABCDEF\n" \
		"token: ABCD-EFGH-JKMN-PQRS\ntemplate: s2s-gateway\nkey: ec-p256\n"
#define ANCHOR	"anchor: sha256:" HEX64 "\n"
#define GOOD	HEAD MUST ANCHOR "identity: fqdn:gw1.example\n"

static const struct {
	const char	*label;
	const char	*text;
	enum fault_kind	 want;
	const char	*says;
} cases[] = {
	{ "complete", GOOD, FAULT_NONE, NULL },
	{ "comments, blanks and CRLF", HEAD "# c\r\n\r\n" MUST ANCHOR, FAULT_NONE, NULL },
	{ "another first line", "ticket\n" MUST ANCHOR, FAULT_MALFORMED, "not a ticket" },
	{ "empty", "", FAULT_MALFORMED, "missing" },
	{ "without token", HEAD "url: http://a/cmc\nid: X\n" ANCHOR, FAULT_MALFORMED, "token" },
	{ "C-10: without anchor", HEAD MUST, FAULT_MALFORMED, "anchor is missing" },
	{ "short anchor", HEAD MUST "anchor: sha256:00\n", FAULT_MALFORMED, "64 hexadecimal" },
	{ "SHA-1 anchor", HEAD MUST "anchor: sha1:" HEX64 "\n", FAULT_MALFORMED, "64 hexadecimal" },
	{ "a key twice", GOOD "id: OTHER\n", FAULT_MALFORMED, "id stands twice" },
	{ "unknown key", GOOD "colour: red\n", FAULT_MALFORMED, "unknown key \"colour\"" },
	{ "line number", GOOD "no colon here\n", FAULT_MALFORMED, "line 9" },
	{ "not HTTP", HEAD "url: ftp://a/cmc\nid: X\ntoken: Y\ntemplate: t\nkey: k\n" ANCHOR,
	    FAULT_MALFORMED, "neither with http" },
	{ "bad date", GOOD "not-after: tomorrow\n", FAULT_MALFORMED, "not-after" },
	{ "empty date", "pki4ipsec:1?url=&not-after=&", FAULT_MALFORMED, "not-after" },
	{ "renewal", GOOD "renew-key: either\nrenew-last: 100%\n", FAULT_NONE, NULL },
	{ "a key of no kind", GOOD "renew-key: old\n", FAULT_MALFORMED, "renew-key \"old\"" },
	{ "no percent", GOOD "renew-last: 34\n", FAULT_MALFORMED, "renew-last" },
	{ "zero percent", GOOD "renew-last: 0%\n", FAULT_MALFORMED, "renew-last" },
	{ "too many percent", GOOD "renew-last: 101%\n", FAULT_MALFORMED, "renew-last" },
	{ "a percent of nothing", GOOD "renew-last:\n", FAULT_MALFORMED, "renew-last" },
	{ "peer without id", GOOD "peer: name=gw2\n", FAULT_MALFORMED, "without name= or id=" },
	{ "peer with a foreign word", GOOD "peer: name=a id=b colour=c\n", FAULT_MALFORMED,
	    "none of name=" },
	{ "control character", GOOD "label: a\x01z\n", FAULT_MALFORMED, "control characters" },
	{ "Latin-1", GOOD "label: caf\xe9\n", FAULT_MALFORMED, "not UTF-8" },
	{ "URI", "pki4ipsec:1?url=http://a/cmc&id=X&token=T-T&template=t&key=ec-p256&anchor=sha256:"
	    HEX64, FAULT_NONE, NULL },
	{ "URI with a broken escape", "pki4ipsec:1?url=http://a/%2", FAULT_MALFORMED, "escape" },
};

static void
test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ticket	t;
		struct fault	f = { 0 };
		bool		ok = ticket_read(view_str(cases[i].text), &t, &f);

		if (ok != (cases[i].want == FAULT_NONE) || f.kind != cases[i].want ||
		    (cases[i].says != NULL && strstr(f.text, cases[i].says) == NULL))
			fail_msg("%s: kind %s, \"%s\"", cases[i].label,
			    fault_kind_name(f.kind), f.text);
		if (ok)
			ticket_clear(&t);
	}
}

/* R4809-3.1.5-1: what is written is read back, as a file and as one line. */
static void
test_round(void **state)
{
	static const char	more[] = GOOD "identity: ipv4:192.0.2.1\nlabel: B\xc3\xbcro 1\n"
	    "address: 192.0.2.1\nsubnets: 198.51.100.0/24,2001:db8::/32\n"
	    "not-after: 2026-12-01T00:00:00Z\nrenew-key: same\nrenew-last: 7%\n"
	    "peer: name=gw2 id=fqdn:gw2.example address=192.0.2.2 subnets=198.51.101.0/24\n";
	void (*const writers[])(const struct ticket *, struct buf *) = {
		ticket_write, ticket_write_uri,
	};
	struct ticket	a, b;
	struct fault	f = { 0 };

	(void)state;
	assert_true(ticket_read(VIEW_LIT(more), &a, &f));
	for (size_t i = 0; i < 2; i++) {
		struct buf	out;

		buf_init(&out, TICKET_FILE_MAX);
		writers[i](&a, &out);
		assert_true(ticket_read(buf_view(&out), &b, &f));
		assert_string_equal(a.url, b.url);
		assert_string_equal(a.token, b.token);
		assert_string_equal(a.label, b.label);
		assert_string_equal(a.subnets, b.subnets);
		assert_int_equal(a.not_after, b.not_after);
		assert_string_equal(b.renew_key, "same");
		assert_int_equal(b.renew_percent, 7);
		assert_int_equal(b.n_identities, 2);
		assert_string_equal(b.identities[1], "ipv4:192.0.2.1");
		assert_int_equal(b.n_peers, 1);
		assert_string_equal(b.peers[0].subnets, "198.51.101.0/24");
		assert_memory_equal(a.anchor, b.anchor, 32);
		ticket_clear(&b);
		buf_clear(&out);
	}
	ticket_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
