/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_file.h - a device's key, certificate and chain as one file of mode
 * 0600: PKCS #12 with its passphrase in a file of its own, or PEM.
 */
#ifndef MAIN_BUNDLE_FILE_H
#define MAIN_BUNDLE_FILE_H

#include "base/random.h"
#include "crypt/key.h"

struct bundle_file {
	const struct key	*key;
	struct view		 cert;
	const struct view	*cas;
	size_t			 n_cas;
	const char		*name;
	bool			 pem;
	const struct rng	*rng;		/* of the passphrase */
	const char		*path, *passphrase_path;
};

/* Replaces what is there.  Durable when it returns. */
MUST_CHECK bool bundle_file_write(const struct bundle_file *b, struct fault *f);

#endif
