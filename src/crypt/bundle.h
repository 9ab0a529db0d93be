/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h - PKCS #12 (RFC 7292): key, certificate and chain in one file that
 * a passphrase opens.
 *
 * AES-256-CBC with PBKDF2 and an HMAC with SHA-256, as every product of this
 * decade reads.  The passphrase is only as good as its entropy.
 */
#ifndef CRYPT_BUNDLE_H
#define CRYPT_BUNDLE_H

#include "crypt/key.h"

#define BUNDLE_MAX	(256u << 10)
#define BUNDLE_CAS_MAX	16

struct bundle {
	const struct key	*key;
	struct view		 cert;		/* DER, of that key */
	const struct view	*cas;		/* DER; up to BUNDLE_CAS_MAX */
	size_t			 n_cas;
	const char		*name;		/* friendlyName */
};

/* Append the file to out. */
MUST_CHECK bool bundle_pkcs12(const struct bundle *b, const char *passphrase,
    struct buf *out, struct fault *f);

#endif
