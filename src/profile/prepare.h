/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepare.h - authorization ids, tokens and labels as prepared strings.
 *
 * Ids are UsernameCasePreserved, tokens OpaqueString (RFC 8265), labels plain
 * text.  Both ends prepare before they compare or compute.  Also what
 * alphabet a secret may have, how strong it is, and how to draw one.
 *
 * Prepared strings are UTF-8 in a struct buf; for tokens the caller wipes.
 */
#ifndef PROFILE_PREPARE_H
#define PROFILE_PREPARE_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/random.h"
#include "base/view.h"

#define AUTHZ_ID_OCTETS_MAX	128	/* AuthzId ::= UTF8String (SIZE (1..128)) */
#define TOKEN_OCTETS_MIN	16	/* Token ::= UTF8String (SIZE (16..256)) */
#define TOKEN_OCTETS_MAX	256
#define LABEL_OCTETS_MAX	128
#define ALPHABET_POINTS_MAX	256
#define ALPHABET_OCTETS_MAX	1024	/* 256 code points of four octets */
#define TOKEN_ENTROPY_BITS_MIN	112	/* the MAC is visible: guessed offline */
#define TOKEN_ENTROPY_BITS_GOOD	128

#define SECRET_ALPHABET	"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#define SECRET_ID_LENGTH	16	/* 80 bits */
#define SECRET_TOKEN_LENGTH	32	/* 160 bits */
#define SECRET_GROUP		4	/* for display only */

/*
 * Is this UTF-8 that we may work on?  what names it.  A byte order mark of
 * UTF-8 in front is dropped from *text; UTF-16 and Latin-1 are named as such,
 * with the octet and its column.
 */
MUST_CHECK bool text_check(const char *what, struct view *text, struct fault *f);

/* UsernameCasePreserved (RFC 8265, 3.4), 1 ... 128 octets. */
MUST_CHECK bool prepare_id(struct view in, struct buf *out, struct fault *f);
/* OpaqueString (RFC 8265, 4.2), 16 ... 256 octets.  The fault does not show it. */
MUST_CHECK bool prepare_token(struct view in, struct buf *out, struct fault *f);
/* UTF-8 to NFC without controls, 1 ... 128 octets. */
MUST_CHECK bool prepare_label(struct view in, struct buf *out, struct fault *f);

/*
 * What a prepared label is compared by where it names a person: full case
 * folding (Unicode, NFKC), and runs of spaces as one.
 */
MUST_CHECK bool prepare_name_key(struct view label, struct buf *out, struct fault *f);

/* How ids or tokens look (SecretFormat, correction 17). */
struct secret_format {
	uint32_t	 length;	/* code points drawn */
	uint32_t	 group;		/* display only; 0: none */
	char		 alphabet[ALPHABET_OCTETS_MAX + 1];
	char		 prefix[65];	/* no entropy */
};

void	secret_format_id(struct secret_format *out);	/* the default for ids */
void	secret_format_token(struct secret_format *out);

/*
 * 2 ... 256 distinct single code points that prepare to themselves, are not
 * combining, space or control; the whole fits its length limits; a token has
 * at least TOKEN_ENTROPY_BITS_MIN bits.
 */
MUST_CHECK bool secret_format_check_id(const struct secret_format *sf, struct fault *f);
MUST_CHECK bool secret_format_check_token(const struct secret_format *sf,
    struct fault *f);
/* floor(length * log2(distinct points)), in bits. */
uint32_t secret_format_entropy(const struct secret_format *sf);

/* Draw one without bias and append it to out.  The format was checked before. */
MUST_CHECK bool secret_generate(const struct secret_format *sf,
    const struct rng *rng, struct buf *out, struct fault *f);

/* With a hyphen after every group code points; group 0 copies. */
void	token_display(struct view token, uint32_t group, struct buf *out);
/*
 * A token as it stands in a ticket: hyphens are display and dropped (no
 * alphabet of tokens may hold one), then OpaqueString.
 */
MUST_CHECK bool token_normalise(struct view text, struct buf *out, struct fault *f);

#endif
