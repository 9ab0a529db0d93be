/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/relay_wrap.h"

#include <stdlib.h>

#include "base/log.h"

#define CMC_TYPE	"application/pkcs7-mime"
#define REQUEST_TYPE	"application/pkcs7-mime; smime-type=CMC-Request; name=request.p7m"
#define ARENA_MAX	(128u << 20)	/* one answer taken apart */

struct waiting {
	struct buf	 message, transaction, nonce;
	void		(*done)(void *ctx, const struct relay_outcome *o);
	void		*ctx;
};

/* What goes together. */
struct load {
	struct relay_wrap	*w;
	struct exchange		 x;
	struct waiting		 v[RELAY_BATCH_MAX];
	size_t			 n, octets;
};

struct relay_wrap {
	struct relay_wrap_config c;
	struct net_timer	*timer;
	struct arena		*arena;
	struct load		*open;		/* takes more; NULL: there is none */
};

static void
load_free(struct load *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++) {
		buf_clear(&l->v[i].message);
		buf_clear(&l->v[i].transaction);
		buf_clear(&l->v[i].nonce);
	}
	free(l);
}

static void
list_members(const struct load *l, struct relay_member m[RELAY_BATCH_MAX])
{
	for (size_t i = 0; i < l->n; i++)
		m[i] = (struct relay_member){
			.message = buf_view(&l->v[i].message),
			.transaction = buf_view(&l->v[i].transaction),
			.nonce = buf_view(&l->v[i].nonce),
		};
}

/* --- answers --------------------------------------------------------------------- */

/* The same for all: come again, or alone. */
static void
tell_all(struct load *l, enum relay_fate fate, unsigned retry_after, bool reached)
{
	for (size_t i = 0; i < l->n; i++) {
		struct relay_outcome	o = { .fate = fate, .retry_after = retry_after,
			.reached = reached };

		if (fate == RELAY_ALONE)
			o.octets = buf_view(&l->v[i].message);
		l->v[i].done(l->v[i].ctx, &o);
	}
	load_free(l);
}

static void
tell_each(struct load *l, const struct relay_member *m)
{
	size_t	answered = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct relay_outcome	o = { .reached = true, .octets = m[i].answer,
			.fate = m[i].answer.n > 0 ? RELAY_ANSWERED : RELAY_LATER };

		if (m[i].alone) {
			o.fate = RELAY_ALONE;
			o.octets = m[i].message;
		}
		answered += o.fate == RELAY_ANSWERED;
		l->v[i].done(l->v[i].ctx, &o);
	}
	log_line(LOG_LEVEL_INFO, "relayed together", "messages=%zu octets=%zu answered=%zu", l->n,
	    l->octets, answered);
	load_free(l);
}

static void
on_answer(void *ctx, struct courier_answer *a)
{
	struct load		*l = ctx;
	struct relay_wrap	*w = l->w;
	struct relay_member	 m[RELAY_BATCH_MAX];
	struct fault		 f = { 0 };
	bool			 ok = false;

	if (a->result.whole && http_result_is(&a->result, CMC_TYPE)) {
		list_members(l, m);
		ok = relay_batch_read(w->c.a, &l->x, buf_view(&a->body), net_loop_now(w->c.loop),
		    w->arena, m, l->n, &f);
	} else {
		fault_set(&f, FAULT_BUSY, "", "%s", a->ok ? "its answer is not CMC" : a->why.text);
	}
	if (ok) {
		tell_each(l, m);
	} else if (f.kind == FAULT_REFUSED) {
		log_line(LOG_LEVEL_ERROR, "the PKI takes no wrapped messages", "why=\"%s\" "
		    "help=\"is this Admin's certificate valid, and has it the right enroll? each "
		    "is passed on by itself\"", f.text);
		tell_all(l, RELAY_ALONE, 0, true);
	} else {
		log_line(LOG_LEVEL_WARN, "not relayed together", "messages=%zu why=\"%s\"", l->n,
		    f.text);
		tell_all(l, RELAY_LATER, a->result.retry_after, a->result.status != 0);
	}
	arena_reset(w->arena);
}

/* --- sending ---------------------------------------------------------------------- */

static bool
send_load(struct relay_wrap *w, struct load *l, struct fault *f)
{
	struct relay_member	m[RELAY_BATCH_MAX];
	struct buf		message;
	bool			ok;

	list_members(l, m);
	buf_init(&message, MESSAGE_MAX);
	ok = relay_batch_write(w->c.a, m, l->n, net_loop_now(w->c.loop), &l->x, &message, f) &&
	    courier_send(w->c.courier, w->c.a->url, REQUEST_TYPE, buf_view(&message), on_answer, l,
	    f);
	buf_clear(&message);
	return ok;
}

static void
flush(void *ctx)
{
	struct relay_wrap	*w = ctx;
	struct load		*l = w->open;
	struct fault		 f = { 0 };

	net_timer_stop(w->timer);
	w->open = NULL;
	if (l == NULL || send_load(w, l, &f))
		return;
	log_fault(LOG_LEVEL_WARN, "not relayed together", &f);
	tell_all(l, RELAY_LATER, 0, true);
}

static void
copy(struct buf *to, struct view v)
{
	buf_init(to, v.n);
	buf_add_view(to, v);
}

static struct load *
load_for(struct relay_wrap *w, size_t octets)
{
	if (w->open != NULL && (w->open->n == w->c.max ||
	    w->open->octets + octets > RELAY_BATCH_OCTETS))
		flush(w);
	if (w->open == NULL && (w->open = calloc(1, sizeof(*w->open))) != NULL) {
		w->open->w = w;
		net_timer_start(w->timer, w->c.wait_ms);
	}
	return w->open;
}

bool
relay_wrap_add(struct relay_wrap *w, struct view message, const struct relay_claim *claim,
    void (*done)(void *ctx, const struct relay_outcome *o), void *ctx, struct fault *f)
{
	struct load	*l = load_for(w, message.n);
	struct waiting	*v;

	if (l == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	v = &l->v[l->n++];
	v->done = done;
	v->ctx = ctx;
	copy(&v->message, message);
	copy(&v->transaction, claim->transaction);
	copy(&v->nonce, claim->nonce);
	if (!buf_check(&v->message, "message", f) || !buf_ok(&v->transaction) ||
	    !buf_ok(&v->nonce)) {
		buf_clear(&v->message);
		buf_clear(&v->transaction);
		buf_clear(&v->nonce);
		l->n--;
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	}
	l->octets += message.n;
	/* In the loop's next round: nobody is told from within. */
	if (l->n == w->c.max)
		net_timer_start(w->timer, 0);
	return true;
}

struct relay_wrap *
relay_wrap_new(const struct relay_wrap_config *c, struct fault *f)
{
	struct relay_wrap	*w = calloc(1, sizeof(*w));

	if (w == NULL || (w->arena = arena_new(ARENA_MAX)) == NULL) {
		free(w);
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	w->c = *c;
	if ((w->timer = net_timer_new(c->loop, flush, w, f)) != NULL)
		return w;
	relay_wrap_free(w);
	return NULL;
}

void
relay_wrap_free(struct relay_wrap *w)
{
	if (w == NULL)
		return;
	net_timer_free(w->timer);
	load_free(w->open);
	arena_free(w->arena);
	free(w);
}
