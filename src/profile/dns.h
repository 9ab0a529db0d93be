/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - the syntax of host names and mailboxes, for identities and lints.
 */
#ifndef PROFILE_DNS_H
#define PROFILE_DNS_H

#include "base/view.h"

#define DNS_NAME_MAX	253
#define MAILBOX_MAX	254
#define LOCAL_PART_MAX	64

/*
 * Why v is not a host name of letter-digit-hyphen labels; NULL if it is one.
 * Case does not matter.  Says nothing about how many labels there are.
 */
const char *dns_syntax_error(struct view v);
/* Why a well-formed host name is not a fully qualified one; NULL if it is. */
const char *dns_fqdn_error(struct view v);
/* Why an xn-- label is not an A-label of IDNA2008; NULL if all are. */
const char *dns_alabel_error(struct view v);
/* Why v is not an ASCII mailbox local@domain; NULL if it is. */
const char *mailbox_syntax_error(struct view v);

/* "192.0.2.1" or "2001:db8::1" as text. */
bool	text_is_address(struct view v);

/* The same text but for the case of ASCII letters; never by the locale. */
bool	ascii_equal_fold(struct view a, struct view b);
uint8_t	ascii_lower(uint8_t c);

#endif
