/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint.h - does this certificate or CRL fit the IKE profile?
 *
 * A table of single rules from RFC 4945, RFC 5280, known behaviour of
 * products and our own recommendations.  A rule reports nothing when it is
 * met or does not apply.  Does not verify signatures and fetches nothing.
 */
#ifndef PROFILE_LINT_H
#define PROFILE_LINT_H

#include "base/fault.h"
#include "base/view.h"
#include "profile/identity.h"

struct cert;
struct crl;

enum lint_severity { LINT_INFO = 0, LINT_WARN, LINT_ERROR };

/* What the certificate is meant to be. */
enum lint_profile {
	LINT_STRICT = 0,	/* an IKE end entity; no product rules */
	LINT_S2S_GATEWAY,
	LINT_RA_GATEWAY,
	LINT_RA_USER,
	LINT_RA_MACHINE,
	LINT_ROOT_CA,
	LINT_ISSUING_CA,
	LINT_OCSP_SIGNER,
	LINT_CMC_SIGNER,
	LINT_PROFILES,		/* how many there are */
};

/* "strict", "s2s-gateway", ...; false for an unknown name. */
const char *lint_profile_name(enum lint_profile p);
bool	lint_profile_find(const char *name, enum lint_profile *out);

struct lint {
	const char		*name;		/* "e_ike_san_dns_wildcard" */
	const char		*source;	/* "RFC 4945, 5.1.3.6.1" */
	const char		*summary;	/* what it checks, one line */
	enum lint_severity	 severity;	/* unless the profile softens it */
};

/* One finding; detail names the value. */
struct lint_report {
	void	(*found)(void *ctx, const struct lint *rule,
		    enum lint_severity severity, const char *detail);
	void	*ctx;
};

/*
 * Run all rules that apply.  intended may be NULL.  Returns how many errors
 * were reported.
 */
size_t	lint_certificate(const struct cert *cert, enum lint_profile profile,
	    const struct identity *intended,
	    const struct lint_report *report);
size_t	lint_crl(const struct crl *crl, const struct lint_report *report);

/* Rules between a certificate and its issuer's. */
size_t	lint_issuer(const struct cert *cert, const struct cert *issuer,
	    const struct lint_report *report);

/* The rules, for lists and the manual; NULL past the end. */
const struct lint *lint_rule(size_t i);

#endif
