/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authority.h - the certificates of this PKI itself, and where they lie.
 *
 * Public objects only: the private keys are the signer's.  Certificates are
 * DIR/certs/NAME.pem, keys DIR/keys/NAME.key.pem.  Loaded once, then constant.
 */
#ifndef PKI_AUTHORITY_H
#define PKI_AUTHORITY_H

#include "codec/cert.h"
#include "pki/config.h"
#include "profile/plan.h"

enum authority_id {
	AUTHORITY_ROOT = 0,
	AUTHORITY_IKE,			/* issues to Peers */
	AUTHORITY_MANAGEMENT,		/* issues to Admins and the HTTPS server */
	AUTHORITY_CMC,			/* signs answers */
	AUTHORITY_OCSP,
	AUTHORITY_HTTPS,
};
#define AUTHORITIES	6
#define AUTHORITY_CAS	3		/* the first three issue, and have CRLs */
#define ROOT_CRL_SECONDS (180 * 86400)	/* the root may be off line for long */

struct authority {
	struct buf		der;
	struct cert		cert;
	struct issuer_facts	facts;	/* of the first three, for what they issue */
	struct view		sigalg;	/* of what it signs, by its key */
	char			uris[2][CONFIG_TEXT_MAX + 64];
};

struct authorities {
	struct authority	list[AUTHORITIES];
};

/* "root", "ike", "management", "cmc", "ocsp", "https": files and URLs. */
const char *authority_name(enum authority_id id);
enum ca_role authority_role(enum authority_id id);
enum authority_id authority_issuer(enum authority_id id);	/* root: itself */

/* Read all certificates.  On success out owns them. */
MUST_CHECK bool authorities_load(const struct pki_config *c, struct authorities *out,
    struct fault *f);
void	authorities_clear(struct authorities *a);

/* Take over DER for one of them (pki init, before there are files). */
MUST_CHECK bool authority_set(struct authorities *a, enum authority_id id,
    struct view der, const char *repository, struct fault *f);

#endif
