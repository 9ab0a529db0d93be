/* SPDX-License-Identifier: Apache-2.0 */
/*
 * der.h - a bounded reader and a writer for DER (X.690).
 *
 * The reader walks borrowed octets and never copies.  It accepts definite,
 * minimal lengths and tag numbers below 31, which is all that PKIX, CMS and
 * CMC use.  BER is turned into DER first, by ber.h.  Every function returns
 * false with a fault that names what was expected and the offset.
 *
 * The writer appends to a struct buf; constructed values are opened and
 * closed, and the length is put in place when they are closed.
 */
#ifndef CODEC_DER_H
#define CODEC_DER_H

#include "base/arena.h"
#include "base/buf.h"

/* Identifier octets as they stand in the encoding. */
enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_T61_STRING = 0x14,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};
#define DER_CONTEXT(n)		(0x80 | (n))	/* [n] IMPLICIT, primitive */
#define DER_CONTEXT_C(n)	(0xa0 | (n))	/* [n] constructed or EXPLICIT */

/* What is left to read of one constructed value. */
struct der {
	const uint8_t	*p;
	size_t		 n;
	const uint8_t	*start;		/* of the whole message, for offsets in faults */
};

void	der_init(struct der *d, struct view v);

/* The next identifier octet, or 0 at the end. */
uint8_t	der_peek(const struct der *d);
bool	der_at_end(const struct der *d);

/* Content octets of the next value, which must have this tag. */
MUST_CHECK bool der_get(struct der *d, uint8_t tag, struct view *content,
    struct fault *f);
/* The next value whole: identifier, length, content; any tag. */
MUST_CHECK bool der_get_any(struct der *d, struct view *tlv, struct fault *f);
/* The same, of this tag. */
MUST_CHECK bool der_get_tlv(struct der *d, uint8_t tag, struct view *tlv,
    struct fault *f);
/* Step into a constructed value; d moves past it. */
MUST_CHECK bool der_open(struct der *d, uint8_t tag, struct der *inner,
    struct fault *f);
/* Like der_open, but absent (another tag or the end) gives *present = false. */
MUST_CHECK bool der_open_optional(struct der *d, uint8_t tag, struct der *inner,
    bool *present, struct fault *f);
/* Nothing may be left. */
MUST_CHECK bool der_end(const struct der *d, struct fault *f);

MUST_CHECK bool der_bool(struct der *d, bool *out, struct fault *f);
/* INTEGER of 0 ... 2^64-1, or within a range (what names it in the fault). */
MUST_CHECK bool der_uint(struct der *d, uint64_t *out, struct fault *f);
MUST_CHECK bool der_uint_in(struct der *d, const char *what, uint64_t min,
    uint64_t max, uint64_t *out, struct fault *f);
/* Content octets of an INTEGER of any size, minimal encoding checked. */
MUST_CHECK bool der_integer(struct der *d, struct view *content, struct fault *f);
MUST_CHECK bool der_enum(struct der *d, uint64_t max, uint64_t *out, struct fault *f);
MUST_CHECK bool der_null(struct der *d, struct fault *f);
/* Content octets of an OBJECT IDENTIFIER (well formed). */
MUST_CHECK bool der_oid(struct der *d, struct view *oid, struct fault *f);
MUST_CHECK bool der_octets(struct der *d, struct view *out, struct fault *f);
/* Octets of a BIT STRING without unused bits. */
MUST_CHECK bool der_bits(struct der *d, struct view *out, struct fault *f);
/* UTF8String, valid UTF-8, min ... max octets. */
MUST_CHECK bool der_utf8(struct der *d, size_t min, size_t max, struct view *out,
    struct fault *f);
/* UTCTime or GeneralizedTime as RFC 5280, 4.1.2.5 has them; unix seconds. */
MUST_CHECK bool der_time(struct der *d, int64_t *unix_seconds, struct fault *f);
/* GeneralizedTime content octets, YYYYMMDDHHMMSSZ. */
MUST_CHECK bool der_generalized_content(struct view content, int64_t *unix_seconds,
    struct fault *f);

/*
 * The whole of v is well-formed DER: minimal definite lengths, nesting up to
 * depth, SET OF sorted, no trailing octets.
 */
MUST_CHECK bool der_check(struct view v, unsigned depth, struct fault *f);

/* Writing. */
void	der_put(struct buf *b, uint8_t tag, struct view content);
void	der_put_uint(struct buf *b, uint64_t v);
/* A non-negative INTEGER from big-endian octets; leading zeros are dropped. */
void	der_put_unsigned(struct buf *b, struct view big_endian);
void	der_put_enum(struct buf *b, uint8_t v);
void	der_put_bool(struct buf *b, bool v);
void	der_put_null(struct buf *b);
void	der_put_oid(struct buf *b, struct view oid);	/* content octets */
void	der_put_octets(struct buf *b, struct view v);
void	der_put_bits(struct buf *b, struct view v);	/* no unused bits */
void	der_put_utf8(struct buf *b, struct view v);
void	der_put_generalized(struct buf *b, int64_t unix_seconds);
/* UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5). */
void	der_put_time(struct buf *b, int64_t unix_seconds);

/* Open a constructed value; the mark goes to der_close. */
size_t	der_begin(struct buf *b, uint8_t tag);
void	der_close(struct buf *b, size_t mark);

/* Write the n TLVs sorted, as DER wants a SET OF (n up to 64). */
void	der_put_set_of(struct buf *b, uint8_t tag, struct view *tlvs, size_t n);

#endif
