/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - would an IKE daemon with this identity be accepted?
 *
 * Path validation by RFC 5280, 6 and the rules of RFC 4945 for who may be a
 * peer: identity, keyUsage, extendedKeyUsage, algorithms, revocation.  All
 * checks are run, so that whoever repairs a certificate sees everything at
 * once; the first that fails gives the reason.  Nothing is fetched, and whether
 * the peer has the private key is not known here.
 */
#ifndef PROFILE_VERIFY_H
#define PROFILE_VERIFY_H

#include "crypt/path.h"
#include "profile/ike_id.h"
#include "profile/revocation.h"

struct cert;

/* What happens when it cannot be told whether a certificate is revoked. */
enum verify_revocation {
	VERIFY_STRICT = 0,	/* zeroed terms refuse */
	VERIFY_SOFT,		/* go on, with a warning */
	VERIFY_OFF,		/* do not ask at all */
};

/* "strict", "soft", "off" */
bool	verify_revocation_find(const char *word, enum verify_revocation *out);

struct verify_terms {
	struct view		 leaf;
	const struct view	*intermediates;	/* in any order, also unrelated ones */
	size_t			 nintermediates;
	const struct view	*anchors;	/* roots or intermediates */
	size_t			 nanchors;
	const struct view	*crls;
	size_t			 ncrls;
	const struct view	*ocsp;
	size_t			 nocsp;
	const struct ike_id	*id;		/* NULL: whoever it is */
	enum verify_revocation	 revocation;
	const char *const	*policies;	/* dotted; one of them is demanded */
	size_t			 npolicies;
	int64_t			 at;		/* unix seconds */
};

enum verify_mark { VERIFY_FAILED = 0, VERIFY_WARNED, VERIFY_PASSED, VERIFY_SKIPPED };

#define VERIFY_STEPS_MAX	64
#define VERIFY_TEXT_MAX		1024

struct verify_step {
	const char	*check;		/* "v_ku" */
	const char	*reason;	/* "ku": stable word when it failed */
	const char	*rule;		/* "RFC 4945, 5.1.3.2" */
	enum verify_mark mark;
	size_t		 depth;		/* of the certificate; 0: the leaf */
	char		 text[VERIFY_TEXT_MAX];
};

struct verify_result {
	bool			 accepted;	/* zeroed memory refuses */
	const char		*reason;	/* of the first failed step; NULL if accepted */
	struct verify_step	 steps[VERIFY_STEPS_MAX];
	size_t			 n;
	struct path_found	 path;
};

#define VERIFY_PATHS_MAX	32	/* tried before a refusal stands */

/*
 * If one path is refused others are tried, and one that is accepted counts;
 * *out is about that one, else about the first.
 *
 * A refusal is an answer, not a fault: FAULT_MALFORMED is for lists that cannot
 * be read.  *out is to be cleared either way.
 */
MUST_CHECK bool verify_peer(const struct verify_terms *t, struct verify_result *out,
    struct fault *f);
void	verify_result_clear(struct verify_result *r);

/*
 * What a holder's certificate must be by itself to serve in IKE, or (not for
 * ike) to sign at all: version, no CA, known critical extensions, keyUsage,
 * extendedKeyUsage, algorithms.  For the Peer's look at what it was given.
 */
MUST_CHECK bool verify_holder(const struct cert *c, bool for_ike, struct fault *f);

#endif
