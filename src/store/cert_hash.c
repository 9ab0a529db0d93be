/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates by SHA-1.  An index on disk would put one more page into the
 * log for each certificate; so a table in memory, from the first eight octets
 * of the hash to the row number (base/whereabouts.h).
 * Rows are added to it when first looked for, in the order of their numbers.
 */
#include "store/cert_row.h"

bool
cert_hash_issued(struct store *st, int64_t n, const uint8_t *sha1,
    struct fault *f)
{
	/* Above the mark it will be found in its turn. */
	return n > st->hashes.upto || whereabouts_add(&st->hashes.t, sha1, n, f);
}

void
cert_hash_clear(struct store *st)
{
	whereabouts_clear(&st->hashes.t);
	st->hashes.upto = 0;
}

static bool
catch_up(struct store *st, struct fault *f)
{
	static const char	sql[] =
	    "SELECT n, state, sha1 FROM cert WHERE n > ? ORDER BY n";
	uint8_t			sha1[STORE_SHA1_OCTETS];
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, st->hashes.upto);
	for (;;) {
		int64_t	n, state;

		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		n = db_get_int(&q);
		state = db_get_int(&q);
		db_get_fixed(&q, sha1, sizeof(sha1));
		if (!db_row_ok(&q, f))
			return false;
		/* A reserved one gets its hash when it is issued. */
		if (state != STORE_CERT_RESERVED && state < STORE_CERT_REVOKED &&
		    !whereabouts_add(&st->hashes.t, sha1, n, f)) {
			db_end(&q);
			return false;
		}
		st->hashes.upto = n;
	}
}

/* By reading all rows: for stores that do not see others' changes. */
static bool
find_slowly(struct store *st, const uint8_t *sha1, int64_t *n, struct fault *f)
{
	static const char	sql[] =
	    "SELECT n FROM cert WHERE sha1 = ? AND state = 2 LIMIT 1";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_blob(&q, view_of(sha1, STORE_SHA1_OCTETS));
	return db_number(&q, n, f);
}

static bool
find_confirmed(struct store *st, int64_t n, const uint8_t *sha1,
    struct arena *a, struct store_cert *out, struct fault *f)
{
	if (!store_cert_find(st, n, true, a, out, f))
		return false;
	if (out->state != STORE_CERT_CONFIRMED ||
	    memcmp(out->sha1, sha1, STORE_SHA1_OCTETS) != 0)
		*out = (struct store_cert){ 0 };
	return true;
}

bool
store_cert_find_sha1(struct store *st, const uint8_t sha1[STORE_SHA1_OCTETS],
    struct arena *a, struct store_cert *out, struct fault *f)
{
	size_t	at = 0;
	int64_t	n;

	*out = (struct store_cert){ 0 };
	if (st->read_only)
		return find_slowly(st, sha1, &n, f) &&
		    find_confirmed(st, n, sha1, a, out, f);
	if (!catch_up(st, f))
		return false;
	while (out->n == 0 && (n = whereabouts_next(&st->hashes.t, sha1, &at)) != 0)
		if (!find_confirmed(st, n, sha1, a, out, f))
			return false;
	return true;
}
