/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_package.h - a private key on its way from the PKI to an Admin.
 *
 * AsymmetricKeyPackage (RFC 5958) in SignedData by the PKI in EnvelopedData
 * for one certificate (profile, 7.6).  The key is in the clear in the memory
 * of the two ends alone, and wiped there.
 */
#ifndef MESSAGE_KEY_PACKAGE_H
#define MESSAGE_KEY_PACKAGE_H

#include "base/random.h"
#include "message/signed.h"

#define KEY_PACKAGE_MAX	(64u << 10)	/* an RSA-4096 key, a chain, two layers around */

struct key_package_maker {
	const struct message_signer	*signer;
	struct key			*signing_key;	/* the signer's */
	const struct rng		*rng;
	int64_t				 now;
};
/* Append the ContentInfo around key for the holder of to. */
MUST_CHECK bool key_package_seal(const struct key_package_maker *m, const struct key *key,
    const struct cert *to, struct buf *out, struct fault *f);

/*
 * Open one that is addressed to cert, whose private key is key, and that
 * maker has signed.  On success *out is the caller's to free.
 */
MUST_CHECK bool key_package_open(struct view bytes, const struct key *key,
    const struct cert *cert, const struct cert *maker, struct key **out, struct fault *f);

/* AsymmetricKeyPackage with exactly one key: its PrivateKeyInfo, whole. */
MUST_CHECK bool key_package_decode(struct view der, struct view *private_key,
    struct fault *f);

#endif
