/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair.h - would one peer let the other in?
 *
 * One direction at a time: a holder's certificate, and the product that judges
 * it.  Asks the lints for what that product, and the holder's own, insist on,
 * verify_peer() for a certificate that is signed, and adds only what the two
 * cannot know: the size of the message.  Has no rules of its own about
 * certificates.
 */
#ifndef PROFILE_PAIR_H
#define PROFILE_PAIR_H

#include "profile/lint.h"
#include "profile/verify.h"

struct pair_view {
	const struct cert	*cert;		/* the holder's */
	const struct cert *const *above;	/* CAs above a planned one, nearest first */
	size_t			 nabove;
	size_t			 sent;		/* octets of CA certificates sent along */
	const struct verify_terms *terms;	/* NULL: planned, not signed yet */
	bool			 trust_unknown;	/* terms trust nobody but the holder */
	enum lint_profile	 kind;		/* of an IKE end entity */
	unsigned		 on, seen_by;	/* of enum lint_product: the holder's; the one that judges */
};

struct pair_problem {
	const char		*name;		/* of the lint or of verify's step */
	const char		*source;
	enum lint_severity	 severity;	/* LINT_ERROR: not let in */
	bool			 own;		/* the holder's own product minds */
	bool			 everybody;	/* whoever judges: a rule of no product */
	const char		*detail;	/* names the value; may be "" */
	const char		*consequence, *repair;
};

/* What a problem points at is lent for the call. */
struct pair_report {
	void	(*found)(void *ctx, const struct pair_problem *problem);
	void	*ctx;
};

/* A refusal is a problem, not a fault; no problem: it would be let in. */
MUST_CHECK bool pair_judge(const struct pair_view *v, const struct pair_report *report,
    struct fault *f);

#endif
