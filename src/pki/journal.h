/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - what stays true when the database is put back to yesterday.
 *
 * An append-only file beside the sealing key, never in a backup of the
 * database: which authorization bought which certificate, which one was
 * cancelled or locked, and the highest numbers given out (corrections, 1).  The signer
 * writes it and believes it before any record that the engine shows.
 *
 * One record is one frame (base/frame.h) whose tag counts from 1 and whose
 * body ends with the SHA-256 of the record before and this one: a record
 * changed or taken out is seen.  A torn last record is cut off when opened:
 * what it is about was never answered.
 *
 * Ids stay in memory, some hundred octets each.
 */
#ifndef PKI_JOURNAL_H
#define PKI_JOURNAL_H

#include "base/buf.h"
#include "base/frame.h"
#include "crypt/digest.h"

enum journal_kind {
	JOURNAL_ISSUED = 1,
	JOURNAL_CANCELLED = 2,
	JOURNAL_CRL = 3,
	JOURNAL_SUCCESSOR = 4,	/* id: the serial number; by whom, its deed says */
	JOURNAL_LOCKED = 5,	/* by an operator, for a while; spends nothing... */
	JOURNAL_UNLOCKED = 6,	/* ...and from here on not any more */
	JOURNAL_BASE = 7,	/* first of a compacted file: `number` records of those up to
				   `counter` follow, which are all that count */
};

#define JOURNAL_CAS	64	/* CAs there ever were, of which it keeps CRL numbers */

struct journal_record {
	enum journal_kind kind;
	uint64_t	 counter;	/* set when appended */
	int64_t		 time;
	struct view	 id;		/* of the authorization; empty for a CRL */
	uint8_t		 tbs[SHA256_OCTETS];	/* of the TBSCertificate */
	uint8_t		 spki[SHA256_OCTETS];
	uint64_t	 number;	/* inside the serial number, or of the CRL */
	uint8_t		 ca;		/* of the CRL */
};

/* What is known about one id. */
struct journal_spent {
	uint8_t		 id[SHA256_OCTETS], tbs[SHA256_OCTETS];
	int64_t		 time;
	enum journal_kind kind;		/* 0: nothing */
};

struct journal;

/* Read the file, or begin one.  What does not fit its chain is cut off. */
struct journal *journal_open(const char *path, struct fault *f);
void	journal_close(struct journal *j);	/* accepts NULL */

/* Lends; NULL: neither issued nor cancelled.  id of an authorization, or serial number. */
const struct journal_spent *journal_find(const struct journal *j, struct view id);
/* In memory at once, on disk after journal_settle(). */
MUST_CHECK bool journal_append(struct journal *j, struct journal_record *r,
    struct fault *f);
/* All that was appended is durable.  Cheap when there is nothing. */
MUST_CHECK bool journal_settle(struct journal *j, struct fault *f);

/*
 * Write the file anew without what nobody can use any more: records from
 * before `since`, when the oldest sealing key there is was made, for no seal of
 * that time opens; CRLs but the last of each CA; locks of what is spent.  The
 * highest numbers and the counter stay.  Nothing is done for less than `least`
 * such records.  The file changes at once or not at all.  Nobody has it open.
 */
MUST_CHECK bool journal_compact(const char *path, int64_t since, uint64_t least,
    struct fault *f);

uint64_t journal_counter(const struct journal *j);
uint64_t journal_certs(const struct journal *j);	/* highest number in a serial */
uint64_t journal_crls(const struct journal *j, uint8_t ca);

/*
 * Append the frames of records behind `after` to out, at most some MiB of
 * them; durable ones only.
 */
MUST_CHECK bool journal_read(struct journal *j, uint64_t after, struct buf *out,
    struct fault *f);
/* Read one such frame. */
MUST_CHECK bool journal_record_get(const struct frame *fr, struct journal_record *out,
    struct fault *f);

#endif
