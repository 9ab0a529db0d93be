/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms.h - SignedData (RFC 5652, 5) and ContentInfo.
 *
 * Reads DER (run ber.h first) into views; writes DER around signatures that
 * somebody else has made.  Checks the form, and of signed attributes that
 * each type we know stands once with one value.  Does not compute a digest
 * and does not check a signature: message/ does that with crypt/.
 *
 * EnvelopedData, AuthEnvelopedData and AuthenticatedData: cms_env.h.
 */
#ifndef CODEC_CMS_H
#define CODEC_CMS_H

#include "base/arena.h"
#include "codec/algorithm.h"
#include "codec/cert.h"
#include "codec/oid.h"

#define CMS_CERTIFICATES_MAX	64	/* chains; callers may take fewer */
#define CMS_CRLS_MAX		8
#define CMS_SIGNERS_MAX		8	/* our profile takes one */
#define CMS_ATTRIBUTES_MAX	16

/* ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT ANY } */
struct cms_content {
	struct view	 type;		/* OID content octets */
	struct view	 content;	/* the TLV inside [0] */
};
MUST_CHECK bool cms_content_decode(struct view der, struct cms_content *out,
    struct fault *f);
void	cms_content_put(struct buf *b, struct view type, struct view content);

/* Who signed, or for whom: exactly one of the two. */
enum cms_sid_kind { CMS_SID_ISSUER_SERIAL = 0, CMS_SID_SKI };
struct cms_sid {
	enum cms_sid_kind	 kind;
	struct issuer_serial	 is;
	struct view		 ski;
};
bool	cms_sid_names(const struct cms_sid *sid, const struct cert *c);

struct cms_signer {
	unsigned		 version;		/* 1 or 3, as sid demands */
	struct cms_sid		 sid;
	struct algorithm	 digest_alg;
	bool			 has_signed_attrs;
	struct view		 signed_attrs;		/* as the signature covers it: tag 31 (in the arena) */
	struct view		 content_type;		/* OID; required with signed attributes */
	struct view		 message_digest;	/* octets; required likewise */
	bool			 has_signing_time;
	int64_t			 signing_time;
	bool			 has_signing_certificate;	/* V2, RFC 5035 */
	struct view		 signing_certificate_hash_alg;	/* OID; SHA-256 by default */
	struct view		 signing_certificate_hash;	/* of the first ESSCertIDv2 */
	struct algorithm	 sig_alg;
	struct view		 signature;		/* OCTET STRING octets */
	struct view		 unsigned_attrs;	/* content: Attribute TLVs; may be empty */
};

struct cms_signed {
	unsigned		 version;
	struct view		 content_type;	/* eContentType, OID */
	bool			 has_content;
	struct view		 content;	/* eContent octets */
	struct view		*certificates;	/* Certificate TLVs, as sent (in the arena) */
	size_t			 certificate_count;
	struct view		*crls;		/* CertificateList TLVs */
	size_t			 crl_count;
	struct cms_signer	*signers;
	size_t			 signer_count;
};

/* der: a ContentInfo of type signedData. */
MUST_CHECK bool cms_signed_decode(struct view der, struct arena *a,
    struct cms_signed *out, struct fault *f);

/*
 * Find one unsigned attribute and lend the content of its SET of values.
 * *found false if absent; twice is malformed.
 */
MUST_CHECK bool cms_unsigned_attr(const struct cms_signer *s, struct view type,
    bool *found, struct view *values, struct fault *f);

/* Building, in this order: signed attributes, signer, SignedData. */
struct cms_attrs_plan {
	struct view	 content_type;		/* OID */
	struct view	 message_digest;
	bool		 has_signing_time;
	int64_t		 signing_time;
	struct view	 signing_certificate_sha256;	/* SHA-256 of the certificate, or empty */
};
/* Append the DER SET OF Attribute with tag 31: sign these octets. */
void	cms_signed_attrs_encode(const struct cms_attrs_plan *p, struct buf *out);

struct cms_signer_plan {
	struct cms_sid	 sid;
	struct view	 digest_alg;	/* AlgorithmIdentifier TLV */
	struct view	 signed_attrs;	/* as from cms_signed_attrs_encode() */
	struct view	 sig_alg;	/* AlgorithmIdentifier TLV */
	struct view	 signature;
	struct view	 unsigned_attrs;	/* Attribute TLVs sorted, or empty */
};
void	cms_signer_encode(const struct cms_signer_plan *p, struct buf *out);

struct cms_signed_plan {
	struct view		 content_type;	/* OID */
	bool			 has_content;
	struct view		 content;
	const struct view	*certificates;	/* TLVs */
	size_t			 certificate_count;
	const struct view	*crls;
	size_t			 crl_count;
	const struct view	*signers;	/* SignerInfo TLVs, from cms_signer_encode() */
	size_t			 signer_count;
	struct view		 digest_alg;	/* TLV; the one all signers use, or empty */
	bool			 signer_by_ski;	/* then version 3 */
};
/* Append a ContentInfo with the SignedData. */
MUST_CHECK bool cms_signed_encode(const struct cms_signed_plan *p, struct buf *out,
    struct fault *f);

/* "certs-only" (RFC 8551, 3.8): no content, no signer. */
MUST_CHECK bool cms_certs_only_encode(const struct view *certificates, size_t n,
    struct buf *out, struct fault *f);

#endif
