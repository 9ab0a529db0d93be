/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pki.h - a whole PKI in this process for a harness: made once, in a
 * folder that goes when the program ends, with a clock that stands still.
 *
 * It has an Admin and a Peer who have enrolled, an authorization that is
 * open, and it keeps what the engine asked the signer on the way.  Keys,
 * serial numbers and tokens are other ones in each run, so an input that
 * breaks something names its place in a message, never its octets.
 */
#ifndef FUZZ_PKI_H
#define FUZZ_PKI_H

#include "message/signed.h"
#include "message/ticket.h"
#include "pki/engine.h"
#include "pki/init.h"

#define FUZZ_NOW		INT64_C(1795500000)	/* 2026-11-24 */
#define FUZZ_QUESTIONS_MAX	64

/* Somebody with a certificate of this PKI. */
struct fuzz_actor {
	struct key		*key;
	struct buf		 cert;		/* DER */
	struct message_signer	 signer;
};

struct fuzz_pki {
	char			 base[64];
	struct init_request	 q;
	struct init_report	 r;
	struct pki_config	 config;
	struct signer_local	 local;
	struct store		*store;
	struct engine		*engine;
	struct fuzz_actor	 admin, peer;
	struct ticket		 open;		/* not used yet */
	struct buf		 questions[FUZZ_QUESTIONS_MAX];	/* one frame each */
	size_t			 n_questions;
};

/* The PKI of this program; made by the first call.  Failure ends the program. */
struct fuzz_pki *fuzz_pki(void);

/* Ends the program when not ok: what a harness needs could not be made. */
void	fuzz_need(bool ok, const struct fault *f);

/* Let a gateway enrol. */
void	fuzz_authorize(struct fuzz_pki *p, const char *identity, struct ticket *t);

/* The engine as a transport; ctx is the struct fuzz_pki. */
bool	fuzz_exchange(void *ctx, struct view message, struct buf *answer,
	    struct fault *f);

#endif
