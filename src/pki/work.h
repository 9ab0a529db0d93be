/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h - one message on its way through the engine; this room only.
 *
 * Each stage has its own type, and only the stage before it makes one:
 *
 *	job         bytes
 *	opened      SignedData, well formed; signature not looked at
 *	sender      who is said to have signed: a certificate of ours, or a key
 *	verified    the signature holds, the controls are where they may be
 *	candidate   a certification request whose maker holds its key
 *	decision    refuse, repeat or issue
 *	answer      what is said
 */
#ifndef PKI_WORK_H
#define PKI_WORK_H

#include "base/whereabouts.h"
#include "codec/cms.h"
#include "message/template_seal.h"
#include "profile/template_change.h"
#include "pki/answer.h"
#include "pki/change_rule.h"
#include "pki/engine.h"
#include "pki/pool.h"
#include "store/store_approval.h"
#include "store/store_authz.h"
#include "store/store_cert.h"
#include "store/store_log.h"

#define FAILURES_NOTED		10	/* wrong tokens on one id before its Admin is told */
#define FAILURES_SECONDS	3600	/* and no oftener than this (corrections, 9) */
#define CONFIRMED_GRACE_SECONDS	3600	/* a lost receipt is still answered */
#define WRAPPED_MAX		1024		/* messages in one of an RA */
#define WORKS_MAX		(JOBS_MAX + WRAPPED_MAX)
#define CANCEL_ACK_SECONDS	600	/* then a cancellation ends without one (corrections, 4) */
#define REQUEST_SECONDS_MAX	(30 * 86400)	/* rows of requests are kept so long: confirmations on paper */

struct opened {
	struct cms_signed	 message;
	struct cms_signer	*signer;	/* NULL: unsigned */
	uint8_t			 digest[32];	/* of the whole message */
};

/* Read from the store before anything is verified: only a claim. */
struct sender {
	bool			 by_cert;
	struct store_cert	 row;		/* n 0: no such certificate */
	struct cert		 cert;		/* decoded from the store's copy */
	struct store_admin	 admin;		/* n 0: not an Admin */
};

struct verified {
	struct cmc_request	 data;
	struct view		 transaction;	/* content octets; empty: none */
	struct view		 sender_nonce, recipient_nonce;
};

/* The certification request of an enrolment; its signature holds. */
struct candidate {
	uint32_t		 id;		/* body part */
	struct view		 spki;
	uint8_t			 spki_hash[32];
	struct view		 subject;	/* empty or 3000: as granted */
	bool			 has_san;
	struct general_names	 san;
	struct cmc_proof	 link;
	struct view		 link_random;
	struct view		 identification;
	struct cmc_proof	 identity;
	uint32_t		 proof_control;	/* body part of identityProofV2 */
};

/* A version in the store, and what has become of the template since. */
struct template_since {
	struct view		 name;		/* empty: there is no such row */
	uint8_t			 content[32];	/* of that version */
	struct template_entry	*now;		/* in use; NULL: retired */
	bool			 changed;	/* it says something else now */
	/* If it is changed or retired: */
	struct template		*old;	/* in the arena */
	struct view		 settings;	/* of old, in the arena */
	uint8_t			 digest[32];	/* TemplateRef's */
};

enum course {
	COURSE_REFUSE = 0,		/* zeroed memory refuses */
	COURSE_REPEAT,			/* the certificate that was issued */
	COURSE_ISSUE,			/* reserved; ask the signer */
	COURSE_GIVE_BACK,		/* reserved, and refused by the signer */
	COURSE_HOLD,			/* waits for approval */
};

enum errand {
	ERRAND_NONE = 0,
	ERRAND_ENROLL,			/* signed by the key of its request */
	ERRAND_CHANGE,			/* a request signed by a certificate */
	ERRAND_BIND,			/* a Peer's request, signed by an Admin with authzBind */
	ERRAND_GENERATE,		/* keyGenRequest of an Admin */
	ERRAND_CONFIRM,			/* confirmCertAcceptance, by its certificate */
	ERRAND_OTHER,			/* Admin controls, revocation */
	ERRAND_UNSIGNED,		/* authzCancel, authzCancelAck */
	ERRAND_WRAPPER,			/* batchRequests of an Admin's relay */
	ERRAND_POLL,			/* queryPending; becomes what it asks for */
	ERRAND_REJECT,			/* confirmCertAcceptance by the requested key; becomes ERRAND_CONFIRM */
};

struct work {
	struct engine		*e;
	struct job		*job;
	struct view		 message;	/* of the job, or the one that a poll stands for */
	struct arena		*a;
	int64_t			 now;
	bool			 done;		/* answered: later stages pass by */
	struct fault		 fault;		/* why it was refused, for the log */

	struct opened		 opened;
	struct sender		 sender;
	struct verified		 verified;
	enum errand		 errand;
	struct candidate	 candidate;

	struct store_authz	 authz;		/* of the certificate that is to come, or came */
	bool			 eligible;	/* state, window and key would do */
	bool			 asked;		/* takes part in the exchange or transaction under way */
	bool			 proven;
	bool			 note;		/* a refusal that the Admin should learn of */
	int			 note_kind;	/* enum cvp_event_kind; 0: a wrong token */
	uint32_t		 code;		/* enum cvp_code of a refused change; 0: its token */
	struct view		 sealed;	/* for the next state, from PROVE */
	enum course		 course;
	struct store_cert	 cert;		/* reserved, issued or confirmed */
	struct template_entry	*template;	/* as it is now */
	struct template_since	 since;		/* the grant, or the certificate that signs */
	enum template_fate	 fate;
	struct template		*made;		/* what the certificate is made of */
	bool			 polls;		/* message is one that was kept */
	struct store_approval	 approval;	/* of the request that is decided */

	/* An Admin in the place of a Peer. */
	struct cvp_target	 target;
	uint32_t		 target_control;	/* what is refused if it may not */
	struct fault		 request_fault;	/* beside an authzRequest: refused after that is answered... */
	uint32_t		 request_about;
	enum cmc_fail		 request_fail;	/* ...and how */
	struct cvp_key_gen_request generate;
	uint8_t			 generate_digest[32];
	struct view		 key_package;	/* ContentInfo */

	/* A change: its request, the lineage it is of, and what it was found to be. */
	struct certreq		*request;
	bool			 has_use;	/* authzUse: w->authz is another than prior */
	uint32_t		 use_control;
	struct cvp_use		 use;
	struct store_authz	 prior;		/* of the certificate that signs */
	struct change_verdict	 verdict;
	struct cvp_terms	 key_terms;
	struct store_change	 change;
	struct view		 deed;

	/* Messages wrapped in one. */
	const struct work	*outer;		/* NULL: came alone */
	/* What an Admin has put around the request, now or when it began to wait; and its signer. */
	struct view		 layer, layer_by;
	int64_t			 layer_cert;	/* likewise */
	struct cmc_ids		 wrapped_ids;	/* of a wrapper: their body parts... */
	size_t			 inner, n_inner;	/* ...and where their works are */

	struct answer		 answer;
};

struct engine {
	struct engine_parts	 p;
	struct authorities	 authorities;
	struct templates	 templates;
	int64_t			 ca[AUTHORITY_CAS];	/* rows of the store */
	enum ca_phase		 ca_phase[AUTHORITY_CAS];	/* as the store has it */
	struct pool		*pool;
	struct work		*works;		/* WORKS_MAX of them, arenas kept */
	struct job		*wrapped;	/* of those that came in another's message */
	struct arena		*scratch;
	struct buf		 questions, answers;	/* of one exchange */
	int64_t			 epoch;
	int64_t			 clock, clock_stored;	/* highest that was seen; on disk */
	bool			 clock_behind;		/* far below it: nothing is decided */
	bool			 recover_due;
	int64_t			 ended_until, expired_at;
	int64_t			 mint_us;		/* what one token took last; 0: not known yet */
	bool			 journal_grew;	/* since its counter was stored */
	bool			 crl_dirty[AUTHORITY_CAS];
	int64_t			 crl_next[AUTHORITY_CAS];	/* when one is due */
	int64_t			 crl_tried[AUTHORITY_CAS];	/* highest number the signer saw */
	struct store_crl	 crl_staged[AUTHORITY_CAS];	/* signed, not yet committed */
	struct buf		 crl_octets[AUTHORITY_CAS];	/* their DER */
	struct buf		 hint_octets;	/* as signed; empty: none was ever given */
	struct cvp_hint		 hint;		/* what they say; lives in... */
	struct arena		*hint_arena;
	struct buf		 hint_staged;	/* signed, not yet committed */
	int64_t			 hint_next;	/* when one is due */
	/* Of each CA its certificate and its CRL under two names; the chain; the hint. */
	struct object		 objects[3 * AUTHORITY_CAS + 2];
	size_t			 n_objects;
	struct search_index {
		struct whereabouts	 values;
		int64_t		 upto;	/* confirmed certificates up to this row are in it */
		size_t		 step;	/* rows read for one question */
	}			 search;
};

/* search.c: a certificate is confirmed; start again from nothing. */
void	search_confirmed(struct engine *e, const struct cert *c, int64_t n);
void	search_forget(struct engine *e);

/* --- refusing ------------------------------------------------------------ */

/* Answer failed about this body part; the reason goes to our log. */
void	work_refuse(struct work *w, uint32_t about, enum cmc_fail fail);
void	work_refuse_code(struct work *w, uint32_t about, uint32_t code);
/* The client should repeat later: nothing was decided. */
void	work_again(struct work *w);

/* Trouble of ours, and no answer to what was asked. */
static inline bool
may_work_later(const struct fault *f)
{
	return f->kind == FAULT_BUSY || f->kind == FAULT_IO || f->kind == FAULT_INTERNAL ||
	    f->kind == FAULT_CONFLICT;
}

/* --- stages (docs in their files) ------------------------------------------- */

void	work_open(struct work *w);		/* open.c; any thread */
void	work_identify(struct work *w);		/* open.c; reads the store */
void	work_verify(struct work *w);		/* verify.c; any thread */
/* What a request says, of a message that was verified once. */
MUST_CHECK bool verify_take_request(struct work *w, uint32_t *about, enum cmc_fail *fail,
    struct fault *f);

/* A fresh work; false without memory. */
bool	work_start(struct engine *e, struct work *w, struct job *job, int64_t now);
/*
 * wrapped.c: works for the messages inside, from e->works[*n] on; false if
 * they have no room there.  May the wrapper carry this one (else refused)?
 * The wrapper's answer, once theirs are made.
 */
bool	wrapped_expand(struct work *w, size_t *n);
bool	wrapped_allows(struct work *w);
void	wrapped_collect(struct work *w);

void	work_log(const struct work *w);		/* work_log.c */

void	enroll_find(struct work *w);		/* enroll.c; reads the store */
void	enroll_ask_proof(struct work *w, struct buf *questions, size_t *count);
void	enroll_take_proof(struct work *w, const struct frame *answer);
bool	enroll_decide(struct work *w);		/* writes; false: undo */
void	enroll_ask_issue(struct work *w, struct buf *questions, size_t *count);
void	enroll_take_issue(struct work *w, const struct frame *answer);
void	enroll_ask_anchors(struct work *w, struct buf *questions, size_t *count);
void	enroll_take_anchors(struct work *w, const struct frame *answer);
bool	enroll_finish(struct work *w);		/* writes; false: undo */
bool	enroll_note(struct work *w);		/* writes; false: undo */
/*
 * w->authz in progress for the key of the request, with the seal of its proof
 * and this certificate or none; false: undo, perhaps to be asked again.
 */
MUST_CHECK bool enroll_bind(struct work *w, int64_t cert);

/* In its window, or bound to this key and not over. */
bool	enroll_is_eligible(const struct work *w);

/* Who asks, for the audit trail: "peer:ID" or "admin:NAME". */
void	work_actor(const struct work *w, char out[160]);

/* An Admin in the place of a Peer (bind.c); the rest as in enroll.c. */
bool	bind_grant(struct work *w);		/* writes; false: undo */
void	bind_find(struct work *w);		/* reads the store */
void	bind_ask(struct work *w, struct buf *questions, size_t *count);
void	bind_take(struct work *w, const struct frame *answer);
bool	generate_decide(struct work *w);	/* writes; false: undo */
bool	generate_finish(struct work *w);	/* writes; false: undo */
bool	bind_note(struct work *w);		/* writes; false: undo */

/* The same stages for a successor (change.c). */
void	change_find(struct work *w);		/* reads the store */
void	change_ask_use(struct work *w, struct buf *questions, size_t *count);
void	change_take_use(struct work *w, const struct frame *answer);
bool	change_decide(struct work *w);		/* writes; false: undo */
void	change_ask_issue(struct work *w, struct buf *questions, size_t *count);
bool	change_finish(struct work *w);		/* writes; false: undo */
bool	change_note(struct work *w);		/* writes; false: undo */

void	confirm_by_key(struct work *w);		/* confirm.c; reads the store */
bool	confirm_run(struct work *w);		/* writes */
/* The time for confirming a first certificate or a successor is over... */
bool	confirm_is_late(const struct store_authz *z, int64_t now);
/* ...so it is revoked (RFC 4809, 3.4.10); a predecessor stays. */
MUST_CHECK bool confirm_missed(struct engine *e, struct store_authz *z, struct arena *a,
    int64_t now, struct fault *f);
bool	other_run(struct work *w);		/* other.c; writes */
bool	authorize_run(struct work *w, const struct cmc_control *c);	/* authorize.c */
bool	authorize_ack(struct work *w, const struct cmc_control *c);
bool	cancel_run(struct work *w, const struct cmc_control *c);	/* cancel.c */
bool	cancel_ack(struct work *w, const struct cmc_control *c);
bool	query_run(struct work *w, const struct cmc_control *c);		/* query.c */
bool	event_query_run(struct work *w, const struct cmc_control *c);
bool	template_query_run(struct work *w, const struct cmc_control *c);
bool	revoke_run(struct work *w, const struct cmc_control *c);	/* revoke.c */
bool	report_run(struct work *w, const struct cmc_control *c);	/* report.c */

/* --- templates and their versions (catalogue.c) ----------------------------------- */

/*
 * Give each template its version: that of the store if it says the same, else
 * the next one.  What is on file no more is retired.  In a transaction.
 */
MUST_CHECK bool catalogue_sync(struct engine *e, int64_t now, struct fault *f);
MUST_CHECK bool catalogue_since(struct engine *e, int64_t n, struct arena *a,
    struct template_since *out, struct fault *f);
/* That it has changed, from what to what, in words. */
void	catalogue_tell(const struct template_since *s, enum template_fate fate, struct fault *f);

/* Of which template a certificate is made (remade.c).  First look, then one of the two. */
MUST_CHECK bool remade_look(struct work *w, int64_t row, struct fault *f);
MUST_CHECK bool remade_for_grant(struct work *w, const struct cvp_terms *t, struct fault *f);
MUST_CHECK bool remade_for_renewal(struct work *w, bool update, struct fault *f);
/* Is the key one for it, and for the template of now?  *code says why not. */
MUST_CHECK bool remade_takes_key(struct work *w, uint32_t *code, struct fault *f);
/* The version the certificate is of; old is the row that was looked at. */
int64_t	remade_row(const struct work *w, int64_t old);
/* If it has changed and that was taken account of: say so. */
MUST_CHECK bool remade_note(struct work *w, struct store_authz *z, struct fault *f);

/*
 * Version 0: the one in use.  The signed file of it, DER: a PKIResponse with
 * one templateInfo, as the responder signs it (message/template_seal.h).
 */
MUST_CHECK bool catalogue_export(struct engine *e, const char *name, int64_t version,
    struct store_template *out, struct buf *signed_file, struct fault *f);

/* --- requests that wait (approval.c) ---------------------------------------- */

void	approval_poll(struct work *w);		/* reads the store */
/* Do template or terms want a person's word?  token: the request spends one. */
bool	approval_wanted(const struct work *w, const struct cvp_terms *terms,
	    enum store_change_kind kind, bool token);
/*
 * Let the request wait and say so; *held false: it was turned down before,
 * and is told that.  Changes z, which the caller writes.
 */
MUST_CHECK bool approval_hold(struct work *w, struct store_authz *z,
    enum store_change_kind kind, const char *identity, bool *held);
/* It still waits.  Writes z. */
MUST_CHECK bool approval_pending(struct work *w, struct store_authz *z,
    const struct store_approval *q);
enum approval_word {
	APPROVAL_NO = 0,	/* over, and answered */
	APPROVAL_NOT_YET,
	APPROVAL_YES,
};
/* Of held z, into w->approval. */
MUST_CHECK bool approval_look(struct work *w, struct store_authz *z, enum approval_word *word);
/* authorize.c: does this token ask for the rest of a list?  Then w stands for its message. */
MUST_CHECK bool authorize_poll(struct work *w, const struct cmc_control *c, bool *taken);
/* What the Admin has put around a request of this key that waits counts when it comes again. */
MUST_CHECK bool approval_layer(struct work *w);
/* w->approval comes to a certificate, or to a refusal (z is freed). */
MUST_CHECK bool approval_used(struct work *w);
MUST_CHECK bool approval_refused(struct work *w, struct store_authz *z, uint32_t code);
/* The kept message of q; arrays and views in the arena of w. */
MUST_CHECK bool approval_open(struct work *w, const struct store_approval *q,
    struct cmc_request *data, struct certreq *r, struct fault *f);

struct approval_end {
	enum store_approval_state state;
	int64_t			 code;		/* for the Peer and its Admin */
	const char		*reason;
	const char		*actor, *action;	/* for the audit trail */
};
/*
 * It comes to nothing: z, as far as a token was shown, is open again and
 * unbound, or expired (corrections, 12).  Tells the Admin.
 */
MUST_CHECK bool approval_end(struct engine *e, struct store_authz *z,
    struct store_approval *q, const struct approval_end *how, int64_t now, struct fault *f);
/* Those whose time is over; *n how many there were. */
MUST_CHECK bool approval_end_due(struct engine *e, int64_t now, size_t max, size_t *n,
    struct fault *f);

/* --- successors (lineage.c) ------------------------------------------------------ */

struct change_parts {			/* what the signer is asked about */
	const struct store_cert		*old, *cert;
	const struct store_authz	*authz;		/* of cert */
	const struct store_change	*change;
	const char			*template;
	struct view			 layer, layer_by;	/* if the terms want an Admin's around it */
};
MUST_CHECK bool change_question(struct engine *e, const struct change_parts *p,
    struct arena *a, struct change_request *q, struct fault *f);

struct change_issue {			/* what the signer made */
	int64_t			 cert;
	struct view		 der, deed, sealed;
	enum store_change_kind	 kind;
};
/* Record it; z is the authorization of the successor. */
MUST_CHECK bool change_issued(struct engine *e, const struct change_issue *i,
    struct store_authz *z, int64_t now, struct fault *f);
/* A reservation that comes to nothing; its number is spent. */
MUST_CHECK bool change_give_up(struct engine *e, const struct store_cert *c, int64_t now,
    struct fault *f);

/*
 * The successor that signs is accepted: from here on it is the head, and the
 * predecessor is retired as the terms say.
 */
MUST_CHECK bool change_confirm(struct work *w, struct fault *f);
MUST_CHECK bool change_reject(struct work *w, struct fault *f);
/* The lineage ends: so does a successor of it that is not confirmed. */
MUST_CHECK bool change_end(struct engine *e, int64_t successor, const char *actor,
    int64_t now, struct fault *f);
/* c will not be the head: the lineage may have another successor. */
MUST_CHECK bool change_forget(struct engine *e, const struct store_cert *c, struct fault *f);
/* Revoke what is due to be retired by now; *n how many there were. */
MUST_CHECK bool change_retire_due(struct engine *e, int64_t now, size_t max, size_t *n,
    struct fault *f);

/* Names that a successor brings: of this authorization and certificate (0: its head). */
MUST_CHECK bool change_own_names(struct engine *e, struct arena *a, const struct holder_terms *h,
    int64_t authz, int64_t cert, struct fault *f);
/* The prepared subject as names are compared by it; "" if there is none. */
const char *change_subject_key(struct arena *a, struct view subject);

/* --- shared by the stages ------------------------------------------------------ */

/* The one place where an authorization changes state (states.c). */
MUST_CHECK bool authz_move(struct engine *e, struct store_authz *z,
    enum store_authz_state to, const char *actor, int64_t now, bool *done,
    struct fault *f);
/*
 * What an operator does to z, or has done when the database was another one
 * (states.c).  FAULT_BUSY: somebody was faster.  Unlocked, it is as if it had
 * never been locked: its window went on.
 */
MUST_CHECK bool authz_void(struct engine *e, struct store_authz *z, const char *actor,
    int64_t now, struct fault *f);
MUST_CHECK bool authz_lock(struct engine *e, struct store_authz *z, const char *actor,
    int64_t now, struct fault *f);
MUST_CHECK bool authz_unlock(struct engine *e, struct store_authz *z, const char *actor,
    int64_t now, struct fault *f);
MUST_CHECK bool note_event(struct engine *e, int64_t now, int kind,
    const struct store_authz *z, int64_t cert, int failure, struct fault *f);
/* The same with the Peer's own words, from outside: cut and escaped. */
MUST_CHECK bool note_event_said(struct engine *e, int64_t now, int kind,
    const struct store_authz *z, int64_t cert, struct view said, struct fault *f);
MUST_CHECK bool note_audit(struct engine *e, int64_t now, const char *actor,
    const char *action, const char *object, const char *detail, struct fault *f);

/* This answer's nonces, with the certificate it brings or 0: writes z->request. */
MUST_CHECK bool work_record_request(struct work *w, struct store_authz *z, int64_t cert);
/* A cancelled one that was acknowledged, or never will be: its contents go (cancel.c). */
MUST_CHECK bool cancel_end(struct engine *e, struct store_authz *z, int64_t now,
    struct fault *f);

/* Facts of the seal of z as it now stands in the store. */
MUST_CHECK bool seal_facts_of(struct engine *e, const struct store_authz *z,
    struct arena *a, struct seal_facts *out, struct fault *f);

/* Rights of an Admin on a template: "authorize", "enroll", "revoke", "query". */
bool	admin_may(const struct store_admin *ad, const char *template, const char *right);

bool	admin_may_all(const struct store_admin *ad);
/* Its certificates speak for the Admin whose name is the label. */
bool	template_makes_admins(const struct template *t);

/*
 * The certificate of this candidate for this holder, ready to be inserted as
 * reserved.
 */
MUST_CHECK bool cert_plan_reserved(struct work *w, const struct holder_terms *h,
    struct fault *f);
enum store_name_kind name_kind_of(const struct identity *id);

/* Revoke and record; the CRL becomes due.  z's head is revoked: so is z. */
MUST_CHECK bool revoke_cert(struct engine *e, struct store_cert *c,
    struct store_authz *z, int reason, int64_t invalidity, const char *actor,
    int64_t now, bool *done, struct fault *f);

/* The same, and the authorization that still waits for its confirmation; z->n may be 0. */
MUST_CHECK bool revoke_whole(struct engine *e, struct store_cert *c,
    struct store_authz *z, int reason, int64_t invalidity, const char *actor,
    int64_t now, bool *done, struct fault *f);

/* IssuerAndSerialNumber to the row it names; n 0 if it is not ours. */
MUST_CHECK bool cert_by_serial(struct engine *e, struct view issuer, struct view serial,
    bool want_body, struct arena *a, struct store_cert *out, struct fault *f);
enum authority_id authority_of(const struct engine *e, int64_t ca);
/*
 * The Subject of the CA in that row, living or retired, TLV in the arena;
 * empty: there is no such row.
 */
MUST_CHECK bool issuer_in_row(struct engine *e, int64_t ca, struct arena *a, struct view *out,
    struct fault *f);
/*
 * What the folder says of the CAs, followed in the store with a row of the
 * audit trail for each step (docs/adr/0029): a new one, time that came, one
 * that is no longer there.  Inside a transaction.
 */
MUST_CHECK bool phase_begun(struct engine *e, enum authority_id ca, int64_t now,
    struct fault *f);
MUST_CHECK bool phases_follow(struct engine *e, int64_t now, struct fault *f);
MUST_CHECK bool phases_retire(struct engine *e, int64_t now, struct fault *f);
/* Who issues what w asks for, as of now. */
enum authority_id issuing_ca(const struct work *w);

/* An operator says that it is now, whatever was seen; the store says so already. */
void	engine_take_clock(struct engine *e, int64_t now);

/* CRLs and other public objects (publish.c). */
MUST_CHECK bool publish_start(struct engine *e, int64_t now, struct fault *f);
MUST_CHECK bool publish_due(struct engine *e, int64_t now, struct fault *f);
/* After the commit: offer what was staged; after a rollback: forget it. */
void	publish_committed(struct engine *e);
void	publish_undone(struct engine *e);
MUST_CHECK bool publish_object(struct engine *e, const char *path, const char *type,
    struct view body, int64_t modified, int64_t expires, struct fault *f);

/* When devices are to renew (hint_publish.c).  Due: with the CRLs, and staged like them. */
void	hint_due(struct engine *e, int64_t now);
MUST_CHECK bool hint_stage(struct engine *e, int64_t now, struct fault *f);
void	hint_committed(struct engine *e);
void	hint_undone(struct engine *e);
/* Does it ask for the renewal of c, of this template, now?  With what the signer is shown that. */
bool	hint_allows(const struct engine *e, const struct store_cert *c, struct view template,
	    int64_t now);
struct view hint_for_signer(const struct engine *e, const struct store_cert *c,
	    struct view template);

/*
 * The signer's journal has it as cancelled, locked or unlocked (enum
 * journal_kind) from now on, whatever database comes.
 */
MUST_CHECK bool ask_note(struct engine *e, uint8_t kind, const struct store_authz *z,
    struct fault *f);
/* The seal of an open authorization for one in progress (recover.c). */
MUST_CHECK bool ask_release(struct engine *e, const struct store_authz *z, struct view *sealed,
    struct fault *f);
/* Back to open and unbound: the signer refused (recover.c). */
MUST_CHECK bool give_back(struct engine *e, struct store_authz *z, int64_t now,
    struct fault *f);
/* The same; locked if the signer has signed for it (lineage.c). */
MUST_CHECK bool give_back_or_lock(struct engine *e, struct store_authz *z, int64_t now,
    struct fault *f);
/* Hold the database against the signer's journal, at the start (rollback.c). */
MUST_CHECK bool engine_compare_journal(struct engine *e, int64_t now, struct fault *f);
/* How far the journal has come, in a transaction of the caller. */
MUST_CHECK bool engine_note_journal(struct engine *e, struct fault *f);

/* Questions to the signer in e->questions, answers in e->answers. */
MUST_CHECK bool engine_exchange(struct engine *e, size_t count, struct fault *f);

#endif
