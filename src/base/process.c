/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

#define FD_ASIDE	64	/* above every number a child is given */
#define EXEC_FAILED	127
#define POLL_STEP_MS	10	/* where there is no pidfd */

static int64_t
monotonic_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Close first..last; from here to exec only what is safe after fork(). */
static void
close_span(unsigned first, unsigned last)
{
	struct rlimit	limit;

	if (first > last)
		return;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, last, 0u) == 0)
		return;
#endif
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= last)
		last = limit.rlim_cur == 0 ? 0 : (unsigned)limit.rlim_cur - 1;
	for (unsigned fd = first; fd <= last; fd++)
		close((int)fd);
}

static void
signals_default(void)
{
	struct sigaction	sa = { .sa_handler = SIG_DFL };
	sigset_t		none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: arrange the descriptors and become the new program. */
static _Noreturn void
child_exec(const char *const *argv, const int *fds, size_t nfds, int report)
{
	int	aside[PROCESS_FDS_MAX], error;
	ssize_t	r;

	signals_default();
	if ((report = fcntl(report, F_DUPFD_CLOEXEC, FD_ASIDE)) == -1)
		_exit(EXEC_FAILED);
	for (size_t i = 0; i < nfds; i++) {
		if ((aside[i] = fcntl(fds[i], F_DUPFD, FD_ASIDE)) == -1)
			goto failed;
	}
	for (size_t i = 0; i < nfds; i++) {
		if (dup2(aside[i], PROCESS_FD_FIRST + (int)i) == -1)
			goto failed;
	}
	close_span(PROCESS_FD_FIRST + (unsigned)nfds, (unsigned)report - 1);
	close_span((unsigned)report + 1, ~0u);
	execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
failed:
	error = errno;
	r = write(report, &error, sizeof(error));
	(void)r;
	_exit(EXEC_FAILED);
}

/* What the child could not do, from its reporting pipe; 0 after exec. */
static int
child_error(int report)
{
	int	error = 0;
	ssize_t	r;

	do
		r = read(report, &error, sizeof(error));
	while (r < 0 && errno == EINTR);
	return r == sizeof(error) ? error : 0;
}

bool
process_spawn(const char *const *argv, const int *fds, size_t nfds,
    struct process *out, struct fault *f)
{
	int	report[2], error;
	pid_t	pid;

	*out = (struct process){ .pid = -1, .pidfd = -1 };
	if (nfds > PROCESS_FDS_MAX)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "%zu descriptors for a child, at most %d", nfds,
		    PROCESS_FDS_MAX);
	if (pipe2(report, O_CLOEXEC) != 0)
		return fault_set(f, FAULT_IO, NULL,
		    "could not make a pipe: %s", error_text(errno));
	fflush(NULL);
	if ((pid = fork()) == 0)
		child_exec(argv, fds, nfds, report[1]);
	error = errno;
	close(report[1]);
	if (pid > 0 && (error = child_error(report[0])) != 0)
		waitpid(pid, NULL, 0);
	close(report[0]);
	if (pid == -1 || error != 0)
		return fault_set(f, FAULT_IO, NULL,
		    "could not start process \"%s\": %s", argv[0],
		    error_text(error));
	out->pid = pid;
	out->pidfd = (int)syscall(SYS_pidfd_open, pid, 0u);
	return true;
}

/* Sleep until p may have ended, at most ms (-1: for ever). */
static void
wait_for_end(const struct process *p, int ms)
{
	struct pollfd	pfd = { .fd = p->pidfd, .events = POLLIN };

	if (p->pidfd == -1 && (ms < 0 || ms > POLL_STEP_MS))
		ms = POLL_STEP_MS;
	poll(&pfd, 1, ms);
}

bool
process_wait(struct process *p, int timeout_ms, struct process_status *out,
    struct fault *f)
{
	int64_t	until = monotonic_ms() + timeout_ms, left = timeout_ms;
	int	status = 0;
	pid_t	r;

	*out = (struct process_status){ .ended = false };
	if (p->pid <= 0)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "wait for a process that is not there");
	while ((r = waitpid(p->pid, &status, WNOHANG)) == 0 && left != 0) {
		wait_for_end(p, (int)left);
		if (timeout_ms >= 0 && (left = until - monotonic_ms()) < 0)
			left = 0;
	}
	if (r == 0)
		return true;
	if (r == -1)
		return fault_set(f, FAULT_IO, NULL,
		    "could not wait for process %ld: %s", (long)p->pid,
		    error_text(errno));
	out->ended = true;
	out->signalled = WIFSIGNALED(status);
	out->code = WIFSIGNALED(status) ? WTERMSIG(status) :
	    WEXITSTATUS(status);
	process_close(p);
	return true;
}

const char *
process_status_text(const struct process_status *s)
{
	static _Thread_local char	text[64];

	if (!s->ended)
		snprintf(text, sizeof(text), "running");
	else if (s->signalled)
		snprintf(text, sizeof(text), "signal %d (%s)", s->code,
		    strsignal(s->code));
	else
		snprintf(text, sizeof(text), "exit %d", s->code);
	return text;
}

void
process_signal(const struct process *p, int sig)
{
	if (p->pid > 0)
		kill(p->pid, sig);
}

void
process_stop(struct process *p, int grace_ms)
{
	struct process_status	s;
	struct fault		f = { 0 };

	if (p->pid <= 0)
		return;
	process_signal(p, SIGTERM);
	if (process_wait(p, grace_ms, &s, &f) && s.ended)
		return;
	process_signal(p, SIGKILL);
	if (!process_wait(p, -1, &s, &f))
		process_close(p);
}

void
process_close(struct process *p)
{
	if (p->pidfd != -1)
		close(p->pidfd);
	*p = (struct process){ .pid = -1, .pidfd = -1 };
}
