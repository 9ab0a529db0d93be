/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tickets.h - many ticket files at once, all on disk or none promised.
 *
 * Files are mode 0600.  They get their names only after all of them are on
 * disk.  A ticket of another authorization is never overwritten, unless that
 * one is over: the new one is then called NAME-ID.ticket.
 */
#ifndef ADMIN_TICKETS_H
#define ADMIN_TICKETS_H

#include "base/arena.h"
#include "base/buf.h"

struct ticket_folder {
	struct arena	*a;
	const char	*path;
	int		 fd;
	struct ticket_file {
		const char	*name;	/* the final one, after tickets_commit() */
		const char	*id;
		const char	*fresh;	/* its name until then */
	}		*v;
	size_t		 n, max;
	/* Is the authorization with this id over?  NULL: none is. */
	bool		(*is_over)(void *ctx, const char *id);
	void		*ctx;
};

/* Made if it is missing.  Room for max files. */
MUST_CHECK bool tickets_open(struct ticket_folder *t, const char *path, size_t max,
    struct arena *a, struct fault *f);
/* name without ".ticket"; text is a ticket with this id. */
MUST_CHECK bool tickets_add(struct ticket_folder *t, const char *name, const char *id,
    struct view text, struct fault *f);
/* Durable when it returns. */
MUST_CHECK bool tickets_commit(struct ticket_folder *t, struct fault *f);
void	tickets_close(struct ticket_folder *t);

#endif
