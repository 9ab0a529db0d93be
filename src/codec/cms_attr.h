/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms_attr.h - inside codec: parts that the kinds of CMS messages share.
 */
#ifndef CODEC_CMS_ATTR_H
#define CODEC_CMS_ATTR_H

#include "codec/cms.h"

/* Into the SEQUENCE that a ContentInfo of this type holds. */
MUST_CHECK bool cms_content_open(struct view der, struct view type,
    struct der *out, struct fault *f);
MUST_CHECK bool cms_sid_decode(struct der *d, struct cms_sid *out,
    struct fault *f);
/* sid as SignerInfo and KeyTransRecipientInfo write it. */
void	cms_sid_put(struct buf *b, const struct cms_sid *sid);
MUST_CHECK bool cms_encap_decode(struct der *d, struct view *type,
    bool *present, struct view *content, struct fault *f);
void	cms_encap_put(struct buf *b, struct view type, bool has_content,
	    struct view content);

/* What the attributes we know say. */
struct cms_attrs {
	bool		 has_content_type, has_message_digest;
	struct view	 content_type;
	struct view	 message_digest;
	bool		 has_signing_time;
	int64_t		 signing_time;
	bool		 has_signing_certificate;
	struct view	 signing_certificate_hash_alg;
	struct view	 signing_certificate_hash;
};
/*
 * SET OF Attribute under an IMPLICIT tag, absent or with contentType and
 * messageDigest.  *set is a copy in the arena with tag 31.
 */
MUST_CHECK bool cms_attrs_decode(struct der *d, uint8_t tag, struct arena *a,
    bool *present, struct view *set, struct cms_attrs *out, struct fault *f);
MUST_CHECK bool cms_signed_attrs_decode(struct der *d, struct arena *a,
    struct cms_signer *s, struct fault *f);

#endif
