/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_authz.h"

#define COLUMNS	"admin.n, admin.name, admin.rights, admin.created"

static void
read_admin(struct query *q, struct arena *a, struct store_admin *out)
{
	*out = (struct store_admin){ .n = db_get_int(q) };
	out->name = db_get_text(q, a);
	out->rights = db_get_text(q, a);
	out->created = db_get_int(q);
}

static bool
find_admin(struct query *q, struct arena *a, struct store_admin *out,
    struct fault *f)
{
	bool	row;

	*out = (struct store_admin){ 0 };
	if (!db_step(q, &row, f))
		return false;
	if (!row)
		return true;
	read_admin(q, a, out);
	return db_row_last(q, f);
}

bool
store_admin_insert(struct store *st, struct store_admin *ad, struct fault *f)
{
	static const char	sql[] = "INSERT INTO admin (name, rights, created)"
	    " VALUES (?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_text(&q, ad->name);
	db_text(&q, ad->rights);
	db_int(&q, ad->created);
	return db_run_insert(&q, &ad->n, f);
}

bool
store_admin_set_rights(struct store *st, int64_t n, const char *rights,
    bool *done, struct fault *f)
{
	static const char	sql[] = "UPDATE admin SET rights = ? WHERE n = ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_text(&q, rights);
	db_int(&q, n);
	return db_run_changed(&q, done, f);
}

bool
store_admin_add_cert(struct store *st, int64_t n, int64_t cert, struct fault *f)
{
	static const char	sql[] = "INSERT INTO admin_cert (cert, admin)"
	    " VALUES (?, ?) ON CONFLICT (cert) DO UPDATE"
	    " SET admin = excluded.admin";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, cert);
	db_int(&q, n);
	return db_run(&q, f);
}

bool
store_admin_find(struct store *st, const char *name, struct arena *a,
    struct store_admin *out, struct fault *f)
{
	static const char	sql[] =
	    "SELECT " COLUMNS " FROM admin WHERE name = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_text(&q, name);
	return find_admin(&q, a, out, f);
}

bool
store_admin_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_admin *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM admin WHERE n = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, n);
	return find_admin(&q, a, out, f);
}

bool
store_admin_find_cert(struct store *st, int64_t cert, struct arena *a,
    struct store_admin *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM admin_cert"
	    " JOIN admin ON admin.n = admin_cert.admin"
	    " WHERE admin_cert.cert = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, cert);
	return find_admin(&q, a, out, f);
}

bool
store_admin_certs(struct store *st, int64_t n, int64_t *certs, size_t max, size_t *count,
    struct fault *f)
{
	static const char	sql[] = "SELECT cert FROM admin_cert WHERE admin = ?"
	    " ORDER BY cert DESC";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, n);
	return db_numbers(&q, certs, max, count, f);
}

bool
store_admin_walk(struct store *st,
    bool (*each)(void *ctx, const struct store_admin *ad, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM admin ORDER BY name";
	struct store_admin	ad;
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		read_admin(&q, NULL, &ad);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &ad, f)) {
			db_end(&q);
			return false;
		}
	}
}
