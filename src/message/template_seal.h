/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_seal.h - a template as a signed file (RFC 4809, 3.2.4.1; 7.3 of the
 * profile): what both sides import, so that neither can mean another one.
 *
 *	# the readable part: the template's file, for people
 *	-----BEGIN CMS-----	the signed part: SignedData over a PKIResponse
 *	...			with one templateInfo, one Template in it
 *	-----END CMS-----
 *
 * The signed part is what the PKI would answer to a templateQuery, but answers
 * nothing: it has no recipientNonce.  What counts is the signed part; holding
 * the readable one against it is the caller's work.
 */
#ifndef MESSAGE_TEMPLATE_SEAL_H
#define MESSAGE_TEMPLATE_SEAL_H

#include "codec/cvp.h"
#include "message/exchange.h"

#define TEMPLATE_SEAL_MAX	(128u << 10)	/* a file */

/* The PKIResponse around one DER Template. */
void	template_seal_content(struct view der, struct buf *out);
/* The file around what was signed. */
void	template_seal_file(struct view readable, struct view message, struct buf *out);

struct template_seal {
	struct view		 readable;	/* empty: none */
	struct cvp_template	 t;
	uint8_t			 digest[SHA256_OCTETS];	/* TemplateRef.digest */
	struct cms_signed	 message;	/* who signed, for a caller that verifies it */
};

/* Is there a signed part? */
bool	template_seal_is(struct view file);
/*
 * Signed by a CMC responder under the anchor, which is valid now.  trust
 * NULL: the signature is not looked at, as it was verified when the file came
 * in, or because an Admin made it, whom the anchor alone does not make an
 * author.  A file without a readable part may be DER.  Views point into file
 * and arena.
 */
MUST_CHECK bool template_seal_open(struct view file, const struct exchange_trust *trust,
    struct arena *a, struct template_seal *out, struct fault *f);

#endif
