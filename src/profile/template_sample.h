/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_sample.h - what would come of a template: one certificate of it,
 * for a holder that does not exist, held against the lints.
 *
 * For whoever writes templates.  Makes a key; touches nothing else.
 */
#ifndef PROFILE_TEMPLATE_SAMPLE_H
#define PROFILE_TEMPLATE_SAMPLE_H

#include "base/arena.h"
#include "profile/lint.h"
#include "profile/template.h"

/*
 * Its DER, in the arena, with a signature that is none.  FAULT_REFUSED: no
 * certificate can be made of this template.
 */
MUST_CHECK bool template_sample(const struct template *t, int64_t now, struct arena *a,
    struct view *der, struct fault *f);
/* What the lints find in it, as the signer would run them. */
MUST_CHECK bool template_sample_lint(const struct template *t, int64_t now,
    const struct lint_report *report, struct fault *f);

#endif
