/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an Admin wants against what the template permits (RFC 4809, 3.2.4.3):
 * each term has a rule.
 *
 *	window's end, notAfter, confirmWithin,		cut, and told: grantedModified
 *	delay of retirement, how often and how early
 *	renewals and updates are taken
 *	kinds of key					those that are not permitted
 *							are left out, and told
 *	who may renew and update, with which key;	refused
 *	whether the old certificate is retired; whether
 *	Admins may revoke
 *
 * With exact, what would be cut is refused instead.
 */
#include <stdio.h>

#include "base/text.h"
#include "pki/grant.h"

/* One thing that is to be less than was asked for. */
static bool
reduce(const struct grant_frame *fr, struct grant *g, const char *field, const char *why)
{
	if (g->terms.exact.present && g->terms.exact.v) {
		g->field = field;
		return grant_refuse(fr, g, CVP_TERMS_CONFLICT, why);
	}
	g->modified = true;
	return true;
}

static bool
refuse(const struct grant_frame *fr, struct grant *g, const char *field, const char *why)
{
	g->field = field;
	return grant_refuse(fr, g, CVP_TERMS_CONFLICT, why);
}

/* A time, or a number of seconds or of percent, up to most. */
static bool
cut_time(const struct grant_frame *fr, struct grant *g, const char *field, int64_t *value,
    int64_t most)
{
	char	asked[32], limit[32], why[160];

	if (*value <= most)
		return true;
	date_format(*value, asked);
	date_format(most, limit);
	snprintf(why, sizeof(why), "%s %s: the template permits up to %s", field, asked, limit);
	*value = most;
	return reduce(fr, g, field, why);
}

static bool
cut_number(const struct grant_frame *fr, struct grant *g, const char *field, uint64_t *value,
    uint64_t most)
{
	char	why[160];

	if (*value <= most)
		return true;
	snprintf(why, sizeof(why), "%s %llu: the template permits up to %llu", field,
	    (unsigned long long)*value, (unsigned long long)most);
	*value = most;
	return reduce(fr, g, field, why);
}

/* --- times ----------------------------------------------------------------------------- */

static bool
set_window(const struct grant_frame *fr, struct grant *g)
{
	const struct template	*t = &fr->template->t;

	g->from = fr->now;
	if (g->terms.has_window && g->terms.window_not_before.present &&
	    g->terms.window_not_before.v > fr->now)
		g->from = g->terms.window_not_before.v;
	g->to = g->from + t->window_seconds;
	if (g->terms.has_window && g->terms.window_not_after.present)
		g->to = g->terms.window_not_after.v;
	if (g->to <= fr->now || g->to <= g->from)
		return refuse(fr, g, "window", "the window has ended already");
	if (!cut_time(fr, g, "window.notAfter", &g->to, g->from + t->window_max_seconds))
		return false;
	g->terms.has_window = true;
	g->terms.window_not_before = (struct cvp_time){ true, g->from };
	g->terms.window_not_after = (struct cvp_time){ true, g->to };
	return true;
}

/* Counted from the last moment at which it can be issued. */
static bool
set_validity(const struct grant_frame *fr, struct grant *g)
{
	return !g->cert.not_after.present || cut_time(fr, g, "validity.notAfter",
	    &g->cert.not_after.v, g->to + fr->template->t.validity_seconds);
}

/* --- keys --------------------------------------------------------------------------------- */

static bool
set_keys(const struct grant_frame *fr, struct grant *g)
{
	struct cvp_key_spec	*kept;
	size_t			 n = 0;

	if (g->terms.n_key_specs == 0)
		return true;
	kept = arena_array(fr->a, g->terms.n_key_specs, sizeof(*kept));
	if (kept == NULL)
		return refuse(fr, g, "keySpecs", "out of memory");
	for (size_t i = 0; i < g->terms.n_key_specs; i++)
		if (template_takes_spec(&fr->template->t, &g->terms.key_specs[i]))
			kept[n++] = g->terms.key_specs[i];
	if (n == g->terms.n_key_specs)
		return true;
	if (n == 0) {
		g->field = "keySpecs";
		return grant_refuse(fr, g, CVP_KEY_NOT_PERMITTED,
		    "the template takes none of the kinds of key that are asked for");
	}
	g->terms.key_specs = kept;
	g->terms.n_key_specs = n;
	return reduce(fr, g, "keySpecs", "the template does not take all of these kinds of key");
}

/* --- life --------------------------------------------------------------------------------- */

/* A time instead of a share of the lifetime: of a certificate that is issued at once. */
static bool
set_start(const struct grant_frame *fr, struct grant *g, const char *field,
    struct cvp_change_terms *c, const struct cvp_change_terms *own)
{
	int64_t		validity = fr->template->t.validity_seconds, first;
	uint64_t	percent = c->last_percent;
	char		asked[32], limit[32], why[160];

	if (own->last_percent == 0)
		return true;
	if (c->last_percent != 0) {
		if (!cut_number(fr, g, field, &percent, own->last_percent))
			return false;
		c->last_percent = (uint8_t)percent;
		return true;
	}
	first = fr->now + validity - validity * own->last_percent / 100;
	if (c->from_time >= first)
		return true;
	date_format(c->from_time, asked);
	date_format(first, limit);
	snprintf(why, sizeof(why), "%s %s: the template permits from %s", field, asked, limit);
	c->from_time = first;
	return reduce(fr, g, field, why);
}

static bool
set_change(const struct grant_frame *fr, struct grant *g, const char *field,
    struct cvp_change_terms *c, const struct cvp_change_terms *own)
{
	if (own->who != CVP_WHO_EITHER && c->who != own->who)
		return refuse(fr, g, field, "the template leaves it to somebody else to ask");
	if (own->keys != CVP_KEYS_EITHER && c->keys != own->keys)
		return refuse(fr, g, field, own->keys == CVP_KEYS_NEW ?
		    "the template wants a new key" : "the template wants the same key");
	if (!set_start(fr, g, field, c, own))
		return false;
	if (!own->max_times.present)
		return true;
	if (!c->max_times.present) {
		c->max_times = own->max_times;
		return reduce(fr, g, field, "the template permits it so many times only");
	}
	return cut_number(fr, g, field, &c->max_times.v, own->max_times.v);
}

static bool
set_renewal(const struct grant_frame *fr, struct grant *g, struct cvp_lifecycle *life,
    const struct cvp_lifecycle *own)
{
	struct cvp_change_terms	*c;

	if (life->renewal == NULL)
		return true;
	if (own == NULL || own->renewal == NULL)
		return refuse(fr, g, "renewal", "the template permits no renewal");
	if ((c = arena_alloc(fr->a, sizeof(*c))) == NULL)
		return refuse(fr, g, "renewal", "out of memory");
	*c = *life->renewal;
	life->renewal = c;
	return set_change(fr, g, "renewal", c, own->renewal);
}

static bool
set_update(const struct grant_frame *fr, struct grant *g, struct cvp_lifecycle *life,
    const struct cvp_lifecycle *own)
{
	struct cvp_update	*u;

	if (life->update == NULL)
		return true;
	if (own == NULL || own->update == NULL)
		return refuse(fr, g, "update", "the template permits no update");
	if ((u = arena_alloc(fr->a, sizeof(*u))) == NULL)
		return refuse(fr, g, "update", "out of memory");
	*u = *life->update;
	life->update = u;
	return set_change(fr, g, "update", &u->terms, &own->update->terms);
}

static bool
set_retirement(const struct grant_frame *fr, struct grant *g, struct cvp_lifecycle *life)
{
	uint64_t	delay = life->retire_old.delay_seconds;
	bool		ok;

	if (!life->retire_old.present)
		return true;
	if (!life->retire_old.unusable)
		return refuse(fr, g, "retireOld", "the template retires old certificates");
	ok = cut_number(fr, g, "retireOld.delay", &delay,
	    (uint64_t)fr->template->t.retire_delay_seconds);
	life->retire_old.delay_seconds = (uint32_t)delay;
	return ok;
}

static bool
set_lifecycle(const struct grant_frame *fr, struct grant *g)
{
	const struct cvp_lifecycle	*own = fr->template_terms.lifecycle;
	struct cvp_lifecycle		*life;

	if (g->terms.lifecycle == NULL)
		return true;
	if ((life = arena_alloc(fr->a, sizeof(*life))) == NULL)
		return refuse(fr, g, "lifecycle", "out of memory");
	*life = *g->terms.lifecycle;
	g->terms.lifecycle = life;
	if (life->admin_may_revoke.present && life->admin_may_revoke.v &&
	    !fr->template->t.admin_may_revoke)
		return refuse(fr, g, "adminMayRevoke", "the template lets no Admin revoke");
	return set_renewal(fr, g, life, own) && set_update(fr, g, life, own) &&
	    set_retirement(fr, g, life) && (!life->confirm_within.present ||
	    cut_number(fr, g, "confirmWithin", &life->confirm_within.v,
	    (uint64_t)fr->template->t.confirm_seconds));
}

bool
grant_limit(const struct grant_frame *fr, struct grant *g)
{
	return set_window(fr, g) && set_validity(fr, g) && set_keys(fr, g) &&
	    set_lifecycle(fr, g);
}
