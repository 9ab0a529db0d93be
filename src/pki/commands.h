/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - the verb group `pki`, one file per command.
 */
#ifndef PKI_COMMANDS_H
#define PKI_COMMANDS_H

#include "base/command.h"
#include "base/fault.h"

extern const struct command cmd_pki_serve;
extern const struct command cmd_pki_status;
extern const struct command cmd_pki_show;
extern const struct command cmd_pki_audit;
extern const struct command cmd_pki_revoke;
extern const struct command cmd_pki_cancel;
extern const struct command cmd_pki_lock;
extern const struct command cmd_pki_unlock;
extern const struct command cmd_pki_crl;
extern const struct command cmd_pki_clock;
extern const struct command cmd_pki_queue;
extern const struct command cmd_pki_approve;
extern const struct command cmd_pki_reject;
extern const struct command cmd_pki_admin;
extern const struct command cmd_pki_renew;
extern const struct command cmd_pki_hint;
extern const struct command cmd_pki_backup;
extern const struct command cmd_pki_restore;
extern const struct command cmd_pki_doctor;

/* `pki template`, but for `check`: the command is the program's (src/main). */
extern const struct option pki_template_options[];
int	pki_template(const struct invocation *in);

/* The command that helps with a fault of one on a PKI's folder, or NULL. */
const char *pki_help(const struct invocation *in, const struct fault *f);

/* The table; ends with NULL.  `pki init` is the program's (src/main). */
extern const struct command *const pki_commands[];

#endif
