/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - what goes into a certificate, and whether it is what it may be.
 *
 * The engine plans a certificate from a template and the terms that were
 * granted; the signer decodes what it is asked to sign and holds it against
 * the same template and terms.  The two ways share the facts of the template
 * and nothing else.  Certificates of the PKI itself (root, issuing CA, CMC
 * responder, OCSP signer, HTTPS server) have one plan each.
 *
 * Does not look at requests, authorizations or clocks: names, serial and
 * times are arguments.  The signature algorithm is the signing key's and is put
 * into the plan by whoever holds that key.  A plan lends what its arguments lend and what it
 * allocates from the arena.
 */
#ifndef PROFILE_PLAN_H
#define PROFILE_PLAN_H

#include "base/arena.h"
#include "profile/lint.h"
#include "profile/template.h"

#define CLOCK_SKEW_SECONDS	300	/* notBefore is set back by this much */
#define SKI_OCTETS		20

/* SHA-1 over the key bits (RFC 5280, 4.2.1.2, method 1): a name, no protection. */
MUST_CHECK bool profile_ski(struct view spki, uint8_t out[SKI_OCTETS], struct fault *f);

/* What the issuing CA puts into everything it issues. */
struct issuer_facts {
	struct view	 name;			/* its Subject, TLV */
	struct view	 ski;			/* its key identifier, octets */
	int64_t		 not_after;		/* nothing outlives its issuer */
	const char	*crl_uri;		/* http; NULL: none */
	const char	*ocsp_uri;
	const char	*issuer_uri;		/* caIssuers */
	const char	*cmc_uri;		/* id-ad-cmc, for the CMC responder */
};

/* What was granted to this one holder. */
struct holder_terms {
	struct view		 subject;	/* TLV; empty: by the template's rule */
	const struct identity	*identities;	/* the first is the IKE identity */
	size_t			 nidentities;
	const char		*label;		/* for TEMPLATE_CN_LABEL; may be NULL */
	int64_t			 not_before;	/* 0: now */
	int64_t			 not_after;	/* 0: by the template; never later */
};

/*
 * The certificate of an end entity.  FAULT_REFUSED names the term outside
 * the template, FAULT_ALGORITHM the key.  serial is 1 ... 20 octets, big
 * endian.
 */
MUST_CHECK bool profile_plan(const struct template *t, const struct holder_terms *h,
    struct view spki, const struct issuer_facts *ca, int64_t now,
    struct view serial, struct arena *a, struct cert_plan *out, struct fault *f);

/* Do the holder's names and times lie within the template? */
MUST_CHECK bool profile_check_terms(const struct template *t,
    const struct holder_terms *h, struct fault *f);
/* Is the key of a kind the template takes? */
MUST_CHECK bool profile_check_key(const struct template *t, struct view spki,
    struct fault *f);

/* The Subject (TLV, in the arena) that profile_plan would write. */
MUST_CHECK bool profile_subject(const struct template *t, const struct holder_terms *h,
    struct arena *a, struct view *out, struct fault *f);

/*
 * Is cert, not yet signed or signed, exactly what profile_plan makes of these
 * terms?  Every field and extension is looked at; what the template does not
 * name is refused.  Does not verify a signature.
 */
MUST_CHECK bool profile_check_cert(const struct template *t,
    const struct holder_terms *h, const struct issuer_facts *ca, int64_t now,
    const struct cert *cert, struct fault *f);

/*
 * All lints over it, and over it under the CAs above, nearest first: an error
 * refuses, a warning too where the template says so.  The fault names the
 * rule, the value and the repair.  No signature is looked at.
 */
MUST_CHECK bool profile_lint_cert(const struct template *t, const struct cert *cert,
    const struct cert *const *above, size_t n, struct fault *f);
/* What certificates of this template are judged as. */
enum lint_profile template_lint_profile(const struct template *t);


/* Certificates of the PKI itself. */
enum ca_role {
	CA_ROLE_ROOT = 0,
	CA_ROLE_IKE,		/* issues to peers, CMC responder, OCSP signer */
	CA_ROLE_MANAGEMENT,	/* issues to Admins and the HTTPS server */
	CA_ROLE_CMC_RESPONDER,	/* bears the issuing CA's Subject */
	CA_ROLE_OCSP_SIGNER,
	CA_ROLE_HTTPS_SERVER,
};

/* "root-ca", "issuing-ca", "management-ca", "cmc-signer", "ocsp-signer", "https-server". */
const char *ca_role_name(enum ca_role role);
int64_t	ca_role_validity_seconds(enum ca_role role);

struct ca_terms {
	enum ca_role	 role;
	const char	*name;		/* the PKI's name: O, and CN is made from it */
	const char	*country;	/* two letters, or NULL */
	uint32_t	 generation;	/* "G1": one name per key */
	const char	*host;		/* HTTPS server: DNS name or address literal */
	int64_t		 validity_seconds;	/* 0: the role's own */
};

/*
 * The certificate of this role.  For the root ca is NULL.  For the CMC responder and the OCSP signer ca is the
 * issuing CA, for the HTTPS server the management CA.
 */
MUST_CHECK bool ca_plan(const struct ca_terms *c, struct view spki,
    const struct issuer_facts *ca, int64_t now, struct view serial,
    struct arena *a, struct cert_plan *out, struct fault *f);

#endif
