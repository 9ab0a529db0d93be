/* SPDX-License-Identifier: Apache-2.0 */
#include "peer/commands.h"

const struct command *const peer_commands[] = {
	&cmd_peer_enroll, &cmd_peer_status, NULL,
};
