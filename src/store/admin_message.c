/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_log.h"

bool
store_admin_message_put(struct store *st, const struct store_admin_message *m,
    struct fault *f)
{
	static const char	sql[] = "INSERT INTO admin_message (admin, txn,"
	    " digest, client_nonce, server_nonce, created, answer)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (admin, txn) DO UPDATE"
	    " SET digest = excluded.digest,"
	    " client_nonce = excluded.client_nonce,"
	    " server_nonce = excluded.server_nonce,"
	    " created = excluded.created, answer = excluded.answer";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, m->admin);
	db_blob(&q, m->transaction);
	db_blob(&q, view_of(m->digest, sizeof(m->digest)));
	db_blob(&q, m->client_nonce);
	db_blob(&q, m->server_nonce);
	db_int(&q, m->created);
	db_blob_or_null(&q, m->answer);
	return db_run(&q, f);
}

bool
store_admin_message_find(struct store *st, int64_t admin,
    struct view transaction, struct arena *a, struct store_admin_message *out,
    struct fault *f)
{
	static const char	sql[] = "SELECT n, admin, txn, digest,"
	    " client_nonce, server_nonce, answer, created FROM admin_message"
	    " WHERE admin = ? AND txn = ?";
	struct query		q;
	bool			row;

	*out = (struct store_admin_message){ 0 };
	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, admin);
	db_blob(&q, transaction);
	if (!db_step(&q, &row, f))
		return false;
	if (!row)
		return true;
	out->n = db_get_int(&q);
	out->admin = db_get_int(&q);
	out->transaction = db_get_blob(&q, a);
	db_get_fixed(&q, out->digest, sizeof(out->digest));
	out->client_nonce = db_get_blob(&q, a);
	out->server_nonce = db_get_blob(&q, a);
	out->answer = db_get_blob(&q, a);
	out->created = db_get_int(&q);
	return db_row_last(&q, f);
}

bool
store_admin_message_purge(struct store *st, int64_t before, int64_t *count,
    struct fault *f)
{
	static const char	sql[] =
	    "DELETE FROM admin_message WHERE created < ?";
	struct query		q;
	bool			any;

	*count = 0;
	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, before);
	if (!db_run_changed(&q, &any, f))
		return false;
	*count = any ? sqlite3_changes64(st->db) : 0;
	return true;
}
