/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - many requests at once to one server, for measuring it.
 *
 * Keeps a fixed number of keep-alive connections to one plain-HTTP server
 * and sends what is submitted over the next free one.  Spends as little CPU
 * as it can, because it shares the machine with what it measures.  Not for
 * talking to strangers: no TLS, no proxy, no retry.
 */
#ifndef NET_LOAD_H
#define NET_LOAD_H

#include "base/view.h"
#include "net/loop.h"

struct http_load;

struct http_load_answer {
	int		 status;	/* 0: the exchange failed, see why */
	struct view	 content_type;
	struct view	 body;		/* borrowed for the call */
	int64_t		 microseconds;	/* from submission to the last octet */
	const char	*why;		/* NULL unless status is 0 */
};

/* url: "http://127.0.0.1:8080"; its path is not used. */
struct http_load *http_load_new(struct net_loop *l, const char *url,
	    unsigned connections, size_t answer_max, struct fault *f);
void	http_load_free(struct http_load *h);		/* accepts NULL; open ones get no callback */

/*
 * Queue one request.  body is copied.  done is called exactly once, from the
 * loop; it may submit again, but not free the load.
 */
MUST_CHECK bool http_load_submit(struct http_load *h, const char *method,
    const char *path, const char *content_type, struct view body,
    void (*done)(void *ctx, const struct http_load_answer *a), void *ctx,
    struct fault *f);

/* Submitted and not done. */
size_t	http_load_open(const struct http_load *h);

#endif
