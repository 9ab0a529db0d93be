/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - the verb group `peer`, one file per command.
 */
#ifndef PEER_COMMANDS_H
#define PEER_COMMANDS_H

#include "base/command.h"

#define PEER_DIR	"/var/lib/pki4ipsec/peer"	/* --dir, when not given */

extern const struct command cmd_peer_enroll;
extern const struct command cmd_peer_rekey;
extern const struct command cmd_peer_renew;
extern const struct command cmd_peer_revoke;
extern const struct command cmd_peer_run;
extern const struct command cmd_peer_status;
extern const struct command cmd_peer_update;

/* The table; ends with NULL. */
extern const struct command *const peer_commands[];

#endif
