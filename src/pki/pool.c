/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "pki/pool.h"

#define ALONE	4	/* fewer pieces than this are not worth waking a thread */

struct pool {
	pthread_mutex_t	 lock;
	pthread_cond_t	 begin, end;
	size_t		 threads;	/* besides the caller */
	pthread_t	*ids;
	unsigned long	 round;		/* counts calls of pool_each */
	size_t		 busy;
	bool		 quit;
	/* of this round */
	void		(*work)(void *, size_t);
	void		*ctx;
	size_t		 n;
	atomic_size_t	 next;
};

static void
take_pieces(struct pool *p)
{
	size_t	i;

	while ((i = atomic_fetch_add(&p->next, 1)) < p->n)
		p->work(p->ctx, i);
}

static void *
thread_main(void *arg)
{
	struct pool	*p = arg;
	unsigned long	 seen = 0;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->quit && p->round == seen)
			pthread_cond_wait(&p->begin, &p->lock);
		if (p->quit)
			break;
		seen = p->round;
		pthread_mutex_unlock(&p->lock);
		take_pieces(p);
		pthread_mutex_lock(&p->lock);
		if (--p->busy == 0)
			pthread_cond_signal(&p->end);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals are the main thread's. */
static bool
start_threads(struct pool *p, size_t n)
{
	sigset_t	all, before;
	bool		ok = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; ok && i < n; i++) {
		ok = pthread_create(&p->ids[i], NULL, thread_main, p) == 0;
		p->threads += ok;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

struct pool *
pool_new(size_t threads, struct fault *f)
{
	struct pool	*p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->ids = calloc(threads, sizeof(*p->ids));
	if (p == NULL || p->ids == NULL) {
		free(p);
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->begin, NULL);
	pthread_cond_init(&p->end, NULL);
	if (!start_threads(p, threads - 1)) {
		fault_set(f, FAULT_INTERNAL, "", "could not start %zu threads", threads);
		pool_free(p);
		return NULL;
	}
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_broadcast(&p->begin);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->threads; i++)
		pthread_join(p->ids[i], NULL);
	pthread_cond_destroy(&p->begin);
	pthread_cond_destroy(&p->end);
	pthread_mutex_destroy(&p->lock);
	free(p->ids);
	free(p);
}

void
pool_each(struct pool *p, size_t n, void (*work)(void *, size_t), void *ctx)
{
	if (p->threads == 0 || n < ALONE) {
		for (size_t i = 0; i < n; i++)
			work(ctx, i);
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->work = work;
	p->ctx = ctx;
	p->n = n;
	atomic_store(&p->next, 0);
	p->busy = p->threads;
	p->round++;
	pthread_cond_broadcast(&p->begin);
	pthread_mutex_unlock(&p->lock);
	take_pieces(p);
	pthread_mutex_lock(&p->lock);
	while (p->busy > 0)
		pthread_cond_wait(&p->end, &p->lock);
	pthread_mutex_unlock(&p->lock);
}
