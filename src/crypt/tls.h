/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h - the server's side of TLS.
 *
 * TLS 1.2 with ECDHE and AEAD, and TLS 1.3; no early data, no compression, no
 * renegotiation; session tickets on, so that a fleet's reconnects are cheap.
 * Driving the handshake is the network room's work.
 */
#ifndef CRYPT_TLS_H
#define CRYPT_TLS_H

#include "base/buf.h"

struct ssl_ctx_st;		/* SSL_CTX and SSL, for bufferevent_openssl */
struct ssl_st;

struct tls_server {
	struct view	 chain_pem;	/* own certificate first, then its issuers */
	struct view	 key_pem;
	struct view	 client_ca_pem;	/* anchors for client certificates; may be empty */
	bool		 client_required;	/* else a client certificate is welcome, not needed */
};

/* NULL on failure; names which of the three is at fault. */
struct ssl_ctx_st *tls_server_new(const struct tls_server *cfg, struct fault *f);
void	tls_server_free(struct ssl_ctx_st *ctx);	/* accepts NULL */

/* One accepted connection's SSL, server state; the bufferevent owns it then. */
struct ssl_st *tls_accept(struct ssl_ctx_st *ctx, struct fault *f);
/* Say that nothing more will be sent; what the client sends can still be read. */
void	tls_close(struct ssl_st *ssl);
/*
 * The verified client certificate, DER, appended to out; *present = false
 * when the client sent none.
 */
MUST_CHECK bool tls_client_certificate(const struct ssl_st *ssl, struct buf *out,
    bool *present, struct fault *f);

/* The last TLS error of this thread in words, for a log line; empties the queue. */
void	tls_last_error(char *out, size_t n);

#endif
