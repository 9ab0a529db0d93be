/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_daemon.h - bring a plan into the running strongSwan daemon.
 */
#ifndef PEER_INSTALL_DAEMON_H
#define PEER_INSTALL_DAEMON_H

#include "peer/install_plan.h"

#define INSTALL_DAEMON_WAIT_MS	10000

/*
 * Load everything, unload the connections named in old_conf that are no
 * longer there, read back what the daemon holds into r, then unload old_key
 * (PEM, may be empty) if it is another one.
 *
 * On failure the new connections that had no predecessor and the new key are
 * unloaded again; a connection that was replaced stays until the files from
 * before are loaded.  FAULT_BUSY with r->daemon empty: nobody answered.
 */
MUST_CHECK bool install_daemon(const struct install_request *req,
    const struct install_plan *plan, struct view old_key,
    struct view old_conf, struct install_report *r, struct fault *f);

/*
 * Take a key out of the daemon at uri (NULL: the default one), though its
 * connections stay.  That it is not there is no failure.
 */
MUST_CHECK bool install_daemon_forget(const char *uri, struct view key_pem,
    struct fault *f);

#endif
