/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.h - the client's half of one CMC transaction.
 *
 * Keeps the transaction id and the nonces, writes them into a request, and
 * reads a response: whose signature it carries, that it answers what was
 * asked, and what it says about each body part (RFC 10002, 3.2.2, 6.1, 6.6).
 * Does not send anything: how octets travel is the caller's transport.
 *
 * Does not judge what a response brings: certificates in it are data until
 * the caller has held them against what was asked.
 */
#ifndef MESSAGE_EXCHANGE_H
#define MESSAGE_EXCHANGE_H

#include "base/arena.h"
#include "base/random.h"
#include "codec/cmc.h"
#include "message/signed.h"

#define EXCHANGE_ID_OCTETS	16
#define EXCHANGE_NONCE_OCTETS	16
#define EXCHANGE_SKEW_SECONDS	300	/* by so much may two clocks differ */

/*
 * How octets travel: append the answer to message.  FAULT_BUSY: no answer
 * now, the same octets may be sent again; every other fault is final.
 */
struct transport {
	bool	(*exchange)(void *ctx, struct view message, struct buf *answer,
		    struct fault *f);
	void	*ctx;
};

/* Plain octets, no pointers: may be stored and taken up again. */
struct exchange {
	uint8_t	 id[EXCHANGE_ID_OCTETS];	/* content of transactionId: positive, minimal */
	uint8_t	 sent[EXCHANGE_NONCE_OCTETS];	/* our last senderNonce */
	uint8_t	 received[CMC_NONCE_MAX];	/* the server's last senderNonce */
	size_t	 n_received;			/* 0: none yet */
};

/* A new transaction. */
void	exchange_begin(struct exchange *x, const struct rng *rng);

/*
 * The controls that frame each request, with ids from *id on (advanced):
 * transactionId, a fresh senderNonce, and recipientNonce once the server has
 * sent a nonce.
 */
void	exchange_put(struct exchange *x, const struct rng *rng, struct cmc_writer *w,
	    uint32_t *id);

/* What a response is believed by: one root certificate. */
struct exchange_trust {
	struct view	 anchor;	/* its DER, if it is known already... */
	uint8_t		 anchor_sha256[SHA256_OCTETS];	/* ...else only this digest */
	int64_t		 now;		/* unix seconds */
};

/* Views point into the octets read or into the arena. */
struct exchange_answer {
	struct cms_signed	 message;	/* with all certificates and CRLs it brings */
	struct cert		 signer;
	struct view		 anchor;	/* the root it was believed by */
	struct cmc_response	 response;	/* controls and contents */
	struct cmc_status_list	 status;
};

/*
 * Read the answer to the last request: SignedData over a PKIResponse, signed
 * by a certificate for that (id-kp-cmcCA) under the anchor, of this
 * transaction, answering our last senderNonce.  On success the server's new
 * nonce is kept in x; a fault changes nothing, and such octets say nothing
 * about what the server did: repeat the request.  FAULT_BUSY: the answer is a
 * failure without transactionId and nonce, to a message that was not readable.
 */
MUST_CHECK bool exchange_read(struct exchange *x, struct view octets,
    const struct exchange_trust *trust, struct arena *a, struct exchange_answer *out,
    struct fault *f);

/*
 * The same of a response that answers nothing, such as a file: no
 * transaction and no nonce are looked at, so it says nothing about when.
 * trust NULL: nor is the signature; then it says nothing about who.
 */
MUST_CHECK bool exchange_read_unasked(struct view octets, const struct exchange_trust *trust,
    struct arena *a, struct exchange_answer *out, struct fault *f);

/*
 * A path from leaf to anchor over certs, as of now; a certificate whose time
 * has just not begun or just ended passes by EXCHANGE_SKEW_SECONDS.
 */
MUST_CHECK bool exchange_path(const struct cert *leaf, const struct view *certs, size_t n,
    struct view anchor, int64_t now, struct fault *f);
/* The certificate with this SHA-256; empty if it is not among them. */
struct view exchange_find(const struct view *certs, size_t n,
	    const uint8_t sha256[SHA256_OCTETS]);

/* What went wrong with one body part. */
struct exchange_failure {
	enum cmc_status	 status;	/* the worst */
	bool		 has_fail;
	uint32_t	 fail;		/* enum cmc_fail */
	uint32_t	 code;		/* enum cvp_code, 0: none */
	bool		 has_pend;	/* pending: the token to ask with, and when */
	struct view	 pend_token;
	int64_t		 pend_time;
	struct view	 text;		/* statusString, detail and field: from outside */
	struct view	 detail;
	struct view	 field;
};

/* About CMC_WHOLE_MESSAGE: anything in the response. */
void	exchange_failure(const struct exchange_answer *r, uint32_t about,
	    struct exchange_failure *out);
/*
 * success and confirmRequired return true.  Everything else is a fault in
 * words: FAULT_BUSY for what may work later (pending, tryLater), else
 * FAULT_REFUSED.
 */
MUST_CHECK bool exchange_check(const struct exchange_answer *r, uint32_t about,
    struct fault *f);
/* The same from a failure; returns false. */
bool	exchange_fault(const struct exchange_failure *why, struct fault *f);

#endif
