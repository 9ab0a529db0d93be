/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin events: what happened since the last time.
 *
 * DIR/events.cursor says how far events have been read; it moves only after
 * they were printed, so each is seen at least once (RFC 4809, 3.4.11).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include <jansson.h>

#include "admin/commands.h"
#include "admin/session.h"
#include "base/file.h"
#include "base/text.h"
#include "codec/cert.h"
#include "codec/cvp.h"

#define CURSOR_FILE	"events.cursor"
#define PAGE_EVENTS	500
#define PAGE_OCTETS	(64u << 20)
#define FOLLOW_MS	2000
#define INVENTORY_ARENA_MAX (1u << 30)

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "all", NULL, NULL, "from the beginning, and leave the cursor where it is" },
	{ "follow", NULL, NULL, "go on with what happens from now, until interrupted" },
	{ 0 },
};

struct reader {
	struct session	*s;
	uint8_t		 cursor[CVP_CURSOR_MAX];
	size_t		 n_cursor;
	bool		 keeps;		/* the cursor's file moves along */
	struct arena	*names;		/* of the inventory; it grows while we follow */
	struct inventory inv;
	size_t		 shown;
};

static volatile sig_atomic_t	interrupted;

static void
on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* --- the cursor ------------------------------------------------------------------------ */

static bool
load_cursor(struct reader *r, struct fault *f)
{
	char		path[ADMIN_PATH_MAX];
	struct buf	text;
	bool		ok;

	if (!path_join(path, sizeof(path), r->s->a.dir, CURSOR_FILE, f))
		return false;
	if (!r->keeps || !file_exists(path))
		return true;
	buf_init(&text, 2 * CVP_CURSOR_MAX + 2);
	ok = file_read(path, &text, f);
	while (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	buf_add_u8(&text, '\0');
	ok = ok && buf_check(&text, CURSOR_FILE, f) && (hex_decode((const char *)text.p,
	    r->cursor, sizeof(r->cursor), &r->n_cursor) || fault_set(f, FAULT_MALFORMED, "",
	    "%s is damaged: remove it, and all events come again", path));
	buf_clear(&text);
	return ok;
}

static bool
save_cursor(const struct reader *r, struct fault *f)
{
	char	path[ADMIN_PATH_MAX], hex[2 * CVP_CURSOR_MAX + 2];

	if (!r->keeps)
		return true;
	hex_encode(view_of(r->cursor, r->n_cursor), hex);
	strcat(hex, "\n");
	return path_join(path, sizeof(path), r->s->a.dir, CURSOR_FILE, f) &&
	    file_write(path, view_str(hex), 0600, f);
}

/* --- showing --------------------------------------------------------------------------- */

/* What the PKI adds to the code. */
static void
detail_of(const struct cvp_event *e, char *out, size_t n)
{
	text_escape(e->failure != NULL ? e->failure->detail : VIEW_NONE, 0, out, n);
}

/* Code 0 stands beside the words of a Peer, which has none. */
static bool
has_code(const struct cvp_event *e)
{
	return e->failure != NULL && e->failure->code != 0;
}

static void
print_json(const struct cvp_event *e, const struct known *k, const char *id,
    const char *serial)
{
	char	when[32], detail[FAULT_TEXT_MAX];
	json_t	*o;

	date_format(e->time, when);
	detail_of(e, detail, sizeof(detail));
	o = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "time", when, "event",
	    cvp_event_name(e->kind), "kind", (int)e->kind, "id", id, "name",
	    k != NULL ? k->d.name : "", "serial", serial, "failure",
	    has_code(e) ? cvp_code_name(e->failure->code) : "", "detail", detail);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void
print_text(const struct cvp_event *e, const struct known *k, const char *id,
    const char *serial)
{
	char	when[32], name[FAULT_TEXT_MAX], detail[FAULT_TEXT_MAX];

	date_format(e->time, when);
	detail_of(e, detail, sizeof(detail));
	text_escape(view_str(k == NULL ? id : k->d.label[0] != '\0' ? k->d.label : k->d.name), 0,
	    name, sizeof(name));
	printf("%s  %-18s %s", when, cvp_event_name(e->kind), name);
	if (serial[0] != '\0')
		printf("  certificate %s", serial);
	if (e->failure != NULL)
		printf("  %s", detail[0] != '\0' ? detail : cvp_code_text(e->failure->code));
	putchar('\n');
}

static void
show(struct reader *r, const struct cvp_event *e)
{
	const struct known	*k = e->id.n > 0 ? inventory_by_id(&r->inv, e->id) : NULL;
	char			 id[CVP_ID_MAX + 1], serial[64] = "";
	struct view		 m;

	text_escape(e->id, 0, id, sizeof(id));
	if (e->cert != NULL && (m = serial_magnitude(e->cert->serial)).n * 2 < sizeof(serial))
		hex_encode(m, serial);
	if (r->s->in->json)
		print_json(e, k, id, serial);
	else
		print_text(e, k, id, serial);
	r->shown++;
}

/* --- reading ----------------------------------------------------------------------------- */

/* Devices that were authorized since have names, too. */
static bool
learn_names(struct reader *r, const struct cvp_event_report *page, struct fault *f)
{
	bool	known = true;

	for (size_t i = 0; i < page->n_events && known; i++)
		known = page->events[i].id.n == 0 ||
		    inventory_by_id(&r->inv, page->events[i].id) != NULL;
	if (known)
		return true;
	arena_reset(r->names);
	return inventory_load(r->s->a.dir, r->names, &r->inv, f);
}

static bool
take_page(struct reader *r, const struct cvp_event_report *page, struct fault *f)
{
	if (!learn_names(r, page, f))
		return false;
	for (size_t i = 0; i < page->n_events; i++)
		show(r, &page->events[i]);
	if (fflush(stdout) != 0)
		return fault_set(f, FAULT_IO, "", "could not print events: %s", error_text(errno));
	if (page->cursor.n == 0 || view_equal(page->cursor, view_of(r->cursor, r->n_cursor)))
		return true;
	memcpy(r->cursor, page->cursor.p, page->cursor.n);
	r->n_cursor = page->cursor.n;
	return save_cursor(r, f);
}

static bool
read_page(struct reader *r, bool *more, struct fault *f)
{
	struct cvp_event_query	 q = {
		.cursor = view_of(r->cursor, r->n_cursor), .max = { true, PAGE_EVENTS },
	};
	struct arena		*arena = arena_new(PAGE_OCTETS);
	struct cvp_event_report	 page;
	struct view		 value;
	struct buf		 der;
	bool			 ok;

	if (arena == NULL)
		return arena_fault(f);
	buf_init(&der, 1024);
	cvp_put_event_query(&der, &q);
	ok = admin_ask_one(&r->s->a, CVP_EVENT_QUERY, buf_view(&der), CVP_EVENT_REPORT, arena,
	    &value, f) && cvp_event_report_decode(value, arena, &page, f) &&
	    take_page(r, &page, f);
	*more = ok && page.more;
	buf_clear(&der);
	arena_free(arena);
	return ok;
}

static bool
read_all(struct reader *r, struct fault *f)
{
	bool	more = true;

	while (more && !interrupted)
		if (!read_page(r, &more, f))
			return false;
	return true;
}

/* A PKI that is away for a while is waited for. */
static bool
follow(struct reader *r, struct fault *f)
{
	struct sigaction	act = { .sa_handler = on_signal };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	while (!interrupted) {
		poll(NULL, 0, FOLLOW_MS);
		r->s->a.now = (int64_t)time(NULL);
		if (!interrupted && !read_all(r, f) && f->kind != FAULT_BUSY)
			return false;
		fault_clear(f);
	}
	return true;
}

static bool
go(struct reader *r, const struct invocation *in, struct fault *f)
{
	r->keeps = !option_given(in, "all");
	if ((r->names = arena_new(INVENTORY_ARENA_MAX)) == NULL)
		return arena_fault(f);
	r->inv.a = r->names;
	if ((r->keeps && !admin_lock_events(&r->s->a, f)) || !load_cursor(r, f) || !read_all(r, f))
		return false;
	if (option_given(in, "follow"))
		return follow(r, f);
	if (r->shown == 0 && !in->json && !in->quiet)
		printf("no events%s\n", r->keeps && r->n_cursor > 0 ? " since the last time; --all "
		    "shows the old ones" : "");
	return true;
}

static int
run(const struct invocation *in)
{
	struct session	s;
	struct reader	r = { .s = &s };
	struct fault	f = { 0 };

	interrupted = 0;
	if (session_open(&s, in, false, &f))
		(void)!go(&r, in, &f);
	arena_free(r.names);
	return session_end(&s, &f, EXIT_DONE);
}

const struct command cmd_admin_events = {
	.group = "admin", .name = "events", .args = "",
	.help = "what happened since the last time",
	.options = options, .run = run,
};
