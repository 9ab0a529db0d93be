/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "codec/crmf.h"

#define ARENA_OCTETS	(1 << 18)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A template that was read and written reads the same again. */
static void
write_template(const struct cert_template *t)
{
	struct cert_template	again;
	struct buf		b, c;
	struct der		d;
	struct view		content;

	buf_init(&b, ARENA_OCTETS);
	buf_init(&c, ARENA_OCTETS);
	cert_template_put(&b, DER_SEQUENCE, t);
	der_init(&d, buf_view(&b));
	if (!buf_ok(&b) || !der_get(&d, DER_SEQUENCE, &content, NULL) ||
	    !cert_template_decode(content, &again, NULL))
		abort();
	cert_template_put(&c, DER_SEQUENCE, &again);
	if (!view_equal(buf_view(&b), buf_view(&c)))
		abort();
	buf_clear(&b);
	buf_clear(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena	*a = arena_new(ARENA_OCTETS);
	struct crmf	 m;
	struct fault	 f = { 0 };

	if (a == NULL)
		return 0;
	if (crmf_decode(view_of(p, n), a, &m, &f))
		write_template(&m.template);
	else if (f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	arena_free(a);
	return 0;
}
