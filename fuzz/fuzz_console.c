/* SPDX-License-Identifier: Apache-2.0 */
/* What comes over the operator's socket, and what goes back. */
#include <stdlib.h>

#include "pki/console.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What was read is written as it was. */
static void
round_trip(const struct console_request *q, struct view body)
{
	struct buf	b;

	buf_init(&b, body.n + 64);
	console_put_request(&b, q);
	if (!view_equal(buf_view(&b), body))
		abort();
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct console_request	q;
	struct fault		f = { 0 };
	struct buf		out;

	if (console_get_request(view_of(p, n), &q, &f))
		round_trip(&q, view_of(p, n));
	else if (f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	fault_clear(&f);
	buf_init(&out, 1 << 16);
	if (!console_get_answer(view_of(p, n), &out, &f) && f.kind == FAULT_NONE)
		abort();
	buf_clear(&out);
	return 0;
}
