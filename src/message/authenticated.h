/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authenticated.h - AuthenticatedData (RFC 5652, 9) with a password: octets
 * that whoever knows a token can tell from a stranger's.
 *
 * Written: one pwri recipient, PBKDF2 with HMAC-SHA-256 and AES-256 key wrap,
 * a fresh MAC key, HMAC-SHA-256 over contentType and messageDigest.
 */
#ifndef MESSAGE_AUTHENTICATED_H
#define MESSAGE_AUTHENTICATED_H

#include "base/buf.h"
#include "base/random.h"
#include "crypt/kdf.h"

#define KEK_OCTETS		32
#define KEK_SALT_OCTETS		16
/* It rests on the token's entropy; more would be minutes for a fleet (corrections, 20). */
#define KEK_ITERATIONS		PBKDF2_ITERATIONS_MIN

/* The password is id || token, the reverse of K (RFC 10002, 3.2). */
MUST_CHECK bool kek_of_token(struct view token, struct view id,
    const uint8_t salt[KEK_SALT_OCTETS], uint8_t kek[KEK_OCTETS], struct fault *f);

/* Append a ContentInfo around content.  content_type: content octets of the OID. */
MUST_CHECK bool authenticated_put(const uint8_t kek[KEK_OCTETS],
    const uint8_t salt[KEK_SALT_OCTETS], struct view content_type, struct view content,
    const struct rng *rng, struct buf *out, struct fault *f);

#endif
