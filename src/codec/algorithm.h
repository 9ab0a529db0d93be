/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algorithm.h - AlgorithmIdentifier (RFC 5280, 4.1.1.2).
 *
 * Knows the form, not the meaning: which algorithms are good enough is a
 * question for crypt and profile.
 */
#ifndef CODEC_ALGORITHM_H
#define CODEC_ALGORITHM_H

#include "codec/der.h"

struct algorithm {
	struct view	 oid;		/* content octets */
	struct view	 params;	/* TLV as sent; empty when absent */
	struct view	 tlv;		/* the whole SEQUENCE */
};

/* The next value of d, a SEQUENCE. */
MUST_CHECK bool algorithm_decode(struct der *d, struct algorithm *out,
    struct fault *f);
/* The same under an IMPLICIT tag, such as DER_CONTEXT_C(1). */
MUST_CHECK bool algorithm_decode_tagged(struct der *d, uint8_t tag,
    struct algorithm *out, struct fault *f);
/* A view that holds just one AlgorithmIdentifier. */
MUST_CHECK bool algorithm_parse(struct view tlv, struct algorithm *out,
    struct fault *f);

/* Parameters absent or NULL, which digests and MACs accept alike. */
bool	algorithm_has_no_params(const struct algorithm *a);

/* params: a TLV, or empty for absent. */
void	algorithm_put(struct buf *b, struct view oid, struct view params);
void	algorithm_put_tagged(struct buf *b, uint8_t tag, struct view oid,
	    struct view params);

/* Complete encodings of those we emit. */
#define ALGORITHM_SHA256	VIEW_LIT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01")
#define ALGORITHM_SHA384	VIEW_LIT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02")
#define ALGORITHM_SHA512	VIEW_LIT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03")
#define ALGORITHM_HMAC_SHA256	VIEW_LIT("\x30\x0a\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09")
#define ALGORITHM_ECDSA_SHA256	VIEW_LIT("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02")
#define ALGORITHM_ECDSA_SHA384	VIEW_LIT("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03")
#define ALGORITHM_SHA256_RSA	VIEW_LIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00")
#define ALGORITHM_SHA384_RSA	VIEW_LIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00")
#define ALGORITHM_ED25519	VIEW_LIT("\x30\x05\x06\x03\x2b\x65\x70")

#define DER_NULL_TLV		VIEW_LIT("\x05\x00")

#endif
