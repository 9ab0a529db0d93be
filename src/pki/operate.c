/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "pki/local.h"
#include "pki/operate.h"

#define BACKLOG		8
#define ANSWER_SECONDS	60
#define SHOWN_MAX	80	/* octets of a word that is refused */

/* --- the socket ----------------------------------------------------------------------- */

/* By way of the folder's descriptor: a socket's path may have 107 octets. */
static bool
address_of(const char *dir, int *folder, struct sockaddr_un *sa, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	if (!path_join(path, sizeof(path), dir, "run", f))
		return false;
	if ((*folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fault_set(f, FAULT_IO, "", "could not open folder %s: %s", path,
		    error_text(errno));
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/" CONSOLE_SOCKET, *folder);
	return true;
}

static int
bind_here(int folder, const struct sockaddr_un *sa, const char *dir, struct fault *f)
{
	int	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t	mask = umask(0177);
	bool	ok;

	(void)unlinkat(folder, CONSOLE_SOCKET, 0);
	ok = fd >= 0 && bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 &&
	    listen(fd, BACKLOG) == 0;
	umask(mask);
	if (ok)
		return fd;
	fault_set(f, FAULT_IO, "", "could not listen on %s/run/" CONSOLE_SOCKET ": %s", dir,
	    error_text(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int
operate_listen(const char *dir, struct fault *f)
{
	struct sockaddr_un	sa;
	int			folder, fd;

	if (!address_of(dir, &folder, &sa, f))
		return -1;
	fd = bind_here(folder, &sa, dir, f);
	close(folder);
	return fd;
}

/* -1 without a fault: nobody listens. */
static int
reach(const char *dir, struct fault *f)
{
	struct timeval		patience = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un	sa;
	int			folder, fd, e;

	if (!address_of(dir, &folder, &sa, f))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0) {
		close(folder);
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		return fd;
	}
	e = errno;
	close(folder);
	if (fd >= 0)
		close(fd);
	if (e != ENOENT && e != ECONNREFUSED)
		fault_set(f, FAULT_IO, "", "could not reach the server by %s/run/" CONSOLE_SOCKET
		    ": %s", dir, error_text(e));
	return -1;
}

/* --- asking --------------------------------------------------------------------------- */

static bool
ask_server(int fd, const struct console_request *q, struct buf *out, struct fault *f)
{
	struct frame	fr;
	struct buf	b, in;
	size_t		mark;
	bool		ok;

	buf_init(&b, CONSOLE_WORDS_MAX * (CONSOLE_WORD_MAX + 8) + CONSOLE_FILE_MAX);
	buf_init(&in, CONSOLE_ANSWER_MAX);
	mark = frame_begin(&b, CONSOLE_ASK, 0, 1);
	console_put_request(&b, q);
	frame_end(&b, mark);
	ok = buf_check(&b, "request", f) && frame_write_fd(fd, buf_view(&b), f) &&
	    frame_read_fd(fd, &in, CONSOLE_ANSWER_MAX, &fr, f);
	if (!ok && f->kind == FAULT_IO) {
		fault_clear(f);
		fault_set(f, FAULT_BUSY, "", "the server went away before it answered; what was "
		    "asked may be done: look with `pki4ipsec pki audit`");
	}
	ok = ok && console_get_answer(fr.body, out, f);
	buf_clear(&b);
	buf_clear(&in);
	return ok;
}

static bool
ask_here(const char *dir, const struct console_request *q, struct buf *out, struct fault *f)
{
	int64_t			 now = (int64_t)time(NULL);
	char			 path[CONFIG_PATH_MAX];
	struct local_pki	*l;
	int			 lock;
	bool			 ok;

	if (!path_join(path, sizeof(path), dir, "run/serve.lock", f) ||
	    (lock = file_lock(path, f)) < 0)
		return false;
	l = local_open(dir, now, f);
	ok = l != NULL && console_run(local_engine(l), q, now, out, f);
	local_close(l);
	close(lock);
	return ok;
}

bool
operate_running(const char *dir, const struct console_request *q, struct buf *out, bool *runs,
    struct fault *f)
{
	int	fd = reach(dir, f);
	bool	ok;

	*runs = fd >= 0;
	if (fd < 0)
		return f->kind == FAULT_NONE;
	ok = ask_server(fd, q, out, f);
	close(fd);
	return ok;
}

/* Before anything is sent: what is wrong here is the command line. */
static bool
check_words(const struct console_request *q, struct fault *f)
{
	size_t	at;

	for (size_t i = 0; i < q->n; i++)
		if (q->words[i].n > console_word_max(q, i) || !utf8_valid(q->words[i], &at))
			return fault_set(f, FAULT_USAGE, "", "\"%.*s\": want UTF-8 of up to %d octets",
			    (int)(q->words[i].n < SHOWN_MAX ? q->words[i].n : SHOWN_MAX),
			    (const char *)q->words[i].p, (int)console_word_max(q, i));
	return true;
}

bool
operate(const char *dir, const struct console_request *q, struct buf *out, struct fault *f)
{
	struct pki_config	c;
	bool			runs;

	if (!check_words(q, f) || !config_load(dir, &c, f) || !operate_running(dir, q, out, &runs, f))
		return false;
	return runs || ask_here(dir, q, out, f);
}
