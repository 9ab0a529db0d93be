/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - an HTTP/1.1 server for small, hostile-facing services.
 *
 * Reads requests with strict limits, finds their route, hands them to a
 * handler, and writes the answer whenever it comes.  Answers 400, 404, 405
 * (with Allow), 408, 411, 413, 417, 429, 431, 501, 503 and 505 by itself.
 * Never redirects, asks for no authentication and sets no cookies (RFC
 * 10003, 6).  Says nothing about what is in a body.
 *
 * One loop, one thread.  Several servers may share a loop, each with its own
 * routes (the operator's pages have a listener of their own).
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "base/view.h"
#include "net/loop.h"

struct http_server;
struct http_request;
struct ssl_st;

#define HTTP_HEAD_MAX		(16u << 10)	/* request line and headers */
#define HTTP_CMC_BODY_MAX	(16u << 20)	/* one CMC message; one octet more is 413 */
#define HTTP_SMALL_BODY_MAX	(64u << 10)	/* OCSP, EST */

/* Zero in any field means the default in brackets. */
struct http_limits {
	unsigned	connections;		/* [8192] of this server */
	unsigned	connections_per_source;	/* [1024]; a source is an IPv4 address or an IPv6 /64 */
	/*
	 * [4096] handed to handlers and not answered.  Above it requests with a
	 * body get 503; what is merely read (CRLs, certificates) is not affected
	 * by a crowd that enrols.
	 */
	unsigned	pending;
	unsigned	rate_per_source;	/* requests per second; above it 429; [0: no limit] */
	unsigned	burst_per_source;	/* [2 * rate] */
	unsigned	idle_ms;		/* [60000] between requests */
	unsigned	yield_ms;		/* [1000] at the ceiling: then who waits for its client goes */
	unsigned	arrive_ms;		/* [30000] for the head, and again for the body */
	unsigned	arrive_rate;		/* [32768] octets per second a long body must keep beyond that */
	unsigned	answer_ms;		/* [120000] for the handler: then 503 */
	unsigned	drain_ms;		/* [30000] without progress while the client reads the answer */
	size_t		body_memory;		/* [256 MiB] in bodies being received: above it 503 */
};

struct http_route {
	const char	*method;	/* "GET" answers HEAD too */
	const char	*path;		/* exact, or a prefix that ends in '*': "/crl/" "*" */
	size_t		 body_max;	/* 0: a request with a body is 413 */
	void		(*handle)(void *ctx, struct http_request *req);
	void		*ctx;
};

/* How a TLS listener gets its sessions; made by the room that knows TLS. */
struct http_tls {
	struct ssl_st	*(*new_ssl)(void *ctx);		/* NULL: out of memory */
	/* Text for an error code of that library; may be NULL. */
	void		(*error_text)(unsigned long code, char *out, size_t n);
	void		*ctx;
};

struct http_stats {
	uint64_t	 accepted;	/* connections */
	uint64_t	 turned_away;	/* connections closed at once, above a ceiling */
	uint64_t	 requests;	/* with a readable head */
	uint64_t	 answers[6];	/* by status / 100 */
	uint64_t	 cut;		/* connections ended by a time limit */
	uint64_t	 yielded;	/* idle ones ended at the ceiling, for others */
	uint64_t	 vanished;	/* answers nobody waited for any more */
	uint64_t	 tls_failed;
	unsigned	 connections;	/* now */
	unsigned	 pending;	/* now */
};

/* routes are borrowed for the server's life; first match in order of length. */
struct http_server *http_server_new(struct net_loop *l,
	    const struct http_limits *limits, const struct http_route *routes,
	    size_t route_count, struct fault *f);
void	http_server_free(struct http_server *s);	/* accepts NULL; cuts what is open */

/*
 * A listening socket for "127.0.0.1:8080", "[::1]:8443" or "*:80"; port 0
 * lets the system choose.  No names are looked up.  -1 with a fault.
 */
int	net_listen(const char *address, struct fault *f);
/* The real address of a socket as "127.0.0.1:40123"; out has room for 64. */
MUST_CHECK bool net_address(int fd, char *out, struct fault *f);
/* The real port of a socket, 0 if it has none. */
unsigned net_port(int fd);

/*
 * Serve a listening socket, taking it over (also on failure).  tls NULL:
 * plain HTTP.  *tls is copied.
 */
MUST_CHECK bool http_server_listen(struct http_server *s, int fd,
    const struct http_tls *tls, struct fault *f);

/*
 * Close the listeners, finish requests that have begun, close idle
 * connections (those that have just come have a second for their first
 * request); after deadline_ms cut the rest.  done is called once, from
 * the loop; http_server_free() is allowed in it.
 */
void	http_server_stop(struct http_server *s, int64_t deadline_ms,
	    void (*done)(void *ctx), void *ctx);

void	http_server_stats(const struct http_server *s, struct http_stats *out);

/*
 * The request.  req and every view it lends are valid while the handler
 * runs.  A handler answers with http_reply() before it returns, or keeps
 * the id and answers later with http_reply_id().
 */
uint64_t http_request_id(const struct http_request *req);	/* never 0, never reused */
const char *http_request_method(const struct http_request *req);
struct view http_request_path(const struct http_request *req);	/* as sent, without the query */
struct view http_request_query(const struct http_request *req);	/* after '?', undecoded */
struct view http_request_rest(const struct http_request *req);	/* what '*' of the route stands for */
struct view http_request_body(const struct http_request *req);
/* The value without surrounding blanks; p is NULL when absent. */
struct view http_request_header(const struct http_request *req, const char *name);
/* The media type equals type, without regard to case and parameters. */
bool	http_request_is(const struct http_request *req, const char *type);
const char *http_request_source(const struct http_request *req);	/* "192.0.2.1" */
struct ssl_st *http_request_ssl(const struct http_request *req);	/* NULL when plain */

/*
 * What is said.  Zeroed fields are left out of the answer, save status.
 * An etag that the client's If-None-Match names, or a last_modified that is
 * not after its If-Modified-Since, turns a 200 to GET or HEAD into 304.
 */
struct http_answer {
	int		 status;
	const char	*content_type;
	const char	*etag;		/* with its quotes */
	int64_t		 last_modified;	/* unix seconds */
	const char	*cache_control;	/* "max-age=3600" */
	int64_t		 expires;	/* unix seconds; the same for caches of HTTP/1.0 */
	unsigned	 retry_after;	/* seconds */
	const char	*headers;	/* further whole lines, each with CR LF */
	struct view	 body;
	/*
	 * NULL: body is copied.  Else it is lent until release(release_ctx) is
	 * called, which happens exactly once, also when the answer is dropped.
	 */
	void		(*release)(void *ctx);
	void		*release_ctx;
	bool		 close;		/* end the connection after it */
};

void	http_reply(struct http_request *req, const struct http_answer *a);
/* False: the client is gone or was answered already; the answer is dropped. */
bool	http_reply_id(struct http_server *s, uint64_t id, const struct http_answer *a);
/* A status with one line of text/plain; for refusals such as 404 and 415. */
void	http_refuse(struct http_request *req, int status, const char *text);
bool	http_refuse_id(struct http_server *s, uint64_t id, int status,
	    unsigned retry_after, const char *text);

/* "Not Found" for 404; "Unknown" for what has no name. */
const char *http_status_text(int status);

#endif
