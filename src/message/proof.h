/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof.h - what a token proves (RFC 10002, 6.2.1 and 6.3.1).
 *
 * From a token and the id it belongs to comes one key, K = SHA-256(token ||
 * id).  HMAC-SHA-256 with K over the requests is the identity proof, over the
 * message's random value the link between identity and possession; a key
 * derived from K proves knowledge for a cancellation.  Token and id are
 * prepared (PRECIS) by the caller.  No fallbacks: no SHA-1, no other digest.
 */
#ifndef MESSAGE_PROOF_H
#define MESSAGE_PROOF_H

#include "base/buf.h"

struct cmc_proof;		/* codec/cmc.h */

#define PROOF_OCTETS	32
#define LINK_RANDOM_MIN	64	/* octets of popLinkRandom */
#define LINK_RANDOM_MAX	128

/* K.  Wipe it after use. */
void	proof_key(struct view token, struct view id, uint8_t k[PROOF_OCTETS]);
/* Kc = HMAC(K, "id-cvp cancel v1"). */
void	proof_cancel_key(const uint8_t k[PROOF_OCTETS], uint8_t kc[PROOF_OCTETS]);

/* identityProofV2's witness; requests is the whole TLV of reqSequence, as received. */
void	proof_identity(const uint8_t k[PROOF_OCTETS], struct view requests,
	    uint8_t out[PROOF_OCTETS]);
/* popLinkWitnessV2's witness; random is popLinkRandom's octets. */
void	proof_link(const uint8_t k[PROOF_OCTETS], struct view random,
	    uint8_t out[PROOF_OCTETS]);
/* The witness of an authzCancel; der is its CancelProof. */
void	proof_cancel(const uint8_t kc[PROOF_OCTETS], struct view der,
	    uint8_t out[PROOF_OCTETS]);

/*
 * popLinkRandom may be used: LINK_RANDOM_MIN ... LINK_RANDOM_MAX octets and
 * no SEQUENCE, so that a link witness is never an identity proof.
 */
bool	proof_link_random_ok(struct view random);

/* IdentityProofV2 and PopLinkWitnessV2 alike: SHA-256, hmacWithSHA256, witness. */
void	proof_put(struct buf *b, const uint8_t witness[PROOF_OCTETS]);
/* One as received names these algorithms and has a witness of this size: else FAULT_ALGORITHM. */
MUST_CHECK bool proof_check_form(const struct cmc_proof *p, struct fault *f);

/* Equal, in constant time, and of the right length. */
bool	proof_equal(const uint8_t want[PROOF_OCTETS], struct view got);

#endif
