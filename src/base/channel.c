/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

static int	signal_pipe[2] = { -1, -1 };

static void
on_signal(int sig)
{
	int	error = errno;
	uint8_t	octet = (uint8_t)sig;
	ssize_t	r;

	/* A full pipe has enough to say already. */
	r = write(signal_pipe[1], &octet, 1);
	(void)r;
	errno = error;
}

int
signals_open(const int *signals, size_t n, struct fault *f)
{
	struct sigaction	sa = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART };
	struct sigaction	ignore = { .sa_handler = SIG_IGN };

	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		fault_set(f, FAULT_IO, NULL, "could not make a pipe: %s",
		    error_text(errno));
		return -1;
	}
	sigfillset(&sa.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
	for (size_t i = 0; i < n; i++)
		sigaction(signals[i], &sa, NULL);
	return signal_pipe[0];
}

int
signals_next(int fd)
{
	uint8_t	octet;

	return read(fd, &octet, 1) == 1 ? octet : 0;
}

bool
fd_pair(int pair[2], struct fault *f)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return fault_set(f, FAULT_IO, NULL,
		    "could not make a pair of sockets: %s", error_text(errno));
	return true;
}

bool
fd_nonblock(int fd, struct fault *f)
{
	int	flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return fault_set(f, FAULT_IO, NULL,
		    "could not make a descriptor non-blocking: %s",
		    error_text(errno));
	return true;
}

union fd_control {
	struct cmsghdr	header;
	char		room[CMSG_SPACE(sizeof(int))];
};

bool
fd_send(int sock, int fd, uint8_t what, struct fault *f)
{
	union fd_control control = { .room = { 0 } };
	struct iovec	 iov = { .iov_base = &what, .iov_len = 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
			     .msg_control = control.room,
			     .msg_controllen = sizeof(control.room) };
	struct cmsghdr	*c = CMSG_FIRSTHDR(&msg);
	ssize_t		 r;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	do
		r = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r != 1)
		return fault_set(f, FAULT_IO, NULL,
		    "could not hand over a descriptor: %s",
		    error_text(r < 0 ? errno : EIO));
	return true;
}

bool
fd_receive(int sock, int *fd, uint8_t *what, struct fault *f)
{
	union fd_control control = { .room = { 0 } };
	struct iovec	 iov = { .iov_base = what, .iov_len = 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
			     .msg_control = control.room,
			     .msg_controllen = sizeof(control.room) };
	struct cmsghdr	*c;
	ssize_t		 r;

	*fd = -1;
	do
		r = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return fault_set(f, FAULT_IO, NULL,
		    "could not receive a descriptor: %s", error_text(errno));
	c = CMSG_FIRSTHDR(&msg);
	if (r != 1 || c == NULL || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(*fd)))
		return fault_set(f, FAULT_IO, NULL,
		    "the other process handed over no descriptor");
	memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return true;
}
