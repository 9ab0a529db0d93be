/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint: do these certificates, CRLs and requests fit the IKE profile?
 */
#include <stdio.h>

#include "main/commands.h"
#include "main/lint_run.h"

static const struct option options[] = {
	{ "url", "URL", NULL, "fetch one more by http or https" },
	{ "for", "LIST", NULL, "products that count: windows, apple, android, strongswan, "
	    "libreswan, cisco" },
	{ "kind", "KIND", NULL, "what the certificates are: strict, s2s-gateway, ra-gateway, "
	    "ra-user, ra-machine, root-ca, issuing-ca, ocsp-signer, cmc-signer" },
	{ "id", "ID", NULL, "identity the certificates should prove, as fqdn:gw1.example" },
	{ "list", NULL, NULL, "show all rules and do nothing" },
	{ 0 },
};

static bool
read_terms(const struct invocation *in, struct lint_run *r, struct identity *id,
    struct fault *f)
{
	const char	*kind = option_value(in, "kind"), *products = option_value(in, "for");
	const char	*identity = option_value(in, "id");
	struct view	 bad;

	r->guess = kind == NULL;
	if (kind != NULL && !lint_profile_find(kind, &r->terms.profile))
		return fault_set(f, FAULT_USAGE, "", "there is no kind \"%s\"", kind);
	if (products != NULL && !lint_products_find(view_str(products), &r->terms.products,
	    &bad))
		return fault_set(f, FAULT_USAGE, "", "no rules for \"%.*s\"", (int)bad.n,
		    (const char *)bad.p);
	if (identity == NULL)
		return true;
	r->terms.intended = id;
	return identity_parse_tagged(view_str(identity), id, f);
}

static bool
read_objects(const struct invocation *in, struct objects *o, struct fault *f)
{
	const char	*url = option_value(in, "url");

	if (in->nargs == 0 && url == NULL)
		return fault_set(f, FAULT_USAGE, "", "nothing to look at");
	for (size_t i = 0; i < in->nargs; i++)
		if (!objects_read(o, in->args[i], f))
			return false;
	return url == NULL || objects_fetch(o, url, f);
}

/* 0: at most notices; 1: an error, or something that cannot be read; 3: warnings. */
static int
run(const struct invocation *in)
{
	struct lint_run	 r = { 0 };
	struct objects	 o = { 0 };
	struct identity	 id;
	struct fault	 f = { 0 };
	int		 rc;

	if (option_given(in, "list")) {
		lint_print_rules(in->json);
		return EXIT_DONE;
	}
	r.objects = &o;
	if (!objects_init(&o, &f) || !read_terms(in, &r, &id, &f) ||
	    !read_objects(in, &o, &f) || !lint_run(&r, in, &f)) {
		rc = command_fail(in, &f, f.kind == FAULT_USAGE ? "pki4ipsec lint --help" : NULL);
	} else {
		if (in->json)
			lint_print_json(&r);
		else
			lint_print_text(&r, in->quiet, in->verbose);
		rc = r.counts[LINT_ERROR] > 0 ? EXIT_FAILED :
		    r.counts[LINT_WARN] > 0 ? EXIT_PARTIAL : EXIT_DONE;
	}
	lint_run_clear(&r);
	objects_clear(&o);
	return rc;
}

const struct command cmd_lint = {
	.name = "lint", .args = "FILE|DIR|-...", .max_args = ARGUMENTS_MAX,
	.help = "do certificates, CRLs and requests fit the IKE profile?",
	.options = options, .run = run,
};
