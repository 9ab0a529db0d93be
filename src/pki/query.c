/* SPDX-License-Identifier: Apache-2.0 */
/* What an Admin may read: authorizations, events, templates. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/cert.h"
#include "codec/oid.h"
#include "pki/work.h"

#define PAGE_MAX	1000	/* records in one answer */

/* Cursors are decimal row numbers, opaque to the Admin. */
static bool
read_cursor(struct view cursor, int64_t *out, struct fault *f)
{
	*out = 0;
	for (size_t i = 0; i < cursor.n; i++) {
		if (cursor.p[i] < '0' || cursor.p[i] > '9' || cursor.n > 18)
			return fault_set(f, FAULT_MALFORMED, "", "not one of our cursors");
		*out = *out * 10 + (cursor.p[i] - '0');
	}
	return true;
}

static struct view
write_cursor(struct work *w, int64_t n)
{
	return view_str(arena_printf(w->a, "%" PRId64, n));
}

static size_t
page_size(struct cvp_uint max)
{
	return max.present && max.v > 0 && max.v < PAGE_MAX ? (size_t)max.v : PAGE_MAX;
}

static bool
answer_encoded(struct work *w, const struct cmc_control *c, enum cmc_kind kind,
    struct buf *value, struct fault *f)
{
	struct view	v = VIEW_NONE;

	if (buf_check(value, "answer", f))
		v = arena_copy(w->a, buf_view(value));
	buf_clear(value);
	if (v.p == NULL)
		return fault_set(f, FAULT_LIMIT, "", "an answer too large");
	answer_status(&w->answer, CMC_SUCCESS, c->id);
	answer_control(&w->answer, kind, v);
	return true;
}

/* --- authzQuery -------------------------------------------------------------------- */

static bool
template_of(struct work *w, int64_t n, struct store_template *t, struct fault *f)
{
	if (t->n == n)
		return true;
	return store_template_find_n(w->e->p.store, n, w->a, t, f);
}

/* NULL: none, or none that was signed; else *row is what the store knows of it. */
static bool
find_cert_id(struct work *w, int64_t n, const struct cmc_cert_id **out,
    struct store_cert *row, struct fault *f)
{
	struct store_cert	 c;
	struct cmc_cert_id	*id;
	struct view		 issuer;

	*out = NULL;
	if (n == 0)
		return true;
	if (!store_cert_find(w->e->p.store, n, false, w->a, &c, f))
		return false;
	*row = c;
	if (!issuer_in_row(w->e, c.ca, w->a, &issuer, f))
		return false;
	if (c.n == 0 || issuer.n == 0 || c.state == STORE_CERT_RESERVED ||
	    c.state == STORE_CERT_REJECTED)
		return true;
	if ((id = arena_alloc(w->a, sizeof(*id))) == NULL)
		return arena_fault(f);
	id->issuer = issuer;
	id->serial = arena_copy(w->a, view_of(c.serial, sizeof(c.serial)));
	*out = id;
	return true;
}

/* The names in a certificate, as terms have them. */
static bool
set_names(struct work *w, const struct store_cert *row, struct cvp_cert *names,
    struct fault *f)
{
	struct extension	*san = arena_alloc(w->a, sizeof(*san));
	struct cert		*c = arena_alloc(w->a, sizeof(*c));

	if (san == NULL || c == NULL)
		return arena_fault(f);
	if (!cert_decode(row->body, c, f))
		return fault_within(f, "certificate %" PRId64, row->n);
	*san = (struct extension){ .oid = OID_SUBJECT_ALT_NAME, .value = c->san_value };
	names->subject = c->subject;
	names->extensions = san;
	names->n_extensions = c->has_san;
	return true;
}

/* The times are those of the certificate, and after an update the names are, too. */
static bool
set_from_cert(struct work *w, const struct store_authz *z, const struct store_cert *row,
    struct cvp_terms *t, struct fault *f)
{
	struct cvp_cert		*cert = arena_alloc(w->a, sizeof(*cert));
	struct store_cert	 c;

	if (cert == NULL)
		return arena_fault(f);
	*cert = t->cert != NULL ? *t->cert : (struct cvp_cert){ 0 };
	cert->not_before = (struct cvp_time){ true, row->not_before };
	cert->not_after = (struct cvp_time){ true, row->not_after };
	t->cert = cert;
	if (z->updates == 0)
		return true;
	return store_cert_find(w->e->p.store, z->cert, true, w->a, &c, f) &&
	    (c.n == 0 || set_names(w, &c, cert, f));
}

/* What was granted, and what came of it, for an Admin who has no list of them. */
static bool
set_effective(struct work *w, const struct store_authz *z, const struct store_cert *row,
    struct cvp_record *r, struct fault *f)
{
	struct cvp_terms	*t;

	if (z->terms.n == 0)
		return true;
	if ((t = arena_alloc(w->a, sizeof(*t))) == NULL)
		return arena_fault(f);
	if (!cvp_terms_decode(z->terms, w->a, t, f))
		return fault_within(f, "terms of authorization %" PRId64, z->n);
	r->effective = t;
	return r->cert == NULL || set_from_cert(w, z, row, t, f);
}

/* Foreign records are left out, as unknown ones are (corrections, 5). */
static bool
add_record(struct work *w, const struct store_authz *z, struct store_template *t,
    struct cvp_info *info, struct fault *f)
{
	struct cvp_record	*r = &info->records[info->n_records];
	struct cvp_failure	*failure;
	struct store_cert	 row = { 0 };

	if (!template_of(w, z->template, t, f))
		return false;
	if (!admin_may(&w->sender.admin, t->name, "query"))
		return true;
	*r = (struct cvp_record){
		.id = arena_copy(w->a, view_str(z->id)),
		/* Whoever comes first opens it; until then it says waiting. */
		.state = z->state == STORE_AUTHZ_WAITING && w->now >= z->window_from ?
		    CVP_STATE_OPEN : (enum cvp_state)z->state,
		.template = { .name = view_str(t->name),
		    .version = { true, (uint64_t)t->version } },
	};
	if (z->last_failure != 0 &&
	    (failure = arena_alloc(w->a, sizeof(*failure))) != NULL) {
		failure->code = (uint32_t)z->last_failure;
		r->last_failure = failure;
	}
	if (!find_cert_id(w, z->cert, &r->cert, &row, f) || !set_effective(w, z, &row, r, f))
		return false;
	info->n_records++;
	return true;
}

static bool
by_ids(struct work *w, const struct cvp_query *q, struct cvp_info *info, struct fault *f)
{
	struct store_template	t = { 0 };
	struct store_authz	z;

	for (size_t i = 0; i < q->ids.n && info->n_records < PAGE_MAX; i++) {
		if (!store_authz_find(w->e->p.store, q->ids.v[i], w->a, &z, f))
			return false;
		if (z.n != 0 && !add_record(w, &z, &t, info, f))
			return false;
	}
	return true;
}

struct page {
	struct work	*w;
	int64_t		*n;
	size_t		 count;
};

static bool
note_row(void *ctx, const struct store_authz *z, struct fault *f)
{
	struct page	*p = ctx;

	(void)f;
	p->n[p->count++] = z->n;
	return true;
}

static bool
by_cursor(struct work *w, const struct cvp_query *q, struct cvp_info *info,
    struct fault *f)
{
	struct store_authz_filter filter = { .max = page_size(q->max) };
	struct store_template	t = { 0 };
	struct store_batch	b;
	struct store_authz	z;
	struct page		p = { w, arena_array(w->a, PAGE_MAX, sizeof(int64_t)), 0 };

	if (p.n == NULL)
		return arena_fault(f);
	if (q->batch_id.n > 0) {
		if (!store_batch_find(w->e->p.store, w->sender.admin.n, q->batch_id, w->a, &b, f))
			return false;
		if (b.n == 0)
			return true;
		filter.batch = b.n;
	}
	if (!read_cursor(q->cursor, &filter.after, f) ||
	    !store_authz_walk(w->e->p.store, &filter, note_row, &p, f))
		return false;
	for (size_t i = 0; i < p.count; i++)
		if (!store_authz_find_n(w->e->p.store, p.n[i], w->a, &z, f) ||
		    !add_record(w, &z, &t, info, f))
			return false;
	if (p.count == filter.max)
		info->cursor = write_cursor(w, p.n[p.count - 1]);
	return true;
}

bool
query_run(struct work *w, const struct cmc_control *c)
{
	struct cvp_query	q;
	struct cvp_info		info = { 0 };
	struct buf		out;

	if (!cvp_query_decode(c->value, w->a, &q, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	info.records = arena_array(w->a, PAGE_MAX, sizeof(*info.records));
	if (info.records == NULL)
		return arena_fault(&w->fault);
	if (q.has_ids ? !by_ids(w, &q, &info, &w->fault) : !by_cursor(w, &q, &info, &w->fault)) {
		if (w->fault.kind != FAULT_MALFORMED)
			return false;
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	buf_init(&out, 8u << 20);
	cvp_put_info(&out, &info);
	return answer_encoded(w, c, CVP_AUTHZ_INFO, &out, &w->fault);
}

/* --- eventQuery ---------------------------------------------------------------------- */

struct events {
	struct work		*w;
	struct cvp_event	*list;
	int64_t			*templates, *certs;
	size_t			 n;
	int64_t			 last;
};

static bool
note_event_row(void *ctx, const struct store_event *row, struct fault *f)
{
	struct events		*e = ctx;
	struct cvp_event	*out = &e->list[e->n];
	struct cvp_failure	*failure = NULL;

	e->last = row->n;
	if ((row->failure != 0 || row->detail[0] != '\0') &&
	    (failure = arena_alloc(e->w->a, sizeof(*failure))) == NULL)
		return arena_fault(f);
	if (failure != NULL)
		*failure = (struct cvp_failure){ .code = (uint32_t)row->failure,
			.detail = arena_copy(e->w->a, view_str(row->detail)) };
	*out = (struct cvp_event){
		.time = row->time, .kind = (uint32_t)row->kind, .failure = failure,
		.id = row->authz_id != NULL ? arena_copy(e->w->a, view_str(row->authz_id)) :
		    VIEW_NONE,
	};
	e->certs[e->n] = row->cert;
	e->templates[e->n++] = row->template;
	return true;
}

/* An event about a template, and no authorization, says which. */
static bool
name_template(struct work *w, struct cvp_event *e, const struct store_template *t,
    struct fault *f)
{
	struct cvp_failure	*failure;

	if (e->id.n > 0 || e->failure != NULL || e->kind != CVP_EVENT_TEMPLATE_CHANGED)
		return true;
	if ((failure = arena_alloc(w->a, sizeof(*failure))) == NULL)
		return arena_fault(f);
	*failure = (struct cvp_failure){ .code = CVP_TEMPLATE_CHANGED,
		.detail = view_str(arena_printf(w->a, "%s: %sversion %" PRId64, t->name,
		    e->time == t->retired && e->time != t->created ? "retired, " : "",
		    t->version)) };
	e->failure = failure;
	return true;
}

/* Events about templates that this Admin may not query are passed over. */
static bool
drop_foreign(struct work *w, struct events *e, struct fault *f)
{
	struct store_template	t = { 0 };
	struct store_cert	row;
	size_t			kept = 0;

	for (size_t i = 0; i < e->n; i++) {
		if (e->templates[i] == 0)
			continue;
		if (!template_of(w, e->templates[i], &t, f))
			return false;
		if (!admin_may(&w->sender.admin, t.name, "query"))
			continue;
		if (!find_cert_id(w, e->certs[i], &e->list[i].cert, &row, f) ||
		    !name_template(w, &e->list[i], &t, f))
			return false;
		e->list[kept++] = e->list[i];
	}
	e->n = kept;
	return true;
}

bool
event_query_run(struct work *w, const struct cmc_control *c)
{
	struct cvp_event_query	q;
	struct events		e = { .w = w };
	struct cvp_event_report	r;
	struct buf		out;
	int64_t			after;
	size_t			max;

	if (!cvp_event_query_decode(c->value, &q, &w->fault) ||
	    !read_cursor(q.cursor, &after, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	max = page_size(q.max);
	e.list = arena_array(w->a, max, sizeof(*e.list));
	e.templates = arena_array(w->a, max, sizeof(*e.templates));
	e.certs = arena_array(w->a, max, sizeof(*e.certs));
	if (e.list == NULL || e.templates == NULL || e.certs == NULL)
		return arena_fault(&w->fault);
	e.last = after;
	if (!store_event_walk(w->e->p.store, after, max, note_event_row, &e, &w->fault))
		return false;
	r.more = e.n == max;
	if (!drop_foreign(w, &e, &w->fault))
		return false;
	r.events = e.list;
	r.n_events = e.n;
	r.cursor = write_cursor(w, e.last);
	buf_init(&out, 8u << 20);
	cvp_put_event_report(&out, &r);
	return answer_encoded(w, c, CVP_EVENT_REPORT, &out, &w->fault);
}

/* --- templateQuery -------------------------------------------------------------------- */

static bool
is_asked(const struct cvp_list *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (view_equal(names->v[i], view_str(name)))
			return true;
	return names->n == 0;
}

bool
template_query_run(struct work *w, const struct cmc_control *c)
{
	struct cvp_list	names;
	struct buf	list, out;

	if (!cvp_template_query_decode(c->value, w->a, &names, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	buf_init(&list, 1u << 20);
	buf_init(&out, 1u << 20);
	for (size_t i = 0; i < w->e->templates.n; i++) {
		const struct template_entry	*t = &w->e->templates.list[i];

		if (is_asked(&names, t->t.name) &&
		    (admin_may(&w->sender.admin, t->t.name, "query") ||
		    admin_may(&w->sender.admin, t->t.name, "authorize")))
			buf_add_view(&list, buf_view(&t->der));
	}
	der_put(&out, DER_SEQUENCE, buf_view(&list));
	buf_clear(&list);
	return answer_encoded(w, c, CVP_TEMPLATE_INFO, &out, &w->fault);
}
