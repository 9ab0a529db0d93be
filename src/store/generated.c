/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_authz.h"

bool
store_generated_insert(struct store *st, const struct store_generated *g, struct fault *f)
{
	static const char	sql[] =
	    "INSERT INTO generated (authz, digest, spki, key) VALUES (?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, g->authz);
	db_blob(&q, view_of(g->digest, sizeof(g->digest)));
	db_blob(&q, g->spki);
	db_blob(&q, g->key);
	return db_run(&q, f);
}

bool
store_generated_find(struct store *st, int64_t authz, struct arena *a,
    struct store_generated *out, struct fault *f)
{
	static const char	sql[] =
	    "SELECT authz, digest, spki, key FROM generated WHERE authz = ?";
	struct query		q;
	bool			row;

	*out = (struct store_generated){ 0 };
	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, authz);
	if (!db_step(&q, &row, f))
		return false;
	if (!row)
		return true;
	out->authz = db_get_int(&q);
	db_get_fixed(&q, out->digest, sizeof(out->digest));
	out->spki = db_get_blob(&q, a);
	out->key = db_get_blob(&q, a);
	return db_row_last(&q, f);
}

bool
store_generated_erase(struct store *st, int64_t authz, struct fault *f)
{
	static const char	sql[] = "DELETE FROM generated WHERE authz = ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, authz);
	return db_run(&q, f);
}
