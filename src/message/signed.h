/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed.h - SignedData around a PKI message: making it, opening it, and
 * whose signature it carries (RFC 5652, 5; RFC 8551 for algorithms; RFC 8419
 * for Ed25519).
 *
 * Signing is in two halves, so that the octets can be prepared in a process
 * that does not hold the key.  Verifying answers "these octets were signed by
 * this key"; whether that key may ask for what the message asks is decided
 * elsewhere, and so are paths, dates and revocation.
 */
#ifndef MESSAGE_SIGNED_H
#define MESSAGE_SIGNED_H

#include "base/arena.h"
#include "codec/cms.h"
#include "crypt/key.h"

#define MESSAGE_MAX		(16u << 20)	/* CMC requests and answers; an answer to 10000 entries fits */
#define MESSAGE_CHAIN_MAX	8		/* certificates that go with a signature */

/*
 * What a signature will say about its maker.  Made once, used for many
 * messages; owns copies of what it was made from.
 */
struct message_signer {
	enum digest_kind	 digest;
	struct view		 sigalg;	/* AlgorithmIdentifier */
	struct cms_sid		 sid;
	uint8_t			 cert_sha256[SHA256_OCTETS];	/* for signingCertificateV2 */
	struct view		 certs[MESSAGE_CHAIN_MAX];	/* own first; none: by SKI */
	size_t			 ncerts;
	struct buf		 octets;	/* what the views point into */
};

/*
 * By certificate: sid is issuerAndSerialNumber, signed attribute
 * signingCertificateV2 (RFC 5035), the certificate and the extra ones travel
 * along.  cert and extra are DER.
 */
MUST_CHECK bool message_signer_cert(struct message_signer *s, struct view sigalg,
    enum digest_kind digest, struct view cert, const struct view *extra,
    size_t nextra, struct fault *f);
/* By a key that has no certificate yet: sid is [0] ski (RFC 10002, 6.2). */
MUST_CHECK bool message_signer_ski(struct message_signer *s, struct view sigalg,
    enum digest_kind digest, struct view ski, struct fault *f);
void	message_signer_clear(struct message_signer *s);

/* A message that lacks nothing but its signature. */
struct message_draft {
	const struct message_signer	*signer;	/* borrowed */
	struct view			 content_type;	/* borrowed */
	struct view			 content;	/* borrowed */
	struct buf			 tbs;		/* signedAttrs, DER SET OF: sign this */
	/* Travel along, besides the signer's own; may be set before message_finish. */
	const struct view		*certs;
	size_t				 ncerts;
	const struct view		*crls;
	size_t				 ncrls;
};

/* content_type: content octets of the OID.  now becomes signingTime. */
MUST_CHECK bool message_prepare(struct message_draft *d,
    const struct message_signer *s, struct view content_type, struct view content,
    int64_t now, struct fault *f);
/* Append the ContentInfo to out. */
MUST_CHECK bool message_finish(const struct message_draft *d, struct view signature,
    struct buf *out, struct fault *f);
void	message_draft_clear(struct message_draft *d);

/* All in one, with a key at hand. */
MUST_CHECK bool message_sign(const struct message_signer *s, struct key *key,
    struct view content_type, struct view content, int64_t now, struct buf *out,
    struct fault *f);

/* Without any signer: content_type and content, or certificates and CRLs only (both empty). */
MUST_CHECK bool message_unsigned(struct view content_type, struct view content,
    const struct view *certs, size_t ncerts, const struct view *crls, size_t ncrls,
    struct buf *out, struct fault *f);

/*
 * Read a ContentInfo that holds SignedData, BER or DER.  Nothing is verified.
 * Views in out point into bytes or into the arena.
 */
MUST_CHECK bool message_open(struct view bytes, struct arena *a,
    struct cms_signed *out, struct fault *f);

/*
 * The message has exactly one SignerInfo, with signedAttrs (each type once,
 * one value) whose contentType and messageDigest fit, and its signature holds
 * under pub.  The first compares sid with ski, the second with cert's issuer
 * and serial number.
 */
MUST_CHECK bool message_verify_ski(const struct cms_signed *m, struct view ski,
    const struct pubkey *pub, struct fault *f);

enum signing_certificate {
	SIGNING_CERTIFICATE_REQUIRED = 0,	/* absent or different: refused */
	SIGNING_CERTIFICATE_IF_PRESENT,		/* a stranger's message may lack it */
};
/* pub may be NULL: it is then made from the certificate. */
MUST_CHECK bool message_verify_cert(const struct cms_signed *m, const struct cert *cert,
    const struct pubkey *pub, enum signing_certificate rule, struct fault *f);

/*
 * Which of the certificates that travel with m its only SignerInfo names; by
 * issuer and serial number, or by SKI.  FAULT_NOT_FOUND if none does.
 */
MUST_CHECK bool message_find_signer(const struct cms_signed *m, struct cert *out,
    struct fault *f);

/* signingTime of the only SignerInfo; *present = false without one. */
MUST_CHECK bool message_signing_time(const struct cms_signed *m, int64_t *when,
    bool *present, struct fault *f);

#endif
