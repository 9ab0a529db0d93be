/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_read.h - what the agent has said about itself, for `peer status`.
 */
#ifndef PEER_AGENT_READ_H
#define PEER_AGENT_READ_H

#include <jansson.h>

#include "peer/agent_report.h"

/*
 * DIR/status.json with "running" added; NULL without a fault: no agent has
 * ever run here.  The caller has a reference.
 */
json_t	*agent_read(const char *dir, struct fault *f);

/* Not running counts as bad: nobody renews. */
enum agent_health agent_read_health(const json_t *agent);

void	agent_print(const json_t *agent, int64_t now);

#endif
