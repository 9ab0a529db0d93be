/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own.h - the certificates of the PKI itself: made, and made anew in time.
 *
 * What signs answers, OCSP and HTTPS gets a new certificate for the same key
 * when the last third of its life has begun, or when its CA has a successor in
 * use.  A CA is not renewed: a new one wants a new key and a new name (RFC
 * 4945, 5.1.3.1; roll.h).
 */
#ifndef PKI_OWN_H
#define PKI_OWN_H

#include "crypt/key.h"
#include "pki/authority.h"

/* What is in one of them besides its role. */
struct own_terms {
	const char	*name;		/* of the PKI */
	const char	*url;		/* its host goes into the HTTPS certificate */
	int64_t		 now;
	uint32_t	 generation;	/* of a CA; 0: the first */
};

/*
 * The certificate of id for this key, signed by by, the key of its issuer
 * (of itself for the root), appended to der.  all has the issuer already.
 */
MUST_CHECK bool own_certificate(enum authority_id id, const struct own_terms *t,
    const struct authorities *all, struct view spki, struct key *by, struct buf *der,
    struct fault *f);

/* keys/NAME.key.pem; certs/NAME.pem, at once. */
struct key *own_key(const struct pki_config *c, const char *name, struct fault *f);
MUST_CHECK bool own_write(const struct pki_config *c, const char *name, struct view der,
    struct fault *f);

/* Sets of authorities, bit 1 << id. */
#define OWN_RENEWED	((1u << AUTHORITY_CMC) | (1u << AUTHORITY_OCSP) | (1u << AUTHORITY_HTTPS))

/* Those of OWN_RENEWED that are in the last third of their life, or whose CA no longer issues. */
unsigned own_due(const struct authorities *all, int64_t now);

/*
 * New certificates for those in which; files change one by one, each at once.
 * Reads the keys of the CAs: for a process of its own.
 */
MUST_CHECK bool own_renew(const struct pki_config *c, unsigned which, int64_t now,
    struct fault *f);

#endif
