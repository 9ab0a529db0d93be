/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection.h - many authorizations at once, by what they are rather than by
 * name; and the two ways of not doing so by mistake.
 *
 * A selection is a set of conditions that all have to hold.  What it selects
 * is asked of the PKI when it is used.  A command that changes something wants
 * --dry-run, which only shows, or --expect N, which goes on if exactly N are
 * meant.
 */
#ifndef ADMIN_SELECTION_H
#define ADMIN_SELECTION_H

#include <jansson.h>

#include "admin/session.h"
#include "admin/table.h"
#include "admin/targets.h"
#include "codec/cvp.h"

#define SELECTION_OPTIONS \
	{ "state", "STATES", NULL, "only these, separated by commas: open, issued, confirmed, ..." }, \
	{ "template", "NAME", NULL, "only of this template" }, \
	{ "group", "NAME", NULL, "only of this group" }, \
	{ "label", "TEXT", NULL, "only labels and names that contain this" }, \
	{ "batch", "HEX", NULL, "only of this batch" }, \
	{ "expires-before", "DATE", NULL, "only certificates that end before, 2026-11-24T04:10:27Z" }

#define SELECTION_SAFETY \
	{ "dry-run", NULL, NULL, "show what is meant, change nothing" }, \
	{ "expect", "N", NULL, "go on only if exactly N are meant" }

struct selection {
	bool		 any;		/* there is a condition */
	unsigned	 states;	/* bits; 0: all */
	const char	*template, *group, *label;	/* NULL: all */
	uint8_t		 octets[CVP_BATCH_ID_MAX];
	struct view	 batch;		/* empty: all */
	bool		 has_end;
	int64_t		 end;
};

/* From the options of SELECTION_OPTIONS; *out holds views of itself: do not copy. */
MUST_CHECK bool selection_read(const struct invocation *in, struct selection *out,
    struct fault *f);
bool	selection_fits(const struct selection *q, const struct target *t);

/*
 * What a command is about: the words of the command line, or all that the
 * selection and takes() agree on, but for the Admin's own certificate.  Both,
 * or neither, is FAULT_USAGE.
 */
MUST_CHECK bool selection_find(struct session *s, const struct selection *q,
    bool (*takes)(const struct target *t), struct targets *out, struct fault *f);

/* Those with these ids that the PKI shows, as targets. */
MUST_CHECK bool selection_by_ids(struct session *s, const struct view *ids, size_t n,
    struct targets *out, struct fault *f);

/*
 * *go: carry it out.  Otherwise it was shown ("12 authorizations would be
 * cancelled").  FAULT_CONFLICT: --expect said another number.
 */
MUST_CHECK bool selection_confirm(const struct session *s, const struct targets *all,
    const char *done, bool *go, struct fault *f);

/* One row of a list, as an object of its JSON. */
json_t	*selection_json(const struct target *t);
/* Columns of a table of them. */
void	selection_table(struct table *t, struct arena *a);
void	selection_row(struct table *table, const struct target *t);

#endif
