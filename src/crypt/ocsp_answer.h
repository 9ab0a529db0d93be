/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocsp_answer.h - what a stored OCSP response says about one certificate.
 *
 * By libcrypto: decodes, verifies that the issuer or a delegate of it signed
 * (RFC 6960, 4.2.2.2), finds the certificate by any digest.  Judges no dates
 * but those of the delegate's certificate.
 */
#ifndef CRYPT_OCSP_ANSWER_H
#define CRYPT_OCSP_ANSWER_H

#include "base/fault.h"
#include "base/view.h"

enum ocsp_says { OCSP_SAYS_NOTHING = 0, OCSP_SAYS_GOOD, OCSP_SAYS_REVOKED, OCSP_SAYS_UNKNOWN };

struct ocsp_answer {
	enum ocsp_says	 says;		/* nothing: it is about others */
	int64_t		 this_update, next_update;	/* unix seconds; 0: none */
	int64_t		 revoked_at;
	int		 reason;	/* of CRLs; -1: none */
};

/*
 * FAULT_SIGNATURE: not signed by whom it should be; FAULT_REFUSED: the
 * responder had no answer; FAULT_MALFORMED.
 */
MUST_CHECK bool ocsp_answer_read(struct view response, struct view cert, struct view issuer,
    int64_t at, struct ocsp_answer *out, struct fault *f);

#endif
