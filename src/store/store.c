/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "store/cert_row.h"
#include "store/schema.h"

#define BUSY_WAIT_MS		5000	/* another writer's transaction, at most */
#define SCRATCH_MAX		(1u << 20)	/* one audit row */

/*
 * FULL: a commit is on disk when it returns.  The cache holds the upper
 * levels of every tree of a large fleet.  What is erased is overwritten
 * where that costs no further page.
 */
static const char settings[] =
"PRAGMA foreign_keys = ON;\n"
"PRAGMA synchronous = FULL;\n"
"PRAGMA wal_autocheckpoint = 8000;\n"
"PRAGMA journal_size_limit = 67108864;\n"
"PRAGMA cache_size = -65536;\n"
"PRAGMA temp_store = MEMORY;\n"
"PRAGMA secure_delete = FAST;\n"
"PRAGMA trusted_schema = OFF;\n";

/* The folder of path, synced, so that a new file's name is durable. */
static bool
sync_folder(const char *path, struct fault *f)
{
	const char	*slash = strrchr(path, '/');
	char		*dir;
	bool		 ok;

	if (slash == NULL)
		return dir_sync(".", f);
	dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (dir == NULL)
		return fault_set(f, FAULT_INTERNAL, NULL, "out of memory");
	ok = dir_sync(dir, f);
	free(dir);
	return ok;
}

/* A new empty file that only we may read; SQLite's own keep its mode. */
static bool
create_empty(const char *path, struct fault *f)
{
	int	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return fault_set(f, errno == EEXIST ? FAULT_CONFLICT : FAULT_IO,
		    NULL, "could not create database \"%s\": %s", path,
		    strerror(errno));
	(void)close(fd);
	return sync_folder(path, f);
}

static bool
file_there(const char *path, struct fault *f)
{
	if (access(path, F_OK) == 0)
		return true;
	return fault_set(f, errno == ENOENT ? FAULT_NOT_FOUND : FAULT_IO, NULL,
	    "could not open database \"%s\": %s", path, strerror(errno));
}

/* Nobody asks SQLite for its statistics, which cost a lock per allocation. */
static void
configure_once(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool
open_file(struct store *st, struct fault *f)
{
	static pthread_once_t	once = PTHREAD_ONCE_INIT;
	int	flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		    (st->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	int	error;

	(void)pthread_once(&once, configure_once);
	error = sqlite3_open_v2(st->path, &st->db, flags, NULL);
	if (error != SQLITE_OK)
		return db_fault(st, error, "open", f);
	(void)sqlite3_busy_timeout(st->db, BUSY_WAIT_MS);
	(void)sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return (st->read_only || db_exec(st, "PRAGMA journal_mode = WAL", f)) &&
	    db_exec(st, settings, f);
}

/* What we keep in memory, read anew: others may have written. */
static bool
load_heads(struct store *st, struct fault *f)
{
	static const char	cert[] = "SELECT max("
	    "coalesce((SELECT max(n) FROM cert), 0),"
	    "coalesce((SELECT value FROM counter WHERE name = 'certs'), 0))";
	static const char	audit[] =
	    "SELECT n, digest FROM audit ORDER BY n DESC LIMIT 1";
	struct db_heads		heads = { 0 };
	struct query		q;
	bool			row;

	if (!db_read(st, cert, &q, f) || !db_number(&q, &heads.cert, f))
		return false;
	if (heads.cert < st->heads.cert)
		heads.cert = st->heads.cert;	/* a number is used once */
	if (!db_read(st, audit, &q, f) || !db_step(&q, &row, f))
		return false;
	if (row) {
		heads.audit = db_get_int(&q);
		db_get_fixed(&q, heads.digest, sizeof(heads.digest));
		if (!db_row_last(&q, f))
			return false;
	}
	st->heads = heads;
	return true;
}

static bool
data_version(struct store *st, int64_t *version, struct fault *f)
{
	static const char	sql[] = "PRAGMA data_version";
	struct query		q;

	return db_read(st, sql, &q, f) && db_number(&q, version, f);
}

static struct store *
new_store(const char *path, enum store_mode mode, struct store_digest digest)
{
	struct store	*st = calloc(1, sizeof(*st));

	if (st == NULL)
		return NULL;
	st->digest = digest;
	st->read_only = mode == STORE_READ_ONLY;
	buf_init(&st->scratch, SCRATCH_MAX);
	st->path = strdup(path);
	if (st->path != NULL)
		return st;
	free(st);
	return NULL;
}

struct store *
store_open(const char *path, enum store_mode mode, struct store_digest digest,
    struct fault *f)
{
	struct store	*st = new_store(path, mode, digest);
	bool		 made = false;

	if (st == NULL) {
		(void)fault_set(f, FAULT_INTERNAL, NULL, "out of memory");
		return NULL;
	}
	if (mode == STORE_CREATE ? (made = create_empty(path, f)) :
	    file_there(path, f))
		if (open_file(st, f) && schema_bring(st, schema_steps, f) &&
		    load_heads(st, f) && data_version(st, &st->data_version, f))
			return st;
	store_close(st);
	if (made)
		(void)unlink(path);
	return NULL;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	store_rollback(st);
	db_forget(st);
	cert_hash_clear(st);
	(void)sqlite3_close(st->db);
	buf_clear(&st->scratch);
	free(st->path);
	free(st);
}

static bool
run_text(struct store *st, const char *sql, struct fault *f)
{
	struct query	q;

	return db_read(st, sql, &q, f) && db_run(&q, f);
}

bool
store_begin(struct store *st, struct fault *f)
{
	static const char	sql[] = "BEGIN IMMEDIATE";
	int64_t			version;

	if (st->read_only)
		return fault_set(f, FAULT_REFUSED, NULL,
		    "database \"%s\" is opened for reading only", st->path);
	if (st->open)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "a transaction inside a transaction");
	if (!run_text(st, sql, f))
		return false;
	st->open = true;
	if (!data_version(st, &version, f) || (version != st->data_version &&
	    !load_heads(st, f))) {
		store_rollback(st);
		return false;
	}
	if (version != st->data_version)
		cert_hash_clear(st);
	st->data_version = version;
	st->begun = st->heads;
	return true;
}

bool
store_commit(struct store *st, struct fault *f)
{
	static const char	sql[] = "COMMIT";

	if (!st->open)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "a commit outside a transaction");
	if (!run_text(st, sql, f)) {
		store_rollback(st);
		return false;
	}
	st->open = st->mark = false;
	return true;
}

/* Return to earlier heads, but never to a used certificate number. */
static void
heads_back(struct store *st, const struct db_heads *to)
{
	int64_t	cert = st->heads.cert;

	st->heads = *to;
	st->heads.cert = cert;
}

void
store_rollback(struct store *st)
{
	if (!st->open)
		return;
	/* After some errors SQLite has rolled back by itself. */
	if (sqlite3_get_autocommit(st->db) == 0)
		(void)sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	heads_back(st, &st->begun);
	st->open = st->mark = false;
}

bool
store_in_transaction(const struct store *st)
{
	return st->open;
}

bool
store_mark(struct store *st, struct fault *f)
{
	static const char	release[] = "RELEASE mark";
	static const char	set[] = "SAVEPOINT mark";

	if (!st->open)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "a mark outside a transaction");
	if (st->mark && !run_text(st, release, f))
		return false;
	st->mark = false;
	if (!run_text(st, set, f))
		return false;
	st->mark = true;
	st->marked = st->heads;
	return true;
}

bool
store_undo(struct store *st, struct fault *f)
{
	static const char	sql[] = "ROLLBACK TO mark";

	if (!st->mark)
		return fault_set(f, FAULT_INTERNAL, NULL, "no mark to go back to");
	if (!run_text(st, sql, f))
		return false;
	heads_back(st, &st->marked);
	return true;
}

bool
store_checkpoint(struct store *st, struct fault *f)
{
	int	error = sqlite3_wal_checkpoint_v2(st->db, NULL,
		    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	return error == SQLITE_OK || error == SQLITE_BUSY ||
	    db_fault(st, error, "checkpoint", f);
}

static bool
sync_file(const char *path, struct fault *f)
{
	int	fd = open(path, O_RDONLY | O_CLOEXEC);
	bool	ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		(void)fault_set(f, FAULT_IO, NULL, "could not sync \"%s\": %s",
		    path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return ok && sync_folder(path, f);
}

bool
store_backup(struct store *st, const char *path, struct fault *f)
{
	static const char	sql[] = "VACUUM INTO ?";
	struct query		q;

	if (st->open)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "a backup inside a transaction");
	if (!create_empty(path, f))
		return false;
	if (db_read(st, sql, &q, f)) {
		db_text(&q, path);
		if (db_run(&q, f) && sync_file(path, f))
			return true;
	}
	(void)unlink(path);
	return fault_within(f, "backup to \"%s\"", path);
}

static bool
check_pages(struct store *st, struct fault *f)
{
	static const char	sql[] = "PRAGMA integrity_check(1)";
	struct query		q;
	const char		*says;
	bool			row, ok;

	if (!db_read(st, sql, &q, f) || !db_step(&q, &row, f))
		return false;
	says = row ? db_get_text(&q, NULL) : "no answer";
	ok = strcmp(says, "ok") == 0 || fault_set(f, FAULT_IO, NULL,
	    "database \"%s\" is damaged: %s", st->path, says);
	if (row)
		db_end(&q);
	return ok;
}

static bool
check_references(struct store *st, struct fault *f)
{
	static const char	sql[] = "PRAGMA foreign_key_check";
	struct query		q;
	const char		*table;
	bool			row;

	if (!db_read(st, sql, &q, f) || !db_step(&q, &row, f))
		return false;
	if (!row)
		return true;
	table = db_get_text(&q, NULL);
	(void)fault_set(f, FAULT_IO, NULL,
	    "database \"%s\" is damaged: row %lld of table %s refers to nothing",
	    st->path, (long long)db_get_int(&q), table);
	db_end(&q);
	return false;
}

bool
store_integrity(struct store *st, struct fault *f)
{
	return check_pages(st, f) && check_references(st, f);
}
