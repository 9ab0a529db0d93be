/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home.h - the Admin's folder, and asking the PKI in its name.
 *
 *	key.pem cert.pem chain.pem ca.pem	the credential, as enrolment made it
 *	admin.url				"url: http://...": where the PKI is
 *	inventory.tsv				what was authorized from here
 *	batches/				authorizations under way
 *	events.cursor				how far events have been read
 *	events.lock				held by a command that moves it
 *	lock					held by a command that changes any of the others
 *
 * Every request is one CMC transaction signed by the Admin's certificate; an
 * answer counts only if it is the PKI's, by the root in ca.pem.
 */
#ifndef ADMIN_HOME_H
#define ADMIN_HOME_H

#include "base/command.h"
#include "base/random.h"
#include "crypt/key.h"
#include "message/exchange.h"
#include "message/signed.h"

#define ADMIN_DIR	"/var/lib/pki4ipsec/admin"
#define ADMIN_PATH_MAX	1024
#define ADMIN_CHAIN_MAX	(MESSAGE_CHAIN_MAX - 1)
#define ADMIN_SECONDS	120		/* for a whole exchange: 10 000 entries */

struct http_client;

struct admin {
	char			 dir[ADMIN_PATH_MAX];
	char			 url[512];
	struct key		*key;
	struct cert		 cert;
	struct view		 root;
	uint8_t			 root_sha256[SHA256_OCTETS];
	struct message_signer	 signer;
	struct transport	 way;
	const struct rng	*rng;
	int64_t			 now;		/* unix seconds */
	struct http_client	*http;		/* NULL: way is somebody else's */
	int			 lock;		/* 0: not held */
	struct buf		 octets[ADMIN_CHAIN_MAX + 2];	/* behind the views */
	size_t			 n_octets;
};

/*
 * Read the folder.  url: instead of admin.url; NULL: from there.  way: NULL
 * for HTTP.  The fault says what enrolment would have to make.
 */
MUST_CHECK bool admin_open(const char *dir, const char *url, const struct transport *way,
    const struct rng *rng, int64_t now, struct admin *out, struct fault *f);
void	admin_close(struct admin *a);

/*
 * For commands that change what is in the folder: two at once would lose
 * each other's lines.  FAULT_BUSY names the other.  Held until admin_close().
 */
MUST_CHECK bool admin_lock(struct admin *a, struct fault *f);
/* For one that only moves events.cursor, perhaps for days: in nobody else's way. */
MUST_CHECK bool admin_lock_events(struct admin *a, struct fault *f);

/* A control to ask with; its body part id comes back. */
struct ask {
	enum cmc_kind	 kind;
	struct view	 value;		/* whole TLV */
	uint32_t	 id;
};

/*
 * One transaction.  True: the PKI answered, whatever it says about each
 * control (exchange_check()).  out lives in the arena.  FAULT_BUSY: no
 * answer; the same may be asked again.
 */
MUST_CHECK bool admin_ask(struct admin *a, struct ask *asks, size_t n, struct arena *arena,
    struct exchange_answer *out, struct fault *f);

/*
 * The same around certification requests (reqSequence, whole; body part 1;
 * empty: none) and in a transaction x that the caller goes on with.
 */
#define ADMIN_REQUEST_ID	1u
MUST_CHECK bool admin_ask_for(struct admin *a, struct ask *asks, size_t n,
    struct view requests, struct arena *arena, struct exchange *x,
    struct exchange_answer *out, struct fault *f);
/* What is not done yet (RFC 10002, 6.13): by the token of the answer, in its transaction. */
MUST_CHECK bool admin_ask_rest(struct admin *a, struct view token, struct arena *arena,
    struct exchange *x, struct exchange_answer *out, struct fault *f);
/* Octets that somebody else signed in this transaction, and the PKI's answer. */
MUST_CHECK bool admin_send(struct admin *a, struct exchange *x, struct view octets,
    struct arena *arena, struct exchange_answer *out, struct fault *f);

/* The same for one control that must succeed and be answered by this kind. */
MUST_CHECK bool admin_ask_one(struct admin *a, enum cmc_kind kind, struct view value,
    enum cmc_kind answer_kind, struct arena *arena, struct view *answer, struct fault *f);

/* Options every command of this room has. */
#define ADMIN_OPTIONS \
	{ "dir", "DIR", ADMIN_DIR, "the Admin's folder" }, \
	{ "url", "URL", NULL, "where the PKI is; from DIR/admin.url by default" }

/* For commands: the folder of --dir, HTTP to --url, the system's clock. */
MUST_CHECK bool admin_start(const struct invocation *in, struct admin *out, struct fault *f);
/* The command that helps with a fault, or NULL. */
const char *admin_help(const struct invocation *in, const struct fault *f);

#endif
