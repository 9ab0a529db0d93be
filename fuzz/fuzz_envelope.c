/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/text.h"
#include "codec/cert.h"
#include "message/envelope.h"

#include "known_key.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint8_t		 cert_der[1024];
static struct cert	 cert;
static struct key	*key;

static void
prepare(void)
{
	size_t	n;

	if (key != NULL)
		return;
	if (!hex_decode(known_cert_hex, cert_der, sizeof(cert_der), &n) ||
	    !cert_decode(view_of(cert_der, n), &cert, NULL) ||
	    (key = key_load_pem(view_str(known_key_pem), NULL)) == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct secret	plain = { NULL, 0 };
	struct fault	f = { 0 };

	prepare();
	if (!envelope_open(view_of(p, n), key, &cert, &plain, &f) && f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	secret_clear(&plain);
	return 0;
}
