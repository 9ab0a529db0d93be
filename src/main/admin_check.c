/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin check: would these peers let each other in?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/inventory.h"
#include "base/file.h"
#include "codec/cert.h"
#include "main/admin_check.h"
#include "main/commands.h"
#include "main/objects.h"

#define CHECK_ARENA_MAX	(1u << 30)	/* 10 000 planned certificates */
#define URL_OCTETS_MAX	400

static const struct option options[] = {
	{ "csv", "FILE", NULL, "a list as for admin authorize; - is standard input" },
	{ "template", "NAME", NULL, "template of the rows that name none" },
	{ "dir", "DIR", NULL, "Admin's folder whose devices count as peers, too" },
	{ "key", "KIND", NULL, "key of the planned certificates; by default the template's" },
	{ "set", "KEY=VALUE...", NULL, "what the PKI's templates have otherwise than new ones" },
	{ "url", "URL", NULL, "where the PKI will be" },
	{ "platform", "NAME", "strongswan", "of devices that say none: strongswan, libreswan, "
	    "windows, apple, android, cisco" },
	{ "trust", "FILE...", NULL, "CA certificates: that issue, or that both peers trust" },
	{ "crl", "FILE...", NULL, "CRLs, for two certificates" },
	{ "ocsp", "FILE...", NULL, "OCSP responses, likewise" },
	{ "at", "DATE", NULL, "as of then, as 2026-11-25 or 2026-11-25T08:00:00Z, likewise" },
	{ "revocation", "HOW", "soft", "when it cannot be told: strict refuses, soft warns, "
	    "off does not look" },
	{ "id-a", "ID", NULL, "identity of A, as fqdn:gw1.example; else its certificate's first" },
	{ "id-b", "ID", NULL, "the same of B" },
	{ "platform-a", "NAME", NULL, "platform of A" },
	{ "platform-b", "NAME", NULL, "platform of B" },
	{ "kind-a", "KIND", "s2s-gateway", "what A is: s2s-gateway, ra-gateway, ra-user, "
	    "ra-machine" },
	{ "kind-b", "KIND", "s2s-gateway", "the same of B" },
	{ 0 },
};

bool
check_platform(const char *what, const char *name, unsigned *out, struct fault *f)
{
	struct view	bad;

	return (strchr(name, ',') == NULL && lint_products_find(view_str(name), out, &bad)) ||
	    fault_set(f, FAULT_USAGE, "", "--%s: \"%s\" is none of strongswan, libreswan, windows, "
	    "apple, android, cisco", what, name);
}

/* --- a list ------------------------------------------------------------------------------ */

struct plan_input {
	struct check_plan	 p;
	struct fleet		 fleet, known;
	struct problems		 problems;
	struct objects		 trust;
	struct view		*ders;
	size_t			 nders;
	struct cert		 cas[CHECK_ABOVE_MAX];
	size_t			 ncas;
	struct buf		 file;
};

static bool
read_list(const struct invocation *in, struct plan_input *q, struct fault *f)
{
	const char	*csv = option_value(in, "csv");

	return file_read(strcmp(csv, "-") == 0 ? "/dev/stdin" : csv, &q->file, f);
}

static bool
read_key(const char *word, enum key_kind *out, struct fault *f)
{
	*out = word != NULL ? key_kind_find(word) : KEY_NONE;
	return word == NULL || (*out != KEY_NONE && *out != KEY_RSA_2048 && *out != KEY_RSA_OTHER) ||
	    fault_set(f, FAULT_USAGE, "", "--key %s: want ec-p256, ec-p384, ed25519, rsa-3072 or "
	    "rsa-4096", word);
}

static bool
read_settings(const struct invocation *in, struct check_plan *p, struct fault *f)
{
	const char	*text;

	while ((text = option_nth(in, "set", p->nsettings)) != NULL) {
		if (p->nsettings == CHECK_SETTINGS_MAX)
			return fault_set(f, FAULT_USAGE, "", "more than %d --set", CHECK_SETTINGS_MAX);
		if (!check_setting(text, f))
			return false;
		p->settings[p->nsettings++] = text;
	}
	return true;
}

static bool
read_url(const char *url, const char **out, struct fault *f)
{
	*out = url;
	return url == NULL || (strncmp(url, "http", 4) == 0 && strlen(url) <= URL_OCTETS_MAX) ||
	    fault_set(f, FAULT_USAGE, "", "--url: \"%s\" does not begin with http, or has more than "
	    "%d octets", url, URL_OCTETS_MAX);
}

/* Did c issue another one of the list? */
static bool
is_issuer(const struct plan_input *q, const struct cert *c)
{
	for (size_t i = 0; i < q->ncas; i++)
		if (&q->cas[i] != c && view_equal(q->cas[i].issuer, c->subject))
			return true;
	return false;
}

/* The CA that issues stands below the others; from there up. */
static bool
arrange(struct plan_input *q, struct fault *f)
{
	const struct cert	*at = NULL;

	for (size_t i = 0; i < q->ncas && at == NULL; i++)
		if (!is_issuer(q, &q->cas[i]))
			at = &q->cas[i];
	while (at != NULL && q->p.nabove < q->ncas) {
		const struct cert	*next = NULL;

		q->p.above[q->p.nabove++] = at;
		for (size_t i = 0; i < q->ncas && !cert_is_self_issued(at); i++)
			if (view_equal(q->cas[i].subject, at->issuer))
				next = &q->cas[i];
		at = next;
	}
	return q->p.nabove == q->ncas || fault_set(f, FAULT_USAGE, "", "--trust: %zu CA "
	    "certificates, and not one chain: give the CA that issues and those above it", q->ncas);
}

static bool
read_above(const struct invocation *in, struct plan_input *q, struct fault *f)
{
	const char	*path;

	for (size_t i = 0; (path = option_nth(in, "trust", i)) != NULL; i++)
		if (!objects_read(&q->trust, path, f))
			return false;
	if (!objects_of_kind(&q->trust, OBJECT_CERTIFICATE, &q->ders, &q->nders, f))
		return false;
	if (q->nders > CHECK_ABOVE_MAX)
		return fault_set(f, FAULT_USAGE, "", "--trust: %zu CA certificates, up to %d are taken",
		    q->nders, CHECK_ABOVE_MAX);
	for (; q->ncas < q->nders; q->ncas++) {
		if (!cert_decode(q->ders[q->ncas], &q->cas[q->ncas], f))
			return fault_within(f, "--trust");
		if (!q->cas[q->ncas].is_ca)
			return fault_set(f, FAULT_USAGE, "", "--trust: certificate %zu is none of a CA",
			    q->ncas + 1);
	}
	return arrange(q, f);
}

static bool
read_known(const struct invocation *in, struct arena *a, struct fleet *out, struct fault *f)
{
	struct inventory	inv = { .a = a };

	if (option_value(in, "dir") == NULL)
		return true;
	return inventory_load(option_value(in, "dir"), a, &inv, f) &&
	    inventory_fleet(&inv, out, f);
}

static bool
read_plan(const struct invocation *in, struct arena *a, struct plan_input *q, struct fault *f)
{
	struct check_plan	*p = &q->p;

	q->problems.a = a;
	p->fleet = &q->fleet;
	p->known = &q->known;
	p->now = (int64_t)time(NULL);
	if (!check_platform("platform", option_value(in, "platform"), &p->platform, f) ||
	    !read_key(option_value(in, "key"), &p->key, f) || !read_settings(in, p, f) ||
	    !read_url(option_value(in, "url"), &p->url, f) || !objects_init(&q->trust, f) ||
	    !read_above(in, q, f) || !read_list(in, q, f) ||
	    !fleet_read(buf_view(&q->file), option_value(in, "template"), &q->problems, &q->fleet,
	    f) || !read_known(in, a, &q->known, f))
		return false;
	if (q->problems.total > 0)
		return true;
	return (p->topology = topology_new(&q->fleet, &q->known, &q->problems, f)) != NULL;
}

static bool
check_list(const struct invocation *in, struct check *c, struct problems *wrong,
    struct fault *f)
{
	struct plan_input	*q = arena_alloc(c->a, sizeof(*q));
	bool			 ok;

	if (q == NULL)
		return arena_fault(f);
	buf_init(&q->file, CSV_FILE_MAX);
	ok = read_plan(in, c->a, q, f) && (q->problems.total > 0 || check_plan(&q->p, c, f));
	*wrong = q->problems;
	problems_sort(wrong);
	buf_clear(&q->file);
	free(q->ders);
	objects_clear(&q->trust);
	return ok;
}

/* --- the command ---------------------------------------------------------------------------- */

static bool
check_form(const struct invocation *in, struct fault *f)
{
	static const char *const	of_pair[] = { "crl", "ocsp", "at", "id-a", "id-b", "platform-a",
		"platform-b", NULL };
	static const char *const	of_list[] = { "template", "dir", "key", "set", "url", NULL };
	bool				listed = option_given(in, "csv");

	if (listed ? in->nargs > 0 : in->nargs != 2)
		return fault_set(f, FAULT_USAGE, "", "want --csv FILE, or two files of certificates");
	for (const char *const *each = listed ? of_pair : of_list; *each != NULL; each++) {
		const char	*name = *each;

		if (option_given(in, name))
			return fault_set(f, FAULT_USAGE, "", "--%s is for %s", name, listed ?
			    "two files" : "--csv");
	}
	return true;
}

/* 0: all would connect; 1: some would not, or bad input; 3: with warnings. */
static int
end(const struct invocation *in, const struct check *c, struct problems *wrong)
{
	if (wrong->total > 0)
		return check_print_wrong(in, wrong);
	check_print(in, c);
	return c->refused > 0 ? EXIT_FAILED : c->warned > 0 ? EXIT_PARTIAL : EXIT_DONE;
}

static int
run(const struct invocation *in)
{
	static struct problems	wrong;
	struct arena		*a = arena_new(CHECK_ARENA_MAX);
	struct check		 c;
	struct fault		 f = { 0 };
	int			 rc;

	wrong = (struct problems){ 0 };
	if ((a != NULL || arena_fault(&f)) && check_form(in, &f) && check_init(&c, a, &f) &&
	    (in->nargs == 2 ? check_files(in, &c, &f) : check_list(in, &c, &wrong, &f)))
		rc = end(in, &c, &wrong);
	else
		rc = command_fail(in, &f, f.kind == FAULT_USAGE ? "pki4ipsec admin check --help" :
		    NULL);
	arena_free(a);
	return rc;
}

const struct command cmd_admin_check = {
	.group = "admin", .name = "check", .args = "[A B]", .max_args = 2,
	.help = "would these peers let each other in?",
	.options = options, .run = run,
};
