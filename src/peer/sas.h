/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sas.h - the tunnels that a strongSwan daemon has up, one IKE SA each: list
 * them, start another beside one, end one.
 *
 * An SA is known by its two SPIs: they are its own for good, while the
 * daemon's numbers begin anew when it starts again.
 */
#ifndef PEER_SAS_H
#define PEER_SAS_H

#include "base/arena.h"

#define SAS_MAX		65536		/* IKE SAs of one gateway */
#define SA_SPI_MAX	36		/* "0123456789abcdef:0123456789abcdef" */
#define SA_NUMBER_MAX	21		/* a uniqueid in digits */
#define SA_ANSWER_MS	8000		/* how long a peer may take to let us in */

struct vici;

struct sa {
	const char	*connection;
	char		 spi[SA_SPI_MAX];
	char		 number[SA_NUMBER_MAX];		/* uniqueid */
	bool		 established;
	bool		 child;		/* a CHILD SA is installed */
	int64_t		 age;		/* seconds since it was established */
};

/* All there are; strings live in the arena. */
MUST_CHECK bool sas_list(struct vici *v, struct arena *a, struct sa **out, size_t *n,
    struct fault *f);

enum sa_verdict {
	SA_UNCLEAR = 0,		/* no answer, or a reason that has nothing to do with us */
	SA_UP,
	SA_REFUSED,		/* the peer did not take our authentication */
};

/*
 * Start child of connection, or with child NULL the IKE SA alone (RFC 6023),
 * and wait until it is up or has failed; words says why it has, as the daemon
 * logs it.  An IKE SA of this very configuration is used again.  A fault: the
 * daemon, not the peer.
 */
MUST_CHECK bool sa_initiate(const char *vici_uri, const char *connection,
    const char *child, enum sa_verdict *out, char *words, size_t n, struct fault *f);

/* An SA that has ended by itself is no failure. */
MUST_CHECK bool sa_terminate(struct vici *v, const struct sa *sa, struct fault *f);

#endif
