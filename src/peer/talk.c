/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cvp.h"
#include "peer/ask.h"
#include "peer/line.h"
#include "peer/talk.h"
#include "peer/tunnels.h"

#define MESSAGE_ROOM	(64u << 10)
#define ANSWER_MAX	(1u << 20)
#define ARENA_MAX	(8u << 20)

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

static bool
exchange_once(const struct talk_message *m, const struct credential *c, struct key *key,
    struct arena *a, struct fault *f)
{
	struct exchange_trust	trust = { .now = m->now,
		.anchor = buf_view(&c->certs[c->n_certs - 1]) };
	struct exchange_answer	r;
	struct exchange		x;
	struct cert		cert;
	struct buf		message, answer;
	bool			ok;

	buf_init(&message, MESSAGE_ROOM);
	buf_init(&answer, ANSWER_MAX);
	ok = cert_decode(buf_view(&c->certs[0]), &cert, f) &&
	    m->write(m->ctx, &cert, key, &x, &message, f) &&
	    m->transport.exchange(m->transport.ctx, buf_view(&message), &answer, f) &&
	    exchange_read(&x, buf_view(&answer), &trust, a, &r, f) &&
	    exchange_check(&r, CMC_WHOLE_MESSAGE, f);
	buf_clear(&message);
	buf_clear(&answer);
	return ok;
}

bool
talk_once(const struct talk_message *m, struct fault *f)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct credential	 c;
	struct key		*key;
	bool			 ok;

	if (a == NULL)
		return arena_fault(f);
	if ((ok = credential_load(m->dir, true, &c, f))) {
		key = key_load_pem(buf_view(&c.key_pem), f);
		ok = key != NULL && exchange_once(m, &c, key, a, f);
		key_free(key);
		credential_clear(&c);
	}
	arena_free(a);
	return ok;
}
