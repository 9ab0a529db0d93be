/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renew.h - from a certificate to its successor: renewal, renewal with a new
 * key, rekey, update (RFC 4809, 3.5.2).
 *
 * The same walk as enrolment (enroll.h): each step is on disk before the next
 * begins, and run again after a crash or a lost answer it goes on where it
 * stopped, with the same key and the same octets.  What is in use stays in
 * use until the PKI has acknowledged the confirmation of the successor; then
 * all of it changes at once:
 *
 *	DIR/key.pem cert.pem chain.pem	links to current/...
 *	DIR/current			link to the generation in use
 *	DIR/generation/SERIAL/		key.pem cert.pem chain.pem of one certificate
 *	DIR/renew/			a renewal under way
 *
 * One rename of DIR/current is the switch: there is no instant at which key
 * and certificate of different generations are in use, and renew_back() is
 * the same rename the other way.  A folder that only ever enrolled has plain
 * files; its first renewal makes generations of them.
 *
 * Loading the files into a daemon is the caller's work.
 */
#ifndef PEER_RENEW_H
#define PEER_RENEW_H

#include "codec/cvp.h"
#include "peer/enroll.h"

#define RENEW_FOLDER		"renew"	/* of a renewal under way */
#define RENEW_LAST_PERCENT	33	/* of the lifetime, when the ticket does not say */
#define RENEW_NAMES_MAX		TICKET_IDENTITIES_MAX

/* Named by the PKI's rule, not by us: RFC 4809 has no TYPE field. */
enum renew_kind {
	RENEW_NOTHING = 0,
	RENEW_RENEWAL,		/* same key, same names */
	RENEW_NEW_KEY,		/* new key, same names */
	RENEW_REKEY,		/* new key, by a ticket that replaces */
	RENEW_UPDATE,		/* other names */
};
const char *renew_kind_name(enum renew_kind k);	/* "renewal", "renewal with a new key" */

enum renew_key {
	RENEW_KEY_AUTO = 0,	/* as the ticket says; else a new one */
	RENEW_KEY_NEW,
	RENEW_KEY_SAME,
};

/* All names that the successor is to have, not only what changes. */
struct renew_names {
	const char	*identities[RENEW_NAMES_MAX];	/* "fqdn:gw1.example"; the first is ours in IKE */
	size_t		 n;
	const char	*subject;	/* "O=Example, CN=gw1"; NULL: the old one, its CN
					   following the first identity if it did before */
};

struct renew {
	const char		*dir;
	struct transport	 transport;
	/* Told before each message is sent: "request", "poll", "confirmation"; may be NULL. */
	void			(*stage)(void *ctx, const char *name);
	void			*stage_ctx;
	const struct rng	*rng;
	int64_t			 now;		/* unix seconds */
	bool			 hurry, carried;	/* as in struct enroll */

	/*
	 * Wishes.  A renewal under way is finished as it was begun, whatever they
	 * say: report.resumed tells, and the caller may run again.
	 */
	enum renew_key		 key;
	const struct ticket	*ticket;	/* rekey: its authorization replaces our certificate */
	const struct renew_names *names;	/* update */
};

struct renew_report {
	enum renew_kind	 kind;
	bool		 resumed;	/* an earlier run had begun it */
	char		 identity[264];	/* the first */
	char		 subject[ENROLL_SUBJECT_MAX];
	char		 old_serial[ENROLL_SERIAL_MAX], serial[ENROLL_SERIAL_MAX];	/* hex */
	int64_t		 old_not_after;
	int64_t		 not_before, not_after;
	/* What the PKI said about the old one ("... ends at ..."); "": ended now. */
	char		 old_fate[256];
	/* FAULT_BUSY, and these set: a person at the PKI is to approve. */
	int64_t		 waits_since, poll_at;
};

/*
 * Get the successor and switch to it.  Does not ask whether it is time: see
 * renew_due().  Faults as in enroll.h:
 *	FAULT_BUSY	unreachable, pending, or another process works in dir
 *	FAULT_REFUSED	the PKI said no (its words and code are in the text), or
 *			sent a certificate that cannot be used, which is then
 *			rejected; what is in use stays in use
 *	FAULT_SIGNATURE	an answer that is not from this PKI: nothing is lost
 *	FAULT_NOT_FOUND	no certificate in dir
 *	FAULT_CONFLICT	dir may be written by others, or is half enrolled
 */
MUST_CHECK bool renew_run(const struct renew *q, struct renew_report *r,
    struct fault *f);

/* The same over HTTP, now, as an agent does it. */
MUST_CHECK bool renew_by_http(const char *dir, const char *url, const struct rng *rng,
    struct renew_report *r, unsigned *retry_after, struct fault *f);

struct renew_due {
	bool	due;
	bool	under_way;	/* begun: run it, whatever the time */
	int64_t	poll_at;	/* it waits for approval, and asks then; 0: it does not */
	bool	expired;	/* no renewal any more: a new ticket is needed */
	int64_t	from;		/* the PKI takes it from here on */
	int64_t	at;		/* when this device is to ask: from, and a part of the
				   window's first half that is the certificate's own,
				   so that a fleet does not come at once; or as a hint says */
	int64_t	not_before, not_after;

	/* A hint of the PKI speaks of this certificate (hints.h), and at follows it. */
	bool	hinted;
	bool	hint_waits;	/* not before hint_to; else between from and to */
	int64_t	hint_from, hint_to;
	char	hint_reason[CVP_HINT_REASON_MAX + 1];
};
/*
 * percent: in the last so many percent of the lifetime, 1 ... 100; 0: as the
 * ticket in dir says, else RENEW_LAST_PERCENT.
 */
MUST_CHECK bool renew_due(const char *dir, int64_t now, unsigned percent,
    struct renew_due *out, struct fault *f);

/*
 * The generation before is kept, with its key, until somebody says that
 * nothing uses it any more: renew_settle() destroys it, renew_back() returns to
 * it.  *done false: there is none.  A certificate that the PKI has retired
 * in the meantime does not come back to life by this.
 */
MUST_CHECK bool renew_settle(const char *dir, bool *done, struct fault *f);
MUST_CHECK bool renew_back(const char *dir, bool *done, struct fault *f);

#endif
