/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "profile/plan.h"
#include "profile/template.h"

static struct template
started(const char *name)
{
	struct template	t;
	struct fault	f = { 0 };

	if (!template_start(name, "Example VPN", &t, &f))
		fail_msg("%s: %s", name, f.text);
	return t;
}

static void
all_fit(void **state)
{
	struct template	t;
	struct fault	f = { 0 };

	(void)state;
	for (size_t i = 0; template_names[i] != NULL; i++) {
		t = started(template_names[i]);
		if (!template_check(&t, &f))
			fail_msg("%s", f.text);
		assert_string_equal(t.organization, "Example VPN");
		assert_int_equal(t.entries_max, 10000);
		assert_int_equal(t.confirm_seconds, 3600);
		assert_int_equal(t.key_default, KEY_EC_P256);
	}
	assert_false(template_start("router", "", &t, &f));
	assert_int_equal(f.kind, FAULT_NOT_FOUND);
}

/* Every key's text is taken back and gives the same text. */
static void
keys_round_trip(void **state)
{
	const struct template_key	*keys;
	struct buf			 a, b;
	size_t				 n;

	(void)state;
	keys = template_keys(&n);
	buf_init(&a, 4096);
	buf_init(&b, 4096);
	for (size_t i = 0; template_names[i] != NULL; i++) {
		struct template	from = started(template_names[i]);
		struct template	to = started("s2s-gateway");

		for (size_t k = 0; k < n; k++) {
			struct fault	f = { 0 };

			buf_reset(&a);
			buf_reset(&b);
			assert_true(template_get(&from, keys[k].name, &a, &f));
			buf_add_u8(&a, 0);
			if (!template_set(&to, keys[k].name, (const char *)a.p, &f))
				fail_msg("%s", f.text);
			assert_true(template_get(&to, keys[k].name, &b, &f));
			buf_add_u8(&b, 0);
			assert_string_equal((const char *)a.p, (const char *)b.p);
		}
		assert_true(template_check(&to, NULL));
		assert_int_equal(to.eku, from.eku);
		assert_int_equal(to.keys, from.keys);
		assert_int_equal(to.validity_seconds, from.validity_seconds);
	}
	buf_clear(&a);
	buf_clear(&b);
}

static const struct {
	const char	*key, *value;
	bool		 ok;
} settings[] = {
	{ "validity", "90d", true },
	{ "validity", "5m", true },
	{ "validity", "299s", false },
	{ "validity", "6y", false },
	{ "validity", "soon", false },
	{ "version", "0", false },
	{ "version", "9O", false },
	{ "name", "Gateway", false },
	{ "country", "CH", true },
	{ "country", "ch", false },
	{ "country", "Switzerland", false },
	{ "organization", "", true },
	{ "organization", "Z\xc3\xbcrich & S\xc3\xb6hne", true },
	{ "organization", "Z\xfcrich", false },
	{ "organization", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "identities", "fqdn, email,ipv4 ipv6", true },
	{ "identities", "fqdn, dn", false },
	{ "keys", "ec-p256, rsa-2048", true },
	{ "keys", "dsa", false },
	{ "keys", "", false },
	{ "default-key", "rsa-4096", true },
	{ "default-key", "", false },
	{ "extended-key-usage", "", true },
	{ "extended-key-usage", "serverAuth, ipsecIKE", true },
	{ "extended-key-usage", "codeSigning", false },
	{ "policy", "1.3.6.1.4.1.1", true },
	{ "policy", "1..3", false },
	{ "approval", "manual", true },
	{ "approval", "perhaps", false },
	{ "renewal", "yes", true },
	{ "renewal", "true", false },
	{ "renewal-last-percent", "101", false },
	{ "name-space", "vpn.example", true },
	{ "name-space", "*.example", false },
	{ "name-space", "vpn.example, Branch.Example", true },
	{ "name-space", "vpn.example; branch.example", false },
	{ "address-space", "192.0.2.0/24, 2001:db8::/32", true },
	{ "address-space", "", true },
	{ "address-space", "192.0.2.1/24", false },
	{ "address-space", "192.0.2.0", false },
	{ "address-space", "192.0.2.0/33", false },
	{ "address-space", "2001:db8::/129", false },
	{ "address-space", "gw1.example/24", false },
	{ "crl-url", "http://lists.example/ike.crl", true },
	{ "crl-url", "https://lists.example/ike.crl", false },
	{ "crl-url", "http:///ike.crl", false },
	{ "crl-url", "http://lists.example/a b", false },
	{ "on-change", "use-old", true },
	{ "on-change", "perhaps", false },
	{ "changed-renewal", "update-needed", true },
	{ "changed-renewal", "no", false },
	{ "max-entries", "10001", false },
	{ "colour", "blue", false },
};

static void
sets_within_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct template	t = started("s2s-gateway");
		struct fault	f = { 0 };
		bool		ok = template_set(&t, settings[i].key, settings[i].value, &f);

		if (ok != settings[i].ok)
			fail_msg("%s = \"%s\": %s", settings[i].key, settings[i].value, f.text);
		if (!ok && strstr(f.text, settings[i].key) == NULL)
			fail_msg("%s: \"%s\"", settings[i].key, f.text);
	}
}

/* Names and addresses of a site, and none of another (C-6). */
static const struct {
	const char	*space, *address_space, *identity;
	bool		 in;
} spaces[] = {
	{ "vpn.example", "", "fqdn:gw1.vpn.example", true },
	{ "vpn.example", "", "fqdn:vpn.example", true },
	{ "vpn.example", "", "fqdn:gw1.notvpn.example", false },
	{ "a.example, b.example", "", "fqdn:gw1.b.example", true },
	{ "a.example, b.example", "", "fqdn:gw1.c.example", false },
	{ "a.example, b.example", "", "email:alice@b.example", true },
	{ "a.example", "", "email:alice@b.example", false },
	{ "a.example", "", "ipv4:192.0.2.1", true },
	{ "", "192.0.2.0/24", "fqdn:gw1.example", true },
	{ "", "192.0.2.0/24", "ipv4:192.0.2.255", true },
	{ "", "192.0.2.0/24", "ipv4:192.0.3.1", false },
	{ "", "192.0.2.0/24", "ipv6:2001:db8::1", false },
	{ "", "192.0.2.0/24, 2001:db8::/33", "ipv6:2001:db8:7fff::1", true },
	{ "", "192.0.2.0/24, 2001:db8::/33", "ipv6:2001:db8:8000::1", false },
	{ "", "0.0.0.0/0", "ipv4:203.0.113.7", true },
	{ "", "203.0.113.7/32", "ipv4:203.0.113.7", true },
	{ "", "203.0.113.7/32", "ipv4:203.0.113.6", false },
};

static void
spaces_bound_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		struct template		t = started("s2s-gateway");
		struct identity		id;
		struct holder_terms	h = { .identities = &id, .nidentities = 1 };
		struct fault		f = { 0 };

		t.identities |= IDENTITY_BIT(IDENTITY_EMAIL);
		t.identity_required |= IDENTITY_BIT(IDENTITY_EMAIL);
		assert_true(template_set(&t, "name-space", spaces[i].space, &f) &&
		    template_set(&t, "address-space", spaces[i].address_space, &f) &&
		    identity_parse_tagged(view_str(spaces[i].identity), &id, &f));
		if (profile_check_terms(&t, &h, &f) != spaces[i].in)
			fail_msg("%s in \"%s\" and \"%s\": %s", spaces[i].identity, spaces[i].space,
			    spaces[i].address_space, f.text);
	}
}

static const struct {
	const char	*label, *template, *key, *value;
} misfits[] = {
	/* R4945-5.1.3.12-5 */
	{ "purposes without ipsecIKE", "ra-gateway", "extended-key-usage", "serverAuth" },
	{ "an IKE peer that is an RA", "s2s-gateway", "extended-key-usage", "ipsecIKE, cmcRA" },
	{ "default key not among keys", "s2s-gateway", "keys", "ec-p384" },
	{ "window over its maximum", "s2s-gateway", "window", "300d" },
	{ "required kind not allowed", "ra-user", "identities", "fqdn" },
	{ "nothing required", "s2s-gateway", "required-identities", "" },
	{ "weak token", "s2s-gateway", "token-length", "20" },
	{ "no alphabet", "s2s-gateway", "id-alphabet", "aa" },
	{ "confirmation after expiry", "s2s-gateway", "validity", "1h" },
};

static void
checks_relations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
		struct template	t = started(misfits[i].template);
		struct fault	f = { 0 };

		if (!template_set(&t, misfits[i].key, misfits[i].value, &f))
			fail_msg("%s: %s", misfits[i].label, f.text);
		if (template_check(&t, &f))
			fail_msg("%s", misfits[i].label);
		assert_non_null(strstr(f.text, misfits[i].template));
	}
}

static void
writes_a_file(void **state)
{
	const struct template_key	*keys;
	struct template			 t = started("ra-gateway");
	struct buf			 b;
	size_t				 n;
	char				 line[80];

	(void)state;
	buf_init(&b, 65536);
	memcpy(t.organization, "A \"B\" $C", 9);
	template_text(&t, &b);
	buf_add_u8(&b, 0);
	assert_true(buf_ok(&b));
	assert_non_null(strstr((const char *)b.p, "organization = \"A \\\"B\\\" \\$C\"\n"));
	assert_non_null(strstr((const char *)b.p,
	    "extended-key-usage = \"serverAuth, ipsecIKE\"\n"));
	keys = template_keys(&n);
	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "\n%s = \"", keys[i].name);
		if (strstr((const char *)b.p, line) == NULL)
			fail_msg("%s is not in the file", keys[i].name);
	}
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(all_fit),
		cmocka_unit_test(keys_round_trip),
		cmocka_unit_test(sets_within_ranges),
		cmocka_unit_test(checks_relations),
		cmocka_unit_test(spaces_bound_names),
		cmocka_unit_test(writes_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
