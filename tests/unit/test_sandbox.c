/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "base/sandbox.h"

#define INHERITED	3	/* a socket the child was given */

static void *
thread(void *arg)
{
	void	*p = malloc(100000);

	memset(p, 1, 100000);
	free(p);
	return arg;
}

/* Threads, memory, time, waiting: everybody may. */
static int
act_work(void)
{
	struct timespec	ts = { 0, 1000 };
	pthread_t	t;
	void		*p, *q;
	time_t		now = time(NULL);
	struct tm	tm;
	int		ep = epoll_create1(EPOLL_CLOEXEC);
	struct pollfd	pfd = { .fd = INHERITED, .events = POLLIN };

	if (ep == -1 || pthread_create(&t, NULL, thread, &ts) != 0 ||
	    pthread_join(t, &p) != 0 || p != &ts ||
	    (p = malloc(1 << 22)) == NULL)
		return 1;
	if ((q = realloc(p, 1 << 23)) != NULL)
		p = q;
	free(p);
	nanosleep(&ts, NULL);
	poll(&pfd, 1, 0);
	close(ep);
	fprintf(stderr, "%s", "");
	return localtime_r(&now, &tm) == NULL ||
	    fcntl(INHERITED, F_GETFL) == -1;
}

static int
act_read_file(void)
{
	int	fd = open("/etc/passwd", O_RDONLY);

	return fd == -1 ? errno : 0;
}

static int
act_write_file(void)
{
	char	name[] = "/tmp/test_sandbox.XXXXXX";
	int	fd = mkstemp(name);

	if (fd == -1)
		return errno;
	if (ftruncate(fd, 4096) != 0 || fsync(fd) != 0 || unlink(name) != 0)
		return 99;
	close(fd);
	return 0;
}

static int
act_socket(void)
{
	int	fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd == -1 ? errno : 0;
}

static int
act_connect(void)
{
	struct sockaddr_in	to = { .sin_family = AF_INET };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(INHERITED, (struct sockaddr *)&to, sizeof(to)) == 0 ?
	    0 : 98;
}

static int
act_fork(void)
{
	pid_t	pid = fork();
	int	status;

	if (pid == 0)
		_exit(0);
	return pid == -1 || waitpid(pid, &status, 0) != pid ? 97 : 0;
}

static int
act_execute(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return 96;
}

static int
act_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 95 : 0;
}

static int
act_kill_parent(void)
{
	return kill(getppid(), 0) == 0 ? 0 : 94;
}

static int
act_abort(void)
{
	abort();
}

/* A scoped address: the C library asks for the interface with a socket. */
static int
act_name_scoped(void)
{
	struct sockaddr_in6	a = { .sin6_family = AF_INET6,
				    .sin6_scope_id = 1 };
	char			host[128];

	a.sin6_addr.s6_addr[0] = 0xfe;
	a.sin6_addr.s6_addr[1] = 0x80;
	return getnameinfo((struct sockaddr *)&a, sizeof(a), host,
	    sizeof(host), NULL, 0, NI_NUMERICHOST) == 0 ? 0 : 93;
}

static const struct {
	const char	*name;
	int		(*act)(void);
} acts[] = {
	{ "work", act_work }, { "read", act_read_file },
	{ "write", act_write_file }, { "socket", act_socket },
	{ "connect", act_connect }, { "fork", act_fork },
	{ "execute", act_execute }, { "code", act_code },
	{ "kill", act_kill_parent }, { "abort", act_abort },
	{ "scoped", act_name_scoped },
};

static int
child(const char *role, const char *act)
{
	struct fault	f = { 0 };

	if (!process_harden(&f) ||
	    !sandbox_enter((enum sandbox_role)atoi(role), &f)) {
		fprintf(stderr, "%s\n", f.text);
		return 92;
	}
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].name, act) == 0)
			return acts[i].act();
	}
	return 91;
}

#define KILLED	(-SIGSYS)

static const struct {
	const char	*act;
	int		 want[4];	/* front, signer, engine, main */
} cases[] = {
	{ "work",    { 0, 0, 0, 0 } },
	{ "read",    { EACCES, 0, 0, 0 } },
	{ "write",   { EACCES, KILLED, 0, 0 } },
	{ "socket",  { EACCES, EACCES, EACCES, 0 } },
	{ "connect", { KILLED, KILLED, KILLED, 98 } },
	{ "fork",    { KILLED, KILLED, KILLED, 0 } },
	{ "execute", { KILLED, KILLED, KILLED, 0 } },
	{ "code",    { KILLED, KILLED, KILLED, 0 } },
	{ "kill",    { KILLED, KILLED, KILLED, 0 } },
	{ "abort",   { -SIGABRT, -SIGABRT, -SIGABRT, -SIGABRT } },
	{ "scoped",  { 0, 0, 0, 0 } },
};

static int
outcome(int role, const char *act)
{
	char			number[] = { (char)('0' + role), '\0' };
	const char		*argv[] = { "pki4ipsec", number, act, NULL };
	struct process_status	s;
	struct process		p;
	struct fault		f = { 0 };
	int			pair[2];

	assert_true(fd_pair(pair, &f));
	assert_true(process_spawn(argv, &pair[0], 1, &p, &f));
	assert_true(process_wait(&p, 30000, &s, &f) && s.ended);
	close(pair[0]);
	close(pair[1]);
	return s.signalled ? -s.code : s.code;
}

static void
roles_and_what_they_may(void **state)
{
	(void)state;
	if (!sandbox_works())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int role = SANDBOX_FRONT; role <= SANDBOX_MAIN; role++) {
			print_message("role %d: %s\n", role, cases[i].act);
			assert_int_equal(outcome(role, cases[i].act),
			    cases[i].want[role]);
		}
	}
}

static void
can_be_switched_off(void **state)
{
	(void)state;
	setenv("PKI4IPSEC_SECCOMP", "off", 1);
	assert_false(sandbox_works());
	assert_int_equal(outcome(SANDBOX_FRONT, "fork"), 0);
	unsetenv("PKI4IPSEC_SECCOMP");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(roles_and_what_they_may),
		cmocka_unit_test(can_be_switched_off),
	};

	if (argc > 2)
		return child(argv[1], argv[2]);
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
