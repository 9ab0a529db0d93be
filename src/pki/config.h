/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the configuration of one PKI.
 *
 * Read from DIR/pki4ipsec.conf (docs/adr/0005).  One table gives each key, its
 * range and its default: the parser, the commented file that `pki init`
 * writes and the manual page are made from it.  A configuration is complete
 * and checked or it is not there at all; a reload builds a new one.
 */
#ifndef PKI_CONFIG_H
#define PKI_CONFIG_H

#include "base/buf.h"

#define CONFIG_LISTEN_MAX	8
#define CONFIG_TEXT_MAX		256
#define CONFIG_PATH_MAX		1024

struct pki_config {
	char	dir[CONFIG_PATH_MAX];		/* the folder that holds it all */
	char	name[CONFIG_TEXT_MAX];		/* of the PKI: O= of its certificates */
	char	url[CONFIG_TEXT_MAX];		/* what tickets carry, without /cmc */
	char	repository[CONFIG_TEXT_MAX];	/* plain http, for CDP and AIA */
	char	search[CONFIG_TEXT_MAX];	/* "off", "known" or "names": pki/search.h */
	char	http[CONFIG_LISTEN_MAX][CONFIG_TEXT_MAX];	/* "" ends */
	char	https[CONFIG_LISTEN_MAX][CONFIG_TEXT_MAX];
	char	health[CONFIG_TEXT_MAX];	/* "" = off */
	char	user[CONFIG_TEXT_MAX];		/* to become when started as root; "" = stay */
	int64_t	fronts;
	int64_t	threads;			/* of the engine, for signatures */
	int64_t	max_connections;
	int64_t	rate;				/* requests a second from one source; 0 = no limit */
	int64_t	burst;
	int64_t	request_seconds;		/* a request must have arrived by then */
	int64_t	stop_seconds;			/* for what is in flight at SIGTERM */
	int64_t	hang_seconds;			/* silence of a child, until it is ended */
	int64_t	authorize_seconds;		/* of work on one list, until what is done is answered */
	int64_t	crl_interval;			/* seconds between CRLs without revocations */
	int64_t	crl_lifetime;			/* thisUpdate to nextUpdate */
	int64_t	crl_max_age;			/* Cache-Control for the CRL */
	int64_t	ca_announce;			/* seconds from announcing a new CA to its use */
	int64_t	ca_rollover;			/* 1: by itself, in time */
	int64_t	refusal_floor_ms;		/* a refused proof is not answered sooner */
	int64_t	log_level;			/* enum log_level */
};

/*
 * Read and check.  Every value is checked, and the first bad one is named
 * with file, line, value and the permitted range (FAULT_USAGE).
 */
MUST_CHECK bool config_load(const char *dir, struct pki_config *out, struct fault *f);

/* What a new PKI starts with; the listeners follow from the URL. */
MUST_CHECK bool config_preset(const char *dir, const char *name, const char *url,
    struct pki_config *out, struct fault *f);

/* The commented file for c. */
void	config_write(const struct pki_config *c, struct buf *out);

/* "DIR/sub" for a file of this PKI. */
MUST_CHECK bool config_path(const struct pki_config *c, const char *sub, char *out,
    size_t n, struct fault *f);

#endif
