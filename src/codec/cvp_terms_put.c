/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_terms_put.c - AuthzTerms, written in the order of the module.
 */
#include "codec/cvp_part.h"

/* Explicitly tagged, because Time is a CHOICE. */
static void
put_validity_time(struct buf *b, uint8_t tag, const struct cvp_time *t)
{
	size_t	mark;

	if (!t->present)
		return;
	mark = der_begin(b, tag);
	der_put_time(b, t->v);
	der_close(b, mark);
}

static void
put_validity(struct buf *b, const struct cvp_cert *c)
{
	size_t	mark;

	if (!c->not_before.present && !c->not_after.present)
		return;
	mark = der_begin(b, DER_CONTEXT_C(4));
	put_validity_time(b, DER_CONTEXT_C(0), &c->not_before);
	put_validity_time(b, DER_CONTEXT_C(1), &c->not_after);
	der_close(b, mark);
}

static void
put_cert(struct buf *b, const struct cvp_cert *c)
{
	size_t	mark = der_begin(b, DER_CONTEXT_C(0)), list, i;

	put_validity(b, c);
	cvp_put_opt_view(b, DER_CONTEXT_C(5), c->subject);
	if (c->public_key.n > 0)
		cvp_put_retagged(b, DER_CONTEXT_C(6), c->public_key);
	if (c->n_extensions > 0) {
		list = der_begin(b, DER_CONTEXT_C(9));
		for (i = 0; i < c->n_extensions; i++)
			extension_put(b, c->extensions[i].oid,
			    c->extensions[i].critical, c->extensions[i].value);
		der_close(b, list);
	}
	der_close(b, mark);
}

static void
put_window(struct buf *b, const struct cvp_terms *t)
{
	size_t	mark = der_begin(b, DER_CONTEXT_C(1));

	cvp_put_opt_time(b, DER_CONTEXT(0), &t->window_not_before);
	cvp_put_opt_time(b, DER_CONTEXT(1), &t->window_not_after);
	der_close(b, mark);
}

static void
put_format(struct buf *b, uint8_t tag, const struct cvp_secret_format *s)
{
	size_t	mark;

	if (s == NULL)
		return;
	mark = der_begin(b, tag);
	der_put_uint(b, s->length);
	der_put_utf8(b, s->alphabet);
	if (s->group > 0)
		cvp_put_implicit_uint(b, DER_CONTEXT(0), s->group);
	cvp_put_opt_view(b, DER_CONTEXT(1), s->prefix);
	der_close(b, mark);
}

static void
put_change(struct buf *b, uint8_t tag, const struct cvp_change_terms *c)
{
	size_t	mark = der_begin(b, tag);

	der_put_enum(b, (uint8_t)c->who);
	der_put_enum(b, (uint8_t)c->keys);
	if (c->last_percent > 0)
		cvp_put_implicit_uint(b, DER_CONTEXT(0), c->last_percent);
	else
		cvp_put_implicit_time(b, DER_CONTEXT(1), c->from_time);
	cvp_put_opt_uint(b, DER_CONTEXT(2), &c->max_times);
	der_close(b, mark);
}

static void
put_update(struct buf *b, const struct cvp_update *u)
{
	size_t	mark = der_begin(b, DER_CONTEXT_C(1)), list, i;

	put_change(b, DER_SEQUENCE, &u->terms);
	if (u->n_rdn_types > 0) {
		list = der_begin(b, DER_CONTEXT_C(0));
		for (i = 0; i < u->n_rdn_types; i++)
			der_put_oid(b, u->rdn_types[i]);
		der_close(b, list);
	}
	if (u->n_san_types > 0) {
		list = der_begin(b, DER_CONTEXT_C(1));
		for (i = 0; i < u->n_san_types; i++)
			der_put_uint(b, u->san_types[i]);
		der_close(b, list);
	}
	cvp_put_opt_view(b, DER_CONTEXT_C(2), u->new_subject);
	cvp_put_opt_view(b, DER_CONTEXT_C(3), u->new_san);
	der_close(b, mark);
}

static void
put_retire(struct buf *b, const struct cvp_retire *r)
{
	size_t	mark;

	if (!r->present)
		return;
	mark = der_begin(b, DER_CONTEXT_C(3));
	der_put_bool(b, r->unusable);
	der_put_uint(b, r->delay_seconds);
	der_close(b, mark);
}

/* A BIT STRING of named bits: the zeros at its end are left out. */
static void
put_revocation_info(struct buf *b, const struct cvp_uint *info)
{
	uint8_t	c[2] = { 0, (uint8_t)info->v };

	if (!info->present)
		return;
	if (c[1] == 0) {
		der_put(b, DER_CONTEXT(5), view_of(c, 1));
		return;
	}
	while ((c[1] >> c[0] & 1) == 0)
		c[0]++;
	der_put(b, DER_CONTEXT(5), view_of(c, 2));
}

static void
put_lifecycle(struct buf *b, const struct cvp_lifecycle *l)
{
	size_t	mark = der_begin(b, DER_CONTEXT_C(5));

	if (l->renewal != NULL)
		put_change(b, DER_CONTEXT_C(0), l->renewal);
	if (l->update != NULL)
		put_update(b, l->update);
	cvp_put_opt_bool(b, DER_CONTEXT(2), &l->admin_may_revoke);
	put_retire(b, &l->retire_old);
	cvp_put_opt_uint(b, DER_CONTEXT(4), &l->confirm_within);
	put_revocation_info(b, &l->revocation_info);
	der_close(b, mark);
}

static void
put_key_specs(struct buf *b, const struct cvp_terms *t)
{
	size_t	mark = der_begin(b, DER_CONTEXT_C(7)), i;

	for (i = 0; i < t->n_key_specs; i++)
		cvp_put_key_spec(b, &t->key_specs[i]);
	der_close(b, mark);
}

void
cvp_put_tagged_terms(struct buf *b, uint8_t tag, const struct cvp_terms *t)
{
	size_t	mark = der_begin(b, tag);

	if (t->cert != NULL)
		put_cert(b, t->cert);
	if (t->has_window)
		put_window(b, t);
	put_format(b, DER_CONTEXT_C(2), t->id_format);
	put_format(b, DER_CONTEXT_C(3), t->token_format);
	cvp_put_opt_uint(b, DER_CONTEXT(4), &t->key_gen);
	if (t->lifecycle != NULL)
		put_lifecycle(b, t->lifecycle);
	cvp_put_opt_uint(b, DER_CONTEXT(6), &t->on_template_change);
	if (t->n_key_specs > 0)
		put_key_specs(b, t);
	cvp_put_opt_uint(b, DER_CONTEXT(8), &t->approval);
	cvp_put_opt_bool(b, DER_CONTEXT(9), &t->exact);
	cvp_put_opt_bool(b, DER_CONTEXT(10), &t->pop_challenge);
	cvp_put_opt_bool(b, DER_CONTEXT(11), &t->aia);
	cvp_put_opt_bool(b, DER_CONTEXT(12), &t->key_lost);
	der_close(b, mark);
}

void
cvp_put_terms(struct buf *b, const struct cvp_terms *t)
{
	cvp_put_tagged_terms(b, DER_SEQUENCE, t);
}
