/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - the tables, and the steps from one version of them to the next.
 *
 * Private to src/store and its tests.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

/* SQL that leads from version i to i + 1; ends with NULL. */
extern const char *const schema_steps[];

/*
 * Bring st to the last version of steps, each step in one transaction with
 * its version number.  FAULT_REFUSED if it is newer already, or older and
 * st is read-only.
 */
MUST_CHECK bool schema_bring(struct store *st, const char *const *steps,
    struct fault *f);

#endif
