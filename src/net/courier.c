/* SPDX-License-Identifier: Apache-2.0 */
#include "net/courier.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

struct parcel {
	struct parcel		*next;
	char			*url, *type;	/* type NULL: GET */
	struct buf		 body;
	struct courier_answer	 answer;
	void			(*done)(void *ctx, struct courier_answer *a);
	void			*ctx;
};

struct queue {
	struct parcel	*first, *last;
};

struct carrier {
	struct courier		*c;
	struct http_client	*client;
	pthread_t		 thread;
};

struct courier {
	pthread_mutex_t		 lock;
	pthread_cond_t		 more;
	struct queue		 out, back;	/* under lock */
	bool			 quit;		/* under lock */
	struct carrier		*carriers;
	unsigned		 threads, waiting_max, open;
	size_t			 answer_max;
	int			 bell;		/* readable: something is in `back` */
	struct net_watch	*watch;
};

static void
parcel_free(struct parcel *p)
{
	if (p == NULL)
		return;
	buf_clear(&p->body);
	buf_clear(&p->answer.body);
	free(p->url);
	free(p->type);
	free(p);
}

static void
queue_put(struct queue *q, struct parcel *p)
{
	p->next = NULL;
	if (q->first == NULL)
		q->first = p;
	else
		q->last->next = p;
	q->last = p;
}

static struct parcel *
queue_take(struct queue *q)
{
	struct parcel	*p = q->first;

	if (p != NULL)
		q->first = p->next;
	return p;
}

/* --- the threads ---------------------------------------------------------------- */

static void
carry(struct http_client *h, struct parcel *p)
{
	struct courier_answer	*a = &p->answer;

	a->ok = p->type == NULL ? http_get(h, p->url, &a->body, &a->result, &a->why) :
	    http_post(h, p->url, p->type, buf_view(&p->body), &a->body, &a->result, &a->why);
}

static void
ring(const struct courier *c)
{
	uint64_t	one = 1;

	while (write(c->bell, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *
carrier_main(void *arg)
{
	struct carrier	*me = arg;
	struct courier	*c = me->c;
	struct parcel	*p;

	pthread_mutex_lock(&c->lock);
	while (!c->quit) {
		if ((p = queue_take(&c->out)) == NULL) {
			pthread_cond_wait(&c->more, &c->lock);
			continue;
		}
		pthread_mutex_unlock(&c->lock);
		carry(me->client, p);
		pthread_mutex_lock(&c->lock);
		queue_put(&c->back, p);
		ring(c);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Signals are the loop's. */
static bool
start_carriers(struct courier *c, const struct courier_config *cfg, struct fault *f)
{
	sigset_t	all, before;
	bool		ok = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; ok && i < cfg->threads; i++) {
		struct carrier	*k = &c->carriers[i];

		k->c = c;
		if ((k->client = http_client_new(&cfg->client, f)) == NULL)
			ok = false;
		else if (pthread_create(&k->thread, NULL, carrier_main, k) != 0) {
			http_client_free(k->client);
			ok = fault_set(f, FAULT_INTERNAL, "", "could not start a thread");
		} else
			c->threads++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

/* --- the loop's side ---------------------------------------------------------------- */

static void
on_bell(void *ctx, int fd)
{
	struct courier	*c = ctx;
	struct queue	 back;
	struct parcel	*p;
	uint64_t	 n;

	while (read(fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&c->lock);
	back = c->back;
	c->back = (struct queue){ 0 };
	pthread_mutex_unlock(&c->lock);
	while ((p = queue_take(&back)) != NULL) {
		c->open--;
		p->done(p->ctx, &p->answer);
		parcel_free(p);
	}
}

struct courier *
courier_new(struct net_loop *l, const struct courier_config *cfg, struct fault *f)
{
	struct courier	*c = calloc(1, sizeof(*c));

	if (c == NULL || (c->carriers = calloc(cfg->threads, sizeof(*c->carriers))) == NULL) {
		free(c);
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->more, NULL);
	c->waiting_max = cfg->waiting_max;
	c->answer_max = cfg->answer_max;
	if ((c->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		fault_set(f, FAULT_IO, "", "no eventfd: %s", strerror(errno));
		courier_free(c);
		return NULL;
	}
	if ((c->watch = net_watch_fd(l, c->bell, on_bell, NULL, c, f)) == NULL ||
	    !start_carriers(c, cfg, f)) {
		courier_free(c);
		return NULL;
	}
	return c;
}

static void
drop_all(struct queue *q)
{
	struct parcel	*p;

	while ((p = queue_take(q)) != NULL)
		parcel_free(p);
}

void
courier_free(struct courier *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->quit = true;
	pthread_cond_broadcast(&c->more);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->threads; i++) {
		pthread_join(c->carriers[i].thread, NULL);
		http_client_free(c->carriers[i].client);
	}
	drop_all(&c->out);
	drop_all(&c->back);
	if (c->watch != NULL)
		net_watch_free(c->watch);
	if (c->bell >= 0)
		close(c->bell);
	pthread_cond_destroy(&c->more);
	pthread_mutex_destroy(&c->lock);
	free(c->carriers);
	free(c);
}

static struct parcel *
parcel_new(const struct courier *c, const char *url, const char *type, struct view body)
{
	struct parcel	*p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	buf_init(&p->body, body.n);
	buf_init(&p->answer.body, c->answer_max);
	buf_add_view(&p->body, body);
	p->url = strdup(url);
	p->type = type != NULL ? strdup(type) : NULL;
	if (p->url != NULL && (type == NULL || p->type != NULL) && buf_ok(&p->body))
		return p;
	parcel_free(p);
	return NULL;
}

bool
courier_send(struct courier *c, const char *url, const char *type, struct view body,
    void (*done)(void *ctx, struct courier_answer *a), void *ctx, struct fault *f)
{
	struct parcel	*p;

	if (c->open >= c->waiting_max)
		return fault_set(f, FAULT_BUSY, "", "%u requests are on their way already",
		    c->open);
	if ((p = parcel_new(c, url, type, body)) == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	p->done = done;
	p->ctx = ctx;
	c->open++;
	pthread_mutex_lock(&c->lock);
	queue_put(&c->out, p);
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
	return true;
}

unsigned
courier_open(const struct courier *c)
{
	return c->open;
}
