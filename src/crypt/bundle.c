/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/pkcs12.h>

#include "crypt/bundle.h"
#include "crypt/ossl.h"

#define ITERATIONS	100000

static X509 *
read_cert(struct view der)
{
	const unsigned char	*p = der.p;

	return d2i_X509(NULL, &p, (long)der.n);
}

static STACK_OF(X509) *
read_cas(const struct bundle *b)
{
	STACK_OF(X509)	*list = sk_X509_new_null();

	for (size_t i = 0; list != NULL && i < b->n_cas; i++) {
		X509	*c = read_cert(b->cas[i]);

		if (c == NULL || sk_X509_push(list, c) <= 0) {
			X509_free(c);
			sk_X509_pop_free(list, X509_free);
			return NULL;
		}
	}
	return list;
}

static bool
put(PKCS12 *p12, struct buf *out)
{
	uint8_t	*der = NULL;
	int	 n = i2d_PKCS12(p12, &der);

	if (n <= 0)
		return false;
	buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return true;
}

bool
bundle_pkcs12(const struct bundle *b, const char *passphrase, struct buf *out,
    struct fault *f)
{
	X509		*cert = read_cert(b->cert);
	STACK_OF(X509)	*cas = read_cas(b);
	PKCS12		*p12 = NULL;
	bool		 ok;

	if (cert != NULL && cas != NULL)
		p12 = PKCS12_create(passphrase, b->name, b->key->pkey, cert, cas,
		    NID_aes_256_cbc, NID_aes_256_cbc, ITERATIONS, -1, 0);
	ok = p12 != NULL &&
	    PKCS12_set_mac(p12, passphrase, -1, NULL, 0, ITERATIONS, EVP_sha256()) == 1 &&
	    put(p12, out);
	PKCS12_free(p12);
	sk_X509_pop_free(cas, X509_free);
	X509_free(cert);
	return ok ? buf_check(out, "PKCS #12", f) :
	    ossl_fault(f, FAULT_INTERNAL, "RFC 7292", "could not write a PKCS #12 file");
}
