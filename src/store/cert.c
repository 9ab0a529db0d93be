/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "store/cert_row.h"

void
cert_row_read(struct query *q, struct arena *a, struct store_cert *out)
{
	*out = (struct store_cert){ .n = db_get_int(q) };
	out->state = (enum store_cert_state)db_get_int(q);
	out->ca = db_get_int(q);
	out->authz = db_get_int(q);
	out->template = db_get_int(q);
	out->prev = db_get_int(q);
	out->not_before = db_get_int(q);
	out->not_after = db_get_int(q);
	out->created = db_get_int(q);
	out->confirmed_at = db_get_int(q);
	out->retire_at = db_get_int(q);
	out->revoked_at = db_get_int(q);
	out->reason = (int)db_get_int(q);
	out->invalidity = db_get_int(q);
	db_get_fixed(q, out->serial, sizeof(out->serial));
	db_get_fixed(q, out->spki_hash, sizeof(out->spki_hash));
	db_get_fixed(q, out->sha1, sizeof(out->sha1));
	out->subject = db_get_text(q, a);
	out->identity = db_get_text(q, a);
	out->body = db_get_blob(q, a);
	out->deed = db_get_blob(q, a);
	if ((unsigned)out->state >= STORE_CERT_STATES)
		q->damage = "a certificate has an unknown state";
}

bool
store_cert_number(struct store *st, int64_t *n, struct fault *f)
{
	if (!st->open)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "a certificate number outside a transaction");
	if (st->heads.cert >= STORE_CERT_NUMBER_MAX)
		return fault_set(f, FAULT_LIMIT, NULL,
		    "all %" PRId64 " certificate numbers are used",
		    STORE_CERT_NUMBER_MAX);
	*n = ++st->heads.cert;
	return true;
}

static void
bind_row(struct query *q, const struct store_cert *c)
{
	db_int(q, c->n);
	db_int(q, c->state);
	db_int(q, c->ca);
	db_ref(q, c->authz);
	db_ref(q, c->template);
	db_ref(q, c->prev);
	db_int(q, c->not_before);
	db_int(q, c->not_after);
	db_int(q, c->created);
	db_int(q, c->confirmed_at);
	db_ref(q, c->retire_at);
	db_int(q, c->revoked_at);
	db_int(q, c->reason);
	db_int(q, c->invalidity);
	db_blob(q, view_of(c->serial, sizeof(c->serial)));
	db_blob(q, view_of(c->spki_hash, sizeof(c->spki_hash)));
	db_blob(q, view_of(c->sha1, sizeof(c->sha1)));
	db_text(q, c->subject);
	db_text(q, c->identity);
}

bool
store_cert_insert(struct store *st, const struct store_cert *c, struct fault *f)
{
	static const char	row[] = "INSERT INTO cert (n, state, ca, authz,"
	    " template, prev, not_before, not_after, created, confirmed_at,"
	    " retire_at, revoked_at, reason, invalidity, serial, spki_hash,"
	    " sha1, subject, identity)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	static const char	body[] =
	    "INSERT INTO cert_body (n, body) VALUES (?, ?)";
	struct query		q;

	if (c->n <= 0 || c->n > st->heads.cert)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "certificate number %" PRId64 " was not handed out", c->n);
	if (!db_write(st, row, &q, f))
		return false;
	bind_row(&q, c);
	if (!db_run(&q, f) || !db_write(st, body, &q, f))
		return false;
	db_int(&q, c->n);
	db_blob(&q, c->body);
	return db_run(&q, f) && (c->state == STORE_CERT_RESERVED ||
	    cert_hash_issued(st, c->n, c->sha1, f));
}

bool
store_cert_finish(struct store *st, int64_t n, struct view der,
    struct view deed, const uint8_t sha1[STORE_SHA1_OCTETS], bool *done, struct fault *f)
{
	static const char	row[] = "UPDATE cert SET state = 1, sha1 = ?"
	    " WHERE n = ? AND state = 0";
	static const char	body[] =
	    "UPDATE cert_body SET body = ?, deed = ? WHERE n = ?";
	struct query		q;

	if (!db_write(st, row, &q, f))
		return false;
	db_blob(&q, view_of(sha1, STORE_SHA1_OCTETS));
	db_int(&q, n);
	if (!db_run_changed(&q, done, f))
		return false;
	if (!*done)
		return true;
	if (!db_write(st, body, &q, f))
		return false;
	db_blob(&q, der);
	db_blob_or_null(&q, deed);
	db_int(&q, n);
	return db_run(&q, f) && cert_hash_issued(st, n, sha1, f);
}

bool
store_cert_confirm(struct store *st, int64_t n, int64_t now, bool *done,
    struct fault *f)
{
	static const char	sql[] = "UPDATE cert SET state = 2,"
	    " confirmed_at = ? WHERE n = ? AND state = 1";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, now);
	db_int(&q, n);
	return db_run_changed(&q, done, f);
}

bool
store_cert_move(struct store *st, int64_t n, enum store_cert_state from,
    enum store_cert_state to, int64_t retire_at, bool *done, struct fault *f)
{
	static const char	sql[] = "UPDATE cert SET state = ?,"
	    " retire_at = coalesce(?, retire_at) WHERE n = ? AND state = ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, to);
	db_ref(&q, retire_at);
	db_int(&q, n);
	db_int(&q, from);
	return db_run_changed(&q, done, f);
}

bool
store_cert_supersede(struct store *st, int64_t n, int64_t retire_at, int reason,
    bool *done, struct fault *f)
{
	static const char	sql[] = "UPDATE cert SET state = 3, retire_at = ?,"
	    " reason = ? WHERE n = ? AND state = 2";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_ref(&q, retire_at);
	db_int(&q, reason);
	db_int(&q, n);
	return db_run_changed(&q, done, f);
}

bool
store_cert_revoke(struct store *st, int64_t n, int64_t now, int reason,
    int64_t invalidity, bool *done, struct fault *f)
{
	static const char	sql[] = "UPDATE cert SET state = 4,"
	    " revoked_at = ?, reason = ?, invalidity = ?, retire_at = NULL"
	    " WHERE n = ? AND state IN (1, 2, 3)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, now);
	db_int(&q, reason);
	db_int(&q, invalidity);
	db_int(&q, n);
	return db_run_changed(&q, done, f);
}

static bool
find_cert(struct query *q, struct arena *a, struct store_cert *out,
    struct fault *f)
{
	bool	row;

	*out = (struct store_cert){ 0 };
	if (!db_step(q, &row, f))
		return false;
	if (!row)
		return true;
	cert_row_read(q, a, out);
	return db_row_last(q, f);
}

bool
store_cert_find(struct store *st, int64_t n, bool want_body, struct arena *a,
    struct store_cert *out, struct fault *f)
{
	static const char	with[] = "SELECT " CERT_COLUMNS ", body, deed"
	    " FROM cert JOIN cert_body USING (n) WHERE cert.n = ?";
	static const char	without[] = "SELECT " CERT_COLUMNS ", NULL, NULL"
	    " FROM cert WHERE cert.n = ?";
	struct query		q;

	if (!db_read(st, want_body ? with : without, &q, f))
		return false;
	db_int(&q, n);
	return find_cert(&q, a, out, f);
}
