/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_bind.c - what ties a request or a key to an authorization: authzBind,
 * authzUse, keyGenRequest, keyGenResponse (profile, 7.3).
 */
#include "codec/cvp_part.h"

#define RULE	"CMC profile for IPsec VPN, 7.3"

static bool
get_body_part(struct der *in, const char *what, uint32_t *out, struct fault *f)
{
	return cvp_get_u32(in, what, 1, UINT32_MAX, out, f);
}

/* AuthzTarget ::= CHOICE { entryId [0] INTEGER, id [1] AuthzId } */
static bool
get_target(struct der *in, struct cvp_target *t, struct fault *f)
{
	struct cvp_uint	entry;

	if (!cvp_opt_uint(in, DER_CONTEXT(0), "entryId", 1, UINT32_MAX, &entry,
	    f))
		return false;
	t->entry_id = (uint32_t)entry.v;
	return entry.present || cvp_get_id(in, DER_CONTEXT(1), &t->id, f);
}

static void
put_target(struct buf *b, const struct cvp_target *t)
{
	if (t->entry_id != 0)
		cvp_put_implicit_uint(b, DER_CONTEXT(0), t->entry_id);
	else
		der_put(b, DER_CONTEXT(1), t->id);
}

/* AuthzBind ::= SEQUENCE { request BodyPartID, target AuthzTarget } */
bool
cvp_bind_decode(struct view value, struct cvp_bind *out, struct fault *f)
{
	struct cvp_bind	bind = { 0 };
	struct der	in;

	if (!cvp_open(value, &in, f) ||
	    !get_body_part(&in, "request", &bind.request, f) ||
	    !get_target(&in, &bind.target, f) ||
	    !der_end(&in, f))
		return false;
	*out = bind;
	return true;
}

void
cvp_put_bind(struct buf *b, const struct cvp_bind *bind)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_uint(b, bind->request);
	put_target(b, &bind->target);
	der_close(b, mark);
}

/* AuthzUse ::= SEQUENCE { request BodyPartID, id AuthzId, proof IdentityProofV2 } */
bool
cvp_use_decode(struct view value, struct cvp_use *out, struct fault *f)
{
	struct cvp_use	use = { 0 };
	struct der	in;

	if (!cvp_open(value, &in, f) ||
	    !get_body_part(&in, "request", &use.request, f) ||
	    !cvp_get_id(&in, DER_UTF8_STRING, &use.id, f) ||
	    !cmc_get_proof(&in, &use.proof, f) ||
	    !der_end(&in, f))
		return false;
	*out = use;
	return true;
}

void
cvp_put_use(struct buf *b, const struct cvp_use *use)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_uint(b, use->request);
	der_put_utf8(b, use->id);
	cmc_put_proof(b, &use->proof);
	der_close(b, mark);
}

/* KeyGenRequest ::= SEQUENCE { target, key KeySpec, protectFor SEQUENCE OF Certificate } */
bool
cvp_key_gen_request_decode(struct view value, struct arena *a,
    struct cvp_key_gen_request *out, struct fault *f)
{
	struct cvp_key_gen_request r = { 0 };
	struct der		   in, seq;
	void			  *v;
	size_t			   i;

	if (!cvp_open(value, &in, f) ||
	    !get_target(&in, &r.target, f) ||
	    !cvp_get_key_spec(&in, &r.key, f) ||
	    !cvp_open_list(&in, DER_SEQUENCE, "protectFor", CVP_PROTECT_FOR_MAX,
	    sizeof(r.protect_for.v[0]), a, &seq, &v, &r.protect_for.n, f) ||
	    !der_end(&in, f))
		return false;
	r.protect_for.v = v;
	if (r.protect_for.n == 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "a generated key protected for nobody");
	for (i = 0; i < r.protect_for.n; i++)
		if (!der_get_tlv(&seq, DER_SEQUENCE, &r.protect_for.v[i], f))
			return false;
	*out = r;
	return true;
}

void
cvp_put_key_gen_request(struct buf *b, const struct cvp_key_gen_request *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, i;

	put_target(b, &r->target);
	cvp_put_key_spec(b, &r->key);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < r->protect_for.n; i++)
		buf_add_view(b, r->protect_for.v[i]);
	der_close(b, list);
	der_close(b, mark);
}

/* KeyGenResponse ::= SEQUENCE { target, cert IssuerAndSerialNumber, key BodyPartID } */
bool
cvp_key_gen_response_decode(struct view value,
    struct cvp_key_gen_response *out, struct fault *f)
{
	struct cvp_key_gen_response r = { 0 };
	struct der		    in;

	if (!cvp_open(value, &in, f) ||
	    !get_target(&in, &r.target, f) ||
	    !cmc_get_cert_id(&in, DER_SEQUENCE, &r.cert, f) ||
	    !get_body_part(&in, "key", &r.key, f) ||
	    !der_end(&in, f))
		return false;
	*out = r;
	return true;
}

void
cvp_put_key_gen_response(struct buf *b, const struct cvp_key_gen_response *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	put_target(b, &r->target);
	cmc_put_cert_id(b, DER_SEQUENCE, &r->cert);
	der_put_uint(b, r->key);
	der_close(b, mark);
}
