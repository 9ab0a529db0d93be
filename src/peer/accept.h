/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accept.h - is this the certificate we asked for, and will it work?
 *
 * Judges a certificate that came in a believed answer: our key, its path,
 * dates, usage, and every identity the ticket told (RFC 4809, 3.4.8; RFC
 * 4945).  Does not look at revocation: it is seconds old.
 */
#ifndef PEER_ACCEPT_H
#define PEER_ACCEPT_H

#include "codec/cert.h"
#include "crypt/key.h"
#include "message/ticket.h"
#include "peer/install.h"

enum accept_verdict {
	ACCEPT_UNCLEAR = 0,	/* our clock, or damage on the way: ask again */
	ACCEPT_REJECT,		/* issued like this, and unusable: tell the PKI */
	ACCEPT_GOOD,
};

/* Among certs the one with this key that is no CA; decoded into out. */
MUST_CHECK bool accept_find(const struct view *certs, size_t n, const struct key *key,
    struct cert *out, struct fault *f);

struct accept_terms {
	const struct ticket	*ticket;
	struct key		*key;		/* makes a trial signature; NULL: it is elsewhere */
	const struct view	*certs;		/* what came along */
	size_t			 n_certs;
	struct view		 anchor;
	int64_t			 now;
};
/* The reason for anything but ACCEPT_GOOD is in f. */
enum accept_verdict accept_judge(const struct cert *c, const struct accept_terms *t,
	    struct fault *f);

/*
 * The issuers from cert's up to and with the anchor: out has room for
 * INSTALL_CA_MAX.
 */
MUST_CHECK bool accept_chain(const struct cert *c, const struct accept_terms *t,
    struct view *out, size_t *n, struct fault *f);

#endif
