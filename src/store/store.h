/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - what we remember.
 *
 * One SQLite file behind typed rows.  The store knows no rule of a PKI: it
 * reads and writes rows atomically, and a change of state is guarded by the
 * state it starts from.  Who may move what to where is decided above.
 *
 * Every write happens between store_begin() and store_commit(); a write
 * outside is FAULT_INTERNAL.  A commit is one fsync, however many rows it
 * carries: collecting them is the caller's (group commit).  After
 * FAULT_CONFLICT a transaction may go on; after any other fault in a write go
 * back, with store_undo() to the last mark or with store_rollback().
 *
 * Reads take an arena and copy what they return into it.  "find" may come
 * back empty: it returns true and the row's n is 0.  Walks hand each row to a
 * callback, whose views live until it returns; a callback that returns false
 * records a fault, which ends the walk and is passed on.  A callback does not
 * start the same kind of walk again.
 *
 * One writing process (its threads take turns outside); operators may read
 * the file with other tools while it is in use.  Open it in the process that
 * uses it: a store does not survive fork().  After store_open() no further
 * file is opened, except by store_backup().  Times are Unix seconds,
 * 0 = not set.  Row numbers are positive, 0 = none.  A full disk and every
 * other trouble with the file is FAULT_IO with its path.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"

#define STORE_DIGEST_OCTETS	32
#define STORE_SERIAL_OCTETS	16
#define STORE_SHA1_OCTETS	20
#define STORE_RECEIPT_OCTETS	16

struct store;

/* SHA-256 of in; lent by the caller, since cryptography is another room. */
struct store_digest {
	void	(*sha256)(struct view in, uint8_t out[STORE_DIGEST_OCTETS]);
};

enum store_mode {
	STORE_OPEN = 0,		/* FAULT_NOT_FOUND if there is no such file */
	STORE_CREATE,		/* FAULT_CONFLICT if there is one */
	STORE_READ_ONLY,	/* begin is FAULT_REFUSED; no migration */
};

/*
 * Open the file and bring it to this program's schema version, step by step,
 * each step in one transaction.  A newer schema is FAULT_REFUSED and the file
 * is left as it is.  NULL on a fault.
 */
struct store *store_open(const char *path, enum store_mode mode,
	    struct store_digest digest, struct fault *f);
void	store_close(struct store *st);		/* rolls back; accepts NULL */

MUST_CHECK bool store_begin(struct store *st, struct fault *f);
MUST_CHECK bool store_commit(struct store *st, struct fault *f);
void	store_rollback(struct store *st);	/* fine when nothing is open */
bool	store_in_transaction(const struct store *st);

/*
 * Inside a transaction: one request's share, which can be taken back without
 * the others'.  Marks do not nest; a new mark keeps what came before it.  When
 * store_undo() fails, SQLite has given up the transaction: store_rollback().
 */
MUST_CHECK bool store_mark(struct store *st, struct fault *f);
MUST_CHECK bool store_undo(struct store *st, struct fault *f);

/* Move what the log holds into the file; bounded work for quiet moments. */
MUST_CHECK bool store_checkpoint(struct store *st, struct fault *f);

/* A consistent copy in a new file, which must not exist yet (mode 0600). */
MUST_CHECK bool store_backup(struct store *st, const char *path, struct fault *f);

/* SQLite's own check and the foreign keys; FAULT_IO naming the first finding. */
MUST_CHECK bool store_integrity(struct store *st, struct fault *f);

int	store_schema_version(void);		/* of this program */

/* --- settings: small named values --------------------------------------- */

/* Absent: true, out->p NULL. */
MUST_CHECK bool store_setting_find(struct store *st, const char *name,
    struct arena *a, struct view *out, struct fault *f);
MUST_CHECK bool store_setting_put(struct store *st, const char *name,
    struct view value, struct fault *f);

/* --- counters: named numbers, 0 until set -------------------------------- */

#define STORE_COUNTER_CLOCK	"clock"		/* high-water mark of the clock */
#define STORE_COUNTER_EPOCH	"epoch"		/* raised when a rollback is found */
#define STORE_COUNTER_JOURNAL	"journal"	/* compared with the one outside */
#define STORE_COUNTER_ANCHORS	"anchors"	/* trust anchor sequence */
#define STORE_COUNTER_CERTS	"certs"		/* no certificate number up to this */

MUST_CHECK bool store_counter_get(struct store *st, const char *name,
    int64_t *value, struct fault *f);
/* Set to at_least if it is below; *value (may be NULL) is what now stands. */
MUST_CHECK bool store_counter_raise(struct store *st, const char *name,
    int64_t at_least, int64_t *value, struct fault *f);
MUST_CHECK bool store_counter_add(struct store *st, const char *name,
    int64_t by, int64_t *value, struct fault *f);

#endif
