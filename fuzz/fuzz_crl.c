/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "codec/crl.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Each entry that can be walked over can be found by its serial. */
static void
walk(const struct crl *c)
{
	struct crl_revoked	r, same;
	struct fault		f = { 0 };
	struct der		d;
	bool			found;
	size_t			i;

	der_init(&d, c->entries);
	for (i = 0; i < 64 && !der_at_end(&d); i++) {
		if (!crl_next(&d, &r, &f)) {
			if (f.kind == FAULT_NONE)
				abort();
			return;
		}
		if (!crl_find(c, r.serial, &found, &same, &f) || !found)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct crl	c;
	struct fault	f = { 0 };

	if (crl_decode(view_of(p, n), &c, &f))
		walk(&c);
	else if (f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	return 0;
}
