/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_cert.h"

bool
store_change_insert(struct store *st, const struct store_change *c, struct fault *f)
{
	static const char	sql[] =
	    "INSERT INTO change (cert, kind, request) VALUES (?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, c->cert);
	db_int(&q, c->kind);
	db_blob_or_null(&q, c->request);
	return db_run(&q, f);
}

bool
store_change_find(struct store *st, int64_t cert, struct arena *a,
    struct store_change *out, struct fault *f)
{
	static const char	sql[] =
	    "SELECT cert, kind, request FROM change WHERE cert = ?";
	struct query		q;
	bool			row;

	*out = (struct store_change){ 0 };
	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, cert);
	if (!db_step(&q, &row, f))
		return false;
	if (!row)
		return true;
	out->cert = db_get_int(&q);
	out->kind = (enum store_change_kind)db_get_int(&q);
	out->request = db_get_blob(&q, a);
	if ((unsigned)out->kind > STORE_CHANGE_UPDATE)
		q.damage = "a change of unknown kind";
	return db_row_last(&q, f);
}

bool
store_change_close(struct store *st, int64_t cert, struct fault *f)
{
	static const char	sql[] = "UPDATE change SET request = NULL WHERE cert = ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, cert);
	return db_run(&q, f);
}

bool
store_change_open(struct store *st, int64_t after, int64_t *n, size_t max,
    size_t *count, struct fault *f)
{
	static const char	sql[] = "SELECT cert FROM change"
	    " WHERE request IS NOT NULL AND cert > ? ORDER BY cert LIMIT ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, after);
	db_int(&q, db_limit(max));
	return db_numbers(&q, n, max, count, f);
}
