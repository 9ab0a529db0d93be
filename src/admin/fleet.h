/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet.h - what the rows of an operator's list mean: devices.
 *
 * Reads the whole file and reports everything that is wrong with it, each
 * with line, column and rule, before anything is done.  Identities come out
 * canonical (IDNs as A-labels), labels in NFC.  Who connects to whom is
 * topology.h; whether the PKI agrees is the PKI's to say.
 */
#ifndef ADMIN_FLEET_H
#define ADMIN_FLEET_H

#include "admin/csv.h"
#include "admin/entry_terms.h"
#include "profile/identity.h"
#include "profile/lint.h"

#define FLEET_PEERS_MAX	64	/* named in one row; more is what groups are for */
#define FLEET_NAME_MAX	128	/* octets of a device's name */

/* What a template's devices do, told by how its name begins. */
enum fleet_role {
	FLEET_OTHER = 0,	/* no tunnels of ours */
	FLEET_S2S,		/* s2s-gateway: meshes with its group */
	FLEET_RA_GATEWAY,	/* ra-gateway: waits for its group */
	FLEET_RA_CLIENT,	/* ra-user, ra-machine: calls its group's gateways */
};

struct device {
	unsigned	 line;		/* 0: not of this file but authorized earlier */
	uint32_t	 entry_id;	/* 1 ..., by place in the file */
	const char	*name;		/* for files and connections; unique in the file */
	const char	*label;		/* "" if there is none */
	const struct identity *ids;	/* the first is the IKE identity */
	size_t		 n_ids;
	const char	*template;
	enum fleet_role	 role;
	const char	*group, *site;	/* "" */
	const char	*address;	/* "" */
	const char	*subnets;	/* comma separated, or "" */
	bool		 approval;	/* a person is to approve its request */
	unsigned	 platform;	/* enum lint_product; 0: not said */
	const char	*const *peers;	/* labels */
	size_t		 n_peers;
	const char	*replaces;	/* serial number of its certificate, or NULL... */
	bool		 key_lost;	/* ...whose key signs nothing any more */
	struct entry_terms terms;	/* that differ from the template's */
};

struct fleet {
	struct device	*v;
	size_t		 n;
};

enum fleet_role fleet_role_of(const char *template);

/*
 * template is for rows that name none; NULL: every row must.  Use out only
 * if p->total is 0 afterwards.  Everything lives in p's arena.
 */
MUST_CHECK bool fleet_read(struct view file, const char *template, struct problems *p,
    struct fleet *out, struct fault *f);

/*
 * A text as a name of files and connections: letters of every script, digits
 * and "._-@" stay, what else there is becomes "-".  Never empty, never hidden.
 */
void	fleet_name(const char *text, char out[FLEET_NAME_MAX]);

#endif
