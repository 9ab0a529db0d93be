/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine process: gathers what the fronts send, runs it as one batch, and
 * sends the answers.  While a batch runs, the next one collects in the
 * sockets.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "crypt/digest.h"
#include "net/channel.h"
#include "pki/console.h"
#include "pki/guesses.h"
#include "pki/search.h"
#include "pki/serve.h"

#define FRONTS_MAX	64	/* links at one time, dying ones too */
#define OPERATORS_MAX	8
#define TICK_MS		SERVE_ALIVE_MS
#define WITHOUT_SIGNER_TICKS 20	/* then main starts this process again */
#define HELD_MAX	65536	/* refusals waiting for their floor */
#define SOURCE_MAX	64
#define PARKED_MAX	256	/* requests whose key is being made */
#define PARKED_MS	500	/* between looks at them */
#define PARKED_ALL_MS	45000	/* then the client repeats */
#define QUEUE_OCTETS_MAX (64u << 20)	/* four of the largest messages */

struct engine_process;

/* An operator's command; it asks once and goes. */
struct operator_link {
	struct engine_process	*p;
	struct net_channel	*channel;	/* NULL: free */
};

struct front_link {
	struct engine_process	*p;
	struct net_channel	*channel;	/* NULL: free */
	uint64_t		 generation;
};

/* A message waiting for the next batch. */
struct waiting {
	struct front_link	*front;
	uint64_t		 generation, tag;
	char			 source[SOURCE_MAX];
	int64_t			 arrived;	/* net_loop_ticks() */
	uint8_t			*octets;
	size_t			 n;
};

struct held {
	int64_t			 due;
	struct front_link	*front;
	uint64_t		 generation, tag;
	struct buf		 answer;
};

struct engine_process {
	const struct pki_config	*config;
	struct store		*store;
	struct engine		*engine;
	struct net_loop		*loop;
	struct net_timer	*batch, *tick, *release, *unpark;
	struct front_link	 fronts[FRONTS_MAX];
	struct operator_link	 operators[OPERATORS_MAX];
	uint64_t		 generation;
	struct waiting		 queue[JOBS_MAX];
	struct job		 jobs[JOBS_MAX];
	size_t			 n, octets;		/* in the queue */
	struct held		*held;
	size_t			 n_held;
	struct waiting		 parked[PARKED_MAX];
	size_t			 n_parked;
	struct guesses		 guesses;
	int64_t			 next_due;	/* of those held */
	uint64_t		 versions[64];		/* of objects already sent */
	int			 signer_fd;		/* -1: lost, main sends another one */
	unsigned		 without_signer;	/* ticks */
	bool			 recover, told_signer;
};

/* --- objects ------------------------------------------------------------------- */

static void
send_object(struct front_link *l, const struct object *o)
{
	struct fault	f = { 0 };
	struct buf	b;

	buf_init(&b, FRAME_BODY_MAX);
	wire_put_view(&b, view_str(o->path));
	wire_put_view(&b, view_str(o->content_type));
	wire_put_u64(&b, (uint64_t)o->modified);
	wire_put_u64(&b, (uint64_t)o->expires);
	wire_put_u64(&b, o->version);
	wire_put_view(&b, buf_view(&o->body));
	if (!buf_check(&b, "object", &f) ||
	    !net_channel_send(l->channel, SERVE_OBJECT, 0, 0, buf_view(&b), &f))
		log_fault(LOG_LEVEL_ERROR, "could not hand an object to a front", &f);
	buf_clear(&b);
}

/* Changed ones to every front; they arrive before the answers that follow. */
static void
send_changes(struct engine_process *p)
{
	size_t			n;
	const struct object	*o = engine_objects(p->engine, &n);

	for (size_t i = 0; i < n && i < 64; i++) {
		if (o[i].version == p->versions[i])
			continue;
		p->versions[i] = o[i].version;
		for (size_t k = 0; k < FRONTS_MAX; k++)
			if (p->fronts[k].channel != NULL)
				send_object(&p->fronts[k], &o[i]);
	}
}

/* --- answers -------------------------------------------------------------------- */

static void
send_answer(struct front_link *l, uint64_t generation, uint64_t tag, bool again,
    struct view answer)
{
	struct fault	f = { 0 };
	struct buf	b;

	if (l->channel == NULL || l->generation != generation)
		return;		/* that front died; its clients repeat */
	buf_init(&b, FRAME_BODY_MAX);
	wire_put_u8(&b, again);
	wire_put_view(&b, answer);
	if (!buf_check(&b, "answer", &f) ||
	    !net_channel_send(l->channel, SERVE_CMC_ANSWER, 0, tag, buf_view(&b), &f))
		log_fault(LOG_LEVEL_ERROR, "could not hand an answer to a front", &f);
	buf_clear(&b);
}

static void
release_held(void *ctx)
{
	struct engine_process	*p = ctx;
	int64_t			 now = net_loop_ticks(p->loop), next = 0;
	size_t			 kept = 0;

	for (size_t i = 0; i < p->n_held; i++) {
		struct held	*h = &p->held[i];

		if (h->due > now) {
			next = next == 0 || h->due < next ? h->due : next;
			p->held[kept++] = *h;
			continue;
		}
		send_answer(h->front, h->generation, h->tag, false, buf_view(&h->answer));
		buf_clear(&h->answer);
	}
	p->n_held = kept;
	p->next_due = next;
	if (next != 0)
		net_timer_start(p->release, next - now);
}

/* A refused proof is not answered before the floor (corrections, 18). */
static bool
hold(struct engine_process *p, const struct waiting *w, struct job *j)
{
	int64_t	now = net_loop_ticks(p->loop), due;

	if (!j->refused_proof || p->config->refusal_floor_ms == 0 || p->n_held == HELD_MAX)
		return false;
	/* One device's guesses do not slow the others of its relay down. */
	due = engine_refusal_due(w->arrived, now, j->wrapper ? p->config->refusal_floor_ms :
	    guesses_wait(&p->guesses, w->source, p->config->refusal_floor_ms, now));
	p->held[p->n_held++] = (struct held){
		.due = due,
		.front = w->front, .generation = w->generation, .tag = w->tag,
		.answer = j->answer,
	};
	buf_init(&j->answer, FRAME_BODY_MAX);
	if (p->n_held == 1 || due < p->next_due) {
		p->next_due = due;
		net_timer_start(p->release, due - now);
	}
	return true;
}

/* Its key is being made: it is run again, and its client waits. */
static bool
park(struct engine_process *p, const struct waiting *w, const struct job *j)
{
	if (!j->again || !j->later || p->n_parked == PARKED_MAX ||
	    net_loop_ticks(p->loop) - w->arrived > PARKED_ALL_MS)
		return false;
	if (p->n_parked == 0)
		net_timer_start(p->unpark, PARKED_MS);
	p->parked[p->n_parked++] = *w;
	return true;
}

static void
run_batch(void *ctx)
{
	struct engine_process	*p = ctx;

	for (size_t i = 0; i < p->n; i++) {
		p->jobs[i] = (struct job){
			.message = view_of(p->queue[i].octets, p->queue[i].n),
			.source = p->queue[i].source,
		};
		buf_init(&p->jobs[i].answer, FRAME_BODY_MAX);
	}
	engine_run(p->engine, p->jobs, p->n, net_loop_now(p->loop));
	send_changes(p);
	for (size_t i = 0; i < p->n; i++) {
		struct job	*j = &p->jobs[i];

		if (park(p, &p->queue[i], j)) {
			buf_clear(&j->answer);
			continue;
		}
		if (!hold(p, &p->queue[i], j))
			send_answer(p->queue[i].front, p->queue[i].generation, p->queue[i].tag,
			    j->again, buf_view(&j->answer));
		buf_clear(&j->answer);
		free(p->queue[i].octets);
	}
	p->n = p->octets = 0;
}

/* All that are parked in one batch, with what has come meanwhile. */
static void
run_parked(void *ctx)
{
	struct engine_process	*p = ctx;
	struct waiting		 all[PARKED_MAX];
	size_t			 n = p->n_parked;

	memcpy(all, p->parked, n * sizeof(all[0]));
	p->n_parked = 0;
	for (size_t i = 0; i < n; i++) {
		if (p->n == JOBS_MAX || p->octets + all[i].n > QUEUE_OCTETS_MAX)
			run_batch(p);
		p->octets += all[i].n;
		p->queue[p->n++] = all[i];
	}
	run_batch(p);
}

/* --- questions from fronts -------------------------------------------------------- */

static void
take_cmc(struct front_link *l, const struct frame *fr)
{
	struct engine_process	*p = l->p;
	struct waiting		*w;
	struct wire		 in;
	struct view		 source, message;
	struct fault		 f = { 0 };

	wire_init(&in, fr->body);
	source = wire_get_view(&in);
	message = wire_get_view(&in);
	if (!wire_end(&in, "request", &f)) {
		log_fault(LOG_LEVEL_ERROR, "front sent nonsense", &f);
		return;
	}
	if (p->n == JOBS_MAX || p->octets + message.n > QUEUE_OCTETS_MAX)
		run_batch(p);
	w = &p->queue[p->n];
	w->front = l;
	w->generation = l->generation;
	w->tag = fr->tag;
	snprintf(w->source, sizeof(w->source), "%.*s", (int)source.n, (const char *)source.p);
	w->n = message.n;
	if ((w->octets = malloc(message.n + 1)) == NULL) {
		send_answer(l, l->generation, fr->tag, true, VIEW_NONE);
		return;
	}
	memcpy(w->octets, message.p, message.n);
	w->arrived = net_loop_ticks(p->loop);
	p->octets += message.n;
	p->n++;
}

static void
take_cert(struct front_link *l, const struct frame *fr)
{
	struct fault	f = { 0 };
	struct buf	der, b;
	bool		found = false;

	buf_init(&der, CERT_OCTETS_MAX);
	buf_init(&b, CERT_OCTETS_MAX + 64);
	if (fr->body.n == SHA1_OCTETS &&
	    !engine_certificate(l->p->engine, fr->body.p, &der, &found, &f))
		log_fault(LOG_LEVEL_ERROR, "could not look a certificate up", &f);
	wire_put_u8(&b, found);
	wire_put_view(&b, buf_view(&der));
	if (!net_channel_send(l->channel, SERVE_CERT_ANSWER, 0, fr->tag, buf_view(&b), &f))
		log_fault(LOG_LEVEL_ERROR, "could not hand a certificate to a front", &f);
	buf_clear(&der);
	buf_clear(&b);
}

static bool
read_search(const struct frame *fr, struct search_query *q, bool *crls, struct fault *f)
{
	struct wire	w;
	struct view	value;

	wire_init(&w, fr->body);
	*crls = wire_get_u8(&w) != 0;
	memset(q, 0, sizeof(*q));
	q->attribute = (enum search_attribute)wire_get_u8(&w);
	value = wire_get_view(&w);
	if (!wire_end(&w, "search", f))
		return false;
	if (value.n > SEARCH_VALUE_MAX)
		return fault_set(f, FAULT_LIMIT, "", "a value of %zu octets", value.n);
	memcpy(q->value, value.p, value.n);
	q->n = value.n;
	return true;
}

static void
take_search(struct front_link *l, const struct frame *fr)
{
	struct search_answer	a = { .status = 503 };
	struct search_query	q;
	struct fault		f = { 0 };
	struct buf		b;
	bool			crls;

	if (!read_search(fr, &q, &crls, &f) || !engine_search(l->p->engine, &q, crls, &a, &f))
		log_fault(LOG_LEVEL_ERROR, "could not search", &f);
	buf_init(&b, FRAME_BODY_MAX);
	wire_put_u32(&b, f.kind == FAULT_NONE ? (uint32_t)a.status : 503);
	wire_put_view(&b, view_str(a.type));
	wire_put_view(&b, buf_view(&a.body));
	if (!net_channel_send(l->channel, SERVE_FOUND, 0, fr->tag, buf_view(&b), &f))
		log_fault(LOG_LEVEL_ERROR, "could not hand what was found to a front", &f);
	buf_clear(&a.body);
	buf_clear(&b);
}

static void
on_frame(void *ctx, const struct frame *fr)
{
	struct front_link	*l = ctx;

	if (fr->type == SERVE_CMC)
		take_cmc(l, fr);
	else if (fr->type == SERVE_SEARCH)
		take_search(l, fr);
	else if (fr->type == SERVE_CERT)
		take_cert(l, fr);
}

/* Later in this round: other fronts may have sent too. */
static void
on_batch(void *ctx)
{
	struct front_link	*l = ctx;

	if (l->p->n > 0)
		net_timer_start(l->p->batch, 0);
}

static void
on_close(void *ctx, const struct fault *why)
{
	struct front_link	*l = ctx;

	if (why->kind != FAULT_NONE)
		log_fault(LOG_LEVEL_WARN, "front link closed", why);
	net_channel_free(l->channel);
	l->channel = NULL;
}

static const struct net_channel_ops front_ops = { on_frame, on_batch, on_close };

/* --- operators ------------------------------------------------------------------------ */

static void
on_operator_frame(void *ctx, const struct frame *fr)
{
	struct operator_link	*l = ctx;
	struct engine_process	*p = l->p;
	struct console_request	 q;
	struct fault		 f = { 0 }, why = { 0 };
	struct buf		 json, b;

	buf_init(&json, CONSOLE_ANSWER_MAX);
	buf_init(&b, CONSOLE_ANSWER_MAX + 4096);
	if (fr->type != CONSOLE_ASK)
		fault_set(&f, FAULT_MALFORMED, "", "not an operator's request");
	else if (console_get_request(fr->body, &q, &f) &&
	    console_run(p->engine, &q, net_loop_now(p->loop), &json, &f))
		send_changes(p);
	if (f.kind != FAULT_NONE)
		log_fault(LOG_LEVEL_WARN, "operator refused", &f);
	console_put_answer(&b, f.kind == FAULT_NONE ? buf_view(&json) : VIEW_NONE, &f);
	if (!net_channel_send(l->channel, CONSOLE_ANSWER, 0, fr->tag, buf_view(&b), &why))
		log_fault(LOG_LEVEL_ERROR, "could not answer the operator", &why);
	buf_clear(&json);
	buf_clear(&b);
}

static void
on_operator_close(void *ctx, const struct fault *why)
{
	struct operator_link	*l = ctx;

	(void)why;
	net_channel_free(l->channel);
	l->channel = NULL;
}

static const struct net_channel_ops operator_ops = { on_operator_frame, NULL, on_operator_close };

static void
on_operator(void *ctx, int listener)
{
	struct engine_process	*p = ctx;
	struct fault		 f = { 0 };
	int			 fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < OPERATORS_MAX; i++) {
		struct operator_link	*l = &p->operators[i];

		if (l->channel != NULL)
			continue;
		l->p = p;
		l->channel = net_channel_new(p->loop, fd, &operator_ops, l, &f);
		if (l->channel == NULL)
			log_fault(LOG_LEVEL_ERROR, "could not take an operator", &f);
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* --- links from main ---------------------------------------------------------------- */

/* Fronts say so at /readyz. */
static void
tell_signer(struct engine_process *p, struct front_link *l)
{
	uint8_t		is_there = p->signer_fd >= 0;
	struct fault	f = { 0 };

	if (l->channel != NULL && !net_channel_send(l->channel, SERVE_SIGNER, 0, 0,
	    view_of(&is_there, 1), &f))
		log_fault(LOG_LEVEL_ERROR, "could not tell a front of the signer", &f);
}

/* Its death is seen between requests, too. */
static void
look_at_signer(struct engine_process *p)
{
	struct pollfd	fd = { p->signer_fd, 0, 0 };

	if (p->signer_fd >= 0 && poll(&fd, 1, 0) > 0 && (fd.revents & POLLHUP) != 0) {
		close(p->signer_fd);
		p->signer_fd = -1;
	}
	if (p->told_signer == (p->signer_fd >= 0))
		return;
	p->told_signer = p->signer_fd >= 0;
	for (size_t i = 0; i < FRONTS_MAX; i++)
		tell_signer(p, &p->fronts[i]);
}

static void
add_front(struct engine_process *p, int fd)
{
	struct fault	f = { 0 };
	size_t		n;
	const struct object *o = engine_objects(p->engine, &n);

	for (size_t i = 0; i < FRONTS_MAX; i++) {
		struct front_link	*l = &p->fronts[i];

		if (l->channel != NULL)
			continue;
		l->p = p;
		l->generation = ++p->generation;
		l->channel = net_channel_new(p->loop, fd, &front_ops, l, &f);
		for (size_t k = 0; l->channel != NULL && k < n; k++)
			send_object(l, &o[k]);
		tell_signer(p, l);
		if (l->channel == NULL ||
		    !net_channel_send(l->channel, SERVE_LIVE, 0, 0, VIEW_NONE, &f))
			log_fault(LOG_LEVEL_ERROR, "could not take a front", &f);
		return;
	}
	close(fd);
	log_line(LOG_LEVEL_ERROR, "too many fronts", "max=%d", FRONTS_MAX);
}

static void
set_signer(struct engine_process *p, int fd)
{
	if (p->signer_fd >= 0)
		close(p->signer_fd);
	p->signer_fd = fd;
	p->recover = true;
	look_at_signer(p);
}

static void
on_control(void *ctx, int fd)
{
	struct engine_process	*p = ctx;
	struct fault		 f = { 0 };
	uint8_t			 what;
	int			 link;

	if (!fd_receive(fd, &link, &what, &f)) {
		net_loop_stop(p->loop);		/* main is gone */
		return;
	}
	if (what == SERVE_TO_SIGNER)
		set_signer(p, link);
	else
		add_front(p, link);
}

static void
on_tick(void *ctx)
{
	struct engine_process	*p = ctx;
	struct fault		 f = { 0 };
	int64_t			 now = net_loop_now(p->loop);

	serve_say_alive();
	look_at_signer(p);
	/* A signer that died is replaced at once; a link that was given up is not. */
	p->without_signer = p->signer_fd < 0 ? p->without_signer + 1 : 0;
	if (p->without_signer > WITHOUT_SIGNER_TICKS) {
		log_line(LOG_LEVEL_ERROR, "no link to the signer: starting again", "ticks=%u",
		    p->without_signer);
		net_loop_stop(p->loop);
		return;
	}
	if (p->recover) {
		p->recover = !engine_recover(p->engine, now, &f);
		if (p->recover)
			log_fault(LOG_LEVEL_ERROR, "could not finish what was reserved", &f);
	}
	fault_clear(&f);
	if (!engine_tick(p->engine, now, &f))
		log_fault(LOG_LEVEL_ERROR, "housekeeping", &f);
	send_changes(p);
	net_timer_start(p->tick, TICK_MS);
}

static void
on_signal(void *ctx, int signo)
{
	struct engine_process	*p = ctx;

	(void)signo;
	if (p->n > 0)
		run_batch(p);
	net_loop_stop(p->loop);
}

/* --- start ---------------------------------------------------------------------------- */

/* The first link is the signer's: nothing can be done without it. */
static bool
wait_for_signer(struct engine_process *p, struct fault *f)
{
	uint8_t	what;

	if (!fd_receive(SERVE_CONTROL_FD, &p->signer_fd, &what, f))
		return false;
	return what == SERVE_TO_SIGNER ||
	    fault_set(f, FAULT_INTERNAL, "", "link %u before the signer's", what);
}

static bool
open_all(struct engine_process *p, struct fault *f)
{
	struct engine_parts	parts = {
		.config = p->config, .rng = rng_system(),
		.signer = signer_socket_link(&p->signer_fd),
	};
	char			path[CONFIG_PATH_MAX];

	if (!config_path(p->config, "pki.db", path, sizeof(path), f) ||
	    (p->store = store_open(path, STORE_OPEN, (struct store_digest){ sha256 }, f)) == NULL ||
	    !wait_for_signer(p, f) || (p->loop = net_loop_new(f)) == NULL)
		return false;
	parts.store = p->store;
	return (p->engine = engine_new(&parts, net_loop_now(p->loop), f)) != NULL &&
	    (p->held = calloc(HELD_MAX, sizeof(*p->held))) != NULL &&
	    (p->batch = net_timer_new(p->loop, run_batch, p, f)) != NULL &&
	    (p->release = net_timer_new(p->loop, release_held, p, f)) != NULL &&
	    (p->unpark = net_timer_new(p->loop, run_parked, p, f)) != NULL &&
	    (p->tick = net_timer_new(p->loop, on_tick, p, f)) != NULL &&
	    net_watch_fd(p->loop, SERVE_CONTROL_FD, on_control, NULL, p, f) != NULL &&
	    net_watch_fd(p->loop, SERVE_OPERATOR_FD, on_operator, NULL, p, f) != NULL &&
	    net_signal_new(p->loop, SIGTERM, on_signal, p, f) != NULL;
}

int
serve_engine(const struct pki_config *c)
{
	struct engine_process	*p = calloc(1, sizeof(*p));
	struct fault		 f = { 0 };
	bool			 ok;

	log_init("engine", (enum log_level)c->log_level);
	serve_leave_signals();
	if (p == NULL)
		return 1;
	p->config = c;
	p->signer_fd = -1;
	guesses_init(&p->guesses, rng_system());
	ok = process_harden(&f) && serve_drop(c, &f) && open_all(p, &f) &&
	    sandbox_enter(SANDBOX_ENGINE, &f) && serve_say_ready(&f);
	if (ok) {
		net_timer_start(p->tick, TICK_MS);
		ok = net_loop_run(p->loop, &f);
	}
	if (!ok)
		log_fault(LOG_LEVEL_ERROR, "engine ends", &f);
	engine_free(p->engine);
	store_close(p->store);
	/* What is left belongs to the loop, which ends with the process. */
	fflush(NULL);
	_exit(ok ? 0 : 1);
}
