/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What joins a certificate or CRL to its issuer's, and to the CAs above.
 */
#include "base/text.h"
#include "codec/idp.h"
#include "profile/constraints.h"
#include "profile/lint_rules.h"

/*
 * What signature does not hold?  A key or algorithm that is not ours to judge
 * is no finding: other rules are about those.
 */
static bool
is_forged(struct view spki, struct view sigalg, struct view tbs, struct view signature)
{
	struct fault	 f = { 0 };
	struct pubkey	*key = pubkey_from_spki(spki, &f);
	bool		 forged = key != NULL && !pubkey_verify(key, sigalg, tbs, signature, &f) &&
			    f.kind == FAULT_SIGNATURE;

	pubkey_free(key);
	return forged;
}

static bool
signature_invalid(const struct lint_input *in, char *detail)
{
	const struct cert	*c = in->cert;

	(void)detail;
	return is_forged(in->issuer->spki, c->sigalg.tlv, c->tbs, c->signature);
}

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

/* Purposes nest in NSS and Windows. */
static bool
ca_eku_narrow(const struct lint_input *in, char *detail)
{
	unsigned	lost = in->cert->eku & ~in->issuer->eku;

	if (!in->issuer->has_eku || (in->issuer->eku & EKU_ANY) != 0)
		return false;
	eku_text(lost, detail, LINT_DETAIL_MAX);
	return lost != 0;
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
	{ { "e_pkix_signature_invalid", "RFC 5280, 6.1.3",
	    "the issuer's key made the signature", LINT_ERROR }, FOR_ALL,
	    signature_invalid },
	{ { "w_rec_validity_beyond_issuer", "recommendation",
	    "ends before its issuer", LINT_WARN }, FOR_ALL, beyond_issuer },
	{ { "e_pkix_issuer_no_ca", "RFC 5280, 6.1.4", "the issuer is a CA", LINT_ERROR },
	    FOR_ALL, issuer_is_no_ca },
	{ { "w_rec_ca_eku_narrow", "recommendation",
	    "the issuer's extendedKeyUsage, if any, includes every purpose", LINT_WARN },
	    FOR_ALL, ca_eku_narrow },
	{ { "w_pkix_cmc_ca_name", "RFC 10002, 8",
	    "a CMC signer of the CA bears its name", LINT_WARN }, FOR_ALL,
	    cmc_ca_name },
	LINT_ROWS_END,
};

/* CAs between a pathLenConstraint and its end: those that are not self-issued. */
static bool
path_length_exceeded(const struct lint_input *in, char *detail)
{
	unsigned	below = in->cert->is_ca && !cert_is_self_issued(in->cert);

	for (size_t i = 0; i < in->nabove; i++) {
		const struct cert	*ca = in->above[i];

		if (ca->has_path_length && below > ca->path_length) {
			lint_say(detail, "pathLenConstraint %u above %u CAs", ca->path_length,
			    below);
			return true;
		}
		below += !cert_is_self_issued(ca);
	}
	return false;
}

static bool
nc_violation(const struct lint_input *in, char *detail)
{
	struct name_constraints	nc;
	struct fault		f = { 0 };

	for (size_t i = 0; i < in->nabove; i++) {
		struct view	v = lint_value(&in->above[i]->extensions, OID_NAME_CONSTRAINTS);

		if (v.n > 0 && constraints_decode(v, &nc, NULL) &&
		    !constraints_allow(&nc, in->cert, &f)) {
			lint_say(detail, "%s", f.text);
			return true;
		}
	}
	return false;
}

const struct lint_row lint_chain_rows[] = {
	{ { "e_pkix_path_length_exceeded", "RFC 5280, 6.1.4",
	    "no more CAs below a pathLenConstraint than it says", LINT_ERROR }, FOR_ALL,
	    path_length_exceeded },
	{ { "e_pkix_nc_violation", "RFC 5280, 4.2.1.10",
	    "names inside the nameConstraints above", LINT_ERROR }, FOR_ALL,
	    nc_violation },
	LINT_ROWS_END,
};

static bool
crl_issuer_rights(const struct lint_input *in, char *detail)
{
	if (in->issuer->has_key_usage && (in->issuer->key_usage & KU_CRL_SIGN) == 0)
		lint_say(detail, "the issuer has no cRLSign");
	else if (!view_equal(in->crl->issuer, in->issuer->subject))
		lint_say(detail, "other octets than the issuer's subject");
	else
		return false;
	return true;
}

static bool
crl_signature_invalid(const struct lint_input *in, char *detail)
{
	const struct crl	*c = in->crl;

	(void)detail;
	return is_forged(in->issuer->spki, c->sigalg.tlv, c->tbs, c->signature);
}

const struct lint_row lint_crl_issuer_rows[] = {
	{ { "e_pkix_crl_issuer_rights", "RFC 5280, 6.3.3",
	    "the CRL's issuer has cRLSign and this very name", LINT_ERROR }, FOR_ALL,
	    crl_issuer_rights },
	{ { "e_pkix_crl_signature_invalid", "RFC 5280, 6.3.3",
	    "the issuer's key made the signature", LINT_ERROR }, FOR_ALL,
	    crl_signature_invalid },
	LINT_ROWS_END,
};

/* in->issuer is the certificate that the CRL should cover. */
static bool
crl_idp_cdp_mismatch(const struct lint_input *in, char *detail)
{
	const char	*why;
	struct idp	 p;
	char		 serial[2 * CERT_SERIAL_OCTETS_MAX + 1];
	struct view	 s = serial_magnitude(in->issuer->serial);

	if (!in->crl->has_issuing_dist_point ||
	    !idp_decode(in->crl->issuing_dist_point, &p, NULL) ||
	    p.only_attribute || (p.only_user && in->issuer->is_ca) ||
	    (p.only_ca && !in->issuer->is_ca) || (why = idp_excludes(&p, in->issuer)) == NULL)
		return false;
	hex_encode(s, serial);
	lint_say(detail, "certificate %s: %s", serial, why);
	return true;
}

const struct lint_row lint_crl_cover_rows[] = {
	{ { "e_ike_crl_idp_cdp_mismatch", "RFC 4945, 5.2.2.5",
	    "issuingDistributionPoint is a distribution point of the certificates",
	    LINT_ERROR }, FOR_ALL, crl_idp_cdp_mismatch },
	LINT_ROWS_END,
};
