/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "peer/agent.h"

#define RETRY_AFTER_MAX	3600u	/* who asks for more is not believed */

void
agent_begin(struct agent *a, int64_t crl_interval_ms, const struct agent_time *now)
{
	*a = (struct agent){
		.crl_interval_ms = crl_interval_ms,
		.crls = { now->ms, 0 },
		.tell = { AGENT_NEVER, 0 },
		.change = { AGENT_NEVER, 0 },
		.renewal = { now->ms, 0 },
	};
}

/* --- choosing ------------------------------------------------------------------------ */

int64_t
agent_renewal_at(const struct agent *a)
{
	return a->has_cert ? a->renew_at : AGENT_NEVER;
}

static int64_t
task_in(const struct agent_task *t, const struct agent_time *now)
{
	return t->at == AGENT_NEVER ? AGENT_NEVER : t->at - now->ms;
}

/* In milliseconds from now until it is due; below 0: since when it is. */
static int64_t
renewal_in(const struct agent *a, const struct agent_time *now)
{
	int64_t	pause = a->renewal.at - now->ms, calendar;

	if (!a->has_cert || now->wall > a->not_after)
		return AGENT_NEVER;
	if (a->under_way || a->asked)
		return pause;
	if (a->renew_at >= AGENT_NEVER / 1000)
		return AGENT_NEVER;
	calendar = (a->renew_at - now->wall) * 1000;
	return calendar > pause ? calendar : pause;
}

struct agent_step
agent_next(const struct agent *a, const struct agent_time *now)
{
	const struct {
		enum agent_act	act;
		int64_t		in;
	} tasks[] = {
		{ AGENT_CRLS, a->crls.at - now->ms },
		{ AGENT_TELL, task_in(&a->tell, now) },
		{ AGENT_CHANGE, task_in(&a->change, now) },
		{ AGENT_RENEW, renewal_in(a, now) },
	};
	struct agent_step	step = { AGENT_WAIT, AGENT_WAIT_MAX_MS };
	int64_t			least = AGENT_WAIT_MAX_MS;

	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
		if (tasks[i].in >= least)
			continue;
		least = tasks[i].in;
		step.act = least <= 0 ? tasks[i].act : AGENT_WAIT;
		step.wait_ms = least <= 0 ? 0 : least;
	}
	return step;
}

/* --- pauses -------------------------------------------------------------------------- */

/* first, doubled for each failure up to max; half of it by chance. */
static int64_t
pause_ms(int64_t first, int64_t max, unsigned failures, unsigned retry_after, uint32_t chance)
{
	int64_t	ms = first, least;

	while (failures-- > 1 && ms < max)
		ms *= 2;
	if (ms > max)
		ms = max;
	ms = ms / 2 + (int64_t)(chance % (uint32_t)(ms / 2 + 1));
	if (retry_after > RETRY_AFTER_MAX)
		retry_after = RETRY_AFTER_MAX;
	least = (int64_t)retry_after * 1000;
	if (ms < least)
		ms = least + ms / 8;	/* not all at that very second */
	return ms < AGENT_PAUSE_MIN_MS ? AGENT_PAUSE_MIN_MS : ms;
}

/* A tenth more or less, so that a fleet does not come at one beat. */
static int64_t
beat(int64_t interval, uint32_t chance)
{
	return interval - interval / 10 + (int64_t)(chance % (uint32_t)(interval / 5 + 1));
}

void
agent_crls_done(struct agent *a, const struct agent_time *now, bool ok,
    unsigned retry_after, uint32_t chance)
{
	int64_t	max = a->crl_interval_ms > AGENT_CRL_PAUSE_MAX_MS ? a->crl_interval_ms :
	    AGENT_CRL_PAUSE_MAX_MS;

	a->crls.failures = ok ? 0 : a->crls.failures + 1;
	a->crls.at = now->ms + (ok ? beat(a->crl_interval_ms, chance) :
	    pause_ms(a->crl_interval_ms, max, a->crls.failures, retry_after, chance));
}

void
agent_renewed(struct agent *a, const struct agent_time *now)
{
	a->renewal = (struct agent_task){ now->ms, 0 };
	a->under_way = a->asked = false;
}

/*
 * Polite, but so that some tries are left before the certificate ends: a
 * certificate of an hour cannot wait for hours.
 */
void
agent_renewal_failed(struct agent *a, const struct agent_time *now, enum fault_kind kind,
    unsigned retry_after, uint32_t chance)
{
	bool	busy = kind == FAULT_BUSY;
	int64_t	max = busy ? AGENT_BUSY_MAX_MS : AGENT_REFUSED_MAX_MS;
	int64_t	left = a->not_after <= now->wall ? 0 :
	    (a->not_after - now->wall) * 1000 / AGENT_TRIES_LEFT;
	int64_t	ms;

	a->renewal.failures++;
	ms = pause_ms(busy ? AGENT_BUSY_MS : AGENT_REFUSED_MS, max, a->renewal.failures,
	    retry_after, chance);
	if (ms > left)
		ms = left < AGENT_PAUSE_MIN_MS ? AGENT_PAUSE_MIN_MS : left;
	a->renewal.at = now->ms + ms;
	a->asked = a->asked && busy;	/* a no is an answer */
}

void
agent_renewal_waits(struct agent *a, const struct agent_time *now, int64_t poll_at)
{
	int64_t	ms = poll_at > now->wall ? (poll_at - now->wall) * 1000 : 0;

	a->renewal.failures = 0;
	a->renewal.at = now->ms + (ms < AGENT_PAUSE_MIN_MS ? AGENT_PAUSE_MIN_MS : ms);
}

void
agent_changed(struct agent *a, const struct agent_time *now, int64_t wait_ms)
{
	a->change.failures = 0;
	a->change.at = wait_ms == AGENT_NEVER ? AGENT_NEVER : now->ms + wait_ms;
}

void
agent_change_failed(struct agent *a, const struct agent_time *now, bool refused,
    uint32_t chance)
{
	a->change.failures++;
	a->change.at = now->ms + (refused ?
	    pause_ms(AGENT_REFUSED_MS, AGENT_REFUSED_MAX_MS, a->change.failures, 0, chance) :
	    pause_ms(AGENT_CHANGE_MS, AGENT_CHANGE_MAX_MS, a->change.failures, 0, chance));
}

void
agent_tell(struct agent *a, const struct agent_time *now, bool again)
{
	int64_t	least = a->told_ms + (again ? AGENT_TELL_AGAIN_MS : AGENT_TELL_PAUSE_MS);

	if (a->tell.at != AGENT_NEVER)		/* it waits already, with its pauses */
		return;
	a->tell = (struct agent_task){ a->has_told && least > now->ms ? least : now->ms, 0 };
}

void
agent_tell_nothing(struct agent *a)
{
	a->tell = (struct agent_task){ AGENT_NEVER, 0 };
}

void
agent_told(struct agent *a, const struct agent_time *now, enum fault_kind kind,
    unsigned retry_after, uint32_t chance)
{
	if (kind == FAULT_BUSY) {
		a->tell.failures++;
		a->tell.at = now->ms + pause_ms(AGENT_BUSY_MS, AGENT_BUSY_MAX_MS,
		    a->tell.failures, retry_after, chance);
		return;
	}
	agent_tell_nothing(a);
	if (kind != FAULT_NONE)
		return;
	a->has_told = true;
	a->told_ms = now->ms;
}

void
agent_hurry(struct agent *a, const struct agent_time *now)
{
	a->crls.at = now->ms;
	a->renewal.at = now->ms;
	if (a->tell.failures > 0)	/* not what is told already */
		a->tell.at = now->ms;
	if (a->change.at != AGENT_NEVER)
		a->change.at = now->ms;
}
