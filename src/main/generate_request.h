/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate_request.h - a device that made its key and a PKCS #10, and has no
 * program of ours (RFC 4809, 3.3.2, 3.4.7): its Admin asks in its place.
 *
 * The confirmation is the device's to sign, for nobody else has its key
 * (corrections, 11): what has to be signed is written to a file, and what
 * comes back is taken to the PKI.
 */
#ifndef MAIN_GENERATE_REQUEST_H
#define MAIN_GENERATE_REQUEST_H

#include "main/generate.h"

struct request_outcome {
	char	serial[ENROLL_SERIAL_MAX];
	char	chain[ADMIN_PATH_MAX];		/* certificate and issuers, PEM */
	char	confirm[ADMIN_PATH_MAX];	/* PKIData that the device has to sign */
	struct generate_wait wait;
};

/*
 * Ask for t with the request in path, PEM or DER.  Again with the same request:
 * the same certificate.
 */
MUST_CHECK bool request_enroll(const struct generate *q, const struct target *t,
    const char *path, struct request_outcome *o, struct fault *f);

/* The same in its two parts: the file, DER appended to out; and the answer to it. */
MUST_CHECK bool request_read(const char *path, struct buf *der, struct fault *f);
MUST_CHECK bool request_take(const struct generate *q, const struct target *t, struct view der,
    const struct exchange *x, const struct exchange_answer *r, struct request_outcome *o,
    struct fault *f);

/* Take the confirmation in path, SignedData in PEM or DER, to the PKI. */
MUST_CHECK bool request_confirm(const struct generate *q, const struct target *t,
    const char *path, char serial[ENROLL_SERIAL_MAX], struct fault *f);

#endif
