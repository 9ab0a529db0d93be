/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - hex, base64, numbers, dates and UTF-8 as text.
 *
 * Whole words, whole numbers, stated ranges: "9O" is not 9.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <time.h>

#include "base/buf.h"

/* Lower-case hex of v into out, which has room for 2 * v.n + 1. */
void	hex_encode(struct view v, char *out);
MUST_CHECK bool hex_decode(const char *s, uint8_t *out, size_t max, size_t *n);

/* RFC 4648 base64.  line > 0: newline after so many characters and at the end. */
void	base64_encode(struct view v, size_t line, struct buf *out);
/* Skips white space; false on any other foreign character or bad padding. */
MUST_CHECK bool base64_decode(struct view text, struct buf *out);

/* PEM (RFC 7468) of der with the given label, 64 columns. */
void	pem_encode(const char *label, struct view der, struct buf *out);
/*
 * The DER of the first block with this label in text, appended to out.
 * *rest, if not NULL, is what follows the block.  Takes CR, LF and CRLF.
 */
MUST_CHECK bool pem_decode(const char *label, struct view text, struct buf *out,
    struct view *rest, struct fault *f);

/* A whole decimal number between min and max; what names it in the fault. */
MUST_CHECK bool number_parse(const char *what, const char *s, int64_t min,
    int64_t max, int64_t *out, struct fault *f);

/* "90s", "15m", "12h", "30d", "2w", or plain seconds. */
MUST_CHECK bool duration_parse(const char *what, const char *s, int64_t min,
    int64_t max, int64_t *seconds, struct fault *f);

/* RFC 3339 in UTC, "2026-11-24T04:10:27Z"; out has room for 32. */
void	date_format(int64_t unix_seconds, char *out);
MUST_CHECK bool date_parse(const char *s, int64_t *unix_seconds);

/*
 * Text from outside, safe for a terminal and a log line: what is neither
 * printable ASCII nor valid, visible UTF-8 becomes \xNN.  With quote not 0,
 * that character and the backslash get a backslash.  Cut to n - 1 octets,
 * never inside a character or an escape.  Returns the length written.
 */
size_t	text_escape(struct view v, char quote, char *out, size_t n);

/* strerror() in lower case, for fault texts; valid until this thread's next. */
const char *error_text(int error);

/* Well-formed UTF-8 without U+0000; *at is the offset of the first bad octet. */
MUST_CHECK bool utf8_valid(struct view v, size_t *at);

#endif
