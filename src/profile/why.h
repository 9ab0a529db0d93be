/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why.h - what an IKE daemon's message means, and which of its causes the
 * certificates at hand show.
 *
 * Messages and causes are rows of why_table.c.  The judgement over certificates
 * is that of verify.h and lint.h; there are no rules here.  Log lines are
 * hostile: bounded, and only lent; whoever prints them escapes them.
 */
#ifndef PROFILE_WHY_H
#define PROFILE_WHY_H

#include "base/arena.h"
#include "profile/verify.h"

#define WHY_LINE_MAX	4096	/* of a log line; the rest of it is not looked at */
#define WHY_SAYS_MAX	4	/* spellings of one message */
#define WHY_CAUSES_MAX	12	/* of one message */
#define WHY_KEPT_MAX	64	/* distinct messages remembered */

struct why_cause {
	const char	*name;		/* "expired" */
	const char	*shown_by;	/* reasons of verify and rules of lint; "": by nothing */
	const char	*text;
	const char	*repair;
	const char	*section;	/* "" if no text demands it */
};

struct why_row {
	const char	*name;
	const char	*product;	/* "strongswan", ... "ike": any of them */
	unsigned	 products;	/* of enum lint_product: whose demands count */
	/*
	 * "{}" is any text, "{id}" the identity asked for, "{subject}" that of a
	 * certificate.  Digits alone are an error code.  Letters match without case.
	 */
	const char	*says[WHY_SAYS_MAX];
	const char	*meaning;
	const char	*causes;	/* names, the likeliest first */
};

extern const struct why_row why_rows[];		/* end with a NULL name */
extern const struct why_cause why_causes[];	/* likewise */

/* The cause with this name, or NULL. */
const struct why_cause *why_cause_find(const struct why_cause *causes, struct view name);
/* Take the next name off a list of names; empty at its end. */
struct view why_next_word(struct view *list);
/* NULL if the tables hold together; else what does not, written to out. */
const char *why_table_flaw(const struct why_row *rows, const struct why_cause *causes,
    char *out, size_t n);

struct why_match {
	const struct why_row	*row;
	struct view		 id, subject;	/* in the line; empty if it has none */
};

/* The first row that knows this line.  False: nobody does. */
bool	why_match(struct view line, struct why_match *out);

/* --- many lines ------------------------------------------------------------------- */

struct why_seen {
	struct why_match	 match;		/* points into line */
	char			*line;
	uint64_t		 number, count;	/* of its last line, from 1; how often */
};

/* Takes text in pieces, remembers the last distinct messages, oldest first. */
struct why_log {
	struct why_seen	 seen[WHY_KEPT_MAX];
	size_t		 n, keep;
	uint64_t	 lines, known;
	char		 part[WHY_LINE_MAX];	/* of the line that is not complete */
	size_t		 npart;
	bool		 failed;		/* memory ran out */
};

void	why_log_init(struct why_log *l, size_t keep);	/* 1 to WHY_KEPT_MAX */
void	why_log_add(struct why_log *l, struct view piece);
void	why_log_end(struct why_log *l);			/* the last line may lack its end */
void	why_log_clear(struct why_log *l);

/* --- against certificates ------------------------------------------------------------ */

/* What is at hand; zeroed: nothing. */
struct why_hand {
	const struct view	*certs;		/* peers' and intermediates, in any order */
	size_t			 ncerts;
	const struct view	*anchors;
	size_t			 nanchors;
	const struct view	*crls;
	size_t			 ncrls;
	const struct view	*ocsp;		/* responses */
	size_t			 nocsp;
	const struct ike_id	*id;		/* NULL: that of the message, if it has one */
	int64_t			 at;
};

struct why_verdict {
	size_t	n;
	struct {
		const struct why_cause	*cause;
		bool			 found;
		const char		*by, *section;	/* what showed it; NULL if not found */
		char			 text[VERIFY_TEXT_MAX];
	} causes[WHY_CAUSES_MAX];
	/* The likeliest that was found, or the only one there can be; NULL: not told. */
	const struct why_cause	*named;
	bool	contradicted;		/* certificates were judged and show none of them */
};

/* False only for certificates that cannot be read. */
MUST_CHECK bool why_judge(const struct why_match *m, const struct why_hand *h,
    struct why_verdict *out, struct fault *f);

#endif
