/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "codec/pkcs10.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct change_subject_name	change;
	struct pkcs10			r;
	struct fault			f = { 0 };

	if (!pkcs10_decode(view_of(p, n), &r, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return 0;
	}
	if (r.change_subject_name.n > 0 &&
	    !change_subject_name_decode(r.change_subject_name, &change, &f) &&
	    f.kind == FAULT_NONE)
		abort();
	return 0;
}
