/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of which template a certificate is made, when that of the grant or of the
 * old certificate has changed meanwhile (RFC 4809, 3.2.5; profile/template_change.h),
 * and that its Admin is told.
 */
#include <inttypes.h>
#include <stdio.h>

#include "pki/work.h"

/* The template as it was and as it is. */
bool
remade_look(struct work *w, int64_t row, struct fault *f)
{
	if (!catalogue_since(w->e, row, w->a, &w->since, f))
		return false;
	w->template = w->since.now;
	if (w->template != NULL)
		return true;
	return fault_set(f, FAULT_NOT_FOUND, "RFC 4809, 3.2.5", "template \"%.*s\" is retired",
	    (int)w->since.name.n, (const char *)w->since.name.p);
}

static bool
settle(struct work *w, enum template_fate fate, struct fault *f)
{
	const struct template	*now = &w->template->t;

	w->fate = fate;
	if (!template_fate_made(fate)) {
		catalogue_tell(&w->since, fate, f);
		return false;
	}
	if ((w->made = arena_alloc(w->a, sizeof(*w->made))) == NULL)
		return arena_fault(f);
	template_of_fate(fate, w->since.old != NULL ? w->since.old : now, now, w->made);
	return true;
}

bool
remade_for_grant(struct work *w, const struct cvp_terms *t, struct fault *f)
{
	return settle(w, !w->since.changed ? TEMPLATE_AS_BEFORE :
	    template_for_grant(w->since.old, &w->template->t, terms_on_change(t)), f);
}

bool
remade_for_renewal(struct work *w, bool update, struct fault *f)
{
	return settle(w, !w->since.changed ? TEMPLATE_AS_BEFORE :
	    template_for_renewal(w->since.old, &w->template->t, update), f);
}

/* Tightened since: never relaxed by what was agreed (decision 21). */
bool
remade_takes_key(struct work *w, uint32_t *code, struct fault *f)
{
	*code = CVP_KEY_NOT_PERMITTED;
	if (!profile_check_key(w->made, w->candidate.spki, f))
		goto no;
	if (profile_check_key(&w->template->t, w->candidate.spki, f))
		return true;
no:
	if (w->since.changed && profile_check_key(w->since.old, w->candidate.spki, NULL))
		*code = CVP_TEMPLATE_CHANGED;
	return false;
}

int64_t
remade_row(const struct work *w, int64_t old)
{
	return w->fate == TEMPLATE_AS_OLD ? old : w->template->n;
}

bool
remade_note(struct work *w, struct store_authz *z, struct fault *f)
{
	char		actor[160], object[64];
	struct fault	why = { 0 };

	if (w->fate <= TEMPLATE_AS_BEFORE)
		return true;
	catalogue_tell(&w->since, w->fate, &why);
	work_actor(w, actor);
	snprintf(object, sizeof(object), "authz:%" PRId64, z->n);
	return note_audit(w->e, w->now, actor, "template changed", object, why.text, f) &&
	    note_event(w->e, w->now, CVP_EVENT_TEMPLATE_CHANGED, z, 0, 0, f);
}
