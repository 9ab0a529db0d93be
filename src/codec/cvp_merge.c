/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_merge.c - terms laid over one another (profile, 7.3; correction 16).
 *
 * Upper terms only add and replace; what they leave out stays.
 */
#include "codec/cvp_part.h"

#define RULE	"CMC profile for IPsec VPN, 7.3"

static bool
merge_extensions(const struct cvp_cert *over, struct arena *a,
    struct cvp_cert *c, struct fault *f)
{
	struct extension	*list;
	const struct extension	*new;
	size_t			 n = c->n_extensions, i, j;

	if (over->n_extensions == 0)
		return true;
	list = arena_array(a, n + over->n_extensions, sizeof(*list));
	if (list == NULL)
		return arena_fault(f);
	for (i = 0; i < n; i++)
		list[i] = c->extensions[i];
	for (j = 0; j < over->n_extensions; j++) {
		new = &over->extensions[j];
		for (i = 0; i < n && !view_equal(list[i].oid, new->oid); i++)
			;
		list[i] = *new;
		n += i == n;
	}
	if (n > EXTENSIONS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE,
		    "%zu extensions after merging, limit %d", n, EXTENSIONS_MAX);
	c->extensions = list;
	c->n_extensions = n;
	return true;
}

/*
 * Field by field.  The two ends of validity count as fields of their own:
 * replacing one must not take the other away.
 */
static bool
merge_cert(const struct cvp_cert *over, struct arena *a,
    const struct cvp_cert **cert, struct fault *f)
{
	struct cvp_cert	*c;

	if (over == NULL)
		return true;
	if (*cert == NULL) {
		*cert = over;
		return true;
	}
	if ((c = arena_alloc(a, sizeof(*c))) == NULL)
		return arena_fault(f);
	*c = **cert;
	*cert = c;
	if (over->subject.n > 0)
		c->subject = over->subject;
	if (over->not_before.present)
		c->not_before = over->not_before;
	if (over->not_after.present)
		c->not_after = over->not_after;
	if (over->public_key.n > 0)
		c->public_key = over->public_key;
	c->foreign |= over->foreign;
	return merge_extensions(over, a, c, f);
}

/* Direct member by direct member. */
static bool
merge_lifecycle(const struct cvp_lifecycle *over, struct arena *a,
    const struct cvp_lifecycle **lifecycle, struct fault *f)
{
	struct cvp_lifecycle	*l;

	if (over == NULL)
		return true;
	if (*lifecycle == NULL) {
		*lifecycle = over;
		return true;
	}
	if ((l = arena_alloc(a, sizeof(*l))) == NULL)
		return arena_fault(f);
	*l = **lifecycle;
	*lifecycle = l;
	if (over->renewal != NULL)
		l->renewal = over->renewal;
	if (over->update != NULL)
		l->update = over->update;
	if (over->admin_may_revoke.present)
		l->admin_may_revoke = over->admin_may_revoke;
	if (over->retire_old.present)
		l->retire_old = over->retire_old;
	if (over->confirm_within.present)
		l->confirm_within = over->confirm_within;
	if (over->revocation_info.present)
		l->revocation_info = over->revocation_info;
	return true;
}

static void
merge_whole_fields(const struct cvp_terms *over, struct cvp_terms *t)
{
	if (over->has_window) {
		t->has_window = true;
		t->window_not_before = over->window_not_before;
		t->window_not_after = over->window_not_after;
	}
	if (over->id_format != NULL)
		t->id_format = over->id_format;
	if (over->token_format != NULL)
		t->token_format = over->token_format;
	if (over->key_gen.present)
		t->key_gen = over->key_gen;
	if (over->on_template_change.present)
		t->on_template_change = over->on_template_change;
	if (over->n_key_specs > 0) {
		t->key_specs = over->key_specs;
		t->n_key_specs = over->n_key_specs;
	}
	if (over->approval.present)
		t->approval = over->approval;
	if (over->exact.present)
		t->exact = over->exact;
	if (over->pop_challenge.present)
		t->pop_challenge = over->pop_challenge;
	if (over->aia.present)
		t->aia = over->aia;
	if (over->key_lost.present)
		t->key_lost = over->key_lost;
}

static bool
merge(const struct cvp_terms *over, struct arena *a, struct cvp_terms *t,
    struct fault *f)
{
	if (over == NULL)
		return true;
	merge_whole_fields(over, t);
	return merge_cert(over->cert, a, &t->cert, f) &&
	    merge_lifecycle(over->lifecycle, a, &t->lifecycle, f);
}

bool
cvp_terms_merge(const struct cvp_terms *template,
    const struct cvp_terms *request, const struct cvp_terms *entry,
    struct arena *a, struct cvp_terms *out, struct fault *f)
{
	struct cvp_terms	t = *template;

	if (!merge(request, a, &t, f) || !merge(entry, a, &t, f))
		return false;
	*out = t;
	return true;
}
