/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_ext.h - inside codec: what the extensions of a certificate say.
 */
#ifndef CODEC_CERT_EXT_H
#define CODEC_CERT_EXT_H

#include "codec/cert.h"

/* Fill the fields of c from c->extensions; those that are malformed fail. */
MUST_CHECK bool cert_read_extensions(struct cert *c, struct fault *f);

/* SubjectKeyIdentifier ::= OCTET STRING */
MUST_CHECK bool ext_read_ski(struct view value, struct view *ski,
    struct fault *f);
/* keyIdentifier of AuthorityKeyIdentifier; empty if it has none. */
MUST_CHECK bool ext_read_aki(struct view value, struct view *aki,
    struct fault *f);

#endif
