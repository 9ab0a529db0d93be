/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates by what stands in them: the engine's half of search.h. */
#include "pki/search.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "codec/crl.h"
#include "codec/name.h"
#include "crypt/digest.h"
#include "pki/work.h"

#define STEP		2000u	/* rows that are read into the index for one question */
#define READ_MAX	1000u	/* of one value, the newest ones: the others are long replaced */
#define MULTIPART_MAX	(SEARCH_FOUND_MAX * (CERT_OCTETS_MAX + 256))
#define BOUNDARY_OCTETS	16

/* --- what a certificate can be found by ------------------------------------------------ */

typedef bool (*search_each)(void *ctx, enum search_attribute a, struct view value,
    struct fault *f);

/* SHA-1, in base64, without the padding. */
static bool
each_hash(enum search_attribute a, struct view octets, search_each each, void *ctx,
    struct fault *f)
{
	uint8_t		digest[SHA1_OCTETS];
	struct buf	text;
	bool		ok;

	sha1(octets, digest);
	buf_init(&text, 32);
	base64_encode(view_of(digest, sizeof(digest)), 0, &text);
	ok = buf_check(&text, "hash", f) && each(ctx, a, view_of(text.p, text.n - 1), f);
	buf_clear(&text);
	return ok;
}

static bool
each_serial(const struct cert *c, search_each each, void *ctx, struct fault *f)
{
	const struct issuer_serial	is = { c->issuer, c->serial };
	struct buf			der;
	bool				ok;

	buf_init(&der, CERT_OCTETS_MAX);
	issuer_serial_put(&der, &is);
	ok = buf_check(&der, "issuer and serial number", f) &&
	    each_hash(SEARCH_SERIAL_HASH, buf_view(&der), each, ctx, f);
	buf_clear(&der);
	return ok;
}

/* URIs without their scheme, as the others have none. */
static struct view
without_scheme(const struct general_name *g)
{
	const uint8_t	*at = g->type != GENERAL_NAME_URI || g->value.n == 0 ? NULL :
			    memmem(g->value.p, g->value.n, "://", 3);

	return at == NULL ? g->value : view_of(at + 3, g->value.n - (size_t)(at + 3 - g->value.p));
}

static bool
each_san(const struct cert *c, search_each each, void *ctx, struct fault *f)
{
	for (size_t i = 0; i < c->san.n; i++) {
		const struct general_name	*g = &c->san.list[i];
		struct identity			 id;
		struct view			 value = without_scheme(g);

		if (g->type == GENERAL_NAME_IP && identity_from_san(g, &id, NULL))
			value = view_str(id.text);
		else if (g->type != GENERAL_NAME_DNS && g->type != GENERAL_NAME_EMAIL &&
		    g->type != GENERAL_NAME_URI)
			continue;
		if (!each(ctx, SEARCH_URI, value, f))
			return false;
	}
	return true;
}

static bool
each_value(const struct cert *c, search_each each, void *ctx, struct fault *f)
{
	struct view	cn;

	if (name_get_cn(c->subject, &cn) && !each(ctx, SEARCH_NAME, cn, f))
		return false;
	return each_hash(SEARCH_CERT_HASH, c->der, each, ctx, f) &&
	    each_hash(SEARCH_ISSUER_HASH, c->issuer, each, ctx, f) &&
	    each_hash(SEARCH_SUBJECT_HASH, c->subject, each, ctx, f) &&
	    each_hash(SEARCH_KEY_HASH, c->ski, each, ctx, f) &&
	    each_serial(c, each, ctx, f) && each_san(c, each, ctx, f);
}

/* --- the index --------------------------------------------------------------------------- */

static void
key_of(enum search_attribute a, struct view value, uint8_t key[SHA1_OCTETS])
{
	const uint8_t		kind = (uint8_t)a;
	const struct view	parts[] = { view_of(&kind, 1), value };

	digest_parts(DIGEST_SHA1, parts, 2, key);
}

struct entry {
	struct engine	*e;
	int64_t		 n;
};

/* The issuer is one of three: its list would be that of all certificates. */
static bool
add_value(void *ctx, enum search_attribute a, struct view value, struct fault *f)
{
	struct entry	*x = ctx;
	uint8_t		 key[SHA1_OCTETS];

	if (a == SEARCH_ISSUER_HASH)
		return true;
	key_of(a, value, key);
	return whereabouts_add(&x->e->search.values, key, x->n, f);
}

static bool
add_row(void *ctx, const struct store_cert *c, struct fault *f)
{
	struct search_index	*s = &((struct engine *)ctx)->search;
	struct entry		 x = { ctx, c->n };
	struct cert		 cert;

	if (!cert_decode(c->body, &cert, f) || !each_value(&cert, add_value, &x, f))
		return false;
	s->upto = c->n;
	s->step++;
	return true;
}

/* *done false: there is more to read; ask again. */
static bool
catch_up(struct engine *e, bool *done, struct fault *f)
{
	const struct store_cert_filter	filter = {
		.states = 1u << STORE_CERT_CONFIRMED, .after = e->search.upto, .max = STEP,
		.want_body = true,
	};

	e->search.step = 0;
	if (!store_cert_walk(e->p.store, &filter, add_row, e, f))
		return false;
	*done = e->search.step < STEP;
	return true;
}

/* One that was not yet confirmed when its turn came; if it is undone, nothing finds it. */
void
search_confirmed(struct engine *e, const struct cert *c, int64_t n)
{
	struct entry	x = { e, n };
	struct fault	f = { 0 };

	if (n <= e->search.upto && !each_value(c, add_value, &x, &f))
		search_forget(e);
}

void
search_forget(struct engine *e)
{
	whereabouts_clear(&e->search.values);
	e->search.upto = 0;
}

/* --- looking ----------------------------------------------------------------------------- */

struct look_up {
	const struct search_query *q;
	bool			 fits;
};

static bool
compare(void *ctx, enum search_attribute a, struct view value, struct fault *f)
{
	struct look_up	*x = ctx;

	(void)f;
	if (a == x->q->attribute && view_equal(value, view_of(x->q->value, x->q->n)))
		x->fits = true;
	return true;
}

struct finds {
	struct view	 der[SEARCH_FOUND_MAX];
	int64_t		 rows[SEARCH_FOUND_MAX];	/* 0: a CA's own */
	size_t		 n;
	bool		 full;
};

static bool
is_there(const struct finds *to, int64_t row)
{
	for (size_t i = 0; row != 0 && i < to->n; i++)
		if (to->rows[i] == row)
			return true;
	return false;
}

static bool
try_cert(const struct search_query *q, struct view der, int64_t row, struct finds *to,
    struct fault *f)
{
	struct look_up	x = { q, false };
	struct cert	c;

	if (!cert_decode(der, &c, f) || !each_value(&c, compare, &x, f))
		return false;
	if (!x.fits || is_there(to, row))
		return true;
	if (to->n == SEARCH_FOUND_MAX) {
		to->full = true;
		return true;
	}
	to->der[to->n] = der;
	to->rows[to->n++] = row;
	return true;
}

struct row_search {
	struct engine			*e;
	const struct search_query	*q;
	struct finds			*to;
};

static bool
try_row(void *ctx, const struct store_cert *c, struct fault *f)
{
	struct row_search	*x = ctx;
	struct view	der;

	if (x->to->full)
		return true;
	der = arena_copy(x->e->scratch, c->body);
	return (der.p != NULL || arena_fault(f)) && try_cert(x->q, der, c->n, x->to, f);
}

/* All of one issuer, as many as fit: rows know their CA. */
static bool
by_issuer(struct engine *e, const struct search_query *q, struct finds *to, struct fault *f)
{
	struct row_search	x = { e, q, to };

	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++) {
		const struct store_cert_filter	filter = {
			.states = 1u << STORE_CERT_CONFIRMED, .ca = e->ca[ca],
			.max = SEARCH_FOUND_MAX + 1, .want_body = true,
		};
		struct cert			c = e->authorities.list[ca].cert;
		struct look_up			is = { q, false };

		if (!authority_is_here(&e->authorities, ca))
			continue;
		c.issuer = c.subject;	/* of what it issues */
		if (!each_value(&c, compare, &is, f) ||
		    (is.fits && !store_cert_walk(e->p.store, &filter, try_row, &x, f)))
			return false;
	}
	return true;
}

static bool
by_index(struct engine *e, const struct search_query *q, struct finds *to, struct fault *f)
{
	uint8_t	key[SHA1_OCTETS];
	size_t	at = 0, rows = 0;
	int64_t	n;

	key_of(q->attribute, view_of(q->value, q->n), key);
	while (!to->full && rows++ < READ_MAX &&
	    (n = whereabouts_next(&e->search.values, key, &at)) != 0) {
		struct store_cert	c;

		if (!store_cert_find(e->p.store, n, true, e->scratch, &c, f))
			return false;
		if (c.state == STORE_CERT_CONFIRMED && !try_cert(q, c.body, n, to, f))
			return false;
	}
	return true;
}

static bool
find_certs(struct engine *e, const struct search_query *q, struct finds *to, struct fault *f)
{
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++)
		if (authority_is_here(&e->authorities, ca) && !try_cert(q, buf_view(&e->authorities.list[ca].der), 0, to, f))
			return false;
	return q->attribute == SEARCH_ISSUER_HASH ? by_issuer(e, q, to, f) : by_index(e, q, to, f);
}

/* --- answers ------------------------------------------------------------------------------ */

/* The boundary is a digest of what it parts: it does not stand in there. */
static void
put_parts(const struct finds *x, struct search_answer *out)
{
	uint8_t	digest[SHA256_OCTETS];
	char	boundary[2 * BOUNDARY_OCTETS + 1];

	digest_parts(DIGEST_SHA256, x->der, x->n, digest);
	hex_encode(view_of(digest, BOUNDARY_OCTETS), boundary);
	snprintf(out->type, sizeof(out->type), "multipart/mixed; boundary=%s", boundary);
	for (size_t i = 0; i < x->n; i++) {
		buf_addf(&out->body, "--%s\r\nContent-Type: application/pkix-cert\r\n"
		    "Content-Transfer-Encoding: binary\r\n\r\n", boundary);
		buf_add_view(&out->body, x->der[i]);
		buf_add_str(&out->body, "\r\n");
	}
	buf_addf(&out->body, "--%s--\r\n", boundary);
}

static void
answer_finds(const struct finds *x, struct search_answer *out)
{
	out->status = x->full ? 413 : x->n > 0 ? 200 : 404;
	if (out->status == 200 && x->n > 1) {
		put_parts(x, out);
	} else if (out->status == 200) {
		snprintf(out->type, sizeof(out->type), "application/pkix-cert");
		buf_add_view(&out->body, x->der[0]);
	}
}

static const struct object *
crl_of(const struct engine *e, enum authority_id ca)
{
	char	path[64];

	snprintf(path, sizeof(path), "/crl/%s.crl", e->authorities.list[ca].name);
	for (size_t i = 0; i < e->n_objects; i++)
		if (strcmp(e->objects[i].path, path) == 0)
			return &e->objects[i];
	return NULL;
}

/*
 * The CRL of the CA that this is the name or the key of.  Two keys may have one
 * name: then the younger CRL.
 */
static bool
find_crl(struct engine *e, const struct search_query *q, struct search_answer *out,
    struct fault *f)
{
	const struct object	*best = NULL;

	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++) {
		const struct object	*o;
		struct look_up		 x = { q, false };
		struct cert		 c = e->authorities.list[ca].cert;

		if (!authority_is_here(&e->authorities, ca))
			continue;
		c.issuer = c.subject;	/* a CRL's issuer */
		if (!each_value(&c, compare, &x, f))
			return false;
		o = x.fits ? crl_of(e, ca) : NULL;
		if (o != NULL && (best == NULL || o->modified > best->modified))
			best = o;
	}
	out->status = best != NULL ? 200 : 404;
	if (best != NULL) {
		snprintf(out->type, sizeof(out->type), "application/pkix-crl");
		buf_add_view(&out->body, buf_view(&best->body));
	}
	return buf_check(&out->body, "CRL", f);
}

bool
engine_search(struct engine *e, const struct search_query *q, bool crls,
    struct search_answer *out, struct fault *f)
{
	struct finds	x = { .n = 0 };
	bool		done = false, ok;

	memset(out, 0, sizeof(*out));
	buf_init(&out->body, crls ? CRL_OCTETS_MAX : MULTIPART_MAX);
	if (crls)
		return find_crl(e, q, out, f);
	ok = catch_up(e, &done, f);
	if (ok && !done)
		out->status = 503;
	else if (ok && (ok = find_certs(e, q, &x, f)))
		answer_finds(&x, out);
	arena_reset(e->scratch);
	return ok && buf_check(&out->body, "search", f);
}
