/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h - the URLs we speak to and what clients put in theirs.
 *
 * A strict subset of RFC 3986: http and https with an authority, no user
 * information, no fragment, ASCII only.  Nothing is looked up.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include "base/buf.h"

#define URL_MAX		2048	/* what a ticket or a certificate may carry */
#define URL_HOST_MAX	255	/* a DNS name in text */

struct url {
	bool	 tls;			/* https */
	char	 host[URL_HOST_MAX + 1];	/* lower case; IPv6 without brackets */
	bool	 ipv6;			/* host needs brackets in a URL */
	unsigned port;			/* filled with 80 or 443 if absent */
	char	 path[URL_MAX + 1];	/* with leading '/'; "/" if absent; as written */
	char	 query[URL_MAX + 1];	/* without '?'; "" if absent */
};

MUST_CHECK bool url_parse(struct view text, struct url *out, struct fault *f);

/* Another path at the same server, without a query; false: no room. */
MUST_CHECK bool url_at(const struct url *server, const char *path, char *out, size_t n);

/* Percent-decoding; '+' stays '+'.  False at a broken or %00 escape. */
MUST_CHECK bool url_decode(struct view v, struct buf *out, struct fault *f);
/* Everything but unreserved characters (RFC 3986, 2.3) as %XX. */
void	url_encode(struct view v, struct buf *out);

/*
 * Walk "a=1&b=2": takes the next pair from *query, decoded, into name and
 * value (both reset first).  *more is false at the end.  '+' in a value is a
 * blank, as forms send it.
 */
MUST_CHECK bool url_query_next(struct view *query, struct buf *name,
    struct buf *value, bool *more, struct fault *f);

#endif
