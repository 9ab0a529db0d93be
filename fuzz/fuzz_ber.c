/* SPDX-License-Identifier: Apache-2.0 */
/* What ber_to_der writes is definite, stays itself, and is one value. */
#include <stdlib.h>

#include "codec/ber.h"
#include "codec/der.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_result(struct view der)
{
	struct buf	again;
	struct view	whole;
	struct der	d;

	der_init(&d, der);
	if (!ber_is_definite(der) || !der_get_any(&d, &whole, NULL) ||
	    !der_at_end(&d))
		abort();
	buf_init(&again, der.n);
	if (!ber_to_der(der, &again, NULL) ||
	    !view_equal(buf_view(&again), der))
		abort();
	buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view	in = { p, n };
	struct fault	f = { 0 };
	struct buf	out;
	size_t		length;

	buf_init(&out, 1 << 20);
	if (ber_to_der(in, &out, &f)) {
		if (!ber_length(in, &length, &f) || length != n)
			abort();
		check_result(buf_view(&out));
	} else if (f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	if (ber_is_definite(in) && out.n != n)
		abort();
	buf_clear(&out);
	return 0;
}
