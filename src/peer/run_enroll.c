/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "peer/enroll.h"
#include "peer/reach.h"
#include "peer/run_enroll.h"

#define LOOK_MS		INT64_C(60000)	/* the calendar may have jumped */
#define UNREACHED_MS	INT64_C(60000)	/* waiting for a person anyway */
#define PAUSE_MIN_MS	INT64_C(1000)

/* One try; true when there is a certificate.  *pause_ms: until the next. */
static bool
try_once(const char *dir, const struct ticket *t, const struct rng *rng, bool hurry,
    int64_t *pause_ms, struct fault *f)
{
	struct enroll		q = {
		.dir = dir, .ticket = t, .rng = rng, .now = (int64_t)time(NULL),
		.hurry = hurry, .resume = true,
	};
	struct enroll_report	r;
	struct reach_http	h;
	bool			ok;

	if (!reach_http_open(&h, t->url, NULL, f))
		return false;
	q.transport = reach_http(&h);
	ok = enroll_run(&q, &r, f);
	reach_http_close(&h);
	*pause_ms = r.poll_at > q.now ? (r.poll_at - q.now) * 1000 : UNREACHED_MS;
	if (ok)
		log_line(LOG_LEVEL_INFO, "enrolment finished", "serial=%s identity=\"%s\"", r.serial,
		    r.identity);
	return ok;
}

static void
take_signals(int signals, bool *stop, bool *hurry)
{
	int	sig;

	while ((sig = signals_next(signals)) != 0) {
		*stop = *stop || sig == SIGTERM || sig == SIGINT;
		*hurry = true;
	}
}

/* Until then, or a signal. */
static void
sleep_for(int signals, int64_t ms)
{
	struct pollfd	p = { .fd = signals, .events = POLLIN };
	int64_t		watchdog = notify_watchdog_ms();

	if (ms > LOOK_MS)
		ms = LOOK_MS;
	if (watchdog > 0 && watchdog < ms)
		ms = watchdog;
	if (ms < PAUSE_MIN_MS)
		ms = PAUSE_MIN_MS;
	if (poll(&p, 1, (int)ms) == -1 && errno != EINTR)
		log_line(LOG_LEVEL_ERROR, "poll", "why=\"%s\"", error_text(errno));
	notify_watchdog();
}

static bool
finish(const char *dir, const struct ticket *t, int signals, const struct rng *rng, bool *stop,
    struct fault *f)
{
	int64_t	pause_ms = 0, next = 0;
	bool	hurry = true;

	for (;;) {
		take_signals(signals, stop, &hurry);
		if (*stop)
			return true;
		if (hurry || (int64_t)time(NULL) >= next) {
			if (try_once(dir, t, rng, hurry, &pause_ms, f))
				return true;
			if (f->kind != FAULT_BUSY)
				return false;
			log_line(LOG_LEVEL_INFO, "enrolment waits", "why=\"%s\"", f->text);
			next = (int64_t)time(NULL) + pause_ms / 1000;
			fault_clear(f);
			hurry = false;
		}
		sleep_for(signals, (next - (int64_t)time(NULL)) * 1000);
	}
}

bool
run_enroll_once(const char *dir, const struct rng *rng, int64_t *next, struct fault *f)
{
	int64_t		now = (int64_t)time(NULL), pause_ms = LOOK_MS;
	struct fault	why = { 0 };
	struct ticket	t;
	bool		waits, ok;

	if (now < *next && *next - now <= LOOK_MS / 1000)
		return true;
	*next = now + LOOK_MS / 1000;
	if (!enroll_kept_ticket(dir, &t, &waits, &why) || !waits)
		return true;		/* a damaged folder is the main work's trouble */
	ok = try_once(dir, &t, rng, false, &pause_ms, f);
	ticket_clear(&t);
	if (ok || f->kind != FAULT_BUSY)
		return ok;
	fault_clear(f);
	return true;
}

bool
run_enroll(const char *dir, int signals, const struct rng *rng, bool *stop, struct fault *f)
{
	struct ticket	t;
	bool		waits, ok;

	if (!enroll_kept_ticket(dir, &t, &waits, f))
		return false;
	if (!waits)
		return true;
	notify_ready();
	notify_status("the enrolment waits for a person's approval at the PKI");
	ok = finish(dir, &t, signals, rng, stop, f);
	ticket_clear(&t);
	return ok;
}
