/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csr.h - certification requests: building one, and whether its maker holds
 * the private key (RFC 2986; RFC 4211, 4.1).
 */
#ifndef MESSAGE_CSR_H
#define MESSAGE_CSR_H

#include "base/buf.h"
#include "crypt/key.h"

struct pkcs10;			/* codec/pkcs10.h */
struct crmf;			/* codec/crmf.h */

#define REQUEST_SKI_OCTETS	SHA1_OCTETS

struct request_terms {
	struct view	 subject;	/* Name, DER; empty: the empty Name, "the PKI knows" */
	struct view	 san;		/* GeneralNames, DER; may be empty */
	const uint8_t	*link_witness;	/* 32 octets for popLinkWitnessV2, or NULL */
	struct view	 change_names;	/* ChangeSubjectName, DER; may be empty */
};

/* SubjectKeyIdentifier of an SPKI: RFC 5280, 4.2.1.2, method 1. */
MUST_CHECK bool request_ski(struct view spki, uint8_t out[REQUEST_SKI_OCTETS],
    struct fault *f);

/*
 * Append a PKCS #10 request for key, with subjectKeyIdentifier in its
 * extensionRequest, signed by key.
 */
MUST_CHECK bool request_build(const struct request_terms *t, struct key *key,
    struct buf *out, struct fault *f);

/*
 * Proof of possession: the request's signature holds under pub, which must be
 * made from the request's own SPKI.  raVerified and every indirect method of
 * CRMF are FAULT_REFUSED.
 */
MUST_CHECK bool request_check_pop(const struct pkcs10 *r, const struct pubkey *pub,
    struct fault *f);
MUST_CHECK bool request_check_pop_crmf(const struct crmf *r, const struct pubkey *pub,
    struct fault *f);

#endif
