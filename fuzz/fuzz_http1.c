/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads and chunked bodies.  Where the octets are cut on their way must not
 * change what they mean.
 */
#include <stdlib.h>
#include <string.h>

#include "net/http1.h"

#define HEAD_MAX	2048
#define INPUT_MAX	8192

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool
inside(struct view v, const uint8_t *p, size_t n)
{
	return v.n == 0 || (v.p >= p && v.p + v.n <= p + n);
}

static void
check(const struct http1_head *h, const uint8_t *p, size_t n)
{
	if (h->octets == 0 || h->octets > n || h->octets > HEAD_MAX ||
	    !inside(h->path, p, n) || !inside(h->query, p, n) ||
	    (h->chunked && h->has_length))
		abort();
	for (size_t i = 0; i < h->field_count; i++)
		if (!inside(h->fields[i].name, p, n) ||
		    !inside(h->fields[i].value, p, n) || h->fields[i].name.n == 0)
			abort();
}

static void
head(int (*read)(struct view, size_t, size_t *, struct http1_head *),
    const uint8_t *p, size_t n)
{
	struct http1_head	h;
	size_t			scanned = 0, bits = 0;
	int			whole, part = HTTP1_MORE;

	if ((whole = read(view_of(p, n), HEAD_MAX, &scanned, &h)) == HTTP1_DONE)
		check(&h, p, n);
	for (size_t i = 1; i <= n && part == HTTP1_MORE; i++)
		part = read(view_of(p, i), HEAD_MAX, &bits, &h);
	if (n > 0 && whole != part && n <= HEAD_MAX)
		abort();
}

static void
chunks(const uint8_t *p, size_t n)
{
	static uint8_t		all[INPUT_MAX], bits[INPUT_MAX];
	struct http1_chunks	c = { 0 };
	size_t			used, made, at = 0, out = 0, one;
	int			whole, part = HTTP1_MORE;

	memcpy(all, p, n);
	memcpy(bits, p, n);
	whole = http1_chunks(&c, all, n, &used, &made);
	memset(&c, 0, sizeof(c));
	while (at < n && part == HTTP1_MORE) {
		part = http1_chunks(&c, bits + at, 1, &one, &used);
		bits[out] = bits[at];
		out += used;
		at += one;
	}
	if (whole != part || (whole == HTTP1_DONE &&
	    (out != made || memcmp(all, bits, out) != 0)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0 || n > INPUT_MAX)
		return 0;
	head(http1_request, p, n);
	head(http1_response, p, n);
	chunks(p, n);
	return 0;
}
