/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where revocation is to be looked up.
 */
#include "profile/dns.h"
#include "profile/lint_rules.h"

static bool
no_rev_avail(const struct lint_input *in, char *detail)
{
	const struct cert	*c = in->cert;

	if (c->no_rev_avail && (c->is_ca || lint_has(in, OID_CRL_DIST_POINTS) ||
	    lint_has(in, OID_FRESHEST_CRL) || c->ocsp_uri.n > 0)) {
		lint_say(detail, c->is_ca ? "in a CA" : "beside what it denies");
		in->spot->grave = true;
	}
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

/* Behind "scheme:"; empty when the URI has another scheme. */
static struct view
behind_scheme(struct view uri, struct view scheme)
{
	if (uri.n < scheme.n || !ascii_equal_fold(view_of(uri.p, scheme.n), scheme))
		return VIEW_NONE;
	return view_of(uri.p + scheme.n, uri.n - scheme.n);
}

/* The host of http, https or ldap://host:port/path; empty when there is none. */
static struct view
uri_host(struct view uri)
{
	static const struct view	schemes[] = { VIEW_LIT("http://"),
		VIEW_LIT("https://"), VIEW_LIT("ldap://"), VIEW_LIT("ldaps://") };
	struct view			rest = VIEW_NONE;
	size_t				n = 0;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && rest.n == 0; i++)
		rest = behind_scheme(uri, schemes[i]);
	if (rest.n > 0 && rest.p[0] == '[')
		while (n < rest.n && rest.p[n] != ']')
			n++;
	while (n < rest.n && rest.p[n] != ':' && rest.p[n] != '/')
		n++;
	return view_of(rest.p, n);
}

static bool
is_own_host(struct view host)
{
	return ascii_equal_fold(host, VIEW_LIT("localhost")) ||
	    view_equal(host, VIEW_LIT("[::1]")) ||
	    (host.n > 4 && memcmp(host.p, "127.", 4) == 0);
}

static bool
is_unreachable(struct view uri)
{
	struct view	host = uri_host(uri);

	return host.n == 0 || is_own_host(host) ||
	    (host.p[0] != '[' && memchr(host.p, '.', host.n) == NULL);
}

/* DistributionPoint ::= SEQUENCE { distributionPoint [0], reasons [1], cRLIssuer [2] } */
struct point {
	struct view	full;		/* content of fullName */
	bool		relative, has_name, has_reasons, has_issuer;
};

static bool
next_point(struct der *points, struct point *out)
{
	struct der	in, name;
	struct view	skipped;
	uint8_t		tag;
	bool		present;

	*out = (struct point){ 0 };
	if (der_at_end(points) || !der_open(points, DER_SEQUENCE, &in, NULL) ||
	    !der_open_optional(&in, DER_CONTEXT_C(0), &name, &present, NULL))
		return false;
	out->has_name = present;
	out->relative = present && der_peek(&name) == DER_CONTEXT_C(1);
	if (present && !out->relative && !der_get(&name, DER_CONTEXT_C(0), &out->full, NULL))
		return false;
	while ((tag = der_peek(&in)) != 0) {
		if (!der_get_any(&in, &skipped, NULL))
			return false;
		out->has_reasons |= tag == DER_CONTEXT(1);
		out->has_issuer |= tag == DER_CONTEXT_C(2);
	}
	return true;
}

static bool
open_points(const struct lint_input *in, struct der *points)
{
	der_init(points, lint_value(&in->cert->extensions, OID_CRL_DIST_POINTS));
	return points->n > 0 && der_open(points, DER_SEQUENCE, points, NULL);
}

static bool
cdp_unresolvable(const struct lint_input *in, char *detail)
{
	struct der		points, names;
	struct point		p;
	struct general_name	g;

	if (!open_points(in, &points))
		return false;
	while (next_point(&points, &p)) {
		der_init(&names, p.full);
		while (!der_at_end(&names) && general_name_decode(&names, &g, NULL))
			if (g.type == GENERAL_NAME_URI && is_unreachable(g.value)) {
				lint_quote(in, detail, g.value);
				return true;
			}
	}
	return false;
}

static bool
cdp_form(const struct lint_input *in, char *detail)
{
	struct der	points;
	struct point	p;

	if (!open_points(in, &points))
		return false;
	lint_say(detail, "no distribution point");
	if (der_at_end(&points))
		return true;
	for (bool first = true; next_point(&points, &p); first = false) {
		if (!p.has_name && !p.has_issuer)
			lint_say(detail, "a point with neither name nor issuer");
		else if (first && p.has_reasons)
			lint_say(detail, "the first point is for some reasons only");
		else
			continue;
		return true;
	}
	return false;
}

static bool
cdp_relative_name(const struct lint_input *in, char *detail)
{
	struct der	points;
	struct point	p;

	(void)detail;
	if (!open_points(in, &points))
		return false;
	while (next_point(&points, &p))
		if (p.relative)
			return true;
	return false;
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
	struct der		d, list, one;
	struct general_name	g;
	struct view		method;

	if (!lint_has(in, OID_AUTHORITY_INFO_ACCESS))
		return false;
	lint_say(detail, "critical");
	if (lint_is_critical(in, OID_AUTHORITY_INFO_ACCESS))
		return true;
	der_init(&d, lint_value(&in->cert->extensions, OID_AUTHORITY_INFO_ACCESS));
	if (!der_open(&d, DER_SEQUENCE, &list, NULL))
		return false;
	lint_say(detail, "empty");
	if (der_at_end(&list))
		return true;
	lint_say(detail, "a location that is no URI");
	while (!der_at_end(&list)) {
		if (!der_open(&list, DER_SEQUENCE, &one, NULL) ||
		    !der_oid(&one, &method, NULL) || !general_name_decode(&one, &g, NULL))
			return false;
		if (g.type != GENERAL_NAME_URI && (view_equal(method, OID_AD_OCSP) ||
		    view_equal(method, OID_AD_CA_ISSUERS)))
			return true;
	}
	return false;
}

static bool
freshest_in_cert(const struct lint_input *in, char *detail)
{
	in->spot->grave = lint_is_critical(in, OID_FRESHEST_CRL);
	lint_say(detail, "%s", in->spot->grave ? "critical" : "");
	return lint_has(in, OID_FRESHEST_CRL);
}

const struct lint_row lint_pointer_rows[] = {
	{ { "w_ike_no_rev_avail", "RFC 9608, 2", "no noRevAvail", LINT_WARN }, FOR_EE,
	    no_rev_avail },
	{ { "w_ike_no_revocation_pointer", "RFC 4945, 3.2.3",
	    "a CRL or OCSP pointer", LINT_WARN }, FOR_SIGNED, no_revocation_pointer },
	{ { "w_ike_cdp_missing", "RFC 4945, 5.1.3.13", "cRLDistributionPoints",
	    LINT_WARN }, FOR_SIGNED, cdp_missing },
	{ { "w_ike_cdp_unresolvable", "RFC 4945, 5.1.3.13",
	    "a CRL URL that others can reach", LINT_WARN }, FOR_SIGNED,
	    cdp_unresolvable },
	{ { "e_pkix_cdp_form", "RFC 5280, 4.2.1.13",
	    "distribution points with a name, the first for all reasons", LINT_ERROR },
	    FOR_ALL, cdp_form },
	{ { "w_pkix_cdp_relative_name", "RFC 5280, 4.2.1.13",
	    "no nameRelativeToCRLIssuer", LINT_WARN }, FOR_ALL, cdp_relative_name },
	{ { "w_rec_cdp_scheme", "RFC 5280, 8", "a CRL URL by plain http", LINT_WARN },
	    FOR_SIGNED, cdp_scheme },
	{ { "i_ike_aia_no_ocsp", "RFC 4945, 5.1.3.16", "no OCSP URL", LINT_INFO },
	    FOR_EE, aia_no_ocsp },
	{ { "e_pkix_aia_form", "RFC 5280, 4.2.2.1",
	    "authorityInfoAccess not critical, not empty, with URIs", LINT_ERROR }, FOR_ALL, aia_form },
	{ { "w_ike_freshest_in_cert", "RFC 4945, 5.1.3.15", "no freshestCRL",
	    LINT_WARN }, FOR_ALL, freshest_in_cert },
	LINT_ROWS_END,
};
