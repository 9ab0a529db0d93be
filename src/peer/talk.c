/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cvp.h"
#include "peer/ask.h"
#include "peer/line.h"
#include "peer/talk.h"

bool
talk_is_badly_made(const struct exchange_failure *why)
{
	return why->has_fail && why->code == 0 && why->status == CMC_FAILED &&
	    (why->fail == CMC_BAD_MESSAGE_CHECK || why->fail == CMC_BAD_REQUEST);
}

bool
talk_is_too_late(const struct exchange_failure *why)
{
	return why->code == CVP_CONFIRMATION_LATE || (why->has_fail &&
	    (why->fail == CMC_BAD_IDENTITY || why->fail == CMC_BAD_CERT_ID));
}

static void
keep_cert(struct enroll_state *st, struct view der)
{
	struct buf	*b = &st->certs[st->n_certs++];

	buf_reset(b);
	buf_add_view(b, der);
}

bool
talk_stage(struct enroll_state *st, const struct cert *c, const struct accept_terms *t,
    bool good, struct fault *f)
{
	struct view	cas[INSTALL_CA_MAX];
	size_t		n = 0;

	st->n_certs = 0;
	keep_cert(st, c->der);
	if (!good)
		keep_cert(st, t->anchor);
	else if (!accept_chain(c, t, cas, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		keep_cert(st, cas[i]);
	for (size_t i = 0; i < st->n_certs; i++)
		if (!buf_check(&st->certs[i], "certificate", f))
			return false;
	return true;
}

bool
talk_line(const char *dir, const struct enroll_state *st, const struct accept_terms *t,
    struct fault *f)
{
	struct line_terms	l = { .dir = dir, .anchor = t->anchor, .now = t->now };
	bool			changed;

	if (st->n_certs < 2)
		return true;
	l.issuer = buf_view(&st->certs[1]);
	return line_keep(&l, t->certs, t->n_certs, &changed, f);
}

bool
talk_is_receipt(const struct enroll_state *st, const struct exchange_answer *r,
    struct fault *f)
{
	const struct cmc_status_info	*s = cmc_status_of(&r->status, ASK_CONFIRM_ID);
	bool				 named = false, there = false;

	for (size_t i = 0; s != NULL && i < s->n_refs; i++)
		named |= s->refs[i].n == 1 && s->refs[i].path[0] == ASK_CONFIRM_ID;
	for (size_t i = 0; i < r->message.certificate_count; i++)
		there |= view_equal(r->message.certificates[i], buf_view(&st->certs[0]));
	if (!named || s->status != CMC_SUCCESS || !there)
		return fault_set(f, FAULT_SIGNATURE, "",
		    "the answer is no receipt for this certificate");
	return true;
}
