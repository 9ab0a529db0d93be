/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_https.c - the HTTP server behind TLS, with the real client.
 *
 * The server runs in a child process.  Its certificate and the client's are
 * made by tests/fixtures/make-tls.sh.
 *
 * R4809-3.1.2-3: the channel: whom the client believes, and which versions, test_trust,
 *   test_old_versions
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

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

#include "base/file.h"
#include "crypt/tls.h"
#include "net/client.h"
#include "net/server.h"

#define WATCHDOG_SECONDS	20
#define BIG_OCTETS		(3u << 20)
#define FIXTURE_MAX		(64u << 10)
#define FIXTURES		TEST_SOURCE_ROOT "/tests/fixtures/tls/"

static uint8_t		 big[BIG_OCTETS];
static struct buf	 root, server_cert, server_key, client_cert, client_key;

static void
handle_echo(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .content_type = "x/y",
	    .body = http_request_body(req) };

	(void)ctx;
	http_reply(req, &a);
}

static void
released(void *ctx)
{
	(void)ctx;
}

static void
handle_lent(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .body = { big, BIG_OCTETS },
	    .release = released };

	(void)ctx;
	http_reply(req, &a);
}

/* 200 if the client showed a certificate of ours, 403 if none. */
static void
handle_who(void *ctx, struct http_request *req)
{
	struct fault	f = { 0 };
	struct buf	der;
	bool		present = false, ok;

	(void)ctx;
	buf_init(&der, FIXTURE_MAX);
	ok = http_request_ssl(req) != NULL && tls_client_certificate(
	    http_request_ssl(req), &der, &present, &f);
	http_refuse(req, ok && present ? 200 : ok ? 403 : 500, NULL);
	buf_clear(&der);
}

static const struct http_route	routes[] = {
	{ "POST", "/echo", HTTP_CMC_BODY_MAX, handle_echo, NULL },
	{ "GET", "/lent", 0, handle_lent, NULL },
	{ "GET", "/who", 0, handle_who, NULL },
};

static struct ssl_st *
new_ssl(void *ctx)
{
	struct fault	f = { 0 };

	return tls_accept(ctx, &f);
}

static void
stop(void *ctx, int signo)
{
	(void)signo;
	net_loop_stop(ctx);
}

static void
child_run(int fd)
{
	struct fault		 f = { 0 };
	struct tls_server	 cfg = { buf_view(&server_cert),
	    buf_view(&server_key), buf_view(&root), false };
	struct http_tls		 tls = { .new_ssl = new_ssl };
	struct ssl_ctx_st	*ctx = tls_server_new(&cfg, &f);
	struct net_loop		*loop = net_loop_new(&f);
	struct net_signal	*term = net_signal_new(loop, SIGTERM, stop, loop, &f);
	struct http_server	*s = http_server_new(loop, NULL, routes,
	    sizeof(routes) / sizeof(routes[0]), &f);
	bool			 ok;

	alarm(WATCHDOG_SECONDS);
	tls.ctx = ctx;
	ok = ctx != NULL && s != NULL && http_server_listen(s, fd, &tls, &f) &&
	    net_loop_run(loop, &f);
	if (!ok)
		fprintf(stderr, "%s\n", f.text);
	http_server_free(s);
	net_signal_free(term);
	net_loop_free(loop);
	tls_server_free(ctx);
	buf_clear(&root);
	buf_clear(&server_cert);
	buf_clear(&server_key);
	buf_clear(&client_cert);
	buf_clear(&client_key);
	exit(ok ? 0 : 2);
}

static pid_t	child;
static unsigned	port;

static int
start(void **state)
{
	struct fault	f = { 0 };
	int		fd = net_listen("127.0.0.1:0", &f);

	(void)state;
	assert_true(fd >= 0);
	port = net_port(fd);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		child_run(fd);
	close(fd);
	return 0;
}

static int
finish(void **state)
{
	int	status;

	(void)state;
	kill(child, SIGTERM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return 0;
}

static bool
get(const struct http_client_config *cfg, const char *host, const char *path,
    struct buf *out, struct http_result *r, struct fault *f)
{
	struct http_client	*c = http_client_new(cfg, f);
	char			 url[128];
	bool			 ok;

	assert_non_null(c);
	snprintf(url, sizeof(url), "https://%s:%u%s", host, port, path);
	ok = http_get(c, url, out, r, f);
	http_client_free(c);
	return ok;
}

/* Whom the client believes. */
static void
test_trust(void **state)
{
	const struct {
		const char			*label;
		struct http_client_config	 cfg;
		const char			*host;
		enum fault_kind			 want;
	} rows[] = {
		{ "our root as text", { .anchors_pem = buf_view(&root) }, "127.0.0.1",
		    FAULT_NONE },
		{ "our root as a file", { .anchors_file = FIXTURES "root.pem" },
		    "127.0.0.1", FAULT_NONE },
		{ "the system's roots", { 0 }, "127.0.0.1", FAULT_REFUSED },
		{ "another root", { .anchors_pem = buf_view(&client_cert) }, "127.0.0.1",
		    FAULT_REFUSED },
		{ "first contact", { .tls_unverified = true }, "127.0.0.1", FAULT_NONE },
		/* curl knows this name by itself; the certificate does not. */
		{ "another name", { .anchors_pem = buf_view(&root) }, "localhost",
		    FAULT_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_result	r;
		struct fault		f = { 0 };
		struct buf		b;

		print_message("  %s\n", rows[i].label);
		buf_init(&b, BIG_OCTETS);
		assert_int_equal(get(&rows[i].cfg, rows[i].host, "/lent", &b, &r, &f),
		    rows[i].want == FAULT_NONE);
		assert_int_equal(f.kind, rows[i].want);
		if (rows[i].want == FAULT_NONE)
			assert_true(view_equal(buf_view(&b), view_of(big, BIG_OCTETS)));
		buf_clear(&b);
	}
}

/* R5273-6-5: a client certificate is neither demanded nor excluded. */
static void
test_client_certificate(void **state)
{
	struct http_client_config	cfg = { .anchors_pem = buf_view(&root) };
	struct http_result		r;
	struct fault			f = { 0 };
	struct buf			b;

	(void)state;
	buf_init(&b, 1000);
	assert_false(get(&cfg, "127.0.0.1", "/who", &b, &r, &f));
	assert_int_equal(r.status, 403);
	cfg.cert_pem = buf_view(&client_cert);
	cfg.key_pem = buf_view(&client_key);
	fault_clear(&f);
	assert_true(get(&cfg, "127.0.0.1", "/who", &b, &r, &f));
	assert_int_equal(r.status, 200);
	buf_clear(&b);
}

static void
test_big_bodies(void **state)
{
	struct http_client_config	cfg = { .anchors_pem = buf_view(&root) };
	struct fault			f = { 0 };
	struct http_client		*c = http_client_new(&cfg, &f);
	struct http_result		r;
	struct buf			b;
	char				url[128];

	(void)state;
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/echo", port);
	buf_init(&b, BIG_OCTETS);
	for (int i = 0; i < 3; i++) {
		buf_reset(&b);
		assert_true(http_post(c, url, "x/y", view_of(big, BIG_OCTETS), &b, &r, &f));
		assert_true(view_equal(buf_view(&b), view_of(big, BIG_OCTETS)));
	}
	buf_clear(&b);
	http_client_free(c);
}

static size_t
raw_exchange(struct view octets, uint8_t *out, size_t max)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t			n;
	size_t			got = 0;

	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(send(fd, octets.p, octets.n, MSG_NOSIGNAL), octets.n);
	while (got < max && (n = recv(fd, out + got, max - got, 0)) > 0)
		got += (size_t)n;
	close(fd);
	return got;
}

/* A ClientHello that knows nothing newer than the given version. */
static struct view
client_hello(uint8_t minor)
{
	static uint8_t	hello[] = {
		0x16, 0x03, 0x01, 0x00, 0x2f,		/* record: handshake */
		0x01, 0x00, 0x00, 0x2b, 0x03, 0x00,	/* ClientHello, version */
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		0x00,					/* no session */
		0x00, 0x04, 0xc0, 0x09, 0xc0, 0x13,	/* ECDHE with AES-CBC */
		0x01, 0x00,				/* no compression */
	};

	hello[10] = minor;
	return view_of(hello, sizeof(hello));
}

/* R5273-6-3: BCP 195: SSL 3, TLS 1.0 and 1.1 are refused with an alert. */
static void
test_old_versions(void **state)
{
	uint8_t	answer[64];

	(void)state;
	for (uint8_t minor = 0; minor <= 2; minor++) {
		size_t	n = raw_exchange(client_hello(minor), answer, sizeof(answer));

		assert_int_equal(n, 7);
		assert_int_equal(answer[0], 0x15);	/* alert */
		assert_int_equal(answer[5], 2);		/* fatal */
		/* protocol_version, and handshake_failure for what is no TLS */
		assert_int_equal(answer[6], minor == 0 ? 40 : 70);
	}
}

/* Plain HTTP at the TLS port is ended, and the server goes on. */
static void
test_plain_at_tls(void **state)
{
	uint8_t	answer[64];

	(void)state;
	(void)raw_exchange(VIEW_LIT("GET /who HTTP/1.1\r\nHost: x\r\n\r\n"), answer,
	    sizeof(answer));
	test_client_certificate(state);
}

static void
load(struct buf *b, const char *path)
{
	struct fault	f = { 0 };

	buf_init(b, FIXTURE_MAX);
	assert_true(file_read(path, b, &f));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_trust, start, finish),
		cmocka_unit_test_setup_teardown(test_client_certificate, start, finish),
		cmocka_unit_test_setup_teardown(test_big_bodies, start, finish),
		cmocka_unit_test_setup_teardown(test_old_versions, start, finish),
		cmocka_unit_test_setup_teardown(test_plain_at_tls, start, finish),
	};
	int			rc;

	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	for (size_t i = 0; i < BIG_OCTETS; i++)
		big[i] = (uint8_t)(i * 7 ^ i >> 8);
	load(&root, FIXTURES "root.pem");
	load(&server_cert, FIXTURES "server.pem");
	load(&server_key, FIXTURES "server.key.pem");
	load(&client_cert, FIXTURES "client.pem");
	load(&client_key, FIXTURES "client.key.pem");
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	buf_clear(&root);
	buf_clear(&server_cert);
	buf_clear(&server_key);
	buf_clear(&client_cert);
	buf_clear(&client_key);
	return rc;
}
