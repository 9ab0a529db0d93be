/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version, serial number, algorithms, key, validity.
 */
#include "crypt/weak.h"
#include "profile/lint_rules.h"

#define SERIAL_OCTETS_MAX	20
#define SERIAL_OCTETS_GOOD	8
#define SIZE_WITHOUT_FRAGMENTS	1200
#define APPLE_DAYS		825

static bool
version(const struct lint_input *in, char *detail)
{
	if (in->cert->version == 3 || lint_is_anchor(in->cert))
		return false;
	lint_say(detail, "version %u", in->cert->version);
	return true;
}

static bool
serial_invalid(const struct lint_input *in, char *detail)
{
	struct view	s = in->cert->serial, m = serial_magnitude(s);

	if (s.n > SERIAL_OCTETS_MAX)
		lint_say(detail, "%zu octets", s.n);
	else if (s.n > 0 && s.p[0] >= 0x80)
		lint_say(detail, "negative");
	else if (m.n == 0 || (m.n == 1 && m.p[0] == 0))
		lint_say(detail, "zero");
	else
		return false;
	return true;
}

static bool
serial_predictable(const struct lint_input *in, char *detail)
{
	size_t	n = serial_magnitude(in->cert->serial).n;

	lint_say(detail, "%zu octets", n);
	return n < SERIAL_OCTETS_GOOD && !lint_is_anchor(in->cert);
}

/* Signatures whose digest is SHA-256 or better, or that need none. */
static const struct {
	struct view	oid;
	bool		null_params;	/* else absent */
} signatures[] = {
	{ OID_ECDSA_SHA256, false }, { OID_ECDSA_SHA384, false },
	{ OID_ECDSA_SHA512, false }, { OID_ED25519, false },
	{ OID_ED448, false }, { OID_ML_DSA_44, false },
	{ OID_ML_DSA_65, false }, { OID_ML_DSA_87, false },
	{ OID_SHA256_RSA, true }, { OID_SHA384_RSA, true },
	{ OID_SHA512_RSA, true },
};
#define SIGNATURES	(sizeof(signatures) / sizeof(signatures[0]))

bool
lint_signature_is_weak(const struct algorithm *a)
{
	enum digest_kind	d;

	for (size_t i = 0; i < SIGNATURES; i++)
		if (view_equal(a->oid, signatures[i].oid))
			return false;
	if (!view_equal(a->oid, OID_RSA_PSS))
		return true;
	d = sigalg_digest(a->tlv);
	return d == DIGEST_NONE || d == DIGEST_SHA1;
}

const char *
lint_signature_params(const struct algorithm *a)
{
	for (size_t i = 0; i < SIGNATURES; i++) {
		if (!view_equal(a->oid, signatures[i].oid))
			continue;
		if (signatures[i].null_params)
			return view_equal(a->params, DER_NULL_TLV) ? NULL : "not NULL";
		return a->params.n == 0 ? NULL : "not absent";
	}
	return NULL;
}

static bool
sigalg_params(const struct lint_input *in, char *detail)
{
	const char	*why = lint_signature_params(&in->cert->sigalg);

	if (why != NULL)
		lint_say(detail, "parameters are %s", why);
	return why != NULL;
}

static bool
sig_hash_weak(const struct lint_input *in, char *detail)
{
	char	text[OID_TEXT_MAX];

	if (lint_is_anchor(in->cert) || !lint_signature_is_weak(&in->cert->sigalg))
		return false;
	lint_say(detail, "%s", oid_show(in->cert->sigalg.oid, text));
	return true;
}

static bool
key_is_rsa(const struct lint_input *in)
{
	return in->spki_fault.kind == FAULT_NONE &&
	    (in->spki.kind == SPKI_RSA || in->spki.kind == SPKI_RSA_PSS);
}

static bool
key_type(const struct lint_input *in, char *detail)
{
	char	text[OID_TEXT_MAX];

	if (in->spki_fault.kind != FAULT_NONE || in->spki.kind != SPKI_OTHER)
		return false;
	lint_say(detail, "%s", oid_show(in->spki.algorithm.oid, text));
	return true;
}

static bool
spki_params(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%s", in->spki_fault.text);
	return in->spki_fault.kind != FAULT_NONE;
}

static bool
rsa_short(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%u bits", in->spki.bits);
	return key_is_rsa(in) && in->spki.bits < 2048;
}

static bool
rsa_below_3072(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%u bits", in->spki.bits);
	return key_is_rsa(in) && in->spki.bits >= 2048 && in->spki.bits < 3072;
}

static bool
rsa_exponent(const struct lint_input *in, char *detail)
{
	struct view	e = in->spki.rsa_exponent;

	if (!key_is_rsa(in))
		return false;
	e = serial_magnitude(e);
	lint_say(detail, "%zu octets, the last 0x%02X", e.n, e.n > 0 ? e.p[e.n - 1] : 0);
	return e.n < 3 || e.n > 32 || (e.p[e.n - 1] & 1) == 0;
}

static bool
rsa_pss_spki(const struct lint_input *in, char *detail)
{
	(void)detail;
	return key_is_rsa(in) && in->spki.kind == SPKI_RSA_PSS;
}

static bool
key_eddsa_p521(const struct lint_input *in, char *detail)
{
	enum spki_kind	k = in->spki.kind;

	lint_say(detail, "%s", spki_kind_name(k));
	return in->spki_fault.kind == FAULT_NONE && (k == SPKI_EC_P521 ||
	    k == SPKI_ED25519 || k == SPKI_ED448);
}

static bool
key_pqc(const struct lint_input *in, char *detail)
{
	enum spki_kind	k = in->spki.kind;

	lint_say(detail, "%s", spki_kind_name(k));
	return in->spki_fault.kind == FAULT_NONE && (k == SPKI_ML_DSA_44 ||
	    k == SPKI_ML_DSA_65 || k == SPKI_ML_DSA_87);
}

static bool
cert_size(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%zu octets", in->cert->der.n);
	return in->cert->der.n > SIZE_WITHOUT_FRAGMENTS;
}

/* The rest of a TBSCertificate from its validity on. */
static bool
tbs_at_validity(const struct cert *c, struct der *tbs)
{
	struct view	skipped;
	size_t		fields = 3;	/* serial number, algorithm, issuer */

	der_init(tbs, c->tbs);
	if (!der_open(tbs, DER_SEQUENCE, tbs, NULL))
		return false;
	if (der_peek(tbs) == DER_CONTEXT_C(0))
		fields++;
	while (fields-- > 0)
		if (!der_get_any(tbs, &skipped, NULL))
			return false;
	return true;
}

/* GeneralizedTime before 2050: UTCTime has no other fault that decodes. */
static bool
validity_encoding(const struct lint_input *in, char *detail)
{
	struct der	tbs, validity;
	struct view	v;

	if (!tbs_at_validity(in->cert, &tbs) ||
	    !der_open(&tbs, DER_SEQUENCE, &validity, NULL))
		return false;
	while (!der_at_end(&validity)) {
		uint8_t	tag = der_peek(&validity);

		if (!der_get(&validity, tag, &v, NULL))
			return false;
		if (tag == DER_GENERALIZED_TIME && v.n >= 4 && memcmp(v.p, "2050", 4) < 0) {
			lint_quote(in, detail, v);
			return true;
		}
	}
	return false;
}

static bool
unique_id(const struct lint_input *in, char *detail)
{
	struct der	tbs;
	struct view	v;

	if (!tbs_at_validity(in->cert, &tbs))
		return false;
	while (!der_at_end(&tbs)) {
		uint8_t	tag = der_peek(&tbs);

		if (!der_get_any(&tbs, &v, NULL))
			return false;
		if (tag == DER_CONTEXT(1) || tag == DER_CONTEXT(2)) {
			lint_say(detail, "%sUniqueID", tag == DER_CONTEXT(1) ? "issuer" :
			    "subject");
			in->spot->at = v;
			return true;
		}
	}
	return false;
}

static bool
key_known_weak(const struct lint_input *in, char *detail)
{
	const char	*why = in->spki_fault.kind != FAULT_NONE ? NULL :
			    weak_key(in->spki.rsa_modulus, in->spki.key);

	if (why != NULL)
		lint_say(detail, "%s", why);
	return why != NULL;
}

static bool
validity_order(const struct lint_input *in, char *detail)
{
	(void)detail;
	return in->cert->not_before > in->cert->not_after;
}

static bool
validity_825(const struct lint_input *in, char *detail)
{
	int64_t	days = (in->cert->not_after - in->cert->not_before) / 86400;

	lint_say(detail, "%lld days", (long long)days);
	return days > APPLE_DAYS;
}

const struct lint_row lint_frame_rows[] = {
	{ { "e_ike_version_not_v3", "RFC 4945, 5.1.1", "version 3, except anchors",
	    LINT_ERROR }, FOR_ALL, version },
	{ { "e_pkix_serial_invalid", "RFC 5280, 4.1.2.2",
	    "serial number positive, not zero, up to 20 octets", LINT_ERROR },
	    FOR_ALL, serial_invalid },
	{ { "w_rec_serial_predictable", "recommendation",
	    "serial number of at least 64 bits", LINT_WARN }, FOR_ALL,
	    serial_predictable },
	{ { "e_pkix_sigalg_params", "RFC 4055, RFC 5758, RFC 8410",
	    "signature parameters as the algorithm demands", LINT_ERROR }, FOR_ALL,
	    sigalg_params },
	{ { "e_ike_sig_hash_weak", "RFC 8247, 3.2", "signed with SHA-256 or better",
	    LINT_ERROR }, FOR_ALL, sig_hash_weak },
	{ { "e_ike_key_type", "RFC 8247, 3", "a key of a kind IKE uses", LINT_ERROR },
	    FOR_ALL, key_type },
	{ { "e_pkix_spki_params", "RFC 3279, RFC 5480, RFC 8410",
	    "public key encoded as its algorithm demands", LINT_ERROR }, FOR_ALL,
	    spki_params },
	{ { "e_ike_rsa_short", "RFC 8247, 3.1.1", "RSA of at least 2048 bits",
	    LINT_ERROR }, FOR_ALL, rsa_short },
	{ { "w_rec_rsa_below_3072", "recommendation", "RSA of at least 3072 bits",
	    LINT_WARN }, FOR_ALL, rsa_below_3072 },
	{ { "e_pkix_rsa_exponent", "RFC 4055", "RSA exponent odd, from 65537, below 2^256",
	    LINT_ERROR }, FOR_ALL, rsa_exponent },
	{ { "w_rec_rsa_pss_spki", "recommendation",
	    "RSA keys named rsaEncryption, not RSASSA-PSS", LINT_WARN }, FOR_ALL,
	    rsa_pss_spki },
	{ { "e_rec_key_known_weak", "recommendation",
	    "no key that others can compute", LINT_ERROR }, FOR_ALL, key_known_weak },
	{ { "e_pkix_unique_id", "RFC 5280, 4.1.2.8", "no unique identifiers", LINT_ERROR },
	    FOR_ALL, unique_id },
	{ { "e_pkix_validity_encoding", "RFC 5280, 4.1.2.5",
	    "UTCTime through 2049, GeneralizedTime later", LINT_ERROR }, FOR_ALL,
	    validity_encoding },
	{ { "i_interop_key_eddsa_p521", "strongSwan on Windows",
	    "a key that Windows clients refuse", LINT_INFO }, FOR_NATIVE,
	    key_eddsa_p521 },
	{ { "i_interop_key_pqc", "state of IKE daemons",
	    "a key that no released IKE daemon is known to take", LINT_INFO },
	    FOR_NATIVE, key_pqc },
	{ { "i_rec_cert_size", "recommendation",
	    "a certificate that makes IKE fragment", LINT_INFO }, FOR_EE, cert_size },
	{ { "e_pkix_validity_order", "RFC 5280, 4.1.2.5",
	    "notBefore not later than notAfter", LINT_ERROR }, FOR_ALL,
	    validity_order },
	{ { "w_interop_gw_validity_825", "Apple's requirements",
	    "a gateway's validity of up to 825 days", LINT_WARN },
	    FOR(LINT_RA_GATEWAY), validity_825 },
	LINT_ROWS_END,
};
