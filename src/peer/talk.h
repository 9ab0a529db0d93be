/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h - what enrolling and renewing read in an answer alike.
 *
 * The caller has read the answer with exchange_read(): it is from the PKI and
 * belongs to what was asked.
 */
#ifndef PEER_TALK_H
#define PEER_TALK_H

#include "peer/accept.h"
#include "peer/enroll_state.h"

/* Perhaps damaged on the way: the same again, made anew, may be taken. */
bool	talk_is_badly_made(const struct exchange_failure *why);
/* The PKI has revoked what was not confirmed in time. */
bool	talk_is_too_late(const struct exchange_failure *why);

/* Keep certificate and path, as they will be installed; of a bad one only the ends. */
/* What else of the line of its CA came along is kept in dir (line.h). */
MUST_CHECK bool talk_line(const char *dir, const struct enroll_state *st,
    const struct accept_terms *t, struct fault *f);
MUST_CHECK bool talk_stage(struct enroll_state *st, const struct cert *c,
    const struct accept_terms *t, bool good, struct fault *f);

/* A message about the certificate in use, which signs it, and no more. */
struct talk_message {
	const char		*dir;		/* of the device */
	struct transport	 transport;
	int64_t			 now;		/* unix seconds */
	bool			(*write)(void *ctx, const struct cert *cert, struct key *key,
				    struct exchange *x, struct buf *out, struct fault *f);
	void			*ctx;
};
/* Send it once; true: the PKI has taken it.  FAULT_BUSY: later perhaps. */
MUST_CHECK bool talk_once(const struct talk_message *m, struct fault *f);

/* success about our very control, and the very certificate (corrections, 11). */
MUST_CHECK bool talk_is_receipt(const struct enroll_state *st,
    const struct exchange_answer *r, struct fault *f);

#endif
