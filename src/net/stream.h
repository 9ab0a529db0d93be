/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h - a buffered, non-blocking connection, plain or TLS.
 *
 * Plain sockets are read and written directly, which costs two system calls
 * for a small exchange; TLS goes through libevent's bufferevent.  Callbacks
 * come from the loop only, never from within stream_write(), and a stream
 * may be freed inside them.  No time limits: that is the owner's part.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/buf.h"
#include "net/loop.h"

struct stream;
struct ssl_st;

struct stream_ops {
	/* Octets were appended to in; consume what you can use. */
	void	(*on_data)(void *ctx, struct buf *in);
	/* All that was queued has gone to the kernel.  May be NULL. */
	void	(*on_drained)(void *ctx);
	/*
	 * Nothing will arrive any more.  why NULL: the other side finished
	 * orderly and may still read; else the connection is broken.
	 */
	void	(*on_end)(void *ctx, const char *why);
};

struct stream_body {
	struct view	  octets;
	void		(*release)(void *ctx);	/* NULL: copy what cannot be written now */
	void		 *ctx;
};

/* Takes fd over, also on failure; in_max bounds what waits to be consumed. */
struct stream *stream_new(struct net_loop *l, int fd, size_t in_max,
	    const struct stream_ops *ops, void *ctx, struct fault *f);

/* TLS as the accepting side; ssl is taken over. */
struct stream *stream_new_tls(struct net_loop *l, int fd, struct ssl_st *ssl,
	    void (*error_text)(unsigned long code, char *out, size_t n),
	    size_t in_max, const struct stream_ops *ops, void *ctx,
	    struct fault *f);

void	stream_free(struct stream *s);		/* accepts NULL; closes and releases */

/* Write head and body now, or keep what does not fit until it does. */
void	stream_write(struct stream *s, struct view head,
	    const struct stream_body *body);

/* Append to s->out and leave in one write at the end of this round.  Plain only. */
struct buf *stream_out(struct stream *s);
void	stream_flush_later(struct stream *s);

/*
 * Octets of memory each buffer may keep while empty [16 KiB], and full reads
 * in a row before others get their turn [1]: more of both for a channel.
 */
void	stream_tune(struct stream *s, size_t keep, unsigned burst);

size_t	stream_queued(const struct stream *s);
struct buf *stream_in(struct stream *s);
void	stream_reading(struct stream *s, bool on);
bool	stream_handshaken(const struct stream *s);	/* always true when plain */
struct ssl_st *stream_ssl(const struct stream *s);	/* NULL when plain */
/* No more from us; what the client still sends can be read and forgotten. */
void	stream_half_close(struct stream *s);

#endif
