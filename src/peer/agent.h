/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h - what the agent on a device does next, and when.
 *
 * Pure: two clocks and chance are arguments, nothing is read or done.  Three
 * tasks share one process: CRLs, renewal, and bringing the daemon over to a
 * new certificate.  The one that has been due longest comes first, so none
 * keeps another waiting for longer than it takes.
 *
 * The calendar says when a certificate is to be renewed and may jump; pauses
 * are counted on the clock that does not.
 */
#ifndef PEER_AGENT_H
#define PEER_AGENT_H

#include "base/fault.h"

#include <stdint.h>

#define AGENT_NEVER		INT64_MAX
#define AGENT_WAIT_MAX_MS	INT64_C(60000)	/* the calendar may have jumped */

#define AGENT_CRL_PAUSE_MAX_MS	INT64_C(300000)	/* revocations wait no longer than the network */
#define AGENT_BUSY_MS		INT64_C(60000)	/* first pause, then doubled */
#define AGENT_BUSY_MAX_MS	INT64_C(3600000)
#define AGENT_REFUSED_MS	INT64_C(600000)	/* no: asking soon again is no use */
#define AGENT_REFUSED_MAX_MS	INT64_C(21600000)
#define AGENT_CHANGE_MS		INT64_C(10000)	/* peers or the daemon did not answer */
#define AGENT_CHANGE_MAX_MS	INT64_C(600000)
#define AGENT_PAUSE_MIN_MS	INT64_C(1000)
#define AGENT_HINT_ROUNDS	10	/* of CRLs, to one look for a hint */
#define AGENT_TELL_TRIES	3	/* what may pass is told after so many failures */
#define AGENT_TELL_PAUSE_MS	INT64_C(3600000)	/* to other words; to the same, a day */
#define AGENT_TELL_AGAIN_MS	INT64_C(86400000)
#define AGENT_TRIES_LEFT	8	/* at least, before a certificate ends */

struct agent_time {
	int64_t	wall;		/* unix seconds */
	int64_t	ms;		/* monotonic */
};

enum agent_act {
	AGENT_WAIT = 0,
	AGENT_CRLS,		/* fetch and enforce */
	AGENT_TELL,		/* the PKI, that the daemon does not take it, or does again */
	AGENT_CHANGE,		/* a step towards the new certificate in the daemon */
	AGENT_RENEW,
};

/* When one task is to be done, on the monotonic clock; and what failed so far. */
struct agent_task {
	int64_t		at;
	unsigned	failures;	/* one after the other */
};

struct agent {
	int64_t		 crl_interval_ms;
	struct agent_task crls;
	struct agent_task change;	/* at: AGENT_NEVER when there is none */
	struct agent_task tell;		/* likewise */
	bool		 has_told;
	int64_t		 told_ms;	/* when the PKI heard the last */
	struct agent_task renewal;	/* not before this, whatever the calendar says */

	/* The certificate, as renew_due() describes it. */
	bool		 has_cert;
	bool		 under_way;	/* a renewal is half done */
	bool		 asked;		/* somebody wants it now */
	int64_t		 renew_at;	/* unix seconds */
	int64_t		 not_after;
};

struct agent_step {
	enum agent_act	act;
	int64_t		wait_ms;	/* AGENT_WAIT: until then, or until something happens */
};

/* All is due at once. */
void	agent_begin(struct agent *a, int64_t crl_interval_ms, const struct agent_time *now);

struct agent_step agent_next(const struct agent *a, const struct agent_time *now);

/* When a renewal can be asked for; AGENT_NEVER: not with this certificate. */
int64_t	agent_renewal_at(const struct agent *a);	/* unix seconds */

/*
 * What came of it.  chance: any number, to part devices that were together.
 * retry_after: what the server asked for, in seconds, or 0.
 */
void	agent_crls_done(struct agent *a, const struct agent_time *now, bool ok,
	    unsigned retry_after, uint32_t chance);
void	agent_renewed(struct agent *a, const struct agent_time *now);
void	agent_renewal_failed(struct agent *a, const struct agent_time *now,
	    enum fault_kind kind, unsigned retry_after, uint32_t chance);
/* It waits for a person's approval: no failure, and asked again then (unix seconds). */
void	agent_renewal_waits(struct agent *a, const struct agent_time *now, int64_t poll_at);
/* wait_ms: until the next step; AGENT_NEVER: done. */
void	agent_changed(struct agent *a, const struct agent_time *now, int64_t wait_ms);
void	agent_change_failed(struct agent *a, const struct agent_time *now, bool refused,
	    uint32_t chance);

/*
 * Something is to be told: now, or when the last time was long enough ago.
 * again: the PKI has heard these very words.  What was to be told before is not any more.
 */
void	agent_tell(struct agent *a, const struct agent_time *now, bool again);
void	agent_tell_nothing(struct agent *a);
/* What came of it; FAULT_NONE: heard.  A no is not asked twice. */
void	agent_told(struct agent *a, const struct agent_time *now, enum fault_kind kind,
	    unsigned retry_after, uint32_t chance);

/* Somebody wants to see it all now: pauses end. */
void	agent_hurry(struct agent *a, const struct agent_time *now);

#endif
