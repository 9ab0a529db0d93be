/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "peer/generation.h"

#define CURRENT		"current"
#define PREVIOUS	"previous"
#define LINK_NEW	".link.new"
#define PEM_FILE_MAX	(2 * (INSTALL_CA_MAX + 1) * INSTALL_CERT_MAX)

static const struct part {
	const char	*name;
	mode_t		 mode;
} parts[] = { { "key.pem", 0600 }, { "cert.pem", 0644 }, { "chain.pem", 0644 } };
#define PARTS	(sizeof(parts) / sizeof(parts[0]))

/* --- links ---------------------------------------------------------------------- */

static bool
generation_path(const char *serial, char out[INSTALL_PATH_MAX], struct fault *f)
{
	return path_join(out, INSTALL_PATH_MAX, GENERATION_FOLDER, serial, f);
}

/* DIR/name becomes a link to `to`, whatever it was before. */
static bool
point(const char *dir, const char *name, const char *to, struct fault *f)
{
	char	new[INSTALL_PATH_MAX], path[INSTALL_PATH_MAX];

	if (!path_join(new, sizeof(new), dir, LINK_NEW, f) ||
	    !path_join(path, sizeof(path), dir, name, f))
		return false;
	(void)unlink(new);
	if (symlink(to, new) != 0 || rename(new, path) != 0)
		return fault_set(f, FAULT_IO, "", "could not link \"%s\" to \"%s\": %s", path, to,
		    error_text(errno));
	return dir_sync(dir, f);
}

/* Where DIR/name points; "" if it is no link. */
static bool
target(const char *dir, const char *name, char out[INSTALL_PATH_MAX], struct fault *f)
{
	char	path[INSTALL_PATH_MAX];
	ssize_t	n;

	out[0] = '\0';
	if (!path_join(path, sizeof(path), dir, name, f))
		return false;
	n = readlink(path, out, INSTALL_PATH_MAX - 1);
	if (n < 0 && errno != ENOENT && errno != EINVAL)
		return fault_set(f, FAULT_IO, "", "could not read link \"%s\": %s", path,
		    error_text(errno));
	out[n > 0 ? n : 0] = '\0';
	return true;
}

static bool
drop_link(const char *dir, const char *name, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	if (!path_join(path, sizeof(path), dir, name, f))
		return false;
	if (unlink(path) != 0 && errno != ENOENT)
		return fault_set(f, FAULT_IO, "", "could not remove \"%s\": %s", path,
		    error_text(errno));
	return dir_sync(dir, f);
}

/* --- plain files become a generation ------------------------------------------------- */

static bool
is_plain(const char *dir, const char *name)
{
	char		path[INSTALL_PATH_MAX];
	struct stat	st;

	return path_join(path, sizeof(path), dir, name, NULL) && lstat(path, &st) == 0 &&
	    S_ISREG(st.st_mode);
}

static bool
copy_part(const char *dir, const char *to, const struct part *p, struct fault *f)
{
	char		from[INSTALL_PATH_MAX], path[INSTALL_PATH_MAX];
	struct buf	b;
	bool		ok;

	buf_init(&b, PEM_FILE_MAX);
	ok = path_join(from, sizeof(from), dir, p->name, f) && file_read(from, &b, f) &&
	    path_join(path, sizeof(path), to, p->name, f) &&
	    file_write(path, buf_view(&b), p->mode, f);
	if (b.p != NULL)
		secret_wipe(b.p, b.n);
	buf_clear(&b);
	return ok;
}

/* What is in use, seen through links or not, goes into generation/serial. */
static bool
adopt(const char *dir, const char *serial, struct fault *f)
{
	char	name[INSTALL_PATH_MAX], path[INSTALL_PATH_MAX], to[INSTALL_PATH_MAX];
	bool	plain = false;

	for (size_t i = 0; i < PARTS; i++)
		plain |= is_plain(dir, parts[i].name);
	if (!plain)
		return true;
	if (!generation_path(serial, name, f) || !path_join(path, sizeof(path), dir, name, f) ||
	    !dir_make(path, 0700, f))
		return false;
	for (size_t i = 0; i < PARTS; i++)
		if (!copy_part(dir, path, &parts[i], f))
			return false;
	if (!point(dir, CURRENT, name, f))
		return false;
	for (size_t i = 0; i < PARTS; i++) {
		snprintf(to, sizeof(to), CURRENT "/%s", parts[i].name);
		if (!point(dir, parts[i].name, to, f))
			return false;
	}
	return true;
}

/* --- writing and switching ------------------------------------------------------------- */

bool
generation_write(const char *dir, const char *serial, const struct install_request *req,
    struct fault *f)
{
	struct install_request	own = *req;
	struct install_report	report;
	char			name[INSTALL_PATH_MAX], path[INSTALL_PATH_MAX];

	if (!generation_path(serial, name, f) || !path_join(path, sizeof(path), dir, name, f))
		return false;
	own.dir = path;
	return install_files(&own, &report, f);
}

bool
generation_switch(const char *dir, const char *serial, const char *old_serial,
    struct fault *f)
{
	char	now[INSTALL_PATH_MAX], next[INSTALL_PATH_MAX];

	if (!adopt(dir, old_serial, f) || !target(dir, CURRENT, now, f) ||
	    !generation_path(serial, next, f))
		return false;
	if (strcmp(now, next) == 0)
		return true;
	return point(dir, PREVIOUS, now, f) && point(dir, CURRENT, next, f);
}

bool
generation_back(const char *dir, bool *done, struct fault *f)
{
	char	now[INSTALL_PATH_MAX], before[INSTALL_PATH_MAX];

	*done = false;
	if (!target(dir, CURRENT, now, f) || !target(dir, PREVIOUS, before, f))
		return false;
	if (now[0] == '\0' || before[0] == '\0' || strcmp(now, before) == 0)
		return true;
	*done = true;
	return point(dir, CURRENT, before, f) && point(dir, PREVIOUS, now, f);
}

/* --- destroying ---------------------------------------------------------------------- */

static bool
destroy(const char *dir, const char *name, struct fault *f)
{
	char	path[INSTALL_PATH_MAX], key[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), dir, name, f) &&
	    path_join(key, sizeof(key), path, parts[0].name, f) && file_destroy(key, f) &&
	    dir_remove(path, f);
}

static bool
destroy_others(const char *dir, const char *keep, bool *done, struct fault *f)
{
	char		 folder[INSTALL_PATH_MAX], name[INSTALL_PATH_MAX];
	struct dirent	*e;
	DIR		*d;
	bool		 ok = true;

	if (!path_join(folder, sizeof(folder), dir, GENERATION_FOLDER, f))
		return false;
	if ((d = opendir(folder)) == NULL)
		return true;
	while (ok && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || !generation_path(e->d_name, name, f) ||
		    strcmp(name, keep) == 0)
			continue;
		*done = true;
		ok = destroy(dir, name, f);
	}
	closedir(d);
	return ok;
}

/* Written by an enrolment since: no generation is in use. */
static bool
all_plain(const char *dir)
{
	for (size_t i = 0; i < PARTS; i++)
		if (!is_plain(dir, parts[i].name))
			return false;
	return true;
}

bool
generation_settle(const char *dir, bool *done, struct fault *f)
{
	char	now[INSTALL_PATH_MAX];

	*done = false;
	if (!target(dir, CURRENT, now, f))
		return false;
	if (now[0] == '\0')		/* never renewed */
		return true;
	if (all_plain(dir)) {
		now[0] = '\0';
		if (!drop_link(dir, CURRENT, f))
			return false;
	}
	return drop_link(dir, PREVIOUS, f) && destroy_others(dir, now, done, f);
}
