/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certreq.h - a certification request in a PKIData, whichever form it has.
 *
 * Read by the engine, which decides, again by the signer, which does not take
 * the engine's word for it, and by an Admin's relay.  What the terms of an authorization decide
 * may not stand in a request at all (corrections, 6).
 */
#ifndef MESSAGE_CERTREQ_H
#define MESSAGE_CERTREQ_H

#include "base/arena.h"
#include "codec/cmc.h"
#include "codec/crmf.h"
#include "codec/pkcs10.h"

struct pubkey;			/* crypt/key.h */

struct certreq {
	uint32_t	 id;		/* body part */
	struct pkcs10	*p10;		/* one of these two */
	struct crmf	*crmf;
	struct view	 spki;
	struct view	 subject;	/* empty or 3000: none */
	bool		 has_san;
	struct general_names san;
	struct view	 ski;
	struct view	 link_witness;	/* popLinkWitnessV2, or empty */
	bool		 changes_names;	/* changeSubjectName stands in it: */
	struct change_subject_name names;
};

/* Views point into the message or into the arena. */
MUST_CHECK bool certreq_read(const struct cmc_tagged_request *r, struct arena *a,
    struct certreq *out, struct fault *f);
/* Its maker holds the private key; pub is made from its spki. */
MUST_CHECK bool certreq_check_pop(const struct certreq *r, const struct pubkey *pub,
    struct fault *f);

#endif
