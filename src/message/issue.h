/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue.h - certificates, CRLs and whatever else X.509 signs: SEQUENCE {
 * toBeSigned, algorithm, signature }.
 *
 * Looks only at the signature.  What a certificate says is held against the
 * profile before it comes here.
 */
#ifndef MESSAGE_ISSUE_H
#define MESSAGE_ISSUE_H

#include "base/buf.h"
#include "crypt/key.h"

struct cert;			/* codec/cert.h */
struct crl;			/* codec/crl.h */

/*
 * Append the signed object.  tbs is the whole TLV; its inner algorithm must be
 * key_sigalg(key), which the signed field proves and the reader checks.
 */
MUST_CHECK bool certificate_sign(struct view tbs, struct key *key, struct buf *out,
    struct fault *f);
MUST_CHECK bool crl_sign(struct view tbs, struct key *key, struct buf *out,
    struct fault *f);

/* The same around a signature made elsewhere. */
void	signed_object_put(struct view tbs, struct view sigalg, struct view signature,
	    struct buf *out);

/* issuer's key signed c (its name is compared too, by octets). */
MUST_CHECK bool certificate_verify(const struct cert *c, const struct cert *issuer,
    struct fault *f);
MUST_CHECK bool crl_verify(const struct crl *c, const struct cert *issuer,
    struct fault *f);

#endif
