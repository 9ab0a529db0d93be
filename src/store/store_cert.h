/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_cert.h - certificates, CAs and CRLs.
 *
 * A certificate's row number is the counter inside its serial number, so a
 * serial is found by its number and then compared.  A number is used once,
 * even when the transaction that took it is rolled back.  The certificate's
 * octets lie apart from its row, so that walks over states stay cheap.
 */
#ifndef STORE_STORE_CERT_H
#define STORE_STORE_CERT_H

#include "store/store.h"

enum store_cert_state {		/* fixed: they are on disk */
	STORE_CERT_RESERVED = 0,	/* body is the TBSCertificate to be signed */
	STORE_CERT_ISSUED = 1,		/* signed, not yet proved by its Peer */
	STORE_CERT_CONFIRMED = 2,	/* published */
	STORE_CERT_SUPERSEDED = 3,	/* has a confirmed successor, revocation due */
	STORE_CERT_REVOKED = 4,
	STORE_CERT_EXPIRED = 5,
	STORE_CERT_REJECTED = 6,	/* never issued: the reservation was given up */
};
#define STORE_CERT_STATES	7
#define STORE_CERT_NUMBER_MAX	((INT64_C(1) << 40) - 1)	/* 5 octets in the serial */

struct store_cert {
	int64_t		 n;
	uint8_t		 serial[STORE_SERIAL_OCTETS];
	int64_t		 ca, authz, template;	/* authz, template: 0 for our own */
	int64_t		 prev;		/* certificate it succeeds, or 0 */
	enum store_cert_state state;
	struct view	 body;		/* TBS while reserved, then the certificate */
	struct view	 deed;		/* the signer's, of an issued one: with the body */
	const char	*subject;	/* for people */
	const char	*identity;	/* first IKE identity, "fqdn:gw1.example" */
	uint8_t		 spki_hash[STORE_DIGEST_OCTETS];
	uint8_t		 sha1[STORE_SHA1_OCTETS];	/* of the DER; zero while reserved */
	int64_t		 not_before, not_after;
	int64_t		 created, confirmed_at, retire_at;
	int64_t		 revoked_at, invalidity;
	int		 reason;	/* CRLReason */
};

/* The next number; put it into the serial, then insert. */
MUST_CHECK bool store_cert_number(struct store *st, int64_t *n, struct fault *f);
/* Insert as it stands (reserved; or any other state with its DER). */
MUST_CHECK bool store_cert_insert(struct store *st, const struct store_cert *c,
    struct fault *f);
/* reserved -> issued: the DER replaces the TBS; deed may be empty. */
MUST_CHECK bool store_cert_finish(struct store *st, int64_t n, struct view der,
    struct view deed, const uint8_t sha1[STORE_SHA1_OCTETS], bool *done, struct fault *f);
/* issued -> confirmed. */
MUST_CHECK bool store_cert_confirm(struct store *st, int64_t n, int64_t now,
    bool *done, struct fault *f);
/* Any other guarded step (superseded, expired, rejected). retire_at 0: leave. */
MUST_CHECK bool store_cert_move(struct store *st, int64_t n,
    enum store_cert_state from, enum store_cert_state to, int64_t retire_at,
    bool *done, struct fault *f);
/* confirmed -> superseded; retire_at 0: never; reason is for its revocation then. */
MUST_CHECK bool store_cert_supersede(struct store *st, int64_t n, int64_t retire_at,
    int reason, bool *done, struct fault *f);
/* issued, confirmed or superseded -> revoked. */
MUST_CHECK bool store_cert_revoke(struct store *st, int64_t n, int64_t now,
    int reason, int64_t invalidity, bool *done, struct fault *f);

/* want_body false leaves body empty and saves a read. */
MUST_CHECK bool store_cert_find(struct store *st, int64_t n, bool want_body,
    struct arena *a, struct store_cert *out, struct fault *f);
/*
 * Confirmed certificates only: what hash-and-URL may serve.  The first call
 * reads the hashes of all, later ones those of what is new.
 */
MUST_CHECK bool store_cert_find_sha1(struct store *st,
    const uint8_t sha1[STORE_SHA1_OCTETS], struct arena *a,
    struct store_cert *out, struct fault *f);

/*
 * Certificates an operator may mean by text: an identity value with or
 * without its type ("gw1.example", "fqdn:gw1.example"), a label, an
 * authorization id.  The head of each lineage that has one, newest first,
 * whatever its state.
 */
MUST_CHECK bool store_cert_find_named(struct store *st, const char *text,
    int64_t *n, size_t max, size_t *count, struct fault *f);

/*
 * For reports, by the same text: every certificate there ever was under it,
 * the newest first, and those that another one succeeded it.
 */
MUST_CHECK bool store_cert_find_ever(struct store *st, const char *text,
    int64_t *n, size_t max, size_t *count, struct fault *f);
/* Made to take the place of this one, the oldest first; refused ones too. */
MUST_CHECK bool store_cert_successors(struct store *st, int64_t cert, int64_t *n,
    size_t max, size_t *count, struct fault *f);

struct store_cert_filter {
	uint32_t	 states;	/* bit 1 << state; 0 = all */
	int64_t		 ca;		/* 0 = all */
	int64_t		 expires_by;	/* not_after not past this; 0 = all */
	int64_t		 after;		/* cursor */
	size_t		 max;
	bool		 want_body;
};
MUST_CHECK bool store_cert_walk(struct store *st,
    const struct store_cert_filter *filter,
    bool (*each)(void *ctx, const struct store_cert *c, struct fault *f),
    void *ctx, struct fault *f);

/* What a CRL says about one certificate. */
struct store_revoked {
	int64_t		 n;
	struct view	 serial;
	int64_t		 revoked_at, invalidity;
	int		 reason;
};
/*
 * Revoked certificates of a CA whose not_after is past expired_by, in order
 * of serial number.  since > 0: only those revoked at or after it (delta).
 */
MUST_CHECK bool store_revoked_walk(struct store *st, int64_t ca,
    int64_t expired_by, int64_t since,
    bool (*each)(void *ctx, const struct store_revoked *r, struct fault *f),
    void *ctx, struct fault *f);

/* Numbers of those with retire_at set, not after now, and not revoked yet. */
MUST_CHECK bool store_cert_retiring(struct store *st, int64_t now, int64_t *n,
    size_t max, size_t *count, struct fault *f);
/* Move issued, confirmed and superseded ones past not_after to expired. */
MUST_CHECK bool store_cert_expire(struct store *st, int64_t now, int64_t *count,
    struct fault *f);
/* Those of a CA, rejected ones apart, that end after t: how many, and when the last one does. */
MUST_CHECK bool store_cert_ends(struct store *st, int64_t ca, int64_t t, int64_t *count,
    int64_t *last, struct fault *f);
MUST_CHECK bool store_cert_count(struct store *st,
    int64_t counts[STORE_CERT_STATES], struct fault *f);

/* --- successors ---------------------------------------------------------- */

/* What the request that led to a certificate was derived to be; on disk. */
enum store_change_kind {
	STORE_CHANGE_NONE = 0,		/* a first certificate */
	STORE_CHANGE_RENEWAL = 1,	/* same key, same names */
	STORE_CHANGE_NEW_KEY = 2,	/* a renewal with a new key */
	STORE_CHANGE_REKEY = 3,		/* a new key by a new authorization */
	STORE_CHANGE_UPDATE = 4,	/* other names */
};

struct store_change {
	int64_t		 cert;		/* the successor; 0: none */
	enum store_change_kind kind;
	struct view	 request;	/* message as received; empty once it is signed */
};

MUST_CHECK bool store_change_insert(struct store *st, const struct store_change *c,
    struct fault *f);
MUST_CHECK bool store_change_find(struct store *st, int64_t cert, struct arena *a,
    struct store_change *out, struct fault *f);
/* The certificate is signed (or given up): the message is not needed any more. */
MUST_CHECK bool store_change_close(struct store *st, int64_t cert, struct fault *f);
/* Certificates whose message is still there, ascending, after the cursor. */
MUST_CHECK bool store_change_open(struct store *st, int64_t after, int64_t *n,
    size_t max, size_t *count, struct fault *f);

/* --- CAs and CRLs -------------------------------------------------------- */

struct store_ca {
	int64_t		 n;
	const char	*name;		/* in URLs and file names */
	struct view	 cert;		/* DER */
	int64_t		 crl_number;	/* last one allocated */
	int		 phase;		/* as its owner counts */
};

MUST_CHECK bool store_ca_insert(struct store *st, struct store_ca *ca,
    struct fault *f);			/* FAULT_CONFLICT if the name exists */
MUST_CHECK bool store_ca_find(struct store *st, const char *name,
    struct arena *a, struct store_ca *out, struct fault *f);
MUST_CHECK bool store_ca_set_phase(struct store *st, int64_t n, int phase, struct fault *f);
MUST_CHECK bool store_ca_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_ca *out, struct fault *f);
MUST_CHECK bool store_ca_walk(struct store *st,
    bool (*each)(void *ctx, const struct store_ca *ca, struct fault *f),
    void *ctx, struct fault *f);

enum store_crl_kind { STORE_CRL_FULL = 0, STORE_CRL_DELTA = 1 };

struct store_crl {
	int64_t		 ca;
	enum store_crl_kind kind;
	int64_t		 number, this_update, next_update;	/* number 0: none */
	struct view	 der;
};

/* The CA's next CRL number, at least at_least (0: no floor). */
MUST_CHECK bool store_crl_number(struct store *st, int64_t ca, int64_t at_least,
    int64_t *number, struct fault *f);
/* Keep as the latest of its kind; a lower number than the kept one is FAULT_CONFLICT. */
MUST_CHECK bool store_crl_put(struct store *st, const struct store_crl *crl,
    struct fault *f);
MUST_CHECK bool store_crl_find(struct store *st, int64_t ca,
    enum store_crl_kind kind, struct arena *a, struct store_crl *out,
    struct fault *f);

#endif
