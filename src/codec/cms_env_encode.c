/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cms_attr.h"
#include "codec/cms_env.h"

#define RULE	"RFC 5652, 6"
#define RECIPIENT_OCTETS_MAX	8192	/* an issuer's name and an RSA-4096 key, many times */

static void
put_retagged(struct buf *b, uint8_t tag, struct view set)
{
	if (set.n == 0)
		return;
	buf_add_u8(b, tag);
	buf_add(b, set.p + 1, set.n - 1);
}

static void
put_ktri(struct buf *b, const struct cms_recipient_plan *r)
{
	size_t	seq = der_begin(b, DER_SEQUENCE);

	der_put_uint(b, r->rid.kind == CMS_SID_SKI ? 2 : 0);
	cms_sid_put(b, &r->rid);
	buf_add_view(b, r->key_alg);
	der_put_octets(b, r->encrypted_key);
	der_close(b, seq);
}

static void
put_key_rid(struct buf *b, const struct cms_sid *rid)
{
	size_t	mark;

	if (rid->kind == CMS_SID_ISSUER_SERIAL) {
		issuer_serial_put(b, &rid->is);
		return;
	}
	mark = der_begin(b, DER_CONTEXT_C(0));
	der_put_octets(b, rid->ski);
	der_close(b, mark);
}

static void
put_kari(struct buf *b, const struct cms_recipient_plan *r)
{
	size_t	seq = der_begin(b, DER_CONTEXT_C(1)), mark, inner;

	der_put_uint(b, 3);
	mark = der_begin(b, DER_CONTEXT_C(0));
	inner = der_begin(b, DER_CONTEXT_C(1));
	buf_add_view(b, r->originator_alg);
	der_put_bits(b, r->originator_key);
	der_close(b, inner);
	der_close(b, mark);
	if (r->ukm.n > 0) {
		mark = der_begin(b, DER_CONTEXT_C(1));
		der_put_octets(b, r->ukm);
		der_close(b, mark);
	}
	buf_add_view(b, r->key_alg);
	mark = der_begin(b, DER_SEQUENCE);
	inner = der_begin(b, DER_SEQUENCE);
	put_key_rid(b, &r->rid);
	der_put_octets(b, r->encrypted_key);
	der_close(b, inner);
	der_close(b, mark);
	der_close(b, seq);
}

static void
put_pwri(struct buf *b, const struct cms_recipient_plan *r)
{
	size_t	seq = der_begin(b, DER_CONTEXT_C(3));

	der_put_uint(b, 0);
	put_retagged(b, DER_CONTEXT_C(0), r->derivation);
	buf_add_view(b, r->key_alg);
	der_put_octets(b, r->encrypted_key);
	der_close(b, seq);
}

static void
put_recipient(struct buf *b, const struct cms_recipient_plan *r)
{
	switch (r->kind) {
	case CMS_RECIPIENT_KTRI:
		put_ktri(b, r);
		break;
	case CMS_RECIPIENT_KARI:
		put_kari(b, r);
		break;
	case CMS_RECIPIENT_PWRI:
		put_pwri(b, r);
		break;
	case CMS_RECIPIENT_OTHER:
		b->failed = true;
		break;
	}
}

static bool
put_recipients(struct buf *out, const struct cms_recipient_plan *list, size_t n,
    struct fault *f)
{
	struct view	views[CMS_RECIPIENTS_MAX];
	size_t		ends[CMS_RECIPIENTS_MAX], start = 0, i;
	struct buf	tmp;
	bool		ok;

	if (n == 0 || n > CMS_RECIPIENTS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "%zu recipients", n);
	buf_init(&tmp, CMS_RECIPIENTS_MAX * RECIPIENT_OCTETS_MAX);
	for (i = 0; i < n; i++) {
		put_recipient(&tmp, &list[i]);
		ends[i] = tmp.n;
	}
	for (i = 0; i < n; i++) {
		views[i] = view_of(tmp.p + start, ends[i] - start);
		start = ends[i];
	}
	ok = buf_check(&tmp, "recipients", f);
	if (ok)
		der_put_set_of(out, DER_SET, views, n);
	buf_clear(&tmp);
	return ok;
}

/* RFC 5652, 6.1: 3 with a password recipient, 0 if all are ktri by name, else 2. */
static unsigned
enveloped_version(const struct cms_enveloped_plan *p)
{
	unsigned	version = 0;
	size_t		i;

	if (p->is_auth)
		return 0;
	for (i = 0; i < p->recipient_count; i++) {
		if (p->recipients[i].kind == CMS_RECIPIENT_PWRI)
			return 3;
		if (p->recipients[i].kind != CMS_RECIPIENT_KTRI ||
		    p->recipients[i].rid.kind != CMS_SID_ISSUER_SERIAL)
			version = 2;
	}
	return version;
}

/* ContentInfo, its [0] and the SEQUENCE within, held open. */
struct shell {
	size_t	info, tag, seq;
};

static struct shell
begin_shell(struct buf *b, struct view type)
{
	struct shell	s;

	s.info = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, type);
	s.tag = der_begin(b, DER_CONTEXT_C(0));
	s.seq = der_begin(b, DER_SEQUENCE);
	return s;
}

static void
close_shell(struct buf *b, struct shell s)
{
	der_close(b, s.seq);
	der_close(b, s.tag);
	der_close(b, s.info);
}

bool
cms_enveloped_encode(const struct cms_enveloped_plan *p, struct buf *out,
    struct fault *f)
{
	struct shell	s = begin_shell(out, p->is_auth ?
			    OID_CT_AUTH_ENVELOPED_DATA : OID_CT_ENVELOPED_DATA);
	size_t		seq;

	der_put_uint(out, enveloped_version(p));
	if (!put_recipients(out, p->recipients, p->recipient_count, f))
		return false;
	seq = der_begin(out, DER_SEQUENCE);
	der_put_oid(out, p->content_type);
	buf_add_view(out, p->content_alg);
	der_put(out, DER_CONTEXT(0), p->encrypted);
	der_close(out, seq);
	if (p->is_auth) {
		put_retagged(out, DER_CONTEXT_C(1), p->auth_attrs);
		der_put_octets(out, p->mac);
	}
	close_shell(out, s);
	return buf_check(out, "message", f);
}

bool
cms_authenticated_encode(const struct cms_authenticated_plan *p,
    struct buf *out, struct fault *f)
{
	struct shell	s = begin_shell(out, OID_CT_AUTH_DATA);

	der_put_uint(out, 0);
	if (!put_recipients(out, &p->recipient, 1, f))
		return false;
	buf_add_view(out, p->mac_alg);
	if (p->auth_attrs.n > 0)
		put_retagged(out, DER_CONTEXT_C(1), p->digest_alg);
	cms_encap_put(out, p->content_type, true, p->content);
	put_retagged(out, DER_CONTEXT_C(2), p->auth_attrs);
	der_put_octets(out, p->mac);
	close_shell(out, s);
	return buf_check(out, "message", f);
}

void
pbkdf2_put(struct buf *b, struct view salt, uint64_t iterations,
    uint64_t key_length)
{
	size_t	seq = der_begin(b, DER_SEQUENCE), params;

	der_put_oid(b, OID_PBKDF2);
	params = der_begin(b, DER_SEQUENCE);
	der_put_octets(b, salt);
	der_put_uint(b, iterations);
	if (key_length != 0)
		der_put_uint(b, key_length);
	algorithm_put(b, OID_HMAC_SHA256, DER_NULL_TLV);
	der_close(b, params);
	der_close(b, seq);
}

void
gcm_put(struct buf *b, struct view nonce, unsigned tag_octets)
{
	size_t	seq = der_begin(b, DER_SEQUENCE), params;

	der_put_oid(b, OID_AES256_GCM);
	params = der_begin(b, DER_SEQUENCE);
	der_put_octets(b, nonce);
	if (tag_octets != 12)
		der_put_uint(b, tag_octets);
	der_close(b, params);
	der_close(b, seq);
}
