/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agree.h - a shared secret with the holder of a key: ECDH and RSA.
 *
 * Only the public-key step.  What is derived from the shared secret, and for
 * whom, is the caller's (kdf.h, message/envelope.h).
 */
#ifndef CRYPT_AGREE_H
#define CRYPT_AGREE_H

#include "crypt/key.h"

#define EC_POINT_MAX	97	/* uncompressed P-384 */

/*
 * Make an ephemeral key on the curve of to; its public point (uncompressed)
 * goes to point, the ECDH shared secret to z.
 */
MUST_CHECK bool agree_ephemeral(const struct pubkey *to, uint8_t point[EC_POINT_MAX],
    size_t *point_n, struct secret *z, struct fault *f);
/* The other side: our key and the sender's point, which must lie on its curve. */
MUST_CHECK bool agree_static(const struct key *k, struct view point, struct secret *z,
    struct fault *f);

/* RSA-OAEP (RFC 8017, 7.1), one digest for label and MGF1, empty label. */
MUST_CHECK bool rsa_oaep_encrypt(const struct pubkey *to, enum digest_kind digest,
    struct view plain, struct buf *out, struct fault *f);
MUST_CHECK bool rsa_oaep_decrypt(const struct key *k, enum digest_kind digest,
    struct view cipher, struct secret *out, struct fault *f);

/*
 * RSA PKCS #1 v1.5 key transport of a key of want octets.  Whatever is wrong
 * with the padding, the answer is want random octets, so that only the
 * content encryption fails later (RFC 3218, 2.3.2).
 */
MUST_CHECK bool rsa_v15_decrypt(const struct key *k, struct view cipher, size_t want,
    struct secret *out, struct fault *f);

#endif
