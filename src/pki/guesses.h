/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guesses.h - how long a refused proof is kept waiting, by where it came from.
 *
 * A good proof is always honoured at once (corrections, 9), so guessing can
 * only be made slow: each refusal that a source has had of late doubles the
 * wait of its next one.  Forgotten by half each minute.
 *
 * A table of fixed size: two sources in one place share it, which makes
 * neither's good proofs slower.
 */
#ifndef PKI_GUESSES_H
#define PKI_GUESSES_H

#include <stdint.h>

#include "base/random.h"

#define GUESSES_PLACES		8192
#define GUESSES_FREE		4	/* refusals without a longer wait: slips of the finger */
#define GUESSES_WAIT_MAX_MS	10000

struct guesses {
	uint64_t	key;		/* drawn, so that nobody can aim at one place */
	struct guess {
		uint32_t	n;
		int64_t		at_ms;
	}		v[GUESSES_PLACES];
};

void	guesses_init(struct guesses *g, const struct rng *rng);

/* One more refusal from source: its wait in milliseconds, floor_ms at least. */
int64_t	guesses_wait(struct guesses *g, const char *source, int64_t floor_ms, int64_t now_ms);

#endif
