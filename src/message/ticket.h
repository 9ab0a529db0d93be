/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticket.h - the one thing that travels to a device out of band.
 *
 * A small text file of `key: value` lines, or the same in one line as a URI
 * for a QR code.  Holds where the PKI is, the authorization id and its token,
 * the digest of the trust anchor, what key to make and which identity to
 * expect, and the tunnels that belong to the device.
 *
 * Checks the form of every value and nothing else.  A ticket holds a secret:
 * files are mode 0600, and ticket_clear() wipes.
 */
#ifndef MESSAGE_TICKET_H
#define MESSAGE_TICKET_H

#include "base/buf.h"

#define TICKET_FILE_MAX		(64u << 10)
#define TICKET_IDENTITIES_MAX	16
#define TICKET_PEERS_MAX	256	/* a mesh of this many gateways */
#define TICKET_SUBNETS_MAX	512	/* octets of text */

struct ticket_peer {
	char	name[132];
	char	id[264];		/* "fqdn:gw2.example" */
	char	address[256];		/* "" = any */
	char	subnets[TICKET_SUBNETS_MAX];	/* comma separated, may be empty */
};

struct ticket {
	char	url[512];		/* where to POST */
	char	id[520];		/* UTF-8, prepared */
	char	token[1100];		/* as displayed */
	uint8_t	anchor[32];		/* SHA-256 of the root certificate */
	char	identities[TICKET_IDENTITIES_MAX][264];	/* the first is the IKE identity */
	size_t	n_identities;
	char	template[68];
	char	key[16];		/* "ec-p256" */
	int64_t	not_after;		/* of the authorization; 0 = not said */
	char	renew_key[8];		/* "new", "same" or "either"; "" = not said */
	unsigned renew_percent;		/* renewal in this last part of the lifetime; 0 = not said */
	char	label[132];
	char	address[256];		/* own IKE address; "" = any */
	char	subnets[TICKET_SUBNETS_MAX];
	struct ticket_peer *peers;
	size_t	n_peers;
};

/* Text or URI.  On success out owns memory: ticket_clear(). */
MUST_CHECK bool ticket_read(struct view text, struct ticket *out, struct fault *f);
void	ticket_clear(struct ticket *t);

/* Both contain the token.  Values were checked by ticket_check(). */
void	ticket_write(const struct ticket *t, struct buf *out);
void	ticket_write_uri(const struct ticket *t, struct buf *out);
MUST_CHECK bool ticket_check(const struct ticket *t, struct fault *f);

#endif
