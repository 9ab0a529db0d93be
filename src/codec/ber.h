/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ber.h - BER messages made readable for der.h.
 *
 * CMS from other programs may have indefinite lengths, lengths with padding,
 * and OCTET STRINGs and BIT STRINGs in segments (RFC 5652, 5.1).  All of this is
 * turned into definite, minimal lengths and primitive strings.  Everything
 * else stays as it was sent: the order of a SET OF, the content of every
 * primitive value, tags.  Other strings in segments are refused.
 * A string in segments under a context tag cannot be told from an explicit
 * tag and keeps its segments; cms.c joins them where it expects a string.
 */
#ifndef CODEC_BER_H
#define CODEC_BER_H

#include "base/buf.h"

#define BER_DEPTH_MAX	32	/* values in one another; the deepest CMS of RFC 5652 has 18 */
#define BER_SEGMENT_DEPTH_MAX	4	/* strings in segments in segments */

/*
 * One value with lengths that der.h can read, everything it holds included,
 * and no octet after it.  Such input needs no copy.  Cheap: only identifiers
 * and lengths are looked at.
 */
bool	ber_is_definite(struct view in);

/* Append the DER of the one value that in holds.  Trailing octets: malformed. */
MUST_CHECK bool ber_to_der(struct view in, struct buf *out, struct fault *f);

/*
 * Octets of the first whole value in in, end-of-contents included.  *n = 0
 * when more has to arrive; false when it can never become a value.
 */
MUST_CHECK bool ber_length(struct view in, size_t *n, struct fault *f);

#endif
