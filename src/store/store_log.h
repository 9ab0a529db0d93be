/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_log.h - transactions seen, events for Admins, and the audit chain.
 */
#ifndef STORE_STORE_LOG_H
#define STORE_STORE_LOG_H

#include "store/store.h"

/* --- Peers' requests, for repeats, polls and confirmations ---------------- */

#define STORE_NONCE_MAX		128	/* octets of a nonce or transaction id we keep */
#define STORE_REQUESTS_BACK	16	/* of one authorization, looked through backwards */

/*
 * Rows of one authorization are chained by prev; struct store_authz.request
 * is the latest.  That keeps the insert an append, without an index.
 */
struct store_request {
	int64_t		 n;
	int64_t		 prev;		/* earlier one of the same authorization, or 0 */
	int64_t		 authz;
	int64_t		 cert;		/* delivered with the answer, or 0 */
	uint8_t		 spki_hash[STORE_DIGEST_OCTETS];	/* of the signer */
	struct view	 transaction;	/* transactionId, content octets */
	uint8_t		 digest[STORE_DIGEST_OCTETS];	/* of the whole message */
	struct view	 client_nonce, server_nonce;
	bool		 polled;	/* was answered pending: found by key */
	int64_t		 created;
};

/* Append; sets r->n, which the caller writes into its authorization. */
MUST_CHECK bool store_request_insert(struct store *st, struct store_request *r,
    struct fault *f);
MUST_CHECK bool store_request_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_request *out, struct fault *f);
/* Backwards from latest: the one whose answer carried this senderNonce. */
MUST_CHECK bool store_request_find_nonce(struct store *st, int64_t latest,
    struct view server_nonce, struct arena *a, struct store_request *out,
    struct fault *f);
/* Backwards from latest: the one with these very octets. */
MUST_CHECK bool store_request_find_digest(struct store *st, int64_t latest,
    const uint8_t digest[STORE_DIGEST_OCTETS], struct arena *a,
    struct store_request *out, struct fault *f);
/* The newest polled one of this key and transaction. */
MUST_CHECK bool store_request_find_polled(struct store *st,
    const uint8_t spki_hash[STORE_DIGEST_OCTETS], struct view transaction,
    struct arena *a, struct store_request *out, struct fault *f);
/* Delete up to max rows created before then, oldest first. */
MUST_CHECK bool store_request_purge(struct store *st, int64_t before, size_t max,
    int64_t *count, struct fault *f);

/* --- Admins' messages ----------------------------------------------------- */

struct store_admin_message {
	int64_t		 n;
	int64_t		 admin;
	struct view	 transaction;
	uint8_t		 digest[STORE_DIGEST_OCTETS];	/* of the whole message */
	struct view	 client_nonce, server_nonce;	/* server: in our last answer */
	struct view	 answer;	/* whole response, or empty if not kept */
	int64_t		 created;
};

/* Replaces the row of the same Admin and transaction. */
MUST_CHECK bool store_admin_message_put(struct store *st,
    const struct store_admin_message *m, struct fault *f);
MUST_CHECK bool store_admin_message_find(struct store *st, int64_t admin,
    struct view transaction, struct arena *a, struct store_admin_message *out,
    struct fault *f);
MUST_CHECK bool store_admin_message_purge(struct store *st, int64_t before,
    int64_t *count, struct fault *f);

/* --- events --------------------------------------------------------------- */

struct store_event {
	int64_t		 n;		/* the cursor; never reused */
	int64_t		 time;
	int		 kind;		/* EventReport's numbers */
	int64_t		 authz, cert, admin;	/* 0 = none */
	int		 failure;	/* CvpFailure code, 0 = none */
	const char	*detail;	/* what the Peer said of it; NULL or "": nothing */
	int64_t		 template;	/* the walk gives the authorization's, if there is one */
	const char	*authz_id;	/* filled in by the walk; NULL = none */
};

MUST_CHECK bool store_event_insert(struct store *st, const struct store_event *e,
    struct fault *f);
/* Those after the cursor, oldest first, at most max. */
MUST_CHECK bool store_event_walk(struct store *st, int64_t after, size_t max,
    bool (*each)(void *ctx, const struct store_event *e, struct fault *f),
    void *ctx, struct fault *f);
/* Delete those older than that; the newest one always stays. */
MUST_CHECK bool store_event_purge(struct store *st, int64_t before,
    int64_t *count, struct fault *f);

/* --- audit ---------------------------------------------------------------- */

/*
 * Rows are only ever added.  digest = SHA-256 over the digest of the row
 * before (32 zero octets for the first) and the fields, each with its length:
 * changing, removing or reordering any row breaks all that follow.  To notice
 * a cut at the end, keep the head (store_audit_head) somewhere else.
 */
struct store_audit {
	int64_t		 n;
	int64_t		 time;
	const char	*actor;		/* "admin:ops", "peer:ID", "operator", "pki" */
	const char	*action;	/* "authz open>inProgress" */
	const char	*object;	/* "authz:17", "cert:42" */
	const char	*detail;	/* "" if none; never a secret */
	uint8_t		 digest[STORE_DIGEST_OCTETS];
};

/* Reads time, actor, action, object, detail; NULL text counts as "". */
MUST_CHECK bool store_audit_insert(struct store *st, const struct store_audit *e,
    struct fault *f);
MUST_CHECK bool store_audit_walk(struct store *st, int64_t after, size_t max,
    bool (*each)(void *ctx, const struct store_audit *e, struct fault *f),
    void *ctx, struct fault *f);
MUST_CHECK bool store_audit_head(struct store *st, int64_t *n,
    uint8_t digest[STORE_DIGEST_OCTETS], struct fault *f);
/*
 * Walk the whole chain.  *bad = 0: it holds; else the number of the first
 * row that does not fit, and why (static text) is set.  False only when the
 * store could not be read.
 */
MUST_CHECK bool store_audit_verify(struct store *st, int64_t *rows, int64_t *bad,
    const char **why, struct fault *f);

#endif
