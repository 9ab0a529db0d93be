/* SPDX-License-Identifier: Apache-2.0 */
#include "store/authz_row.h"

/* "?1 = 0 OR": zero in the filter does not care. */
bool
store_authz_walk(struct store *st, const struct store_authz_filter *filter,
    bool (*each)(void *ctx, const struct store_authz *z, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	all[] = "SELECT " AUTHZ_COLUMNS " FROM authz"
	    " WHERE n > ?1 AND (?2 = 0 OR admin = ?2)"
	    " AND (?3 = 0 OR batch = ?3) AND (?4 = 0 OR template = ?4)"
	    " AND (?5 = 0 OR (1 << state) & ?5 != 0)"
	    " AND (?6 = '' OR id = ?6 OR instr(label, ?6) OR instr(sans, ?6))"
	    " ORDER BY n LIMIT ?7";
	static const char	in_batch[] = "SELECT " AUTHZ_COLUMNS " FROM authz"
	    " WHERE n > ?1 AND (?2 = 0 OR admin = ?2)"
	    " AND batch = ?3 AND (?4 = 0 OR template = ?4)"
	    " AND (?5 = 0 OR (1 << state) & ?5 != 0)"
	    " AND (?6 = '' OR id = ?6 OR instr(label, ?6) OR instr(sans, ?6))"
	    " ORDER BY n LIMIT ?7";
	struct store_authz	z;
	struct query		q;
	bool			row;

	if (!db_read(st, filter->batch == 0 ? all : in_batch, &q, f))
		return false;
	db_int(&q, filter->after);
	db_int(&q, filter->admin);
	db_int(&q, filter->batch);
	db_int(&q, filter->template);
	db_int(&q, filter->states);
	db_text(&q, filter->text);
	db_int(&q, db_limit(filter->max));
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		authz_row_read(&q, NULL, &z);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &z, f)) {
			db_end(&q);
			return false;
		}
	}
}

bool
store_authz_find_content(struct store *st, int64_t admin,
    const uint8_t digest[STORE_DIGEST_OCTETS], int64_t *n, struct fault *f)
{
	static const char	sql[] = "SELECT n FROM authz"
	    " WHERE content_digest = ? AND admin IS ?"
	    " AND state IN (0, 1, 2, 3, 7) LIMIT 1";
	struct query		q;

	*n = 0;
	if (!db_read(st, sql, &q, f))
		return false;
	db_blob(&q, view_of(digest, STORE_DIGEST_OCTETS));
	db_ref(&q, admin);
	return db_number(&q, n, f);
}

bool
store_authz_in_states(struct store *st, uint32_t states, int64_t after,
    int64_t *n, size_t max, size_t *count, struct fault *f)
{
	static const char	sql[] = "SELECT n FROM authz"
	    " WHERE n > ? AND (1 << state) & ? != 0 ORDER BY n";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, after);
	db_int(&q, states);
	return db_numbers(&q, n, max, count, f);
}

bool
store_authz_ended(struct store *st, int64_t since, int64_t until, int64_t *n,
    size_t max, size_t *count, struct fault *f)
{
	static const char	sql[] = "SELECT n FROM authz"
	    " WHERE window_to > ? AND window_to <= ? AND state IN (0, 1)"
	    " ORDER BY window_to";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, since);
	db_int(&q, until);
	return db_numbers(&q, n, max, count, f);
}

/* Run a query with one time in it. */
static bool
due(struct store *st, const char *sql, int64_t now, int64_t *n, size_t max,
    size_t *count, struct fault *f)
{
	struct query	q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, now);
	return db_numbers(&q, n, max, count, f);
}

bool
store_authz_unconfirmed(struct store *st, int64_t now, int64_t *n, size_t max,
    size_t *count, struct fault *f)
{
	static const char	sql[] = "SELECT n FROM authz"
	    " WHERE confirm_by <= ? AND confirm_by IS NOT NULL"
	    " ORDER BY confirm_by";

	return due(st, sql, now, n, max, count, f);
}

bool
store_authz_begun(struct store *st, int64_t now, int64_t *n, size_t max,
    size_t *count, struct fault *f)
{
	static const char	sql[] = "SELECT n FROM authz"
	    " WHERE state = 0 AND window_from <= ? ORDER BY window_from";

	return due(st, sql, now, n, max, count, f);
}

bool
store_authz_count(struct store *st, int64_t counts[STORE_AUTHZ_STATES],
    struct fault *f)
{
	static const char	sql[] =
	    "SELECT state, count(*) FROM authz GROUP BY state";
	struct query		q;

	return db_read(st, sql, &q, f) && db_counts(&q, counts, STORE_AUTHZ_STATES, f);
}

bool
store_sealed_since(struct store *st, int64_t now, int64_t *since, struct fault *f)
{
	static const char	sql[] = "SELECT min(?1,"
	    " coalesce((SELECT min(created) FROM authz WHERE sealed IS NOT NULL), ?1),"
	    " coalesce((SELECT min(created) FROM cert WHERE state < 4 AND not_after > ?1), ?1))";
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, now);
	if (!db_step(&q, &row, f))
		return false;
	*since = db_get_int(&q);
	return db_row_last(&q, f);
}
