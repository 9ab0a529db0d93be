/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "store/db.h"
#include "store/store_cert.h"

#define COLUMNS	"n, name, cert, crl_number, phase"

static void
read_ca(struct query *q, struct arena *a, struct store_ca *out)
{
	*out = (struct store_ca){ .n = db_get_int(q) };
	out->name = db_get_text(q, a);
	out->cert = db_get_blob(q, a);
	out->crl_number = db_get_int(q);
	out->phase = (int)db_get_int(q);
}

static bool
find_ca(struct query *q, struct arena *a, struct store_ca *out, struct fault *f)
{
	bool	row;

	*out = (struct store_ca){ 0 };
	if (!db_step(q, &row, f))
		return false;
	if (!row)
		return true;
	read_ca(q, a, out);
	return db_row_last(q, f);
}

bool
store_ca_insert(struct store *st, struct store_ca *ca, struct fault *f)
{
	static const char	sql[] = "INSERT INTO ca (name, cert, crl_number, phase)"
	    " VALUES (?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_text(&q, ca->name);
	db_blob(&q, ca->cert);
	db_int(&q, ca->crl_number);
	db_int(&q, ca->phase);
	return db_run_insert(&q, &ca->n, f);
}

bool
store_ca_set_phase(struct store *st, int64_t n, int phase, struct fault *f)
{
	static const char	sql[] = "UPDATE ca SET phase = ? WHERE n = ?";
	struct query		q;
	bool			done;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, phase);
	db_int(&q, n);
	return db_run_changed(&q, &done, f);
}

bool
store_ca_find(struct store *st, const char *name, struct arena *a,
    struct store_ca *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM ca WHERE name = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_text(&q, name);
	return find_ca(&q, a, out, f);
}

bool
store_ca_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_ca *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM ca WHERE n = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, n);
	return find_ca(&q, a, out, f);
}

bool
store_ca_walk(struct store *st,
    bool (*each)(void *ctx, const struct store_ca *ca, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM ca ORDER BY n";
	struct store_ca		ca;
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		read_ca(&q, NULL, &ca);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &ca, f)) {
			db_end(&q);
			return false;
		}
	}
}

bool
store_crl_number(struct store *st, int64_t ca, int64_t at_least,
    int64_t *number, struct fault *f)
{
	static const char	sql[] = "UPDATE ca SET"
	    " crl_number = max(crl_number + 1, ?) WHERE n = ?"
	    " RETURNING crl_number";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, at_least);
	db_int(&q, ca);
	if (!db_number(&q, number, f))
		return false;
	return *number != 0 || fault_set(f, FAULT_NOT_FOUND, NULL,
	    "no CA %" PRId64, ca);
}

bool
store_crl_put(struct store *st, const struct store_crl *crl, struct fault *f)
{
	static const char	sql[] = "INSERT INTO crl (ca, kind, number,"
	    " this_update, next_update, der) VALUES (?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (ca, kind) DO UPDATE SET number = excluded.number,"
	    " this_update = excluded.this_update,"
	    " next_update = excluded.next_update, der = excluded.der"
	    " WHERE excluded.number >= number";
	struct query		q;
	bool			done;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, crl->ca);
	db_int(&q, crl->kind);
	db_int(&q, crl->number);
	db_int(&q, crl->this_update);
	db_int(&q, crl->next_update);
	db_blob(&q, crl->der);
	if (!db_run_changed(&q, &done, f))
		return false;
	return done || fault_set(f, FAULT_CONFLICT, NULL,
	    "CRL number %" PRId64 " is below the one kept", crl->number);
}

bool
store_crl_find(struct store *st, int64_t ca, enum store_crl_kind kind,
    struct arena *a, struct store_crl *out, struct fault *f)
{
	static const char	sql[] = "SELECT number, this_update,"
	    " next_update, der FROM crl WHERE ca = ? AND kind = ?";
	struct query		q;
	bool			row;

	*out = (struct store_crl){ .ca = ca, .kind = kind };
	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, ca);
	db_int(&q, kind);
	if (!db_step(&q, &row, f))
		return false;
	if (!row)
		return true;
	out->number = db_get_int(&q);
	out->this_update = db_get_int(&q);
	out->next_update = db_get_int(&q);
	out->der = db_get_blob(&q, a);
	return db_row_last(&q, f);
}
