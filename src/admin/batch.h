/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - authorizations under way, kept so that none is asked for twice
 * and no ticket is lost.
 *
 * DIR/batches/BATCHID/ holds the AuthzRequest exactly as it is sent
 * (request.der) and what is known about it (plan).  It is on disk before the
 * first octet travels.  The PKI answers the same request under the same
 * batchId with the same result until it is acknowledged, so an answer that
 * was lost is asked for again (RFC 4809, 3.2.4.4; part 7.4 of the profile).
 */
#ifndef ADMIN_BATCH_H
#define ADMIN_BATCH_H

#include "base/buf.h"
#include "base/random.h"

#define BATCH_ID_OCTETS		16
#define BATCH_REQUEST_MAX	(16u << 20)

enum batch_state {
	BATCH_SENT = 0,		/* may have been sent; no answer is on disk */
	BATCH_DELIVERED,	/* tickets are on disk; the PKI may not know */
	BATCH_DONE,		/* acknowledged */
};

struct batch {
	uint8_t		 id[BATCH_ID_OCTETS];
	char		 hex[2 * BATCH_ID_OCTETS + 1];
	enum batch_state state;
	char		 content[65];	/* SHA-256 of list and options, hexadecimal */
	char		 template[68];
	char		 key[16];	/* for tickets */
	int64_t		 created;
	int64_t		 not_after;	/* end of the window asked for */
	size_t		 entries, granted, failed;
	char		 ack[65];	/* digest to acknowledge, hexadecimal */
};

/*
 * The batch made of this content: an unfinished one if there is any, else the
 * last that is done.  *found tells.
 */
MUST_CHECK bool batch_find(const char *dir, const char *content, struct batch *out,
    bool *found, struct fault *f);

/* A fresh id for b; nothing is stored. */
void	batch_begin(struct batch *b, const struct rng *rng);
/* Store b and its request. */
MUST_CHECK bool batch_create(const char *dir, const struct batch *b, struct view request,
    struct fault *f);
/* Store b's new state. */
MUST_CHECK bool batch_update(const char *dir, const struct batch *b, struct fault *f);
/* Append its request to out. */
MUST_CHECK bool batch_request(const char *dir, const struct batch *b, struct buf *out,
    struct fault *f);
/* The PKI has refused it as a whole: it never came to be. */
MUST_CHECK bool batch_drop(const char *dir, const struct batch *b, struct fault *f);

#endif
