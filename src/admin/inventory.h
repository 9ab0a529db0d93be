/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory.h - what was authorized from this folder, so that devices can be
 * called by name.
 *
 * A text table, one line per authorization, fields separated by tabs:
 * id, label, name, template, group, site, address, subnets, identities,
 * batch, end, cancel, peers.  Holds no token: cancel is the key derived from
 * it that can cancel the authorization and do nothing else (corrections, 4).
 * The PKI knows the state; this file only notes what this Admin has ended
 * itself or has heard to be over.
 */
#ifndef ADMIN_INVENTORY_H
#define ADMIN_INVENTORY_H

#include "admin/fleet.h"

#define INVENTORY_FILE_MAX	(256u << 20)	/* half a million devices */

struct known {
	struct device	 d;		/* line and entry_id are 0 */
	const char	*id;
	const char	*batch;		/* hexadecimal */
	const char	*end;		/* "", or the state it ended in */
	const char	*cancel;	/* Kc, hexadecimal, or "" */
	const char	*peers;		/* labels it was to have tunnels with, "gw2;gw3" */
};

struct inventory {
	struct known	*v;
	size_t		 n;
	struct arena	*a;
	struct known	**by_id;	/* sorted, once it was asked for */
};

/* No file: an empty one.  Everything lives in a. */
MUST_CHECK bool inventory_load(const char *dir, struct arena *a, struct inventory *out,
    struct fault *f);
/* Add; an id that is there already is replaced. */
MUST_CHECK bool inventory_merge(struct inventory *inv, const struct known *list, size_t n,
    struct fault *f);
/* Durable when it returns. */
MUST_CHECK bool inventory_save(const char *dir, const struct inventory *inv, struct fault *f);

/*
 * Those meant by an id, a label, a name or an identity (with or without
 * "fqdn:" in front): pointers to up to max of them; how many.  The first kind
 * that has any decides.
 */
size_t	inventory_find(const struct inventory *inv, const char *what, struct known **out,
	    size_t max);
struct known *inventory_by_id(struct inventory *inv, struct view id);

/* The devices that have not been ended, for topology.h. */
MUST_CHECK bool inventory_fleet(const struct inventory *inv, struct fleet *out,
    struct fault *f);

/* "fqdn:gw1.example,ipv4:192.0.2.1", in the arena. */
const char *identities_text(const struct device *d, struct arena *a);

#endif
