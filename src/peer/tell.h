/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell.h - telling the PKI, and by it the Admin, that this device cannot use its
 * certificate although it has confirmed it, or can again (docs/adr/0035).
 */
#ifndef PEER_TELL_H
#define PEER_TELL_H

#include "message/exchange.h"
#include "peer/agent.h"

#define TELL_WORDS_MAX	400	/* octets; the PKI keeps no more */

struct tell {
	bool	failing;		/* what is to be told: words, or that it is mended */
	char	words[TELL_WORDS_MAX];
	bool	told;			/* the PKI has heard of a failure, and not of its end */
	char	told_words[TELL_WORDS_MAX];
};

/*
 * The daemon has not taken the certificate, or has it in use: a->tell is then
 * when that is to be told, if at all.  FAULT_BUSY may pass, and is told after
 * AGENT_TELL_TRIES failures.
 */
void	tell_unused(struct tell *t, struct agent *a, const struct agent_time *now,
	    const struct fault *why);
void	tell_used(struct tell *t, struct agent *a, const struct agent_time *now);

/* One message, signed by the certificate in use in dir.  FAULT_BUSY: later. */
MUST_CHECK bool tell_send(struct tell *t, const char *dir, struct transport transport,
    const struct rng *rng, int64_t now, struct fault *f);
/* The same to url, now. */
MUST_CHECK bool tell_by_http(struct tell *t, const char *dir, const char *url,
    const struct rng *rng, unsigned *retry_after, struct fault *f);

#endif
