/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

#define NOTIFY_OCTETS_MAX	256

static int	notify_fd = -1;

void
notify_open(void)
{
	const char		*path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un	 to = { .sun_family = AF_UNIX };
	size_t			 n = path == NULL ? 0 : strlen(path);
	int			 fd;

	if (n < 2 || n >= sizeof(to.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, n);
	/* "@name" is a name outside the file system. */
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	if (connect(fd, (const struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) != 0) {
		close(fd);
		return;
	}
	if (notify_fd != -1)
		close(notify_fd);
	notify_fd = fd;
}

/* A manager that does not listen is not our problem. */
static void
notify_send(const char *state)
{
	ssize_t	r;

	if (notify_fd == -1)
		return;
	r = send(notify_fd, state, strlen(state), MSG_NOSIGNAL);
	(void)r;
}

void
notify_ready(void)
{
	notify_send("READY=1\n");
}

void
notify_reloading(void)
{
	char		state[NOTIFY_OCTETS_MAX];
	struct timespec	ts;

	/* The time is asked for by Type=notify-reload. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64
	    "\n", (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
	notify_send(state);
}

void
notify_stopping(void)
{
	notify_send("STOPPING=1\n");
}

void
notify_status(const char *text)
{
	char	state[NOTIFY_OCTETS_MAX];

	/* One line: a new line in text would begin another assignment. */
	snprintf(state, sizeof(state), "STATUS=%.*s\n",
	    (int)strcspn(text, "\n"), text);
	notify_send(state);
}

void
notify_watchdog(void)
{
	notify_send("WATCHDOG=1\n");
}

/* Twice within the time systemd waits (sd_watchdog_enabled(3)). */
int64_t
notify_watchdog_ms(void)
{
	const char	*usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t		 n;

	if (notify_fd == -1 || usec == NULL ||
	    !number_parse("WATCHDOG_USEC", usec, 1, INT64_MAX, &n, NULL))
		return 0;
	if (pid != NULL && strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	return n / 2000 > 0 ? n / 2000 : 1;
}
