/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, escapes and query parameters. */
#include <stdlib.h>

#include "net/url.h"

#define TEXT_MAX	4096

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
walk(struct view query)
{
	struct buf	name, value;
	struct fault	f = { 0 };
	bool		more = true;

	buf_init(&name, TEXT_MAX);
	buf_init(&value, TEXT_MAX);
	while (more && url_query_next(&query, &name, &value, &more, &f))
		;
	if (more && f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	buf_clear(&name);
	buf_clear(&value);
}

/* What was escaped comes back. */
static void
round_trip(struct view v)
{
	struct buf	text, back;
	struct fault	f = { 0 };

	buf_init(&text, 3 * v.n);
	buf_init(&back, v.n);
	url_encode(v, &text);
	if (!buf_ok(&text))
		abort();
	if (url_decode(buf_view(&text), &back, &f) && !view_equal(buf_view(&back), v))
		abort();
	buf_clear(&text);
	buf_clear(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct url	u;
	struct fault	f = { 0 };

	if (n > TEXT_MAX)
		return 0;
	if (url_parse(view_of(p, n), &u, &f)) {
		if (u.host[0] == '\0' || u.port == 0 || u.port > 65535 ||
		    u.path[0] != '/')
			abort();
	} else if (f.kind == FAULT_NONE) {
		abort();
	}
	walk(view_of(p, n));
	round_trip(view_of(p, n));
	return 0;
}
