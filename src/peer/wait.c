/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "peer/wait.h"

/* Doubled with each answer; half of it by chance, so that a fleet parts. */
static int64_t
pause_of(unsigned polls, const struct rng *rng)
{
	int64_t		seconds = polls == 0 ? 1 : WAIT_POLL_SECONDS;
	uint32_t	chance;

	rng_fill(rng, &chance, sizeof(chance));
	while (polls-- > 1 && seconds < WAIT_POLL_MAX_SECONDS)
		seconds *= 2;
	if (seconds > WAIT_POLL_MAX_SECONDS)
		seconds = WAIT_POLL_MAX_SECONDS;
	return seconds / 2 + 1 + (int64_t)(chance % (uint32_t)(seconds / 2 + 1));
}

static void
plan_next(struct enroll_wait *w, const struct rng *rng, int64_t now)
{
	w->poll_at = now + pause_of(w->polls, rng);
	if (w->poll_at < w->pend_at)
		w->poll_at = w->pend_at;
}

bool
wait_note(struct enroll_state *st, const struct exchange_failure *why, const struct rng *rng,
    int64_t now, struct fault *f)
{
	struct enroll_wait	*w = &st->wait;

	if (!why->has_pend || why->pend_token.n == 0 || why->pend_token.n > ENROLL_TOKEN_MAX) {
		if (st->step != ENROLL_POLL)
			return exchange_fault(why, f);
	} else {
		memcpy(w->token, why->pend_token.p, why->pend_token.n);
		w->n_token = why->pend_token.n;
		w->pend_at = why->pend_time;
		if (w->pend_at > now + WAIT_PEND_MAX_SECONDS)
			w->pend_at = now + WAIT_PEND_MAX_SECONDS;
	}
	if (w->since == 0)
		w->since = now;
	if (st->step == ENROLL_POLL)
		w->polls++;
	else {
		buf_reset(&w->request);
		buf_add_view(&w->request, buf_view(&st->message));
	}
	st->step = ENROLL_POLL;
	st->rebuilt = false;
	plan_next(w, rng, now);
	return buf_check(&w->request, "request", f);
}

bool
wait_is_over(const struct enroll_state *st, bool hurry, int64_t now, struct fault *f)
{
	int64_t	at = hurry ? st->wait.pend_at : st->wait.poll_at;
	char	since[32], next[32];

	if (now >= at || now < st->wait.since)	/* the clock went back: ask */
		return true;
	date_format(st->wait.since, since);
	date_format(at, next);
	return fault_set(f, FAULT_BUSY, "", "the request waits for a person's approval at the PKI "
	    "since %s; it is asked again at %s", since, next);
}

void
wait_back(struct enroll_state *st)
{
	buf_reset(&st->message);
	buf_add_view(&st->message, buf_view(&st->wait.request));
	st->wait.polls++;
	st->step = ENROLL_REQUEST;
}

void
wait_forget(struct enroll_state *st)
{
	buf_reset(&st->wait.request);
	st->wait = (struct enroll_wait){ .request = st->wait.request };
}
