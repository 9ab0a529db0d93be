/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/process.h"

/* What this executable does when it runs as a child. */
static int
child(int argc, char **argv)
{
	struct fault	f = { 0 };
	struct rlimit	core;
	uint8_t		octet;
	int		signals[] = { SIGTERM }, fd;

	if (argc < 2 || strcmp(argv[0], "pki4ipsec") != 0)
		return 90;
	if (strcmp(argv[1], "exit") == 0)
		return 17;
	if (strcmp(argv[1], "kill") == 0)
		return raise(SIGKILL);
	if (strcmp(argv[1], "hang") == 0) {
		signal(SIGTERM, SIG_IGN);
		octet = write(4, "x", 1) == 1;
		while (octet)
			pause();
	}
	if (strcmp(argv[1], "echo") == 0) {
		/* 3 and 4 are there, 5 is not. */
		if (read(3, &octet, 1) != 1 || write(4, &octet, 1) != 1)
			return 91;
		return fcntl(5, F_GETFD) == -1 ? 0 : 92;
	}
	if (strcmp(argv[1], "term") == 0) {
		fd = signals_open(signals, 1, &f);
		if (fd == -1 || signals_next(fd) != 0 || write(4, "r", 1) != 1)
			return 93;
		for (int sig; (sig = signals_next(fd)) != SIGTERM; )
			pause();
		return 0;
	}
	if (strcmp(argv[1], "harden") == 0) {
		if (!process_harden(&f) ||
		    !process_drop("65534", "/", &f) ||
		    prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1 ||
		    prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) != 0 ||
		    getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
			return 94;
		return geteuid() != 0 && setuid(0) != 0 ? 0 : 95;
	}
	return 96;
}

/* Out of the way of the low numbers. */
static int
move(int fd)
{
	int	high = fcntl(fd, F_DUPFD_CLOEXEC, 20);

	close(fd);
	return high;
}

static void
start(const char *what, struct process *p, int ends[2])
{
	const char	*argv[] = { "pki4ipsec", what, NULL };
	struct fault	 f = { 0 };
	int		 down[2], up[2], fds[2];

	assert_true(fd_pair(down, &f) && fd_pair(up, &f));
	ends[0] = move(down[0]);
	ends[1] = move(up[0]);
	fds[0] = move(down[1]);
	fds[1] = move(up[1]);
	/* In an order that a careless dup2 would tangle. */
	dup2(fds[0], 4);
	dup2(fds[1], 3);
	close(fds[0]);
	close(fds[1]);
	fds[0] = 4;
	fds[1] = 3;
	assert_true(process_spawn(argv, fds, 2, p, &f));
	close(3);
	close(4);
}

static struct process_status
finish(struct process *p, int ends[2])
{
	struct process_status	s;
	struct fault		f = { 0 };

	assert_true(process_wait(p, -1, &s, &f));
	assert_true(s.ended);
	assert_int_equal(p->pid, -1);
	close(ends[0]);
	close(ends[1]);
	return s;
}

static void
ends_are_told(void **state)
{
	static const struct {
		const char	*what, *text;
	} cases[] = {
		{ "exit", "exit 17" },
		{ "kill", "signal 9 (Killed)" },
		{ "harden", "exit 0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct process_status	s;
		struct process		p;
		int			ends[2];

		print_message("%s\n", cases[i].what);
		start(cases[i].what, &p, ends);
		s = finish(&p, ends);
		assert_string_equal(process_status_text(&s), cases[i].text);
	}
}

static void
descriptors_are_in_place(void **state)
{
	struct process_status	s;
	struct process		p;
	struct fault		f = { 0 };
	uint8_t			octet = 0;
	int			ends[2];

	(void)state;
	start("echo", &p, ends);
	assert_true(process_wait(&p, 0, &s, &f));
	assert_false(s.ended);
	assert_int_equal(write(ends[0], "q", 1), 1);
	assert_int_equal(read(ends[1], &octet, 1), 1);
	assert_int_equal(octet, 'q');
	s = finish(&p, ends);
	assert_string_equal(process_status_text(&s), "exit 0");
}

static void
signals_come_as_octets(void **state)
{
	struct process_status	s;
	struct process		p;
	uint8_t			octet;
	int			ends[2];

	(void)state;
	start("term", &p, ends);
	assert_int_equal(read(ends[1], &octet, 1), 1);
	process_signal(&p, SIGTERM);
	s = finish(&p, ends);
	assert_string_equal(process_status_text(&s), "exit 0");
	start("hang", &p, ends);
	assert_int_equal(read(ends[1], &octet, 1), 1);
	process_stop(&p, 50);
	assert_int_equal(p.pid, -1);
	process_stop(&p, 50);
	close(ends[0]);
	close(ends[1]);
}

static void
descriptors_travel(void **state)
{
	struct fault	f = { 0 };
	int		pair[2], inner[2], fd;
	uint8_t		what, octet;

	(void)state;
	assert_true(fd_pair(pair, &f) && fd_pair(inner, &f));
	assert_true(fd_send(pair[0], inner[0], 'L', &f));
	close(inner[0]);
	assert_true(fd_receive(pair[1], &fd, &what, &f));
	assert_int_equal(what, 'L');
	assert_int_equal(write(inner[1], "z", 1), 1);
	assert_int_equal(read(fd, &octet, 1), 1);
	assert_int_equal(octet, 'z');
	close(fd);
	close(inner[1]);
	/* An octet without a descriptor. */
	assert_int_equal(write(pair[0], "L", 1), 1);
	assert_false(fd_receive(pair[1], &fd, &what, &f));
	assert_int_equal(f.kind, FAULT_IO);
	assert_int_equal(fd, -1);
	close(pair[0]);
	close(pair[1]);
}

static void
the_manager_is_told(void **state)
{
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	char			name[64], got[256];
	int			fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ssize_t			n;

	(void)state;
	snprintf(name, sizeof(name), "@pki4ipsec-test-%ld", (long)getpid());
	memcpy(at.sun_path, name, strlen(name));
	at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&at, (socklen_t)
	    (offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	notify_ready();		/* not open: nothing */
	setenv("NOTIFY_SOCKET", name, 1);
	notify_open();
	notify_ready();
	n = recv(fd, got, sizeof(got), 0);
	assert_true(view_equal(view_of(got, (size_t)n), VIEW_LIT("READY=1\n")));
	notify_reloading();
	n = recv(fd, got, sizeof(got), 0);
	assert_true(n > 28);
	assert_memory_equal(got, "RELOADING=1\nMONOTONIC_USEC=", 27);
	notify_status("serving\nREADY=1");
	n = recv(fd, got, sizeof(got), 0);
	assert_true(view_equal(view_of(got, (size_t)n),
	    VIEW_LIT("STATUS=serving\n")));
	notify_stopping();
	n = recv(fd, got, sizeof(got), 0);
	assert_true(view_equal(view_of(got, (size_t)n),
	    VIEW_LIT("STOPPING=1\n")));
	close(fd);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(ends_are_told),
		cmocka_unit_test(descriptors_are_in_place),
		cmocka_unit_test(signals_come_as_octets),
		cmocka_unit_test(descriptors_travel),
		cmocka_unit_test(the_manager_is_told),
	};

	if (argc > 1)
		return child(argc, argv);
	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
