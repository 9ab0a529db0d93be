/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint.h - does this certificate, CRL or request fit the IKE profile?
 *
 * A table of single rules from RFC 4945, RFC 5280, known behaviour of
 * products and our own recommendations.  A rule reports nothing when it is
 * met or does not apply.  Fetches nothing; a signature is verified only by
 * lint_issuer() and lint_crl_issuer(), which are told whose it should be.
 */
#ifndef PROFILE_LINT_H
#define PROFILE_LINT_H

#include "base/fault.h"
#include "base/view.h"
#include "profile/identity.h"

struct cert;
struct crl;
struct extensions;

enum lint_severity { LINT_INFO = 0, LINT_WARN, LINT_ERROR };

/* "notice", "warning", "error" */
const char *lint_severity_name(enum lint_severity s);

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
/* By what the certificate says it is; an end entity is LINT_STRICT. */
enum lint_profile lint_profile_guess(const struct cert *cert);

/* Products whose demands count, as a set. */
enum lint_product {
	LINT_WINDOWS = 1 << 0,
	LINT_APPLE = 1 << 1,
	LINT_ANDROID = 1 << 2,
	LINT_STRONGSWAN = 1 << 3,
	LINT_LIBRESWAN = 1 << 4,
	LINT_CISCO = 1 << 5,
	LINT_ASKED = 1 << 6,	/* of a rule: only when one of its products is named */
};
/* "windows,apple" into a set; false for a word that is none, which *bad is. */
bool	lint_products_find(struct view list, unsigned *out, struct view *bad);
/* "windows" for LINT_WINDOWS alone; "unknown" for what is no single product. */
const char *lint_product_name(unsigned product);

struct lint {
	const char		*name;		/* "e_ike_san_dns_wildcard" */
	const char		*source;	/* "RFC 4945, 5.1.3.6.1" */
	const char		*summary;	/* what it checks, one line */
	enum lint_severity	 severity;	/* unless the profile softens it */
};

/* What a finding means for whoever runs the fleet. */
struct lint_advice {
	const char	*name;		/* of the rule */
	const char	*field;		/* "subjectAltName" */
	unsigned	 products;	/* of enum lint_product; 0: everybody */
	const char	*consequence;	/* "Windows: error 13806" */
	const char	*repair;
};
/* Never NULL for a rule that lint_rule() gives. */
const struct lint_advice *lint_advice(const char *name);

#define LINT_NO_OFFSET	(-1)

struct lint_finding {
	const struct lint		*rule;
	const struct lint_advice	*advice;
	enum lint_severity		 severity;
	const char			*detail;	/* names the value; may be "" */
	long				 offset;	/* in the DER, or LINT_NO_OFFSET */
};

struct lint_report {
	void	(*found)(void *ctx, const struct lint_finding *finding);
	void	*ctx;
};

/* Zeroed: a strict look at an IKE end entity. */
struct lint_terms {
	enum lint_profile	 profile;
	const struct identity	*intended;	/* NULL: not told */
	unsigned		 products;	/* of enum lint_product; 0: by profile */
	bool			 request;	/* what a CA adds may be absent */
};

/* Run all rules that apply.  Each returns how many errors were reported. */
size_t	lint_certificate(const struct cert *cert, const struct lint_terms *terms,
	    const struct lint_report *report);
size_t	lint_crl(const struct crl *crl, const struct lint_report *report);

/*
 * A request, put into the form of a certificate: subject, spki, extensions and
 * sigalg are what it asks for; the rules about anything else are left out.
 */
size_t	lint_request(struct view subject, struct view spki,
	    const struct extensions *extensions, struct view der,
	    const struct lint_terms *terms, const struct lint_report *report);

/* Octets that did not decode: which rule they break, by what the decoder said. */
size_t	lint_undecoded(struct view der, const struct fault *why,
	    const struct lint_report *report);

/* Rules between a certificate and its issuer's; the signature is verified. */
size_t	lint_issuer(const struct cert *cert, const struct cert *issuer,
	    const struct lint_report *report);
/* The same between a CRL and its issuer's. */
size_t	lint_crl_issuer(const struct crl *crl, const struct cert *issuer,
	    const struct lint_report *report);
/* A certificate and a CRL that should cover it. */
size_t	lint_crl_cover(const struct crl *crl, const struct cert *cert,
	    const struct lint_report *report);
/* A certificate under CAs above it, nearest first: constraints and path length. */
size_t	lint_chain(const struct cert *cert, const struct cert *const *above, size_t n,
	    const struct lint_report *report);

/* A rule that whoever sees many certificates, or a file, runs itself. */
size_t	lint_by_name(const char *name, const char *detail, long offset,
	    const struct lint_report *report);

/* The rules, for lists and the manual; NULL past the end. */
const struct lint *lint_rule(size_t i);

#endif
