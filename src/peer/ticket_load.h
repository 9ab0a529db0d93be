/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticket_load.h - a ticket from where the command line or a device's folder has it.
 *
 * What was read is wiped from memory.  At most TICKET_FILE_MAX octets.  On
 * success out owns memory: ticket_clear().  FAULT_IO, FAULT_LIMIT, or what
 * ticket_read() finds, each with the place before it.
 */
#ifndef PEER_TICKET_LOAD_H
#define PEER_TICKET_LOAD_H

#include "message/ticket.h"

MUST_CHECK bool ticket_load(const char *path, struct ticket *out, struct fault *f);
/* What is left of the one that was used, in a device's folder. */
MUST_CHECK bool ticket_load_kept(const char *dir, struct ticket *out, struct fault *f);
/* A file, "-" for standard input, or the ticket itself as a URI. */
MUST_CHECK bool ticket_load_argument(const char *arg, struct ticket *out, struct fault *f);

#endif
