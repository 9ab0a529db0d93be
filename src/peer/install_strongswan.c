/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "peer/install_daemon.h"
#include "peer/install_plan.h"

#define PLACES_MAX	(3 + INSTALL_CA_MAX + INSTALL_OTHERS_MAX)	/* key, certificate, connections */

/* One file: what goes there, and what was there. */
struct place {
	char		 path[INSTALL_PATH_MAX];
	mode_t		 mode;
	struct buf	 content;
	struct buf	 before;
	bool		 existed;
	bool		 written;
};

struct places {
	struct place	 at[PLACES_MAX];
	size_t		 n;
};

static void
places_clear(struct places *ps)
{
	struct place	*p;

	for (size_t i = 0; i < ps->n; i++) {
		p = &ps->at[i];
		if (p->content.n > 0)
			secret_wipe(p->content.p, p->content.n);
		if (p->before.n > 0)
			secret_wipe(p->before.p, p->before.n);
		buf_clear(&p->content);
		buf_clear(&p->before);
	}
	free(ps);
}

/* The next place, dir/sub/file; its content is the caller's to write. */
static struct place *
place(struct places *ps, const char *dir, const char *sub, const char *file,
    mode_t mode, struct fault *f)
{
	struct place	*p = &ps->at[ps->n];
	int		 n;

	n = snprintf(p->path, sizeof(p->path), "%s/%s/%s", dir, sub, file);
	if (n < 0 || (size_t)n >= sizeof(p->path)) {
		fault_set(f, FAULT_LIMIT, "", "path \"%s/%s\" is too long", dir,
		    sub);
		return NULL;
	}
	buf_init(&p->content, INSTALL_CONF_MAX);
	buf_init(&p->before, INSTALL_CONF_MAX);
	p->mode = mode;
	ps->n++;
	return p;
}

static bool
place_cert(struct places *ps, const char *dir, const char *sub,
    const char *file, struct view der, struct fault *f)
{
	struct place	*p = place(ps, dir, sub, file, 0644, f);

	if (p == NULL)
		return false;
	pem_encode("CERTIFICATE", der, &p->content);
	return buf_check(&p->content, sub, f);
}

/* All room at once: no key in memory outgrown. */
static bool
place_key(struct places *ps, const char *dir, const char *file,
    struct view pem, struct fault *f)
{
	struct place	*p = place(ps, dir, "private", file, 0600, f);

	if (p == NULL)
		return false;
	buf_add_view(&p->content, pem);
	return buf_check(&p->content, "private key", f);
}

static bool
read_before(struct place *p, struct fault *f)
{
	buf_reset(&p->before);
	p->existed = file_exists(p->path);
	return !p->existed || file_read(p->path, &p->before, f);
}

/*
 * In the order in which they are written: should the power fail between two,
 * the daemon finds certificates without connections, and not the reverse.
 */
static bool
place_all(const struct install_request *req, const char *dir,
    const struct install_plan *plan, struct places *ps, struct fault *f)
{
	struct place	*conf;
	char		 name[CONF_NAME_MAX + 8];

	for (size_t i = 0; i < req->nca; i++)
		if (!place_cert(ps, dir, "x509ca", plan->ca_file[i],
		    req->ca[i], f))
			return false;
	for (size_t i = 0; i < req->nothers; i++)
		if (!place_cert(ps, dir, "x509ca", plan->other_file[i], req->others[i], f))
			return false;
	if (!place_key(ps, dir, plan->file, req->key_pem, f) ||
	    !place_cert(ps, dir, "x509", plan->file, req->cert, f))
		return false;
	(void)snprintf(name, sizeof(name), "%s.conf", plan->base);
	conf = place(ps, dir, "conf.d", name, 0644, f);
	return conf != NULL && read_before(conf, f) &&
	    install_plan_text(plan, buf_view(&conf->before), &conf->content, f);
}

/* ---- writing and putting back ---- */

/* The very file that is wanted is there. */
static bool
is_in_place(const struct place *p)
{
	struct stat	st;

	return p->existed && view_equal(buf_view(&p->before), buf_view(&p->content)) &&
	    lstat(p->path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 07777) == p->mode;
}

static bool
write_place(struct place *p, struct fault *f)
{
	char	dir[INSTALL_PATH_MAX];

	memcpy(dir, p->path, sizeof(dir));
	*strrchr(dir, '/') = '\0';
	if (!read_before(p, f))
		return false;
	if (is_in_place(p))
		return true;
	if (!dir_make(dir, p->mode == 0600 ? 0700 : 0755, f) ||
	    !file_write(p->path, buf_view(&p->content), p->mode, f))
		return false;
	p->written = true;
	return true;
}

static bool
restore_place(const struct place *p)
{
	if (!p->written)
		return true;
	if (p->existed)
		return file_write(p->path, buf_view(&p->before), p->mode, NULL);
	return unlink(p->path) == 0;
}

/* The last written first. */
static bool
restore_all(struct places *ps)
{
	bool	ok = true;

	for (size_t i = ps->n; i > 0; i--)
		ok = restore_place(&ps->at[i - 1]) && ok;
	return ok;
}

static bool
write_all(struct places *ps, struct fault *f)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!write_place(&ps->at[i], f))
			return false;
	return true;
}

/* ---- what to tell ---- */

/* How this very daemon is spoken to with swanctl. */
static void
say_next(const struct install_request *req, struct install_report *r,
    const char *before, const char *command)
{
	const char	*dir = req->swanctl_dir, *uri = req->vici_uri;

	(void)snprintf(r->next, sizeof(r->next), "%s%s%s%sswanctl %s%s%s",
	    before, dir == NULL ? "" : "SWANCTL_DIR=", dir == NULL ? "" : dir,
	    dir == NULL ? "" : " ", command, uri == NULL ? "" : " --uri ",
	    uri == NULL ? "" : uri);
}

static void
say_loaded(const struct install_request *req, struct install_report *r)
{
	char	command[sizeof(r->connection) + 32];

	if (r->connection[0] == '\0')
		return;
	(void)snprintf(command, sizeof(command), "--initiate --child %s",
	    r->connection);
	say_next(req, r, "", command);
}

static void
start_report(const struct install_plan *plan, const struct places *ps,
    struct install_report *r)
{
	*r = (struct install_report){ .wanted = plan->nconnections };
	memcpy(r->conf, ps->at[ps->n - 1].path, sizeof(r->conf));
	if (plan->connections != NULL)
		(void)snprintf(r->connection, sizeof(r->connection), "%s",
		    plan->connections->first->name);
}

/* ---- the whole ---- */

/* They have left the daemon, too; until here the file has named them. */
static bool
forget_departed(const struct install_plan *plan, const struct place *conf,
    struct fault *f)
{
	struct buf	text;
	bool		ok;

	buf_init(&text, INSTALL_CONF_MAX);
	ok = install_plan_text(plan, VIEW_NONE, &text, f) &&
	    (view_equal(buf_view(&text), buf_view(&conf->content)) ||
	    file_write(conf->path, buf_view(&text), conf->mode, f));
	buf_clear(&text);
	return ok;
}

/*
 * Nobody there to load it is not a failure of the files.  What the daemon
 * did not take must not wait there for its next start either.
 */
static bool
load(const struct install_request *req, const struct install_plan *plan,
    struct places *ps, struct install_report *r, struct fault *f)
{
	const struct place	*key = &ps->at[ps->n - 3];
	const struct place	*conf = &ps->at[ps->n - 1];
	struct fault		 why = { 0 };

	if (install_daemon(req, plan, buf_view(&key->before),
	    buf_view(&conf->before), r, &why)) {
		say_loaded(req, r);
		return forget_departed(plan, conf, f);
	}
	if (why.kind == FAULT_BUSY && r->daemon[0] == '\0') {
		r->files_in_place = true;
		say_next(req, r, "systemctl start strongswan; ", "--load-all");
		return fault_set(f, FAULT_BUSY, "",
		    "%s; the files are in place: start charon-systemd and run "
		    "swanctl --load-all", why.text);
	}
	r->files_in_place = false;
	r->restored = restore_all(ps);
	say_next(req, r, "", "--load-all");
	return fault_set(f, why.kind, why.rule, "%s; %s", why.text,
	    r->restored ? "the files from before are back" :
	    "and the files from before could not be put back");
}

/* CAs that have retired: no connection names them any more. */
static bool
remove_others(const struct install_request *req, const char *dir,
    const struct install_plan *plan, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	for (size_t i = req->nothers; i < INSTALL_OTHERS_MAX; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/x509ca/%s", dir,
		    plan->other_file[i]) >= sizeof(path) || (unlink(path) != 0 && errno != ENOENT))
			return fault_set(f, FAULT_IO, "", "could not remove \"%s\": %s", path,
			    error_text(errno));
	}
	return true;
}

static bool
install(const struct install_request *req, const struct install_plan *plan,
    bool want_load, struct places *ps, struct install_report *r,
    struct fault *f)
{
	const char	*dir = req->swanctl_dir == NULL ? INSTALL_SWANCTL_DIR :
	    req->swanctl_dir;

	if (!place_all(req, dir, plan, ps, f))
		return false;
	start_report(plan, ps, r);
	if (!write_all(ps, f)) {
		r->restored = restore_all(ps);
		return false;
	}
	r->files_in_place = true;
	if (want_load)
		return load(req, plan, ps, r, f) && remove_others(req, dir, plan, f);
	if (!remove_others(req, dir, plan, f))
		return false;
	say_next(req, r, "", "--load-all");
	return true;
}

bool
install_strongswan(const struct install_request *req, bool want_load,
    struct install_report *report, struct fault *f)
{
	struct install_plan	 plan;
	struct arena		*a = arena_new(INSTALL_ARENA_MAX);
	struct places		*ps = calloc(1, sizeof(*ps));
	bool			 ok;

	*report = (struct install_report){ 0 };
	if (a == NULL || ps == NULL)
		ok = fault_set(f, FAULT_INTERNAL, "", "out of memory");
	else
		ok = install_plan(req, a, &plan, f) &&
		    install(req, &plan, want_load, ps, report, f);
	if (ps != NULL)
		places_clear(ps);
	arena_free(a);
	return ok;
}
