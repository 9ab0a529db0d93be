/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cmc_response.c - any octets as a PKIResponse; what its status controls
 * say is written again and must then say the same.
 */
#include <stdlib.h>

#include "codec/cmc.h"

#define ARENA_MAX	(8 << 20)
#define OUT_MAX		(1 << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
write_again(const struct cmc_status_info *s, struct arena *a)
{
	struct cmc_status_info	 again;
	struct fault		 f = { 0 };
	struct buf		 one, two;

	buf_init(&one, OUT_MAX);
	buf_init(&two, OUT_MAX);
	cmc_put_status(&one, s);
	if (!buf_ok(&one) || !cmc_status_decode(buf_view(&one), a, &again, &f))
		abort();
	cmc_put_status(&two, &again);
	if (!view_equal(buf_view(&one), buf_view(&two)))
		abort();
	buf_clear(&one);
	buf_clear(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct cmc_response	 rsp;
	struct cmc_status_list	 l;
	struct fault		 f = { 0 };
	uint32_t		 who;

	if (a == NULL)
		return 0;
	if (!cmc_response_decode(view_of(p, n), a, &cmc_limits_client, &rsp,
	    &who, &f) || !cmc_response_rules(&rsp, &who, &f) ||
	    !cmc_status_list(&rsp.controls, a, &l, &who, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		arena_free(a);
		return 0;
	}
	for (size_t i = 0; i < l.n; i++)
		write_again(&l.v[i], a);
	if (l.n > 0 && cmc_status_of(&l, CMC_WHOLE_MESSAGE) != NULL &&
	    cmc_status_worse(cmc_status_overall(&l),
	    cmc_status_of(&l, CMC_WHOLE_MESSAGE)->status) !=
	    cmc_status_overall(&l))
		abort();
	arena_free(a);
	return 0;
}
