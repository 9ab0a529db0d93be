/* SPDX-License-Identifier: Apache-2.0 */
/* One line for each message, once it is worked on. */
#include <inttypes.h>

#include "base/log.h"
#include "pki/work.h"

void
work_log(const struct work *w)
{
	static const char *const errands[] = { "message", "enroll", "change", "bind",
		"generate", "confirm", "control",
		"unsigned", "wrapper", "poll", "rejection" };
	/* A refusal is what was said last. */
	const struct answer_status *s = &w->answer.status[w->answer.n_status > 0 ?
	    w->answer.n_status - 1 : 0];

	if (w->job->again || w->job->deferred)
		return;
	if (w->fault.kind != FAULT_NONE)
		log_line(LOG_LEVEL_WARN, "refused", "%s from=%s status=%s fail=%s kind=%s "
		    "rule=\"%s\" why=\"%s\"", errands[w->errand], w->job->source,
		    w->answer.n_status > 0 ? cmc_status_name(s->status) : "-",
		    w->answer.n_status > 0 ? cmc_fail_name(s->fail) : "-",
		    fault_kind_name(w->fault.kind), w->fault.rule, w->fault.text);
	else if (w->course == COURSE_HOLD)
		log_line(LOG_LEVEL_INFO, w->polls ? "request still waits for approval" :
		    "request waits for approval", "from=%s authz=%" PRId64 " id=\"%s\" "
		    "see=\"pki4ipsec pki queue\"", w->job->source, w->authz.n, w->authz.id);
	else if (w->errand == ERRAND_ENROLL || w->errand == ERRAND_BIND ||
	    w->errand == ERRAND_GENERATE)
		log_line(LOG_LEVEL_INFO, w->course == COURSE_ISSUE ? "certificate issued" :
		    "certificate sent again", "from=%s authz=%" PRId64 " cert=%" PRId64
		    " identity=\"%s\"", w->job->source, w->authz.n, w->cert.n, w->cert.identity);
	else if (w->errand == ERRAND_CHANGE)
		log_line(LOG_LEVEL_INFO, w->course == COURSE_ISSUE ? "successor issued" :
		    "successor sent again", "from=%s kind=\"%s\" authz=%" PRId64 " cert=%" PRId64
		    " replaces=%" PRId64 " identity=\"%s\"", w->job->source,
		    change_name(w->change.kind), w->authz.n, w->cert.n, w->sender.row.n,
		    w->cert.identity);
	else if (w->errand == ERRAND_CONFIRM)
		log_line(LOG_LEVEL_INFO, "certificate confirmed", "from=%s cert=%" PRId64
		    " identity=\"%s\"", w->job->source, w->sender.row.n, w->sender.row.identity);
}
