/* SPDX-License-Identifier: Apache-2.0 */
/*
 * constraints.h - nameConstraints (RFC 5280, 4.2.1.10): read, and held against
 * the names of a certificate.
 *
 * Names of a kind that cannot be compared here (otherName, x400Address,
 * ediPartyName, registeredID) are outside as soon as a subtree of their kind
 * exists.  Does not look at paths: which certificates are to be held against
 * which constraints is the caller's knowledge.
 */
#ifndef PROFILE_CONSTRAINTS_H
#define PROFILE_CONSTRAINTS_H

#include "codec/cert.h"

#define SUBTREES_MAX	64	/* more has no CA that people administer */

struct subtree {
	bool			 excluded;
	struct general_name	 base;
	bool			 bounded;	/* a minimum or maximum stands there */
};

struct name_constraints {
	size_t		 n;
	struct subtree	 list[SUBTREES_MAX];
};

/* value: of the extension. */
MUST_CHECK bool constraints_decode(struct view value, struct name_constraints *out,
    struct fault *f);

/*
 * Are subject and subjectAltName of c inside?  FAULT_REFUSED names the name
 * and the subtree.
 */
MUST_CHECK bool constraints_allow(const struct name_constraints *nc,
    const struct cert *c, struct fault *f);

#endif
