/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "crypt/key.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fault	 f = { 0 };
	struct pubkey	*k = pubkey_from_spki(view_of(p, n), &f);

	if (k == NULL && f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	if (k != NULL && spki_kind(view_of(p, n)) != pubkey_kind(k))
		abort();	/* both readers see the same kind */
	pubkey_free(k);
	return 0;
}
