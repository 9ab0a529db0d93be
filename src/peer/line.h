/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.h - the CAs that stand beside this device's own while its CA's key is
 * rolled over (RFC 4809, 3.6.1, 3.7.3): peers may have certificates of either.
 *
 * A CA belongs to the line of another if their root has signed both and their
 * names are one but for the generation behind the last " G" of the common
 * name, which is last: "IKE CA G1", "IKE CA G2", not "Management CA G2".  What
 * the PKI or an answer shows is not believed beyond that.
 *
 *	DIR/line.pem	all of the line that were shown last, our own issuer too
 */
#ifndef PEER_LINE_H
#define PEER_LINE_H

#include "codec/cert.h"
#include "peer/install.h"

#define LINE_FILE	"line.pem"

struct http_client;

/* Whose line, and as of when. */
struct line_terms {
	const char	*dir;		/* of the device */
	struct view	 issuer, anchor;	/* DER: its own CA, the root */
	int64_t		 now;
};

struct line {
	struct buf	der[INSTALL_OTHERS_MAX];
	size_t		n;
};

/* Is ca, now, of the line? */
bool	line_has(const struct line_terms *t, struct view ca);

/* The others, without our own issuer; what has ended is left out.  Owns memory. */
MUST_CHECK bool line_load(const struct line_terms *t, struct line *out, struct fault *f);
void	line_clear(struct line *l);

/*
 * Keep those of the line in certs, which came over any way.  Without our own
 * issuer among them they are no list of the line, and nothing changes.
 */
MUST_CHECK bool line_keep(const struct line_terms *t, const struct view *certs, size_t n,
    bool *changed, struct fault *f);

/*
 * Ask the PKI, at /ca/chain.p7c beside the certificate of the issuer of leaf;
 * at server's host instead if that is not reached.  A PKI that has no such
 * thing is none of ours: nothing changes, and that is no fault.
 */
MUST_CHECK bool line_fetch(const struct line_terms *t, const struct cert *leaf,
    const char *server, struct http_client *http, unsigned max_age, bool *changed,
    struct fault *f);
/* The same for the certificate in use in dir; one that the root has signed has no line. */
MUST_CHECK bool line_ask(const char *dir, const char *server, struct http_client *http,
    unsigned max_age, int64_t now, bool *changed, struct fault *f);

#endif
