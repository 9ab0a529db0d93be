/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/relay_objects.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "codec/crl.h"
#include "message/hint.h"

#define PATH_MAX_OCTETS	128
#define FETCHES_MAX	64
#define LATER_SECONDS	2

/* One object as the PKI gave it; replaced as a whole, kept while answers lend it. */
struct object {
	char		 path[PATH_MAX_OCTETS], type[128], etag[128];
	int64_t		 until;		/* unix seconds: asked for again after it */
	uint64_t	 used;
	struct buf	 body;
	unsigned	 lent;
	bool		 old;		/* replaced: freed with the last answer */
};

/* One question to the PKI, and who waits for its answer. */
struct fetch {
	struct relay_objects	*o;
	char			 path[PATH_MAX_OCTETS];	/* "": free */
	uint64_t		*readers;
	size_t			 n, room;
};

struct relay_objects {
	struct net_loop		*loop;
	struct http_server	*server;
	struct courier		*courier;
	const char		*base;
	struct object		*list[RELAY_OBJECTS_MAX];
	size_t			 n, octets, readers;
	uint64_t		 clock;
	struct fetch		 fetches[FETCHES_MAX];
};

/* --- objects --------------------------------------------------------------------- */

static void
object_free(struct object *g)
{
	buf_clear(&g->body);
	free(g);
}

static void
object_release(void *ctx)
{
	struct object	*g = ctx;

	if (--g->lent == 0 && g->old)
		object_free(g);
}

static void
drop(struct relay_objects *o, size_t i)
{
	struct object	*g = o->list[i];

	o->octets -= g->body.n;
	o->list[i] = o->list[--o->n];
	g->old = true;
	if (g->lent == 0)
		object_free(g);
}

static struct object *
find(struct relay_objects *o, const char *path)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->list[i]->path, path) == 0)
			return o->list[i];
	return NULL;
}

static size_t
least_used(const struct relay_objects *o)
{
	size_t	least = 0;

	for (size_t i = 1; i < o->n; i++)
		if (o->list[i]->used < o->list[least]->used)
			least = i;
	return least;
}

static void
keep(struct relay_objects *o, struct object *g)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->list[i]->path, g->path) == 0) {
			drop(o, i);
			break;
		}
	while (o->n > 0 && (o->n == RELAY_OBJECTS_MAX ||
	    o->octets + g->body.n > RELAY_OBJECTS_OCTETS))
		drop(o, least_used(o));
	o->list[o->n++] = g;
	o->octets += g->body.n;
}

static bool
begins(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

/* For so long it need not be asked for again. */
static int64_t
seconds_good(const struct object *g, int64_t now)
{
	struct crl	crl;

	if (begins(g->path, "/certs/"))
		return RELAY_CERT_SECONDS;
	if (!begins(g->path, "/crl/"))
		return RELAY_CA_SECONDS;
	if (strcmp(g->path, HINT_PATH) == 0)	/* its readers look at its dates */
		return RELAY_CRL_SECONDS;
	if (!crl_decode(buf_view(&g->body), &crl, NULL) || !crl.has_next_update ||
	    crl.next_update <= now)
		return 0;
	return crl.next_update - now < RELAY_CRL_SECONDS ? crl.next_update - now :
	    RELAY_CRL_SECONDS;
}

/* Takes the answer's body. */
static struct object *
object_of(struct relay_objects *o, const char *path, struct courier_answer *a)
{
	struct object	*g = calloc(1, sizeof(*g));
	int64_t		 now = net_loop_now(o->loop);

	if (g == NULL)
		return NULL;
	snprintf(g->path, sizeof(g->path), "%s", path);
	snprintf(g->type, sizeof(g->type), "%s", a->result.content_type);
	snprintf(g->etag, sizeof(g->etag), "%s", a->result.etag);
	g->body = a->body;
	buf_init(&a->body, RELAY_OBJECT_MAX);
	g->until = now + seconds_good(g, now);
	return g;
}

static void
lend(struct relay_objects *o, struct object *g, struct http_answer *a, char cache[64])
{
	int64_t	age = g->until - net_loop_now(o->loop);

	if (age > 0)
		snprintf(cache, 64, "public, max-age=%" PRId64 ", must-revalidate", age);
	else
		snprintf(cache, 64, "no-cache");
	*a = (struct http_answer){
		.status = 200, .content_type = g->type, .etag = g->etag[0] != '\0' ? g->etag : NULL,
		.cache_control = cache, .body = buf_view(&g->body),
		.release = object_release, .release_ctx = g,
	};
	g->lent++;
	g->used = ++o->clock;
}

/* --- asking the PKI ---------------------------------------------------------------- */

static void
tell_all(struct fetch *q, struct object *g, int status, unsigned retry_after, const char *text)
{
	struct relay_objects	*o = q->o;
	struct http_answer	 a;
	char			 cache[64];

	for (size_t i = 0; i < q->n; i++) {
		if (g == NULL) {
			(void)http_refuse_id(o->server, q->readers[i], status, retry_after, text);
			continue;
		}
		lend(o, g, &a, cache);
		(void)http_reply_id(o->server, q->readers[i], &a);
	}
	o->readers -= q->n;
	free(q->readers);
	*q = (struct fetch){ 0 };
}

static void
on_fetched(void *ctx, struct courier_answer *a)
{
	struct fetch		*q = ctx;
	struct relay_objects	*o = q->o;
	struct object		*g = NULL;

	if (a->ok && a->result.status == 200 && (g = object_of(o, q->path, a)) != NULL)
		keep(o, g);
	if (!a->ok && a->why.kind != FAULT_NOT_FOUND)
		log_line(LOG_LEVEL_WARN, "object not fetched", "path=\"%s\" kind=%s why=\"%s\"",
		    q->path, fault_kind_name(a->why.kind), a->why.text);
	if (!a->ok && a->why.kind == FAULT_NOT_FOUND)
		tell_all(q, NULL, 404, 0, "the PKI has no such object");
	else
		tell_all(q, g, 503, a->result.retry_after > LATER_SECONDS ? a->result.retry_after :
		    LATER_SECONDS, "the PKI does not answer: try again later");
}

static struct fetch *
fetch_of(struct relay_objects *o, const char *path)
{
	struct fetch	*unused = NULL;

	for (size_t i = 0; i < FETCHES_MAX; i++) {
		if (strcmp(o->fetches[i].path, path) == 0)
			return &o->fetches[i];
		if (o->fetches[i].path[0] == '\0')
			unused = &o->fetches[i];
	}
	return unused;
}

static bool
wait_for_it(struct fetch *q, uint64_t reader)
{
	uint64_t	*more;
	size_t		 room = q->room == 0 ? 8 : 2 * q->room;

	if (q->n == q->room) {
		if ((more = realloc(q->readers, room * sizeof(*more))) == NULL)
			return false;
		q->readers = more;
		q->room = room;
	}
	q->readers[q->n++] = reader;
	q->o->readers++;
	return true;
}

static bool
start_fetch(struct relay_objects *o, struct fetch *q, const char *path)
{
	char		url[1024];
	struct fault	f = { 0 };

	q->o = o;
	snprintf(q->path, sizeof(q->path), "%s", path);
	snprintf(url, sizeof(url), "%s%s", o->base, path);
	return courier_send(o->courier, url, NULL, VIEW_NONE, on_fetched, q, &f);
}

static void
ask(struct relay_objects *o, struct http_request *req, const char *path)
{
	struct http_answer	 a = {
		.status = 503, .content_type = "text/plain", .retry_after = LATER_SECONDS,
		.body = VIEW_LIT("too many ask at once: try again later\n"),
	};
	struct fetch		*q = o->readers < RELAY_READERS_MAX ? fetch_of(o, path) : NULL;
	bool			 first = q != NULL && q->path[0] == '\0';

	if (q != NULL && first && !start_fetch(o, q, path)) {
		*q = (struct fetch){ 0 };
		q = NULL;
	}
	if (q == NULL || !wait_for_it(q, http_request_id(req)))
		http_reply(req, &a);
}

/* --- readers ------------------------------------------------------------------------ */

/* A folder of the PKI's and a name in it: nothing that a server could read otherwise. */
static bool
path_of(const struct http_request *req, char out[PATH_MAX_OCTETS])
{
	struct view	path = http_request_path(req), name = http_request_rest(req);

	if (path.n >= PATH_MAX_OCTETS || name.n == 0 || name.p[0] == '.' ||
	    http_request_query(req).n > 0)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
		    name.p[i]) == NULL || name.p[i] == '\0')
			return false;
	memcpy(out, path.p, path.n);
	out[path.n] = '\0';
	return true;
}

void
relay_objects_serve(struct relay_objects *o, struct http_request *req)
{
	char			 path[PATH_MAX_OCTETS], cache[64];
	struct http_answer	 a;
	struct object		*g;

	if (!path_of(req, path)) {
		http_refuse(req, 404, "no such object");
		return;
	}
	g = find(o, path);
	if (g == NULL || g->until <= net_loop_now(o->loop)) {
		ask(o, req, path);
		return;
	}
	lend(o, g, &a, cache);
	http_reply(req, &a);
}

struct relay_objects *
relay_objects_new(struct net_loop *l, struct http_server *s, struct courier *c,
    const char *base, struct fault *f)
{
	struct relay_objects	*o = calloc(1, sizeof(*o));

	if (o == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	o->loop = l;
	o->server = s;
	o->courier = c;
	o->base = base;
	return o;
}

void
relay_objects_free(struct relay_objects *o)
{
	if (o == NULL)
		return;
	while (o->n > 0)
		drop(o, 0);
	for (size_t i = 0; i < FETCHES_MAX; i++)
		free(o->fetches[i].readers);
	free(o);
}
