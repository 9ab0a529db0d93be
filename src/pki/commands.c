/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/commands.h"

const struct command *const pki_commands[] = {
	&cmd_pki_serve, &cmd_pki_status, &cmd_pki_show, &cmd_pki_audit, &cmd_pki_revoke,
	&cmd_pki_cancel, &cmd_pki_lock, &cmd_pki_unlock, &cmd_pki_queue, &cmd_pki_approve,
	&cmd_pki_reject, &cmd_pki_crl, &cmd_pki_clock, &cmd_pki_admin, &cmd_pki_renew,
	&cmd_pki_hint, &cmd_pki_backup, &cmd_pki_restore, &cmd_pki_doctor, NULL,
};
