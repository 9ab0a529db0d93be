/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask.h - the messages a Peer sends: a request for a certificate, and whether
 * the certificate is accepted (RFC 10002, 6.2, 6.3, 6.14).
 */
#ifndef PEER_ASK_H
#define PEER_ASK_H

#include "message/exchange.h"
#include "message/ticket.h"

#define ASK_REQUEST_ID	1u	/* body part of the certification request */
#define ASK_CONFIRM_ID	1u	/* control confirmCertAcceptance */
#define ASK_REVOKE_ID	1u	/* control revokeRequest */
#define ASK_REPORT_ID	1u	/* control statusInfoV2 */
#define ASK_POLL_ID	1u	/* control queryPending */
#define ASK_USE_ID	2u	/* control authzUse */

/*
 * The request: PKCS #10 in reqSequence, proofs of the token, signed by the
 * key that is to be certified.  Begins a transaction in x.
 */
MUST_CHECK bool ask_enroll(const struct ticket *t, struct key *key, const struct rng *rng,
    int64_t now, struct exchange *x, struct buf *out, struct fault *f);

/* A request that a certificate signs (profile, 7.7). */
struct ask_change {
	const struct cert	*old;		/* its names are copied */
	struct key		*old_key;
	struct key		*key;		/* to be certified; may be old_key */
	struct view		 names;		/* ChangeSubjectName, DER; empty: none */
	const struct ticket	*use;		/* of an authorization that replaces old; or NULL */
};
MUST_CHECK bool ask_change(const struct ask_change *q, const struct rng *rng, int64_t now,
    struct exchange *x, struct buf *out, struct fault *f);

/*
 * What has become of a request that was answered pending (RFC 10002, 6.13):
 * signed as the request was, by cert, or by the requested key if it is NULL.
 */
MUST_CHECK bool ask_poll(struct view token, const struct cert *cert, struct key *key,
    const struct rng *rng, int64_t now, struct exchange *x, struct buf *out, struct fault *f);

/* The holder of a certificate gives it up (RFC 4809, 3.5.3); reason: CRLReason. */
MUST_CHECK bool ask_revocation(const struct cert *cert, struct key *key, unsigned reason,
    const struct rng *rng, int64_t now, struct exchange *x, struct buf *out,
    struct fault *f);

/*
 * That the device cannot use its certificate, in words, or (NULL) can again: a
 * status about no request (RFC 10002, 6.1; docs/adr/0035).
 */
MUST_CHECK bool ask_report(const struct cert *cert, struct key *key, const char *words,
    const struct rng *rng, int64_t now, struct exchange *x, struct buf *out,
    struct fault *f);

/*
 * The confirmation, signed by the new certificate: accepted, or rejected for
 * this reason (not NULL).  x holds the nonce of the answer that brought it.
 */
/* Its PKIData alone, for a key that is elsewhere. */
MUST_CHECK bool ask_confirm_content(const struct cert *cert, const char *reason,
    const struct rng *rng, struct exchange *x, struct buf *out, struct fault *f);
MUST_CHECK bool ask_confirm(const struct cert *cert, struct key *key, const char *reason,
    const struct rng *rng, int64_t now, struct exchange *x, struct buf *out,
    struct fault *f);

#endif
