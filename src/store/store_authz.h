/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_authz.h - templates, Admins, batches, authorizations and the names
 * they own.
 *
 * Rows are never deleted: a dead authorization stays as a tombstone, so that
 * its id is never handed out twice and a replay is recognised (RFC 4809,
 * 3.2.4.4).  Does not check rights, terms or secrets.
 */
#ifndef STORE_STORE_AUTHZ_H
#define STORE_STORE_AUTHZ_H

#include "store/store.h"

/* --- templates ----------------------------------------------------------- */

struct store_template {
	int64_t		 n;
	const char	*name;
	int64_t		 version;
	uint8_t		 digest[STORE_DIGEST_OCTETS];	/* SHA-256 of der */
	struct view	 der;		/* Template */
	struct view	 profile;	/* configuration text it was made from */
	int64_t		 created, retired;
};

/* FAULT_CONFLICT if name and version exist.  Sets t->n. */
MUST_CHECK bool store_template_insert(struct store *st, struct store_template *t,
    struct fault *f);
/* Retire n unless it is retired already; *done tells. */
MUST_CHECK bool store_template_retire(struct store *st, int64_t n, int64_t now,
    bool *done, struct fault *f);
/* version 0: the highest one that is not retired. */
MUST_CHECK bool store_template_find(struct store *st, const char *name,
    int64_t version, struct arena *a, struct store_template *out, struct fault *f);
/* The highest version there ever was, retired or not. */
MUST_CHECK bool store_template_last(struct store *st, const char *name,
    struct arena *a, struct store_template *out, struct fault *f);
MUST_CHECK bool store_template_find_n(struct store *st, int64_t n,
    struct arena *a, struct store_template *out, struct fault *f);
/* By name, then version; retired ones too. */
MUST_CHECK bool store_template_walk(struct store *st,
    bool (*each)(void *ctx, const struct store_template *t, struct fault *f),
    void *ctx, struct fault *f);

/* An Admin who signed a version, before it is in use or while it is. */
struct store_author {
	const char	*template;	/* its name */
	int64_t		 version;	/* 0: none */
	uint8_t		 digest[STORE_DIGEST_OCTETS];	/* TemplateRef.digest */
	int64_t		 admin, cert;	/* who, and by which certificate */
	int64_t		 time;		/* of the import */
	const char	*name;		/* filled in: the Admin's... */
	uint8_t		 serial[STORE_SERIAL_OCTETS];	/* ...and the certificate's */
};

/* FAULT_CONFLICT if this version of it has an author. */
MUST_CHECK bool store_author_insert(struct store *st, const struct store_author *u,
    struct fault *f);
/* version 0: of the highest that has one. */
MUST_CHECK bool store_author_find(struct store *st, const char *template, int64_t version,
    struct arena *a, struct store_author *out, struct fault *f);

/* --- Admins -------------------------------------------------------------- */

/* A logical Admin: rights belong to the name, not to one certificate. */
struct store_admin {
	int64_t		 n;
	const char	*name;
	const char	*rights;	/* text, meaning known above */
	int64_t		 created;
};

MUST_CHECK bool store_admin_insert(struct store *st, struct store_admin *ad,
    struct fault *f);			/* FAULT_CONFLICT if the name exists */
MUST_CHECK bool store_admin_set_rights(struct store *st, int64_t n,
    const char *rights, bool *done, struct fault *f);
/* Let certificate number cert speak for Admin n; repeating it is fine. */
MUST_CHECK bool store_admin_add_cert(struct store *st, int64_t n, int64_t cert,
    struct fault *f);
MUST_CHECK bool store_admin_find(struct store *st, const char *name,
    struct arena *a, struct store_admin *out, struct fault *f);
MUST_CHECK bool store_admin_find_n(struct store *st, int64_t n,
    struct arena *a, struct store_admin *out, struct fault *f);
MUST_CHECK bool store_admin_find_cert(struct store *st, int64_t cert,
    struct arena *a, struct store_admin *out, struct fault *f);
/* Numbers of the certificates that speak for Admin n, the newest first. */
MUST_CHECK bool store_admin_certs(struct store *st, int64_t n, int64_t *certs,
    size_t max, size_t *count, struct fault *f);
MUST_CHECK bool store_admin_walk(struct store *st,
    bool (*each)(void *ctx, const struct store_admin *ad, struct fault *f),
    void *ctx, struct fault *f);

/* --- batches ------------------------------------------------------------- */

struct store_batch {
	int64_t		 n;
	int64_t		 admin;
	struct view	 batch_id;	/* 16 .. 32 octets */
	uint8_t		 request_digest[STORE_DIGEST_OCTETS];	/* AuthzRequest value */
	struct view	 response;	/* AuthzResponse value */
	struct view	 secrets;	/* sealed or enveloped ContentInfo; empty once deleted */
	uint8_t		 ack_digest[STORE_DIGEST_OCTETS];	/* of the piece, for authzAck */
	int64_t		 created, acked;
	/* Answered in pieces (corrections, 20): response and secrets are the last one's. */
	int64_t		 next;		/* entries answered so far */
	int64_t		 first;		/* authorization of the last piece */
	struct view	 token;		/* pendToken for the rest; empty: there is none */
	struct view	 message;	/* that asked, while there is a rest */
};

/* FAULT_CONFLICT if this Admin used the batch_id before.  Sets b->n. */
MUST_CHECK bool store_batch_insert(struct store *st, struct store_batch *b,
    struct fault *f);
/*
 * Fill in response, secrets and ack_digest of batch b->n, once its entries are stored;
 * next, token and message; it is not acknowledged.
 */
MUST_CHECK bool store_batch_answer(struct store *st, const struct store_batch *b,
    struct fault *f);
/* One of this Admin that has a rest. */
MUST_CHECK bool store_batch_find_token(struct store *st, int64_t admin, struct view token,
    struct arena *a, struct store_batch *out, struct fault *f);
/* What nobody came back for has no rest any more. */
MUST_CHECK bool store_batch_forget(struct store *st, int64_t before, struct fault *f);
MUST_CHECK bool store_batch_find(struct store *st, int64_t admin,
    struct view batch_id, struct arena *a, struct store_batch *out,
    struct fault *f);
MUST_CHECK bool store_batch_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_batch *out, struct fault *f);
/* Record the acknowledgement and delete the secrets.  *done: it was the first. */
MUST_CHECK bool store_batch_ack(struct store *st, int64_t n, int64_t now,
    bool *done, struct fault *f);
MUST_CHECK bool store_batch_drop_secrets(struct store *st, int64_t n, int64_t authz,
    struct fault *f);
/* Delete the secrets of batches that have nothing waiting or open any more. */
MUST_CHECK bool store_batch_drop_ended(struct store *st, struct fault *f);
/* Delete the secrets of all batches created before then; *count of them. */
MUST_CHECK bool store_batch_purge_secrets(struct store *st, int64_t before,
    int64_t *count, struct fault *f);

/* --- authorizations ------------------------------------------------------ */

/* AuthzState of our CMC profile, with its numbers; fixed, they are on disk. */
enum store_authz_state {
	STORE_AUTHZ_WAITING = 0,
	STORE_AUTHZ_OPEN = 1,
	STORE_AUTHZ_IN_PROGRESS = 2,
	STORE_AUTHZ_ISSUED = 3,
	STORE_AUTHZ_CONFIRMED = 4,
	STORE_AUTHZ_CANCELLED = 5,
	STORE_AUTHZ_EXPIRED = 6,
	STORE_AUTHZ_LOCKED = 7,
	STORE_AUTHZ_REJECTED = 8,
	STORE_AUTHZ_REVOKED = 9,
};
#define STORE_AUTHZ_STATES	10

struct store_authz {
	/* fixed when inserted */
	int64_t		 n;
	const char	*id;		/* unique for ever */
	int64_t		 admin, batch, template;
	int64_t		 entry_id;
	const char	*label;		/* "" if none */
	struct view	 terms;		/* effective AuthzTerms, DER */
	int64_t		 window_from, window_to;
	int64_t		 confirm_within;	/* seconds */
	int64_t		 replaces;	/* certificate number or 0 */
	uint8_t		 content_digest[STORE_DIGEST_OCTETS];
	struct view	 subject;	/* Name, DER, or empty */
	const char	*sans;		/* normalised list, "fqdn:a.example,ipv4:..." */
	int64_t		 created;
	/* written by store_authz_update() */
	enum store_authz_state state;
	struct view	 sealed;	/* K and what goes with it; empty = erased */
	struct view	 sealed_cancel;	/* Kc */
	int64_t		 epoch;
	uint8_t		 spki_hash[STORE_DIGEST_OCTETS];	/* once bound, else zero */
	bool		 bound;
	bool		 held;		/* waits for an operator's approval */
	int64_t		 cert;		/* reserved, issued, or head of the lineage */
	int64_t		 successor;	/* issued under this one and not yet confirmed */
	int64_t		 confirm_by;	/* deadline of whichever is unconfirmed, of the
					   acknowledgement of a cancel, or 0 */
	int64_t		 renewals;	/* successors confirmed so far... */
	int64_t		 updates;	/* ...with other names */
	int64_t		 request;	/* latest row of store_request, or 0 */
	int64_t		 failed_proofs;	/* since the last good one */
	int64_t		 event_at;	/* last event written for an unproven sender */
	int64_t		 last_failure;	/* code, 0 = none */
	uint8_t		 receipt[STORE_RECEIPT_OCTETS];	/* of a cancel, or of a confirmation */
	int64_t		 changed;
};

/* FAULT_CONFLICT if the id was ever used.  Sets z->n. */
MUST_CHECK bool store_authz_insert(struct store *st, struct store_authz *z,
    struct fault *f);
/*
 * Write the second half of *z to row z->n if that row is still in state from.
 * *done false: it is not, and nothing was written.
 */
MUST_CHECK bool store_authz_update(struct store *st, const struct store_authz *z,
    enum store_authz_state from, bool *done, struct fault *f);
/*
 * Forget what a dead authorization was about: terms, subject, names, label.
 * The id, digests, keys for repeating a cancel and the receipt stay.
 */
MUST_CHECK bool store_authz_erase(struct store *st, int64_t n, struct fault *f);

/* The cancelled one with this receipt; n 0: there is none. */
MUST_CHECK bool store_authz_find_receipt(struct store *st, struct view receipt,
    struct arena *a, struct store_authz *out, struct fault *f);
MUST_CHECK bool store_authz_find(struct store *st, struct view id,
    struct arena *a, struct store_authz *out, struct fault *f);
MUST_CHECK bool store_authz_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_authz *out, struct fault *f);
/*
 * A living (waiting .. issued, or locked) authorization of this Admin with
 * the same content, or 0.
 */
MUST_CHECK bool store_authz_find_content(struct store *st, int64_t admin,
    const uint8_t digest[STORE_DIGEST_OCTETS], int64_t *n, struct fault *f);

/* Zero or NULL in a field: do not care. */
struct store_authz_filter {
	int64_t		 admin, batch, template;
	uint32_t	 states;	/* bit 1 << state */
	const char	*text;		/* part of label or names, or the whole id */
	int64_t		 after;		/* only n above this: the cursor */
	size_t		 max;
};
MUST_CHECK bool store_authz_walk(struct store *st,
    const struct store_authz_filter *filter,
    bool (*each)(void *ctx, const struct store_authz *z, struct fault *f),
    void *ctx, struct fault *f);

/* Numbers of rows in these states (bits); ascending, after the cursor. */
MUST_CHECK bool store_authz_in_states(struct store *st, uint32_t states,
    int64_t after, int64_t *n, size_t max, size_t *count, struct fault *f);
/*
 * Waiting or open authorizations whose window ended in (since, until].
 * Callers start with since = 0 and go on from their last until.
 */
MUST_CHECK bool store_authz_ended(struct store *st, int64_t since, int64_t until,
    int64_t *n, size_t max, size_t *count, struct fault *f);
/* Those with confirm_by set and not after now. */
MUST_CHECK bool store_authz_unconfirmed(struct store *st, int64_t now, int64_t *n,
    size_t max, size_t *count, struct fault *f);
/* Waiting ones whose window began. */
MUST_CHECK bool store_authz_begun(struct store *st, int64_t now, int64_t *n,
    size_t max, size_t *count, struct fault *f);
MUST_CHECK bool store_authz_count(struct store *st,
    int64_t counts[STORE_AUTHZ_STATES], struct fault *f);

/*
 * When the oldest thing came to be that the signer has sealed and may have to
 * open again: an authorization with a token, a certificate that is alive now.
 * Now if there is none.
 */
MUST_CHECK bool store_sealed_since(struct store *st, int64_t now, int64_t *since,
    struct fault *f);

/* --- keys made by the PKI -------------------------------------------------- */

/* There while its authorization is in progress or issued. */
struct store_generated {
	int64_t		 authz;		/* 0: none */
	uint8_t		 digest[STORE_DIGEST_OCTETS];	/* of the keyGenRequest */
	struct view	 spki;
	struct view	 key;		/* enveloped for its Admin */
};
MUST_CHECK bool store_generated_insert(struct store *st, const struct store_generated *g,
    struct fault *f);
MUST_CHECK bool store_generated_find(struct store *st, int64_t authz, struct arena *a,
    struct store_generated *out, struct fault *f);
MUST_CHECK bool store_generated_erase(struct store *st, int64_t authz, struct fault *f);

/* --- names --------------------------------------------------------------- */

enum store_name_kind {
	STORE_NAME_SUBJECT = 1,		/* prepared subject, as text or hex */
	STORE_NAME_FQDN,
	STORE_NAME_EMAIL,
	STORE_NAME_IPV4,
	STORE_NAME_IPV6,
	STORE_NAME_LABEL,		/* not unique; to find things by */
};

/* One of authz and cert may be 0.  Repeating a row is fine. */
MUST_CHECK bool store_name_insert(struct store *st, const char *value,
    enum store_name_kind kind, int64_t authz, int64_t cert, struct fault *f);

/*
 * The names of authz, but for its label, are those of this certificate from
 * now on and live as long as it does.
 */
MUST_CHECK bool store_names_leave(struct store *st, int64_t authz, int64_t cert,
    struct fault *f);

struct store_owner {
	int64_t	 authz, cert;		/* cert: head of that authorization's lineage */
	bool	 living;		/* see below */
};
#define STORE_OWNERS_MAX	64	/* more than any sane history of one name */

/*
 * Who has had this name, the living first, then newest first.  Living: its
 * authorization is waiting .. issued or locked, or its certificate (for an authorization: its head) is reserved,
 * issued, confirmed or superseded and not_after is past now.
 */
MUST_CHECK bool store_name_owners(struct store *st, const char *value,
    enum store_name_kind kind, int64_t now,
    struct store_owner out[STORE_OWNERS_MAX], size_t *count, struct fault *f);

#endif
