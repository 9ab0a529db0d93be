/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readable templates: each mistake with its line and words, all of them in one
 * reading; the settings that say what a template says and no more; and what
 * comes of the starting templates.
 *
 * R4809-3.2.4.2-1: a file without a policy for renewal and for update is no template,
 *   mistakes_are_named; tests/fault/operator.sh: it is not put in use
 *
 * R4945-5.1.3.12-5, R4809-2.1.2-6 (both sides read the same artefact),
 * R4809-3.6.1-16 (by default without EKU, and with it where the template says)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/cert_ext.h"
#include "profile/template_file.h"
#include "profile/template_sample.h"

#define NOW	INT64_C(1795500000)
#define POLICY	"renewal = \"yes\"\nupdate = \"no\"\n"
#define LEN(a)	(sizeof(a) / sizeof((a)[0]))

/* All that is said, as "LINE: TEXT\n". */
static void
said(const struct template_problems *p, char *out, size_t n)
{
	size_t	used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->n; i++)
		used += (size_t)snprintf(out + used, n - used, "%s%u: %s", i > 0 ? "\n" : "",
		    p->list[i].line, p->list[i].text);
}

struct case_of_file {
	const char	*label, *text, *want;	/* want "": good */
};

/* As they are... */
static const struct case_of_file	whole[] = {
	{ "no policy", "name = \"gw\"\n",
	    "0: the key renewal is missing: want a line renewal = \"yes\" or renewal = \"no\", "
	    "RFC 4809, 3.2.4.2\n"
	    "0: the key update is missing: want a line update = \"yes\" or update = \"no\", "
	    "RFC 4809, 3.2.4.2" },
	{ "no policy of renewal", "name = \"gw\"\nupdate = \"no\"\nrenewal-by = \"peer\"\n",
	    "0: the key renewal is missing: want a line renewal = \"yes\" or renewal = \"no\", "
	    "RFC 4809, 3.2.4.2" },
	{ "no policy of updates", "name = \"gw\"\nrenewal = \"no\"\n",
	    "0: the key update is missing: want a line update = \"yes\" or update = \"no\", "
	    "RFC 4809, 3.2.4.2" },
	{ "all at once", "name = \"gw\"\nvalidity = \"6y\"\nrenewal = \"true\"\nx = 1\n",
	    "2: validity = \"6y\", permitted is 5m ... 1825d\n"
	    "3: renewal = \"true\", permitted is yes or no\n"
	    "4: a template has no key \"x\"\n"
	    "0: the key update is missing: want a line update = \"yes\" or update = \"no\", "
	    "RFC 4809, 3.2.4.2" },
};

/* ...and with the policy that each file states. */
static const struct case_of_file	files[] = {
	{ "nothing but a name and the policy", "name = \"gw\"\n", "" },
	{ "comments, blanks, CRLF, bare and single-quoted values",
	    "# one\r\n\r\n// two\r\nname = gw # three\r\nvalidity='90d'\r\n", "" },
	{ "a backslash takes what follows", "name = \"gw\"\norganization = \"A \\\"B\\\" \\$C\"\n",
	    "" },
	{ "no name", "validity = \"90d\"\n", "0: the key name is missing" },
	{ "no such key", "name = \"gw\"\nvalid = \"90d\"\n",
	    "2: a template has no key \"valid\"; is \"validity\" meant?" },
	{ "no such key, nothing near", "name = \"gw\"\n\ncolour = \"blue\"\n",
	    "3: a template has no key \"colour\"" },
	{ "twice", "name = \"gw\"\nvalidity = \"90d\"\nvalidity = \"91d\"\n",
	    "3: validity stands in line 2 already" },
	{ "no sign", "name = \"gw\"\nvalidity 90d\n", "2: want key = \"value\"" },
	{ "no value", "name = \"gw\"\nvalidity =\n", "2: no value; want \"\" for an empty one" },
	{ "no closing quote", "name = \"gw\"\nvalidity = \"90d\n",
	    "2: a value without its closing quote" },
	{ "something behind", "name = \"gw\"\nkeys = ec-p256, ed25519\n",
	    "2: something behind the value: put it in quotes" },
	{ "not UTF-8", "name = \"gw\"\norganization = \"Z\xfcrich\"\n",
	    "2: a value that is not UTF-8" },
	{ "lifetime out of range", "name = \"gw\"\nvalidity = \"6y\"\n",
	    "2: validity = \"6y\", permitted is 5m ... 1825d" },
	{ "letter for digit", "name = \"gw\"\nmax-entries = \"1O\"\n",
	    "2: max-entries = \"1O\", permitted is 1 ... 10000" },
	{ "unknown kind of key", "name = \"gw\"\nkeys = \"ec-p256, dsa\"\n",
	    "2: keys = \"ec-p256, dsa\", permitted is any of ec-p256, ec-p384, ed25519, rsa-2048, "
	    "rsa-3072, rsa-4096" },
	{ "unknown purpose", "name = \"gw\"\nextended-key-usage = \"codeSigning\"\n",
	    "2: extended-key-usage = \"codeSigning\", permitted is any of serverAuth, clientAuth, "
	    "ipsecIKE, ikeIntermediate, cmcRA, or empty" },
	{ "purposes without ipsecIKE", "name = \"gw\"\nextended-key-usage = \"serverAuth\"\n",
	    "0: template gw: extended-key-usage lacks ipsecIKE, RFC 4945, 5.1.3.12" },
	{ "an identity of no kind", "name = \"gw\"\nidentities = \"fqdn, dn\"\n",
	    "2: identities = \"fqdn, dn\", permitted is any of fqdn, email, ipv4, ipv6" },
	{ "no identity at all", "name = \"gw\"\nrequired-identities = \"\"\n",
	    "0: template gw: required-identities is empty, RFC 4945, 5.1.3.6" },
	{ "a policy that is no OID", "name = \"gw\"\npolicy = \"1..3\"\n",
	    "2: policy = \"1..3\", permitted is a dotted OID, or empty" },
	{ "no address of CRLs", "name = \"gw\"\ncrl-pointer = \"no\"\n",
	    "0: template gw: crl-pointer = \"no\": nobody could learn of a revocation, "
	    "RFC 4809, 3.7.3" },
	{ "no address of the issuer", "name = \"gw\"\nissuer-pointer = \"no\"\n",
	    "0: template gw: issuer-pointer = \"no\": authorityInfoAccess with caIssuers is a "
	    "must, RFC 4809, 3.7.3" },
	{ "a tick of the clock", "name = \"gw\"\nrenewal-by = \"nobody\"\n",
	    "2: renewal-by = \"nobody\", permitted is peer, admin or either" },
};

static void
test_first_problem(void **state)
{
	static const struct {
		const char	*text, *want;
	} cases[] = {
		{ "name = \"gw\"\nrenewal = \"no\"\n", "the key update is missing: want a line "
		    "update = \"yes\" or update = \"no\", RFC 4809, 3.2.4.2" },
		{ "name = \"gw\"\nrenewal = \"no\"\nupdate = \"x\"\n",
		    "line 3: update = \"x\", permitted is yes or no" },
		{ "name = \"gw\"\nx = 1\nrenewal = \"no\"\n",
		    "line 2: a template has no key \"x\"; and more: look" },
	};
	static struct template_problems	p;
	struct template			t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault	f = { 0 };

		assert_false(template_read(view_str(cases[i].text), NULL, &t, &p));
		assert_false(template_first_problem(&p, "look", &f));
		assert_string_equal(f.text, cases[i].want);
	}
}

static void
check_file(const struct case_of_file *c, const char *policy)
{
	static struct template_problems	p;
	struct template			t;
	char				text[4096], file[4096];
	bool				ok;

	snprintf(file, sizeof(file), "%s%s", c->text, policy);
	ok = template_read(view_str(file), NULL, &t, &p);
	said(&p, text, sizeof(text));
	if (ok != (c->want[0] == '\0') || strcmp(text, c->want) != 0)
		fail_msg("%s: \"%s\"", c->label, text);
}

static void
mistakes_are_named(void **state)
{
	static struct template_problems	p;
	struct template			t;
	char				text[4096];

	(void)state;
	for (size_t i = 0; i < LEN(whole); i++)
		check_file(&whole[i], "");
	for (size_t i = 0; i < LEN(files); i++)
		check_file(&files[i], POLICY);
	assert_false(template_read(VIEW_LIT("name = \"gw\"\n" POLICY), "gw2", &t, &p));
	said(&p, text, sizeof(text));
	assert_string_equal(text, "1: name = \"gw\" is not the file's name");
}

/* More than there is room for: counted all the same. */
static void
many_mistakes(void **state)
{
	static struct template_problems	p;
	struct template			t;
	struct buf			b;

	(void)state;
	buf_init(&b, 65536);
	for (int i = 0; i < 1000; i++)
		buf_add_str(&b, "?\n");
	assert_false(template_read(buf_view(&b), "gw", &t, &p));
	assert_int_equal(p.n, TEMPLATE_PROBLEMS_MAX);
	assert_int_equal(p.total, 1000 + 2);	/* and no policy */
	buf_clear(&b);
}

static struct template
started(const char *name)
{
	struct template	t;
	struct fault	f = { 0 };

	if (!template_start(name, "Example VPN", &t, &f))
		fail_msg("%s: %s", name, f.text);
	return t;
}

/* The file and the settings of each starting template give it back. */
static void
settings_round_trip(void **state)
{
	static struct template_problems	p;
	struct buf			one, two, file;
	struct fault			f = { 0 };

	(void)state;
	buf_init(&one, TEMPLATE_FILE_MAX);
	buf_init(&two, TEMPLATE_FILE_MAX);
	buf_init(&file, TEMPLATE_FILE_MAX);
	for (size_t i = 0; template_names[i] != NULL; i++) {
		struct template	t = started(template_names[i]), back, again;

		buf_reset(&one);
		buf_reset(&two);
		buf_reset(&file);
		t.version = 7;
		template_settings(&t, &one);
		if (!template_of_settings(buf_view(&one), view_str(t.name), 7, &back, &f))
			fail_msg("%s: %s", t.name, f.text);
		template_settings(&back, &two);
		assert_true(view_equal(buf_view(&one), buf_view(&two)));
		assert_int_equal(back.version, 7);
		template_text(&t, &file);
		assert_true(template_read(buf_view(&file), t.name, &again, &p));
		assert_true(template_same_text(&back, buf_view(&file), &f));
		assert_int_equal(again.eku, t.eku);
		assert_int_equal(again.validity_seconds, t.validity_seconds);
	}
	buf_clear(&one);
	buf_clear(&two);
	buf_clear(&file);
}

/* What is as in a new gateway is left out, so that later keys change no digest. */
static void
settings_are_differences(void **state)
{
	struct template	t = started("s2s-gateway");
	struct buf	b;

	(void)state;
	buf_init(&b, TEMPLATE_FILE_MAX);
	template_settings(&t, &b);
	buf_add_u8(&b, 0);
	assert_string_equal((const char *)b.p, "organization = \"Example VPN\"\n");
	buf_clear(&b);
}

static void
count_difference(void *ctx, const struct template_key *k, const char *a, const char *b)
{
	size_t	*n = ctx;

	(*n)++;
	assert_string_equal(k->name, "validity");
	assert_string_equal(a, "365d");
	assert_string_equal(b, "100d");
}

static void
differences(void **state)
{
	struct template	a = started("s2s-gateway"), b = a;
	struct fault	f = { 0 };
	struct buf	text;
	size_t		n = 0;

	(void)state;
	b.version = 9;
	b.validity_seconds = 100 * 86400;
	template_diff(&a, &b, count_difference, &n);
	assert_int_equal(n, 1);
	buf_init(&text, TEMPLATE_FILE_MAX);
	b.version = a.version;
	template_text(&b, &text);
	assert_false(template_same_text(&a, buf_view(&text), &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_string_equal(f.text, "the readable part was changed: validity is \"100d\" there and "
	    "\"365d\" in what is signed");
	buf_clear(&text);
}

static void
no_worse_than_notice(void *ctx, const struct lint_finding *x)
{
	if (x->severity > LINT_INFO)
		fail_msg("%s: %s %s", (const char *)ctx, x->rule->name, x->detail);
}

/* The profile's gateways bear no EKU; those for Windows and Apple what these want. */
static void
starting_templates_are_clean(void **state)
{
	static const struct { const char *name; unsigned eku; } ekus[] = {
		{ "s2s-gateway", 0 },
		{ "ra-gateway", EKU_SERVER_AUTH | EKU_IPSEC_IKE },
	};
	struct fault	f = { 0 };

	(void)state;
	for (size_t i = 0; template_names[i] != NULL; i++) {
		struct template		 t = started(template_names[i]);
		const struct lint_report report = { no_worse_than_notice, t.name };

		if (!template_sample_lint(&t, NOW, &report, &f))
			fail_msg("%s: %s", t.name, f.text);
	}
	for (size_t i = 0; i < LEN(ekus); i++) {
		struct template	 t = started(ekus[i].name);
		struct arena	*a = arena_new(1u << 20);
		struct view	 der;
		struct cert	 c;

		assert_true(template_sample(&t, NOW, a, &der, &f) && cert_decode(der, &c, &f));
		assert_int_equal(c.has_eku, ekus[i].eku != 0);
		assert_int_equal(c.eku, ekus[i].eku);
		arena_free(a);
	}
}

static void
note_error(void *ctx, const struct lint_finding *x)
{
	*(size_t *)ctx += x->severity >= LINT_WARN;
}

/* A template that fits its ranges, whose certificates a product would refuse. */
static void
samples_show_trouble(void **state)
{
	struct template			 t = started("ra-gateway");
	size_t				 n = 0;
	const struct lint_report	 report = { note_error, &n };
	struct fault			 f = { 0 };

	(void)state;
	t.eku = EKU_IPSEC_IKE;		/* no serverAuth: Windows refuses */
	assert_true(template_sample_lint(&t, NOW, &report, &f));
	assert_true(n > 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_first_problem),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(many_mistakes),
		cmocka_unit_test(settings_round_trip),
		cmocka_unit_test(settings_are_differences),
		cmocka_unit_test(differences),
		cmocka_unit_test(starting_templates_are_clean),
		cmocka_unit_test(samples_show_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
