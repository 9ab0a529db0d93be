/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/text.h"
#include "message/signed.h"

#include "known_key.h"

#define ARENA_MAX	(4u << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint8_t		 cert_der[1024];
static struct cert	 cert;
static struct pubkey	*pub;

static void
prepare(void)
{
	size_t	n;

	if (pub != NULL)
		return;
	if (!hex_decode(known_cert_hex, cert_der, sizeof(cert_der), &n) ||
	    !cert_decode(view_of(cert_der, n), &cert, NULL) ||
	    (pub = pubkey_from_spki(cert.spki, NULL)) == NULL)
		abort();
}

/* Each question is answered yes, or no with a reason. */
static void
ask(bool ok, struct fault *f)
{
	if (!ok && f->kind == FAULT_NONE)
		abort();
	fault_clear(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct cms_signed	 m;
	struct cert		 found;
	struct fault		 f = { 0 };
	int64_t			 when;
	bool			 present;

	prepare();
	if (a == NULL || !message_open(view_of(p, n), a, &m, &f)) {
		ask(a == NULL, &f);
		arena_free(a);
		return 0;
	}
	ask(message_verify_ski(&m, cert.ski, pub, &f), &f);
	ask(message_verify_cert(&m, &cert, pub, SIGNING_CERTIFICATE_IF_PRESENT, &f), &f);
	ask(message_find_signer(&m, &found, &f), &f);
	ask(message_signing_time(&m, &when, &present, &f), &f);
	arena_free(a);
	return 0;
}
