/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - a keep-alive client that keeps many requests in the air. */
#include "net/load.h"

#include <sys/socket.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/http1.h"
#include "net/stream.h"
#include "net/url.h"

#define LOAD_HEAD_MAX		(16u << 10)
#define LOAD_CONNECTIONS_MAX	10000

struct job {
	struct job	*next;
	struct buf	 bytes;
	void		(*done)(void *, const struct http_load_answer *);
	void		*ctx;
	int64_t		 submitted;
};

struct lane {
	struct http_load	*load;
	struct lane		*next_free;
	struct stream		*stream;	/* NULL until needed */
	struct job		*job;
	size_t			 scanned;
	bool			 have_head;
	struct http1_chunks	 chunks;
	size_t			 body_n;
	size_t			 head_n;
	bool			 no_body;	/* answer to HEAD, 204, 304 */
};

struct http_load {
	struct net_loop		*loop;
	struct sockaddr_storage	 to;
	socklen_t		 to_len;
	char			 host[URL_HOST_MAX + 16];
	size_t			 answer_max;
	struct lane		*lanes;
	size_t			 lane_count;
	struct lane		*free_lanes;
	struct job		*first, *last;	/* waiting */
	struct job		*spare;
	struct net_timer	*retry;
	size_t			 open;
	bool			 starting;
	struct http1_head	 head;
};

static int64_t
microseconds(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
job_free(struct job *j)
{
	if (j == NULL)
		return;
	buf_clear(&j->bytes);
	free(j);
}

static void
lane_reset(struct lane *l)
{
	l->scanned = l->body_n = l->head_n = 0;
	l->have_head = l->no_body = false;
	memset(&l->chunks, 0, sizeof(l->chunks));
}

static void
lane_release(struct lane *l)
{
	l->next_free = l->load->free_lanes;
	l->load->free_lanes = l;
}

static void
lane_hang_up(struct lane *l)
{
	stream_free(l->stream);
	l->stream = NULL;
}

/* Hand the result to whoever asked, and keep the job's memory. */
static void
job_finish(struct http_load *h, struct job *j, const struct http_load_answer *a)
{
	void	(*done)(void *, const struct http_load_answer *) = j->done;
	void	*ctx = j->ctx;

	buf_reset(&j->bytes);
	j->next = h->spare;
	h->spare = j;
	h->open--;
	done(ctx, a);
}

static void
lane_fail(struct lane *l, const char *why)
{
	struct http_load_answer	 a = { .why = why };
	struct job		*j = l->job;

	l->job = NULL;
	lane_hang_up(l);
	if (j == NULL)
		return;
	a.microseconds = microseconds() - j->submitted;
	lane_release(l);
	net_timer_start(l->load->retry, 0);
	job_finish(l->load, j, &a);
}

static void
lane_succeed(struct lane *l, struct buf *in, bool keep)
{
	struct http_load	*h = l->load;
	struct http_load_answer	 a = { 0 };
	struct job		*j = l->job;

	a.status = h->head.status;
	a.content_type = http1_find(&h->head, "content-type");
	a.body = (struct view){ in->p + l->head_n, l->body_n };
	a.microseconds = microseconds() - j->submitted;
	l->job = NULL;
	/* The lane is free only after the views were used. */
	job_finish(h, j, &a);
	buf_consume(in, l->head_n + l->body_n);
	if (!keep || in->n > 0)
		lane_hang_up(l);
	lane_release(l);
	net_timer_start(h->retry, 0);
}

static int
lane_body(struct lane *l, struct buf *in)
{
	struct http1_head	*head = &l->load->head;
	size_t			 at = l->head_n + l->body_n, used, made;
	int			 rc;

	if (l->no_body)
		return HTTP1_DONE;
	if (!head->chunked) {
		if (head->length > l->load->answer_max)
			return 413;
		if (in->n - l->head_n < head->length)
			return HTTP1_MORE;
		l->body_n = (size_t)head->length;
		return HTTP1_DONE;
	}
	rc = http1_chunks(&l->chunks, in->p + at, in->n - at, &used, &made);
	memmove(in->p + at + made, in->p + at + used, in->n - at - used);
	in->n -= used - made;
	l->body_n += made;
	return l->body_n > l->load->answer_max ? 413 : rc;
}

static void
lane_data(void *ctx, struct buf *in)
{
	struct lane		*l = ctx;
	struct http1_head	*head = &l->load->head;
	int			 rc;

	if (l->job == NULL) {
		lane_fail(l, "unasked octets");
		return;
	}
	/* The head is read again with each burst: lanes share one. */
	l->scanned = l->have_head ? 0 : l->scanned;
	rc = http1_response(buf_view(in), LOAD_HEAD_MAX, &l->scanned, head);
	if (rc == HTTP1_DONE && head->status == 100) {
		buf_consume(in, head->octets);
		l->scanned = 0;
		return;
	}
	if (rc == HTTP1_DONE) {
		l->have_head = true;
		l->head_n = head->octets;
		l->no_body = l->no_body || head->status == 204 || head->status == 304;
		rc = lane_body(l, in);
	}
	if (rc == HTTP1_DONE)
		lane_succeed(l, in, head->keep_alive);
	else if (rc != HTTP1_MORE)
		lane_fail(l, "an answer that is not HTTP, or too large");
}

static void
lane_end(void *ctx, const char *why)
{
	lane_fail(ctx, why != NULL ? why : "closed by the server");
}

static const struct stream_ops lane_ops = {
	.on_data = lane_data,
	.on_end = lane_end,
};

static bool
lane_connect(struct lane *l, struct fault *f)
{
	struct http_load	*h = l->load;
	int			 one = 1;
	int			 fd = socket(h->to.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fault_set(f, FAULT_IO, "", "no socket: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&h->to, h->to_len) != 0 &&
	    errno != EINPROGRESS) {
		fault_set(f, FAULT_BUSY, "", "cannot connect: %s", strerror(errno));
		close(fd);
		return false;
	}
	l->stream = stream_new(h->loop, fd, LOAD_HEAD_MAX + h->answer_max +
	    (2u << 20), &lane_ops, l, f);
	return l->stream != NULL;
}

static void
lane_start(struct lane *l, struct job *j)
{
	struct fault	f = { 0 };

	lane_reset(l);
	l->job = j;
	l->no_body = j->bytes.n > 5 && memcmp(j->bytes.p, "HEAD ", 5) == 0;
	if (l->stream == NULL && !lane_connect(l, &f)) {
		lane_fail(l, f.text);
		return;
	}
	stream_write(l->stream, buf_view(&j->bytes), NULL);
}

/* Give waiting jobs to free lanes; a failing lane calls back from here. */
static void
start_waiting(void *ctx)
{
	struct http_load	*h = ctx;
	struct lane		*l;
	struct job		*j;

	if (h->starting)
		return;
	h->starting = true;
	while (h->first != NULL && h->free_lanes != NULL) {
		l = h->free_lanes;
		j = h->first;
		h->free_lanes = l->next_free;
		h->first = j->next;
		if (h->first == NULL)
			h->last = NULL;
		lane_start(l, j);
	}
	h->starting = false;
}

static bool
resolve(struct http_load *h, const struct url *u, struct fault *f)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char		 port[16];
	int		 rc;

	snprintf(port, sizeof(port), "%u", u->port);
	if ((rc = getaddrinfo(u->host, port, &hints, &list)) != 0)
		return fault_set(f, FAULT_BUSY, "", "cannot find \"%s\": %s", u->host,
		    gai_strerror(rc));
	memcpy(&h->to, list->ai_addr, list->ai_addrlen);
	h->to_len = list->ai_addrlen;
	freeaddrinfo(list);
	snprintf(h->host, sizeof(h->host), u->ipv6 ? "[%s]:%u" : "%s:%u", u->host,
	    u->port);
	return true;
}

struct http_load *
http_load_new(struct net_loop *l, const char *url, unsigned connections,
    size_t answer_max, struct fault *f)
{
	struct http_load	*h = NULL;
	struct url		 u;

	if (!url_parse(view_str(url), &u, f))
		return NULL;
	if (u.tls || connections == 0 || connections > LOAD_CONNECTIONS_MAX) {
		fault_set(f, FAULT_USAGE, "", "a load needs http:// and 1 to %d connections",
		    LOAD_CONNECTIONS_MAX);
		return NULL;
	}
	if ((h = calloc(1, sizeof(*h))) == NULL ||
	    (h->lanes = calloc(connections, sizeof(*h->lanes))) == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory for a load");
		free(h);
		return NULL;
	}
	h->loop = l;
	h->answer_max = answer_max;
	for (h->lane_count = 0; h->lane_count < connections; h->lane_count++) {
		h->lanes[h->lane_count].load = h;
		lane_release(&h->lanes[h->lane_count]);
	}
	if (!resolve(h, &u, f) ||
	    (h->retry = net_timer_new(l, start_waiting, h, f)) == NULL) {
		http_load_free(h);
		return NULL;
	}
	return h;
}

static void
jobs_free(struct job *j)
{
	struct job	*next;

	for (; j != NULL; j = next) {
		next = j->next;
		job_free(j);
	}
}

void
http_load_free(struct http_load *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->lane_count; i++) {
		stream_free(h->lanes[i].stream);
		job_free(h->lanes[i].job);
	}
	jobs_free(h->first);
	jobs_free(h->spare);
	net_timer_free(h->retry);
	free(h->lanes);
	free(h);
}

static struct job *
job_new(struct http_load *h)
{
	struct job	*j = h->spare;

	if (j != NULL) {
		h->spare = j->next;
		return j;
	}
	if ((j = calloc(1, sizeof(*j))) != NULL)
		buf_init(&j->bytes, SIZE_MAX / 2);
	return j;
}

static void
job_write(const struct http_load *h, struct job *j, const char *method,
    const char *path, const char *content_type, struct view body)
{
	buf_addf(&j->bytes, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, h->host);
	if (content_type != NULL)
		buf_addf(&j->bytes, "Content-Type: %s\r\n", content_type);
	if (content_type != NULL || body.n > 0)
		buf_addf(&j->bytes, "Content-Length: %zu\r\n", body.n);
	buf_add_str(&j->bytes, "\r\n");
	buf_add_view(&j->bytes, body);
}

bool
http_load_submit(struct http_load *h, const char *method, const char *path,
    const char *content_type, struct view body,
    void (*done)(void *, const struct http_load_answer *), void *ctx,
    struct fault *f)
{
	struct job	*j = job_new(h);

	if (j == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory for a request");
	job_write(h, j, method, path, content_type, body);
	if (!buf_ok(&j->bytes)) {
		job_free(j);
		return fault_set(f, FAULT_INTERNAL, "", "out of memory for a request");
	}
	j->done = done;
	j->ctx = ctx;
	j->submitted = microseconds();
	j->next = NULL;
	if (h->last == NULL)
		h->first = j;
	else
		h->last->next = j;
	h->last = j;
	h->open++;
	net_timer_start(h->retry, 0);
	return true;
}

size_t
http_load_open(const struct http_load *h)
{
	return h->open;
}
