/* SPDX-License-Identifier: Apache-2.0 */
/*
 * octets.h - hex in tables of tests, and a generator without chance.
 */
#ifndef UNIT_OCTETS_H
#define UNIT_OCTETS_H

#include <stdlib.h>

#include "base/random.h"
#include "base/text.h"

#define OCTETS_MAX	4096

struct octets {
	uint8_t	p[OCTETS_MAX];
	size_t	n;
};

static inline struct view
from_hex(struct octets *o, const char *hex)
{
	if (!hex_decode(hex, o->p, sizeof(o->p), &o->n))
		abort();
	return (struct view){ o->p, o->n };
}

static inline void
count_up(void *ctx, uint8_t *out, size_t n)
{
	uint8_t	*next = ctx;

	for (size_t i = 0; i < n; i++)
		out[i] = (*next)++;
}

#endif
