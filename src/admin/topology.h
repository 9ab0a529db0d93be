/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topology.h - who connects to whom.
 *
 *	s2s-gateway		a mesh with the s2s-gateways of its group, and
 *				those named in `peer`, whichever end names them
 *	ra-user, ra-machine	the ra-gateways of its group, and those named
 *	ra-gateway		nobody: it waits
 *
 * Devices authorized earlier count too, so that a new user finds its gateway.
 */
#ifndef ADMIN_TOPOLOGY_H
#define ADMIN_TOPOLOGY_H

#include "admin/fleet.h"
#include "message/ticket.h"

struct topology;

/*
 * known: devices authorized earlier; one whose name, label or identity stands
 * in the file is left out.  What cannot be goes to p, with line and column.
 * Lives in p's arena and borrows both lists.  NULL with a fault.
 */
struct topology *topology_new(const struct fleet *fl, const struct fleet *known,
    struct problems *p, struct fault *f);

/*
 * The peers of d, a device of the file, in out (room for TICKET_PEERS_MAX);
 * how many there are.
 */
size_t	topology_peers(const struct topology *t, const struct device *d,
	    const struct device **out);

/* Devices authorized earlier that would have to learn of a new one. */
size_t	topology_behind(const struct topology *t);

#endif
