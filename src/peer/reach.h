/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach.h - how a Peer's messages get to the PKI: by HTTP, or carried by hand
 * as files (RFC 10003, 4 and 6).
 *
 * Both fill a struct transport.  Waiting between attempts is here too; what
 * is sent is always the same octets, so an attempt more does no harm.
 */
#ifndef PEER_REACH_H
#define PEER_REACH_H

#include "message/exchange.h"

/* --- HTTP ---------------------------------------------------------------------- */

struct http_client;

struct reach_http {
	struct http_client	*client;
	const char		*url;		/* borrowed */
	unsigned		 retry_after;	/* seconds the last answer asked for */
};

/*
 * dir NULL: TLS hides a first contact from bystanders and proves nothing; the
 * answer does that by itself (corrections, 10).  Otherwise the HTTPS server must
 * be certified under dir/ca.pem, or under an anchor of this system: a proxy may
 * stand before the PKI.
 */
MUST_CHECK bool reach_http_open(struct reach_http *h, const char *url, const char *dir,
    struct fault *f);
void	reach_http_close(struct reach_http *h);
struct transport reach_http(struct reach_http *h);

/* --- files ---------------------------------------------------------------------- */

struct reach_files {
	const char	*dir;
	const char	*stage;		/* set by reach_files_stage() */
	char		 answer[4096];	/* the file read last, "" if none was */
};

/*
 * Writes request.crq, later confirmation.crq, and is FAULT_BUSY, saying what
 * to carry where, until response.crp and receipt.crp are there.
 */
struct transport reach_files(struct reach_files *r);
void	reach_files_stage(void *ctx, const char *name);	/* for struct enroll */
/* The answer asked for patience: away with it, so that another is fetched. */
void	reach_files_again(struct reach_files *r);

/* --- patience -------------------------------------------------------------------- */

#define REACH_PAUSE_MS		1000u	/* the first one; each is twice the last */
#define REACH_PAUSE_MAX_MS	60000u

struct reach_patience {
	int64_t		 until_ms;	/* on the monotonic clock */
	unsigned	 pause_ms;
};

void	reach_patience_start(struct reach_patience *p, int64_t seconds);
/*
 * Sleep before the next attempt: half to all of the pause, at least
 * retry_after seconds.  False at once when that would pass the end.
 */
bool	reach_patience_wait(struct reach_patience *p, unsigned retry_after,
	    const struct rng *rng);
/* The pause before the next attempt, in milliseconds; advances p. */
unsigned reach_pause(struct reach_patience *p, unsigned retry_after, uint32_t chance);

#endif
