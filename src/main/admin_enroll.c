/* SPDX-License-Identifier: Apache-2.0 */
/* The Peer's enrolment into an Admin's folder. */
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "main/admin_enroll.h"
#include "peer/reach.h"

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

bool
admin_enroll_over_http(const struct ticket *t, const char *dir, struct enroll_report *r,
    struct fault *f)
{
	struct reach_http	h;
	struct transport	way;
	bool			ok;

	if (!reach_http_open(&h, t->url, NULL, f))
		return false;
	way = reach_http(&h);
	ok = enroll(t, dir, &way, (int64_t)time(NULL), r, f);
	reach_http_close(&h);
	return ok;
}
