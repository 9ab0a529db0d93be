/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - the processes of `pki serve` (docs/adr/0003); this room only.
 *
 * Every child gets one control socket to main at PROCESS_FD_FIRST.  Over it
 * main hands links (socket pairs between two children), tagged with what they
 * are; the child says one octet, SERVE_READY, when it can work, and then
 * SERVE_ALIVE every SERVE_ALIVE_MS.  Who is silent for limits.hang is ended and
 * started again.
 */
#ifndef PKI_SERVE_H
#define PKI_SERVE_H

#include "base/process.h"
#include "pki/config.h"

enum serve_tag {
	SERVE_TO_SIGNER = 1,	/* for the engine */
	SERVE_TO_ENGINE,	/* for the signer, and for a front */
	SERVE_TO_FRONT,		/* for the engine */
};
#define SERVE_READY		'R'
#define SERVE_ALIVE		'A'
#define SERVE_ALIVE_MS		500
#define SERVE_CONTROL_FD	PROCESS_FD_FIRST
#define SERVE_OPERATOR_FD	(PROCESS_FD_FIRST + 2)	/* the engine's; listens */

/* Frames between front and engine. */
enum serve_frame {
	SERVE_CMC = 1,		/* source, message */
	SERVE_CMC_ANSWER,	/* again (u8), message */
	SERVE_CERT,		/* sha1 */
	SERVE_CERT_ANSWER,	/* found (u8), der */
	SERVE_OBJECT,		/* path, type, modified, expires, version, body */
	SERVE_LIVE,		/* engine: all objects were sent */
	SERVE_SEARCH,		/* CRLs (u8), attribute (u8), value: pki/search.h */
	SERVE_FOUND,		/* status (u32), type, body */
	SERVE_SIGNER,		/* engine: the signer is there (u8), or is not */
};

/* A front's inheritance besides the control socket. */
struct front_inheritance {
	unsigned	http, https, health;	/* how many listening sockets, in this order */
};

/* The children's main functions; each returns its exit code. */
int	serve_engine(const struct pki_config *c);
int	serve_signer(const struct pki_config *c);
int	serve_front(const struct pki_config *c, const struct front_inheritance *in);

/* Become the configured user, if there is one and we are root. */
MUST_CHECK bool serve_drop(const struct pki_config *c, struct fault *f);

/*
 * SIGINT and SIGHUP reach every process of a terminal or of a name: they are
 * for main alone, which ends and replaces its children in order.
 */
void	serve_leave_signals(void);

/* Tell main that this child is ready. */
MUST_CHECK bool serve_say_ready(struct fault *f);
/* Tell main that this child still works; never waits. */
void	serve_say_alive(void);

#endif
