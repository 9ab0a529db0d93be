/* SPDX-License-Identifier: Apache-2.0 */
/* A ticket that is read can be written, and says the same when read again. */
#include <stdlib.h>

#include "message/ticket.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ticket	t, again;
	struct fault	f = { 0 };
	struct buf	out;

	if (!ticket_read(view_of(p, n), &t, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return 0;
	}
	buf_init(&out, 4 * TICKET_FILE_MAX);
	ticket_write(&t, &out);
	if (buf_ok(&out) && out.n <= TICKET_FILE_MAX) {
		if (!ticket_read(buf_view(&out), &again, &f) || again.n_peers != t.n_peers)
			abort();
		ticket_clear(&again);
	}
	buf_clear(&out);
	ticket_clear(&t);
	return 0;
}
