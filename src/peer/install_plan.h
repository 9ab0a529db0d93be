/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_plan.h - what a request means for strongSwan, before anything is
 * touched: names of files and the tree of connections (RFC 4945; the
 * identities are written as its section 3.1 compares them).
 */
#ifndef PEER_INSTALL_PLAN_H
#define PEER_INSTALL_PLAN_H

#include "peer/install.h"
#include "peer/swanctl.h"

#define INSTALL_CONF_MAX	(4u << 20)	/* octets of a conf.d file */
#define INSTALL_ARENA_MAX	(16u << 20)
#define INSTALL_PLAN_MARK	"# connections:"	/* then their names */

struct install_plan {
	struct conf_tree	 tree;
	struct conf		*connections;	/* section; NULL if there are none */
	struct conf		*authority;	/* section of the issuing CA */
	size_t			 nconnections;
	const char		*base;		/* "gw1": of all names */
	const char		*file;		/* "gw1.pem" */
	const char		*ca_file[INSTALL_CA_MAX];	/* "gw1-ca.pem", ... */
	const char		*other_file[INSTALL_OTHERS_MAX];	/* "gw1-line1.pem", wanted or not */
};

/* Checks every string of req; the plan lives in a and borrows from req. */
MUST_CHECK bool install_plan(const struct install_request *req,
    struct arena *a, struct install_plan *out, struct fault *f);

/*
 * conf.d/NAME.conf.  Connections that old, the file from before, names and p
 * does not stay in its line of names: the daemon may still hold them.
 */
MUST_CHECK bool install_plan_text(const struct install_plan *p, struct view old,
    struct buf *out, struct fault *f);

/* Is this the name of a connection of p? */
bool	install_plan_has(const struct install_plan *p, struct view name);

/*
 * The names in the line that install_plan_text() wrote, one after the other:
 * *at starts at 0; false when there are no more.
 */
bool	install_plan_old_name(struct view text, size_t *at, struct view *name);

#endif
