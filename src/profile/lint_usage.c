/* SPDX-License-Identifier: Apache-2.0 */
/*
 * basicConstraints, keyUsage, extendedKeyUsage, and the PKI's own signers.
 */
#include "profile/lint_rules.h"

#define EKU_OBSOLETE	(EKU_IPSEC_END_SYSTEM | EKU_IPSEC_TUNNEL | EKU_IPSEC_USER)
#define EKU_ROLES	(EKU_OCSP_SIGNING | EKU_CMC_CA | EKU_CMC_RA | \
			 EKU_TIME_STAMPING | EKU_CODE_SIGNING)
#define NOCHECK_DAYS	120	/* short enough to go without revocation */

static void
say_purposes(const struct lint_input *in, char *detail)
{
	eku_text(in->cert->eku, detail, LINT_DETAIL_MAX);
}

static void
say_usage(const struct lint_input *in, char *detail)
{
	key_usage_text(in->cert->key_usage, detail, LINT_DETAIL_MAX);
}

static bool
ca_no_bc(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->version == 3 && !in->cert->has_basic_constraints;
}

static bool
ca_bc_not_critical(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->has_basic_constraints &&
	    !lint_is_critical(in, OID_BASIC_CONSTRAINTS);
}

static bool
ca_flag(const struct lint_input *in, char *detail)
{
	bool	signs = (in->cert->key_usage & KU_KEY_CERT_SIGN) != 0;

	lint_say(detail, signs ? "keyCertSign without cA" : "cA without keyCertSign");
	return signs != in->cert->is_ca && (signs || in->cert->has_key_usage);
}

static bool
ee_is_ca(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->is_ca;
}

static bool
pathlen_without_ca(const struct lint_input *in, char *detail)
{
	const struct cert	*c = in->cert;

	lint_say(detail, "pathLenConstraint %u", c->path_length);
	return c->has_path_length && (!c->is_ca ||
	    (c->has_key_usage && (c->key_usage & KU_KEY_CERT_SIGN) == 0));
}

static bool
issuing_ca_pathlen(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->is_ca && !in->cert->has_path_length;
}

static bool
ee_bc_form(const struct lint_input *in, char *detail)
{
	(void)detail;
	return !in->cert->has_basic_constraints;
}

static bool
ku_no_sig(const struct lint_input *in, char *detail)
{
	say_usage(in, detail);
	return in->cert->has_key_usage &&
	    (in->cert->key_usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0;
}

static bool
ku_absent(const struct lint_input *in, char *detail)
{
	(void)detail;
	return !in->cert->has_key_usage;
}

static bool
ku_nonrep_only(const struct lint_input *in, char *detail)
{
	say_usage(in, detail);
	return (in->cert->key_usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) ==
	    KU_NON_REPUDIATION;
}

static bool
ku_empty(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->has_key_usage && in->cert->key_usage == 0;
}

static bool
ku_not_critical(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->has_key_usage && !lint_is_critical(in, OID_KEY_USAGE);
}

static bool
ku_ca_missing(const struct lint_input *in, char *detail)
{
	(void)detail;
	return (in->cert->key_usage & KU_KEY_CERT_SIGN) == 0;
}

/* Bits that a key of this kind cannot honour. */
static unsigned
impossible_bits(enum spki_kind kind)
{
	const unsigned	encipher = KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT;

	switch (kind) {
	case SPKI_EC_P256:
	case SPKI_EC_P384:
	case SPKI_EC_P521:
		return encipher;
	case SPKI_ED25519:
	case SPKI_ED448:
	case SPKI_ML_DSA_44:
	case SPKI_ML_DSA_65:
	case SPKI_ML_DSA_87:
		return encipher | KU_KEY_AGREEMENT;
	case SPKI_RSA:
	case SPKI_RSA_PSS:
		return KU_KEY_AGREEMENT;
	case SPKI_OTHER:
		break;
	}
	return 0;
}

static bool
ku_alg_conflict(const struct lint_input *in, char *detail)
{
	unsigned	bad;

	if (in->spki_fault.kind != FAULT_NONE)
		return false;
	bad = in->cert->key_usage & impossible_bits(in->spki.kind);
	key_usage_text(bad, detail, LINT_DETAIL_MAX);
	return bad != 0;
}

static bool
ku_extra_bits(const struct lint_input *in, char *detail)
{
	say_usage(in, detail);
	return (in->cert->key_usage & ~(unsigned)(KU_DIGITAL_SIGNATURE |
	    KU_NON_REPUDIATION)) != 0;
}

static bool
eku_present(const struct lint_input *in, char *detail)
{
	say_purposes(in, detail);
	return in->cert->has_eku;
}

static bool
eku_no_ipsec(const struct lint_input *in, char *detail)
{
	say_purposes(in, detail);
	return in->cert->has_eku && (in->cert->eku & (EKU_IPSEC_IKE | EKU_ANY)) == 0;
}

static bool
eku_obsolete(const struct lint_input *in, char *detail)
{
	eku_text(in->cert->eku & EKU_OBSOLETE, detail, LINT_DETAIL_MAX);
	return (in->cert->eku & EKU_OBSOLETE) != 0;
}

static bool
eku_critical(const struct lint_input *in, char *detail)
{
	(void)detail;
	return lint_is_critical(in, OID_EXT_KEY_USAGE);
}

static bool
eku_any(const struct lint_input *in, char *detail)
{
	(void)detail;
	return (in->cert->eku & EKU_ANY) != 0;
}

static bool
eku_ipsec_only(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->eku == EKU_IPSEC_IKE;
}

static bool
eku_ike_intermediate(const struct lint_input *in, char *detail)
{
	(void)detail;
	return (in->cert->eku & EKU_IKE_INTERMEDIATE) != 0;
}

static bool
gw_no_serverauth(const struct lint_input *in, char *detail)
{
	say_purposes(in, detail);
	return (in->cert->eku & EKU_SERVER_AUTH) == 0;
}

static bool
client_no_clientauth(const struct lint_input *in, char *detail)
{
	say_purposes(in, detail);
	return in->cert->has_eku && (in->cert->eku & EKU_CLIENT_AUTH) == 0;
}

static bool
eku_empty(const struct lint_input *in, char *detail)
{
	const struct cert	*c = in->cert;

	if (c->has_eku && c->eku_count == 0)
		return true;
	for (size_t i = 1; i < c->eku_count; i++)
		for (size_t k = 0; k < i; k++)
			if (view_equal(c->eku_oids[i], c->eku_oids[k])) {
				lint_say(detail, "a purpose stands twice");
				return true;
			}
	return false;
}

static bool
ca_eku(const struct lint_input *in, char *detail)
{
	say_purposes(in, detail);
	return in->cert->has_eku && (in->cert->eku & (EKU_IPSEC_IKE | EKU_ANY)) == 0;
}

static bool
eku_role_mix(const struct lint_input *in, char *detail)
{
	say_purposes(in, detail);
	return (in->cert->eku & EKU_ROLES) != 0 &&
	    (in->cert->eku & (EKU_IPSEC_IKE | EKU_OBSOLETE | EKU_IKE_INTERMEDIATE)) != 0;
}

static bool
ocsp_signer_eku(const struct lint_input *in, char *detail)
{
	say_purposes(in, detail);
	return (in->cert->eku & EKU_OCSP_SIGNING) == 0;
}

static bool
ocsp_nocheck(const struct lint_input *in, char *detail)
{
	const struct cert	*c = in->cert;
	int64_t			 days = (c->not_after - c->not_before) / 86400;

	lint_say(detail, "%lld days", (long long)days);
	if (c->ocsp_nocheck)
		return days > NOCHECK_DAYS;
	return c->cdp_uri.n == 0;
}

static bool
cmc_signer(const struct lint_input *in, char *detail)
{
	const struct cert	*c = in->cert;

	if (c->is_ca)
		lint_say(detail, "a CA certificate");
	else if ((c->eku & (EKU_CMC_RA | EKU_CMC_CA)) == 0)
		lint_say(detail, "neither cmcRA nor cmcCA");
	else if ((c->key_usage & KU_DIGITAL_SIGNATURE) == 0)
		lint_say(detail, "no digitalSignature");
	else if ((c->eku & (EKU_IPSEC_IKE | EKU_ANY)) != 0)
		lint_say(detail, "also an IKE identity");
	else
		return false;
	return true;
}

const struct lint_row lint_usage_rows[] = {
	{ { "e_ike_ca_no_bc", "RFC 4945, 5.1.3.9", "a CA has basicConstraints",
	    LINT_ERROR }, FOR_CA, ca_no_bc },
	{ { "e_pkix_ca_bc_not_critical", "RFC 5280, 4.2.1.9",
	    "a CA's basicConstraints are critical", LINT_ERROR }, FOR_CA,
	    ca_bc_not_critical },
	{ { "e_pkix_ca_flag", "RFC 5280, 4.2.1.3", "cA and keyCertSign go together",
	    LINT_ERROR }, FOR_ALL, ca_flag },
	{ { "e_rec_ee_is_ca", "recommendation", "an IKE end entity is no CA",
	    LINT_ERROR }, FOR_EE, ee_is_ca },
	{ { "e_pkix_pathlen_without_ca", "RFC 5280, 4.2.1.9",
	    "pathLenConstraint only in a CA that signs certificates", LINT_ERROR },
	    FOR_ALL, pathlen_without_ca },
	{ { "w_rec_issuing_ca_pathlen", "recommendation",
	    "an issuing CA has a pathLenConstraint", LINT_WARN }, FOR(LINT_ISSUING_CA),
	    issuing_ca_pathlen },
	{ { "w_rec_ee_bc_form", "recommendation",
	    "basicConstraints present and empty", LINT_WARN }, FOR_EE, ee_bc_form },
	{ { "e_ike_ku_no_sig", "RFC 4945, 5.1.3.2",
	    "keyUsage has digitalSignature or nonRepudiation", LINT_ERROR }, FOR_EE,
	    ku_no_sig },
	{ { "i_ike_ku_absent", "RFC 4945, 5.1.3.2", "no keyUsage", LINT_INFO }, FOR_EE,
	    ku_absent },
	{ { "i_ike_ku_nonrep_only", "RFC 4945, 5.1.3.2",
	    "nonRepudiation alone, which TLS stacks refuse", LINT_INFO }, FOR_EE,
	    ku_nonrep_only },
	{ { "e_pkix_ku_empty", "RFC 5280, 4.2.1.3", "at least one keyUsage bit",
	    LINT_ERROR }, FOR_ALL, ku_empty },
	{ { "w_pkix_ku_not_critical", "RFC 5280, 4.2.1.3", "keyUsage critical",
	    LINT_WARN }, FOR_ALL, ku_not_critical },
	{ { "e_pkix_ku_ca_missing", "RFC 5280, 4.2.1.3", "a CA has keyCertSign",
	    LINT_ERROR }, FOR_CA, ku_ca_missing },
	{ { "e_pkix_ku_alg_conflict", "RFC 8813, RFC 9295",
	    "keyUsage bits the key can honour", LINT_ERROR }, FOR_ALL,
	    ku_alg_conflict },
	{ { "w_rec_ku_extra_bits", "recommendation", "digitalSignature only",
	    LINT_WARN }, FOR_EE, ku_extra_bits },
	{ { "w_ike_eku_present", "RFC 4945, 5.1.3.12", "no extendedKeyUsage",
	    LINT_WARN }, FOR_EE, eku_present },
	{ { "e_ike_eku_no_ipsec", "RFC 4945, 5.1.3.12",
	    "extendedKeyUsage, if any, lists ipsecIKE", LINT_ERROR }, FOR_EE,
	    eku_no_ipsec },
	{ { "w_ike_eku_obsolete", "RFC 4945, 5.1.3.12",
	    "none of ipsecEndSystem, ipsecTunnel, ipsecUser", LINT_WARN },
	    FOR_EE | FOR_CA, eku_obsolete },
	{ { "w_ike_eku_critical", "RFC 4945, 5.1.3.12",
	    "extendedKeyUsage not critical", LINT_WARN }, FOR_EE, eku_critical },
	{ { "w_rec_eku_any", "RFC 5280, 4.2.1.12", "no anyExtendedKeyUsage", LINT_WARN },
	    FOR_EE, eku_any },
	{ { "i_ike_eku_ipsec_only", "RFC 4945, 5.1.3.12",
	    "ipsecIKE alone: Windows and Apple want more", LINT_INFO }, FOR_EE,
	    eku_ipsec_only },
	{ { "i_interop_eku_ike_intermediate", "RRAS practice",
	    "the purpose from before the standard", LINT_INFO }, FOR_NATIVE,
	    eku_ike_intermediate },
	{ { "e_interop_gw_no_serverauth", "Windows, Apple",
	    "a remote-access gateway has serverAuth", LINT_ERROR },
	    FOR(LINT_RA_GATEWAY), gw_no_serverauth },
	{ { "e_interop_client_no_clientauth", "Windows",
	    "a client's extendedKeyUsage, if any, has clientAuth", LINT_ERROR },
	    FOR(LINT_RA_USER) | FOR(LINT_RA_MACHINE), client_no_clientauth },
	{ { "e_pkix_eku_empty", "RFC 5280, 4.2.1.12",
	    "at least one purpose, none twice", LINT_ERROR }, FOR_ALL, eku_empty },
	{ { "w_rec_ca_eku", "recommendation",
	    "a CA's extendedKeyUsage, if any, includes ipsecIKE", LINT_WARN }, FOR_CA,
	    ca_eku },
	{ { "e_rec_eku_role_mix", "recommendation",
	    "roles of the PKI not together with IKE", LINT_ERROR }, FOR_ALL,
	    eku_role_mix },
	{ { "e_pkix_ocsp_signer_eku", "RFC 6960, 4.2.2.2", "OCSPSigning", LINT_ERROR },
	    FOR(LINT_OCSP_SIGNER), ocsp_signer_eku },
	{ { "w_rec_ocsp_nocheck", "RFC 6960, 4.2.2.2.1",
	    "ocsp-nocheck and a short life, or a CRL", LINT_WARN },
	    FOR(LINT_OCSP_SIGNER), ocsp_nocheck },
	{ { "e_rec_cmc_ra_signer", "RFC 10002, 8",
	    "a CMC signer has its purpose and digitalSignature and is no CA",
	    LINT_ERROR }, FOR(LINT_CMC_SIGNER), cmc_signer },
	LINT_ROWS_END,
};
