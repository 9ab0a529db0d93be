/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - what is wrong between pairs of peers, told once for all pairs
 * that have it.
 *
 * A mesh has as many pairs as devices squared, and few kinds of trouble:
 * problems of one rule, template and pair of platforms are one class, which
 * names its first pair and counts the others.  The planned certificate of
 * each device is judged once for each platform that looks at it.
 */
#ifndef ADMIN_CHECK_H
#define ADMIN_CHECK_H

#include "admin/topology.h"
#include "crypt/key.h"
#include "profile/pair.h"

#define CHECK_CLASSES_MAX	1000	/* more is a list of nobody's certificates */
#define CHECK_ABOVE_MAX		8	/* CAs above a planned certificate */
#define CHECK_SETTINGS_MAX	32

struct check_class {
	const char	*name, *source, *detail, *consequence, *repair;
	enum lint_severity severity;
	bool		 own;		/* the holder's own platform minds */
	unsigned	 on, seen_by;	/* of enum lint_product; 0: own, or everybody */
	const char	*scope;		/* template, or file, of the holder */
	const char	*holder, *judge;	/* the first pair */
	size_t		 pairs;
};

struct check {
	struct arena	*a;
	struct check_class *v;
	size_t		 n;
	size_t		 lost;		/* beyond CHECK_CLASSES_MAX */
	size_t		 pairs, refused, warned;
};

MUST_CHECK bool check_init(struct check *c, struct arena *a, struct fault *f);

/* How one holder fares before one platform. */
struct check_verdict {
	bool		 known;
	enum lint_severity worst;
	uint16_t	*classes;
	size_t		 n;
};

/* One direction; scope lives as long as c. */
MUST_CHECK bool check_judge(struct check *c, const struct pair_view *v, const char *scope,
    struct check_verdict *out, struct fault *f);
/* The same where no certificate comes to be: this is what is wrong. */
MUST_CHECK bool check_tell(struct check *c, const struct pair_view *v, const char *scope,
    const struct pair_problem *p, struct check_verdict *out, struct fault *f);
/* The pair of these two, by how each fares before the other. */
void	check_pair(struct check *c, const char *a, const struct check_verdict *of_a,
	    const char *b, const struct check_verdict *of_b);

/* What planned certificates are made from. */
struct check_plan {
	const struct fleet	*fleet, *known;
	const struct topology	*topology;
	unsigned		 platform;	/* of devices that name none */
	enum key_kind		 key;		/* KEY_NONE: the template's choice */
	const char		*settings[CHECK_SETTINGS_MAX];	/* "key = value" of templates */
	size_t			 nsettings;
	const struct cert	*above[CHECK_ABOVE_MAX];	/* nearest first */
	size_t			 nabove;
	const char		*url;		/* where the PKI will be, or NULL */
	int64_t			 now;
};

/* All pairs of the list.  A pair that would not connect is no fault. */
MUST_CHECK bool check_plan(const struct check_plan *p, struct check *c, struct fault *f);

/* "KEY=VALUE" for every template that has the key; the fault names the range. */
MUST_CHECK bool check_setting(const char *text, struct fault *f);

#endif
