/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll_state.h - how far an enrolment has come, on disk.
 *
 * One file, replaced as a whole: the step, the transaction and the octets to
 * be sent belong together and cannot part in a crash.  The key lies beside
 * it.  Both are mode 0600 in a folder of mode 0700.
 */
#ifndef PEER_ENROLL_STATE_H
#define PEER_ENROLL_STATE_H

#include "message/exchange.h"
#include "message/ticket.h"
#include "peer/install.h"

#define ENROLL_FOLDER		"enroll"
#define ENROLL_STATE_NAME	"state.json"
#define ENROLL_STATE_FILE	"enroll/state.json"
#define ENROLL_LOCK_FILE	"enroll/lock"	/* of renewals too: one at a time */
#define ENROLL_KEY_FILE		"enroll/key.pem"
#define ENROLL_TICKET_FILE	"enroll/ticket"	/* while it waits; its token is gone */
#define ENROLL_TOKEN_MAX	64	/* octets of a pendToken */
#define ENROLL_MESSAGE_MAX	(64u << 10)	/* what a PKI takes from a Peer */
#define ENROLL_CERTS_MAX	(1 + INSTALL_CA_MAX)
#define ENROLL_REASON_MAX	256

enum enroll_step {
	ENROLL_NONE = 0,	/* nothing was sent that still counts */
	ENROLL_REQUEST,		/* message: the request; may have been sent */
	ENROLL_POLL,		/* the PKI has it and waits for a person; message: the poll */
	ENROLL_CONFIRM,		/* certificate is good; message: the confirmation */
	ENROLL_REJECT,		/* certificate is not; message: the rejection */
	ENROLL_INSTALL,		/* acknowledged; files not yet in place */
	ENROLL_DONE,
};
#define ENROLL_STEPS	(ENROLL_DONE + 1)

const char *enroll_step_name(enum enroll_step s);	/* "request" */

/* What is known of a request that waits (wait.h). */
struct enroll_wait {
	uint8_t		 token[ENROLL_TOKEN_MAX];
	size_t		 n_token;		/* 0: nothing waits */
	int64_t		 since;
	int64_t		 pend_at;		/* not before this, said the PKI */
	int64_t		 poll_at;		/* when we ask next */
	unsigned	 polls;			/* answered so far */
	struct buf	 request;		/* what waits, as it was sent */
};

struct enroll_state {
	const char	*folder;	/* below the device's: ENROLL_FOLDER, or a renewal's */
	enum enroll_step step;
	char		 id[sizeof(((struct ticket *)0)->id)];	/* a renewal: what it is */
	uint8_t		 ticket[SHA256_OCTETS];	/* digest of the whole ticket; a renewal: of
						   the certificate that it began with */
	struct exchange	 x;
	bool		 rebuilt;		/* this step's message was made anew once */
	char		 reason[ENROLL_REASON_MAX];	/* of a rejection; in a receipt */
	struct enroll_wait wait;
	struct buf	 message;
	struct buf	 certs[ENROLL_CERTS_MAX];	/* own, issuing CA, ..., root */
	size_t		 n_certs;
};

/* Make DIR/folder, and see that nobody else can write there. */
MUST_CHECK bool enroll_folder(const char *dir, const char *folder, struct fault *f);
/* One process works in dir: a descriptor to close, or -1 with FAULT_BUSY. */
int	enroll_lock(const char *dir, struct fault *f);

void	enroll_state_init(struct enroll_state *s);
void	enroll_state_clear(struct enroll_state *s);

/*
 * A folder without a state gives ENROLL_NONE.  s->folder, set by
 * enroll_state_init() to ENROLL_FOLDER, says which one.
 */
MUST_CHECK bool enroll_state_load(const char *dir, struct enroll_state *s,
    struct fault *f);
MUST_CHECK bool enroll_state_save(const char *dir, const struct enroll_state *s,
    struct fault *f);

#endif
