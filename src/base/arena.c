/* SPDX-License-Identifier: Apache-2.0 */
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

#define BLOCK_OCTETS	4096u	/* most transactions fit in a few of these */
#define ALIGNMENT	alignof(max_align_t)

struct block {
	struct block		*next;
	size_t			 cap, used;
	alignas(max_align_t) uint8_t data[];
};

struct arena {
	struct block	*blocks;	/* newest first */
	size_t		 max, used;	/* octets handed out, rounded up */
};

struct arena *
arena_new(size_t max)
{
	struct arena	*a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->max = max;
	return a;
}

static void
blocks_free(struct block *b)
{
	struct block	*next;

	for (; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	blocks_free(a->blocks);
	free(a);
}

void
arena_reset(struct arena *a)
{
	if (a->blocks != NULL) {
		blocks_free(a->blocks->next);
		a->blocks->next = NULL;
		a->blocks->used = 0;
	}
	a->used = 0;
}

/* A block with room for n, in front of the list. */
static bool
block_add(struct arena *a, size_t n)
{
	size_t		 cap = n > BLOCK_OCTETS ? n : BLOCK_OCTETS;
	struct block	*b;

	if (cap > SIZE_MAX - sizeof(*b) ||
	    (b = malloc(sizeof(*b) + cap)) == NULL)
		return false;
	b->next = a->blocks;
	b->cap = cap;
	b->used = 0;
	a->blocks = b;
	return true;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	uint8_t	*p;
	size_t	 need;

	if (a == NULL || n > SIZE_MAX - ALIGNMENT)
		return NULL;
	need = n == 0 ? ALIGNMENT :
	    (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (need > a->max - a->used)
		return NULL;
	if ((a->blocks == NULL || need > a->blocks->cap - a->blocks->used) &&
	    !block_add(a, need))
		return NULL;
	p = a->blocks->data + a->blocks->used;
	a->blocks->used += need;
	a->used += need;
	memset(p, 0, need);
	return p;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t	n;

	if (__builtin_mul_overflow(count, size, &n))
		return NULL;
	return arena_alloc(a, n);
}

struct view
arena_copy(struct arena *a, struct view v)
{
	uint8_t	*p = arena_alloc(a, v.n);

	if (p == NULL)
		return VIEW_NONE;
	if (v.n > 0)
		memcpy(p, v.p, v.n);
	return view_of(p, v.n);
}

char *
arena_str(struct arena *a, struct view v)
{
	char	*s = v.n == SIZE_MAX ? NULL : arena_alloc(a, v.n + 1);

	if (s != NULL && v.n > 0)
		memcpy(s, v.p, v.n);
	return s;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list	 ap;
	char	*s;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (s = arena_alloc(a, (size_t)n + 1)) == NULL)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

bool
arena_fault(struct fault *f)
{
	return fault_set(f, FAULT_LIMIT, NULL,
	    "the message needs more memory than one transaction may use");
}
