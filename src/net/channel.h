/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.h - frames to and from a sibling process, inside the loop.
 *
 * Speaks base/frame.h over a stream socket, normally one end of a
 * socketpair.  Frames sent during one round of the loop leave in one write.
 * All frames that are there are delivered before on_batch(), so that a
 * process can gather work and then do it at once.
 */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include "base/frame.h"
#include "net/loop.h"

struct net_channel;

struct net_channel_ops {
	/* frame->body is borrowed for the call. */
	void	(*on_frame)(void *ctx, const struct frame *frame);
	/* After the last frame of a read.  May be NULL. */
	void	(*on_batch)(void *ctx);
	/*
	 * The other side is gone or spoke nonsense (why->kind; FAULT_NONE for
	 * an orderly end).  Nothing follows; free the channel here or later.
	 */
	void	(*on_close)(void *ctx, const struct fault *why);
};

/* Takes fd over and makes it non-blocking, also on failure.  NULL with a fault. */
struct net_channel *net_channel_new(struct net_loop *l, int fd,
	    const struct net_channel_ops *ops, void *ctx, struct fault *f);
void	net_channel_free(struct net_channel *c);	/* accepts NULL; closes */

/*
 * Queue one frame, or bytes that are whole frames already.  False when the
 * channel is closed or CHANNEL_QUEUE_MAX would be passed (FAULT_BUSY); the
 * frame is then not queued at all.
 */
MUST_CHECK bool net_channel_send(struct net_channel *c, uint8_t type,
    uint16_t flags, uint64_t tag, struct view body, struct fault *f);
MUST_CHECK bool net_channel_send_frames(struct net_channel *c, struct view frames,
    struct fault *f);

#define CHANNEL_QUEUE_MAX	(256u << 20)	/* a sibling that does not read is broken */

size_t	net_channel_queued(const struct net_channel *c);	/* octets not yet written */

#endif
