/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - one HTTP request at a time, to a server we were told of.
 *
 * Only http and https, no redirects, no cookies; proxies from the
 * environment (http_proxy, https_proxy, no_proxy).  Connections are reused
 * between calls of one client.  Retrying is the caller's decision.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "base/buf.h"

struct http_client;

struct http_client_config {
	unsigned	 connect_ms;	/* [10000] */
	unsigned	 total_ms;	/* [60000] a whole exchange */
	/* TLS anchors as PEM text, or a file of them; both empty: the system's. */
	struct view	 anchors_pem;
	const char	*anchors_file;
	bool		 and_system;	/* anchors_file, and the system's beside it */
	/*
	 * Accept any TLS server.  Only for the first contact of a Peer that has
	 * no anchor yet: a CMC message proves its own origin (RFC 10002), TLS
	 * then merely hides it from bystanders.
	 */
	bool		 tls_unverified;
	/* A client certificate (chain) and its key as PEM text; may be empty. */
	struct view	 cert_pem;
	struct view	 key_pem;
	const char	*agent;		/* User-Agent; ["pki4ipsec"] */
};

struct http_result {
	long	 status;		/* 0: no answer came */
	char	 content_type[128];	/* "" if absent */
	unsigned retry_after;		/* seconds; 0 if absent */
	bool	 whole;			/* the answer was read to its end */
	char	 etag[128];		/* with its quotes; "" if absent or longer */
};

/* Views of the configuration are copied.  NULL with a fault. */
struct http_client *http_client_new(const struct http_client_config *c,
	    struct fault *f);
void	http_client_free(struct http_client *c);	/* accepts NULL; wipes the key */

/*
 * POST or GET; the answer's body is appended to answer, whose ceiling
 * bounds it (FAULT_LIMIT).  True for 2xx.  Otherwise false with
 *	FAULT_BUSY	not reachable, timed out, 408, 425, 429, 500, 502-504
 *	FAULT_NOT_FOUND	404, 410
 *	FAULT_REFUSED	TLS server not believed; every other status
 * and r filled as far as known.  The body of a refusal is appended too: a
 * CMC answer may come with any status (RFC 10003).
 */
MUST_CHECK bool http_post(struct http_client *c, const char *url,
    const char *content_type, struct view body, struct buf *answer,
    struct http_result *r, struct fault *f);
MUST_CHECK bool http_get(struct http_client *c, const char *url,
    struct buf *answer, struct http_result *r, struct fault *f);

/*
 * GET unless it is still the one that etag names ("": whatever it is): then
 * true, r->status 304, and nothing appended.  A cache on the way may answer
 * with what is not older than max_age seconds.
 */
MUST_CHECK bool http_get_changed(struct http_client *c, const char *url,
    const char *etag, unsigned max_age, struct buf *answer, struct http_result *r,
    struct fault *f);

/* The media type in r equals type, without regard to case and parameters. */
bool	http_result_is(const struct http_result *r, const char *type);

#endif
