/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h - SQLite, as the files of this room use it.
 *
 * A statement is named by its text: a pointer to a constant, prepared once
 * per store.  Parameters are bound, and columns are read, in their order.
 * Trouble in between is remembered and reported by the next call that returns
 * a verdict, so that a row is read straight down the page.
 *
 * Private to src/store.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/whereabouts.h"
#include "store/store.h"

#define DB_STATEMENTS	256	/* slots of the cache, a power of two, twice our SQL */

struct db_slot {
	const char	*sql;
	sqlite3_stmt	*stmt;
};

/* What is kept in memory because only we write it. */
struct db_heads {
	int64_t	 cert;		/* last certificate number handed out */
	int64_t	 audit;		/* last audit row */
	uint8_t	 digest[STORE_DIGEST_OCTETS];	/* and its digest */
};

/* Certificates by hash, in memory: see cert_hash.c. */
struct db_hashes {
	struct whereabouts	 t;
	int64_t		 upto;	/* certificates up to this one are in it */
};

struct store {
	sqlite3			*db;
	char			*path;
	struct store_digest	 digest;
	struct db_slot		 slots[DB_STATEMENTS];
	struct db_heads		 heads;
	struct db_heads		 begun, marked;	/* to return to */
	struct db_hashes	 hashes;
	int64_t			 data_version;	/* changes when others write */
	struct buf		 scratch;
	bool			 read_only, open, mark;
};

struct query {
	struct store	*st;
	sqlite3_stmt	*stmt;
	int		 bound;		/* parameters so far */
	int		 column;	/* next to be read */
	int		 error;		/* first SQLite error while binding */
	const char	*damage;	/* what is wrong with a column, or NULL */
};

/* Make q ready.  db_write also demands an open transaction. */
MUST_CHECK bool db_read(struct store *st, const char *sql, struct query *q,
    struct fault *f);
MUST_CHECK bool db_write(struct store *st, const char *sql, struct query *q,
    struct fault *f);

void	db_int(struct query *q, int64_t v);
void	db_ref(struct query *q, int64_t v);		/* 0 becomes NULL */
void	db_blob(struct query *q, struct view v);
void	db_blob_or_null(struct query *q, struct view v);
void	db_text(struct query *q, const char *s);	/* NULL becomes "" */
void	db_text_view(struct query *q, struct view v);

/* The next row; *row false: there is none, and q has ended. */
MUST_CHECK bool db_step(struct query *q, bool *row, struct fault *f);
/* Run a statement without rows. */
MUST_CHECK bool db_run(struct query *q, struct fault *f);
/* The same; *changed tells whether it touched a row. */
MUST_CHECK bool db_run_changed(struct query *q, bool *changed, struct fault *f);
/* The same; its INSERT's row number. */
MUST_CHECK bool db_run_insert(struct query *q, int64_t *n, struct fault *f);
void	db_end(struct query *q);

/* Columns: copied into a, or lent until the next step if a is NULL. */
int64_t	db_get_int(struct query *q);			/* NULL is 0 */
struct view db_get_blob(struct query *q, struct arena *a);
const char *db_get_text(struct query *q, struct arena *a);
void	db_get_fixed(struct query *q, uint8_t *out, size_t n);	/* NULL is zeros */

/* True if all columns of this row were as they should be. */
MUST_CHECK bool db_row_ok(struct query *q, struct fault *f);
/* The same, and end q. */
MUST_CHECK bool db_row_last(struct query *q, struct fault *f);

/* Run q, collecting its first column into n[max]. */
MUST_CHECK bool db_numbers(struct query *q, int64_t *n, size_t max,
    size_t *count, struct fault *f);
/* Run q, whose one row has one number (no row: 0). */
MUST_CHECK bool db_number(struct query *q, int64_t *value, struct fault *f);

/* Run q, whose rows are (index, number), into out[n]; what no row has is 0. */
MUST_CHECK bool db_counts(struct query *q, int64_t *out, size_t n, struct fault *f);

/* Record what SQLite says about doing what. */
bool	db_fault(struct store *st, int error, const char *what, struct fault *f);
/* Text without parameters and results. */
MUST_CHECK bool db_exec(struct store *st, const char *sql, struct fault *f);
void	db_forget(struct store *st);		/* finalize all statements */

/* An SQLite LIMIT for a max. */
static inline int64_t
db_limit(size_t max)
{
	return max > INT32_MAX ? INT32_MAX : (int64_t)max;
}

#endif
