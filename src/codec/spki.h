/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spki.h - SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
 *
 * Tells the kind and size of a key and lends its octets.  Checks parameters
 * and lengths as the key's own RFC fixes them (3279, 5480, 8410, 9881), but
 * not whether a point is on its curve or a modulus is any good.  The key
 * identifier (SHA-1 of key) is computed elsewhere.
 */
#ifndef CODEC_SPKI_H
#define CODEC_SPKI_H

#include "codec/algorithm.h"

enum spki_kind {
	SPKI_OTHER = 0,		/* well formed, but not one we know */
	SPKI_EC_P256,
	SPKI_EC_P384,
	SPKI_EC_P521,
	SPKI_ED25519,
	SPKI_ED448,
	SPKI_RSA,
	SPKI_RSA_PSS,		/* rsaEncryption is the one to use; this one is seen */
	SPKI_ML_DSA_44,
	SPKI_ML_DSA_65,
	SPKI_ML_DSA_87,
};

#define SPKI_OCTETS_MAX	8192	/* an 8192-bit RSA key and any ML-DSA key fit */

struct spki {
	struct view		 tlv;		/* whole, tag 30 */
	struct algorithm	 algorithm;
	enum spki_kind		 kind;
	unsigned		 bits;		/* of the modulus, field or scheme; 0: other */
	struct view		 key;		/* BIT STRING octets: what a SKI digests */
	struct view		 rsa_modulus;	/* INTEGER content, RSA kinds only */
	struct view		 rsa_exponent;
};

MUST_CHECK bool spki_decode(struct view tlv, struct spki *out, struct fault *f);

/* "ec-p256", "ed25519", "rsa", ...; "other". */
const char *spki_kind_name(enum spki_kind kind);

#endif
