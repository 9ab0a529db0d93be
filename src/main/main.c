/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - the one executable: the commands of the actors it was built with,
 * and those that need several of them.
 */
#include <stdio.h>

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
#if defined(HAVE_PKI) && defined(HAVE_PEER)
	&cmd_pki_init,
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

int
main(int argc, char **argv)
{
	size_t	n = 0;

	for (size_t t = 0; tables[t] != NULL; t++)
		for (size_t i = 0; tables[t][i] != NULL; i++) {
			if (n == COMMANDS_MAX) {
				fputs("pki4ipsec: too many commands\n", stderr);
				return EXIT_FAILED;
			}
			all_commands[n++] = tables[t][i];
		}
	return command_main(argc, argv, all_commands);
}
