/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets.h - the authorizations that an operator's words mean.
 *
 * A word is an authorization id, a label, a name, an identity ("gw1.example"
 * or "fqdn:gw1.example") or a certificate's serial number in hexadecimal.
 * Looked up in the inventory first, then at the PKI, for devices that another
 * Admin's folder knows.
 */
#ifndef ADMIN_TARGETS_H
#define ADMIN_TARGETS_H

#include "admin/inventory.h"
#include "admin/records.h"

#define TARGETS_MAX	1024

struct target {
	const char	*word;		/* what was asked for */
	const char	*id;
	struct known	*known;		/* NULL: not of this folder */
	enum cvp_state	 state;
	const char	*template;
	const char	*name;		/* label, or first identity, or id */
	struct identity	 ids[IDENTITIES_MAX];
	size_t		 n_ids;
	int64_t		 window_end;	/* 0: not said */
	int64_t		 cert_end;	/* of its certificate; 0: not said */
	struct view	 issuer, serial;	/* of its certificate; empty: none */
	char		 serial_text[RECORD_SERIAL_MAX];
	enum generation	 generation;	/* who makes its key */
	const char	*key;		/* of which kind, or NULL */
	uint32_t	 failure;	/* enum cvp_code of the last one, or 0 */
	bool		 lives;
	bool		 held;		/* its request waits for a person at the PKI */
};

struct targets {
	struct target	*v;
	size_t		 n;
	size_t		*living;	/* by word: 1 + which of them lives; 0: none */
};

/*
 * All that words[0 ... n-1] mean, in their order.  A word that means nothing
 * is FAULT_NOT_FOUND and names the nearest thing to do.  Lives in the arena.
 */
MUST_CHECK bool targets_find(struct admin *a, struct inventory *inv,
    const char *const *words, size_t n, struct arena *arena, struct targets *out,
    struct fault *f);

/* One record as a target; word is kept. */
MUST_CHECK bool target_of(const struct cvp_record *r, struct inventory *inv,
    struct arena *arena, struct target *out, struct fault *f);

#endif
