/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roll.h - a new key for a CA, and the end of the one before (docs/adr/0029).
 *
 * Files of the PKI's folder only, each at once and in an order in which a
 * crash leaves nothing wrong; the same call again goes on from there.  Reads
 * the keys of the CAs: for a process of its own, one at a time.
 */
#ifndef PKI_ROLL_H
#define PKI_ROLL_H

#include "pki/authority.h"

/* For what was reserved before a CA was replaced; then it signs CRLs alone. */
#define CA_REPLACED_SECONDS	3600

struct roll_announced {
	char	name[32];	/* "ike-2" */
	int64_t	from, not_after;
};

/*
 * A further generation of line, in use `after` seconds from now.
 * FAULT_CONFLICT: one is under way.  FAULT_NOT_FOUND: the root's key is not
 * here.  FAULT_REFUSED: the root would end before the new one is worth it.
 */
MUST_CHECK bool roll_announce(const struct pki_config *c, enum ca_line line, int64_t after,
    int64_t now, struct roll_announced *out, struct fault *f);

/* A CA that has ended keeps its key so long: a clock may have run ahead. */
#define ROLL_KEY_KEPT_SECONDS	INT64_C(2592000)

/*
 * End what has nothing left to do: an older CA none of whose certificates can
 * be on a CRL any more, and which issued none of the PKI's own.  Its key is
 * destroyed by a later call, ROLL_KEY_KEPT_SECONDS after certs/generations was
 * last written; till then a CA that was ended and has certificates that live is
 * called back.  retired: bit 1 << line for those that ended now.
 */
MUST_CHECK bool roll_retire(const struct pki_config *c, int64_t now, unsigned *retired,
    struct fault *f);

/*
 * From when on a CA of that life should have a successor announced: longest is
 * the longest life of a certificate under it.
 */
int64_t	roll_due_at(const struct cert *ca, int64_t longest, int64_t announce);
/* Lines that are due and have none; bit 1 << line.  Reads the templates. */
MUST_CHECK bool roll_due(const struct pki_config *c, const struct authorities *all,
    int64_t now, unsigned *due, struct fault *f);

#endif
