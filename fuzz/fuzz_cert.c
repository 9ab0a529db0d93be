/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "codec/cert.h"
#include "codec/name.h"
#include "codec/spki.h"

#define TEXT_OCTETS	200

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Whatever a certificate says can be shown and compared. */
static void
show(const struct cert *c)
{
	struct buf	key;
	struct fault	f = { 0 };
	char		text[TEXT_OCTETS];
	size_t		i;

	name_text(c->subject, text, sizeof(text));
	key_usage_text(c->key_usage, text, sizeof(text));
	eku_text(c->eku, text, sizeof(text));
	for (i = 0; i < c->san.n; i++)
		general_name_text(&c->san.list[i], text, sizeof(text));
	buf_init(&key, 1 << 20);
	if (!name_key(c->subject, &key, &f))
		abort();	/* a name that was decoded can be compared */
	buf_clear(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cert	c, names;
	struct spki	key;
	struct fault	f = { 0 };
	struct view	in = { p, n };

	if (cert_decode(in, &c, &f)) {
		if (!cert_decode_names(in, &names, &f) ||
		    !view_equal(names.spki, c.spki))
			abort();
		show(&c);
		fault_clear(&f);
		if (!spki_decode(c.spki, &key, &f) && f.kind == FAULT_NONE)
			abort();
	} else if (f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	return 0;
}
