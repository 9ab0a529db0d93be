/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "message/hint.h"

#define RULE	"docs/adr/0027"

/* --- the object ---------------------------------------------------------------------- */

void
hint_content(const struct cvp_hint *h, struct buf *out)
{
	struct cmc_writer	w;
	struct cmc_mark		m;

	cmc_response_begin(&w, out);
	m = cmc_control_begin(&w, 1, CVP_RENEWAL_HINT);
	cvp_put_hint(out, h);
	cmc_control_end(&w, m);
	cmc_finish(&w);
}

bool
hint_open(struct view octets, const struct exchange_trust *trust, struct arena *a,
    struct cvp_hint *out, struct fault *f)
{
	struct exchange_answer		 r;
	const struct cmc_control	*c;

	if (octets.n > HINT_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "a hint of %zu octets, up to %u are taken",
		    octets.n, HINT_OCTETS_MAX);
	if (!exchange_read_unasked(octets, trust, a, &r, f))
		return false;
	if ((c = cmc_find(&r.response.controls, CVP_RENEWAL_HINT)) == NULL)
		return fault_set(f, FAULT_MALFORMED, RULE, "what is signed is no hint");
	return cvp_hint_decode(c->value, a, out, f);
}

bool
hint_is_current(const struct cvp_hint *h, int64_t now)
{
	return h->this_update <= now + EXCHANGE_SKEW_SECONDS && now < h->next_update;
}

bool
hint_judge(const struct cvp_hint *h, const struct cvp_hint *held, int64_t now, bool *newer,
    struct fault *f)
{
	char	date[32];

	*newer = false;
	date_format(h->this_update, date);
	if (!hint_is_current(h, now))
		return fault_set(f, FAULT_REFUSED, RULE, "the hint of %s is %s", date,
		    now < h->next_update ? "from the future: is this device's clock right?" : "over");
	if (held != NULL && h->this_update < held->this_update)
		return fault_set(f, FAULT_REFUSED, RULE, "the hint of %s is older than the one in "
		    "use: somebody replays it, or the PKI was set back", date);
	*newer = held == NULL || h->this_update > held->this_update;
	return true;
}

/* --- what a PKI may say --------------------------------------------------------------- */

/*
 * Else a device would renew for as long as the rule stands.  What is renewed
 * has a notBefore that is set back by the skew of clocks.
 */
static bool
ends(const struct cvp_hint *h, const struct cvp_hint_rule *r)
{
	return r->act != CVP_HINT_RENEW || r->n_serials > 0 ||
	    (r->issued_before.present && r->issued_before.v <= h->this_update - EXCHANGE_SKEW_SECONDS);
}

bool
hint_check(const struct cvp_hint *h, struct fault *f)
{
	if (h->next_update - h->this_update > HINT_SECONDS)
		return fault_set(f, FAULT_REFUSED, RULE, "a hint that is good for %lld seconds, up to "
		    "%lld are", (long long)(h->next_update - h->this_update), (long long)HINT_SECONDS);
	for (size_t i = 0; i < h->n_rules; i++) {
		const struct cvp_hint_rule	*r = &h->rules[i];

		if (!ends(h, r))
			return fault_set(f, FAULT_REFUSED, RULE, "rule %zu would have the renewed "
			    "renewed again: it wants a date of issue that is %d seconds past", i + 1,
			    EXCHANGE_SKEW_SECONDS);
		if (r->to - r->from > HINT_WINDOW_MAX)
			return fault_set(f, FAULT_REFUSED, RULE, "rule %zu has a window of %lld days, up "
			    "to %lld are taken", i + 1, (long long)((r->to - r->from) / 86400),
			    (long long)(HINT_WINDOW_MAX / 86400));
	}
	return true;
}

/* --- whom it speaks of ------------------------------------------------------------------ */

static bool
is_listed(const struct cvp_hint_rule *r, struct view serial)
{
	for (size_t i = 0; i < r->n_serials; i++)
		if (view_equal(serial_magnitude(r->serials[i]), serial_magnitude(serial)))
			return true;
	return r->n_serials == 0;
}

static bool
speaks_of(const struct cvp_hint_rule *r, const struct hint_cert *c)
{
	return (!r->issued_before.present || c->not_before < r->issued_before.v) &&
	    (r->template.n == 0 || view_equal(r->template, c->template)) &&
	    is_listed(r, c->serial);
}

const struct cvp_hint_rule *
hint_find(const struct cvp_hint *h, const struct hint_cert *c)
{
	for (size_t i = 0; i < h->n_rules; i++)
		if (speaks_of(&h->rules[i], c))
			return &h->rules[i];
	return NULL;
}

bool
hint_opens(const struct cvp_hint *h, const struct hint_cert *c, int64_t now)
{
	const struct cvp_hint_rule	*r = hint_find(h, c);

	return r != NULL && r->act == CVP_HINT_RENEW && now >= r->from;
}

/* --- when --------------------------------------------------------------------------------- */

/* Somewhere from here on, less than span seconds later. */
static int64_t
part_of(int64_t span, uint32_t chance)
{
	return span * (int64_t)(chance >> 8) / (1 << 24);
}

int64_t
hint_moment(const struct cvp_hint_rule *r, const struct hint_cert *c, int64_t at,
    uint32_t chance)
{
	int64_t	safe = c->not_after - (c->not_after - c->not_before) / HINT_SAFE_PART;
	int64_t	until = r->to, moment;

	if (r->act == CVP_HINT_RENEW) {
		moment = r->from + part_of(r->to - r->from, chance);
		return moment < at ? moment : at;
	}
	if (at >= until || at >= safe)
		return at;
	if (until > safe - (safe - at) / 4)
		until = safe - (safe - at) / 4;
	return until + part_of((safe - until) / 2, chance);
}
