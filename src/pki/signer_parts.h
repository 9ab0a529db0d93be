/* SPDX-License-Identifier: Apache-2.0 */
/* signer_parts.h - what the files of the signer share; theirs only. */
#ifndef PKI_SIGNER_PARTS_H
#define PKI_SIGNER_PARTS_H

#include "crypt/aead.h"
#include "crypt/key.h"
#include "message/signed.h"
#include "pki/journal.h"
#include "pki/signer.h"

struct signer {
	struct authorities	 authorities;
	struct key		*keys[AUTHORITIES];
	struct templates	 templates;
	struct message_signer	 responder;
	uint8_t			 seal_key[AES256_KEY_OCTETS];
	struct buf		 dummy;		/* a sealed key of nobody */
	struct seal_facts	 dummy_facts;
	struct journal		*journal;
	int64_t			 crl_lifetime;
	struct arena		*arena;
	const struct rng	*rng;
	bool			 operator_mode;
};

/* K and Kc under the facts they are good for. */
MUST_CHECK bool signer_seal(struct signer *s, const struct seal_facts *facts,
    struct view content, struct buf *out, struct fault *f);
MUST_CHECK bool signer_unseal(struct signer *s, const struct seal_facts *facts,
    struct view sealed, struct secret *out, struct fault *f);

/* Answers of signer_issue.c; each appends its body to answer. */
MUST_CHECK bool signer_issue(struct signer *s, struct wire *w, int64_t now,
    struct buf *answer, struct fault *f);
MUST_CHECK bool signer_release(struct signer *s, struct wire *w, struct buf *answer,
    struct fault *f);
MUST_CHECK bool signer_anchors(struct signer *s, struct wire *w, struct buf *answer,
    struct fault *f);
MUST_CHECK bool signer_journal(struct signer *s, struct wire *w, struct buf *answer,
    struct fault *f);

#endif
