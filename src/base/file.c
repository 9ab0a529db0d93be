/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define READ_OCTETS	65536u
#define DIR_DEPTH_MAX	64	/* deeper than anything we make */
#define PID_TEXT_MAX	32
#define TEMP_TRIES	64	/* writers of one path that we wait for */

/* errno as the fault of doing something to a path. */
static bool
path_fault(struct fault *f, const char *what, const char *path)
{
	int			error = errno;
	enum fault_kind		kind = FAULT_IO;

	if (error == ENOENT || error == ENOTDIR)
		kind = FAULT_NOT_FOUND;
	else if (error == EEXIST)
		kind = FAULT_CONFLICT;
	return fault_set(f, kind, NULL, "could not %s \"%s\": %s", what, path,
	    error_text(error));
}

/* Append what fd still has to out; one octet past the ceiling is a fault. */
static bool
read_all(int fd, const char *path, struct buf *out, struct fault *f)
{
	for (;;) {
		size_t	 want = out->max - out->n;
		uint8_t	 past, *p = &past;
		ssize_t	 r;

		if (want > READ_OCTETS)
			want = READ_OCTETS;
		if (want > 0 && (p = buf_extend(out, want)) == NULL)
			return buf_check(out, path, f);
		r = read(fd, p, want > 0 ? want : 1);
		if (want > 0)
			out->n -= want - (r > 0 ? (size_t)r : 0);
		if (r == 0)
			return true;
		if (r < 0 && errno != EINTR)
			return path_fault(f, "read", path);
		if (r > 0 && want == 0)
			return fault_set(f, FAULT_LIMIT, NULL,
			    "file \"%s\" is larger than %zu octets", path,
			    out->max);
	}
}

bool
file_read(const char *path, struct buf *out, struct fault *f)
{
	size_t	before = out->n;
	int	fd;
	bool	ok;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return path_fault(f, "open", path);
	ok = read_all(fd, path, out, f);
	if (!ok)
		out->n = before;
	close(fd);
	return ok;
}

static bool
write_all(int fd, struct view v)
{
	while (v.n > 0) {
		ssize_t	r = write(fd, v.p, v.n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		v = view_of(v.p + r, v.n - (size_t)r);
	}
	return true;
}

/* Ours alone: what else bears that name is put away, and never written to. */
static bool
temp_is_ours(int fd, const char *temp)
{
	struct stat	st, there;

	if (fstat(fd, &st) != 0 || lstat(temp, &there) != 0 || st.st_ino != there.st_ino ||
	    st.st_dev != there.st_dev)
		return false;		/* its writer has renamed it meanwhile */
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_nlink == 1)
		return true;
	(void)unlink(temp);
	return false;
}

/*
 * One name for every writer of a path: what a killed one left is written anew
 * by the next, instead of staying for ever.  The lock, which ends with its
 * holder, keeps two from writing at the same time.
 */
static int
temp_open(const char *temp)
{
	for (int i = 0; i < TEMP_TRIES; i++) {
		int	fd = open(temp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd == -1 && errno == ELOOP && unlink(temp) == 0)
			continue;
		if (fd == -1)
			return -1;
		if (flock(fd, LOCK_EX) == 0 && temp_is_ours(fd, temp) && ftruncate(fd, 0) == 0)
			return fd;
		close(fd);
	}
	errno = EBUSY;
	return -1;
}

/*
 * A durable file beside path; its name goes to temp (PATH_MAX).  *out is to be
 * closed, which lets the next writer in, once that name is another's or gone.
 */
static bool
temp_write(const char *path, struct view content, mode_t mode, char *temp, int *out,
    struct fault *f)
{
	int	n = snprintf(temp, PATH_MAX, "%s.new", path);

	if (n < 0 || n >= PATH_MAX)
		return fault_set(f, FAULT_LIMIT, NULL,
		    "path \"%s\" is too long", path);
	if ((*out = temp_open(temp)) == -1)
		return path_fault(f, "write", path);
	if (fchmod(*out, mode) == 0 && write_all(*out, content) && fsync(*out) == 0)
		return true;
	path_fault(f, "write", path);
	unlink(temp);
	close(*out);
	return false;
}

/* fsync the folder path lies in, so that its new name survives. */
static bool
parent_sync(const char *path, struct fault *f)
{
	char		 dir[PATH_MAX];
	const char	*slash = strrchr(path, '/');
	size_t		 n = slash == NULL ? 0 : (size_t)(slash - path);

	if (slash == NULL)
		return dir_sync(".", f);
	if (n == 0)
		return dir_sync("/", f);
	memcpy(dir, path, n);
	dir[n] = '\0';
	return dir_sync(dir, f);
}

bool
file_write(const char *path, struct view content, mode_t mode,
    struct fault *f)
{
	char	temp[PATH_MAX];
	int	fd;
	bool	ok;

	if (!temp_write(path, content, mode, temp, &fd, f))
		return false;
	ok = rename(temp, path) == 0 || path_fault(f, "write", path);
	if (!ok)
		unlink(temp);
	close(fd);
	return ok && parent_sync(path, f);
}

bool
file_create(const char *path, struct view content, mode_t mode,
    struct fault *f)
{
	char	temp[PATH_MAX];
	int	fd;
	bool	ok;

	if (!temp_write(path, content, mode, temp, &fd, f))
		return false;
	/* link(2), unlike rename(2), never replaces. */
	ok = link(temp, path) == 0 || path_fault(f, "create", path);
	unlink(temp);
	close(fd);
	return ok && parent_sync(path, f);
}

bool
file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool
dir_make(const char *path, mode_t mode, struct fault *f)
{
	char		part[PATH_MAX];
	struct stat	st;
	size_t		n = strlen(path);

	if (n == 0 || n >= sizeof(part))
		return fault_set(f, FAULT_LIMIT, NULL,
		    "path \"%s\" is empty or too long", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) == 0) {
			/* mkdir's mode passes through the umask. */
			if (chmod(part, mode) != 0)
				return path_fault(f, "make folder", part);
			continue;
		}
		if (errno != EEXIST)
			return path_fault(f, "make folder", part);
		if (stat(part, &st) != 0 || !S_ISDIR(st.st_mode))
			return fault_set(f, FAULT_CONFLICT, NULL,
			    "\"%s\" exists and is not a folder", part);
	}
	return true;
}

bool
dir_sync(const char *path, struct fault *f)
{
	int	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool	ok;

	if (fd == -1)
		return path_fault(f, "open folder", path);
	/* Some file systems cannot sync a folder and say so with EINVAL. */
	ok = fsync(fd) == 0 || errno == EINVAL ||
	    path_fault(f, "sync folder", path);
	close(fd);
	return ok;
}

/* Remove name in the open folder at, and everything below. */
static bool
remove_at(int at, const char *name, const char *path, int depth,
    struct fault *f)
{
	struct dirent	*e;
	DIR		*d = NULL;
	int		 fd;
	bool		 ok = true;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return path_fault(f, "remove", path);
	if (depth == 0)
		return fault_set(f, FAULT_LIMIT, NULL,
		    "folders below \"%s\" nest too deeply", path);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		path_fault(f, "remove", path);
		if (fd != -1)
			close(fd);
		return false;
	}
	while (ok && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			ok = remove_at(fd, e->d_name, path, depth - 1, f);
	}
	closedir(d);
	return ok && (unlinkat(at, name, AT_REMOVEDIR) == 0 ||
	    path_fault(f, "remove", path));
}

bool
dir_remove(const char *path, struct fault *f)
{
	return remove_at(AT_FDCWD, path, path, DIR_DEPTH_MAX, f);
}

/* --- destroying -------------------------------------------------------------------- */

static bool
overwrite(int fd)
{
	static const uint8_t	zero[512];
	struct stat		st;
	bool			ok = fstat(fd, &st) == 0;

	for (off_t at = 0; ok && at < st.st_size; at += (off_t)sizeof(zero))
		ok = pwrite(fd, zero, sizeof(zero), at) == (ssize_t)sizeof(zero);
	return ok && fsync(fd) == 0;
}

bool
file_destroy(const char *path, struct fault *f)
{
	int	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	bool	ok;

	if (fd == -1)
		return errno == ENOENT || path_fault(f, "open", path);
	ok = overwrite(fd);
	(void)close(fd);
	return (ok && unlink(path) == 0) || path_fault(f, "destroy", path);
}

bool
path_join(char *out, size_t n, const char *dir, const char *name,
    struct fault *f)
{
	size_t	len = strlen(dir);
	int	r;

	r = snprintf(out, n, "%s%s%s", dir,
	    len == 0 || dir[len - 1] == '/' ? "" : "/", name);
	if (r < 0 || (size_t)r >= n)
		return fault_set(f, FAULT_LIMIT, NULL,
		    "path \"%s/%s\" is longer than %zu octets", dir, name,
		    n == 0 ? 0 : n - 1);
	return true;
}

/* Who holds the lock, as the holder wrote it. */
static void
lock_busy(int fd, const char *path, struct fault *f)
{
	char	text[PID_TEXT_MAX];
	ssize_t	n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		n = 0;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fault_set(f, FAULT_BUSY, NULL,
	    "\"%s\" is locked by the process with pid %s", path,
	    text[0] == '\0' ? "unknown" : text);
}

int
file_lock(const char *path, struct fault *f)
{
	char	text[PID_TEXT_MAX];
	int	fd, n;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1) {
		path_fault(f, "open lock file", path);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			lock_busy(fd, path, f);
		else
			path_fault(f, "lock", path);
		close(fd);
		return -1;
	}
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
		path_fault(f, "write lock file", path);
		close(fd);
		return -1;
	}
	return fd;
}
