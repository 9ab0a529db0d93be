/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.h - lines and fields of a CSV file (RFC 4180), and a list of what is
 * wrong with it.
 *
 * UTF-8 with or without a byte order mark; commas; a header row.  Other
 * encodings are named with line and column.  Knows nothing of what the
 * columns mean: that is fleet.h.
 */
#ifndef ADMIN_CSV_H
#define ADMIN_CSV_H

#include "base/arena.h"
#include "base/buf.h"

#define CSV_ROWS_MAX	10000		/* as many as one authzRequest takes */
#define CSV_FILE_MAX	(16u << 20)	/* 10 000 rows of 1.6 KiB */
#define CSV_COLUMNS_MAX	64
#define CSV_FIELD_MAX	8192		/* a gateway's list of subnets */

/* What is wrong, where: kept up to a limit, counted beyond it. */
#define PROBLEMS_MAX	100

struct problem {
	unsigned	 line;		/* 1: the header; 0: the whole file */
	const char	*column;	/* a column's name, or "" */
	const char	*text;
};

struct problems {
	struct problem	 v[PROBLEMS_MAX];
	size_t		 n;		/* kept in v */
	size_t		 total;		/* found */
	struct arena	*a;		/* where the texts live */
};

void	problem_add(struct problems *p, unsigned line, const char *column,
	    const char *fmt, ...) PRINTF_LIKE(4, 5);
/* By line, for showing. */
void	problems_sort(struct problems *p);

/* A line of the file; fields are UTF-8 and end with a NUL. */
struct csv_row {
	unsigned	 line;		/* where it begins; the first is 1 */
	const char	*fields[CSV_COLUMNS_MAX];
	size_t		 n;
};

/* Append a field, quoted if it has to be. */
void	csv_put_field(struct buf *out, const char *text);

/*
 * Call row for each line that is not empty, the header first, until it
 * returns false.  Fields live in p's arena.  What breaks the format goes to p
 * and ends the reading; false only when memory is out.
 */
MUST_CHECK bool csv_read(struct view file, struct problems *p,
    bool (*row)(void *ctx, const struct csv_row *r), void *ctx, struct fault *f);

#endif
