/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

static enum fault_kind
kind_of(int error)
{
	switch (error & 0xff) {
	case SQLITE_CONSTRAINT:
		return error == SQLITE_CONSTRAINT_UNIQUE ||
		    error == SQLITE_CONSTRAINT_PRIMARYKEY ||
		    error == SQLITE_CONSTRAINT_ROWID ?
		    FAULT_CONFLICT : FAULT_INTERNAL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return FAULT_BUSY;
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_MISMATCH:
	case SQLITE_NOMEM:
	case SQLITE_TOOBIG:
		return FAULT_INTERNAL;
	default:
		return FAULT_IO;	/* full, read-only, damaged, gone, ... */
	}
}

bool
db_fault(struct store *st, int error, const char *what, struct fault *f)
{
	const char	*why = sqlite3_errstr(error);

	if (st->db != NULL && sqlite3_extended_errcode(st->db) == error)
		why = sqlite3_errmsg(st->db);
	return fault_set(f, kind_of(error), NULL,
	    "could not %s database \"%s\": %s", what, st->path, why);
}

bool
db_exec(struct store *st, const char *sql, struct fault *f)
{
	int	error = sqlite3_exec(st->db, sql, NULL, NULL, NULL);

	if (error != SQLITE_OK)
		return db_fault(st, sqlite3_extended_errcode(st->db), "use", f);
	return true;
}

/* The slot of sql: filled, or the free one where it belongs; NULL if full. */
static struct db_slot *
slot_of(struct store *st, const char *sql)
{
	size_t	at = ((uintptr_t)sql >> 3) * 0x9e3779b9u;

	for (size_t i = 0; i < DB_STATEMENTS; i++) {
		struct db_slot	*s = &st->slots[(at + i) % DB_STATEMENTS];

		if (s->sql == sql || s->sql == NULL)
			return s;
	}
	return NULL;
}

static bool
prepare(struct store *st, const char *sql, struct db_slot *slot, struct fault *f)
{
	int	error = sqlite3_prepare_v3(st->db, sql, -1,
		    SQLITE_PREPARE_PERSISTENT, &slot->stmt, NULL);

	if (error != SQLITE_OK)
		return db_fault(st, sqlite3_extended_errcode(st->db),
		    "prepare a statement for", f);
	slot->sql = sql;
	return true;
}

bool
db_read(struct store *st, const char *sql, struct query *q, struct fault *f)
{
	struct db_slot	*slot = slot_of(st, sql);

	*q = (struct query){ .st = st };
	if (slot == NULL)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "more than %d statements", DB_STATEMENTS);
	if (slot->sql == NULL && !prepare(st, sql, slot, f))
		return false;
	if (sqlite3_stmt_busy(slot->stmt))
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "a walk was started inside the same walk");
	q->stmt = slot->stmt;
	return true;
}

bool
db_write(struct store *st, const char *sql, struct query *q, struct fault *f)
{
	*q = (struct query){ .st = st };
	if (!st->open)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "a write to database \"%s\" outside a transaction", st->path);
	return db_read(st, sql, q, f);
}

static void
note(struct query *q, int error)
{
	if (q->error == SQLITE_OK)
		q->error = error;
}

void
db_int(struct query *q, int64_t v)
{
	note(q, sqlite3_bind_int64(q->stmt, ++q->bound, v));
}

void
db_ref(struct query *q, int64_t v)
{
	if (v == 0)
		note(q, sqlite3_bind_null(q->stmt, ++q->bound));
	else
		db_int(q, v);
}

/* Bound values stay where they are until the statement has run. */
void
db_blob(struct query *q, struct view v)
{
	note(q, sqlite3_bind_blob64(q->stmt, ++q->bound,
	    v.n == 0 ? (const void *)"" : v.p, v.n, SQLITE_STATIC));
}

void
db_blob_or_null(struct query *q, struct view v)
{
	if (v.n == 0)
		note(q, sqlite3_bind_null(q->stmt, ++q->bound));
	else
		db_blob(q, v);
}

void
db_text(struct query *q, const char *s)
{
	note(q, sqlite3_bind_text(q->stmt, ++q->bound, s == NULL ? "" : s, -1,
	    SQLITE_STATIC));
}

void
db_text_view(struct query *q, struct view v)
{
	note(q, sqlite3_bind_text64(q->stmt, ++q->bound,
	    v.n == 0 ? "" : (const char *)v.p, v.n, SQLITE_STATIC,
	    SQLITE_UTF8));
}

void
db_end(struct query *q)
{
	(void)sqlite3_reset(q->stmt);	/* repeats what step said */
}

bool
db_step(struct query *q, bool *row, struct fault *f)
{
	int	error = q->error != SQLITE_OK ? q->error : sqlite3_step(q->stmt);

	q->column = 0;
	q->damage = NULL;
	*row = error == SQLITE_ROW;
	if (error == SQLITE_ROW)
		return true;
	if (error == SQLITE_DONE) {
		db_end(q);
		return true;
	}
	if (q->error == SQLITE_OK)
		error = sqlite3_extended_errcode(q->st->db);
	(void)db_fault(q->st, error,
	    sqlite3_stmt_readonly(q->stmt) ? "read" : "write", f);
	db_end(q);
	return false;
}

bool
db_run(struct query *q, struct fault *f)
{
	bool	row;

	if (!db_step(q, &row, f))
		return false;
	if (row)
		db_end(q);
	return true;
}

bool
db_run_changed(struct query *q, bool *changed, struct fault *f)
{
	*changed = false;
	if (!db_run(q, f))
		return false;
	*changed = sqlite3_changes(q->st->db) > 0;
	return true;
}

bool
db_run_insert(struct query *q, int64_t *n, struct fault *f)
{
	if (!db_run(q, f))
		return false;
	*n = sqlite3_last_insert_rowid(q->st->db);
	return true;
}

int64_t
db_get_int(struct query *q)
{
	return sqlite3_column_int64(q->stmt, q->column++);
}

struct view
db_get_blob(struct query *q, struct arena *a)
{
	int		 at = q->column++;
	const void	*p = sqlite3_column_blob(q->stmt, at);
	struct view	 v = view_of(p, (size_t)sqlite3_column_bytes(q->stmt, at));

	if (v.n == 0)
		return VIEW_NONE;
	if (a != NULL)
		v = arena_copy(a, v);
	if (v.p == NULL)
		note(q, SQLITE_NOMEM);
	return v;
}

const char *
db_get_text(struct query *q, struct arena *a)
{
	int		 at = q->column++;
	const char	*s = (const char *)sqlite3_column_text(q->stmt, at);
	size_t		 n = (size_t)sqlite3_column_bytes(q->stmt, at);

	if (s == NULL || n == 0)
		return "";
	if (memchr(s, '\0', n) != NULL)	/* would hide what follows */
		q->damage = "a text contains a NUL";
	if (a != NULL)
		s = arena_str(a, view_of(s, n));
	if (s == NULL) {
		note(q, SQLITE_NOMEM);
		return "";
	}
	return s;
}

void
db_get_fixed(struct query *q, uint8_t *out, size_t n)
{
	struct view	v = db_get_blob(q, NULL);

	if (v.n == n)
		memcpy(out, v.p, n);
	else
		memset(out, 0, n);
	if (v.n != 0 && v.n != n)
		q->damage = "a value has a wrong length";
}

bool
db_row_ok(struct query *q, struct fault *f)
{
	if (q->damage == NULL && q->error == SQLITE_OK)
		return true;
	if (q->error != SQLITE_OK)
		(void)db_fault(q->st, q->error, "hold a row of", f);
	else
		(void)fault_set(f, FAULT_IO, NULL,
		    "cannot use database \"%s\": %s", q->st->path, q->damage);
	db_end(q);
	return false;
}

bool
db_row_last(struct query *q, struct fault *f)
{
	if (!db_row_ok(q, f))
		return false;
	db_end(q);
	return true;
}

bool
db_numbers(struct query *q, int64_t *n, size_t max, size_t *count,
    struct fault *f)
{
	bool	row;

	*count = 0;
	while (*count < max) {
		if (!db_step(q, &row, f))
			return false;
		if (!row)
			return true;
		n[(*count)++] = db_get_int(q);
	}
	db_end(q);
	return true;
}

bool
db_counts(struct query *q, int64_t *out, size_t n, struct fault *f)
{
	bool	row;

	memset(out, 0, n * sizeof(*out));
	for (;;) {
		int64_t	i;

		if (!db_step(q, &row, f))
			return false;
		if (!row)
			return true;
		i = db_get_int(q);
		if (i >= 0 && (size_t)i < n)
			out[i] = db_get_int(q);
	}
}

bool
db_number(struct query *q, int64_t *value, struct fault *f)
{
	size_t	count;

	*value = 0;
	return db_numbers(q, value, 1, &count, f);
}

void
db_forget(struct store *st)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++) {
		sqlite3_finalize(st->slots[i].stmt);
		st->slots[i] = (struct db_slot){ NULL, NULL };
	}
}
