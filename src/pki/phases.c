/* SPDX-License-Identifier: Apache-2.0 */
/* The phases of the CAs as the database has them (docs/adr/0029). */
#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "pki/work.h"

static const char *const actions[] = {
	[CA_ANNOUNCED] = "ca announced", [CA_IN_USE] = "ca in use", [CA_OLD] = "ca replaced",
	[CA_RETIRED] = "ca retired",
};

bool
issuer_in_row(struct engine *e, int64_t row, struct arena *a, struct view *out, struct fault *f)
{
	enum authority_id	ca = authority_of(e, row);
	struct store_ca		retired;
	struct cert		cert;

	*out = VIEW_NONE;
	if (ca != AUTHORITIES) {
		*out = e->authorities.list[ca].cert.subject;
		return true;
	}
	if (row == 0 || !store_ca_find_n(e->p.store, row, a, &retired, f))
		return row == 0;
	if (retired.n == 0)
		return true;
	if (!cert_decode(retired.cert, &cert, f))
		return fault_within(f, "CA %s", retired.name);
	*out = cert.subject;
	return true;
}

static bool
note_phase(struct engine *e, const char *name, enum ca_phase phase, const char *detail,
    int64_t now, struct fault *f)
{
	char	object[64];

	snprintf(object, sizeof(object), "ca:%s", name);
	log_line(LOG_LEVEL_INFO, actions[phase], "ca=%s%s%s", name, detail[0] != '\0' ? " " : "",
	    detail);
	return note_audit(e, now, "pki", actions[phase], object, detail, f);
}

bool
phase_begun(struct engine *e, enum authority_id ca, int64_t now, struct fault *f)
{
	const struct authority	*a = &e->authorities.list[ca];
	char			 date[32], detail[48] = "";

	if (a->generation == 1)		/* of `pki init` */
		return true;
	date_format(a->from, date);
	snprintf(detail, sizeof(detail), "from=%s", date);
	return note_phase(e, a->name, CA_ANNOUNCED, detail, now, f) &&
	    (authority_phase(&e->authorities, ca, now) != CA_IN_USE ||
	    note_phase(e, a->name, CA_IN_USE, "", now, f));
}

bool
phases_follow(struct engine *e, int64_t now, struct fault *f)
{
	for (enum authority_id ca = AUTHORITY_IKE; ca < AUTHORITY_CAS; ca++) {
		enum ca_phase	phase;

		if (!authority_is_here(&e->authorities, ca))
			continue;
		phase = authority_phase(&e->authorities, ca, now);
		if (phase == e->ca_phase[ca])
			continue;
		if (!store_ca_set_phase(e->p.store, e->ca[ca], phase, f) ||
		    !note_phase(e, e->authorities.list[ca].name, phase, "", now, f))
			return false;
		e->ca_phase[ca] = phase;
	}
	return true;
}

/* --- those that are no longer there ---------------------------------------------------- */

#define GONE_MAX	(2 * ROLLOVER_NUMBER_MAX)

struct gone {
	const struct engine	*e;
	int64_t			 n[GONE_MAX];
	size_t			 count;
};

static bool
see_ca(void *ctx, const struct store_ca *ca, struct fault *f)
{
	struct gone	*g = ctx;

	(void)f;
	if (ca->phase != CA_RETIRED && authority_of(g->e, ca->n) == AUTHORITIES &&
	    g->count < GONE_MAX)
		g->n[g->count++] = ca->n;
	return true;
}

bool
phases_retire(struct engine *e, int64_t now, struct fault *f)
{
	struct gone	g = { .e = e };
	struct store_ca	ca;

	if (!store_ca_walk(e->p.store, see_ca, &g, f))
		return false;
	for (size_t i = 0; i < g.count; i++)
		if (!store_ca_find_n(e->p.store, g.n[i], e->scratch, &ca, f) ||
		    !store_ca_set_phase(e->p.store, ca.n, CA_RETIRED, f) ||
		    !note_phase(e, ca.name, CA_RETIRED, "", now, f))
			return false;
	return true;
}
