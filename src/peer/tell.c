/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "peer/ask.h"
#include "peer/reach.h"
#include "peer/talk.h"
#include "peer/tell.h"

/* --- what, and when ------------------------------------------------------------------- */

void
tell_unused(struct tell *t, struct agent *a, const struct agent_time *now,
    const struct fault *why)
{
	if (why->kind == FAULT_BUSY && a->change.failures < AGENT_TELL_TRIES)
		return;
	t->failing = true;
	text_escape(view_str(why->text), 0, t->words, sizeof(t->words));	/* no half characters */
	agent_tell(a, now, t->told && strcmp(t->words, t->told_words) == 0);
}

void
tell_used(struct tell *t, struct agent *a, const struct agent_time *now)
{
	if (t->failing)
		agent_tell_nothing(a);
	t->failing = false;
	if (!t->told)
		return;
	a->has_told = false;		/* good news needs no pause */
	agent_tell(a, now, false);
}

/* --- the message ------------------------------------------------------------------------ */

struct report {
	const struct tell	*t;
	const struct rng	*rng;
	int64_t			 now;
};

static bool
write_report(void *ctx, const struct cert *cert, struct key *key, struct exchange *x,
    struct buf *out, struct fault *f)
{
	struct report	*r = ctx;

	return ask_report(cert, key, r->t->failing ? r->t->words : NULL, r->rng, r->now, x, out, f);
}

bool
tell_send(struct tell *t, const char *dir, struct transport transport, const struct rng *rng,
    int64_t now, struct fault *f)
{
	struct report		r = { t, rng, now };
	struct talk_message	m = { .dir = dir, .transport = transport, .now = now,
		.write = write_report, .ctx = &r };

	if (!talk_once(&m, f))
		return false;
	t->told = t->failing;
	snprintf(t->told_words, sizeof(t->told_words), "%s", t->failing ? t->words : "");
	return true;
}

bool
tell_by_http(struct tell *t, const char *dir, const char *url, const struct rng *rng,
    unsigned *retry_after, struct fault *f)
{
	struct reach_http	h;
	bool			ok;

	if (!reach_http_open(&h, url, dir, f))
		return false;
	ok = tell_send(t, dir, reach_http(&h), rng, (int64_t)time(NULL), f);
	*retry_after = h.retry_after;
	reach_http_close(&h);
	return ok;
}
