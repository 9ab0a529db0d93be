/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - sockets and TLS behind net/stream.h. */
#include "net/stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>

#include "crypt/tls.h"
#include "net/loop_base.h"

#define STREAM_WHY_MAX	200
#define STREAM_COMPACT_OCTETS	(1u << 20)
#define STREAM_KEEP_OCTETS	(16u << 10)	/* memory an idle connection may keep */

struct stream {
	struct net_loop		 *loop;
	int			  fd;
	const struct stream_ops	 *ops;
	void			 *ctx;
	struct buf		  in;
	/* Plain: */
	struct event		 *reading;
	struct event		 *writing;
	struct buf		  out;
	size_t			  out_at;	/* octets of out that are gone */
	struct stream_body	  lent;		/* follows out */
	/* TLS: */
	struct bufferevent	 *bev;
	void			(*error_text)(unsigned long, char *, size_t);
	bool			  handshaken;
	size_t			  keep;		/* memory each buffer may keep when empty */
	unsigned		  burst;	/* reads in a row */
	unsigned		  depth;	/* callbacks we are inside of */
	bool			  dead;		/* freed inside one of them */
	bool			  broken;	/* writing failed; on_end is due */
	int			  error;
};

static void
lent_release(struct stream_body *b)
{
	void	(*release)(void *) = b->release;

	b->release = NULL;
	b->octets = VIEW_NONE;
	if (release != NULL)
		release(b->ctx);
}

static void
stream_destroy(struct stream *s)
{
	buf_clear(&s->in);
	buf_clear(&s->out);
	free(s);
}

void
stream_free(struct stream *s)
{
	if (s == NULL || s->dead)
		return;
	s->dead = true;
	if (s->reading != NULL)
		event_free(s->reading);
	if (s->writing != NULL)
		event_free(s->writing);
	if (s->bev != NULL)
		bufferevent_free(s->bev);	/* closes fd */
	else if (s->fd >= 0)
		close(s->fd);
	lent_release(&s->lent);
	if (s->depth == 0)
		stream_destroy(s);
}

static void
enter(struct stream *s)
{
	s->depth++;
}

/* False when the stream went away meanwhile. */
static bool
leave(struct stream *s)
{
	s->depth--;
	if (!s->dead)
		return true;
	if (s->depth == 0)
		stream_destroy(s);
	return false;
}

static bool
end(struct stream *s, const char *why)
{
	if (s->reading != NULL)
		event_del(s->reading);
	if (s->bev != NULL)
		bufferevent_disable(s->bev, EV_READ);
	enter(s);
	s->ops->on_end(s->ctx, why);
	return leave(s);
}

static bool
end_errno(struct stream *s, const char *what, int error)
{
	char	why[STREAM_WHY_MAX];
	char	text[100];

	if (s->writing != NULL)
		event_del(s->writing);
	snprintf(why, sizeof(why), "%s: %s", what,
	    strerror_r(error, text, sizeof(text)));
	return end(s, why);
}

/* An idle connection should not keep the memory of its largest message. */
static void
trim(const struct stream *s, struct buf *b)
{
	if (b->n == 0 && b->cap > s->keep)
		buf_clear(b);
}

static bool
deliver(struct stream *s)
{
	if (!buf_ok(&s->in))
		return end(s, "more than fits was sent"), false;
	enter(s);
	s->ops->on_data(s->ctx, &s->in);
	if (!leave(s))
		return false;
	trim(s, &s->in);
	return true;
}

static void
plain_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream	*s = arg;
	ssize_t		 n = 0;
	bool		 any = false;
	int		 error = 0;

	(void)what;
	for (unsigned i = 0; i < s->burst; i++) {
		n = recv(fd, s->loop->scratch, LOOP_SCRATCH_OCTETS, 0);
		if (n <= 0) {
			error = errno;
			break;
		}
		buf_add(&s->in, s->loop->scratch, (size_t)n);
		any = true;
		if (n < LOOP_SCRATCH_OCTETS)
			break;
	}
	if (any && !deliver(s))
		return;
	if (n == 0)
		end(s, NULL);
	else if (n < 0 && error != EAGAIN && error != EINTR)
		end_errno(s, "reading", error);
}

/* What write(2) could not take now; errno decides whether ever. */
static ssize_t
send_some(struct stream *s, const struct iovec *iov, size_t count)
{
	struct msghdr	m = { 0 };
	ssize_t		n;

	m.msg_iov = (struct iovec *)(uintptr_t)iov;
	m.msg_iovlen = count;
	n = sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n >= 0)
		return n;
	if (errno != EAGAIN && errno != EINTR) {
		s->broken = true;
		s->error = errno;
		event_active(s->writing, EV_WRITE, 0);
	}
	return 0;
}

static void
iov_set(struct iovec *iov, const void *p, size_t n)
{
	iov->iov_base = (void *)(uintptr_t)p;
	iov->iov_len = n;
}

/* A queue that never runs empty must not keep all it ever held. */
static void
compact(struct buf *b, size_t *at)
{
	if (*at < STREAM_COMPACT_OCTETS || *at < b->n / 2)
		return;
	buf_consume(b, *at);
	*at = 0;
}

/* Account for n written octets, first out, then what is lent. */
static void
written(struct stream *s, size_t n)
{
	size_t	first = s->out.n - s->out_at;

	if (n < first) {
		s->out_at += n;
		compact(&s->out, &s->out_at);
		return;
	}
	n -= first;
	s->out_at = 0;
	buf_reset(&s->out);
	trim(s, &s->out);
	s->lent.octets.p = n == 0 ? s->lent.octets.p : s->lent.octets.p + n;
	s->lent.octets.n -= n;
	if (s->lent.octets.n == 0)
		lent_release(&s->lent);
}

static void
plain_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream	*s = arg;
	struct iovec	 iov[2];
	ssize_t		 n;

	(void)fd;
	(void)what;
	if (s->broken) {
		end_errno(s, "writing", s->error);
		return;
	}
	if (stream_queued(s) == 0)
		return;
	iov_set(&iov[0], s->out.p + s->out_at, s->out.n - s->out_at);
	iov_set(&iov[1], s->lent.octets.p, s->lent.octets.n);
	n = send_some(s, iov, 2);
	if (s->broken)
		return;
	written(s, (size_t)n);
	if (stream_queued(s) > 0) {
		event_add(s->writing, NULL);
		return;
	}
	event_del(s->writing);
	if (s->ops->on_drained != NULL) {
		enter(s);
		s->ops->on_drained(s->ctx);
		(void)leave(s);
	}
}

static struct stream *
stream_alloc(struct net_loop *l, int fd, size_t in_max,
    const struct stream_ops *ops, void *ctx)
{
	struct stream	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->loop = l;
	s->fd = fd;
	s->ops = ops;
	s->ctx = ctx;
	s->keep = STREAM_KEEP_OCTETS;
	s->burst = 1;
	buf_init(&s->in, in_max);
	buf_init(&s->out, SIZE_MAX / 2);	/* bounded by the owners */
	return s;
}

struct stream *
stream_new(struct net_loop *l, int fd, size_t in_max,
    const struct stream_ops *ops, void *ctx, struct fault *f)
{
	struct stream	*s = stream_alloc(l, fd, in_max, ops, ctx);

	if (s == NULL || evutil_make_socket_nonblocking(fd) != 0)
		goto fail;
	s->handshaken = true;
	s->reading = event_new(l->base, fd, EV_READ | EV_PERSIST, plain_readable, s);
	s->writing = event_new(l->base, fd, EV_WRITE | EV_PERSIST, plain_writable, s);
	if (s->reading == NULL || s->writing == NULL ||
	    event_add(s->reading, NULL) != 0)
		goto fail;
	return s;
fail:
	fault_set(f, FAULT_INTERNAL, "", "cannot serve descriptor %d", fd);
	if (s == NULL)
		close(fd);
	stream_free(s);
	return NULL;
}

static void
tls_readable(struct bufferevent *bev, void *arg)
{
	struct stream	*s = arg;
	struct evbuffer	*from = bufferevent_get_input(bev);
	int		 n;

	while ((n = evbuffer_remove(from, s->loop->scratch,
	    LOOP_SCRATCH_OCTETS)) > 0)
		buf_add(&s->in, s->loop->scratch, (size_t)n);
	(void)deliver(s);
}

static void
tls_drained(struct bufferevent *bev, void *arg)
{
	struct stream	*s = arg;

	(void)bev;
	if (s->ops->on_drained == NULL || stream_queued(s) > 0)
		return;
	enter(s);
	s->ops->on_drained(s->ctx);
	(void)leave(s);
}

static void
tls_failed(struct stream *s)
{
	char		why[STREAM_WHY_MAX], text[STREAM_WHY_MAX - 20] = "";
	unsigned long	code = bufferevent_get_openssl_error(s->bev);

	if (code == 0)
		snprintf(text, sizeof(text), "%s", "connection reset");
	else if (s->error_text != NULL)
		s->error_text(code, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "error %lx", code);
	snprintf(why, sizeof(why), "%s: %s",
	    s->handshaken ? "tls" : "tls handshake", text);
	end(s, why);
}

static void
tls_event(struct bufferevent *bev, short what, void *arg)
{
	struct stream	*s = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		s->handshaken = true;
	else if (what & BEV_EVENT_ERROR)
		tls_failed(s);
	else if (what & BEV_EVENT_EOF)
		end(s, s->handshaken ? NULL : "tls handshake: broken off");
}

struct stream *
stream_new_tls(struct net_loop *l, int fd, struct ssl_st *ssl,
    void (*error_text)(unsigned long, char *, size_t), size_t in_max,
    const struct stream_ops *ops, void *ctx, struct fault *f)
{
	struct stream	*s = stream_alloc(l, fd, in_max, ops, ctx);

	evutil_make_socket_nonblocking(fd);
	if (s == NULL || (s->bev = bufferevent_openssl_socket_new(l->base, fd,
	    ssl, BUFFEREVENT_SSL_ACCEPTING,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS)) == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "cannot serve TLS on descriptor %d", fd);
		if (s == NULL)
			close(fd);
		stream_free(s);
		return NULL;
	}
	s->error_text = error_text;
	bufferevent_openssl_set_allow_dirty_shutdown(s->bev, 1);
	bufferevent_setcb(s->bev, tls_readable, tls_drained, tls_event, s);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	return s;
}

static void
tls_lent_gone(const void *data, size_t n, void *arg)
{
	struct stream_body	*b = arg;

	(void)data;
	(void)n;
	lent_release(b);
	free(b);
}

static void
tls_write_lent(struct stream *s, const struct stream_body *body)
{
	struct evbuffer		*to = bufferevent_get_output(s->bev);
	struct stream_body	*b = malloc(sizeof(*b));

	if (b != NULL) {
		*b = *body;
		if (evbuffer_add_reference(to, b->octets.p, b->octets.n,
		    tls_lent_gone, b) == 0)
			return;
		free(b);
	}
	evbuffer_add(to, body->octets.p, body->octets.n);
	body->release(body->ctx);
}

static void
tls_write(struct stream *s, struct view head, const struct stream_body *body)
{
	if (head.n > 0)
		bufferevent_write(s->bev, head.p, head.n);
	if (body == NULL)
		return;
	if (body->release != NULL && body->octets.n > 0) {
		tls_write_lent(s, body);
		return;
	}
	if (body->octets.n > 0)
		bufferevent_write(s->bev, body->octets.p, body->octets.n);
	if (body->release != NULL)
		body->release(body->ctx);
}

/* Keep the tail of head and body that is not written yet. */
static void
keep(struct stream *s, struct view head, const struct stream_body *body,
    size_t gone)
{
	size_t		 of_head = gone < head.n ? gone : head.n;
	struct view	 rest = body->octets;

	if (head.n > of_head)
		buf_add(&s->out, head.p + of_head, head.n - of_head);
	gone -= of_head;
	if (gone > 0) {
		rest.p += gone;
		rest.n -= gone;
	}
	if (body->release == NULL || s->broken) {
		if (rest.n > 0 && !s->broken)
			buf_add_view(&s->out, rest);
		if (body->release != NULL)
			body->release(body->ctx);
		return;
	}
	s->lent = *body;
	s->lent.octets = rest;
	if (rest.n == 0)
		lent_release(&s->lent);
}

/* Only one lent body can wait; a second answer comes after it has gone. */
static void
settle_lent(struct stream *s)
{
	if (s->lent.release == NULL)
		return;
	buf_add_view(&s->out, s->lent.octets);
	lent_release(&s->lent);
}

static void
check_out(struct stream *s)
{
	if (buf_ok(&s->out) || s->broken)
		return;
	s->broken = true;
	s->error = ENOMEM;
	event_active(s->writing, EV_WRITE, 0);
}

void
stream_write(struct stream *s, struct view head, const struct stream_body *body)
{
	static const struct stream_body	none;
	struct iovec			iov[2];
	size_t				gone = 0;

	if (s->bev != NULL) {
		tls_write(s, head, body);
		return;
	}
	if (body == NULL)
		body = &none;
	settle_lent(s);
	if (stream_queued(s) == 0 && !s->broken) {
		iov_set(&iov[0], head.p, head.n);
		iov_set(&iov[1], body->octets.p, body->octets.n);
		gone = (size_t)send_some(s, iov, 2);
	}
	keep(s, head, body, gone);
	check_out(s);
	if (stream_queued(s) > 0 && !s->broken)
		event_add(s->writing, NULL);
}

struct buf *
stream_out(struct stream *s)
{
	return &s->out;
}

void
stream_flush_later(struct stream *s)
{
	check_out(s);
	if (!s->broken && !event_pending(s->writing, EV_WRITE, NULL))
		event_active(s->writing, EV_WRITE, 0);
}

void
stream_tune(struct stream *s, size_t keep, unsigned burst)
{
	s->keep = keep;
	s->burst = burst;
}

size_t
stream_queued(const struct stream *s)
{
	if (s->bev != NULL)
		return evbuffer_get_length(bufferevent_get_output(s->bev));
	return s->out.n - s->out_at + s->lent.octets.n;
}

struct buf *
stream_in(struct stream *s)
{
	return &s->in;
}

void
stream_reading(struct stream *s, bool on)
{
	if (s->bev != NULL) {
		if (on)
			bufferevent_enable(s->bev, EV_READ);
		else
			bufferevent_disable(s->bev, EV_READ);
	} else if (on) {
		event_add(s->reading, NULL);
	} else {
		event_del(s->reading);
	}
}

bool
stream_handshaken(const struct stream *s)
{
	return s->handshaken;
}

struct ssl_st *
stream_ssl(const struct stream *s)
{
	return s->bev == NULL ? NULL : bufferevent_openssl_get_ssl(s->bev);
}

void
stream_half_close(struct stream *s)
{
	/* Without a close_notify a client cannot tell an end from a cut. */
	if (s->bev != NULL && s->handshaken)
		tls_close(stream_ssl(s));
	shutdown(s->fd, SHUT_WR);
}
