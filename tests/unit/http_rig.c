/* SPDX-License-Identifier: Apache-2.0 */
/* http_rig.c - server, routes and raw clients for the tests of HTTP. */
#include "http_rig.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "net/server.h"

#define WATCHDOG_MS	20000

static void
too_late(void *ctx)
{
	(void)ctx;
	fprintf(stderr, "the watchdog barked\n");
	abort();
}

/* R5273-6.1-1, R5273-6.2-1: the right media type, without regard to parameters */
static void
handle_cmc(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200,
	    .content_type = "application/pkcs7-mime; smime-type=CMC-Response" };
	char			text[64];

	(void)ctx;
	if (!http_request_is(req, "application/pkcs7-mime")) {
		http_refuse(req, 415, "application/pkcs7-mime, please");
		return;
	}
	snprintf(text, sizeof(text), "got %zu", http_request_body(req).n);
	a.body = view_str(text);
	http_reply(req, &a);
}

static void
handle_crl(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .etag = RIG_ETAG,
	    .content_type = "application/pkix-crl", .last_modified = RIG_MODIFIED,
	    .cache_control = "max-age=60", .expires = RIG_MODIFIED + 60,
	    .body = http_request_rest(req) };

	(void)ctx;
	http_reply(req, &a);
}

static void
handle_later(void *ctx, struct http_request *req)
{
	struct rig	*r = ctx;

	r->later[r->later_count++ % 4] = http_request_id(req);
}

static void
released(void *ctx)
{
	struct rig	*r = ctx;

	r->released++;
}

static uint8_t	lent[RIG_LENT_OCTETS];

static void
handle_lent(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .body = { lent, sizeof(lent) },
	    .release = released, .release_ctx = ctx };

	http_reply(req, &a);
}

static void
handle_echo(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .body = http_request_body(req) };

	(void)ctx;
	http_reply(req, &a);
}

static void
handle_query(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .body = http_request_query(req) };

	(void)ctx;
	assert_string_equal(http_request_source(req), "127.0.0.1");
	assert_null(http_request_ssl(req));
	http_reply(req, &a);
}

static struct http_route	routes[] = {
	{ "POST", "/cmc", HTTP_CMC_BODY_MAX, handle_cmc, NULL },
	{ "GET", "/crl/*", 0, handle_crl, NULL },
	{ "GET", "/later", 0, handle_later, NULL },
	{ "GET", "/lent", 0, handle_lent, NULL },
	{ "POST", "/echo", 8, handle_echo, NULL },
	{ "GET", "/query", 0, handle_query, NULL },
	{ "POST", "/query", 8, handle_echo, NULL },
};

void
rig_start(struct rig *r, const struct http_limits *limits)
{
	struct fault	f = { 0 };
	int		fd;

	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < sizeof(lent); i++)
		lent[i] = (uint8_t)(i * 7 ^ i >> 8);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		routes[i].ctx = r;
	r->loop = net_loop_new(&f);
	assert_non_null(r->loop);
	r->watchdog = net_timer_new(r->loop, too_late, NULL, &f);
	assert_non_null(r->watchdog);
	net_timer_start(r->watchdog, WATCHDOG_MS);
	r->server = http_server_new(r->loop, limits, routes,
	    sizeof(routes) / sizeof(routes[0]), &f);
	assert_non_null(r->server);
	fd = net_listen("127.0.0.1:0", &f);
	assert_true(fd >= 0);
	r->port = net_port(fd);
	assert_true(r->port > 0);
	assert_true(http_server_listen(r->server, fd, NULL, &f));
}

void
rig_end(struct rig *r)
{
	http_server_free(r->server);
	net_timer_free(r->watchdog);
	net_loop_free(r->loop);
}

void
rig_turn(struct rig *r)
{
	struct fault	f = { 0 };

	assert_true(net_loop_once(r->loop, true, &f));
}

const uint8_t *
rig_lent(void)
{
	return lent;
}

static void
peer_readable(void *ctx, int fd)
{
	struct peer	*p = ctx;
	char		 some[65536];
	ssize_t		 n = recv(fd, some, sizeof(some), MSG_DONTWAIT);

	if (n > 0) {
		buf_add(&p->in, some, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) {
		p->closed = true;
		net_watch_reading(p->watch, false);
	}
}

static void
peer_writable(void *ctx, int fd)
{
	struct peer	*p = ctx;
	ssize_t		 n = send(fd, p->left.p, p->left.n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0) {
		p->left.p += n;
		p->left.n -= (size_t)n;
	} else if (n < 0 && errno != EAGAIN) {
		p->left.n = 0;		/* the server has had enough */
	}
	if (p->left.n == 0)
		net_watch_writing(p->watch, false);
}

void
peer_open(struct peer *p, struct rig *r)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)r->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fault		f = { 0 };

	memset(p, 0, sizeof(*p));
	buf_init(&p->in, 8u << 20);
	p->rig = r;
	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(p->fd >= 0);
	assert_int_equal(connect(p->fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	p->watch = net_watch_fd(r->loop, p->fd, peer_readable, peer_writable, p, &f);
	assert_non_null(p->watch);
}

void
peer_close(struct peer *p)
{
	net_watch_free(p->watch);
	if (p->fd >= 0)
		close(p->fd);
	buf_clear(&p->in);
}

void
peer_send(struct peer *p, struct view v)
{
	p->left = v;
	net_watch_writing(p->watch, true);
	while (p->left.n > 0)
		rig_turn(p->rig);
}

const char *
peer_text(struct peer *p)
{
	static char	text[4096];
	size_t		n = p->in.n < sizeof(text) - 1 ? p->in.n : sizeof(text) - 1;

	if (n > 0)
		memcpy(text, p->in.p, n);
	text[n] = '\0';
	return text;
}

size_t
peer_answer_octets(struct peer *p, bool no_body)
{
	const uint8_t	*end;
	const char	*length;
	size_t		 head;

	if (p->in.n == 0 || (end = memmem(p->in.p, p->in.n, "\r\n\r\n", 4)) == NULL)
		return 0;
	head = (size_t)(end - p->in.p) + 4;
	length = strstr(peer_text(p), "Content-Length: ");
	if (no_body || length == NULL)
		return head;
	head += (size_t)strtoul(length + 16, NULL, 10);
	return p->in.n >= head ? head : 0;
}

int
peer_answer(struct peer *p, bool no_body)
{
	while (peer_answer_octets(p, no_body) == 0 && !p->closed)
		rig_turn(p->rig);
	if (p->in.n < 12 || memcmp(p->in.p, "HTTP/1.1 ", 9) != 0)
		return 0;
	return atoi(peer_text(p) + 9);
}

void
peer_wait_closed(struct peer *p)
{
	while (!p->closed)
		rig_turn(p->rig);
}
