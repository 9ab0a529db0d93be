/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a roll-back: what the signer's journal has and the database has not is
 * spent, cancelled or locked all the same (corrections, 1).
 */
#include <inttypes.h>

#include "base/log.h"
#include "base/text.h"
#include "pki/journal.h"
#include "pki/work.h"

#define RECOVER_BATCH	64

static bool
ask_journal(struct engine *e, uint64_t after, struct journal_answer *out, struct fault *f)
{
	struct frame	fr;
	size_t		used;

	buf_reset(&e->questions);
	signer_put_journal(&e->questions, after);
	return engine_exchange(e, 1, f) &&
	    frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_journal(&fr, out, f);
}

static bool
lock_one(struct engine *e, struct store_authz *z, int64_t now, struct fault *f)
{
	log_line(LOG_LEVEL_ERROR, "authorization locked", "authz=%" PRId64 " id=\"%s\"", z->n,
	    z->id);
	return authz_lock(e, z, "pki", now, f);
}

/* Its number may have been given to another since: serial numbers tell. */
static bool
replay_successor(struct engine *e, const struct journal_record *r, bool *older,
    struct fault *f)
{
	struct store_cert	c;
	char			serial[2 * STORE_SERIAL_OCTETS + 1];

	if (!store_cert_find(e->p.store, (int64_t)r->number, false, e->scratch, &c, f))
		return false;
	if (r->id.n != STORE_SERIAL_OCTETS ||
	    (c.n != 0 && memcmp(c.serial, r->id.p, sizeof(c.serial)) == 0))
		return true;
	*older = true;
	hex_encode(r->id, serial);
	log_line(LOG_LEVEL_ERROR, "a certificate is not in the database: revoke it",
	    "serial=%s number=%" PRIu64, serial, r->number);
	return true;
}

static bool
can_be_locked(const struct store_authz *z)
{
	return z->state == STORE_AUTHZ_WAITING || z->state == STORE_AUTHZ_OPEN ||
	    (z->held && z->state == STORE_AUTHZ_IN_PROGRESS);
}

/*
 * What an operator or the holder of a token has done to one that is there.
 * The same is seen when the server was killed between journal and database,
 * so it is done without alarm.
 */
static bool
replay_step(struct engine *e, const struct journal_record *r, struct store_authz *z,
    int64_t now, struct fault *f)
{
	bool	idle = can_be_locked(z);

	if (r->kind == JOURNAL_CANCELLED && (idle || z->state == STORE_AUTHZ_LOCKED)) {
		log_line(LOG_LEVEL_WARN, "authorization cancelled, as the journal says",
		    "authz=%" PRId64 " id=\"%s\"", z->n, z->id);
		return authz_void(e, z, "pki", now, f);
	}
	if (r->kind == JOURNAL_LOCKED && idle)
		return lock_one(e, z, now, f);
	if (r->kind == JOURNAL_UNLOCKED && z->state == STORE_AUTHZ_LOCKED && !z->bound &&
	    z->cert == 0)
		return authz_unlock(e, z, "pki", now, f);
	return true;
}

/*
 * A record that the database knows of is nothing new.  A certificate was
 * reserved in the database before the signer saw it: an authorization that is
 * still open, or not there at all, comes from an older database.
 */
static bool
replay_one(struct engine *e, const struct journal_record *r, int64_t now, bool *older,
    struct fault *f)
{
	struct store_authz	z;

	if (r->kind == JOURNAL_CRL)
		return true;
	if (r->kind == JOURNAL_SUCCESSOR)
		return replay_successor(e, r, older, f);
	if (!store_authz_find(e->p.store, r->id, e->scratch, &z, f))
		return false;
	if (z.n == 0) {
		*older = true;
		log_line(LOG_LEVEL_ERROR, r->kind == JOURNAL_ISSUED ?
		    "a certificate is not in the database: revoke it" :
		    "an authorization is not in the database", "id=\"%.*s\" number=%" PRIu64,
		    (int)r->id.n, (const char *)r->id.p, r->number);
		return true;
	}
	if (r->kind != JOURNAL_ISSUED)
		return replay_step(e, r, &z, now, f);
	if (!can_be_locked(&z))
		return true;
	*older = true;
	return lock_one(e, &z, now, f);
}

static bool
replay(struct engine *e, uint64_t after, int64_t now, bool *older, struct fault *f)
{
	struct journal_answer	 a;
	struct journal_record	 r;
	struct frame		 fr;
	struct buf		 records;
	struct view		 left;
	size_t			 used;
	bool			 ok = true;

	buf_init(&records, FRAME_BODY_MAX);
	do {
		if (!(ok = ask_journal(e, after, &a, f)))
			break;
		buf_reset(&records);
		buf_add_view(&records, a.records);
		for (left = buf_view(&records); ok && left.n > 0;
		    left = view_of(left.p + used, left.n - used)) {
			ok = frame_take(left, FRAME_BODY_MAX, &fr, &used, f) && used > 0 &&
			    journal_record_get(&fr, &r, f) && replay_one(e, &r, now, older, f);
			if (!ok)
				break;
			after = r.counter;
		}
	} while (ok && records.n > 0 && after < a.counter);
	buf_clear(&records);
	return ok;
}

/* Nobody can tell what was spent: everything that could be is locked. */
static bool
lock_all(struct engine *e, int64_t now, struct fault *f)
{
	uint32_t		states = 1u << STORE_AUTHZ_WAITING | 1u << STORE_AUTHZ_OPEN |
				    1u << STORE_AUTHZ_IN_PROGRESS;
	int64_t			rows[RECOVER_BATCH], after = 0;
	size_t			n;
	struct store_authz	z;

	do {
		if (!store_authz_in_states(e->p.store, states, after, rows, RECOVER_BATCH, &n, f))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!store_authz_find_n(e->p.store, after = rows[i], e->scratch, &z, f) ||
			    !lock_one(e, &z, now, f))
				return false;
	} while (n == RECOVER_BATCH);
	return true;
}

static bool
raise_alarm(struct engine *e, int64_t now, const char *what, struct fault *f)
{
	int64_t	batches;

	log_line(LOG_LEVEL_ERROR, what, "see=\"pki4ipsec pki audit\"");
	return store_batch_purge_secrets(e->p.store, INT64_MAX, &batches, f) &&
	    store_counter_add(e->p.store, STORE_COUNTER_EPOCH, 1, &e->epoch, f) &&
	    note_audit(e, now, "pki", "roll-back found", "database", what, f);
}

static bool
compare(struct engine *e, int64_t now, struct fault *f)
{
	struct journal_answer	 a;
	int64_t			 mine, known;
	bool			 older = false;

	if (!store_counter_get(e->p.store, STORE_COUNTER_JOURNAL, &mine, f) ||
	    !ask_journal(e, UINT64_MAX, &a, f))
		return false;
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++)
		if (authority_is_here(&e->authorities, ca))
			e->crl_tried[ca] = (int64_t)a.crls[authority_number(&e->authorities, ca)];
	if (!store_counter_raise(e->p.store, STORE_COUNTER_CERTS, (int64_t)a.certs, NULL, f))
		return false;
	known = (int64_t)a.counter;
	if (known < mine)
		return lock_all(e, now, f) && raise_alarm(e, now,
		    "records of the signer's journal are missing", f) &&
		    store_counter_add(e->p.store, STORE_COUNTER_JOURNAL, known - mine, NULL, f);
	return replay(e, (uint64_t)mine, now, &older, f) &&
	    (!older || raise_alarm(e, now, "the database is older than the signer's journal",
	    f)) && store_counter_raise(e->p.store, STORE_COUNTER_JOURNAL, known, NULL, f);
}

bool
engine_compare_journal(struct engine *e, int64_t now, struct fault *f)
{
	if (store_begin(e->p.store, f) && compare(e, now, f) && store_commit(e->p.store, f)) {
		arena_reset(e->scratch);
		return true;
	}
	store_rollback(e->p.store);
	return false;
}

bool
engine_note_journal(struct engine *e, struct fault *f)
{
	struct journal_answer	a;
	struct fault		why = { 0 };

	/* Without a signer: later.  The counter may lag, never lead. */
	if (!e->journal_grew || !ask_journal(e, UINT64_MAX, &a, &why))
		return true;
	e->journal_grew = false;
	return store_counter_raise(e->p.store, STORE_COUNTER_JOURNAL, (int64_t)a.counter, NULL,
	    f);
}
