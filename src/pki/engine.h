/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - the rules of the PKI, over the store and a signer.
 *
 * Takes a batch of messages, answers all of them, and has everything that is
 * answered on disk before it returns (docs/adr/0004).  Knows no network and
 * holds no key.  One thread calls; the engine has threads of its own for
 * signatures.
 */
#ifndef PKI_ENGINE_H
#define PKI_ENGINE_H

#include "base/random.h"
#include "pki/signer.h"
#include "store/store.h"

/* So far below the latest time seen nothing is decided (corrections, 24). */
#define ENGINE_CLOCK_BEHIND_SECONDS	300

struct engine;

struct engine_parts {
	const struct pki_config	*config;	/* borrowed, all of them */
	struct store		*store;
	struct signer_link	 signer;
	const struct rng	*rng;
};

/*
 * Reads certificates and templates, brings new template versions into the
 * store, finishes what a crash interrupted.  NULL with a fault.
 */
struct engine *engine_new(const struct engine_parts *p, int64_t now, struct fault *f);
void	engine_free(struct engine *e);			/* accepts NULL */

/* One CMC message and its answer. */
struct job {
	struct view	 message;	/* borrowed until engine_run() returns */
	const char	*source;	/* for the log: "192.0.2.1" */

	struct buf	 answer;	/* a Full PKI Response; the caller clears it */
	bool		 again;		/* no answer now: the client should repeat (503) */
	bool		 later;		/* with again: its key is being made, run it once more */
	bool		 refused_proof;	/* answer not before the refusal floor */
	bool		 wrapper;	/* many messages in one: not slowed down for one's guesses */
	bool		 deferred;	/* no room beside the others: run alone, inside engine_run() */
};
#define JOBS_MAX	1024		/* in one batch */

/*
 * now may go back: the highest that was ever seen counts.  More than five
 * minutes below it every answer is tryLater (corrections, 24).
 */
void	engine_run(struct engine *e, struct job *jobs, size_t n, int64_t now);

/*
 * When a refused proof may be answered: at the first multiple of floor behind
 * its arrival that is not past, so that the work it made does not show.  All
 * in one unit; floor is not 0.
 */
int64_t	engine_refusal_due(int64_t arrived, int64_t now, int64_t floor);

/*
 * What time brings: windows that end, confirmations that did not come, CRLs
 * that are due.  Call at least once a second; *next is when it wants to be
 * called at the latest.
 */
MUST_CHECK bool engine_tick(struct engine *e, int64_t now, struct fault *f);

/* After the signer was replaced: finish what was reserved and not signed. */
MUST_CHECK bool engine_recover(struct engine *e, int64_t now, struct fault *f);

/* Objects for the front to serve; each has been made once engine_new() returns. */
struct object {
	char		 path[128];	/* "/crl/ike.crl" */
	const char	*content_type;
	struct buf	 body;
	int64_t		 modified;
	int64_t		 expires;	/* of a CRL: nextUpdate; 0: never */
	uint64_t	 version;	/* counts changes of this object */
};
/* Lends the list; *n how many. */
const struct object *engine_objects(const struct engine *e, size_t *n);

/* A published certificate by the SHA-1 of its DER; *found tells. */
MUST_CHECK bool engine_certificate(struct engine *e, const uint8_t sha1[20],
    struct buf *der, bool *found, struct fault *f);

struct search_query;

/* What a search brings (pki/search.h); the body is to be cleared either way. */
struct search_answer {
	int		 status;	/* of HTTP; 503: the index is being made, ask again */
	char		 type[96];
	struct buf	 body;
};
MUST_CHECK bool engine_search(struct engine *e, const struct search_query *q, bool crls,
    struct search_answer *out, struct fault *f);

/*
 * The operator authorizes without an Admin (the first Admin's ticket).  The
 * signer must be in operator mode.  token receives the token.
 */
MUST_CHECK bool engine_authorize_operator(struct engine *e, const char *template,
    const struct identity *who, const char *label, int64_t now, char id[520],
    struct secret *token, int64_t *not_after, struct fault *f);

/* A logical Admin with its rights, unless it is there. */
MUST_CHECK bool engine_add_admin(struct engine *e, const char *name, const char *rights,
    int64_t now, struct fault *f);

#endif
