/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier.h - requests that others carry, so that a loop does not wait.
 *
 * A few threads, each with an HTTP client of its own, take what is handed
 * over in the order of its coming.  What they bring back is told in the
 * loop.  Retrying is the caller's decision, as with client.h.
 *
 * One loop, one thread calls.
 */
#ifndef NET_COURIER_H
#define NET_COURIER_H

#include "net/client.h"
#include "net/loop.h"

struct courier;

struct courier_config {
	struct http_client_config client;	/* its views are copied */
	unsigned	 threads;		/* 1 ... COURIER_THREADS_MAX */
	unsigned	 waiting_max;		/* handed over and not yet brought back */
	size_t		 answer_max;		/* octets */
};
#define COURIER_THREADS_MAX	64

/* What came back. */
struct courier_answer {
	bool			 ok;		/* the word of http_post() or http_get() */
	struct http_result	 result;
	struct buf		 body;		/* the callee may move it away and buf_init() it */
	struct fault		 why;		/* unless ok */
};

struct courier *courier_new(struct net_loop *l, const struct courier_config *c,
	    struct fault *f);
/*
 * Waits for what is being carried, up to the client's total_ms; calls nobody
 * back.  Accepts NULL.
 */
void	courier_free(struct courier *c);

/*
 * Hand over a POST, or a GET when type is NULL.  url, type and body are
 * copied.  done is called exactly once, from the loop, and may hand over
 * more.  FAULT_BUSY: waiting_max are waiting already.
 */
MUST_CHECK bool courier_send(struct courier *c, const char *url, const char *type,
    struct view body, void (*done)(void *ctx, struct courier_answer *a), void *ctx,
    struct fault *f);

/* Handed over and not brought back. */
unsigned courier_open(const struct courier *c);

#endif
