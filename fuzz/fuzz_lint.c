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
#include "profile/lint.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
found(void *ctx, const struct lint *rule, enum lint_severity severity,
    const char *detail)
{
	size_t	at;

	if (rule->name[0] == '\0' || rule->source[0] == '\0' || detail == NULL ||
	    !utf8_valid(view_str(detail), &at))
		abort();
	*(size_t *)ctx += severity == LINT_ERROR;
}

static void
certificate(struct view der)
{
	size_t			errors = 0, told = 0;
	struct lint_report	r = { found, &errors };
	struct identity		id;
	struct cert		c;
	struct fault		f = { 0 };

	if (!cert_decode(der, &c, &f))
		return;
	if (!identity_parse(IDENTITY_FQDN, VIEW_LIT("gw1.example"), &id, &f))
		abort();
	for (enum lint_profile p = 0; p < LINT_PROFILES; p++)
		told += lint_certificate(&c, p, p % 2 ? &id : NULL, &r);
	told += lint_issuer(&c, &c, &r);
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

	if (crl_decode(der, &c, &f) && lint_crl(&c, &r) != errors)
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
