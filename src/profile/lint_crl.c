/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs, and what joins a certificate to its issuer's.
 */
#include "profile/lint_rules.h"

#define CRL_DAYS_MAX		10
#define CRL_IN_IKE_MAX		65536
#define CRL_NUMBER_OCTETS_MAX	20

static bool
has(const struct lint_input *in, struct view oid)
{
	return extensions_find(&in->crl->extensions, oid) != NULL;
}

static bool
is_critical(const struct lint_input *in, struct view oid)
{
	const struct extension	*e = extensions_find(&in->crl->extensions, oid);

	return e != NULL && e->critical;
}

static bool
no_number(const struct lint_input *in, char *detail)
{
	if (!in->crl->has_number)
		lint_say(detail, "absent");
	else if (is_critical(in, OID_CRL_NUMBER))
		lint_say(detail, "critical");
	else if (in->crl->number.n > CRL_NUMBER_OCTETS_MAX)
		lint_say(detail, "%zu octets", in->crl->number.n);
	else
		return false;
	return true;
}

static bool
no_aki(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->crl->aki.n == 0;
}

static bool
no_next_update(const struct lint_input *in, char *detail)
{
	(void)detail;
	return !in->crl->has_next_update || in->crl->next_update <= in->crl->this_update;
}

static bool
validity_long(const struct lint_input *in, char *detail)
{
	int64_t	days = (in->crl->next_update - in->crl->this_update) / 86400;

	lint_say(detail, "%lld days", (long long)days);
	return in->crl->has_next_update && days > CRL_DAYS_MAX;
}

static bool
unknown_critical(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->crl->unknown_critical;
}

static bool
hash_weak(const struct lint_input *in, char *detail)
{
	char	text[OID_TEXT_MAX];

	lint_say(detail, "%s", oid_show(in->crl->sigalg.oid, text));
	return lint_signature_is_weak(&in->crl->sigalg);
}

static bool
params(const struct lint_input *in, char *detail)
{
	const char	*why = lint_signature_params(&in->crl->sigalg);

	if (why != NULL)
		lint_say(detail, "parameters are %s", why);
	return why != NULL;
}

/* Every entry once; the first that breaks a rule. */
static bool
entry_ext(const struct lint_input *in, char *detail)
{
	struct der		d;
	struct crl_revoked	e;
	struct fault		f = { 0 };

	der_init(&d, in->crl->entries);
	while (!der_at_end(&d)) {
		if (!crl_next(&d, &e, &f)) {
			lint_say(detail, "%s", f.text);
			return true;
		}
		if (e.unknown_critical) {
			lint_say(detail, "an unknown critical entry extension");
			return true;
		}
		if (e.reason == CRL_REMOVE_FROM_CRL && !in->crl->is_delta) {
			lint_say(detail, "removeFromCRL outside a delta");
			return true;
		}
	}
	return false;
}

static bool
delta(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->crl->is_delta;
}

static bool
delta_not_critical(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->crl->is_delta && !is_critical(in, OID_DELTA_CRL);
}

static bool
freshest(const struct lint_input *in, char *detail)
{
	(void)detail;
	return has(in, OID_FRESHEST_CRL);
}

/* Content of the IDP's SEQUENCE: empty when the value is 30 00. */
static bool
idp_form(const struct lint_input *in, char *detail)
{
	const struct extension	*e = extensions_find(&in->crl->extensions,
				    OID_ISSUING_DIST_POINT);

	if (e == NULL)
		return false;
	lint_say(detail, e->critical ? "empty" : "not critical");
	return !e->critical || e->value.n <= 2;
}

/* onlyContains...[1] [2] [5], onlySomeReasons [3], indirectCRL [4] */
static bool
partitioned(const struct lint_input *in, char *detail)
{
	const struct extension	*e = extensions_find(&in->crl->extensions,
				    OID_ISSUING_DIST_POINT);
	struct der		 d, seq;
	struct view		 tlv;

	if (e == NULL)
		return false;
	der_init(&d, e->value);
	if (!der_open(&d, DER_SEQUENCE, &seq, NULL))
		return false;
	while (!der_at_end(&seq)) {
		uint8_t	tag = der_peek(&seq);

		if (tag != DER_CONTEXT_C(0)) {
			lint_say(detail, "field [%d]", tag & 0x1f);
			return true;
		}
		if (!der_get_any(&seq, &tlv, NULL))
			return false;
	}
	return false;
}

static bool
ian(const struct lint_input *in, char *detail)
{
	(void)detail;
	return has(in, OID_ISSUER_ALT_NAME);
}

static bool
over_64k(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%zu octets", in->crl->der.n);
	return in->crl->der.n > CRL_IN_IKE_MAX;
}

const struct lint_row lint_crl_rows[] = {
	{ { "e_ike_crl_no_number", "RFC 4945, 5.2.2.3",
	    "cRLNumber present, not critical, up to 20 octets", LINT_ERROR }, FOR_ALL,
	    no_number },
	{ { "e_pkix_crl_no_aki", "RFC 5280, 5.2.1", "authorityKeyIdentifier",
	    LINT_ERROR }, FOR_ALL, no_aki },
	{ { "e_pkix_crl_no_next_update", "RFC 5280, 5.1.2.5",
	    "nextUpdate present and later than thisUpdate", LINT_ERROR }, FOR_ALL,
	    no_next_update },
	{ { "w_rec_crl_validity_long", "recommendation",
	    "nextUpdate within 10 days", LINT_WARN }, FOR_ALL, validity_long },
	{ { "e_pkix_crl_unknown_critical", "RFC 5280, 5.2",
	    "critical extensions are known ones", LINT_ERROR }, FOR_ALL,
	    unknown_critical },
	{ { "e_ike_crl_sig_hash_weak", "RFC 8247, 3.2", "signed with SHA-256 or better",
	    LINT_ERROR }, FOR_ALL, hash_weak },
	{ { "e_pkix_crl_sigalg_params", "RFC 4055, RFC 5758, RFC 8410",
	    "signature parameters as the algorithm demands", LINT_ERROR }, FOR_ALL,
	    params },
	{ { "e_pkix_crl_entry_ext", "RFC 5280, 5.3", "entries well formed",
	    LINT_ERROR }, FOR_ALL, entry_ext },
	{ { "w_ike_crl_delta", "RFC 4945, 5.2.2.4.2", "a full CRL", LINT_WARN }, FOR_ALL,
	    delta },
	{ { "e_pkix_crl_delta_critical", "RFC 5280, 5.2.4",
	    "deltaCRLIndicator critical", LINT_ERROR }, FOR_ALL, delta_not_critical },
	{ { "w_ike_crl_freshest", "RFC 4945, 5.2.2.6", "no freshestCRL", LINT_WARN },
	    FOR_ALL, freshest },
	{ { "e_pkix_idp_form", "RFC 5280, 5.2.5",
	    "issuingDistributionPoint critical and not empty", LINT_ERROR }, FOR_ALL,
	    idp_form },
	{ { "w_interop_crl_partitioned", "strongSwan ignores the partition",
	    "one complete CRL for each CA key", LINT_WARN }, FOR_ALL, partitioned },
	{ { "i_ike_crl_ian", "RFC 4945, 5.2.2.2", "issuerAltName present", LINT_INFO },
	    FOR_ALL, ian },
	{ { "i_ike_crl_over_64k", "RFC 4945, 3.2.3", "too large to travel in IKE",
	    LINT_INFO }, FOR_ALL, over_64k },
	{ { NULL, NULL, NULL, LINT_INFO }, 0, NULL },
};

static bool
issuer_subject_bytes(const struct lint_input *in, char *detail)
{
	(void)detail;
	return !view_equal(in->cert->issuer, in->issuer->subject);
}

static bool
aki_ski_mismatch(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->aki.n > 0 && in->issuer->ski.n > 0 &&
	    !view_equal(in->cert->aki, in->issuer->ski);
}

static bool
beyond_issuer(const struct lint_input *in, char *detail)
{
	lint_say(detail, "by %lld seconds",
	    (long long)(in->cert->not_after - in->issuer->not_after));
	return in->cert->not_after > in->issuer->not_after;
}

static bool
issuer_is_no_ca(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->issuer->version == 3 && !in->issuer->is_ca;
}

static bool
path_length_exceeded(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->is_ca && in->issuer->has_path_length &&
	    in->issuer->path_length == 0 && !cert_is_self_issued(in->cert);
}

static bool
cmc_ca_name(const struct lint_input *in, char *detail)
{
	(void)detail;
	return (in->cert->eku & EKU_CMC_CA) != 0 &&
	    !view_equal(in->cert->subject, in->issuer->subject);
}

const struct lint_row lint_issuer_rows[] = {
	{ { "e_pkix_issuer_subject_bytes", "RFC 4945, 3.2.7.1",
	    "issuer octets equal to the CA's subject", LINT_ERROR }, FOR_ALL,
	    issuer_subject_bytes },
	{ { "e_pkix_aki_ski_mismatch", "RFC 5280, 4.2.1.1",
	    "authorityKeyIdentifier is the CA's subjectKeyIdentifier", LINT_ERROR },
	    FOR_ALL, aki_ski_mismatch },
	{ { "w_rec_validity_beyond_issuer", "recommendation",
	    "ends before its issuer", LINT_WARN }, FOR_ALL, beyond_issuer },
	{ { "e_pkix_issuer_no_ca", "RFC 5280, 6.1.4", "the issuer is a CA", LINT_ERROR },
	    FOR_ALL, issuer_is_no_ca },
	{ { "e_pkix_path_length_exceeded", "RFC 5280, 6.1.4",
	    "no CA below a pathLenConstraint of 0", LINT_ERROR }, FOR_ALL,
	    path_length_exceeded },
	{ { "w_pkix_cmc_ca_name", "RFC 10002, 8",
	    "a CMC signer of the CA bears its name", LINT_WARN }, FOR_ALL,
	    cmc_ca_name },
	{ { NULL, NULL, NULL, LINT_INFO }, 0, NULL },
};
