/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_authz.h"

#define COLUMNS	"n, name, version, digest, der, profile, created, retired"

static void
read_template(struct query *q, struct arena *a, struct store_template *out)
{
	*out = (struct store_template){ .n = db_get_int(q) };
	out->name = db_get_text(q, a);
	out->version = db_get_int(q);
	db_get_fixed(q, out->digest, sizeof(out->digest));
	out->der = db_get_blob(q, a);
	out->profile = db_get_blob(q, a);
	out->created = db_get_int(q);
	out->retired = db_get_int(q);
}

static bool
find_template(struct query *q, struct arena *a, struct store_template *out,
    struct fault *f)
{
	bool	row;

	*out = (struct store_template){ 0 };
	if (!db_step(q, &row, f))
		return false;
	if (!row)
		return true;
	read_template(q, a, out);
	return db_row_last(q, f);
}

bool
store_template_insert(struct store *st, struct store_template *t,
    struct fault *f)
{
	static const char	sql[] = "INSERT INTO template (name, version,"
	    " digest, der, profile, created, retired)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_text(&q, t->name);
	db_int(&q, t->version);
	db_blob(&q, view_of(t->digest, sizeof(t->digest)));
	db_blob(&q, t->der);
	db_blob(&q, t->profile);
	db_int(&q, t->created);
	db_int(&q, t->retired);
	return db_run_insert(&q, &t->n, f);
}

bool
store_template_retire(struct store *st, int64_t n, int64_t now, bool *done,
    struct fault *f)
{
	static const char	sql[] =
	    "UPDATE template SET retired = ? WHERE n = ? AND retired = 0";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, now);
	db_int(&q, n);
	return db_run_changed(&q, done, f);
}

bool
store_template_find(struct store *st, const char *name, int64_t version,
    struct arena *a, struct store_template *out, struct fault *f)
{
	static const char	latest[] = "SELECT " COLUMNS " FROM template"
	    " WHERE name = ? AND retired = 0 ORDER BY version DESC LIMIT 1";
	static const char	exact[] = "SELECT " COLUMNS " FROM template"
	    " WHERE name = ? AND version = ?";
	struct query		q;

	if (!db_read(st, version == 0 ? latest : exact, &q, f))
		return false;
	db_text(&q, name);
	if (version != 0)
		db_int(&q, version);
	return find_template(&q, a, out, f);
}

bool
store_template_last(struct store *st, const char *name, struct arena *a,
    struct store_template *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM template"
	    " WHERE name = ? ORDER BY version DESC LIMIT 1";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_text(&q, name);
	return find_template(&q, a, out, f);
}

bool
store_template_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_template *out, struct fault *f)
{
	static const char	sql[] =
	    "SELECT " COLUMNS " FROM template WHERE n = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, n);
	return find_template(&q, a, out, f);
}

bool
store_template_walk(struct store *st,
    bool (*each)(void *ctx, const struct store_template *t, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	sql[] =
	    "SELECT " COLUMNS " FROM template ORDER BY name, version";
	struct store_template	t;
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		read_template(&q, NULL, &t);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &t, f)) {
			db_end(&q);
			return false;
		}
	}
}

/* --- authors --------------------------------------------------------------- */

bool
store_author_insert(struct store *st, const struct store_author *u, struct fault *f)
{
	static const char	sql[] = "INSERT INTO template_author (template, version,"
	    " digest, admin, cert, time) VALUES (?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_text(&q, u->template);
	db_int(&q, u->version);
	db_blob(&q, view_of(u->digest, sizeof(u->digest)));
	db_int(&q, u->admin);
	db_int(&q, u->cert);
	db_int(&q, u->time);
	return db_run(&q, f);
}

bool
store_author_find(struct store *st, const char *template, int64_t version, struct arena *a,
    struct store_author *out, struct fault *f)
{
	static const char	sql[] = "SELECT u.template, u.version, u.digest, u.admin, u.cert,"
	    " u.time, admin.name, cert.serial FROM template_author u"
	    " JOIN admin ON admin.n = u.admin JOIN cert ON cert.n = u.cert"
	    " WHERE u.template = ?1 AND (?2 = 0 OR u.version = ?2)"
	    " ORDER BY u.version DESC LIMIT 1";
	struct query		q;
	bool			row;

	*out = (struct store_author){ 0 };
	if (!db_read(st, sql, &q, f))
		return false;
	db_text(&q, template);
	db_int(&q, version);
	if (!db_step(&q, &row, f))
		return false;
	if (!row)
		return true;
	out->template = db_get_text(&q, a);
	out->version = db_get_int(&q);
	db_get_fixed(&q, out->digest, sizeof(out->digest));
	out->admin = db_get_int(&q);
	out->cert = db_get_int(&q);
	out->time = db_get_int(&q);
	out->name = db_get_text(&q, a);
	db_get_fixed(&q, out->serial, sizeof(out->serial));
	return db_row_last(&q, f);
}
