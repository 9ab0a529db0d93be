/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kdf.h - keys from passwords and from shared secrets.
 */
#ifndef CRYPT_KDF_H
#define CRYPT_KDF_H

#include "base/buf.h"
#include "crypt/digest.h"

#define PBKDF2_ITERATIONS_MIN	1000
#define PBKDF2_ITERATIONS_MAX	1000000	/* a message must not buy minutes of CPU */
#define KDF_OUT_MAX		64

/* PBKDF2 with HMAC-SHA-256 (RFC 8018, 5.2); n up to KDF_OUT_MAX. */
MUST_CHECK bool pbkdf2_hmac_sha256(struct view password, struct view salt,
    uint64_t iterations, uint8_t *out, size_t n, struct fault *f);

/* The X9.63 KDF (SEC 1, 3.6.1) over z with shared information info. */
MUST_CHECK bool kdf_x963(enum digest_kind digest, struct view z, struct view info,
    uint8_t *out, size_t n, struct fault *f);

#endif
