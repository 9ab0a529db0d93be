/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one product insists on and the others do not mind: rules that run only
 * when the product is named (see spec: what clients and daemons insist on).
 */
#include "profile/constraints.h"
#include "profile/dns.h"
#include "profile/lint_rules.h"

static bool
key_is(const struct lint_input *in, unsigned kinds)
{
	return in->spki_fault.kind == FAULT_NONE && (kinds & FOR(in->spki.kind)) != 0;
}

static bool
windows_key(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%s", spki_kind_name(in->spki.kind));
	return key_is(in, FOR(SPKI_EC_P521) | FOR(SPKI_ED25519) | FOR(SPKI_ED448) |
	    FOR(SPKI_ML_DSA_44) | FOR(SPKI_ML_DSA_65) | FOR(SPKI_ML_DSA_87));
}

static bool
has_dns_text(const struct cert *c, const char *text)
{
	for (size_t i = 0; i < c->san.n; i++)
		if (c->san.list[i].type == GENERAL_NAME_DNS &&
		    ascii_equal_fold(c->san.list[i].value, view_str(text)))
			return true;
	return false;
}

static bool
windows_gw_address(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->cert->san.n; i++) {
		const struct general_name	*g = &in->cert->san.list[i];
		char				 text[LINT_DETAIL_MAX];

		if (g->type != GENERAL_NAME_IP || (g->value.n != 4 && g->value.n != 16))
			continue;
		general_name_text(g, text, sizeof(text));	/* "ip:192.0.2.1" */
		if (has_dns_text(in->cert, text + 3))
			continue;
		lint_say(detail, "%s", text + 3);
		in->spot->at = g->value;
		return true;
	}
	return false;
}

static bool
apple_gw_san(const struct lint_input *in, char *detail)
{
	(void)detail;
	for (size_t i = 0; i < in->cert->san.n; i++)
		if (in->cert->san.list[i].type == GENERAL_NAME_DNS ||
		    in->cert->san.list[i].type == GENERAL_NAME_IP)
			return false;
	return true;
}

static bool
apple_gw_ec(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%s", spki_kind_name(in->spki.kind));
	return !key_is(in, FOR(SPKI_RSA) | FOR(SPKI_RSA_PSS));
}

static bool
android_no_san(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->san.n == 0;
}

static bool
android_user_key(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%s", spki_kind_name(in->spki.kind));
	return !key_is(in, FOR(SPKI_RSA));
}

static bool
cisco_eku(const struct lint_input *in, char *detail)
{
	unsigned	want = in->terms->profile == LINT_RA_GATEWAY ? EKU_SERVER_AUTH :
			    EKU_CLIENT_AUTH;

	lint_say(detail, "no %s", want == EKU_SERVER_AUTH ? "serverAuth" : "clientAuth");
	return (in->cert->eku & want) == 0;
}

static bool
strongswan_no_eku(const struct lint_input *in, char *detail)
{
	eku_text(in->cert->eku, detail, LINT_DETAIL_MAX);
	return in->cert->has_eku;
}

/* 5.9 takes a constraint of addresses for an unknown critical extension. */
static bool
strongswan_nc_address(const struct lint_input *in, char *detail)
{
	struct name_constraints	nc;

	if (!lint_has(in, OID_NAME_CONSTRAINTS) || !constraints_decode(
	    lint_value(&in->cert->extensions, OID_NAME_CONSTRAINTS), &nc, NULL))
		return false;
	for (size_t i = 0; i < nc.n; i++)
		if (nc.list[i].base.type == GENERAL_NAME_IP) {
			general_name_text(&nc.list[i].base, detail, LINT_DETAIL_MAX);
			in->spot->at = nc.list[i].base.value;
			return true;
		}
	return false;
}

static bool
libreswan_key(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%s", spki_kind_name(in->spki.kind));
	return key_is(in, FOR(SPKI_ED25519) | FOR(SPKI_ED448) | FOR(SPKI_ML_DSA_44) |
	    FOR(SPKI_ML_DSA_65) | FOR(SPKI_ML_DSA_87));
}

/* The list of NSS's IPsec profile. */
#define NSS_IPSEC	(EKU_IPSEC_IKE | EKU_ANY | EKU_IPSEC_END_SYSTEM | EKU_IPSEC_TUNNEL | \
			 EKU_IPSEC_USER | EKU_IKE_INTERMEDIATE | EKU_SERVER_AUTH | \
			 EKU_CLIENT_AUTH | EKU_EMAIL_PROTECTION)

static bool
libreswan_eku(const struct lint_input *in, char *detail)
{
	eku_text(in->cert->eku, detail, LINT_DETAIL_MAX);
	return in->cert->has_eku && (in->cert->eku & NSS_IPSEC) == 0;
}

const struct lint_row lint_product_rows[] = {
	{ { "e_interop_windows_key", "strongSwan on Windows", "RSA, P-256 or P-384",
	    LINT_ERROR }, FOR_EE, windows_key },
	{ { "w_interop_windows_gw_address", "strongSwan on Windows",
	    "an address also stands as text in dNSName", LINT_WARN },
	    FOR(LINT_RA_GATEWAY), windows_gw_address },
	{ { "e_interop_apple_gw_san", "strongSwan on iOS and macOS",
	    "the server's name in subjectAltName", LINT_ERROR }, FOR(LINT_RA_GATEWAY),
	    apple_gw_san },
	{ { "w_interop_apple_gw_ec", "strongSwan on iOS and macOS", "an RSA key",
	    LINT_WARN }, FOR(LINT_RA_GATEWAY), apple_gw_ec },
	{ { "e_interop_android_no_san", "Android's IKE library",
	    "an identity in subjectAltName", LINT_ERROR }, FOR_EE, android_no_san },
	{ { "w_interop_android_user_key", "Android's VPN profile", "an RSA user key",
	    LINT_WARN }, FOR(LINT_RA_USER), android_user_key },
	{ { "w_interop_cisco_eku", "Cisco 113692",
	    "serverAuth in gateways, clientAuth in clients", LINT_WARN }, FOR_RA,
	    cisco_eku },
	{ { "w_interop_strongswan_no_eku", "strongSwan ignores EKU",
	    "signers of the PKI not under the IKE CA", LINT_WARN },
	    FOR(LINT_OCSP_SIGNER) | FOR(LINT_CMC_SIGNER), strongswan_no_eku },
	{ { "e_interop_strongswan_nc_address", "strongSwan reads names only",
	    "no addresses in nameConstraints", LINT_ERROR }, FOR_CA, strongswan_nc_address },
	{ { "e_interop_libreswan_key", "NSS has no EdDSA", "RSA or ECDSA",
	    LINT_ERROR }, FOR_EE, libreswan_key },
	{ { "e_interop_libreswan_eku", "NSS's IPsec profile",
	    "a purpose that NSS takes for IPsec", LINT_ERROR }, FOR_EE, libreswan_eku },
	LINT_ROWS_END,
};
