/* SPDX-License-Identifier: Apache-2.0 */
/* test_http.c - which answer a request gets, whatever octets it is made of. */
#include "http_rig.h"

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
	{ "absolute form, of https", "GET HTTPS://ca.example:8443/crl/a.crl HTTP/1.1\r\n" H "\r\n",
	    200, "\r\n\r\na.crl", false },
	{ "absolute form with nothing behind the host", "GET http://ca.example HTTP/1.1\r\n" H
	    "\r\n", 400, NULL, true },
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
		for (; *at != '\0' && peer_answer_octets(&p, false) == 0; at++)
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
		{ "same tag", "GET", "If-None-Match: " RIG_ETAG "\r\n", 304 },
		{ "weak tag", "GET", "If-None-Match: W/" RIG_ETAG "\r\n", 304 },
		{ "in a list", "GET", "If-None-Match: \"a\", " RIG_ETAG " ,\"b\"\r\n", 304 },
		{ "any", "GET", "If-None-Match: *\r\n", 304 },
		{ "HEAD with the tag", "HEAD", "If-None-Match: " RIG_ETAG "\r\n", 304 },
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
		assert_int_equal(p.in.n, peer_answer_octets(&p, no_body));
		assert_non_null(strstr(peer_text(&p), "ETag: " RIG_ETAG "\r\n"));
		assert_non_null(strstr(peer_text(&p),
		    "Last-Modified: Mon, 21 Sep 2026 14:13:20 GMT\r\n"));
		assert_non_null(strstr(peer_text(&p), "Cache-Control: max-age=60\r\n"));
		assert_non_null(strstr(peer_text(&p),
		    "Expires: Mon, 21 Sep 2026 14:14:20 GMT\r\n"));
		assert_int_equal(strstr(peer_text(&p), "Content-Length: 5\r\n") != NULL,
		    rows[i].status == 200);
	}
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
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
