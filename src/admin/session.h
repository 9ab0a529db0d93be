/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - what each of the Admin's commands begins and ends with.
 */
#ifndef ADMIN_SESSION_H
#define ADMIN_SESSION_H

#include "admin/home.h"
#include "admin/inventory.h"

struct session {
	const struct invocation	*in;
	struct admin		 a;
	struct arena		*arena;
	struct inventory	 inv;
	bool			 differs;	/* what was compared */
};

/*
 * Folder, inventory and the way to the PKI.  changes: the inventory will be
 * written, so nobody else may.
 */
MUST_CHECK bool session_open(struct session *s, const struct invocation *in, bool changes,
    struct fault *f);
void	session_close(struct session *s);

/* For the end of a command: f, if there is one, else code. */
int	session_end(struct session *s, const struct fault *f, int code);

#endif
