/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_approval.h - requests that wait for a person's word.
 *
 * A row is written with the request that it holds, and stays as what became
 * of it.  At most one of an authorization is waiting or approved.  Does not
 * know how many words are enough, nor who may speak.
 */
#ifndef STORE_STORE_APPROVAL_H
#define STORE_STORE_APPROVAL_H

#include "store/store.h"
#include "store/store_cert.h"

#define STORE_PEND_TOKEN_OCTETS	16

enum store_approval_state {	/* fixed: they are on disk */
	STORE_APPROVAL_WAITING = 0,
	STORE_APPROVAL_APPROVED = 1,	/* its Peer has not come yet */
	STORE_APPROVAL_ISSUED = 2,	/* a certificate was reserved for it */
	STORE_APPROVAL_REJECTED = 3,
	STORE_APPROVAL_LATE = 4,	/* nobody decided, or nobody came, in time */
	STORE_APPROVAL_CANCELLED = 5,	/* with its authorization or lineage */
	STORE_APPROVAL_REFUSED = 6,	/* approved, and the PKI's rules forbade it by then */
};
#define STORE_APPROVAL_STATES	7

struct store_approval {
	int64_t		 n;		/* 0: none */
	enum store_approval_state state;
	int64_t		 authz;		/* of the certificate that is to come */
	int64_t		 cert;		/* that signed the request: of the lineage, or for a first
					   enrolment an Admin's; 0: the requested key signed */
	enum store_change_kind kind;
	int64_t		 needed;	/* different approvers */
	int64_t		 created;
	int64_t		 pend_time;	/* told with the first answer, never changed */
	int64_t		 deadline;	/* waiting or approved: ends then */
	int64_t		 closed;	/* when it was decided or ended, or 0 */
	int64_t		 code;		/* CvpFailure of a refusal, or 0 */
	uint8_t		 token[STORE_PEND_TOKEN_OCTETS];
	uint8_t		 spki_hash[STORE_DIGEST_OCTETS];	/* of the requested key */
	uint8_t		 digest[STORE_DIGEST_OCTETS];	/* of the whole message */
	struct view	 transaction;	/* transactionId, content octets */
	const char	*identity;	/* for people */
	const char	*reason;	/* of a refusal, "" if none */
	struct view	 request;	/* message as received; empty once it was purged */
	struct view	 layer;		/* an Admin's around it, or empty; purged with it */
	int64_t		 layer_by;	/* certificate that signed that, or 0 */
};

/* FAULT_CONFLICT if the token exists.  Sets q->n. */
MUST_CHECK bool store_approval_insert(struct store *st, struct store_approval *q,
    struct fault *f);
/* Write state, deadline, closed, code and reason, if the row is still in state from. */
MUST_CHECK bool store_approval_update(struct store *st, const struct store_approval *q,
    enum store_approval_state from, bool *done, struct fault *f);
MUST_CHECK bool store_approval_find_token(struct store *st, struct view token,
    struct arena *a, struct store_approval *out, struct fault *f);
/* The one of this authorization that waits or is approved. */
MUST_CHECK bool store_approval_find_open(struct store *st, int64_t authz, struct arena *a,
    struct store_approval *out, struct fault *f);
/* The newest one of this authorization with this very message. */
MUST_CHECK bool store_approval_find_digest(struct store *st, int64_t authz,
    const uint8_t digest[STORE_DIGEST_OCTETS], struct arena *a,
    struct store_approval *out, struct fault *f);
/* Waiting or approved, oldest first, without their requests. */
MUST_CHECK bool store_approval_walk(struct store *st, size_t max,
    bool (*each)(void *ctx, const struct store_approval *q, struct fault *f),
    void *ctx, struct fault *f);
/* Numbers of authorizations with one whose deadline is not after now. */
MUST_CHECK bool store_approval_due(struct store *st, int64_t now, int64_t *authz,
    size_t max, size_t *count, struct fault *f);
MUST_CHECK bool store_approval_count(struct store *st,
    int64_t counts[STORE_APPROVAL_STATES], struct fault *f);
/* Forget the messages of up to max rows closed before then. */
MUST_CHECK bool store_approval_purge(struct store *st, int64_t before, size_t max,
    struct fault *f);

/* One person's word on one request. */
struct store_approver {
	int64_t		 approval;
	const char	*name;		/* as given */
	const char	*key;		/* as names are compared; given by the caller */
	bool		 rejects;
	int64_t		 time;
	const char	*reason;
};
/* FAULT_CONFLICT if this key has said the same of this request before. */
MUST_CHECK bool store_approver_insert(struct store *st, const struct store_approver *p,
    struct fault *f);
/* In the order of time. */
MUST_CHECK bool store_approver_walk(struct store *st, int64_t approval,
    bool (*each)(void *ctx, const struct store_approver *p, struct fault *f),
    void *ctx, struct fault *f);

#endif
