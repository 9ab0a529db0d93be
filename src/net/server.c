/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - life of a server: listeners, time limits, an orderly end. */
#include "net/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/listener.h>

#include "base/log.h"
#include "net/loop_base.h"
#include "net/server_base.h"

#define SWEEP_MS_MAX		1000
#define SWEEP_MS_MIN		10
#define ACCEPT_PAUSE_MS		100	/* when descriptors have run out */
#define LOGS_PER_SECOND		5
#define ANSWER_HEAD_MAX		(64u << 10)

static void
default_to(unsigned *value, unsigned otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

static void
limits_default(struct http_limits *l)
{
	default_to(&l->connections, 8192);
	if (l->connections > HTTP_CONNECTIONS_MAX)
		l->connections = HTTP_CONNECTIONS_MAX;
	default_to(&l->connections_per_source, 1024);
	default_to(&l->pending, 4096);
	default_to(&l->burst_per_source, 2 * l->rate_per_source);
	default_to(&l->idle_ms, 60000);
	default_to(&l->yield_ms, 1000);
	default_to(&l->arrive_ms, 30000);
	default_to(&l->arrive_rate, 32768);
	default_to(&l->answer_ms, 120000);
	default_to(&l->drain_ms, 30000);
	if (l->body_memory == 0)
		l->body_memory = (size_t)256 << 20;
}

/* Often enough for the shortest limit, rarely enough to cost nothing. */
static int64_t
sweep_interval(const struct http_limits *l)
{
	unsigned	least = l->idle_ms;

	least = l->arrive_ms < least ? l->arrive_ms : least;
	least = l->answer_ms < least ? l->answer_ms : least;
	least = l->drain_ms < least ? l->drain_ms : least;
	least /= 4;
	if (least < SWEEP_MS_MIN)
		return SWEEP_MS_MIN;
	return least > SWEEP_MS_MAX ? SWEEP_MS_MAX : least;
}

bool
server_may_log(struct http_server *s)
{
	int64_t	second = net_loop_ticks(s->loop) / 1000;

	if (second != s->log_second) {
		s->log_second = second;
		s->logged = 0;
	}
	return s->logged++ < LOGS_PER_SECOND;
}

static void
sweep(void *ctx)
{
	struct http_server	*s = ctx;
	int64_t			 now = net_loop_ticks(s->loop);
	struct conn		*c;

	for (unsigned i = 0; i < s->limits.connections; i++) {
		c = s->slots[i];
		if (c != NULL && !c->listed && c->deadline <= now)
			conn_expired(c, now);
	}
	sources_sweep(s->sources, now);
	net_timer_start(s->sweep_timer, s->sweep_ms);
}

static void
go_ready(void *ctx)
{
	struct http_server	*s = ctx;
	struct conn		*c = s->ready, *next;

	s->ready = NULL;
	for (; c != NULL; c = next) {
		next = c->next_ready;
		c->listed = false;
		conn_go(c);
	}
}

static void
accept_again(void *ctx)
{
	struct http_server	*s = ctx;

	for (size_t i = 0; i < s->listener_count; i++)
		evconnlistener_enable(s->listeners[i].ev);
}

/* Cut what is left, or report that nothing is. */
static void
stop_now(void *ctx)
{
	struct http_server	*s = ctx;
	void			(*stopped)(void *) = s->stopped;

	for (unsigned i = 0; i < s->limits.connections; i++) {
		if (s->slots[i] == NULL)
			continue;
		s->stats.cut++;
		s->slots[i]->listed = false;
		conn_free(s->slots[i]);
	}
	s->ready = NULL;
	net_timer_stop(s->stop_timer);
	s->stopped = NULL;
	if (stopped != NULL)
		stopped(s->stopped_ctx);
}

static bool
server_parts(struct http_server *s, struct fault *f)
{
	struct source_limits	sl = { s->limits.connections_per_source,
	    s->limits.rate_per_source, s->limits.burst_per_source };

	s->sources = sources_new(&sl, rng_system());
	s->slots = calloc(s->limits.connections, sizeof(struct conn *));
	s->free_slots = calloc(s->limits.connections, sizeof(unsigned));
	if (s->sources == NULL || s->slots == NULL || s->free_slots == NULL)
		return fault_set(f, FAULT_INTERNAL, "",
		    "out of memory for an HTTP server");
	while (s->free_count < s->limits.connections) {
		s->free_slots[s->free_count] = s->limits.connections - 1 - s->free_count;
		s->free_count++;
	}
	s->ready_timer = net_timer_new(s->loop, go_ready, s, f);
	s->sweep_timer = net_timer_new(s->loop, sweep, s, f);
	s->stop_timer = net_timer_new(s->loop, stop_now, s, f);
	s->accept_timer = net_timer_new(s->loop, accept_again, s, f);
	return s->ready_timer != NULL && s->sweep_timer != NULL &&
	    s->stop_timer != NULL && s->accept_timer != NULL;
}

struct http_server *
http_server_new(struct net_loop *l, const struct http_limits *limits,
    const struct http_route *routes, size_t route_count, struct fault *f)
{
	struct http_server	*s = calloc(1, sizeof(*s));

	if (s == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory for an HTTP server");
		return NULL;
	}
	s->loop = l;
	if (limits != NULL)
		s->limits = *limits;
	limits_default(&s->limits);
	s->routes = routes;
	s->route_count = route_count;
	for (size_t i = 0; i < route_count; i++)
		if (routes[i].body_max > s->body_max)
			s->body_max = routes[i].body_max;
	buf_init(&s->out, ANSWER_HEAD_MAX);
	s->sweep_ms = sweep_interval(&s->limits);
	if (!server_parts(s, f)) {
		http_server_free(s);
		return NULL;
	}
	net_timer_start(s->sweep_timer, s->sweep_ms);
	return s;
}

static void
close_listeners(struct http_server *s)
{
	for (size_t i = 0; i < s->listener_count; i++)
		evconnlistener_free(s->listeners[i].ev);
	s->listener_count = 0;
	net_timer_stop(s->accept_timer);
}

void
http_server_free(struct http_server *s)
{
	if (s == NULL)
		return;
	if (s->accept_timer != NULL)
		close_listeners(s);
	s->stopping = false;		/* nobody is told any more */
	for (unsigned i = 0; s->slots != NULL && i < s->limits.connections; i++)
		if (s->slots[i] != NULL)
			conn_free(s->slots[i]);
	net_timer_free(s->ready_timer);
	net_timer_free(s->sweep_timer);
	net_timer_free(s->stop_timer);
	net_timer_free(s->accept_timer);
	sources_free(s->sources);
	free(s->slots);
	free(s->free_slots);
	buf_clear(&s->out);
	free(s);
}

static void
accepted(struct evconnlistener *ev, evutil_socket_t fd, struct sockaddr *sa,
    int sa_len, void *arg)
{
	(void)ev;
	(void)conn_open(arg, (int)fd, sa, (socklen_t)sa_len);
}

static void
accept_failed(struct evconnlistener *ev, void *arg)
{
	struct listener	*l = arg;
	int		 error = errno;

	evconnlistener_disable(ev);
	net_timer_start(l->server->accept_timer, ACCEPT_PAUSE_MS);
	if (server_may_log(l->server))
		log_line(LOG_LEVEL_WARN, "cannot accept connections", "why=\"%s\"",
		    strerror(error));
}

bool
http_server_listen(struct http_server *s, int fd, const struct http_tls *tls,
    struct fault *f)
{
	struct listener	*l = &s->listeners[s->listener_count];

	if (s->listener_count == HTTP_LISTENERS_MAX) {
		close(fd);
		return fault_set(f, FAULT_LIMIT, "", "more than %d listeners",
		    HTTP_LISTENERS_MAX);
	}
	evutil_make_socket_nonblocking(fd);
	l->server = s;
	l->secure = tls != NULL;
	if (tls != NULL)
		l->tls = *tls;
	l->ev = evconnlistener_new(s->loop->base, accepted, l,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (l->ev == NULL) {
		close(fd);
		return fault_set(f, FAULT_IO, "", "cannot listen on descriptor %d", fd);
	}
	evconnlistener_set_error_cb(l->ev, accept_failed);
	s->listener_count++;
	return true;
}

void
server_conn_gone(struct http_server *s)
{
	if (s->stopping && s->stats.connections == 0 && s->stopped != NULL)
		net_timer_start(s->stop_timer, 0);
}

void
http_server_stop(struct http_server *s, int64_t deadline_ms,
    void (*done)(void *ctx), void *ctx)
{
	struct conn	*c;

	if (s->stopping)
		return;
	close_listeners(s);
	s->stopping = true;
	s->stopped = done;
	s->stopped_ctx = ctx;
	net_timer_start(s->stop_timer, deadline_ms > 0 ? deadline_ms : 1);
	for (unsigned i = 0; i < s->limits.connections; i++) {
		c = s->slots[i];
		if (c == NULL || c->busy || c->listed)
			continue;
		c->keep_alive = false;
		if (c->state != CONN_HEAD || stream_in(c->stream)->n > 0)
			continue;
		/* A request may be on its way on a connection that has just come. */
		if (c->head_n == 0 && deadline_ms > HTTP_FRESH_MS)
			c->deadline = net_loop_ticks(s->loop) + HTTP_FRESH_MS;
		else
			conn_free(c);
	}
	server_conn_gone(s);
}

void
http_server_stats(const struct http_server *s, struct http_stats *out)
{
	*out = s->stats;
}
