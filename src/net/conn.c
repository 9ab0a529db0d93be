/* SPDX-License-Identifier: Apache-2.0 */
/* conn.c - one client connection, request after request. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/server_base.h"

static const char	too_busy[] =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Retry-After: 1\r\n"
    "Content-Length: 0\r\n"
    "Connection: close\r\n\r\n";

static const char	continue_head[] = "HTTP/1.1 100 Continue\r\n\r\n";

void
conn_source(const struct conn *c, char out[INET6_ADDRSTRLEN])
{
	const union conn_address	*a = &c->address;

	out[0] = '-';
	out[1] = '\0';
	if (a->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->v4.sin_addr, out, INET6_ADDRSTRLEN);
	else if (a->any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
		inet_ntop(AF_INET, a->v6.sin6_addr.s6_addr + 12, out, INET6_ADDRSTRLEN);
	else if (a->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->v6.sin6_addr, out, INET6_ADDRSTRLEN);
}

static int64_t
ticks(const struct conn *c)
{
	return net_loop_ticks(c->server->loop);
}

static void
conn_deadline(struct conn *c, int64_t milliseconds)
{
	c->since = ticks(c);
	c->deadline = c->since + milliseconds;
}

/* Drop what belongs to the request, not to the connection. */
static void
request_forget(struct conn *c)
{
	struct http_server	*s = c->server;

	if (c->request_id != 0)
		s->stats.pending--;
	c->request_id = 0;
	free(c->if_none_match);
	c->if_none_match = NULL;
	c->if_modified_since = 0;
}

static void
body_uncount(struct conn *c)
{
	c->server->body_octets -= c->body_n;
	c->body_n = 0;
}

void
conn_free(struct conn *c)
{
	struct http_server	*s = c->server;

	request_forget(c);
	body_uncount(c);
	stream_free(c->stream);
	sources_leave(s->sources, c->source);
	s->slots[c->slot] = NULL;
	s->free_slots[s->free_count++] = c->slot;
	s->stats.connections--;
	if (s->head_of == c)
		s->head_of = NULL;
	free(c);
	server_conn_gone(s);
}

/* All is said: let the client read it before the socket goes. */
static void
conn_linger(struct conn *c)
{
	if (c->ended) {
		c->state = CONN_DEAD;
		return;
	}
	c->state = CONN_LINGER;
	conn_deadline(c, HTTP_LINGER_MS);
	stream_half_close(c->stream);
	stream_reading(c->stream, true);
}

static void
conn_next(struct conn *c)
{
	if (!c->keep_alive || c->ended || c->server->stopping) {
		conn_linger(c);
		return;
	}
	c->state = CONN_HEAD;
	c->began = 0;
	conn_deadline(c, c->server->limits.idle_ms);
	if (c->paused) {
		c->paused = false;
		stream_reading(c->stream, true);
	}
}

/* An answer was handed to the stream. */
void
conn_answered(struct conn *c, bool last)
{
	request_forget(c);
	if (last)
		c->keep_alive = false;
	c->state = CONN_ANSWERING;
	c->queued = stream_queued(c->stream);
	conn_deadline(c, c->server->limits.drain_ms);
	if (c->queued == 0)
		conn_next(c);
}

/* Refuse a request of which nothing more will be read. */
static bool
refuse_and_close(struct conn *c, int status)
{
	body_uncount(c);
	answer_refuse(c, status, true, NULL);
	return true;
}

/* Who sends on without waiting for answers waits. */
static void
conn_pause(struct conn *c)
{
	if ((c->state != CONN_PENDING && c->state != CONN_ANSWERING) ||
	    stream_in(c->stream)->n <= HTTP_PIPELINE_MAX)
		return;
	c->paused = true;
	stream_reading(c->stream, false);
}

/* The request's octets are done with. */
static void
request_consume(struct conn *c)
{
	struct buf	*in = stream_in(c->stream);

	buf_consume(in, c->head_n + c->body_n);
	body_uncount(c);
	c->head_n = 0;
	c->scanned = 0;
	c->began = 0;
	conn_pause(c);
}

/* Refuse by head alone; keep the connection if the body is here anyway. */
static bool
refuse_early(struct conn *c, int status, const struct http1_head *h)
{
	struct buf	*in = stream_in(c->stream);
	struct buf	 allow;
	const char	*headers = NULL;
	bool		 whole = !h->chunked && in->n - c->head_n >= h->length;

	buf_init(&allow, 512);
	if (status == 405) {
		request_allow(c->server, h->path, &allow);
		buf_add_u8(&allow, '\0');
		headers = buf_ok(&allow) ? (const char *)allow.p : NULL;
	} else if (status == 429 || status == 503) {
		headers = "Retry-After: 1\r\n";
	}
	answer_refuse(c, status, !whole, headers);
	buf_clear(&allow);
	if (whole) {
		buf_consume(in, c->head_n + (size_t)h->length);
		c->scanned = 0;
	}
	return true;
}

/* May this request come in at all?  0 or a status. */
static int
judge(struct conn *c, const struct http1_head *h)
{
	struct http_server	*s = c->server;
	int			 status;

	if (!source_allows(s->sources, c->source, ticks(c)))
		return 429;
	if ((status = request_route(c, h)) != 0)
		return status;
	if (h->has_length && h->length > c->route->body_max)
		return 413;
	if (h->chunked && c->route->body_max == 0)
		return 413;
	if (c->route->body_max > 0 && !h->has_length && !h->chunked)
		return 411;
	if (c->route->body_max > 0 && s->stats.pending >= s->limits.pending)
		return 503;
	if (s->body_octets + h->length > s->limits.body_memory)
		return 503;
	return 0;
}

static void
request_begin(struct conn *c, const struct http1_head *h)
{
	c->head_n = h->octets;
	c->length = h->length;
	c->chunked = h->chunked;
	memset(&c->chunks, 0, sizeof(c->chunks));
	c->keep_alive = h->keep_alive && !c->server->stopping;
	c->old = h->minor == 0;
	c->head_only = strcmp(h->method, "HEAD") == 0;
	c->conditional = c->head_only || strcmp(h->method, "GET") == 0;
	c->route = NULL;
	c->server->stats.requests++;
}

static bool
conn_admit(struct conn *c, const struct http1_head *h)
{
	struct buf	*in = stream_in(c->stream);
	int		 status;

	request_begin(c, h);
	if ((status = judge(c, h)) != 0)
		return refuse_early(c, status, h);
	if (h->expects_continue &&
	    (h->chunked || in->n - c->head_n < h->length))
		stream_write(c->stream, VIEW_LIT(continue_head), NULL);
	c->state = CONN_BODY;
	c->began = ticks(c);
	return true;
}

/* False: wait for more. */
static bool
conn_head(struct conn *c)
{
	struct http_server	*s = c->server;
	struct buf		*in = stream_in(c->stream);
	int			 rc;

	/* RFC 9112, 2.2: an empty line before a request is ignored. */
	while (c->scanned == 0 && in->n >= 2 && memcmp(in->p, "\r\n", 2) == 0)
		buf_consume(in, 2);
	if (in->n == 0)
		return false;
	rc = http1_request(buf_view(in), HTTP_HEAD_MAX, &c->scanned, &s->head);
	s->head_of = c;
	s->head_at = in->p;
	if (rc == HTTP1_DONE)
		return conn_admit(c, &s->head);
	if (rc != HTTP1_MORE) {
		c->old = c->head_only = c->conditional = false;
		return refuse_and_close(c, rc);
	}
	if (c->began == 0) {
		c->began = ticks(c);
		conn_deadline(c, s->limits.arrive_ms);
	}
	return false;
}

/* Decode what has come of a chunked body; 0 wait, 1 whole, else a status. */
static int
body_chunks(struct conn *c, struct buf *in)
{
	size_t	 at = c->head_n + c->body_n, used, made;
	uint8_t	*p = in->p + at;
	int	 rc = http1_chunks(&c->chunks, p, in->n - at, &used, &made);

	memmove(p + made, p + used, in->n - at - used);
	in->n -= used - made;
	c->body_n += made;
	c->server->body_octets += made;
	return c->body_n > c->route->body_max ? 413 : rc;
}

static int
body_length(struct conn *c, struct buf *in)
{
	size_t	here = in->n - c->head_n;

	if (here > c->length)
		here = (size_t)c->length;
	c->server->body_octets += here - c->body_n;
	c->body_n = here;
	return here == c->length ? HTTP1_DONE : HTTP1_MORE;
}

/* Remember what decides about 304, for the handler may answer much later. */
static void
request_conditions(struct conn *c, const struct http1_head *h)
{
	struct view	etag = http1_find(h, "if-none-match");

	if (!c->conditional)
		return;
	if (etag.p != NULL && etag.n <= HTTP_ETAG_MAX)
		c->if_none_match = strndup((const char *)etag.p, etag.n);
	else if (etag.p == NULL)
		c->if_modified_since =
		    answer_date_parse(http1_find(h, "if-modified-since"));
}

static bool
conn_dispatch(struct conn *c)
{
	struct http_server	*s = c->server;
	struct buf		*in = stream_in(c->stream);
	struct http_request	 req = { .conn = c, .head = &s->head };

	/* The buffer may have moved, or another head was read meanwhile. */
	if (s->head_of != c || s->head_at != in->p) {
		c->scanned = 0;
		if (http1_request((struct view){ in->p, c->head_n }, HTTP_HEAD_MAX,
		    &c->scanned, &s->head) != HTTP1_DONE)
			return refuse_and_close(c, 400);
	}
	s->head_of = NULL;
	req.body = (struct view){ in->p + c->head_n, c->body_n };
	conn_source(c, req.source);
	c->request_id = ++s->generation << HTTP_SLOT_BITS | c->slot;
	s->stats.pending++;
	c->state = CONN_PENDING;
	conn_deadline(c, s->limits.answer_ms);
	request_conditions(c, &s->head);
	c->busy = true;
	c->route->handle(c->route->ctx, &req);
	c->busy = false;
	request_consume(c);
	return true;
}

static bool
conn_body(struct conn *c)
{
	struct http_server	*s = c->server;
	struct buf		*in = stream_in(c->stream);
	int			 rc;

	rc = c->chunked ? body_chunks(c, in) : body_length(c, in);
	if (rc == HTTP1_DONE && c->route->body_max > 0 &&
	    s->stats.pending >= s->limits.pending)
		rc = 503;
	if (rc == HTTP1_DONE)
		return conn_dispatch(c);
	if (rc == HTTP1_MORE && s->body_octets > s->limits.body_memory)
		rc = 503;
	if (rc != HTTP1_MORE)
		return refuse_and_close(c, rc);
	c->deadline = c->began + s->limits.arrive_ms +
	    (int64_t)c->body_n * 1000 / s->limits.arrive_rate;
	return false;
}

/* Go as far as what is here allows; the one place that frees a connection. */
void
conn_go(struct conn *c)
{
	bool	more = !c->busy;

	while (more) {
		if (c->state == CONN_HEAD)
			more = conn_head(c);
		else if (c->state == CONN_BODY)
			more = conn_body(c);
		else
			more = false;
	}
	if (c->busy)
		return;
	if (c->state == CONN_LINGER)
		buf_reset(stream_in(c->stream));
	if (c->ended && (c->state == CONN_HEAD || c->state == CONN_BODY ||
	    c->state == CONN_LINGER))
		c->state = CONN_DEAD;
	if (c->state == CONN_DEAD && !c->listed)
		conn_free(c);
}

/*
 * Called when an answer came from outside: reading on could run the next
 * handler inside this one, so that waits until the loop has the word.
 */
void
conn_go_later(struct conn *c)
{
	struct http_server	*s = c->server;

	if (c->listed || c->busy)
		return;
	if (c->state == CONN_HEAD && stream_in(c->stream)->n == 0 && !c->ended)
		return;
	c->listed = true;
	c->next_ready = s->ready;
	if (s->ready == NULL)
		net_timer_start(s->ready_timer, 0);
	s->ready = c;
}

static void
on_data(void *ctx, struct buf *in)
{
	struct conn	*c = ctx;

	(void)in;
	conn_pause(c);
	conn_go(c);
}

static void
on_drained(void *ctx)
{
	struct conn	*c = ctx;

	if (c->state == CONN_ANSWERING)
		conn_next(c);
	conn_go(c);
}

static void
log_broken(struct conn *c, const char *why)
{
	struct http_server	*s = c->server;
	char			 source[INET6_ADDRSTRLEN];

	s->stats.tls_failed++;
	if (!server_may_log(s))
		return;
	conn_source(c, source);
	log_line(LOG_LEVEL_INFO, "tls connection failed", "source=%s why=\"%s\"",
	    source, why);
}

static void
on_end(void *ctx, const char *why)
{
	struct conn	*c = ctx;

	c->ended = true;
	if (why != NULL && stream_ssl(c->stream) != NULL &&
	    !stream_handshaken(c->stream))
		log_broken(c, why);
	if (why != NULL)
		c->state = CONN_DEAD;
	conn_go(c);
}

/* A time limit has passed. */
void
conn_expired(struct conn *c, int64_t now)
{
	size_t	queued = stream_queued(c->stream);

	if (c->state == CONN_ANSWERING && queued < c->queued) {
		c->queued = queued;
		c->deadline = now + c->server->limits.drain_ms;
		return;
	}
	if (c->state == CONN_PENDING) {
		answer_refuse(c, 503, true, "Retry-After: 5\r\n");
	} else if (c->state == CONN_BODY || (c->state == CONN_HEAD && c->began != 0)) {
		c->server->stats.cut++;
		c->old = c->head_only = c->conditional = false;
		refuse_and_close(c, 408);
	} else {
		if (c->state == CONN_ANSWERING)
			c->server->stats.cut++;
		c->state = CONN_DEAD;
	}
	conn_go(c);
}

static const struct stream_ops conn_stream_ops = {
	.on_data = on_data,
	.on_drained = on_drained,
	.on_end = on_end,
};

static bool
conn_stream(struct conn *c, struct listener *l, int fd, struct fault *f)
{
	size_t		 in_max = HTTP_HEAD_MAX + l->server->body_max +
	    HTTP_PIPELINE_MAX + (4u << 20);	/* and a burst of reads */
	struct ssl_st	*ssl;

	if (!l->secure) {
		c->stream = stream_new(l->server->loop, fd, in_max,
		    &conn_stream_ops, c, f);
		return c->stream != NULL;
	}
	if ((ssl = l->tls.new_ssl(l->tls.ctx)) == NULL) {
		close(fd);
		return fault_set(f, FAULT_INTERNAL, "", "no TLS session");
	}
	c->stream = stream_new_tls(l->server->loop, fd, ssl, l->tls.error_text,
	    in_max, &conn_stream_ops, c, f);
	return c->stream != NULL;
}

/*
 * All places are taken: whoever has waited for its client's next octets for a
 * while gives its own up.  The hand goes round, so that a look at many busy
 * connections is paid once.
 */
static bool
make_room(struct http_server *s)
{
	int64_t		 latest = net_loop_ticks(s->loop) - s->limits.yield_ms;
	struct conn	*c;

	for (unsigned i = 0; i < s->limits.connections; i++) {
		c = s->slots[s->hand];
		s->hand = (s->hand + 1) % s->limits.connections;
		if (c == NULL || c->state != CONN_HEAD || c->listed || c->busy ||
		    c->since > latest)
			continue;
		s->stats.yielded++;
		conn_free(c);
		return true;
	}
	return false;
}

/* Above a ceiling: say so if that costs nothing, and close. */
static struct conn *
turn_away(struct listener *l, int fd)
{
	l->server->stats.turned_away++;
	if (!l->secure)
		(void)!send(fd, too_busy, sizeof(too_busy) - 1,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

struct conn *
conn_open(struct listener *l, int fd, const struct sockaddr *sa, socklen_t sa_len)
{
	struct http_server	*s = l->server;
	struct conn		*c;
	struct source		*source;
	struct fault		 f = { 0 };
	int			 one = 1;

	if ((s->free_count == 0 && !make_room(s)) || (source = sources_enter(s->sources, sa,
	    net_loop_ticks(s->loop))) == NULL)
		return turn_away(l, fd);
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		sources_leave(s->sources, source);
		return turn_away(l, fd);
	}
	c->server = s;
	c->source = source;
	memcpy(&c->address, sa,
	    sa_len < sizeof(c->address) ? sa_len : sizeof(c->address));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!conn_stream(c, l, fd, &f)) {
		log_fault(LOG_LEVEL_WARN, "connection not served", &f);
		sources_leave(s->sources, source);
		free(c);
		return NULL;
	}
	c->slot = s->free_slots[--s->free_count];
	s->slots[c->slot] = c;
	s->stats.accepted++;
	s->stats.connections++;
	conn_deadline(c, s->limits.arrive_ms);
	return c;
}
