/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/command.h"

#define PROGRESS_AFTER_MS	2000	/* shorter work needs no line */
#define PROGRESS_EVERY_MS	250

static int64_t
monotonic_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
progress_start(struct progress *p, const struct invocation *in,
    const char *what, uint64_t total)
{
	*p = (struct progress){
		.what = what,
		.total = total,
		.started_ms = monotonic_ms(),
		.on = isatty(STDERR_FILENO) == 1 &&
		    (in == NULL || (!in->quiet && !in->json)),
	};
}

void
progress_step(struct progress *p, uint64_t done)
{
	int64_t		now, spent;
	uint64_t	rate, left;

	if (!p->on)
		return;
	now = monotonic_ms();
	spent = now - p->started_ms;
	if (spent < PROGRESS_AFTER_MS || now - p->shown_ms < PROGRESS_EVERY_MS)
		return;
	p->shown_ms = now;
	rate = done * 1000 / (uint64_t)spent;
	left = rate == 0 || done >= p->total ? 0 : (p->total - done) / rate;
	fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 ", %" PRIu64
	    "/s, %" PRIu64 ":%02" PRIu64 " left\033[K", p->what, done, p->total,
	    rate, left / 60, left % 60);
	fflush(stderr);
}

void
progress_end(struct progress *p)
{
	if (p->on && p->shown_ms != 0)
		fputs("\r\033[K", stderr);
	p->on = false;
}
