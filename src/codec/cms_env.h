/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms_env.h - EnvelopedData (RFC 5652, 6), AuthEnvelopedData (RFC 5083) and
 * AuthenticatedData (RFC 5652, 9): the structures, not the cryptography.
 *
 * Recipients: key transport (ktri, RSA-OAEP), key agreement (kari, ECDH with an
 * ephemeral key) and password (pwri).  Others are skipped when reading.
 */
#ifndef CODEC_CMS_ENV_H
#define CODEC_CMS_ENV_H

#include "codec/cms.h"

#define CMS_RECIPIENTS_MAX	16

enum cms_recipient_kind {
	CMS_RECIPIENT_OTHER = 0,	/* not one of these; nothing else is set */
	CMS_RECIPIENT_KTRI,
	CMS_RECIPIENT_KARI,
	CMS_RECIPIENT_PWRI,
};

struct cms_recipient {
	enum cms_recipient_kind	 kind;
	struct cms_sid		 rid;		/* KTRI, KARI */
	struct algorithm	 key_alg;	/* key encryption or key agreement */
	struct view		 encrypted_key;
	struct view		 originator_alg;	/* KARI: AlgorithmIdentifier TLV of originatorKey */
	struct view		 originator_key;	/* KARI: BIT STRING octets (the point) */
	struct view		 ukm;			/* KARI, or empty */
	bool			 has_derivation;	/* PWRI */
	struct algorithm	 derivation;
};

/* EnvelopedData and AuthEnvelopedData. */
struct cms_enveloped {
	bool			 is_auth;	/* AuthEnvelopedData: mac is set */
	struct cms_recipient	*recipients;
	size_t			 recipient_count;
	struct view		 content_type;	/* OID of what is inside */
	struct algorithm	 content_alg;
	struct view		 encrypted;	/* octets */
	struct view		 auth_attrs;	/* SET TLV, tag 31 (in the arena), or empty */
	struct view		 mac;
};
/* der: a ContentInfo of type envelopedData or authEnvelopedData. */
MUST_CHECK bool cms_enveloped_decode(struct view der, struct arena *a,
    struct cms_enveloped *out, struct fault *f);

struct cms_recipient_plan {
	enum cms_recipient_kind	 kind;
	struct cms_sid		 rid;
	struct view		 key_alg;	/* AlgorithmIdentifier TLVs */
	struct view		 encrypted_key;
	struct view		 originator_alg;
	struct view		 originator_key;
	struct view		 ukm;
	struct view		 derivation;	/* PWRI; TLV with tag 30 */
};
struct cms_enveloped_plan {
	bool				 is_auth;
	const struct cms_recipient_plan	*recipients;
	size_t				 recipient_count;
	struct view			 content_type;	/* OID */
	struct view			 content_alg;	/* TLV */
	struct view			 encrypted;
	struct view			 auth_attrs;	/* SET TLV, tag 31, or empty */
	struct view			 mac;
};
/* Append a ContentInfo. */
MUST_CHECK bool cms_enveloped_encode(const struct cms_enveloped_plan *p,
    struct buf *out, struct fault *f);

/* AuthenticatedData. */
struct cms_authenticated {
	struct cms_recipient	*recipients;
	size_t			 recipient_count;
	struct algorithm	 mac_alg;
	bool			 has_digest_alg;
	struct algorithm	 digest_alg;
	struct view		 content_type;
	struct view		 content;
	struct view		 auth_attrs;	/* as the MAC covers it: tag 31 (in the arena), or empty */
	struct view		 attr_content_type;	/* OID */
	struct view		 attr_message_digest;
	struct view		 mac;
};
/* der: a ContentInfo of type authData. */
MUST_CHECK bool cms_authenticated_decode(struct view der, struct arena *a,
    struct cms_authenticated *out, struct fault *f);

struct cms_authenticated_plan {
	struct cms_recipient_plan	 recipient;
	struct view			 mac_alg;	/* TLVs */
	struct view			 digest_alg;
	struct view			 content_type;
	struct view			 content;
	struct view			 auth_attrs;	/* from cms_signed_attrs_encode() */
	struct view			 mac;
};
/* Append a ContentInfo. */
MUST_CHECK bool cms_authenticated_encode(const struct cms_authenticated_plan *p,
    struct buf *out, struct fault *f);

/* Parameters that come with them. */
struct pbkdf2_params {
	struct view	 salt;
	uint64_t	 iterations;
	uint64_t	 key_length;	/* 0: not said */
	struct view	 prf;		/* OID; hmacWithSHA1 by default */
};
MUST_CHECK bool pbkdf2_params_decode(struct view tlv, struct pbkdf2_params *out,
    struct fault *f);
/* Append AlgorithmIdentifier { id-PBKDF2, params }, prf hmacWithSHA256. */
void	pbkdf2_put(struct buf *b, struct view salt, uint64_t iterations,
	    uint64_t key_length);

struct gcm_params {
	struct view	 nonce;
	unsigned	 tag_octets;	/* 12 by default */
};
MUST_CHECK bool gcm_params_decode(struct view tlv, struct gcm_params *out,
    struct fault *f);
/* Append AlgorithmIdentifier { id-aes256-GCM, params }. */
void	gcm_put(struct buf *b, struct view nonce, unsigned tag_octets);

#endif
