/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_base.h - what the files of the HTTP server share.
 *
 *	server.c	life, listeners, time limits, stopping
 *	conn.c		one connection from request to request
 *	answer.c	what goes out
 *	request.c	what a handler sees, and which handler
 */
#ifndef NET_SERVER_BASE_H
#define NET_SERVER_BASE_H

#include <netinet/in.h>

#include "net/http1.h"
#include "net/server.h"
#include "net/source.h"
#include "net/stream.h"

#define HTTP_LISTENERS_MAX	16
#define HTTP_SLOT_BITS		16
#define HTTP_CONNECTIONS_MAX	((1u << HTTP_SLOT_BITS) - 1)
#define HTTP_PIPELINE_MAX	(16u << 10)	/* unread requests behind one not answered */
#define HTTP_LINGER_MS		2000		/* to let the last answer arrive */
#define HTTP_FRESH_MS		1000		/* for a first request, when we stop */
#define HTTP_ETAG_MAX		1024		/* an If-None-Match we remember */
#define HTTP_DATE_OCTETS	32

enum conn_state {
	CONN_HEAD = 0,		/* waiting for a request, or within its head */
	CONN_BODY,
	CONN_PENDING,		/* with its handler */
	CONN_ANSWERING,		/* the answer does not fit the socket yet */
	CONN_LINGER,		/* all said; waiting for the client to close */
	CONN_DEAD,		/* to be freed by whoever is outermost */
};

union conn_address {
	struct sockaddr		any;
	struct sockaddr_in	v4;
	struct sockaddr_in6	v6;
};

struct conn {
	struct http_server		*server;
	struct stream			*stream;
	struct source			*source;
	union conn_address		 address;
	unsigned			 slot;
	enum conn_state			 state;
	int64_t				 since, deadline;	/* ticks: of this wait */
	int64_t				 began;		/* of head or body; 0: nothing here */
	size_t				 queued;	/* at the last look, while ANSWERING */
	bool				 ended;		/* the client sends no more */
	bool				 paused;	/* we read no more until resumed */
	bool				 busy;		/* inside its handler */
	bool				 listed;	/* in server->ready */
	struct conn			*next_ready;
	/* The present request: */
	uint64_t			 request_id;	/* 0 unless pending */
	const struct http_route		*route;
	size_t				 prefix;	/* of the path that the route names */
	size_t				 scanned;
	size_t				 head_n;
	uint64_t			 length;
	size_t				 body_n;	/* received and decoded */
	bool				 chunked;
	bool				 keep_alive;
	bool				 old;		/* HTTP/1.0 */
	bool				 head_only;	/* HEAD */
	bool				 conditional;	/* GET or HEAD */
	struct http1_chunks		 chunks;
	char				*if_none_match;
	int64_t				 if_modified_since;
};

struct listener {
	struct http_server	*server;
	struct evconnlistener	*ev;
	bool			 secure;
	struct http_tls		 tls;
};

struct http_server {
	struct net_loop			*loop;
	struct http_limits		 limits;
	const struct http_route		*routes;
	size_t				 route_count;
	size_t				 body_max;	/* of all routes */
	struct listener			 listeners[HTTP_LISTENERS_MAX];
	size_t				 listener_count;
	struct sources			*sources;
	struct conn			**slots;
	unsigned			*free_slots;
	unsigned			 free_count;
	unsigned			 hand;		/* slot to begin with when one must yield */
	uint64_t			 generation;
	size_t				 body_octets;	/* being received */
	struct conn			*ready;		/* to be looked at in this round */
	struct net_timer		*ready_timer;
	struct net_timer		*sweep_timer;
	int64_t				 sweep_ms;
	struct net_timer		*stop_timer;
	struct net_timer		*accept_timer;
	bool				 stopping;
	void				(*stopped)(void *);
	void				*stopped_ctx;
	struct http_stats		 stats;
	int64_t				 log_second;
	unsigned			 logged;
	/* One request is looked at at a time: */
	struct http1_head		 head;
	const struct conn		*head_of;
	const uint8_t			*head_at;
	struct buf			 out;
	int64_t				 date_second;
	char				 date[HTTP_DATE_OCTETS];
};

struct http_request {
	struct conn			*conn;
	const struct http1_head		*head;
	struct view			 body;
	char				 source[INET6_ADDRSTRLEN];
};

/* server.c */
void	server_conn_gone(struct http_server *s);
/* May this connection's trouble be logged, or were there too many of late? */
bool	server_may_log(struct http_server *s);

/* conn.c */
struct conn *conn_open(struct listener *l, int fd, const struct sockaddr *sa,
	    socklen_t sa_len);
void	conn_free(struct conn *c);
void	conn_go(struct conn *c);	/* c may be gone afterwards */
void	conn_go_later(struct conn *c);
void	conn_expired(struct conn *c, int64_t now);
void	conn_answered(struct conn *c, bool close);
void	conn_source(const struct conn *c, char out[INET6_ADDRSTRLEN]);

/* request.c: 0 if the route may be served, else the status to refuse with */
int	request_route(struct conn *c, const struct http1_head *h);
void	request_allow(const struct http_server *s, struct view path, struct buf *out);

/* answer.c */
void	answer_write(struct conn *c, const struct http_answer *a);
void	answer_refuse(struct conn *c, int status, bool close, const char *headers);
int64_t	answer_date_parse(struct view v);	/* unix seconds, 0 if it is none */

#endif
