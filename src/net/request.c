/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - what a handler sees of a request, and which handler it is. */
#include <stdlib.h>
#include <string.h>

#include "net/server_base.h"

#define ROUTE_NONE	((size_t)-1)

/* Octets of path that the route names; ROUTE_NONE if it does not fit. */
static size_t
route_fit(const struct http_route *r, struct view path)
{
	size_t	n = strlen(r->path);

	if (n > 0 && r->path[n - 1] == '*') {
		n--;
		return path.n >= n && memcmp(path.p, r->path, n) == 0 ?
		    n : ROUTE_NONE;
	}
	return path.n == n && memcmp(path.p, r->path, n) == 0 ? n : ROUTE_NONE;
}

static bool
route_exact(const struct http_route *r)
{
	size_t	n = strlen(r->path);

	return n == 0 || r->path[n - 1] != '*';
}

static bool
route_takes(const struct http_route *r, const char *method)
{
	return strcmp(r->method, method) == 0 ||
	    (strcmp(r->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* The closest path wins; on one path the method decides. */
static bool
route_closer(const struct http_route *r, size_t fit,
    const struct http_route *best, size_t best_fit)
{
	if (best == NULL || fit != best_fit)
		return best == NULL || fit > best_fit;
	return route_exact(r) && !route_exact(best);
}

int
request_route(struct conn *c, const struct http1_head *h)
{
	const struct http_server	*s = c->server;
	const struct http_route		*best = NULL, *r;
	size_t				 best_fit = 0, fit;
	bool				 known = false;

	for (size_t i = 0; i < s->route_count; i++) {
		r = &s->routes[i];
		if ((fit = route_fit(r, h->path)) == ROUTE_NONE)
			continue;
		known = true;
		if (route_takes(r, h->method) && route_closer(r, fit, best, best_fit)) {
			best = r;
			best_fit = fit;
		}
	}
	if (best == NULL)
		return known ? 405 : 404;
	c->route = best;
	c->prefix = best_fit;
	return 0;
}

void
request_allow(const struct http_server *s, struct view path, struct buf *out)
{
	const char	*before = "Allow: ";

	for (size_t i = 0; i < s->route_count; i++) {
		const struct http_route	*r = &s->routes[i];

		if (route_fit(r, path) == ROUTE_NONE)
			continue;
		buf_add_str(out, before);
		buf_add_str(out, r->method);
		if (strcmp(r->method, "GET") == 0)
			buf_add_str(out, ", HEAD");
		before = ", ";
	}
	buf_add_str(out, "\r\n");
}

uint64_t
http_request_id(const struct http_request *req)
{
	return req->conn->request_id;
}

const char *
http_request_method(const struct http_request *req)
{
	return req->head->method;
}

struct view
http_request_path(const struct http_request *req)
{
	return req->head->path;
}

struct view
http_request_query(const struct http_request *req)
{
	return req->head->query;
}

struct view
http_request_rest(const struct http_request *req)
{
	struct view	path = req->head->path;
	size_t		n = req->conn->prefix;

	return (struct view){ path.p + n, path.n - n };
}

struct view
http_request_body(const struct http_request *req)
{
	return req->body;
}

struct view
http_request_header(const struct http_request *req, const char *name)
{
	return http1_find(req->head, name);
}

bool
http_request_is(const struct http_request *req, const char *type)
{
	return http1_media_type_is(http_request_header(req, "content-type"), type);
}

const char *
http_request_source(const struct http_request *req)
{
	return req->source;
}

struct ssl_st *
http_request_ssl(const struct http_request *req)
{
	return stream_ssl(req->conn->stream);
}

void
http_reply(struct http_request *req, const struct http_answer *a)
{
	answer_write(req->conn, a);
}

void
http_refuse(struct http_request *req, int status, const char *text)
{
	struct http_answer	a = { .status = status, .body = view_str(text) };

	if (text != NULL)
		a.content_type = "text/plain; charset=utf-8";
	answer_write(req->conn, &a);
}

static struct conn *
find_pending(struct http_server *s, uint64_t id)
{
	unsigned	 slot = (unsigned)(id & HTTP_CONNECTIONS_MAX);
	struct conn	*c;

	if (id == 0 || slot >= s->limits.connections)
		return NULL;
	c = s->slots[slot];
	return c != NULL && c->request_id == id ? c : NULL;
}

bool
http_reply_id(struct http_server *s, uint64_t id, const struct http_answer *a)
{
	struct conn	*c = find_pending(s, id);

	if (c == NULL) {
		s->stats.vanished++;
		if (a->release != NULL)
			a->release(a->release_ctx);
		return false;
	}
	answer_write(c, a);
	conn_go_later(c);
	return true;
}

bool
http_refuse_id(struct http_server *s, uint64_t id, int status,
    unsigned retry_after, const char *text)
{
	struct http_answer	a = { .status = status, .retry_after = retry_after,
	    .body = view_str(text) };

	if (text != NULL)
		a.content_type = "text/plain; charset=utf-8";
	return http_reply_id(s, id, &a);
}
