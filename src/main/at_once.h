/* SPDX-License-Identifier: Apache-2.0 */
/*
 * at_once.h - a device authorized and enrolled by one message of its Admin
 * (RFC 4809, 3.2.2, scenario 2): the row of a list and the PKCS #10 that the
 * device made.
 */
#ifndef MAIN_AT_ONCE_H
#define MAIN_AT_ONCE_H

#include "admin/session.h"
#include "main/generate_request.h"

struct at_once {
	struct session		*s;		/* its folder is locked */
	const struct generate	*q;
	const char		*csv, *request;	/* files */
	const char		*template;	/* for a row that names none; may be NULL */
};

struct at_once_outcome {
	const char		*name, *id;	/* authorized... */
	char			 ticket[ADMIN_PATH_MAX];
	bool			 issued;	/* ...and enrolled; else */
	struct fault		 why;
	struct request_outcome	 r;
};

/*
 * False: nothing is authorized, or nothing is known (FAULT_BUSY).  Each half
 * has its own verdict: true says that the authorization stands and its ticket
 * is on disk, whatever became of the request.
 */
MUST_CHECK bool at_once_enroll(const struct at_once *w, struct at_once_outcome *o,
    struct fault *f);

#endif
