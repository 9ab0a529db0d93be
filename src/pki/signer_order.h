/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer_order.h - what an Admin has signed; the signer's own files only.
 *
 * MINT gives tokens for entries of a message that the recipient's own key has
 * signed, on the terms that follow from it by grant_terms(), and for nothing
 * else.  Which rights an Admin has is not known here.
 */
#ifndef PKI_SIGNER_ORDER_H
#define PKI_SIGNER_ORDER_H

#include "pki/grant.h"
#include "pki/signer_parts.h"

#define ORDER_SKEW_SECONDS	3600	/* between the engine's clock and ours */

struct order {
	struct cvp_authz_request	 request;	/* points into the message */
	struct grant_frame		 frame;
	size_t				 at;		/* entries before it are done */
};

/*
 * Open message as one of `by`, and in it the authzRequest of this batch; all
 * of it lives in the signer's arena.  asked_at is when the engine weighed it.
 */
MUST_CHECK bool order_open(struct signer *s, const struct cert *by, struct view message,
    struct view batch_id, int64_t asked_at, struct order *out, struct fault *f);

/* The next entry is this one, and these facts follow from it. */
MUST_CHECK bool order_take(struct order *o, uint32_t entry_id, struct view wanted_id,
    const struct seal_facts *facts, struct fault *f);

#endif
