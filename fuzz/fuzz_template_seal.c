/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_template_seal.c - a signed template's file, whoever signed it.  What
 * is taken names one template; what is refused says why.
 */
#include <stdlib.h>

#include "message/template_seal.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena		*a = arena_new(1u << 20);
	struct template_seal	 s;
	struct fault		 f = { 0 };

	if (a == NULL)
		return 0;
	if (template_seal_open(view_of(p, n), NULL, a, &s, &f) ? s.t.name.n == 0 || s.t.tlv.n == 0 :
	    f.kind == FAULT_NONE)
		abort();
	arena_free(a);
	return 0;
}
