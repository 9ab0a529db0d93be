/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_frame.c - frames and their fields, as a captured sibling might send
 * them.  What is taken is written again and has to be the same octets.
 */
#include <stdlib.h>

#include "base/frame.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
fields(struct view body)
{
	struct fault	f = { 0 };
	struct wire	w;

	wire_init(&w, body);
	while (!w.failed && w.left.n > 0) {
		switch (wire_get_u8(&w) & 3) {
		case 0:
			(void)wire_get_u32(&w);
			break;
		case 1:
			(void)wire_get_u64(&w);
			break;
		default:
			(void)wire_get_view(&w);
		}
	}
	if (!wire_end(&w, "body", &f) && f.kind == FAULT_NONE)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view	in = view_of(p, n);
	struct frame	frame;
	struct fault	f = { 0 };
	struct buf	again;
	size_t		used;

	buf_init(&again, n + 1);
	while (frame_take(in, 4096, &frame, &used, &f) && used > 0) {
		buf_reset(&again);
		frame_put(&again, frame.type, frame.flags, frame.tag, frame.body);
		if (!buf_ok(&again) ||
		    !view_equal(buf_view(&again), view_of(in.p, used)))
			abort();
		fields(frame.body);
		in = view_of(in.p + used, in.n - used);
	}
	buf_clear(&again);
	return 0;
}
