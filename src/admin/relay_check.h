/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_check.h - what a relay lets through to the PKI.
 *
 * A CMC message of a Peer's size whose certification request is signed by the
 * key in it (RFC 4809, 3.4.6: who cannot prove that is not passed on).  Tokens,
 * certificates, terms: all else is the PKI's to judge, and its answer is the
 * one the Peer believes.
 */
#ifndef ADMIN_RELAY_CHECK_H
#define ADMIN_RELAY_CHECK_H

#include "base/arena.h"
#include "base/fault.h"

#define RELAY_MESSAGE_MAX	(256u << 10)	/* 64 KiB and up to 8 certificates (7.12) */

struct relay_claim {
	const char	*what;		/* "enrolment", "renewal", ...: for the log */
	bool		 is_signed;
	bool		 wraps;		/* may go inside an Admin's message: DER, and a Peer's controls */
	struct view	 transaction;	/* content octets; empty: none */
	struct view	 nonce;		/* senderNonce; empty: none */
};

/* Views point into message or into the arena. */
MUST_CHECK bool relay_check(struct view message, struct arena *a, struct relay_claim *out,
    struct fault *f);

#endif
