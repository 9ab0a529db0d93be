/* SPDX-License-Identifier: Apache-2.0 */
#include "peer/commands.h"

const struct command *const peer_commands[] = {
	&cmd_peer_enroll, &cmd_peer_renew, &cmd_peer_rekey, &cmd_peer_update,
	&cmd_peer_revoke, &cmd_peer_run, &cmd_peer_status, NULL,
};
