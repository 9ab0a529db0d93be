/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_batch.h - many devices' messages in one of the Admin's, as an RA wraps
 * them, and each device's own answer out of the answer (RFC 10002, 6.17;
 * profile, 1.4 and 4.14).  Sends nothing; no octet of a device's message or
 * answer is changed.
 */
#ifndef ADMIN_RELAY_BATCH_H
#define ADMIN_RELAY_BATCH_H

#include "admin/home.h"

#define RELAY_BATCH_MAX		100
#define RELAY_BATCH_OCTETS	(4u << 20)	/* of their messages */

struct relay_member {
	struct view	 message;		/* as the device made it: DER */
	struct view	 transaction, nonce;	/* of it; empty: none */
	struct view	 answer;		/* empty: none came, it is to send again */
	bool		 alone;			/* this Admin may not carry it; it may go by itself */
};

/* x is begun: it reads the answer. */
MUST_CHECK bool relay_batch_write(struct admin *a, const struct relay_member *m, size_t n,
    int64_t now, struct exchange *x, struct buf *out, struct fault *f);

/*
 * Fill the members' answers; they point into octets or into the arena.
 * FAULT_REFUSED: the PKI does not take such a layer from this Admin, and has
 * looked at nothing inside.  Every other fault: no answer; the same again.
 */
MUST_CHECK bool relay_batch_read(const struct admin *a, struct exchange *x, struct view octets,
    int64_t now, struct arena *arena, struct relay_member *m, size_t n, struct fault *f);

#endif
