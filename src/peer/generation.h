/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generation.h - key, certificate and chain that change together.
 *
 *	DIR/key.pem cert.pem chain.pem	links to current/...
 *	DIR/current			link to generation/SERIAL: what is in use
 *	DIR/previous			link to the one before, until it is destroyed
 *
 * One rename of a link is the change, so a power cut leaves the old or the
 * new, whole.  Plain files, as enrolment writes them, become links first, one
 * by one, to copies of themselves: at no moment does their content change.
 */
#ifndef PEER_GENERATION_H
#define PEER_GENERATION_H

#include "peer/install.h"

#define GENERATION_FOLDER	"generation"

/* DIR/generation/SERIAL/ with the files of req (its dir is not looked at). */
MUST_CHECK bool generation_write(const char *dir, const char *serial,
    const struct install_request *req, struct fault *f);
/*
 * Take SERIAL into use; what was in use becomes previous.  old_serial names
 * it if DIR still holds plain files.  Repeating it is fine.
 */
MUST_CHECK bool generation_switch(const char *dir, const char *serial,
    const char *old_serial, struct fault *f);
/*
 * Destroy the previous one, and others that nothing points to; *done: there
 * was one.  Where an enrolment wrote plain files since, that is all of them.
 */
MUST_CHECK bool generation_settle(const char *dir, bool *done, struct fault *f);
/* Use the previous one again; the present one becomes previous. */
MUST_CHECK bool generation_back(const char *dir, bool *done, struct fault *f);

#endif
