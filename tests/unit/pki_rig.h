/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki_rig.h - a PKI in this process for unit tests: in a folder of its own,
 * with a clock that the test turns, an Admin and devices that enrol.
 *
 * Any failure of the rig itself ends the program.
 */
#ifndef PKI_RIG_H
#define PKI_RIG_H

#include "codec/cvp.h"
#include "crypt/digest.h"
#include "message/exchange.h"
#include "message/signed.h"
#include "message/ticket.h"
#include "peer/ask.h"
#include "peer/enroll.h"
#include "pki/engine.h"
#include "pki/init.h"
#include "store/store_authz.h"
#include "store/store_cert.h"
#include "store/store_log.h"

#define RIG_NOW		INT64_C(1795500000)	/* 2026-11-24 */
#define RIG_PATH_MAX	256

/* Somebody with a certificate of this PKI. */
struct rig_actor {
	struct key		*key;
	struct buf		 cert;		/* DER */
	struct message_signer	 signer;
};

struct rig {
	char			 base[RIG_PATH_MAX];
	struct init_request	 q;
	struct init_report	 r;
	struct pki_config	 config;
	struct signer_local	 local;
	struct store		*store;
	struct engine		*engine;
	struct arena		*arena;
	struct rig_actor	 admin;
	int64_t			 now;
	bool			 again;		/* the last message was not answered */
	bool			 refused_proof;
	/* Asked before each exchange with the signer; true: it is not reached. */
	bool			(*lose)(void *ctx, struct view questions);
	void			*lose_ctx;
};

void	rig_must(bool ok, const struct fault *f);

void	rig_start(struct rig *r);
void	rig_stop(struct rig *r);
void	rig_close(struct rig *r);	/* the processes end... */
void	rig_open(struct rig *r);	/* ...and others begin on the same folder */

/* Let a device enrol by the operator's word; ticket_clear() it. */
void	rig_authorize(struct rig *r, const char *template, const char *identity,
	    const char *label, struct ticket *t);
/* Enrol with a ticket, confirmation and all. */
void	rig_enroll(struct rig *r, const struct ticket *t, const char *name,
	    struct rig_actor *a);
void	rig_actor_clear(struct rig_actor *a);

/* One message, its answer's octets; the caller clears out. */
void	rig_send(struct rig *r, struct view message, struct buf *out);

/* What an answer says, in the rig's arena. */
struct rig_answer {
	struct cms_signed	 message;
	struct cmc_response	 response;
	struct cmc_status_list	 status;
};
void	rig_read(struct rig *r, struct view octets, struct rig_answer *out);

/* One control by an actor (NULL: unsigned), with a transaction of its own. */
void	rig_ask(struct rig *r, const struct rig_actor *who, enum cmc_kind kind,
	    struct view value, struct rig_answer *out);

/* One question for the signer, past the engine; the answer's frame is in *out. */
void	rig_ask_signer(struct rig *r, struct view question, struct buf *out, struct frame *fr);

/* About a body part: the failInfo, -1 if it did not fail; the code beside it, or 0. */
int	rig_fail(const struct rig_answer *a, uint32_t about);
uint32_t rig_code(struct rig *r, const struct rig_answer *a, uint32_t about);
#define RIG_CONTROL	9u	/* body part of rig_ask()'s control */

struct transport rig_transport(struct rig *r);

/* The row of an authorization, in the rig's arena. */
struct store_authz rig_authz(struct rig *r, const char *id);
struct store_cert rig_cert(struct rig *r, int64_t n);
/* Events of this kind, and audit rows whose action begins so. */
size_t	rig_events(struct rig *r, int kind);
size_t	rig_audits(struct rig *r, const char *action);

#endif
