/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - addresses and subnets as an operator writes them, strictly.
 */
#ifndef ADMIN_ADDRESS_H
#define ADMIN_ADDRESS_H

#include "base/fault.h"
#include "base/view.h"

/* An IPv4 or IPv6 address in its usual form, or a host name. */
MUST_CHECK bool address_check(struct view text, struct fault *f);

/* "198.51.100.0/24", "2001:db8::/32": with a length, no bits behind it. */
MUST_CHECK bool subnet_check(struct view text, struct fault *f);

#endif
