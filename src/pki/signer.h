/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer.h - the process, or the part of one, that holds the keys.
 *
 * It takes small questions and answers them, and does not believe the
 * engine further than it must:
 *
 *	MINT	draws ids and tokens, seals their keys, envelopes them for a
 *		certificate of the management CA; the tokens leave in no other form,
 *		and only for entries and terms of a message that it has signed
 *	PROVE	holds identity proof and link witness against a sealed key and,
 *		when both hold, reseals it for the next state and the key that is
 *		in the request they were made over
 *	ISSUE	signs a certificate for an authorization whose seal says that
 *		its token was proved by this very key; decodes what it signs
 *		and holds it against the template, the sealed terms and
 *		the lints
 *	RESPOND	signs a PKIResponse as the CMC responder; trust anchors and hints
 *		it tells nobody that way
 *	HINT	signs a hint of when to renew, of now and for two days at most
 *	CRL	signs a whole CRL of one of its CAs, of now and for no longer than
 *		is configured, numbers only going up
 *	USE	the same as PROVE for a token shown in a message that a
 *		certificate signed, for the authorization that replaces it
 *	CHANGE	signs a successor: verifies itself that the old certificate
 *		signed the request and the requested key too, and that the terms
 *		the old one was issued under allow it (docs/adr/0020)
 *	BIND	the same as PROVE for an Admin's signature in place of the token:
 *		verifies itself that the message binds this very request to the
 *		authorization, whose terms let an Admin ask (docs/adr/0024)
 *	GENERATE	makes a Peer's key because an Admin's message asks for it and the
 *		terms allow it; the key leaves enveloped for that Admin and in no
 *		other form, and is wiped before the answer (docs/adr/0024)
 *	CANCEL	checks the witness of a cancellation and seals what is left
 *	RELEASE	reseals a key in progress as open and unbound, unless a
 *		certificate was signed for it
 *	ANCHORS	tells the holder of an issued authorization's token which root to
 *		trust: AuthenticatedData that the engine cannot make
 *	NOTE	notes what an operator did to an authorization without its token:
 *		cancelled, locked, unlocked
 *	JOURNAL	tells what it has signed and cancelled
 *
 * What it signs and cancels is in its journal (journal.h) before the answer
 * leaves: one authorization has one TBSCertificate signed, however often and
 * with whatever record the engine asks.
 *
 * A question and its answer are one frame each (base/frame.h); answers come
 * in the order of the questions.  One thread.
 */
#ifndef PKI_SIGNER_H
#define PKI_SIGNER_H

#include "base/arena.h"
#include "pki/authority.h"
#include "pki/journal.h"
#include "pki/seal.h"
#include "pki/terms.h"

enum signer_op {
	SIGNER_MINT = 1,
	SIGNER_PROVE,
	SIGNER_ISSUE,
	SIGNER_RESPOND,
	SIGNER_CRL,
	SIGNER_CANCEL,
	SIGNER_RELEASE,
	SIGNER_JOURNAL,
	SIGNER_ANCHORS,
	SIGNER_USE,
	SIGNER_CHANGE,
	SIGNER_BIND,
	SIGNER_GENERATE,
	SIGNER_NOTE,
	SIGNER_HINT,
};
#define SIGNER_OPS	(SIGNER_HINT + 1)
#define SIGNER_FAULT_FLAG	1	/* frame flag: the body is a fault */

/* --- questions and answers, as the engine sees them ----------------------- */

#define MINT_FORMATS_MAX	256	/* pairs in one request */

struct secret_formats {
	struct secret_format	id, token;
};
struct mint_entry {
	uint32_t	entry_id;
	uint32_t	format;		/* index into the request's formats */
	struct view	wanted_id;	/* empty: draw one */
	struct seal_facts facts;	/* id is filled in by the signer */
};
struct mint_request {
	struct view	batch_id;
	struct view	recipient;	/* Certificate; empty: for the operator, in the clear */
	struct view	message;	/* as received from the recipient; empty: the operator's */
	int64_t		asked_at;	/* the engine's time */
	const struct secret_formats *formats;	/* 1 ... MINT_FORMATS_MAX */
	size_t		n_formats;
	const struct mint_entry *entries;
	size_t		n;
};
struct minted {
	struct view	id, sealed;
};
struct mint_answer {
	struct minted	*list;		/* as many as entries */
	struct view	 secrets;	/* ContentInfo, or AuthzSecrets for the operator */
};

struct prove_request {
	struct seal_facts facts;
	struct view	sealed;		/* empty: unknown id; the same work is done */
	struct view	requests;	/* reqSequence, whole */
	struct view	link_random;
	struct view	identity_witness, link_witness;
	uint8_t		next_state;
	uint8_t		next_spki[32];
};
struct prove_answer {
	bool		holds;
	struct view	sealed;		/* for the next state */
};

struct issue_request {
	struct seal_facts facts;
	struct view	sealed;
	struct view	template;	/* name */
	bool		changed;	/* since it was granted; then... */
	struct view	old;		/* ...the settings of that time */
	struct view	terms;		/* effective, DER */
	struct view	label;
	struct view	tbs;
};
struct issue_answer {
	struct view	cert;
	struct view	sealed;		/* for the state issued; empty: no token was used */
	struct view	deed;		/* to be kept with the certificate */
};

struct use_request {
	struct seal_facts facts;
	struct view	sealed;		/* empty: unknown id; the same work is done */
	struct view	old;		/* the certificate that signs, DER */
	struct view	message;	/* as received */
	uint8_t		next_state;
	uint8_t		next_spki[32];
};

/* BIND and GENERATE: what an Admin asks for an authorization by its id. */
struct admin_request {
	struct seal_facts facts;
	struct view	sealed;
	struct view	terms;		/* effective, DER */
	struct view	admin;		/* the certificate that signs, DER */
	struct view	message;	/* as received */
	uint8_t		next_state;	/* BIND only, as what follows */
	uint8_t		next_spki[32];
	int64_t		asked_at;	/* when the authzRequest in the message was weighed */
};
struct generate_answer {
	struct view	spki;
	struct view	sealed;		/* in progress, bound to that key */
	struct view	key;		/* ContentInfo, EnvelopedData */
};

struct change_request {
	struct view	old;		/* the certificate that signs, DER */
	struct view	message;	/* as received */
	struct view	template;	/* of the successor */
	bool		changed;	/* since the deed, or the authorization; then... */
	struct view	old_settings;	/* ...what it said at that time */
	struct view	tbs;
	struct view	hint;		/* as it was signed, if it opens the window; or nothing */
	/* An Admin's layer around it, and who signed that; or nothing: */
	struct view	admin, layer;
	/* What the deed of the old one says; nothing of it if an authorization is used: */
	struct view	id, terms, label, deed;
	/* An authorization that replaces the old one: */
	bool		use;
	struct seal_facts facts;
	struct view	sealed, use_terms, use_label;
};

#define RESPOND_CERTS_MAX	16
struct respond_request {
	struct view	content;	/* PKIResponse */
	struct view	certs[RESPOND_CERTS_MAX];
	size_t		n_certs;
};

struct cancel_request {
	struct seal_facts facts;
	struct view	sealed;		/* empty: unknown id */
	struct view	proof;		/* DER CancelProof */
	struct view	witness;
};

struct release_request {
	struct seal_facts facts;
	struct view	sealed;
};

struct anchors_request {
	struct seal_facts facts;	/* issued */
	struct view	sealed;
	struct view	transaction;	/* content octets */
	struct view	nonce;		/* the Peer's senderNonce */
};

struct journal_answer {
	uint64_t	counter;	/* of its last record */
	uint64_t	certs;		/* highest number inside a serial number */
	uint64_t	crls[JOURNAL_CAS];	/* by authority_number() */
	struct view	records;	/* frames, from the one asked for on; perhaps not all */
};

/* Append the question's frame. */
void	signer_put_mint(struct buf *b, const struct mint_request *q);
void	signer_put_prove(struct buf *b, const struct prove_request *q);
void	signer_put_issue(struct buf *b, const struct issue_request *q);
void	signer_put_respond(struct buf *b, const struct respond_request *q);
void	signer_put_crl(struct buf *b, uint8_t ca, struct view tbs);	/* authority_number() */
void	signer_put_hint(struct buf *b, struct view content);	/* PKIResponse */
void	signer_put_cancel(struct buf *b, const struct cancel_request *q);
void	signer_put_use(struct buf *b, const struct use_request *q);
void	signer_put_change(struct buf *b, const struct change_request *q);
void	signer_put_bind(struct buf *b, const struct admin_request *q);
void	signer_put_generate(struct buf *b, const struct admin_request *q);
void	signer_put_release(struct buf *b, const struct release_request *q);
void	signer_put_anchors(struct buf *b, const struct anchors_request *q);
void	signer_put_journal(struct buf *b, uint64_t after);
/* kind: enum journal_kind: cancelled, locked or unlocked. */
void	signer_put_note(struct buf *b, uint8_t kind, struct view id);

/* The answer to NOTE has nothing in it. */
MUST_CHECK bool signer_get_note(const struct frame *fr, struct fault *f);

/*
 * Read the answer's frame: false with the signer's fault if it refused.
 * Views point into the frame; arrays live in the arena.
 */
MUST_CHECK bool signer_get_mint(const struct frame *fr, struct arena *a,
    struct mint_answer *out, struct fault *f);
MUST_CHECK bool signer_get_prove(const struct frame *fr, struct prove_answer *out,
    struct fault *f);
MUST_CHECK bool signer_get_generate(const struct frame *fr, struct generate_answer *out,
    struct fault *f);
/* ISSUE and CHANGE alike. */
MUST_CHECK bool signer_get_issue(const struct frame *fr, struct issue_answer *out,
    struct fault *f);
MUST_CHECK bool signer_get_journal(const struct frame *fr, struct journal_answer *out,
    struct fault *f);
/*
 * RESPOND, HINT and CRL: the signed object; CANCEL, USE and BIND: see prove_answer; RELEASE: the
 * seal; ANCHORS: ContentInfo.
 */
MUST_CHECK bool signer_get_object(const struct frame *fr, enum signer_op op,
    struct view *out, struct fault *f);

/* --- the way to the signer ------------------------------------------------ */

/*
 * Send `count` questions and wait for as many answers, appended to answers.
 * False: the signer is gone; nothing is known about any of them.
 */
struct signer_link {
	bool	(*exchange)(void *ctx, struct view questions, size_t count,
		    struct buf *answers, struct fault *f);
	void	*ctx;
};

/* --- the signer itself ---------------------------------------------------- */

struct signer;

/*
 * Load keys, certificates and templates of c.  operator_mode lets MINT answer
 * in the clear: for `pki init`, in the operator's own process.
 */
struct signer *signer_open(const struct pki_config *c, bool operator_mode,
    struct fault *f);
void	signer_close(struct signer *s);		/* wipes; accepts NULL */

/*
 * Keys that take long are made by m, which outlives s: GENERATE is FAULT_BUSY
 * until its key is there.
 */
struct key_maker;
void	signer_use_maker(struct signer *s, struct key_maker *m);

/*
 * Answer one question at time now; always appends exactly one frame.  No
 * answer may leave before signer_settle() has said yes.
 */
void	signer_handle(struct signer *s, const struct frame *q, int64_t now,
    struct buf *answer);
MUST_CHECK bool signer_settle(struct signer *s, struct fault *f);

/* A link to a signer in the same process, with a clock of its own. */
struct signer_local {
	struct signer	*signer;
	int64_t		(*clock)(void *ctx);
	void		*clock_ctx;
};
struct signer_link signer_local_link(struct signer_local *l);

/*
 * A link over a socket; poll-driven, so that neither side can block the other.
 * A failure closes it and sets *fd to -1.
 */
struct signer_link signer_socket_link(int *fd);

#endif
