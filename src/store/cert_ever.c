/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates whatever has become of them, for reports: rows are looked
 * through one by one where there is no index.
 */
#include "store/cert_row.h"

bool
store_cert_find_ever(struct store *st, const char *text, int64_t *n, size_t max,
    size_t *count, struct fault *f)
{
	static const char	sql[] =
	    "WITH named AS (SELECT authz, cert FROM name"
	    "  WHERE value = ?1 AND (?2 = 0 OR kind = ?2)"
	    "  UNION SELECT n, 0 FROM authz WHERE id = ?3 OR (?2 = 0 AND label = ?3))"
	    " SELECT cert.n FROM cert WHERE cert.state NOT IN (0, 6)"
	    " AND (cert.authz IN (SELECT authz FROM named WHERE authz > 0)"
	    "  OR cert.n IN (SELECT cert FROM named WHERE cert > 0)"
	    "  OR cert.identity = ?3)"
	    " ORDER BY cert.n DESC";
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

bool
store_cert_successors(struct store *st, int64_t cert, int64_t *n, size_t max, size_t *count,
    struct fault *f)
{
	static const char	sql[] = "SELECT n FROM cert WHERE prev = ? AND state NOT IN (0, 6)"
	    " ORDER BY n";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, cert);
	return db_numbers(&q, n, max, count, f);
}
