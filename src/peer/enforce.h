/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforce.h - a new CRL reaches the daemon, and the tunnels of those it
 * revokes end.
 *
 * strongSwan looks at revocation when a peer authenticates; a tunnel that is
 * up stays up, through rekeying, until somebody ends it.  And it keeps a CRL
 * until it has expired.  Both are mended here, over the vici protocol.
 *
 * A CRL handed over counts until it expires or a newer one is handed over:
 * once begun, it must be kept up, for the daemon fetches no CRL of this CA
 * itself any more while it has a valid one.
 *
 * Does not verify the CRL's signature and dates: whoever calls has.
 */
#ifndef PEER_ENFORCE_H
#define PEER_ENFORCE_H

#include "base/buf.h"

#define ENFORCE_IDENTITIES_MAX	4096	/* of revoked peers this daemon has met */
#define ENFORCE_TUNNELS_MAX	65536

/*
 * Certificates of peers that the daemon was seen to know.  It keeps only the
 * last 32 or so it has checked (charon's cache of trust relations), and a
 * tunnel may live longer than that.
 */
#define ENFORCE_MET_MAX		4096	/* the oldest make room */

struct enforce_met {
	struct buf	*certs;		/* DER; a ring */
	size_t		 n, at;
};

/* Look at what the daemon knows today: often, for it forgets. */
MUST_CHECK bool enforce_meet(const char *vici_uri, struct enforce_met *met, struct fault *f);
void	enforce_met_clear(struct enforce_met *met);

struct enforce_report {
	bool	 loaded;	/* handed over; false: too large, fetched by CDP */
	size_t	 revoked;	/* certificates it has met, now revoked */
	size_t	 ended;		/* IKE SAs of theirs */
};

/*
 * Give crl (DER) to the daemon at vici_uri (NULL: the default one), and end
 * every IKE SA whose remote identity stands in a certificate that crl
 * revokes and before, the CRL of the last call, did not.  before is empty at
 * the first call.  So a device that came back with another certificate is
 * cut off once at most, and not at every CRL.
 *
 * Certificates are those the daemon knows and, unless it is NULL, those of
 * met, which learns the daemon's.
 *
 * A certificate revoked as superseded ends nothing: its device is the same.
 * FAULT_BUSY when no daemon answers.
 */
MUST_CHECK bool enforce_crl(const char *vici_uri, struct view crl,
    struct view before, struct enforce_met *met, struct enforce_report *r,
    struct fault *f);

#endif
