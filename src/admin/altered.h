/* SPDX-License-Identifier: Apache-2.0 */
/*
 * altered.h - what was to be exact and was granted with less: whoever wants all
 * or nothing gives it back (RFC 4809, 3.2.5).
 */
#ifndef ADMIN_ALTERED_H
#define ADMIN_ALTERED_H

#include "admin/authorization.h"

#define KNOWN_ALTERED	"altered"	/* in the inventory: without a ticket, to be cancelled */

/*
 * Cancel those of this batch, and say so in their outcomes.  The inventory has
 * what is to be cancelled and what cancels it: a next run goes on with it.
 */
MUST_CHECK bool altered_give_back(struct authorization *z, struct fault *f);

#endif
