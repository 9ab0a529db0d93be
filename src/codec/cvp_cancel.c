/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_cancel.c - authzCancel, its result and its acknowledgement (profile,
 * 7.3 and 7.8).
 */
#include "codec/cvp_part.h"

#define RULE	"CMC profile for IPsec VPN, 7.3"

static bool
get_nonce(struct der *in, struct view *out, struct fault *f)
{
	return cvp_get_octets(in, "nonce", CVP_NONCE_MIN, CVP_NONCE_MAX, out, f);
}

/* SEQUENCE { id AuthzId, macAlg AlgorithmIdentifier, witness OCTET STRING } */
static bool
get_item(struct der *seq, struct cvp_cancel_item *item, struct fault *f)
{
	struct der	in;

	return der_open(seq, DER_SEQUENCE, &in, f) &&
	    cvp_get_id(&in, DER_UTF8_STRING, &item->id, f) &&
	    algorithm_decode(&in, &item->mac_alg, f) &&
	    cvp_get_octets(&in, "witness", 1, CMC_WITNESS_MAX, &item->witness,
	    f) &&
	    der_end(&in, f);
}

bool
cvp_cancel_decode(struct view value, struct arena *a, struct cvp_cancel *out,
    struct fault *f)
{
	struct cvp_cancel	c = { 0 };
	struct der		in, seq;
	void			*v;
	size_t			i;

	if (!cvp_open(value, &in, f) ||
	    !get_nonce(&in, &c.nonce, f) ||
	    !cvp_open_list(&in, DER_SEQUENCE, "items", CVP_CANCELS_MAX,
	    sizeof(c.items[0]), a, &seq, &v, &c.n_items, f) ||
	    !der_end(&in, f))
		return false;
	c.items = v;
	if (c.n_items == 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "a cancellation of nothing");
	for (i = 0; i < c.n_items; i++)
		if (!get_item(&seq, &c.items[i], f))
			return fault_within(f, "item %zu", i + 1);
	*out = c;
	return true;
}

void
cvp_put_cancel(struct buf *b, const struct cvp_cancel *c)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, one, i;

	der_put_octets(b, c->nonce);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < c->n_items; i++) {
		one = der_begin(b, DER_SEQUENCE);
		der_put_utf8(b, c->items[i].id);
		algorithm_put(b, c->items[i].mac_alg.oid,
		    c->items[i].mac_alg.params);
		der_put_octets(b, c->items[i].witness);
		der_close(b, one);
	}
	der_close(b, list);
	der_close(b, mark);
}

void
cvp_put_cancel_proof(struct buf *b, struct view id, struct view nonce)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_oid(b, cmc_kind_oid(CVP_AUTHZ_CANCEL));
	der_put_utf8(b, id);
	der_put_octets(b, nonce);
	der_close(b, mark);
}

/* SEQUENCE { id AuthzId, result ENUMERATED, receipt OCTET STRING OPTIONAL } */
static bool
get_answer(struct der *seq, struct cvp_cancel_answer *answer, struct fault *f)
{
	struct der	in;
	uint64_t	result;

	if (!der_open(seq, DER_SEQUENCE, &in, f) ||
	    !cvp_get_id(&in, DER_UTF8_STRING, &answer->id, f) ||
	    !der_enum(&in, CVP_CANCEL_REFUSED, &result, f) ||
	    !cvp_opt_octets(&in, DER_OCTET_STRING, "receipt", CVP_RECEIPT_MAX,
	    &answer->receipt, f))
		return false;
	answer->result = (enum cvp_cancel_outcome)result;
	return der_end(&in, f);
}

bool
cvp_cancel_result_decode(struct view value, struct arena *a,
    struct cvp_cancel_result *out, struct fault *f)
{
	struct cvp_cancel_result r = { 0 };
	struct der		 in, seq;
	void			*v;
	size_t			 i;

	if (!cvp_open(value, &in, f) ||
	    !get_nonce(&in, &r.nonce, f) ||
	    !cvp_open_list(&in, DER_SEQUENCE, "items", CVP_CANCELS_MAX,
	    sizeof(r.items[0]), a, &seq, &v, &r.n_items, f) ||
	    !der_end(&in, f))
		return false;
	r.items = v;
	for (i = 0; i < r.n_items; i++)
		if (!get_answer(&seq, &r.items[i], f))
			return fault_within(f, "item %zu", i + 1);
	*out = r;
	return true;
}

void
cvp_put_cancel_result(struct buf *b, const struct cvp_cancel_result *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, one, i;

	der_put_octets(b, r->nonce);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < r->n_items; i++) {
		one = der_begin(b, DER_SEQUENCE);
		der_put_utf8(b, r->items[i].id);
		der_put_enum(b, (uint8_t)r->items[i].result);
		cvp_put_opt_view(b, DER_OCTET_STRING, r->items[i].receipt);
		der_close(b, one);
	}
	der_close(b, list);
	der_close(b, mark);
}

bool
cvp_cancel_ack_decode(struct view value, struct arena *a,
    struct cvp_list *receipts, struct fault *f)
{
	struct cvp_list	l = { 0 };
	struct der	d, seq;
	void		*v;
	size_t		i;

	der_init(&d, value);
	if (!cvp_open_list(&d, DER_SEQUENCE, "receipts", CVP_CANCELS_MAX,
	    sizeof(l.v[0]), a, &seq, &v, &l.n, f) ||
	    !der_end(&d, f))
		return false;
	l.v = v;
	if (l.n == 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "an acknowledgement of nothing");
	for (i = 0; i < l.n; i++)
		if (!cvp_get_octets(&seq, "receipt", 1, CVP_RECEIPT_MAX,
		    &l.v[i], f))
			return false;
	*receipts = l;
	return true;
}

void
cvp_put_cancel_ack(struct buf *b, const struct cvp_list *receipts)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), i;

	for (i = 0; i < receipts->n; i++)
		der_put_octets(b, receipts->v[i]);
	der_close(b, mark);
}
