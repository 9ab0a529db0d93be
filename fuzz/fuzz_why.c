/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_why.c - a daemon's log.  In one piece or in two, it says the same.
 */
#include <stdlib.h>

#include "profile/why.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct why_log		whole, halves;
static struct why_verdict	verdict;

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct why_hand	nothing = { 0 };
	struct fault		f = { 0 };

	why_log_init(&whole, 8);
	why_log_init(&halves, 8);
	why_log_add(&whole, view_of(p, n));
	why_log_add(&halves, view_of(p, n / 2));
	why_log_add(&halves, view_of(p + n / 2, n - n / 2));
	why_log_end(&whole);
	why_log_end(&halves);
	if (whole.n != halves.n || whole.known != halves.known || whole.n > 8)
		abort();
	for (size_t i = 0; i < whole.n; i++)
		if (whole.seen[i].match.row != halves.seen[i].match.row ||
		    !why_judge(&whole.seen[i].match, &nothing, &verdict, &f))
			abort();
	why_log_clear(&whole);
	why_log_clear(&halves);
	return 0;
}
