/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pem.h - every block of a text, whatever its label.
 *
 * Reads as RFC 4945, 6 demands: white space at both ends of any line, lines of
 * any length, ends of LF, CRLF and CR.  Who knows the label that is wanted
 * takes pem_decode() of text.h.
 */
#ifndef BASE_PEM_H
#define BASE_PEM_H

#include "base/buf.h"

struct pem_block {
	struct view	label;		/* "CERTIFICATE" */
	struct view	body;		/* between the boundaries, for base64_decode() */
	size_t		line;		/* of the first boundary, from 1 */
	size_t		longest;	/* octets of its longest line, without its end */
};

struct pem_reader {
	struct view	rest;
	size_t		line;		/* lines read */
};

void	pem_reader_init(struct pem_reader *r, struct view text);
/*
 * The next block; *found false at the end.  Text outside of blocks is passed
 * over; a block that does not end is malformed.
 */
MUST_CHECK bool pem_next(struct pem_reader *r, struct pem_block *out, bool *found,
    struct fault *f);

#endif
