/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/algorithm.h"

bool
algorithm_decode_tagged(struct der *d, uint8_t tag, struct algorithm *out,
    struct fault *f)
{
	struct algorithm	a = { 0 };
	struct der		in, params;

	if (!der_get_tlv(d, tag, &a.tlv, f))
		return false;
	in = *d;
	in.p = a.tlv.p;
	in.n = a.tlv.n;
	if (!der_open(&in, tag, &params, f) || !der_oid(&params, &a.oid, f))
		return false;
	if (!der_at_end(&params) && !der_get_any(&params, &a.params, f))
		return false;
	if (!der_end(&params, f))
		return false;
	*out = a;
	return true;
}

bool
algorithm_decode(struct der *d, struct algorithm *out, struct fault *f)
{
	return algorithm_decode_tagged(d, DER_SEQUENCE, out, f);
}

bool
algorithm_parse(struct view tlv, struct algorithm *out, struct fault *f)
{
	struct der	d;

	der_init(&d, tlv);
	return algorithm_decode(&d, out, f) && der_end(&d, f);
}

bool
algorithm_has_no_params(const struct algorithm *a)
{
	return a->params.n == 0 || view_equal(a->params, DER_NULL_TLV);
}

void
algorithm_put_tagged(struct buf *b, uint8_t tag, struct view oid,
    struct view params)
{
	size_t	mark = der_begin(b, tag);

	der_put_oid(b, oid);
	buf_add_view(b, params);
	der_close(b, mark);
}

void
algorithm_put(struct buf *b, struct view oid, struct view params)
{
	algorithm_put_tagged(b, DER_SEQUENCE, oid, params);
}
