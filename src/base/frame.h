/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - what the processes of one daemon say to one another.
 *
 * A frame is a 16-octet header and a body:
 *
 *	version u8 = 1 | type u8 | flags u16 | length u32 | tag u64	(big endian)
 *
 * The tag is chosen by the asker and comes back in the answer.  Fields in a
 * body are written with wire_put_* and read back, in the same order, with
 * wire_get_*; every length is checked against what is left.
 */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include "base/buf.h"

#define FRAME_HEADER_OCTETS	16
#define FRAME_VERSION		1
#define FRAME_BODY_MAX		(33u << 20)	/* a 16 MiB CMC message and its answer */

struct frame {
	uint8_t		 type;
	uint16_t	 flags;
	uint64_t	 tag;
	struct view	 body;
};

/* Append a frame to out. */
void	frame_put(struct buf *out, uint8_t type, uint16_t flags, uint64_t tag,
	    struct view body);

/* Open a frame of yet unknown length; close it when its body is written. */
size_t	frame_begin(struct buf *out, uint8_t type, uint16_t flags, uint64_t tag);
void	frame_end(struct buf *out, size_t mark);

/*
 * Take the first complete frame from in.  *used = 0: not complete yet, read
 * more.  False: a wrong version or a body above max; drop the connection.
 * out->body points into in.
 */
MUST_CHECK bool frame_take(struct view in, size_t max, struct frame *out,
    size_t *used, struct fault *f);

/* Blocking, on a descriptor: write all of v; read one frame into b (reset first). */
MUST_CHECK bool frame_write_fd(int fd, struct view v, struct fault *f);
MUST_CHECK bool frame_read_fd(int fd, struct buf *b, size_t max, struct frame *out,
    struct fault *f);

void	wire_put_u8(struct buf *b, uint8_t v);
void	wire_put_u32(struct buf *b, uint32_t v);
void	wire_put_u64(struct buf *b, uint64_t v);
void	wire_put_view(struct buf *b, struct view v);	/* u32 length, octets */

struct wire {
	struct view	 left;
	bool		 failed;	/* stays; values read afterwards are zero */
};

void	wire_init(struct wire *w, struct view body);
uint8_t	wire_get_u8(struct wire *w);
uint32_t wire_get_u32(struct wire *w);
uint64_t wire_get_u64(struct wire *w);
struct view wire_get_view(struct wire *w);
/* FAULT_MALFORMED if anything failed or octets are left. */
MUST_CHECK bool wire_end(const struct wire *w, const char *what, struct fault *f);

#endif
