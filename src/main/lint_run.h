/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_run.h - all rules over all objects, and the findings by object.
 */
#ifndef MAIN_LINT_RUN_H
#define MAIN_LINT_RUN_H

#include "base/command.h"
#include "main/objects.h"
#include "profile/lint.h"

struct lint_note {
	size_t			 which;		/* object */
	struct lint_finding	 finding;	/* its detail lies in the arena */
};

struct lint_run {
	const struct objects	*objects;
	struct lint_terms	 terms;
	bool			 guess;		/* the profile, by each certificate */
	struct lint_note	*notes;		/* by object, in the order found */
	size_t			 n, room;
	size_t			 counts[LINT_ERROR + 1];
	size_t			 which;		/* while running */
	bool			 failed;	/* memory ran out */
};

/* guess, terms and objects are given; the rest is filled in. */
MUST_CHECK bool lint_run(struct lint_run *r, const struct invocation *in, struct fault *f);
void	lint_run_clear(struct lint_run *r);

/* The profile an object was judged by. */
enum lint_profile lint_run_profile(const struct lint_run *r, const struct object *o);

void	lint_print_text(const struct lint_run *r, bool quiet, bool verbose);
void	lint_print_json(const struct lint_run *r);
/* All rules: "pki4ipsec lint --list". */
void	lint_print_rules(bool json);

#endif
