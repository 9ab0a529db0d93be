/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terms.h - templates and authorization terms, between the profile's view of
 * them (profile/template.h) and the wire's (codec/cvp.h).
 */
#ifndef PKI_TERMS_H
#define PKI_TERMS_H

#include "base/arena.h"
#include "codec/cvp.h"
#include "pki/config.h"
#include "profile/plan.h"
#include "profile/template_wire.h"

#define TEMPLATES_MAX	64

struct template_entry {
	struct template	t;
	struct buf	der;		/* Template, as templateInfo gives it */
	uint8_t		digest[32];
	uint8_t		content[32];	/* template_content() */
	int64_t		n;		/* row in the store, once synchronised */
};

struct templates {
	struct template_entry	*list;
	size_t			 n;
};

/*
 * Read DIR/templates/NAME.conf, all of them.  FAULT_USAGE names file, line,
 * value and the permitted range.
 */
MUST_CHECK bool templates_load(const struct pki_config *c, struct templates *out,
    struct fault *f);
void	templates_clear(struct templates *t);
struct template_entry *templates_find(const struct templates *t, struct view name);
/* The one in that row of the store; NULL: none of those in use, perhaps an older version. */
struct template_entry *templates_find_n(const struct templates *t, int64_t n);

/* Digest of name and settings, whatever the version: what seals and deeds are bound to. */
void	template_content(struct view name, struct view settings, uint8_t out[32]);

/* What was agreed for the case that the template changes; absent: reject. */
enum template_change terms_on_change(const struct cvp_terms *t);

/* The terms of a template as they stand on the wire; they live in the arena. */
MUST_CHECK bool template_terms(const struct template_entry *e, struct arena *a,
    struct cvp_terms *out, struct fault *f);

/* A format of ids or tokens, as the profile has it. */
MUST_CHECK bool secret_format_read(const struct cvp_secret_format *w,
    struct secret_format *out, struct fault *f);

/*
 * Effective terms of one authorization: what the certificate's holder was
 * granted.  Arrays live in the arena; label is not part of the terms.
 */
struct granted_terms {
	struct cvp_terms	cvp;
	struct identity		*identities;
	struct holder_terms	holder;		/* its subject is a copy from the terms */
};

MUST_CHECK bool granted_terms_read(struct view der, struct arena *a,
    struct granted_terms *out, struct fault *f);
/*
 * Do the terms take this key?  Only what an Admin narrowed: keySpecs, and a
 * key that is known already.  The template is profile_check_key()'s.
 */
MUST_CHECK bool terms_take_key(const struct cvp_terms *t, struct view spki, struct fault *f);

/* The Admin says so of the certificate that is replaced: its key signs nothing any more. */
bool	terms_key_lost(const struct cvp_terms *t);
/* Who makes the key: the Peer, unless they say. */
enum generation terms_generation(const struct cvp_terms *t);

MUST_CHECK bool granted_terms_of(const struct cvp_terms *t, struct arena *a,
    struct granted_terms *out, struct fault *f);

#endif
