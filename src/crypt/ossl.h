/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ossl.h - what the files of this room share.  Not for other rooms.
 */
#ifndef CRYPT_OSSL_H
#define CRYPT_OSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/fault.h"
#include "base/view.h"
#include "crypt/key.h"

/*
 * Record a fault whose text ends with libcrypto's own reason, and empty its
 * error queue.  Returns false.
 */
bool	ossl_fault(struct fault *f, enum fault_kind kind, const char *rule,
	    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Algorithms, fetched once for the life of the process. */
const EVP_MD	*ossl_md(enum digest_kind kind);

/* What is known of a kind of key: one row each. */
struct key_traits {
	enum key_kind		 kind;
	const char		*name;
	unsigned		 bits;
	const char		*group;		/* EC curve, or NULL */
	struct view		 spki_prefix;	/* everything before the key's octets; empty for RSA */
	size_t			 spki_octets;	/* whole SPKI; 0 for RSA */
	struct view		 sigalg;	/* of our own signatures */
	enum digest_kind	 digest;	/* that goes with it */
};
const struct key_traits *key_traits(enum key_kind kind);

struct key {
	EVP_PKEY		*pkey;
	EVP_PKEY_CTX		*sign;		/* EC and RSA: initialised once */
	const struct key_traits	*traits;
	size_t			 nspki;
	uint8_t			 spki[SPKI_MAX];
};

struct pubkey {
	EVP_PKEY		*pkey;
	const struct key_traits	*traits;
	unsigned		 bits;
};

#endif
