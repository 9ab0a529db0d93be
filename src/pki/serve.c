/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki serve: starts the other processes, links them, watches them, restarts
 * what dies.  Sees no byte from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/command.h"
#include "base/file.h"
#include "base/frame.h"
#include "base/log.h"
#include "net/server.h"
#include "pki/authority.h"
#include "pki/commands.h"
#include "pki/operate.h"
#include "pki/serve.h"
#include "pki/serve_own.h"

#define FRONTS_MAX	16
#define LISTENERS_MAX	(2 * CONFIG_LISTEN_MAX + 1)
#define FRONT_FDS_MAX	(2 + LISTENERS_MAX)	/* control socket and TLS material, too */
#define READY_MS	60000	/* for a child to say that it is ready */
#define LOCK_MS		2000	/* for the engine of a server that was killed to end */
#define AGAIN_MS	200	/* before a child that died is started again */
#define AGAIN_MAX_MS	10000

enum child_kind { CHILD_SIGNER = 0, CHILD_ENGINE, CHILD_FRONT };

struct child {
	enum child_kind	kind;
	struct process	process;
	int		control;
	bool		running, ready;
	int64_t		started_ms, start_at_ms;	/* start_at 0: not due */
	int64_t		heard_ms;	/* when it last said that it works */
	unsigned	deaths;		/* in quick succession */
};

/* Listening sockets, in the order in which fronts inherit them. */
struct listeners {
	struct front_inheritance in;
	int			 fds[LISTENERS_MAX];
	char			 addresses[LISTENERS_MAX][CONFIG_TEXT_MAX];
};

struct server {
	struct pki_config	config;
	const char		*dir;
	int			 signals, lock, operator;
	struct listeners	 listeners;
	struct child		 children[2 + FRONTS_MAX];
	size_t			 n;
	bool			 announced, quit, reload;
	struct serve_own	 own;
};

bool
serve_say_ready(struct fault *f)
{
	char	octet = SERVE_READY;

	if (send(SERVE_CONTROL_FD, &octet, 1, MSG_NOSIGNAL) == 1)
		return true;
	return fault_set(f, FAULT_IO, "", "could not tell main: %s", strerror(errno));
}

void
serve_say_alive(void)
{
	char	octet = SERVE_ALIVE;

	/* A main that does not listen just now hears the next one. */
	(void)!send(SERVE_CONTROL_FD, &octet, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
serve_leave_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

bool
serve_drop(const struct pki_config *c, struct fault *f)
{
	return c->user[0] == '\0' || process_drop(c->user, NULL, f);
}

static int64_t
now_ms(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- what fronts inherit --------------------------------------------------------- */

static unsigned
listener_count(const struct listeners *l)
{
	return l->in.http + l->in.https + l->in.health;
}

/* A socket that listens on address already, as a descriptor of its own; else -1. */
static int
open_already(const struct listeners *l, const char *address)
{
	for (unsigned i = 0; i < listener_count(l); i++)
		if (strcmp(l->addresses[i], address) == 0)
			return fcntl(l->fds[i], F_DUPFD_CLOEXEC, 0);
	return -1;
}

static bool
open_listener(const struct listeners *old, const char *address, struct listeners *out,
    unsigned *count, struct fault *f)
{
	unsigned	i = listener_count(out);

	if ((out->fds[i] = open_already(old, address)) < 0 &&
	    (out->fds[i] = net_listen(address, f)) < 0)
		return fault_within(f, "listen");
	snprintf(out->addresses[i], sizeof(out->addresses[i]), "%s", address);
	(*count)++;
	return true;
}

static bool
open_each(const struct listeners *old, const struct pki_config *c, struct listeners *out,
    struct fault *f)
{
	for (size_t i = 0; i < CONFIG_LISTEN_MAX && c->http[i][0] != '\0'; i++)
		if (!open_listener(old, c->http[i], out, &out->in.http, f))
			return false;
	for (size_t i = 0; i < CONFIG_LISTEN_MAX && c->https[i][0] != '\0'; i++)
		if (!open_listener(old, c->https[i], out, &out->in.https, f))
			return false;
	return c->health[0] == '\0' ||
	    open_listener(old, c->health, out, &out->in.health, f);
}

static void
close_listeners(struct listeners *l)
{
	for (unsigned i = 0; i < listener_count(l); i++)
		close(l->fds[i]);
	memset(l, 0, sizeof(*l));
}

/* All that c names, or none; what old has open is gone on with. */
static bool
open_listeners(const struct listeners *old, const struct pki_config *c,
    struct listeners *out, struct fault *f)
{
	memset(out, 0, sizeof(*out));
	if (open_each(old, c, out, f))
		return true;
	close_listeners(out);
	return false;
}

static bool
read_into(const struct server *s, const char *sub, struct buf *out, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	return config_path(&s->config, sub, path, sizeof(path), f) && file_read(path, out, f);
}

/* The file of the CA that issued it; of one that was replaced, perhaps. */
static bool
https_issuer(const struct server *s, char out[64], struct fault *f)
{
	struct authorities	all;
	enum authority_id	ca;

	if (!authorities_load(&s->config, &all, f))
		return false;
	ca = authority_named(&all, all.list[AUTHORITY_HTTPS].cert.issuer, VIEW_NONE);
	snprintf(out, 64, "certs/%s.pem", all.list[ca == AUTHORITIES ? AUTHORITY_MANAGEMENT :
	    ca].name);
	authorities_clear(&all);
	return true;
}

/*
 * The HTTPS certificate with its chain, and its key, in anonymous memory: the
 * front itself opens no file.
 */
static int
tls_material(const struct server *s, struct fault *f)
{
	struct buf	chain, key, all;
	char		ca[64];
	int		fd = -1;

	buf_init(&chain, 64u << 10);
	buf_init(&key, 64u << 10);
	buf_init(&all, 192u << 10);
	if (https_issuer(s, ca, f) && read_into(s, "certs/https.pem", &chain, f) &&
	    read_into(s, ca, &chain, f) &&
	    read_into(s, "keys/https.key.pem", &key, f)) {
		wire_put_view(&all, buf_view(&chain));
		wire_put_view(&all, buf_view(&key));
		fd = memfd_create("tls", MFD_CLOEXEC);
		if (fd < 0 || write(fd, all.p, all.n) != (ssize_t)all.n)
			fault_set(f, FAULT_IO, "", "could not hold the TLS key: %s",
			    strerror(errno));
	}
	if (key.p != NULL)
		secret_wipe(key.p, key.n);
	if (all.p != NULL)
		secret_wipe(all.p, all.n);
	buf_clear(&chain);
	buf_clear(&key);
	buf_clear(&all);
	return fd;
}

/* --- children --------------------------------------------------------------------- */

static const char *
child_name(const struct child *c)
{
	static const char *const names[] = { "signer", "engine", "front" };

	return names[c->kind];
}

static void
take_signals(struct server *s)
{
	int	sig;

	while ((sig = signals_next(s->signals)) != 0) {
		if (sig == SIGHUP) {
			s->reload = true;
			s->own.look_at_ms = 0;	/* a CA may have been announced */
		} else if (sig != SIGCHLD)
			s->quit = true;
	}
}

/* Whoever tells us to end is not kept waiting for a child that hangs. */
static bool
wait_ready(struct server *s, struct child *c, struct fault *f)
{
	struct pollfd	p[] = { { c->control, POLLIN, 0 }, { s->signals, POLLIN, 0 } };
	int64_t		until = now_ms() + READY_MS, left = READY_MS;
	char		octet = 0;

	do {
		if (poll(p, 2, (int)left) > 0 && p[1].revents != 0)
			take_signals(s);
		left = until - now_ms();
	} while (p[0].revents == 0 && left > 0 && !s->quit);
	if (p[0].revents != 0 && recv(c->control, &octet, 1, 0) == 1 && octet == SERVE_READY) {
		c->ready = true;
		c->heard_ms = now_ms();
		return true;
	}
	return fault_set(f, FAULT_BUSY, "", s->quit ? "told to end before process %s was ready" :
	    "process %s did not become ready: see its messages above", child_name(c));
}

static bool
spawn(struct server *s, struct child *c, struct fault *f)
{
	char		 counts[64];
	const char	*argv[] = { "pki4ipsec", "pki", "serve", "--dir", s->dir, "--role",
		child_name(c), "--listeners", counts, NULL };
	const struct listeners *l = &s->listeners;
	int		 fds[FRONT_FDS_MAX], pair[2], n = 0, tls = -1;
	bool		 ok = true;

	snprintf(counts, sizeof(counts), "%u,%u,%u", l->in.http, l->in.https, l->in.health);
	if (!fd_pair(pair, f))
		return false;
	fds[n++] = pair[1];
	if (c->kind == CHILD_ENGINE) {
		fds[n++] = s->lock;	/* until the last engine has ended nobody else serves */
		fds[n++] = s->operator;
	}
	if (c->kind == CHILD_FRONT) {
		ok = (fds[n++] = tls = tls_material(s, f)) >= 0;
		for (unsigned i = 0; i < listener_count(l); i++)
			fds[n++] = l->fds[i];
	}
	ok = ok && process_spawn(argv, fds, (size_t)n, &c->process, f);
	close(pair[1]);
	if (tls >= 0)
		close(tls);
	if (!ok) {
		close(pair[0]);
		return false;
	}
	c->control = pair[0];
	c->running = true;
	c->ready = false;
	c->started_ms = now_ms();
	c->start_at_ms = 0;
	return true;
}

/* One end of a fresh pair to each of two children. */
static bool
link_children(struct child *a, uint8_t a_tag, struct child *b, uint8_t b_tag,
    struct fault *f)
{
	int	pair[2];
	bool	ok;

	if (!a->running || !b->running)
		return true;
	if (!fd_pair(pair, f))
		return false;
	ok = fd_send(a->control, pair[0], a_tag, f) && fd_send(b->control, pair[1], b_tag, f);
	close(pair[0]);
	close(pair[1]);
	return ok;
}

/* What a new child must be connected with. */
static bool
connect_child(struct server *s, struct child *c, struct fault *f)
{
	struct child	*signer = &s->children[CHILD_SIGNER], *engine = &s->children[CHILD_ENGINE];

	if (c->kind == CHILD_SIGNER)
		return wait_ready(s, c, f) &&
		    link_children(engine, SERVE_TO_SIGNER, signer, SERVE_TO_ENGINE, f);
	if (c->kind == CHILD_FRONT)
		return link_children(engine, SERVE_TO_FRONT, c, SERVE_TO_ENGINE, f) &&
		    wait_ready(s, c, f);
	if (!link_children(engine, SERVE_TO_SIGNER, signer, SERVE_TO_ENGINE, f) ||
	    !wait_ready(s, engine, f))
		return false;
	for (size_t i = CHILD_FRONT; i < s->n; i++)
		if (!link_children(engine, SERVE_TO_FRONT, &s->children[i], SERVE_TO_ENGINE, f))
			return false;
	return true;
}

static void
end_child(struct child *c)
{
	if (c->control >= 0)
		close(c->control);
	c->control = -1;
	c->running = c->ready = false;
}

static bool
start_child(struct server *s, struct child *c, struct fault *f)
{
	if (spawn(s, c, f) && connect_child(s, c, f))
		return true;
	if (c->running)
		process_stop(&c->process, 1000);
	end_child(c);
	return false;
}

static bool
start_all(struct server *s, struct fault *f)
{
	serve_own_started(&s->own, &s->config);
	s->n = CHILD_FRONT + (size_t)s->config.fronts;
	/* First all of them: who fails here is tried again as what it is. */
	for (size_t i = 0; i < s->n; i++)
		s->children[i] = (struct child){
			.kind = i < CHILD_FRONT ? (enum child_kind)i : CHILD_FRONT, .control = -1,
		};
	for (size_t i = 0; i < s->n; i++)
		if (!start_child(s, &s->children[i], f))
			return false;
	return true;
}

/* Fronts first: they finish what is in flight while the engine is there. */
static void
stop_all(struct server *s)
{
	int	grace = (int)s->config.stop_seconds * 1000 + 1000;

	for (size_t i = CHILD_FRONT; i < s->n; i++)
		if (s->children[i].running)
			process_signal(&s->children[i].process, SIGTERM);
	for (size_t i = s->n; i-- > 0;) {
		if (s->children[i].running)
			process_stop(&s->children[i].process, grace);
		end_child(&s->children[i]);
	}
}

/* --- watching ------------------------------------------------------------------------ */

static void
note_death(struct child *c, const struct process_status *st)
{
	int64_t	 lived = now_ms() - c->started_ms;
	int64_t	 wait = AGAIN_MS;

	log_line(LOG_LEVEL_ERROR, "process ended, starting it again", "process=%s why=\"%s\"",
	    child_name(c), process_status_text(st));
	end_child(c);
	c->deaths = lived < 5000 ? c->deaths + 1 : 0;
	for (unsigned i = 1; i < c->deaths && wait < AGAIN_MAX_MS; i++)
		wait *= 2;
	c->start_at_ms = now_ms() + (c->deaths == 0 ? 0 : wait);
}

static void
check_child(struct child *c)
{
	struct process_status	st;
	struct fault		f = { 0 };

	if (c->running && process_wait(&c->process, 0, &st, &f) && st.ended)
		note_death(c, &st);
}

/* A process that hangs is no better than one that has ended, and harder to see. */
static void
check_silence(const struct server *s, struct child *c)
{
	char	octets[64];
	int64_t	silent;

	if (!c->running || !c->ready)
		return;
	while (recv(c->control, octets, sizeof(octets), MSG_DONTWAIT) > 0)
		c->heard_ms = now_ms();
	silent = now_ms() - c->heard_ms;
	if (silent < s->config.hang_seconds * 1000)
		return;
	log_line(LOG_LEVEL_ERROR, "process hangs: ending it", "process=%s silent=%" PRId64 "s",
	    child_name(c), silent / 1000);
	process_signal(&c->process, SIGKILL);
	c->heard_ms = now_ms();
}

static bool
all_ready(const struct server *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->children[i].running || !s->children[i].ready)
			return false;
	return true;
}

static void
restart_due(struct server *s)
{
	struct fault	f = { 0 };

	for (size_t i = 0; i < s->n && !s->quit; i++) {
		struct child	*c = &s->children[i];

		if (c->running || now_ms() < c->start_at_ms)
			continue;
		/* An engine needs a signer, a front an engine. */
		if (c->kind != CHILD_SIGNER && !s->children[c->kind - 1].running)
			continue;
		fault_clear(&f);
		if (start_child(s, c, &f)) {
			log_line(LOG_LEVEL_INFO, "process started again", "process=%s",
			    child_name(c));
			continue;
		}
		log_fault(LOG_LEVEL_ERROR, "could not start a process", &f);
		c->deaths++;
		c->start_at_ms = now_ms() + AGAIN_MS * (c->deaths < 50 ? c->deaths : 50);
	}
}

/* A reload builds and checks everything new before anything old is touched. */
static bool
check_new(const char *dir, struct pki_config *c, struct fault *f)
{
	struct authorities	a;
	struct templates	t;

	if (!config_load(dir, c, f) || !authorities_load(c, &a, f))
		return false;
	authorities_clear(&a);
	if (!templates_load(c, &t, f))
		return false;
	templates_clear(&t);
	return true;
}

static void
reload(struct server *s)
{
	struct pki_config	c;
	struct listeners	l;
	struct fault		f = { 0 };

	if (!check_new(s->dir, &c, &f) || !open_listeners(&s->listeners, &c, &l, &f)) {
		log_fault(LOG_LEVEL_ERROR, "reload refused, the old configuration stays", &f);
		return;
	}
	notify_reloading();
	stop_all(s);	/* connections wait in the sockets, which stay open */
	s->config = c;
	close_listeners(&s->listeners);
	s->listeners = l;
	if (!start_all(s, &f))
		log_fault(LOG_LEVEL_ERROR, "reload", &f);
	notify_ready();
	log_line(LOG_LEVEL_INFO, "reloaded", "dir=\"%s\"", s->dir);
}

static void
watch(struct server *s)
{
	while (!s->quit) {
		struct pollfd	p = { s->signals, POLLIN, 0 };

		if (poll(&p, 1, AGAIN_MS) > 0)
			take_signals(s);
		for (size_t i = 0; i < s->n; i++) {
			check_silence(s, &s->children[i]);
			check_child(&s->children[i]);
		}
		if (all_ready(s))
			notify_watchdog();
		if (serve_own(&s->own, &s->config, s->dir, now_ms()))
			s->reload = true;
		if (s->reload && !s->quit)
			reload(s);
		s->reload = false;
		if (!s->quit)
			restart_due(s);
	}
}

static void
announce(const struct server *s, const struct invocation *in)
{
	const struct listeners	*l = &s->listeners;
	unsigned		 http = l->in.http, public = http + l->in.https;
	char			 text[64];
	struct fault		 f = { 0 };

	for (unsigned i = 0; i < listener_count(l) && !in->quiet; i++)
		if (net_address(l->fds[i], text, &f))
			printf("%s http%s://%s%s\n", i < public ? "serving" : "health ",
			    i >= http && i < public ? "s" : "", text,
			    i < public ? "/cmc" : "/readyz");
	if (!in->quiet)
		printf("ready\n");
	fflush(stdout);
	notify_ready();
}

/* A server that was killed leaves an engine that finishes its batch: wait for it. */
static bool
lock_folder(struct server *s, const char *path, struct fault *f)
{
	const struct timespec	pause = { 0, 50 * 1000000 };
	int64_t			until = now_ms() + LOCK_MS;

	while ((s->lock = file_lock(path, f)) < 0) {
		if (f->kind != FAULT_BUSY || now_ms() > until)
			return false;
		fault_clear(f);
		nanosleep(&pause, NULL);
	}
	return true;
}

static int
serve_main(const struct invocation *in, const char *dir)
{
	static const int	sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	static const struct listeners	none;
	static struct server	s;
	struct fault		f = { 0 };
	char			lock[CONFIG_PATH_MAX];
	bool			ok;

	s.dir = dir;
	s.lock = s.operator = -1;
	notify_open();
	ok = check_new(dir, &s.config, &f);
	log_init("main", ok ? (enum log_level)s.config.log_level : LOG_LEVEL_INFO);
	ok = ok && config_path(&s.config, "run/serve.lock", lock, sizeof(lock), &f) &&
	    lock_folder(&s, lock, &f) && (s.operator = operate_listen(dir, &f)) >= 0 &&
	    process_harden(&f) &&
	    open_listeners(&none, &s.config, &s.listeners, &f) && (s.signals = signals_open(sigs, 4, &f)) >= 0 &&
	    start_all(&s, &f);
	if (ok) {
		announce(&s, in);
		watch(&s);
		notify_stopping();
	}
	stop_all(&s);
	close_listeners(&s.listeners);
	if (s.operator >= 0)
		close(s.operator);
	if (s.lock >= 0)
		close(s.lock);
	return ok || s.quit ? EXIT_DONE : command_fail(in, &f, pki_help(in, &f));
}

/* --- the command ----------------------------------------------------------------------- */

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI, made by `pki init`" },
	{ "role", "ROLE", NULL, NULL },			/* our own children */
	{ "listeners", "N,N,N", NULL, NULL },
	{ 0 },
};

static int
child_main(const struct invocation *in, const char *role, const char *dir)
{
	static struct pki_config	c;
	struct front_inheritance	fr = { 0 };
	struct fault			f = { 0 };
	const char			*n = option_value(in, "listeners");

	if (!config_load(dir, &c, &f))
		return command_fail(in, &f, NULL);
	if (strcmp(role, "signer") == 0)
		return serve_signer(&c);
	if (strcmp(role, "engine") == 0)
		return serve_engine(&c);
	if (strcmp(role, "front") == 0 && n != NULL &&
	    sscanf(n, "%u,%u,%u", &fr.http, &fr.https, &fr.health) == 3)
		return serve_front(&c, &fr);
	return EXIT_USAGE;
}

static int
run(const struct invocation *in)
{
	const char	*role = option_value(in, "role"), *dir = option_value(in, "dir");

	return role != NULL ? child_main(in, role, dir) : serve_main(in, dir);
}

const struct command cmd_pki_serve = {
	.group = "pki", .name = "serve", .args = "",
	.help = "serve enrolment, CRLs and certificates",
	.options = options, .run = run,
};
