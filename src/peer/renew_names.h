/* SPDX-License-Identifier: Apache-2.0 */
/* renew_names.h - the names of an update as ChangeSubjectName (RFC 10002, 7.1). */
#ifndef PEER_RENEW_NAMES_H
#define PEER_RENEW_NAMES_H

#include "codec/cert.h"
#include "peer/renew.h"

#define RENEW_NAMES_DER_MAX	(16u << 10)

/* Append the TLV.  Subject and names are both in it: what is left out would go. */
MUST_CHECK bool renew_names_put(const struct renew_names *n, const struct cert *old,
    struct buf *out, struct fault *f);

#endif
