/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idp.h - which certificates a CRL is about: issuingDistributionPoint (RFC
 * 5280, 5.2.5), and the names of a certificate's distribution points.
 *
 * Nothing is owned: all views point into the octets decoded.
 */
#ifndef CODEC_IDP_H
#define CODEC_IDP_H

#include "codec/cert.h"

struct idp {
	bool		 has_point;
	bool		 relative;	/* nameRelativeToCRLIssuer: not read further */
	struct view	 full;		/* content of fullName: GeneralName TLVs */
	bool		 only_user, only_ca, only_attribute;
	bool		 some_reasons, indirect;
};

/* value: of the extension. */
MUST_CHECK bool idp_decode(struct view value, struct idp *out, struct fault *f);

/*
 * Does a CRL of this scope cover c?  By kind of certificate, and one name of
 * the scope equal to one of c's distribution points.  The reason, in static
 * text, if not; NULL if it does.  A CRL for some reasons or of other issuers
 * covers nothing here.
 */
const char *idp_excludes(const struct idp *p, const struct cert *c);

#endif
