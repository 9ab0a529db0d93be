/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_authz.h"

#define COLUMNS	"n, admin, batch_id, request_digest, response, secrets," \
		" ack_digest, created, acked, next, first, token," \
		" message"

static bool
find_batch(struct query *q, struct arena *a, struct store_batch *out,
    struct fault *f)
{
	bool	row;

	*out = (struct store_batch){ 0 };
	if (!db_step(q, &row, f))
		return false;
	if (!row)
		return true;
	out->n = db_get_int(q);
	out->admin = db_get_int(q);
	out->batch_id = db_get_blob(q, a);
	db_get_fixed(q, out->request_digest, sizeof(out->request_digest));
	out->response = db_get_blob(q, a);
	out->secrets = db_get_blob(q, a);
	db_get_fixed(q, out->ack_digest, sizeof(out->ack_digest));
	out->created = db_get_int(q);
	out->acked = db_get_int(q);
	out->next = db_get_int(q);
	out->first = db_get_int(q);
	out->token = db_get_blob(q, a);
	out->message = db_get_blob(q, a);
	return db_row_last(q, f);
}

bool
store_batch_insert(struct store *st, struct store_batch *b, struct fault *f)
{
	static const char	sql[] = "INSERT INTO batch (admin, batch_id,"
	    " request_digest, response, secrets, ack_digest, created, acked)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, b->admin);
	db_blob(&q, b->batch_id);
	db_blob(&q, view_of(b->request_digest, sizeof(b->request_digest)));
	db_blob(&q, b->response);
	db_blob_or_null(&q, b->secrets);
	db_blob(&q, view_of(b->ack_digest, sizeof(b->ack_digest)));
	db_int(&q, b->created);
	db_int(&q, b->acked);
	return db_run_insert(&q, &b->n, f);
}

bool
store_batch_answer(struct store *st, const struct store_batch *b,
    struct fault *f)
{
	static const char	sql[] = "UPDATE batch SET response = ?,"
	    " secrets = ?, ack_digest = ?, acked = 0, next = ?, first = ?, token = ?,"
	    " message = ? WHERE n = ?";
	struct query		q;
	bool			done;

	if (!db_write(st, sql, &q, f))
		return false;
	db_blob(&q, b->response);
	db_blob_or_null(&q, b->secrets);
	db_blob(&q, view_of(b->ack_digest, sizeof(b->ack_digest)));
	db_int(&q, b->next);
	db_int(&q, b->first);
	db_blob_or_null(&q, b->token);
	db_blob_or_null(&q, b->message);
	db_int(&q, b->n);
	if (!db_run_changed(&q, &done, f))
		return false;
	return done || fault_set(f, FAULT_INTERNAL, NULL,
	    "no batch %lld to be answered", (long long)b->n);
}

bool
store_batch_find(struct store *st, int64_t admin, struct view batch_id,
    struct arena *a, struct store_batch *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM batch"
	    " WHERE admin = ? AND batch_id = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, admin);
	db_blob(&q, batch_id);
	return find_batch(&q, a, out, f);
}

bool
store_batch_find_token(struct store *st, int64_t admin, struct view token, struct arena *a,
    struct store_batch *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM batch"
	    " WHERE token = ? AND admin = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_blob(&q, token);
	db_int(&q, admin);
	return find_batch(&q, a, out, f);
}

bool
store_batch_forget(struct store *st, int64_t before, struct fault *f)
{
	static const char	sql[] = "UPDATE batch SET token = NULL, message = NULL"
	    " WHERE token IS NOT NULL AND created < ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, before);
	return db_run(&q, f);
}

bool
store_batch_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_batch *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM batch WHERE n = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, n);
	return find_batch(&q, a, out, f);
}

bool
store_batch_ack(struct store *st, int64_t n, int64_t now, bool *done,
    struct fault *f)
{
	static const char	sql[] = "UPDATE batch SET acked = ?, secrets = NULL"
	    " WHERE n = ? AND acked = 0";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, now);
	db_int(&q, n);
	return db_run_changed(&q, done, f);
}

bool
store_batch_drop_secrets(struct store *st, int64_t n, int64_t authz, struct fault *f)
{
	static const char	sql[] = "UPDATE batch SET secrets = NULL"
	    " WHERE n = ? AND secrets IS NOT NULL AND first <= ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, n);
	db_int(&q, authz);
	return db_run(&q, f);
}

bool
store_batch_drop_ended(struct store *st, struct fault *f)
{
	static const char	sql[] = "UPDATE batch SET secrets = NULL"
	    " WHERE secrets IS NOT NULL AND NOT EXISTS (SELECT 1 FROM authz"
	    " WHERE authz.batch = batch.n AND authz.state IN (0, 1))";
	struct query		q;

	return db_write(st, sql, &q, f) && db_run(&q, f);
}

bool
store_batch_purge_secrets(struct store *st, int64_t before, int64_t *count,
    struct fault *f)
{
	static const char	sql[] = "UPDATE batch SET secrets = NULL"
	    " WHERE created < ? AND secrets IS NOT NULL";
	struct query		q;
	bool			any;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, before);
	if (!db_run_changed(&q, &any, f))
		return false;
	*count = any ? sqlite3_changes64(st->db) : 0;
	return true;
}
