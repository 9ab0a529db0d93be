/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/commands.h"

const struct command *const admin_commands[] = {
	&cmd_admin_authorize, &cmd_admin_reauthorize, &cmd_admin_list, &cmd_admin_show,
	&cmd_admin_revoke, &cmd_admin_cancel, &cmd_admin_events, &cmd_admin_relay, NULL,
};
