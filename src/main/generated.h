/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generated.h - an enrolment that an Admin carries out for a device, and how
 * far it has come.
 *
 * DIR/generated/HASH.p7m, one file per authorization, is enveloped for the
 * Admin's own certificate: the device's key is on no disk in the clear until
 * its bundle is written.  Replaced as a whole at each step, gone at the end.
 */
#ifndef MAIN_GENERATED_H
#define MAIN_GENERATED_H

#include "admin/home.h"
#include "peer/enroll_state.h"

#define GENERATED_MAX	(64u << 10)	/* a key and a chain */

struct generated {
	struct key		*key;		/* NULL: none yet, or others have it */
	struct enroll_state	 st;		/* x and certs, once answered... */
	bool			 answered;	/* ...and then only the confirmation is missing */
};

/* The PKI has put the request aside for a person (peer/wait.h): st.wait, and x to go on. */
bool	generated_waits(const struct generated *g);

void	generated_init(struct generated *g);
void	generated_clear(struct generated *g);

/* What an earlier run left for this authorization; *found tells. */
MUST_CHECK bool generated_load(const struct admin *a, const char *id, struct generated *g,
    bool *found, struct fault *f);
/* g->key is there, unless others have it; then something was answered. */
MUST_CHECK bool generated_save(const struct admin *a, const char *id,
    const struct generated *g, struct fault *f);
MUST_CHECK bool generated_drop(const struct admin *a, const char *id, struct fault *f);

/* The content of such a file, once it is open. */
MUST_CHECK bool generated_decode(struct view text, struct generated *g, struct fault *f);

#endif
