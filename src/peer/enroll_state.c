/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/text.h"
#include "peer/enroll_state.h"

#define FILE_VERSION	1
#define FILE_MAX	(1u << 20)	/* a message and a few certificates in base64 */

static const char *const step_names[ENROLL_STEPS] = {
	[ENROLL_NONE] = "none",
	[ENROLL_REQUEST] = "request",
	[ENROLL_POLL] = "poll",
	[ENROLL_CONFIRM] = "confirm",
	[ENROLL_REJECT] = "reject",
	[ENROLL_INSTALL] = "install",
	[ENROLL_DONE] = "done",
};

const char *
enroll_step_name(enum enroll_step s)
{
	return step_names[s];
}

void
enroll_state_init(struct enroll_state *s)
{
	memset(s, 0, sizeof(*s));
	s->folder = ENROLL_FOLDER;
	buf_init(&s->message, ENROLL_MESSAGE_MAX);
	buf_init(&s->wait.request, ENROLL_MESSAGE_MAX);
	for (size_t i = 0; i < ENROLL_CERTS_MAX; i++)
		buf_init(&s->certs[i], INSTALL_CERT_MAX);
}

void
enroll_state_clear(struct enroll_state *s)
{
	buf_clear(&s->message);
	buf_clear(&s->wait.request);
	for (size_t i = 0; i < ENROLL_CERTS_MAX; i++)
		buf_clear(&s->certs[i]);
	enroll_state_init(s);
}

/* --- the folder ------------------------------------------------------------------------- */

/*
 * Whoever may write there could give us a key he knows, or take ours: what is
 * another's, or everybody's, such as a folder in /tmp, is not used.
 */
static bool
check_folder(const char *dir, const char *inner, struct fault *f)
{
	struct stat	outside, inside;

	if (stat(dir, &outside) != 0 || lstat(inner, &inside) != 0)
		return fault_set(f, FAULT_IO, "", "could not look at \"%s\": %s", inner,
		    error_text(errno));
	if (!S_ISDIR(inside.st_mode) || (inside.st_uid != geteuid() &&
	    inside.st_uid != outside.st_uid && inside.st_uid != 0))
		return fault_set(f, FAULT_CONFLICT, "", "\"%s\" is no folder of this user", inner);
	if (((outside.st_mode | inside.st_mode) & S_IWOTH) != 0)
		return fault_set(f, FAULT_CONFLICT, "", "everybody may write in \"%s\": take a "
		    "folder of your own", (outside.st_mode & S_IWOTH) != 0 ? dir : inner);
	return true;
}

bool
enroll_folder(const char *dir, const char *folder, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), dir, folder, f) && dir_make(path, 0700, f) &&
	    check_folder(dir, path, f);
}

int
enroll_lock(const char *dir, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), dir, ENROLL_LOCK_FILE, f) ? file_lock(path, f) : -1;
}

static bool
path_of(const char *dir, const struct enroll_state *s, char out[INSTALL_PATH_MAX],
    struct fault *f)
{
	char	folder[INSTALL_PATH_MAX];

	return path_join(folder, sizeof(folder), dir, s->folder, f) &&
	    path_join(out, INSTALL_PATH_MAX, folder, ENROLL_STATE_NAME, f);
}

/* --- writing ------------------------------------------------------------------------ */

static json_t *
text_of_base64(struct view v)
{
	struct buf	 b;
	json_t		*j;

	buf_init(&b, FILE_MAX);
	base64_encode(v, 0, &b);
	buf_add_u8(&b, 0);
	j = buf_ok(&b) ? json_string((const char *)b.p) : NULL;
	buf_clear(&b);
	return j;
}

static json_t *
text_of_hex(struct view v)
{
	char	hex[2 * CMC_NONCE_MAX + 1];

	hex_encode(v, hex);
	return json_string(hex);
}

static json_t *
certs_of(const struct enroll_state *s)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < s->n_certs; i++)
		if (json_array_append_new(list, text_of_base64(buf_view(&s->certs[i]))) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* NULL: nothing waits, and the file is as it was before anything could. */
static json_t *
wait_of(const struct enroll_wait *w)
{
	if (w->n_token == 0)
		return NULL;
	return json_pack("{s:o, s:I, s:I, s:I, s:i, s:o}",
	    "token", text_of_hex(view_of(w->token, w->n_token)), "since", (json_int_t)w->since,
	    "not_before", (json_int_t)w->pend_at, "next", (json_int_t)w->poll_at,
	    "polls", (int)w->polls, "request", text_of_base64(buf_view(&w->request)));
}

static json_t *
state_to_json(const struct enroll_state *s)
{
	return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o*}",
	    "version", FILE_VERSION, "step", step_names[s->step], "id", s->id,
	    "ticket", text_of_hex(view_of(s->ticket, sizeof(s->ticket))),
	    "transaction", text_of_hex(view_of(s->x.id, sizeof(s->x.id))),
	    "sent", text_of_hex(view_of(s->x.sent, sizeof(s->x.sent))),
	    "received", text_of_hex(view_of(s->x.received, s->x.n_received)),
	    "rebuilt", s->rebuilt, "reason", s->reason,
	    "message", text_of_base64(buf_view(&s->message)),
	    "certs", certs_of(s), "wait", wait_of(&s->wait));
}

bool
enroll_state_save(const char *dir, const struct enroll_state *s, struct fault *f)
{
	char	 path[INSTALL_PATH_MAX];
	json_t	*j = state_to_json(s);
	char	*text = j == NULL ? NULL : json_dumps(j, JSON_INDENT(1));
	bool	 ok;

	json_decref(j);
	if (text == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	ok = path_of(dir, s, path, f) &&
	    file_write(path, view_str(text), 0600, f);
	free(text);
	return ok;
}

/* --- reading ------------------------------------------------------------------------- */

/* The texts of the file, lent by the JSON tree. */
struct texts {
	const char	*step, *id, *ticket, *transaction, *sent, *received, *reason, *message;
	json_t		*certs, *wait;
	int		 version, rebuilt;
};

static bool
read_hex(const char *text, uint8_t *out, size_t want)
{
	size_t	n;

	return hex_decode(text, out, want, &n) && n == want;
}

static bool
read_step(const char *text, enum enroll_step *out)
{
	for (size_t i = 0; i < ENROLL_STEPS; i++)
		if (strcmp(text, step_names[i]) == 0) {
			*out = (enum enroll_step)i;
			return true;
		}
	return false;
}

static bool
read_certs(const json_t *list, struct enroll_state *s)
{
	s->n_certs = json_array_size(list);
	if (!json_is_array(list) || s->n_certs > ENROLL_CERTS_MAX)
		return false;
	for (size_t i = 0; i < s->n_certs; i++) {
		const char	*text = json_string_value(json_array_get(list, i));

		if (text == NULL || !base64_decode(view_str(text), &s->certs[i]) ||
		    s->certs[i].n == 0 || !buf_ok(&s->certs[i]))
			return false;
	}
	return true;
}

static bool
read_wait(json_t *j, struct enroll_wait *w)
{
	const char	*token, *request;
	json_int_t	 since, pend_at, poll_at;
	int		 polls;

	if (j == NULL)
		return true;
	if (json_unpack(j, "{s:s, s:I, s:I, s:I, s:i, s:s !}", "token", &token, "since", &since,
	    "not_before", &pend_at, "next", &poll_at, "polls", &polls, "request", &request) != 0)
		return false;
	w->since = since;
	w->pend_at = pend_at;
	w->poll_at = poll_at;
	w->polls = polls < 0 ? 0 : (unsigned)polls;
	return hex_decode(token, w->token, sizeof(w->token), &w->n_token) && w->n_token > 0 &&
	    base64_decode(view_str(request), &w->request) && buf_ok(&w->request);
}

/* Each step has what it needs. */
static bool
is_whole(const struct enroll_state *s)
{
	switch (s->step) {
	case ENROLL_REQUEST:
		return s->message.n > 0;
	case ENROLL_POLL:
		return s->message.n > 0 && s->wait.request.n > 0 && s->x.n_received > 0;
	case ENROLL_CONFIRM:
	case ENROLL_REJECT:
		return s->message.n > 0 && s->n_certs >= 2 && s->x.n_received > 0;
	case ENROLL_INSTALL:
		return s->n_certs >= 2;
	default:
		return true;
	}
}

static bool
read_texts(const struct texts *t, struct enroll_state *s)
{
	s->rebuilt = t->rebuilt;
	if (t->version != FILE_VERSION || !read_step(t->step, &s->step) ||
	    strlen(t->id) >= sizeof(s->id) || strlen(t->reason) >= sizeof(s->reason))
		return false;
	strcpy(s->id, t->id);
	strcpy(s->reason, t->reason);
	return read_hex(t->ticket, s->ticket, sizeof(s->ticket)) &&
	    read_hex(t->transaction, s->x.id, sizeof(s->x.id)) &&
	    read_hex(t->sent, s->x.sent, sizeof(s->x.sent)) &&
	    hex_decode(t->received, s->x.received, sizeof(s->x.received), &s->x.n_received) &&
	    base64_decode(view_str(t->message), &s->message) && buf_ok(&s->message) &&
	    read_certs(t->certs, s) && read_wait(t->wait, &s->wait) && is_whole(s);
}

static bool
state_from_text(struct view text, struct enroll_state *s)
{
	struct texts	 t = { 0 };
	json_t		*j = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES,
	    NULL);
	bool		 ok;

	ok = j != NULL && json_unpack(j,
	    "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:o, s?o !}",
	    "version", &t.version, "step", &t.step, "id", &t.id, "ticket", &t.ticket,
	    "transaction", &t.transaction, "sent", &t.sent, "received", &t.received,
	    "rebuilt", &t.rebuilt, "reason", &t.reason, "message", &t.message,
	    "certs", &t.certs, "wait", &t.wait) == 0 && read_texts(&t, s);
	json_decref(j);
	return ok;
}

bool
enroll_state_load(const char *dir, struct enroll_state *s, struct fault *f)
{
	char		path[INSTALL_PATH_MAX];
	struct buf	text;
	bool		ok;

	if (!path_of(dir, s, path, f))
		return false;
	if (!file_exists(path))
		return true;
	buf_init(&text, FILE_MAX);
	ok = file_read(path, &text, f);
	if (ok && !state_from_text(buf_view(&text), s))
		ok = fault_set(f, FAULT_MALFORMED, "", "\"%s\" is damaged: move the folder "
		    "\"%s/%s\" away%s", path, dir, s->folder,
		    strcmp(s->folder, ENROLL_FOLDER) == 0 ? " and enrol with a new ticket" : "");
	buf_clear(&text);
	return ok;
}
