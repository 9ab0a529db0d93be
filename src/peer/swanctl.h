/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swanctl.h - one configuration, two spellings.
 *
 * A tree of sections, values and lists that is written as swanctl.conf text
 * for the file and as a vici message for the daemon, so that both say the
 * same.  A certificate is a file name in the text and its DER in the message.
 *
 * The builders accept NULL for a section that could not be made: build the
 * whole tree, then write it; writing fails if memory ran out on the way.
 */
#ifndef PEER_SWANCTL_H
#define PEER_SWANCTL_H

#include "base/arena.h"
#include "base/buf.h"

#define CONF_NAME_MAX	100	/* two and a number fit a vici name */

enum conf_kind {
	CONF_SECTION,
	CONF_VALUE,
	CONF_LIST,
	CONF_CERT,		/* the one certificate of a key */
	CONF_CERTS,		/* a list of certificates: the first, and more of them inside */
};

struct conf {
	enum conf_kind	 kind;
	const char	*name;
	const char	*text;		/* VALUE; CERT, CERTS: file name */
	struct view	 der;		/* CERT, CERTS */
	struct conf	*first, *last;	/* what a section or list holds */
	struct conf	*next;
};

struct conf_tree {
	struct arena	*arena;
	struct conf	 root;
	bool		 failed;	/* memory ran out */
};

void	conf_init(struct conf_tree *t, struct arena *a);
struct conf *conf_section(struct conf_tree *t, struct conf *in, const char *name);
void	conf_value(struct conf_tree *t, struct conf *in, const char *key,
	    const char *text);
void	conf_list(struct conf_tree *t, struct conf *in, const char *key,
	    const char *const *items, size_t n);
void	conf_cert(struct conf_tree *t, struct conf *in, enum conf_kind kind,
	    const char *key, const char *file, struct view der);
/* One more to the CONF_CERTS that was added to in last. */
void	conf_cert_more(struct conf_tree *t, struct conf *in, const char *file,
	    struct view der);

/*
 * Anything as the name of a section or a file: letters, digits, "-" and "_"
 * stay, everything else becomes "-", what is too long is cut.  Never empty.
 */
const char *conf_name(struct conf_tree *t, const char *text);

/* The daemon's parser gives a dot, a brace and the like a meaning of its own. */
bool	conf_name_ok(const char *name);

/*
 * The whole tree as text.  FAULT_REFUSED for a value that swanctl syntax
 * cannot express: control characters, what is not UTF-8, a comma in a list.
 */
MUST_CHECK bool conf_write_text(const struct conf_tree *t, struct buf *out,
    struct fault *f);

/* One section, with its name, as load-conn and load-authority take it. */
MUST_CHECK bool conf_write_message(const struct conf_tree *t,
    const struct conf *section, struct buf *out, struct fault *f);

#endif
