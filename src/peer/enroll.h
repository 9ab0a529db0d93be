/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll.h - from a ticket to a certificate that counts.
 *
 * One folder holds one device.  Enrolling walks through steps, and each is on
 * disk before the next begins: the key and the request before anything is
 * sent, the certificate and its confirmation before they are used.  Run again
 * after a crash or a lost answer it goes on where it stopped, with the same
 * key and the same octets (RFC 4809, 3.4.11).
 *
 *	DIR/key.pem cert.pem chain.pem ca.pem	what is in use
 *	DIR/ticket				the ticket without its token
 *	DIR/installed send-id			its name, and identity, in a daemon's configuration
 *	DIR/enroll/				an enrolment under way
 *
 * Files in use change only after the PKI has acknowledged the confirmation.
 * Loading them into a daemon is install.h's work.
 */
#ifndef PEER_ENROLL_H
#define PEER_ENROLL_H

#include "message/exchange.h"
#include "message/ticket.h"

#define ENROLL_SUBJECT_MAX	512
#define ENROLL_SERIAL_MAX	64

struct enroll {
	const char		*dir;
	const struct ticket	*ticket;
	struct transport	 transport;
	/* Told before each message is sent: "request", "poll", "confirmation"; may be NULL. */
	void			(*stage)(void *ctx, const char *name);
	void			*stage_ctx;
	const struct rng	*rng;
	int64_t			 now;		/* unix seconds */
	bool			 hurry;		/* ask of what waits as soon as the PKI permits */
	bool			 carried;	/* messages travel by hand: write a poll at once */
	bool			 resume;	/* ticket is what enroll_kept_ticket() gave */
};

struct enroll_report {
	bool	already;	/* it was all done before */
	char	identity[264];	/* the first of the ticket */
	char	subject[ENROLL_SUBJECT_MAX];
	char	serial[ENROLL_SERIAL_MAX];	/* hex */
	int64_t	not_before, not_after;
	/* FAULT_BUSY, and these set: a person at the PKI is to approve. */
	int64_t	waits_since, poll_at;
};

/*
 * The ticket, without its token, of an enrolment that waits for approval:
 * enough to finish it.  *waits false: none does.
 */
MUST_CHECK bool enroll_kept_ticket(const char *dir, struct ticket *out, bool *waits,
    struct fault *f);

/*
 * Enrol, or go on with it, up to files in use.
 *	FAULT_BUSY	unreachable, pending, or another process works in dir
 *	FAULT_REFUSED	the PKI said no, or sent a certificate that cannot be
 *			used (it is then rejected, so that it is revoked)
 *	FAULT_SIGNATURE	an answer that is not from this PKI: nothing is lost
 *	FAULT_CONFLICT	dir holds an enrolment of another ticket, half done, or
 *			may be written by others
 */
MUST_CHECK bool enroll_run(const struct enroll *q, struct enroll_report *r,
    struct fault *f);

/*
 * The same for a ticket's text and nobody to report to: the first Admin, who
 * enrols like everybody else while its PKI is being made.
 */
MUST_CHECK bool enroll_with(struct view ticket, const char *dir,
    const struct transport *transport, int64_t now, struct fault *f);

#endif
