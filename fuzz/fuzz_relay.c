/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_relay.c - what a device, or somebody else, may send to a relay.  It
 * passes, or is refused for a reason; what may be wrapped is DER.
 */
#include <stdlib.h>

#include "admin/relay_check.h"
#include "codec/der.h"

#define ARENA_MAX	(8u << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct relay_claim	 claim;
	struct fault		 f = { 0 };
	bool			 ok;

	if (a == NULL || n > RELAY_MESSAGE_MAX) {
		arena_free(a);
		return 0;
	}
	ok = relay_check(view_of(p, n), a, &claim, &f);
	if (!ok && f.kind == FAULT_NONE)
		abort();	/* a refusal must say why */
	if (ok && claim.wraps && (!claim.is_signed || !der_check(view_of(p, n), 40, NULL)))
		abort();
	arena_free(a);
	return 0;
}
