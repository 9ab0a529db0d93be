/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h - private keys that sign, public keys that verify.
 *
 * Which digest, padding or curve belongs to a key is known here and nowhere
 * else: a caller hands over the octets to be signed and an
 * AlgorithmIdentifier, and never pairs a digest with a signature.  Algorithms
 * are exact encodings from a list; everything else is refused.
 *
 * Says nothing about who a key belongs to or whether it is old.
 */
#ifndef CRYPT_KEY_H
#define CRYPT_KEY_H

#include "base/buf.h"
#include "crypt/digest.h"

enum key_kind {
	KEY_NONE = 0,
	KEY_EC_P256,
	KEY_EC_P384,
	KEY_ED25519,
	KEY_RSA_2048,		/* verified and loaded, never generated */
	KEY_RSA_3072,
	KEY_RSA_4096,
	KEY_RSA_OTHER,		/* any other size from 2048 to 4096 bits */
};
#define KEY_KINDS	(KEY_RSA_OTHER + 1)

#define RSA_BITS_MIN	2048
#define RSA_BITS_MAX	4096
#define RSA_E_BITS_MAX	32	/* below 2^32, so that verifying stays cheap */
#define SPKI_MAX	1024	/* an RSA-4096 key is 550 octets */
#define SIGNATURE_MAX	1024	/* an RSA-4096 signature is 512 octets */
#define KEY_PEM_MAX	16384

/* "ec-p256", "ec-p384", "ed25519", "rsa-3072", ...; find gives KEY_NONE for other words. */
const char	*key_kind_name(enum key_kind kind);
enum key_kind	 key_kind_find(const char *name);
bool		 key_kind_is_ec(enum key_kind kind);
bool		 key_kind_is_rsa(enum key_kind kind);
unsigned	 key_kind_bits(enum key_kind kind);	/* 256, 384, 256, 2048, ...; 0 if open */

/*
 * A private key with its signing context.  One thread at a time; another
 * thread takes its own with key_copy().
 */
struct key;

/* NULL on failure.  Randomness is libcrypto's own generator. */
struct key *key_generate(enum key_kind kind, struct fault *f);
/* An unencrypted private key in PEM (PKCS #8 or the older forms). */
struct key *key_load_pem(struct view pem, struct fault *f);
/* PKCS #8, as key_to_der() writes it; nothing after it. */
struct key *key_load_der(struct view der, struct fault *f);
struct key *key_copy(const struct key *k, struct fault *f);	/* shares the secret */
void	key_free(struct key *k);				/* accepts NULL */

/* PKCS #8, unencrypted. */
MUST_CHECK bool key_to_pem(const struct key *k, struct secret *out, struct fault *f);
MUST_CHECK bool key_to_der(const struct key *k, struct secret *out, struct fault *f);

enum key_kind	key_kind_of(const struct key *k);
struct view	key_spki(const struct key *k);		/* SubjectPublicKeyInfo, DER */
/* The AlgorithmIdentifier of this key's signatures, DER. */
struct view	key_sigalg(const struct key *k);
/* The digest that goes with it in CMS (RFC 5754; Ed25519: SHA-512, RFC 8419). */
enum digest_kind key_digest(const struct key *k);

/* Append the signature over tbs to sig. */
MUST_CHECK bool key_sign(struct key *k, struct view tbs, struct buf *sig,
    struct fault *f);

/*
 * A public key, read from a SubjectPublicKeyInfo without libcrypto's slow
 * decoders.  Takes uncompressed P-256 and P-384 points on their curve by
 * namedCurve, Ed25519 of full order, and RSA of RSA_BITS_MIN ... RSA_BITS_MAX
 * with an odd exponent from 65537; exact DER only.  Immutable: several
 * threads may verify with one.
 */
struct pubkey;

struct pubkey *pubkey_from_spki(struct view spki, struct fault *f);
void	pubkey_free(struct pubkey *p);			/* accepts NULL */

enum key_kind	pubkey_kind(const struct pubkey *p);
unsigned	pubkey_bits(const struct pubkey *p);
/* The kind of an SPKI by its bytes alone: no point or modulus is checked. */
enum key_kind	spki_kind(struct view spki);

/*
 * The signature over tbs holds.  algorithm is the whole AlgorithmIdentifier:
 * ecdsa-with-SHA256/384/512, sha256/384/512WithRSAEncryption (parameters NULL
 * or absent), RSASSA-PSS with one digest throughout and a salt of its size,
 * Ed25519.  FAULT_ALGORITHM: not one of these, or not for this key;
 * FAULT_SIGNATURE: does not hold.
 */
MUST_CHECK bool pubkey_verify(const struct pubkey *p, struct view algorithm,
    struct view tbs, struct view sig, struct fault *f);

/*
 * The signature AlgorithmIdentifier that joins this key and digest, for
 * formats that name the two apart (CMS: rsaEncryption + SHA-256).  Empty when
 * they do not go together.
 */
struct view	pubkey_sigalg(const struct pubkey *p, enum digest_kind digest);

/* The digest a signature AlgorithmIdentifier names; Ed25519: SHA-512; unknown: DIGEST_NONE. */
enum digest_kind sigalg_digest(struct view algorithm);

#endif
