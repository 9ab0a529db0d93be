/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/tickets.h"
#include "base/file.h"
#include "base/text.h"
#include "message/ticket.h"

static bool
failed(const struct ticket_folder *t, const char *what, const char *name, struct fault *f)
{
	return fault_set(f, FAULT_IO, "", "could not %s %s/%s: %s", what, t->path, name,
	    error_text(errno));
}

bool
tickets_open(struct ticket_folder *t, const char *path, size_t max, struct arena *a,
    struct fault *f)
{
	*t = (struct ticket_folder){ .a = a, .path = path, .fd = -1, .max = max };
	if ((t->v = arena_array(a, max + 1, sizeof(*t->v))) == NULL)
		return arena_fault(f);
	if (!dir_make(path, 0700, f))
		return false;
	t->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t->fd != -1 || failed(t, "open", "", f);
}

void
tickets_close(struct ticket_folder *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

static bool
write_all(int fd, struct view v)
{
	while (v.n > 0) {
		ssize_t	n = write(fd, v.p, v.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		v = view_of(v.p + n, v.n - (size_t)n);
	}
	return true;
}

bool
tickets_add(struct ticket_folder *t, const char *name, const char *id, struct view text,
    struct fault *f)
{
	struct ticket_file	*file = &t->v[t->n];
	int			 fd;
	bool			 ok;

	if (t->n == t->max)
		return fault_set(f, FAULT_INTERNAL, "", "more tickets than announced");
	file->name = arena_printf(t->a, "%s.ticket", name);
	file->fresh = arena_printf(t->a, ".%s.ticket.new", name);
	file->id = arena_str(t->a, view_str(id));
	if (file->name == NULL || file->fresh == NULL || file->id == NULL)
		return arena_fault(f);
	/* What a crash left behind is of no use to anybody. */
	if (unlinkat(t->fd, file->fresh, 0) != 0 && errno != ENOENT)
		return failed(t, "remove", file->fresh, f);
	fd = openat(t->fd, file->fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return failed(t, "create", file->fresh, f);
	t->n++;
	ok = write_all(fd, text);
	if (close(fd) != 0 || !ok)
		return failed(t, "write", file->fresh, f);
	return true;
}

/* Is there a ticket of the same authorization, or of one that is over? */
static bool
may_replace(const struct ticket_folder *t, const char *name, const char *id)
{
	char		path[4096];
	struct ticket	old;
	struct buf	text;
	struct fault	why = { 0 };
	bool		same = false;

	buf_init(&text, TICKET_FILE_MAX);
	if (path_join(path, sizeof(path), t->path, name, &why) && file_read(path, &text, &why) &&
	    ticket_read(buf_view(&text), &old, &why)) {
		same = strcmp(old.id, id) == 0 ||
		    (t->is_over != NULL && t->is_over(t->ctx, old.id));
		ticket_clear(&old);
	}
	if (text.p != NULL)
		secret_wipe(text.p, text.n);
	buf_clear(&text);
	return same;
}

static bool
put_in_place(struct ticket_folder *t, struct ticket_file *file, struct fault *f)
{
	if (renameat2(t->fd, file->fresh, t->fd, file->name, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EEXIST)
		return failed(t, "rename to", file->name, f);
	if (!may_replace(t, file->name, file->id)) {
		size_t	n = strlen(file->name) - strlen(".ticket");

		file->name = arena_printf(t->a, "%.*s-%s.ticket", (int)n, file->name, file->id);
		if (file->name == NULL)
			return arena_fault(f);
	}
	return renameat(t->fd, file->fresh, t->fd, file->name) == 0 ||
	    failed(t, "rename to", file->name, f);
}

bool
tickets_commit(struct ticket_folder *t, struct fault *f)
{
	if (syncfs(t->fd) != 0)
		return failed(t, "flush", "", f);
	for (size_t i = 0; i < t->n; i++)
		if (!put_in_place(t, &t->v[i], f))
			return false;
	return fsync(t->fd) == 0 || failed(t, "flush", "", f);
}
