/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate.h - from an operator's command to the engine, running or not.
 */
#ifndef PKI_OPERATE_H
#define PKI_OPERATE_H

#include "pki/console.h"

/*
 * Let the PKI in dir do it, and append its JSON to out.  A running server is
 * asked over its socket; a stopped one is opened here, under its lock.
 * FAULT_BUSY: a server runs that does not answer.
 */
MUST_CHECK bool operate(const char *dir, const struct console_request *q, struct buf *out,
    struct fault *f);

/*
 * The same, but only of a running server: *runs false, and true, when there
 * is none.
 */
MUST_CHECK bool operate_running(const char *dir, const struct console_request *q,
    struct buf *out, bool *runs, struct fault *f);

/*
 * The listening socket DIR/run/operator.sock, mode 0600; one left behind by a
 * server that was killed is replaced.  -1 with a fault.
 */
int	operate_listen(const char *dir, struct fault *f);

#endif
