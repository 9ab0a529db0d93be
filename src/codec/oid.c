/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "codec/oid.h"

/* A big number for one arc: 64 octets of 7 bits need 15 words. */
#define ARC_WORDS	16

bool
oid_is_valid(struct view oid)
{
	size_t	i;
	bool	first = true;

	if (oid.n == 0 || oid.n > OID_OCTETS_MAX || (oid.p[oid.n - 1] & 0x80))
		return false;
	for (i = 0; i < oid.n; i++) {
		if (first && oid.p[i] == 0x80)
			return false;
		first = !(oid.p[i] & 0x80);
	}
	return true;
}

/* words = words * factor + add; false when it does not fit. */
static bool
big_mul_add(uint32_t words[ARC_WORDS], uint32_t factor, uint32_t add)
{
	uint64_t	carry = add;
	size_t		i;

	for (i = 0; i < ARC_WORDS; i++) {
		carry += (uint64_t)words[i] * factor;
		words[i] = (uint32_t)carry;
		carry >>= 32;
	}
	return carry == 0;
}

/* words = words / divisor; returns the remainder. */
static uint32_t
big_div(uint32_t words[ARC_WORDS], uint32_t divisor, bool *zero)
{
	uint64_t	rest = 0;
	size_t		i;

	*zero = true;
	for (i = ARC_WORDS; i-- > 0;) {
		rest = rest << 32 | words[i];
		words[i] = (uint32_t)(rest / divisor);
		rest %= divisor;
		if (words[i] != 0)
			*zero = false;
	}
	return (uint32_t)rest;
}

/* Decimal digits at the end of text; returns where they begin. */
static char *
big_text(uint32_t words[ARC_WORDS], char *end)
{
	bool	zero;

	*--end = '\0';
	do
		*--end = (char)('0' + big_div(words, 10, &zero));
	while (!zero);
	return end;
}

const char *
oid_text(struct view oid, char *out)
{
	uint32_t	words[ARC_WORDS] = { 0 };
	char		digits[160], *arc;
	size_t		used = 0, i;
	bool		first = true;

	snprintf(out, OID_TEXT_MAX, "?");
	if (!oid_is_valid(oid))
		return out;
	for (i = 0; i < oid.n; i++) {
		if (!big_mul_add(words, 128, oid.p[i] & 0x7f))
			return out;
		if (oid.p[i] & 0x80)
			continue;
		if (first) {
			uint32_t	root = words[1] == 0 && oid.p[0] < 80 ?
			    oid.p[0] / 40 : 2;

			if (root < 2)
				words[0] -= root * 40;
			else if (words[0] >= 80)
				words[0] -= 80;
			else {		/* borrow, for arcs beyond 32 bits */
				size_t	k = 1;

				while (words[k] == 0)
					words[k++] = UINT32_MAX;
				words[k]--;
				words[0] -= 80;
			}
			used += (size_t)snprintf(out, OID_TEXT_MAX, "%u", root);
			first = false;
		}
		arc = big_text(words, digits + sizeof(digits));
		used += (size_t)snprintf(out + used, OID_TEXT_MAX - used, ".%s", arc);
		memset(words, 0, sizeof(words));
		if (used >= OID_TEXT_MAX) {
			snprintf(out, OID_TEXT_MAX, "?");
			return out;
		}
	}
	return out;
}

/* One decimal arc; *s moves to what follows it. */
static bool
read_arc(const char **s, uint32_t words[ARC_WORDS])
{
	const char	*p = *s;

	memset(words, 0, ARC_WORDS * sizeof(words[0]));
	if (*p < '0' || *p > '9' || (p[0] == '0' && p[1] >= '0' && p[1] <= '9'))
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (!big_mul_add(words, 10, (uint32_t)(*p - '0')))
			return false;
	*s = p;
	return true;
}

static bool
put_arc(uint32_t words[ARC_WORDS], uint8_t *out, size_t *n)
{
	uint8_t	septets[OID_OCTETS_MAX + 16];
	size_t	k = 0;
	bool	zero;

	do {
		septets[k++] = (uint8_t)big_div(words, 128, &zero);
	} while (!zero && k < sizeof(septets));
	if (*n + k > OID_OCTETS_MAX)
		return false;
	while (k-- > 0)
		out[(*n)++] = (uint8_t)(septets[k] | (k > 0 ? 0x80 : 0));
	return true;
}

static bool
parse_dotted(const char *s, uint8_t *out, size_t *n)
{
	uint32_t	words[ARC_WORDS], root;

	*n = 0;
	if (s[0] < '0' || s[0] > '2' || s[1] != '.')
		return false;
	root = (uint32_t)(s[0] - '0');
	s += 2;
	if (!read_arc(&s, words))
		return false;
	if (root < 2 && words[0] >= 40)
		return false;
	if (!big_mul_add(words, 1, root * 40) || !put_arc(words, out, n))
		return false;
	while (*s == '.') {
		s++;
		if (!read_arc(&s, words) || !put_arc(words, out, n))
			return false;
	}
	return *s == '\0';
}

bool
oid_parse(const char *dotted, struct buf *out, struct fault *f)
{
	uint8_t	octets[OID_OCTETS_MAX];
	size_t	n;

	if (!parse_dotted(dotted, octets, &n))
		return fault_set(f, FAULT_USAGE, "",
		    "\"%s\" is not a dotted object identifier", dotted);
	buf_add(out, octets, n);
	return buf_check(out, "object identifier", f);
}

static const struct {
	struct view	 oid;
	const char	*name;
} names[] = {
	{ OID_CMC_STATUS_INFO, "statusInfo" },
	{ OID_CMC_IDENTIFICATION, "identification" },
	{ OID_CMC_IDENTITY_PROOF, "identityProof" },
	{ OID_CMC_DATA_RETURN, "dataReturn" },
	{ OID_CMC_TRANSACTION_ID, "transactionId" },
	{ OID_CMC_SENDER_NONCE, "senderNonce" },
	{ OID_CMC_RECIPIENT_NONCE, "recipientNonce" },
	{ OID_CMC_ADD_EXTENSIONS, "addExtensions" },
	{ OID_CMC_ENCRYPTED_POP, "encryptedPOP" },
	{ OID_CMC_DECRYPTED_POP, "decryptedPOP" },
	{ OID_CMC_LRA_POP_WITNESS, "lraPOPWitness" },
	{ OID_CMC_GET_CERT, "getCert" },
	{ OID_CMC_GET_CRL, "getCRL" },
	{ OID_CMC_REVOKE_REQUEST, "revokeRequest" },
	{ OID_CMC_REG_INFO, "regInfo" },
	{ OID_CMC_RESPONSE_INFO, "responseInfo" },
	{ OID_CMC_QUERY_PENDING, "queryPending" },
	{ OID_CMC_POP_LINK_RANDOM, "popLinkRandom" },
	{ OID_CMC_POP_LINK_WITNESS, "popLinkWitness" },
	{ OID_CMC_CONFIRM_CERT_ACCEPTANCE, "confirmCertAcceptance" },
	{ OID_CMC_STATUS_INFO_V2, "statusInfoV2" },
	{ OID_CMC_TRUSTED_ANCHORS, "trustedAnchors" },
	{ OID_CMC_AUTH_DATA, "authData" },
	{ OID_CMC_BATCH_REQUESTS, "batchRequests" },
	{ OID_CMC_BATCH_RESPONSES, "batchResponses" },
	{ OID_CMC_PUBLISH_CERT, "publishCert" },
	{ OID_CMC_MOD_CERT_TEMPLATE, "modCertTemplate" },
	{ OID_CMC_CONTROL_PROCESSED, "controlProcessed" },
	{ OID_CMC_POP_LINK_WITNESS_V2, "popLinkWitnessV2" },
	{ OID_CMC_IDENTITY_PROOF_V2, "identityProofV2" },
	{ OID_CMC_RA_IDENTITY_WITNESS, "raIdentityWitness" },
	{ OID_CMC_CHANGE_SUBJECT_NAME, "changeSubjectName" },
	{ OID_CMC_RESPONSE_BODY, "responseBody" },
	{ OID_CVP_AUTHZ_REQUEST, "authzRequest" },
	{ OID_CVP_AUTHZ_RESPONSE, "authzResponse" },
	{ OID_CVP_AUTHZ_ACK, "authzAck" },
	{ OID_CVP_AUTHZ_CANCEL, "authzCancel" },
	{ OID_CVP_AUTHZ_CANCEL_RESULT, "authzCancelResult" },
	{ OID_CVP_AUTHZ_CANCEL_ACK, "authzCancelAck" },
	{ OID_CVP_AUTHZ_QUERY, "authzQuery" },
	{ OID_CVP_AUTHZ_INFO, "authzInfo" },
	{ OID_CVP_AUTHZ_BIND, "authzBind" },
	{ OID_CVP_AUTHZ_USE, "authzUse" },
	{ OID_CVP_KEY_GEN_REQUEST, "keyGenRequest" },
	{ OID_CVP_KEY_GEN_RESPONSE, "keyGenResponse" },
	{ OID_CVP_EVENT_QUERY, "eventQuery" },
	{ OID_CVP_EVENT_REPORT, "eventReport" },
	{ OID_CVP_TEMPLATE_QUERY, "templateQuery" },
	{ OID_CVP_TEMPLATE_INFO, "templateInfo" },
	{ OID_CVP_RENEWAL_HINT, "renewalHint" },
	{ OID_CVP_AUTHZ_SECRETS, "authzSecrets" },
	{ OID_CVP_FAILURE, "cvpFailure" },
	{ OID_CT_PKI_DATA, "PKIData" },
	{ OID_CT_PKI_RESPONSE, "PKIResponse" },
	{ OID_CT_DATA, "data" },
	{ OID_CT_SIGNED_DATA, "signedData" },
	{ OID_CT_ENVELOPED_DATA, "envelopedData" },
	{ OID_CT_AUTH_DATA, "authData" },
	{ OID_CT_AUTH_ENVELOPED_DATA, "authEnvelopedData" },
	{ OID_CONTENT_TYPE, "contentType" },
	{ OID_MESSAGE_DIGEST, "messageDigest" },
	{ OID_SIGNING_TIME, "signingTime" },
	{ OID_CHALLENGE_PASSWORD, "challengePassword" },
	{ OID_EXTENSION_REQUEST, "extensionRequest" },
	{ OID_SIGNING_CERTIFICATE, "signingCertificate" },
	{ OID_CMC_UNSIGNED_DATA, "cmcUnsignedData" },
	{ OID_SIGNING_CERTIFICATE_V2, "signingCertificateV2" },
	{ OID_CMS_ALGORITHM_PROTECTION, "cmsAlgorithmProtection" },
	{ OID_SMIME_CAPABILITIES, "smimeCapabilities" },
	{ OID_CRMF_REG_TOKEN, "regToken" },
	{ OID_CRMF_AUTHENTICATOR, "authenticator" },
	{ OID_CRMF_PUBLICATION_INFO, "pkiPublicationInfo" },
	{ OID_CRMF_ARCHIVE_OPTIONS, "pkiArchiveOptions" },
	{ OID_CRMF_OLD_CERT_ID, "oldCertID" },
	{ OID_CRMF_PROTOCOL_ENCR_KEY, "protocolEncrKey" },
	{ OID_SHA1, "sha1" },
	{ OID_SHA256, "sha256" },
	{ OID_SHA384, "sha384" },
	{ OID_SHA512, "sha512" },
	{ OID_HMAC_SHA1, "hmacWithSHA1" },
	{ OID_HMAC_SHA1_PKIX, "hmac-sha1" },
	{ OID_HMAC_SHA256, "hmacWithSHA256" },
	{ OID_HMAC_SHA384, "hmacWithSHA384" },
	{ OID_HMAC_SHA512, "hmacWithSHA512" },
	{ OID_PBKDF2, "pbkdf2" },
	{ OID_PWRI_KEK, "pwri-kek" },
	{ OID_AES128_WRAP, "aes128-wrap" },
	{ OID_AES256_WRAP, "aes256-wrap" },
	{ OID_AES128_CBC, "aes128-cbc" },
	{ OID_AES128_GCM, "aes128-gcm" },
	{ OID_AES256_CBC, "aes256-cbc" },
	{ OID_AES256_GCM, "aes256-gcm" },
	{ OID_RSA_OAEP, "rsaes-oaep" },
	{ OID_MGF1, "mgf1" },
	{ OID_P_SPECIFIED, "pSpecified" },
	{ OID_ECDH_STD_SHA256_KDF, "dhSinglePass-stdDH-sha256kdf" },
	{ OID_ECDH_STD_SHA384_KDF, "dhSinglePass-stdDH-sha384kdf" },
	{ OID_RSA, "rsaEncryption" },
	{ OID_RSA_PSS, "rsassa-pss" },
	{ OID_EC_PUBLIC_KEY, "ecPublicKey" },
	{ OID_P256, "secp256r1" },
	{ OID_P384, "secp384r1" },
	{ OID_P521, "secp521r1" },
	{ OID_X25519, "x25519" },
	{ OID_ED25519, "ed25519" },
	{ OID_ED448, "ed448" },
	{ OID_ML_DSA_44, "ml-dsa-44" },
	{ OID_ML_DSA_65, "ml-dsa-65" },
	{ OID_ML_DSA_87, "ml-dsa-87" },
	{ OID_ECDSA_SHA256, "ecdsa-with-SHA256" },
	{ OID_ECDSA_SHA384, "ecdsa-with-SHA384" },
	{ OID_ECDSA_SHA512, "ecdsa-with-SHA512" },
	{ OID_SHA1_RSA, "sha1WithRSAEncryption" },
	{ OID_SHA256_RSA, "sha256WithRSAEncryption" },
	{ OID_SHA384_RSA, "sha384WithRSAEncryption" },
	{ OID_SHA512_RSA, "sha512WithRSAEncryption" },
	{ OID_NO_SIGNATURE, "noSignature" },
	{ OID_SUBJECT_DIRECTORY_ATTRIBUTES, "subjectDirectoryAttributes" },
	{ OID_SUBJECT_KEY_ID, "subjectKeyIdentifier" },
	{ OID_KEY_USAGE, "keyUsage" },
	{ OID_PRIVATE_KEY_USAGE_PERIOD, "privateKeyUsagePeriod" },
	{ OID_SUBJECT_ALT_NAME, "subjectAltName" },
	{ OID_ISSUER_ALT_NAME, "issuerAltName" },
	{ OID_BASIC_CONSTRAINTS, "basicConstraints" },
	{ OID_CRL_NUMBER, "cRLNumber" },
	{ OID_REASON_CODE, "reasonCode" },
	{ OID_INVALIDITY_DATE, "invalidityDate" },
	{ OID_DELTA_CRL, "deltaCRLIndicator" },
	{ OID_ISSUING_DIST_POINT, "issuingDistributionPoint" },
	{ OID_CERTIFICATE_ISSUER, "certificateIssuer" },
	{ OID_NAME_CONSTRAINTS, "nameConstraints" },
	{ OID_CRL_DIST_POINTS, "cRLDistributionPoints" },
	{ OID_CERT_POLICIES, "certificatePolicies" },
	{ OID_ANY_POLICY, "anyPolicy" },
	{ OID_POLICY_MAPPINGS, "policyMappings" },
	{ OID_AUTHORITY_KEY_ID, "authorityKeyIdentifier" },
	{ OID_POLICY_CONSTRAINTS, "policyConstraints" },
	{ OID_EXT_KEY_USAGE, "extKeyUsage" },
	{ OID_FRESHEST_CRL, "freshestCRL" },
	{ OID_INHIBIT_ANY_POLICY, "inhibitAnyPolicy" },
	{ OID_NO_REV_AVAIL, "noRevAvail" },
	{ OID_AUTHORITY_INFO_ACCESS, "authorityInfoAccess" },
	{ OID_SUBJECT_INFO_ACCESS, "subjectInfoAccess" },
	{ OID_IP_ADDR_BLOCKS, "ipAddrBlocks" },
	{ OID_AD_OCSP, "ocsp" },
	{ OID_AD_CA_ISSUERS, "caIssuers" },
	{ OID_AD_CMC, "ad-cmc" },
	{ OID_OCSP_BASIC, "ocspBasic" },
	{ OID_OCSP_NONCE, "ocspNonce" },
	{ OID_OCSP_NOCHECK, "ocspNoCheck" },
	{ OID_KP_ANY, "anyExtendedKeyUsage" },
	{ OID_KP_SERVER_AUTH, "serverAuth" },
	{ OID_KP_CLIENT_AUTH, "clientAuth" },
	{ OID_KP_CODE_SIGNING, "codeSigning" },
	{ OID_KP_EMAIL_PROTECTION, "emailProtection" },
	{ OID_KP_IPSEC_END_SYSTEM, "ipsecEndSystem" },
	{ OID_KP_IPSEC_TUNNEL, "ipsecTunnel" },
	{ OID_KP_IPSEC_USER, "ipsecUser" },
	{ OID_KP_TIME_STAMPING, "timeStamping" },
	{ OID_KP_OCSP_SIGNING, "OCSPSigning" },
	{ OID_KP_IPSEC_IKE, "ipsecIKE" },
	{ OID_KP_CMC_CA, "cmcCA" },
	{ OID_KP_CMC_RA, "cmcRA" },
	{ OID_KP_CMC_ARCHIVE, "cmcArchive" },
	{ OID_KP_IKE_INTERMEDIATE, "ikeIntermediate" },
	{ OID_AT_CN, "CN" },
	{ OID_AT_SURNAME, "SN" },
	{ OID_AT_SERIAL_NUMBER, "serialNumber" },
	{ OID_AT_C, "C" },
	{ OID_AT_L, "L" },
	{ OID_AT_ST, "ST" },
	{ OID_AT_STREET, "STREET" },
	{ OID_AT_O, "O" },
	{ OID_AT_OU, "OU" },
	{ OID_AT_TITLE, "title" },
	{ OID_AT_GIVEN_NAME, "givenName" },
	{ OID_AT_DC, "DC" },
	{ OID_AT_UID, "UID" },
	{ OID_AT_EMAIL, "emailAddress" },
	{ OID_ON_UPN, "userPrincipalName" },
	{ OID_ON_SMTP_UTF8_MAILBOX, "smtpUTF8Mailbox" },
};

const char *
oid_name(struct view oid)
{
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (view_equal(names[i].oid, oid))
			return names[i].name;
	return NULL;
}

const char *
oid_show(struct view oid, char *out)
{
	const char	*name = oid_name(oid);

	return name != NULL ? name : oid_text(oid, out);
}
