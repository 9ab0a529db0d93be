/* SPDX-License-Identifier: Apache-2.0 */
#include "store/authz_row.h"

static void
read_numbers(struct query *q, struct arena *a, struct store_authz *out)
{
	out->n = db_get_int(q);
	out->state = (enum store_authz_state)db_get_int(q);
	out->id = db_get_text(q, a);
	out->admin = db_get_int(q);
	out->batch = db_get_int(q);
	out->template = db_get_int(q);
	out->entry_id = db_get_int(q);
	out->window_from = db_get_int(q);
	out->window_to = db_get_int(q);
	out->confirm_within = db_get_int(q);
	out->replaces = db_get_int(q);
	out->created = db_get_int(q);
	out->epoch = db_get_int(q);
	out->held = db_get_int(q) != 0;
	out->cert = db_get_int(q);
	out->successor = db_get_int(q);
	out->confirm_by = db_get_int(q);
	out->renewals = db_get_int(q);
	out->updates = db_get_int(q);
	out->request = db_get_int(q);
	out->failed_proofs = db_get_int(q);
	out->event_at = db_get_int(q);
	out->last_failure = db_get_int(q);
	out->changed = db_get_int(q);
}

void
authz_row_read(struct query *q, struct arena *a, struct store_authz *out)
{
	static const uint8_t	unbound[STORE_DIGEST_OCTETS];

	*out = (struct store_authz){ 0 };
	read_numbers(q, a, out);
	db_get_fixed(q, out->content_digest, sizeof(out->content_digest));
	db_get_fixed(q, out->spki_hash, sizeof(out->spki_hash));
	out->bound = memcmp(out->spki_hash, unbound, sizeof(unbound)) != 0;
	db_get_fixed(q, out->receipt, sizeof(out->receipt));
	out->sealed = db_get_blob(q, a);
	out->sealed_cancel = db_get_blob(q, a);
	out->label = db_get_text(q, a);
	out->sans = db_get_text(q, a);
	out->subject = db_get_blob(q, a);
	out->terms = db_get_blob(q, a);
	if ((unsigned)out->state >= STORE_AUTHZ_STATES)
		q->damage = "an authorization has an unknown state";
}

/* state, sealed ... changed: what insert and update share, in one order. */
#define CHANGING \
	"state = ?, sealed = ?, sealed_cancel = ?, epoch = ?, spki_hash = ?," \
	" held = ?, cert = ?, successor = ?, confirm_by = ?, renewals = ?," \
	" updates = ?, request = ?, failed_proofs = ?, event_at = ?, last_failure = ?," \
	" receipt = ?, changed = ?"

static void
bind_changing(struct query *q, const struct store_authz *z)
{
	db_int(q, z->state);
	db_blob_or_null(q, z->sealed);
	db_blob_or_null(q, z->sealed_cancel);
	db_int(q, z->epoch);
	db_blob_or_null(q, z->bound ?
	    view_of(z->spki_hash, sizeof(z->spki_hash)) : VIEW_NONE);
	db_int(q, z->held);
	db_ref(q, z->cert);
	db_ref(q, z->successor);
	db_ref(q, z->confirm_by);
	db_int(q, z->renewals);
	db_int(q, z->updates);
	db_int(q, z->request);
	db_int(q, z->failed_proofs);
	db_int(q, z->event_at);
	db_int(q, z->last_failure);
	db_blob(q, view_of(z->receipt, sizeof(z->receipt)));
	db_int(q, z->changed);
}

static void
bind_fixed(struct query *q, const struct store_authz *z)
{
	db_text(q, z->id);
	db_ref(q, z->admin);
	db_ref(q, z->batch);
	db_ref(q, z->template);
	db_int(q, z->entry_id);
	db_int(q, z->window_from);
	db_int(q, z->window_to);
	db_int(q, z->confirm_within);
	db_ref(q, z->replaces);
	db_int(q, z->created);
	db_blob(q, view_of(z->content_digest, sizeof(z->content_digest)));
	db_text(q, z->label);
	db_text(q, z->sans);
	db_blob(q, z->subject);
	db_blob(q, z->terms);
}

bool
store_authz_insert(struct store *st, struct store_authz *z, struct fault *f)
{
	static const char	sql[] = "INSERT INTO authz (id, admin, batch,"
	    " template, entry_id, window_from, window_to, confirm_within,"
	    " replaces, created, content_digest, label, sans, subject, terms,"
	    " state, sealed, sealed_cancel, epoch, spki_hash, held, cert,"
	    " successor, confirm_by, renewals, updates, request, failed_proofs,"
	    " event_at, last_failure, receipt, changed)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	bind_fixed(&q, z);
	bind_changing(&q, z);
	return db_run_insert(&q, &z->n, f);
}

bool
store_authz_update(struct store *st, const struct store_authz *z,
    enum store_authz_state from, bool *done, struct fault *f)
{
	static const char	sql[] =
	    "UPDATE authz SET " CHANGING " WHERE n = ? AND state = ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	bind_changing(&q, z);
	db_int(&q, z->n);
	db_int(&q, from);
	return db_run_changed(&q, done, f);
}

bool
store_authz_erase(struct store *st, int64_t n, struct fault *f)
{
	static const char	contents[] = "UPDATE authz SET label = '',"
	    " sans = '', subject = x'', terms = x'' WHERE n = ?";
	static const char	names[] = "DELETE FROM name WHERE authz = ?";
	struct query		q;

	if (!db_write(st, contents, &q, f))
		return false;
	db_int(&q, n);
	if (!db_run(&q, f) || !db_write(st, names, &q, f))
		return false;
	db_int(&q, n);
	return db_run(&q, f);
}

static bool
find_authz(struct query *q, struct arena *a, struct store_authz *out,
    struct fault *f)
{
	bool	row;

	*out = (struct store_authz){ 0 };
	if (!db_step(q, &row, f))
		return false;
	if (!row)
		return true;
	authz_row_read(q, a, out);
	return db_row_last(q, f);
}

bool
store_authz_find_receipt(struct store *st, struct view receipt, struct arena *a,
    struct store_authz *out, struct fault *f)
{
	static const char	sql[] = "SELECT " AUTHZ_COLUMNS
	    " FROM authz WHERE receipt = ? AND state = 5";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_blob(&q, receipt);
	return find_authz(&q, a, out, f);
}

bool
store_authz_find(struct store *st, struct view id, struct arena *a,
    struct store_authz *out, struct fault *f)
{
	static const char	sql[] =
	    "SELECT " AUTHZ_COLUMNS " FROM authz WHERE id = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_text_view(&q, id);
	return find_authz(&q, a, out, f);
}

bool
store_authz_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_authz *out, struct fault *f)
{
	static const char	sql[] =
	    "SELECT " AUTHZ_COLUMNS " FROM authz WHERE n = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, n);
	return find_authz(&q, a, out, f);
}
