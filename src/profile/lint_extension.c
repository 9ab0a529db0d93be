/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key identifiers, policies, constraints, odd extensions, and where
 * revocation is to be looked up.
 */
#include "profile/dns.h"
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

/* Constraints have no place in an end entity and are critical in a CA. */
static bool
constraint_form(const struct lint_input *in, struct view oid)
{
	return lint_has(in, oid) && (!in->cert->is_ca || !lint_is_critical(in, oid));
}

static bool
nc_form(const struct lint_input *in, char *detail)
{
	(void)detail;
	return constraint_form(in, OID_NAME_CONSTRAINTS);
}

static bool
pc_iap_form(const struct lint_input *in, char *detail)
{
	(void)detail;
	return constraint_form(in, OID_POLICY_CONSTRAINTS) ||
	    constraint_form(in, OID_INHIBIT_ANY_POLICY);
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
PRESENCE(sda_present, OID_SUBJECT_DIRECTORY_ATTRIBUTES)
PRESENCE(sia_present, OID_SUBJECT_INFO_ACCESS)
PRESENCE(ipaddrblocks, OID_IP_ADDR_BLOCKS)
PRESENCE(freshest_in_cert, OID_FRESHEST_CRL)

static bool
no_rev_avail(const struct lint_input *in, char *detail)
{
	const struct cert	*c = in->cert;

	if (c->no_rev_avail && (c->is_ca || lint_has(in, OID_CRL_DIST_POINTS) ||
	    lint_has(in, OID_FRESHEST_CRL) || c->ocsp_uri.n > 0))
		lint_say(detail, "beside what it denies");
	return c->no_rev_avail;
}

static bool
no_revocation_pointer(const struct lint_input *in, char *detail)
{
	(void)detail;
	return !lint_is_anchor(in->cert) && !in->cert->ocsp_nocheck &&
	    !lint_has(in, OID_CRL_DIST_POINTS) && in->cert->ocsp_uri.n == 0;
}

static bool
cdp_missing(const struct lint_input *in, char *detail)
{
	(void)detail;
	return !lint_is_anchor(in->cert) && !in->cert->ocsp_nocheck &&
	    !lint_has(in, OID_CRL_DIST_POINTS);
}

/* cert.h gives the first http URI: a CDP without one is all ldap or https. */
static bool
cdp_scheme(const struct lint_input *in, char *detail)
{
	(void)detail;
	return lint_has(in, OID_CRL_DIST_POINTS) && in->cert->cdp_uri.n == 0;
}

/* The host of http://host:port/path; empty when there is none. */
static struct view
uri_host(struct view uri)
{
	const struct view	scheme = VIEW_LIT("http://");
	size_t			n = 0;

	if (uri.n < scheme.n || !ascii_equal_fold(view_of(uri.p, scheme.n), scheme))
		return VIEW_NONE;
	uri.p += scheme.n;
	uri.n -= scheme.n;
	if (uri.n > 0 && uri.p[0] == '[')
		while (n < uri.n && uri.p[n] != ']')
			n++;
	while (n < uri.n && uri.p[n] != ':' && uri.p[n] != '/')
		n++;
	return view_of(uri.p, n);
}

static bool
is_own_host(struct view host)
{
	return ascii_equal_fold(host, VIEW_LIT("localhost")) ||
	    view_equal(host, VIEW_LIT("[::1]")) ||
	    (host.n > 4 && memcmp(host.p, "127.", 4) == 0);
}

static bool
cdp_unresolvable(const struct lint_input *in, char *detail)
{
	struct view	host;

	if (in->cert->cdp_uri.n == 0)
		return false;
	host = uri_host(in->cert->cdp_uri);
	lint_quote(detail, in->cert->cdp_uri);
	return host.n == 0 || is_own_host(host) ||
	    (host.p[0] != '[' && memchr(host.p, '.', host.n) == NULL);
}

static bool
aia_no_ocsp(const struct lint_input *in, char *detail)
{
	(void)detail;
	return !lint_is_anchor(in->cert) && in->cert->ocsp_uri.n == 0;
}

static bool
aia_form(const struct lint_input *in, char *detail)
{
	(void)detail;
	return lint_is_critical(in, OID_AUTHORITY_INFO_ACCESS);
}

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
	{ { "w_ike_policy_mappings_critical", "RFC 4945, 5.1.3.5",
	    "policyMappings not critical", LINT_WARN }, FOR_CA, mappings_critical },
	{ { "w_ike_name_constraints", "RFC 4945, 5.1.3.10", "no nameConstraints",
	    LINT_WARN }, FOR_CA, name_constraints },
	{ { "e_pkix_nc_form", "RFC 5280, 4.2.1.10",
	    "nameConstraints only in a CA, and critical", LINT_ERROR }, FOR_ALL,
	    nc_form },
	{ { "w_ike_policy_constraints", "RFC 4945, 5.1.3.11", "no policyConstraints",
	    LINT_WARN }, FOR_CA, policy_constraints },
	{ { "w_ike_inhibit_any_policy", "RFC 4945, 5.1.3.14", "no inhibitAnyPolicy",
	    LINT_WARN }, FOR_CA, inhibit_any_policy },
	{ { "e_pkix_pc_iap_form", "RFC 5280, 4.2.1.11",
	    "policy constraints only in a CA, and critical", LINT_ERROR }, FOR_ALL,
	    pc_iap_form },
	{ { "i_ike_ian_present", "RFC 4945, 5.1.3.7", "issuerAltName present",
	    LINT_INFO }, FOR_ALL, ian_present },
	{ { "i_ike_sda_present", "RFC 4945, 5.1.3.8",
	    "subjectDirectoryAttributes present", LINT_INFO }, FOR_ALL, sda_present },
	{ { "i_ike_sia_present", "RFC 4945, 5.1.3.17", "subjectInfoAccess present",
	    LINT_INFO }, FOR_ALL, sia_present },
	{ { "i_ike_ipaddrblocks", "RFC 4945, 3.1.4", "address blocks present",
	    LINT_INFO }, FOR_ALL, ipaddrblocks },
	{ { "w_ike_no_rev_avail", "RFC 9608, 2", "no noRevAvail", LINT_WARN }, FOR_EE,
	    no_rev_avail },
	{ { "w_ike_no_revocation_pointer", "RFC 4945, 3.2.3",
	    "a CRL or OCSP pointer", LINT_WARN }, FOR_SIGNED, no_revocation_pointer },
	{ { "w_ike_cdp_missing", "RFC 4945, 5.1.3.13", "cRLDistributionPoints",
	    LINT_WARN }, FOR_SIGNED, cdp_missing },
	{ { "w_ike_cdp_unresolvable", "RFC 4945, 5.1.3.13",
	    "a CRL URL that others can reach", LINT_WARN }, FOR_SIGNED,
	    cdp_unresolvable },
	{ { "w_rec_cdp_scheme", "RFC 5280, 8", "a CRL URL by plain http", LINT_WARN },
	    FOR_SIGNED, cdp_scheme },
	{ { "i_ike_aia_no_ocsp", "RFC 4945, 5.1.3.16", "no OCSP URL", LINT_INFO },
	    FOR_EE, aia_no_ocsp },
	{ { "e_pkix_aia_form", "RFC 5280, 4.2.2.1",
	    "authorityInfoAccess not critical", LINT_ERROR }, FOR_ALL, aia_form },
	{ { "w_ike_freshest_in_cert", "RFC 4945, 5.1.3.15", "no freshestCRL",
	    LINT_WARN }, FOR_ALL, freshest_in_cert },
	{ { NULL, NULL, NULL, LINT_INFO }, 0, NULL },
};
