/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs.
 */
#include <stdlib.h>

#include "codec/idp.h"
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

/* The decoder takes a critical issuingDistributionPoint for unknown; it has rules of its own. */
static bool
unknown_critical(const struct lint_input *in, char *detail)
{
	static const struct view	known[] = { OID_AUTHORITY_KEY_ID, OID_CRL_NUMBER,
		OID_DELTA_CRL, OID_ISSUING_DIST_POINT, OID_FRESHEST_CRL,
		OID_ISSUER_ALT_NAME, OID_AUTHORITY_INFO_ACCESS };
	char				text[OID_TEXT_MAX];

	for (size_t i = 0; i < in->crl->extensions.n; i++) {
		const struct extension	*e = &in->crl->extensions.list[i];
		size_t			 k = 0;

		while (k < sizeof(known) / sizeof(known[0]) && !view_equal(e->oid, known[k]))
			k++;
		if (!e->critical || k < sizeof(known) / sizeof(known[0]))
			continue;
		lint_say(detail, "%s", oid_show(e->oid, text));
		in->spot->at = e->oid;
		return true;
	}
	return false;
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

static bool
is_indirect(const struct crl *c)
{
	struct idp	p;

	return c->has_issuing_dist_point && idp_decode(c->issuing_dist_point, &p, NULL) &&
	    p.indirect;
}

static bool
has_time(struct view value)
{
	struct der	d;
	struct view	v;
	int64_t		t;

	der_init(&d, value);
	return der_get(&d, DER_GENERALIZED_TIME, &v, NULL) && der_generalized_content(v, &t, NULL);
}

/* What is wrong with one extension of an entry (RFC 5280, 5.3). */
static const char *
entry_extension(const struct extension *e, bool indirect)
{
	if (view_equal(e->oid, OID_REASON_CODE)) {
		if (e->critical)
			return "a critical reasonCode";
		if (view_equal(e->value, VIEW_LIT("\x0a\x01\x00")))
			return "reasonCode unspecified, written out";
	} else if (view_equal(e->oid, OID_CERTIFICATE_ISSUER)) {
		if (!e->critical)
			return "certificateIssuer not critical";
		if (!indirect)
			return "certificateIssuer in a direct CRL";
	} else if (view_equal(e->oid, OID_INVALIDITY_DATE)) {
		if (!has_time(e->value))
			return "invalidityDate is no GeneralizedTime";
	} else if (e->critical)
		return "an unknown critical entry extension";
	return NULL;
}

/* entry: the whole SEQUENCE, which decoded before. */
static const char *
entry_extensions(struct view entry, bool indirect)
{
	struct extensions	list;
	struct der		d;
	struct view		v;
	const char		*why = NULL;

	der_init(&d, entry);
	if (!der_open(&d, DER_SEQUENCE, &d, NULL) || !der_get_any(&d, &v, NULL) ||
	    !der_get_any(&d, &v, NULL) || der_at_end(&d) ||
	    !der_get_any(&d, &v, NULL) || !extensions_decode(v, &list, NULL))
		return NULL;
	for (size_t i = 0; why == NULL && i < list.n; i++)
		why = entry_extension(&list.list[i], indirect);
	return why;
}

/* Every entry once; the first that breaks a rule. */
static bool
entry_ext(const struct lint_input *in, char *detail)
{
	bool			indirect = is_indirect(in->crl);
	struct der		d, at;
	struct crl_revoked	e;
	struct fault		f = { 0 };

	der_init(&d, in->crl->entries);
	while (!der_at_end(&d)) {
		const char	*why = NULL;

		at = d;
		if (!crl_next(&d, &e, &f))
			why = f.text;
		else if (e.reason == CRL_REMOVE_FROM_CRL && !in->crl->is_delta)
			why = "removeFromCRL outside a delta";
		else
			why = entry_extensions(view_of(at.p, at.n - d.n), indirect);
		if (why != NULL) {
			lint_say(detail, "%s", why);
			in->spot->at = view_of(at.p, at.n - d.n);
			return true;
		}
	}
	return false;
}

static int
by_serial(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

/* Serial numbers one after another: in most CRLs they go up, and that is all. */
static bool
serials(const struct crl *c, struct view **list, size_t *n, bool *sorted)
{
	struct der		d;
	struct crl_revoked	e;
	size_t			room = 0;

	der_init(&d, c->entries);
	*sorted = true;
	while (!der_at_end(&d) && crl_next(&d, &e, NULL)) {
		if (*n == room) {
			struct view	*more;

			room = room == 0 ? 1024 : 2 * room;
			if ((more = realloc(*list, room * sizeof(**list))) == NULL)
				return false;
			*list = more;
		}
		if (*n > 0 && view_compare((*list)[*n - 1], e.serial) >= 0)
			*sorted = false;
		(*list)[(*n)++] = e.serial;
	}
	return true;
}

static bool
serial_twice(const struct lint_input *in, char *detail)
{
	struct view	*list = NULL;
	size_t		 n = 0;
	bool		 sorted, twice = false;

	if (is_indirect(in->crl))	/* another issuer may have the same number */
		return false;
	if (serials(in->crl, &list, &n, &sorted) && !sorted) {
		qsort(list, n, sizeof(*list), by_serial);
		for (size_t i = 1; i < n && !twice; i++)
			if ((twice = view_equal(list[i - 1], list[i])))
				in->spot->at = list[i];
	}
	free(list);
	if (twice)
		lint_say(detail, "a serial number stands twice");
	return twice;
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

static bool
idp_form(const struct lint_input *in, char *detail)
{
	const struct extension	*e = extensions_find(&in->crl->extensions,
				    OID_ISSUING_DIST_POINT);
	struct idp		 p;
	const char		*why = NULL;

	if (e == NULL)
		return false;
	if (!e->critical)
		why = "not critical";
	else if (!idp_decode(e->value, &p, NULL))
		why = "not readable";
	else if (e->value.n <= 2)
		why = "empty";
	else if (p.only_user + p.only_ca + p.only_attribute > 1)
		why = "several onlyContains fields";
	if (why != NULL)
		lint_say(detail, "%s", why);
	return why != NULL;
}

/* onlyContains...[1] [2] [5], onlySomeReasons [3], indirectCRL [4] */
static bool
partitioned(const struct lint_input *in, char *detail)
{
	const struct extension	*e = extensions_find(&in->crl->extensions,
				    OID_ISSUING_DIST_POINT);
	struct idp		 p;

	if (e == NULL || !idp_decode(e->value, &p, NULL))
		return false;
	lint_say(detail, "%s", p.only_user ? "onlyContainsUserCerts" :
	    p.only_ca ? "onlyContainsCACerts" : p.only_attribute ?
	    "onlyContainsAttributeCerts" : p.some_reasons ? "onlySomeReasons" : "indirectCRL");
	return p.only_user || p.only_ca || p.only_attribute || p.some_reasons || p.indirect;
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
	{ { "e_pkix_crl_unsorted_empty", "RFC 5280, 5.1.2.6",
	    "no empty list, no serial number twice", LINT_ERROR }, FOR_ALL, serial_twice },
	{ { "e_pkix_crl_entry_ext", "RFC 5280, 5.3", "entries well formed",
	    LINT_ERROR }, FOR_ALL, entry_ext },
	{ { "w_ike_crl_delta", "RFC 4945, 5.2.2.4.2", "a full CRL", LINT_WARN }, FOR_ALL,
	    delta },
	{ { "e_pkix_crl_delta_critical", "RFC 5280, 5.2.4",
	    "deltaCRLIndicator critical", LINT_ERROR }, FOR_ALL, delta_not_critical },
	{ { "w_ike_crl_freshest", "RFC 4945, 5.2.2.6", "no freshestCRL", LINT_WARN },
	    FOR_ALL, freshest },
	{ { "e_pkix_idp_form", "RFC 5280, 5.2.5",
	    "issuingDistributionPoint critical, not empty, of one scope", LINT_ERROR }, FOR_ALL,
	    idp_form },
	{ { "w_interop_crl_partitioned", "strongSwan ignores the partition",
	    "one complete CRL for each CA key", LINT_WARN }, FOR_ALL, partitioned },
	{ { "i_ike_crl_ian", "RFC 4945, 5.2.2.2", "issuerAltName present", LINT_INFO },
	    FOR_ALL, ian },
	{ { "i_ike_crl_over_64k", "RFC 4945, 3.2.3", "too large to travel in IKE",
	    LINT_INFO }, FOR_ALL, over_64k },
	LINT_ROWS_END,
};
