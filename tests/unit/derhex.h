/* SPDX-License-Identifier: Apache-2.0 */
/*
 * derhex.h - DER as text for test tables: hex with lengths worked out.
 *
 * "30(02012a 3000)" is a SEQUENCE whose length is counted; "3005 02012a" has
 * the length that is written there.  Blanks are skipped.
 */
#ifndef TESTS_DERHEX_H
#define TESTS_DERHEX_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"

#define DERHEX_MAX	8192

struct derhex {
	uint8_t	 p[DERHEX_MAX];
	size_t	 n;
};

static inline size_t
derhex_head(size_t len, uint8_t head[3])
{
	if (len < 0x80) {
		head[0] = (uint8_t)len;
		return 1;
	}
	if (len < 0x100) {
		head[0] = 0x81;
		head[1] = (uint8_t)len;
		return 2;
	}
	head[0] = 0x82;
	head[1] = (uint8_t)(len >> 8);
	head[2] = (uint8_t)len;
	return 3;
}

static inline void
derhex_close(struct derhex *b, size_t mark)
{
	uint8_t	head[3];
	size_t	len = b->n - mark, n = derhex_head(len, head);

	memmove(b->p + mark + n, b->p + mark, len);
	memcpy(b->p + mark, head, n);
	b->n += n;
}

static inline struct view
derhex(const char *s, struct derhex *b)
{
	size_t		marks[32], depth = 0;
	unsigned	octet;

	for (b->n = 0; *s != '\0'; ) {
		if (b->n + 8 > sizeof(b->p) || depth + 1 >= 32)
			abort();
		if (*s == ' ') {
			s++;
		} else if (*s == '(') {
			marks[depth++] = b->n;
			s++;
		} else if (*s == ')') {
			derhex_close(b, marks[--depth]);
			s++;
		} else {
			if (sscanf(s, "%2x", &octet) != 1)
				abort();
			b->p[b->n++] = (uint8_t)octet;
			s += 2;
		}
	}
	if (depth != 0)
		abort();
	return (struct view){ b->p, b->n };
}

#endif
