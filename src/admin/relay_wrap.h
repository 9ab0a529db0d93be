/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_wrap.h - messages that come within moments go to the PKI in one.
 */
#ifndef ADMIN_RELAY_WRAP_H
#define ADMIN_RELAY_WRAP_H

#include "admin/relay_batch.h"
#include "admin/relay_check.h"
#include "net/courier.h"

struct relay_wrap;

struct relay_wrap_config {
	struct net_loop	*loop;		/* borrowed, all of them */
	struct courier	*courier;
	struct admin	*a;
	unsigned	 wait_ms;	/* from the first message on */
	unsigned	 max;		/* messages; up to RELAY_BATCH_MAX */
};

enum relay_fate {
	RELAY_LATER = 0,	/* no answer: the device is to send it again */
	RELAY_ANSWERED,		/* octets are its answer */
	RELAY_ALONE,		/* the PKI does not take it so: pass octets, its message, on */
};

struct relay_outcome {
	enum relay_fate	 fate;
	struct view	 octets;	/* borrowed for the call */
	unsigned	 retry_after;	/* LATER: seconds; 0: not said */
	bool		 reached;	/* the PKI said something */
};

struct relay_wrap *relay_wrap_new(const struct relay_wrap_config *c, struct fault *f);
void	relay_wrap_free(struct relay_wrap *w);		/* accepts NULL; calls nobody */

/* message is copied.  done is called exactly once, from the loop. */
MUST_CHECK bool relay_wrap_add(struct relay_wrap *w, struct view message,
    const struct relay_claim *claim, void (*done)(void *ctx, const struct relay_outcome *o),
    void *ctx, struct fault *f);

#endif
