/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authorize.h - one call of admin authorize, between what it does
 * (authorize.c) and what it says about it (authorize_report.c).
 */
#ifndef ADMIN_AUTHORIZE_H
#define ADMIN_AUTHORIZE_H

#include "admin/authorization.h"
#include "base/command.h"

/* One template's share of the list. */
struct share {
	const char			*template;
	const struct device		**devices;
	size_t				 n;
	const struct cvp_template	*t;	/* what the PKI says of it */
	struct authorization		 z;
};

struct call {
	const struct invocation	*in;
	struct admin		 a;
	struct arena		*arena;
	struct inventory	 inv;
	struct buf		 file;
	const char		*name;		/* of the list, for messages */
	struct problems		 p;
	struct fleet		 fleet, known;
	struct topology		*topology;
	bool			*lives;		/* by device: authorized already */
	size_t			 skipped;
	struct share		*shares;
	size_t			 n_shares;
	struct authorization	*finished;	/* from an earlier, unfinished run */
	size_t			 n_finished;
	struct wishes		 w;
	char			 shown[BATCH_PATH_MAX];	/* --out, no slash at its end */
	char			 out[BATCH_PATH_MAX];	/* the same, absolute */
	char			 relay[512];		/* --relay, with its path */
};

/*
 * The command over this list instead of that of --csv; name is for messages.
 * Rows that were cancelled are authorized, those that live passed over.
 */
int	authorize_list(const struct invocation *in, struct view list, const char *name);

/* What is wrong with the list; nothing was sent. */
void	authorize_problems(const struct call *c);
/* What would happen. */
MUST_CHECK bool authorize_plan(struct call *c, struct fault *f);
/* What happened, and what comes next; the exit code. */
int	authorize_report(const struct call *c);
/* Was any ticket written? */
bool	authorize_has_tickets(const struct call *c);

#endif
