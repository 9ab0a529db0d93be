/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "crypt/ossl.h"
#include "crypt/tls.h"

#define TLS12_CIPHERS	"ECDHE+AESGCM:ECDHE+CHACHA20"
#define TLS_CHAIN_MAX	8
#define TLS_CLIENT_CAS_MAX	64
#define TLS_PEM_MAX	(1 << 20)

static const uint8_t	session_context[] = "pki4ipsec";

static BIO *
open_pem(struct view pem)
{
	return pem.n == 0 || pem.n > TLS_PEM_MAX ? NULL : BIO_new_mem_buf(pem.p, (int)pem.n);
}

/* The next certificate of a PEM text, NULL at its end. */
static X509 *
next_cert(BIO *b)
{
	return b == NULL ? NULL : PEM_read_bio_X509(b, NULL, NULL, NULL);
}

static bool
use_chain(SSL_CTX *ctx, struct view pem, struct fault *f)
{
	BIO	*b = open_pem(pem);
	X509	*x = next_cert(b);
	bool	 ok = x != NULL && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	for (int i = 0; ok && i < TLS_CHAIN_MAX && (x = next_cert(b)) != NULL; i++)
		if (SSL_CTX_add0_chain_cert(ctx, x) != 1) {
			X509_free(x);
			ok = false;
		}
	BIO_free(b);
	if (!ok)
		return ossl_fault(f, FAULT_USAGE, "", "cannot use the TLS certificate chain");
	ERR_clear_error();	/* the end of the PEM text */
	return true;
}

static bool
use_key(SSL_CTX *ctx, struct view pem, struct fault *f)
{
	struct key	*k = key_load_pem(pem, f);
	bool		 ok;

	if (k == NULL)
		return fault_within(f, "TLS key");
	ok = SSL_CTX_use_PrivateKey(ctx, k->pkey) == 1 && SSL_CTX_check_private_key(ctx) == 1;
	key_free(k);
	return ok || ossl_fault(f, FAULT_USAGE, "",
	    "the TLS key does not belong to the TLS certificate");
}

static bool
use_client_cas(SSL_CTX *ctx, const struct tls_server *cfg, struct fault *f)
{
	X509_STORE	*store = SSL_CTX_get_cert_store(ctx);
	BIO		*b;
	X509		*x;
	int		 n = 0;
	bool		 ok = true;

	if (cfg->client_ca_pem.n == 0)
		return !cfg->client_required || fault_set(f, FAULT_USAGE, "",
		    "client certificates are required, but there is no anchor for them");
	b = open_pem(cfg->client_ca_pem);
	while (ok && n < TLS_CLIENT_CAS_MAX && (x = next_cert(b)) != NULL) {
		ok = X509_STORE_add_cert(store, x) == 1 && SSL_CTX_add_client_CA(ctx, x) == 1;
		X509_free(x);
		n++;
	}
	BIO_free(b);
	if (!ok || n == 0)
		return ossl_fault(f, FAULT_USAGE, "", "cannot use the anchors for TLS clients");
	ERR_clear_error();
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
	    (cfg->client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	return true;
}

static bool
set_protocol(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_max_early_data(ctx, 0);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, TLS12_CIPHERS) == 1 &&
	    SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
	    SSL_CTX_set_session_id_context(ctx, session_context,
	    sizeof(session_context) - 1) == 1;
}

struct ssl_ctx_st *
tls_server_new(const struct tls_server *cfg, struct fault *f)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL || !set_protocol(ctx)) {
		ossl_fault(f, FAULT_INTERNAL, "", "could not prepare TLS");
		goto fail;
	}
	if (use_chain(ctx, cfg->chain_pem, f) && use_key(ctx, cfg->key_pem, f) &&
	    use_client_cas(ctx, cfg, f))
		return ctx;
fail:
	SSL_CTX_free(ctx);
	return NULL;
}

void
tls_server_free(struct ssl_ctx_st *ctx)
{
	SSL_CTX_free(ctx);
}

struct ssl_st *
tls_accept(struct ssl_ctx_st *ctx, struct fault *f)
{
	SSL	*ssl = SSL_new(ctx);

	if (ssl == NULL) {
		ossl_fault(f, FAULT_INTERNAL, "", "could not begin TLS");
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}

void
tls_close(struct ssl_st *ssl)
{
	(void)SSL_shutdown(ssl);
	ERR_clear_error();
}

bool
tls_client_certificate(const struct ssl_st *ssl, struct buf *out, bool *present,
    struct fault *f)
{
	X509	*x = SSL_get0_peer_certificate(ssl);
	uint8_t	*der = NULL;
	int	 n;

	*present = x != NULL && SSL_get_verify_result(ssl) == X509_V_OK;
	if (!*present)
		return true;
	if ((n = i2d_X509(x, &der)) <= 0)
		return ossl_fault(f, FAULT_INTERNAL, "", "cannot read the client certificate");
	buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return buf_check(out, "client certificate", f);
}

void
tls_last_error(char *out, size_t n)
{
	const char	*why = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(out, n, "%s", why == NULL ? "connection lost" : why);
	ERR_clear_error();
}
