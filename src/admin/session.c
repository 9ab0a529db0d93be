/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/session.h"

#define SESSION_ARENA_MAX	(1u << 30)	/* inventory and answers of 100 000 devices */

bool
session_open(struct session *s, const struct invocation *in, bool changes, struct fault *f)
{
	memset(s, 0, sizeof(*s));
	s->in = in;
	if ((s->arena = arena_new(SESSION_ARENA_MAX)) == NULL)
		return arena_fault(f);
	return admin_start(in, &s->a, f) && (!changes || admin_lock(&s->a, f)) &&
	    inventory_load(s->a.dir, s->arena, &s->inv, f);
}

void
session_close(struct session *s)
{
	admin_close(&s->a);
	arena_free(s->arena);
	s->arena = NULL;
}

int
session_end(struct session *s, const struct fault *f, int code)
{
	if (f->kind != FAULT_NONE)
		code = command_fail(s->in, f, admin_help(s->in, f));
	session_close(s);
	return code;
}
