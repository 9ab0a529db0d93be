/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert.h - X.509 certificates: read into views, built from a plan.
 *
 * Reading checks that the octets are a certificate in DER, that no extension
 * stands twice, and that those we know are well formed.  It does not check
 * any signature, path, date or profile rule.
 *
 * A struct cert owns nothing: all views point into the octets decoded.
 */
#ifndef CODEC_CERT_H
#define CODEC_CERT_H

#include "codec/algorithm.h"
#include "codec/extension.h"

#define CERT_OCTETS_MAX		65536	/* ML-DSA-87 keys and long SANs fit eight times */
#define CERT_SERIAL_OCTETS_MAX	21	/* 20 as RFC 5280 has it, and a sign octet */
#define CERT_POLICIES_MAX	16
#define CERT_EKUS_MAX		16

enum key_usage {
	KU_DIGITAL_SIGNATURE = 1 << 0,
	KU_NON_REPUDIATION = 1 << 1,
	KU_KEY_ENCIPHERMENT = 1 << 2,
	KU_DATA_ENCIPHERMENT = 1 << 3,
	KU_KEY_AGREEMENT = 1 << 4,
	KU_KEY_CERT_SIGN = 1 << 5,
	KU_CRL_SIGN = 1 << 6,
	KU_ENCIPHER_ONLY = 1 << 7,
	KU_DECIPHER_ONLY = 1 << 8,
};

enum ext_key_usage {
	EKU_SERVER_AUTH = 1 << 0,
	EKU_CLIENT_AUTH = 1 << 1,
	EKU_IPSEC_IKE = 1 << 2,
	EKU_OCSP_SIGNING = 1 << 3,
	EKU_CMC_CA = 1 << 4,
	EKU_CMC_RA = 1 << 5,
	EKU_CMC_ARCHIVE = 1 << 6,
	EKU_IPSEC_END_SYSTEM = 1 << 7,
	EKU_IPSEC_TUNNEL = 1 << 8,
	EKU_IPSEC_USER = 1 << 9,
	EKU_IKE_INTERMEDIATE = 1 << 10,
	EKU_ANY = 1 << 11,
	EKU_CODE_SIGNING = 1 << 12,
	EKU_EMAIL_PROTECTION = 1 << 13,
	EKU_TIME_STAMPING = 1 << 14,
	EKU_OTHER = 1 << 30,		/* one that has no bit here; read only */
};

struct cert {
	struct view		 der;		/* the whole certificate */
	struct view		 tbs;		/* TLV: what the signature covers */
	unsigned		 version;	/* 1, 2 or 3 */
	struct view		 serial;	/* INTEGER content octets */
	struct algorithm	 sigalg;	/* inner and outer are the same octets */
	struct view		 signature;	/* BIT STRING octets */
	struct view		 issuer;	/* Name TLVs */
	struct view		 subject;
	int64_t			 not_before;	/* unix seconds */
	int64_t			 not_after;
	struct view		 spki;		/* TLV, for spki_decode() */

	struct extensions	 extensions;	/* every one of them, in order */

	/* From the extensions; empty views and zero where absent. */
	struct view		 ski;		/* key identifier octets */
	struct view		 aki;
	bool			 has_key_usage;
	unsigned		 key_usage;	/* of enum key_usage */
	bool			 has_eku;
	unsigned		 eku;		/* of enum ext_key_usage */
	struct view		 eku_oids[CERT_EKUS_MAX];
	size_t			 eku_count;
	bool			 has_basic_constraints;
	bool			 is_ca;
	bool			 has_path_length;
	unsigned		 path_length;
	bool			 has_san;
	bool			 san_critical;
	struct general_names	 san;
	struct view		 san_value;	/* the extension's value, GeneralNames TLV */
	struct view		 cdp_uri;	/* first http URI */
	struct view		 ocsp_uri;
	struct view		 ca_issuers_uri;
	struct view		 cmc_uri;	/* id-ad-cmc in subjectInfoAccess */
	struct view		 policies[CERT_POLICIES_MAX];	/* OIDs */
	size_t			 policy_count;
	bool			 ocsp_nocheck;
	bool			 no_rev_avail;
	bool			 has_name_constraints;
	bool			 unknown_critical;	/* a critical one we do not process */
	struct view		 unknown_critical_oid;
};

MUST_CHECK bool cert_decode(struct view der, struct cert *out, struct fault *f);

/*
 * Only what finding an issuer needs: der, tbs, serial, issuer, subject, spki;
 * the rest is zero or as far as it came.
 */
MUST_CHECK bool cert_decode_names(struct view der, struct cert *out,
    struct fault *f);

bool	cert_is_self_issued(const struct cert *c);	/* issuer equals subject */
bool	cert_has_eku(const struct cert *c, struct view oid);
bool	cert_has_policy(const struct cert *c, struct view oid);

/* Serial numbers without their sign octet, for comparing and showing. */
struct view serial_magnitude(struct view content);

/* IssuerAndSerialNumber (RFC 5652, 10.2.4). */
struct issuer_serial {
	struct view	 issuer;	/* Name TLV */
	struct view	 serial;	/* INTEGER content octets */
};
MUST_CHECK bool issuer_serial_decode(struct der *d, struct issuer_serial *out,
    struct fault *f);
void	issuer_serial_put(struct buf *b, const struct issuer_serial *is);
bool	issuer_serial_names(const struct issuer_serial *is, const struct cert *c);

/*
 * What a certificate to be signed says.  The first block is always there, with
 * NAME_EMPTY for no subject; of the rest, empty and zero are left out.
 */
struct cert_plan {
	struct view	 serial;	/* big-endian number, positive */
	struct view	 sigalg;	/* AlgorithmIdentifier TLV */
	struct view	 issuer;	/* Name TLVs */
	struct view	 subject;
	int64_t		 not_before;
	int64_t		 not_after;
	struct view	 spki;		/* TLV */

	struct view	 ski;
	struct view	 aki;
	unsigned	 key_usage;	/* critical when present */
	unsigned	 eku;		/* of enum ext_key_usage, without EKU_OTHER */
	const struct view *eku_oids;	/* further ones */
	size_t		 eku_oid_count;
	bool		 omit_basic_constraints;	/* else present, critical */
	bool		 is_ca;
	bool		 has_path_length;
	unsigned	 path_length;
	const struct general_name *san;	/* critical if subject is empty */
	size_t		 san_count;
	struct view	 san_value;	/* GeneralNames TLV, instead of san */
	struct view	 cdp_uri;
	struct view	 ocsp_uri;
	struct view	 ca_issuers_uri;
	struct view	 cmc_uri;
	const struct view *policies;	/* OIDs */
	size_t		 policy_count;
	bool		 ocsp_nocheck;
	struct view	 more;		/* Extension TLVs, copied after ours */
};

/* Append the TBSCertificate: version 3, dates as RFC 5280, 4.1.2.5. */
MUST_CHECK bool tbs_encode(const struct cert_plan *p, struct buf *out,
    struct fault *f);

/* Append Certificate { tbs, sigalg, signature }; sigalg is a TLV. */
void	cert_assemble(struct view tbs, struct view sigalg, struct view signature,
	    struct buf *out);

/* "digitalSignature, keyCertSign"; "" for none.  Returns out. */
const char *key_usage_text(unsigned key_usage, char *out, size_t n);
const char *eku_text(unsigned eku, char *out, size_t n);
/* Content octets of the OID for one bit of enum ext_key_usage. */
struct view eku_oid(unsigned bit);
/* The bit for an OID, or EKU_OTHER. */
unsigned eku_bit(struct view oid);

#endif
