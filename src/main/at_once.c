/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "admin/authorization.h"
#include "base/file.h"
#include "main/at_once.h"

#define WINDOW_SECONDS	1209600		/* two weeks, as for authorize */
#define REQUEST_MAX	(32u << 10)

/* The one device of the list. */
struct row {
	struct problems		 p;
	struct buf		 list;
	struct fleet		 fleet, known;
	struct topology		*topology;
};

static bool
read_row(const struct at_once *w, struct row *r, struct fault *f)
{
	r->p = (struct problems){ .a = w->s->arena };
	if (!file_read(w->csv, &r->list, f) ||
	    !fleet_read(buf_view(&r->list), w->template, &r->p, &r->fleet, f) ||
	    !inventory_fleet(&w->s->inv, &r->known, f))
		return false;
	if (r->p.total == 0 && r->fleet.n != 1)
		return fault_set(f, FAULT_USAGE, "", "%s: %zu devices; one request is for one device",
		    w->csv, r->fleet.n);
	if (r->p.total == 0 &&
	    (r->topology = topology_new(&r->fleet, &r->known, &r->p, f)) == NULL)
		return false;
	return r->p.total == 0 || fault_set(f, FAULT_USAGE, "", "%s: line %u: %s", w->csv,
	    r->p.v[0].line, r->p.v[0].text);
}

static bool
find_template(const struct at_once *w, const char *name, struct cvp_template_info *info,
    const struct cvp_template **out, struct fault *f)
{
	struct cvp_list	all = { 0 };
	struct view	value;
	struct buf	der;
	bool		ok;

	buf_init(&der, 64);
	cvp_put_template_query(&der, &all);
	ok = admin_ask_one(&w->s->a, CVP_TEMPLATE_QUERY, buf_view(&der), CVP_TEMPLATE_INFO,
	    w->s->arena, &value, f) && cvp_template_info_decode(value, w->s->arena, info, f);
	buf_clear(&der);
	for (size_t i = 0; ok && i < info->n; i++)
		if (view_equal(info->v[i].name, view_str(name))) {
			*out = &info->v[i];
			return true;
		}
	return ok && fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" is not a template that the PKI "
	    "lets this Admin use", name);
}

static bool
authorize(const struct at_once *w, const struct row *r, struct view p10,
    struct authorization *z, struct fault *f)
{
	const struct device		*d = &r->fleet.v[0];
	const struct cvp_template	*t;
	struct cvp_template_info	 info;
	char				*out = realpath(w->q->out, NULL);
	struct wishes			 wish = { .preset = w->template != NULL ? w->template : "",
		.window_seconds = WINDOW_SECONDS, .generation = GENERATION_PEER_ADMIN, .out = out };
	bool				 ok;

	*z = (struct authorization){
		.a = &w->s->a, .inv = &w->s->inv, .fleet = &r->fleet, .topology = r->topology,
		.arena = w->s->arena, .p10 = p10,
	};
	ok = out != NULL || fault_set(f, FAULT_IO, "", "no folder %s", w->q->out);
	ok = ok && find_template(w, d->template, &info, &t, f) &&
	    authorization_prepare(z, &d, 1, t, &wish, buf_view(&r->list), f) &&
	    authorization_run(z, f);
	free(out);
	if (!ok)
		return false;
	return (z->n == 1 && outcome_granted(&z->v[0])) || fault_set(f, FAULT_REFUSED,
	    "RFC 4809, 3.2.5", "%s: not authorized: %s", d->name, z->n == 1 ? z->v[0].why :
	    "the PKI said nothing of it");
}

static bool
take_request(const struct at_once *w, struct view p10, const struct authorization *z,
    struct at_once_outcome *o, struct fault *f)
{
	struct targets	t;

	return targets_find(&w->s->a, &w->s->inv, &o->id, 1, w->s->arena, &t, f) &&
	    request_take(w->q, &t.v[0], p10, &z->x, &z->answer, &o->r, f);
}

static bool
run(const struct at_once *w, struct row *r, struct view p10, struct at_once_outcome *o,
    struct fault *f)
{
	struct authorization	z;

	if (!read_row(w, r, f) || !authorize(w, r, p10, &z, f))
		return false;
	o->name = r->fleet.v[0].name;
	o->id = z.v[0].id;
	snprintf(o->ticket, sizeof(o->ticket), "%s", z.v[0].ticket);
	o->issued = take_request(w, p10, &z, o, &o->why);
	return true;
}

bool
at_once_enroll(const struct at_once *w, struct at_once_outcome *o, struct fault *f)
{
	struct row	r = { 0 };
	struct buf	p10;
	bool		ok;

	memset(o, 0, sizeof(*o));
	buf_init(&r.list, CSV_FILE_MAX);
	buf_init(&p10, REQUEST_MAX);
	ok = request_read(w->request, &p10, f) && run(w, &r, buf_view(&p10), o, f);
	buf_clear(&p10);
	buf_clear(&r.list);
	return ok;
}
