/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http.c - the HTTP server against raw octets.
 *
 * Server and client live in one loop on the loopback interface: the test
 * waits for what must happen, never for time to pass.
 */
#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
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
#define ETAG		"\"v1\""
#define MODIFIED	INT64_C(1790000000)	/* Mon, 21 Sep 2026 14:13:20 GMT */

struct rig {
	struct net_loop		*loop;
	struct http_server	*server;
	struct net_timer	*watchdog;
	unsigned		 port;
	uint64_t		 later[4];	/* ids of requests not answered yet */
	unsigned		 later_count;
	unsigned		 released;
	bool			 stopped;
};

struct peer {
	struct rig		*rig;
	int			 fd;
	struct net_watch	*watch;
	struct view		 left;		/* to be written */
	struct buf		 in;
	bool			 closed;
};

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
	struct http_answer	a = { .status = 200, .etag = ETAG,
	    .content_type = "application/pkix-crl", .last_modified = MODIFIED,
	    .cache_control = "max-age=60", .body = http_request_rest(req) };

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

static uint8_t	lent[3u << 20];

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

static void
rig_start(struct rig *r, const struct http_limits *limits)
{
	struct fault	f = { 0 };
	int		fd;

	memset(r, 0, sizeof(*r));
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

static void
rig_end(struct rig *r)
{
	http_server_free(r->server);
	net_timer_free(r->watchdog);
	net_loop_free(r->loop);
}

static void
turn(struct rig *r)
{
	struct fault	f = { 0 };

	assert_true(net_loop_once(r->loop, true, &f));
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

static void
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

static void
peer_close(struct peer *p)
{
	net_watch_free(p->watch);
	if (p->fd >= 0)
		close(p->fd);
	buf_clear(&p->in);
}

static void
peer_send(struct peer *p, struct view v)
{
	p->left = v;
	net_watch_writing(p->watch, true);
	while (p->left.n > 0)
		turn(p->rig);
}

static const char *
peer_text(struct peer *p)
{
	static char	text[4096];
	size_t		n = p->in.n < sizeof(text) - 1 ? p->in.n : sizeof(text) - 1;

	if (n > 0)
		memcpy(text, p->in.p, n);
	text[n] = '\0';
	return text;
}

/* Octets of the first answer if it is whole, else 0.  no_body: to HEAD or 304. */
static size_t
answer_octets(struct peer *p, bool no_body)
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

static int
peer_answer(struct peer *p, bool no_body)
{
	while (answer_octets(p, no_body) == 0 && !p->closed)
		turn(p->rig);
	if (p->in.n < 12 || memcmp(p->in.p, "HTTP/1.1 ", 9) != 0)
		return 0;
	return atoi(peer_text(p) + 9);
}

static void
peer_wait_closed(struct peer *p)
{
	while (!p->closed)
		turn(p->rig);
}

#define H	"Host: ca.example\r\n"
#define CMC	"POST /cmc HTTP/1.1\r\n" H "Content-Type: application/pkcs7-mime\r\n"

static const struct {
	const char	*label;
	const char	*request;
	int		 status;
	const char	*contains;
	bool		 closes;
} cases[] = {
	/* R5273-6-2: success is 2xx.  R5273-6-5: without cookies and authentication. */
	{ "a CMC request", CMC "Content-Length: 3\r\n\r\nabc", 200, "got 3", false },
	{ "media type in other case",
	    "POST /cmc HTTP/1.1\r\n" H "content-type:  Application/PKCS7-mime ; smime-type=CMC-Request\r\n"
	    "content-length:3\r\n\r\nabc", 200, "got 3", false },
	/* R5273-6-1: GET gives 405 */
	{ "GET where POST is needed", "GET /cmc HTTP/1.1\r\n" H "\r\n", 405,
	    "Allow: POST\r\n", false },
	{ "two methods on one path", "PUT /query HTTP/1.1\r\n" H "\r\n", 405,
	    "Allow: GET, HEAD, POST\r\n", false },
	/* R5273-6.1-1, R5273-6.2-1 */
	{ "wrong media type", "POST /cmc HTTP/1.1\r\n" H
	    "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", 415, NULL, false },
	{ "no media type", "POST /cmc HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx",
	    415, NULL, false },
	{ "no length", CMC "\r\n", 411, NULL, false },
	{ "unknown path", "GET /nothing HTTP/1.1\r\n" H "\r\n", 404, NULL, false },
	{ "path is case sensitive", "POST /CMC HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
	    404, NULL, false },
	{ "absolute form", "GET http://ca.example/crl/a.crl HTTP/1.1\r\n" H "\r\n",
	    200, "\r\n\r\na.crl", false },
	{ "prefix", "GET /crl/x/y HTTP/1.1\r\n" H "\r\n", 200, "\r\n\r\nx/y", false },
	{ "query", "GET /query?a=1&b=2 HTTP/1.1\r\n" H "\r\n", 200, "\r\n\r\na=1&b=2", false },
	{ "an empty line first", "\r\nGET /query HTTP/1.1\r\n" H "\r\n", 200, NULL, false },
	{ "HTTP/1.0", "GET /query HTTP/1.0\r\n\r\n", 200, "Connection: close", true },
	{ "HTTP/1.0 kept", "GET /query HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200,
	    "Connection: keep-alive", false },
	{ "client wants to close", "GET /query HTTP/1.1\r\n" H "Connection: close\r\n\r\n",
	    200, "Connection: close", true },
	{ "chunked", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n002;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n", 200, "\r\n\r\nabcde", false },
	{ "chunked above the limit", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	    "9\r\n123456789\r\n0\r\n\r\n", 413, NULL, true },
	{ "broken chunk", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabcd\r\n0\r\n\r\n", 400, NULL, true },
	{ "chunk without size", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	    "\r\nabcd\r\n0\r\n\r\n", 400, NULL, true },
	{ "at the limit", "POST /echo HTTP/1.1\r\n" H "Content-Length: 8\r\n\r\n12345678",
	    200, "12345678", false },
	{ "one above the limit", "POST /echo HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\n123456789",
	    413, NULL, false },
	{ "above the limit, never sent", "POST /echo HTTP/1.1\r\n" H
	    "Content-Length: 9999999999\r\n\r\n", 413, NULL, true },
	{ "a body for GET", "GET /query HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx",
	    413, NULL, false },
	{ "unknown expectation", "POST /echo HTTP/1.1\r\n" H "Expect: x\r\nContent-Length: 1\r\n\r\nx",
	    417, NULL, true },
	{ "two lengths", "POST /echo HTTP/1.1\r\n" H
	    "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400, NULL, true },
	{ "negative length", "POST /echo HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400, NULL, true },
	{ "length with a sign", "POST /echo HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\nx", 400, NULL, true },
	{ "length beyond 64 bits", "POST /echo HTTP/1.1\r\n" H
	    "Content-Length: 18446744073709551617\r\n\r\nx", 400, NULL, true },
	{ "length and coding", "POST /echo HTTP/1.1\r\n" H
	    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL, true },
	{ "unknown coding", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n",
	    501, NULL, true },
	{ "coding in HTTP/1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    400, NULL, true },
	{ "no host", "GET /query HTTP/1.1\r\n\r\n", 400, NULL, true },
	{ "two hosts", "GET /query HTTP/1.1\r\n" H H "\r\n", 400, NULL, true },
	{ "blank before the colon", "GET /query HTTP/1.1\r\nHost : x\r\n\r\n", 400, NULL, true },
	{ "folded header", "GET /query HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", 400, NULL, true },
	{ "line feed alone", "GET /query HTTP/1.1\n" H "\r\n\r\n", 400, NULL, true },
	{ "carriage return alone", "GET /query HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", 400, NULL, true },
	{ "header without colon", "GET /query HTTP/1.1\r\n" H "nonsense\r\n\r\n", 400, NULL, true },
	{ "no target", "GET HTTP/1.1\r\n" H "\r\n", 400, NULL, true },
	{ "relative target", "GET query HTTP/1.1\r\n" H "\r\n", 400, NULL, true },
	{ "authority form", "CONNECT ca.example:443 HTTP/1.1\r\n" H "\r\n", 400, NULL, true },
	{ "two blanks", "GET  /query HTTP/1.1\r\n" H "\r\n", 400, NULL, true },
	{ "octet above ASCII in target", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400, NULL, true },
	{ "HTTP/2.0", "GET /query HTTP/2.0\r\n" H "\r\n", 505, NULL, true },
	{ "no version", "GET /query\r\n\r\n", 400, NULL, true },
	{ "not HTTP", "\x16\x03\x01\x02\x01\r\n\r\n", 400, NULL, true },
	{ "a method without end", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA /query HTTP/1.1\r\n" H "\r\n",
	    501, NULL, true },
};

static void
test_requests(void **state)
{
	struct rig	r;
	struct peer	p;

	(void)state;
	rig_start(&r, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("  %s\n", cases[i].label);
		peer_open(&p, &r);
		peer_send(&p, view_str(cases[i].request));
		assert_int_equal(peer_answer(&p, false), cases[i].status);
		if (cases[i].contains != NULL)
			assert_non_null(strstr(peer_text(&p), cases[i].contains));
		assert_int_equal(strstr(peer_text(&p), "Connection: close") != NULL,
		    cases[i].closes);
		assert_null(strstr(peer_text(&p), "WWW-Authenticate"));
		if (cases[i].closes) {
			peer_wait_closed(&p);
		} else {
			buf_reset(&p.in);	/* and it still serves */
			peer_send(&p, view_str(cases[0].request));
			assert_int_equal(peer_answer(&p, false), 200);
		}
		peer_close(&p);
	}
	rig_end(&r);
}

/* The same, one octet at a time: nothing may depend on how octets arrive. */
static void
test_octet_by_octet(void **state)
{
	struct rig	r;
	struct peer	p;

	(void)state;
	rig_start(&r, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char	*at = cases[i].request;

		print_message("  %s\n", cases[i].label);
		peer_open(&p, &r);
		for (; *at != '\0' && answer_octets(&p, false) == 0; at++)
			peer_send(&p, view_of(at, 1));
		assert_int_equal(peer_answer(&p, false), cases[i].status);
		peer_close(&p);
	}
	rig_end(&r);
}

/* 16 MiB are taken, one octet more is not (HTTP_CMC_BODY_MAX). */
static void
test_body_ceiling(void **state)
{
	static const struct {
		const char	*label;
		size_t		 n;
		int		 status;
	} sizes[] = {
		{ "all of it", HTTP_CMC_BODY_MAX, 200 },
		{ "one octet more", HTTP_CMC_BODY_MAX + 1, 413 },
	};
	struct rig	r;
	struct peer	p;
	struct buf	b;

	(void)state;
	rig_start(&r, NULL);
	buf_init(&b, HTTP_CMC_BODY_MAX + 4096);
	for (size_t i = 0; i < 2; i++) {
		print_message("  %s\n", sizes[i].label);
		buf_reset(&b);
		buf_addf(&b, CMC "Content-Length: %zu\r\n\r\n", sizes[i].n);
		memset(buf_extend(&b, sizes[i].n), 'x', sizes[i].n);
		peer_open(&p, &r);
		peer_send(&p, buf_view(&b));
		assert_int_equal(peer_answer(&p, false), sizes[i].status);
		peer_close(&p);
	}
	buf_clear(&b);
	rig_end(&r);
}

static void
test_expect_continue(void **state)
{
	struct rig	r;
	struct peer	p;

	(void)state;
	rig_start(&r, NULL);
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT(CMC "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
	assert_int_equal(peer_answer(&p, true), 100);
	buf_reset(&p.in);
	peer_send(&p, VIEW_LIT("abc"));
	assert_int_equal(peer_answer(&p, false), 200);
	buf_reset(&p.in);
	peer_send(&p, VIEW_LIT(CMC "Expect: 100-continue\r\nContent-Length: 16777217\r\n\r\n"));
	assert_int_equal(peer_answer(&p, false), 413);
	peer_close(&p);
	rig_end(&r);
}

/* A head of exactly HTTP_HEAD_MAX octets is taken, one more is not. */
static void
test_head_ceiling(void **state)
{
	static char	request[HTTP_HEAD_MAX + 64];
	static const char first[] = "GET /query HTTP/1.1\r\n" H "X: ";
	struct rig	r;
	struct peer	p;
	size_t		n;

	(void)state;
	rig_start(&r, NULL);
	for (size_t over = 0; over < 2; over++) {
		n = HTTP_HEAD_MAX + over;
		memset(request, 'x', sizeof(request));
		memcpy(request, first, sizeof(first) - 1);
		memcpy(request + n - 4, "\r\n\r\n", 4);
		peer_open(&p, &r);
		peer_send(&p, view_of(request, n));
		assert_int_equal(peer_answer(&p, false), over == 0 ? 200 : 431);
		peer_close(&p);
	}
	memset(request + n - 4, 'x', 4);	/* and a head that does not end */
	peer_open(&p, &r);
	peer_send(&p, view_of(request, n));
	assert_int_equal(peer_answer(&p, false), 431);
	peer_close(&p);
	rig_end(&r);
}

static void
test_too_many_fields(void **state)
{
	struct rig	r;
	struct peer	p;
	struct buf	b;

	(void)state;
	rig_start(&r, NULL);
	buf_init(&b, 8192);
	buf_add_str(&b, "GET /query HTTP/1.1\r\n" H);
	for (int i = 0; i < 64; i++)
		buf_addf(&b, "A%d: b\r\n", i);
	buf_add_str(&b, "\r\n");
	peer_open(&p, &r);
	peer_send(&p, buf_view(&b));
	assert_int_equal(peer_answer(&p, false), 431);
	peer_close(&p);
	buf_clear(&b);
	rig_end(&r);
}

static void
test_conditions(void **state)
{
	static const struct {
		const char	*label;
		const char	*method;
		const char	*header;
		int		 status;
	} rows[] = {
		{ "plain", "GET", "", 200 },
		{ "HEAD", "HEAD", "", 200 },
		{ "same tag", "GET", "If-None-Match: " ETAG "\r\n", 304 },
		{ "weak tag", "GET", "If-None-Match: W/" ETAG "\r\n", 304 },
		{ "in a list", "GET", "If-None-Match: \"a\", " ETAG " ,\"b\"\r\n", 304 },
		{ "any", "GET", "If-None-Match: *\r\n", 304 },
		{ "HEAD with the tag", "HEAD", "If-None-Match: " ETAG "\r\n", 304 },
		{ "other tag", "GET", "If-None-Match: \"v11\"\r\n", 200 },
		{ "as old", "GET", "If-Modified-Since: Mon, 21 Sep 2026 14:13:20 GMT\r\n", 304 },
		{ "older", "GET", "If-Modified-Since: Mon, 21 Sep 2026 14:13:19 GMT\r\n", 200 },
		{ "not a date", "GET", "If-Modified-Since: yesterday\r\n", 200 },
		{ "the tag wins over the date", "GET", "If-None-Match: \"x\"\r\n"
		    "If-Modified-Since: Mon, 21 Sep 2026 14:13:20 GMT\r\n", 200 },
	};
	struct rig	r;
	struct peer	p;
	char		text[512];

	(void)state;
	rig_start(&r, NULL);
	peer_open(&p, &r);		/* one connection: framing must hold */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool	no_body = rows[i].status == 304 ||
		    strcmp(rows[i].method, "HEAD") == 0;

		print_message("  %s\n", rows[i].label);
		snprintf(text, sizeof(text), "%s /crl/a.crl HTTP/1.1\r\n" H "%s\r\n",
		    rows[i].method, rows[i].header);
		buf_reset(&p.in);
		peer_send(&p, view_str(text));
		assert_int_equal(peer_answer(&p, no_body), rows[i].status);
		assert_int_equal(p.in.n, answer_octets(&p, no_body));
		assert_non_null(strstr(peer_text(&p), "ETag: " ETAG "\r\n"));
		assert_non_null(strstr(peer_text(&p),
		    "Last-Modified: Mon, 21 Sep 2026 14:13:20 GMT\r\n"));
		assert_non_null(strstr(peer_text(&p), "Cache-Control: max-age=60\r\n"));
		assert_int_equal(strstr(peer_text(&p), "Content-Length: 5\r\n") != NULL,
		    rows[i].status == 200);
	}
	peer_close(&p);
	rig_end(&r);
}

/* R5273-7-1: connections are reused; answers come in the order of requests. */
static void
test_pipeline(void **state)
{
	struct rig	r;
	struct peer	p;
	size_t		n;

	(void)state;
	rig_start(&r, NULL);
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /query?1 HTTP/1.1\r\n" H "\r\n"
	    "GET /query?2 HTTP/1.1\r\n" H "\r\n\x01garbage\r\n\r\n"));
	peer_wait_closed(&p);
	assert_int_equal(peer_answer(&p, false), 200);
	assert_non_null(memmem(p.in.p, answer_octets(&p, false), "\r\n\r\n1", 5));
	n = answer_octets(&p, false);
	buf_consume(&p.in, n);
	assert_int_equal(peer_answer(&p, false), 200);
	buf_consume(&p.in, answer_octets(&p, false));
	assert_int_equal(peer_answer(&p, false), 400);
	peer_close(&p);
	rig_end(&r);
}

/* A pipelined request waits until the one before it has its late answer. */
static void
test_late_answers(void **state)
{
	struct http_answer	a = { .status = 200, .body = VIEW_LIT("late") };
	struct rig		r;
	struct peer		p;

	(void)state;
	rig_start(&r, NULL);
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"
	    "GET /query?next HTTP/1.1\r\n" H "\r\n"));
	while (r.later_count == 0)
		turn(&r);
	assert_int_equal(p.in.n, 0);
	assert_false(http_reply_id(r.server, r.later[0] + 1, &a));
	assert_true(http_reply_id(r.server, r.later[0], &a));
	assert_false(http_reply_id(r.server, r.later[0], &a));	/* only once */
	assert_int_equal(peer_answer(&p, false), 200);
	assert_non_null(strstr(peer_text(&p), "\r\n\r\nlate"));
	buf_consume(&p.in, answer_octets(&p, false));
	assert_int_equal(peer_answer(&p, false), 200);
	assert_non_null(strstr(peer_text(&p), "\r\n\r\nnext"));
	peer_close(&p);
	rig_end(&r);
}

/* Who pipelines without end while an answer is pending is not read further. */
static void
test_flood(void **state)
{
	static const char	one[] = "GET /query HTTP/1.1\r\n" H "\r\n";
	struct http_answer	a = { .status = 200, .body = VIEW_LIT("late") };
	struct rig		r;
	struct peer		p;
	struct buf		b;
	unsigned		answers = 0;

	(void)state;
	rig_start(&r, NULL);
	buf_init(&b, 16u << 20);
	buf_add_str(&b, "GET /later HTTP/1.1\r\n" H "\r\n");
	for (int i = 0; i < 50000; i++)
		buf_add(&b, one, sizeof(one) - 1);
	peer_open(&p, &r);
	p.left = buf_view(&b);
	net_watch_writing(p.watch, true);
	while (r.later_count == 0)
		turn(&r);
	assert_true(http_reply_id(r.server, r.later[0], &a));
	while (answers < 50001) {
		turn(&r);
		while (answer_octets(&p, false) > 0) {
			answers++;
			buf_consume(&p.in, answer_octets(&p, false));
			if (p.in.n > 65536)	/* consume costs what is left */
				break;
		}
	}
	assert_int_equal(p.left.n, 0);
	buf_clear(&b);
	peer_close(&p);
	rig_end(&r);
}

/* An answer for a client that is gone is dropped, and what it lent released. */
static void
test_vanished(void **state)
{
	struct linger		hard = { 1, 0 };
	struct http_answer	a = { .status = 200, .body = VIEW_LIT("late"),
	    .release = released };
	struct http_stats	stats;
	struct rig		r;
	struct peer		p;

	(void)state;
	rig_start(&r, NULL);
	a.release_ctx = &r;
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	while (r.later_count == 0)
		turn(&r);
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	peer_close(&p);
	do {
		turn(&r);
		http_server_stats(r.server, &stats);
	} while (stats.connections > 0);
	assert_int_equal(stats.pending, 0);
	assert_false(http_reply_id(r.server, r.later[0], &a));
	assert_int_equal(r.released, 1);
	/* A new connection takes the place; the old id does not reach it. */
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	while (r.later_count == 1)
		turn(&r);
	assert_false(http_reply_id(r.server, r.later[0], &a));
	assert_true(http_refuse_id(r.server, r.later[1], 503, 7, "later"));
	assert_int_equal(peer_answer(&p, false), 503);
	assert_non_null(strstr(peer_text(&p), "Retry-After: 7\r\n"));
	http_server_stats(r.server, &stats);
	assert_int_equal(stats.vanished, 2);
	peer_close(&p);
	rig_end(&r);
}

/* Half-closed is not gone: the answer is still written. */
static void
test_half_closed(void **state)
{
	struct http_answer	a = { .status = 200, .body = VIEW_LIT("late") };
	struct rig		r;
	struct peer		p;

	(void)state;
	rig_start(&r, NULL);
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	shutdown(p.fd, SHUT_WR);
	while (r.later_count == 0)
		turn(&r);
	assert_true(http_reply_id(r.server, r.later[0], &a));
	assert_int_equal(peer_answer(&p, false), 200);
	peer_wait_closed(&p);
	peer_close(&p);
	rig_end(&r);
}

static void
test_lent_body(void **state)
{
	struct rig	r;
	struct peer	p;

	(void)state;
	for (size_t i = 0; i < sizeof(lent); i++)
		lent[i] = (uint8_t)(i * 7 ^ i >> 8);
	rig_start(&r, NULL);
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /lent HTTP/1.1\r\n" H "\r\n"));
	assert_int_equal(peer_answer(&p, false), 200);
	assert_int_equal(r.released, 1);
	assert_memory_equal(p.in.p + p.in.n - sizeof(lent), lent, sizeof(lent));
	buf_reset(&p.in);
	peer_send(&p, VIEW_LIT("HEAD /lent HTTP/1.1\r\n" H "\r\n"));
	assert_int_equal(peer_answer(&p, true), 200);
	assert_int_equal(r.released, 2);
	peer_close(&p);
	peer_open(&p, &r);		/* gone in the middle of it */
	net_watch_reading(p.watch, false);
	peer_send(&p, VIEW_LIT("GET /lent HTTP/1.1\r\n" H "\r\n"));
	peer_close(&p);
	while (r.released < 3)
		turn(&r);
	rig_end(&r);
}

static void
test_slow_senders(void **state)
{
	static const struct {
		const char	*label;
		const char	*octets;
		int		 status;	/* 0: just closed */
	} rows[] = {
		{ "nothing at all", "", 0 },
		{ "half a head", "GET /query HTTP/1.1\r\nHost:", 408 },
		{ "half a body", CMC "Content-Length: 10\r\n\r\nabc", 408 },
		{ "idle after a request", "GET /query HTTP/1.1\r\n" H "\r\n", 200 },
		{ "a handler that forgets", "GET /later HTTP/1.1\r\n" H "\r\n", 503 },
	};
	struct http_limits	limits = { .arrive_ms = 60, .idle_ms = 60,
	    .answer_ms = 60, .drain_ms = 60 };
	struct http_stats	stats;
	struct rig		r;
	struct peer		p;

	(void)state;
	rig_start(&r, &limits);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("  %s\n", rows[i].label);
		peer_open(&p, &r);
		peer_send(&p, view_str(rows[i].octets));
		peer_wait_closed(&p);
		assert_int_equal(peer_answer(&p, false), rows[i].status);
		peer_close(&p);
	}
	http_server_stats(r.server, &stats);
	assert_int_equal(stats.cut, 2);
	/* A client that does not read its answer is cut, too. */
	peer_open(&p, &r);
	net_watch_reading(p.watch, false);
	peer_send(&p, VIEW_LIT("GET /lent HTTP/1.1\r\n" H "\r\n"));
	while (r.released == 0)
		turn(&r);
	peer_close(&p);
	rig_end(&r);
}

static void
test_ceilings(void **state)
{
	struct http_limits	limits = { .connections = 3,
	    .connections_per_source = 2, .pending = 1 };
	struct http_stats	stats;
	struct rig		r;
	struct peer		p[3];

	(void)state;
	rig_start(&r, &limits);
	peer_open(&p[0], &r);
	peer_send(&p[0], VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	while (r.later_count == 0)
		turn(&r);
	peer_open(&p[1], &r);
	peer_send(&p[1], VIEW_LIT("GET /query HTTP/1.1\r\n" H "\r\n"));
	assert_int_equal(peer_answer(&p[1], false), 200);	/* only read */
	buf_reset(&p[1].in);
	peer_send(&p[1], VIEW_LIT(CMC "Content-Length: 3\r\n\r\nabc"));
	assert_int_equal(peer_answer(&p[1], false), 503);
	assert_non_null(strstr(peer_text(&p[1]), "Retry-After: 1\r\n"));
	assert_null(strstr(peer_text(&p[1]), "Connection: close"));
	peer_open(&p[2], &r);
	peer_wait_closed(&p[2]);	/* the third of this source */
	http_server_stats(r.server, &stats);
	assert_int_equal(stats.turned_away, 1);
	assert_int_equal(stats.connections, 2);
	assert_true(http_refuse_id(r.server, r.later[0], 500, 0, NULL));
	buf_reset(&p[1].in);
	peer_send(&p[1], VIEW_LIT(CMC "Content-Length: 3\r\n\r\nabc"));
	assert_int_equal(peer_answer(&p[1], false), 200);
	for (size_t i = 0; i < 3; i++)
		peer_close(&p[i]);
	rig_end(&r);
}

static void
test_rate(void **state)
{
	struct http_limits	limits = { .rate_per_source = 1, .burst_per_source = 2 };
	static const int	want[] = { 200, 200, 429 };
	struct rig		r;
	struct peer		p;

	(void)state;
	rig_start(&r, &limits);
	peer_open(&p, &r);
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&p.in);
		peer_send(&p, VIEW_LIT("GET /query HTTP/1.1\r\n" H "\r\n"));
		assert_int_equal(peer_answer(&p, false), want[i]);
	}
	assert_non_null(strstr(peer_text(&p), "Retry-After: 1\r\n"));
	peer_close(&p);
	rig_end(&r);
}

static void
on_stopped(void *ctx)
{
	struct rig	*r = ctx;

	r->stopped = true;
}

/* Idle connections go at once, the request in flight is answered first. */
static void
test_graceful_stop(void **state)
{
	struct http_answer	a = { .status = 200, .body = VIEW_LIT("last") };
	struct sockaddr_in	sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct rig		r;
	struct peer		busy, idle;
	int			fd;

	(void)state;
	rig_start(&r, NULL);
	peer_open(&busy, &r);
	peer_open(&idle, &r);
	peer_send(&busy, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	peer_send(&idle, VIEW_LIT("GET /query HTTP/1.1\r\n" H "\r\n"));
	assert_int_equal(peer_answer(&idle, false), 200);
	while (r.later_count == 0)
		turn(&r);
	http_server_stop(r.server, 10000, on_stopped, &r);
	peer_wait_closed(&idle);
	assert_false(r.stopped);
	sin.sin_port = htons((uint16_t)r.port);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), -1);
	close(fd);
	assert_true(http_reply_id(r.server, r.later[0], &a));
	assert_int_equal(peer_answer(&busy, false), 200);
	assert_non_null(strstr(peer_text(&busy), "Connection: close"));
	peer_wait_closed(&busy);
	peer_close(&busy);
	while (!r.stopped)
		turn(&r);
	peer_close(&idle);
	rig_end(&r);
}

static void
test_stop_deadline(void **state)
{
	struct rig	r;
	struct peer	p;

	(void)state;
	rig_start(&r, NULL);
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	while (r.later_count == 0)
		turn(&r);
	http_server_stop(r.server, 20, on_stopped, &r);
	while (!r.stopped)
		turn(&r);
	peer_wait_closed(&p);
	peer_close(&p);
	rig_end(&r);
}

static void
test_addresses(void **state)
{
	static const struct {
		const char	*address;
		enum fault_kind	 want;
	} rows[] = {
		{ "127.0.0.1:0", FAULT_NONE },
		{ "127.0.0.1", FAULT_USAGE },
		{ "127.0.0.1:", FAULT_USAGE },
		{ "127.0.0.1:65536", FAULT_USAGE },
		{ "127.0.0.1:80x", FAULT_USAGE },
		{ "localhost:80", FAULT_USAGE },
		{ "::1:80", FAULT_USAGE },
		{ "[127.0.0.1]:80", FAULT_USAGE },
		{ "[]:80", FAULT_USAGE },
		{ ":80", FAULT_USAGE },
		{ "", FAULT_USAGE },
		{ "192.0.2.1:0", FAULT_IO },	/* not ours to listen on */
	};
	char	text[64], want[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault	f = { 0 };
		int		fd = net_listen(rows[i].address, &f);

		print_message("  \"%s\"\n", rows[i].address);
		assert_int_equal(f.kind, rows[i].want);
		assert_int_equal(fd >= 0, rows[i].want == FAULT_NONE);
		if (fd < 0)
			continue;
		snprintf(want, sizeof(want), "127.0.0.1:%u", net_port(fd));
		assert_true(net_address(fd, text, &f));
		assert_string_equal(text, want);
		close(fd);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_body_ceiling),
		cmocka_unit_test(test_expect_continue),
		cmocka_unit_test(test_head_ceiling),
		cmocka_unit_test(test_too_many_fields),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_pipeline),
		cmocka_unit_test(test_late_answers),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_lent_body),
		cmocka_unit_test(test_slow_senders),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_graceful_stop),
		cmocka_unit_test(test_stop_deadline),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
