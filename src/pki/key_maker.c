/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "pki/key_maker.h"

#define NICENESS	10	/* signatures are first */

struct order {
	uint8_t		 id[SHA256_OCTETS];
	enum key_kind	 kind;		/* KEY_NONE: free */
	int64_t		 asked;		/* the last time */
	uint64_t	 turn;		/* the least is next */
	struct key	*key;		/* NULL: not made yet */
	bool		 failed;
	struct fault	 why;
};

struct key_maker {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	pthread_t	 thread;
	bool		 runs, quit;
	uint64_t	 turns;
	struct order	 orders[KEY_ORDERS_MAX];
	struct order	*making;	/* not to be given up meanwhile */
};

static void
end_order(struct order *o)
{
	key_free(o->key);
	*o = (struct order){ .kind = KEY_NONE };
}

static struct order *
next_order(struct key_maker *m)
{
	struct order	*next = NULL;

	for (size_t i = 0; i < KEY_ORDERS_MAX; i++) {
		struct order	*o = &m->orders[i];

		if (o->kind != KEY_NONE && o->key == NULL && !o->failed &&
		    (next == NULL || o->turn < next->turn))
			next = o;
	}
	return next;
}

/* With the lock, which is open while the key is made. */
static void
make(struct key_maker *m, struct order *o)
{
	enum key_kind	 kind = o->kind;
	struct fault	 f = { 0 };
	struct key	*k;

	m->making = o;
	pthread_mutex_unlock(&m->lock);
	k = key_generate(kind, &f);
	pthread_mutex_lock(&m->lock);
	m->making = NULL;
	o->key = k;
	o->failed = k == NULL;
	o->why = f;
}

static void *
thread_main(void *arg)
{
	struct key_maker	*m = arg;
	struct order		*o;

	(void)setpriority(PRIO_PROCESS, 0, NICENESS);	/* of this thread alone */
	pthread_mutex_lock(&m->lock);
	m->runs = true;
	pthread_cond_broadcast(&m->changed);
	while (!m->quit) {
		if ((o = next_order(m)) != NULL)
			make(m, o);
		else
			pthread_cond_wait(&m->changed, &m->lock);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

/* Signals are the main thread's. */
static bool
start_thread(struct key_maker *m)
{
	sigset_t	all, before;
	bool		ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_create(&m->thread, NULL, thread_main, m) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_lock(&m->lock);
	while (ok && !m->runs)
		pthread_cond_wait(&m->changed, &m->lock);
	pthread_mutex_unlock(&m->lock);
	return ok;
}

struct key_maker *
key_maker_new(struct fault *f)
{
	struct key_maker	*m = calloc(1, sizeof(*m));

	if (m == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
	if (start_thread(m))
		return m;
	fault_set(f, FAULT_INTERNAL, "", "could not start the thread that makes keys");
	key_maker_free(m);
	return NULL;
}

void
key_maker_free(struct key_maker *m)
{
	if (m == NULL)
		return;
	pthread_mutex_lock(&m->lock);
	m->quit = true;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	if (m->runs)
		pthread_join(m->thread, NULL);
	for (size_t i = 0; i < KEY_ORDERS_MAX; i++)
		end_order(&m->orders[i]);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static void
end_if_old(struct key_maker *m, struct order *o, int64_t now)
{
	if (o->kind != KEY_NONE && o != m->making && now - o->asked > KEY_ORDER_SECONDS)
		end_order(o);
}

size_t
key_maker_tidy(struct key_maker *m, int64_t now)
{
	size_t	left = 0;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < KEY_ORDERS_MAX; i++) {
		end_if_old(m, &m->orders[i], now);
		left += m->orders[i].kind != KEY_NONE;
	}
	pthread_mutex_unlock(&m->lock);
	return left;
}

/* The order under id, or room for one; NULL: there is none.  What is too old goes. */
static struct order *
find_order(struct key_maker *m, const uint8_t id[SHA256_OCTETS], enum key_kind kind, int64_t now)
{
	struct order	*room = NULL;

	for (size_t i = 0; i < KEY_ORDERS_MAX; i++) {
		struct order	*o = &m->orders[i];

		if (o->kind == kind && memcmp(o->id, id, sizeof(o->id)) == 0)
			return o;
		end_if_old(m, o, now);
		if (o->kind == KEY_NONE && room == NULL)
			room = o;
	}
	return room;
}

struct key *
key_maker_take(struct key_maker *m, const uint8_t id[SHA256_OCTETS], enum key_kind kind,
    int64_t now, struct fault *f)
{
	struct key	*k = NULL;
	struct order	*o;

	pthread_mutex_lock(&m->lock);
	o = find_order(m, id, kind, now);
	if (o != NULL && o->kind == KEY_NONE) {
		o->kind = kind;
		o->turn = m->turns++;
		memcpy(o->id, id, sizeof(o->id));
		pthread_cond_broadcast(&m->changed);
	}
	if (o != NULL)
		o->asked = now;
	if (o != NULL && o->key != NULL) {
		k = o->key;
		o->key = NULL;
		end_order(o);
	} else if (o != NULL && o->failed) {
		*f = o->why;
		end_order(o);
	} else {
		fault_set(f, FAULT_BUSY, "", o == NULL ? "too many keys are being made" :
		    "the key is being made");
	}
	pthread_mutex_unlock(&m->lock);
	return k;
}
