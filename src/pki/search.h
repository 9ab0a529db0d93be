/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.h - certificates and CRLs by what stands in them, over HTTP
 * (RFC 4387, 2): issuer and serial number, subject, key identifier, CN,
 * subjectAltName.
 *
 * Only what is published can be found: confirmed certificates, those of the
 * CAs, their CRLs.  By configuration only by values that one has to have seen
 * the certificate to know, and not by names that can be guessed.  An index in
 * memory, filled bit by bit when it is first asked.
 */
#ifndef PKI_SEARCH_H
#define PKI_SEARCH_H

#include "base/whereabouts.h"
#include "pki/config.h"

enum search_attribute {		/* between front and engine */
	SEARCH_NONE = 0,
	SEARCH_CERT_HASH,	/* certHash; each hash is text, 27 characters of base64 */
	SEARCH_ISSUER_HASH,	/* iHash */
	SEARCH_SERIAL_HASH,	/* iAndSHash */
	SEARCH_SUBJECT_HASH,	/* sHash */
	SEARCH_KEY_HASH,	/* sKIDHash */
	SEARCH_NAME,		/* name: a CN */
	SEARCH_URI,		/* uri, email: dNSName, rfc822Name, iPAddress as text, URI */
};
#define SEARCH_VALUE_MAX	256	/* octets */
#define SEARCH_FOUND_MAX	50u	/* certificates in one answer; more is 413 */

struct search_query {
	enum search_attribute	 attribute;
	char			 value[SEARCH_VALUE_MAX + 1];
	size_t			 n;
};

/*
 * What stands behind "?".  0: out is complete; else the HTTP status, and why
 * (static text) for the client.
 */
int	search_read(struct view query, struct search_query *out, const char **why);
/* May it be asked, of certificates or of CRLs?  0, or 403 and why. */
int	search_permitted(const struct pki_config *c, const struct search_query *q, bool crls,
	    const char **why);

#endif
