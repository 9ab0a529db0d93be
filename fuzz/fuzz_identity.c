/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of operators and names of requests: what is taken is canonical, what
 * is refused says why.  Also string preparation, which must be idempotent.
 */
#include <stdint.h>
#include <stdlib.h>

#include "codec/extension.h"
#include "profile/identity.h"
#include "profile/prepare.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
tagged(struct view in)
{
	char		text[IDENTITY_TICKET_MAX];
	struct identity	id, again;
	struct fault	f = { 0 };

	if (!identity_parse_tagged(in, &id, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return;
	}
	identity_format(&id, text);
	if (!identity_parse_tagged(view_str(text), &again, &f) ||
	    !identity_equal(&id, &again))
		abort();		/* not canonical */
}

static void
from_san(enum general_name_type type, struct view in)
{
	const struct general_name	san = { type, in };
	struct general_name		back;
	struct identity			id, again;
	struct fault			f = { 0 };

	if (!identity_from_san(&san, &id, &f)) {
		if (f.kind == FAULT_NONE)
			abort();
		return;
	}
	identity_to_san(&id, &back);
	if (back.type != type || !identity_from_san(&back, &again, &f) ||
	    !identity_equal(&id, &again))
		abort();
}

static void
prepared(struct view in, bool (*prepare)(struct view, struct buf *, struct fault *))
{
	struct fault	f = { 0 };
	struct buf	once, twice;

	buf_init(&once, 4096);
	buf_init(&twice, 4096);
	if (!prepare(in, &once, &f)) {
		if (f.kind == FAULT_NONE)
			abort();
	} else if (!prepare(buf_view(&once), &twice, &f) ||
	    !view_equal(buf_view(&once), buf_view(&twice))) {
		abort();		/* prepared text must prepare to itself */
	}
	buf_clear(&once);
	buf_clear(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view	in = view_of(p, n);

	tagged(in);
	from_san(GENERAL_NAME_DNS, in);
	from_san(GENERAL_NAME_EMAIL, in);
	from_san(GENERAL_NAME_IP, in);
	prepared(in, prepare_id);
	prepared(in, prepare_token);
	prepared(in, prepare_label);
	return 0;
}
