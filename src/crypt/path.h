/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h - does a certificate lead to a trust anchor?
 *
 * RFC 5280, 6 by libcrypto's verifier, strict.  For rare paths: it decodes
 * every certificate it is given.  Does not look at names, usages or who is
 * asking.
 */
#ifndef CRYPT_PATH_H
#define CRYPT_PATH_H

#include "base/fault.h"
#include "base/view.h"

#define PATH_CERTS_MAX	64	/* of each list; foreign messages carry a handful */
#define PATH_DEPTH_MAX	8

struct path {
	struct view		 leaf;			/* DER */
	const struct view	*intermediates;		/* untrusted, any order */
	size_t			 nintermediates;
	const struct view	*anchors;		/* self-issued certificates we trust */
	size_t			 nanchors;
	const struct view	*crls;			/* DER */
	size_t			 ncrls;
	bool			 check_crls;		/* every certificate needs a current CRL */
	int64_t			 at;			/* unix seconds */
};

/*
 * FAULT_REFUSED says in words why there is no valid path, and at which
 * certificate; FAULT_MALFORMED names a list entry that cannot be read.
 */
MUST_CHECK bool path_validate(const struct path *p, struct fault *f);

#endif
