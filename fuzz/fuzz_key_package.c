/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "message/key_package.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What an Admin finds in an envelope once its signature holds. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fault	 f = { 0 };
	struct view	 private_key;
	struct key	*key;

	if (!key_package_decode(view_of(p, n), &private_key, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return 0;
	}
	key = key_load_der(private_key, &f);
	if (key == NULL && f.kind == FAULT_NONE)
		abort();
	key_free(key);
	return 0;
}
