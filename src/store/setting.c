/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

bool
store_setting_find(struct store *st, const char *name, struct arena *a,
    struct view *out, struct fault *f)
{
	static const char	sql[] = "SELECT value FROM setting WHERE name = ?";
	struct query		q;
	bool			row;

	*out = VIEW_NONE;
	if (!db_read(st, sql, &q, f))
		return false;
	db_text(&q, name);
	if (!db_step(&q, &row, f))
		return false;
	if (!row)
		return true;
	*out = db_get_blob(&q, a);
	if (out->p == NULL)
		*out = VIEW_LIT("");	/* there, and empty */
	return db_row_last(&q, f);
}

bool
store_setting_put(struct store *st, const char *name, struct view value,
    struct fault *f)
{
	static const char	sql[] =
	    "INSERT INTO setting (name, value) VALUES (?, ?)"
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_text(&q, name);
	db_blob(&q, value);
	return db_run(&q, f);
}

bool
store_counter_get(struct store *st, const char *name, int64_t *value,
    struct fault *f)
{
	static const char	sql[] = "SELECT value FROM counter WHERE name = ?";
	struct query		q;

	*value = 0;
	if (!db_read(st, sql, &q, f))
		return false;
	db_text(&q, name);
	return db_number(&q, value, f);
}

/* Run an upsert of (name, number) and read what now stands. */
static bool
counter_change(struct store *st, const char *sql, const char *name,
    int64_t number, int64_t *value, struct fault *f)
{
	struct query	q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_text(&q, name);
	db_int(&q, number);
	if (!db_run(&q, f))
		return false;
	return value == NULL || store_counter_get(st, name, value, f);
}

bool
store_counter_raise(struct store *st, const char *name, int64_t at_least,
    int64_t *value, struct fault *f)
{
	static const char	sql[] =
	    "INSERT INTO counter (name, value) VALUES (?, max(?, 0))"
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
	    " WHERE excluded.value > value";

	if (!counter_change(st, sql, name, at_least, value, f))
		return false;
	if (strcmp(name, STORE_COUNTER_CERTS) == 0 && st->heads.cert < at_least)
		st->heads.cert = at_least;
	return true;
}

bool
store_counter_add(struct store *st, const char *name, int64_t by,
    int64_t *value, struct fault *f)
{
	static const char	sql[] =
	    "INSERT INTO counter (name, value) VALUES (?, ?)"
	    " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value";

	return counter_change(st, sql, name, by, value, f);
}
