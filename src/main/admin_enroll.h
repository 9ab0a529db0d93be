/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_enroll.h - an Admin's credential, by a ticket like everybody else's.
 */
#ifndef MAIN_ADMIN_ENROLL_H
#define MAIN_ADMIN_ENROLL_H

#include "message/exchange.h"

/* Enrol into dir and leave the server's URL beside the credential. */
MUST_CHECK bool admin_enroll_ticket(struct view ticket, const char *dir,
    const struct transport *way, int64_t now, struct fault *f);

#endif
