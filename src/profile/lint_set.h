/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_set.h - rules that need many certificates and CRLs at once: who issued
 * whom, which names and keys meet twice.
 *
 * Issuers are looked for in the set alone.  Costs n log n comparisons and one
 * signature to verify for each member whose issuer is there.
 */
#ifndef PROFILE_LINT_SET_H
#define PROFILE_LINT_SET_H

#include "profile/lint.h"

struct lint_member {
	struct view	 der;
	bool		 is_crl;	/* else a certificate */
};

struct lint_set_report {
	/* which: index of the member the finding is about */
	void	(*found)(void *ctx, size_t which, const struct lint_finding *finding);
	void	*ctx;
};

/* Members that do not decode are passed over. */
MUST_CHECK bool lint_set(const struct lint_member *list, size_t n,
    const struct lint_set_report *report, struct fault *f);

#endif
