/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "net/client.h"
#include "net/url.h"
#include "peer/hints.h"

#define ARENA_MAX	(4u << 20)
#define LOOK_CONNECT_MS	5000
#define LOOK_TOTAL_MS	15000

void
hints_open(struct hints *h, const char *dir, const char *server)
{
	struct url	at;

	*h = (struct hints){ .dir = dir };
	if (!url_parse(view_str(server), &at, NULL) ||
	    !url_at(&at, HINT_PATH, h->url, sizeof(h->url)))
		h->url[0] = '\0';
}

static bool
path_of(const char *dir, char out[INSTALL_PATH_MAX], struct fault *f)
{
	return path_join(out, INSTALL_PATH_MAX, dir, HINTS_FILE, f);
}

/* Its age is not looked at: an old one still says what is older than it. */
static bool
read_kept(const char *dir, struct arena *a, struct cvp_hint *out)
{
	char		path[INSTALL_PATH_MAX];
	struct buf	b;
	struct view	copy = VIEW_NONE;

	buf_init(&b, HINT_OCTETS_MAX);
	if (path_of(dir, path, NULL) && file_read(path, &b, NULL))
		copy = arena_copy(a, buf_view(&b));
	buf_clear(&b);
	return copy.p != NULL && hint_open(copy, NULL, a, out, NULL);
}

bool
hints_load(const char *dir, int64_t now, struct arena *a, struct cvp_hint *out)
{
	return read_kept(dir, a, out) && hint_is_current(out, now);
}

static bool
judge(const char *dir, const struct credential *c, struct view octets, int64_t now,
    struct arena *a, bool *newer, struct fault *f)
{
	struct exchange_trust	trust = { .anchor = buf_view(&c->certs[c->n_certs - 1]),
		.now = now };
	struct cvp_hint		hint, held;
	bool			found = read_kept(dir, a, &held);

	return hint_open(octets, &trust, a, &hint, f) &&
	    hint_judge(&hint, found ? &held : NULL, now, newer, f);
}

bool
hints_take(const char *dir, struct view octets, int64_t now, bool *newer, struct fault *f)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct credential	 c;
	char			 path[INSTALL_PATH_MAX];
	bool			 ok;

	*newer = false;
	if (a == NULL)
		return arena_fault(f);
	if ((ok = credential_load(dir, false, &c, f))) {
		ok = judge(dir, &c, octets, now, a, newer, f);
		credential_clear(&c);
	}
	arena_free(a);
	return ok && (!*newer || (path_of(dir, path, f) && file_write(path, octets, 0644, f)));
}

bool
hints_fetch(struct hints *h, struct http_client *http, unsigned max_age, int64_t now,
    bool *newer, struct fault *f)
{
	struct http_result	r;
	struct fault		why = { 0 };
	struct buf		b;
	bool			ok;

	*newer = false;
	if (h->url[0] == '\0')
		return true;
	buf_init(&b, HINT_OCTETS_MAX);
	ok = http_get_changed(http, h->url, h->etag, max_age, &b, &r, &why);
	if (ok && r.status != 304) {
		ok = hints_take(h->dir, buf_view(&b), now, newer, &why);
		snprintf(h->etag, sizeof(h->etag), "%s", ok ? r.etag : "");
	}
	buf_clear(&b);
	if (ok || why.kind == FAULT_NOT_FOUND)	/* no hint was ever given */
		return true;
	if (f != NULL)
		*f = why;
	return false;
}

void
hints_look(const char *dir, const char *server, int64_t now)
{
	struct http_client_config	config = { .connect_ms = LOOK_CONNECT_MS,
		.total_ms = LOOK_TOTAL_MS, .tls_unverified = true };	/* the signature counts */
	struct http_client		*http = http_client_new(&config, NULL);
	struct hints			 h;
	struct fault			 f = { 0 };
	bool				 newer;

	hints_open(&h, dir, server);
	if (http != NULL && !hints_fetch(&h, http, 0, now, &newer, &f))
		log_line(LOG_LEVEL_DEBUG, "hint not fetched", "why=\"%s\"", f.text);
	http_client_free(http);
}
