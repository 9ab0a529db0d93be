/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pem.c - PEM and base64.  What is decoded is encoded and decoded again
 * and has to be the same octets.
 */
#include <stdlib.h>

#include "base/text.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
same_again(struct view der, size_t max)
{
	struct fault	f = { 0 };
	struct buf	text, back;

	buf_init(&text, 2 * max + 1024);
	buf_init(&back, max);
	pem_encode("CERTIFICATE", der, &text);
	if (!pem_decode("CERTIFICATE", buf_view(&text), &back, NULL, &f) ||
	    !view_equal(buf_view(&back), der))
		abort();
	buf_clear(&text);
	buf_clear(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view	rest = view_of(p, n);
	struct fault	f = { 0 };
	struct buf	der;

	buf_init(&der, n);
	while (pem_decode("CERTIFICATE", rest, &der, &rest, &f)) {
		same_again(buf_view(&der), n);
		buf_reset(&der);
	}
	if (f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	buf_clear(&der);
	buf_init(&der, n);
	if (base64_decode(view_of(p, n), &der))
		same_again(buf_view(&der), n);
	buf_clear(&der);
	return 0;
}
