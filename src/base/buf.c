/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define BUF_FIRST_OCTETS	256u

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

/* Make room for n more octets; doubling, never above the ceiling. */
static bool
buf_reserve(struct buf *b, size_t n)
{
	size_t	 cap = b->cap;
	uint8_t	*p;

	if (b->failed || n > b->max - b->n) {
		b->failed = true;
		return false;
	}
	if (n <= b->cap - b->n)
		return true;
	if (cap < BUF_FIRST_OCTETS)
		cap = BUF_FIRST_OCTETS;
	while (cap < b->n + n)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	/* One more than counted: buf_addf's final NUL. */
	if (cap == SIZE_MAX || (p = realloc(b->p, cap + 1)) == NULL) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void
buf_init_secret(struct buf *b, size_t n)
{
	buf_init(b, n);
	(void)buf_reserve(b, n);
}

void
buf_clear_secret(struct buf *b)
{
	if (b->p != NULL)
		secret_wipe(b->p, b->cap);
	buf_clear(b);
}

uint8_t *
buf_extend(struct buf *b, size_t n)
{
	static uint8_t	 nothing[1];
	uint8_t		*p;

	if (!buf_reserve(b, n))
		return NULL;
	p = b->p == NULL ? nothing : b->p + b->n;
	b->n += n;
	return p;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	uint8_t	*to = buf_extend(b, n);

	if (to != NULL && n > 0)
		memcpy(to, p, n);
}

void
buf_add_view(struct buf *b, struct view v)
{
	buf_add(b, v.p, v.n);
}

void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_add_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

/* The low n octets of v, most significant first. */
static void
add_be(struct buf *b, uint64_t v, size_t n)
{
	uint8_t	*p = buf_extend(b, n);

	for (size_t i = 0; p != NULL && i < n; i++)
		p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void
buf_add_be16(struct buf *b, uint16_t v)
{
	add_be(b, v, 2);
}

void
buf_add_be32(struct buf *b, uint32_t v)
{
	add_be(b, v, 4);
}

void
buf_add_be64(struct buf *b, uint64_t v)
{
	add_be(b, v, 8);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n == 0 || !buf_reserve(b, n < 0 ? SIZE_MAX : (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

bool
buf_check(const struct buf *b, const char *what, struct fault *f)
{
	if (!b->failed)
		return true;
	return fault_set(f, FAULT_LIMIT, NULL,
	    "%s is larger than %zu octets, or memory ran out", what, b->max);
}

bool
secret_init(struct secret *s, size_t n, struct fault *f)
{
	*s = (struct secret){ NULL, 0 };
	if ((s->p = calloc(1, n == 0 ? 1 : n)) == NULL)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "no memory for a secret of %zu octets", n);
	s->n = n;
	return true;
}

bool
secret_copy(struct secret *s, struct view v, struct fault *f)
{
	if (!secret_init(s, v.n, f))
		return false;
	if (v.n > 0)
		memcpy(s->p, v.p, v.n);
	return true;
}

void
secret_clear(struct secret *s)
{
	if (s->p != NULL)
		secret_wipe(s->p, s->n);
	free(s->p);
	*s = (struct secret){ NULL, 0 };
}

void
secret_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

bool
secret_equal(struct view a, struct view b)
{
	volatile uint8_t	diff = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		diff |= a.p[i] ^ b.p[i];
	return diff == 0;
}
