/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - hashes and HMAC over one or several views.
 *
 * Algorithms are fetched once, contexts are kept per thread: a call costs the
 * hash and nothing else.  These functions cannot fail; when libcrypto has no
 * memory left for a hash context the process ends.  Safe from any thread.
 */
#ifndef CRYPT_DIGEST_H
#define CRYPT_DIGEST_H

#include "base/view.h"

enum digest_kind {
	DIGEST_NONE = 0,
	DIGEST_SHA1,		/* names of certificates that others fixed; never a signature */
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
};

#define SHA1_OCTETS	20
#define SHA256_OCTETS	32
#define SHA384_OCTETS	48
#define SHA512_OCTETS	64
#define DIGEST_MAX	64

size_t	digest_octets(enum digest_kind kind);	/* 0 for DIGEST_NONE */
const char *digest_name(enum digest_kind kind);	/* "SHA-256" */

/* Hash of the concatenation of n parts; out has room for DIGEST_MAX. */
void	digest_parts(enum digest_kind kind, const struct view *parts, size_t n,
	    uint8_t *out);
void	digest_of(enum digest_kind kind, struct view v, uint8_t *out);

void	sha1(struct view v, uint8_t out[SHA1_OCTETS]);
void	sha256(struct view v, uint8_t out[SHA256_OCTETS]);
/* SHA-256(a || b). */
void	sha256_two(struct view a, struct view b, uint8_t out[SHA256_OCTETS]);

void	hmac_sha256(struct view key, struct view message, uint8_t out[SHA256_OCTETS]);
void	hmac_sha256_parts(struct view key, const struct view *parts, size_t n,
	    uint8_t out[SHA256_OCTETS]);

/* HMAC with another digest, for what strangers ask. */
void	hmac_of(enum digest_kind kind, struct view key, struct view message,
	    uint8_t *out);

/*
 * The AlgorithmIdentifier of a digest, DER, parameters absent (RFC 5754, 2);
 * empty for DIGEST_NONE.  The second reads one, with absent or NULL
 * parameters; DIGEST_NONE if it is none of ours.
 */
struct view	 digest_algorithm(enum digest_kind kind);
enum digest_kind digest_from_algorithm(struct view algorithm);

#endif
