/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal_key.h - the keys that tokens and deeds are sealed under
 * (cmc-profile-corrections, 1): keys/seal.key, one a line, the newest first,
 * 64 hexadecimal digits and the second it was made in.
 *
 * New seals are made with the newest.  An older one opens what it sealed, for
 * as long as an open authorization or a living certificate is from its time;
 * what goes through another step is sealed anew by that.
 */
#ifndef PKI_SEAL_KEY_H
#define PKI_SEAL_KEY_H

#include "base/random.h"
#include "crypt/aead.h"

#define SEAL_KEYS_MAX	64
#define SEAL_KEY_DAYS	90	/* then a server that runs makes another one */

struct seal_keys {
	uint8_t	key[SEAL_KEYS_MAX][AES256_KEY_OCTETS];
	int64_t	made[SEAL_KEYS_MAX];	/* unix seconds; 0: not known */
	size_t	n;
};

MUST_CHECK bool seal_keys_load(const char *path, struct seal_keys *out, struct fault *f);
void	seal_keys_clear(struct seal_keys *k);

MUST_CHECK bool seal_keys_seal(const struct seal_keys *k, const struct rng *rng,
    struct view aad, struct view content, struct buf *out, struct fault *f);
MUST_CHECK bool seal_keys_open(const struct seal_keys *k, struct view aad,
    struct view sealed, struct secret *out, struct fault *f);

/*
 * A new newest key; a file that is not there yet gets its first.  Keys go that
 * had a successor a day before `needed`, when the oldest thing was sealed that
 * still counts; 0: none goes.  The file changes at once or not at all.
 * FAULT_LIMIT: it has SEAL_KEYS_MAX already.
 */
MUST_CHECK bool seal_keys_rotate(const char *path, const struct rng *rng, int64_t now,
    int64_t needed, struct fault *f);
/* The newest is older than SEAL_KEY_DAYS, or of a time that is to come. */
MUST_CHECK bool seal_keys_due(const char *path, int64_t now, bool *due, struct fault *f);
/*
 * What was sealed before opens no more; 0: not known, as the oldest key was made
 * by a clock that ran ahead.
 */
int64_t	seal_keys_since(const struct seal_keys *k, int64_t now);

#endif
