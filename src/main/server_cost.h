/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_cost.h - what the processes of a running `pki serve` have used.
 */
#ifndef MAIN_SERVER_COST_H
#define MAIN_SERVER_COST_H

#include "base/fault.h"

struct server_cost {
	double	cpu_s;		/* user and system, of main and all its children */
	double	peak_mb;	/* sum of their peak resident sizes */
	int	processes;
};

/* dir: folder of the PKI; its run/serve.lock names main. */
MUST_CHECK bool server_cost_read(const char *dir, struct server_cost *out,
    struct fault *f);

#endif
