/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_file.h - the readable file of a template, and what two templates
 * differ in.
 *
 *	# a comment
 *	key = "value"		# one in a line, each key once
 *
 * Values stand in double quotes, where a backslash takes the next character as
 * it is, in single quotes, or bare.  All that is wrong with a file is found in
 * one reading, each with its line, the value and what is permitted.  No I/O.
 */
#ifndef PROFILE_TEMPLATE_FILE_H
#define PROFILE_TEMPLATE_FILE_H

#include "profile/template.h"

#define TEMPLATE_FILE_MAX	(64u << 10)
#define TEMPLATE_PROBLEMS_MAX	24

struct template_problem {
	unsigned	line;		/* 0: of the template as a whole */
	char		text[FAULT_TEXT_MAX];
};

struct template_problems {
	struct template_problem	list[TEMPLATE_PROBLEMS_MAX];
	size_t			n;
	size_t			total;	/* those that found no room too */
};

/*
 * False: p says why; out is then not to be used.  What the file leaves out is
 * as in the starting template of gateways, but for renewal and update, which a
 * file states (RFC 4809, 3.2.4.2).  name: the file's, which must be the
 * template's; NULL: the file has to say it.
 */
MUST_CHECK bool template_read(struct view text, const char *name, struct template *out,
    struct template_problems *p);

/* The first of them as a fault; check: the command that shows all.  Always false. */
bool	template_first_problem(const struct template_problems *p, const char *check,
	    struct fault *f);

/*
 * The settings alone, as template_of_settings() takes them: those keys that are not
 * as in the starting template of gateways, without name and version.  Two
 * templates have the same settings if and only if these octets are the same.
 */
void	template_settings(const struct template *t, struct buf *out);
/* The template these settings make, under this name and version. */
MUST_CHECK bool template_of_settings(struct view settings, struct view name, uint64_t version,
    struct template *out, struct fault *f);

/* FAULT_CONFLICT: this text, a template's file, does not say what t says. */
MUST_CHECK bool template_same_text(const struct template *t, struct view text,
    struct fault *f);

/* Call each key whose values differ, name and version left out. */
void	template_diff(const struct template *a, const struct template *b,
	    void (*each)(void *ctx, const struct template_key *k, const char *a,
	    const char *b), void *ctx);

#endif
