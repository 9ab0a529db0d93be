/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry_terms.h - terms of one device that differ from its template's
 * (RFC 4809, 3.2.4): words of a list, AuthzTerms on the wire, and what the
 * PKI made of them.
 *
 *	valid-until window-from window-until	a date, or a time from now
 *	key					kinds, separated by blanks
 *	subject					a name, "CN=gw1, O=Example"
 *	renewal update				no | [peer|admin|either]
 *						[new-key|same-key|any-key]
 *						[last=N%] [from=DATE] [max=N]
 *	retire-delay confirm-within		a time
 *	id-format token-format			LENGTH [ALPHABET [PREFIX]]
 *
 * Words that are not there are the template's.
 */
#ifndef ADMIN_ENTRY_TERMS_H
#define ADMIN_ENTRY_TERMS_H

#include "base/arena.h"
#include "codec/cvp.h"

enum entry_term {
	TERM_VALID_UNTIL = 0, TERM_WINDOW_FROM, TERM_WINDOW_UNTIL, TERM_KEY, TERM_SUBJECT,
	TERM_RENEWAL, TERM_UPDATE, TERM_RETIRE_DELAY, TERM_CONFIRM_WITHIN, TERM_ID_FORMAT,
	TERM_TOKEN_FORMAT, TERMS
};
extern const char *const entry_term_names[TERMS];	/* "valid-until" */

/* Texts of a list, checked; NULL: as the template has it. */
struct entry_terms {
	const char	*text[TERMS];
};

/* Is text a value of this kind?  The fault names the value and what is wanted. */
MUST_CHECK bool entry_term_check(enum entry_term t, const char *text, struct fault *f);

/*
 * Lay them over *out, whose certTemplate is cert.  template: for the words
 * that are not there.  Everything lives in the arena.
 */
MUST_CHECK bool entry_terms_put(const struct entry_terms *w, const struct cvp_terms *template,
    int64_t now, struct arena *a, struct cvp_cert *cert, struct cvp_terms *out, struct fault *f);

/* The words that stand for such terms, but for their window; in the arena. */
void	entry_terms_words(const struct cvp_terms *t, struct arena *a,
	    struct entry_terms *out);

/*
 * What is less than it was asked for: "window until 2026-..., not ...; ..."
 * in the arena, "" if nothing is.
 */
const char *entry_terms_reduced(const struct cvp_terms *asked, const struct cvp_terms *granted,
	    struct arena *a);

#endif
