/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of messages, stage by stage; each stage is in a file of its own. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "codec/crl.h"
#include "crypt/digest.h"
#include "message/hint.h"
#include "pki/work.h"

#define WORK_ARENA_MAX	(1u << 30)	/* a full authzRequest and its answer */
#define WORK_ARENA_KEEP	(1u << 20)	/* above this an arena is given back */
#define SCRATCH_MAX	(256u << 20)
#define EXCHANGE_MAX	(512u << 20)
#define DUE_MAX		256		/* rows one round of a tick moves */
#define CLOCK_STORE_SECONDS	10	/* the mark on disk is no older, nor than what was decided */
#define EXPIRE_SECONDS	60		/* between walks over certificates that end */

/* --- refusing --------------------------------------------------------------------- */

void
work_refuse(struct work *w, uint32_t about, enum cmc_fail fail)
{
	answer_fail(&w->answer, about, fail, NULL);
	w->done = true;
}

void
work_refuse_code(struct work *w, uint32_t about, uint32_t code)
{
	/* What concerns an id is for its Admin; a Peer gets the plain failInfo. */
	if (cvp_code_is_for_admin(code) && w->sender.admin.n == 0)
		answer_fail(&w->answer, about, cvp_code_fail(code), NULL);
	else
		answer_fail_code(&w->answer, about, code,
		    arena_printf(w->a, "%s", w->fault.text[0] != '\0' ? w->fault.text :
		    cvp_code_text(code)));
	w->done = true;
}

void
work_again(struct work *w)
{
	w->job->again = true;
	w->done = true;
}

/* --- the signer --------------------------------------------------------------------- */

bool
engine_exchange(struct engine *e, size_t count, struct fault *f)
{
	buf_reset(&e->answers);
	if (!buf_check(&e->questions, "questions to the signer", f))
		return false;
	e->journal_grew = true;
	return e->p.signer.exchange(e->p.signer.ctx, buf_view(&e->questions), count,
	    &e->answers, f);
}

/*
 * Ask for all works that `ask` has a question for, and hand each its answer in
 * order.  If the signer is gone, every asker tries again later.
 */
static void
exchange_all(struct engine *e, size_t n, bool (*wants)(const struct work *w),
    void (*ask)(struct work *w, struct buf *q, size_t *count),
    void (*take)(struct work *w, const struct frame *fr))
{
	size_t		count = 0, used, asked;
	struct fault	f = { 0 };
	struct view	left;
	struct frame	fr;
	bool		ok;

	buf_reset(&e->questions);
	for (size_t i = 0; i < n; i++) {
		e->works[i].asked = false;
		if (e->works[i].done || !wants(&e->works[i]))
			continue;
		asked = count;
		ask(&e->works[i], &e->questions, &count);
		e->works[i].asked = count > asked;
	}
	if (count == 0)
		return;
	ok = engine_exchange(e, count, &f);
	if (!ok)
		log_fault(LOG_LEVEL_ERROR, "no answer from the signer", &f);
	left = buf_view(&e->answers);
	for (size_t i = 0; i < n; i++) {
		if (!e->works[i].asked)
			continue;
		if (!ok || !frame_take(left, FRAME_BODY_MAX, &fr, &used, &f) || used == 0) {
			work_again(&e->works[i]);
			continue;
		}
		left = view_of(left.p + used, left.n - used);
		take(&e->works[i], &fr);
	}
}

/* An Admin asks in the place of a Peer. */
static bool
is_by_admin(const struct work *w)
{
	return w->errand == ERRAND_BIND || w->errand == ERRAND_GENERATE;
}

/* One certificate is asked for: a first one, or a successor. */
static bool
is_request(const struct work *w)
{
	return w->errand == ERRAND_ENROLL || w->errand == ERRAND_CHANGE || is_by_admin(w);
}

static void
find_authz(struct work *w)
{
	if (w->errand == ERRAND_ENROLL)
		enroll_find(w);
	else if (is_by_admin(w))
		bind_find(w);
	else
		change_find(w);
}

static bool
wants_proof(const struct work *w)
{
	return w->errand == ERRAND_ENROLL || w->has_use || is_by_admin(w);
}

static void
ask_proof(struct work *w, struct buf *questions, size_t *count)
{
	if (w->errand == ERRAND_ENROLL)
		enroll_ask_proof(w, questions, count);
	else if (is_by_admin(w))
		bind_ask(w, questions, count);
	else
		change_ask_use(w, questions, count);
}

static void
take_proof(struct work *w, const struct frame *answer)
{
	if (w->errand == ERRAND_ENROLL)
		enroll_take_proof(w, answer);
	else if (is_by_admin(w))
		bind_take(w, answer);
	else
		change_take_use(w, answer);
}

static bool
wants_issue(const struct work *w)
{
	return is_request(w) && w->course == COURSE_ISSUE;
}

static void
ask_issue(struct work *w, struct buf *questions, size_t *count)
{
	if (w->errand == ERRAND_CHANGE)
		change_ask_issue(w, questions, count);
	else
		enroll_ask_issue(w, questions, count);
}

/* --- transactions ----------------------------------------------------------------- */

/* What it did is undone; what will not work later either is refused for good. */
static void
take_back(struct work *w)
{
	uint32_t	about = is_request(w) ? w->candidate.id : CMC_WHOLE_MESSAGE;

	log_fault(LOG_LEVEL_WARN, "request taken back", &w->fault);
	if (may_work_later(&w->fault) || w->job->again) {
		work_again(w);
		return;
	}
	w->answer.n_status = w->answer.n_controls = w->answer.n_certs = 0;
	w->answer.content = VIEW_NONE;
	w->course = COURSE_REFUSE;
	work_refuse(w, about, CMC_INTERNAL_CA_ERROR);
}

/* The mark goes up once in so many seconds: each time is a write to disk. */
static bool
store_clock(struct engine *e, int64_t now, int64_t seconds, struct fault *f)
{
	if (now < e->clock_stored + seconds)
		return true;
	e->clock_stored = now;
	return store_counter_raise(e->p.store, STORE_COUNTER_CLOCK, now, NULL, f);
}

/*
 * Run `step` for all works that want it in one transaction.  A step that fails
 * takes its own share back; if the commit fails, nobody is answered.
 */
static void
transaction(struct engine *e, size_t n, bool (*wants)(const struct work *w),
    bool (*step)(struct work *w), bool (*last)(struct engine *e, int64_t now, struct fault *f),
    int64_t now)
{
	struct fault	f = { 0 };
	size_t		mine = 0;
	bool		ok;

	for (size_t i = 0; i < n; i++)
		mine += !e->works[i].done && wants(&e->works[i]);
	if (mine == 0)
		return;
	ok = store_begin(e->p.store, &f);
	for (size_t i = 0; ok && i < n; i++) {
		struct work	*w = &e->works[i];

		w->asked = !w->done && wants(w);	/* took part */
		if (!w->asked)
			continue;
		ok = store_mark(e->p.store, &f);
		if (!ok || step(w))
			continue;
		take_back(w);
		ok = store_undo(e->p.store, &f);
	}
	ok = ok && (last == NULL || last(e, now, &f)) && store_clock(e, now, 1, &f) &&
	    store_commit(e->p.store, &f);
	if (ok) {
		publish_committed(e);
		return;
	}
	store_rollback(e->p.store);
	e->clock_stored = 0;
	publish_undone(e);
	log_fault(LOG_LEVEL_ERROR, "could not store a batch", &f);
	for (size_t i = 0; i < n; i++)
		if (e->works[i].asked)
			work_again(&e->works[i]);
}

/* authzRequest and request in one message: the authorization is first. */
static bool
wants_grant(const struct work *w)
{
	return w->errand == ERRAND_BIND && w->target.entry_id != 0;
}

static bool
wants_decision(const struct work *w)
{
	return w->errand == ERRAND_ENROLL || is_by_admin(w) ? w->proven :
	    w->errand == ERRAND_CHANGE && (w->proven || !w->has_use);
}

static bool
decide(struct work *w)
{
	if (!wrapped_allows(w))
		return true;
	return w->errand == ERRAND_CHANGE ? change_decide(w) :
	    w->errand == ERRAND_GENERATE ? generate_decide(w) : enroll_decide(w);
}

static bool
wants_end(const struct work *w)
{
	return w->errand != ERRAND_NONE && w->errand != ERRAND_POLL &&
	    w->errand != ERRAND_WRAPPER && (!is_request(w) ||
	    w->course == COURSE_ISSUE || w->course == COURSE_REPEAT ||
	    w->course == COURSE_GIVE_BACK);
}

static bool
run_end(struct work *w)
{
	if (!is_request(w) && !wrapped_allows(w))
		return true;
	switch (w->errand) {
	case ERRAND_ENROLL:
	case ERRAND_BIND:
		return enroll_finish(w);
	case ERRAND_GENERATE:
		return generate_finish(w);
	case ERRAND_CHANGE:
		return change_finish(w);
	case ERRAND_CONFIRM:
		return confirm_run(w);
	default:
		return other_run(w);
	}
}

static bool
wants_anchors(const struct work *w)
{
	return w->errand == ERRAND_ENROLL && w->answer.n_certs > 0 && !w->job->again;
}

static bool
wants_note(const struct work *w)
{
	return w->note;
}

/* A wrong token is the same trouble in either. */
static bool
note(struct work *w)
{
	if (is_by_admin(w))
		return bind_note(w);
	return w->errand == ERRAND_CHANGE && w->code != 0 ? change_note(w) : enroll_note(w);
}

/* A revocation is on the CRL before it is answered. */
static bool
publish_dirty(struct engine *e, int64_t now, struct fault *f)
{
	bool	dirty = false;

	for (size_t i = 0; i < AUTHORITY_CAS; i++)
		dirty |= e->crl_dirty[i];
	return !dirty || publish_due(e, now, f);
}

/* --- answers ------------------------------------------------------------------------ */

static bool
wants_answer(const struct work *w)
{
	return !w->job->again && !w->job->deferred && w->n_inner == 0;
}

/* After the answers that are inside it. */
static bool
wants_wrapping(const struct work *w)
{
	return !w->job->again && w->n_inner > 0;
}

static void
ask_answer(struct work *w, struct buf *questions, size_t *count)
{
	struct respond_request	r = { 0 };
	struct buf		content;
	struct fault		f = { 0 };

	/* Who has no certificate of ours may know the anchor by its digest alone. */
	if (!w->sender.by_cert)
		answer_cert(&w->answer, buf_view(&w->e->authorities.list[AUTHORITY_ROOT].der));
	buf_init(&content, FRAME_BODY_MAX);
	if (!answer_encode(&w->answer, &content, &f)) {
		log_fault(LOG_LEVEL_ERROR, "could not write an answer", &f);
		w->job->again = true;
	} else {
		r.content = buf_view(&content);
		r.n_certs = w->answer.n_certs;
		memcpy(r.certs, w->answer.certs, sizeof(w->answer.certs));
		signer_put_respond(questions, &r);
		(*count)++;
	}
	buf_clear(&content);
}

static void
take_answer(struct work *w, const struct frame *fr)
{
	struct view	message;
	struct fault	f = { 0 };

	if (!signer_get_object(fr, SIGNER_RESPOND, &message, &f)) {
		log_fault(LOG_LEVEL_ERROR, "signer refused an answer", &f);
		w->job->again = true;
		return;
	}
	buf_add_view(&w->job->answer, message);
}

/* --- a batch ------------------------------------------------------------------------- */

static void
open_one(void *ctx, size_t i)
{
	work_open(&((struct work *)ctx)[i]);
}

static void
verify_one(void *ctx, size_t i)
{
	struct work	*w = &((struct work *)ctx)[i];

	if (!w->done)
		work_verify(w);
}

bool
work_start(struct engine *e, struct work *w, struct job *job, int64_t now)
{
	struct arena	*a = w->a;

	if (a == NULL && (a = arena_new(WORK_ARENA_MAX)) == NULL)
		return false;
	memset(w, 0, sizeof(*w));
	w->a = a;
	w->e = e;
	w->job = job;
	w->message = job->message;
	w->now = now;
	job->again = job->later = false;
	job->refused_proof = job->wrapper = job->deferred = false;
	rng_fill(e->p.rng, w->answer.nonce, sizeof(w->answer.nonce));
	return true;
}

static void
answer_all(struct engine *e, size_t n)
{
	/* Every answer is signed, refusals too; `done` no longer matters. */
	for (size_t i = 0; i < n; i++)
		e->works[i].done = false;
	exchange_all(e, n, wants_anchors, enroll_ask_anchors, enroll_take_anchors);
	for (size_t i = 0; i < n; i++)
		e->works[i].done = false;
	exchange_all(e, n, wants_answer, ask_answer, take_answer);
	for (size_t i = 0; i < n; i++) {
		e->works[i].done = false;
		if (wants_wrapping(&e->works[i]))
			wrapped_collect(&e->works[i]);
	}
	exchange_all(e, n, wants_wrapping, ask_answer, take_answer);
}

static void
read_works(struct engine *e, size_t from, size_t to)
{
	pool_each(e->pool, to - from, open_one, e->works + from);
	for (size_t i = from; i < to; i++)
		if (!e->works[i].done)
			work_identify(&e->works[i]);
	pool_each(e->pool, to - from, verify_one, e->works + from);
}

/* Works for what is wrapped, behind the others; how many there are then. */
static size_t
expand(struct engine *e, size_t n)
{
	size_t	all = n;

	for (size_t i = 0; i < n; i++) {
		struct work	*w = &e->works[i];

		if (w->done || w->errand != ERRAND_WRAPPER || wrapped_expand(w, &all))
			continue;
		w->job->deferred = w->done = true;
	}
	read_works(e, n, all);
	return all;
}

static size_t
run_batch(struct engine *e, size_t n, int64_t now)
{
	size_t	came = n;

	read_works(e, 0, n);
	n = expand(e, n);
	transaction(e, n, wants_grant, bind_grant, NULL, now);
	for (size_t i = 0; i < n; i++)
		if (!e->works[i].done && e->works[i].errand == ERRAND_POLL)
			approval_poll(&e->works[i]);
		else if (!e->works[i].done && e->works[i].errand == ERRAND_REJECT)
			confirm_by_key(&e->works[i]);
	for (size_t i = 0; i < n; i++)
		if (!e->works[i].done && is_request(&e->works[i]))
			find_authz(&e->works[i]);
	exchange_all(e, n, wants_proof, ask_proof, take_proof);
	transaction(e, n, wants_decision, decide, NULL, now);
	exchange_all(e, n, wants_issue, ask_issue, enroll_take_issue);
	transaction(e, n, wants_end, run_end, publish_dirty, now);
	answer_all(e, n);
	transaction(e, n, wants_note, note, NULL, now);
	for (size_t i = 0; i < n; i++)
		work_log(&e->works[i]);
	for (size_t i = came; i < n; i++)
		buf_clear(&e->wrapped[i].answer);
	return n;
}

/* Time as this PKI sees it: never backwards. */
static int64_t
time_of(struct engine *e, int64_t now)
{
	bool	behind = now < e->clock - ENGINE_CLOCK_BEHIND_SECONDS;

	if (behind != e->clock_behind)
		log_line(behind ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, behind ?
		    "the clock is behind: nothing is decided until it is right" :
		    "the clock is right again", "now=%" PRId64 " seen=%" PRId64, now, e->clock);
	e->clock_behind = behind;
	if (now > e->clock)
		e->clock = now;
	return e->clock;
}

void
engine_take_clock(struct engine *e, int64_t now)
{
	e->clock = now;
	e->clock_stored = e->ended_until = e->expired_at = 0;
}

int64_t
engine_refusal_due(int64_t arrived, int64_t now, int64_t floor)
{
	int64_t	spent = now > arrived ? now - arrived : 0;

	return arrived + (spent / floor + 1) * floor;
}

static void
end_works(struct engine *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (e->works[i].job->message.n > WORK_ARENA_KEEP) {
			arena_free(e->works[i].a);
			e->works[i].a = NULL;
		} else {
			arena_reset(e->works[i].a);
		}
	arena_reset(e->scratch);
}

void
engine_run(struct engine *e, struct job *jobs, size_t n, int64_t now)
{
	now = time_of(e, now);
	for (size_t done = 0; done < n;) {
		size_t	k = 0, from = done;

		while (k < JOBS_MAX && done + k < n &&
		    work_start(e, &e->works[k], &jobs[done + k], now))
			k++;
		if (k == 0) {
			jobs[done++].again = true;
			continue;
		}
		end_works(e, run_batch(e, k, now));
		done += k;
		for (size_t i = from; i < done; i++)
			if (jobs[i].deferred)	/* alone it has room */
				engine_run(e, &jobs[i], 1, now);
	}
}

/* --- what time brings -------------------------------------------------------------- */

static bool
expire_one(struct engine *e, int64_t n, int64_t now, struct fault *f)
{
	struct store_authz	z;
	bool			done;

	if (!store_authz_find_n(e->p.store, n, e->scratch, &z, f))
		return false;
	if (z.state != STORE_AUTHZ_WAITING && z.state != STORE_AUTHZ_OPEN)
		return true;
	z.sealed = VIEW_NONE;
	return authz_move(e, &z, STORE_AUTHZ_EXPIRED, "pki", now, &done, f);
}

/* Not confirmed in time: revoked.  Confirmed: the grace ends, K is erased. */
static bool
late_one(struct engine *e, int64_t n, int64_t now, struct fault *f)
{
	struct store_authz	z;
	bool			done;

	if (!store_authz_find_n(e->p.store, n, e->scratch, &z, f))
		return false;
	if (z.state == STORE_AUTHZ_CANCELLED)
		return cancel_end(e, &z, now, f);
	if (z.state == STORE_AUTHZ_ISSUED || z.successor != 0)
		return confirm_missed(e, &z, e->scratch, now, f);
	z.sealed = VIEW_NONE;
	z.confirm_by = 0;
	return store_authz_update(e->p.store, &z, z.state, &done, f);
}

static bool
move_due(struct engine *e, int64_t now, bool *more, struct fault *f)
{
	int64_t	rows[DUE_MAX];
	size_t	n, late, certs, held;
	int64_t	expired = 0, purged;

	if (!store_authz_ended(e->p.store, e->ended_until, now - 1, rows, DUE_MAX, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!expire_one(e, rows[i], now, f))
			return false;
	if (!store_authz_unconfirmed(e->p.store, now - 1, rows, DUE_MAX, &late, f))
		return false;
	for (size_t i = 0; i < late; i++)
		if (!late_one(e, rows[i], now, f))
			return false;
	if (!change_retire_due(e, now, DUE_MAX, &certs, f) ||
	    !approval_end_due(e, now, DUE_MAX, &held, f))
		return false;
	if (n < DUE_MAX)
		e->ended_until = now - 1;
	if (n > 0 && !store_batch_drop_ended(e->p.store, f))
		return false;
	*more = n == DUE_MAX || late == DUE_MAX || certs == DUE_MAX ||
	    held > 0;
	/* Reads every row, and no second depends on it. */
	if (now >= e->expired_at + EXPIRE_SECONDS) {
		e->expired_at = now;
		if (!store_cert_expire(e->p.store, now, &expired, f))
			return false;
	}
	if (!phases_follow(e, now, f) ||
	    !store_request_purge(e->p.store, now - REQUEST_SECONDS_MAX, DUE_MAX, &purged, f) ||
	    !store_approval_purge(e->p.store, now - REQUEST_SECONDS_MAX, DUE_MAX, f) ||
	    !store_batch_forget(e->p.store, now - REQUEST_SECONDS_MAX, f))
		return false;
	return store_clock(e, now, CLOCK_STORE_SECONDS, f);
}

bool
engine_tick(struct engine *e, int64_t now, struct fault *f)
{
	bool	more = true, ok = true;

	now = time_of(e, now);
	if (e->clock_behind)
		return true;
	if (e->recover_due && !engine_recover(e, now, f))
		return false;
	e->recover_due = false;
	while (ok && more) {
		/* One CRL for all that ended, not one for each round. */
		ok = store_begin(e->p.store, f) && move_due(e, now, &more, f) &&
		    (more || (publish_due(e, now, f) && engine_note_journal(e, f))) &&
		    store_commit(e->p.store, f);
		if (ok)
			publish_committed(e);
		arena_reset(e->scratch);
	}
	if (!ok) {
		store_rollback(e->p.store);
		e->clock_stored = 0;
		publish_undone(e);
	}
	return ok;
}

/* --- start --------------------------------------------------------------------------- */

static bool
sync_ca(struct engine *e, enum authority_id id, int64_t now, struct fault *f)
{
	struct store_ca	ca;

	if (!store_ca_find(e->p.store, e->authorities.list[id].name, e->scratch, &ca, f))
		return false;
	if (ca.n == 0) {
		ca = (struct store_ca){
			.name = e->authorities.list[id].name,
			.phase = authority_phase(&e->authorities, id, now),
			.cert = buf_view(&e->authorities.list[id].der),
		};
		if (!store_ca_insert(e->p.store, &ca, f) || !phase_begun(e, id, now, f))
			return false;
	}
	e->ca[id] = ca.n;
	e->ca_phase[id] = (enum ca_phase)ca.phase;
	return true;
}

static bool
sync_store(struct engine *e, int64_t now, struct fault *f)
{
	if (!store_begin(e->p.store, f))
		return false;
	for (enum authority_id id = 0; id < AUTHORITY_CAS; id++)
		if (authority_is_here(&e->authorities, id) && !sync_ca(e, id, now, f))
			return false;
	return phases_follow(e, now, f) && phases_retire(e, now, f) && catalogue_sync(e, now, f) &&
	    store_counter_get(e->p.store, STORE_COUNTER_EPOCH, &e->epoch, f) &&
	    store_counter_get(e->p.store, STORE_COUNTER_CLOCK, &e->clock, f) &&
	    store_commit(e->p.store, f);
}

static bool
first_crls(struct engine *e, int64_t now, struct fault *f)
{
	if (!store_begin(e->p.store, f) || !publish_due(e, now, f) ||
	    !store_commit(e->p.store, f))
		return false;
	publish_committed(e);
	return true;
}

/* What needs the time, unless the clock is behind: then a tick does it later. */
static bool
begin_work(struct engine *e, int64_t now, struct fault *f)
{
	now = time_of(e, now);
	e->recover_due = e->clock_behind;
	return e->clock_behind || (engine_recover(e, now, f) && first_crls(e, now, f));
}

struct engine *
engine_new(const struct engine_parts *p, int64_t now, struct fault *f)
{
	struct engine	*e = calloc(1, sizeof(*e));

	if (e == NULL || (e->works = calloc(WORKS_MAX, sizeof(*e->works))) == NULL ||
	    (e->wrapped = calloc(WORKS_MAX, sizeof(*e->wrapped))) == NULL ||
	    (e->scratch = arena_new(SCRATCH_MAX)) == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		engine_free(e);
		return NULL;
	}
	e->p = *p;
	buf_init(&e->questions, EXCHANGE_MAX);
	buf_init(&e->answers, EXCHANGE_MAX);
	for (size_t i = 0; i < AUTHORITY_CAS; i++)
		buf_init(&e->crl_octets[i], CRL_OCTETS_MAX);
	buf_init(&e->hint_octets, HINT_OCTETS_MAX);
	buf_init(&e->hint_staged, HINT_OCTETS_MAX);
	e->pool = pool_new((size_t)p->config->threads, f);
	if (e->pool == NULL || !authorities_load(p->config, &e->authorities, f) ||
	    !templates_load(p->config, &e->templates, f) || !sync_store(e, now, f) ||
	    !publish_start(e, now, f) || !engine_compare_journal(e, now, f) ||
	    !begin_work(e, now, f)) {
		store_rollback(p->store);
		engine_free(e);
		return NULL;
	}
	arena_reset(e->scratch);
	return e;
}

void
engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	pool_free(e->pool);
	for (size_t i = 0; e->works != NULL && i < WORKS_MAX; i++)
		arena_free(e->works[i].a);
	for (size_t i = 0; i < e->n_objects; i++)
		buf_clear(&e->objects[i].body);
	for (size_t i = 0; i < AUTHORITY_CAS; i++)
		buf_clear(&e->crl_octets[i]);
	buf_clear(&e->hint_octets);
	buf_clear(&e->hint_staged);
	arena_free(e->hint_arena);
	free(e->works);
	free(e->wrapped);
	arena_free(e->scratch);
	buf_clear(&e->questions);
	buf_clear(&e->answers);
	templates_clear(&e->templates);
	authorities_clear(&e->authorities);
	search_forget(e);
	free(e);
}
