/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hint that all devices read (docs/adr/0027): the operator's rules with
 * dates of now, signed, and offered once that is committed, as a CRL is.
 */
#include "base/log.h"
#include "pki/hint.h"
#include "pki/work.h"

#define COUNTER		"hint"		/* the last thisUpdate */
#define ARENA_MAX	(1u << 20)
#define AGAIN_SECONDS	60		/* after the signer refused */

/*
 * Later than each one before it, also within a second; but for a clock that ran
 * ahead and was set right: what was dated then no device has taken.
 */
static bool
set_dates(struct engine *e, struct cvp_hint *h, int64_t now, struct fault *f)
{
	int64_t	last;

	if (!store_counter_get(e->p.store, COUNTER, &last, f) ||
	    (last > now + EXCHANGE_SKEW_SECONDS && !store_counter_add(e->p.store, COUNTER,
	    now - last, &last, f)))
		return false;
	h->this_update = now > last ? now : last + 1;
	h->next_update = h->this_update + HINT_SECONDS;
	return store_counter_raise(e->p.store, COUNTER, h->this_update, NULL, f);
}

static bool
sign(struct engine *e, const struct cvp_hint *h, struct fault *f)
{
	struct buf	content;
	struct frame	fr;
	struct view	message = VIEW_NONE;
	size_t		used;
	bool		ok;

	buf_init(&content, HINT_OCTETS_MAX);
	hint_content(h, &content);
	buf_reset(&e->questions);
	signer_put_hint(&e->questions, buf_view(&content));
	ok = buf_check(&content, "hint", f) && engine_exchange(e, 1, f) &&
	    frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_object(&fr, SIGNER_HINT, &message, f);
	buf_clear(&content);
	buf_reset(&e->hint_staged);
	buf_add_view(&e->hint_staged, message);
	return ok && buf_check(&e->hint_staged, "hint", f);
}

bool
hint_stage(struct engine *e, int64_t now, struct fault *f)
{
	struct cvp_hint	h;
	bool		given;

	e->hint_next = now + HINT_SECONDS / 2;
	if (!hint_rules_load(e->p.store, e->scratch, &h, &given, f))
		return false;
	return !given || (set_dates(e, &h, now, f) && sign(e, &h, f));
}

/* Advice: without it all goes on, so nothing is held up for it. */
void
hint_due(struct engine *e, int64_t now)
{
	struct fault	f = { 0 };

	if (now < e->hint_next || hint_stage(e, now, &f))
		return;
	log_fault(LOG_LEVEL_ERROR, "could not sign the hint", &f);
	buf_reset(&e->hint_staged);
	e->hint_next = now + AGAIN_SECONDS;
}

void
hint_undone(struct engine *e)
{
	if (e->hint_staged.n > 0)
		e->hint_next = 0;
	buf_reset(&e->hint_staged);
}

/* What was staged is the one in use. */
static bool
take(struct engine *e, struct fault *f)
{
	if (e->hint_arena == NULL && (e->hint_arena = arena_new(ARENA_MAX)) == NULL)
		return arena_fault(f);
	arena_reset(e->hint_arena);
	e->hint = (struct cvp_hint){ 0 };
	buf_reset(&e->hint_octets);
	buf_add_view(&e->hint_octets, buf_view(&e->hint_staged));
	return buf_check(&e->hint_octets, "hint", f) &&
	    hint_open(buf_view(&e->hint_octets), NULL, e->hint_arena, &e->hint, f) &&
	    publish_object(e, HINT_PATH, "application/pkcs7-mime; smime-type=CMC-Response",
	    buf_view(&e->hint_octets), e->hint.this_update, e->hint.next_update, f);
}

void
hint_committed(struct engine *e)
{
	struct fault	f = { 0 };

	if (e->hint_staged.n == 0)
		return;
	if (take(e, &f))
		log_line(LOG_LEVEL_INFO, "hint issued", "rules=%zu octets=%zu", e->hint.n_rules,
		    e->hint_octets.n);
	else
		log_fault(LOG_LEVEL_ERROR, "could not offer the hint", &f);
	buf_reset(&e->hint_staged);
}

/* --- renewals ----------------------------------------------------------------------------- */

static struct hint_cert
facts_of(const struct store_cert *c, struct view template)
{
	return (struct hint_cert){ .serial = view_of(c->serial, sizeof(c->serial)),
		.template = template, .not_before = c->not_before, .not_after = c->not_after };
}

bool
hint_allows(const struct engine *e, const struct store_cert *c, struct view template,
    int64_t now)
{
	struct hint_cert	facts = facts_of(c, template);

	return hint_opens(&e->hint, &facts, now);
}

struct view
hint_for_signer(const struct engine *e, const struct store_cert *c, struct view template)
{
	struct hint_cert		 facts = facts_of(c, template);
	const struct cvp_hint_rule	*r = hint_find(&e->hint, &facts);

	return r != NULL && r->act == CVP_HINT_RENEW ? buf_view(&e->hint_octets) : VIEW_NONE;
}
