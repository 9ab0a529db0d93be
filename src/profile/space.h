/* SPDX-License-Identifier: Apache-2.0 */
/*
 * space.h - where names of a template lie: domains, and prefixes of addresses.
 *
 * A space is text as it stands in a template, words parted by commas, each
 * in its canonical form; empty: no bounds.
 */
#ifndef PROFILE_SPACE_H
#define PROFILE_SPACE_H

#include "profile/identity.h"

#define SPACE_TEXT_MAX	1024

/* "vpn.example, branch.example"; the fault names the word. */
MUST_CHECK bool space_set_domains(const char *text, char out[SPACE_TEXT_MAX], struct fault *f);
/* "192.0.2.0/24, 2001:db8::/32"; bits beyond the prefix are refused. */
MUST_CHECK bool space_set_prefixes(const char *text, char out[SPACE_TEXT_MAX], struct fault *f);

/* Of an FQDN or a mailbox: is its host one of the domains or below one? */
bool	space_has_name(const char *domains, const struct identity *id);
/* Of an address. */
bool	space_has_address(const char *prefixes, const struct identity *id);

/* The first word; "" if there is none. */
void	space_first(const char *space, char out[SPACE_TEXT_MAX]);
/* An address in the first prefix of this kind, not its first; false: there is none. */
MUST_CHECK bool space_address(const char *prefixes, enum identity_kind kind, struct identity *out);

#endif
