/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_enroll.h - an Admin's credential, by a ticket like everybody else's.
 */
#ifndef MAIN_ADMIN_ENROLL_H
#define MAIN_ADMIN_ENROLL_H

#include "message/exchange.h"
#include "peer/enroll.h"

/* Enrol into dir and leave the server's URL beside the credential. */
MUST_CHECK bool admin_enroll_ticket(struct view ticket, const char *dir,
    const struct transport *way, int64_t now, struct fault *f);

/* The same for a ticket that was read, over HTTP to its server. */
MUST_CHECK bool admin_enroll_over_http(const struct ticket *t, const char *dir,
    struct enroll_report *r, struct fault *f);

#endif
