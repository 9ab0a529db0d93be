/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cms_attr.h"

#define RULE	"RFC 5652, 5"
#define ATTR_OCTETS_MAX	512	/* each of ours is below 150 */

void
cms_content_put(struct buf *b, struct view type, struct view content)
{
	size_t	seq = der_begin(b, DER_SEQUENCE), tag;

	der_put_oid(b, type);
	tag = der_begin(b, DER_CONTEXT_C(0));
	buf_add_view(b, content);
	der_close(b, tag);
	der_close(b, seq);
}

void
cms_sid_put(struct buf *b, const struct cms_sid *sid)
{
	if (sid->kind == CMS_SID_SKI)
		der_put(b, DER_CONTEXT(0), sid->ski);
	else
		issuer_serial_put(b, &sid->is);
}

void
cms_encap_put(struct buf *b, struct view type, bool has_content,
    struct view content)
{
	size_t	seq = der_begin(b, DER_SEQUENCE), tag;

	der_put_oid(b, type);
	if (has_content) {
		tag = der_begin(b, DER_CONTEXT_C(0));
		der_put_octets(b, content);
		der_close(b, tag);
	}
	der_close(b, seq);
}

/* Attribute with one value, held open. */
static size_t
begin_attribute(struct buf *b, struct view type, size_t *set)
{
	size_t	seq = der_begin(b, DER_SEQUENCE);

	der_put_oid(b, type);
	*set = der_begin(b, DER_SET);
	return seq;
}

static void
close_attribute(struct buf *b, size_t seq, size_t set)
{
	der_close(b, set);
	der_close(b, seq);
}

/* hashAlgorithm is left out: SHA-256 is its default (RFC 5035, 4). */
static void
put_signing_certificate(struct buf *b, struct view sha256)
{
	size_t	set, seq = begin_attribute(b, OID_SIGNING_CERTIFICATE_V2, &set);
	size_t	value = der_begin(b, DER_SEQUENCE);
	size_t	list = der_begin(b, DER_SEQUENCE);
	size_t	id = der_begin(b, DER_SEQUENCE);

	der_put_octets(b, sha256);
	der_close(b, id);
	der_close(b, list);
	der_close(b, value);
	close_attribute(b, seq, set);
}

static void
put_content_type(struct buf *b, struct view type)
{
	size_t	set, seq = begin_attribute(b, OID_CONTENT_TYPE, &set);

	der_put_oid(b, type);
	close_attribute(b, seq, set);
}

static void
put_message_digest(struct buf *b, struct view digest)
{
	size_t	set, seq = begin_attribute(b, OID_MESSAGE_DIGEST, &set);

	der_put_octets(b, digest);
	close_attribute(b, seq, set);
}

static void
put_signing_time(struct buf *b, int64_t t)
{
	size_t	set, seq = begin_attribute(b, OID_SIGNING_TIME, &set);

	der_put_time(b, t);
	close_attribute(b, seq, set);
}

void
cms_signed_attrs_encode(const struct cms_attrs_plan *p, struct buf *out)
{
	struct view	views[4];
	struct buf	tmp;
	size_t		ends[4], start = 0, n = 0, i;

	buf_init(&tmp, 4 * ATTR_OCTETS_MAX);
	put_content_type(&tmp, p->content_type);
	ends[n++] = tmp.n;
	put_message_digest(&tmp, p->message_digest);
	ends[n++] = tmp.n;
	if (p->has_signing_time) {
		put_signing_time(&tmp, p->signing_time);
		ends[n++] = tmp.n;
	}
	if (p->signing_certificate_sha256.n > 0) {
		put_signing_certificate(&tmp, p->signing_certificate_sha256);
		ends[n++] = tmp.n;
	}
	for (i = 0; i < n; i++) {
		views[i] = view_of(tmp.p + start, ends[i] - start);
		start = ends[i];
	}
	if (buf_ok(&tmp))
		der_put_set_of(out, DER_SET, views, n);
	else
		out->failed = true;
	buf_clear(&tmp);
}

/* The same SET under an IMPLICIT tag: only its first octet differs. */
static void
put_retagged(struct buf *b, uint8_t tag, struct view set)
{
	if (set.n == 0)
		return;
	buf_add_u8(b, tag);
	buf_add(b, set.p + 1, set.n - 1);
}

void
cms_signer_encode(const struct cms_signer_plan *p, struct buf *out)
{
	size_t	seq = der_begin(out, DER_SEQUENCE);

	der_put_uint(out, p->sid.kind == CMS_SID_SKI ? 3 : 1);
	cms_sid_put(out, &p->sid);
	buf_add_view(out, p->digest_alg);
	put_retagged(out, DER_CONTEXT_C(0), p->signed_attrs);
	buf_add_view(out, p->sig_alg);
	der_put_octets(out, p->signature);
	if (p->unsigned_attrs.n > 0)
		der_put(out, DER_CONTEXT_C(1), p->unsigned_attrs);
	der_close(out, seq);
}

/* A SET OF in DER order; absent when empty, unless it must be there. */
static void
put_set(struct buf *b, uint8_t tag, const struct view *list, size_t n)
{
	struct view	sorted[CMS_CERTIFICATES_MAX];

	if (n > 0)
		memcpy(sorted, list, n * sizeof(*list));
	der_put_set_of(b, tag, sorted, n);
}

/* RFC 5652, 5.1: 3 for any content but id-data and for a sid that is a SKI. */
static unsigned
version_of(const struct cms_signed_plan *p)
{
	return p->signer_by_ski ||
	    !view_equal(p->content_type, OID_CT_DATA) ? 3 : 1;
}

bool
cms_signed_encode(const struct cms_signed_plan *p, struct buf *out,
    struct fault *f)
{
	size_t	info, tag, seq;

	if (p->certificate_count > CMS_CERTIFICATES_MAX ||
	    p->crl_count > CMS_CRLS_MAX || p->signer_count > CMS_SIGNERS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE,
		    "%zu certificates, %zu CRLs and %zu signers in one message",
		    p->certificate_count, p->crl_count, p->signer_count);
	info = der_begin(out, DER_SEQUENCE);
	der_put_oid(out, OID_CT_SIGNED_DATA);
	tag = der_begin(out, DER_CONTEXT_C(0));
	seq = der_begin(out, DER_SEQUENCE);
	der_put_uint(out, version_of(p));
	der_put(out, DER_SET, p->digest_alg);
	cms_encap_put(out, p->content_type, p->has_content, p->content);
	if (p->certificate_count > 0)
		put_set(out, DER_CONTEXT_C(0), p->certificates,
		    p->certificate_count);
	if (p->crl_count > 0)
		put_set(out, DER_CONTEXT_C(1), p->crls, p->crl_count);
	put_set(out, DER_SET, p->signers, p->signer_count);
	der_close(out, seq);
	der_close(out, tag);
	der_close(out, info);
	return buf_check(out, "message", f);
}

bool
cms_certs_only_encode(const struct view *certificates, size_t n,
    struct buf *out, struct fault *f)
{
	struct cms_signed_plan	p = { 0 };

	p.content_type = OID_CT_DATA;
	p.certificates = certificates;
	p.certificate_count = n;
	return cms_signed_encode(&p, out, f);
}
