/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_change.h - a template has changed since something was granted or
 * issued under it: what now?  (RFC 4809, 3.2.5; 7.4(7) of the profile,
 * decisions 21 and 22.)
 *
 * Looks at two templates and at what was agreed for this case; reads no store
 * and no clock.  Whether a key that was good is still taken is the caller's to
 * ask of both templates: no answer here relaxes one or the other.
 */
#ifndef PROFILE_TEMPLATE_CHANGE_H
#define PROFILE_TEMPLATE_CHANGE_H

#include "profile/template.h"

enum template_fate {
	TEMPLATE_REFUSED = 0,		/* zeroed memory refuses */
	TEMPLATE_NEEDS_UPDATE,		/* only an update brings what it says now */
	TEMPLATE_NEEDS_GRANT,		/* only a new authorization does */
	TEMPLATE_AS_BEFORE,		/* nothing has changed */
	TEMPLATE_MOVED,			/* only where CRLs and the like are: as it is now */
	TEMPLATE_AS_OLD,		/* as it was, but with the addresses of now */
	TEMPLATE_AS_NEW,		/* as it is now */
};
/* "changed", "moved", "as it was", ...: for logs. */
const char *template_fate_name(enum template_fate fate);
bool	template_fate_made(enum template_fate fate);	/* is a certificate made? */

/* An authorization under old is used. */
enum template_fate template_for_grant(const struct template *old, const struct template *now,
	    enum template_change agreed);
/* A certificate made of old is to be renewed or, if update, to get other names. */
enum template_fate template_for_renewal(const struct template *old,
	    const struct template *now, bool update);

/* What is then made of: a copy. */
void	template_of_fate(enum template_fate fate, const struct template *old,
	    const struct template *now, struct template *out);

#endif
