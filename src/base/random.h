/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.h - randomness as an argument.
 *
 * Rules and codecs take a struct rng, so that a test can fix it.  Production
 * code passes rng_system(), which is getrandom(2) and never fails.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	void	(*fill)(void *ctx, uint8_t *out, size_t n);
	void	*ctx;
};

const struct rng *rng_system(void);	/* thread safe */

static inline void
rng_fill(const struct rng *r, void *out, size_t n)
{
	r->fill(r->ctx, out, n);
}

#endif
