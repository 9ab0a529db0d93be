/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - aligned text for people.
 *
 * Rows are kept until they are printed, so that each column is as wide as its
 * widest cell.  Cells are escaped: what came from outside does not reach the
 * terminal as it is.  Lives in an arena.
 */
#ifndef ADMIN_TABLE_H
#define ADMIN_TABLE_H

#include <stdio.h>

#include "base/arena.h"

#define TABLE_COLUMNS_MAX	10

struct table_row {
	const char	 *cells[TABLE_COLUMNS_MAX];
	struct table_row *next;
};

struct table {
	struct arena	*a;
	size_t		 columns;
	size_t		 widths[TABLE_COLUMNS_MAX];
	struct table_row *first, **last;
	bool		 failed;	/* memory ran out: rows are missing */
};

/* heads: one for each column. */
void	table_init(struct table *t, struct arena *a, const char *const *heads, size_t columns);
/* As many cells as there are columns; NULL is empty.  They are copied. */
void	table_add(struct table *t, const char *const *cells);
MUST_CHECK bool table_print(const struct table *t, FILE *to, struct fault *f);

#endif
