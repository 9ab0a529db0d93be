/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_hint.c - a hint as a device fetches it, whoever signed it.  What is
 * taken has bounds, and no rule of it makes a device wait too long; what is
 * refused says why.
 */
#include <stdlib.h>

#include "message/hint.h"

#define NOW	INT64_C(1795500000)
#define LIFE	INT64_C(5184000)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Followed by a certificate of 60 days whose renewal is due in the middle of them. */
static void
follow(const struct cvp_hint_rule *r, uint32_t chance)
{
	static const struct hint_cert	c = { .serial = VIEW_LIT("\x01"),
		.not_before = NOW, .not_after = NOW + LIFE };
	int64_t				when = hint_moment(r, &c, NOW + LIFE / 2, chance);

	if (when > NOW + LIFE - LIFE / HINT_SAFE_PART ||
	    (r->act == CVP_HINT_RENEW && when > NOW + LIFE / 2))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena	*a = arena_new(4u << 20);
	struct cvp_hint	 h;
	struct fault	 f = { 0 };
	bool		 newer;

	if (a == NULL)
		return 0;
	if (!hint_open(view_of(p, n), NULL, a, &h, &f)) {
		if (f.kind == FAULT_NONE)
			abort();
		arena_free(a);
		return 0;
	}
	if (h.n_rules > CVP_HINT_RULES_MAX || h.next_update <= h.this_update)
		abort();
	for (size_t i = 0; i < h.n_rules; i++)
		for (unsigned k = 0; k < 3; k++)
			follow(&h.rules[i], k * (UINT32_MAX / 2));
	(void)!hint_judge(&h, NULL, NOW, &newer, &f);
	(void)!hint_check(&h, &f);
	arena_free(a);
	return 0;
}
