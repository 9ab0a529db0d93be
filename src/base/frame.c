/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/text.h"

#define LENGTH_OFFSET	4

static uint64_t
be_read(const uint8_t *p, size_t n)
{
	uint64_t	v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

size_t
frame_begin(struct buf *out, uint8_t type, uint16_t flags, uint64_t tag)
{
	size_t	mark = out->n;

	buf_add_u8(out, FRAME_VERSION);
	buf_add_u8(out, type);
	buf_add_be16(out, flags);
	buf_add_be32(out, 0);
	buf_add_be64(out, tag);
	return mark;
}

void
frame_end(struct buf *out, size_t mark)
{
	size_t	n;

	if (out->failed)
		return;
	n = out->n - mark - FRAME_HEADER_OCTETS;
	if (n > FRAME_BODY_MAX) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < 4; i++)
		out->p[mark + LENGTH_OFFSET + i] = (uint8_t)(n >> (24 - 8 * i));
}

void
frame_put(struct buf *out, uint8_t type, uint16_t flags, uint64_t tag,
    struct view body)
{
	size_t	mark = frame_begin(out, type, flags, tag);

	buf_add_view(out, body);
	frame_end(out, mark);
}

/* The header at p; *length is the body's. */
static bool
header_read(const uint8_t *p, size_t max, struct frame *out, size_t *length,
    struct fault *f)
{
	if (p[0] != FRAME_VERSION)
		return fault_set(f, FAULT_MALFORMED, NULL,
		    "frame of version %u", p[0]);
	*length = (size_t)be_read(p + LENGTH_OFFSET, 4);
	if (*length > max || *length > FRAME_BODY_MAX)
		return fault_set(f, FAULT_LIMIT, NULL,
		    "frame body of %zu octets, at most %zu are taken", *length,
		    max);
	out->type = p[1];
	out->flags = (uint16_t)be_read(p + 2, 2);
	out->tag = be_read(p + 8, 8);
	out->body = VIEW_NONE;
	return true;
}

bool
frame_take(struct view in, size_t max, struct frame *out, size_t *used,
    struct fault *f)
{
	struct frame	frame;
	size_t		length;

	*used = 0;
	if (in.n < FRAME_HEADER_OCTETS)
		return true;
	if (!header_read(in.p, max, &frame, &length, f))
		return false;
	if (in.n - FRAME_HEADER_OCTETS < length)
		return true;
	frame.body = view_of(in.p + FRAME_HEADER_OCTETS, length);
	*out = frame;
	*used = FRAME_HEADER_OCTETS + length;
	return true;
}

bool
frame_write_fd(int fd, struct view v, struct fault *f)
{
	while (v.n > 0) {
		/* A sibling that died is a fault, not a SIGPIPE. */
		ssize_t	r = send(fd, v.p, v.n, MSG_NOSIGNAL);

		if (r < 0 && errno == ENOTSOCK)
			r = write(fd, v.p, v.n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return fault_set(f, FAULT_IO, NULL,
			    "could not write a frame: %s", error_text(errno));
		v = view_of(v.p + r, v.n - (size_t)r);
	}
	return true;
}

static bool
read_exactly(int fd, uint8_t *p, size_t n, struct fault *f)
{
	while (n > 0) {
		ssize_t	r = read(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return fault_set(f, FAULT_IO, NULL,
			    "could not read a frame: %s", error_text(errno));
		if (r == 0)
			return fault_set(f, FAULT_IO, NULL,
			    "the other process closed the connection");
		p += r;
		n -= (size_t)r;
	}
	return true;
}

bool
frame_read_fd(int fd, struct buf *b, size_t max, struct frame *out,
    struct fault *f)
{
	uint8_t		 header[FRAME_HEADER_OCTETS], *p;
	struct frame	 frame;
	size_t		 length;

	buf_reset(b);
	if (!read_exactly(fd, header, sizeof(header), f) ||
	    !header_read(header, max, &frame, &length, f))
		return false;
	if ((p = buf_extend(b, length)) == NULL)
		return buf_check(b, "frame", f);
	if (!read_exactly(fd, p, length, f))
		return false;
	frame.body = buf_view(b);
	*out = frame;
	return true;
}

void
wire_put_u8(struct buf *b, uint8_t v)
{
	buf_add_u8(b, v);
}

void
wire_put_u32(struct buf *b, uint32_t v)
{
	buf_add_be32(b, v);
}

void
wire_put_u64(struct buf *b, uint64_t v)
{
	buf_add_be64(b, v);
}

void
wire_put_view(struct buf *b, struct view v)
{
	if (v.n > UINT32_MAX) {
		b->failed = true;
		return;
	}
	buf_add_be32(b, (uint32_t)v.n);
	buf_add_view(b, v);
}

void
wire_init(struct wire *w, struct view body)
{
	*w = (struct wire){ .left = body };
}

/* The next n octets, or nothing and the flag. */
static struct view
wire_take(struct wire *w, size_t n)
{
	struct view	v;

	if (w->failed || n > w->left.n) {
		w->failed = true;
		return VIEW_NONE;
	}
	v = view_of(w->left.p, n);
	if (n > 0)
		w->left = view_of(w->left.p + n, w->left.n - n);
	return v;
}

static uint64_t
wire_number(struct wire *w, size_t n)
{
	struct view	v = wire_take(w, n);

	return be_read(v.p, v.n);
}

uint8_t
wire_get_u8(struct wire *w)
{
	return (uint8_t)wire_number(w, 1);
}

uint32_t
wire_get_u32(struct wire *w)
{
	return (uint32_t)wire_number(w, 4);
}

uint64_t
wire_get_u64(struct wire *w)
{
	return wire_number(w, 8);
}

struct view
wire_get_view(struct wire *w)
{
	return wire_take(w, wire_get_u32(w));
}

bool
wire_end(const struct wire *w, const char *what, struct fault *f)
{
	if (w->failed)
		return fault_set(f, FAULT_MALFORMED, NULL,
		    "%s ends too early", what);
	if (w->left.n > 0)
		return fault_set(f, FAULT_MALFORMED, NULL,
		    "%s has %zu octets too many", what, w->left.n);
	return true;
}
