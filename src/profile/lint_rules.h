/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_rules.h - the tables behind lint.h, one file for each part of a
 * certificate.
 */
#ifndef PROFILE_LINT_RULES_H
#define PROFILE_LINT_RULES_H

#include "codec/cert.h"
#include "codec/crl.h"
#include "codec/spki.h"
#include "crypt/key.h"
#include "profile/lint.h"

#define LINT_DETAIL_MAX	256
#define LINT_ATTRIBUTES	64

/* One attribute of the subject. */
struct lint_attribute {
	struct view	 oid;
	uint8_t		 tag;
	struct view	 value;		/* content octets */
	unsigned	 relative;	/* which relative name, from 0 */
};

/* What a rule may say beside its text. */
struct lint_spot {
	struct view	 at;		/* the octets meant; empty: the whole field */
	bool		 grave;		/* an error here, whatever the rule is elsewhere */
};

/* What the rules look at; taken apart once. */
struct lint_input {
	const struct cert	*cert;
	const struct crl	*crl;
	const struct cert	*issuer;
	const struct cert *const *above;	/* CAs, nearest first */
	size_t			 nabove;
	const struct lint_terms	*terms;
	const struct identity	*intended;	/* NULL: not told */
	struct spki		 spki;
	struct fault		 spki_fault;	/* FAULT_NONE: spki is good */
	struct lint_attribute	 subject[LINT_ATTRIBUTES];
	size_t			 nsubject;
	struct lint_spot	*spot;		/* of the rule that is asked */
};

/* Sets of profiles. */
#define FOR(p)		(1u << (p))
#define FOR_RA		(FOR(LINT_RA_GATEWAY) | FOR(LINT_RA_USER) | FOR(LINT_RA_MACHINE))
#define FOR_EE		(FOR(LINT_STRICT) | FOR(LINT_S2S_GATEWAY) | FOR_RA)
#define FOR_NATIVE	(FOR_EE & ~FOR(LINT_STRICT))	/* where products count */
#define FOR_CA		(FOR(LINT_ROOT_CA) | FOR(LINT_ISSUING_CA))
#define FOR_ALL		(FOR(LINT_PROFILES) - 1)
#define FOR_SIGNED	(FOR_ALL & ~FOR(LINT_ROOT_CA))	/* by someone else */

struct lint_row {
	struct lint	 rule;
	unsigned	 profiles;
	/* Does the rule find fault?  detail may be left empty. */
	bool		(*fires)(const struct lint_input *in, char *detail);
};
#define LINT_ROWS_END	{ { NULL, NULL, NULL, LINT_INFO }, 0, NULL }

extern const struct lint_row lint_frame_rows[];		/* end with a NULL name */
extern const struct lint_row lint_name_rows[];
extern const struct lint_row lint_usage_rows[];
extern const struct lint_row lint_extension_rows[];
extern const struct lint_row lint_pointer_rows[];
extern const struct lint_row lint_product_rows[];
extern const struct lint_row lint_issuer_rows[];
extern const struct lint_row lint_chain_rows[];
extern const struct lint_row lint_crl_rows[];
extern const struct lint_row lint_crl_issuer_rows[];
extern const struct lint_row lint_crl_cover_rows[];
extern const struct lint_row lint_other_rows[];		/* run by name, never by table */

void	lint_say(char *detail, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The text as it stands in a certificate, at most a line of it; its place is noted. */
void	lint_quote(const struct lint_input *in, char *detail, struct view text);
bool	lint_has(const struct lint_input *in, struct view oid);
bool	lint_is_critical(const struct lint_input *in, struct view oid);
/* The value of an extension; empty when there is none. */
struct view lint_value(const struct extensions *e, struct view oid);
/* Issued by itself with its own key: what a trust anchor looks like. */
bool	lint_is_anchor(const struct cert *c);
bool	lint_signature_is_weak(const struct algorithm *a);
const char *lint_signature_params(const struct algorithm *a);

#endif
