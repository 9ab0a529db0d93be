/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_log.h"

bool
store_event_insert(struct store *st, const struct store_event *e,
    struct fault *f)
{
	static const char	sql[] = "INSERT INTO event (time, kind, authz,"
	    " cert, admin, failure, template, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, e->time);
	db_int(&q, e->kind);
	db_int(&q, e->authz);
	db_int(&q, e->cert);
	db_int(&q, e->admin);
	db_int(&q, e->failure);
	db_int(&q, e->template);
	db_text(&q, e->detail != NULL ? e->detail : "");
	return db_run(&q, f);
}

static void
read_event(struct query *q, struct store_event *out)
{
	*out = (struct store_event){ .n = db_get_int(q) };
	out->time = db_get_int(q);
	out->kind = (int)db_get_int(q);
	out->authz = db_get_int(q);
	out->cert = db_get_int(q);
	out->admin = db_get_int(q);
	out->failure = (int)db_get_int(q);
	out->detail = db_get_text(q, NULL);
	out->authz_id = db_get_text(q, NULL);
	if (out->authz_id[0] == '\0')
		out->authz_id = NULL;
	out->template = db_get_int(q);
}

bool
store_event_walk(struct store *st, int64_t after, size_t max,
    bool (*each)(void *ctx, const struct store_event *e, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	sql[] = "SELECT e.n, e.time, e.kind, e.authz,"
	    " e.cert, e.admin, e.failure, e.detail, z.id, COALESCE(z.template, e.template)"
	    " FROM event e LEFT JOIN authz z ON z.n = e.authz"
	    " WHERE e.n > ? ORDER BY e.n LIMIT ?";
	struct store_event	e;
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, after);
	db_int(&q, db_limit(max));
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		read_event(&q, &e);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &e, f)) {
			db_end(&q);
			return false;
		}
	}
}

/* The newest row stays: the next number is one above it. */
bool
store_event_purge(struct store *st, int64_t before, int64_t *count,
    struct fault *f)
{
	static const char	sql[] = "DELETE FROM event WHERE time < ?"
	    " AND n < (SELECT max(n) FROM event)";
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
