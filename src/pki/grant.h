/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant.h - one entry of an authzRequest: may it be granted, and on which
 * terms?  (RFC 4809, 3.2; part 7.4 of the profile.)
 *
 * Reads the store and writes nothing.  Two entries of one request with the
 * same name are authorize.c's to find.
 */
#ifndef PKI_GRANT_H
#define PKI_GRANT_H

#include "pki/work.h"

struct grant_frame {			/* what all entries share */
	struct engine			*e;		/* grant_terms() needs none */
	struct arena			*a;
	int64_t				 now;
	const struct store_admin	*admin;		/* NULL: the operator */
	const struct template_entry	*template;
	struct cvp_terms		 template_terms;
	const struct cvp_terms		*request_terms;
	struct secret_formats		*formats;	/* of those granted so far */
	size_t				 n_formats;
};

struct grant {
	const struct cvp_entry	*entry;
	uint32_t		 code;		/* CvpFailure; 0: granted */
	const char		*why;		/* in the arena */
	const char		*field;		/* static; NULL: no single one */
	bool			 modified;
	struct cvp_cert		 cert;		/* the effective terms' own */
	struct cvp_terms	 terms;
	struct granted_terms	 granted;
	struct view		 der;		/* of terms */
	const char		*label, *sans;
	struct view		 subject;
	const char		*subject_key;
	int64_t			 from, to;	/* window */
	int64_t			 replaces;	/* certificate, or 0... */
	int64_t			 lineage;	/* ...and its authorization */
	struct secret_formats	 formats;
	uint32_t		 format;	/* its index in the frame's */
	struct view		 id, sealed;	/* once minted */
};

/*
 * The terms alone: no store, and no Admin in fr.  False: g->code says why not.
 * The signer comes to the same octets from the same message.
 */
MUST_CHECK bool grant_terms(const struct grant_frame *fr, const struct cvp_entry *entry,
    struct grant *out);

/* False only when the store could not be read. */
MUST_CHECK bool grant_entry(const struct grant_frame *fr, const struct cvp_entry *entry,
    struct grant *out, struct fault *f);

/* For this room: refuse this entry, and the others go on.  False. */
bool	grant_refuse(const struct grant_frame *fr, struct grant *g, uint32_t code,
	    const char *text);
/* Cut the terms to what the template permits, or refuse (grant_terms.c). */
MUST_CHECK bool grant_limit(const struct grant_frame *fr, struct grant *g);

/* Record that authorization n owns the names of g. */
MUST_CHECK bool grant_names(struct engine *e, const struct grant *g, int64_t n,
    struct fault *f);

#endif
