/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The latest time that was seen (corrections, 24): a clock that ran far ahead
 * leaves a mark that the right one does not reach, and nothing is decided
 * until an operator says that the clock is right.
 */
#include <inttypes.h>

#include "base/text.h"
#include "pki/console_parts.h"

static void
put_clock(struct call *c, bool accepted)
{
	int64_t	seen = c->e->clock > c->now ? c->e->clock : c->now;
	char	now[32], latest[32];

	date_format(c->now, now);
	date_format(seen, latest);
	json_object_set_new(c->answer, "clock", json_string(now));
	json_object_set_new(c->answer, "seen", json_string(latest));
	json_object_set_new(c->answer, "behind", json_integer(seen - c->now));
	json_object_set_new(c->answer, "decides", json_boolean(accepted ||
	    seen - c->now <= ENGINE_CLOCK_BEHIND_SECONDS));
}

bool
console_clock(struct call *c, struct fault *f)
{
	(void)f;
	put_clock(c, false);
	return true;
}

/* The mark of the store; the engine's own follows the commit. */
bool
console_clock_accept(struct call *c, struct fault *f)
{
	int64_t	mark;
	char	seen[32];

	if (c->e->clock <= c->now)
		return fault_set(f, FAULT_CONFLICT, "", "the clock is not behind: there is nothing "
		    "to accept");
	if (!store_counter_get(c->e->p.store, STORE_COUNTER_CLOCK, &mark, f) ||
	    (mark > c->now && !store_counter_add(c->e->p.store, STORE_COUNTER_CLOCK, c->now - mark,
	    NULL, f)))
		return false;
	put_clock(c, true);
	date_format(c->e->clock, seen);
	c->clock_accepted = true;
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++)
		c->e->crl_dirty[ca] = true;	/* the last ones may be of a time that is to come */
	return note_audit(c->e, c->now, OPERATOR, "clock accepted", "seen", seen, f);
}
