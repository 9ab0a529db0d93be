/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tunnels.h - what a ticket says about tunnels, and the files in use, as an
 * order to install.h.
 */
#ifndef PEER_TUNNELS_H
#define PEER_TUNNELS_H

#include "base/arena.h"
#include "message/ticket.h"
#include "peer/install.h"

#define CREDENTIAL_CERTS_MAX	(1 + INSTALL_CA_MAX)

/* What is in use in a Peer's folder.  Owns memory. */
struct credential {
	struct buf	 key_pem;
	struct buf	 certs[CREDENTIAL_CERTS_MAX];	/* DER: own, issuing CA, ..., root */
	size_t		 n_certs;
};

/* From DIR/chain.pem and, if with_key, DIR/key.pem.  FAULT_NOT_FOUND: nothing there. */
MUST_CHECK bool credential_load(const char *dir, bool with_key, struct credential *out,
    struct fault *f);
void	credential_clear(struct credential *c);		/* wipes the key */

/*
 * Fill req from both; views and strings point into c, the ticket and the
 * arena.  Destinations (dir, swanctl_dir, vici_uri) stay as they are.
 */
MUST_CHECK bool tunnels_plan(const struct ticket *t, const struct credential *c,
    struct arena *a, struct install_request *req, struct fault *f);

/*
 * What is this device's own to decide, noted in DIR and kept from one
 * certificate to the next.
 *
 * DIR/installed: the name that req was first installed under, instead of a
 * later one.  A device that is renamed keeps the names of its files and
 * connections: what is no longer wanted would not be found.
 *
 * DIR/send-id: of the certificate's identities the one that IKE is to send
 * (RFC 4945, 3.1), "fqdn:gw1.example" or INSTALL_ID_DN.  send_id NULL: as
 * noted, and if that is not in this certificate, or nothing is noted, the
 * ticket's first.  FAULT_REFUSED: send_id is not in the certificate.
 */
MUST_CHECK bool tunnels_local(const char *dir, const char *send_id, struct arena *a,
    struct install_request *req, struct fault *f);

#endif
