/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h - octets that one certificate's key alone can read.
 *
 * Written: AuthEnvelopedData (RFC 5083) with AES-256-GCM, one recipient by
 * issuerAndSerialNumber: ephemeral ECDH with the X9.63 KDF on SHA-256 and
 * AES-256 key wrap (RFC 5753) for EC keys, RSA-OAEP on SHA-256 (RFC 3560) for
 * RSA keys.  Ed25519 keys cannot receive.
 *
 * Read: the same, EnvelopedData with AES-CBC, several recipients, the other
 * digests of RFC 5753 and 3560, RSA PKCS #1 v1.5, and BER.
 */
#ifndef MESSAGE_ENVELOPE_H
#define MESSAGE_ENVELOPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/random.h"
#include "crypt/key.h"

struct cert;			/* codec/cert.h */

#define ENVELOPE_MAX		(16u << 20)

/* Append a ContentInfo around plain (inner type id-data) to out. */
MUST_CHECK bool envelope_seal(struct view plain, const struct cert *to,
    const struct rng *rng, struct buf *out, struct fault *f);
/*
 * Around the content of a SignedData, whose signature protects it: as
 * EnvelopedData with AES-256-CBC and inner type id-signedData.
 */
MUST_CHECK bool envelope_seal_signed(struct view content, const struct cert *to,
    const struct rng *rng, struct buf *out, struct fault *f);

/*
 * Open one that is addressed to cert, whose private key is key.  Whatever
 * fails after the recipient was found is one fault with one text; the other
 * side must learn even less.
 */
MUST_CHECK bool envelope_open(struct view bytes, const struct key *key,
    const struct cert *cert, struct secret *out, struct fault *f);
/* The same for what envelope_seal_signed() makes. */
MUST_CHECK bool envelope_open_signed(struct view bytes, const struct key *key,
    const struct cert *cert, struct secret *out, struct fault *f);

#endif
