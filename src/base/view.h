/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - borrowed bytes.
 *
 * A view points into somebody else's memory and is valid while that memory
 * lives.  It may be empty; p may be NULL only when n is 0.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const uint8_t	*p;
	size_t		 n;
};

#define VIEW_NONE	((struct view){ NULL, 0 })

/* A view of a string literal or array of chars, without the final NUL. */
#define VIEW_LIT(s)	((struct view){ (const uint8_t *)(s), sizeof(s) - 1 })

static inline struct view
view_of(const void *p, size_t n)
{
	return (struct view){ p, n };
}

static inline struct view
view_str(const char *s)
{
	return (struct view){ (const uint8_t *)s, s == NULL ? 0 : strlen(s) };
}

/* Equal octets.  Not constant time: for secrets use secret_equal(). */
static inline bool
view_equal(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Shorter prefix first, then octet by octet: the order of DER SET OF. */
static inline int
view_compare(struct view a, struct view b)
{
	size_t	n = a.n < b.n ? a.n : b.n;
	int	r = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return r != 0 ? r : (a.n > b.n) - (a.n < b.n);
}

#endif
