/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/lint.h"

#include <stdio.h>

#include "profile/lint_rules.h"

static const char *const profile_names[LINT_PROFILES] = {
	[LINT_STRICT] = "strict",
	[LINT_S2S_GATEWAY] = "s2s-gateway",
	[LINT_RA_GATEWAY] = "ra-gateway",
	[LINT_RA_USER] = "ra-user",
	[LINT_RA_MACHINE] = "ra-machine",
	[LINT_ROOT_CA] = "root-ca",
	[LINT_ISSUING_CA] = "issuing-ca",
	[LINT_OCSP_SIGNER] = "ocsp-signer",
	[LINT_CMC_SIGNER] = "cmc-signer",
};

static const struct lint_row *const tables[] = {
	lint_frame_rows, lint_name_rows, lint_usage_rows, lint_extension_rows,
	lint_pointer_rows, lint_product_rows,
	lint_issuer_rows, lint_chain_rows, lint_crl_rows, lint_crl_issuer_rows,
	lint_crl_cover_rows, lint_other_rows,
};
#define TABLES		(sizeof(tables) / sizeof(tables[0]))
#define CERT_TABLES	6	/* the first ones look at one certificate alone */

static const struct {
	const char	*name;
	unsigned	 bit;
} products[] = {
	{ "windows", LINT_WINDOWS }, { "apple", LINT_APPLE },
	{ "android", LINT_ANDROID }, { "strongswan", LINT_STRONGSWAN },
	{ "libreswan", LINT_LIBRESWAN }, { "cisco", LINT_CISCO },
};
#define PRODUCTS	(sizeof(products) / sizeof(products[0]))

const char *
lint_severity_name(enum lint_severity s)
{
	return s == LINT_ERROR ? "error" : s == LINT_WARN ? "warning" : "notice";
}

static unsigned
product_bit(struct view word)
{
	for (size_t i = 0; i < PRODUCTS; i++)
		if (view_equal(word, view_str(products[i].name)))
			return products[i].bit;
	return 0;
}

const char *
lint_product_name(unsigned product)
{
	for (size_t i = 0; i < PRODUCTS; i++)
		if (products[i].bit == product)
			return products[i].name;
	return "unknown";
}

bool
lint_products_find(struct view list, unsigned *out, struct view *bad)
{
	*out = 0;
	for (size_t at = 0; at <= list.n;) {
		size_t		n = 0;
		unsigned	bit;

		while (at + n < list.n && list.p[at + n] != ',')
			n++;
		*bad = view_of(list.p + at, n);
		if ((bit = product_bit(*bad)) == 0)
			return false;
		*out |= bit;
		at += n + 1;
	}
	return true;
}

const char *
lint_profile_name(enum lint_profile p)
{
	return (unsigned)p < LINT_PROFILES ? profile_names[p] : "unknown";
}

bool
lint_profile_find(const char *name, enum lint_profile *out)
{
	for (unsigned i = 0; i < LINT_PROFILES; i++)
		if (strcmp(name, profile_names[i]) == 0) {
			*out = (enum lint_profile)i;
			return true;
		}
	return false;
}

enum lint_profile
lint_profile_guess(const struct cert *c)
{
	if (c->is_ca)
		return cert_is_self_issued(c) ? LINT_ROOT_CA : LINT_ISSUING_CA;
	if ((c->eku & EKU_OCSP_SIGNING) != 0)
		return LINT_OCSP_SIGNER;
	if ((c->eku & (EKU_CMC_CA | EKU_CMC_RA)) != 0)
		return LINT_CMC_SIGNER;
	return LINT_STRICT;
}

void
lint_say(char *detail, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(detail, LINT_DETAIL_MAX, fmt, ap);
	va_end(ap);
}

void
lint_quote(const struct lint_input *in, char *detail, struct view text)
{
	size_t	n = 0;

	for (size_t i = 0; i < text.n && n + 8 < LINT_DETAIL_MAX; i++) {
		if (text.p[i] >= 0x20 && text.p[i] < 0x7f)
			detail[n++] = (char)text.p[i];
		else
			n += (size_t)snprintf(detail + n, 5, "\\x%02X", text.p[i]);
	}
	detail[n] = '\0';
	in->spot->at = text;
}

struct view
lint_value(const struct extensions *e, struct view oid)
{
	const struct extension	*x = extensions_find(e, oid);

	return x == NULL ? VIEW_NONE : x->value;
}

bool
lint_has(const struct lint_input *in, struct view oid)
{
	return extensions_find(&in->cert->extensions, oid) != NULL;
}

bool
lint_is_critical(const struct lint_input *in, struct view oid)
{
	const struct extension	*e = extensions_find(&in->cert->extensions, oid);

	return e != NULL && e->critical;
}

/*
 * The CMC responder bears its issuer's name too; the key identifier tells it
 * from an anchor.
 */
bool
lint_is_anchor(const struct cert *c)
{
	return cert_is_self_issued(c) && (c->aki.n == 0 || view_equal(c->aki, c->ski));
}

/* The attributes of a name that decoded before; stops at what is odd. */
static void
take_apart(struct view name, struct lint_input *in)
{
	struct der	names, set, pair;
	struct view	tlv, content;
	unsigned	relative = 0;

	der_init(&names, name);
	if (!der_open(&names, DER_SEQUENCE, &names, NULL))
		return;
	for (; !der_at_end(&names); relative++) {
		if (!der_open(&names, DER_SET, &set, NULL))
			return;
		while (!der_at_end(&set) && in->nsubject < LINT_ATTRIBUTES) {
			struct lint_attribute	*a = &in->subject[in->nsubject];

			if (!der_open(&set, DER_SEQUENCE, &pair, NULL) ||
			    !der_oid(&pair, &a->oid, NULL))
				return;
			a->tag = der_peek(&pair);
			if (!der_get_any(&pair, &tlv, NULL))
				return;
			der_init(&pair, tlv);
			if (!der_get(&pair, a->tag, &content, NULL))
				return;
			a->value = content;
			a->relative = relative;
			in->nsubject++;
		}
	}
}

/* --- where a finding is ------------------------------------------------------- */

static struct view
frame_field(const struct cert *c, const char *field)
{
	if (strcmp(field, "serialNumber") == 0)
		return c->serial;
	if (strcmp(field, "signature") == 0)
		return c->signature;
	if (strcmp(field, "signatureAlgorithm") == 0)
		return c->sigalg.tlv;
	if (strcmp(field, "issuer") == 0)
		return c->issuer;
	if (strcmp(field, "validity") == 0)	/* it follows the issuer */
		return view_of(c->issuer.p == NULL ? NULL : c->issuer.p + c->issuer.n, 1);
	if (strcmp(field, "subject") == 0)
		return c->subject;
	if (strcmp(field, "subjectPublicKeyInfo") == 0)
		return c->spki;
	return strcmp(field, "version") == 0 ? c->tbs : VIEW_NONE;
}

static struct view
crl_field(const struct crl *c, const char *field)
{
	if (strcmp(field, "signature") == 0)
		return c->signature;
	if (strcmp(field, "signatureAlgorithm") == 0)
		return c->sigalg.tlv;
	if (strcmp(field, "issuer") == 0)
		return c->issuer;
	if (strcmp(field, "thisUpdate, nextUpdate") == 0)
		return view_of(c->issuer.p == NULL ? NULL : c->issuer.p + c->issuer.n, 1);
	return strcmp(field, "revokedCertificates") == 0 ? c->entries : VIEW_NONE;
}

/* Fields that are extensions. */
static const struct {
	const char	*field;
	struct view	 oid;
} extension_fields[] = {
	{ "subjectAltName", OID_SUBJECT_ALT_NAME },
	{ "basicConstraints", OID_BASIC_CONSTRAINTS },
	{ "keyUsage", OID_KEY_USAGE }, { "extendedKeyUsage", OID_EXT_KEY_USAGE },
	{ "subjectKeyIdentifier", OID_SUBJECT_KEY_ID },
	{ "authorityKeyIdentifier", OID_AUTHORITY_KEY_ID },
	{ "privateKeyUsagePeriod", OID_PRIVATE_KEY_USAGE_PERIOD },
	{ "certificatePolicies", OID_CERT_POLICIES },
	{ "policyMappings", OID_POLICY_MAPPINGS },
	{ "nameConstraints", OID_NAME_CONSTRAINTS },
	{ "policyConstraints", OID_POLICY_CONSTRAINTS },
	{ "inhibitAnyPolicy", OID_INHIBIT_ANY_POLICY },
	{ "issuerAltName", OID_ISSUER_ALT_NAME },
	{ "subjectDirectoryAttributes", OID_SUBJECT_DIRECTORY_ATTRIBUTES },
	{ "subjectInfoAccess", OID_SUBJECT_INFO_ACCESS },
	{ "authorityInfoAccess", OID_AUTHORITY_INFO_ACCESS },
	{ "ipAddrBlocks", OID_IP_ADDR_BLOCKS }, { "noRevAvail", OID_NO_REV_AVAIL },
	{ "cRLDistributionPoints", OID_CRL_DIST_POINTS },
	{ "freshestCRL", OID_FRESHEST_CRL }, { "ocspNoCheck", OID_OCSP_NOCHECK },
	{ "cRLNumber", OID_CRL_NUMBER }, { "deltaCRLIndicator", OID_DELTA_CRL },
	{ "issuingDistributionPoint", OID_ISSUING_DIST_POINT },
};
#define EXTENSION_FIELDS	(sizeof(extension_fields) / sizeof(extension_fields[0]))

static struct view
field_oid(const char *field)
{
	for (size_t i = 0; i < EXTENSION_FIELDS; i++)
		if (strcmp(field, extension_fields[i].field) == 0)
			return extension_fields[i].oid;
	return VIEW_NONE;
}

static struct view
field_at(const struct lint_input *in, const char *field)
{
	struct view	oid = field_oid(field);

	if (in->cert == NULL && in->crl == NULL)
		return VIEW_NONE;
	if (oid.n > 0)
		return lint_value(in->cert != NULL ? &in->cert->extensions :
		    &in->crl->extensions, oid);
	return in->cert != NULL ? frame_field(in->cert, field) : crl_field(in->crl, field);
}

static long
offset_of(const struct lint_input *in, const char *field)
{
	struct view	at = in->spot->at.n > 0 ? in->spot->at : field_at(in, field);
	struct view	der = in->cert != NULL ? in->cert->der :
			    in->crl != NULL ? in->crl->der : VIEW_NONE;
	uintptr_t	from = (uintptr_t)der.p, here = (uintptr_t)at.p;

	if (at.p == NULL || here < from || here >= from + der.n)
		return LINT_NO_OFFSET;
	return (long)(here - from);
}

/* --- running ------------------------------------------------------------------- */

/* RFC 4945, 5.1.3.12 in remote access: the platforms demand an EKU. */
static enum lint_severity
severity_in(const struct lint_row *r, const struct lint_input *in)
{
	if (in->spot->grave)
		return LINT_ERROR;
	if (strcmp(r->rule.name, "w_ike_eku_present") == 0 &&
	    (FOR(in->terms->profile) & FOR_RA) != 0)
		return LINT_INFO;
	return r->rule.severity;
}

static bool
is_interop(const struct lint_row *r)
{
	return strncmp(r->rule.name + 2, "interop_", 8) == 0;
}

/* Rules about products run by profile, or for the products that were named. */
static bool
applies(const struct lint_row *r, const struct lint_input *in)
{
	unsigned	asked = in->terms->products, of, profiles = r->profiles;

	if (is_interop(r)) {
		of = lint_advice(r->rule.name)->products;
		if (asked == 0 ? (of & LINT_ASKED) != 0 : (of & asked) == 0)
			return false;
		if (asked != 0 && (profiles & FOR_NATIVE) == FOR_NATIVE)
			profiles |= FOR(LINT_STRICT);
	}
	return (profiles & FOR(in->terms->profile)) != 0;
}

/* A request need not ask for what the CA puts in by itself. */
static bool
is_asked(const struct lint_row *r, const struct lint_input *in)
{
	const char	*field = lint_advice(r->rule.name)->field;
	struct view	 oid = field_oid(field);

	if (oid.n > 0)
		return lint_has(in, oid);
	return strcmp(field, "subject") == 0 || strcmp(field, "subjectPublicKeyInfo") == 0 ||
	    strcmp(field, "extensions") == 0;
}

static size_t
tell(const struct lint_row *r, const struct lint_input *in, const char *detail,
    const struct lint_report *report)
{
	const struct lint_advice	*advice = lint_advice(r->rule.name);
	struct lint_finding		 finding = { &r->rule, advice, severity_in(r, in),
					    detail, offset_of(in, advice->field) };

	report->found(report->ctx, &finding);
	return finding.severity == LINT_ERROR;
}

static size_t
run_table(const struct lint_row *rows, struct lint_input *in,
    const struct lint_report *report)
{
	static const struct lint_terms	any = { 0 };
	size_t				errors = 0;

	if (in->terms == NULL)
		in->terms = &any;
	for (; rows->rule.name != NULL; rows++) {
		char			detail[LINT_DETAIL_MAX] = "";
		struct lint_spot	spot = { 0 };

		in->spot = &spot;
		if (applies(rows, in) && (!in->terms->request || is_asked(rows, in)) &&
		    rows->fires(in, detail))
			errors += tell(rows, in, detail, report);
	}
	return errors;
}

size_t
lint_certificate(const struct cert *cert, const struct lint_terms *terms,
    const struct lint_report *report)
{
	struct lint_input	in = { .cert = cert, .terms = terms,
		.intended = terms->intended };
	size_t			errors = 0;

	if (!spki_decode(cert->spki, &in.spki, &in.spki_fault) &&
	    in.spki_fault.kind == FAULT_NONE)
		in.spki_fault.kind = FAULT_MALFORMED;
	take_apart(cert->subject, &in);
	for (size_t i = 0; i < CERT_TABLES; i++)
		errors += run_table(tables[i], &in, report);
	return errors;
}

size_t
lint_issuer(const struct cert *cert, const struct cert *issuer,
    const struct lint_report *report)
{
	struct lint_input	in = { .cert = cert, .issuer = issuer };

	return run_table(lint_issuer_rows, &in, report);
}

size_t
lint_chain(const struct cert *cert, const struct cert *const *above, size_t n,
    const struct lint_report *report)
{
	struct lint_input	in = { .cert = cert, .above = above, .nabove = n };

	return run_table(lint_chain_rows, &in, report);
}

size_t
lint_crl(const struct crl *crl, const struct lint_report *report)
{
	struct lint_input	in = { .crl = crl };

	return run_table(lint_crl_rows, &in, report);
}

size_t
lint_crl_issuer(const struct crl *crl, const struct cert *issuer,
    const struct lint_report *report)
{
	struct lint_input	in = { .crl = crl, .issuer = issuer };

	return run_table(lint_crl_issuer_rows, &in, report);
}

size_t
lint_crl_cover(const struct crl *crl, const struct cert *cert,
    const struct lint_report *report)
{
	struct lint_input	in = { .crl = crl, .issuer = cert };

	return run_table(lint_crl_cover_rows, &in, report);
}

size_t
lint_by_name(const char *name, const char *detail, long offset,
    const struct lint_report *report)
{
	const struct lint	*rule;
	struct lint_finding	 finding;

	for (size_t i = 0; (rule = lint_rule(i)) != NULL; i++) {
		if (strcmp(rule->name, name) != 0)
			continue;
		finding = (struct lint_finding){ rule, lint_advice(name),
		    rule->severity, detail, offset };
		report->found(report->ctx, &finding);
		return finding.severity == LINT_ERROR;
	}
	return 0;
}

const struct lint *
lint_rule(size_t i)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct lint_row *r = tables[t]; r->rule.name != NULL; r++)
			if (i-- == 0)
				return &r->rule;
	return NULL;
}
