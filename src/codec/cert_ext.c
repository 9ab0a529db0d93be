/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <strings.h>

#include "codec/cert_ext.h"

#define KEY_ID_OCTETS_MAX	64	/* a SHA-512 digest */

static const struct {
	unsigned	 bit;
	struct view	 oid;
	const char	*name;
} ekus[] = {
	{ EKU_SERVER_AUTH, OID_KP_SERVER_AUTH, "serverAuth" },
	{ EKU_CLIENT_AUTH, OID_KP_CLIENT_AUTH, "clientAuth" },
	{ EKU_IPSEC_IKE, OID_KP_IPSEC_IKE, "ipsecIKE" },
	{ EKU_OCSP_SIGNING, OID_KP_OCSP_SIGNING, "OCSPSigning" },
	{ EKU_CMC_CA, OID_KP_CMC_CA, "cmcCA" },
	{ EKU_CMC_RA, OID_KP_CMC_RA, "cmcRA" },
	{ EKU_CMC_ARCHIVE, OID_KP_CMC_ARCHIVE, "cmcArchive" },
	{ EKU_IPSEC_END_SYSTEM, OID_KP_IPSEC_END_SYSTEM, "ipsecEndSystem" },
	{ EKU_IPSEC_TUNNEL, OID_KP_IPSEC_TUNNEL, "ipsecTunnel" },
	{ EKU_IPSEC_USER, OID_KP_IPSEC_USER, "ipsecUser" },
	{ EKU_IKE_INTERMEDIATE, OID_KP_IKE_INTERMEDIATE, "ikeIntermediate" },
	{ EKU_ANY, OID_KP_ANY, "anyExtendedKeyUsage" },
	{ EKU_CODE_SIGNING, OID_KP_CODE_SIGNING, "codeSigning" },
	{ EKU_EMAIL_PROTECTION, OID_KP_EMAIL_PROTECTION, "emailProtection" },
	{ EKU_TIME_STAMPING, OID_KP_TIME_STAMPING, "timeStamping" },
};
#define EKUS	(sizeof(ekus) / sizeof(ekus[0]))

static const char *const usages[] = { "digitalSignature", "nonRepudiation",
    "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
    "cRLSign", "encipherOnly", "decipherOnly" };
#define USAGES	(sizeof(usages) / sizeof(usages[0]))

bool
ext_read_ski(struct view value, struct view *ski, struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	if (!der_octets(&d, ski, f) || !der_end(&d, f))
		return false;
	return (ski->n > 0 && ski->n <= KEY_ID_OCTETS_MAX) ||
	    fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.2.1.2",
	    "a subject key identifier of %zu octets", ski->n);
}

/*
 * AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0], authorityCertIssuer
 * [1], authorityCertSerialNumber [2] }, all OPTIONAL, the last two together
 */
bool
ext_read_aki(struct view value, struct view *aki, struct fault *f)
{
	struct general_names	issuer;
	struct der		d, in;
	struct view		content, serial;

	*aki = VIEW_NONE;
	der_init(&d, value);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !der_end(&d, f))
		return false;
	if (der_peek(&in) == DER_CONTEXT(0) &&
	    !der_get(&in, DER_CONTEXT(0), aki, f))
		return false;
	if (aki->n > KEY_ID_OCTETS_MAX)
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.2.1.1",
		    "an authority key identifier of %zu octets", aki->n);
	if (der_at_end(&in))
		return true;
	return der_get(&in, DER_CONTEXT_C(1), &content, f) &&
	    general_names_decode_content(content, &issuer, f) &&
	    der_get(&in, DER_CONTEXT(2), &serial, f) && der_end(&in, f);
}

static bool
read_ski(struct cert *c, const struct extension *e, struct fault *f)
{
	return ext_read_ski(e->value, &c->ski, f);
}

static bool
read_aki(struct cert *c, const struct extension *e, struct fault *f)
{
	return ext_read_aki(e->value, &c->aki, f);
}

/* KeyUsage ::= BIT STRING, named bits: no zero bits at the end */
static bool
read_key_usage(struct cert *c, const struct extension *e, struct fault *f)
{
	struct der	d;
	struct view	v;
	unsigned	bits, i;

	der_init(&d, e->value);
	if (!der_get(&d, DER_BIT_STRING, &v, f) || !der_end(&d, f))
		return false;
	if (v.n < 2 || v.n > 3 || v.p[0] > 7 ||
	    !(v.p[v.n - 1] & (1u << v.p[0])) ||
	    (v.p[v.n - 1] & ((1u << v.p[0]) - 1)) || (v.n == 3 && v.p[0] != 7))
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.2.1.3",
		    "key usage is empty or not in its shortest form");
	bits = (unsigned)v.p[1] << 8 | (v.n == 3 ? v.p[2] : 0);
	for (i = 0; i < USAGES; i++)
		if (bits & (0x8000u >> i))
			c->key_usage |= 1u << i;
	c->has_key_usage = true;
	return true;
}

static bool
read_eku(struct cert *c, const struct extension *e, struct fault *f)
{
	struct der	d, in;

	der_init(&d, e->value);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !der_end(&d, f))
		return false;
	if (der_at_end(&in))
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.2.1.12",
		    "extended key usage is empty");
	while (!der_at_end(&in)) {
		if (c->eku_count == CERT_EKUS_MAX)
			return fault_set(f, FAULT_LIMIT, "RFC 5280, 4.2.1.12",
			    "more than %d extended key usages", CERT_EKUS_MAX);
		if (!der_oid(&in, &c->eku_oids[c->eku_count], f))
			return false;
		c->eku |= eku_bit(c->eku_oids[c->eku_count]);
		c->eku_count++;
	}
	c->has_eku = true;
	return true;
}

/* BasicConstraints ::= SEQUENCE { cA DEFAULT FALSE, pathLenConstraint OPTIONAL } */
static bool
read_basic_constraints(struct cert *c, const struct extension *e,
    struct fault *f)
{
	struct der	d, in;
	uint64_t	n;

	der_init(&d, e->value);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !der_end(&d, f))
		return false;
	if (der_peek(&in) == DER_BOOLEAN) {
		if (!der_bool(&in, &c->is_ca, f))
			return false;
		if (!c->is_ca)
			return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.2.1.9",
			    "basic constraints say FALSE, which is the default");
	}
	if (!der_at_end(&in)) {
		if (!der_uint_in(&in, "path length", 0, 255, &n, f))
			return false;
		c->has_path_length = true;
		c->path_length = (unsigned)n;
	}
	c->has_basic_constraints = true;
	return der_end(&in, f);
}

static bool
read_san(struct cert *c, const struct extension *e, struct fault *f)
{
	c->has_san = true;
	c->san_critical = e->critical;
	c->san_value = e->value;
	return general_names_decode(e->value, &c->san, f);
}

static bool
is_http(struct view uri)
{
	return uri.n > 7 && strncasecmp((const char *)uri.p, "http://", 7) == 0;
}

/* The first http URI among general names that stand in d one after another. */
static bool
first_http(struct der *d, struct view *uri, struct fault *f)
{
	struct general_name	g;

	while (!der_at_end(d)) {
		if (!general_name_decode(d, &g, f))
			return false;
		if (uri->n == 0 && g.type == GENERAL_NAME_URI && is_http(g.value))
			*uri = g.value;
	}
	return true;
}

/*
 * DistributionPoint ::= SEQUENCE { distributionPoint [0], reasons [1],
 * cRLIssuer [2] }.  One with reasons or a foreign issuer is not the whole list.
 */
static bool
read_point(struct der *points, struct view *uri, struct fault *f)
{
	struct der	in, name, full;
	struct view	skipped, found = VIEW_NONE;
	bool		present, whole = true;

	if (!der_open(points, DER_SEQUENCE, &in, f) ||
	    !der_open_optional(&in, DER_CONTEXT_C(0), &name, &present, f))
		return false;
	if (present && der_peek(&name) == DER_CONTEXT_C(0)) {
		if (!der_open(&name, DER_CONTEXT_C(0), &full, f) ||
		    !first_http(&full, &found, f) || !der_end(&name, f))
			return false;
	}
	while (!der_at_end(&in)) {
		whole = false;
		if (!der_get_any(&in, &skipped, f))
			return false;
	}
	if (whole && uri->n == 0)
		*uri = found;
	return true;
}

static bool
read_cdp(struct cert *c, const struct extension *e, struct fault *f)
{
	struct der	d, points;

	der_init(&d, e->value);
	if (!der_open(&d, DER_SEQUENCE, &points, f) || !der_end(&d, f))
		return false;
	while (!der_at_end(&points))
		if (!read_point(&points, &c->cdp_uri, f))
			return false;
	return true;
}

/* AccessDescription ::= SEQUENCE { accessMethod, accessLocation } */
static bool
read_access(struct cert *c, const struct extension *e, struct fault *f)
{
	struct general_name	g;
	struct der		d, list, in;
	struct view		method, *to;

	der_init(&d, e->value);
	if (!der_open(&d, DER_SEQUENCE, &list, f) || !der_end(&d, f))
		return false;
	while (!der_at_end(&list)) {
		if (!der_open(&list, DER_SEQUENCE, &in, f) ||
		    !der_oid(&in, &method, f) ||
		    !general_name_decode(&in, &g, f) || !der_end(&in, f))
			return false;
		if (view_equal(method, OID_AD_OCSP))
			to = &c->ocsp_uri;
		else if (view_equal(method, OID_AD_CA_ISSUERS))
			to = &c->ca_issuers_uri;
		else if (view_equal(method, OID_AD_CMC))
			to = &c->cmc_uri;
		else
			continue;
		if (to->n == 0 && g.type == GENERAL_NAME_URI)
			*to = g.value;
	}
	return true;
}

/* PolicyInformation ::= SEQUENCE { policyIdentifier, policyQualifiers OPTIONAL } */
static bool
read_policies(struct cert *c, const struct extension *e, struct fault *f)
{
	struct der	d, list, in;
	struct view	oid, qualifiers;

	der_init(&d, e->value);
	if (!der_open(&d, DER_SEQUENCE, &list, f) || !der_end(&d, f))
		return false;
	while (!der_at_end(&list)) {
		if (!der_open(&list, DER_SEQUENCE, &in, f) ||
		    !der_oid(&in, &oid, f))
			return false;
		if (!der_at_end(&in) &&
		    !der_get_tlv(&in, DER_SEQUENCE, &qualifiers, f))
			return false;
		if (!der_end(&in, f))
			return false;
		if (c->policy_count == CERT_POLICIES_MAX)
			return fault_set(f, FAULT_LIMIT, "RFC 5280, 4.2.1.4",
			    "more than %d policies", CERT_POLICIES_MAX);
		if (cert_has_policy(c, oid))
			return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.2.1.4",
			    "a policy stands twice");
		c->policies[c->policy_count++] = oid;
	}
	return true;
}

static bool
read_nocheck(struct cert *c, const struct extension *e, struct fault *f)
{
	struct der	d;

	der_init(&d, e->value);
	c->ocsp_nocheck = true;
	return der_null(&d, f) && der_end(&d, f);
}

static bool
read_no_rev_avail(struct cert *c, const struct extension *e, struct fault *f)
{
	struct der	d;

	der_init(&d, e->value);
	c->no_rev_avail = true;
	return der_null(&d, f) && der_end(&d, f);
}

/*
 * Not processed here: a path that needs it is judged by whoever builds paths,
 * who learns from unknown_critical that there is something to judge.
 */
static bool
read_name_constraints(struct cert *c, const struct extension *e,
    struct fault *f)
{
	(void)f;
	c->has_name_constraints = true;
	if (e->critical && !c->unknown_critical) {
		c->unknown_critical = true;
		c->unknown_critical_oid = e->oid;
	}
	return true;
}

static const struct reader {
	struct view	 oid;
	bool		(*read)(struct cert *c, const struct extension *e,
			    struct fault *f);
	const char	*name;
} readers[] = {
	{ OID_SUBJECT_KEY_ID, read_ski, "subjectKeyIdentifier" },
	{ OID_AUTHORITY_KEY_ID, read_aki, "authorityKeyIdentifier" },
	{ OID_KEY_USAGE, read_key_usage, "keyUsage" },
	{ OID_SUBJECT_ALT_NAME, read_san, "subjectAltName" },
	{ OID_BASIC_CONSTRAINTS, read_basic_constraints, "basicConstraints" },
	{ OID_EXT_KEY_USAGE, read_eku, "extKeyUsage" },
	{ OID_CRL_DIST_POINTS, read_cdp, "cRLDistributionPoints" },
	{ OID_AUTHORITY_INFO_ACCESS, read_access, "authorityInfoAccess" },
	{ OID_SUBJECT_INFO_ACCESS, read_access, "subjectInfoAccess" },
	{ OID_CERT_POLICIES, read_policies, "certificatePolicies" },
	{ OID_NAME_CONSTRAINTS, read_name_constraints, "nameConstraints" },
	{ OID_OCSP_NOCHECK, read_nocheck, "ocspNoCheck" },
	{ OID_NO_REV_AVAIL, read_no_rev_avail, "noRevAvail" },
};
#define READERS	(sizeof(readers) / sizeof(readers[0]))

static const struct reader *
reader_of(struct view oid)
{
	size_t	i;

	for (i = 0; i < READERS; i++)
		if (view_equal(readers[i].oid, oid))
			return &readers[i];
	return NULL;
}

bool
cert_read_extensions(struct cert *c, struct fault *f)
{
	const struct extension	*e;
	const struct reader	*r;
	size_t			 i;

	for (i = 0; i < c->extensions.n; i++) {
		e = &c->extensions.list[i];
		r = reader_of(e->oid);
		if (r != NULL && !r->read(c, e, f))
			return fault_within(f, "%s", r->name);
		if (r == NULL && e->critical && !c->unknown_critical) {
			c->unknown_critical = true;
			c->unknown_critical_oid = e->oid;
		}
	}
	return true;
}

struct view
eku_oid(unsigned bit)
{
	size_t	i;

	for (i = 0; i < EKUS; i++)
		if (ekus[i].bit == bit)
			return ekus[i].oid;
	return VIEW_NONE;
}

unsigned
eku_bit(struct view oid)
{
	size_t	i;

	for (i = 0; i < EKUS; i++)
		if (view_equal(ekus[i].oid, oid))
			return ekus[i].bit;
	return EKU_OTHER;
}

static void
add_word(char *out, size_t n, const char *word)
{
	size_t	used = strlen(out);

	snprintf(out + used, n - used, "%s%s", used > 0 ? ", " : "", word);
}

const char *
key_usage_text(unsigned key_usage, char *out, size_t n)
{
	size_t	i;

	if (n > 0)
		out[0] = '\0';
	for (i = 0; i < USAGES && n > 0; i++)
		if (key_usage & (1u << i))
			add_word(out, n, usages[i]);
	return out;
}

const char *
eku_text(unsigned eku, char *out, size_t n)
{
	size_t	i;

	if (n > 0)
		out[0] = '\0';
	for (i = 0; i < EKUS && n > 0; i++)
		if (eku & ekus[i].bit)
			add_word(out, n, ekus[i].name);
	if ((eku & EKU_OTHER) && n > 0)
		add_word(out, n, "other");
	return out;
}
