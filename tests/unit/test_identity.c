/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "codec/cert.h"
#include "profile/identity.h"

/* What operators type: FAULT_NONE gives the canonical text. */
static const struct {
	const char		*label;
	enum identity_kind	 kind;
	const char		*in;
	enum fault_kind		 fault;
	const char		*out;	/* or a piece of the fault's text */
} parse_cases[] = {
	{ "plain", IDENTITY_FQDN, "gw1.example", FAULT_NONE, "gw1.example" },
	{ "upper case", IDENTITY_FQDN, "GW1.Example.COM", FAULT_NONE, "gw1.example.com" },
	/* R4945-3.1.2-5 */
	{ "U-label", IDENTITY_FQDN, "b\xc3\xbc" "cher.example", FAULT_NONE, "xn--bcher-kva.example" },
	{ "upper-case U-label", IDENTITY_FQDN, "B\xc3\x9c" "CHER.Example", FAULT_NONE, "xn--bcher-kva.example" },
	{ "sharp s is not ss", IDENTITY_FQDN, "stra\xc3\x9f" "e.example", FAULT_NONE, "xn--strae-oqa.example" },
	{ "A-label", IDENTITY_FQDN, "xn--bcher-kva.example", FAULT_NONE, "xn--bcher-kva.example" },
	{ "not an A-label", IDENTITY_FQDN, "xn--a.example", FAULT_REFUSED, "A-label" },
	{ "wildcard", IDENTITY_FQDN, "*.example.com", FAULT_REFUSED, "wildcard" },
	{ "trailing dot", IDENTITY_FQDN, "gw.example.com.", FAULT_REFUSED, "trailing dot" },
	{ "leading dot", IDENTITY_FQDN, ".example.com", FAULT_REFUSED, "leading dot" },
	{ "one label", IDENTITY_FQDN, "gw", FAULT_REFUSED, "single label" },
	{ "underscore", IDENTITY_FQDN, "gw_1.example", FAULT_REFUSED, "underscore" },
	{ "space", IDENTITY_FQDN, "gw 1.example", FAULT_REFUSED, "space" },
	{ "hyphen first", IDENTITY_FQDN, "-gw.example", FAULT_REFUSED, "hyphen" },
	{ "empty label", IDENTITY_FQDN, "gw..example", FAULT_REFUSED, "empty label" },
	{ "empty", IDENTITY_FQDN, "", FAULT_REFUSED, "empty name" },
	{ "label of 64", IDENTITY_FQDN, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
	    FAULT_REFUSED, "63" },
	{ "address", IDENTITY_FQDN, "192.0.2.1", FAULT_REFUSED, "ipv4" },
	{ "number last", IDENTITY_FQDN, "gw.1", FAULT_REFUSED, "number" },
	{ "Latin-1", IDENTITY_FQDN, "b\xfc" "cher.example", FAULT_MALFORMED, "Latin-1" },

	{ "mailbox", IDENTITY_EMAIL, "Alice@Example.COM", FAULT_NONE, "alice@example.com" },
	{ "IDN domain", IDENTITY_EMAIL, "alice@b\xc3\xbc" "cher.example", FAULT_NONE, "alice@xn--bcher-kva.example" },
	{ "non-ASCII local part", IDENTITY_EMAIL, "\xc3\xa4@example.com", FAULT_REFUSED, "non-ASCII" },
	{ "no at", IDENTITY_EMAIL, "alice.example.com", FAULT_REFUSED, "no @" },
	{ "nothing before", IDENTITY_EMAIL, "@example.com", FAULT_REFUSED, "before" },
	{ "nothing after", IDENTITY_EMAIL, "alice@", FAULT_REFUSED, "empty" },
	{ "brackets", IDENTITY_EMAIL, "Alice <alice@example.com>", FAULT_REFUSED, "octet" },
	{ "two dots", IDENTITY_EMAIL, "a..b@example.com", FAULT_REFUSED, "dots" },
	{ "one-label domain", IDENTITY_EMAIL, "a@example", FAULT_REFUSED, "single label" },

	{ "IPv4", IDENTITY_IPV4, "192.0.2.1", FAULT_NONE, "192.0.2.1" },
	{ "leading zero", IDENTITY_IPV4, "192.0.02.1", FAULT_REFUSED, "not an IPv4" },
	{ "three parts", IDENTITY_IPV4, "192.0.2", FAULT_REFUSED, "not an IPv4" },
	{ "prefix", IDENTITY_IPV4, "192.0.2.0/24", FAULT_REFUSED, "prefix" },
	{ "unspecified", IDENTITY_IPV4, "0.0.0.0", FAULT_REFUSED, "unspecified" },
	{ "multicast", IDENTITY_IPV4, "224.0.0.1", FAULT_REFUSED, "multicast" },
	{ "IPv6", IDENTITY_IPV6, "2001:DB8:0:0::1", FAULT_NONE, "2001:db8::1" },
	{ "IPv6 zone", IDENTITY_IPV6, "fe80::1%eth0", FAULT_REFUSED, "zone" },
	{ "IPv4-mapped", IDENTITY_IPV6, "::ffff:192.0.2.1", FAULT_REFUSED, "mapped" },
	{ "IPv4 as IPv6", IDENTITY_IPV6, "192.0.2.1", FAULT_REFUSED, "not an IPv6" },
	{ "no kind", IDENTITY_NONE, "gw.example", FAULT_REFUSED, "kind" },
};

static void
parses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parse_cases) / sizeof(parse_cases[0]); i++) {
		struct identity	id = { 0 };
		struct fault	f = { 0 };
		bool		ok = identity_parse(parse_cases[i].kind,
				    view_str(parse_cases[i].in), &id, &f);

		if (ok != (parse_cases[i].fault == FAULT_NONE) ||
		    f.kind != parse_cases[i].fault)
			fail_msg("%s: %s", parse_cases[i].label, f.text);
		if (ok && strcmp(id.text, parse_cases[i].out) != 0)
			fail_msg("%s: \"%s\"", parse_cases[i].label, id.text);
		if (!ok && strstr(f.text, parse_cases[i].out) == NULL)
			fail_msg("%s: text \"%s\"", parse_cases[i].label, f.text);
	}
}

static const struct {
	const char	*in;
	const char	*strongswan, *libreswan;
} forms[] = {
	{ "fqdn:gw1.example", "fqdn:gw1.example", "@gw1.example" },
	{ "email:alice@example.com", "rfc822:alice@example.com", "alice@example.com" },
	{ "ipv4:192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "ipv6:2001:db8::1", "2001:db8::1", "2001:db8::1" },
};

static void
travels_as_text(void **state)
{
	char		text[IDENTITY_TICKET_MAX];
	struct identity	id, back;
	struct fault	f = { 0 };
	struct buf	b;

	(void)state;
	buf_init(&b, 1024);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_true(identity_parse_tagged(view_str(forms[i].in), &id, &f));
		identity_format(&id, text);
		assert_string_equal(text, forms[i].in);
		buf_reset(&b);
		identity_strongswan(&id, &b);
		assert_true(view_equal(buf_view(&b), view_str(forms[i].strongswan)));
		buf_reset(&b);
		identity_libreswan(&id, &b);
		assert_true(view_equal(buf_view(&b), view_str(forms[i].libreswan)));
		struct general_name	san;

		identity_to_san(&id, &san);
		assert_true(identity_from_san(&san, &back, &f));
		assert_true(identity_equal(&id, &back));
	}
	buf_reset(&b);
	identity_strongswan_dn(VIEW_LIT("\x30\x02\x31\x00"), &b);
	assert_true(view_equal(buf_view(&b), VIEW_LIT("asn1dn:#30023100")));
	assert_false(identity_parse_tagged(VIEW_LIT("keyid:1"), &id, &f));
	buf_clear(&b);
}

/* Names in a request that are no identity. */
static void
refuses_other_names(void **state)
{
	static const struct general_name	bad[] = {
		{ GENERAL_NAME_URI, { (const uint8_t *)"http://a.example", 16 } },
		{ GENERAL_NAME_DNS, { (const uint8_t *)"gw\0.example", 11 } },
		{ GENERAL_NAME_DNS, { (const uint8_t *)"*.example", 9 } },
		{ GENERAL_NAME_DNS, { (const uint8_t *)"b\xc3\xbc.example", 11 } },
		/* R4945-3.1.1-3, R4945-3.1.1-4 */
		{ GENERAL_NAME_IP, { (const uint8_t *)"\xc0\x00\x02\x00\xff\xff\xff\x00", 8 } },
	};
	struct identity	id;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fault	f = { 0 };

		assert_false(identity_from_san(&bad[i], &id, &f));
		assert_int_equal(f.kind, FAULT_REFUSED);
	}
}

/* A certificate with several names; CN is gw9.example. */
static struct cert
sample(void)
{
	struct cert	c = { .has_san = true };

	c.subject = VIEW_LIT("\x30\x16\x31\x14\x30\x12\x06\x03\x55\x04\x03\x0c\x0b" "gw9.example");
	c.san.list[0] = (struct general_name){ GENERAL_NAME_DNS, VIEW_LIT("GW1.example") };
	c.san.list[1] = (struct general_name){ GENERAL_NAME_DNS, VIEW_LIT("*.wild.example") };
	c.san.list[2] = (struct general_name){ GENERAL_NAME_EMAIL, VIEW_LIT("Alice@example.com") };
	c.san.list[3] = (struct general_name){ GENERAL_NAME_IP, VIEW_LIT("\xc0\x00\x02\x01") };
	c.san.list[4] = (struct general_name){ GENERAL_NAME_IP,
	    VIEW_LIT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01") };
	c.san.list[5] = (struct general_name){ GENERAL_NAME_DNS, VIEW_LIT("198.51.100.7") };
	c.san.n = 6;
	return c;
}

static const struct {
	const char	*label;
	uint8_t		 type;
	struct view	 payload;
	bool		 want;
} payloads[] = {
	{ "FQDN, other case", 2, VIEW_LIT("gw1.EXAMPLE"), true },		/* R4945-3.1.2-3, R4945-3.1.2-5 */
	{ "second name, R4945-3.1.8-1", 1, VIEW_LIT("\xc0\x00\x02\x01"), true },
	{ "prefix of a name", 2, VIEW_LIT("gw1.exampl"), false },		/* R4945-3.1.2-6 */
	{ "suffix", 2, VIEW_LIT(".example"), false },
	{ "under a wildcard", 2, VIEW_LIT("gw.wild.example"), false },
	{ "the wildcard itself", 2, VIEW_LIT("*.wild.example"), false },
	{ "trailing dot", 2, VIEW_LIT("gw1.example."), false },
	{ "with NUL", 2, VIEW_LIT("gw1.example\0"), false },
	{ "the CN", 2, VIEW_LIT("gw9.example"), false },			/* R4945-3.1.9-3 */
	{ "e-mail, other case", 3, VIEW_LIT("aLICE@Example.com"), true },	/* R4945-3.1.3-3, R4945-3.1.3-5 */
	{ "e-mail as FQDN", 2, VIEW_LIT("alice@example.com"), false },	/* R4945-3.1-6 */
	{ "domain of the e-mail", 3, VIEW_LIT("example.com"), false },	/* R4945-3.1.3-6 */
	{ "non-ASCII e-mail", 3, VIEW_LIT("\xc3\xa4@example.com"), false },
	{ "IPv6", 5, VIEW_LIT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"), true },	/* R4945-3.1.1-7 */
	{ "IPv4 mapped", 5, VIEW_LIT("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01"), false },
	{ "IPv4 of 5 octets", 1, VIEW_LIT("\xc0\x00\x02\x01\x00"), false },	/* R4945-3.1.1-3 */
	{ "IPv6 of 4 octets", 5, VIEW_LIT("\xc0\x00\x02\x01"), false },	/* R4945-3.1.1-4 */
	{ "address in a dNSName", 1, VIEW_LIT("\xc6\x33\x64\x07"), false },	/* R4945-3.1.1-9 */
	{ "DN", 9, VIEW_LIT("\x30\x16\x31\x14\x30\x12\x06\x03\x55\x04\x03\x0c\x0b" "gw9.example"), true },	/* R4945-3.1.5-1 */
	{ "DN in other case", 9, VIEW_LIT("\x30\x16\x31\x14\x30\x12\x06\x03\x55\x04\x03\x0c\x0b" "GW9.example"), false },	/* R4945-3.1.5-4 */
	{ "DN in PrintableString", 9, VIEW_LIT("\x30\x16\x31\x14\x30\x12\x06\x03\x55\x04\x03\x13\x0b" "gw9.example"), false },
	{ "empty DN", 9, VIEW_LIT("\x30\x00"), false },			/* R4945-3.1.5-6 */
	{ "general name", 10, VIEW_LIT("\x82\x0b" "gw1.example"), false },	/* R4945-3.1.6-1 */
	{ "key id", 11, VIEW_LIT("gw1.example"), false },			/* R4945-3.1.7-1 */
	{ "subnet", 4, VIEW_LIT("\xc0\x00\x02\x00\xff\xff\xff\x00"), false },	/* R4945-3.1.4-1 */
	{ "empty", 2, { NULL, 0 }, false },
};

static void
matches_payloads(void **state)
{
	struct cert	c = sample();

	(void)state;
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
		if (identity_payload_matches(payloads[i].type, payloads[i].payload, &c) !=
		    payloads[i].want)
			fail_msg("%s", payloads[i].label);
	c.subject = VIEW_LIT("\x30\x00");
	assert_false(identity_payload_matches(9, VIEW_LIT("\x30\x00"), &c));
}

/* R4945-3.1.1-10, R4945-3.1.9-3 */
static void
matches_identities(void **state)
{
	static const struct { const char *id; bool want; } cases[] = {
		{ "fqdn:gw1.example", true }, { "fqdn:gw9.example", false },
		{ "email:alice@example.com", true }, { "ipv4:192.0.2.1", true },
		{ "ipv4:198.51.100.7", false }, { "ipv6:2001:db8::1", true },
		{ "ipv6:2001:db8::2", false },
	};
	struct cert	c = sample();
	struct identity	id = { 0 };
	struct fault	f = { 0 };

	(void)state;
	assert_false(identity_matches(&id, &c));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(identity_parse_tagged(view_str(cases[i].id), &id, &f));
		if (identity_matches(&id, &c) != cases[i].want)
			fail_msg("%s", cases[i].id);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(travels_as_text),
		cmocka_unit_test(refuses_other_names),
		cmocka_unit_test(matches_payloads),
		cmocka_unit_test(matches_identities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
