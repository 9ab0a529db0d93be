/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_parts.h - between run_command.c, the agent's process, and run_crls.c, its
 * round of CRLs.
 */
#ifndef PEER_RUN_PARTS_H
#define PEER_RUN_PARTS_H

#include <sys/stat.h>

#include "base/command.h"
#include "base/random.h"
#include "peer/agent.h"
#include "peer/agent_report.h"
#include "peer/change.h"
#include "peer/enforce.h"
#include "peer/hints.h"
#include "peer/tell.h"

#define HELP_AGAIN	"nothing: the agent tries again"
#define HELP_TICKET	"ask your Admin for a new ticket, then pki4ipsec peer enroll"
#define HELP_DAEMON	"systemctl status strongswan"

/* The process. */
struct run {
	const struct invocation	*in;
	const char		*dir;
	bool			 strongswan;
	int64_t			 crl_seconds;
	int64_t			 percent;
	int			 lock, signals;
	bool			 stop, rested, told_end;
	const struct rng	*rng;
	struct http_client	*http;		/* for CRLs */
	struct ticket		 ticket;
	struct agent		 agent;
	struct change		 change;
	struct tell		 tell;
	struct crls		 crls;
	struct hints		 hints;
	unsigned		 rounds;	/* of CRLs */
	struct stat		 seen;		/* DIR/chain.pem, as last read */
	uint8_t			 serial[CERT_SERIAL_OCTETS_MAX];	/* of the certificate in use */
	size_t			 n_serial;
	bool			 looked;	/* for ourselves, in the newest CRL */
	bool			 refresh;	/* the daemon does not know all CAs of the line yet */
	struct stat		 socket;	/* of the daemon that has our CRLs */
	struct enforce_met	 met;		/* peers it was seen to know */
	struct agent_report	 report;
	int64_t			 written;	/* when the report was */
	bool			 dirty;
	int64_t			 enrol_at;	/* look for one that waits */
};

struct agent_time run_time(void);
uint32_t run_chance(const struct run *r);

/* Logged once, and shown by peer status until it is mended. */
void	run_trouble(struct run *r, const char *what, const struct fault *f,
	    const char *help);
void	run_mended(struct run *r, const char *what);

/* From DIR: when to renew, and whose CRLs there are. */
MUST_CHECK bool run_read_due(struct run *r, struct fault *f);
MUST_CHECK bool run_read_credential(struct run *r, struct fault *f);

/*
 * One round: greet the daemon, look at the other CAs of the line, fetch and
 * enforce each CRL, look for ourselves on it and, now and then, for a hint.
 */
void	run_crls(struct run *r);

#endif
