/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_query.c - what an Admin may ask: authorizations, events, templates
 * (profile, 7.3).
 */
#include <inttypes.h>

#include "codec/cvp_part.h"

#define RULE	"CMC profile for IPsec VPN, 7.3"

static bool
get_ids(struct der *in, struct arena *a, struct cvp_query *q, struct fault *f)
{
	struct der	seq;
	void		*v;
	size_t		i;

	if (!(q->has_ids = der_peek(in) == DER_CONTEXT_C(0)))
		return true;
	if (!cvp_open_list(in, DER_CONTEXT_C(0), "ids", CVP_ENTRIES_MAX,
	    sizeof(q->ids.v[0]), a, &seq, &v, &q->ids.n, f))
		return false;
	q->ids.v = v;
	for (i = 0; i < q->ids.n; i++)
		if (!cvp_get_id(&seq, DER_UTF8_STRING, &q->ids.v[i], f))
			return false;
	return true;
}

/* AuthzQuery ::= SEQUENCE { ids [0], batchId [1], cursor [2], max [3] } */
bool
cvp_query_decode(struct view value, struct arena *a, struct cvp_query *out,
    struct fault *f)
{
	struct cvp_query	q = { 0 };
	struct der		in;

	if (!cvp_open(value, &in, f) ||
	    !get_ids(&in, a, &q, f) ||
	    !cvp_opt_octets(&in, DER_CONTEXT(1), "batchId", CVP_BATCH_ID_MAX,
	    &q.batch_id, f) ||
	    !cvp_opt_octets(&in, DER_CONTEXT(2), "cursor", CVP_CURSOR_MAX,
	    &q.cursor, f) ||
	    !cvp_opt_uint(&in, DER_CONTEXT(3), "max", 1, UINT32_MAX, &q.max, f) ||
	    !der_end(&in, f))
		return false;
	*out = q;
	return true;
}

static void
put_texts(struct buf *b, uint8_t tag, const struct cvp_list *l)
{
	size_t	mark = der_begin(b, tag), i;

	for (i = 0; i < l->n; i++)
		der_put_utf8(b, l->v[i]);
	der_close(b, mark);
}

void
cvp_put_query(struct buf *b, const struct cvp_query *q)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	if (q->has_ids)
		put_texts(b, DER_CONTEXT_C(0), &q->ids);
	cvp_put_opt_view(b, DER_CONTEXT(1), q->batch_id);
	cvp_put_opt_view(b, DER_CONTEXT(2), q->cursor);
	cvp_put_opt_uint(b, DER_CONTEXT(3), &q->max);
	der_close(b, mark);
}

/* AuthzRecord ::= SEQUENCE { id, state, template, effective [0], cert [1], lastFailure [2] } */
static bool
get_record(struct der *seq, struct arena *a, struct cvp_record *r,
    struct fault *f)
{
	struct der	in;
	uint64_t	state;

	if (!der_open(seq, DER_SEQUENCE, &in, f) ||
	    !cvp_get_id(&in, DER_UTF8_STRING, &r->id, f) ||
	    !der_enum(&in, CVP_STATE_END - 1, &state, f) ||
	    !cvp_get_template_ref(&in, &r->template, f) ||
	    !cvp_opt_terms(&in, DER_CONTEXT_C(0), a, &r->effective, f) ||
	    !cvp_opt_cert_id(&in, DER_CONTEXT_C(1), a, &r->cert, f) ||
	    !cvp_opt_failure(&in, DER_CONTEXT_C(2), a, &r->last_failure, f))
		return false;
	r->state = (enum cvp_state)state;
	return der_end(&in, f);
}

bool
cvp_info_decode(struct view value, struct arena *a, struct cvp_info *out,
    struct fault *f)
{
	struct cvp_info	info = { 0 };
	struct der	in, seq;
	void		*v;
	size_t		i;

	if (!cvp_open(value, &in, f) ||
	    !cvp_open_list(&in, DER_SEQUENCE, "records", CVP_ENTRIES_MAX,
	    sizeof(info.records[0]), a, &seq, &v, &info.n_records, f) ||
	    !cvp_opt_octets(&in, DER_OCTET_STRING, "cursor", CVP_CURSOR_MAX,
	    &info.cursor, f) ||
	    !der_end(&in, f))
		return false;
	info.records = v;
	for (i = 0; i < info.n_records; i++)
		if (!get_record(&seq, a, &info.records[i], f))
			return fault_within(f, "record %zu", i + 1);
	*out = info;
	return true;
}

static void
put_record(struct buf *b, const struct cvp_record *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_utf8(b, r->id);
	der_put_enum(b, (uint8_t)r->state);
	cvp_put_template_ref(b, &r->template);
	if (r->effective != NULL)
		cvp_put_tagged_terms(b, DER_CONTEXT_C(0), r->effective);
	cvp_put_opt_cert_id(b, DER_CONTEXT_C(1), r->cert);
	cvp_put_opt_failure(b, DER_CONTEXT_C(2), r->last_failure);
	der_close(b, mark);
}

void
cvp_put_info(struct buf *b, const struct cvp_info *info)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, i;

	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < info->n_records; i++)
		put_record(b, &info->records[i]);
	der_close(b, list);
	cvp_put_opt_view(b, DER_OCTET_STRING, info->cursor);
	der_close(b, mark);
}

/* EventQuery ::= SEQUENCE { cursor OCTET STRING OPTIONAL, max INTEGER OPTIONAL } */
bool
cvp_event_query_decode(struct view value, struct cvp_event_query *out,
    struct fault *f)
{
	struct cvp_event_query	q = { 0 };
	struct der		in;

	if (!cvp_open(value, &in, f) ||
	    !cvp_opt_octets(&in, DER_OCTET_STRING, "cursor", CVP_CURSOR_MAX,
	    &q.cursor, f) ||
	    !cvp_opt_uint(&in, DER_INTEGER, "max", 1, UINT32_MAX, &q.max, f) ||
	    !der_end(&in, f))
		return false;
	*out = q;
	return true;
}

void
cvp_put_event_query(struct buf *b, const struct cvp_event_query *q)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	cvp_put_opt_view(b, DER_OCTET_STRING, q->cursor);
	cvp_put_opt_uint(b, DER_INTEGER, &q->max);
	der_close(b, mark);
}

/* SEQUENCE { time, kind, id [0], cert [1], failure [2] } */
static bool
get_event(struct der *seq, struct arena *a, struct cvp_event *e,
    struct fault *f)
{
	struct der	in;
	struct view	time;

	if (!der_open(seq, DER_SEQUENCE, &in, f) ||
	    !der_get(&in, DER_GENERALIZED_TIME, &time, f) ||
	    !der_generalized_content(time, &e->time, f) ||
	    !cvp_get_u32(&in, "event kind", 0, UINT32_MAX, &e->kind, f))
		return false;
	if (der_peek(&in) == DER_CONTEXT(0) &&
	    !cvp_get_id(&in, DER_CONTEXT(0), &e->id, f))
		return false;
	return cvp_opt_cert_id(&in, DER_CONTEXT_C(1), a, &e->cert, f) &&
	    cvp_opt_failure(&in, DER_CONTEXT_C(2), a, &e->failure, f) &&
	    der_end(&in, f);
}

static bool
get_events(struct der *in, struct arena *a, struct cvp_event_report *r,
    struct fault *f)
{
	struct der	seq;
	void		*v;
	size_t		i;

	if (!cvp_open_list(in, DER_SEQUENCE, "events", CVP_ENTRIES_MAX,
	    sizeof(r->events[0]), a, &seq, &v, &r->n_events, f))
		return false;
	r->events = v;
	for (i = 0; i < r->n_events; i++)
		if (!get_event(&seq, a, &r->events[i], f))
			return fault_within(f, "event %zu", i + 1);
	return true;
}

bool
cvp_event_report_decode(struct view value, struct arena *a,
    struct cvp_event_report *out, struct fault *f)
{
	struct cvp_event_report	r = { 0 };
	struct der		in;

	if (!cvp_open(value, &in, f) ||
	    !get_events(&in, a, &r, f) ||
	    !cvp_get_octets(&in, "cursor", 0, CVP_CURSOR_MAX, &r.cursor, f) ||
	    !der_bool(&in, &r.more, f) ||
	    !der_end(&in, f))
		return false;
	*out = r;
	return true;
}

static void
put_event(struct buf *b, const struct cvp_event *e)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_generalized(b, e->time);
	der_put_uint(b, e->kind);
	cvp_put_opt_view(b, DER_CONTEXT(0), e->id);
	cvp_put_opt_cert_id(b, DER_CONTEXT_C(1), e->cert);
	cvp_put_opt_failure(b, DER_CONTEXT_C(2), e->failure);
	der_close(b, mark);
}

void
cvp_put_event_report(struct buf *b, const struct cvp_event_report *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, i;

	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < r->n_events; i++)
		put_event(b, &r->events[i]);
	der_close(b, list);
	der_put_octets(b, r->cursor);
	der_put_bool(b, r->more);
	der_close(b, mark);
}

bool
cvp_template_query_decode(struct view value, struct arena *a,
    struct cvp_list *names, struct fault *f)
{
	struct cvp_list	l = { 0 };
	struct der	d, seq;
	void		*v;
	size_t		i;

	der_init(&d, value);
	if (!cvp_open_list(&d, DER_SEQUENCE, "template names",
	    CVP_TEMPLATES_MAX, sizeof(l.v[0]), a, &seq, &v, &l.n, f) ||
	    !der_end(&d, f))
		return false;
	l.v = v;
	for (i = 0; i < l.n; i++)
		if (!der_utf8(&seq, 1, CVP_NAME_MAX, &l.v[i], f))
			return false;
	*names = l;
	return true;
}

void
cvp_put_template_query(struct buf *b, const struct cvp_list *names)
{
	put_texts(b, DER_SEQUENCE, names);
}

/* Template ::= SEQUENCE { name, version, terms, maxWindow [0], maxEntries [1], settings [2] } */
static bool
get_template(struct der *seq, struct arena *a, struct cvp_template *t,
    struct fault *f)
{
	struct der	in;

	return der_get_tlv(seq, DER_SEQUENCE, &t->tlv, f) &&
	    cvp_open(t->tlv, &in, f) &&
	    der_utf8(&in, 1, CVP_NAME_MAX, &t->name, f) &&
	    der_uint(&in, &t->version, f) &&
	    cvp_get_terms(&in, DER_SEQUENCE, a, &t->terms, f) &&
	    cvp_opt_uint(&in, DER_CONTEXT(0), "maxWindow", 0, UINT32_MAX,
	    &t->max_window, f) &&
	    cvp_opt_uint(&in, DER_CONTEXT(1), "maxEntries", 0, UINT32_MAX,
	    &t->max_entries, f) &&
	    cvp_opt_text(&in, DER_CONTEXT(2), "settings", CVP_SETTINGS_MAX, &t->settings, f) &&
	    der_end(&in, f);
}

bool
cvp_template_info_decode(struct view value, struct arena *a,
    struct cvp_template_info *out, struct fault *f)
{
	struct cvp_template_info info = { 0 };
	struct der		 d, seq;
	void			*v;
	size_t			 i;

	der_init(&d, value);
	if (!cvp_open_list(&d, DER_SEQUENCE, "templates", CVP_TEMPLATES_MAX,
	    sizeof(info.v[0]), a, &seq, &v, &info.n, f) ||
	    !der_end(&d, f))
		return false;
	info.v = v;
	for (i = 0; i < info.n; i++)
		if (!get_template(&seq, a, &info.v[i], f))
			return fault_within(f, "template %zu", i + 1);
	*out = info;
	return true;
}

void
cvp_put_template(struct buf *b, const struct cvp_template *t)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_utf8(b, t->name);
	der_put_uint(b, t->version);
	cvp_put_terms(b, &t->terms);
	cvp_put_opt_uint(b, DER_CONTEXT(0), &t->max_window);
	cvp_put_opt_uint(b, DER_CONTEXT(1), &t->max_entries);
	cvp_put_opt_view(b, DER_CONTEXT(2), t->settings);
	der_close(b, mark);
}

void
cvp_put_template_info(struct buf *b, const struct cvp_template_info *info)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), i;

	for (i = 0; i < info->n; i++)
		cvp_put_template(b, &info->v[i]);
	der_close(b, mark);
}
