/* SPDX-License-Identifier: Apache-2.0 */
/* cvp_hint.c - when the PKI wants certificates renewed (docs/adr/0027). */
#include "codec/cvp_part.h"

#define RULE	"docs/adr/0027"

static bool
get_time(struct der *in, int64_t *out, struct fault *f)
{
	struct view	time;

	return der_get(in, DER_GENERALIZED_TIME, &time, f) &&
	    der_generalized_content(time, out, f);
}

static bool
get_serials(struct der *in, struct arena *a, struct cvp_hint_rule *r, struct fault *f)
{
	struct der	seq;
	void		*v;

	if (der_peek(in) != DER_CONTEXT_C(2))
		return true;
	if (!cvp_open_list(in, DER_CONTEXT_C(2), "serial numbers", CVP_HINT_SERIALS_MAX,
	    sizeof(r->serials[0]), a, &seq, &v, &r->n_serials, f))
		return false;
	r->serials = v;
	if (r->n_serials == 0)
		return fault_set(f, FAULT_MALFORMED, RULE, "an empty list of serial numbers");
	for (size_t i = 0; i < r->n_serials; i++)
		if (!der_integer(&seq, &r->serials[i], f))
			return false;
	return true;
}

static bool
get_rule(struct der *seq, struct arena *a, struct cvp_hint_rule *r, struct fault *f)
{
	struct der	in;
	uint64_t	act;

	if (!der_open(seq, DER_SEQUENCE, &in, f) ||
	    !der_enum(&in, CVP_HINT_WAIT, &act, f) || !get_time(&in, &r->from, f) ||
	    !get_time(&in, &r->to, f) ||
	    !cvp_opt_time(&in, DER_CONTEXT(0), &r->issued_before, f) ||
	    !cvp_opt_text(&in, DER_CONTEXT(1), "template", CVP_NAME_MAX, &r->template, f) ||
	    !get_serials(&in, a, r, f) ||
	    !cvp_opt_text(&in, DER_CONTEXT(3), "reason", CVP_HINT_REASON_MAX, &r->reason, f) ||
	    !der_end(&in, f))
		return false;
	r->act = (enum cvp_hint_act)act;
	return r->from <= r->to || fault_set(f, FAULT_MALFORMED, RULE,
	    "a window that ends before it begins");
}

bool
cvp_hint_decode(struct view value, struct arena *a, struct cvp_hint *out, struct fault *f)
{
	struct cvp_hint	h = { 0 };
	struct der	in, seq;
	void		*v;

	if (!cvp_open(value, &in, f) || !cvp_get_version(&in, f) ||
	    !get_time(&in, &h.this_update, f) || !get_time(&in, &h.next_update, f) ||
	    !cvp_open_list(&in, DER_SEQUENCE, "rules", CVP_HINT_RULES_MAX, sizeof(h.rules[0]), a,
	    &seq, &v, &h.n_rules, f) || !der_end(&in, f))
		return false;
	h.rules = v;
	for (size_t i = 0; i < h.n_rules; i++) {
		h.rules[i] = (struct cvp_hint_rule){ 0 };
		if (!get_rule(&seq, a, &h.rules[i], f))
			return fault_within(f, "rule %zu", i + 1);
	}
	if (h.next_update <= h.this_update)
		return fault_set(f, FAULT_MALFORMED, RULE, "nextUpdate is not behind thisUpdate");
	*out = h;
	return true;
}

static void
put_rule(struct buf *b, const struct cvp_hint_rule *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list;

	der_put_enum(b, (uint8_t)r->act);
	der_put_generalized(b, r->from);
	der_put_generalized(b, r->to);
	cvp_put_opt_time(b, DER_CONTEXT(0), &r->issued_before);
	cvp_put_opt_view(b, DER_CONTEXT(1), r->template);
	if (r->n_serials > 0) {
		list = der_begin(b, DER_CONTEXT_C(2));
		for (size_t i = 0; i < r->n_serials; i++)
			der_put(b, DER_INTEGER, r->serials[i]);
		der_close(b, list);
	}
	cvp_put_opt_view(b, DER_CONTEXT(3), r->reason);
	der_close(b, mark);
}

void
cvp_put_hint(struct buf *b, const struct cvp_hint *h)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list;

	der_put_uint(b, CVP_VERSION);
	der_put_generalized(b, h->this_update);
	der_put_generalized(b, h->next_update);
	list = der_begin(b, DER_SEQUENCE);
	for (size_t i = 0; i < h->n_rules; i++)
		put_rule(b, &h->rules[i]);
	der_close(b, list);
	der_close(b, mark);
}
