/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keykind.h - which public keys an IPsec certificate may hold.
 *
 * Reads a SubjectPublicKeyInfo far enough to say what kind of key it is and
 * whether its encoding is the one PKIX wants.  Does not check that an EC
 * point lies on its curve: that is the crypt room's, when the key is used.
 */
#ifndef PROFILE_KEYKIND_H
#define PROFILE_KEYKIND_H

#include "base/fault.h"
#include "base/view.h"

enum key_kind {
	KEY_KIND_NONE = 0,
	KEY_KIND_EC_P256,
	KEY_KIND_EC_P384,
	KEY_KIND_EC_P521,
	KEY_KIND_ED25519,
	KEY_KIND_ED448,
	KEY_KIND_RSA_2048,	/* 2048 ... 3071 bits */
	KEY_KIND_RSA_3072,	/* 3072 ... 4095 bits */
	KEY_KIND_RSA_4096,	/* exactly 4096: we take no larger */
};

#define KEY_KIND_BIT(kind)	(1u << (kind))
#define SKI_OCTETS		20

struct key_facts {
	enum key_kind	 kind;		/* NONE: a key we have no use for */
	uint32_t	 bits;
	bool		 is_rsa, is_ec;
	struct view	 algorithm;	/* AlgorithmIdentifier TLV */
	struct view	 key_bits;	/* content of subjectPublicKey */
};

/* "ec-p256", ..., "rsa-4096"; "none". */
const char *key_kind_name(enum key_kind kind);
enum key_kind key_kind_find(struct view name);	/* KEY_KIND_NONE if unknown */

/*
 * Read spki (TLV).  FAULT_MALFORMED for broken DER, FAULT_ALGORITHM for a
 * key outside RFC 8247 and our limits or with wrong parameters.
 */
MUST_CHECK bool key_facts_read(struct view spki, struct key_facts *out,
    struct fault *f);

/* Leftmost 160 bits of SHA-256 over the key bits (RFC 7093, 2, method 1). */
MUST_CHECK bool key_identifier(struct view spki, uint8_t out[SKI_OCTETS],
    struct fault *f);

#endif
