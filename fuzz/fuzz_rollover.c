/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/certs/generations: what is read is written so that it is read again. */
#include <stdlib.h>

#include "pki/rollover.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rollover	r, again;
	struct fault	f = { 0 };
	struct buf	text;

	if (!rollover_parse(view_of(p, n), &r, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return 0;
	}
	buf_init(&text, 4096);
	rollover_text(&r, &text);
	if (!rollover_parse(buf_view(&text), &again, &f) || !rollover_equal(&r, &again))
		abort();
	buf_clear(&text);
	return 0;
}
