/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - the processes of one daemon: start, watch, drop, hand over.
 *
 * A child is this very executable, run again with other arguments; it shares
 * no memory with its parent and gets only the descriptors it is given, at
 * fixed numbers.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/fault.h"
#include "base/view.h"

#define PROCESS_FD_FIRST	3	/* the first descriptor handed to a child */
#define PROCESS_FDS_MAX		24

struct process {
	pid_t	pid;
	int	pidfd;		/* readable once it has ended; -1 on old kernels */
};

/*
 * Run /proc/self/exe with argv (NULL-terminated; argv[0] is only a name).
 * fds[i] becomes PROCESS_FD_FIRST + i; standard input, output and error stay;
 * every other descriptor is closed.  Signals are unblocked and at their
 * defaults.  The descriptors in fds stay open here: close them.
 */
MUST_CHECK bool process_spawn(const char *const *argv, const int *fds,
    size_t nfds, struct process *out, struct fault *f);

struct process_status {
	bool	ended;
	bool	signalled;	/* by a signal (also seccomp's SIGSYS) */
	int	code;		/* exit code, or the signal's number */
};

/*
 * Has it ended?  Waits up to timeout_ms (0 asks only, -1 for ever).  Once it
 * has ended p is spent and process_close() has nothing left to do.
 */
MUST_CHECK bool process_wait(struct process *p, int timeout_ms,
    struct process_status *out, struct fault *f);

/* "exit 1", "signal 9 (Killed)"; static to this thread. */
const char *process_status_text(const struct process_status *s);

/* A signal to it; a process that has ended already is no fault. */
void	process_signal(const struct process *p, int sig);

/* SIGTERM, up to grace_ms, then SIGKILL; reaped in any case. */
void	process_stop(struct process *p, int grace_ms);

/* Forget it without waiting. */
void	process_close(struct process *p);

/*
 * No new privileges, no core file, not readable by a debugger of the same
 * user, umask 077.  For every role, before it reads a byte from outside.
 */
MUST_CHECK bool process_harden(struct fault *f);

/*
 * When root: change into root_dir (NULL: stay) as the new root, become user
 * (name or number) and its primary group with no others, and check that there
 * is no way back.  When not root: nothing to drop, true.
 */
MUST_CHECK bool process_drop(const char *user, const char *root_dir,
    struct fault *f);

/* Raise the soft limit of open descriptors to at least n, or to the hard one. */
void	process_want_fds(size_t n);

/*
 * Signals as octets: block nothing, install a handler for each of signals
 * that writes its number into a pipe.  Returns the pipe's reading end
 * (non-blocking, close-on-exec) or -1.  SIGPIPE is ignored from then on.
 * Once per process.
 */
int	signals_open(const int *signals, size_t n, struct fault *f);
/* The next signal that came, or 0. */
int	signals_next(int fd);

/* A connected pair of stream sockets, close-on-exec. */
MUST_CHECK bool fd_pair(int pair[2], struct fault *f);
MUST_CHECK bool fd_nonblock(int fd, struct fault *f);

/* Hand fd over a Unix socket, with one octet that says what it is. */
MUST_CHECK bool fd_send(int sock, int fd, uint8_t what, struct fault *f);
/* Blocking.  On success *fd is ours to close (close-on-exec is set). */
MUST_CHECK bool fd_receive(int sock, int *fd, uint8_t *what, struct fault *f);

/*
 * systemd's notification protocol; nothing happens without NOTIFY_SOCKET.
 * Open once, before the sandbox; notifying is a plain write from then on.
 */
void	notify_open(void);
void	notify_ready(void);
void	notify_reloading(void);
void	notify_stopping(void);
/* The line "systemctl status" shows. */
void	notify_status(const char *text);
/* Still alive; due every so many milliseconds, 0: nobody asks. */
void	notify_watchdog(void);
int64_t	notify_watchdog_ms(void);

#endif
