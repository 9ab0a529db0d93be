/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_maker.h - keys that take long to make, by a thread of the signer.
 *
 * An RSA key takes up to some seconds, and whoever waits for a signature would
 * wait for it.  So it is ordered, for one authorization, made beside
 * everything else, and taken when the question comes again.  It leaves this
 * process no other way; one that nobody takes is wiped.
 */
#ifndef PKI_KEY_MAKER_H
#define PKI_KEY_MAKER_H

#include "crypt/digest.h"
#include "crypt/key.h"

#define KEY_ORDERS_MAX		256	/* under way, and made but not taken */
#define KEY_ORDER_SECONDS	600	/* then a key that nobody took is wiped */

struct key_maker;

/* Starts the thread, which yields to others; before the sandbox closes. */
struct key_maker *key_maker_new(struct fault *f);
/* Waits for the key that is being made; accepts NULL. */
void	key_maker_free(struct key_maker *m);

/*
 * The key of this kind that was ordered under id, for the caller to free.
 * NULL with FAULT_BUSY: it is ordered, or there are too many: ask again.
 */
struct key *key_maker_take(struct key_maker *m, const uint8_t id[SHA256_OCTETS],
    enum key_kind kind, int64_t now, struct fault *f);

/* Wipe what nobody took in time; how many orders are left. */
size_t	key_maker_tidy(struct key_maker *m, int64_t now);

#endif
