/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_enroll.h - the agent on a device whose enrolment waits for approval.
 */
#ifndef PEER_RUN_ENROLL_H
#define PEER_RUN_ENROLL_H

#include "base/fault.h"
#include "base/random.h"

/*
 * One try beside other work, if something waits and it is time: a device that
 * has a certificate in use may wait for another.  *next, 0 at first, is when
 * (unix seconds) and is moved on.  False: it was refused.
 */
MUST_CHECK bool run_enroll_once(const char *dir, const struct rng *rng, int64_t *next,
    struct fault *f);

/*
 * Finish what waits in dir; returns at once when nothing does.  Asks when
 * the PKI said and, with pauses that grow, for as long as it takes.  signals
 * is of signals_open(): SIGTERM and SIGINT end it with *stop, the others make
 * it ask now.  False: it was refused, or the folder cannot be used.
 */
MUST_CHECK bool run_enroll(const char *dir, int signals, const struct rng *rng, bool *stop,
    struct fault *f);

#endif
