/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authz_row.h - the columns of an authorization, read in one place.
 *
 * Private to src/store.
 */
#ifndef STORE_AUTHZ_ROW_H
#define STORE_AUTHZ_ROW_H

#include "store/db.h"
#include "store/store_authz.h"

#define AUTHZ_COLUMNS \
	"n, state, id, admin, batch, template, entry_id, window_from," \
	" window_to, confirm_within, replaces, created, epoch, held, cert," \
	" successor, confirm_by, renewals, updates, request, failed_proofs," \
	" event_at, last_failure, changed, content_digest, spki_hash, receipt, sealed," \
	" sealed_cancel, label, sans, subject, terms"

void	authz_row_read(struct query *q, struct arena *a, struct store_authz *out);

#endif
