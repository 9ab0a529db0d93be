/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_approval.h"

#define COLUMNS	"n, state, authz, cert, kind, needed, created, pend_time, deadline," \
		" closed, code, token, spki_hash, digest, txn, identity, reason"
#define MESSAGES	", request, layer, layer_by"
#define OPEN	" state IN (0, 1)"

static void
read_row(struct query *q, struct arena *a, struct store_approval *out)
{
	*out = (struct store_approval){ .n = db_get_int(q) };
	out->state = (enum store_approval_state)db_get_int(q);
	out->authz = db_get_int(q);
	out->cert = db_get_int(q);
	out->kind = (enum store_change_kind)db_get_int(q);
	out->needed = db_get_int(q);
	out->created = db_get_int(q);
	out->pend_time = db_get_int(q);
	out->deadline = db_get_int(q);
	out->closed = db_get_int(q);
	out->code = db_get_int(q);
	db_get_fixed(q, out->token, sizeof(out->token));
	db_get_fixed(q, out->spki_hash, sizeof(out->spki_hash));
	db_get_fixed(q, out->digest, sizeof(out->digest));
	out->transaction = db_get_blob(q, a);
	out->identity = db_get_text(q, a);
	out->reason = db_get_text(q, a);
	if ((unsigned)out->state >= STORE_APPROVAL_STATES ||
	    (unsigned)out->kind > STORE_CHANGE_UPDATE)
		q->damage = "an approval has an unknown state or kind";
}

bool
store_approval_insert(struct store *st, struct store_approval *z, struct fault *f)
{
	static const char	sql[] = "INSERT INTO approval (state, authz, cert, kind,"
	    " needed, created, pend_time, deadline, closed, code, token, spki_hash, digest,"
	    " txn, identity, reason, request, layer, layer_by)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, z->state);
	db_int(&q, z->authz);
	db_ref(&q, z->cert);
	db_int(&q, z->kind);
	db_int(&q, z->needed);
	db_int(&q, z->created);
	db_int(&q, z->pend_time);
	db_int(&q, z->deadline);
	db_int(&q, z->closed);
	db_int(&q, z->code);
	db_blob(&q, view_of(z->token, sizeof(z->token)));
	db_blob(&q, view_of(z->spki_hash, sizeof(z->spki_hash)));
	db_blob(&q, view_of(z->digest, sizeof(z->digest)));
	db_blob(&q, z->transaction);
	db_text(&q, z->identity);
	db_text(&q, z->reason);
	db_blob_or_null(&q, z->request);
	db_blob_or_null(&q, z->layer);
	db_ref(&q, z->layer_by);
	return db_run_insert(&q, &z->n, f);
}

bool
store_approval_update(struct store *st, const struct store_approval *z,
    enum store_approval_state from, bool *done, struct fault *f)
{
	static const char	sql[] = "UPDATE approval SET state = ?, deadline = ?,"
	    " closed = ?, code = ?, reason = ? WHERE n = ? AND state = ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, z->state);
	db_int(&q, z->deadline);
	db_int(&q, z->closed);
	db_int(&q, z->code);
	db_text(&q, z->reason);
	db_int(&q, z->n);
	db_int(&q, from);
	return db_run_changed(&q, done, f);
}

/* The messages are the last columns: walks do without. */
static bool
find_row(struct query *q, struct arena *a, struct store_approval *out, struct fault *f)
{
	bool	row;

	*out = (struct store_approval){ 0 };
	if (!db_step(q, &row, f))
		return false;
	if (!row)
		return true;
	read_row(q, a, out);
	out->request = db_get_blob(q, a);
	out->layer = db_get_blob(q, a);
	out->layer_by = db_get_int(q);
	return db_row_last(q, f);
}

bool
store_approval_find_token(struct store *st, struct view token, struct arena *a,
    struct store_approval *out, struct fault *f)
{
	static const char	sql[] =
	    "SELECT " COLUMNS MESSAGES " FROM approval WHERE token = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_blob(&q, token);
	return find_row(&q, a, out, f);
}

bool
store_approval_find_open(struct store *st, int64_t authz, struct arena *a,
    struct store_approval *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS MESSAGES " FROM approval"
	    " WHERE authz = ? AND" OPEN " ORDER BY n DESC LIMIT 1";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, authz);
	return find_row(&q, a, out, f);
}

bool
store_approval_find_digest(struct store *st, int64_t authz,
    const uint8_t digest[STORE_DIGEST_OCTETS], struct arena *a,
    struct store_approval *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS MESSAGES " FROM approval"
	    " WHERE authz = ? AND digest = ? ORDER BY n DESC LIMIT 1";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, authz);
	db_blob(&q, view_of(digest, STORE_DIGEST_OCTETS));
	return find_row(&q, a, out, f);
}

bool
store_approval_walk(struct store *st, size_t max,
    bool (*each)(void *ctx, const struct store_approval *q, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM approval"
	    " WHERE" OPEN " ORDER BY n LIMIT ?";
	struct store_approval	z;
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, db_limit(max));
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		read_row(&q, NULL, &z);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &z, f)) {
			db_end(&q);
			return false;
		}
	}
}

bool
store_approval_due(struct store *st, int64_t now, int64_t *authz, size_t max,
    size_t *count, struct fault *f)
{
	static const char	sql[] = "SELECT authz FROM approval"
	    " WHERE" OPEN " AND deadline <= ? ORDER BY deadline";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, now);
	return db_numbers(&q, authz, max, count, f);
}

bool
store_approval_count(struct store *st, int64_t counts[STORE_APPROVAL_STATES],
    struct fault *f)
{
	static const char	sql[] = "SELECT state, count(*) FROM approval GROUP BY state";
	struct query		q;

	return db_read(st, sql, &q, f) && db_counts(&q, counts, STORE_APPROVAL_STATES, f);
}

bool
store_approval_purge(struct store *st, int64_t before, size_t max, struct fault *f)
{
	static const char	sql[] = "UPDATE approval SET request = NULL,"
	    " layer = NULL WHERE n IN"
	    " (SELECT n FROM approval WHERE closed < ? AND closed > 0"
	    " AND request IS NOT NULL ORDER BY closed LIMIT ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, before);
	db_int(&q, db_limit(max));
	return db_run(&q, f);
}

/* --- who said what ------------------------------------------------------------------- */

bool
store_approver_insert(struct store *st, const struct store_approver *p, struct fault *f)
{
	static const char	sql[] = "INSERT INTO approver (approval, key, rejects, name,"
	    " time, reason) VALUES (?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, p->approval);
	db_text(&q, p->key);
	db_int(&q, p->rejects);
	db_text(&q, p->name);
	db_int(&q, p->time);
	db_text(&q, p->reason);
	return db_run(&q, f);
}

bool
store_approver_walk(struct store *st, int64_t approval,
    bool (*each)(void *ctx, const struct store_approver *p, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	sql[] = "SELECT approval, name, key, rejects, time, reason"
	    " FROM approver WHERE approval = ? ORDER BY time, key";
	struct store_approver	p;
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, approval);
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		p.approval = db_get_int(&q);
		p.name = db_get_text(&q, NULL);
		p.key = db_get_text(&q, NULL);
		p.rejects = db_get_int(&q) != 0;
		p.time = db_get_int(&q);
		p.reason = db_get_text(&q, NULL);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &p, f)) {
			db_end(&q);
			return false;
		}
	}
}
