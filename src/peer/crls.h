/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crls.h - the CRLs that this device's own CAs publish, fetched and kept.
 *
 * One for each certificate of the chain that names one: the issuing CA's,
 * and those of the CAs above.  What is fetched is believed only if the CA
 * signed it, it is current, and it is not older than the one there is.
 *
 *	DIR/crl/KEYID.crl	the one in use; KEYID is the CA's key identifier
 *	DIR/crl/KEYID.new	accepted, not yet with the daemon
 *
 * A new one becomes the one in use after it was enforced (enforce.h), so a
 * crash between loses nobody whose tunnels were to end.
 */
#ifndef PEER_CRLS_H
#define PEER_CRLS_H

#include "codec/cert.h"
#include "codec/crl.h"
#include "codec/name.h"
#include "crypt/digest.h"
#include "peer/tunnels.h"

#define CRLS_URI_MAX		2048
#define CRLS_MAX		(INSTALL_CA_MAX + INSTALL_OTHERS_MAX)
#define CRLS_OCTETS_MAX		(8u << 20)	/* D-52: some 200 000 entries */
#define CRLS_FOLDER		"crl"
#define CRLS_SKEW_SECONDS	300
#define CRLS_NEAR_PART		4	/* near its end: less than a fourth of its life is left */

struct http_client;

struct crl_source {
	char		 uri[CRLS_URI_MAX];	/* as the certificate says it */
	char		 relay_uri[CRLS_URI_MAX];	/* the same at the server we speak to; "": no other */
	bool		 by_relay;		/* that one answered last */
	char		 key_id[2 * SHA1_OCTETS + 1];
	char		 issuer[NAME_TEXT_MAX];
	struct buf	 ca;			/* DER of its certificate */
	char		 etag[128];		/* of what was fetched last */

	bool		 held;			/* there is one in use... */
	bool		 pending;		/* ...or one that is to be */
	char		 number[2 * 21 + 1];	/* of the newer of them, hex */
	int64_t		 this_update, next_update;
	int64_t		 fetched;		/* when the server last said that it is current */
};

struct crls {
	const char		*dir;		/* of the device; borrowed */
	struct crl_source	 at[CRLS_MAX];
	size_t			 n;
};

/*
 * Which there are; what is kept on disk is taken up.  Owns memory.  server: the
 * URL that this device sends its messages to: a relay, if it cannot reach the
 * PKI itself (RFC 4809, 3.4.6), and then it has the CRLs too.  Behind those of
 * the chain come those of the other CAs of the line (line.h), whose CRLs lie
 * beside our own CA's under their key identifiers.
 */
MUST_CHECK bool crls_open(const char *dir, const char *server, const struct credential *c,
    struct crls *out, int64_t now, struct fault *f);
void	crls_clear(struct crls *c);

/* The path of uri at the server we speak to; false: it is there anyway, or cannot be said. */
bool	crls_relay_uri(const char *uri, const char *server, char out[CRLS_URI_MAX]);

/*
 * May this be believed?  held: the one there is, or NULL.  *newer: it says
 * more than held; false with true returned: the very same.
 */
MUST_CHECK bool crls_judge(const struct crl *c, const struct cert *ca, const struct crl *held,
    int64_t now, bool *newer, struct fault *f);

struct crls_fetched {
	bool		newer;		/* s->pending is set */
	unsigned	retry_after;
};

/* Ask for one, where it was last got first; a new one is on disk afterwards. */
MUST_CHECK bool crls_fetch(struct crls *c, struct crl_source *s, struct http_client *http,
    unsigned max_age, int64_t now, struct crls_fetched *out, struct fault *f);

/* The octets; pending: of the new one.  Appended to out. */
MUST_CHECK bool crls_read(const struct crls *c, const struct crl_source *s, bool pending,
    struct buf *out, struct fault *f);
/* Does the newer of them list this serial (INTEGER content octets)?  For what reason? */
MUST_CHECK bool crls_lists(const struct crls *c, const struct crl_source *s, struct view serial,
    bool *listed, unsigned *reason, struct fault *f);
/* The new one is in use now. */
MUST_CHECK bool crls_settle(struct crls *c, struct crl_source *s, struct fault *f);

/* How long the one in use still counts, as of now. */
enum crls_life { CRLS_GOOD = 0, CRLS_NEAR_END, CRLS_ENDED, CRLS_NONE };
enum crls_life crls_life(const struct crl_source *s, int64_t now);

#endif
