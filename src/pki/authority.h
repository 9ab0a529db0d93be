/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authority.h - the certificates of this PKI itself, and where they lie.
 *
 * Public objects only: the private keys are the signer's.  Certificates are
 * DIR/certs/NAME.pem, keys DIR/keys/NAME.key.pem.  Loaded once, then constant.
 * While a CA's key is rolled over there are two of it (docs/adr/0029), and time
 * says which one issues.
 */
#ifndef PKI_AUTHORITY_H
#define PKI_AUTHORITY_H

#include "codec/cert.h"
#include "pki/rollover.h"
#include "profile/plan.h"

enum authority_id {
	AUTHORITY_ROOT = 0,
	AUTHORITY_IKE,			/* issues to Peers */
	AUTHORITY_MANAGEMENT,		/* issues to Admins and the HTTPS server */
	AUTHORITY_IKE_NEXT,		/* the younger of two, if there are two */
	AUTHORITY_MANAGEMENT_NEXT,
	AUTHORITY_CMC,			/* signs answers */
	AUTHORITY_OCSP,
	AUTHORITY_HTTPS,
};
#define AUTHORITIES	8
#define AUTHORITY_CAS	5		/* the first five issue, and have CRLs */
#define ROOT_CRL_SECONDS (180 * 86400)	/* the root may be off line for long */

enum ca_phase { CA_ANNOUNCED = 0, CA_IN_USE = 1, CA_OLD = 2, CA_RETIRED = 3 };	/* on disk */

struct authority {
	char			name[32];	/* "ike", "ike-2": files and URLs */
	uint32_t		generation;
	int64_t			from;	/* issues from then on */
	struct buf		der;
	struct cert		cert;
	struct issuer_facts	facts;	/* of CAs, for what they issue */
	struct view		sigalg;	/* of what it signs, by its key */
	char			uris[2][CONFIG_TEXT_MAX + 64];
};

struct authorities {
	struct authority	list[AUTHORITIES];
};

/* "root", "ike", "management", "cmc", "ocsp", "https": what `pki init` makes. */
const char *authority_name(enum authority_id id);
enum ca_role authority_role(enum authority_id id);
enum authority_id authority_issuer(enum authority_id id);	/* its line; root: itself */

/* Is there one?  Only the NEXT ones may be missing. */
bool	authority_is_here(const struct authorities *all, enum authority_id id);
/* AUTHORITY_IKE for either of that line, and so on; of others itself. */
enum authority_id authority_line(enum authority_id id);
enum authority_id authority_next(enum authority_id line);
enum authority_id authority_of_line(enum ca_line line);
/* Which of the line issues at that time? */
enum authority_id authority_in_use(const struct authorities *all, enum authority_id line,
    int64_t now);
enum ca_phase authority_phase(const struct authorities *all, enum authority_id ca, int64_t now);
/* The CA with this Subject and key identifier (ski may be empty); AUTHORITIES: none. */
enum authority_id authority_named(const struct authorities *all, struct view subject,
    struct view ski);

/* One number for each CA there ever was: the journal knows them by it. */
uint8_t	authority_number(const struct authorities *all, enum authority_id ca);
enum authority_id authority_numbered(const struct authorities *all, uint8_t number);

/* Read all certificates.  On success out owns them. */
MUST_CHECK bool authorities_load(const struct pki_config *c, struct authorities *out,
    struct fault *f);
void	authorities_clear(struct authorities *a);

/* Take over DER for one of them; its name and generation stay, or are the first. */
MUST_CHECK bool authority_set(struct authorities *a, enum authority_id id,
    struct view der, const char *repository, struct fault *f);

#endif
