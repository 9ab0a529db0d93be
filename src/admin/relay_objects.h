/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_objects.h - CRLs and certificates for those who cannot reach the PKI.
 *
 * Only the PKI's public objects (/crl/, /ca/, /certs/) are fetched and lent
 * on.  They are signed: what a relay hands out need not be believed.  Kept for
 * moments, so that a fleet that asks at once is one question to the PKI; a CRL
 * never past its nextUpdate, and nothing when the PKI cannot be asked: a
 * revocation would stay unseen (RFC 9111, 4.2.4).
 */
#ifndef ADMIN_RELAY_OBJECTS_H
#define ADMIN_RELAY_OBJECTS_H

#include "net/courier.h"
#include "net/server.h"

#define RELAY_CRL_SECONDS	10	/* a revocation is seen so much later */
#define RELAY_CA_SECONDS	3600
#define RELAY_CERT_SECONDS	86400	/* its name is what it is */
#define RELAY_OBJECT_MAX	(8u << 20)	/* D-52 */
#define RELAY_OBJECTS_MAX	256
#define RELAY_OBJECTS_OCTETS	(64u << 20)	/* all of them */
#define RELAY_READERS_MAX	8192	/* waiting for an answer of the PKI */

struct relay_objects;

/* base: "http://pki.example:8080".  All are borrowed. */
struct relay_objects *relay_objects_new(struct net_loop *l, struct http_server *s,
	    struct courier *c, const char *base, struct fault *f);
void	relay_objects_free(struct relay_objects *o);	/* accepts NULL; the server is gone */

/* Answer req, now or when the PKI has. */
void	relay_objects_serve(struct relay_objects *o, struct http_request *req);

#endif
