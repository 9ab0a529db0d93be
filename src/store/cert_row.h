/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_row.h - the columns of a certificate, read in one place.
 *
 * Private to src/store.
 */
#ifndef STORE_CERT_ROW_H
#define STORE_CERT_ROW_H

#include "store/db.h"
#include "store/store_authz.h"
#include "store/store_cert.h"

/* A query adds body and deed, or NULL for both, as the last columns. */
#define CERT_COLUMNS \
	"cert.n, state, ca, authz, template, prev, not_before, not_after," \
	" created, confirmed_at, retire_at, revoked_at, reason, invalidity," \
	" serial, spki_hash, sha1, subject, identity"

void	cert_row_read(struct query *q, struct arena *a, struct store_cert *out);

/* Certificate n got its hash; and forget all hashes. */
MUST_CHECK bool cert_hash_issued(struct store *st, int64_t n,
    const uint8_t *sha1, struct fault *f);
void	cert_hash_clear(struct store *st);

/* "fqdn:gw1.example": the kind, and the value behind the colon; else 0 and all of it. */
enum store_name_kind name_kind_prefix(const char *text, const char **value);

#endif
