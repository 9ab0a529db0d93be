/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h - what a sealed token key is bound to.
 *
 * The key K of an authorization's token lies in the store as AES-256-GCM under
 * a key that only the signer has.  The additional data bind it to everything
 * that decides what K is good for; whoever changes one of these in the
 * database makes the seal fail.  Resealed under a fresh nonce at each step.
 */
#ifndef PKI_SEAL_H
#define PKI_SEAL_H

#include "base/buf.h"
#include "base/frame.h"
#include "message/authenticated.h"
#include "message/proof.h"

/* K, Kc; salt and kekTA, the key of the trust anchors' AuthenticatedData. */
#define SEAL_CANCEL_AT		PROOF_OCTETS
#define SEAL_SALT_AT		(2 * PROOF_OCTETS)
#define SEAL_KEK_AT		(SEAL_SALT_AT + KEK_SALT_OCTETS)
#define SEAL_CONTENT_OCTETS	(SEAL_KEK_AT + KEK_OCTETS)

struct seal_facts {
	struct view	id;
	struct view	template;		/* its name */
	uint8_t		content[32];		/* template_content() of when it was granted */
	uint8_t		terms_digest[32];	/* SHA-256 of the effective terms, DER */
	struct view	admin;			/* logical Admin that authorized */
	int64_t		replaces;		/* certificate number or 0 */
	uint8_t		state;			/* enum store_authz_state */
	uint8_t		spki_hash[32];		/* zero until bound */
	int64_t		epoch;
	uint8_t		label_digest[32];	/* SHA-256; zero of a cancelled one */
};

enum seal_version {
	SEAL_V2 = 2,		/* made before labels were among the facts; opened, never made */
	SEAL_V3 = 3,
};
/* The additional data, appended to out. */
void	seal_facts_aad(const struct seal_facts *s, enum seal_version v, struct buf *out);

void	seal_facts_put(struct buf *b, const struct seal_facts *s);
void	seal_facts_get(struct wire *w, struct seal_facts *out);

#endif
