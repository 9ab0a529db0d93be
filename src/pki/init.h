/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.h - a new PKI in one folder.
 *
 * Everything is made in a folder beside the final one, which is renamed into
 * place when nothing is missing: a crash leaves nothing half made.
 */
#ifndef PKI_INIT_H
#define PKI_INIT_H

#include "crypt/key.h"
#include "pki/config.h"

struct init_request {
	const char	*dir;		/* must not exist, or be empty */
	const char	*name;		/* of the PKI */
	const char	*url;
	const char	*admin;		/* logical name of the first Admin */
	enum key_kind	 key;		/* of every key */
	int64_t		 now;
};

#define INIT_FILES_MAX	48

struct init_report {
	char		staging[CONFIG_PATH_MAX];	/* until init_commit() */
	char		files[INIT_FILES_MAX][160];	/* relative, in the order they were made */
	size_t		n;
	uint8_t		root_sha256[32];
	struct buf	ticket;		/* of the first Admin; holds its token */
};

/* Make everything but the Admin's credential in r->staging. */
MUST_CHECK bool init_stage(const struct init_request *q, struct init_report *r,
    struct fault *f);

/* Rename into place. */
MUST_CHECK bool init_commit(const struct init_request *q, struct init_report *r,
    struct fault *f);
/* Give up: remove what was staged.  Also frees the report. */
void	init_end(struct init_report *r);

/* Add a file that somebody else has made below r->staging. */
void	init_note(struct init_report *r, const char *relative);

#endif
