/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key identifiers, policies, constraints, odd extensions.
 */
#include "profile/constraints.h"
#include "profile/lint_rules.h"

static bool
unknown_critical(const struct lint_input *in, char *detail)
{
	char	text[OID_TEXT_MAX];

	if (!in->cert->unknown_critical)
		return false;
	lint_say(detail, "%s", oid_show(in->cert->unknown_critical_oid, text));
	return true;
}

static bool
wrong_criticality(const struct lint_input *in, char *detail)
{
	static const struct view	plain[] = {
		OID_AUTHORITY_INFO_ACCESS, OID_SUBJECT_INFO_ACCESS,
		OID_CRL_DIST_POINTS, OID_ISSUER_ALT_NAME,
		OID_SUBJECT_DIRECTORY_ATTRIBUTES,
	};
	char	text[OID_TEXT_MAX];

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (lint_is_critical(in, plain[i])) {
			lint_say(detail, "%s is critical", oid_show(plain[i], text));
			return true;
		}
	return false;
}

static bool
no_ski(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->ski.n == 0;
}

static bool
no_aki(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->aki.n == 0 && !lint_is_anchor(in->cert);
}

static bool
keyid_critical(const struct lint_input *in, char *detail)
{
	(void)detail;
	return lint_is_critical(in, OID_AUTHORITY_KEY_ID) ||
	    lint_is_critical(in, OID_SUBJECT_KEY_ID);
}

static bool
policies_critical(const struct lint_input *in, char *detail)
{
	(void)detail;
	return lint_is_critical(in, OID_CERT_POLICIES);
}

static bool
mappings_critical(const struct lint_input *in, char *detail)
{
	(void)detail;
	return lint_is_critical(in, OID_POLICY_MAPPINGS);
}

/* RFC 6818, 3: explicitText is not IA5String; we would rather see none at all. */
static bool
policy_qualifiers(const struct lint_input *in, char *detail)
{
	struct der	d, list, info, qualifiers, one;
	struct view	oid;

	der_init(&d, lint_value(&in->cert->extensions, OID_CERT_POLICIES));
	if (!der_open(&d, DER_SEQUENCE, &list, NULL))
		return false;
	while (!der_at_end(&list)) {
		if (!der_open(&list, DER_SEQUENCE, &info, NULL) ||
		    !der_oid(&info, &oid, NULL))
			return false;
		if (der_at_end(&info) || !der_open(&info, DER_SEQUENCE, &qualifiers, NULL))
			continue;
		while (!der_at_end(&qualifiers)) {
			if (!der_open(&qualifiers, DER_SEQUENCE, &one, NULL) ||
			    !der_oid(&one, &oid, NULL))
				return false;
			if (view_equal(oid, OID_QT_CPS))
				continue;
			lint_say(detail, "a user notice");
			in->spot->at = oid;
			return true;
		}
	}
	return false;
}

static bool
policy_mappings_any(const struct lint_input *in, char *detail)
{
	struct der	d, list, pair;
	struct view	from, to;

	if (!lint_has(in, OID_POLICY_MAPPINGS))
		return false;
	lint_say(detail, "not in a CA");
	if (!in->cert->is_ca)
		return true;
	lint_say(detail, "anyPolicy is mapped");
	der_init(&d, lint_value(&in->cert->extensions, OID_POLICY_MAPPINGS));
	if (!der_open(&d, DER_SEQUENCE, &list, NULL))
		return false;
	while (!der_at_end(&list))
		if (!der_open(&list, DER_SEQUENCE, &pair, NULL) ||
		    !der_oid(&pair, &from, NULL) || !der_oid(&pair, &to, NULL))
			return false;
		else if (view_equal(from, OID_ANY_POLICY) || view_equal(to, OID_ANY_POLICY))
			return true;
	return false;
}

/* Constraints have no place in an end entity and are critical in a CA. */
static const char *
constraint_form(const struct lint_input *in, struct view oid)
{
	if (!lint_has(in, oid))
		return NULL;
	if (!in->cert->is_ca)
		return "not in a CA";
	return lint_is_critical(in, oid) ? NULL : "not critical";
}

static const char *
subtree_form(const struct subtree *s)
{
	if (s->bounded)
		return "a minimum or maximum";
	if (s->base.type == GENERAL_NAME_IP && s->base.value.n != 8 && s->base.value.n != 32)
		return "an address range not of 8 or 32 octets";
	return NULL;
}

static bool
nc_form(const struct lint_input *in, char *detail)
{
	const char		*why = constraint_form(in, OID_NAME_CONSTRAINTS);
	struct name_constraints	 nc = { 0 };

	if (!lint_has(in, OID_NAME_CONSTRAINTS))
		return false;
	if (why == NULL && !constraints_decode(lint_value(&in->cert->extensions,
	    OID_NAME_CONSTRAINTS), &nc, NULL))
		why = "not readable";
	else if (why == NULL && nc.n == 0)
		why = "empty";
	for (size_t i = 0; why == NULL && i < nc.n; i++) {
		why = subtree_form(&nc.list[i]);
		in->spot->at = nc.list[i].base.value;
	}
	if (why != NULL)
		lint_say(detail, "%s", why);
	return why != NULL;
}

static bool
nc_excluded_dn(const struct lint_input *in, char *detail)
{
	struct name_constraints	nc;

	if (!lint_has(in, OID_NAME_CONSTRAINTS) || !constraints_decode(
	    lint_value(&in->cert->extensions, OID_NAME_CONSTRAINTS), &nc, NULL))
		return false;
	for (size_t i = 0; i < nc.n; i++)
		if (nc.list[i].excluded && nc.list[i].base.type == GENERAL_NAME_DIRECTORY) {
			general_name_text(&nc.list[i].base, detail, LINT_DETAIL_MAX);
			in->spot->at = nc.list[i].base.value;
			return true;
		}
	return false;
}

/* PolicyConstraints without either of its fields */
static bool
pc_empty(const struct lint_input *in)
{
	return view_equal(lint_value(&in->cert->extensions, OID_POLICY_CONSTRAINTS),
	    VIEW_LIT("\x30\x00"));
}

static bool
pc_iap_form(const struct lint_input *in, char *detail)
{
	const char	*why = constraint_form(in, OID_POLICY_CONSTRAINTS);

	if (why == NULL)
		why = constraint_form(in, OID_INHIBIT_ANY_POLICY);
	if (why == NULL && pc_empty(in))
		why = "empty";
	if (why != NULL)
		lint_say(detail, "%s", why);
	return why != NULL;
}

static bool
sda_present(const struct lint_input *in, char *detail)
{
	in->spot->grave = lint_is_critical(in, OID_SUBJECT_DIRECTORY_ATTRIBUTES);
	lint_say(detail, "%s", in->spot->grave ? "critical" : "");
	return lint_has(in, OID_SUBJECT_DIRECTORY_ATTRIBUTES);
}

/* Rules that are "this extension is there". */
#define PRESENCE(name, oid)						\
static bool								\
name(const struct lint_input *in, char *detail)			\
{									\
	(void)detail;							\
	return lint_has(in, oid);					\
}
PRESENCE(private_key_usage_period, OID_PRIVATE_KEY_USAGE_PERIOD)
PRESENCE(name_constraints, OID_NAME_CONSTRAINTS)
PRESENCE(policy_constraints, OID_POLICY_CONSTRAINTS)
PRESENCE(inhibit_any_policy, OID_INHIBIT_ANY_POLICY)
PRESENCE(ian_present, OID_ISSUER_ALT_NAME)
PRESENCE(sia_present, OID_SUBJECT_INFO_ACCESS)
PRESENCE(ipaddrblocks, OID_IP_ADDR_BLOCKS)

const struct lint_row lint_extension_rows[] = {
	{ { "e_pkix_unknown_critical", "RFC 4945, 5.1.3",
	    "critical extensions are known ones", LINT_ERROR }, FOR_ALL,
	    unknown_critical },
	{ { "w_pkix_wrong_criticality", "RFC 4945, 5.1.3",
	    "extensions PKIX wants non-critical are so", LINT_WARN }, FOR_ALL,
	    wrong_criticality },
	{ { "e_pkix_ca_no_ski", "RFC 5280, 4.2.1.2", "a CA has a subjectKeyIdentifier",
	    LINT_ERROR }, FOR_CA, no_ski },
	{ { "w_pkix_ee_no_ski", "RFC 5280, 4.2.1.2", "subjectKeyIdentifier",
	    LINT_WARN }, FOR_ALL & ~FOR_CA, no_ski },
	{ { "e_pkix_no_aki", "RFC 5280, 4.2.1.1", "authorityKeyIdentifier",
	    LINT_ERROR }, FOR_ALL, no_aki },
	{ { "e_pkix_keyid_critical", "RFC 5280, 4.2.1.1",
	    "key identifiers are not critical", LINT_ERROR }, FOR_ALL, keyid_critical },
	{ { "e_ike_private_key_usage_period", "RFC 4945, 5.1.3.3",
	    "no privateKeyUsagePeriod", LINT_ERROR }, FOR_ALL,
	    private_key_usage_period },
	{ { "w_ike_policies_critical", "RFC 4945, 5.1.3.4",
	    "certificatePolicies not critical", LINT_WARN }, FOR_ALL,
	    policies_critical },
	{ { "w_pkix_policy_qualifiers", "RFC 5280, 4.2.1.4",
	    "policies as OIDs, at most with a CPS URI", LINT_WARN }, FOR_ALL,
	    policy_qualifiers },
	{ { "e_pkix_policy_mappings_any", "RFC 5280, 4.2.1.5",
	    "policyMappings only in a CA, without anyPolicy", LINT_ERROR }, FOR_ALL,
	    policy_mappings_any },
	{ { "w_ike_policy_mappings_critical", "RFC 4945, 5.1.3.5",
	    "policyMappings not critical", LINT_WARN }, FOR_CA, mappings_critical },
	{ { "w_ike_name_constraints", "RFC 4945, 5.1.3.10", "no nameConstraints",
	    LINT_WARN }, FOR_CA, name_constraints },
	{ { "e_pkix_nc_form", "RFC 5280, 4.2.1.10",
	    "nameConstraints only in a CA, critical and of the right form", LINT_ERROR },
	    FOR_ALL, nc_form },
	{ { "w_interop_nc_excluded_dn", "strongSwan 6.0.6",
	    "no excluded directoryName", LINT_WARN }, FOR_CA, nc_excluded_dn },
	{ { "w_ike_policy_constraints", "RFC 4945, 5.1.3.11", "no policyConstraints",
	    LINT_WARN }, FOR_CA, policy_constraints },
	{ { "w_ike_inhibit_any_policy", "RFC 4945, 5.1.3.14", "no inhibitAnyPolicy",
	    LINT_WARN }, FOR_CA, inhibit_any_policy },
	{ { "e_pkix_pc_iap_form", "RFC 5280, 4.2.1.11",
	    "policy constraints only in a CA, critical and not empty", LINT_ERROR }, FOR_ALL,
	    pc_iap_form },
	{ { "i_ike_ian_present", "RFC 4945, 5.1.3.7", "issuerAltName present",
	    LINT_INFO }, FOR_ALL, ian_present },
	{ { "i_ike_sda_present", "RFC 4945, 5.1.3.8",
	    "subjectDirectoryAttributes present", LINT_INFO }, FOR_ALL, sda_present },
	{ { "i_ike_sia_present", "RFC 4945, 5.1.3.17", "subjectInfoAccess present",
	    LINT_INFO }, FOR_ALL, sia_present },
	{ { "i_ike_ipaddrblocks", "RFC 4945, 3.1.4", "address blocks present",
	    LINT_INFO }, FOR_ALL, ipaddrblocks },
	LINT_ROWS_END,
};
