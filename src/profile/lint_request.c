/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, octets that do not decode, and the rules that are run by name.
 */
#include "codec/cert_ext.h"
#include "codec/name.h"
#include "profile/lint_rules.h"

/* The request's fields stand in a certificate that never was. */
size_t
lint_request(struct view subject, struct view spki, const struct extensions *extensions,
    struct view der, const struct lint_terms *terms, const struct lint_report *report)
{
	struct lint_terms	t = *terms;
	struct cert		c = { .der = der, .version = 3, .subject = subject,
				    .spki = spki };
	struct fault		f = { 0 };

	t.request = true;
	if (subject.n == 0)
		c.subject = NAME_EMPTY;
	if (extensions != NULL)
		c.extensions = *extensions;
	if (!cert_read_extensions(&c, &f))
		return lint_undecoded(der, &f, report);
	return lint_certificate(&c, &t, report);
}

/* What the decoder says, and the rule that has a name for it: the first that fits. */
static const struct {
	const char	*text, *and;
	const char	*rule;
} meanings[] = {
	{ "two signature algorithms", "differ", "e_pkix_sigalg_mismatch" },
	{ "extension ", "stands twice", "e_pkix_dup_extension" },
	{ "extended key usage is empty", "", "e_pkix_eku_empty" },
	{ "key usage is empty", "", "e_pkix_ku_empty" },
	{ "basic constraints say FALSE", "", "w_rec_ee_bc_form" },
	{ "subjectAltName: ", "list of general names is empty", "e_pkix_san_empty" },
	{ "subjectAltName: ", "name of type 2 is not IA5", "e_pkix_san_dns_syntax" },
	{ "subjectAltName: ", "name of type 1 is not IA5", "e_pkix_san_email_nonascii" },
	{ "Time is not ", "", "e_pkix_validity_encoding" },
	{ "extensions in a certificate of version", "", "e_ike_version_not_v3" },
	{ "a list of revoked certificates is empty", "", "e_pkix_crl_unsorted_empty" },
	{ "a serial number of ", "", "e_pkix_serial_invalid" },
	{ "a CRL number is ", "", "e_ike_crl_no_number" },
};

/* A CRL of version 1 has no version: its algorithm comes first. */
static bool
is_crl_v1(struct view der)
{
	struct der	d;

	der_init(&d, der);
	return der_open(&d, DER_SEQUENCE, &d, NULL) && der_open(&d, DER_SEQUENCE, &d, NULL) &&
	    der_peek(&d) == DER_SEQUENCE;
}

size_t
lint_undecoded(struct view der, const struct fault *why, const struct lint_report *report)
{
	const char	*rule = is_crl_v1(der) ? "e_pkix_crl_not_v2" : NULL;

	for (size_t i = 0; rule == NULL && i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strstr(why->text, meanings[i].text) != NULL &&
		    strstr(why->text, meanings[i].and) != NULL)
			rule = meanings[i].rule;
	if (rule == NULL)
		return lint_by_name("e_pkix_der_not_canonical", why->text, LINT_NO_OFFSET,
		    report);
	if (rule[0] == 'w')	/* a warning alone would pass what nobody can read */
		return lint_by_name(rule, why->text, LINT_NO_OFFSET, report) +
		    lint_by_name("e_pkix_der_not_canonical", why->text, LINT_NO_OFFSET, report);
	return lint_by_name(rule, why->text, LINT_NO_OFFSET, report);
}

const struct lint_row lint_other_rows[] = {
	{ { "e_pkix_der_not_canonical", "RFC 5280, 4.1", "DER that decodes", LINT_ERROR },
	    0, NULL },
	{ { "e_pkix_sigalg_mismatch", "RFC 5280, 4.1.1.2",
	    "the same algorithm inside and outside", LINT_ERROR }, 0, NULL },
	{ { "e_pkix_dup_extension", "RFC 5280, 4.2", "no extension twice", LINT_ERROR },
	    0, NULL },
	{ { "e_pkix_crl_not_v2", "RFC 5280, 5.1.2.1", "a CRL of version 2", LINT_ERROR },
	    0, NULL },
	{ { "w_ike_ca_name_reuse", "RFC 4945, 5.1.3.1",
	    "no two keys under one CA name", LINT_WARN }, 0, NULL },
	{ { "w_rec_key_reuse", "recommendation", "a key of its own for each holder",
	    LINT_WARN }, 0, NULL },
	{ { "w_ike_san_case_only_dup", "RFC 4945, 3.1.3",
	    "no two holders' mailboxes that differ in case only", LINT_WARN }, 0, NULL },
	{ { "e_pkix_crl_number_order", "RFC 5280, 5.2.3",
	    "later CRLs have larger numbers", LINT_ERROR }, 0, NULL },
	{ { "e_ike_pem_label", "RFC 4945, 6", "a label that fits what is inside",
	    LINT_ERROR }, 0, NULL },
	{ { "w_ike_pem_line_length", "RFC 4945, 6", "lines below 76 characters",
	    LINT_WARN }, 0, NULL },
	{ { "w_interop_pem_chain_file", "strongSwan's FAQ", "one certificate per file",
	    LINT_WARN }, 0, NULL },
	LINT_ROWS_END,
};
