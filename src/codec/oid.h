/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oid.h - object identifiers as content octets.
 *
 * Every OID_xxx is a struct view of the octets that follow 06 and the length
 * in an encoding, so that view_equal(oid, OID_SHA256) is one comparison.
 * They may stand in static tables.  Dotted text appears only at the edges:
 * in logs and in configuration.
 */
#ifndef CODEC_OID_H
#define CODEC_OID_H

#include "base/buf.h"

#define OID_OCTETS_MAX	64	/* the longest we know of has 22 */
#define OID_TEXT_MAX	256	/* dotted text of OID_OCTETS_MAX octets, with the NUL */

#define ARC_PKIX	"\x2b\x06\x01\x05\x05\x07"
#define ARC_CMC	"\x2b\x06\x01\x05\x05\x07\x07"
#define ARC_KP	"\x2b\x06\x01\x05\x05\x07\x03"
#define ARC_AD	"\x2b\x06\x01\x05\x05\x07\x30"
#define ARC_CE	"\x55\x1d"
#define ARC_AT	"\x55\x04"
#define ARC_PKCS1	"\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ARC_PKCS5	"\x2a\x86\x48\x86\xf7\x0d\x01\x05"
#define ARC_PKCS7	"\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define ARC_PKCS9	"\x2a\x86\x48\x86\xf7\x0d\x01\x09"
#define ARC_SMIME	"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10"
#define ARC_NIST	"\x60\x86\x48\x01\x65\x03\x04"
#define ARC_CVP	"\x69\xc3\xd7\x9d\xcc\xaa\x8a\xaa\xba\xb5\x81" \
		"\xde\xd3\xd5\xb0\x90\xfb\xc9\x39"

/* CMC controls and attributes (RFC 10002, table 1) */
#define OID_CMC_STATUS_INFO		VIEW_LIT(ARC_CMC "\x01")
#define OID_CMC_IDENTIFICATION		VIEW_LIT(ARC_CMC "\x02")
#define OID_CMC_IDENTITY_PROOF		VIEW_LIT(ARC_CMC "\x03")
#define OID_CMC_DATA_RETURN		VIEW_LIT(ARC_CMC "\x04")
#define OID_CMC_TRANSACTION_ID		VIEW_LIT(ARC_CMC "\x05")
#define OID_CMC_SENDER_NONCE		VIEW_LIT(ARC_CMC "\x06")
#define OID_CMC_RECIPIENT_NONCE		VIEW_LIT(ARC_CMC "\x07")
#define OID_CMC_ADD_EXTENSIONS		VIEW_LIT(ARC_CMC "\x08")
#define OID_CMC_ENCRYPTED_POP		VIEW_LIT(ARC_CMC "\x09")
#define OID_CMC_DECRYPTED_POP		VIEW_LIT(ARC_CMC "\x0a")
#define OID_CMC_LRA_POP_WITNESS		VIEW_LIT(ARC_CMC "\x0b")
#define OID_CMC_GET_CERT		VIEW_LIT(ARC_CMC "\x0f")
#define OID_CMC_GET_CRL			VIEW_LIT(ARC_CMC "\x10")
#define OID_CMC_REVOKE_REQUEST		VIEW_LIT(ARC_CMC "\x11")
#define OID_CMC_REG_INFO		VIEW_LIT(ARC_CMC "\x12")
#define OID_CMC_RESPONSE_INFO		VIEW_LIT(ARC_CMC "\x13")
#define OID_CMC_QUERY_PENDING		VIEW_LIT(ARC_CMC "\x15")
#define OID_CMC_POP_LINK_RANDOM		VIEW_LIT(ARC_CMC "\x16")
#define OID_CMC_POP_LINK_WITNESS	VIEW_LIT(ARC_CMC "\x17")
#define OID_CMC_CONFIRM_CERT_ACCEPTANCE	VIEW_LIT(ARC_CMC "\x18")
#define OID_CMC_STATUS_INFO_V2		VIEW_LIT(ARC_CMC "\x19")
#define OID_CMC_TRUSTED_ANCHORS		VIEW_LIT(ARC_CMC "\x1a")
#define OID_CMC_AUTH_DATA		VIEW_LIT(ARC_CMC "\x1b")
#define OID_CMC_BATCH_REQUESTS		VIEW_LIT(ARC_CMC "\x1c")
#define OID_CMC_BATCH_RESPONSES		VIEW_LIT(ARC_CMC "\x1d")
#define OID_CMC_PUBLISH_CERT		VIEW_LIT(ARC_CMC "\x1e")
#define OID_CMC_MOD_CERT_TEMPLATE	VIEW_LIT(ARC_CMC "\x1f")
#define OID_CMC_CONTROL_PROCESSED	VIEW_LIT(ARC_CMC "\x20")
#define OID_CMC_POP_LINK_WITNESS_V2	VIEW_LIT(ARC_CMC "\x21")
#define OID_CMC_IDENTITY_PROOF_V2	VIEW_LIT(ARC_CMC "\x22")
#define OID_CMC_RA_IDENTITY_WITNESS	VIEW_LIT(ARC_CMC "\x23")
#define OID_CMC_CHANGE_SUBJECT_NAME	VIEW_LIT(ARC_CMC "\x24")
#define OID_CMC_RESPONSE_BODY		VIEW_LIT(ARC_CMC "\x25")

/* our profile for IPsec VPN: controls .1, contents .2, extended failures .3 */
#define OID_CVP_AUTHZ_REQUEST		VIEW_LIT(ARC_CVP "\x01\x01")
#define OID_CVP_AUTHZ_RESPONSE		VIEW_LIT(ARC_CVP "\x01\x02")
#define OID_CVP_AUTHZ_ACK		VIEW_LIT(ARC_CVP "\x01\x03")
#define OID_CVP_AUTHZ_CANCEL		VIEW_LIT(ARC_CVP "\x01\x04")
#define OID_CVP_AUTHZ_CANCEL_RESULT	VIEW_LIT(ARC_CVP "\x01\x05")
#define OID_CVP_AUTHZ_CANCEL_ACK	VIEW_LIT(ARC_CVP "\x01\x06")
#define OID_CVP_AUTHZ_QUERY		VIEW_LIT(ARC_CVP "\x01\x07")
#define OID_CVP_AUTHZ_INFO		VIEW_LIT(ARC_CVP "\x01\x08")
#define OID_CVP_AUTHZ_BIND		VIEW_LIT(ARC_CVP "\x01\x09")
#define OID_CVP_AUTHZ_USE		VIEW_LIT(ARC_CVP "\x01\x0a")
#define OID_CVP_KEY_GEN_REQUEST		VIEW_LIT(ARC_CVP "\x01\x0b")
#define OID_CVP_KEY_GEN_RESPONSE	VIEW_LIT(ARC_CVP "\x01\x0c")
#define OID_CVP_EVENT_QUERY		VIEW_LIT(ARC_CVP "\x01\x0d")
#define OID_CVP_EVENT_REPORT		VIEW_LIT(ARC_CVP "\x01\x0e")
#define OID_CVP_TEMPLATE_QUERY		VIEW_LIT(ARC_CVP "\x01\x0f")
#define OID_CVP_TEMPLATE_INFO		VIEW_LIT(ARC_CVP "\x01\x10")
#define OID_CVP_RENEWAL_HINT		VIEW_LIT(ARC_CVP "\x01\x11")
#define OID_CVP_AUTHZ_SECRETS		VIEW_LIT(ARC_CVP "\x02\x01")
#define OID_CVP_FAILURE			VIEW_LIT(ARC_CVP "\x03\x01")

/* content types */
#define OID_CT_PKI_DATA			VIEW_LIT(ARC_PKIX "\x0c\x02")
#define OID_CT_PKI_RESPONSE		VIEW_LIT(ARC_PKIX "\x0c\x03")
#define OID_CT_DATA			VIEW_LIT(ARC_PKCS7 "\x01")
#define OID_CT_KEY_PACKAGE		VIEW_LIT("\x60\x86\x48\x01\x65\x02\x01\x02\x4e\x05")
#define OID_CT_SIGNED_DATA		VIEW_LIT(ARC_PKCS7 "\x02")
#define OID_CT_ENVELOPED_DATA		VIEW_LIT(ARC_PKCS7 "\x03")
#define OID_CT_AUTH_DATA		VIEW_LIT(ARC_SMIME "\x01\x02")
#define OID_CT_AUTH_ENVELOPED_DATA	VIEW_LIT(ARC_SMIME "\x01\x17")

/* attributes of CMS and PKCS #10 */
#define OID_CONTENT_TYPE		VIEW_LIT(ARC_PKCS9 "\x03")
#define OID_MESSAGE_DIGEST		VIEW_LIT(ARC_PKCS9 "\x04")
#define OID_SIGNING_TIME		VIEW_LIT(ARC_PKCS9 "\x05")
#define OID_CHALLENGE_PASSWORD		VIEW_LIT(ARC_PKCS9 "\x07")
#define OID_EXTENSION_REQUEST		VIEW_LIT(ARC_PKCS9 "\x0e")
#define OID_SIGNING_CERTIFICATE		VIEW_LIT(ARC_SMIME "\x02\x0c")
#define OID_CMC_UNSIGNED_DATA		VIEW_LIT(ARC_SMIME "\x02\x22")
#define OID_SIGNING_CERTIFICATE_V2	VIEW_LIT(ARC_SMIME "\x02\x2f")
#define OID_CMS_ALGORITHM_PROTECTION	VIEW_LIT(ARC_PKCS9 "\x34")
#define OID_SMIME_CAPABILITIES		VIEW_LIT(ARC_PKCS9 "\x0f")

/* controls of CRMF (RFC 4211) */
#define OID_CRMF_REG_TOKEN		VIEW_LIT(ARC_PKIX "\x05\x01\x01")
#define OID_CRMF_AUTHENTICATOR		VIEW_LIT(ARC_PKIX "\x05\x01\x02")
#define OID_CRMF_PUBLICATION_INFO	VIEW_LIT(ARC_PKIX "\x05\x01\x03")
#define OID_CRMF_ARCHIVE_OPTIONS	VIEW_LIT(ARC_PKIX "\x05\x01\x04")
#define OID_CRMF_OLD_CERT_ID		VIEW_LIT(ARC_PKIX "\x05\x01\x05")
#define OID_CRMF_PROTOCOL_ENCR_KEY	VIEW_LIT(ARC_PKIX "\x05\x01\x06")

/* digests, MACs, key derivation, wrapping, encryption */
#define OID_SHA1			VIEW_LIT("\x2b\x0e\x03\x02\x1a")
#define OID_SHA256			VIEW_LIT(ARC_NIST "\x02\x01")
#define OID_SHA384			VIEW_LIT(ARC_NIST "\x02\x02")
#define OID_SHA512			VIEW_LIT(ARC_NIST "\x02\x03")
#define OID_HMAC_SHA1			VIEW_LIT("\x2a\x86\x48\x86\xf7\x0d\x02\x07")
#define OID_HMAC_SHA1_PKIX		VIEW_LIT("\x2b\x06\x01\x05\x05\x08\x01\x02")
#define OID_HMAC_SHA256			VIEW_LIT("\x2a\x86\x48\x86\xf7\x0d\x02\x09")
#define OID_HMAC_SHA384			VIEW_LIT("\x2a\x86\x48\x86\xf7\x0d\x02\x0a")
#define OID_HMAC_SHA512			VIEW_LIT("\x2a\x86\x48\x86\xf7\x0d\x02\x0b")
#define OID_PBKDF2			VIEW_LIT(ARC_PKCS5 "\x0c")
#define OID_PWRI_KEK			VIEW_LIT(ARC_SMIME "\x03\x09")
#define OID_AES128_WRAP			VIEW_LIT(ARC_NIST "\x01\x05")
#define OID_AES256_WRAP			VIEW_LIT(ARC_NIST "\x01\x2d")
#define OID_AES128_CBC			VIEW_LIT(ARC_NIST "\x01\x02")
#define OID_AES128_GCM			VIEW_LIT(ARC_NIST "\x01\x06")
#define OID_AES256_CBC			VIEW_LIT(ARC_NIST "\x01\x2a")
#define OID_AES256_GCM			VIEW_LIT(ARC_NIST "\x01\x2e")
#define OID_RSA_OAEP			VIEW_LIT(ARC_PKCS1 "\x07")
#define OID_MGF1			VIEW_LIT(ARC_PKCS1 "\x08")
#define OID_P_SPECIFIED			VIEW_LIT(ARC_PKCS1 "\x09")
#define OID_ECDH_STD_SHA256_KDF		VIEW_LIT("\x2b\x81\x04\x01\x0b\x01")
#define OID_ECDH_STD_SHA384_KDF		VIEW_LIT("\x2b\x81\x04\x01\x0b\x02")

/* public keys and curves */
#define OID_RSA				VIEW_LIT(ARC_PKCS1 "\x01")
#define OID_RSA_PSS			VIEW_LIT(ARC_PKCS1 "\x0a")
#define OID_EC_PUBLIC_KEY		VIEW_LIT("\x2a\x86\x48\xce\x3d\x02\x01")
#define OID_P256			VIEW_LIT("\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_P384			VIEW_LIT("\x2b\x81\x04\x00\x22")
#define OID_P521			VIEW_LIT("\x2b\x81\x04\x00\x23")
#define OID_X25519			VIEW_LIT("\x2b\x65\x6e")
#define OID_ED25519			VIEW_LIT("\x2b\x65\x70")
#define OID_ED448			VIEW_LIT("\x2b\x65\x71")
#define OID_ML_DSA_44			VIEW_LIT(ARC_NIST "\x03\x11")
#define OID_ML_DSA_65			VIEW_LIT(ARC_NIST "\x03\x12")
#define OID_ML_DSA_87			VIEW_LIT(ARC_NIST "\x03\x13")

/* signatures */
#define OID_ECDSA_SHA256		VIEW_LIT("\x2a\x86\x48\xce\x3d\x04\x03\x02")
#define OID_ECDSA_SHA384		VIEW_LIT("\x2a\x86\x48\xce\x3d\x04\x03\x03")
#define OID_ECDSA_SHA512		VIEW_LIT("\x2a\x86\x48\xce\x3d\x04\x03\x04")
#define OID_SHA1_RSA			VIEW_LIT(ARC_PKCS1 "\x05")
#define OID_SHA256_RSA			VIEW_LIT(ARC_PKCS1 "\x0b")
#define OID_SHA384_RSA			VIEW_LIT(ARC_PKCS1 "\x0c")
#define OID_SHA512_RSA			VIEW_LIT(ARC_PKCS1 "\x0d")
#define OID_NO_SIGNATURE		VIEW_LIT(ARC_PKIX "\x06\x02")

/* certificate and CRL extensions */
#define OID_SUBJECT_DIRECTORY_ATTRIBUTES	VIEW_LIT(ARC_CE "\x09")
#define OID_SUBJECT_KEY_ID		VIEW_LIT(ARC_CE "\x0e")
#define OID_KEY_USAGE			VIEW_LIT(ARC_CE "\x0f")
#define OID_PRIVATE_KEY_USAGE_PERIOD	VIEW_LIT(ARC_CE "\x10")
#define OID_SUBJECT_ALT_NAME		VIEW_LIT(ARC_CE "\x11")
#define OID_ISSUER_ALT_NAME		VIEW_LIT(ARC_CE "\x12")
#define OID_BASIC_CONSTRAINTS		VIEW_LIT(ARC_CE "\x13")
#define OID_CRL_NUMBER			VIEW_LIT(ARC_CE "\x14")
#define OID_REASON_CODE			VIEW_LIT(ARC_CE "\x15")
#define OID_INVALIDITY_DATE		VIEW_LIT(ARC_CE "\x18")
#define OID_DELTA_CRL			VIEW_LIT(ARC_CE "\x1b")
#define OID_ISSUING_DIST_POINT		VIEW_LIT(ARC_CE "\x1c")
#define OID_CERTIFICATE_ISSUER		VIEW_LIT(ARC_CE "\x1d")
#define OID_NAME_CONSTRAINTS		VIEW_LIT(ARC_CE "\x1e")
#define OID_CRL_DIST_POINTS		VIEW_LIT(ARC_CE "\x1f")
#define OID_CERT_POLICIES		VIEW_LIT(ARC_CE "\x20")
#define OID_ANY_POLICY			VIEW_LIT(ARC_CE "\x20\x00")
#define OID_POLICY_MAPPINGS		VIEW_LIT(ARC_CE "\x21")
#define OID_AUTHORITY_KEY_ID		VIEW_LIT(ARC_CE "\x23")
#define OID_POLICY_CONSTRAINTS		VIEW_LIT(ARC_CE "\x24")
#define OID_EXT_KEY_USAGE		VIEW_LIT(ARC_CE "\x25")
#define OID_FRESHEST_CRL		VIEW_LIT(ARC_CE "\x2e")
#define OID_INHIBIT_ANY_POLICY		VIEW_LIT(ARC_CE "\x36")
#define OID_NO_REV_AVAIL		VIEW_LIT(ARC_CE "\x38")
#define OID_AUTHORITY_INFO_ACCESS	VIEW_LIT(ARC_PKIX "\x01\x01")
#define OID_SUBJECT_INFO_ACCESS		VIEW_LIT(ARC_PKIX "\x01\x0b")
#define OID_IP_ADDR_BLOCKS		VIEW_LIT(ARC_PKIX "\x01\x07")
#define OID_AD_OCSP			VIEW_LIT(ARC_AD "\x01")
#define OID_AD_CA_ISSUERS		VIEW_LIT(ARC_AD "\x02")
#define OID_AD_CMC			VIEW_LIT(ARC_AD "\x0c")
#define OID_QT_CPS			VIEW_LIT(ARC_PKIX "\x02\x01")
#define OID_OCSP_BASIC			VIEW_LIT(ARC_AD "\x01\x01")
#define OID_OCSP_NONCE			VIEW_LIT(ARC_AD "\x01\x02")
#define OID_OCSP_NOCHECK		VIEW_LIT(ARC_AD "\x01\x05")

/* extended key usages */
#define OID_KP_ANY			VIEW_LIT(ARC_CE "\x25\x00")
#define OID_KP_SERVER_AUTH		VIEW_LIT(ARC_KP "\x01")
#define OID_KP_CLIENT_AUTH		VIEW_LIT(ARC_KP "\x02")
#define OID_KP_CODE_SIGNING		VIEW_LIT(ARC_KP "\x03")
#define OID_KP_EMAIL_PROTECTION		VIEW_LIT(ARC_KP "\x04")
#define OID_KP_IPSEC_END_SYSTEM		VIEW_LIT(ARC_KP "\x05")
#define OID_KP_IPSEC_TUNNEL		VIEW_LIT(ARC_KP "\x06")
#define OID_KP_IPSEC_USER		VIEW_LIT(ARC_KP "\x07")
#define OID_KP_TIME_STAMPING		VIEW_LIT(ARC_KP "\x08")
#define OID_KP_OCSP_SIGNING		VIEW_LIT(ARC_KP "\x09")
#define OID_KP_IPSEC_IKE		VIEW_LIT(ARC_KP "\x11")
#define OID_KP_CMC_CA			VIEW_LIT(ARC_KP "\x1b")
#define OID_KP_CMC_RA			VIEW_LIT(ARC_KP "\x1c")
#define OID_KP_CMC_ARCHIVE		VIEW_LIT(ARC_KP "\x1d")
#define OID_KP_IKE_INTERMEDIATE		VIEW_LIT("\x2b\x06\x01\x05\x05\x08\x02\x02")

/* attributes of names */
#define OID_AT_CN			VIEW_LIT(ARC_AT "\x03")
#define OID_AT_SURNAME			VIEW_LIT(ARC_AT "\x04")
#define OID_AT_SERIAL_NUMBER		VIEW_LIT(ARC_AT "\x05")
#define OID_AT_C			VIEW_LIT(ARC_AT "\x06")
#define OID_AT_L			VIEW_LIT(ARC_AT "\x07")
#define OID_AT_ST			VIEW_LIT(ARC_AT "\x08")
#define OID_AT_STREET			VIEW_LIT(ARC_AT "\x09")
#define OID_AT_O			VIEW_LIT(ARC_AT "\x0a")
#define OID_AT_OU			VIEW_LIT(ARC_AT "\x0b")
#define OID_AT_TITLE			VIEW_LIT(ARC_AT "\x0c")
#define OID_AT_GIVEN_NAME		VIEW_LIT(ARC_AT "\x2a")
#define OID_AT_DC			VIEW_LIT("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19")
#define OID_AT_UID			VIEW_LIT("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01")
#define OID_AT_EMAIL			VIEW_LIT(ARC_PKCS9 "\x01")

/* other names in subjectAltName */
#define OID_ON_UPN			VIEW_LIT("\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03")
#define OID_ON_SMTP_UTF8_MAILBOX	VIEW_LIT(ARC_PKIX "\x08\x09")

/*
 * Dotted text of oid into out, which has room for OID_TEXT_MAX.  Arcs of any
 * size are written in full (2.25 takes 128-bit ones).  Octets that are not an
 * OID come out as "?".  Returns out.
 */
const char *oid_text(struct view oid, char *out);

/* Content octets of dotted text ("1.3.6.1"), appended to out. */
MUST_CHECK bool oid_parse(const char *dotted, struct buf *out, struct fault *f);

/* Well formed: not empty, no padding, last arc complete, at most OID_OCTETS_MAX. */
bool	oid_is_valid(struct view oid);

/* A short name for logs ("sha256", "senderNonce"), or NULL if not known here. */
const char *oid_name(struct view oid);

/* oid_name, or else the dotted text in out (OID_TEXT_MAX). */
const char *oid_show(struct view oid, char *out);

#endif
