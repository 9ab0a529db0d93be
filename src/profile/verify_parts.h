/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_parts.h - between verify.c, which judges one path, and verify_ways.c,
 * which goes through several.
 */
#ifndef PROFILE_VERIFY_PARTS_H
#define PROFILE_VERIFY_PARTS_H

#include "profile/verify.h"

/* verify_peer() for the path that libcrypto prefers. */
MUST_CHECK bool verify_one_path(const struct verify_terms *t, struct verify_result *out,
    struct fault *f);

/* One step more, with this text; the first failed one gives the reason. */
void	verify_say(struct verify_result *r, const struct verify_step *what,
	    const char *text);

#endif
