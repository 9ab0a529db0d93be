/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - authorizations under way, kept so that none is asked for twice
 * and no ticket is lost.
 *
 * DIR/batches/BATCHID/ holds the AuthzRequest exactly as it is sent
 * (request.der), the list it was made from (devices.csv) and what is known
 * about it (plan).  All three are on disk before the first octet travels.
 * The PKI answers the same request under the same batchId with the same
 * result until it is acknowledged, so an answer that was lost is asked for
 * again (RFC 4809, 3.2.4.4; part 7.4 of the profile).  Once that is done only
 * the plan is kept.
 */
#ifndef ADMIN_BATCH_H
#define ADMIN_BATCH_H

#include "base/buf.h"
#include "base/random.h"

#define BATCH_ID_OCTETS		16
#define BATCH_REQUEST_MAX	(16u << 20)
#define BATCH_PATH_MAX		1024
#define BATCHES_MAX		64	/* unfinished ones: one for each template of a list */

enum batch_state {
	BATCH_SENT = 0,		/* may have been sent; no answer is on disk */
	BATCH_DELIVERED,	/* tickets are on disk; the PKI may not know */
	BATCH_DONE,		/* acknowledged */
};

struct batch {
	uint8_t		 id[BATCH_ID_OCTETS];
	char		 hex[2 * BATCH_ID_OCTETS + 1];
	enum batch_state state;
	char		 template[68];	/* of this request */
	char		 preset[68];	/* for rows of the list that name none, or "" */
	char		 key[16];	/* for tickets */
	char		 renew_key[8];	/* likewise; "": the template does not renew */
	size_t		 renew_last;	/* percent */
	char		 out[BATCH_PATH_MAX];	/* folder of the tickets, absolute */
	char		 relay[512];	/* URL for tickets; "": that of the PKI */
	int64_t		 created;
	int64_t		 not_after;	/* end of the window asked for */
	size_t		 entries, granted, failed;
	char		 ack[65];	/* digest to acknowledge, hexadecimal */
};

/*
 * Those that are not done, oldest first; *n of them, up to BATCHES_MAX.  A
 * folder that a crash left half made is passed over.
 */
MUST_CHECK bool batches_unfinished(const char *dir, struct batch *out, size_t *n,
    struct fault *f);

/* A fresh id for b; nothing is stored. */
void	batch_begin(struct batch *b, const struct rng *rng);
/* Store b, its request and the list it comes from; the folder is locked. */
MUST_CHECK bool batch_create(const char *dir, const struct batch *b, struct view request,
    struct view list, struct fault *f);
/* Store b's new state. */
MUST_CHECK bool batch_update(const char *dir, const struct batch *b, struct fault *f);
/* Append its request, or its list, to out. */
MUST_CHECK bool batch_request(const char *dir, const struct batch *b, struct buf *out,
    struct fault *f);
MUST_CHECK bool batch_list(const char *dir, const struct batch *b, struct buf *out,
    struct fault *f);
/* It is acknowledged: only the plan is kept. */
MUST_CHECK bool batch_end(const char *dir, struct batch *b, struct fault *f);
/* The PKI has refused it as a whole: it never came to be. */
MUST_CHECK bool batch_drop(const char *dir, const struct batch *b, struct fault *f);

#endif
