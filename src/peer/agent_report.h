/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_report.h - what the agent says about itself: DIR/status.json, which
 * `peer status` and whoever watches the device read.
 */
#ifndef PEER_AGENT_REPORT_H
#define PEER_AGENT_REPORT_H

#include "codec/cvp.h"
#include "peer/crls.h"
#include "peer/enroll.h"
#include "peer/renew.h"

#define AGENT_STATUS_FILE	"status.json"
#define AGENT_LOCK_FILE		"run.lock"
#define AGENT_HELP_MAX		512

enum agent_health {
	AGENT_GOOD = 0,
	AGENT_WARNING,		/* works, but somebody should look */
	AGENT_BAD,		/* tunnels fail, or soon will */
};
const char *agent_health_name(enum agent_health h);

/* How far the daemon is with the certificate in use. */
enum agent_daemon {
	AGENT_FILES = 0,	/* --install files: there is none */
	AGENT_IN_USE,
	AGENT_COMING,		/* being brought in */
	AGENT_REFUSED,		/* peers refuse it, the one before is in use */
	AGENT_UNREACHABLE,
};
const char *agent_daemon_name(enum agent_daemon d);

struct agent_error {
	int64_t	at;		/* 0: none */
	char	what[64];	/* "renewal", "crl", ... */
	char	text[FAULT_TEXT_MAX];
	char	help[AGENT_HELP_MAX];
};

struct agent_report {
	int64_t			 started, now;
	bool			 has_cert;
	char			 serial[ENROLL_SERIAL_MAX];
	int64_t			 not_before, not_after;
	bool			 revoked;	/* our own certificate, says its CA */
	int64_t			 renew_at;	/* 0: never */
	bool			 hinted;	/* a hint of the PKI is why */
	bool			 hint_waits;
	int64_t			 hint_from, hint_to;
	char			 hint_reason[CVP_HINT_REASON_MAX + 1];
	unsigned		 renewal_failures;
	bool			 renewal_under_way;
	enum agent_daemon	 daemon;
	const struct crls	*crls;
	size_t			 tunnels_ended;
	struct agent_error	 error;		/* the last that is not mended */
};

/* Take over what d says of a hint; true if that is something else than before. */
bool	agent_report_hint(struct agent_report *r, const struct renew_due *d);

enum agent_health agent_report_health(const struct agent_report *r);

/* Replaced as a whole; no secret in it, mode 0644. */
MUST_CHECK bool agent_report_write(const char *dir, const struct agent_report *r,
    struct fault *f);

#endif
