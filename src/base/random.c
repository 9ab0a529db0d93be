/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/random.h"

/* A kernel without randomness is no place to make keys: stop at once. */
static void
system_fill(void *ctx, uint8_t *out, size_t n)
{
	ssize_t	r;

	(void)ctx;
	while (n > 0) {
		r = getrandom(out, n, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			abort();
		out += r;
		n -= (size_t)r;
	}
}

static const struct rng system_rng = { system_fill, NULL };

const struct rng *
rng_system(void)
{
	return &system_rng;
}
