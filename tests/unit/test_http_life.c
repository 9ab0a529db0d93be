/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http_life.c - connections of the HTTP server: late answers, clients
 * that vanish, dawdle or crowd, and an orderly end.
 *
 * R4809-3.2.2-5, R4809-3.4.3-1: request and answer, and the next ones, over one
 *   connection
 */
#include "http_rig.h"

#include <sys/socket.h>

#include <netinet/in.h>

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

static void
count_release(void *ctx)
{
	struct rig	*r = ctx;

	r->released++;
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
	assert_non_null(memmem(p.in.p, peer_answer_octets(&p, false), "\r\n\r\n1", 5));
	n = peer_answer_octets(&p, false);
	buf_consume(&p.in, n);
	assert_int_equal(peer_answer(&p, false), 200);
	buf_consume(&p.in, peer_answer_octets(&p, false));
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
		rig_turn(&r);
	assert_int_equal(p.in.n, 0);
	assert_false(http_reply_id(r.server, r.later[0] + 1, &a));
	assert_true(http_reply_id(r.server, r.later[0], &a));
	assert_false(http_reply_id(r.server, r.later[0], &a));	/* only once */
	assert_int_equal(peer_answer(&p, false), 200);
	assert_non_null(strstr(peer_text(&p), "\r\n\r\nlate"));
	buf_consume(&p.in, peer_answer_octets(&p, false));
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
		rig_turn(&r);
	assert_true(http_reply_id(r.server, r.later[0], &a));
	while (answers < 50001) {
		rig_turn(&r);
		while (peer_answer_octets(&p, false) > 0) {
			answers++;
			buf_consume(&p.in, peer_answer_octets(&p, false));
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
	    .release = count_release };
	struct http_stats	stats;
	struct rig		r;
	struct peer		p;

	(void)state;
	rig_start(&r, NULL);
	a.release_ctx = &r;
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	while (r.later_count == 0)
		rig_turn(&r);
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	peer_close(&p);
	do {
		rig_turn(&r);
		http_server_stats(r.server, &stats);
	} while (stats.connections > 0);
	assert_int_equal(stats.pending, 0);
	assert_false(http_reply_id(r.server, r.later[0], &a));
	assert_int_equal(r.released, 1);
	/* A new connection takes the place; the old id does not reach it. */
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	while (r.later_count == 1)
		rig_turn(&r);
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
		rig_turn(&r);
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
	rig_start(&r, NULL);
	peer_open(&p, &r);
	peer_send(&p, VIEW_LIT("GET /lent HTTP/1.1\r\n" H "\r\n"));
	assert_int_equal(peer_answer(&p, false), 200);
	assert_int_equal(r.released, 1);
	assert_memory_equal(p.in.p + p.in.n - RIG_LENT_OCTETS, rig_lent(),
	    RIG_LENT_OCTETS);
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
		rig_turn(&r);
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
		rig_turn(&r);
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
		rig_turn(&r);
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

/*
 * C-19: whoever holds places and says nothing does not keep others out; whoever
 * is served keeps its place.
 */
static void
test_yield(void **state)
{
	struct http_limits	limits = { .connections = 2, .yield_ms = 1 };
	struct http_stats	stats;
	struct rig		r;
	struct peer		busy, idle, next;
	int			status = 0;

	(void)state;
	rig_start(&r, &limits);
	peer_open(&busy, &r);
	peer_send(&busy, VIEW_LIT("GET /later HTTP/1.1\r\n" H "\r\n"));
	while (r.later_count == 0)
		rig_turn(&r);
	peer_open(&idle, &r);
	peer_send(&idle, VIEW_LIT("GET /que"));		/* and no more */
	do {						/* until the idle one is old enough */
		peer_open(&next, &r);
		peer_send(&next, VIEW_LIT("GET /query HTTP/1.1\r\n" H "\r\n"));
		status = peer_answer(&next, false);
		peer_close(&next);
	} while (status != 200);
	peer_wait_closed(&idle);
	http_server_stats(r.server, &stats);
	assert_true(stats.yielded >= 1);
	assert_false(busy.closed);
	assert_true(http_refuse_id(r.server, r.later[0], 500, 0, NULL));
	assert_int_equal(peer_answer(&busy, false), 500);
	peer_close(&busy);
	peer_close(&idle);
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
		rig_turn(&r);
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
		rig_turn(&r);
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
		rig_turn(&r);
	http_server_stop(r.server, 20, on_stopped, &r);
	while (!r.stopped)
		rig_turn(&r);
	peer_wait_closed(&p);
	peer_close(&p);
	rig_end(&r);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_pipeline),
		cmocka_unit_test(test_late_answers),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_lent_body),
		cmocka_unit_test(test_slow_senders),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_graceful_stop),
		cmocka_unit_test(test_stop_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
