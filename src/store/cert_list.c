/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cert_row.h"

bool
store_cert_ends(struct store *st, int64_t ca, int64_t t, int64_t *count, int64_t *last,
    struct fault *f)
{
	static const char	sql[] = "SELECT count(*), coalesce(max(not_after), 0) FROM cert"
	    " WHERE ca = ? AND not_after > ? AND state != 6";
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, ca);
	db_int(&q, t);
	if (!db_step(&q, &row, f))
		return false;
	*count = db_get_int(&q);
	*last = db_get_int(&q);
	return db_row_last(&q, f);
}

bool
store_cert_walk(struct store *st, const struct store_cert_filter *filter,
    bool (*each)(void *ctx, const struct store_cert *c, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	with[] = "SELECT " CERT_COLUMNS ", body, deed"
	    " FROM cert JOIN cert_body USING (n) WHERE cert.n > ?1"
	    " AND (?2 = 0 OR (1 << state) & ?2 != 0) AND (?3 = 0 OR ca = ?3)"
	    " AND (?4 = 0 OR not_after <= ?4) ORDER BY cert.n LIMIT ?5";
	static const char	without[] = "SELECT " CERT_COLUMNS ", NULL, NULL"
	    " FROM cert WHERE cert.n > ?1"
	    " AND (?2 = 0 OR (1 << state) & ?2 != 0) AND (?3 = 0 OR ca = ?3)"
	    " AND (?4 = 0 OR not_after <= ?4) ORDER BY cert.n LIMIT ?5";
	struct store_cert	c;
	struct query		q;
	bool			row;

	if (!db_read(st, filter->want_body ? with : without, &q, f))
		return false;
	db_int(&q, filter->after);
	db_int(&q, filter->states);
	db_int(&q, filter->ca);
	db_int(&q, filter->expires_by);
	db_int(&q, db_limit(filter->max));
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		cert_row_read(&q, NULL, &c);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &c, f)) {
			db_end(&q);
			return false;
		}
	}
}

/* Answered from the index alone; its order is that of the serial numbers. */
bool
store_revoked_walk(struct store *st, int64_t ca, int64_t expired_by,
    int64_t since,
    bool (*each)(void *ctx, const struct store_revoked *r, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	sql[] = "SELECT n, serial, revoked_at,"
	    " invalidity, reason FROM cert INDEXED BY cert_revoked"
	    " WHERE state = 4 AND ca = ? AND not_after > ? AND revoked_at >= ?"
	    " ORDER BY n";
	struct store_revoked	r;
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, ca);
	db_int(&q, expired_by);
	db_int(&q, since);
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		r.n = db_get_int(&q);
		r.serial = db_get_blob(&q, NULL);
		r.revoked_at = db_get_int(&q);
		r.invalidity = db_get_int(&q);
		r.reason = (int)db_get_int(&q);
		if (r.serial.n != STORE_SERIAL_OCTETS)
			q.damage = "a serial number has a wrong length";
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &r, f)) {
			db_end(&q);
			return false;
		}
	}
}

bool
store_cert_retiring(struct store *st, int64_t now, int64_t *n, size_t max,
    size_t *count, struct fault *f)
{
	static const char	sql[] = "SELECT n FROM cert"
	    " WHERE retire_at <= ? AND retire_at IS NOT NULL"
	    " AND state IN (1, 2, 3) ORDER BY retire_at";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, now);
	return db_numbers(&q, n, max, count, f);
}

bool
store_cert_expire(struct store *st, int64_t now, int64_t *count,
    struct fault *f)
{
	static const char	sql[] = "UPDATE cert SET state = 5,"
	    " retire_at = NULL WHERE state IN (1, 2, 3) AND not_after <= ?";
	struct query		q;
	bool			any;

	*count = 0;
	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, now);
	if (!db_run_changed(&q, &any, f))
		return false;
	*count = any ? sqlite3_changes64(st->db) : 0;
	return true;
}

bool
store_cert_count(struct store *st, int64_t counts[STORE_CERT_STATES],
    struct fault *f)
{
	static const char	sql[] =
	    "SELECT state, count(*) FROM cert GROUP BY state";
	struct query		q;

	return db_read(st, sql, &q, f) && db_counts(&q, counts, STORE_CERT_STATES, f);
}
