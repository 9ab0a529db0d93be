/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_pki.h - a PKI in this process, in a folder of its own, with a clock
 * that the test turns; and a wire to it that loses and damages messages.
 */
#ifndef FLOW_PKI_H
#define FLOW_PKI_H

#include "message/exchange.h"
#include "message/ticket.h"
#include "pki/engine.h"
#include "pki/init.h"
#include "store/store_authz.h"
#include "store/store_cert.h"

#define FLOW_NOW	INT64_C(1795500000)	/* 2026-11-24 */
#define FLOW_PATH_MAX	256
#define FLOW_KEPT	8	/* messages */

struct flow_pki {
	char			 base[FLOW_PATH_MAX];	/* everything of this test is below */
	struct init_request	 q;
	struct init_report	 r;
	struct pki_config	 config;
	struct signer_local	 local;
	struct store		*store;
	struct engine		*engine;
	int64_t			 now;
	unsigned		 signer_dies;	/* at this question from now on; 0: never */
};

/* Any failure ends the program: a flow without its PKI shows nothing. */
void	flow_start(struct flow_pki *p, enum key_kind kind);
void	flow_stop(struct flow_pki *p);		/* and remove the folder */
/* The process ends and another one begins on the same folder. */
void	flow_restart(struct flow_pki *p);
/*
 * The gateways' template says this, and the policy that each file states unless
 * it is in text; what runs learns it by a restart.
 */
void	flow_write_template(struct flow_pki *p, const char *text);
/* A restart, and something happens to the folder in between. */
void	flow_restart_with(struct flow_pki *p, void (*between)(void *ctx), void *ctx);
/*
 * Another time.  Backwards as an operator would: the PKI, which refuses to
 * work under a clock that went back (C-24), forgets and restarts.
 */
void	flow_turn(struct flow_pki *p, int64_t to);
/* The clock of all goes on, and what time brings is done. */
void	flow_pass(struct flow_pki *p, int64_t seconds);

/* Let a device enrol; t->peers is empty, ticket_clear() it. */
void	flow_authorize(struct flow_pki *p, const char *template, const char *identity,
	    struct ticket *t);
/* "BASE/name" */
const char *flow_path(const struct flow_pki *p, const char *name, char out[FLOW_PATH_MAX]);

/* What the PKI knows of one authorization, and what it shows of it to others. */
struct flow_seen {
	enum store_authz_state	 state;
	bool			 has_token;	/* its key is kept */
	int64_t			 failed_proofs;
	size_t			 certs;		/* ever made for it */
	enum store_cert_state	 cert;		/* of the last one */
	int64_t			 cert_n;
	bool			 published;	/* anybody can fetch it */
	bool			 on_crl;
	unsigned		 events;	/* bit 1 << enum cvp_event_kind */
	int			 failure;	/* of the last event that has one */
	char			 detail[160];	/* likewise */
};
void	flow_look(const struct flow_pki *p, const char *id, struct flow_seen *out);
#define FLOW_EVENT(kind)	(1u << (kind))

/* What happens to messages.  Counted from 1; 0: never. */
struct flow_wire {
	struct flow_pki	*pki;
	size_t		 count;		/* messages sent so far */
	size_t		 lose_request;	/* this one does not arrive */
	size_t		 lose_answer;	/* this one's answer does not arrive */
	size_t		 flip_answer;	/* one bit of this one's answer... */
	size_t		 flip_at;	/* ...is another one */
	/* Before this one arrives; NULL: nothing. */
	void		(*before)(void *ctx, size_t count);
	void		*ctx;
	struct buf	 sent[FLOW_KEPT], answers[FLOW_KEPT];	/* the first ones */
};
void	flow_wire_init(struct flow_wire *w, struct flow_pki *p);
void	flow_wire_again(struct flow_wire *w);	/* as new */
void	flow_wire_clear(struct flow_wire *w);
struct transport flow_wire(struct flow_wire *w);

#endif
