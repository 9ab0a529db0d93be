/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pki/guesses.h"

#define HALF_MS		60000
#define COUNT_MAX	64	/* more is not slower */

void
guesses_init(struct guesses *g, const struct rng *rng)
{
	memset(g, 0, sizeof(*g));
	rng_fill(rng, &g->key, sizeof(g->key));
}

/* FNV-1a from a drawn start. */
static size_t
place_of(const struct guesses *g, const char *source)
{
	uint64_t	h = g->key ^ UINT64_C(0xcbf29ce484222325);

	for (const char *p = source; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	return (size_t)((h ^ (h >> 32)) % GUESSES_PLACES);
}

static void
forget(struct guess *v, int64_t now_ms)
{
	while (v->n > 0 && now_ms - v->at_ms >= HALF_MS) {
		v->n /= 2;
		v->at_ms += HALF_MS;
	}
	if (v->n == 0)
		v->at_ms = now_ms;
}

int64_t
guesses_wait(struct guesses *g, const char *source, int64_t floor_ms, int64_t now_ms)
{
	struct guess	*v = &g->v[place_of(g, source)];
	int64_t		 wait = floor_ms;

	forget(v, now_ms);
	if (v->n < COUNT_MAX)
		v->n++;
	for (uint32_t i = GUESSES_FREE; i < v->n && wait < GUESSES_WAIT_MAX_MS; i++)
		wait *= 2;
	return wait < GUESSES_WAIT_MAX_MS || floor_ms > GUESSES_WAIT_MAX_MS ? wait :
	    GUESSES_WAIT_MAX_MS;
}
