/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - owned bytes with a ceiling, and secrets that are wiped.
 *
 * A buffer grows up to the ceiling given at init.  An append that would pass
 * it, or for which memory fails, sets a flag that stays: write everything,
 * then ask buf_ok() once.  A failed buffer keeps what it had before.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/fault.h"
#include "base/view.h"

struct buf {
	uint8_t	*p;
	size_t	 n;
	size_t	 cap;
	size_t	 max;
	bool	 failed;
};

void	buf_init(struct buf *b, size_t max);	/* allocates nothing */
void	buf_clear(struct buf *b);		/* frees; b is then as after init */
void	buf_reset(struct buf *b);		/* empties, keeps the memory */

void	buf_add(struct buf *b, const void *p, size_t n);
void	buf_add_view(struct buf *b, struct view v);
void	buf_add_str(struct buf *b, const char *s);
void	buf_add_u8(struct buf *b, uint8_t v);
void	buf_add_be16(struct buf *b, uint16_t v);
void	buf_add_be32(struct buf *b, uint32_t v);
void	buf_add_be64(struct buf *b, uint64_t v);
void	buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Room for n more bytes at the end, counted as written; NULL on failure. */
uint8_t	*buf_extend(struct buf *b, size_t n);

/*
 * For what is secret while it is written: room for n octets at once, the
 * ceiling too, so that nothing moves and leaves a copy; wiped when cleared.
 */
void	buf_init_secret(struct buf *b, size_t n);
void	buf_clear_secret(struct buf *b);

/* Drop the first n bytes (n not above b->n). */
void	buf_consume(struct buf *b, size_t n);

static inline bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

static inline struct view
buf_view(const struct buf *b)
{
	return (struct view){ b->p, b->n };
}

/* FAULT_LIMIT naming what and the ceiling if b has failed, else true. */
MUST_CHECK bool buf_check(const struct buf *b, const char *what,
    struct fault *f);

/*
 * Secret bytes.  The same as an exactly sized owned buffer, but wiped when
 * cleared and never in a log.
 */
struct secret {
	uint8_t	*p;
	size_t	 n;
};

MUST_CHECK bool secret_init(struct secret *s, size_t n, struct fault *f);
MUST_CHECK bool secret_copy(struct secret *s, struct view v, struct fault *f);
void	secret_clear(struct secret *s);
void	secret_wipe(void *p, size_t n);		/* memset that stays */
bool	secret_equal(struct view a, struct view b);	/* constant time in the octets */

#endif
