/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lints over what the signer is about to sign.
 */
#include "profile/lint.h"
#include "profile/plan.h"

/* The finding that refuses: the first error, or warning where those refuse. */
struct judge {
	enum lint_severity	 least;
	struct fault		*f;
	bool			 refused;
};

static void
judge(void *ctx, const struct lint_finding *x)
{
	struct judge	*j = ctx;

	if (x->severity < j->least || j->refused)
		return;
	j->refused = true;
	fault_set(j->f, FAULT_REFUSED, x->rule->source, "refuse to sign: %s: %s%s%s; %s",
	    x->rule->name, x->advice->field, x->detail[0] == '\0' ? "" : " ", x->detail,
	    x->advice->repair);
}

enum lint_profile
template_lint_profile(const struct template *t)
{
	enum lint_profile	p;

	if (t->management)
		return LINT_CMC_SIGNER;
	return lint_profile_find(t->name, &p) && p != LINT_ROOT_CA && p != LINT_ISSUING_CA ?
	    p : LINT_STRICT;
}

bool
profile_lint_cert(const struct template *t, const struct cert *c,
    const struct cert *const *above, size_t n, struct fault *f)
{
	struct judge			j = { LINT_ERROR, f, false };
	const struct lint_report	report = { judge, &j };
	const struct lint_terms		terms = { .profile = template_lint_profile(t) };

	if (t->lint_warnings == LINT_WARNINGS_REFUSE)
		j.least = LINT_WARN;
	lint_certificate(c, &terms, &report);
	lint_chain(c, above, n, &report);
	return !j.refused;
}
