/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory of one transaction.
 *
 * Everything allocated from an arena goes with it.  A ceiling bounds what a
 * hostile message can make us allocate.  One thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/fault.h"
#include "base/view.h"

struct arena;

struct arena *arena_new(size_t max);		/* NULL when memory is out */
void	arena_free(struct arena *a);		/* accepts NULL */
void	arena_reset(struct arena *a);		/* forget all, keep one block */

/* Zeroed, suitably aligned; NULL past the ceiling or without memory. */
void	*arena_alloc(struct arena *a, size_t n);
void	*arena_array(struct arena *a, size_t count, size_t size);

/* Copies.  arena_view returns an empty view with p NULL when it fails. */
struct view arena_copy(struct arena *a, struct view v);
char	*arena_str(struct arena *a, struct view v);	/* with a final NUL */
char	*arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The fault to record when one of the above returned NULL. */
bool	arena_fault(struct fault *f);

#endif
