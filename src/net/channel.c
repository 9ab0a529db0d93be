/* SPDX-License-Identifier: Apache-2.0 */
/* channel.c - frames over a stream. */
#include "net/channel.h"

#include <stdlib.h>
#include <unistd.h>

#include "net/stream.h"

/* One frame and what one burst of reads may bring behind it. */
#define CHANNEL_IN_MAX	(FRAME_HEADER_OCTETS + FRAME_BODY_MAX + (4u << 20))

#define CHANNEL_KEEP_OCTETS	(2u << 20)
#define CHANNEL_BURST_READS	16	/* a mebibyte of frames in one batch */

struct net_channel {
	struct stream			*stream;
	const struct net_channel_ops	*ops;
	void				*ctx;
	unsigned			 depth;
	bool				 dead;
	bool				 closed;
};

static bool
leave(struct net_channel *c)
{
	c->depth--;
	if (!c->dead)
		return true;
	if (c->depth == 0)
		free(c);
	return false;
}

void
net_channel_free(struct net_channel *c)
{
	if (c == NULL || c->dead)
		return;
	c->dead = true;
	stream_free(c->stream);
	c->stream = NULL;
	if (c->depth == 0)
		free(c);
}

static void
channel_close(struct net_channel *c, const struct fault *why)
{
	if (c->closed)
		return;
	c->closed = true;
	c->depth++;
	c->ops->on_close(c->ctx, why);
	(void)leave(c);
}

static void
channel_broken(struct net_channel *c, const struct fault *why)
{
	stream_free(c->stream);
	c->stream = NULL;
	channel_close(c, why);
}

/* Deliver whole frames; *used octets are done with.  False: gone or broken. */
static bool
take_frames(struct net_channel *c, struct view v, size_t *used, struct fault *f)
{
	struct frame	frame;
	size_t		n;

	for (;;) {
		if (!frame_take((struct view){ v.p + *used, v.n - *used },
		    FRAME_BODY_MAX, &frame, &n, f))
			return false;
		if (n == 0)
			return true;
		*used += n;
		c->ops->on_frame(c->ctx, &frame);
		if (c->dead || c->closed)
			return false;
	}
}

static void
channel_data(void *ctx, struct buf *in)
{
	struct net_channel	*c = ctx;
	struct fault		 f = { 0 };
	size_t			 used = 0;
	bool			 fine;

	c->depth++;
	fine = take_frames(c, buf_view(in), &used, &f);
	if (used > 0 && !c->dead && c->ops->on_batch != NULL)
		c->ops->on_batch(c->ctx);
	if (!leave(c))
		return;
	if (!fine)
		channel_broken(c, &f);
	else
		buf_consume(in, used);
}

static void
channel_end(void *ctx, const char *why)
{
	struct net_channel	*c = ctx;
	struct fault		 f = { 0 };

	if (why != NULL)
		fault_set(&f, FAULT_IO, "", "%s", why);
	channel_close(c, &f);
}

static const struct stream_ops channel_stream_ops = {
	.on_data = channel_data,
	.on_end = channel_end,
};

struct net_channel *
net_channel_new(struct net_loop *l, int fd, const struct net_channel_ops *ops,
    void *ctx, struct fault *f)
{
	struct net_channel	*c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		fault_set(f, FAULT_INTERNAL, "", "out of memory for a channel");
		return NULL;
	}
	c->ops = ops;
	c->ctx = ctx;
	c->stream = stream_new(l, fd, CHANNEL_IN_MAX, &channel_stream_ops, c, f);
	if (c->stream == NULL) {
		free(c);
		return NULL;
	}
	stream_tune(c->stream, CHANNEL_KEEP_OCTETS, CHANNEL_BURST_READS);
	return c;
}

static bool
has_room(const struct net_channel *c, size_t n, struct fault *f)
{
	if (c->closed || c->stream == NULL)
		return fault_set(f, FAULT_IO, "", "the sibling process is gone");
	if (n > CHANNEL_QUEUE_MAX - stream_queued(c->stream))
		return fault_set(f, FAULT_BUSY, "",
		    "%zu octets wait for the sibling process", stream_queued(c->stream));
	return true;
}

bool
net_channel_send(struct net_channel *c, uint8_t type, uint16_t flags,
    uint64_t tag, struct view body, struct fault *f)
{
	if (body.n > FRAME_BODY_MAX)
		return fault_set(f, FAULT_LIMIT, "", "a frame of %zu octets", body.n);
	if (!has_room(c, FRAME_HEADER_OCTETS + body.n, f))
		return false;
	frame_put(stream_out(c->stream), type, flags, tag, body);
	stream_flush_later(c->stream);
	return true;
}

bool
net_channel_send_frames(struct net_channel *c, struct view frames,
    struct fault *f)
{
	if (!has_room(c, frames.n, f))
		return false;
	buf_add_view(stream_out(c->stream), frames);
	stream_flush_later(c->stream);
	return true;
}

size_t
net_channel_queued(const struct net_channel *c)
{
	return c->stream == NULL ? 0 : stream_queued(c->stream);
}
