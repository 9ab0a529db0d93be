/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.h - engine and signer in this process, for an operator at a PKI that
 * no server runs on: `pki init`, and commands while the server is stopped.
 *
 * It is the same engine and signer that `pki serve` runs.  Whoever opens one
 * holds the server's lock, or works in a folder that nobody else knows.
 */
#ifndef PKI_LOCAL_H
#define PKI_LOCAL_H

#include "pki/engine.h"

struct local_pki;

/* The PKI in dir, its clock standing at now.  NULL with a fault. */
struct local_pki *local_open(const char *dir, int64_t now, struct fault *f);
void	local_close(struct local_pki *l);		/* accepts NULL */
struct engine *local_engine(struct local_pki *l);

/* As a transport: a CMC message in, its answer appended; ctx is the local_pki. */
bool	local_exchange(void *ctx, struct view message, struct buf *answer,
	    struct fault *f);

#endif
