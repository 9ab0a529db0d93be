/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - the one executable: the commands of the actors it was built with,
 * and those that need several of them.
 */
#include <string.h>

#include "base/command.h"
#include "main/commands.h"

#define COMMANDS_MAX	128	/* all actors' verbs together */

#if defined(HAVE_PKI)
extern const struct command *const pki_commands[];
#endif
#if defined(HAVE_ADMIN)
extern const struct command *const admin_commands[];
#endif
#if defined(HAVE_PEER)
extern const struct command *const peer_commands[];
#endif

static const struct command *const joint_commands[] = {
	&cmd_lint,
	&cmd_verify,
	&cmd_why,
#if defined(HAVE_PKI) && defined(HAVE_PEER)
	&cmd_pki_init,
#endif
#if defined(HAVE_PKI)
	&cmd_pki_template,
#endif
#if defined(HAVE_ADMIN)
	&cmd_admin_template,
	&cmd_admin_check,
#endif
#if defined(HAVE_ADMIN) && defined(HAVE_PEER)
	&cmd_admin_enroll,
#endif
#if defined(HAVE_PKI) && defined(HAVE_ADMIN) && defined(HAVE_PEER)
	&cmd_bench_enroll,
#endif
	NULL
};

/* Each table ends with NULL. */
static const struct command *const *const tables[] = {
	joint_commands,
#if defined(HAVE_PKI)
	pki_commands,
#endif
#if defined(HAVE_ADMIN)
	admin_commands,
#endif
#if defined(HAVE_PEER)
	peer_commands,
#endif
	NULL
};

const struct command	*all_commands[COMMANDS_MAX + 1];

/* In the order in which a fleet comes to be; at the end those of no group. */
static const char *const groups[] = { "pki", "admin", "peer", "bench", NULL };

static bool
is_of(const struct command *c, const char *group)
{
	return c->group == group || (c->group != NULL && group != NULL &&
	    strcmp(c->group, group) == 0);
}

/* Those of one group, from all tables, behind the n there are. */
static size_t
add_group(const char *group, size_t n)
{
	for (size_t t = 0; tables[t] != NULL; t++)
		for (size_t i = 0; tables[t][i] != NULL; i++)
			if (is_of(tables[t][i], group) && n < COMMANDS_MAX)
				all_commands[n++] = tables[t][i];
	return n;
}

int
main(int argc, char **argv)
{
	size_t	n = 0;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		n = add_group(groups[i], n);
	return command_main(argc, argv, all_commands);
}
