/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - the verb group `admin`, one file per command.
 *
 * `admin enroll` is the program's (src/main): the Admin's own certificate
 * comes by the same way as a Peer's.
 */
#ifndef ADMIN_COMMANDS_H
#define ADMIN_COMMANDS_H

#include "base/command.h"

extern const struct command cmd_admin_authorize;
extern const struct command cmd_admin_reauthorize;
extern const struct command cmd_admin_list;
extern const struct command cmd_admin_show;
extern const struct command cmd_admin_revoke;
extern const struct command cmd_admin_cancel;
extern const struct command cmd_admin_events;
extern const struct command cmd_admin_relay;

/* `admin template`, but for `check`: the command is the program's (src/main). */
extern const struct option admin_template_options[];
int	admin_template(const struct invocation *in);

/* The table; ends with NULL. */
extern const struct command *const admin_commands[];

#endif
