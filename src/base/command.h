/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - commands and their options, described by tables.
 *
 * Help, the checks and the manual page's option list come from the same
 * table.  Exit codes are those of the whole program.
 */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include "base/buf.h"

enum exit_code {
	EXIT_DONE = 0,		/* done, also when there was nothing to do */
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,		/* wrong command line */
	EXIT_PARTIAL = 3,	/* part of a batch failed */
	EXIT_LATER = 75,	/* pending, busy, unreachable: try again */
};

struct option {
	const char	*name;		/* without the dashes */
	const char	*value;		/* "FILE", NULL for a flag; "FILE...": may repeat */
	const char	*preset;	/* default shown in help, or NULL */
	const char	*help;
};

#define OPTIONS_MAX	32
#define ARGUMENTS_MAX	256
#define REPEATED_MAX	64	/* values of options beyond their first, all together */

/* A parsed command line; strings are those of argv. */
struct invocation {
	const struct command	*command;
	const char		*values[OPTIONS_MAX];	/* by index in the table */
	struct {
		size_t		 option;	/* its index */
		const char	*value;
	} repeated[REPEATED_MAX];
	size_t			 nrepeated;
	const char		*args[ARGUMENTS_MAX];
	size_t			 nargs;
	bool			 json, quiet, verbose;	/* --json -q -v: always there */
};

struct command {
	const char		*group;		/* "pki", "admin", "peer" or NULL */
	const char		*name;		/* "authorize" */
	const char		*args;		/* "TICKET", shown in the synopsis */
	size_t			 min_args, max_args;
	const char		*help;		/* one line; NULL hides the command */
	const struct option	*options;	/* ends with a NULL name; may be NULL */
	int			(*run)(const struct invocation *in);
};

/* The value of an option (its preset if absent; NULL if neither); flag: "" when given. */
const char *option_value(const struct invocation *in, const char *name);
bool	option_given(const struct invocation *in, const char *name);
/* The i-th value of an option that may repeat, from 0; NULL past the last. */
const char *option_nth(const struct invocation *in, const char *name, size_t i);

/*
 * Find the command argv names in the table (ends with a NULL name), parse its
 * options, run it.  --help and --version are handled; an unknown word gets
 * the nearest known one.  Returns the exit code.
 */
int	command_main(int argc, char **argv, const struct command *const *table);

/*
 * Tell the operator that f ended the command: one line on standard error (or
 * a JSON object on standard output with --json), with the command that helps.
 */
int	command_fail(const struct invocation *in, const struct fault *f,
	    const char *try_this);

/*
 * A progress line on standard error, for work over two seconds, when that is
 * a terminal and neither -q nor --json is given.
 */
struct progress {
	const char	*what;
	uint64_t	 total;
	int64_t		 started_ms, shown_ms;
	bool		 on;
};
void	progress_start(struct progress *p, const struct invocation *in,
	    const char *what, uint64_t total);
void	progress_step(struct progress *p, uint64_t done);
void	progress_end(struct progress *p);

#endif
