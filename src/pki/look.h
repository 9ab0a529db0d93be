/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.h - a PKI's folder for commands that read and change nothing, beside a
 * running server or without one.
 */
#ifndef PKI_LOOK_H
#define PKI_LOOK_H

#include "base/arena.h"
#include "pki/authority.h"
#include "store/store_cert.h"

struct look {
	struct pki_config	 config;
	struct authorities	 authorities;
	struct store		*store;		/* read only */
	struct arena		*arena;
};

/* look_close() it either way. */
MUST_CHECK bool look_open(const char *dir, struct look *v, struct fault *f);
void	look_close(struct look *v);

/* "confirmed", "revoked", ... */
const char *look_cert_state(enum store_cert_state s);

#endif
