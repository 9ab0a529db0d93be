/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cert_row.h"

bool
store_name_insert(struct store *st, const char *value, enum store_name_kind kind,
    int64_t authz, int64_t cert, struct fault *f)
{
	static const char	sql[] = "INSERT INTO name (value, kind, authz, cert)"
	    " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_text(&q, value);
	db_int(&q, kind);
	db_int(&q, authz);
	db_int(&q, cert);
	return db_run(&q, f);
}

bool
store_names_leave(struct store *st, int64_t authz, int64_t cert, struct fault *f)
{
	static const char	sql[] = "UPDATE OR REPLACE name SET cert = ?"
	    " WHERE authz = ? AND cert = 0 AND kind <> ?";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, cert);
	db_int(&q, authz);
	db_int(&q, STORE_NAME_LABEL);
	return db_run(&q, f);
}

bool
store_name_owners(struct store *st, const char *value, enum store_name_kind kind,
    int64_t now, struct store_owner out[STORE_OWNERS_MAX], size_t *count,
    struct fault *f)
{
	static const char	sql[] =
	    "SELECT m.authz, coalesce(c.n, 0),"
	    " coalesce(z.state IN (0, 1, 2, 3, 7), 0)"
	    "  OR coalesce(c.state IN (0, 1, 2, 3) AND c.not_after > ?, 0) AS living"
	    " FROM name m LEFT JOIN authz z ON z.n = m.authz"
	    " LEFT JOIN cert c ON c.n = iif(m.cert = 0, z.cert, m.cert)"
	    " WHERE m.value = ? AND m.kind = ?"
	    " ORDER BY living DESC, m.authz DESC, m.cert DESC LIMIT ?";
	struct query		q;
	bool			row;

	*count = 0;
	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, now);
	db_text(&q, value);
	db_int(&q, kind);
	db_int(&q, STORE_OWNERS_MAX);
	for (;;) {
		struct store_owner	*o = &out[*count];

		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		o->authz = db_get_int(&q);
		o->cert = db_get_int(&q);
		o->living = db_get_int(&q) != 0;
		(*count)++;
	}
}

enum store_name_kind
name_kind_prefix(const char *text, const char **value)
{
	static const struct {
		const char		*prefix;
		enum store_name_kind	 kind;
	} kinds[] = {
		{ "fqdn:", STORE_NAME_FQDN }, { "email:", STORE_NAME_EMAIL },
		{ "ipv4:", STORE_NAME_IPV4 }, { "ipv6:", STORE_NAME_IPV6 },
		{ "label:", STORE_NAME_LABEL },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t	n = strlen(kinds[i].prefix);

		if (strncmp(text, kinds[i].prefix, n) == 0) {
			*value = text + n;
			return kinds[i].kind;
		}
	}
	*value = text;
	return 0;
}

bool
store_cert_find_named(struct store *st, const char *text, int64_t *n, size_t max,
    size_t *count, struct fault *f)
{
	static const char	sql[] =
	    "SELECT iif(m.cert = 0, z.cert, m.cert) AS head"
	    " FROM name m LEFT JOIN authz z ON z.n = m.authz"
	    " WHERE m.value = ?1 AND (?2 = 0 OR m.kind = ?2) AND head > 0"
	    " UNION SELECT cert FROM authz WHERE id = ?3 AND cert > 0"
	    " ORDER BY 1 DESC";
	const char		*value;
	enum store_name_kind	 kind = name_kind_prefix(text, &value);
	struct query		 q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_text(&q, value);
	db_int(&q, kind);
	db_text(&q, text);
	return db_numbers(&q, n, max, count, f);
}
