/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.h - bring a running strongSwan daemon over to the certificate that
 * is in use in DIR, and prove that it presents it.
 *
 * Loading is not enough: an IKE SA that is up was authenticated with the
 * certificate before, and goes on with it.  So beside each of them another
 * is started, which a peer has to let in; then the one before is ended.  This
 * holds for a new key and for the same one, whatever charon's settings say
 * about re-authentication, and nothing is torn down before its successor
 * carries traffic.
 *
 * One step after the other, each short: between two the agent can do other
 * work, and be killed.  What must survive that is in DIR/agent.json.
 *
 * If every peer that answers refuses, the certificate before goes back into
 * the daemon, and the whole is tried again later.  SAs that only the other
 * side can start (no address is known) stay: they change when it comes again.
 */
#ifndef PEER_CHANGE_H
#define PEER_CHANGE_H

#include "crypt/digest.h"
#include "peer/enroll.h"
#include "peer/sas.h"
#include "peer/tunnels.h"

#define CHANGE_FILE		"agent.json"
#define CHANGE_SAS_MAX		4096	/* SAs to be replaced */
#define CHANGE_GRACE_MS		1500	/* two SAs side by side, until packets under way are in */
#define CHANGE_SERIAL_MAX	ENROLL_SERIAL_MAX
#define CHANGE_HEX_MAX		(2 * SHA256_OCTETS + 1)

/* What is remembered, as a whole. */
struct change_state {
	char	proved[CHANGE_HEX_MAX];		/* SHA-256 of the certificate in the daemon, or "" */
	char	proved_serial[CHANGE_SERIAL_MAX];	/* its generation (renew.h) */
	char	target[CHANGE_HEX_MAX];		/* being brought in, or "" */
	char	target_serial[CHANGE_SERIAL_MAX];
	bool	loaded;				/* and old[] is known */
	bool	back;				/* refused: the one before is in the daemon again */
	unsigned proofs;			/* peers that have let us in with it */
	char	(*old)[SA_SPI_MAX];		/* SAs from before */
	size_t	n_old;
};

MUST_CHECK bool change_state_load(const char *dir, struct change_state *s, struct fault *f);
MUST_CHECK bool change_state_save(const char *dir, const struct change_state *s,
    struct fault *f);
void	change_state_clear(struct change_state *s);

struct change {
	const char		*dir;
	const struct ticket	*ticket;
	const char		*swanctl_dir;		/* NULL: INSTALL_SWANCTL_DIR */
	const char		*vici_uri;		/* NULL: INSTALL_VICI_URI */
	struct change_state	 state;
	/* Of this round, not kept: which of state.old were tried, and how that ended. */
	bool			 tried[CHANGE_SAS_MAX];
	unsigned		 refusals, unclear;
	char			 words[256];
};

/*
 * Take up what an earlier run left.  *needed: the daemon is not known to
 * have the certificate in DIR.  Reads files only.
 */
MUST_CHECK bool change_open(struct change *c, bool *needed, struct fault *f);
/*
 * The daemon's configuration anew, for the certificate it has: CAs of peers
 * came or went.  Tunnels stay; a change that is to come takes them along.
 */
MUST_CHECK bool change_refresh(struct change *c, struct fault *f);
void	change_close(struct change *c);
/* The certificate in DIR may be another one now. */
MUST_CHECK bool change_look(struct change *c, bool *needed, struct fault *f);

enum change_event {
	CHANGE_NOTHING = 0,
	CHANGE_LOADED,		/* the daemon has it */
	CHANGE_PROVED,		/* a peer has let us in with it */
	CHANGE_ENDED,		/* an SA from before was ended */
	CHANGE_FINISHED,	/* all is done, the key from before is destroyed */
	CHANGE_BACK,		/* every peer refused: the one before is back */
	CHANGE_LATER,		/* some peers refuse or do not answer: the rest is over */
};

struct change_step {
	enum change_event event;
	int64_t		  wait_ms;	/* before the next step */
	char		  connection[256];
	char		  words[256];	/* why, of CHANGE_BACK and CHANGE_LATER */
};

/*
 * One step.  A fault: the daemon does not answer or does not take it, and
 * what it had before it has again; try later.
 */
MUST_CHECK bool change_step(struct change *c, struct change_step *out, struct fault *f);

#endif
