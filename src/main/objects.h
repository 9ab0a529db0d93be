/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objects.h - certificates, CRLs and requests out of files, folders, standard
 * input and URLs, in PEM or DER.
 *
 * One file may hold many.  Messages (CMS, OCSP) are opened: what they carry
 * counts, not they themselves.  Nothing is judged here.
 */
#ifndef MAIN_OBJECTS_H
#define MAIN_OBJECTS_H

#include "base/arena.h"
#include "codec/object.h"

#define OBJECTS_MAX	500000	/* a large fleet's archive */
#define OBJECTS_OCTETS	(1u << 30)	/* all together, in memory at once */

struct object {
	enum object_kind kind;
	struct view	 der;
	const char	*source;	/* path, "-" or URL */
	size_t		 number;	/* in its source, from 1 */
	struct view	 label;		/* of its PEM block; empty for DER */
	size_t		 line;		/* where the block begins; 0 for DER */
	size_t		 longest;	/* its longest line */
	bool		 from_message;	/* out of CMS or OCSP */
	const char	*unreadable;	/* why nothing was found here; else NULL */
};

struct objects {
	struct arena	*a;
	struct object	*list;
	size_t		 n, room;
	size_t		 passed_over;	/* files in folders that hold nothing of ours */
};

MUST_CHECK bool objects_init(struct objects *o, struct fault *f);
void	objects_clear(struct objects *o);

/*
 * A file, a folder with all below it, or "-".  What is there and cannot be read
 * becomes an object that says so; what is not there is a fault.
 */
MUST_CHECK bool objects_read(struct objects *o, const char *path, struct fault *f);
/* One file that holds one thing of this kind, which is not opened. */
MUST_CHECK bool objects_read_whole(struct objects *o, const char *path,
    enum object_kind kind, struct fault *f);
MUST_CHECK bool objects_fetch(struct objects *o, const char *url, struct fault *f);
/* The content of a source; found false if nothing of ours is in it. */
MUST_CHECK bool objects_take(struct objects *o, const char *source, struct view content,
    bool *found, struct fault *f);

struct invocation;
/* What an option that may be repeated names; OCSP responses are not opened. */
MUST_CHECK bool objects_of_option(struct objects *o, const struct invocation *in,
    const char *option, enum object_kind kind, struct fault *f);
/* --at: "2026-11-25" or "2026-11-25T08:00:00Z"; now if it is not given. */
MUST_CHECK bool objects_at(const struct invocation *in, int64_t *out, struct fault *f);

/*
 * The DER of each of this kind; *list is to be freed either way.  What could
 * not be read is a fault here.
 */
MUST_CHECK bool objects_of_kind(const struct objects *o, enum object_kind kind,
    struct view **list, size_t *n, struct fault *f);

#endif
