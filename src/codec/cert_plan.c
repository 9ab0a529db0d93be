/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cert.h"
#include "codec/name.h"

/* The extension's SEQUENCE, OID, critical and OCTET STRING, held open. */
struct open_extension {
	size_t	seq, octets;
};

static struct open_extension
begin(struct buf *b, struct view oid, bool critical)
{
	struct open_extension	e;

	e.seq = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, oid);
	if (critical)
		der_put_bool(b, true);
	e.octets = der_begin(b, DER_OCTET_STRING);
	return e;
}

static void
close_extension(struct buf *b, struct open_extension e)
{
	der_close(b, e.octets);
	der_close(b, e.seq);
}

static void
put_aki(struct buf *b, struct view aki)
{
	struct open_extension	e = begin(b, OID_AUTHORITY_KEY_ID, false);
	size_t			seq = der_begin(b, DER_SEQUENCE);

	der_put(b, DER_CONTEXT(0), aki);
	der_close(b, seq);
	close_extension(b, e);
}

static void
put_ski(struct buf *b, struct view ski)
{
	struct open_extension	e = begin(b, OID_SUBJECT_KEY_ID, false);

	der_put_octets(b, ski);
	close_extension(b, e);
}

/* Named bits, the last one set being the last one written. */
static void
put_key_usage(struct buf *b, unsigned usage)
{
	struct open_extension	e = begin(b, OID_KEY_USAGE, true);
	uint8_t			v[3] = { 0, 0, 0 };
	size_t			n;
	unsigned		i;

	for (i = 0; i <= 8; i++)
		if (usage & (1u << i))
			v[1 + i / 8] |= (uint8_t)(0x80u >> i % 8);
	n = v[2] != 0 ? 3 : 2;
	while (v[n - 1] != 0 && !(v[n - 1] & (1u << v[0])))
		v[0]++;
	der_put(b, DER_BIT_STRING, view_of(v, n));
	close_extension(b, e);
}

static void
put_eku(struct buf *b, const struct cert_plan *p)
{
	struct open_extension	e = begin(b, OID_EXT_KEY_USAGE, false);
	size_t			seq = der_begin(b, DER_SEQUENCE), i;
	unsigned		bit;

	for (bit = 1; bit < EKU_OTHER; bit <<= 1)
		if ((p->eku & bit) && eku_oid(bit).n > 0)
			der_put_oid(b, eku_oid(bit));
	for (i = 0; i < p->eku_oid_count; i++)
		der_put_oid(b, p->eku_oids[i]);
	der_close(b, seq);
	close_extension(b, e);
}

static void
put_basic_constraints(struct buf *b, const struct cert_plan *p)
{
	struct open_extension	e = begin(b, OID_BASIC_CONSTRAINTS, true);
	size_t			seq = der_begin(b, DER_SEQUENCE);

	if (p->is_ca)
		der_put_bool(b, true);
	if (p->has_path_length)
		der_put_uint(b, p->path_length);
	der_close(b, seq);
	close_extension(b, e);
}

static void
put_san(struct buf *b, const struct cert_plan *p)
{
	struct open_extension	e = begin(b, OID_SUBJECT_ALT_NAME,
				    name_is_empty(p->subject));

	if (p->san_value.n > 0)
		buf_add_view(b, p->san_value);
	else
		general_names_put(b, p->san, p->san_count);
	close_extension(b, e);
}

/* SEQUENCE { SEQUENCE { [0] { [0] { [6] uri } } } } */
static void
put_cdp(struct buf *b, struct view uri)
{
	struct open_extension	e = begin(b, OID_CRL_DIST_POINTS, false);
	size_t			list = der_begin(b, DER_SEQUENCE);
	size_t			point = der_begin(b, DER_SEQUENCE);
	size_t			name = der_begin(b, DER_CONTEXT_C(0));
	size_t			full = der_begin(b, DER_CONTEXT_C(0));

	der_put(b, DER_CONTEXT(GENERAL_NAME_URI), uri);
	der_close(b, full);
	der_close(b, name);
	der_close(b, point);
	der_close(b, list);
	close_extension(b, e);
}

static void
put_access(struct buf *b, struct view method, struct view uri)
{
	size_t	seq;

	if (uri.n == 0)
		return;
	seq = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, method);
	der_put(b, DER_CONTEXT(GENERAL_NAME_URI), uri);
	der_close(b, seq);
}

static void
put_info_access(struct buf *b, const struct cert_plan *p)
{
	struct open_extension	e;
	size_t			seq;

	if (p->ocsp_uri.n > 0 || p->ca_issuers_uri.n > 0) {
		e = begin(b, OID_AUTHORITY_INFO_ACCESS, false);
		seq = der_begin(b, DER_SEQUENCE);
		put_access(b, OID_AD_OCSP, p->ocsp_uri);
		put_access(b, OID_AD_CA_ISSUERS, p->ca_issuers_uri);
		der_close(b, seq);
		close_extension(b, e);
	}
	if (p->cmc_uri.n > 0) {
		e = begin(b, OID_SUBJECT_INFO_ACCESS, false);
		seq = der_begin(b, DER_SEQUENCE);
		put_access(b, OID_AD_CMC, p->cmc_uri);
		der_close(b, seq);
		close_extension(b, e);
	}
}

static void
put_policies(struct buf *b, const struct cert_plan *p)
{
	struct open_extension	e = begin(b, OID_CERT_POLICIES, false);
	size_t			list = der_begin(b, DER_SEQUENCE), one, i;

	for (i = 0; i < p->policy_count; i++) {
		one = der_begin(b, DER_SEQUENCE);
		der_put_oid(b, p->policies[i]);
		der_close(b, one);
	}
	der_close(b, list);
	close_extension(b, e);
}

/* Nothing at all rather than an empty list, which RFC 5280, 4.1.2.9 forbids. */
static void
put_extensions(struct buf *b, const struct cert_plan *p)
{
	size_t	explicit_tag = der_begin(b, DER_CONTEXT_C(3));
	size_t	list = der_begin(b, DER_SEQUENCE), before = b->n;

	if (p->aki.n > 0)
		put_aki(b, p->aki);
	if (p->ski.n > 0)
		put_ski(b, p->ski);
	if (p->key_usage != 0)
		put_key_usage(b, p->key_usage);
	if (p->eku != 0 || p->eku_oid_count > 0)
		put_eku(b, p);
	if (p->san_value.n > 0 || p->san_count > 0)
		put_san(b, p);
	if (!p->omit_basic_constraints)
		put_basic_constraints(b, p);
	if (p->cdp_uri.n > 0)
		put_cdp(b, p->cdp_uri);
	put_info_access(b, p);
	if (p->policy_count > 0)
		put_policies(b, p);
	if (p->ocsp_nocheck)
		extension_put(b, OID_OCSP_NOCHECK, false, DER_NULL_TLV);
	buf_add_view(b, p->more);
	if (buf_ok(b) && b->n == before) {
		b->n = explicit_tag;
		return;
	}
	der_close(b, list);
	der_close(b, explicit_tag);
}

static bool
is_zero(struct view v)
{
	size_t	i;

	for (i = 0; i < v.n; i++)
		if (v.p[i] != 0)
			return false;
	return true;
}

static bool
plan_is_sound(const struct cert_plan *p, struct fault *f)
{
	if (is_zero(p->serial) || p->serial.n >= CERT_SERIAL_OCTETS_MAX ||
	    (p->serial.n == CERT_SERIAL_OCTETS_MAX - 1 && p->serial.p[0] >= 0x80))
		return fault_set(f, FAULT_INTERNAL, "RFC 5280, 4.1.2.2",
		    "a serial number is zero or longer than 20 octets");
	if (p->sigalg.n == 0 || p->issuer.n == 0 || p->subject.n == 0 ||
	    p->spki.n == 0)
		return fault_set(f, FAULT_INTERNAL, "RFC 5280, 4.1",
		    "a certificate lacks algorithm, issuer, subject or key");
	if (p->not_after < p->not_before)
		return fault_set(f, FAULT_INTERNAL, "RFC 5280, 4.1.2.5",
		    "a certificate ends before it begins");
	if (p->has_path_length && !p->is_ca)
		return fault_set(f, FAULT_INTERNAL, "RFC 5280, 4.2.1.9",
		    "a path length in a certificate that is no CA's");
	return true;
}

bool
tbs_encode(const struct cert_plan *p, struct buf *out, struct fault *f)
{
	size_t	tbs, part;

	if (!plan_is_sound(p, f))
		return false;
	tbs = der_begin(out, DER_SEQUENCE);
	part = der_begin(out, DER_CONTEXT_C(0));
	der_put_uint(out, 2);
	der_close(out, part);
	der_put_unsigned(out, p->serial);
	buf_add_view(out, p->sigalg);
	buf_add_view(out, p->issuer);
	part = der_begin(out, DER_SEQUENCE);
	der_put_time(out, p->not_before);
	der_put_time(out, p->not_after);
	der_close(out, part);
	buf_add_view(out, p->subject);
	buf_add_view(out, p->spki);
	put_extensions(out, p);
	der_close(out, tbs);
	return buf_check(out, "certificate", f);
}

void
cert_assemble(struct view tbs, struct view sigalg, struct view signature,
    struct buf *out)
{
	size_t	mark = der_begin(out, DER_SEQUENCE);

	buf_add_view(out, tbs);
	buf_add_view(out, sigalg);
	der_put_bits(out, signature);
	der_close(out, mark);
}
