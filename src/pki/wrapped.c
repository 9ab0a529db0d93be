/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that an Admin's relay wraps as an RA (RFC 10002, 6.17; RFC 4809,
 * 3.4.6; docs/adr/0023).  Each becomes a work of its own in the same batch of
 * the engine and goes the way of one that came alone: the layer around it adds
 * no right but takes some, and what is wrong with one is its own trouble.
 *
 * An RA's layer carries batchRequests, transactionId and nonces, and nothing
 * that could change or vouch for what is inside (corrections, 2).
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "pki/work.h"

#define LIST_OCTETS	(WRAPPED_MAX * 7 + 16)	/* a BodyPartList of so many */

/* --- taking apart ------------------------------------------------------------------ */

static int
by_value(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool
all_different(const struct cmc_ids *ids, struct arena *a, struct fault *f)
{
	uint32_t	*v = arena_array(a, ids->n + 1, sizeof(*v));

	if (v == NULL)
		return arena_fault(f);
	memcpy(v, ids->v, ids->n * sizeof(*v));
	qsort(v, ids->n, sizeof(*v), by_value);
	for (size_t i = 1; i < ids->n; i++)
		if (v[i] == v[i - 1])
			return fault_set(f, FAULT_REFUSED, "RFC 10002, 6.17",
			    "body part %u twice in batchRequests", v[i]);
	return true;
}

/* Nothing beside the wrapped messages: a layer of an RA asks for nothing itself. */
static bool
read_list(struct work *w, const struct cmc_control *c)
{
	struct fault	*f = &w->fault;

	if (w->verified.data.n_requests > 0) {
		fault_set(f, FAULT_REFUSED, "corrections, 2", "a request beside batchRequests");
		work_refuse(w, w->verified.data.requests[0].id, CMC_BAD_REQUEST);
		return false;
	}
	if (!cmc_body_list_decode(c->value, w->a, cmc_limits_admin.contents, &w->wrapped_ids, f) ||
	    !all_different(&w->wrapped_ids, w->a, f)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return false;
	}
	if (w->wrapped_ids.n <= WRAPPED_MAX)
		return true;
	fault_set(f, FAULT_LIMIT, "RFC 10002, 6.17", "%zu messages in one, up to %d are taken",
	    w->wrapped_ids.n, WRAPPED_MAX);
	work_refuse_code(w, c->id, CVP_BATCH_TOO_LARGE);
	return false;
}

/* What is not there is answered like what cannot be read. */
static void
fill_job(struct work *w, size_t i, struct job *job)
{
	const struct cmc_content	*c = cmc_content_by_id(&w->verified.data.contents,
	    w->wrapped_ids.v[i]);

	*job = (struct job){
		.message = c != NULL ? c->contentinfo : VIEW_NONE,
		.source = arena_printf(w->a, "%s via %s", w->job->source, w->sender.admin.name),
	};
	if (job->source == NULL)
		job->source = w->job->source;
	buf_init(&job->answer, FRAME_BODY_MAX);
}

bool
wrapped_expand(struct work *w, size_t *n)
{
	const struct cmc_control	*c = cmc_find(&w->verified.data.controls, CMC_BATCH_REQUESTS);
	struct engine			*e = w->e;

	if (!read_list(w, c))
		return true;
	if (*n + w->wrapped_ids.n > WORKS_MAX)
		return false;
	w->inner = *n;
	for (size_t i = 0; i < w->wrapped_ids.n; i++) {
		struct work	*in = &e->works[*n];
		struct job	*job = &e->wrapped[*n];

		fill_job(w, i, job);
		if (!work_start(e, in, job, w->now)) {
			*n = w->inner;
			work_again(w);
			return true;
		}
		in->outer = w;
		in->layer = w->job->message;
		in->layer_by = w->sender.cert.der;
		in->layer_cert = w->sender.row.n;
		(*n)++;
	}
	w->n_inner = w->wrapped_ids.n;
	return true;
}

/* --- what the layer takes ------------------------------------------------------------ */

/* Of the authorization that the message uses, or of the certificate that signs it. */
static int64_t
template_of(const struct work *w)
{
	return w->errand == ERRAND_ENROLL || w->errand == ERRAND_CHANGE ? w->authz.template :
	    w->sender.row.template;
}

bool
wrapped_allows(struct work *w)
{
	const struct store_admin	*by = w->outer != NULL ? &w->outer->sender.admin : NULL;
	struct store_template		 t;

	if (by == NULL)
		return true;
	if (!store_template_find_n(w->e->p.store, template_of(w), w->a, &t, &w->fault)) {
		work_again(w);
		return false;
	}
	if (t.n != 0 && admin_may(by, t.name, "enroll"))
		return true;
	fault_set(&w->fault, FAULT_REFUSED, "corrections, 2",
	    "wrapped by Admin \"%s\", who may not enrol under template \"%s\"", by->name,
	    t.n != 0 ? t.name : "");
	w->course = COURSE_REFUSE;
	work_refuse_code(w, w->errand == ERRAND_ENROLL || w->errand == ERRAND_CHANGE ?
	    w->candidate.id : CMC_WHOLE_MESSAGE, CVP_REQUESTER_MAY_NOT);
	return false;
}

/* --- putting together ------------------------------------------------------------------ */

/* Its words on each, under the id that the request had; the RA repeats what is missing. */
static bool
collect(struct work *w, struct fault *f)
{
	struct engine		*e = w->e;
	struct answer_part	*parts = arena_array(w->a, w->n_inner + 1, sizeof(*parts));
	uint32_t		*ids = arena_array(w->a, w->n_inner + 1, sizeof(*ids));
	struct buf		 list;
	size_t			 n = 0;

	if (parts == NULL || ids == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < w->n_inner; i++) {
		const struct job	*job = e->works[w->inner + i].job;

		if (job->again)
			continue;
		w->job->refused_proof |= job->refused_proof;
		ids[n] = w->wrapped_ids.v[i];
		parts[n] = (struct answer_part){ ids[n], buf_view(&job->answer) };
		n++;
	}
	if (n == 0)
		return fault_set(f, FAULT_BUSY, "", "no message of %zu could be worked on",
		    w->n_inner);
	buf_init(&list, LIST_OCTETS);
	cmc_put_ids(&list, ids, n);
	w->answer.parts = parts;
	w->answer.n_parts = n;
	answer_control(&w->answer, CMC_BATCH_RESPONSES, arena_copy(w->a, buf_view(&list)));
	buf_clear(&list);
	return true;
}

void
wrapped_collect(struct work *w)
{
	const struct cmc_control	*c = cmc_find(&w->verified.data.controls, CMC_BATCH_REQUESTS);

	w->job->wrapper = true;
	if (!collect(w, &w->fault)) {
		work_again(w);
		return;
	}
	answer_status(&w->answer, CMC_SUCCESS, c->id);
	log_line(LOG_LEVEL_INFO, "wrapped messages", "from=%s admin=\"%s\" messages=%zu answered=%zu",
	    w->job->source, w->sender.admin.name, w->n_inner, w->answer.n_parts);
}
