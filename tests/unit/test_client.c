/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client.c - the HTTP client and the load against the real server, and
 * frames over a channel.
 *
 * The blocking client talks to a server in a child process, which ends by
 * the orderly way when told to.
 *
 * R4809-3.6.2-1: refused, timed out, not found, too large: each its own fault,
 *   test_answers, test_sizes, test_unreachable
 * R5273-7-2: the whole answer or none, test_answers, test_sizes
 */
#include <sys/socket.h>
#include <sys/wait.h>

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

#include "net/channel.h"
#include "net/client.h"
#include "net/load.h"
#include "net/server.h"

#define WATCHDOG_MS	20000
#define BIG_OCTETS	(3u << 20)
#define URL_TEXT_MAX	128

static uint8_t	big[BIG_OCTETS];

static void
too_late(void *ctx)
{
	(void)ctx;
	fprintf(stderr, "the watchdog barked\n");
	abort();
}

/* "/status/NNN" answers with that status; what is posted comes back. */
static void
handle_status(void *ctx, struct http_request *req)
{
	struct view		rest = http_request_rest(req);
	struct http_answer	a = { .content_type = "text/x; a=b" };

	(void)ctx;
	if (rest.n == 3)
		a.status = (rest.p[0] - '0') * 100 + (rest.p[1] - '0') * 10 +
		    (rest.p[2] - '0');
	a.retry_after = a.status == 503 ? 17 : 0;
	if (a.status == 301)
		a.headers = "Location: /status/200\r\n";
	a.body = http_request_body(req);
	http_reply(req, &a);
}

static void
handle_big(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .body = { big, BIG_OCTETS } };

	(void)ctx;
	http_reply(req, &a);
}

/* R5273-6-5: a client brings neither cookies nor credentials. */
static void
handle_bare(void *ctx, struct http_request *req)
{
	bool	bare = http_request_header(req, "cookie").p == NULL &&
	    http_request_header(req, "authorization").p == NULL;

	(void)ctx;
	http_refuse(req, bare ? 200 : 400, NULL);
}

static void
handle_never(void *ctx, struct http_request *req)
{
	(void)ctx;
	(void)req;
}

/* An object that stays the same. */
static void
handle_same(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .etag = "\"v1\"",
	    .body = VIEW_LIT("same") };

	(void)ctx;
	http_reply(req, &a);
}

static const struct http_route	routes[] = {
	{ "GET", "/same", 0, handle_same, NULL },
	{ "POST", "/status/*", HTTP_CMC_BODY_MAX, handle_status, NULL },
	{ "GET", "/status/*", 0, handle_status, NULL },
	{ "GET", "/big", 0, handle_big, NULL },
	{ "GET", "/bare", 0, handle_bare, NULL },
	{ "GET", "/never", 0, handle_never, NULL },
};

#define ROUTE_COUNT	(sizeof(routes) / sizeof(routes[0]))

struct child {
	struct net_loop		*loop;
	struct http_server	*server;
};

static void
child_stopped(void *ctx)
{
	struct child	*c = ctx;

	net_loop_stop(c->loop);
}

static void
child_signal(void *ctx, int signo)
{
	struct child	*c = ctx;

	(void)signo;
	http_server_stop(c->server, 100, child_stopped, c);
}

static void
child_run(int fd)
{
	struct fault		 f = { 0 };
	struct child		 c = { net_loop_new(&f), NULL };
	struct net_signal	*term;
	bool			 ok;

	if (c.loop == NULL)
		_exit(2);
	alarm(WATCHDOG_MS / 1000);
	c.server = http_server_new(c.loop, NULL, routes, ROUTE_COUNT, &f);
	term = net_signal_new(c.loop, SIGTERM, child_signal, &c, &f);
	ok = c.server != NULL && term != NULL &&
	    http_server_listen(c.server, fd, NULL, &f) && net_loop_run(c.loop, &f);
	net_signal_free(term);
	http_server_free(c.server);
	net_loop_free(c.loop);
	exit(ok ? 0 : 2);
}

static pid_t
child_start(char url[URL_TEXT_MAX])
{
	struct fault	f = { 0 };
	int		fd = net_listen("127.0.0.1:0", &f);
	pid_t		pid;

	assert_true(fd >= 0);
	snprintf(url, URL_TEXT_MAX, "http://127.0.0.1:%u", net_port(fd));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child_run(fd);
	close(fd);
	return pid;
}

static void
child_end(pid_t pid)
{
	int	status;

	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* R5273-6-2: the client takes every 2xx; what the others mean to a caller */
static const struct {
	const char	*path;
	long		 status;
	enum fault_kind	 want;
	unsigned	 retry_after;
} answers[] = {
	{ "/status/200", 200, FAULT_NONE, 0 },
	{ "/status/201", 201, FAULT_NONE, 0 },
	{ "/status/202", 202, FAULT_NONE, 0 },
	{ "/status/301", 301, FAULT_REFUSED, 0 },	/* not followed */
	{ "/status/400", 400, FAULT_REFUSED, 0 },
	{ "/status/404", 404, FAULT_NOT_FOUND, 0 },
	{ "/status/410", 410, FAULT_NOT_FOUND, 0 },
	{ "/status/429", 429, FAULT_BUSY, 0 },
	{ "/status/500", 500, FAULT_BUSY, 0 },
	{ "/status/503", 503, FAULT_BUSY, 17 },
	{ "/nothing", 404, FAULT_NOT_FOUND, 0 },
};

static struct http_client *
client_new(unsigned total_ms)
{
	struct http_client_config	cfg = { .total_ms = total_ms };
	struct fault			f = { 0 };
	struct http_client		*c = http_client_new(&cfg, &f);

	assert_non_null(c);
	return c;
}

static void
test_answers(void **state)
{
	char			base[URL_TEXT_MAX], url[2 * URL_TEXT_MAX];
	pid_t			pid = child_start(base);
	struct http_client	*c = client_new(0);
	struct buf		b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct http_result	r;
		struct fault		f = { 0 };

		print_message("  %s\n", answers[i].path);
		snprintf(url, sizeof(url), "%s%s", base, answers[i].path);
		buf_reset(&b);
		assert_int_equal(http_post(c, url, "application/pkcs7-mime",
		    VIEW_LIT("hello"), &b, &r, &f), answers[i].want == FAULT_NONE);
		assert_int_equal(f.kind, answers[i].want);
		assert_int_equal(r.status, answers[i].status);
		assert_int_equal(r.retry_after, answers[i].retry_after);
		if (strncmp(answers[i].path, "/status", 7) != 0)
			continue;
		/* A refusal's body is kept too: it may be a CMC answer. */
		assert_true(view_equal(buf_view(&b), VIEW_LIT("hello")));
		assert_true(http_result_is(&r, "Text/X"));
		assert_false(http_result_is(&r, "text/xy"));
	}
	buf_clear(&b);
	http_client_free(c);
	child_end(pid);
}

static void
test_sizes(void **state)
{
	char			base[URL_TEXT_MAX], url[2 * URL_TEXT_MAX];
	pid_t			pid = child_start(base);
	struct http_client	*c = client_new(0);
	struct http_result	r;
	struct fault		f = { 0 };
	struct buf		b;

	(void)state;
	snprintf(url, sizeof(url), "%s/big", base);
	buf_init(&b, BIG_OCTETS);
	assert_true(http_get(c, url, &b, &r, &f));
	assert_int_equal(b.n, BIG_OCTETS);
	buf_clear(&b);
	buf_init(&b, BIG_OCTETS - 1);
	assert_false(http_get(c, url, &b, &r, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&b);
	buf_init(&b, BIG_OCTETS);	/* large enough for Expect: 100-continue */
	snprintf(url, sizeof(url), "%s/status/200", base);
	fault_clear(&f);
	assert_true(http_post(c, url, "text/x", (struct view){ big, BIG_OCTETS }, &b,
	    &r, &f));
	assert_int_equal(b.n, BIG_OCTETS);
	buf_reset(&b);
	assert_true(http_post(c, url, "text/x", VIEW_NONE, &b, &r, &f));
	assert_int_equal(b.n, 0);
	snprintf(url, sizeof(url), "%s/bare", base);
	assert_true(http_get(c, url, &b, &r, &f));
	buf_clear(&b);
	http_client_free(c);
	child_end(pid);
}

static void
test_changed(void **state)
{
	static const struct {
		const char	*label, *path, *etag;
		bool		 want;
		long		 status;
		const char	*body;
	} rows[] = {
		{ "the first time",	"/same",	"",		true,	200, "same" },
		{ "still the same",	"/same",	"\"v1\"",	true,	304, "" },
		{ "another one",	"/same",	"\"v0\"",	true,	200, "same" },
		{ "not asked for",	"/status/304",	"",		false,	304, "" },
		{ "gone",		"/status/410",	"\"v1\"",	false,	410, "" },
	};
	char			base[URL_TEXT_MAX], url[2 * URL_TEXT_MAX];
	pid_t			pid = child_start(base);
	struct http_client	*c = client_new(0);
	struct http_result	r;
	struct fault		f = { 0 };
	struct buf		b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("  %s\n", rows[i].label);
		fault_clear(&f);
		buf_reset(&b);
		snprintf(url, sizeof(url), "%s%s", base, rows[i].path);
		assert_int_equal(http_get_changed(c, url, rows[i].etag, 60, &b, &r, &f),
		    rows[i].want);
		assert_int_equal(r.status, rows[i].status);
		assert_true(view_equal(buf_view(&b), view_str(rows[i].body)));
		if (r.status == 200)
			assert_string_equal(r.etag, "\"v1\"");
	}
	buf_clear(&b);
	http_client_free(c);
	child_end(pid);
}

static void
test_unreachable(void **state)
{
	static const struct {
		const char	*url;
		enum fault_kind	 want;
	} rows[] = {
		{ "file:///etc/hostname", FAULT_MALFORMED },
		{ "http://user:pw@127.0.0.1/", FAULT_MALFORMED },
		{ "", FAULT_MALFORMED },
	};
	char			base[URL_TEXT_MAX], url[2 * URL_TEXT_MAX];
	pid_t			pid = child_start(base);
	struct http_client	*c = client_new(50);
	struct http_result	r;
	struct buf		b;
	struct fault		f = { 0 };

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fault_clear(&f);
		assert_false(http_get(c, rows[i].url, &b, &r, &f));
		assert_int_equal(f.kind, rows[i].want);
		assert_int_equal(r.status, 0);
	}
	snprintf(url, sizeof(url), "%s/never", base);
	fault_clear(&f);
	assert_false(http_get(c, url, &b, &r, &f));	/* no answer in time */
	assert_int_equal(f.kind, FAULT_BUSY);
	child_end(pid);
	fault_clear(&f);
	assert_false(http_get(c, url, &b, &r, &f));	/* nobody listens */
	assert_int_equal(f.kind, FAULT_BUSY);
	buf_clear(&b);
	http_client_free(c);
}

/* Load: everything submitted is answered once, also what follows from it. */
struct fleet {
	struct net_loop		*loop;
	struct http_load	*load;
	unsigned		 done;
	unsigned		 good;
	unsigned		 again;
};

static void
fleet_done(void *ctx, const struct http_load_answer *a)
{
	struct fleet	*l = ctx;
	struct fault	 f = { 0 };

	l->done++;
	l->good += a->status == 200 && view_equal(a->body, VIEW_LIT("ping")) &&
	    view_equal(a->content_type, VIEW_LIT("text/x; a=b")) && a->why == NULL;
	if (l->again == 0)
		return;
	l->again--;
	assert_true(http_load_submit(l->load, "POST", "/status/200", "text/x",
	    VIEW_LIT("ping"), fleet_done, l, &f));
}

static void
fleet_run(struct fleet *l, unsigned want)
{
	struct fault	f = { 0 };

	while (l->done < want)
		assert_true(net_loop_once(l->loop, true, &f));
	assert_int_equal(http_load_open(l->load), 0);
}

static void
test_load(void **state)
{
	char			base[URL_TEXT_MAX];
	pid_t			pid = child_start(base);
	struct fault		f = { 0 };
	struct fleet		l = { .loop = net_loop_new(&f) };
	struct net_timer	*watchdog;

	(void)state;
	assert_non_null(l.loop);
	watchdog = net_timer_new(l.loop, too_late, NULL, &f);
	net_timer_start(watchdog, WATCHDOG_MS);
	l.load = http_load_new(l.loop, base, 8, 1000, &f);
	assert_non_null(l.load);
	l.again = 400;
	for (int i = 0; i < 100; i++)
		assert_true(http_load_submit(l.load, "POST", "/status/200", "text/x",
		    VIEW_LIT("ping"), fleet_done, &l, &f));
	fleet_run(&l, 500);
	assert_int_equal(l.good, 500);
	/* Larger than asked for, and a server that has gone: told as failures. */
	assert_true(http_load_submit(l.load, "GET", "/big", NULL, VIEW_NONE,
	    fleet_done, &l, &f));
	fleet_run(&l, 501);
	child_end(pid);
	assert_true(http_load_submit(l.load, "GET", "/big", NULL, VIEW_NONE,
	    fleet_done, &l, &f));
	fleet_run(&l, 502);
	assert_int_equal(l.good, 500);
	http_load_free(l.load);
	net_timer_free(watchdog);
	net_loop_free(l.loop);
}

struct end {
	struct net_loop		*loop;
	struct net_channel	*channel;
	unsigned		 frames;
	unsigned		 batches;
	uint64_t		 tags;
	size_t			 octets;
	bool			 closed;
	enum fault_kind		 why;
	bool			 echo;
};

static void
end_frame(void *ctx, const struct frame *frame)
{
	struct end	*e = ctx;
	struct fault	 f = { 0 };

	e->frames++;
	e->tags += frame->tag;
	e->octets += frame->body.n;
	if (e->echo)
		assert_true(net_channel_send(e->channel, frame->type, frame->flags,
		    frame->tag, frame->body, &f));
}

static void
end_batch(void *ctx)
{
	struct end	*e = ctx;

	e->batches++;
}

static void
end_close(void *ctx, const struct fault *why)
{
	struct end	*e = ctx;

	e->closed = true;
	e->why = why->kind;
	net_channel_free(e->channel);
	e->channel = NULL;
}

static const struct net_channel_ops	end_ops = { end_frame, end_batch, end_close };

static void
test_channel(void **state)
{
	struct fault		f = { 0 };
	struct net_loop		*loop = net_loop_new(&f);
	struct net_timer	*watchdog = net_timer_new(loop, too_late, NULL, &f);
	struct end		a = { .loop = loop }, b = { .loop = loop, .echo = true };
	int			fds[2];

	(void)state;
	net_timer_start(watchdog, WATCHDOG_MS);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	a.channel = net_channel_new(loop, fds[0], &end_ops, &a, &f);
	b.channel = net_channel_new(loop, fds[1], &end_ops, &b, &f);
	assert_non_null(a.channel);
	assert_non_null(b.channel);
	for (uint64_t tag = 1; tag <= 100; tag++)
		assert_true(net_channel_send(a.channel, 7, 1, tag, VIEW_LIT("abc"), &f));
	while (a.frames < 100)
		assert_true(net_loop_once(loop, true, &f));
	assert_int_equal(a.tags, 5050);
	assert_int_equal(a.octets, 300);
	assert_int_equal(b.batches, 1);		/* one write, one batch */
	assert_int_equal(a.batches, 1);
	for (unsigned i = 0; i < 5; i++)	/* more than a socket takes */
		assert_true(net_channel_send(a.channel, 7, 0, 1,
		    (struct view){ big, BIG_OCTETS }, &f));
	while (a.frames < 105)
		assert_true(net_loop_once(loop, true, &f));
	assert_int_equal(a.octets, 300 + 5 * BIG_OCTETS);
	assert_int_equal(net_channel_queued(a.channel), 0);
	assert_true(net_channel_send_frames(a.channel,
	    VIEW_LIT("this is not a frame!"), &f));
	while (!b.closed || !a.closed)
		assert_true(net_loop_once(loop, true, &f));
	assert_int_equal(b.why, FAULT_MALFORMED);
	assert_true(a.why == FAULT_NONE || a.why == FAULT_IO);
	net_timer_free(watchdog);
	net_loop_free(loop);
}

static void
count_one(void *ctx)
{
	unsigned	*n = ctx;

	(*n)++;
}

static void
test_timers(void **state)
{
	struct fault		f = { 0 };
	struct net_loop		*loop = net_loop_new(&f);
	unsigned		fired = 0, never = 0;
	struct net_timer	*t = net_timer_new(loop, count_one, &fired, &f);
	struct net_timer	*u = net_timer_new(loop, count_one, &never, &f);

	(void)state;
	net_timer_start(u, 1);
	net_timer_stop(u);
	net_timer_start(t, 0);
	assert_true(net_loop_run(loop, &f));	/* ends with the last timer */
	assert_int_equal(fired, 1);
	net_timer_start(t, 2);
	net_timer_start(t, 1);			/* moved, not doubled */
	assert_true(net_loop_run(loop, &f));
	assert_int_equal(fired, 2);
	assert_int_equal(never, 0);
	net_timer_free(t);
	net_timer_free(u);
	net_loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_channel),
		cmocka_unit_test(test_timers),
	};

	unsetenv("http_proxy");
	unsetenv("HTTP_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
