/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rollover.h - which generations of the issuing CAs live, and from when each
 * of them issues (docs/adr/0029).
 *
 * DIR/certs/generations, one line each: "ike 2 2026-12-03T00:47:30Z".  Without
 * the file each line has its first generation, which issues since ever.
 * Written by `pki renew` alone, read by every process when it starts.
 */
#ifndef PKI_ROLLOVER_H
#define PKI_ROLLOVER_H

#include "base/view.h"
#include "pki/config.h"

#define ROLLOVER_LINES		2	/* ike, management */
#define ROLLOVER_LIVING_MAX	2	/* of one line: issuing, and announced or retiring */
#define ROLLOVER_NUMBER_MAX	21	/* the journal keeps CRL numbers of as many */
#define ROLLOVER_FILE		"certs/generations"

enum ca_line { CA_LINE_IKE = 0, CA_LINE_MANAGEMENT };

struct ca_generation {
	uint32_t	number;		/* 1 is the one that `pki init` made */
	int64_t		from;		/* issues from then on */
};

struct ca_living {
	struct ca_generation	list[ROLLOVER_LIVING_MAX];	/* the older first */
	size_t			n;				/* 1 or 2 */
};

struct rollover {
	struct ca_living	line[ROLLOVER_LINES];
};

const char *ca_line_name(enum ca_line line);
/* "ike", "ike-2": names of files and in URLs. */
void	ca_generation_name(enum ca_line line, uint32_t number, char out[32]);

MUST_CHECK bool rollover_parse(struct view text, struct rollover *out, struct fault *f);
void	rollover_text(const struct rollover *r, struct buf *out);

MUST_CHECK bool rollover_read(const struct pki_config *c, struct rollover *out,
    struct fault *f);
/* At once: by rename. */
MUST_CHECK bool rollover_write(const struct pki_config *c, const struct rollover *r,
    struct fault *f);

bool	rollover_equal(const struct rollover *a, const struct rollover *b);

#endif
