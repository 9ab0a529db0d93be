/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocation.h - is this certificate revoked, good, or can it not be told?
 *
 * Weighs CRLs, delta CRLs and OCSP responses that are at hand: signature,
 * dates, scope.  Whoever says revoked is believed before all others (RFC 4945,
 * 5.2.1), also in a CRL that is too old; good counts only while it is fresh.
 * A delta is taken with a base it fits to, never for the whole; alone it can
 * say revoked and nothing else.  Fetches nothing.
 */
#ifndef PROFILE_REVOCATION_H
#define PROFILE_REVOCATION_H

#include "base/fault.h"
#include "base/view.h"

struct cert;

enum revocation {
	REVOCATION_UNKNOWN = 0,		/* zeroed memory knows nothing */
	REVOCATION_GOOD,
	REVOCATION_REVOKED,
};

struct revocation_sources {
	const struct view	*crls;		/* DER, full and delta */
	size_t			 ncrls;
	const struct view	*ocsp;		/* OCSPResponse, DER */
	size_t			 nocsp;
	int64_t			 at;		/* unix seconds */
};

#define REVOCATION_WHY_MAX	640

struct revocation_state {
	enum revocation	 status;
	bool		 wrong_scope;	/* unknown, and a CRL for others was there */
	bool		 denied;	/* unknown: an OCSP responder said so */
	char		 why[REVOCATION_WHY_MAX];	/* the source, or why none counts */
};

void	revocation_find(const struct revocation_sources *s, const struct cert *c,
	    const struct cert *issuer, struct revocation_state *out);

#endif
