/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "codec/cms.h"
#include "codec/cms_env.h"

#define ARENA_OCTETS	(1 << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
signed_data(struct view in, struct arena *a)
{
	struct cms_signed	s;
	struct fault		f = { 0 };
	struct view		values;
	bool			found;
	size_t			i;

	if (!cms_signed_decode(in, a, &s, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return;
	}
	for (i = 0; i < s.signer_count; i++) {
		if (s.signers[i].has_signed_attrs &&
		    (s.signers[i].signed_attrs.p[0] != DER_SET ||
		    !view_equal(s.signers[i].content_type, s.content_type)))
			abort();
		fault_clear(&f);
		if (!cms_unsigned_attr(&s.signers[i], OID_CMC_UNSIGNED_DATA,
		    &found, &values, &f) && f.kind == FAULT_NONE)
			abort();
	}
}

static void
enveloped(struct view in, struct arena *a)
{
	struct cms_enveloped	e;
	struct pbkdf2_params	kdf;
	struct gcm_params	gcm;
	struct fault		f = { 0 };
	size_t			i;

	if (!cms_enveloped_decode(in, a, &e, &f)) {
		if (f.kind == FAULT_NONE)
			abort();
		return;
	}
	(void)!gcm_params_decode(e.content_alg.params, &gcm, &f);
	for (i = 0; i < e.recipient_count; i++)
		(void)!pbkdf2_params_decode(e.recipients[i].derivation.params,
		    &kdf, &f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena			*a = arena_new(ARENA_OCTETS);
	struct cms_authenticated	 m;
	struct fault			 f = { 0 };
	struct view			 in = { p, n };

	if (a == NULL)
		return 0;
	signed_data(in, a);
	enveloped(in, a);
	if (!cms_authenticated_decode(in, a, &m, &f) && f.kind == FAULT_NONE)
		abort();
	arena_free(a);
	return 0;
}
