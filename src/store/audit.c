/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/store_log.h"

#define COLUMNS	"n, time, actor, action, object, detail, digest"

static void
add_text(struct buf *b, const char *s)
{
	size_t	n = s == NULL ? 0 : strlen(s);

	buf_add_be32(b, (uint32_t)n);
	buf_add(b, s, n);
}

/* SHA-256(previous digest || n || time || texts, each with its length). */
static bool
row_digest(struct store *st, const uint8_t prev[STORE_DIGEST_OCTETS],
    const struct store_audit *e, uint8_t out[STORE_DIGEST_OCTETS],
    struct fault *f)
{
	struct buf	*b = &st->scratch;

	buf_reset(b);
	buf_add(b, prev, STORE_DIGEST_OCTETS);
	buf_add_be64(b, (uint64_t)e->n);
	buf_add_be64(b, (uint64_t)e->time);
	add_text(b, e->actor);
	add_text(b, e->action);
	add_text(b, e->object);
	add_text(b, e->detail);
	if (!buf_check(b, "an audit row", f)) {
		buf_clear(b);
		return false;
	}
	st->digest.sha256(buf_view(b), out);
	return true;
}

static bool
write_row(struct store *st, const struct store_audit *e, struct fault *f)
{
	static const char	sql[] = "INSERT INTO audit (" COLUMNS ")"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)";
	struct query		q;

	if (!db_write(st, sql, &q, f))
		return false;
	db_int(&q, e->n);
	db_int(&q, e->time);
	db_text(&q, e->actor);
	db_text(&q, e->action);
	db_text(&q, e->object);
	db_text(&q, e->detail);
	db_blob(&q, view_of(e->digest, sizeof(e->digest)));
	return db_run(&q, f);
}

bool
store_audit_insert(struct store *st, const struct store_audit *e,
    struct fault *f)
{
	struct store_audit	row = *e;

	row.n = st->heads.audit + 1;
	if (!row_digest(st, st->heads.digest, &row, row.digest, f) ||
	    !write_row(st, &row, f))
		return false;
	st->heads.audit = row.n;
	memcpy(st->heads.digest, row.digest, sizeof(row.digest));
	return true;
}

static void
read_audit(struct query *q, struct store_audit *out)
{
	*out = (struct store_audit){ .n = db_get_int(q) };
	out->time = db_get_int(q);
	out->actor = db_get_text(q, NULL);
	out->action = db_get_text(q, NULL);
	out->object = db_get_text(q, NULL);
	out->detail = db_get_text(q, NULL);
	db_get_fixed(q, out->digest, sizeof(out->digest));
}

bool
store_audit_walk(struct store *st, int64_t after, size_t max,
    bool (*each)(void *ctx, const struct store_audit *e, struct fault *f),
    void *ctx, struct fault *f)
{
	static const char	sql[] = "SELECT " COLUMNS " FROM audit"
	    " WHERE n > ? ORDER BY n LIMIT ?";
	struct store_audit	e;
	struct query		q;
	bool			row;

	if (!db_read(st, sql, &q, f))
		return false;
	db_int(&q, after);
	db_int(&q, db_limit(max));
	for (;;) {
		if (!db_step(&q, &row, f))
			return false;
		if (!row)
			return true;
		read_audit(&q, &e);
		if (!db_row_ok(&q, f))
			return false;
		if (!each(ctx, &e, f)) {
			db_end(&q);
			return false;
		}
	}
}

bool
store_audit_head(struct store *st, int64_t *n,
    uint8_t digest[STORE_DIGEST_OCTETS], struct fault *f)
{
	static const char	sql[] =
	    "SELECT n, digest FROM audit ORDER BY n DESC LIMIT 1";
	struct query		q;
	bool			row;

	*n = 0;
	memset(digest, 0, STORE_DIGEST_OCTETS);
	if (!db_read(st, sql, &q, f) || !db_step(&q, &row, f))
		return false;
	if (!row)
		return true;
	*n = db_get_int(&q);
	db_get_fixed(&q, digest, STORE_DIGEST_OCTETS);
	return db_row_last(&q, f);
}

struct chain {
	struct store	*st;
	uint8_t		 digest[STORE_DIGEST_OCTETS];	/* of the last row */
	int64_t		 rows, bad;
	const char	*why;
};

static bool
check_link(void *ctx, const struct store_audit *e, struct fault *f)
{
	struct chain	*c = ctx;
	uint8_t		 want[STORE_DIGEST_OCTETS];

	if (c->bad != 0)
		return true;
	if (!row_digest(c->st, c->digest, e, want, f))
		return false;
	if (e->n != c->rows + 1)
		c->why = "rows before it are missing";
	else if (memcmp(want, e->digest, sizeof(want)) != 0)
		c->why = "its digest does not fit its text and the row before";
	if (c->why != NULL)
		c->bad = e->n;
	c->rows++;
	memcpy(c->digest, want, sizeof(want));
	return true;
}

bool
store_audit_verify(struct store *st, int64_t *rows, int64_t *bad,
    const char **why, struct fault *f)
{
	struct chain	c = { .st = st };

	if (!store_audit_walk(st, 0, SIZE_MAX, check_link, &c, f))
		return false;
	*rows = c.rows;
	*bad = c.bad;
	*why = c.why;
	return true;
}
