/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.h - a request that waits for a person at the PKI.
 *
 * The PKI has answered pending, with a token and the earliest time to ask
 * (RFC 10002, 6.13).  From then on the same key asks by that token; the
 * request itself is kept, to be sent again if the PKI forgets the poll.  All
 * of it is in the state on disk, so a restart makes no second request.
 */
#ifndef PEER_WAIT_H
#define PEER_WAIT_H

#include "peer/ask.h"
#include "peer/enroll_state.h"

#define WAIT_POLL_SECONDS	60	/* first pause of ours, then doubled... */
#define WAIT_POLL_MAX_SECONDS	3600	/* ...up to this */
#define WAIT_PEND_MAX_SECONDS	(INT64_C(30) * 86400)	/* no PKI means to say later */

/*
 * Take a pending answer up: when to ask next.  The caller writes the poll and
 * saves.  False: the answer holds no token, so only the request can be sent
 * again (FAULT_BUSY).
 */
MUST_CHECK bool wait_note(struct enroll_state *st, const struct exchange_failure *why,
    const struct rng *rng, int64_t now, struct fault *f);
/*
 * May it be asked now?  hurry: somebody stands beside it, and only what the PKI
 * said counts.  Else FAULT_BUSY, which says since when it waits.
 */
MUST_CHECK bool wait_is_over(const struct enroll_state *st, bool hurry, int64_t now,
    struct fault *f);
/* The poll comes to nothing: to the request again. */
void	wait_back(struct enroll_state *st);
void	wait_forget(struct enroll_state *st);

#endif
