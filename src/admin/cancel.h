/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cancel.h - the cancellation of unused authorizations, for other commands.
 */
#ifndef ADMIN_CANCEL_H
#define ADMIN_CANCEL_H

#include "admin/session.h"
#include "admin/targets.h"

/*
 * Cancel, result, acknowledgement, and the inventory is on disk.  Those that
 * are over already are done.  FAULT_CONFLICT: one of them was refused.
 */
MUST_CHECK bool cancel_targets(struct session *s, const struct target *v, size_t n,
    struct fault *f);

/* One that nobody has a ticket of. */
struct cancelled {
	const char	*id;
	struct view	 receipt;	/* filled in: the PKI's, in the arena; empty: it was over */
};

/* The same by ids that are in the inventory. */
MUST_CHECK bool cancel_unused(struct admin *a, struct inventory *inv, struct arena *arena,
    struct cancelled *v, size_t n, struct fault *f);

#endif
