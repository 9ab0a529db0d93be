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

#include "base/buf.h"
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
 * The same without the demands on issuers that X509_STRICT adds, and with what
 * IKE asks for: an anchor may be an intermediate (RFC 4945, 3.2.9.3), CN is no
 * host name, policies are always processed.  Revocation is not looked at.
 */
struct path_terms {
	const struct path	*path;		/* crls and check_crls are not used */
	const char *const	*policies;	/* dotted; one of them is demanded */
	size_t			 npolicies;
};

#define PATH_CHAIN_MAX	(PATH_DEPTH_MAX + 2)
#define PATH_TEXT_MAX	128

struct path_found {
	bool		 valid;
	const char	*reason;	/* stable word: "expired", "no-path"; NULL if valid */
	const char	*rule;		/* "RFC 5280, 6.1.3" */
	char		 text[PATH_TEXT_MAX];	/* the verifier's own words */
	size_t		 depth;		/* of the certificate it is about; 0: the leaf */
	struct buf	 chain[PATH_CHAIN_MAX];	/* DER, leaf first; as far as it came */
	size_t		 n;
};

/*
 * An invalid path is an answer, not a fault.  *out is to be cleared either way.
 */
MUST_CHECK bool path_build(const struct path_terms *t, struct path_found *out,
    struct fault *f);
void	path_found_clear(struct path_found *out);

/*
 * FAULT_REFUSED says in words why there is no valid path, and at which
 * certificate; FAULT_MALFORMED names a list entry that cannot be read.
 */
MUST_CHECK bool path_validate(const struct path *p, struct fault *f);

/*
 * Does the signature of a CRL hold under the issuer's key (RFC 5280, 5.1.1.3)?
 * For the strong keys that pubkey_from_spki() does not take: P-521 and Ed448.
 * false for every other kind, for digests below SHA-256, and for what cannot be
 * read.
 */
bool	path_crl_signed(struct view crl, struct view issuer);

#endif
