/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop_base.h - what the files of this room share of a loop.
 */
#ifndef NET_LOOP_BASE_H
#define NET_LOOP_BASE_H

#include <event2/event.h>

#include "net/loop.h"

#define LOOP_SCRATCH_OCTETS	(64u << 10)	/* one read(2); a full TLS record fits four times */

struct net_loop {
	struct event_base	*base;
	/* Filled and emptied within one callback, so one is enough for all. */
	uint8_t			 scratch[LOOP_SCRATCH_OCTETS];
};

#endif
