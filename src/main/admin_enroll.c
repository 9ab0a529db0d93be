/* SPDX-License-Identifier: Apache-2.0 */
/* admin enroll: the Peer's enrolment into an Admin's folder. */
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "base/file.h"
#include "main/admin_enroll.h"
#include "main/commands.h"
#include "peer/enroll.h"
#include "peer/reach.h"
#include "peer/ticket_load.h"

static bool
enroll(const struct ticket *t, const char *dir, const struct transport *way, int64_t now,
    struct enroll_report *r, struct fault *f)
{
	struct enroll	q = {
		.dir = dir, .ticket = t, .transport = *way, .rng = rng_system(), .now = now,
	};
	char		path[1024], url[600];

	if (strcmp(t->template, "admin") != 0)
		return fault_set(f, FAULT_REFUSED, "", "this ticket is for template \"%s\", "
		    "not for an Admin", t->template);
	snprintf(url, sizeof(url), "url: %s\n", t->url);
	return enroll_run(&q, r, f) && path_join(path, sizeof(path), dir, "admin.url", f) &&
	    file_write(path, view_str(url), 0644, f);
}

bool
admin_enroll_ticket(struct view text, const char *dir, const struct transport *way,
    int64_t now, struct fault *f)
{
	struct enroll_report	r;
	struct ticket		t;
	bool			ok;

	if (!ticket_read(text, &t, f))
		return false;
	ok = enroll(&t, dir, way, now, &r, f);
	ticket_clear(&t);
	return ok;
}

static bool
over_http(const struct ticket *t, const char *dir, struct enroll_report *r, struct fault *f)
{
	struct reach_http	h;
	struct transport	way;
	bool			ok;

	if (!reach_http_open(&h, t->url, f))
		return false;
	way = reach_http(&h);
	ok = enroll(t, dir, &way, (int64_t)time(NULL), r, f);
	reach_http_close(&h);
	return ok;
}

static void
print_json(const char *dir, const struct enroll_report *r)
{
	json_t	*o = json_pack("{s:s, s:s}", "dir", dir, "serial", r->serial);

	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int
run(const struct invocation *in)
{
	const char		*dir = option_value(in, "dir");
	struct enroll_report	 r = { 0 };
	struct ticket		 t = { 0 };
	struct fault		 f = { 0 };
	bool			 ok;

	ok = ticket_load_argument(in->args[0], &t, &f);
	if (ok) {
		ok = over_http(&t, dir, &r, &f);
		ticket_clear(&t);
	}
	if (!ok)
		return command_fail(in, &f, f.kind == FAULT_BUSY ? "the same command again: it goes "
		    "on where it stopped" : NULL);
	if (in->json)
		print_json(dir, &r);
	else if (!in->quiet)
		printf("%s %s in %s\nnext:\n  pki4ipsec admin template --dir %s\n",
		    r.already ? "already enrolled as" : "enrolled as", r.identity, dir, dir);
	return EXIT_DONE;
}

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec/admin", "folder of the Admin's credential" },
	{ 0 },
};

const struct command cmd_admin_enroll = {
	.group = "admin", .name = "enroll", .args = "TICKET", .min_args = 1, .max_args = 1,
	.help = "get an Admin's credential with a ticket",
	.options = options, .run = run,
};
