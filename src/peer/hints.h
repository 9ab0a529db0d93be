/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hints.h - the hint that the PKI publishes for renewals (message/hint.h),
 * fetched and kept as DIR/hint.
 *
 * What is kept was signed by this device's PKI and was never older than the
 * one before it.  What cannot be fetched, read or believed changes nothing;
 * past its nextUpdate the one that is kept says nothing either.
 */
#ifndef PEER_HINTS_H
#define PEER_HINTS_H

#include "message/hint.h"
#include "peer/tunnels.h"

#define HINTS_FILE	"hint"

struct http_client;

struct hints {
	const char	*dir;			/* of the device; borrowed */
	char		 url[INSTALL_PATH_MAX];	/* HINT_PATH at the server we speak to; "": none */
	char		 etag[128];
};
/* server: the URL that this device sends its messages to; the PKI's or a relay's. */
void	hints_open(struct hints *h, const char *dir, const char *server);

/*
 * Ask for it; a newer one is on disk afterwards.  There is none: true, and nothing
 * changes.
 */
MUST_CHECK bool hints_fetch(struct hints *h, struct http_client *http, unsigned max_age,
    int64_t now, bool *newer, struct fault *f);

/* The same for who asks once, and not often.  Whatever goes wrong changes nothing. */
void	hints_look(const char *dir, const char *server, int64_t now);

/* What came, if it is of the PKI of dir's certificate, of now, and newer than what is kept. */
MUST_CHECK bool hints_take(const char *dir, struct view octets, int64_t now, bool *newer,
    struct fault *f);

/* The one that counts now, in the arena; false: there is none that can be read. */
bool	hints_load(const char *dir, int64_t now, struct arena *a, struct cvp_hint *out);

#endif
