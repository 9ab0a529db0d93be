/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aead.h - symmetric encryption: AES-GCM, AES key wrap, and AES-CBC for what
 * others send.
 *
 * Keys are 16, 24 or 32 octets where a view is taken.  Every failure to open
 * is one FAULT_SIGNATURE with one text.
 */
#ifndef CRYPT_AEAD_H
#define CRYPT_AEAD_H

#include "base/buf.h"
#include "base/random.h"

#define AES256_KEY_OCTETS	32
#define GCM_NONCE_OCTETS	12	/* no other size is taken (RFC 10004, 5.1) */
#define GCM_TAG_OCTETS		16
#define GCM_TAG_MIN		12	/* shortest we accept (RFC 5084, 3.2 has it as DEFAULT) */
#define AES_BLOCK_OCTETS	16
#define SEAL_OVERHEAD		(GCM_NONCE_OCTETS + GCM_TAG_OCTETS)

/*
 * A sealed box: nonce || ciphertext || tag, AES-256-GCM under a fresh random
 * nonce.  aad is authenticated, not stored.
 */
MUST_CHECK bool aead_seal(const uint8_t key[AES256_KEY_OCTETS], const struct rng *rng,
    struct view aad, struct view plain, struct buf *out, struct fault *f);
MUST_CHECK bool aead_open(const uint8_t key[AES256_KEY_OCTETS], struct view aad,
    struct view sealed, struct secret *out, struct fault *f);

/* AES-GCM with nonce and tag apart, as AuthEnvelopedData has them. */
MUST_CHECK bool gcm_encrypt(struct view key, struct view nonce, struct view aad,
    struct view plain, struct buf *out, uint8_t tag[GCM_TAG_OCTETS], struct fault *f);
/* The tag may be GCM_TAG_MIN ... GCM_TAG_OCTETS long. */
MUST_CHECK bool gcm_decrypt(struct view key, struct view nonce, struct view aad,
    struct view cipher, struct view tag, struct secret *out, struct fault *f);

/* AES-CBC with PKCS #7 padding.  Not authenticated. */
MUST_CHECK bool cbc_encrypt(struct view key, struct view iv, struct view plain,
    struct buf *out, struct fault *f);
MUST_CHECK bool cbc_decrypt(struct view key, struct view iv, struct view cipher,
    struct secret *out, struct fault *f);

/* AES key wrap (RFC 3394); plain is a multiple of 8 octets, 16 ... 64. */
#define KEY_WRAP_OVERHEAD	8
#define KEY_WRAP_MAX		64
MUST_CHECK bool key_wrap(struct view kek, struct view plain, struct buf *out,
    struct fault *f);
MUST_CHECK bool key_unwrap(struct view kek, struct view wrapped, struct secret *out,
    struct fault *f);

#endif
