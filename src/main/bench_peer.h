/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_peer.h - a Peer for measuring: keeps everything in memory, stores
 * nothing, and believes the answers of the server that it loads.
 */
#ifndef MAIN_BENCH_PEER_H
#define MAIN_BENCH_PEER_H

#include "base/random.h"
#include "crypt/key.h"
#include "message/exchange.h"
#include "message/ticket.h"

struct bench_peer {
	struct key	*key;
	struct exchange	 exchange;
	struct buf	 message;	/* to be sent next */
	bool		 asked;		/* the confirmation is what is sent */
	bool		 confirmed;
};

/* Make a key and the enrolment request of a ticket. */
MUST_CHECK bool bench_peer_open(struct bench_peer *p, struct view ticket,
    enum key_kind kind, const struct rng *rng, struct fault *f);
/* Take an answer: the next message is then the confirmation, or it is done. */
MUST_CHECK bool bench_peer_step(struct bench_peer *p, struct view answer, struct fault *f);
void	bench_peer_clear(struct bench_peer *p);

#endif
