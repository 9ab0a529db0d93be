/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whereabouts.h - where something might be: from the first octets of a hash to row
 * numbers, in memory.
 *
 * It only hints: two things may have one key, and a row that is found is read
 * and compared.  Nothing is ever taken out.  Many numbers under one hash cost
 * no more than others.
 */
#ifndef BASE_WHEREABOUTS_H
#define BASE_WHEREABOUTS_H

#include "base/fault.h"
#include "base/view.h"

struct whereabout_slot {
	uint64_t	 key;
	size_t		 last;	/* 1 + index of the newest of this key; 0: free */
};

struct whereabout {
	int64_t		 n;
	size_t		 before;	/* 1 + index of the next older one, or 0 */
};

/* Starts zeroed; whereabouts_clear() it. */
struct whereabouts {
	struct whereabout_slot *slots;
	size_t		 size, used;	/* size: a power of two, or 0 */
	struct whereabout	*list;
	size_t		 n, room;
};

/* hash: eight octets at least; n is not 0. */
MUST_CHECK bool whereabouts_add(struct whereabouts *t, const uint8_t *hash, int64_t n, struct fault *f);
/* The next number of this hash, the newest first; 0: no more.  *at starts as 0. */
int64_t	whereabouts_next(const struct whereabouts *t, const uint8_t *hash, size_t *at);
void	whereabouts_clear(struct whereabouts *t);

#endif
