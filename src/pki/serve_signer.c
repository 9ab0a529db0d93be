/* SPDX-License-Identifier: Apache-2.0 */
/* The signer process: keys loaded, sandboxed, then one link at a time. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "pki/key_maker.h"
#include "pki/serve.h"
#include "pki/signer.h"

#define READ_CHUNK	(256u << 10)

struct signer_process {
	struct signer	*signer;
	struct key_maker *maker;
	int		 signals, link;
	struct buf	 in, out;
	int64_t		 said_ms;	/* when main was told that we work */
	bool		 quit;
};

/*
 * Everything that is there is answered with one write.  The engine reads while
 * it writes (signer_socket_link), so a blocking write here ends.
 */
static bool
answer_all(struct signer_process *p, struct fault *f)
{
	struct frame	q;
	size_t		used, from = 0;

	buf_reset(&p->out);
	for (;;) {
		if (!frame_take(view_of(p->in.p + from, p->in.n - from), FRAME_BODY_MAX, &q,
		    &used, f))
			return false;
		if (used == 0)
			break;
		signer_handle(p->signer, &q, (int64_t)time(NULL), &p->out);
		from += used;
	}
	buf_consume(&p->in, from);
	return buf_check(&p->out, "answers", f) && signer_settle(p->signer, f) &&
	    (p->out.n == 0 || frame_write_fd(p->link, buf_view(&p->out), f));
}

static bool
read_link(struct signer_process *p, struct fault *f)
{
	size_t	 before = p->in.n;
	uint8_t	*room = buf_extend(&p->in, READ_CHUNK);
	ssize_t	 n;

	if (room == NULL)
		return buf_check(&p->in, "questions", f);
	n = recv(p->link, room, READ_CHUNK, MSG_DONTWAIT);
	p->in.n = before + (n > 0 ? (size_t)n : 0);
	if (n > 0)
		return answer_all(p, f);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	return fault_set(f, FAULT_BUSY, "", "the engine is gone");
}

static void
drop_link(struct signer_process *p)
{
	if (p->link >= 0)
		close(p->link);
	p->link = -1;
	buf_clear(&p->in);
	buf_init(&p->in, 512u << 20);
}

/* A new engine: the old link, if any, is dead. */
static bool
take_link(struct signer_process *p, struct fault *f)
{
	uint8_t	what;
	int	fd;

	if (!fd_receive(SERVE_CONTROL_FD, &fd, &what, f)) {
		p->quit = true;		/* main is gone */
		return false;
	}
	drop_link(p);
	p->link = fd;
	return true;
}

/* Not at every turn: under load there are thousands a second. */
static void
say_alive(struct signer_process *p)
{
	struct timespec	t;
	int64_t		now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	if (now - p->said_ms < SERVE_ALIVE_MS)
		return;
	p->said_ms = now;
	(void)key_maker_tidy(p->maker, (int64_t)time(NULL));
	serve_say_alive();
}

static void
turn(struct signer_process *p)
{
	struct pollfd	fds[3] = {
		{ p->signals, POLLIN, 0 }, { SERVE_CONTROL_FD, POLLIN, 0 },
		{ p->link, POLLIN, 0 },
	};
	struct fault	f = { 0 };

	if (poll(fds, p->link >= 0 ? 3 : 2, SERVE_ALIVE_MS) < 0)
		return;
	say_alive(p);
	if (fds[0].revents != 0 && signals_next(p->signals) == SIGTERM)
		p->quit = true;
	if (p->link >= 0 && fds[2].revents != 0 && !read_link(p, &f)) {
		if (f.kind != FAULT_BUSY)
			log_fault(LOG_LEVEL_ERROR, "engine link", &f);
		drop_link(p);
	}
	if (fds[1].revents != 0 && !take_link(p, &f) && f.kind != FAULT_NONE)
		log_fault(LOG_LEVEL_DEBUG, "control", &f);
}

int
serve_signer(const struct pki_config *c)
{
	static const int	sigs[] = { SIGTERM, SIGINT, SIGHUP };
	struct signer_process	p = { .link = -1 };
	struct key_maker	*maker = NULL;
	struct fault		f = { 0 };

	log_init("signer", (enum log_level)c->log_level);
	buf_init(&p.in, 512u << 20);
	buf_init(&p.out, 512u << 20);
	if (!process_harden(&f) || (p.signals = signals_open(sigs, 3, &f)) < 0 ||
	    (p.signer = signer_open(c, false, &f)) == NULL ||
	    !serve_drop(c, &f) || (maker = key_maker_new(&f)) == NULL || !sandbox_enter(SANDBOX_SIGNER, &f) ||
	    !serve_say_ready(&f)) {
		log_fault(LOG_LEVEL_ERROR, "could not start", &f);
		signer_close(p.signer);
		key_maker_free(maker);
		return 1;
	}
	signer_use_maker(p.signer, maker);
	p.maker = maker;
	while (!p.quit)
		turn(&p);
	drop_link(&p);
	buf_clear(&p.in);
	buf_clear(&p.out);
	signer_close(p.signer);
	/* A key that is being made now is nobody's; main would have to wait for it. */
	fflush(NULL);
	_exit(0);
}
