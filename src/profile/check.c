/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer's look at what it is asked to sign.  Whoever holds the engine
 * can ask for anything; what is signed stays within template and terms.
 */
#include "codec/name.h"
#include "profile/plan_parts.h"

#define SERIAL_OCTETS_MIN	8	/* 64 bits, of which most are random */
#define SIGN_DELAY_SECONDS	3600	/* between the engine's clock and the signer's */
#define POINTERS_MAX		4096	/* of one extension with its URIs */

static bool
differs(struct fault *f, const char *rule, const char *what)
{
	return fault_set(f, FAULT_REFUSED, rule, "refuse to sign: %s", what);
}

static bool
check_frame(const struct cert *c, const struct issuer_facts *ca, struct fault *f)
{
	if (c->version != 3)
		return differs(f, "RFC 4945, 5.1.1", "not version 3");
	if (c->serial.n < SERIAL_OCTETS_MIN || c->serial.n >= CERT_SERIAL_OCTETS_MAX ||
	    c->serial.p[0] >= 0x80)
		return differs(f, "RFC 5280, 4.1.2.2", "a serial number of the wrong size");
	if (!view_equal(c->issuer, ca->name))
		return differs(f, "RFC 5280, 4.1.2.4", "a foreign issuer");
	if (!view_equal(c->aki, ca->ski))
		return differs(f, "RFC 5280, 4.2.1.1", "a foreign authorityKeyIdentifier");
	return true;
}

static bool
check_times(const struct template *t, const struct holder_terms *h,
    const struct issuer_facts *ca, int64_t now, const struct cert *c, struct fault *f)
{
	int64_t	start = h->not_before > now ? h->not_before : now;

	if (c->not_before < now - CLOCK_SKEW_SECONDS - SIGN_DELAY_SECONDS ||
	    c->not_before > start + SIGN_DELAY_SECONDS)
		return differs(f, "RFC 5280, 4.1.2.5", "notBefore is not near its time");
	if (h->not_before > now + SIGN_DELAY_SECONDS && c->not_before < h->not_before)
		return differs(f, "RFC 5280, 4.1.2.5", "notBefore lies before the terms");
	if (c->not_after <= c->not_before ||
	    c->not_after - c->not_before > t->validity_seconds + CLOCK_SKEW_SECONDS)
		return differs(f, "RFC 5280, 4.1.2.5", "a lifetime beyond the template");
	if (h->not_after != 0 && c->not_after > h->not_after)
		return differs(f, "RFC 5280, 4.1.2.5", "notAfter lies after the terms");
	if (c->not_after > ca->not_after)
		return differs(f, "RFC 5280, 4.1.2.5", "it would outlive its issuer");
	return true;
}

static bool
check_subject_name(const struct template *t, const struct holder_terms *h,
    const struct cert *c, struct fault *f)
{
	struct arena	*a = arena_new(NAME_OCTETS_MAX * 2);
	struct view	 want;
	bool		 ok;

	if (a == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	ok = profile_subject(t, h, a, &want, f);
	if (ok && !view_equal(want, c->subject))
		ok = differs(f, "RFC 4945, 5.1.2", "a subject that was not granted");
	arena_free(a);
	return ok;
}

/* The granted names, all of them, in their order, and no others. */
static bool
check_san(const struct holder_terms *h, const struct cert *c, struct fault *f)
{
	if (c->has_san != (h->nidentities > 0) || c->san.n != h->nidentities)
		return differs(f, "RFC 4945, 5.1.3.6", "other names than were granted");
	for (size_t i = 0; i < h->nidentities; i++) {
		struct general_name	want;

		identity_to_san(&h->identities[i], &want);
		if (c->san.list[i].type != want.type ||
		    !view_equal(c->san.list[i].value, want.value))
			return differs(f, "RFC 4945, 5.1.3.6",
			    "a name that was not granted");
	}
	if (c->has_san && c->san_critical != name_is_empty(c->subject))
		return differs(f, "RFC 5280, 4.2.1.6", "the criticality of subjectAltName");
	return true;
}

static bool
check_key_usages(const struct template *t, const struct cert *c, struct fault *f)
{
	struct spki	s;
	uint8_t		ski[SKI_OCTETS];

	if (!profile_check_key(t, c->spki, f) || !spki_decode(c->spki, &s, f))
		return false;
	sha1(s.key, ski);
	if (!view_equal(c->ski, view_of(ski, sizeof(ski))))
		return differs(f, "RFC 5280, 4.2.1.2", "a foreign subjectKeyIdentifier");
	if (!c->has_basic_constraints || c->is_ca || c->has_path_length)
		return differs(f, "RFC 4945, 5.1.3.9", "a CA certificate");
	if (!c->has_key_usage || c->key_usage != template_key_usage(t, s.kind))
		return differs(f, "RFC 4945, 5.1.3.2", "keyUsage outside the template");
	if (c->has_eku != (t->eku != 0) || c->eku != t->eku)
		return differs(f, "RFC 4945, 5.1.3.12",
		    "extendedKeyUsage outside the template");
	return true;
}

static bool
check_policy(const struct template *t, const struct cert *c, struct fault *f)
{
	struct buf	b;
	bool		ok;

	if (c->policy_count != (t->policy[0] != '\0'))
		return differs(f, "RFC 4945, 5.1.3.4", "certificatePolicies");
	if (c->policy_count == 0)
		return true;
	buf_init(&b, OID_OCTETS_MAX);
	ok = oid_parse(t->policy, &b, f);
	if (ok && !view_equal(buf_view(&b), c->policies[0]))
		ok = differs(f, "RFC 4945, 5.1.3.4", "a foreign certificate policy");
	buf_clear(&b);
	return ok;
}

static void
put_uri_point(struct view uri, struct buf *b)
{
	size_t	list = der_begin(b, DER_SEQUENCE), point = der_begin(b, DER_SEQUENCE);
	size_t	name = der_begin(b, DER_CONTEXT_C(0)), full = der_begin(b, DER_CONTEXT_C(0));

	der_put(b, DER_CONTEXT(GENERAL_NAME_URI), uri);
	der_close(b, full);
	der_close(b, name);
	der_close(b, point);
	der_close(b, list);
}

static void
put_access(struct view method, struct view uri, struct buf *b)
{
	size_t	seq;

	if (uri.n == 0)
		return;
	seq = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, method);
	der_put(b, DER_CONTEXT(GENERAL_NAME_URI), uri);
	der_close(b, seq);
}

/* Absent when want is empty, else of exactly these octets. */
static bool
has_value(const struct cert *c, struct view oid, const struct buf *want)
{
	const struct extension	*e = extensions_find(&c->extensions, oid);

	if (want->n == 0)
		return e == NULL;
	return e != NULL && buf_ok(want) && view_equal(e->value, buf_view(want));
}

/*
 * The whole value of both extensions: a second distribution point or access
 * method would pass a look at the first.
 */
static bool
check_pointers(const struct template *t, const struct issuer_facts *ca,
    const struct cert *c, struct fault *f)
{
	struct view	crl = view_str(t->crl_pointer ? template_url(t->crl_url, ca->crl_uri) : NULL);
	struct view	ocsp = view_str(t->ocsp_pointer ? template_url(t->ocsp_url, ca->ocsp_uri) : NULL);
	struct view	issuer = view_str(t->issuer_pointer ? template_url(t->issuer_url, ca->issuer_uri) : NULL);
	struct buf	points, access;
	size_t		seq;
	bool		ok = true;

	buf_init(&points, POINTERS_MAX);
	buf_init(&access, POINTERS_MAX);
	if (crl.n > 0)
		put_uri_point(crl, &points);
	if (ocsp.n > 0 || issuer.n > 0) {
		seq = der_begin(&access, DER_SEQUENCE);
		put_access(OID_AD_OCSP, ocsp, &access);
		put_access(OID_AD_CA_ISSUERS, issuer, &access);
		der_close(&access, seq);
	}
	if (!has_value(c, OID_CRL_DIST_POINTS, &points))
		ok = differs(f, "RFC 4945, 5.1.3.13", "cRLDistributionPoints");
	else if (!has_value(c, OID_AUTHORITY_INFO_ACCESS, &access))
		ok = differs(f, "RFC 4945, 5.1.3.16", "authorityInfoAccess");
	buf_clear(&points);
	buf_clear(&access);
	return ok;
}

/* What may stand in a holder's certificate at all, and how. */
static const struct {
	struct view	oid;
	int		critical;	/* -1: judged elsewhere */
} known[] = {
	{ OID_AUTHORITY_KEY_ID, 0 }, { OID_SUBJECT_KEY_ID, 0 },
	{ OID_KEY_USAGE, 1 }, { OID_EXT_KEY_USAGE, 0 },
	{ OID_SUBJECT_ALT_NAME, -1 }, { OID_BASIC_CONSTRAINTS, 1 },
	{ OID_CRL_DIST_POINTS, 0 }, { OID_AUTHORITY_INFO_ACCESS, 0 },
	{ OID_CERT_POLICIES, 0 },
};

static bool
check_extension(const struct extension *e, struct fault *f)
{
	char	text[OID_TEXT_MAX];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!view_equal(e->oid, known[i].oid))
			continue;
		if (known[i].critical >= 0 && known[i].critical != (int)e->critical)
			return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.1.3",
			    "refuse to sign: the criticality of %s",
			    oid_show(e->oid, text));
		return true;
	}
	return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.1.3",
	    "refuse to sign: extension %s is not in the profile",
	    oid_show(e->oid, text));
}

bool
profile_check_cert(const struct template *t, const struct holder_terms *h,
    const struct issuer_facts *ca, int64_t now, const struct cert *cert,
    struct fault *f)
{
	for (size_t i = 0; i < cert->extensions.n; i++)
		if (!check_extension(&cert->extensions.list[i], f))
			return false;
	return profile_check_terms(t, h, f) && check_frame(cert, ca, f) &&
	    check_times(t, h, ca, now, cert, f) &&
	    check_subject_name(t, h, cert, f) && check_san(h, cert, f) &&
	    check_key_usages(t, cert, f) && check_policy(t, cert, f) &&
	    check_pointers(t, ca, cert, f);
}
