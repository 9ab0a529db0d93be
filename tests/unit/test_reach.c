/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_reach.c - how a Peer takes what comes back: what is an answer, what is
 * asked for again, and what is carried as files.
 *
 * A child process plays the server: it says one thing to each who connects.
 *
 * R5273-4-2: .crq and .crp, test_files
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
#include "peer/reach.h"

#define WATCHDOG_SECONDS	20
#define TYPE	"Content-Type: application/pkcs7-mime; smime-type=CMC-Response\r\n"

static const struct {
	const char	*label;
	const char	*said;
	enum fault_kind	 want;		/* FAULT_NONE: an answer */
	unsigned	 retry_after;
} cases[] = {
	{ "an answer", "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 5\r\n\r\nhello",
	    FAULT_NONE, 0 },
	{ "an answer with a status of a refusal", "HTTP/1.1 400 Bad Request\r\n" TYPE
	    "Content-Length: 5\r\n\r\nhello", FAULT_NONE, 0 },
	{ "half an answer", "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 50\r\n\r\nhello",
	    FAULT_BUSY, 0 },
	{ "half a chunk", "HTTP/1.1 200 OK\r\n" TYPE
	    "Transfer-Encoding: chunked\r\n\r\n32\r\nhello", FAULT_BUSY, 0 },
	{ "half a head", "HTTP/1.1 200 OK\r\nContent-", FAULT_BUSY, 0 },
	{ "nothing", "", FAULT_BUSY, 0 },
	{ "another type", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	    "Content-Length: 5\r\n\r\nhello", FAULT_REFUSED, 0 },
	{ "a redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
	    "Content-Length: 0\r\n\r\n", FAULT_REFUSED, 0 },
	{ "too busy", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n"
	    "Content-Length: 0\r\n\r\n", FAULT_BUSY, 7 },
};
#define CASES	(sizeof(cases) / sizeof(cases[0]))

/* Say each case's words to one client, when its request is here. */
static void
serve(int fd)
{
	char	octets[4096];

	alarm(WATCHDOG_SECONDS);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < CASES; i++) {
		int	c = accept(fd, NULL, NULL);
		size_t	n = 0;
		ssize_t	r;

		while (n < sizeof(octets) - 1 &&
		    (r = read(c, octets + n, sizeof(octets) - 1 - n)) > 0) {
			n += (size_t)r;
			octets[n] = '\0';
			if (strstr(octets, "request!") != NULL)
				break;
		}
		if (write(c, cases[i].said, strlen(cases[i].said)) < 0)
			_exit(2);
		close(c);
	}
	_exit(0);
}

static pid_t
server_start(char url[64])
{
	struct sockaddr_in	sin = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t		n = sizeof(sin);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t			pid;

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, n), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &n), 0);
	snprintf(url, 64, "http://127.0.0.1:%u/cmc", ntohs(sin.sin_port));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		serve(fd);
	close(fd);
	return pid;
}

static void
test_http(void **state)
{
	char			 url[64];
	pid_t			 pid = server_start(url);
	struct reach_http	 h;
	struct fault		 f = { 0 };
	struct buf		 b;
	int			 status;

	(void)state;
	buf_init(&b, 1000);
	assert_true(reach_http_open(&h, url, NULL, &f));
	for (size_t i = 0; i < CASES; i++) {
		struct transport	t = reach_http(&h);

		print_message("  %s\n", cases[i].label);
		fault_clear(&f);
		buf_reset(&b);
		assert_int_equal(t.exchange(t.ctx, VIEW_LIT("request!"), &b, &f),
		    cases[i].want == FAULT_NONE);
		assert_int_equal(f.kind, cases[i].want);
		assert_int_equal(h.retry_after, cases[i].retry_after);
		if (cases[i].want == FAULT_NONE)
			assert_true(view_equal(buf_view(&b), VIEW_LIT("hello")));
	}
	reach_http_close(&h);
	buf_clear(&b);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* An answer that lies there is one to the request that lies there. */
static void
test_files(void **state)
{
	char			dir[] = "/tmp/pki4ipsec-reach.XXXXXX", path[64], asked[64];
	struct reach_files	r = { .dir = dir };
	struct transport	t = reach_files(&r);
	struct fault		f = { 0 };
	struct buf		b;

	(void)state;
	assert_non_null(mkdtemp(dir));
	buf_init(&b, 1000);
	snprintf(path, sizeof(path), "%s/response.crp", dir);
	assert_false(t.exchange(t.ctx, VIEW_LIT("one"), &b, &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	fault_clear(&f);
	snprintf(asked, sizeof(asked), "%s/request.crq", dir);
	assert_true(file_exists(asked));
	assert_true(file_write(path, VIEW_LIT("answer"), 0600, &f));
	assert_true(t.exchange(t.ctx, VIEW_LIT("one"), &b, &f));
	assert_true(view_equal(buf_view(&b), VIEW_LIT("answer")));
	/* It asked for patience: another one is to be fetched. */
	reach_files_again(&r);
	assert_false(t.exchange(t.ctx, VIEW_LIT("one"), &b, &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	fault_clear(&f);
	reach_files_again(&r);
	assert_true(file_write(path, VIEW_LIT("other"), 0600, &f));
	assert_false(t.exchange(t.ctx, VIEW_LIT("two"), &b, &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	assert_false(file_exists(path));
	fault_clear(&f);
	assert_true(dir_remove(dir, &f));
	buf_clear(&b);
}

static void
test_pause(void **state)
{
	struct reach_patience	p = { .pause_ms = REACH_PAUSE_MS };

	(void)state;
	assert_int_equal(reach_pause(&p, 0, 0), REACH_PAUSE_MS / 2);
	assert_int_equal(reach_pause(&p, 0, REACH_PAUSE_MS), 2 * REACH_PAUSE_MS);
	assert_int_equal(reach_pause(&p, 30, 0), 30000);
	for (size_t i = 0; i < 20; i++)
		assert_true(reach_pause(&p, 0, UINT32_MAX) <= REACH_PAUSE_MAX_MS);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
