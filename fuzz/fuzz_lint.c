/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_lint.c - any certificate or CRL under every rule of the profile; the
 * first octet says which of the two.  Findings are text and are counted
 * right.
 */
#include <stdlib.h>

#include "base/text.h"
#include "codec/cert.h"
#include "codec/crl.h"
#include "profile/lint_set.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
found(void *ctx, const struct lint_finding *x)
{
	size_t	at;

	if (x->rule->name[0] == '\0' || x->rule->source[0] == '\0' || x->detail == NULL ||
	    x->advice->name[0] == '\0' || !utf8_valid(view_str(x->detail), &at))
		abort();
	*(size_t *)ctx += x->severity == LINT_ERROR;
}

static void
found_in_set(void *ctx, size_t which, const struct lint_finding *x)
{
	size_t	errors = 0;

	found(&errors, x);
	if (which >= *(size_t *)ctx)
		abort();
}

static void
set(struct view der, bool is_crl)
{
	const struct lint_member	list[] = { { der, is_crl }, { der, is_crl } };
	size_t				n = 2;
	const struct lint_set_report	r = { found_in_set, &n };
	struct fault			f = { 0 };

	if (!lint_set(list, n, &r, &f))
		abort();
}

static void
undecoded(struct view der, const struct fault *f)
{
	size_t				errors = 0;
	const struct lint_report	r = { found, &errors };

	if (lint_undecoded(der, f, &r) == 0)
		abort();	/* what cannot be read is an error */
}

static void
certificate(struct view der)
{
	size_t			 errors = 0, told = 0;
	struct lint_report	 r = { found, &errors };
	struct lint_terms	 terms = { 0 };
	struct identity		 id;
	struct cert		 c;
	const struct cert	*above[] = { &c, &c };
	struct fault		 f = { 0 };

	set(der, false);
	if (!cert_decode(der, &c, &f)) {
		undecoded(der, &f);
		return;
	}
	if (!identity_parse(IDENTITY_FQDN, VIEW_LIT("gw1.example"), &id, &f))
		abort();
	for (enum lint_profile p = 0; p < LINT_PROFILES; p++) {
		terms = (struct lint_terms){ p, p % 2 ? &id : NULL, p % 3 ? 0 : 63, p == 4 };
		told += lint_certificate(&c, &terms, &r);
	}
	told += lint_issuer(&c, &c, &r) + lint_chain(&c, above, 2, &r);
	told += lint_request(c.subject, c.spki, &c.extensions, der, &terms, &r);
	if (told != errors)
		abort();
}

static void
list(struct view der)
{
	size_t			errors = 0;
	struct lint_report	r = { found, &errors };
	struct crl		c;
	struct fault		f = { 0 };

	set(der, true);
	if (!crl_decode(der, &c, &f))
		undecoded(der, &f);
	else if (lint_crl(&c, &r) != errors)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	if (p[0] % 2 == 0)
		certificate(view_of(p + 1, n - 1));
	else
		list(view_of(p + 1, n - 1));
	return 0;
}
