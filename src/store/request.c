/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_log.h"

#define COLUMNS	"n, prev, authz, cert, polled, created, spki_hash, txn," \
		" digest, client_nonce, server_nonce"

static void
read_request(struct query *q, struct arena *a, struct store_request *out)
{
	*out = (struct store_request){ .n = db_get_int(q) };
	out->prev = db_get_int(q);
	out->authz = db_get_int(q);
	out->cert = db_get_int(q);
	out->polled = db_get_int(q) != 0;
	out->created = db_get_int(q);
	db_get_fixed(q, out->spki_hash, sizeof(out->spki_hash));
	out->transaction = db_get_blob(q, a);
	db_get_fixed(q, out->digest, sizeof(out->digest));
	out->client_nonce = db_get_blob(q, a);
	out->server_nonce = db_get_blob(q, a);
}

static bool
find_request(struct query *q, struct arena *a, struct store_request *out,
    struct fault *f)
{
	bool	row;

	*out = (struct store_request){ 0 };
	if (!db_step(q, &row, f))
		return false;
	if (!row)
		return true;
	read_request(q, a, out);
	return db_row_last(q, f);
}

static bool
short_enough(const char *what, struct view v, struct fault *f)
{
	return v.n <= STORE_NONCE_MAX || fault_set(f, FAULT_LIMIT, NULL,
	    "%s of %zu octets, above %d", what, v.n, STORE_NONCE_MAX);
}

bool
store_request_insert(struct store *st, struct store_request *r, struct fault *f)
{
	static const char	sql[] = "INSERT INTO request (prev, authz, cert,"
	    " polled, created, spki_hash, txn, digest, client_nonce,"
	    " server_nonce) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!short_enough("transactionId", r->transaction, f) ||
	    !short_enough("senderNonce", r->client_nonce, f) ||
	    !short_enough("nonce", r->server_nonce, f) ||
	    !db_write(st, sql, &q, f))
		return false;
	db_int(&q, r->prev);
	db_int(&q, r->authz);
	db_int(&q, r->cert);
	db_int(&q, r->polled);
	db_int(&q, r->created);
	db_blob(&q, view_of(r->spki_hash, sizeof(r->spki_hash)));
	db_blob(&q, r->transaction);
	db_blob(&q, view_of(r->digest, sizeof(r->digest)));
	db_blob(&q, r->client_nonce);
	db_blob(&q, r->server_nonce);
	return db_run_insert(&q, &r->n, f);
}

bool
store_request_find_n(struct store *st, int64_t n, struct arena *a,
    struct store_request *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM request WHERE n = ?";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, n);
	return find_request(&q, a, out, f);
}

/* The links and the two things a request is looked for by. */
struct link {
	int64_t	 prev;
	bool	 fits;
};

static bool
follow(struct store *st, int64_t n, struct view nonce, struct view digest,
    struct link *out, struct fault *f)
{
	static const char	sql[] =
	    "SELECT prev, server_nonce, digest FROM request WHERE n = ?";
	struct query		q;
	bool			row;

	*out = (struct link){ 0, false };
	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, n);
	if (!db_step(&q, &row, f))
		return false;
	if (!row)		/* purged */
		return true;
	out->prev = db_get_int(&q);
	out->fits = view_equal(db_get_blob(&q, NULL), nonce) && nonce.n > 0;
	out->fits |= view_equal(db_get_blob(&q, NULL), digest) && digest.n > 0;
	return db_row_last(&q, f);
}

static bool
search_back(struct store *st, int64_t latest, struct view nonce,
    struct view digest, struct arena *a, struct store_request *out,
    struct fault *f)
{
	struct link	l;
	int64_t		n = latest;

	*out = (struct store_request){ 0 };
	for (int i = 0; i < STORE_REQUESTS_BACK && n > 0; i++, n = l.prev) {
		if (!follow(st, n, nonce, digest, &l, f))
			return false;
		if (l.fits)
			return store_request_find_n(st, n, a, out, f);
	}
	return true;
}

bool
store_request_find_nonce(struct store *st, int64_t latest,
    struct view server_nonce, struct arena *a, struct store_request *out,
    struct fault *f)
{
	return search_back(st, latest, server_nonce, VIEW_NONE, a, out, f);
}

bool
store_request_find_digest(struct store *st, int64_t latest,
    const uint8_t digest[STORE_DIGEST_OCTETS], struct arena *a,
    struct store_request *out, struct fault *f)
{
	return search_back(st, latest, VIEW_NONE,
	    view_of(digest, STORE_DIGEST_OCTETS), a, out, f);
}

bool
store_request_find_polled(struct store *st,
    const uint8_t spki_hash[STORE_DIGEST_OCTETS], struct view transaction,
    struct arena *a, struct store_request *out, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM request"
	    " WHERE spki_hash = ? AND txn = ? AND polled = 1"
	    " ORDER BY n DESC LIMIT 1";
	struct query		q;

	if (!db_read(st, sql, &q, f))
		return false;
	db_blob(&q, view_of(spki_hash, STORE_DIGEST_OCTETS));
	db_blob(&q, transaction);
	return find_request(&q, a, out, f);
}

/* Rows are in order of time: stop at the first that is young enough. */
bool
store_request_purge(struct store *st, int64_t before, size_t max,
    int64_t *count, struct fault *f)
{
	static const char	sql[] = "DELETE FROM request WHERE n IN"
	    " (SELECT n FROM request WHERE n < coalesce("
	    "(SELECT n FROM request WHERE created >= ? ORDER BY n LIMIT 1),"
	    " 9223372036854775807) ORDER BY n LIMIT ?)";
	struct query		q;
	bool			any;

	*count = 0;
	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, before);
	db_int(&q, db_limit(max));
	if (!db_run_changed(&q, &any, f))
		return false;
	*count = any ? sqlite3_changes64(st->db) : 0;
	return true;
}
