/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - commands that need more than one actor, or none.
 */
#ifndef MAIN_COMMANDS_H
#define MAIN_COMMANDS_H

#include "base/command.h"

/* All commands of this build; ends with NULL. */
extern const struct command *all_commands[];

extern const struct command cmd_lint;
extern const struct command cmd_verify;
extern const struct command cmd_why;
extern const struct command cmd_pki_init;
extern const struct command cmd_admin_enroll;
extern const struct command cmd_pki_template;
extern const struct command cmd_admin_template;
extern const struct command cmd_admin_check;
extern const struct command cmd_bench_enroll;

#endif
