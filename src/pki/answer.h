/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - what we are willing to say.
 *
 * Filled while a message is worked on, turned into one PKIResponse at the
 * end.  A refusal is an answer like any other.
 */
#ifndef PKI_ANSWER_H
#define PKI_ANSWER_H

#include "base/arena.h"
#include "codec/cvp.h"

#define ANSWER_STATUS_MAX	64	/* revokeRequests in one message, and room */
#define ANSWER_CONTROLS_MAX	64
#define ANSWER_CERTS_MAX	4
#define ANSWER_NONCE_OCTETS	16

struct answer_status {
	enum cmc_status	 status;
	uint32_t	 about;		/* body part of the request */
	enum cmc_fail	 fail;		/* with CMC_FAILED */
	uint32_t	 code;		/* CvpFailure beside it, 0: none */
	const char	*text;		/* static or of the arena; NULL: none */
	struct view	 pend_token;	/* with CMC_PENDING */
	int64_t		 pend_time;
};

/* A whole answer inside this one, under the body part of what it answers. */
struct answer_part {
	uint32_t	 id;
	struct view	 octets;	/* ContentInfo */
};

struct answer {
	struct answer_status status[ANSWER_STATUS_MAX];
	size_t		 n_status;
	struct {
		enum cmc_kind	kind;
		struct view	value;	/* whole TLV, in the arena */
	} controls[ANSWER_CONTROLS_MAX];
	size_t		 n_controls;
	struct view	 content;	/* one cms element with id ANSWER_CONTENT_ID */
	const struct answer_part *parts;
	size_t		 n_parts;
	struct view	 certs[ANSWER_CERTS_MAX];
	size_t		 n_certs;

	struct view	 transaction;	/* content octets, empty: none */
	struct view	 recipient_nonce;
	struct view	 data_return;
	bool		 has_data_return;
	uint8_t		 nonce[ANSWER_NONCE_OCTETS];	/* senderNonce */
};

/* The cms element that an authzResponse's `secrets` refers to. */
#define ANSWER_CONTENT_ID	2000000u

void	answer_status(struct answer *a, enum cmc_status s, uint32_t about);
void	answer_fail(struct answer *a, uint32_t about, enum cmc_fail fail,
	    const char *text);
/* Not decided yet: ask with this token, not before that time. */
void	answer_pending(struct answer *a, uint32_t about, struct view token, int64_t when);
/* So much of it is done: ask for the rest, likewise. */
void	answer_partial(struct answer *a, uint32_t about, struct view token, int64_t when);
/* failInfo by the table of the profile, and the code beside it. */
void	answer_fail_code(struct answer *a, uint32_t about, uint32_t code,
	    const char *text);
void	answer_control(struct answer *a, enum cmc_kind kind, struct view value);
void	answer_cert(struct answer *a, struct view der);

/* The PKIResponse, appended to out. */
MUST_CHECK bool answer_encode(const struct answer *a, struct buf *out, struct fault *f);

#endif
