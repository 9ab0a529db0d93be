/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - the one executable: the commands of the actors it was built with.
 */
#include <stdio.h>

#include "base/command.h"

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

/* Each table ends with NULL. */
static const struct command *const *const tables[] = {
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

int
main(int argc, char **argv)
{
	const struct command	*all[COMMANDS_MAX + 1] = { NULL };
	size_t			 n = 0;

	for (size_t t = 0; tables[t] != NULL; t++) {
		for (size_t i = 0; tables[t][i] != NULL; i++) {
			if (n == COMMANDS_MAX) {
				fputs("pki4ipsec: too many commands\n", stderr);
				return EXIT_FAILED;
			}
			all[n++] = tables[t][i];
		}
	}
	return command_main(argc, argv, all);
}
