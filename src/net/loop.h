/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - one thread waits here for sockets, timers and signals.
 *
 * Callbacks run one after the other in the thread that called
 * net_loop_run().  Every object belongs to the loop it was made with, is
 * freed before it, and may be freed inside its own callback.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

#include "base/fault.h"

struct net_loop;
struct net_timer;
struct net_signal;
struct net_watch;

/* NULL with a fault.  Ignores SIGPIPE in the process: writes report it. */
struct net_loop *net_loop_new(struct fault *f);
void	net_loop_free(struct net_loop *l);		/* accepts NULL */

/* Until net_loop_stop(), or until nothing is left to wait for. */
MUST_CHECK bool net_loop_run(struct net_loop *l, struct fault *f);
void	net_loop_stop(struct net_loop *l);		/* from a callback */

/*
 * Wait for the next events and serve them; with wait false only serve those
 * that are there.  For programs that drive the loop themselves.
 */
MUST_CHECK bool net_loop_once(struct net_loop *l, bool wait, struct fault *f);

int64_t	net_loop_now(struct net_loop *l);	/* unix seconds, of this round */
int64_t	net_loop_ticks(struct net_loop *l);	/* milliseconds, monotonic, of this round */

/* One shot; starting a running timer moves it; 0 ms: later in this round. */
struct net_timer *net_timer_new(struct net_loop *l, void (*fire)(void *ctx),
	    void *ctx, struct fault *f);
void	net_timer_start(struct net_timer *t, int64_t milliseconds);
void	net_timer_stop(struct net_timer *t);
void	net_timer_free(struct net_timer *t);		/* accepts NULL */

/* As an ordinary callback, not in signal context. */
struct net_signal *net_signal_new(struct net_loop *l, int signo,
	    void (*fire)(void *ctx, int signo), void *ctx, struct fault *f);
void	net_signal_free(struct net_signal *s);		/* accepts NULL */

/*
 * A descriptor of the caller, level triggered.  Reading is watched from the
 * start if on_readable is not NULL; writing only while asked for.  The
 * descriptor is not closed by net_watch_free().
 */
struct net_watch *net_watch_fd(struct net_loop *l, int fd,
	    void (*on_readable)(void *ctx, int fd),
	    void (*on_writable)(void *ctx, int fd), void *ctx, struct fault *f);
void	net_watch_reading(struct net_watch *w, bool on);
void	net_watch_writing(struct net_watch *w, bool on);
void	net_watch_free(struct net_watch *w);		/* accepts NULL */

#endif
