/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - libevent behind net/loop.h. */
#include "net/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

#include "net/loop_base.h"

struct net_timer {
	struct event	 *ev;
	void		(*fire)(void *);
	void		 *ctx;
};

struct net_signal {
	struct event	 *ev;
	void		(*fire)(void *, int);
	void		 *ctx;
};

struct net_watch {
	struct event	 *reading;
	struct event	 *writing;
	void		(*on_readable)(void *, int);
	void		(*on_writable)(void *, int);
	void		 *ctx;
};

static bool
no_memory(struct fault *f)
{
	return fault_set(f, FAULT_INTERNAL, "", "out of memory in the event loop");
}

/* One thread per loop, so libevent need not lock. */
static struct event_base *
base_new(void)
{
	struct event_config	*cfg = event_config_new();
	struct event_base	*base = NULL;

	if (cfg == NULL)
		return NULL;
	if (event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

struct net_loop *
net_loop_new(struct fault *f)
{
	struct net_loop	*l = calloc(1, sizeof(*l));

	if (l == NULL || (l->base = base_new()) == NULL) {
		free(l);
		no_memory(f);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	return l;
}

void
net_loop_free(struct net_loop *l)
{
	if (l == NULL)
		return;
	/* A TLS connection freed with a callback still due lives until that ran. */
	(void)event_base_loop(l->base, EVLOOP_NONBLOCK);
	event_base_free(l->base);
	free(l);
}

bool
net_loop_run(struct net_loop *l, struct fault *f)
{
	if (event_base_dispatch(l->base) < 0)
		return fault_set(f, FAULT_IO, "", "the event loop failed");
	return true;
}

void
net_loop_stop(struct net_loop *l)
{
	event_base_loopbreak(l->base);
}

bool
net_loop_once(struct net_loop *l, bool wait, struct fault *f)
{
	int	how = wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK;

	if (event_base_loop(l->base, how) < 0)
		return fault_set(f, FAULT_IO, "", "the event loop failed");
	return true;
}

int64_t
net_loop_now(struct net_loop *l)
{
	struct timespec	ts;

	(void)l;
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return ts.tv_sec;
}

int64_t
net_loop_ticks(struct net_loop *l)
{
	struct timespec	ts;

	(void)l;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
timer_event(evutil_socket_t fd, short what, void *arg)
{
	struct net_timer	*t = arg;

	(void)fd;
	(void)what;
	t->fire(t->ctx);
}

struct net_timer *
net_timer_new(struct net_loop *l, void (*fire)(void *), void *ctx,
    struct fault *f)
{
	struct net_timer	*t = calloc(1, sizeof(*t));

	if (t == NULL ||
	    (t->ev = event_new(l->base, -1, 0, timer_event, t)) == NULL) {
		free(t);
		no_memory(f);
		return NULL;
	}
	t->fire = fire;
	t->ctx = ctx;
	return t;
}

void
net_timer_start(struct net_timer *t, int64_t milliseconds)
{
	struct timeval	tv;

	if (milliseconds <= 0) {
		event_active(t->ev, EV_TIMEOUT, 0);
		return;
	}
	tv.tv_sec = milliseconds / 1000;
	tv.tv_usec = milliseconds % 1000 * 1000;
	event_add(t->ev, &tv);
}

void
net_timer_stop(struct net_timer *t)
{
	event_del(t->ev);
}

void
net_timer_free(struct net_timer *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}

static void
signal_event(evutil_socket_t signo, short what, void *arg)
{
	struct net_signal	*s = arg;

	(void)what;
	s->fire(s->ctx, (int)signo);
}

struct net_signal *
net_signal_new(struct net_loop *l, int signo, void (*fire)(void *, int),
    void *ctx, struct fault *f)
{
	struct net_signal	*s = calloc(1, sizeof(*s));

	if (s == NULL ||
	    (s->ev = evsignal_new(l->base, signo, signal_event, s)) == NULL ||
	    event_add(s->ev, NULL) != 0) {
		if (s != NULL && s->ev != NULL)
			event_free(s->ev);
		free(s);
		fault_set(f, FAULT_INTERNAL, "", "cannot watch signal %d", signo);
		return NULL;
	}
	s->fire = fire;
	s->ctx = ctx;
	return s;
}

void
net_signal_free(struct net_signal *s)
{
	if (s == NULL)
		return;
	event_free(s->ev);
	free(s);
}

static void
watch_readable(evutil_socket_t fd, short what, void *arg)
{
	struct net_watch	*w = arg;

	(void)what;
	w->on_readable(w->ctx, (int)fd);
}

static void
watch_writable(evutil_socket_t fd, short what, void *arg)
{
	struct net_watch	*w = arg;

	(void)what;
	w->on_writable(w->ctx, (int)fd);
}

struct net_watch *
net_watch_fd(struct net_loop *l, int fd, void (*on_readable)(void *, int),
    void (*on_writable)(void *, int), void *ctx, struct fault *f)
{
	struct net_watch	*w = calloc(1, sizeof(*w));

	if (w == NULL)
		goto fail;
	w->on_readable = on_readable;
	w->on_writable = on_writable;
	w->ctx = ctx;
	w->reading = event_new(l->base, fd, EV_READ | EV_PERSIST, watch_readable, w);
	w->writing = event_new(l->base, fd, EV_WRITE | EV_PERSIST, watch_writable, w);
	if (w->reading == NULL || w->writing == NULL ||
	    (on_readable != NULL && event_add(w->reading, NULL) != 0))
		goto fail;
	return w;
fail:
	net_watch_free(w);
	fault_set(f, FAULT_INTERNAL, "", "cannot watch descriptor %d", fd);
	return NULL;
}

void
net_watch_reading(struct net_watch *w, bool on)
{
	if (on && w->on_readable != NULL)
		event_add(w->reading, NULL);
	else
		event_del(w->reading);
}

void
net_watch_writing(struct net_watch *w, bool on)
{
	if (on && w->on_writable != NULL)
		event_add(w->writing, NULL);
	else
		event_del(w->writing);
}

void
net_watch_free(struct net_watch *w)
{
	if (w == NULL)
		return;
	if (w->reading != NULL)
		event_free(w->reading);
	if (w->writing != NULL)
		event_free(w->writing);
	free(w);
}
