/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - the engine's threads for public-key work.
 *
 * pool_each() calls work(ctx, i) for every i below n, on the pool's threads
 * and the caller's, and returns when all are done.  The calls run in any
 * order; each i is called once.
 */
#ifndef PKI_POOL_H
#define PKI_POOL_H

#include "base/fault.h"
#include <stddef.h>

struct pool;

/* threads counts the caller: 1 makes none.  NULL with a fault. */
struct pool *pool_new(size_t threads, struct fault *f);
void	pool_free(struct pool *p);		/* accepts NULL; waits */
void	pool_each(struct pool *p, size_t n, void (*work)(void *ctx, size_t i), void *ctx);

#endif
