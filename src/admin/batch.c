/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/batch.h"
#include "base/file.h"
#include "base/text.h"

#define PATH_SIZE	2048
#define PLAN_MAX	4096
#define HALF_MADE	"new"		/* one place, so that a crash leaves no more than one */

static const char *const state_names[] = { "sent", "delivered", "done" };

/* DIR/batches/NAME[/FILE] */
static bool
path_of(char out[PATH_SIZE], const char *dir, const char *name, const char *file,
    struct fault *f)
{
	int	n = snprintf(out, PATH_SIZE, "%s/batches%s%s%s%s", dir, name[0] != '\0' ? "/" : "",
		    name, file[0] != '\0' ? "/" : "", file);

	return (n > 0 && n < PATH_SIZE) || fault_set(f, FAULT_LIMIT, "", "the folder's name is "
	    "too long");
}

/* --- plan ---------------------------------------------------------------------------- */

static void
put_plan(const struct batch *b, struct buf *out)
{
	char	created[32], until[32];

	date_format(b->created, created);
	date_format(b->not_after, until);
	buf_addf(out, "state: %s\ntemplate: %s\npreset: %s\nkey: %s\nout: %s\ncreated: %s\n"
	    "not-after: %s\nentries: %zu\ngranted: %zu\nfailed: %zu\nack: %s\n"
	    "renew-key: %s\nrenew-last: %zu\nrelay: %s\n",
	    state_names[b->state], b->template, b->preset, b->key, b->out, created, until,
	    b->entries, b->granted, b->failed, b->ack, b->renew_key, b->renew_last,
	    b->relay);
}

static bool
set_number(const char *key, const char *value, size_t *out, struct fault *f)
{
	int64_t	n;

	if (!number_parse(key, value, 0, 1000000, &n, f))
		return false;
	*out = (size_t)n;
	return true;
}

static bool
set_word(char *out, size_t size, const char *key, const char *value, struct fault *f)
{
	return snprintf(out, size, "%s", value) < (int)size ||
	    fault_set(f, FAULT_LIMIT, "", "%s is too long", key);
}

static bool
set_state(struct batch *b, const char *value, struct fault *f)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(value, state_names[i]) == 0) {
			b->state = (enum batch_state)i;
			return true;
		}
	return fault_set(f, FAULT_MALFORMED, "", "unknown state \"%s\"", value);
}

static bool
set_key(struct batch *b, const char *key, const char *value, struct fault *f)
{
	if (strcmp(key, "state") == 0)
		return set_state(b, value, f);
	if (strcmp(key, "template") == 0)
		return set_word(b->template, sizeof(b->template), key, value, f);
	if (strcmp(key, "preset") == 0)
		return set_word(b->preset, sizeof(b->preset), key, value, f);
	if (strcmp(key, "out") == 0)
		return set_word(b->out, sizeof(b->out), key, value, f);
	if (strcmp(key, "relay") == 0)
		return set_word(b->relay, sizeof(b->relay), key, value, f);
	if (strcmp(key, "key") == 0)
		return set_word(b->key, sizeof(b->key), key, value, f);
	if (strcmp(key, "renew-key") == 0)
		return set_word(b->renew_key, sizeof(b->renew_key), key, value, f);
	if (strcmp(key, "renew-last") == 0)
		return set_number(key, value, &b->renew_last, f);
	if (strcmp(key, "ack") == 0)
		return set_word(b->ack, sizeof(b->ack), key, value, f);
	if (strcmp(key, "entries") == 0)
		return set_number(key, value, &b->entries, f);
	if (strcmp(key, "granted") == 0)
		return set_number(key, value, &b->granted, f);
	if (strcmp(key, "failed") == 0)
		return set_number(key, value, &b->failed, f);
	if (strcmp(key, "created") == 0 || strcmp(key, "not-after") == 0)
		return date_parse(value, key[0] == 'c' ? &b->created : &b->not_after) ||
		    fault_set(f, FAULT_MALFORMED, "", "%s: \"%s\" is no date", key, value);
	return fault_set(f, FAULT_MALFORMED, "", "unknown key \"%s\"", key);
}

static bool
read_plan(char *text, struct batch *b, struct fault *f)
{
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
		char	*colon = strstr(line, ": ");

		if (line[0] == '\0')
			continue;
		if (colon == NULL)
			return fault_set(f, FAULT_MALFORMED, "", "\"%s\" is no key: value", line);
		*colon = '\0';
		if (!set_key(b, line, colon + 2, f))
			return false;
	}
	return true;
}

static bool
load_plan(const char *dir, const char *name, struct batch *out, struct fault *f)
{
	char		path[PATH_SIZE];
	struct buf	text;
	size_t		n = 0;
	bool		ok;

	*out = (struct batch){ 0 };
	if (!hex_decode(name, out->id, sizeof(out->id), &n) || n != sizeof(out->id))
		return fault_set(f, FAULT_MALFORMED, "", "batches/%s is no batch", name);
	snprintf(out->hex, sizeof(out->hex), "%s", name);
	buf_init(&text, PLAN_MAX);
	ok = path_of(path, dir, name, "plan", f) && file_read(path, &text, f);
	buf_add_u8(&text, '\0');
	ok = ok && buf_check(&text, "plan", f) &&
	    (read_plan((char *)text.p, out, f) || fault_within(f, "%s", path));
	buf_clear(&text);
	return ok;
}

/* --- finding -------------------------------------------------------------------------- */

static int
by_age(const void *a, const void *b)
{
	const struct batch	*x = a, *y = b;

	return (x->created > y->created) - (x->created < y->created);
}

bool
batches_unfinished(const char *dir, struct batch *out, size_t *n, struct fault *f)
{
	char		 path[PATH_SIZE];
	struct dirent	*e;
	DIR		*d;
	bool		 ok = true;

	*n = 0;
	if (!path_of(path, dir, "", "", f))
		return false;
	if ((d = opendir(path)) == NULL)
		return errno == ENOENT || fault_set(f, FAULT_IO, "", "could not open folder %s: %s",
		    path, error_text(errno));
	while (ok && (e = readdir(d)) != NULL) {
		/* HALF_MADE is none yet */
		if (strlen(e->d_name) != 2 * BATCH_ID_OCTETS)
			continue;
		ok = load_plan(dir, e->d_name, &out[*n], f);
		if (ok && out[*n].state != BATCH_DONE && ++*n == BATCHES_MAX)
			break;
	}
	closedir(d);
	qsort(out, *n, sizeof(*out), by_age);
	return ok;
}

/* --- storing --------------------------------------------------------------------------- */

void
batch_begin(struct batch *b, const struct rng *rng)
{
	rng_fill(rng, b->id, sizeof(b->id));
	hex_encode(view_of(b->id, sizeof(b->id)), b->hex);
	b->state = BATCH_SENT;
}

static bool
write_plan(const char *dir, const char *name, const struct batch *b, struct fault *f)
{
	char		path[PATH_SIZE];
	struct buf	text;
	bool		ok;

	buf_init(&text, PLAN_MAX);
	put_plan(b, &text);
	ok = buf_check(&text, "plan", f) && path_of(path, dir, name, "plan", f) &&
	    file_write(path, buf_view(&text), 0600, f);
	buf_clear(&text);
	return ok;
}

bool
batch_create(const char *dir, const struct batch *b, struct view request, struct view list,
    struct fault *f)
{
	char	from[PATH_SIZE], to[PATH_SIZE], path[PATH_SIZE];

	if (!path_of(from, dir, HALF_MADE, "", f) || !path_of(to, dir, b->hex, "", f) ||
	    (file_exists(from) && !dir_remove(from, f)) || !dir_make(from, 0700, f) ||
	    !path_of(path, dir, HALF_MADE, "request.der", f) ||
	    !file_write(path, request, 0600, f) ||
	    !path_of(path, dir, HALF_MADE, "devices.csv", f) ||
	    !file_write(path, list, 0600, f) || !write_plan(dir, HALF_MADE, b, f))
		return false;
	if (rename(from, to) != 0)
		return fault_set(f, FAULT_IO, "", "could not rename %s: %s", from,
		    error_text(errno));
	return path_of(path, dir, "", "", f) && dir_sync(path, f) && dir_sync(dir, f);
}

bool
batch_update(const char *dir, const struct batch *b, struct fault *f)
{
	return write_plan(dir, b->hex, b, f);
}

bool
batch_request(const char *dir, const struct batch *b, struct buf *out, struct fault *f)
{
	char	path[PATH_SIZE];

	return path_of(path, dir, b->hex, "request.der", f) && file_read(path, out, f);
}

bool
batch_list(const char *dir, const struct batch *b, struct buf *out, struct fault *f)
{
	char	path[PATH_SIZE];

	return path_of(path, dir, b->hex, "devices.csv", f) && file_read(path, out, f);
}

static bool
remove_file(const char *dir, const struct batch *b, const char *name, struct fault *f)
{
	char	path[PATH_SIZE];

	if (!path_of(path, dir, b->hex, name, f))
		return false;
	return unlink(path) == 0 || errno == ENOENT || fault_set(f, FAULT_IO, "",
	    "could not remove %s: %s", path, error_text(errno));
}

bool
batch_end(const char *dir, struct batch *b, struct fault *f)
{
	b->state = BATCH_DONE;
	return batch_update(dir, b, f) && remove_file(dir, b, "request.der", f) &&
	    remove_file(dir, b, "devices.csv", f);
}

bool
batch_drop(const char *dir, const struct batch *b, struct fault *f)
{
	char	path[PATH_SIZE];

	return path_of(path, dir, b->hex, "", f) && dir_remove(path, f);
}
