/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_own.h - the PKI's own certificates, its sealing key and its CAs in time.
 *
 * For main, which looks now and then and lets a process of its own, `pki renew
 * --due`, do what is due: that one reads keys that main has no business with.
 */
#ifndef PKI_SERVE_OWN_H
#define PKI_SERVE_OWN_H

#include <time.h>

#include "pki/config.h"

struct serve_own {
	int64_t		look_at_ms;	/* on the caller's clock; 0: at once */
	struct timespec	certs, sealed;	/* when certs/ and the sealing key were changed last */
};

/* Before processes are started: what there is now is what they will read. */
void	serve_own_started(struct serve_own *o, const struct pki_config *c);

/*
 * Look, if it is time, and renew.  True: there is something that the processes
 * have not read, made by this or by hand, and they have to be started anew.
 * What cannot be done is logged, and tried at the next look: in an hour, or at
 * the moment at which a CA comes into use.
 */
bool	serve_own(struct serve_own *o, const struct pki_config *c, const char *dir,
	    int64_t now_ms);

#endif
