/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.h - the tables of key kinds and signature algorithms.  Not for other
 * rooms.
 */
#ifndef CRYPT_KINDS_H
#define CRYPT_KINDS_H

#include "crypt/ossl.h"

enum key_family {
	FAMILY_EC,
	FAMILY_ED25519,
	FAMILY_RSA,
	FAMILY_RSA_PSS,		/* of signatures only: an RSA key makes them */
};

struct sigalg {
	struct view		 der;		/* AlgorithmIdentifier */
	enum key_family		 family;
	enum digest_kind	 digest;
};

extern const struct sigalg	 sigalgs[];
extern const size_t		 nsigalgs;

enum key_family		 key_family(enum key_kind kind);
const struct sigalg	*sigalg_find(struct view algorithm);	/* NULL if unknown */

#endif
